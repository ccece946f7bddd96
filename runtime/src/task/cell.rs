//! Where do a task's future and its output live?
//!
//! In one allocation: a header, the owner that schedules the task, and the stage, which holds the
//! future first and the output after it. Everything here is reached through a pointer, and the
//! state word decides who may.
//!
//! | who | holds | may |
//! | --- | --- | --- |
//! | the runner | the one [`Entry`], then [`Running`] | touch the stage |
//! | the join handle | a counted reference | write the join slot, take the output (`join`) |
//! | wakers, abort handles | a counted reference each | read the header |
//! | a reader of the live list | its shard's lock | read the header |
//!
//! - **alive-while-reachable**: the cell is freed by whoever makes the task finished *and* without
//!   counted references, and by nobody else.
//!
//! The header, in bytes on a 64-bit machine:
//!
//! | offset | size | field |
//! | ---: | ---: | --- |
//! | 0 | 8 | `job`: how to run it |
//! | 8 | 8 | `vtable` |
//! | 16 | 8 | `state` |
//! | 24 | 16 | `slot`: the joiner's waker |
//! | 40 | 16 | `wait`: why it last returned `Pending` |
//! | 56 | 8 | `spawned_at` |
//! | 64 | 8 | `live`: its place in the live list |
//! | 72 | 8 | `id` |
//! | 80 | 8 | `cold`: what few tasks have |

use super::{
    cold::Cold,
    state::{AfterDrop, AfterWake, Running, State},
};
use crate::scheduler::{Hint, Live, LiveKey};
use heist_core::{
    job::{Job, JobHeader},
    primitive::{
        Arc, UnsafeCell,
        atomic::{AtomicU64, Ordering},
    },
    task::{TaskId, TaskInfo},
    wait,
};
use std::{
    any::Any,
    mem::MaybeUninit,
    panic::Location,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll, Waker},
};

/// Who schedules a kind of tasks.
pub trait Schedule: Sized + 'static {
    /// What each of these tasks keeps alive.
    type Owner: Send + Sync + 'static;

    /// Where this thread hands over a job of theirs. It outlives `owner`, which lies in the cell.
    type Route;

    fn route(owner: &Arc<Self::Owner>) -> Self::Route;

    /// Sees to it that `job` is run.
    fn send(route: Self::Route, job: Job, hint: Hint);

    /// Runs the task once: `run::run`, which stands above this module.
    fn run<F: Future>(entry: Entry<F, Self>);

    /// The list these tasks stand on.
    fn live(owner: &Self::Owner) -> &Live;
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
    job: JobHeader,
    vtable: &'static VTable,
    pub state: State,
    /// The joiner's waker; see `join` for who may touch it.
    pub slot: UnsafeCell<MaybeUninit<Waker>>,
    pub wait: wait::Slot,
    pub spawned_at: &'static Location<'static>,
    /// A `LiveKey`, written once, before the first run.
    live: AtomicU64,
    pub id: TaskId,
    pub cold: Option<Box<Cold>>,
}

#[cfg(all(not(heist_model), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Header>() <= 96);

// SAFETY: `slot` is the only part that is not `Sync` by itself; `join` and `state` say who may
// touch it when.
unsafe impl Sync for Header {}

/// What depends on the future's type.
pub struct VTable {
    schedule: unsafe fn(NonNull<Header>, Hint),
    take_output: unsafe fn(NonNull<Header>, NonNull<()>),
    drop_output: unsafe fn(NonNull<Header>),
    free: unsafe fn(NonNull<Header>),
    owner: unsafe fn(NonNull<Header>) -> *const (),
    type_name: fn() -> &'static str,
}

enum Stage<F: Future> {
    Future(F),
    Output(Outcome<F::Output>),
    Empty,
}

#[repr(C)]
struct Cell<F: Future, S: Schedule> {
    header: Header,
    owner: Arc<S::Owner>,
    stage: UnsafeCell<Stage<F>>,
}

impl Header {
    pub fn info(&self) -> TaskInfo {
        let name = self.cold.as_ref().and_then(|cold| cold.name.clone());
        TaskInfo {
            id: self.id,
            name,
            spawned_at: self.spawned_at,
        }
    }

    pub fn type_name(&self) -> &'static str {
        (self.vtable.type_name)()
    }
}

/// The one queue entry of a runnable task whose future is an `F`.
pub struct Entry<F: Future, S: Schedule>(NonNull<Cell<F, S>>);

impl<F: Future, S: Schedule> Entry<F, S> {
    /// A new task, and its first queue entry.
    pub fn new(
        future: F,
        owner: Arc<S::Owner>,
        joined: bool,
        spawned_at: &'static Location<'static>,
        cold: Option<Box<Cold>>,
    ) -> Self {
        let header = Header {
            job: JobHeader::new(run::<F, S>),
            vtable: &const {
                VTable {
                    schedule: schedule::<F, S>,
                    take_output: take_output::<F, S>,
                    drop_output: drop_output::<F, S>,
                    free: free::<F, S>,
                    owner: owner_of::<F, S>,
                    type_name: std::any::type_name::<F>,
                }
            },
            state: State::new(joined),
            slot: UnsafeCell::new(MaybeUninit::uninit()),
            wait: wait::Slot::default(),
            spawned_at,
            live: AtomicU64::new(LiveKey::NONE.to_bits()),
            id: TaskId::fresh(),
            cold,
        };
        let stage = UnsafeCell::new(Stage::Future(future));
        let cell = Box::new(Cell {
            header,
            owner,
            stage,
        });
        Self(NonNull::from(Box::leak(cell)))
    }

    /// Puts the task on the live list. False: it was refused, and must be dropped.
    pub fn enlist(&self, hint: usize) -> bool {
        let cell = self.cell();
        let Some(key) = S::live(&cell.owner).insert(hint, self.0.cast()) else {
            cell.header.state.refuse();
            return false;
        };
        // Ordering: none; the first run comes after it, by way of a queue.
        cell.header.live.store(key.to_bits(), Ordering::Relaxed);
        true
    }

    /// Takes the task off the live list, if it is on it. Before it is finished.
    pub fn delist(&self, _: &Running) {
        let cell = self.cell();
        let key = LiveKey::from_bits(cell.header.live.load(Ordering::Relaxed));
        if key != LiveKey::NONE {
            S::live(&cell.owner).remove(key);
        }
    }

    pub fn header(&self) -> &Header {
        &self.cell().header
    }

    pub fn owner(&self) -> &S::Owner {
        &self.cell().owner
    }

    /// Polls the future.
    pub fn poll(&self, _: &Running, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.cell().stage.with_mut(|stage| {
            // SAFETY: `Running`: no other thread touches the stage now, and this thread does so
            // only here, since a task is not polled inside its own poll.
            let Stage::Future(future) = (unsafe { &mut *stage }) else {
                unreachable!("a runnable task has its future")
            };
            // SAFETY: the cell is boxed and never moves, and the future stays in its place until
            // `store` drops it there.
            unsafe { Pin::new_unchecked(future) }.poll(cx)
        })
    }

    /// Drops the future, and stores the outcome in its place.
    pub fn store(&self, running: &Running, outcome: Outcome<F::Output>) {
        self.replace(running, Stage::Output(outcome));
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
        // Why not hand `owner` over with the job: another thread may run the job and free the cell,
        // and a reference into it would live on in this one.
        let route = S::route(&self.cell().owner);
        S::send(route, self.into_job(), hint);
    }

    /// A counted reference that exists already, as a value.
    pub fn reference(&self) -> TaskRef {
        TaskRef(self.0.cast())
    }

    /// The address, for a waker.
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
    // SAFETY: `to` points to an `Option<Outcome<F::Output>>`, by the contract of `TaskRef`.
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
    // SAFETY: made by `Box::leak` in `new` with this type; the caller was told to free it.
    let cell = unsafe { Box::from_raw(header.cast::<Cell<F, S>>().as_ptr()) };
    // Everybody's last use of the two must have come before; a model sees it if not.
    cell.header.slot.with_mut(|_| ());
    cell.stage.with_mut(|_| ());
}

unsafe fn owner_of<F: Future, S: Schedule>(header: NonNull<Header>) -> *const () {
    // SAFETY: the caller sees to it that the cell is alive.
    Arc::as_ptr(unsafe { &(*header.cast::<Cell<F, S>>().as_ptr()).owner }).cast()
}

/// A counted reference to a task.
pub struct TaskRef(NonNull<Header>);

// SAFETY: what is reached through a reference is the header, which is `Sync`; the output is
// reached by `JoinHandle`, which is `Send` only if the output is.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    pub fn header(&self) -> &Header {
        // SAFETY: a counted reference keeps the cell alive.
        unsafe { self.0.as_ref() }
    }

    /// Takes over a reference that was given away by [`TaskRef::into_raw`].
    ///
    /// # Safety
    ///
    /// `header` came from there, and nobody else takes it over.
    pub unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// Gives the reference away.
    pub fn into_raw(self) -> NonNull<Header> {
        std::mem::ManuallyDrop::new(self).0
    }

    /// Wakes the task, and gives the reference up.
    pub fn wake(self) {
        let header = self.into_raw();
        // SAFETY: the reference keeps it alive until `State::wake` gives it up.
        let after = unsafe { header.as_ref() }.state.wake();
        match after {
            // SAFETY: the state told us to.
            AfterWake::Schedule => unsafe { schedule_entry(header) },
            // SAFETY: the state told us to.
            AfterWake::Free => unsafe { free_cell(header) },
            AfterWake::Nothing => {}
        }
    }

    /// Wakes the task.
    pub fn wake_by_ref(&self) {
        self.after(self.header().state.wake_by_ref());
    }

    /// Asks the task to stop.
    pub fn abort(&self) {
        self.after(self.header().state.abort(false));
    }

    fn after(&self, after: AfterWake) {
        if after == AfterWake::Schedule {
            // SAFETY: the state told us to.
            unsafe { schedule_entry(self.0) };
        }
    }

    /// Moves the output out.
    ///
    /// # Safety
    ///
    /// The task's output is a `T`, the task is finished, and this is its join handle's reference.
    pub unsafe fn take_output<T>(&self) -> Outcome<T> {
        let mut outcome: Option<Outcome<T>> = None;
        // SAFETY: the contract of this function; the reference keeps the cell alive.
        unsafe { (self.header().vtable.take_output)(self.0, NonNull::from(&mut outcome).cast()) };
        outcome.expect("`take_output` fills it or panics")
    }

    /// Drops the output, if it is there still.
    ///
    /// # Safety
    ///
    /// The task is finished, and this is its join handle's reference.
    pub unsafe fn drop_output(&self) {
        // SAFETY: the contract of this function; the reference keeps the cell alive.
        unsafe { (self.header().vtable.drop_output)(self.0) };
    }

    /// Gives the join handle's reference to a finished task up.
    pub fn leave_finished(self) {
        let header = self.into_raw();
        // SAFETY: the reference keeps it alive until `leave_finished` gives it up.
        if unsafe { header.as_ref() }.state.leave_finished() == AfterDrop::Free {
            // SAFETY: the state told us to.
            unsafe { free_cell(header) };
        }
    }

    /// Forgets a reference that the state word no longer counts.
    pub fn uncounted(self) {
        let _ = self.into_raw();
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.header().state.add_ref();
        Self(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        if self.header().state.drop_ref() == AfterDrop::Free {
            // SAFETY: the state told us to.
            unsafe { free_cell(self.0) };
        }
    }
}

/// # Safety
///
/// The state has said `Schedule` to the caller.
unsafe fn schedule_entry(header: NonNull<Header>) {
    // SAFETY: the entry that exists now keeps the cell alive.
    let schedule = unsafe { header.as_ref() }.vtable.schedule;
    // SAFETY: the vtable belongs to this cell, and the entry is the caller's.
    unsafe { schedule(header, Hint::Soon) };
}

/// # Safety
///
/// The state has said `Free` to the caller.
unsafe fn free_cell(header: NonNull<Header>) {
    // SAFETY: nobody else can reach the cell.
    let free = unsafe { header.as_ref() }.vtable.free;
    // SAFETY: the vtable belongs to this cell.
    unsafe { free(header) };
}

/// Calls `visit` for each task on the list. No foreign code may run in it.
pub fn visit(live: &Live, mut visit: impl FnMut(&Header)) {
    visit_cells(live, |_, header| visit(header));
}

/// The same, with the address of the whole cell, which a reference to its header is not.
fn visit_cells(live: &Live, mut visit: impl FnMut(NonNull<Header>, &Header)) {
    live.for_each(|member| {
        let cell = member.cast::<Header>();
        // SAFETY: only cells are on a live list, which begin with their header; a member is alive
        // while the list's lock is held, as it is during this call.
        visit(cell, unsafe { cell.as_ref() });
    });
}

/// Aborts every task on the list, because the runtime shuts down.
pub fn abort_all(live: &Live) {
    abort_if(live, true, |_, _| true);
}

/// Aborts every task on the list that belongs to `owner`. Whether there is one.
pub fn abort_owned<O>(live: &Live, owner: &Arc<O>) -> bool {
    let (ours, mut found) = (Arc::as_ptr(owner).cast::<()>(), false);
    abort_if(live, false, |cell, header| {
        // SAFETY: the vtable belongs to this cell, which is alive during the visit.
        let is_ours = unsafe { (header.vtable.owner)(cell) } == ours;
        found |= is_ours;
        is_ours
    });
    found
}

fn abort_if(live: &Live, shutdown: bool, mut wanted: impl FnMut(NonNull<Header>, &Header) -> bool) {
    let mut entries = Vec::new();
    visit_cells(live, |cell, header| {
        if wanted(cell, header) && header.state.abort(shutdown) == AfterWake::Schedule {
            entries.push(cell);
        }
    });
    for header in entries {
        // SAFETY: the state told us to, above; the entry keeps the cell alive.
        unsafe { schedule_entry(header) };
    }
}
