//! What do all threads of a runtime share?
//!
//! The injector, the idle word, and each worker's outside: the end of its queue that others steal
//! from, its LIFO slot, its turn counter, and the home of the thread that sits there.

use super::{
    away::StandIns,
    driver::Driver,
    home::Home,
    idle::{Glance, Idle, Unpark},
    leader::{Leader, Leading},
    policy,
    slab::{Owner, Slab},
};
use heist_core::{
    job::{Job, JobSlot},
    primitive::{
        Arc, CachePadded,
        atomic::{AtomicU32, Ordering, fence},
        deque,
    },
};

/// A worker, seen by other threads.
pub struct Remote {
    pub stealer: deque::Stealer<Job>,
    pub slot: JobSlot,
    /// Moved by the owner before each job; the deputy sees that it stands still.
    pub turn: AtomicU32,
    pub home: Arc<Home>,
}

/// One scheduler.
pub struct Shared {
    pub idle: Idle,
    pub injector: deque::Injector<Job>,
    pub remotes: Box<[Arc<CachePadded<Remote>>]>,
    pub leader: Arc<Leader>,
    pub stand_ins: StandIns,
    pub driver: Driver,
    pub slab: Slab<Self>,
    pub seed: u64,
}

impl Owner for Shared {
    fn slab(&self) -> &Slab<Self> {
        &self.slab
    }
}

impl Shared {
    /// A scheduler for as many workers as there are queues, and homes that `leader` knows.
    pub fn new(
        queues: &[deque::Worker<Job>],
        leader: Arc<Leader>,
        driver: Driver,
        seed: u64,
    ) -> Self {
        let remote = |(queue, home): (&deque::Worker<Job>, &Arc<Home>)| {
            Arc::new(CachePadded::new(Remote {
                stealer: queue.stealer(),
                slot: JobSlot::default(),
                turn: AtomicU32::new(0),
                home: home.clone(),
            }))
        };
        let remotes: Box<[_]> = queues.iter().zip(leader.homes()).map(remote).collect();
        Self {
            leader,
            idle: Idle::new(remotes.len()),
            injector: deque::Injector::new(),
            stand_ins: StandIns::default(),
            slab: Slab::new(policy::CHUNK_FIRST),
            remotes,
            driver,
            seed,
        }
    }

    /// From a thread that is no worker of ours. The caller holds a reference to `self` that is
    /// not the job's.
    pub fn push_foreign(&self, job: Job) {
        self.injector.push(job);
        // Ordering: the push before the look at who sleeps; pairs with the fences in
        // `Worker::sleep`, `Worker::leave_search`, `StandIn::wait` and `drain_injector`.
        fence(Ordering::SeqCst);
        if self.share().is_stopping() {
            // Liveness: the last drain may have come before our push.
            self.drain_injector();
        }
    }

    /// There is more to run: wakes somebody, if it looks worth it. Says what it saw.
    ///
    /// Why not a fence: a worker, after its push, is awake and will run the job itself. A sleeper
    /// missed then is parallelism lost for a moment, not a job.
    #[inline]
    pub fn share(&self) -> Glance {
        let glance = self.idle.glance();
        if glance.calls_for_one() || self.stand_ins.is_anybody_waiting() {
            return self.call_one();
        }
        glance
    }

    /// Wakes one who sleeps: a worker, or with all of them awake a stand-in. Nobody, if somebody
    /// searches already. Says what it saw.
    pub fn call_one(&self) -> Glance {
        let (glance, unpark) = self.idle.claim_one();
        if unpark.claimed.is_none() && !glance.has_searchers() {
            self.stand_ins.call(&self.driver.reactor);
        }
        self.unpark(unpark);
        glance
    }

    /// Gives the lead up, as one who may not come back: a worker that sleeps must take it.
    pub fn hand_on(&self, lead: Leading<'_>) {
        drop(lead);
        // Ordering: the lead is free before the look at who sleeps; pairs with the fence in
        // `Worker::sleep`: either it finds the lead free, or we see it asleep.
        fence(Ordering::SeqCst);
        if let Some(sleeper) = self.idle.view().candidate() {
            self.remotes[sleeper].home.unpark(&self.driver.reactor);
        }
    }

    /// Whether something lies in the injector or in a queue.
    pub fn has_queued(&self) -> bool {
        let mut remotes = self.remotes.iter();
        !self.injector.is_empty() || remotes.any(|remote| !remote.stealer.is_empty())
    }

    pub fn unpark(&self, unpark: Unpark) {
        for worker in [unpark.claimed, unpark.armed].into_iter().flatten() {
            self.remotes[worker].home.unpark(&self.driver.reactor);
        }
    }

    /// Makes every worker's loop end. One that is awake looks at the idle word each turn.
    pub fn stop(&self) {
        for worker in self.idle.stop() {
            self.remotes[worker].home.unpark(&self.driver.reactor);
        }
        // A stand-in that is on no list yet will see the stop: it comes after us at their lock.
        self.stand_ins.call_all(&self.driver.reactor);
    }

    /// Runs what is left in the injector, after `stop`: the tasks see that they are aborted.
    pub fn drain_injector(&self) {
        // Ordering: the stop before the last look at the injector; pairs with `push_foreign`.
        fence(Ordering::SeqCst);
        while let Some(job) = settled(|| self.injector.steal()) {
            job.run();
        }
    }

    /// Runs what is left in queues and slots; every worker's thread has ended.
    pub fn drain(&self) {
        for remote in &self.remotes {
            while let Some(job) = remote
                .slot
                .take()
                .or_else(|| settled(|| remote.stealer.steal()))
            {
                job.run();
            }
        }
        self.drain_injector();
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.remotes.len()
    }
}

/// Asks again as long as the answer is "lost a race".
pub fn settled<T>(mut steal: impl FnMut() -> deque::Steal<T>) -> Option<T> {
    loop {
        match steal() {
            deque::Steal::Success(found) => return Some(found),
            deque::Steal::Empty => return None,
            deque::Steal::Retry => heist_core::primitive::hint::spin_loop(),
        }
    }
}
