//! Which job, on which worker, and when to sleep?
//!
//! W workers, each a thread with a queue of its own; one injector for everybody else; one word
//! that says who sleeps. Jobs come in by [`schedule`] and are run once. The scheduler has never
//! heard of what a job does.

pub mod assemble; // how is a scheduler put together?
pub mod work; // what does a worker do next?
pub mod sleep; // how does a worker wait until there is something to do?
pub mod worker; // what does a worker hold, and where does it look for a job?
pub mod stand_in; // who works while workers block?
pub mod rhythm; // how often does a busy worker look up from its queue?
pub mod watch; // who stands still?
pub mod local; // which worker is this thread, and where does a job go?
pub mod shared; // what do all threads share?
#[allow(unsafe_code)]
pub mod slab; // where do tasks' cells lie, and who may look at them?
#[allow(unsafe_code)]
pub mod pool; // which memory is there for cells of one size?
pub mod class; // how large is a slot?
pub mod ending; // when have all tasks come to their end?
pub mod idle; // who sleeps, who searches, who keeps watch?
pub mod view; // what is known of the workers at one moment?
pub mod leader; // who waits in the reactor, for everybody?
pub mod driver; // where does an idle worker wait?
pub mod away; // how many are away, and how many stand in for them?
pub mod home; // what belongs to one thread, whatever seat it has?
pub mod outside; // who is at work for the runtime without a seat?
pub mod parker; // how does a thread block until somebody unparks it?
pub mod policy; // which numbers did somebody choose, and why?

pub use assemble::assemble;
pub use home::{Bell, Home};
pub use local::{Hint, Route, schedule};
pub use outside::AtWork;
pub use shared::Shared;
pub use slab::Slab;
pub use work::Root;
pub use worker::{Seat, Worker};
