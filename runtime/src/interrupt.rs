//! What does a signal do to a program of `#[heist::main]`?
//!
//! The first one that no subscription hears stops the root, and what follows is an ordinary
//! shutdown. If it takes longer than the shutdown timeout, or at a second signal, the tasks are
//! named on stderr, and the signal ends the process as it would have done without us. A third one
//! does so at once.

use crate::handle::Handle;
use heist_core::{
    primitive::{Arc, Mutex, thread},
    stderr,
};
use heist_io::{
    disposition::{self, SIGINT, SIGTERM},
    termination::{Request, Requests, Termination},
};
use std::{ffi::c_int, time::Duration};

/// The program hears signals, until this is dropped.
pub struct Interrupt {
    /// `None` once it is being dropped.
    termination: Option<Termination>,
    thread: Option<thread::JoinHandle<()>>,
    first: Arc<Mutex<Option<c_int>>>,
}

impl Interrupt {
    /// Calls `stop` at the first signal since `heard` was made. `None`: nobody hears them, or the
    /// operating system has refused the thread, and they do what they do to any program.
    pub fn new(
        heard: Option<(Termination, Requests)>,
        handle: &Handle,
        grace: Duration,
        stop: impl FnOnce() + Send + 'static,
    ) -> Option<Self> {
        let (termination, requests) = heard?;
        let handle = handle.clone();
        let first = Arc::<Mutex<Option<c_int>>>::default();
        let attended = first.clone();
        let attend = move || {
            let mut request = requests.wait(None);
            if let Request::Signal(signal) = request {
                *attended.lock() = Some(signal);
                stop();
                return insist(&handle, &requests, grace, signal);
            }
            if request == Request::RootIsOver {
                // The first one ends a shutdown that a person does not want to wait for.
                request = requests.wait(None);
            }
            if let Request::Signal(signal) = request {
                end(&handle, signal);
            }
        };
        let thread = thread::start(String::from("heist-signals"), attend).ok()?;
        Some(Self {
            termination: Some(termination),
            thread: Some(thread),
            first,
        })
    }

    /// The root is over: from here on, the shutdown keeps the time.
    pub fn root_is_over(&self) {
        if let Some(termination) = &self.termination {
            termination.root_is_over();
        }
    }

    /// The signal that has stopped the root.
    pub fn first(&self) -> Option<c_int> {
        *self.first.lock()
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.termination = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been reported.
            let _ = thread.join();
        }
    }
}

/// The root was stopped by `signal`; sees to it that the program ends.
fn insist(handle: &Handle, requests: &Requests, grace: Duration, signal: c_int) {
    let mut limit = Some(grace);
    let last = loop {
        match requests.wait(limit) {
            Request::RootIsOver => limit = None,
            Request::Signal(second) => break second,
            Request::TimedOut => break signal,
            Request::Closed => return,
        }
    };
    end(handle, last);
}

/// Ends the process at once, and says who was left.
fn end(handle: &Handle, signal: c_int) {
    // First: whoever holds stderr for ever shall not keep the next signal from ending us, and after
    // a long shutdown that may be the second one.
    [SIGINT, SIGTERM].into_iter().for_each(disposition::restore);
    stderr::say(format_args!("ended by signal {signal}; {}", handle.dump()));
    disposition::die_of(signal);
}
