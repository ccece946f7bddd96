//! The ground floor of heist: what every other crate of it stands on, and nothing a program needs
//! by name. Use [`heist`](https://docs.rs/heist) instead; this crate has no stable interface.
//!
//! # Reading order
//!
//! The modules are listed from the user inwards; each imports only modules further down.

pub mod budget; // how long may one poll go on?
pub mod again; // who is pending only until the next turn?
pub mod wait; // what does a pending task wait for?
pub mod current; // which task does this thread poll?
pub mod reason; // a reason to wait, written down
pub mod task; // what combinators are built over: `Task`, `Spawn`, `JoinError`
#[allow(unsafe_code)]
pub mod job; // what a worker runs once
pub mod wait_list; // who waits, in which order?
pub mod panics; // how does a panic of user code stay where it is?
pub mod stderr; // where does heist say what nobody has asked for?
#[allow(unsafe_code)]
pub mod waker; // a `Waker` made of an `Arc`
pub mod waker_cell; // one waker, left by one thread and taken by another
pub mod primitive; // the only door to atomics, locks, cells, threads and deques
