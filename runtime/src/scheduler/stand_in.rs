//! Who works while workers block?
//!
//! A task may say that it is going to block its thread. While it does, the thread is *away*, and a
//! *stand-in* works instead: a thread without a seat, which runs what lies in the injector and in
//! the workers' queues. Seat, timers and pinned tasks stay with the worker, so there is nothing
//! that it would have to get back, and one stand-in is as good as another. A stand-in that blocks
//! is away like anybody else.
//!
//! - **look-then-wait**: a stand-in is on the list before it looks for the last time.
//! - **lead-goes-on**: it leads like any worker, and leaves the lead to one that sleeps.
//! - **watched**: while it serves, a stand-in waits for a period only, as the deputy does.

use super::{
    away::Service,
    home::Home,
    local::{Place, Seated},
    policy,
    rhythm::{Look, Rhythm},
    shared::{Shared, settled},
    watch::Watch,
};
use heist_core::{
    job::Job,
    primitive::{
        Arc,
        atomic::{Ordering, fence},
    },
};
use std::{task::Waker, time::Duration};

/// A thread that stands in.
pub struct StandIn {
    shared: Arc<Shared>,
    home: Arc<Home>,
    watch: Watch,
    rhythm: Rhythm,
    turn: usize,
    /// Harvested from the reactor, and not yet woken.
    wakers: Vec<Waker>,
}

impl StandIn {
    pub fn new(shared: Arc<Shared>, home: Arc<Home>) -> Self {
        Self {
            shared,
            home,
            watch: Watch::default(),
            rhythm: Rhythm::default(),
            turn: 0,
            wakers: Vec::new(),
        }
    }

    /// Works until it is not needed any more, or the runtime stops. If it `is_bound` then, it stays
    /// for its own jobs, and may be called back.
    pub fn work(mut self, is_bound: impl Fn() -> bool) {
        let shared = self.shared.clone();
        let _seated = Seated::new(Place::StandIn(shared.clone()));
        while !shared.idle.glance().is_stopping() {
            self.serve();
            match shared.stand_ins.service(&self.home, is_bound()) {
                Service::Wanted => {}
                Service::Over => return,
                Service::Retired => self.retire(),
            }
        }
    }

    /// One job, or one wait.
    fn serve(&mut self) {
        let shared = self.shared.clone();
        let _at_work = shared.driver.outside.at_work();
        // At once in the first turn: it may not be needed for many.
        let look = self.rhythm.turn(shared.driver.timers.clock());
        if self.turn == 0 || look == Look::Everywhere {
            self.maintain();
        }
        self.turn += 1;
        match self.home.pop().or_else(|| self.find(look)) {
            Some(job) => job.run(),
            None => self.wait(),
        }
    }

    /// Runs its own jobs until it is called back.
    fn retire(&self) {
        let Shared {
            driver,
            idle,
            stand_ins,
            ..
        } = &*self.shared;
        while stand_ins.is_retired(&self.home) && !idle.glance().is_stopping() {
            let at_work = driver.outside.at_work();
            if let Some(job) = self.home.pop() {
                job.run();
                continue;
            }
            drop(at_work);
            let _ = self.home.parker.park(None);
        }
    }

    fn maintain(&mut self) {
        let Shared { driver, leader, .. } = &*self.shared;
        if driver.reactor.is_live()
            && let Some(lead) = leader.try_lead_from(&self.home, &driver.timers)
        {
            driver.harvest(Some(Duration::ZERO), &mut self.wakers);
            self.shared.hand_on(lead);
        }
        self.dispatch();
    }

    /// Wakes what was harvested, and fires what is overdue: user code may run in both.
    fn dispatch(&mut self) {
        let _here = Seated::new(Place::Dispatching);
        self.shared.driver.dispatch(&mut self.wakers);
        self.help();
    }

    /// By turns from the injector and from a queue first: neither may starve.
    fn find(&self, look: Look) -> Option<Job> {
        let job = if look != Look::Ahead || self.turn.is_multiple_of(2) {
            self.injected().or_else(|| self.steal())
        } else {
            self.steal().or_else(|| self.injected())
        }?;
        if self.shared.has_queued() {
            self.shared.call_one();
        }
        Some(job)
    }

    fn injected(&self) -> Option<Job> {
        settled(|| self.shared.injector.steal())
    }

    fn steal(&self) -> Option<Job> {
        let remotes = &self.shared.remotes;
        let victims = (0..remotes.len()).map(|nth| &remotes[(self.turn + nth) % remotes.len()]);
        victims
            .filter(|victim| !victim.stealer.is_empty())
            .find_map(|victim| settled(|| victim.stealer.steal()))
    }

    /// Gives away what lies in the slots of workers that are stuck.
    fn help(&self) {
        if self.watch.is_over(self.shared.driver.timers.clock()) {
            for worker in self.watch.stuck(&self.shared) {
                let job = self.shared.remotes[worker].slot.take();
                job.into_iter()
                    .for_each(|job| self.shared.push_foreign(job));
            }
        }
    }

    /// Waits for something to do.
    fn wait(&mut self) {
        self.rhythm.sleeps();
        let shared = self.shared.clone();
        let Shared {
            driver,
            leader,
            stand_ins,
            idle,
            ..
        } = &*shared;
        stand_ins.enlist(&self.home);
        let lead = leader.try_lead_from(&self.home, &driver.timers);
        // Ordering: the list, and the lead, before the second look; pairs with the fence in
        // `push_foreign`: either it sees us, or we see its job.
        fence(Ordering::SeqCst);
        if !idle.glance().is_stopping() && !self.home.has_jobs() && !shared.has_queued() {
            let (period, parker) = (Some(policy::WATCH_PERIOD), &self.home.parker);
            let _ = match &lead {
                Some(lead) => driver.lead(lead.expiry, period, || false, parker, &mut self.wakers),
                None => parker.park(period),
            };
        }
        stand_ins.delist(&self.home);
        lead.into_iter().for_each(|lead| shared.hand_on(lead));
        self.dispatch();
    }
}
