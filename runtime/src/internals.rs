//! What do the models in `loom-tests/` reach, and nobody else?

use crate::scheduler::sleep::Slept;

pub use crate::{
    scheduler::{
        Bell, Hint, Home, Root, Seat, Shared, Slab, Worker, assemble,
        class::Class,
        leader::Leader,
        outside::Outside,
        parker::{Parker, Unparked},
        pool::{Owned, Vacant},
        schedule,
        slab::{Heap, Owner},
        stand_in::StandIn,
    },
    task::{
        kinds::{First, Thread, spawn, spawn_pinned},
        reference::{abort_all, visit},
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

/// What a worker does that has fallen asleep: its bit is set, and it waits.
pub fn work_from_sleep(worker: &Worker) {
    let view = worker.shared.idle.sleeper(worker.me);
    let mut searching = true;
    if let Slept::Helping(job) = worker.stay_asleep(view, true, None) {
        worker.run(job, &mut searching);
    }
    worker.work_on(searching, None);
}
