//! Where does time come from?
//!
//! From a [`Clock`], which is a value: the system's monotonic clock, or one that stands still until
//! it is moved. It counts nanoseconds from its origin. Nothing else in heist asks the system for
//! the time.
//!
//! One word tells what the clock does: if its top bit is set, the clock is paused, and the other 63
//! are the time; if not, they are what the clock has gained on the system's, or lost, while it was
//! paused, modulo 2^63. A clock ends at 2^62 ns, after 146 years, so that it cannot wrap around in
//! another 146: what lies beyond is never.

use heist_core::primitive::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::{Duration, Instant};

const PAUSED: u64 = 1 << 63;

/// The bits that are a time.
const TIME: u64 = PAUSED - 1;

/// The last moment of a clock.
const END: u64 = 1 << 62;

/// A clock. Its clones are the same clock.
///
/// # Examples
///
/// ```
/// use heist_timer::Clock;
/// use std::time::Duration;
///
/// let clock = Clock::paused();
/// assert_eq!(clock.now_ns(), 0);
/// clock.advance(Duration::from_micros(5));
/// assert_eq!(clock.now_ns(), 5_000);
/// clock.advance_to(9_000);
/// clock.advance_to(7_000); // it never goes back
/// assert_eq!(clock.now_ns(), 9_000);
///
/// // A real clock can be stopped, and goes on from where it stood.
/// let clock = Clock::real();
/// clock.pause();
/// let stopped = clock.now_ns();
/// assert!(clock.is_paused());
/// assert_eq!(clock.now_ns(), stopped);
/// clock.resume();
/// assert!(!clock.is_paused());
/// assert!(clock.now_ns() >= stopped);
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Arc<State>);

#[derive(Debug)]
struct State {
    origin: Instant,
    word: AtomicU64,
}

impl Clock {
    /// The system's monotonic clock.
    pub fn real() -> Self {
        Self::new(0)
    }

    /// A clock that stands still until it is advanced or resumed.
    pub fn paused() -> Self {
        Self::new(PAUSED)
    }

    fn new(word: u64) -> Self {
        Self(Arc::new(State {
            origin: Self::system(),
            word: AtomicU64::new(word),
        }))
    }

    /// What the system's clock shows, for a thread that has no other.
    pub(crate) fn system() -> Instant {
        Instant::now()
    }

    /// Nanoseconds since the clock's origin.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        self.shows(self.word())
    }

    /// Whether the clock stands still.
    pub fn is_paused(&self) -> bool {
        self.word() & PAUSED != 0
    }

    /// Stops the clock at what it shows now.
    pub fn pause(&self) {
        self.change(|paused, now| if paused { None } else { Some(PAUSED | now) });
    }

    /// Lets the clock go on from what it shows now.
    pub fn resume(&self) {
        let gained = |now: u64| now.wrapping_sub(self.system_ns()) & TIME;
        self.change(|paused, now| paused.then(|| gained(now)));
    }

    /// Moves a paused clock on. It stops at its end, after 146 years.
    ///
    /// # Panics
    ///
    /// When the clock is not paused.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let to = |now: u64| PAUSED | now.saturating_add(by).min(END);
        let moved = self.change(|paused, now| paused.then(|| to(now)));
        assert!(
            moved,
            "only a paused clock can be advanced: `pause` it first"
        );
    }

    /// Moves a paused clock on to `ns`, unless it is there already. Does nothing to a running
    /// one, which gets there by itself.
    pub fn advance_to(&self, ns: u64) {
        self.change(|paused, now| (paused && now < ns).then(|| PAUSED | ns.min(END)));
    }

    /// A system's instant as this clock counts; `u64::MAX` for those it will never show.
    pub(crate) fn ns_of(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.0.origin).as_nanos();
        u64::try_from(since)
            .ok()
            .filter(|ns| *ns < END)
            .unwrap_or(u64::MAX)
    }

    /// The time `by` after `now`; `u64::MAX` for those it will never show.
    pub(crate) fn after(&self, now: u64, by: Duration) -> u64 {
        u64::try_from(by.as_nanos())
            .ok()
            .and_then(|by| now.checked_add(by))
            .filter(|ns| *ns < END)
            .unwrap_or(u64::MAX)
    }

    /// A time of this clock as a system's instant; one that never comes for `u64::MAX`.
    pub(crate) fn instant(&self, ns: u64) -> Instant {
        self.0.origin + Duration::from_nanos(ns)
    }

    /// What the clock shows, as a system's instant.
    pub(crate) fn now(&self) -> Instant {
        self.instant(self.now_ns())
    }

    fn shows(&self, word: u64) -> u64 {
        let time = if word & PAUSED != 0 {
            word
        } else {
            self.system_ns().wrapping_add(word)
        };
        (time & TIME).min(END)
    }

    fn system_ns(&self) -> u64 {
        let since = Self::system().saturating_duration_since(self.0.origin);
        since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
    }

    fn word(&self) -> u64 {
        // Ordering: a time is a number, it publishes nothing. Whoever was woken because of it reads
        // it no earlier than his waker did: reads of one word that happen in order see it in order.
        self.0.word.load(Ordering::Relaxed)
    }

    /// Writes the word that `next` makes of whether the clock is paused and of what it shows; says
    /// whether there was one.
    fn change(&self, next: impl Fn(bool, u64) -> Option<u64>) -> bool {
        let step = |word: u64| next(word & PAUSED != 0, self.shows(word));
        let word = &self.0.word;
        word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .is_ok()
    }
}
