//! Who sleeps, who searches, and who keeps watch?
#![doc = include_str!("idle.md")]

use super::{
    policy::MAX_WORKERS,
    view::{Change, Few, Many, Step, View, Workers},
};
use heist_core::primitive::{
    Mutex, Seed,
    atomic::{AtomicU64, Ordering, fence},
};

/// As many workers have a bit in the one word.
const NARROW: usize = 48;

const SLEEPERS: u64 = (1 << NARROW) - 1;
const SEARCHER: u64 = 1 << NARROW;
const SEARCHERS: u64 = 0xff << NARROW;
const DEPUTY_SHIFT: usize = NARROW + 8;
const STOPPING: u64 = 1 << 63;
/// The deputy's number plus one; 0 for nobody.
const DEPUTY: u64 = STOPPING - (1 << DEPUTY_SHIFT);

/// Enough to decide whether somebody is to be woken. It may be old; who depends on it fences first.
#[derive(Clone, Copy)]
pub struct Glance(u64);

impl Glance {
    pub fn has_sleepers(self) -> bool {
        self.0 & SLEEPERS != 0
    }

    pub fn has_searchers(self) -> bool {
        self.0 & SEARCHERS != 0
    }

    /// Whether a push wakes somebody: there is a sleeper, and nobody searches.
    pub fn calls_for_one(self) -> bool {
        self.has_sleepers() && !self.has_searchers()
    }

    pub fn is_stopping(self) -> bool {
        self.0 & STOPPING != 0
    }
}

/// Whom to unpark after a change.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Unpark {
    /// Awake now, and counted as a searcher.
    pub claimed: Option<usize>,
    /// Asleep still, but the deputy now: must choose its wait again.
    pub armed: Option<usize>,
}

/// What a sleeper sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sleeper {
    /// Nobody has claimed it.
    pub sleeps: bool,
    /// Who keeps watch.
    pub deputy: Option<usize>,
}

impl Sleeper {
    #[inline]
    fn new<W: Workers>(view: View<W>, me: usize) -> Self {
        Self {
            sleeps: view.sleeps(me),
            deputy: view.deputy.map(usize::from),
        }
    }
}

/// The word, and what stands beside it when there are more workers than it has room for.
pub struct Idle {
    /// All of it, or if there are too many workers what a [`Glance`] needs.
    word: AtomicU64,
    wide: Option<Mutex<View>>,
    workers: usize,
}

impl Idle {
    pub fn new(workers: usize) -> Self {
        assert!(workers <= MAX_WORKERS, "at most {MAX_WORKERS} workers");
        Self {
            word: AtomicU64::new(0),
            wide: (workers > NARROW).then(Mutex::default),
            workers,
        }
    }

    #[inline]
    pub fn glance(&self) -> Glance {
        Glance(self.word.load(Ordering::Relaxed))
    }

    /// Everything, as it may have been a moment ago.
    pub fn view(&self) -> View {
        match &self.wide {
            None => self.narrow().into(),
            Some(view) => *view.lock(),
        }
    }

    #[inline]
    fn narrow(&self) -> View<Few> {
        unpacked(self.word.load(Ordering::Relaxed))
    }

    /// As much of the view as concerns `me`, who sleeps or has slept.
    #[inline]
    pub fn sleeper(&self, me: usize) -> Sleeper {
        match &self.wide {
            None => Sleeper::new(self.narrow(), me),
            Some(view) => Sleeper::new(*view.lock(), me),
        }
    }

    pub fn all_asleep(&self) -> bool {
        let all = self.view().sleepers.is_all(self.workers);
        // Ordering: what each has done before it fell asleep, its timers above all; pairs with
        // `announce`.
        fence(Ordering::Acquire);
        all
    }

    /// Falls asleep and stops searching, in one step. A fence and a second look must follow.
    /// `None` when the runtime is stopping.
    #[must_use]
    pub fn announce(&self, me: usize, searching: bool) -> Option<Sleeper> {
        // Ordering: what we have done before we fall asleep; pairs with `all_asleep`.
        fence(Ordering::Release);
        let change = self.change(self.word.seed(), Step::Sleep { me, searching });
        if change.is_none() && searching {
            self.stop_searching();
        }
        change.map(|change| Sleeper {
            sleeps: true,
            deputy: change.deputy,
        })
    }

    /// Wakes one sleeper, unless somebody searches already. Also says what it saw.
    ///
    /// From a glance that may be old, unless the caller has fenced after its push.
    pub fn claim_one(&self) -> (Glance, Unpark) {
        let glance = self.glance();
        if !glance.calls_for_one() {
            return (glance, Unpark::default());
        }
        let change = self.change(glance.0, Step::Claim);
        let unpark = change.map_or_else(Unpark::default, |change| Unpark {
            claimed: change.claimed,
            armed: change.armed,
        });
        (glance, unpark)
    }

    /// Wakes up on one's own account, and becomes a searcher: pushers that saw us search before
    /// we fell asleep have relied on us. Claimed meanwhile, we are one already.
    pub fn withdraw(&self, me: usize) -> Unpark {
        let change = self.change(self.word.seed(), Step::Withdraw(me));
        Unpark {
            claimed: None,
            armed: change.and_then(|change| change.armed),
        }
    }

    /// `me`, asleep too, takes the watch over from the deputy. Whether it has.
    pub fn relieve(&self, deputy: usize, me: usize) -> bool {
        let step = Step::Relieve { deputy, by: me };
        self.change(self.glance().0, step).is_some()
    }

    /// The deputy gives up its watch, if nobody is awake to be watched.
    pub fn doze(&self, me: usize) {
        let _ = self.change(self.glance().0, Step::Doze(me));
    }

    /// Stops searching; whether that was the last searcher, who must look at the injector again.
    pub fn stop_searching(&self) -> bool {
        let change = self.change(self.word.seed(), Step::StopSearching);
        change.is_some_and(|change| change.searchers == 0)
    }

    /// Stops, and claims everybody in the same step. Says who must be unparked.
    pub fn stop(&self) -> impl Iterator<Item = usize> + use<> {
        let sleepers = match &self.wide {
            None => (self.swap(self.word.seed(), Step::Stop))
                .map(|(before, _)| Many::from(before.sleepers)),
            Some(view) => self
                .replace(view, Step::Stop)
                .map(|(before, _)| before.sleepers),
        };
        sleepers.unwrap_or_default().iter()
    }

    /// One change, unless the step declines. `first` is what the word is thought to say; who must
    /// not decline because of an old one begins with the newest.
    ///
    /// Always inlined, as all that a step goes through: where the step is known, little is left.
    #[inline(always)]
    fn change(&self, first: u64, step: Step) -> Option<Change> {
        match &self.wide {
            None => (self.swap(first, step)).map(|(before, after)| after.since(before)),
            Some(view) => (self.replace(view, step)).map(|(before, after)| after.since(before)),
        }
    }

    /// A change of the word: what was there, and what is.
    #[inline(always)]
    fn swap(&self, first: u64, step: Step) -> Option<(View<Few>, View<Few>)> {
        let mut old = first;
        loop {
            let before = unpacked(old);
            let after = before.after(step, self.workers)?;
            // Ordering: none. Whoever relies on an order between this word and another has a
            // fence of its own (`sleep`, `shared`), or goes through a parker.
            let swapped = self.word.compare_exchange(
                old,
                packed(after),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => return Some((before, after)),
                Err(newer) => old = newer,
            }
        }
    }

    /// The same beside the word.
    #[cold]
    fn replace(&self, view: &Mutex<View>, step: Step) -> Option<(View, View)> {
        let mut view = view.lock();
        let before = *view;
        let after = before.after(step, self.workers)?;
        *view = after;
        // Ordering: none, as in `swap`.
        self.word.store(summary(after), Ordering::Relaxed);
        Some((before, after))
    }
}

#[inline]
fn packed(view: View<Few>) -> u64 {
    let deputy = view.deputy.map_or(0, |deputy| u64::from(deputy) + 1);
    view.sleepers
        | (u64::from(view.searchers) * SEARCHER)
        | (deputy << DEPUTY_SHIFT)
        | if view.is_stopping { STOPPING } else { 0 }
}

#[inline]
fn unpacked(word: u64) -> View<Few> {
    let deputy = (word & DEPUTY) >> DEPUTY_SHIFT;
    View {
        sleepers: word & SLEEPERS,
        searchers: ((word & SEARCHERS) / SEARCHER) as u16,
        deputy: deputy.checked_sub(1).map(|deputy| deputy as u16),
        is_stopping: word & STOPPING != 0,
    }
}

/// As much of a view as a [`Glance`] shows, for workers that have no bit.
fn summary(view: View) -> u64 {
    let sleepers = u64::from(!view.sleepers.is_empty());
    let searchers = u64::from(view.searchers > 0) * SEARCHER;
    sleepers | searchers | if view.is_stopping { STOPPING } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_fits_the_word() {
        let mut view = View::default();
        for worker in [0, 1, 17, 47] {
            let step = Step::Sleep {
                me: worker,
                searching: false,
            };
            view = view.after(step, 49).expect("nobody stops");
            view.searchers += 3;
            assert_eq!(unpacked(packed(view)), view);
            let glance = Glance(packed(view));
            assert!(glance.has_sleepers() && glance.has_searchers() && !glance.is_stopping());
        }
        let stopped = view.after(Step::Stop, 49).expect("it never declines");
        assert_eq!(unpacked(packed(stopped)), stopped);
        assert!(Glance(packed(stopped)).is_stopping());
    }

    #[test]
    fn a_follower_is_woken_first_and_the_deputy_last() {
        for workers in [3, NARROW + 1] {
            let idle = Idle::new(workers);
            let deputy_seen = |me| idle.announce(me, false).expect("nobody stops").deputy;
            assert_eq!([deputy_seen(0), deputy_seen(1)], [Some(0); 2]);
            let mut woken = Vec::new();
            for _ in 0..3 {
                let (_, unpark) = idle.claim_one();
                assert_eq!(unpark.armed, None);
                woken.push(unpark.claimed);
                if unpark.claimed.is_some() {
                    assert_eq!(idle.claim_one().1, Unpark::default(), "somebody searches");
                    assert!(idle.stop_searching());
                }
            }
            assert_eq!(woken, [Some(1), Some(0), None]);
        }
    }

    #[test]
    fn somebody_keeps_watch_unless_everybody_sleeps() {
        for workers in [2, NARROW, NARROW + 1] {
            let idle = Idle::new(workers);
            for me in 0..workers {
                assert!(!idle.all_asleep());
                idle.doze(0);
                let sleeper = idle.announce(me, false).expect("nobody stops");
                assert_eq!(sleeper.deputy, Some(0));
            }
            assert!(idle.all_asleep());
            idle.doze(0);
            assert_eq!(idle.sleeper(0).deputy, None);
            let armed = Unpark {
                claimed: None,
                armed: Some(0),
            };
            assert_eq!(idle.withdraw(1), armed);
            assert!(!idle.relieve(1, 0) && idle.sleeper(0).deputy == Some(0));
        }
    }

    /// The same steps on a word and beside it come to the same.
    #[test]
    fn many_workers_are_kept_like_few() {
        for workers in [3, NARROW] {
            let (narrow, wide) = (Idle::new(workers), Idle::new(NARROW + 1));
            let wide = Idle { workers, ..wide };
            let mut rng = fastrand::Rng::with_seed(7);
            for _ in 0..10_000 {
                step_both(&narrow, &wide, &mut rng);
            }
            let stopped = [narrow, wide].map(|idle| idle.stop().collect::<Vec<_>>());
            assert_eq!(stopped[0], stopped[1]);
        }
    }

    fn step_both(narrow: &Idle, wide: &Idle, rng: &mut fastrand::Rng) {
        let [worker, other] = [(); 2].map(|()| rng.usize(..narrow.workers));
        let view = narrow.view();
        assert_eq!(view, wide.view());
        match rng.u32(..7) {
            0 if !view.sleeps(worker) => {
                let searching = view.searchers > 0;
                let both = [narrow, wide].map(|idle| idle.announce(worker, searching));
                assert_eq!(both[0], both[1]);
            }
            1 if view.searchers < 40 => assert_eq!(narrow.claim_one().1, wide.claim_one().1),
            2 if view.searchers < 40 => assert_eq!(narrow.withdraw(worker), wide.withdraw(worker)),
            3 => [narrow, wide]
                .into_iter()
                .for_each(|idle| idle.doze(worker)),
            4 if view.searchers > 0 => {
                assert_eq!(narrow.stop_searching(), wide.stop_searching());
            }
            5 => assert_eq!(narrow.relieve(worker, other), wide.relieve(worker, other)),
            _ => assert_eq!(narrow.all_asleep(), wide.all_asleep()),
        }
        assert_eq!(narrow.sleeper(worker), wide.sleeper(worker));
    }
}
