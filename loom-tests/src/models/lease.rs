//! Does a seat that is lent have one sitter, and never nobody while its owner blocks?

use crate::check::{join, spawn};
use heist::internals::{Lease, Seat, Shared, Worker, assemble};
use heist_core::primitive::{Arc, Condvar, Mutex, UnsafeCell};
use heist_io::Variant;
use heist_timer::Clock;

/// What only the sitter touches.
#[derive(Default)]
struct Chair(UnsafeCell<u32>);

// SAFETY: loom checks each access.
unsafe impl Sync for Chair {}
// SAFETY: as above.
unsafe impl Send for Chair {}

impl Chair {
    fn sit(&self) {
        // SAFETY: loom checks that nobody else sits there.
        self.0.with_mut(|times| unsafe { *times += 1 });
    }
}

fn one_seat() -> (Arc<Shared>, Seat, Arc<Lease>) {
    let (shared, mut seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let seat = seats.next().expect("of one worker");
    let lease = Lease::new(shared.clone(), 0, shared.remotes[0].home.clone());
    (shared, seat, lease)
}

/// The owner's wait, until the seat is home.
fn regain(shared: &Shared, lease: &Lease) {
    while !lease.recall() {
        let _ = shared.remotes[0].home.aside.park(None);
    }
}

/// The owner wants the seat back while a substitute comes, works or sleeps.
pub fn a_lent_seat_has_one_sitter() {
    let (shared, _seat, lease) = one_seat();
    let chair = Arc::new(Chair::default());
    let (theirs, their_chair) = (lease.clone(), chair.clone());
    let substitute = spawn(move || Worker::sit_in(&theirs, |_| their_chair.sit()));
    regain(&shared, &lease);
    chair.sit();
    join([substitute]);
}

/// The owner blocks again after it has recalled the seat: the substitute stays, or the owner has it
/// and lends it anew.
pub fn a_recall_that_is_taken_back_leaves_somebody() {
    let (shared, seat, lease) = one_seat();
    let ran = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = lease.clone();
    let substitute = spawn(move || Worker::sit_in(&theirs, |_| ()));
    let _ = lease.recall();
    let job = {
        let ran = ran.clone();
        heist_core::job::Job::call(move || {
            *ran.0.lock() = true;
            ran.1.notify_one();
        })
    };
    if lease.leave_out() {
        shared.push_foreign(job);
        let mut guard = ran.0.lock();
        while !*guard {
            ran.1.wait(&mut guard);
        }
    } else {
        job.run();
    }
    regain(&shared, &lease);
    drop(seat);
    join([substitute]);
}
