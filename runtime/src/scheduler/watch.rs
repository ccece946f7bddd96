//! Who stands still?
//!
//! A worker that computes or blocks in user code does not move its turn counter. Each worker
//! remembers what the others' counters said when its watch began; when the watch is over, those
//! that are awake and have not moved are stuck, and it takes jobs from them.
//!
//! - **looked-in-time**: a watch goes on while its owner works and while it sleeps. Neither a task
//!   that is always runnable nor a timer that fires often can put the look off.

use super::{
    policy::{SUSPICION, WATCH_PERIOD},
    shared::Shared,
};
use heist_core::primitive::atomic::Ordering;
use heist_timer::Clock;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// One worker's watch over the others. Only its own thread touches it.
#[derive(Default)]
pub struct Watch {
    /// By the runtime's clock.
    began_ns: Cell<u64>,
    turns: RefCell<Vec<u32>>,
    moved: Cell<bool>,
    /// Somebody awake had jobs waiting at the last look: if it stands still, they wait for us.
    suspects: Cell<bool>,
}

impl Watch {
    /// How long the deputy may sleep now; for no time at all when the watch is over.
    ///
    /// A paused clock does not tell how long it has lasted: it begins anew.
    pub fn period(&self, shared: &Shared) -> Duration {
        let clock = shared.driver.timers.clock();
        if clock.is_paused() || self.turns.borrow().is_empty() {
            self.begin(shared);
            return WATCH_PERIOD;
        }
        self.lasts().saturating_sub(self.passed(clock))
    }

    fn lasts(&self) -> Duration {
        if self.suspects.get() {
            SUSPICION
        } else {
            WATCH_PERIOD
        }
    }

    /// Whether it is time to look. With a paused clock it always is.
    pub fn is_over(&self, clock: &Clock) -> bool {
        clock.is_paused() || self.passed(clock) >= self.lasts()
    }

    /// The workers that are awake and have not moved since the watch began. Begins the next one.
    pub fn stuck(&self, shared: &Shared) -> Vec<usize> {
        let before = self.begin(shared);
        let now = self.turns.borrow();
        self.moved.set(before != *now);
        let view = shared.idle.view();
        let has_jobs = |worker: usize| {
            let remote = &shared.remotes[worker];
            !view.sleeps(worker) && (!remote.slot.is_empty() || !remote.stealer.is_empty())
        };
        self.suspects.set((0..before.len()).any(has_jobs));
        let stuck = (0..before.len())
            .filter(|worker| before[*worker] == now[*worker] && !view.sleeps(*worker));
        stuck.collect()
    }

    /// Whether anybody ran anything during the last watch.
    pub fn has_moved(&self) -> bool {
        self.moved.get()
    }

    /// Returns what the counters said at the last beginning.
    fn begin(&self, shared: &Shared) -> Vec<u32> {
        let clock = shared.driver.timers.clock();
        if !clock.is_paused() {
            self.began_ns.set(clock.now_ns());
        }
        let remotes = shared.remotes.iter();
        let turns = remotes.map(|remote| remote.turn.load(Ordering::Relaxed));
        self.turns.replace(turns.collect())
    }

    fn passed(&self, clock: &Clock) -> Duration {
        Duration::from_nanos(clock.now_ns().saturating_sub(self.began_ns.get()))
    }
}
