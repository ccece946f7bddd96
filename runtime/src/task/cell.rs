//! Where do a task's future and its output live?
//!
//! In one slot of the runtime's slab: a header, what the kind of task keeps alive, and the stage,
//! which holds the future first and the output after it. Everything here is reached through a
//! pointer, and the state word decides who may.
//!
//! | who | holds | may |
//! | --- | --- | --- |
//! | the runner | the one [`Entry`], then [`Running`] | touch the stage |
//! | the join handle | a counted reference | write the join slot, take the output (`join`) |
//! | wakers, abort handles | a counted reference each | read the header |
//! | who looks at all slots | a counted reference, if there is a task | read the header |
//!
//! - **alive-while-reachable**: the cell is freed by whoever gives the last counted reference to a
//!   finished task up, or ends a task that has none, and by nobody else.
//! - **base-outlives-task**: the slab's owner is there while a task is not finished: the slab keeps
//!   it until all are gone, and whom the slab has refused ends under its spawner's reference.
//!
//! The header, in bytes on a 64-bit machine:
//!
//! | offset | size | field |
//! | ---: | ---: | --- |
//! | 0 | 24 | `slot`: the [`VTable`], the state word, where it is allocated |
//! | 24 | 16 | `joiner`: the joiner's waker |
//! | 40 | 16 | `wait`: why it last returned `Pending` |
//! | 56 | 8 | `spawned_at` |
//! | 64 | 8 | `id` |
//! | 72 | 8 | `cold`: what few tasks have |

use super::{
    cold::Cold,
    state::{Running, State},
};
use crate::scheduler::{
    Hint,
    class::Class,
    pool::{self, Slot, Vacant},
    slab::Owner,
};
use heist_core::{
    job::{Job, JobHeader, JobTable, Table},
    primitive::{Arc, UnsafeCell},
    task::{TaskId, TaskInfo},
    wait,
};
use std::{
    alloc::Layout,
    any::Any,
    mem::{ManuallyDrop, MaybeUninit},
    ops::Deref,
    panic::Location,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll, Waker},
};

/// Who schedules a kind of tasks.
pub trait Schedule: Sized + 'static {
    /// Who has the slab.
    type Base: Owner;

    /// What each of these tasks keeps alive, until its cell is freed.
    type Keep: Clone + Send + Sync + 'static;

    /// Where this thread gets memory, and hands over the job of a new task.
    type Route<'a>;

    fn allocate(route: &Self::Route<'_>, class: Class) -> Vacant<Self::Base>;

    /// Sees to it that the job of a new task is run.
    fn send(route: Self::Route<'_>, job: Job);

    /// The same for a job that is not new. `base` is there only as long as the job is not run.
    fn send_again(base: &Arc<Self::Base>, keep: Self::Keep, job: Job, hint: Hint);

    /// Runs the task once: `run::run`, which stands above this module.
    fn run<F: Future>(entry: Entry<F, Self>);

    /// The thread that these tasks are pinned to, if they are: an address to compare.
    fn pinned_to(_: &Self::Keep) -> *const () {
        std::ptr::null()
    }
}

/// Why a task has no output.
pub enum Failure {
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

pub type Outcome<T> = Result<T, Failure>;

/// What is the same for all tasks.
#[repr(C)]
pub struct Header {
    slot: Slot,
    about: About,
}

/// The part of a header that is written with each task.
pub struct About {
    /// The joiner's waker; see `join` for who may touch it.
    pub joiner: UnsafeCell<MaybeUninit<Waker>>,
    pub wait: wait::Slot,
    pub spawned_at: &'static Location<'static>,
    pub id: TaskId,
    pub cold: Option<Box<Cold>>,
}

#[cfg(all(not(heist_model), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Header>() <= 80);

// SAFETY: `joiner` is the only part that is not `Sync` by itself; `join` and `state` say who may
// touch it when. `slot` is only touched through its word, and by who has it.
unsafe impl Sync for Header {}

impl Deref for Header {
    type Target = About;

    fn deref(&self) -> &About {
        &self.about
    }
}

/// What depends on the future's type.
#[repr(C)]
pub struct VTable {
    job: JobTable,
    pub schedule: unsafe fn(NonNull<Header>, Hint),
    pub take_output: unsafe fn(NonNull<Header>, NonNull<()>),
    pub drop_output: unsafe fn(NonNull<Header>),
    pub free: unsafe fn(NonNull<Header>),
    pub pinned_to: unsafe fn(NonNull<Header>) -> *const (),
    type_name: fn() -> &'static str,
}

// SAFETY: `repr(C)`, and it begins with one.
unsafe impl Table for VTable {}

enum Stage<F: Future> {
    Future(F),
    Output(Outcome<F::Output>),
    Empty,
}

#[repr(C)]
struct Cell<F: Future, S: Schedule> {
    header: Header,
    keep: S::Keep,
    stage: UnsafeCell<Stage<F>>,
}

type Parts<F, S> = (
    *mut About,
    *mut <S as Schedule>::Keep,
    *mut UnsafeCell<Stage<F>>,
);

impl<F: Future, S: Schedule> Cell<F, S> {
    /// What comes and goes with a task, which may not be there.
    ///
    /// # Safety
    ///
    /// The address is that of a slot with room for such a cell.
    unsafe fn parts(cell: NonNull<Self>) -> Parts<F, S> {
        let cell = cell.as_ptr();
        // SAFETY: inside the slot.
        let about = unsafe { &raw mut (*cell).header.about };
        // SAFETY: as above.
        let keep = unsafe { &raw mut (*cell).keep };
        // SAFETY: as above.
        let stage = unsafe { &raw mut (*cell).stage };
        (about, keep, stage)
    }
}

impl Header {
    /// The cell is in use: for the models.
    pub fn touch(&self) {
        self.slot.touch();
    }

    pub fn vtable(&self) -> &'static VTable {
        // SAFETY: the job of a cell was made with its `VTable`.
        unsafe { self.slot.job.table() }
    }

    pub fn state(&self) -> State<'_> {
        State::of(&self.slot.word)
    }

    pub fn info(&self) -> TaskInfo {
        let name = self.cold.as_ref().and_then(|cold| cold.name.clone());
        TaskInfo {
            id: self.id,
            name,
            spawned_at: self.spawned_at,
        }
    }

    pub fn type_name(&self) -> &'static str {
        (self.vtable().type_name)()
    }
}

/// The one queue entry of a runnable task whose future is an `F`.
pub struct Entry<F: Future, S: Schedule>(NonNull<Cell<F, S>>);

impl<F: Future, S: Schedule> Entry<F, S> {
    /// A new task, and its first queue entry. False: the runtime has refused it, and its run will
    /// drop it; the caller's route keeps the runtime until then.
    pub fn new(
        future: F,
        route: &S::Route<'_>,
        keep: S::Keep,
        joined: bool,
        spawned_at: &'static Location<'static>,
        cold: Option<Box<Cold>>,
    ) -> (Self, bool) {
        let job = JobHeader::new(
            &const {
                VTable {
                    job: JobTable(run::<F, S>),
                    schedule: schedule::<F, S>,
                    take_output: take_output::<F, S>,
                    drop_output: drop_output::<F, S>,
                    free: free::<F, S>,
                    pinned_to: pinned_to::<F, S>,
                    type_name: std::any::type_name::<F>,
                }
            },
        );
        let about = About {
            joiner: UnsafeCell::new(MaybeUninit::uninit()),
            wait: wait::Slot::default(),
            spawned_at,
            id: TaskId::fresh(),
            cold,
        };
        let vacant = S::allocate(route, const { Class::of(Layout::new::<Cell<F, S>>()) });
        let cell = vacant.occupy(job).cast();
        // SAFETY: of its class, the slot is large enough and aligned.
        let parts = unsafe { Cell::<F, S>::parts(cell) };
        // SAFETY: the slot is ours.
        unsafe { parts.0.write(about) };
        // SAFETY: as above.
        unsafe { parts.1.write(keep) };
        // SAFETY: as above.
        unsafe { parts.2.write(UnsafeCell::new(Stage::Future(future))) };
        let entry = Self(cell);
        let accepted = entry.header().state().publish(joined);
        (entry, accepted)
    }

    /// Tells shutdown that there is one task less.
    pub fn leave(&self, running: &Running) {
        // Not the cell's: shutdown, which waits for us, may end with the last one.
        let base = Arc::clone(&self.base());
        self.header().state().uncount(running);
        base.slab().ending.one_less();
    }

    pub fn header(&self) -> &Header {
        &self.cell().header
    }

    pub fn keep(&self) -> &S::Keep {
        &self.cell().keep
    }

    fn base(&self) -> ManuallyDrop<Arc<S::Base>> {
        // SAFETY: the slot came from `S::allocate`; base-outlives-task.
        unsafe { pool::owner(&self.cell().header.slot) }
    }

    /// Polls the future, and says whether it was ready. Then its output is in its place; also if
    /// its drop has panicked, which comes out of here.
    pub fn advance(&self, running: &Running, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(output) = self.poll(running, cx) else {
            return false;
        };
        self.store(running, Ok(output));
        true
    }

    fn poll(&self, _: &Running, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.cell().stage.with_mut(|stage| {
            // SAFETY: `Running`: no other thread touches the stage now, and this thread does so
            // only here, since a task is not polled inside its own poll.
            let Stage::Future(future) = (unsafe { &mut *stage }) else {
                unreachable!("a runnable task has its future")
            };
            // SAFETY: a cell never moves, and the future stays in its place until
            // `store` drops it there.
            unsafe { Pin::new_unchecked(future) }.poll(cx)
        })
    }

    /// Drops the future, and stores the outcome in its place.
    pub fn store(&self, running: &Running, outcome: Outcome<F::Output>) {
        self.replace(running, Stage::Output(outcome));
    }

    /// Whether the outcome is in its place.
    pub fn has_outcome(&self, _: &Running) -> bool {
        // SAFETY: as in `poll`. No reference to the future, which may point into itself.
        let look = |stage: *const Stage<F>| unsafe { matches!(*stage, Stage::Output(_)) };
        self.cell().stage.with(look)
    }

    /// Whether anything happens when the outcome is dropped.
    pub fn needs_clear(&self, _: &Running) -> bool {
        // SAFETY: as above.
        let is_value = |stage: *const Stage<F>| unsafe { matches!(*stage, Stage::Output(Ok(_))) };
        std::mem::needs_drop::<F::Output>() || !self.cell().stage.with(is_value)
    }

    /// Drops the future or the output.
    pub fn clear(&self, running: &Running) {
        self.replace(running, Stage::Empty);
    }

    fn replace(&self, _: &Running, new: Stage<F>) {
        // SAFETY: as in `poll`. The assignment drops in place, and stores even if that panics.
        self.cell().stage.with_mut(|stage| unsafe { *stage = new });
    }

    /// For the queue.
    pub fn into_job(self) -> Job {
        // SAFETY: the cell begins with its job header; it is alive until the job has run, because
        // a task that has an entry is not finished; the entry is the only one and is consumed.
        unsafe { Job::new(self.0.cast()) }
    }

    /// Has the scheduler see to it.
    pub fn schedule(self, hint: Hint) {
        // Before the job is handed over: another thread may run it then, and free the cell.
        let (base, keep) = (self.base(), self.keep().clone());
        S::send_again(&base, keep, self.into_job(), hint);
    }

    /// The address, for a waker or another reference.
    pub fn address(&self) -> NonNull<Header> {
        self.0.cast()
    }

    /// Frees the cell, when the state said so.
    pub fn free(self) {
        // SAFETY: the caller was told to free it; the cell was made by `new` with this type.
        unsafe { free::<F, S>(self.0.cast()) };
    }

    fn cell(&self) -> &Cell<F, S> {
        // SAFETY: alive while the task has an entry or a run, and only shared from here on.
        unsafe { self.0.as_ref() }
    }
}

unsafe fn run<F: Future, S: Schedule>(job: NonNull<JobHeader>) {
    S::run(Entry::<F, S>(job.cast()));
}

unsafe fn schedule<F: Future, S: Schedule>(header: NonNull<Header>, hint: Hint) {
    Entry::<F, S>(header.cast()).schedule(hint);
}

unsafe fn take_output<F: Future, S: Schedule>(header: NonNull<Header>, to: NonNull<()>) {
    // SAFETY: the caller has a counted reference, so the cell is alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the task is finished, and only the join handle touches the stage of such a task.
    let stage = cell
        .stage
        .with_mut(|stage| unsafe { std::mem::replace(&mut *stage, Stage::Empty) });
    let Stage::Output(outcome) = stage else {
        panic!("a join handle was polled again after it had given its output")
    };
    // SAFETY: `to` points to an `Option<Outcome<F::Output>>`, by the contract of `VTable`.
    unsafe { *to.cast().as_ptr() = Some(outcome) };
}

unsafe fn drop_output<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the caller has a counted reference, so the cell is alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the task is finished, and only the join handle touches the stage of such a task.
    cell.stage
        .with_mut(|stage| unsafe { *stage = Stage::Empty });
}

unsafe fn free<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the slot holds such a cell.
    let parts = unsafe { Cell::<F, S>::parts(header.cast()) };
    // SAFETY: written by `new`; the caller was told to free it, so it is ours.
    unsafe { parts.2.drop_in_place() };
    // SAFETY: as above.
    unsafe { parts.0.drop_in_place() };
    // Its drop may run users' code: last, when all is given back.
    // SAFETY: as above.
    let keep = unsafe { parts.1.read() };
    // SAFETY: the cell was in this slot, and is no more.
    unsafe { pool::vacate(header.cast()) };
    drop(keep);
}

unsafe fn pinned_to<F: Future, S: Schedule>(header: NonNull<Header>) -> *const () {
    // SAFETY: the caller sees to it that the cell is alive.
    S::pinned_to(unsafe { &(*header.cast::<Cell<F, S>>().as_ptr()).keep })
}
