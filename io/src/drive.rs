//! How does an example run without a runtime?
//!
//! On this thread, which turns a reactor of its own between two polls. Not a part of the interface.

use crate::{blocking::Pool, context::enter, reactor::Reactor, variant::Variant};
use heist_core::job::Job;
use std::{
    io,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Runs `example` to its end.
///
/// # Panics
///
/// When it ends with an error.
pub fn drive(example: impl Future<Output = io::Result<()>>) {
    let reactor = Reactor::new(Variant::default(), Waker::noop().clone());
    let nothing = || Box::new(|| ());
    let pool = Pool::new(
        1,
        String::from("example"),
        nothing(),
        nothing(),
        Box::new(Job::run),
    );
    let _entered = enter(reactor.clone(), pool);
    let mut example = pin!(example);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = example.as_mut().poll(&mut cx) {
            return done.expect("the example succeeds");
        }
        // No waker tells when to poll again: soon.
        let turned = reactor.wait(Some(Duration::from_millis(1)), &mut Vec::new());
        turned.expect("the reactor turns");
    }
}
