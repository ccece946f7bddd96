//! A TCP echo server.
//!
//! ```text
//! cargo run --example echo -- 127.0.0.1:7000     until ctrl-c
//! cargo run --example echo                       tries itself with one client
//! ```
//!
//! It prints the address it is bound to.

use heist::{
    net::{TcpListener, TcpStream},
    select, signal,
};
use std::io;

#[heist::main]
async fn main() -> io::Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return try_itself().await;
    };
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);
    select! {
        failed = serve(&listener) => failed,
        pressed = signal::ctrl_c() => pressed,
    }
}

/// Accepts until the listener fails. Each connection is a task of its own.
async fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        heist::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            some => stream.write_all(&buffer[..some]).await?,
        }
    }
}

async fn try_itself() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("{address}");
    let client = async {
        let stream = TcpStream::connect(address).await?;
        stream.write_all(b"hello").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        println!("{}", String::from_utf8_lossy(&answer));
        Ok(())
    };
    select! {
        failed = serve(&listener) => failed,
        answered = client => answered,
    }
}
