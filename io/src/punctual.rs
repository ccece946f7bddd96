//! How soon after the time does the system wake a thread?
//!
//! Linux lets the timers of several threads run out together, and for that makes each wait up to 50
//! µs longer: the *timer slack*, which each thread has its own of. A runtime's timers wait in one
//! thread, so there is nothing to be gained, and every sleep would be late by that much.

use rustix::thread::{current_timer_slack, set_current_timer_slack};
use std::{marker::PhantomData, num::NonZeroU64};

/// What a thread has for whom nobody chose otherwise.
const DEFAULT_NS: u64 = 50_000;

/// The time in which this thread's waits end on time. Dropped, they are as they were.
#[derive(Debug)]
#[must_use]
pub struct Punctual {
    had_default: bool,
    /// A guard belongs to the thread that made it.
    _here: PhantomData<*const ()>,
}

impl Punctual {
    /// Makes this thread's waits end on time, unless somebody chose another slack for it.
    pub fn here() -> Self {
        let had_default = current_timer_slack().is_ok_and(|slack| slack == DEFAULT_NS);
        if had_default {
            set(1);
        }
        Self {
            had_default,
            _here: PhantomData,
        }
    }
}

impl Drop for Punctual {
    fn drop(&mut self) {
        if self.had_default {
            set(DEFAULT_NS);
        }
    }
}

fn set(ns: u64) {
    // Fails where a sandbox forbids it: then the waits are longer.
    let _ = set_current_timer_slack(NonZeroU64::new(ns));
}
