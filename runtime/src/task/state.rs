//! In which state is a task, and who may do what in it?
#![doc = include_str!("state.md")]

use heist_core::primitive::{
    Seed,
    atomic::{AtomicU64, Ordering, fence},
    thread,
};

/// The future is in place; without it the task is finished.
const ALIVE: u64 = 1;
/// Somebody has asked the task to stop.
const CANCEL: u64 = 1 << 1;
/// A join handle owns the output to come.
const JOIN: u64 = 1 << 2;
/// The join slot holds a waker, which the completer may read.
const WAKER: u64 = 1 << 3;
/// It was the runtime's shutdown that asked the task to stop.
const SHUTDOWN: u64 = 1 << 4;
/// Shutdown has been here: who comes after it is refused. Never cleared.
const CLOSED: u64 = 1 << 5;
/// Shutdown waits for the task.
const COUNTED: u64 = 1 << 6;
/// Counted references: wakers, the join handle, abort handles.
const REF: u64 = 1 << 8;
const REFS: u64 = ((1 << 24) - 1) * REF;
/// How often the task was woken and not yet polled for it.
const WAKE: u64 = 1 << 32;
const WAKES: u64 = !(WAKE - 1);

/// More references than this, and the count could wrap into memory errors before anybody notices:
/// abort, as `Arc` does.
const REFS_MAX: u64 = (1 << 23) * REF;
/// More wakes than this between two polls: let the poller have the processor.
const WAKES_MANY: u64 = (1 << 30) * WAKE;
/// More wakes than this between two polls: abort.
const WAKES_MAX: u64 = (1 << 31) * WAKE;

/// The state word. Its masks never leave this file.
#[derive(Debug, Clone, Copy)]
pub struct State<'a>(&'a AtomicU64);

/// The proof that this thread, and no other, may touch the future. Made by [`State::start`].
#[derive(Debug)]
#[must_use]
pub struct Running {
    /// The wakes that this run answers.
    wakes: u64,
}

/// What a run begins with.
#[must_use]
pub enum Start {
    Poll(Running),
    /// Aborted: drop the future instead.
    Drop(Running),
}

/// What follows a poll that returned `Pending`.
#[must_use]
pub enum AfterPending {
    /// Nothing: the next wake schedules the task. The cell may be gone.
    Idle,
    /// It was woken during the poll: schedule it behind the others.
    Again,
    /// It was aborted during the poll: drop the future.
    Drop(Running),
}

/// What follows the end of a task.
#[must_use]
pub enum AfterFinish {
    /// The join handle has the output. The cell may be gone.
    Stored,
    /// The join handle has the output. Read the join slot's waker, drop the reference that this
    /// transition took for the reading, and wake.
    WakeJoiner,
    /// Nobody wants the output: drop it if need be, and call [`State::finish_detached`].
    Detached(Running),
}

/// What shutdown finds in a slot.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum AfterClose {
    /// No task.
    Vacant,
    /// A task that counts, and will see the abort by itself.
    Counted,
    /// The same; the queue entry that now exists is the caller's.
    Schedule,
}

/// What follows a wake or an abort.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum AfterWake {
    /// The queue entry that now exists is the caller's: push it.
    Schedule,
    Nothing,
    /// That was the last reference to a finished task: free the cell.
    Free,
}

/// Whether the caller held the last reference to a finished task.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum AfterDrop {
    Nothing,
    Free,
}

/// What the join handle finds when it looks, or after it has put a waker into the slot.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Join {
    /// Not finished, and the slot is the handle's to write.
    Write,
    /// Not finished; the slot holds a waker, which the handle may compare.
    Compare,
    /// Finished: take the output.
    Finished,
}

/// What the join handle's end leaves to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum AfterLeave {
    /// Detached.
    Nothing,
    /// Finished: drop the output unless it was taken, then call [`State::leave_finished`].
    Finished,
    /// The slot's waker is the handle's to drop; then ask again.
    DropWaker,
}

impl<'a> State<'a> {
    /// The state that lies in such a word.
    #[inline]
    pub fn of(word: &'a AtomicU64) -> Self {
        Self(word)
    }

    /// The word of a slot that had no task before shutdown came.
    pub const CLOSED: u64 = CLOSED;

    /// A new task is in place, and about to be scheduled for the first time. False: shutdown has
    /// been here, so the task is aborted before it begins.
    #[inline]
    pub fn publish(self, joined: bool) -> bool {
        let handle = if joined { JOIN + REF } else { 0 };
        let new = ALIVE + WAKE + handle;
        // Ordering: the cell's contents, for who looks at all slots; pairs with `look` and `close`.
        let is_open = self.0.swap(new, Ordering::Release) & CLOSED == 0;
        if !is_open {
            self.0
                .fetch_or(CANCEL | SHUTDOWN | CLOSED, Ordering::Relaxed);
        }
        is_open
    }

    // ---- the runner

    /// Begins a run. The caller holds the queue entry, which this consumes.
    #[inline]
    pub fn start(self) -> Start {
        // Ordering: what the wakers did before they woke; pairs with `wake`. Also what the last
        // runner did; it came here through the same word.
        let state = self.0.load(Ordering::Acquire);
        assert!(is_runnable(state), "one queue entry a runnable task");
        let running = Running {
            wakes: state & WAKES,
        };
        if state & CANCEL == 0 {
            Start::Poll(running)
        } else {
            Start::Drop(running)
        }
    }

    /// The poll returned `Pending`.
    #[inline]
    pub fn pending(self, running: Running) -> AfterPending {
        // Ordering: Release: the future's new contents, for the next runner. Acquire: what came
        // before a wake that we have not answered, if we are the next runner.
        let old = self.0.fetch_sub(running.wakes, Ordering::AcqRel);
        let left = (old & WAKES) - running.wakes;
        if old & CANCEL != 0 {
            AfterPending::Drop(Running { wakes: left })
        } else if left != 0 {
            AfterPending::Again
        } else {
            AfterPending::Idle
        }
    }

    /// The future is gone and the output stored. `Err`: shutdown counts the task, which must take
    /// itself off first.
    #[inline]
    pub fn finish(self, running: Running) -> Result<AfterFinish, Running> {
        let mut old = self.0.seed();
        loop {
            if old & JOIN == 0 {
                return Ok(AfterFinish::Detached(running));
            }
            if old & COUNTED != 0 {
                return Err(running);
            }
            let stored = old & !(ALIVE | WAKER);
            let joiner = old & WAKER != 0;
            let new = if joiner { stored + REF } else { stored };
            // Ordering: Release: the output, for the handle. Acquire: the waker in the slot.
            match self
                .0
                .compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) if joiner => return Ok(AfterFinish::WakeJoiner),
                Ok(_) => return Ok(AfterFinish::Stored),
                Err(newer) => old = newer,
            }
        }
    }

    /// The future is gone, and the output may be. `Err`: as in [`State::finish`].
    #[inline]
    pub fn finish_detached(self, running: Running) -> Result<AfterDrop, Running> {
        let mut old = self.0.seed();
        loop {
            if old & COUNTED != 0 {
                return Err(running);
            }
            // Ordering: Release: our last use of the cell, for who frees it. Acquire: everybody
            // else's last use, if that is us.
            match self
                .0
                .compare_exchange(old, old & !ALIVE, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) if old & REFS == 0 => return Ok(AfterDrop::Free),
                Ok(_) => return Ok(AfterDrop::Nothing),
                Err(newer) => old = newer,
            }
        }
    }

    /// The task counts no more for shutdown.
    pub fn uncount(self, _: &Running) {
        // Ordering: none; the end follows.
        self.0.fetch_and(!COUNTED, Ordering::Relaxed);
    }

    // ---- who looks at all slots

    /// Takes a reference to a task that is not finished, if there is one.
    pub fn look(self) -> bool {
        let mut old = self.0.seed();
        loop {
            if old & ALIVE == 0 {
                return false;
            }
            if old & REFS > REFS_MAX {
                std::process::abort();
            }
            // Ordering: the cell's contents; pairs with `publish`.
            match self
                .0
                .compare_exchange(old, old + REF, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(newer) => old = newer,
            }
        }
    }

    /// Shutdown is here, once: the task is aborted, and counts.
    pub fn close(self) -> AfterClose {
        let mut old = self.0.seed();
        loop {
            let (mut new, mut after) = (old | CLOSED, AfterClose::Vacant);
            if old & ALIVE != 0 {
                new |= COUNTED;
                after = AfterClose::Counted;
            }
            if old & (ALIVE | CANCEL) == ALIVE {
                new |= CANCEL | SHUTDOWN;
                if old & WAKES == 0 {
                    new += WAKE;
                    after = AfterClose::Schedule;
                }
            }
            // Ordering: Acquire: the cell's contents, if we are to schedule it; pairs with
            // `publish`. Release: what was done before shutdown, for the drop of the future.
            match self
                .0
                .compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return after,
                Err(newer) => old = newer,
            }
        }
    }

    // ---- wakers and references

    /// Wakes, and keeps the reference.
    pub fn wake_by_ref(self) -> AfterWake {
        // Ordering: what the waker's owner did before, for the poll; pairs with `start`.
        let old = self.0.fetch_add(WAKE, Ordering::Release);
        if old & ALIVE == 0 {
            // Wakes of a finished task must not add up. The reference keeps the cell.
            self.0.fetch_sub(WAKE, Ordering::Relaxed);
            return AfterWake::Nothing;
        }
        after_wake(old)
    }

    /// Wakes, and gives the reference up.
    pub fn wake(self) -> AfterWake {
        // Ordering: as in `wake_by_ref`; and our last use of the cell, for who frees it.
        let old = self.0.fetch_add(WAKE - REF, Ordering::Release);
        if old & (ALIVE | REFS) == REF {
            // Ordering: everybody's last use of the cell, before it is freed.
            fence(Ordering::Acquire);
            return AfterWake::Free;
        }
        if old & ALIVE == 0 {
            AfterWake::Nothing
        } else {
            after_wake(old)
        }
    }

    /// Takes a reference.
    pub fn add_ref(self) {
        // Ordering: none; the caller has a reference already.
        let old = self.0.fetch_add(REF, Ordering::Relaxed);
        if old & REFS > REFS_MAX {
            std::process::abort();
        }
    }

    /// Gives a reference up.
    pub fn drop_ref(self) -> AfterDrop {
        // Ordering: our last use of the cell, for who frees it.
        let old = self.0.fetch_sub(REF, Ordering::Release);
        if old & (ALIVE | REFS) != REF {
            return AfterDrop::Nothing;
        }
        // Ordering: everybody's last use of the cell, before it is freed.
        fence(Ordering::Acquire);
        AfterDrop::Free
    }

    /// Asks the task to stop.
    pub fn abort(self) -> AfterWake {
        let mut old = self.0.seed();
        loop {
            if old & (ALIVE | CANCEL) != ALIVE {
                return AfterWake::Nothing;
            }
            let idle = old & WAKES == 0;
            let new = (old | CANCEL) + if idle { WAKE } else { 0 };
            // Ordering: Release: what the aborter did before, for the drop of the future.
            match self
                .0
                .compare_exchange(old, new, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) if idle => return AfterWake::Schedule,
                Ok(_) => return AfterWake::Nothing,
                Err(newer) => old = newer,
            }
        }
    }

    // ---- the join handle

    /// Looks, before the join handle waits.
    pub fn join(self) -> Join {
        // Ordering: the output; pairs with `finish`.
        let state = self.0.load(Ordering::Acquire);
        match state & (ALIVE | WAKER) {
            ALIVE => Join::Write,
            both if both & ALIVE != 0 => Join::Compare,
            _ => Join::Finished,
        }
    }

    /// Takes the slot back from the completer, to replace the waker in it.
    pub fn reclaim_slot(self) -> Join {
        // Ordering: the output, if it is there; pairs with `finish`. Nothing to release: the
        // handle has only read since it published.
        let old = self.0.fetch_and(!WAKER, Ordering::Acquire);
        if old & ALIVE == 0 {
            Join::Finished
        } else {
            Join::Write
        }
    }

    /// Shows the completer the waker that the handle has written. `Finished`: it came too late,
    /// and the waker is still the handle's.
    pub fn publish_slot(self) -> Join {
        // Ordering: Release: the waker; pairs with `finish`. Acquire: the output, if it is there.
        let old = self.0.fetch_or(WAKER, Ordering::AcqRel);
        if old & ALIVE != 0 {
            return Join::Compare;
        }
        self.0.fetch_and(!WAKER, Ordering::Relaxed);
        Join::Finished
    }

    /// The join handle goes.
    pub fn leave(self) -> AfterLeave {
        let mut old = self.0.seed();
        loop {
            if old & ALIVE == 0 {
                // Ordering: the output, which the handle drops; pairs with `finish`.
                fence(Ordering::Acquire);
                return AfterLeave::Finished;
            }
            if old & WAKER != 0 {
                match self.reclaim_slot() {
                    Join::Finished => return AfterLeave::Finished,
                    _ => return AfterLeave::DropWaker,
                }
            }
            let new = (old & !JOIN) - REF;
            // Ordering: our last use of the cell, for who frees it.
            match self
                .0
                .compare_exchange(old, new, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return AfterLeave::Nothing,
                Err(newer) => old = newer,
            }
        }
    }

    /// The join handle of a finished task goes; the output is gone.
    pub fn leave_finished(self) -> AfterDrop {
        // Of a finished task only who has a reference makes another: a sole one stays the last.
        // Ordering: everybody else's use of the cell, which we free.
        if self.0.load(Ordering::Acquire) & REFS == REF {
            return AfterDrop::Free;
        }
        self.drop_ref()
    }

    // ---- for people

    pub fn is_finished(self) -> bool {
        // Ordering: who sees the end may read what the task did before it.
        self.0.load(Ordering::Acquire) & ALIVE == 0
    }

    /// Whether it was the shutdown that stopped the task.
    pub fn is_shutdown(self) -> bool {
        self.0.load(Ordering::Relaxed) & SHUTDOWN != 0
    }

    /// One word for the dump.
    pub fn describe(self) -> &'static str {
        let state = self.0.load(Ordering::Relaxed);
        match () {
            () if state & ALIVE == 0 => "finished",
            () if state & CANCEL != 0 => "being aborted",
            () if state & WAKES != 0 => "runnable",
            () => "waiting",
        }
    }
}

/// There is exactly one queue entry, or one run, of a runnable task.
fn is_runnable(state: u64) -> bool {
    state & ALIVE != 0 && state & (WAKES | CANCEL) != 0
}

fn after_wake(old: u64) -> AfterWake {
    if old & WAKES > WAKES_MANY {
        too_many_wakes(old);
    }
    if is_runnable(old) {
        AfterWake::Nothing
    } else {
        AfterWake::Schedule
    }
}

#[cold]
fn too_many_wakes(old: u64) {
    if old & WAKES > WAKES_MAX {
        std::process::abort();
    }
    thread::yield_now();
}
