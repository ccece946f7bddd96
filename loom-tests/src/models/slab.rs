//! Is a slot's memory used by one cell after another, and freed after the last?
//!
//! Tasks as in `task`, but of a thread with a heap of its own, whose first chunk is one slot.

use crate::check::{join, spawn};
use heist::{
    JoinHandle,
    internals::{
        Class, First, Heap, Hint, Owned, Slab, Vacant, abort_all,
        cell::{Entry, Schedule},
        run, spawn as spawn_task, visit,
    },
};
use heist_core::{
    job::Job,
    primitive::{
        Arc, UnsafeCell,
        atomic::{AtomicBool, Ordering},
        thread::yield_now,
    },
    waker::{WakeTarget, waker},
};
use std::{
    cell::RefCell,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

struct Owner {
    slab: Slab<Owner>,
}

impl heist::internals::Owner for Owner {
    fn slab(&self) -> &Slab<Self> {
        &self.slab
    }
}

/// Tasks that are kept for the model to run.
enum Kept {}

/// A thread that spawns.
struct Spawner {
    owner: Arc<Owner>,
    heap: Rc<Heap>,
    kept: Rc<RefCell<Vec<Job>>>,
}

impl Schedule for Kept {
    type Base = Owner;
    type Keep = Arc<()>;
    type Route<'a> = &'a Spawner;

    fn allocate(spawner: &&Spawner, class: Class) -> Vacant<Owner> {
        let Spawner { owner, heap, .. } = spawner;
        owner.slab.allocate(heap, owner, class)
    }

    fn send(spawner: &Spawner, job: Job) {
        spawner.kept.borrow_mut().push(job);
    }

    fn send_again(_: &Arc<Owner>, _: Arc<()>, job: Job, _: Hint) {
        job.run();
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        run(entry);
    }
}

/// Something that loom sees being touched, also by its drop.
struct Touched(UnsafeCell<u32>);

// SAFETY: loom checks that one thread at a time is here.
unsafe impl Sync for Touched {}

impl Touched {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn touch(&self) {
        // SAFETY: loom checks that nobody else is here.
        self.0.with_mut(|touched| unsafe { *touched += 1 });
    }
}

/// Pending so often, then ready.
struct After(usize, Touched);

impl Future for After {
    type Output = Touched;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Touched> {
        self.1.touch();
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Poll::Pending
            }
            None => Poll::Ready(Touched::new()),
        }
    }
}

impl Spawner {
    fn new() -> Self {
        Self {
            owner: Arc::new(Owner { slab: Slab::new(1) }),
            heap: Rc::default(),
            kept: Rc::default(),
        }
    }

    /// A task that is ready at its first poll, and its job unless it was refused.
    fn spawn(&self) -> (JoinHandle<Touched>, Option<Job>) {
        self.spawn_ready_after(0)
    }

    fn spawn_ready_after(&self, polls: usize) -> (JoinHandle<Touched>, Option<Job>) {
        let (future, at) = (After(polls, Touched::new()), Location::caller());
        let keep = Arc::new(()); // what the cell keeps: loom sees if it leaks
        let handle = spawn_task::<_, Kept>(future, self, keep, None, First::Queued, at);
        (handle, self.kept.borrow_mut().pop())
    }

    /// The same, of a runtime that has not ended.
    fn spawn_job(&self) -> (JoinHandle<Touched>, Job) {
        let (handle, job) = self.spawn();
        (handle, job.expect("accepted"))
    }
}

/// The memory of a task that ended elsewhere is a new task's.
pub fn a_slot_that_came_from_afar_is_used_again() {
    let spawner = Spawner::new();
    let _own = Owned::new(spawner.heap.token());
    let (handle, job) = spawner.spawn_job();
    drop(handle);
    let thread = spawn(move || job.run());
    let (handle, job) = spawner.spawn_job();
    drop(handle);
    job.run();
    join([thread]);
    let (handle, job) = spawner.spawn_job();
    job.run();
    assert!(handle.is_finished());
    spawner.owner.slab.release();
}

/// Two threads give back at once, and the owner as well.
pub fn slots_that_came_from_two_sides_are_used_again() {
    let spawner = Spawner::new();
    let _own = Owned::new(spawner.heap.token());
    let threads = [(); 2].map(|()| {
        let (handle, job) = spawner.spawn_job();
        drop(handle);
        spawn(move || job.run())
    });
    for _ in 0..2 {
        let (handle, job) = spawner.spawn_job();
        drop(handle);
        job.run();
    }
    join(threads);
    spawner.owner.slab.release();
}

/// A handle keeps the output of a runtime that is gone.
pub fn a_cell_may_outlive_the_slab() {
    let spawner = Spawner::new();
    let (handle, job) = spawner.spawn_job();
    let thread = spawn(move || {
        while !handle.is_finished() {
            yield_now();
        }
        drop(handle);
    });
    job.run();
    spawner.owner.slab.release();
    drop(spawner);
    join([thread]);
}

/// The last of two frees the memory.
pub fn two_cells_may_outlive_the_slab() {
    let spawner = Spawner::new();
    let threads = [(); 2].map(|()| {
        let (handle, job) = spawner.spawn_job();
        job.run();
        spawn(move || drop(handle))
    });
    spawner.owner.slab.release();
    drop(spawner);
    join(threads);
}

/// Who looks at all slots finds a task that is whole, and stays as long as it looks.
pub fn a_look_finds_a_whole_task_or_none() {
    let spawner = Spawner::new();
    let _own = Owned::new(spawner.heap.token());
    // So that there is a slot that was used before, and whose word still counts the handle.
    let (handle, job) = spawner.spawn_job();
    job.run();
    drop(handle);
    let owner = spawner.owner.clone();
    let thread = spawn(move || {
        visit(&owner.slab, |task| {
            let info = task.header().info();
            assert!(info.spawned_at.file().ends_with("slab.rs"));
            assert!(task.header().type_name().ends_with("After"));
        });
    });
    for _ in 0..2 {
        let (handle, job) = spawner.spawn_job();
        drop(handle);
        job.run();
    }
    join([thread]);
    spawner.owner.slab.release();
}

/// A task that is spawned while the runtime ends is refused, or waited for.
pub fn a_spawn_and_the_end_agree() {
    let spawner = Spawner::new();
    // So that the slot is there, and free, when the end comes; its word still counts the handle.
    let (handle, job) = spawner.spawn_job();
    job.run();
    drop(handle);
    let owner = spawner.owner.clone();
    let was_over = std::sync::Arc::new(AtomicBool::new(false));
    let over = was_over.clone();
    let thread = spawn(move || {
        abort_all(&owner.slab);
        let is_over = owner.slab.ending.is_over_or_wakes(Waker::noop());
        over.store(is_over, Ordering::Relaxed);
    });
    let (handle, job) = spawner.spawn();
    let accepted = job.is_some();
    if !accepted {
        assert!(handle.is_finished(), "it was dropped at once");
    }
    join([thread]);
    assert_ne!(
        was_over.load(Ordering::Relaxed),
        accepted,
        "it waits for who was accepted"
    );
    job.into_iter().for_each(Job::run);
    assert!(spawner.owner.slab.ending.is_over_or_wakes(Waker::noop()));
    let (late, job) = spawner.spawn();
    assert!(job.is_none() && late.is_finished());
    drop((handle, late));
    spawner.owner.slab.release();
}

/// A task that waits when the end comes is dropped by who ends the runtime.
pub fn the_end_finds_a_task_that_waits() {
    let spawner = Spawner::new();
    let owner = spawner.owner.clone();
    let thread = spawn(move || abort_all(&owner.slab));
    let (handle, job) = spawner.spawn_ready_after(1);
    drop(handle);
    job.into_iter().for_each(Job::run);
    join([thread]);
    assert!(spawner.owner.slab.ending.is_over_or_wakes(Waker::noop()));
    spawner.owner.slab.release();
}

/// Who waits for the end.
#[derive(Default)]
struct Woken(AtomicBool);

impl WakeTarget for Woken {
    fn wake(this: &Arc<Self>) {
        this.0.store(true, Ordering::Relaxed);
    }
}

/// Whoever waits until all are gone is woken, or sees that they are; and what they did.
pub fn the_end_hears_of_the_last_task() {
    let spawner = Spawner::new();
    let done = std::sync::Arc::new([Touched::new(), Touched::new()]);
    let threads = [0, 1].map(|index| {
        let (handle, job) = spawner.spawn_job();
        drop(handle);
        let done = done.clone();
        spawn(move || {
            done[index].touch();
            job.run();
        })
    });
    abort_all(&spawner.owner.slab);
    let woken = Arc::new(Woken::default());
    let was_over = (spawner.owner.slab.ending).is_over_or_wakes(&waker(woken.clone()));
    if was_over {
        done.iter().for_each(Touched::touch);
    }
    join(threads);
    assert!(was_over || woken.0.load(Ordering::Relaxed));
    assert!(spawner.owner.slab.ending.is_over_or_wakes(&waker(woken)));
    spawner.owner.slab.release();
}
