//! Which promises of heist hold in every execution?
//!
//! A *model* is one short execution of real code, over the model side of `heist_core::primitive`.
//! loom runs it again and again, in every order that matters, with every value that a load may
//! see. The README says how to add one, and how the runner judges mutants.

mod table; // which models are there?
pub mod models; // the executions
#[allow(unsafe_code)]
pub mod work; // jobs that must be run once
pub mod wakes; // how often was something woken?
pub mod check; // runs a model in every order

pub use table::{MODELS, Model};
