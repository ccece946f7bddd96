//! What is known of the workers at one moment, and what may follow?
//!
//! Values only: `idle` keeps one for all threads to see, and changes it in one step.
//!
//! - **watched**: the deputy sleeps; while some sleep and some are awake, there is one.

use super::policy::MAX_WORKERS;

/// A set of workers.
pub trait Workers: Copy + Default {
    fn has(self, worker: usize) -> bool;

    fn with(self, worker: usize) -> Self;

    fn without(self, worker: usize) -> Self;

    fn len(self) -> usize;

    /// Whether it is all of `workers`.
    fn is_all(self, workers: usize) -> bool {
        self.len() == workers
    }

    fn first(self) -> Option<usize>;

    fn is_empty(self) -> bool {
        self.first().is_none()
    }
}

/// The workers up to 63, a bit each: mostly there are no more.
pub type Few = u64;

const WORDS: usize = MAX_WORKERS.div_ceil(64);

/// As many as there may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Many([Few; WORDS]);

impl Workers for Few {
    #[inline]
    fn has(self, worker: usize) -> bool {
        self & (1 << worker) != 0
    }

    #[inline]
    fn with(self, worker: usize) -> Self {
        self | (1 << worker)
    }

    #[inline]
    fn without(self, worker: usize) -> Self {
        self & !(1 << worker)
    }

    #[inline]
    fn len(self) -> usize {
        self.count_ones() as usize
    }

    #[inline]
    fn is_all(self, workers: usize) -> bool {
        self.trailing_ones() as usize == workers
    }

    #[inline]
    fn first(self) -> Option<usize> {
        (self != 0).then(|| self.trailing_zeros() as usize)
    }
}

impl Workers for Many {
    fn has(self, worker: usize) -> bool {
        self.0[worker / 64].has(worker % 64)
    }

    fn with(mut self, worker: usize) -> Self {
        let word = &mut self.0[worker / 64];
        *word = word.with(worker % 64);
        self
    }

    fn without(mut self, worker: usize) -> Self {
        let word = &mut self.0[worker / 64];
        *word = word.without(worker % 64);
        self
    }

    fn len(self) -> usize {
        self.0.into_iter().map(Few::len).sum()
    }

    fn first(self) -> Option<usize> {
        let mut words = self.0.into_iter().enumerate();
        words.find_map(|(at, word)| Some(at * 64 + word.first()?))
    }
}

impl From<Few> for Many {
    fn from(few: Few) -> Self {
        let mut words = [0; WORDS];
        words[0] = few;
        Self(words)
    }
}

impl Many {
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_WORKERS).filter(move |worker| self.has(*worker))
    }
}

/// One moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View<W = Many> {
    pub sleepers: W,
    /// Those who were woken because there may be work, and have found none yet.
    pub searchers: u16,
    /// The one sleeper that waits with a period.
    pub deputy: Option<u16>,
    pub is_stopping: bool,
}

/// What happens to a view.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// `me` falls asleep, and gives its token back if it was `searching`; not while stopping.
    Sleep { me: usize, searching: bool },
    /// The candidate is woken, unless somebody searches.
    Claim,
    /// The worker wakes up on its own account.
    Withdraw(usize),
    /// The sleeper `by` takes the watch over from the deputy.
    Relieve { deputy: usize, by: usize },
    /// The deputy gives up its watch, if everybody sleeps.
    Doze(usize),
    /// A searcher gives its token back.
    StopSearching,
    /// Everybody is awake, and a searcher if he slept.
    Stop,
}

/// What a step has changed, as far as somebody has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Awake now: the one who was the candidate.
    pub claimed: Option<usize>,
    /// The deputy now, and not before.
    pub armed: Option<usize>,
    /// Who keeps watch now.
    pub deputy: Option<usize>,
    pub searchers: u16,
}

impl<W: Workers> View<W> {
    #[inline]
    pub fn sleeps(self, worker: usize) -> bool {
        self.sleepers.has(worker)
    }

    #[inline]
    fn is_deputy(self, worker: usize) -> bool {
        self.deputy == Some(worker as u16)
    }

    /// The sleeper to wake: a follower if there is one, the deputy last.
    #[inline]
    pub fn candidate(self) -> Option<usize> {
        let followers = self.deputy.map_or(self.sleepers, |deputy| {
            self.sleepers.without(usize::from(deputy))
        });
        followers.first().or_else(|| self.sleepers.first())
    }

    /// One of `workers` makes this step; `None` if there is nothing to change.
    #[inline(always)]
    pub fn after(self, step: Step, workers: usize) -> Option<Self> {
        let after = match step {
            Step::Sleep { me, searching } if !self.is_stopping => {
                self.asleep(me, searching, workers)
            }
            Step::Claim if self.searchers == 0 => self.woken(self.candidate()?),
            Step::Withdraw(me) if self.sleeps(me) => self.woken(me),
            Step::Relieve { deputy, by } if self.is_deputy(deputy) && self.sleeps(by) => Self {
                deputy: Some(by as u16),
                ..self
            },
            Step::Doze(me) if self.is_deputy(me) && self.sleepers.is_all(workers) => Self {
                deputy: None,
                ..self
            },
            Step::StopSearching => Self {
                searchers: self.searchers - 1,
                ..self
            },
            Step::Stop => Self {
                sleepers: W::default(),
                searchers: self.searchers + self.sleepers.len() as u16,
                deputy: None,
                is_stopping: true,
            },
            _ => return None,
        };
        after.check(workers);
        Some(after)
    }

    #[inline]
    fn asleep(self, me: usize, searching: bool, workers: usize) -> Self {
        let sleepers = self.sleepers.with(me);
        let others_awake = !sleepers.is_all(workers);
        Self {
            sleepers,
            searchers: self.searchers - u16::from(searching),
            deputy: self.deputy.or(others_awake.then_some(me as u16)),
            ..self
        }
    }

    /// `worker` is counted as a searcher; another sleeper keeps watch, if there is one and nobody
    /// does.
    #[inline]
    fn woken(self, worker: usize) -> Self {
        let sleepers = self.sleepers.without(worker);
        let deputy = self.deputy.filter(|_| !self.is_deputy(worker));
        Self {
            sleepers,
            searchers: self.searchers + 1,
            deputy: deputy.or(sleepers.first().map(|first| first as u16)),
            ..self
        }
    }

    /// What has changed since `before`.
    #[inline]
    pub fn since(self, before: Self) -> Change {
        let candidate = before.candidate();
        let deputy = self.deputy.map(usize::from);
        Change {
            claimed: candidate.filter(|worker| !self.sleeps(*worker)),
            armed: deputy.filter(|deputy| !before.is_deputy(*deputy)),
            deputy,
            searchers: self.searchers,
        }
    }

    /// **watched**
    fn check(self, workers: usize) {
        let deputy_sleeps = self
            .deputy
            .is_none_or(|deputy| self.sleeps(usize::from(deputy)));
        debug_assert!(deputy_sleeps, "the deputy sleeps");
        let mixed = !self.sleepers.is_empty() && !self.sleepers.is_all(workers);
        debug_assert!(!mixed || self.deputy.is_some(), "somebody keeps watch");
    }
}

impl From<View<Few>> for View {
    fn from(few: View<Few>) -> Self {
        Self {
            sleepers: few.sleepers.into(),
            searchers: few.searchers,
            deputy: few.deputy,
            is_stopping: few.is_stopping,
        }
    }
}
