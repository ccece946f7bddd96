//! Exactly the children that were woken are polled, however many there are: compared with a set
//! that knows who was. And their wakers in other threads.

mod common;

use common::child::{Gate, poll_once, watches};
use futures::{StreamExt, executor::block_on};
use heist::{as_completed, gather};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

/// One child, two words, three levels, four.
const FAMILIES: [usize; 8] = [4, 64, 65, 128, 4_096, 4_097, 262_144, 262_145];

/// What children and the test share.
struct Family {
    wakers: RefCell<Vec<Option<Waker>>>,
    /// Who returns when polled next.
    grown: RefCell<Vec<bool>>,
    /// Who was polled, in this order.
    polled: RefCell<Vec<usize>>,
    /// Who still has a future.
    alive: Cell<usize>,
}

impl Family {
    fn of(count: usize) -> Self {
        Self {
            wakers: RefCell::new(vec![None; count]),
            grown: RefCell::new(vec![false; count]),
            polled: RefCell::default(),
            alive: Cell::new(0),
        }
    }

    fn children(&self) -> impl Iterator<Item = Child<'_>> {
        self.alive.set(self.wakers.borrow().len());
        (0..self.alive.get()).map(|index| Child(self, index))
    }

    fn wake(&self, index: usize) {
        let waker = self.wakers.borrow()[index].clone();
        waker.expect("polled once").wake();
    }

    fn polled(&self) -> Vec<usize> {
        self.polled.take()
    }
}

struct Child<'a>(&'a Family, usize);

impl Future for Child<'_> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Child(family, index) = *self;
        family.polled.borrow_mut().push(index);
        if family.grown.borrow()[index] {
            return Poll::Ready(index);
        }
        let waker = &mut family.wakers.borrow_mut()[index];
        match waker {
            Some(waker) => assert!(waker.will_wake(cx.waker()), "the same one each time"),
            None => *waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Child<'_> {
    fn drop(&mut self) {
        self.0.alive.set(self.0.alive.get() - 1);
    }
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn a_gather_polls_exactly_those_that_were_woken() {
    for count in FAMILIES {
        let family = Family::of(count);
        let mut gather = pin!(gather(family.children()));
        assert!(poll_once(gather.as_mut()).is_pending());
        let mut polled = family.polled();
        polled.sort();
        assert!(polled.into_iter().eq(0..count));
        let mut dice = Dice(count as u64);
        let mut living: BTreeSet<_> = (0..count).collect();
        for round in 0..200 {
            let mut woken = BTreeSet::new();
            for _ in 0..dice.below([1, 2, 10, 200][round % 4]) {
                let index = dice.below(count);
                // Some are woken twice, some have returned already; one stays to the end.
                family.wake(index);
                family.grown.borrow_mut()[index] |= index > 0 && dice.below(2) == 0;
                woken.extend(living.contains(&index).then_some(index));
            }
            assert!(poll_once(gather.as_mut()).is_pending());
            let mut polled = family.polled();
            polled.sort();
            assert!(polled.into_iter().eq(woken.iter().copied()), "of {count}");
            for index in woken {
                if family.grown.borrow()[index] {
                    living.remove(&index);
                }
            }
            assert_eq!(family.alive.get(), living.len());
        }
        family.grown.borrow_mut().fill(true);
        living.iter().for_each(|&index| family.wake(index));
        let Poll::Ready(outputs) = poll_once(gather) else {
            panic!("everybody has grown up");
        };
        assert!(outputs.into_iter().eq(0..count));
    }
}

#[test]
fn as_completed_polls_in_the_order_of_the_wakes() {
    for count in FAMILIES {
        let family = Family::of(count);
        let mut outputs = as_completed(family.children());
        assert!(poll_once(pin!(outputs.next())).is_pending());
        assert!(family.polled().into_iter().eq(0..count));
        let mut dice = Dice(count as u64);
        let mut has_returned = vec![false; count];
        // Woken, and not polled since then.
        let mut queue = Vec::new();
        for round in 0..1_000 {
            for _ in 0..dice.below([1, 2, 3, 50][round % 4]) {
                let index = dice.below(count);
                family.wake(index);
                family.grown.borrow_mut()[index] |= index > 0 && dice.below(2) == 0;
                if !has_returned[index] && !queue.contains(&index) {
                    queue.push(index);
                }
            }
            let output = poll_once(pin!(outputs.next()));
            let polled = family.polled();
            assert!(queue.starts_with(&polled), "of {count}");
            queue.drain(..polled.len());
            match output {
                Poll::Ready(index) => {
                    assert_eq!(index, polled.last().copied(), "of {count}");
                    has_returned[index.expect("one never returns")] = true;
                }
                Poll::Pending => assert!(queue.is_empty(), "of {count}"),
            }
        }
    }
}

/// Waits for the bell, and hands a waker to each of the threads.
struct Guest<'a> {
    threads: &'a [Mutex<Vec<Waker>>],
    has_rung: &'a AtomicBool,
}

impl Future for Guest<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for thread in self.threads {
            thread.lock().unwrap().push(cx.waker().clone());
        }
        if self.has_rung.load(SeqCst) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// Has two threads wake, clone and drop the wakers of guests while `stay` polls them; it gets the
/// bell, which the threads look for.
fn in_a_crowd(count: usize, stay: impl FnOnce(Vec<Guest<'_>>, &AtomicBool)) {
    let threads: [Mutex<Vec<Waker>>; 2] = Default::default();
    let has_rung = AtomicBool::new(false);
    let guest = |_| Guest {
        threads: &threads,
        has_rung: &has_rung,
    };
    thread::scope(|scope| {
        for thread in &threads {
            scope.spawn(|| {
                let mut held = Vec::new();
                while !has_rung.load(SeqCst) {
                    held.append(&mut thread.lock().unwrap());
                    held.iter().step_by(7).for_each(Waker::wake_by_ref);
                    held.drain(held.len() / 2..).for_each(Waker::wake);
                    thread::yield_now();
                }
                held.append(&mut thread.lock().unwrap());
                held.iter().for_each(|waker| drop(waker.clone()));
                held.into_iter().for_each(Waker::wake);
            });
        }
        stay((0..count).map(guest).collect(), &has_rung);
        has_rung.store(true, SeqCst);
    });
}

const CROWDS: [usize; 4] = [5, 64, 70, 500];

#[test]
fn wakes_of_a_crowd_are_not_lost() {
    for round in 0..40 {
        let count = CROWDS[round % 4];
        in_a_crowd(count, |guests, bell| {
            let mut gather = pin!(gather(guests));
            (0..round).for_each(|_| assert!(poll_once(gather.as_mut()).is_pending()));
            bell.store(true, SeqCst);
            assert_eq!(block_on(gather).len(), count);
        });
        in_a_crowd(count, |guests, bell| {
            let mut outputs = as_completed(guests);
            (0..round).for_each(|_| assert!(poll_once(pin!(outputs.next())).is_pending()));
            bell.store(true, SeqCst);
            assert_eq!(block_on(outputs.count()), count);
        });
    }
}

#[test]
fn a_crowd_may_outlive_its_parent() {
    for round in 0..100 {
        let count = CROWDS[round % 4];
        in_a_crowd(count, |guests, _| {
            let mut gather = pin!(gather(guests));
            (0..=round % 10).for_each(|_| assert!(poll_once(gather.as_mut()).is_pending()));
        });
        in_a_crowd(count, |guests, _| {
            let mut outputs = as_completed(guests);
            (0..=round % 10).for_each(|_| assert!(poll_once(pin!(outputs.next())).is_pending()));
        });
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_panic_of_the_iterator_loses_no_child() {
    let watch = watches(6);
    let gates = (0..7).map(|n| {
        assert!(n < 6, "there are six");
        Gate::new(&watch[n])
    });
    let wakes = Arc::new(Wakes::default());
    let count = || wakes.0.load(SeqCst);
    let waker = Waker::from(Arc::clone(&wakes));
    let mut gather = pin!(gather(gates).limit(5));
    let mut poll = || gather.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    watch[0].open();
    watch[1].open();
    assert!(poll().is_pending());
    let before = count();
    // The sixth child comes, and then the panic.
    assert!(catch_unwind(AssertUnwindSafe(&mut poll)).is_err());
    assert!(count() > before, "the sixth wants to be polled");
    assert!(poll().is_pending());
    assert_eq!(watch[5].polls(), 1);
    let before = count();
    watch[2].open();
    assert!(count() > before);
}
