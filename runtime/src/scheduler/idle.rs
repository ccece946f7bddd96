//! Who sleeps, who searches, and who keeps watch?
#![doc = include_str!("idle.md")]

use super::{
    policy::MAX_WORKERS,
    view::{View, Workers},
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
            None => unpacked(self.word.load(Ordering::Relaxed)),
            Some(view) => *view.lock(),
        }
    }

    pub fn all_asleep(&self) -> bool {
        let all = self.view().sleepers.len() == self.workers;
        // Ordering: what each has done before it fell asleep, its timers above all; pairs with
        // `announce`.
        fence(Ordering::Acquire);
        all
    }

    /// Falls asleep and stops searching, in one step. A fence and a second look must follow.
    /// `None` when the runtime is stopping.
    #[must_use]
    pub fn announce(&self, me: usize, searching: bool) -> Option<View> {
        // Ordering: what we have done before we fall asleep; pairs with `all_asleep`.
        fence(Ordering::Release);
        let change = self.change(self.word.seed(), |view| {
            (!view.is_stopping).then(|| view.asleep(me, searching, self.workers))
        });
        if change.is_none() && searching {
            self.stop_searching();
        }
        change.map(|(_, asleep)| asleep)
    }

    /// Wakes one sleeper, unless somebody searches already. Also says what it saw.
    ///
    /// From a glance that may be old, unless the caller has fenced after its push.
    pub fn claim_one(&self) -> (Glance, Unpark) {
        let glance = self.glance();
        if !glance.calls_for_one() {
            return (glance, Unpark::default());
        }
        let change = self.change(glance.0, |view| {
            let candidate = view.candidate().filter(|_| view.searchers == 0)?;
            Some(view.woken(candidate))
        });
        let unpark = change.map_or_else(Unpark::default, |(old, new)| Unpark {
            claimed: old.candidate(),
            armed: new.newly_armed(old),
        });
        (glance, unpark)
    }

    /// Wakes up on one's own account, and becomes a searcher: pushers that saw us search before
    /// we fell asleep have relied on us. Claimed meanwhile, we are one already.
    pub fn withdraw(&self, me: usize) -> Unpark {
        let change = self.change(self.word.seed(), |view| {
            view.sleeps(me).then(|| view.woken(me))
        });
        Unpark {
            claimed: None,
            armed: change.and_then(|(old, new)| new.newly_armed(old)),
        }
    }

    /// `me`, asleep too, takes the watch over from the deputy. Whether it has.
    pub fn relieve(&self, deputy: usize, me: usize) -> bool {
        let change = self.change(self.glance().0, |view| {
            let can = view.is_deputy(deputy) && view.sleeps(me);
            can.then_some(View {
                deputy: Some(me as u16),
                ..view
            })
        });
        change.is_some()
    }

    /// The deputy gives up its watch, if nobody is awake to be watched.
    pub fn doze(&self, me: usize) {
        let _ = self.change(self.glance().0, |view| {
            let all = view.sleepers.len() == self.workers && view.is_deputy(me);
            all.then_some(View {
                deputy: None,
                ..view
            })
        });
    }

    /// Stops searching; whether that was the last searcher, who must look at the injector again.
    pub fn stop_searching(&self) -> bool {
        let change = self.change(self.word.seed(), |view| {
            Some(View {
                searchers: view.searchers - 1,
                ..view
            })
        });
        change.is_some_and(|(_, left)| left.searchers == 0)
    }

    /// Stops, and claims everybody in the same step. Says who must be unparked.
    pub fn stop(&self) -> impl Iterator<Item = usize> + use<> {
        let change = self.change(self.word.seed(), |view| Some(view.stopped()));
        change
            .map_or(Workers::default(), |(old, _)| old.sleepers)
            .iter()
    }

    /// One change, unless `next` declines: what was there, and what is. `first` is what the word
    /// is thought to say; who must not decline because of an old one begins with the newest.
    fn change(
        &self,
        first: u64,
        mut next: impl FnMut(View) -> Option<View>,
    ) -> Option<(View, View)> {
        if let Some(view) = &self.wide {
            let mut view = view.lock();
            let (old, new) = (*view, next(*view)?);
            *view = new;
            // Ordering: none, as below.
            self.word.store(summary(new), Ordering::Relaxed);
            new.check(self.workers);
            return Some((old, new));
        }
        let mut old = first;
        loop {
            let new = next(unpacked(old))?;
            // Ordering: none. Whoever relies on an order between this word and another has a
            // fence of its own (`sleep`, `shared`), or goes through a parker.
            let swapped =
                self.word
                    .compare_exchange(old, packed(new), Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => {
                    new.check(self.workers);
                    return Some((unpacked(old), new));
                }
                Err(newer) => old = newer,
            }
        }
    }
}

fn packed(view: View) -> u64 {
    let deputy = view.deputy.map_or(0, |deputy| u64::from(deputy) + 1);
    view.sleepers.to_bits()
        | (u64::from(view.searchers) * SEARCHER)
        | (deputy << DEPUTY_SHIFT)
        | if view.is_stopping { STOPPING } else { 0 }
}

fn unpacked(word: u64) -> View {
    let deputy = (word & DEPUTY) >> DEPUTY_SHIFT;
    View {
        sleepers: Workers::from_bits(word & SLEEPERS),
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
            view = view.asleep(worker, false, 49);
            view.searchers += 3;
            assert_eq!(unpacked(packed(view)), view);
            let glance = Glance(packed(view));
            assert!(glance.has_sleepers() && glance.has_searchers() && !glance.is_stopping());
        }
        let stopped = view.stopped();
        assert_eq!(unpacked(packed(stopped)), stopped);
        assert!(Glance(packed(stopped)).is_stopping());
    }

    /// The same steps on a word and beside it come to the same.
    #[test]
    fn many_workers_are_kept_like_few() {
        let (narrow, wide) = (Idle::new(NARROW), Idle::new(NARROW + 1));
        let wide = Idle {
            workers: NARROW,
            ..wide
        };
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..10_000 {
            let worker = rng.usize(..NARROW);
            let view = narrow.view();
            assert_eq!(view, wide.view());
            match rng.u32(..6) {
                0 if !view.sleeps(worker) => {
                    let searching = view.searchers > 0;
                    let both = [&narrow, &wide].map(|idle| idle.announce(worker, searching));
                    assert_eq!(both[0], both[1]);
                }
                1 if view.searchers < 40 => assert_eq!(narrow.claim_one().1, wide.claim_one().1),
                2 if view.searchers < 40 => {
                    assert_eq!(narrow.withdraw(worker), wide.withdraw(worker));
                }
                3 => [&narrow, &wide]
                    .into_iter()
                    .for_each(|idle| idle.doze(worker)),
                4 if view.searchers > 0 => {
                    assert_eq!(narrow.stop_searching(), wide.stop_searching());
                }
                _ => assert_eq!(narrow.all_asleep(), wide.all_asleep()),
            }
        }
        let stopped = [narrow, wide].map(|idle| idle.stop().collect::<Vec<_>>());
        assert_eq!(stopped[0], stopped[1]);
    }
}
