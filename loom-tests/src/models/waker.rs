//! Does every wake arrive?

use crate::check::{join, spawn};
use heist_core::{
    primitive::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    waker::{WakeTarget, waker},
    waker_cell::WakerCell,
};

/// A thread that waits for wakes.
#[derive(Default)]
struct Sleeper {
    wakes: Mutex<usize>,
    woken: Condvar,
}

impl WakeTarget for Sleeper {
    fn wake(this: &Arc<Self>) {
        *this.wakes.lock() += 1;
        this.woken.notify_one();
    }
}

impl Sleeper {
    fn sleep(&self) {
        let mut wakes = self.wakes.lock();
        while *wakes == 0 {
            self.woken.wait(&mut wakes);
        }
        *wakes -= 1;
    }
}

/// loom sees a reference too many as a leak, and one too few as the end of a live object.
pub fn each_wake_arrives_and_each_reference_is_dropped() {
    let sleeper = Arc::new(Sleeper::default());
    let here = waker(sleeper.clone());
    let there = here.clone();
    let thread = spawn(move || {
        there.wake_by_ref();
        let clone = there.clone();
        clone.wake();
    });
    drop(here);
    sleeper.sleep();
    sleeper.sleep();
    join([thread]);
}

/// Whoever registers and then looks has either seen the event or left a waker for it.
pub fn no_wake_is_lost_between_register_and_look() {
    let shared = Arc::new((WakerCell::new(), AtomicBool::new(false)));
    let other = shared.clone();
    let thread = spawn(move || {
        other.1.store(true, Relaxed);
        other.0.wake();
    });
    let sleeper = Arc::new(Sleeper::default());
    let waker = waker(sleeper.clone());
    loop {
        shared.0.register(&waker);
        if shared.1.load(Relaxed) {
            break;
        }
        sleeper.sleep();
    }
    join([thread]);
}

/// A future that is polled with another waker is woken by that one.
pub fn a_wake_reaches_the_newest_waker() {
    let shared = Arc::new((WakerCell::new(), AtomicBool::new(false)));
    let other = shared.clone();
    let thread = spawn(move || {
        other.1.store(true, Relaxed);
        other.0.wake();
    });
    let (old, new) = (Arc::new(Sleeper::default()), Arc::new(Sleeper::default()));
    shared.0.register(&waker(old));
    shared.0.register(&waker(new.clone()));
    if !shared.1.load(Relaxed) {
        new.sleep();
    }
    join([thread]);
}
