//! A waker that is not the runtime's, and whose functions are the test's.

use std::{
    sync::Arc,
    task::{RawWaker, RawWakerVTable, Waker},
};

/// What a waker calls; its drop is the last one's.
pub trait Foreign: Send + Sync + 'static {
    fn cloned(&self);
    fn woken(&self);
}

/// A waker of `foreign`.
pub fn waker<F: Foreign>(foreign: F) -> Waker {
    let data = Arc::into_raw(Arc::new(foreign)).cast();
    // SAFETY: each function of the table takes the data for one counted reference made by
    // `Arc::into_raw`, and `F` is `Send + Sync`.
    unsafe { Waker::new(data, Table::<F>::TABLE) }
}

struct Table<F>(std::marker::PhantomData<F>);

impl<F: Foreign> Table<F> {
    const TABLE: &'static RawWakerVTable =
        &RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop);

    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: the waker's reference keeps it alive.
        unsafe { &*data.cast::<F>() }.cloned();
        // SAFETY: as above; the new waker has the new reference.
        unsafe { Arc::increment_strong_count(data.cast::<F>()) };
        RawWaker::new(data, Self::TABLE)
    }

    unsafe fn wake(data: *const ()) {
        // SAFETY: the waker is consumed, and its reference with it.
        unsafe { Arc::from_raw(data.cast::<F>()) }.woken();
    }

    unsafe fn wake_by_ref(data: *const ()) {
        // SAFETY: the waker's reference keeps it alive.
        unsafe { &*data.cast::<F>() }.woken();
    }

    unsafe fn drop(data: *const ()) {
        // SAFETY: the waker is consumed, and its reference with it.
        drop(unsafe { Arc::from_raw(data.cast::<F>()) });
    }
}
