//! This test's executable as a program of its own.
//!
//! It is started again with one of its tests, called `program`, and a variable that says which
//! program that test shall be.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
};

const PROGRAM: &str = "HEIST_TEST_PROGRAM";

/// Which program this process shall be; `None`: it is the test.
pub fn name() -> Option<String> {
    std::env::var(PROGRAM).ok()
}

/// Says a line to the test.
pub fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// A program that has said that it is ready.
pub struct Program {
    pub child: Child,
    pub out: BufReader<ChildStdout>,
    /// `None`: nobody reads it.
    pub err: Option<ChildStderr>,
}

impl Program {
    pub fn start(name: &str) -> Self {
        let this = std::env::current_exe().expect("a test has a path");
        let mut command = Command::new(this);
        command.args(["--exact", "program", "--nocapture"]);
        Self::of(command, name)
    }

    /// The same, by a command that starts this executable.
    pub fn of(mut command: Command, name: &str) -> Self {
        let mut child = command
            .env(PROGRAM, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Self {
            out: BufReader::new(child.stdout.take().unwrap()),
            err: child.stderr.take(),
            child,
        };
        program.wait_for("ready");
        program
    }

    /// Reads until the program says `line`. What the test harness says stands between.
    pub fn wait_for(&mut self, line: &str) {
        let mut lines = self.out.by_ref().lines();
        let found = lines.any(|said| said.unwrap().ends_with(line));
        assert!(found, "the program ended and never said `{line}`");
    }

    /// Sends it, and returns when it has arrived: a second one that comes before would be the same.
    pub fn signal(&self, signal: i32) {
        let kill = Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        while self.has_pending_signals() {
            std::thread::yield_now();
        }
    }

    /// Known on Linux only (proc_pid_status(5)). What has ended keeps the signal that ended it.
    fn has_pending_signals(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let Ok(status) = status else { return false };
        let is = |field: &str, value: &str| {
            let mut values = status.lines().filter_map(|line| line.strip_prefix(field));
            values.any(|said| said.trim().starts_with(value))
        };
        !is("State:", "Z") && !is("ShdPnd:", "0000000000000000")
    }

    /// How the program ended, and what it said on stdout and stderr that nobody has read.
    pub fn end(mut self) -> (ExitStatus, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        if let Some(stderr) = &mut self.err {
            stderr.read_to_string(&mut err).unwrap();
        }
        (self.child.wait().unwrap(), out, err)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
