//! How does a panic of user code stay where it is?
//!
//! By [`contain`]. What a caught panic carries is user code as well: its drop may panic again, and
//! outside the catch, unless somebody thinks of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `user`, and lets no panic out. The panic hook has reported it.
///
/// ```
/// heist_core::panics::contain(|| panic!("stays here"));
/// ```
pub fn contain(user: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(user)) else {
        return;
    };
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Why not drop it: it may have another in store, and so on.
        std::mem::forget(another);
    }
}

#[cfg(test)]
mod tests {
    use super::contain;
    use std::panic::panic_any;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Bomb);
        }
    }

    #[test]
    fn payloads_that_panic_for_ever_stay_inside() {
        contain(|| panic_any(Bomb));
    }
}
