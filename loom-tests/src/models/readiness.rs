//! Does a task hear of every report, and of no other source's?
//!
//! A slot of the slab, a leader that reports, and the kernel as one number: what an operation
//! finds.

use crate::{
    check::{join, spawn},
    wakes::Wakes,
};
use heist_core::{job::Job, wait::Kind};
use heist_core::{
    primitive::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    waker::waker,
};
use heist_io::{
    Variant,
    blocking::Pool,
    enter,
    reactor::Reactor,
    readiness::{Cleared, Direction, Look, Place, Readiness, Ticket},
    source::{Source, Waits},
};
use std::{
    io::{ErrorKind, Stdin},
    panic::Location,
    task::{Context, Poll, Waker},
};

/// The leader's part: what was harvested is woken after it.
fn report(slot: &Readiness, generation: u32) {
    let mut wakers = Vec::new();
    slot.report(Direction::Read, generation, false, &mut wakers);
    wakers.into_iter().for_each(Waker::wake);
}

/// The task's part, up to its end or its wait. Says whether `operation` has been done.
fn poll(
    slot: &Readiness,
    ticket: &mut Option<Ticket>,
    waker: &Waker,
    operation: impl Fn() -> bool,
) -> Look {
    let mut look = slot.look(Direction::Read);
    loop {
        match look {
            Look::Try(_) if operation() => return look,
            Look::Try(seen) => {
                slot.clear(Direction::Read, seen, Cleared::WouldBlock);
                look = slot.look(Direction::Read);
            }
            Look::Wait => match slot.wait(Direction::Read, Place::Future(ticket), waker) {
                Look::Wait => return Look::Wait,
                newer => look = newer,
            },
            Look::Shut => return Look::Shut,
        }
    }
}

/// Something comes while a task finds nothing: it finds it after all, or is woken.
pub fn a_report_during_an_operation_is_not_lost() {
    let slot = Arc::new(Readiness::default());
    let (kernel, wakes) = (Arc::new(AtomicUsize::new(0)), Arc::new(Wakes::default()));
    let (reported, full) = (slot.clone(), kernel.clone());
    let leader = spawn(move || {
        full.store(1, Ordering::Relaxed);
        report(&reported, 0);
    });
    let task = waker(wakes.clone());
    let look = poll(&slot, &mut None, &task, || {
        kernel.load(Ordering::Relaxed) == 1
    });
    join([leader]);
    if look == Look::Wait {
        assert_eq!(wakes.count(), 1, "it waits and nobody wakes it");
        assert!(matches!(slot.look(Direction::Read), Look::Try(_)));
    }
}

/// A report is on its way while the source goes and another one gets the slot.
pub fn an_old_report_is_not_for_the_new_source() {
    let slot = Arc::new(Readiness::default());
    let wakes = Arc::new(Wakes::default());
    let reported = slot.clone();
    let leader = spawn(move || report(&reported, 0));
    slot.retire(&mut Vec::new());
    assert_eq!(slot.generation(), 1);
    let task = waker(wakes);
    // Woken or not, it finds nothing and waits.
    assert_eq!(poll(&slot, &mut None, &task, || false), Look::Wait);
    join([leader]);
    assert_eq!(slot.look(Direction::Read), Look::Wait);
}

/// One of two waiters goes away while a report comes: the other one is woken.
pub fn a_waiter_that_leaves_takes_no_report_along() {
    let slot = Arc::new(Readiness::default());
    let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    let (mut leaves, mut stays) = (None, None);
    for (ticket, wakes) in [(&mut leaves, &first), (&mut stays, &second)] {
        let look = poll(&slot, ticket, &waker(wakes.clone()), || false);
        assert_eq!(look, Look::Wait);
    }
    let reported = slot.clone();
    let leader = spawn(move || report(&reported, 0));
    slot.leave(Direction::Read, leaves.expect("it waits"));
    join([leader]);
    assert_eq!(second.count(), 1, "it waits and nobody wakes it");
}

/// The runtime ends while a task begins to wait.
pub fn the_end_of_the_runtime_reaches_who_waits() {
    let slot = Arc::new(Readiness::default());
    let wakes = Arc::new(Wakes::default());
    let ended = slot.clone();
    let end = spawn(move || {
        let mut wakers = Vec::new();
        ended.shut(&mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    });
    let look = poll(&slot, &mut None, &waker(wakes.clone()), || false);
    join([end]);
    assert!(
        look == Look::Shut || wakes.count() == 1,
        "it waits for ever"
    );
    assert_eq!(slot.look(Direction::Read), Look::Shut);
}

/// A task that reads and one that writes find that it would block, at the same time.
pub fn two_directions_of_a_source_register_once() {
    let (reactor, source) = source();
    let (reads, writes) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    let (shared, theirs) = (source.clone(), waker(writes.clone()));
    let writer = spawn(move || assert!(blocks(&shared, Direction::Write, &theirs)));
    assert!(blocks(&source, Direction::Read, &waker(reads.clone())));
    join([writer]);
    assert_eq!(reactor.sources(), 1);
    reactor.close();
    assert_eq!((reads.count(), writes.count()), (1, 1), "both wait there");
}

/// The runtime ends while a source registers: its task gets an error, or is woken for one.
pub fn the_end_reaches_a_source_that_registers() {
    let (reactor, source) = source();
    let wakes = Arc::new(Wakes::default());
    let closing = reactor.clone();
    let end = spawn(move || closing.close());
    let waits = blocks(&source, Direction::Read, &waker(wakes.clone()));
    join([end]);
    assert!(!waits || wakes.count() == 1, "it waits for ever");
    assert!(!blocks(&source, Direction::Read, &waker(wakes)));
}

/// A source that has not registered, and its reactor.
fn source() -> (Arc<Reactor>, Arc<Source<Stdin>>) {
    let reactor = Reactor::new(Variant::default(), Waker::noop().clone());
    let nothing = || Box::new(|| ());
    let pool = Pool::new(1, String::new(), nothing(), nothing(), Box::new(Job::run));
    let _here = enter(reactor.clone(), pool);
    let source = Source::new(std::io::stdin(), Location::caller());
    (reactor, Arc::new(source))
}

/// Tries something that would block. Whether it waits.
fn blocks(source: &Source<Stdin>, direction: Direction, waker: &Waker) -> bool {
    let waits = Waits {
        direction,
        kind: Kind::Read,
        at: Location::caller(),
    };
    let would_block = |_: &Stdin| Err::<(), _>(ErrorKind::WouldBlock.into());
    let mut cx = Context::from_waker(waker);
    let poll = source.poll_io(&mut cx, Place::Poller, waits, would_block);
    matches!(poll, Poll::Pending)
}
