//! The user's code: where does it panic?

use crate::{
    Hook,
    foreign::{self, Foreign},
    guard::{Alive, Guard},
};
use std::{
    panic::resume_unwind,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task::{Poll, Wake, Waker},
};

/// The one panic of a cell.
#[derive(Clone)]
pub struct Plan {
    pub hook: Hook,
    /// Which panic has the payload of [`Hook::Payload`].
    pub carrier: Hook,
    /// It has not happened, and may.
    pub armed: Arc<AtomicBool>,
    /// The test and the hook of a thread's start meet here, when it begins and before it panics.
    pub start: Arc<Barrier>,
    pub alive: Alive,
}

/// What the planned panic carries: without a size, so it leaks nothing when it is forgotten.
pub struct Planned;

impl Plan {
    /// Here `hook` is called.
    pub fn at(&self, hook: Hook) {
        if self.hook == hook && self.armed.swap(false, SeqCst) {
            if hook == Hook::Start {
                self.start.wait();
                self.start.wait();
            }
            resume_unwind(Box::new(Planned));
        }
        if self.hook == Hook::Payload && self.carrier == hook {
            resume_unwind(Box::new(self.value(Hook::Payload)));
        }
    }

    pub fn value(&self, hook: Hook) -> Value {
        let (plan, _guard) = (self.clone(), self.alive.guard());
        Value { plan, hook, _guard }
    }

    /// A waker that calls no hook.
    pub fn quiet_waker(&self) -> Waker {
        Waker::from(Arc::new(Quiet(self.alive.guard())))
    }

    pub fn waker(&self) -> Waker {
        foreign::waker(self.value(Hook::Drop))
    }
}

/// Something of the user's: its drop is a hook.
pub struct Value {
    plan: Plan,
    pub hook: Hook,
    _guard: Guard,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.plan.at(self.hook);
    }
}

impl Foreign for Value {
    fn cloned(&self) {
        self.plan.at(Hook::Clone);
    }

    fn woken(&self) {
        self.plan.at(Hook::Wake);
    }
}

struct Quiet(#[allow(dead_code, reason = "counted")] Guard);

impl Wake for Quiet {
    fn wake(self: Arc<Self>) {}
}

heist::task_local! {
    pub static LOCAL: Value;
    /// Goes when the task's cell is freed.
    pub static IN_CELL: Guard;
}

/// What the task does. Each poll gives the test its waker.
pub struct Script {
    pub plan: Plan,
    /// The first poll returns `Pending` at once.
    pub pauses: bool,
    /// And the next one when the test lets it go.
    pub stays: bool,
    pub begun: mpsc::Sender<Waker>,
    pub go: mpsc::Receiver<()>,
    pub _held: Value,
}

impl Script {
    pub fn poll(&mut self, waker: &Waker) -> Poll<Value> {
        // Nobody listens any more when the task is where it should be.
        let _ = self.begun.send(waker.clone());
        if std::mem::take(&mut self.pauses) {
            return Poll::Pending;
        }
        self.go.recv().unwrap();
        self.plan.at(Hook::Poll);
        if self.stays {
            return Poll::Pending;
        }
        Poll::Ready(self.plan.value(Hook::Output))
    }
}
