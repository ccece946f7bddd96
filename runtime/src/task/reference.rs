//! Who may reach a task without running it?
//!
//! Who has a counted reference: the join handle, wakers, abort handles; and who looks at all tasks,
//! for as long as it looks at one.

use super::{
    cell::{Entry, Header, Outcome, Schedule},
    state::{AfterClose, AfterDrop, AfterWake, State},
};
use crate::scheduler::{Hint, Slab, slab::Seen};
use std::ptr::NonNull;

/// A counted reference to a task.
pub struct TaskRef(NonNull<Header>);

// SAFETY: what is reached through a reference is the header, which is `Sync`; the output is
// reached by `JoinHandle`, which is `Send` only if the output is.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// A reference that the state word counts already, as a value.
    pub fn of<F: Future, S: Schedule>(entry: &Entry<F, S>) -> Self {
        Self(entry.address())
    }

    pub fn header(&self) -> &Header {
        // SAFETY: a counted reference keeps the cell alive.
        let header = unsafe { self.0.as_ref() };
        header.touch();
        header
    }

    /// Takes over a reference that was given away by [`TaskRef::into_raw`].
    ///
    /// # Safety
    ///
    /// `header` came from there, and nobody else takes it over.
    pub unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// Gives the reference away.
    pub fn into_raw(self) -> NonNull<Header> {
        std::mem::ManuallyDrop::new(self).0
    }

    /// For the operation that gives the reference up.
    fn last_use(self) -> NonNull<Header> {
        self.header();
        self.into_raw()
    }

    /// Wakes the task, and gives the reference up.
    pub fn wake(self) {
        let header = self.last_use();
        // SAFETY: the reference keeps it alive until `State::wake` gives it up.
        let after = unsafe { header.as_ref() }.state().wake();
        match after {
            // SAFETY: the state told us to.
            AfterWake::Schedule => unsafe { schedule_entry(header) },
            // SAFETY: the state told us to.
            AfterWake::Free => unsafe { free_cell(header) },
            AfterWake::Nothing => {}
        }
    }

    /// Wakes the task.
    pub fn wake_by_ref(&self) {
        self.after(self.header().state().wake_by_ref());
    }

    /// Asks the task to stop.
    pub fn abort(&self) {
        self.after(self.header().state().abort());
    }

    fn after(&self, after: AfterWake) {
        if after == AfterWake::Schedule {
            // SAFETY: the state told us to.
            unsafe { schedule_entry(self.0) };
        }
    }

    /// Moves the output out.
    ///
    /// # Safety
    ///
    /// The task's output is a `T`, the task is finished, and this is its join handle's reference.
    pub unsafe fn take_output<T>(&self) -> Outcome<T> {
        let mut outcome: Option<Outcome<T>> = None;
        // SAFETY: the contract of this function; the reference keeps the cell alive.
        unsafe { (self.header().vtable().take_output)(self.0, NonNull::from(&mut outcome).cast()) };
        outcome.expect("`take_output` fills it or panics")
    }

    /// Drops the output, if it is there still.
    ///
    /// # Safety
    ///
    /// The task is finished, and this is its join handle's reference.
    pub unsafe fn drop_output(&self) {
        // SAFETY: the contract of this function; the reference keeps the cell alive.
        unsafe { (self.header().vtable().drop_output)(self.0) };
    }

    /// Gives the join handle's reference to a finished task up.
    pub fn leave_finished(self) {
        let header = self.last_use();
        // SAFETY: the reference keeps it alive until `leave_finished` gives it up.
        if unsafe { header.as_ref() }.state().leave_finished() == AfterDrop::Free {
            // SAFETY: the state told us to.
            unsafe { free_cell(header) };
        }
    }

    /// Forgets a reference that the state word no longer counts.
    pub fn uncounted(self) {
        let _ = self.into_raw();
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.header().state().add_ref();
        Self(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        if self.header().state().drop_ref() == AfterDrop::Free {
            // SAFETY: the state told us to.
            unsafe { free_cell(self.0) };
        }
    }
}

/// # Safety
///
/// The state has said `Schedule` to the caller.
unsafe fn schedule_entry(header: NonNull<Header>) {
    // SAFETY: the entry that exists now keeps the cell alive.
    let cell = unsafe { header.as_ref() };
    cell.touch();
    let schedule = cell.vtable().schedule;
    // SAFETY: the vtable belongs to this cell, and the entry is the caller's.
    unsafe { schedule(header, Hint::Soon) };
}

/// # Safety
///
/// The state has said `Free` to the caller.
unsafe fn free_cell(header: NonNull<Header>) {
    // SAFETY: nobody else can reach the cell.
    let free = unsafe { header.as_ref() }.vtable().free;
    // SAFETY: the vtable belongs to this cell.
    unsafe { free(header) };
}

// ---- all tasks of a runtime

/// Calls `visit` for each task that is not finished.
pub fn visit<B>(slab: &Slab<B>, mut visit: impl FnMut(&TaskRef)) {
    slab.for_each(|seen| {
        if State::of(seen.word()).look() {
            visit(&reference(seen));
        }
    });
}

/// Aborts every task of the thread at that address. Whether there is one.
pub fn abort_pinned<B>(slab: &Slab<B>, thread: *const ()) -> bool {
    let mut found = false;
    visit(slab, |task| {
        // SAFETY: the vtable belongs to this cell, which our reference keeps.
        if unsafe { (task.header().vtable().pinned_to)(task.0) } == thread {
            found = true;
            task.abort();
        }
    });
    found
}

/// Shutdown: aborts every task, and refuses those to come. `Slab::ending` says when all are gone.
pub fn abort_all<B>(slab: &Slab<B>) {
    let (mut counted, mut entries) = (0, Vec::new());
    slab.close(State::CLOSED, |seen| {
        let after = State::of(seen.word()).close();
        counted += usize::from(after != AfterClose::Vacant);
        if after == AfterClose::Schedule {
            entries.push(seen.slot().cast());
        }
    });
    slab.ending.marked(counted);
    for header in entries {
        // SAFETY: the state told us to, above; the entry keeps the cell alive.
        unsafe { schedule_entry(header) };
    }
}

/// The reference that [`State::look`] has just taken.
fn reference(seen: Seen<'_>) -> TaskRef {
    TaskRef(seen.slot().cast())
}
