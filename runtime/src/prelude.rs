//! What a program imports at once: `use heist::prelude::*;`.
//!
//! Traits only, each by a name that clashes with none of `futures`'.
//!
//! ```
//! use futures::StreamExt as _;
//! use heist::prelude::*;
//!
//! heist::run(async {
//!     let handle = heist::spawn(std::future::pending::<()>());
//!     Task::abort(&handle);
//!     assert!(handle.await.is_err());
//! });
//! ```

pub use crate::task::{Spawn, Task};
