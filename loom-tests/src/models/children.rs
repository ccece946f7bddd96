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

/// A combinator over children of which those `at` some places wait for a thread each, which raises
/// their number `often` times, and the others are ready: more than three, which would be polled
/// together. Before that each is raised `before` times. `step` polls it, and says whether it has
/// come to its end.
fn comes_to_its_end<C>(
    at: &[usize],
    before: usize,
    often: usize,
    start: impl FnOnce(std::vec::IntoIter<Child>) -> C,
    step: impl Fn(Pin<&mut C>, &mut Context<'_>) -> bool,
) {
    let signals: Vec<_> = at.iter().map(|_| Plain::<Signal>::default()).collect();
    let mut children: Vec<_> = (0..=at[at.len() - 1].max(3))
        .map(|_| Child(None, 0))
        .collect();
    for (place, signal) in at.iter().zip(&signals) {
        children[*place] = Child(Some(signal.clone()), before + often);
    }
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

fn gathers(at: &[usize], before: usize, often: usize) {
    comes_to_its_end(at, before, often, gather, |gather, cx| {
        gather.poll(cx).is_ready()
    });
}

fn takes_as_completed(at: &[usize], before: usize, often: usize) {
    comes_to_its_end(at, before, often, as_completed, |mut all, cx| {
        loop {
            match pin!(all.next()).poll(cx) {
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
    });
}

/// A root: woken again and again.
pub fn a_child_in_a_root_is_polled_after_its_last_wake() {
    gathers(&[0], 0, 2);
}

/// A root: two at once.
pub fn children_in_a_root_may_be_woken_together() {
    gathers(&[0, 1], 0, 1);
}

/// A word below the root: woken again and again.
pub fn a_child_in_a_tree_is_polled_after_its_last_wake() {
    gathers(&[64], 0, 2);
}

/// A word below the root: two at once, of which one relies on the other's climb.
pub fn children_in_a_word_may_be_woken_together() {
    gathers(&[64, 65], 0, 1);
}

/// Two words below the root: one of each at once.
pub fn children_in_two_words_may_be_woken_together() {
    gathers(&[63, 64], 0, 1);
}

/// A list: woken again and again, also while it is queued.
pub fn a_child_in_a_list_is_polled_after_its_last_wake() {
    takes_as_completed(&[0], 0, 2);
}

/// A list: two at once.
pub fn children_in_a_list_may_be_woken_together() {
    takes_as_completed(&[0, 1], 0, 1);
}

/// A list: woken while it is queued already, and about to be polled.
pub fn a_child_that_is_queued_already_sees_another_wake() {
    takes_as_completed(&[0], 1, 1);
}

/// Whoever gives back the last reference frees what all have used: the combinator, or a waker.
pub fn a_childs_waker_may_outlive_all_children() {
    let signal = Plain::<Signal>::default();
    let children = (0..4).map(|_| Child(Some(signal.clone()), 1));
    let mut gather = Box::pin(gather(children.collect::<Vec<_>>()));
    let parent = waker(Arc::new(Wakes::default()));
    let poll = gather.as_mut().poll(&mut Context::from_waker(&parent));
    assert!(poll.is_pending(), "nobody has raised anything");
    let held = signal.waker.lock().unwrap().take().expect("polled once");
    let running = spawn(move || {
        held.clone().wake();
        drop(held);
    });
    drop(gather);
    join([running]);
}
