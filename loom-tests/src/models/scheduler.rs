//! Is every job run, whoever sleeps, sticks or stops?
//!
//! The real workers, on the model's deques, locks and clock. No reactor comes to life and no timer
//! is armed, so the leader waits on its parker like the others.

use crate::{
    check::{join, spawn},
    work::Jobs,
};
use heist::internals::{
    Hint, Home, Seat, Shared, StandIn, Worker, assemble, expire, schedule, work_from_sleep,
};
use heist_core::primitive::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering, fence},
    thread,
};
use heist_io::Variant;
use heist_timer::Clock;
use std::{
    os::fd::AsFd,
    sync::{Arc as Plain, Mutex as PlainMutex},
};

/// One execution: a scheduler, its seats, and jobs that know it.
struct World {
    shared: Arc<Shared>,
    seats: Vec<Option<Seat>>,
    jobs: Plain<Jobs>,
    /// What the jobs know. For the model only: it adds no order.
    known: Plain<PlainMutex<Option<Arc<Shared>>>>,
}

impl World {
    /// `on_run` is called with the scheduler and the job's number.
    fn new(
        workers: usize,
        jobs: usize,
        on_run: impl Fn(&Arc<Shared>, usize) + Send + Sync + 'static,
    ) -> Self {
        // Paused, or how long a watch lasts would depend on the machine.
        let (shared, seats) = assemble(workers, Variant::default(), Clock::paused(), 1);
        let known = Plain::new(PlainMutex::new(Some(shared.clone())));
        let know = known.clone();
        let jobs = Jobs::with(jobs, move |number| {
            let shared = know.lock().unwrap().clone().expect("until the end");
            on_run(&shared, number);
        });
        Self {
            shared,
            seats: seats.map(Some).collect(),
            jobs,
            known,
        }
    }

    fn start(&mut self, worker: usize) -> thread::JoinHandle<()> {
        let seat = self.seats[worker].take().expect("started once");
        spawn(move || drop(work(seat)))
    }

    /// Every worker announces that it sleeps.
    fn announce_all(&self) {
        for worker in 0..self.seats.len() {
            assert!(self.shared.idle.announce(worker, false).is_some());
        }
    }

    /// Workers that have fallen asleep already: fewer orders, and the interesting ones.
    fn start_all_asleep(&mut self) -> Vec<thread::JoinHandle<()>> {
        let seats: Vec<_> = self
            .seats
            .iter_mut()
            .map(|seat| seat.take().expect("once"))
            .collect();
        let sleep = |seat| {
            spawn(move || {
                let worker = Worker::sit(seat);
                work_from_sleep(&worker);
                drop(worker.stand());
            })
        };
        seats.into_iter().map(sleep).collect()
    }

    fn start_all(&mut self) -> Vec<thread::JoinHandle<()>> {
        (0..self.seats.len())
            .map(|worker| self.start(worker))
            .collect()
    }

    fn push(&self, number: usize) {
        schedule(&self.shared, self.jobs.job(number), Hint::Soon);
    }

    /// Every thread is joined.
    fn end(self) {
        self.shared.drain();
        self.jobs.assert_all_run();
        let known = self.known.lock().unwrap().take();
        drop(known);
    }
}

fn work(seat: Seat) -> Seat {
    let worker = Worker::sit(seat);
    worker.work(None);
    worker.stand()
}

/// A flag that a thread can block on.
#[derive(Default)]
struct Flag {
    up: Mutex<bool>,
    changed: Condvar,
}

impl Flag {
    fn raise(&self) {
        *self.up.lock() = true;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let mut up = self.up.lock();
        while !*up {
            self.changed.wait(&mut up);
        }
    }
}

/// The worker is about to sleep while somebody pushes, twice.
pub fn a_worker_sleeps_through_no_push() {
    let mut world = World::new(1, 2, |shared, number| {
        if number == 1 {
            shared.stop();
        }
    });
    let workers = world.start_all();
    world.push(0);
    world.push(1);
    join(workers);
    world.end();
}

/// The first source gives the reactor life while a worker begins to wait without it.
pub fn the_leader_sees_a_reactor_come_to_life() {
    let (shared, _seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let waits = shared.clone();
    let leader = spawn(move || {
        let lead = waits
            .leader
            .try_lead(0, &waits.driver.timers)
            .expect("nobody leads");
        while !waits.driver.reactor.is_live() {
            let _ = waits.remotes[0].home.parker.park(None);
        }
        drop(lead);
    });
    let key = shared
        .driver
        .reactor
        .register(std::io::stdin().as_fd(), |_| ());
    assert!(key.is_ok());
    join([leader]);
}

/// The same, for a leader that may be in the reactor by then: it can still be called afterwards.
pub fn a_leader_can_be_called_after_a_reactors_birth() {
    let (shared, _seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let called = Arc::new(AtomicUsize::new(0));
    let (waits, is_called) = (shared.clone(), called.clone());
    let leader = spawn(move || {
        let parker = &waits.remotes[0].home.parker;
        while is_called.load(Ordering::Relaxed) == 0 {
            let lead = waits.leader.try_lead(0, &waits.driver.timers);
            let expiry = lead.as_ref().expect("nobody leads").expiry;
            let mut wakers = Vec::new();
            let _ = waits
                .driver
                .lead(expiry, None, || false, parker, &mut wakers);
        }
    });
    let Shared { driver, .. } = &*shared;
    let key = driver.reactor.register(std::io::stdin().as_fd(), |_| ());
    assert!(key.is_ok());
    called.store(1, Ordering::Relaxed);
    shared.remotes[0].home.unpark(&driver.reactor);
    join([leader]);
}

/// A searcher finds a job and sticks in it, while somebody pushes another and perhaps sees a
/// searcher: the other worker must be woken all the same.
pub fn a_searcher_that_leaves_hides_no_push() {
    let mut world = World::new(2, 2, |_, _| ());
    world.announce_all();
    // Claims worker 1; worker 0, the deputy, sleeps on.
    world.push(0);
    let seat = world.seats[1].take().expect("started once");
    let searcher = spawn(move || {
        let worker = Worker::sit(seat);
        let job = worker.find().expect("pushed above");
        worker.run(job, &mut true);
        drop(worker.stand());
    });
    world.push(1);
    join([searcher]);
    assert!(
        !world.shared.idle.view().sleeps(0),
        "a job waits, and everybody sleeps or sticks"
    );
    world.end();
}

/// Job 0 puts job 1 into its worker's slot, lets time pass, and waits for it.
fn a_job_sticks() -> (World, Plain<PlainMutex<Option<Plain<Jobs>>>>) {
    let second = Plain::new(Flag::default());
    let jobs: Plain<PlainMutex<Option<Plain<Jobs>>>> = Plain::default();
    let know = jobs.clone();
    let world = World::new(2, 2, move |shared, number| {
        if number == 1 {
            return second.raise();
        }
        let jobs = know.lock().unwrap().clone().expect("given below");
        schedule(shared, jobs.job(1), Hint::Soon);
        // The first timeout may belong to a watch that began before this turn.
        for remote in &shared.remotes {
            (0..3).for_each(|_| expire(&remote.home.parker));
        }
        second.wait();
        shared.stop();
    });
    *jobs.lock().unwrap() = Some(world.jobs.clone());
    (world, jobs)
}

/// A job lies behind one that blocks, in the slot of its worker; the deputy takes it.
pub fn a_stuck_workers_slot_is_taken() {
    let (mut world, jobs) = a_job_sticks();
    world.shared.injector.push(world.jobs.job(0));
    let workers = world.start_all();
    join(workers);
    *jobs.lock().unwrap() = None;
    world.end();
}

/// The same, but both workers sleep when the one that gets stuck is claimed.
pub fn a_deputy_stays_behind_a_claim() {
    let (mut world, jobs) = a_job_sticks();
    world.announce_all();
    let workers = world.start_all_asleep();
    world.push(0);
    join(workers);
    *jobs.lock().unwrap() = None;
    world.end();
}

/// The only worker is away. Its stand-in is about to wait while somebody pushes, twice, and goes
/// when the worker is back.
pub fn a_stand_in_waits_through_no_push() {
    a_stand_in_is_called(false);
}

/// The same, and it cannot have the lead.
pub fn a_stand_in_without_the_lead_waits_through_no_push() {
    a_stand_in_is_called(true);
}

fn a_stand_in_is_called(somebody_leads: bool) {
    let world = World::new(1, 2, |shared, number| {
        if number == 1 {
            shared.stand_ins.come_back(&shared.driver.reactor);
        }
    });
    let shared = world.shared.clone();
    let lead = somebody_leads.then(|| shared.leader.try_lead(0, &shared.driver.timers));
    assert!(world.shared.stand_ins.leave(&shared.driver.reactor));
    let serves = shared.clone();
    let stand_in = spawn(move || StandIn::new(serves, Arc::default()).work(|| false));
    world.push(0);
    world.push(1);
    join([stand_in]);
    drop(lead);
    world.end();
}

/// The runtime ends while a stand-in is about to wait, to which a task is pinned.
pub fn a_stand_in_waits_through_no_end() {
    let world = World::new(1, 0, |_, _| ());
    assert!(world.shared.stand_ins.leave(&world.shared.driver.reactor));
    let shared = world.shared.clone();
    let stand_in = spawn(move || StandIn::new(shared, Arc::default()).work(|| true));
    world
        .shared
        .stand_ins
        .come_back(&world.shared.driver.reactor);
    world.shared.stop();
    join([stand_in]);
    world.end();
}

/// A worker falls asleep while a stand-in leads, and leads when that has gone.
pub fn a_stand_in_hands_the_lead_on() {
    let (shared, _seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let leads = shared.clone();
    let stand_in = spawn(move || {
        let home = Arc::<Home>::default();
        let lead = leads.leader.try_lead_from(&home, &leads.driver.timers);
        lead.into_iter().for_each(|lead| leads.hand_on(lead));
    });
    assert!(shared.idle.announce(0, false).is_some());
    fence(Ordering::SeqCst); // the one in `Worker::sleep`
    let lead = loop {
        match shared.leader.try_lead(0, &shared.driver.timers) {
            Some(lead) => break lead,
            None => _ = shared.remotes[0].home.parker.park(None),
        }
    };
    join([stand_in]);
    drop(lead);
}

/// A stand-in takes the lead while a thread changes what the leader waits for.
pub fn a_stand_in_is_kicked_like_any_leader() {
    let (shared, _seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let waits = shared.clone();
    let stand_in = spawn(move || {
        let home = Arc::<Home>::default();
        let lead = waits.leader.try_lead_from(&home, &waits.driver.timers);
        while !waits.driver.reactor.is_live() {
            let _ = home.parker.park(None);
        }
        drop(lead);
    });
    let stdin = std::io::stdin();
    let key = shared.driver.reactor.register(stdin.as_fd(), |_| ());
    assert!(key.is_ok());
    join([stand_in]);
}

/// A push races with the end: the job is run by a worker, by the pusher, or by the last drain.
pub fn a_push_and_the_end_lose_no_job() {
    let mut world = World::new(1, 1, |_, _| ());
    let workers = world.start_all();
    let (shared, job) = (world.shared.clone(), world.jobs.job(0));
    let pusher = spawn(move || schedule(&shared, job, Hint::Soon));
    world.shared.stop();
    join(workers);
    world.shared.drain();
    join([pusher]);
    world.end();
}

/// The same, and the job holds the scheduler's last reference but the pusher's own.
pub fn a_push_outlives_the_runtime() {
    let mut world = World::new(1, 1, |_, _| ());
    let known = world.known.clone();
    world.jobs = Jobs::with(1, move |_| drop(known.lock().unwrap().take()));
    let workers = world.start_all();
    let World {
        shared,
        jobs,
        known,
        ..
    } = world;
    let job = jobs.job(0);
    let pusher = {
        let known = known.clone();
        spawn(move || {
            let shared = known.lock().unwrap().clone().expect("the job has not run");
            schedule(&shared, job, Hint::Soon);
        })
    };
    shared.stop();
    join(workers);
    shared.drain();
    drop(shared);
    join([pusher]);
    jobs.assert_all_run();
}

/// The runtime ends while the leader goes to wait in the reactor.
pub fn the_end_reaches_a_leader_in_the_reactor() {
    let mut world = World::new(1, 0, |_, _| ());
    let key = (world.shared.driver.reactor).register(std::io::stdin().as_fd(), |_| ());
    assert!(key.is_ok());
    let workers = world.start_all();
    world.shared.stop();
    join(workers);
    world.end();
}
