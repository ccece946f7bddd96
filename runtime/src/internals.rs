//! What do the models in `loom-tests/` reach, and nobody else?

pub use crate::{
    scheduler::{
        Bell, Hint, Home, Live, Root, Seat, Shared, Worker, assemble,
        leader::Leader,
        parker::{Parker, Unparked},
        schedule,
    },
    task::{
        cell::abort_all,
        kinds::{First, spawn},
        run::run,
    },
};

/// The task's cell.
pub mod cell {
    pub use crate::task::cell::{Entry, Schedule};
}

/// Lets a timeout of this thread's pass.
pub fn expire(parker: &Parker) {
    parker.unparked.expire(&parker.lock);
}
