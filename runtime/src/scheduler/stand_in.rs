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
//! - **watched**: while somebody is away, a stand-in waits for a period only, as the deputy does.

use super::{
    home::Home,
    local::{Place, Seated},
    policy,
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
            turn: 0,
            wakers: Vec::new(),
        }
    }

    /// Works until it is not wanted any more, or the runtime stops. It stays while `is_bound`, but
    /// then works only for itself.
    pub fn work(mut self, is_bound: impl Fn() -> bool) {
        let shared = self.shared.clone();
        let _at_work = shared.driver.outside.at_work();
        let _seated = Seated::new(Place::StandIn(shared.clone()));
        while !shared.idle.glance().is_stopping() {
            let is_bound = is_bound();
            let is_too_many = shared.stand_ins.is_too_many(!is_bound);
            if is_too_many && !is_bound {
                return;
            }
            self.next_turn();
            let own = self.home.pop();
            match own.or_else(|| if is_too_many { None } else { self.find() }) {
                Some(job) => job.run(),
                None => self.wait(is_too_many),
            }
        }
    }

    fn next_turn(&mut self) {
        self.turn += 1;
        if !self.turn.is_multiple_of(policy::MAINTENANCE_TURNS as usize) {
            return;
        }
        let Shared { driver, leader, .. } = &*self.shared;
        if let Some(lead) = leader.try_lead_from(&self.home, &driver.timers) {
            driver.harvest(Some(Duration::ZERO), &mut self.wakers);
            self.shared.hand_on(lead);
        }
        driver.dispatch(&mut self.wakers);
        self.help();
    }

    /// By turns from the injector and from a queue first: neither may starve.
    fn find(&self) -> Option<Job> {
        if self.turn.is_multiple_of(2) {
            self.injected().or_else(|| self.steal())
        } else {
            self.steal().or_else(|| self.injected())
        }
    }

    fn injected(&self) -> Option<Job> {
        let injector = &self.shared.injector;
        let job = settled(|| injector.steal())?;
        if !injector.is_empty() {
            self.shared.call_one();
        }
        Some(job)
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

    /// Waits for something to do; `for_own` jobs only, or for anybody's.
    fn wait(&mut self, for_own: bool) {
        let shared = self.shared.clone();
        let Shared {
            driver,
            leader,
            stand_ins,
            ..
        } = &*shared;
        stand_ins.enlist(&self.home);
        let lead = if for_own {
            None
        } else {
            leader.try_lead_from(&self.home, &driver.timers)
        };
        // Ordering: the list, and the lead, before the second look; pairs with the fence in
        // `push_foreign`: either it sees us, or we see its job.
        fence(Ordering::SeqCst);
        let period = (!for_own || stand_ins.is_anybody_away()).then_some(policy::WATCH_PERIOD);
        if !shared.idle.glance().is_stopping()
            && !self.home.has_jobs()
            && (for_own || !shared.has_queued())
        {
            let _ = match &lead {
                Some(lead) => {
                    let parker = &self.home.parker;
                    driver.lead(lead.expiry, period, || false, parker, &mut self.wakers)
                }
                None => self.home.parker.park(period),
            };
        }
        stand_ins.delist(&self.home);
        lead.into_iter().for_each(|lead| shared.hand_on(lead));
        driver.dispatch(&mut self.wakers);
        if !for_own {
            self.help();
        }
    }
}
