//! With which ordering does this operation run?
//!
//! With the one that is written, unless [`site`](super::site) says that this run weakens it.
//! SeqCst loads and stores panic: loom cannot judge them, the code uses fences.

use super::{
    Seed,
    site::{self, Kind, trace},
};
use std::{panic::Location, thread::panicking};

pub use std::sync::atomic::Ordering;

/// A fence, which a run may weaken or leave out.
#[track_caller]
pub fn fence(written: Ordering) {
    let place = Location::caller();
    if let Some(order) = site::weakened(place, "fence", Kind::Fence, written) {
        loom::sync::atomic::fence(order);
    }
    trace(place, "fence", written);
}

fn order(
    place: &'static Location<'static>,
    what: &'static str,
    kind: Kind,
    written: Ordering,
) -> Ordering {
    site::weakened(place, what, kind, written).expect("only fences are left out")
}

macro_rules! read_modify_write {
    ($value:ty: $($what:ident)*) => {$(
        /// As std's.
        #[track_caller]
        pub fn $what(&self, value: $value, written: Ordering) -> $value {
            let place = Location::caller();
            let order = order(place, stringify!($what), Kind::Rmw, written);
            let old = self.0.$what(value, order);
            trace(place, stringify!($what), (old, value)).0
        }
    )*};
}

macro_rules! atomic {
    ($name:ident $(<$item:ident>)?: $value:ty) => {
        /// As std's; a run may weaken one of its orderings.
        pub struct $name $(<$item>)? (loom::sync::atomic::$name $(<$item>)?);

        impl $(<$item>)? $name $(<$item>)? {
            /// As std's.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            /// As std's.
            #[track_caller]
            pub fn load(&self, written: Ordering) -> $value {
                let place = Location::caller();
                trace(place, "load", self.0.load(order(place, "load", Kind::Load, written)))
            }

            /// As std's.
            #[track_caller]
            pub fn store(&self, value: $value, written: Ordering) {
                let place = Location::caller();
                self.0.store(value, order(place, "store", Kind::Store, written));
                trace(place, "store", value);
            }

            read_modify_write!($value: swap);

            /// As std's.
            ///
            /// # Errors
            ///
            /// What it holds, if that is not `old`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                done: Ordering,
                failed: Ordering,
            ) -> Result<$value, $value> {
                let place = Location::caller();
                let done = order(place, "compare_exchange", Kind::Rmw, done);
                let failed = order(place, "compare_exchange", Kind::Failed, failed);
                let result = self.0.compare_exchange(old, new, done, failed);
                trace(place, "compare_exchange", (result, new)).0
            }

            /// As std's, but it never fails without a reason.
            ///
            /// # Errors
            ///
            /// What it holds, if that is not `old`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                done: Ordering,
                failed: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(old, new, done, failed)
            }

            /// As std's `try_update`.
            ///
            /// # Errors
            ///
            /// What it holds, if `next` declines.
            #[track_caller]
            pub fn try_update(
                &self,
                done: Ordering,
                failed: Ordering,
                next: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let place = Location::caller();
                let done = order(place, "try_update", Kind::Rmw, done);
                let failed = order(place, "try_update", Kind::Failed, failed);
                trace(place, "try_update", self.0.try_update(done, failed, next))
            }

            /// As std's `fetch_update`.
            ///
            /// # Errors
            ///
            /// What it holds, if `next` declines.
            #[track_caller]
            pub fn fetch_update(
                &self,
                done: Ordering,
                failed: Ordering,
                next: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.try_update(done, failed, next)
            }

            /// As std's.
            pub fn into_inner(mut self) -> $value {
                self.now()
            }

            /// What it holds, for its only owner.
            pub(super) fn now(&mut self) -> $value {
                self.0.with_mut(|value| *value)
            }
        }

        impl $(<$item>)? std::fmt::Debug for $name $(<$item>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $(<$item>)? Drop for $name $(<$item>)? {
            fn drop(&mut self) {
                if !panicking() {
                    self.now();
                }
            }
        }
    };
}

macro_rules! number {
    ($($name:ident: $value:ty),*) => {$(
        atomic!($name: $value);

        impl $name {
            read_modify_write!($value: fetch_add fetch_sub fetch_or fetch_and fetch_max fetch_min);
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }

        impl Seed for $name {
            type Value = $value;

            fn seed(&self) -> $value {
                // An exchange of a value for itself reads the newest and changes nothing.
                self.0
                    .compare_exchange(
                        <$value>::MAX,
                        <$value>::MAX,
                        Ordering::Relaxed,
                        Ordering::Relaxed,
                    )
                    .unwrap_or_else(|newest| newest)
            }
        }
    )*};
}

number!(AtomicU8: u8, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize);
atomic!(AtomicPtr<T>: *mut T);

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

/// As std's. A number inside, because loom's own has no look for its only owner.
#[derive(Debug, Default)]
pub struct AtomicBool(AtomicU8);

impl AtomicBool {
    /// As std's.
    #[track_caller]
    pub fn new(value: bool) -> Self {
        Self(AtomicU8::new(value.into()))
    }

    /// As std's.
    #[track_caller]
    pub fn load(&self, written: Ordering) -> bool {
        self.0.load(written) != 0
    }

    /// As std's.
    #[track_caller]
    pub fn store(&self, value: bool, written: Ordering) {
        self.0.store(value.into(), written);
    }

    /// As std's.
    #[track_caller]
    pub fn swap(&self, value: bool, written: Ordering) -> bool {
        self.0.swap(value.into(), written) != 0
    }

    /// As std's.
    #[track_caller]
    pub fn fetch_or(&self, value: bool, written: Ordering) -> bool {
        self.0.fetch_or(value.into(), written) != 0
    }

    /// As std's.
    #[track_caller]
    pub fn fetch_and(&self, value: bool, written: Ordering) -> bool {
        self.0.fetch_and(value.into(), written) != 0
    }

    /// As std's.
    ///
    /// # Errors
    ///
    /// What it holds, if that is not `old`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        old: bool,
        new: bool,
        done: Ordering,
        failed: Ordering,
    ) -> Result<bool, bool> {
        let result = self
            .0
            .compare_exchange(old.into(), new.into(), done, failed);
        result.map(|old| old != 0).map_err(|held| held != 0)
    }

    /// As std's, but it never fails without a reason.
    ///
    /// # Errors
    ///
    /// What it holds, if that is not `old`.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        old: bool,
        new: bool,
        done: Ordering,
        failed: Ordering,
    ) -> Result<bool, bool> {
        self.compare_exchange(old, new, done, failed)
    }

    /// As std's.
    pub fn into_inner(self) -> bool {
        self.0.into_inner() != 0
    }
}
