//! Who sleeps, who searches, and who keeps watch?
#![doc = include_str!("idle.md")]

use super::policy::MAX_WORKERS;
use heist_core::primitive::{
    Seed,
    atomic::{AtomicU64, Ordering},
};

const SLEEPERS: u64 = (1 << MAX_WORKERS) - 1;
const SEARCHER: u64 = 1 << MAX_WORKERS;
const SEARCHERS: u64 = 0xff << MAX_WORKERS;
const DEPUTY_SHIFT: usize = MAX_WORKERS + 8;
const STOPPING: u64 = 1 << 63;
/// The deputy's number plus one; 0 for nobody.
const DEPUTY: u64 = STOPPING - (1 << DEPUTY_SHIFT);

/// What the word said at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct View(u64);

impl View {
    pub fn sleeps(self, worker: usize) -> bool {
        self.0 & (1 << worker) != 0
    }

    pub fn has_sleepers(self) -> bool {
        self.0 & SLEEPERS != 0
    }

    pub fn has_searchers(self) -> bool {
        self.0 & SEARCHERS != 0
    }

    pub fn is_stopping(self) -> bool {
        self.0 & STOPPING != 0
    }

    /// The one sleeper that waits with a period.
    pub fn deputy(self) -> Option<usize> {
        (((self.0 & DEPUTY) >> DEPUTY_SHIFT) as usize).checked_sub(1)
    }

    fn sleepers(self) -> u32 {
        (self.0 & SLEEPERS).count_ones()
    }

    fn first_sleeper(self) -> Option<usize> {
        self.has_sleepers()
            .then(|| (self.0 & SLEEPERS).trailing_zeros() as usize)
    }

    /// The sleeper to wake: a follower if there is one, the deputy last.
    fn candidate(self) -> Option<usize> {
        let followers = self
            .deputy()
            .map_or(self, |deputy| View(self.0 & !(1 << deputy)));
        followers.first_sleeper().or_else(|| self.first_sleeper())
    }

    fn with_deputy(self, worker: Option<usize>) -> Self {
        let field = worker.map_or(0, |worker| (worker as u64 + 1) << DEPUTY_SHIFT);
        Self(self.0 & !DEPUTY | field)
    }

    /// `worker` is awake and counted as a searcher; another sleeper keeps watch, if there is one
    /// and nobody does.
    fn woken(self, worker: usize) -> Self {
        let left = Self((self.0 & !(1 << worker)) + SEARCHER);
        match left.deputy() {
            Some(deputy) if deputy != worker => left,
            _ => left.with_deputy(left.first_sleeper()),
        }
    }
}

/// Whom to unpark after a change of the word.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Unpark {
    /// Awake now, and counted as a searcher.
    pub claimed: Option<usize>,
    /// Asleep still, but the deputy now: must choose its wait again.
    pub armed: Option<usize>,
}

/// The word.
pub struct Idle {
    word: AtomicU64,
    workers: u32,
}

impl Idle {
    pub fn new(workers: usize) -> Self {
        assert!(
            workers <= MAX_WORKERS,
            "the mask has room for {MAX_WORKERS} workers"
        );
        Self {
            word: AtomicU64::new(0),
            workers: workers as u32,
        }
    }

    /// A glance. It may be old; who depends on it fences first.
    pub fn view(&self) -> View {
        View(self.word.load(Ordering::Relaxed))
    }

    pub fn all_asleep(&self) -> bool {
        self.view().sleepers() == self.workers
    }

    /// Falls asleep and stops searching, in one step. A fence and a second look must follow.
    /// `None` when the runtime is stopping.
    #[must_use]
    pub fn announce(&self, me: usize, searching: bool) -> Option<View> {
        let token = if searching { SEARCHER } else { 0 };
        let change = self.change(View(self.word.seed()), |view| {
            let asleep = View((view.0 | 1 << me) - token);
            let others_awake = asleep.sleepers() < self.workers;
            let deputy = asleep.deputy().or(others_awake.then_some(me));
            (!view.is_stopping()).then(|| asleep.with_deputy(deputy))
        });
        if change.is_none() && searching {
            self.stop_searching();
        }
        change.map(|(_, asleep)| asleep)
    }

    /// Wakes one sleeper, unless somebody searches already. Also says what it saw.
    ///
    /// From a view that may be old, unless the caller has fenced after its push.
    pub fn claim_one(&self) -> (View, Unpark) {
        let mut seen = self.view();
        let change = self.change(seen, |view| {
            seen = view;
            let candidate = view.candidate().filter(|_| !view.has_searchers())?;
            Some(view.woken(candidate))
        });
        let unpark = change.map_or_else(Unpark::default, |(old, new)| Unpark {
            claimed: old.candidate(),
            armed: newly_armed(old, new),
        });
        (seen, unpark)
    }

    /// Wakes up on one's own account, and becomes a searcher: pushers that saw us search before
    /// we fell asleep have relied on us. Claimed meanwhile, we are one already.
    pub fn withdraw(&self, me: usize) -> Unpark {
        let change = self.change(View(self.word.seed()), |view| {
            view.sleeps(me).then(|| view.woken(me))
        });
        let armed = change.and_then(|(old, new)| newly_armed(old, new));
        Unpark {
            claimed: None,
            armed,
        }
    }

    /// `me`, asleep too, takes the watch over from the deputy. Whether it has.
    pub fn relieve(&self, deputy: usize, me: usize) -> bool {
        let change = self.change(self.view(), |view| {
            let can = view.deputy() == Some(deputy) && view.sleeps(me);
            can.then(|| view.with_deputy(Some(me)))
        });
        change.is_some()
    }

    /// The deputy gives up its watch, if nobody is awake to be watched.
    pub fn doze(&self, me: usize) {
        let _ = self.change(self.view(), |view| {
            let all = view.sleepers() == self.workers && view.deputy() == Some(me);
            all.then(|| view.with_deputy(None))
        });
    }

    /// Stops searching; whether that was the last searcher, who must look at the injector again.
    pub fn stop_searching(&self) -> bool {
        let change = self.change(View(self.word.seed()), |view| Some(View(view.0 - SEARCHER)));
        change.is_some_and(|(_, left)| !left.has_searchers())
    }

    /// Stops, and claims everybody in the same step. Says who must be unparked.
    pub fn stop(&self) -> impl Iterator<Item = usize> + use<> {
        let change = self.change(View(self.word.seed()), |view| {
            let tokens = u64::from(view.sleepers()) * SEARCHER;
            Some(View(((view.0 & SEARCHERS) + tokens) | STOPPING))
        });
        let old = change.map_or(View(0), |(old, _)| old);
        (0..MAX_WORKERS).filter(move |worker| old.sleeps(*worker))
    }

    /// One change of the word, from `first` on, unless `next` declines: the old value and the new.
    fn change(
        &self,
        first: View,
        mut next: impl FnMut(View) -> Option<View>,
    ) -> Option<(View, View)> {
        let mut old = first;
        loop {
            let new = next(old)?;
            // Ordering: none. Whoever relies on an order between this word and another has a
            // fence of its own (`sleep`, `shared`), or goes through a parker.
            let swapped =
                self.word
                    .compare_exchange(old.0, new.0, Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => {
                    self.check(new);
                    return Some((old, new));
                }
                Err(newer) => old = View(newer),
            }
        }
    }

    /// **watched**: the deputy sleeps; while some sleep and some are awake, there is one.
    fn check(&self, view: View) {
        let deputy_sleeps = view.deputy().is_none_or(|deputy| view.sleeps(deputy));
        debug_assert!(deputy_sleeps, "the deputy sleeps");
        let mixed = view.has_sleepers() && view.sleepers() < self.workers;
        debug_assert!(!mixed || view.deputy().is_some(), "somebody keeps watch");
    }
}

fn newly_armed(old: View, new: View) -> Option<usize> {
    new.deputy().filter(|deputy| old.deputy() != Some(*deputy))
}
