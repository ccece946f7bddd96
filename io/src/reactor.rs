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
    selector::{Buffer, Report, Selector},
};
use heist_core::primitive::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};
use std::{fmt, io, os::fd::BorrowedFd, str::FromStr, task::Waker, time::Duration};

/// Which way of waiting a reactor uses.
///
/// ```
/// use heist_io::reactor::Variant;
///
/// assert_eq!("polling".parse(), Ok(Variant::Polling));
/// assert_eq!(Variant::default(), Variant::Polling);
/// let unknown = "guessing".parse::<Variant>().unwrap_err();
/// assert_eq!(unknown.to_string(), "there is no reactor `guessing`; there is `polling`");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Variant {
    /// The `polling` crate, edge-triggered.
    #[default]
    Polling,
}

impl FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        match name {
            "polling" => Ok(Self::Polling),
            _ => Err(UnknownVariant(name.to_owned())),
        }
    }
}

/// There is no reactor of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownVariant(String);

impl fmt::Display for UnknownVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no reactor `{}`; there is `polling`", self.0)
    }
}

impl std::error::Error for UnknownVariant {}

/// A source's place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// As one number, which is never `usize::MAX`: that is `polling`'s own.
    fn to_usize(self) -> usize {
        ((self.generation as usize) << 32) | self.index as usize
    }

    fn from_usize(key: usize) -> Self {
        Self {
            index: key as u32,
            generation: (key >> 32) as u32,
        }
    }
}

#[derive(Default)]
struct Slot {
    generation: u32,
    readiness: Option<Arc<Readiness>>,
}

#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    selector: Option<Arc<Selector>>,
    closed: bool,
}

/// The one place where a runtime waits for the operating system.
pub struct Reactor {
    table: Mutex<Table>,
    /// Whether there is a selector. A glance, so that nobody needs the lock to learn that there is
    /// none.
    live: AtomicBool,
    buffer: Mutex<Buffer>,
    kick: Waker,
}

/// The error of every operation after the runtime's end.
pub fn closed() -> io::Error {
    io::Error::other("the runtime of this socket has shut down")
}

impl Reactor {
    /// A reactor without an instance of the operating system. `kick` is woken when it gets one.
    pub fn new(_variant: Variant, kick: Waker) -> Arc<Self> {
        let (table, live) = (Mutex::default(), AtomicBool::new(false));
        Arc::new(Self {
            table,
            live,
            buffer: Mutex::new(Buffer::new()),
            kick,
        })
    }

    /// Whether there is something to wait for.
    pub fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed)
    }

    /// Waits for reports, for `timeout` at most, and adds the wakers that they wake to `wakers`.
    /// Says how many reports there were. One thread at a time.
    ///
    /// # Errors
    ///
    /// When the operating system cannot wait.
    pub fn wait(&self, timeout: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<usize> {
        let Some(selector) = self.table.lock().selector.clone() else {
            return Ok(0);
        };
        let mut reports = 0;
        selector.wait(&mut self.buffer.lock(), timeout, |report| {
            reports += 1;
            self.dispatch(report, wakers);
        })?;
        Ok(reports)
    }

    fn dispatch(&self, report: Report, wakers: &mut Vec<Waker>) {
        let key = Key::from_usize(report.key);
        let readiness = {
            let table = self.table.lock();
            let slot = table.slots.get(key.index as usize);
            slot.filter(|slot| slot.generation == key.generation)
                .and_then(|slot| slot.readiness.clone())
        };
        let Some(readiness) = readiness else { return };
        if report.readable {
            readiness.report(Direction::Read, wakers);
        }
        if report.writable {
            readiness.report(Direction::Write, wakers);
        }
    }

    /// Ends the wait that is going on, or the next one.
    pub fn notify(&self) {
        let selector = self.table.lock().selector.clone();
        if let Some(selector) = selector {
            // A counter that is full has its notification already.
            let _ = selector.notify();
        }
    }

    /// Puts a source into the table, and adds its descriptor. It is reported at once if it is
    /// ready already.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the descriptor, or an instance of itself; and after
    /// [`close`](Self::close).
    pub fn register(&self, fd: BorrowedFd<'_>, readiness: &Arc<Readiness>) -> io::Result<Key> {
        let (selector, key, born) = self.insert(readiness)?;
        if let Err(error) = selector.add(fd, key.to_usize()) {
            self.free(key);
            return Err(error);
        }
        if born {
            // Liveness: a sleeper waits on its parker, because there was nothing else.
            self.kick.wake_by_ref();
        }
        Ok(key)
    }

    fn insert(&self, readiness: &Arc<Readiness>) -> io::Result<(Arc<Selector>, Key, bool)> {
        let mut table = self.table.lock();
        if table.closed {
            return Err(closed());
        }
        let (selector, born) = match &table.selector {
            Some(selector) => (selector.clone(), false),
            None => (Arc::new(Selector::new()?), true),
        };
        if born {
            table.selector = Some(selector.clone());
            // Ordering: the fence in the kick orders it against the leader's look.
            self.live.store(true, Ordering::Relaxed);
        }
        let index = match table.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(table.slots.len()).map_err(io::Error::other)?;
                table.slots.push(Slot::default());
                index
            }
        };
        let slot = &mut table.slots[index as usize];
        slot.readiness = Some(readiness.clone());
        Ok((
            selector,
            Key {
                index,
                generation: slot.generation,
            },
            born,
        ))
    }

    /// Deletes a descriptor, which is about to be closed, and frees its slot.
    pub fn deregister(&self, fd: BorrowedFd<'_>, key: Key) {
        let selector = self.table.lock().selector.clone();
        if let Some(selector) = selector {
            // It fails for a descriptor that is not there, which is what was wanted.
            let _ = selector.delete(fd);
        }
        self.free(key);
    }

    fn free(&self, key: Key) {
        let mut table = self.table.lock();
        let slot = &mut table.slots[key.index as usize];
        // The last generation's keys would run into `usize::MAX`: never reach it.
        slot.generation = (slot.generation + 1) % u32::MAX;
        let readiness = slot.readiness.take();
        table.free.push(key.index);
        drop(table);
        drop(readiness);
    }

    /// Ends: whoever waits is woken and gets an error, and so does every later operation that
    /// would wait.
    pub fn close(&self) {
        let sources: Vec<_> = {
            let mut table = self.table.lock();
            table.closed = true;
            table
                .slots
                .iter()
                .filter_map(|slot| slot.readiness.clone())
                .collect()
        };
        let mut wakers = Vec::new();
        for readiness in sources {
            readiness.report(Direction::Read, &mut wakers);
            readiness.report(Direction::Write, &mut wakers);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether the reactor has been closed.
    pub fn is_closed(&self) -> bool {
        self.table.lock().closed
    }

    /// How many sources are registered.
    pub fn sources(&self) -> usize {
        let table = self.table.lock();
        table.slots.len() - table.free.len()
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("sources", &self.sources())
            .finish_non_exhaustive()
    }
}
