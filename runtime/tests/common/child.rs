//! Children that follow a script, and count what is done to them.

use super::alloc::live_bytes;
use std::{
    cell::{Cell, RefCell},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What a test sees of one child.
#[derive(Default)]
pub struct Watch {
    polls: Cell<usize>,
    wakes: Cell<usize>,
    alive: Cell<usize>,
    is_open: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Watch {
    /// How often it was polled.
    pub fn polls(&self) -> usize {
        self.polls.get()
    }

    /// How often [`wake`](Self::wake) or the child itself woke it.
    pub fn wakes(&self) -> usize {
        self.wakes.get()
    }

    /// Whether its future exists.
    pub fn is_alive(&self) -> bool {
        self.alive.get() > 0
    }

    /// Wakes it; it stays pending.
    pub fn wake(&self) {
        self.wakes.set(self.wakes.get() + 1);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Lets it return, and wakes it.
    pub fn open(&self) {
        self.is_open.set(true);
        self.wake();
    }

    /// The waker of its last poll.
    pub fn waker(&self) -> Waker {
        self.waker.borrow().clone().expect("it was polled")
    }
}

/// Returns when its [`Watch`] is opened.
pub struct Gate(Rc<Watch>);

impl Gate {
    pub fn new(watch: &Rc<Watch>) -> Self {
        watch.alive.set(watch.alive.get() + 1);
        Self(Rc::clone(watch))
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.polls.set(self.0.polls.get() + 1);
        *self.0.waker.borrow_mut() = Some(cx.waker().clone());
        if self.0.is_open.get() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.alive.set(self.0.alive.get() - 1);
    }
}

/// That many watches.
pub fn watches(count: usize) -> Vec<Rc<Watch>> {
    (0..count).map(|_| Rc::default()).collect()
}

/// Polls once, with a waker that counts nothing.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending that many times, waking itself, and not movable.
pub async fn pending_times(times: usize) -> usize {
    for _ in 0..times {
        super::yield_now().await;
    }
    times
}

/// Drops what `make` makes after each number of polls, from none until it is ready, and looks
/// each time whether anything is still allocated. Returns how many polls it took.
pub fn drop_at_every_poll<F: Future>(make: impl Fn() -> F) -> usize {
    // What is allocated once and for all, such as the thread's random numbers.
    let _ = poll_once(pin!(make()));
    for polls in 0.. {
        let before = live_bytes();
        let is_ready = {
            let mut future = pin!(make());
            (0..polls).any(|_| poll_once(future.as_mut()).is_ready())
        };
        assert_eq!(live_bytes(), before, "dropped after {polls} polls");
        if is_ready {
            return polls;
        }
    }
    unreachable!("it was never ready")
}
