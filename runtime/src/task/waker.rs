//! How is a task woken?
//!
//! A waker is the address of the cell and one counted reference. There is one table for all
//! tasks, so `will_wake` is an honest comparison.

use super::{
    cell::{Entry, Header, Schedule},
    reference::TaskRef,
};
use heist_core::again;
use std::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull,
    task::{RawWaker, RawWakerVTable, Waker},
};

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// The waker for one poll: it takes no reference of its own, because the run keeps the cell.
pub struct Borrowed<'a> {
    waker: ManuallyDrop<Waker>,
    _entry: PhantomData<&'a ()>,
}

impl Deref for Borrowed<'_> {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.waker
    }
}

pub fn borrowed<F: Future, S: Schedule>(entry: &Entry<F, S>) -> Borrowed<'_> {
    let raw = RawWaker::new(entry.address().as_ptr().cast(), &TABLE);
    // SAFETY: `TABLE` keeps the contract: the data is a cell, alive during the run, and this
    // waker is never dropped or woken by value, so its missing reference is never given up.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    Borrowed {
        waker,
        _entry: PhantomData,
    }
}

/// # Safety
///
/// `data` is that of a waker of `TABLE`, whose reference the result takes over.
unsafe fn task(data: *const ()) -> TaskRef {
    // SAFETY: the data of such a waker is the address of a cell.
    let header = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) };
    // SAFETY: the contract of this function.
    unsafe { TaskRef::from_raw(header) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the reference stays the waker's, because it is not dropped here.
    let task = ManuallyDrop::new(unsafe { task(data) });
    let cloned = TaskRef::clone(&task);
    RawWaker::new(cloned.into_raw().as_ptr().cast(), &TABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker is consumed.
    unsafe { task(data) }.wake();
}

unsafe fn wake_by_ref(data: *const ()) {
    again::note(data, &TABLE);
    // SAFETY: the reference stays the waker's, because it is not dropped here.
    ManuallyDrop::new(unsafe { task(data) }).wake_by_ref();
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker is consumed.
    drop(unsafe { task(data) });
}
