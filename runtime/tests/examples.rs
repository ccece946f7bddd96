//! The examples, run as a user runs them.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

/// An example's program, built by the same command as this test.
fn example(name: &str) -> Command {
    let mut path = std::env::current_exe().expect("a test has a path");
    path.pop();
    path.pop();
    Command::new(path.join("examples").join(name))
}

#[test]
fn hello_says_hello() {
    let output = example("hello").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Hello, world!\n");
}

#[test]
fn crawl_finds_every_page_once() {
    let output = example("crawl").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("page "))
            .count(),
        60
    );
    assert!(text.ends_with("60 pages\n"));
}

#[test]
fn echo_serves_until_ctrl_c() {
    let mut server = example("echo")
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut address)
        .unwrap();
    let mut clients: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(address.trim()).unwrap())
        .collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let sent = vec![number as u8; 10_000];
        client.write_all(&sent).unwrap();
        let mut received = vec![0; sent.len()];
        client.read_exact(&mut received).unwrap();
        assert_eq!(received, sent);
    }
    let pid = server.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(server.wait().unwrap().success(), "ctrl-c is a normal end");
    // The server's end closes what was open.
    assert_eq!(clients[0].read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn echo_tries_itself_without_an_address() {
    let output = example("echo").output().unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .ends_with("hello\n")
    );
}
