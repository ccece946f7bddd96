//! What does a worker do next?
//!
//! Find a job, run it; find nothing, sleep. Where it looks is in `worker`, how it sleeps in
//! `sleep`.

use super::{home::Bell, rhythm::Look, shared::Shared, sleep::Slept, worker::Worker};
use heist_core::{
    job::Job,
    primitive::atomic::{Ordering, fence},
};
use std::time::Duration;

/// Something that only this thread polls, besides its jobs.
pub struct Root<'a> {
    pub bell: &'a Bell,
    /// Polls; true when there is nothing more to poll.
    pub poll: &'a mut dyn FnMut() -> bool,
}

impl Worker {
    /// Works until the runtime stops, or `root` has nothing more to poll.
    pub fn work(&self, root: Option<Root<'_>>) {
        self.work_on(false, root);
    }

    /// The same, from where the worker is counted as a searcher or not.
    pub fn work_on(&self, mut searching: bool, mut root: Option<Root<'_>>) {
        while !self.shared.idle.glance().is_stopping() {
            if let Some(root) = &mut root
                && root.bell.answer()
            {
                // Before user code, which may block or panic: nobody may rely on our search then.
                if std::mem::take(&mut searching) {
                    self.leave_search();
                }
                if (root.poll)() {
                    break;
                }
            }
            self.next_turn();
            if let Some(job) = self.find() {
                self.run(job, &mut searching);
                continue;
            }
            let bell = root.as_ref().map(|root| root.bell);
            match self.sleep(std::mem::take(&mut searching), bell) {
                Slept::Searching => searching = true,
                Slept::Helping(job) => self.run(job, &mut true),
                Slept::Stopped => return,
            }
        }
        if searching {
            self.leave_search();
        }
    }

    /// Runs a job; before it, a searcher has to see to it that others come.
    pub fn run(&self, job: Job, searching: &mut bool) {
        if std::mem::take(searching) {
            self.leave_search();
        }
        job.run();
    }

    fn next_turn(&self) {
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        self.local.remote.turn.store(turn, Ordering::Relaxed);
        match self.rhythm.turn(self.shared.driver.timers.clock()) {
            Look::Ahead => {}
            look => self.look_up(look),
        }
    }

    #[cold]
    fn look_up(&self, look: Look) {
        let last = self.outside_turn.get();
        self.outside_first
            .set(self.turn.get() != last.wrapping_add(1));
        if look == Look::Everywhere {
            self.maintain();
        }
    }

    /// What must happen also while there is always a job.
    fn maintain(&self) {
        let Shared { driver, leader, .. } = &*self.shared;
        if driver.reactor.is_live()
            && let Some(lead) = leader.try_lead(self.me, &driver.timers)
        {
            driver.harvest(Some(Duration::ZERO), &mut self.wakers.borrow_mut());
            drop(lead);
        }
        self.dispatch();
        // Liveness: there is no deputy while nobody sleeps, and the others may be stuck.
        if self.watch.is_over(driver.timers.clock())
            && let Some(job) = self.help()
        {
            self.local.queue.push(job);
            self.shared.share();
        }
    }

    /// The last searcher has found something, or gives up: whoever pushed meanwhile woke nobody,
    /// because of us.
    fn leave_search(&self) {
        if !self.shared.idle.stop_searching() {
            return;
        }
        // Ordering: our leaving before the second look; pairs with the fence in `push_foreign`.
        fence(Ordering::SeqCst);
        if !self.shared.injector.is_empty() || !self.local.queue.is_empty() {
            self.shared.call_one();
        }
    }
}
