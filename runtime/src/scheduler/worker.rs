//! What does a worker hold, and where does it look for a job?

use super::{
    local::{Local, Place, Seated},
    policy::SHARE_MAX,
    rhythm::Rhythm,
    shared::{Shared, settled},
    slab::Heap,
    watch::Watch,
};
use heist_core::{
    job::Job,
    primitive::{Arc, deque},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::Waker,
};

/// A place at which a thread can work: what moves when the worker changes its thread.
pub struct Seat {
    pub shared: Arc<Shared>,
    pub me: usize,
    pub queue: deque::Worker<Job>,
    pub heap: Heap,
}

/// A thread at its seat.
pub struct Worker {
    pub(super) local: Rc<Local>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) me: usize,
    pub(super) turn: Cell<u32>,
    rng: RefCell<fastrand::Rng>,
    pub(super) rhythm: Rhythm,
    /// This turn begins with what comes from outside.
    pub(super) outside_first: Cell<bool>,
    /// The last turn that did: the next is for the own queue, however slow the turns are.
    pub(super) outside_turn: Cell<u32>,
    pub(super) watch: Watch,
    /// Harvested from the reactor, and not yet woken. Kept for its memory.
    pub(super) wakers: RefCell<Vec<Waker>>,
    _seated: Seated,
}

impl Worker {
    /// Makes this thread a worker.
    pub fn sit(seat: Seat) -> Self {
        let Seat {
            shared,
            me,
            queue,
            heap,
        } = seat;
        let local = Rc::new(Local {
            remote: shared.remotes[me].clone(),
            shared: shared.clone(),
            me,
            queue,
            heap,
            lifo_runs: Cell::new(0),
            in_order: Cell::new(false),
        });
        let rng = fastrand::Rng::with_seed(shared.seed.wrapping_add(me as u64));
        Self {
            _seated: Seated::new(Place::Seat(local.clone())),
            local,
            shared,
            me,
            turn: Cell::new(0),
            rng: RefCell::new(rng),
            rhythm: Rhythm::default(),
            outside_first: Cell::new(false),
            outside_turn: Cell::new(u32::MAX),
            watch: Watch::default(),
            wakers: RefCell::default(),
        }
    }

    /// Gives the seat up; its queue may have jobs in it.
    pub fn stand(self) -> Seat {
        let Self {
            local,
            shared,
            me,
            _seated,
            ..
        } = self;
        drop(_seated);
        let local = Rc::into_inner(local).expect("only the thread-local shares it");
        let Local { queue, heap, .. } = local;
        Seat {
            shared,
            me,
            queue,
            heap,
        }
    }

    /// Wakes what was harvested, and fires what is overdue: user code may run in both.
    pub(super) fn dispatch(&self) {
        let mut wakers = self.wakers.take();
        self.local.in_order.set(true);
        self.shared.driver.dispatch(&mut wakers);
        self.local.in_order.set(false);
        self.wakers.replace(wakers);
    }

    /// Own jobs first, then the injector, then the others' queues.
    pub fn find(&self) -> Option<Job> {
        let home = &self.local.remote.home;
        if self.outside_first.get() {
            self.outside_first.set(false);
            if let Some(job) = home.pop().or_else(|| self.injected()) {
                self.outside_turn.set(self.turn.get());
                return Some(job);
            }
        }
        (self.local.pop())
            .or_else(|| home.pop())
            .or_else(|| self.injected())
            .or_else(|| self.steal())
    }

    /// This worker's share of the injector, as far as its own queue is shorter than that; a batch
    /// in any case.
    fn injected(&self) -> Option<Job> {
        let (injector, queue) = (&self.shared.injector, &self.local.queue);
        if injector.is_empty() {
            return None;
        }
        let waiting = injector.len();
        let job = settled(|| injector.steal_batch_and_pop(queue))?;
        let share = (waiting / self.shared.workers()).min(SHARE_MAX);
        while 1 + queue.len() < share && settled(|| injector.steal_batch(queue)).is_some() {}
        Some(job)
    }

    fn steal(&self) -> Option<Job> {
        let workers = self.shared.workers();
        let start = if workers > 1 {
            self.rng.borrow_mut().usize(..workers)
        } else {
            0
        };
        let victims = (0..workers).map(|offset| (start + offset) % workers);
        victims
            .filter(|victim| *victim != self.me)
            .find_map(|victim| self.steal_from(victim))
    }

    /// A job that lies with a worker that is stuck. Also ends a watch, and begins the next.
    pub(super) fn help(&self) -> Option<Job> {
        let stuck = self.watch.stuck(&self.shared).into_iter();
        stuck
            .filter(|worker| *worker != self.me)
            .find_map(|worker| {
                let slot = &self.shared.remotes[worker].slot;
                slot.take().or_else(|| self.steal_from(worker))
            })
    }

    fn steal_from(&self, victim: usize) -> Option<Job> {
        let stealer = &self.shared.remotes[victim].stealer;
        settled(|| stealer.steal_batch_and_pop(&self.local.queue))
    }
}
