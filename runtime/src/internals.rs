//! What do the models in `loom-tests/` reach, and nobody else?

pub use crate::{
    scheduler::{
        Bell, Hint, Home, Live, Root, Seat, Shared, Worker, driver::Driver, idle::Idle,
        leader::Leader, parker::Parker, schedule,
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
