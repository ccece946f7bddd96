//! Is every child polled after it was woken, with what came before its wake in sight?
//!
//! Combinators polled by hand. Their children wait for a number that another thread raises; it
//! orders nothing, so a poll sees it only if the wake before it does.

use crate::{
    check::{join, spawn},
    wakes::Wakes,
};
use heist::combinators::{as_completed, gather};
use heist_core::{
    primitive::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    waker::waker,
};
use std::{
    pin::{Pin, pin},
    sync::{Arc as Plain, Mutex as PlainMutex},
    task::{Context, Poll, Waker},
};

/// A number, and the waker of the child that waits for it: left by its first poll, before any
/// other thread is there.
#[derive(Default)]
struct Signal {
    number: AtomicUsize,
    waker: PlainMutex<Option<Waker>>,
}

/// Ready when its signal has been raised so often; without one, at once.
struct Child(Option<Plain<Signal>>, usize);

impl Future for Child {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Child(Some(signal), enough) = &*self else {
            return Poll::Ready(());
        };
        if signal.number.load(Ordering::Relaxed) >= *enough {
            return Poll::Ready(());
        }
        let mut held = signal.waker.lock().unwrap();
        if held.is_none() {
            *held = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// A combinator over `threads` children that wait for a thread each, which raises its number
/// `often` times, and others that are ready: more than three, which would be polled together.
/// Before that each is raised `before` times. `step` polls it, and says whether it has come to its
/// end.
fn comes_to_its_end<C>(
    threads: usize,
    before: usize,
    often: usize,
    start: impl FnOnce(std::vec::IntoIter<Child>) -> C,
    step: impl Fn(Pin<&mut C>, &mut Context<'_>) -> bool,
) {
    let signals: Vec<_> = (0..threads).map(|_| Plain::<Signal>::default()).collect();
    let waiting = signals
        .iter()
        .map(|signal| Child(Some(signal.clone()), before + often));
    let others = (threads..4).map(|_| Child(None, 0));
    let children: Vec<_> = waiting.chain(others).collect();
    let mut combinator = pin!(start(children.into_iter()));
    let wakes = Arc::new(Wakes::default());
    let parent = waker(wakes.clone());
    let mut poll = || step(combinator.as_mut(), &mut Context::from_waker(&parent));
    assert!(!poll(), "nobody has raised anything");
    let raise = |signal: Plain<Signal>| {
        let waker = signal.waker.lock().unwrap().take().expect("polled once");
        let raise = move || {
            signal.number.fetch_add(1, Ordering::Relaxed);
            waker.wake_by_ref();
        };
        (0..before).for_each(|_| raise());
        move || (0..often).for_each(|_| raise())
    };
    // They stay until everybody has gone: who drops the last reference must come after all.
    let running: Vec<_> = signals
        .iter()
        .map(|signal| spawn(raise(signal.clone())))
        .collect();
    // Like an executor, which polls once more for a wake that came during a poll; but it does not
    // look at the wake's order, as one does not that polls for another reason.
    let count = || wakes.count();
    let (mut seen, mut is_over) = (count(), poll());
    while !is_over && count() != seen {
        seen = count();
        is_over = poll();
    }
    join(running);
    if !is_over {
        assert!(count() > seen, "a wake was lost");
        assert!(poll(), "a child was not polled after its last wake");
    }
}

fn gathers(threads: usize, before: usize, often: usize) {
    comes_to_its_end(threads, before, often, gather, |gather, cx| {
        gather.poll(cx).is_ready()
    });
}

fn takes_as_completed(threads: usize, before: usize, often: usize) {
    comes_to_its_end(threads, before, often, as_completed, |mut all, cx| {
        loop {
            match pin!(all.next()).poll(cx) {
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
    });
}

/// A mask of bits: woken again and again.
pub fn a_child_in_a_mask_is_polled_after_its_last_wake() {
    gathers(1, 0, 2);
}

/// A mask of bits: two at once.
pub fn children_in_a_mask_may_be_woken_together() {
    gathers(2, 0, 1);
}

/// A list: woken again and again, also while it is queued.
pub fn a_child_in_a_list_is_polled_after_its_last_wake() {
    takes_as_completed(1, 0, 2);
}

/// A list: two at once.
pub fn children_in_a_list_may_be_woken_together() {
    takes_as_completed(2, 0, 1);
}

/// A list: woken while it is queued already, and about to be polled.
pub fn a_child_that_is_queued_already_sees_another_wake() {
    takes_as_completed(1, 1, 1);
}
