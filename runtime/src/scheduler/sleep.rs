//! How does a worker wait until there is something to do?
//!
//! Announce, then look, then wait: as the leader in the reactor, as a follower on the parker. The
//! one who is the deputy waits for a period only, and then looks after those that are awake. The
//! steps and what could go wrong stand in the essay of `idle`.

use super::{home::Bell, idle::Sleeper, worker::Worker};
use heist_core::{
    job::Job,
    primitive::{
        Wait,
        atomic::{Ordering, fence},
    },
};

/// Why a worker is awake again.
#[must_use]
pub enum Slept {
    /// There may be something to do. The worker is counted as a searcher.
    Searching,
    /// As the deputy it has taken a job from a stuck worker; it is counted as a searcher.
    Helping(Job),
    Stopped,
}

impl Worker {
    /// Sleeps. `bell` calls the thread's root.
    pub(super) fn sleep(&self, searching: bool, bell: Option<&Bell>) -> Slept {
        let shared = &*self.shared;
        self.rhythm.sleeps();
        let Some(view) = shared.idle.announce(self.me, searching) else {
            return Slept::Stopped;
        };
        // Ordering: the announcement before the second look; pairs with the fence in
        // `push_foreign`: either it sees our bit, or we see its job.
        fence(Ordering::SeqCst);
        self.stay_asleep(view, shared.injector.is_empty(), bell)
    }

    /// From the announcement on. `idle`: there was nothing in the injector after it.
    pub fn stay_asleep(&self, mut view: Sleeper, mut idle: bool, bell: Option<&Bell>) -> Slept {
        let shared = &*self.shared;
        while view.sleeps {
            if !idle || self.is_called(bell) {
                shared.unpark(shared.idle.withdraw(self.me));
                break;
            }
            let wait = self.wait(view);
            if self.has_dispatch() {
                // Liveness: awake, and somebody else on watch, before any user code runs.
                shared.unpark(shared.idle.withdraw(self.me));
                self.dispatch();
                break;
            }
            if wait == Overdue::Watch {
                match self.help() {
                    Some(job) => {
                        shared.unpark(shared.idle.withdraw(self.me));
                        return Slept::Helping(job);
                    }
                    None if !shared.injector.is_empty() => idle = false,
                    // Not between two requests, of which each would call a deputy anew.
                    None if self.watch.has_moved() => {}
                    None => shared.idle.doze(self.me),
                }
            }
            view = shared.idle.sleeper(self.me);
        }
        Slept::Searching
    }

    /// Something that only this thread can do.
    fn is_called(&self, bell: Option<&Bell>) -> bool {
        bell.is_some_and(Bell::is_rung) || self.local.remote.home.has_jobs()
    }

    fn has_dispatch(&self) -> bool {
        !self.wakers.borrow().is_empty() || self.shared.driver.is_due()
    }

    /// One wait, chosen anew each time: what there is to wait for may have changed.
    fn wait(&self, view: Sleeper) -> Overdue {
        let driver = &self.shared.driver;
        let parker = &self.local.remote.home.parker;
        let mut deputy = view.deputy == Some(self.me);
        let lead = self.shared.leader.try_lead(self.me, &driver.timers);
        if lead.is_none()
            && let Some(leader) = self.shared.leader.current()
            && view.deputy == Some(leader)
        {
            // The leader is woken first, and would have to call a deputy each time.
            deputy = self.shared.idle.relieve(leader, self.me);
        }
        let period = deputy.then(|| self.watch.period(&self.shared));
        if period.is_some_and(|period| period.is_zero()) {
            return Overdue::Watch;
        }
        let wait = match lead {
            Some(lead) => {
                let resting = || self.shared.idle.all_asleep() && self.shared.injector.is_empty();
                let mut wakers = self.wakers.borrow_mut();
                let wait = driver.lead(lead.expiry, period, resting, parker, &mut wakers);
                // With a paused clock only maintenance ends a watch, so it must come.
                if !wakers.is_empty() && !driver.timers.clock().is_paused() {
                    self.rhythm.harvests();
                }
                wait
            }
            None => driver.follow(self.me, period, parker),
        };
        if deputy && wait == Wait::TimedOut {
            Overdue::Watch
        } else {
            Overdue::Nothing
        }
    }
}

/// What a wait that has ended leaves to do, besides events and timers.
#[derive(PartialEq, Eq)]
enum Overdue {
    Nothing,
    /// The deputy's watch.
    Watch,
}
