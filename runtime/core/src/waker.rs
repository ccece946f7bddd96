//! How does a reference-counted object become a `Waker`?
//!
//! As `std::task::Wake` does it, but over the door's `Arc`, so that models see the count.

use crate::primitive::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// Something that a waker wakes.
pub trait WakeTarget: Send + Sync + 'static {
    /// Called for each wake, on any thread. Must not panic.
    fn wake(this: &Arc<Self>);
}

/// A waker that keeps `target` alive and wakes it.
pub fn waker<T: WakeTarget>(target: Arc<T>) -> Waker {
    // SAFETY: `VTable::<T>` fulfils `RawWaker`'s contract: each of its functions treats the data
    // pointer as one counted reference made by `Arc::into_raw`, and `T` is `Send + Sync`.
    unsafe { Waker::new(Arc::into_raw(target).cast(), VTable::<T>::TABLE) }
}

struct VTable<T>(std::marker::PhantomData<T>);

impl<T: WakeTarget> VTable<T> {
    const TABLE: &'static RawWakerVTable =
        &RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop);

    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: `data` is a counted reference, so the object is alive.
        unsafe { Arc::increment_strong_count(data.cast::<T>()) };
        RawWaker::new(data, Self::TABLE)
    }

    unsafe fn wake(data: *const ()) {
        // SAFETY: `data` is a counted reference, which this call consumes.
        let target = unsafe { Arc::from_raw(data.cast::<T>()) };
        T::wake(&target);
    }

    unsafe fn wake_by_ref(data: *const ()) {
        // SAFETY: `data` is a counted reference, which stays the waker's.
        let target = std::mem::ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<T>()) });
        T::wake(&target);
    }

    unsafe fn drop(data: *const ()) {
        // SAFETY: `data` is a counted reference, which this call consumes.
        drop(unsafe { Arc::from_raw(data.cast::<T>()) });
    }
}
