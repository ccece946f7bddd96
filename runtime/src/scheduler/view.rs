//! What is known of the workers at one moment, and what may follow?
//!
//! Values only: `idle` keeps one for all threads to see, and changes it in one step.
//!
//! - **watched**: the deputy sleeps; while some sleep and some are awake, there is one.

use super::policy::MAX_WORKERS;

const WORDS: usize = MAX_WORKERS.div_ceil(64);

/// A set of workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Workers([u64; WORDS]);

impl Workers {
    /// The workers up to 63, a bit each.
    pub fn from_bits(bits: u64) -> Self {
        let mut words = [0; WORDS];
        words[0] = bits;
        Self(words)
    }

    /// The first 64.
    pub fn to_bits(self) -> u64 {
        self.0[0]
    }

    pub fn has(self, worker: usize) -> bool {
        self.0[worker / 64] & (1 << (worker % 64)) != 0
    }

    pub fn with(mut self, worker: usize) -> Self {
        self.0[worker / 64] |= 1 << (worker % 64);
        self
    }

    pub fn without(mut self, worker: usize) -> Self {
        self.0[worker / 64] &= !(1 << (worker % 64));
        self
    }

    pub fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn first(self) -> Option<usize> {
        let word = self.0.iter().position(|word| *word != 0)?;
        Some(word * 64 + self.0[word].trailing_zeros() as usize)
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_WORKERS).filter(move |worker| self.has(*worker))
    }
}

/// One moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    pub sleepers: Workers,
    /// Those who were woken because there may be work, and have found none yet.
    pub searchers: u16,
    /// The one sleeper that waits with a period.
    pub deputy: Option<u16>,
    pub is_stopping: bool,
}

impl View {
    pub fn sleeps(self, worker: usize) -> bool {
        self.sleepers.has(worker)
    }

    pub fn is_deputy(self, worker: usize) -> bool {
        self.deputy == Some(worker as u16)
    }

    /// The sleeper to wake: a follower if there is one, the deputy last.
    pub fn candidate(self) -> Option<usize> {
        let followers = self.deputy.map_or(self.sleepers, |deputy| {
            self.sleepers.without(usize::from(deputy))
        });
        followers.first().or_else(|| self.sleepers.first())
    }

    /// `me` falls asleep, one of `workers`, and gives its token back if it was `searching`.
    pub fn asleep(self, me: usize, searching: bool, workers: usize) -> Self {
        let sleepers = self.sleepers.with(me);
        let others_awake = sleepers.len() < workers;
        Self {
            sleepers,
            searchers: self.searchers - u16::from(searching),
            deputy: self.deputy.or(others_awake.then_some(me as u16)),
            ..self
        }
    }

    /// `worker` is awake and counted as a searcher; another sleeper keeps watch, if there is one
    /// and nobody does.
    pub fn woken(self, worker: usize) -> Self {
        let sleepers = self.sleepers.without(worker);
        let deputy = self.deputy.filter(|_| !self.is_deputy(worker));
        Self {
            sleepers,
            searchers: self.searchers + 1,
            deputy: deputy.or(sleepers.first().map(|first| first as u16)),
            ..self
        }
    }

    /// Everybody is awake, and a searcher if he slept.
    pub fn stopped(self) -> Self {
        Self {
            sleepers: Workers::default(),
            searchers: self.searchers + self.sleepers.len() as u16,
            deputy: None,
            is_stopping: true,
        }
    }

    /// Whom the change from `before` has made the deputy.
    pub fn newly_armed(self, before: Self) -> Option<usize> {
        self.deputy
            .filter(|deputy| before.deputy != Some(*deputy))
            .map(usize::from)
    }

    /// **watched**
    pub fn check(self, workers: usize) {
        let deputy_sleeps = self
            .deputy
            .is_none_or(|deputy| self.sleeps(usize::from(deputy)));
        debug_assert!(deputy_sleeps, "the deputy sleeps");
        let mixed = !self.sleepers.is_empty() && self.sleepers.len() < workers;
        debug_assert!(!mixed || self.deputy.is_some(), "somebody keeps watch");
    }
}
