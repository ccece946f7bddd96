//! Which executions are there? One function each, one file a protocol.

pub mod children; // a combinator polls whoever was woken
pub mod home; // a thread hears of what is meant for it alone
pub mod clock; // a paused clock waits for everybody
pub mod readiness; // a task hears of every report, and of no other source's
pub mod scheduler; // every job is run, whoever sleeps, sticks or stops
#[allow(unsafe_code)]
pub mod task; // polled by one thread at a time, finished once, joined, freed
#[allow(unsafe_code)]
pub mod slab; // memory is used by one cell after another, and freed
pub mod timers; // every timer fires, whoever arms, drops or moves it
pub mod waker; // wakers are counted, and reach whom they should
pub mod job; // the slot of one job
pub mod deque; // nothing is lost or taken twice
pub mod lock; // locks, notifications, timeouts
#[allow(unsafe_code)]
pub mod door; // weak memory itself: does the door weaken what it says, and does loom see it?
