//! What does a worker run once?
//!
//! A [`Job`]: one pointer to a [`JobHeader`], whose one word leads to a table that says how to run
//! it. The scheduler moves jobs and has never heard of futures; the task cell begins with a header
//! and so becomes a job. One word rather than two, because the LIFO slot is one atomic pointer
//! (ADR 0003).
//!
//! **one-job-once**: a job is made for exactly one run. Whoever holds it runs it, or leaks what it
//! stands for; it cannot be copied.

use crate::primitive::atomic::{AtomicPtr, Ordering};
use std::ptr::{self, NonNull};

/// The first word of whatever can be run.
#[derive(Debug)]
#[repr(transparent)]
pub struct JobHeader(NonNull<JobTable>);

/// How to run a kind of jobs: the function gets the header's address.
#[derive(Debug)]
#[repr(transparent)]
pub struct JobTable(pub unsafe fn(NonNull<JobHeader>));

/// A table that says how to run a job, and what its owner likes to know besides.
///
/// # Safety
///
/// The type is `repr(C)`, and a [`JobTable`] is its first field.
pub unsafe trait Table: Sync + 'static {}

// SAFETY: it is one.
unsafe impl Table for JobTable {}

// SAFETY: it leads to a table, which is `Sync`.
unsafe impl Send for JobHeader {}
// SAFETY: as above.
unsafe impl Sync for JobHeader {}

impl JobHeader {
    /// A header whose job is run as `table` says.
    pub const fn new<T: Table>(table: &'static T) -> Self {
        // A pointer to the whole, so that `table` may find the rest of it.
        Self(NonNull::from_ref(table).cast())
    }

    /// The table that the header was made with.
    ///
    /// # Safety
    ///
    /// It was a `T`.
    pub unsafe fn table<T: Table>(&self) -> &'static T {
        // SAFETY: made of a `&'static T`, by the contract of this function.
        unsafe { self.0.cast().as_ref() }
    }
}

/// Something to run once, on whichever thread holds it.
#[derive(Debug)]
#[must_use = "a job that is not run is leaked"]
#[repr(transparent)]
pub struct Job(NonNull<JobHeader>);

// SAFETY: `Job::new` demands that the header may be run on any thread.
unsafe impl Send for Job {}

impl Job {
    /// A job out of the header it begins with.
    ///
    /// # Safety
    ///
    /// `header` stays valid until the job has run, its `run` may be called with it once, on any
    /// thread that the job is given to, and no other `Job` for the same run exists.
    pub unsafe fn new(header: NonNull<JobHeader>) -> Self {
        Self(header)
    }

    /// A job that calls `closure`.
    pub fn call(closure: impl FnOnce() + Send + 'static) -> Self {
        let call = Box::new(Call {
            header: JobHeader::new(call_table(&closure)),
            closure,
        });
        // SAFETY: the allocation begins with its header and lives until its `run` frees it, in
        // the one run; the closure may run on any thread, because it is `Send`.
        unsafe { Self::new(NonNull::from(Box::leak(call)).cast()) }
    }

    /// Runs the job. Panics of tasks do not come out of it; those of a closure do.
    #[inline]
    pub fn run(self) {
        // SAFETY: valid until the job has run, by the contract of `new`.
        let header = unsafe { self.0.as_ref() };
        // SAFETY: every table begins with a `JobTable`.
        let JobTable(run) = unsafe { header.table() };
        // SAFETY: the contract of `new`; `self` is consumed, so this is the one call.
        unsafe { run(self.0) }
    }

    /// Which header this job begins with; an address to compare.
    pub fn header(&self) -> NonNull<JobHeader> {
        self.0
    }
}

/// A closure as a job.
#[repr(C)]
struct Call<C> {
    header: JobHeader,
    closure: C,
}

/// How a [`Call`] with a closure like `_closure` is run.
fn call_table<C: FnOnce()>(_closure: &C) -> &'static JobTable {
    unsafe fn run<C: FnOnce()>(header: NonNull<JobHeader>) {
        // SAFETY: `Job::call` made the job of a whole leaked box of this type.
        let call = unsafe { Box::from_raw(header.cast::<Call<C>>().as_ptr()) };
        (call.closure)();
    }
    &const { JobTable(run::<C>) }
}

/// A place for one job, which one thread fills and any may empty: by swaps, so that each job leaves
/// it once, whoever takes it.
#[derive(Debug)]
pub struct JobSlot(AtomicPtr<JobHeader>);

impl Default for JobSlot {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl JobSlot {
    /// Puts `job` in; the job that lay here comes out and must go elsewhere. Only the thread whose
    /// slot it is puts, or who has it from that thread.
    #[must_use]
    #[inline]
    pub fn put(&self, job: Job) -> Option<Job> {
        let job = job.0.as_ptr();
        if self.is_empty() {
            // Nobody else fills it, so nothing is overwritten.
            // Ordering: the job's contents, for the thief; pairs with `take`.
            self.0.store(job, Ordering::Release);
            return None;
        }
        // Ordering: as above. What comes out this thread has put in.
        NonNull::new(self.0.swap(job, Ordering::Release)).map(Job)
    }

    /// Takes the job out, if there is one. Any thread may.
    #[inline]
    pub fn take(&self) -> Option<Job> {
        if self.is_empty() {
            return None;
        }
        // Ordering: the job's contents; pairs with `put`.
        NonNull::new(self.0.swap(ptr::null_mut(), Ordering::Acquire)).map(Job)
    }

    /// Whether nothing lies here; a hint, unless the caller is the only one who puts.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }
}
