//! Does the door weaken what it says, and does loom see it?
//!
//! The smallest executions in which one ordering matters. Every mutant of a line here must be
//! caught: one that is not means that mutation itself is broken.

use crate::check::{join, spawn};
use heist_core::primitive::{
    Arc, OnceLock, UnsafeCell,
    atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
        fence,
    },
};

/// A number that must have been written before it is read.
#[derive(Default)]
struct Message(UnsafeCell<u32>);

// SAFETY: loom checks each access.
unsafe impl Sync for Message {}

impl Message {
    fn write(&self) {
        // SAFETY: loom checks that nobody else is here.
        self.0.with_mut(|message| unsafe { *message = 42 });
    }

    fn assert_written(&self) {
        // SAFETY: loom checks that nobody writes.
        assert_eq!(self.0.with(|message| unsafe { *message }), 42);
    }
}

/// A store publishes, a load sees.
pub fn message_passing() {
    let shared = Arc::new((Message::default(), AtomicBool::new(false)));
    let writer = shared.clone();
    let thread = spawn(move || {
        writer.0.write();
        writer.1.store(true, Release);
    });
    if shared.1.load(Acquire) {
        shared.0.assert_written();
    }
    join([thread]);
}

/// A value that is set once publishes what came before it.
pub fn a_value_that_is_set_once_is_complete() {
    let shared = Arc::new((Message::default(), OnceLock::new()));
    let writer = shared.clone();
    let thread = spawn(move || {
        writer.0.write();
        writer.1.set(()).expect("nobody else sets it");
    });
    if shared.1.get().is_some() {
        shared.0.assert_written();
    }
    join([thread]);
}

/// Fences publish and see for Relaxed operations.
pub fn message_passing_by_fences() {
    let shared = Arc::new((Message::default(), AtomicU32::new(0)));
    let writer = shared.clone();
    let thread = spawn(move || {
        writer.0.write();
        fence(Release);
        writer.1.fetch_or(1, Relaxed);
    });
    if shared.1.load(Relaxed) == 1 {
        fence(Acquire);
        shared.0.assert_written();
    }
    join([thread]);
}

/// Each announces and then looks; at least one sees the other.
pub fn store_buffering() {
    let shared = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
    let other = shared.clone();
    let saw = Arc::new(AtomicBool::new(false));
    let other_saw = saw.clone();
    let thread = spawn(move || {
        other.0.store(true, Relaxed);
        fence(SeqCst);
        other_saw.store(other.1.load(Relaxed), Relaxed);
    });
    shared.1.store(true, Relaxed);
    fence(SeqCst);
    let saw_other = shared.0.load(Relaxed);
    join([thread]);
    assert!(
        saw_other || saw.load(Relaxed),
        "both looked before both announced"
    );
}

/// Also an exchange that does not happen is a load.
pub fn a_failed_exchange_acquires() {
    let shared = Arc::new((Message::default(), AtomicUsize::new(0)));
    let writer = shared.clone();
    let thread = spawn(move || {
        writer.0.write();
        writer.1.store(1, Release);
    });
    if shared.1.compare_exchange(0, 0, Relaxed, Acquire) == Err(1) {
        shared.0.assert_written();
    }
    join([thread]);
}

/// One operation with two halves: it takes over from one thread and hands on to the next.
pub fn an_update_acquires_and_releases() {
    let shared = Arc::new((Message::default(), Message::default(), AtomicPtr::default()));
    let first = shared.clone();
    let second = shared.clone();
    let cast = |number: usize| std::ptr::without_provenance_mut::<()>(number);
    let threads = [
        spawn(move || {
            first.0.write();
            first.2.store(cast(1), Release);
        }),
        spawn(move || {
            second.1.write();
            let old = second.2.swap(cast(2), AcqRel);
            if old == cast(1) {
                second.0.assert_written();
            }
        }),
    ];
    if shared.2.load(Acquire) == cast(2) {
        shared.1.assert_written();
    }
    join(threads);
}

/// The one who frees comes after everybody else's last access, of atomics too.
pub fn the_last_reference_frees() {
    struct Counted {
        count: AtomicUsize,
        touched: AtomicU32,
    }
    struct Reference(*mut Counted);
    // SAFETY: a reference is counted.
    unsafe impl Send for Reference {}

    impl Drop for Reference {
        fn drop(&mut self) {
            // SAFETY: this reference is counted until the subtraction.
            let counted = unsafe { &*self.0 };
            counted.touched.store(1, Relaxed);
            if counted.count.fetch_sub(1, Release) == 1 {
                fence(Acquire);
                // SAFETY: that was the last one.
                drop(unsafe { Box::from_raw(self.0) });
            }
        }
    }

    let counted = Counted {
        count: AtomicUsize::new(2),
        touched: AtomicU32::new(0),
    };
    let counted = Box::into_raw(Box::new(counted));
    let (here, there) = (Reference(counted), Reference(counted));
    let thread = spawn(move || drop(there));
    drop(here);
    join([thread]);
}
