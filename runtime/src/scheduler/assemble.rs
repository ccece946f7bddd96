//! How is a scheduler put together?

use super::{
    driver::Driver,
    leader::{Kick, Leader},
    shared::Shared,
    slab::Heap,
    worker::Seat,
};
use heist_core::{
    primitive::{Arc, deque},
    waker::waker,
};
use heist_io::{Variant, reactor::Reactor};
use heist_timer::{Clock, Timers};

/// A scheduler, and a seat for each of its workers. Nothing runs yet.
pub fn assemble(
    workers: usize,
    variant: Variant,
    clock: Clock,
    seed: u64,
) -> (Arc<Shared>, std::vec::IntoIter<Seat>) {
    let leader = Arc::new(Leader::new(workers));
    let kick = |reactor| {
        let leader = leader.clone();
        waker(Arc::new(Kick { leader, reactor }))
    };
    let reactor = Reactor::new(variant, kick(None));
    let timers = Timers::new(workers, clock, kick(Some(reactor.clone())));
    let queues: Vec<_> = (0..workers).map(|_| deque::Worker::new_fifo()).collect();
    let driver = Driver::new(reactor, timers);
    let shared = Arc::new(Shared::new(&queues, leader, driver, seed));
    let seats = queues.into_iter().enumerate();
    let seat = |(me, queue)| Seat {
        shared: shared.clone(),
        me,
        queue,
        heap: Heap::default(),
    };
    let seats: Vec<_> = seats.map(seat).collect();
    (shared, seats.into_iter())
}
