//! Where do bytes, signals and blocking calls come from?
//!
//! [`net`] and [`signal`] are what programs use; `heist` shows them again. Below them lie one
//! reactor, which waits for the operating system on behalf of a whole runtime, and the threads on
//! which calls block that know no other way.
//!
//! # Reading order
//!
//! The modules are listed from the user inwards; each imports only modules further down.

pub mod net; // TCP listeners and streams
#[doc(hidden)]
pub mod drive; // how does an example run without a runtime?
#[allow(unsafe_code)]
pub mod signal; // how does a program hear of ctrl-c?
#[allow(unsafe_code)]
pub mod termination; // how does a program hear that it shall end?
#[allow(unsafe_code)]
pub mod disposition; // what does a signal do to the program, and who hears it?
pub mod dns; // which addresses has a name?
pub mod source; // how does an operation wait until it would not block?
pub mod context; // whose reactor is this thread's?
pub mod unblock; // how is a call that blocks awaited?
pub mod blocking; // where may a call block?
#[cfg_attr(any(heist_model, not(target_os = "linux")), path = "punctual/never.rs")]
pub mod punctual; // how soon after the time does the system wake a thread?
pub mod reactor; // who waits for the operating system, and whom does it wake?
mod slab; // where do the sources' slots lie?
pub mod readiness; // may an operation on this descriptor be tried?
#[cfg_attr(heist_model, path = "selector/model.rs")]
mod selector; // how does one wait for many descriptors?
mod report; // what does the operating system say of a descriptor, and what was it asked?
mod variant; // which ways of waiting for the operating system are there?

#[doc(inline)]
pub use context::{Entered, enter};

#[doc(inline)]
pub use variant::{UnknownVariant, Variant};
