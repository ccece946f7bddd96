//! Is every job run, once, and after it was made?
//!
//! Each job is filled before it is given away and emptied by its run. loom sees a run that does
//! not come after the filling; the job itself sees a second run.
//!
//! Share [`Jobs`] by std's `Arc`, which is no branch, and join every thread before the end.

use heist_core::{
    job::{Job, JobHeader, JobTable},
    primitive::UnsafeCell,
};
use std::{
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// Called with a job's number when it is run.
type OnRun = Box<dyn Fn(usize) + Send + Sync>;

#[repr(C)]
struct Piece {
    header: JobHeader,
    full: UnsafeCell<bool>,
    number: usize,
    all: *const Jobs,
}

/// The jobs of one execution.
pub struct Jobs {
    pieces: Vec<Piece>,
    /// For the model only, so that it adds no order.
    run: AtomicUsize,
    on_run: OnRun,
}

// SAFETY: a piece's cell is touched by one thread at a time; that is what loom checks.
unsafe impl Send for Jobs {}
// SAFETY: as above.
unsafe impl Sync for Jobs {}

impl Jobs {
    /// `count` jobs that do nothing more.
    pub fn new(count: usize) -> Arc<Self> {
        Self::with(count, |_| ())
    }

    /// `count` jobs that call `on_run`.
    pub fn with(count: usize, on_run: impl Fn(usize) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new_cyclic(|all| {
            let piece = |number| Piece {
                header: JobHeader::new(&JobTable(run)),
                full: UnsafeCell::new(false),
                number,
                all: all.as_ptr(),
            };
            let pieces = (0..count).map(piece).collect();
            Self {
                pieces,
                run: AtomicUsize::new(0),
                on_run: Box::new(on_run),
            }
        })
    }

    /// Fills job number `number`. Once for each.
    pub fn job(&self, number: usize) -> Job {
        let piece = &self.pieces[number];
        piece.full.with_mut(|full| {
            // SAFETY: loom checks that nobody else is here.
            let was_full = unsafe { std::mem::replace(&mut *full, true) };
            assert!(!was_full, "job {number} is made once");
        });
        // SAFETY: the pieces live until every thread is joined, and `run` may run anywhere.
        unsafe { Job::new(NonNull::from_ref(piece).cast()) }
    }

    /// How many have been run.
    pub fn run(&self) -> usize {
        self.run.load(Relaxed)
    }

    /// Every job has been run.
    ///
    /// # Panics
    ///
    /// When one is missing.
    pub fn assert_all_run(&self) {
        assert_eq!(self.run(), self.pieces.len(), "a job was lost");
    }
}

unsafe fn run(header: NonNull<JobHeader>) {
    // SAFETY: `Jobs::job` made the job of a whole piece, whose first field is the header.
    let piece = unsafe { header.cast::<Piece>().as_ref() };
    piece.full.with_mut(|full| {
        // SAFETY: loom checks that nobody else is here.
        let was_full = unsafe { std::mem::replace(&mut *full, false) };
        assert!(was_full, "job {} was run twice", piece.number);
    });
    // SAFETY: a piece is part of its `Jobs`.
    let all = unsafe { &*piece.all };
    all.run.fetch_add(1, Relaxed);
    (all.on_run)(piece.number);
}
