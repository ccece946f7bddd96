//! TCP listeners and streams.
//!
//! Each operation is a method on `&self` that returns a future with a name; nothing happens until
//! it is awaited. Reading and writing may go on at the same time, from one task or from two.

mod listener; // who accepts connections?
mod split; // how do two tasks share a stream?
#[cfg(feature = "hyper")]
mod hyper; // what does hyper want of a stream?
mod stream; // how do bytes go over a connection?
mod transfer; // when is a read or a write done?

pub use crate::dns::{LookupHost, ToAddrs, lookup_host};
pub use listener::{Accept, Bind, TcpListener};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
pub use stream::{Connect, TcpStream};
pub use transfer::{Read, ReadExact, Write, WriteAll};
