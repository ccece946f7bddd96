//! How does a thread block until somebody unparks it?
//!
//! One token in an atomic word; the lock and the condition variable only block. The word also
//! says *where* the thread blocks, because one that waits in the reactor is woken through it.
//! Returns may be spurious: the caller looks at what it waited for.
//!
//! - **token-first**: `unpark` leaves the token before it wakes, so a thread that was about to
//!   block finds it and does not.

use heist_core::primitive::{
    Condvar, Mutex, Wait,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;

const EMPTY: u32 = 0;
/// Blocked on the condition variable, or about to be.
const PARKED: u32 = 1;
/// Blocked in the reactor, or about to be.
const POLLING: u32 = 2;
const NOTIFIED: u32 = 3;

/// What is left to do for the one who unparks.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Unparked {
    /// Nothing.
    Done,
    /// Nothing: the token was there already.
    Already,
    /// The thread is in the reactor: notify it.
    NotifyReactor,
}

/// One thread's place to block.
#[derive(Debug, Default)]
pub struct Parker {
    word: AtomicU32,
    pub(crate) lock: Mutex<()>,
    pub(crate) unparked: Condvar,
}

impl Parker {
    /// Blocks until unparked, or for `timeout`; takes the token.
    pub fn park(&self, timeout: Option<Duration>) -> Wait {
        let mut guard = self.lock.lock();
        if !self.begin(PARKED) {
            return Wait::Woken;
        }
        let wait = match timeout {
            Some(timeout) => self.unparked.wait_for(&mut guard, timeout),
            None => {
                self.unparked.wait(&mut guard);
                Wait::Woken
            }
        };
        // The token may have come together with the timeout.
        if self.end() { Wait::Woken } else { wait }
    }

    /// Blocks until unparked, and never returns without the token.
    pub fn park_for_token(&self) {
        let mut guard = self.lock.lock();
        while self.begin(PARKED) {
            self.unparked.wait(&mut guard);
            if self.end() {
                return;
            }
        }
    }

    /// Says that the thread is about to block in the reactor. False when the token was here,
    /// which is taken: do not block.
    #[must_use]
    pub fn begin_polling(&self) -> bool {
        self.begin(POLLING)
    }

    /// Back from the reactor; takes the token, and says whether it was there.
    pub fn end_polling(&self) -> bool {
        self.end()
    }

    /// Leaves the token, and ends the thread's wait if it is in one.
    pub fn unpark(&self) -> Unparked {
        // Ordering: what happened before the unpark is visible after the park; pairs with `begin`
        // and `end`.
        match self.word.swap(NOTIFIED, Ordering::Release) {
            PARKED => {
                // Liveness: the lock, or the token falls between the sleeper's test and its wait.
                drop(self.lock.lock());
                self.unparked.notify_one();
                Unparked::Done
            }
            POLLING => Unparked::NotifyReactor,
            NOTIFIED => Unparked::Already,
            _ => Unparked::Done,
        }
    }

    fn begin(&self, place: u32) -> bool {
        let empty = self
            .word
            .compare_exchange(EMPTY, place, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        if !empty {
            self.end();
        }
        empty
    }

    /// Empties the word; whether the token was there.
    fn end(&self) -> bool {
        // Ordering: pairs with `unpark`. A swap, because the token must not be missed here.
        self.word.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }
}
