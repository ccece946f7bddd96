//! Who waits for the operating system, and whom does it wake?
//!
//! One reactor for a runtime. It is nothing but a table until the first source registers; then
//! there is an instance of the operating system, and the runtime is kicked so that a sleeper comes
//! to wait in it.
//!
//! - **one-waiter**: the runtime's leader is the only one in [`Reactor::wait`].
//! - **generation**: a slot's number and its generation make the key; a report that was on its way
//!   while the slot was freed and taken again has an old generation, and is dropped.
//! - **wake-unlocked**: [`Reactor::wait`] hands the wakers out; the caller wakes them when it is no
//!   longer the leader.

use crate::{
    readiness::{Direction, Readiness},
    report::{Interest, Report},
    selector::{Buffer, Selector},
    slab::{Slab, Slot},
    variant::Variant,
};
use heist_core::{
    panics::contain,
    primitive::{Arc, Mutex, OnceLock},
};
use std::{fmt, io, os::fd::BorrowedFd, task::Waker, time::Duration};

/// A source's place in the table, and which of its sources it is.
#[derive(Debug, Clone, Copy)]
struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// As one number. A generation has 24 bits, so it is never `u64::MAX`, which is the
    /// selector's own.
    fn to_bits(self) -> u64 {
        (u64::from(self.generation) << 32) | u64::from(self.index)
    }

    /// The key that [`Key::to_bits`] came from.
    fn from_bits(bits: u64) -> Self {
        Self {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

/// A source's slot, and which of the slot's sources it is.
pub struct Registration {
    slot: Slot,
    generation: u32,
}

impl Registration {
    /// The source's readiness.
    #[inline]
    pub fn readiness(&self) -> &Readiness {
        &self.slot
    }

    fn key(&self) -> Key {
        Key {
            index: self.slot.index,
            generation: self.generation,
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key().fmt(f)
    }
}

/// The one place where a runtime waits for the operating system.
pub struct Reactor {
    slab: Slab,
    /// Made for the first source.
    selector: OnceLock<Selector>,
    /// Held while the selector is made.
    birth: Mutex<()>,
    variant: Variant,
    buffer: Mutex<Buffer>,
    kick: Waker,
}

impl Reactor {
    /// A reactor without an instance of the operating system. `kick` is woken when it gets one.
    pub fn new(variant: Variant, kick: Waker) -> Arc<Self> {
        Arc::new(Self {
            slab: Slab::default(),
            selector: OnceLock::new(),
            birth: Mutex::new(()),
            variant,
            buffer: Mutex::default(),
            kick,
        })
    }

    /// Whether there is something to wait for.
    pub fn is_live(&self) -> bool {
        self.selector.get().is_some()
    }

    /// Waits for reports, for `timeout` at most, and adds the wakers that they wake to `wakers`.
    /// One thread at a time.
    ///
    /// # Errors
    ///
    /// When the operating system cannot wait.
    pub fn wait(&self, timeout: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()> {
        let Some(selector) = self.selector.get() else {
            return Ok(());
        };
        selector.wait(&mut self.buffer.lock(), timeout, |report| {
            self.dispatch(report, wakers);
        })
    }

    fn dispatch(&self, report: Report, wakers: &mut Vec<Waker>) {
        let Key { index, generation } = Key::from_bits(report.key);
        let Some(readiness) = self.slab.get(index) else {
            return;
        };
        // In both cases a short read does not mean that everything was read.
        let goes_on = report.ended || report.urgent;
        for (direction, has) in [
            (Direction::Read, report.readable),
            (Direction::Write, report.writable),
        ] {
            if has {
                readiness.report(direction, generation, goes_on, wakers);
            }
        }
    }

    /// Ends the wait that is going on, or the next one.
    pub fn notify(&self) {
        if let Some(selector) = self.selector.get() {
            // A counter that is full has its notification already.
            let _ = selector.notify();
        }
    }

    /// Gives a source a slot, which `begin` may change, and adds its descriptor. What is ready
    /// already is reported at once.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the descriptor, or an instance of itself; and after
    /// [`close`](Self::close).
    pub fn register(
        &self,
        fd: BorrowedFd<'_>,
        begin: impl FnOnce(&Readiness),
    ) -> io::Result<Registration> {
        let (selector, is_new) = self.selector()?;
        if is_new {
            // Liveness: a sleeper waits on its parker, because there was nothing else. It may also
            // have seen the birth and be inside already, which the kick does not know.
            self.kick.wake_by_ref();
            self.notify();
        }
        let slot = self.slab.take()?;
        let generation = slot.generation();
        begin(&slot);
        let registration = Registration { slot, generation };
        if let Err(error) = selector.add(fd, registration.key().to_bits()) {
            self.free(&registration);
            return Err(error);
        }
        Ok(registration)
    }

    /// The selector, and whether it was made just now.
    fn selector(&self) -> io::Result<(&Selector, bool)> {
        if let Some(selector) = self.selector.get() {
            return Ok((selector, false));
        }
        let _birth = self.birth.lock();
        let is_new = self.selector.get().is_none();
        if is_new {
            let made = self.selector.set(Selector::new(self.variant)?);
            assert!(made.is_ok(), "a selector is made under the lock");
        }
        let selector = self.selector.get().expect("made above, or by another");
        Ok((selector, is_new))
    }

    /// Whether a short read or write of a registered stream means that the next would block.
    pub fn tells_the_end(&self) -> bool {
        self.selector.get().is_some_and(Selector::tells_the_end)
    }

    /// Arms a source's descriptor for the directions that were cleared, where that is needed. One
    /// thread at a time for each source: of two that knew one direction each, the second would
    /// disarm the first one's.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn arm(&self, fd: BorrowedFd<'_>, registration: &Registration) -> io::Result<()> {
        let Some(selector) = self.selector.get() else {
            return Ok(());
        };
        let readiness = registration.readiness();
        let interest = Interest {
            read: readiness.is_blocked(Direction::Read),
            write: readiness.is_blocked(Direction::Write),
        };
        selector.arm(fd, registration.key().to_bits(), interest)
    }

    /// Whether [`arm`](Self::arm) is needed at all.
    pub fn is_oneshot(&self) -> bool {
        self.selector.get().is_some_and(Selector::is_oneshot)
    }

    /// Deletes a descriptor, which is about to be closed, and frees its slot.
    pub fn deregister(&self, fd: BorrowedFd<'_>, registration: &Registration) {
        if let Some(selector) = self.selector.get() {
            // It fails for a descriptor that is not there, which is what was wanted.
            let _ = selector.delete(fd);
        }
        self.free(registration);
    }

    fn free(&self, registration: &Registration) {
        let mut wakers = Vec::new();
        registration.readiness().retire(&mut wakers);
        self.slab.give_back(&registration.slot);
    }

    /// Ends: whoever waits is woken and gets an error, and so does every later operation that
    /// would wait.
    pub fn close(&self) {
        let mut wakers = Vec::new();
        self.slab.close(|readiness| readiness.shut(&mut wakers));
        for waker in wakers {
            // A panic in a foreign waker is its owner's.
            contain(|| waker.wake());
        }
    }

    /// How many sources are registered.
    pub fn sources(&self) -> usize {
        self.slab.len()
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("variant", &self.variant)
            .field("sources", &self.sources())
            .finish_non_exhaustive()
    }
}
