//! Which connections are open and free?

use crate::connect::{Origin, Sender};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// More free connections to one server than this are closed.
const FREE_MAX: usize = 32;

/// Free connections, by server. The one that was used last is used first.
#[derive(Default)]
pub struct Pool(Mutex<HashMap<Origin, Vec<Sender>>>);

impl Pool {
    /// A free connection that is still open, as far as one can tell.
    pub fn take(&self, origin: &Origin) -> Option<Sender> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = free.get_mut(origin)?;
        std::iter::from_fn(|| senders.pop()).find(|sender| sender.is_ready())
    }

    /// A connection is free again.
    pub fn put(&self, origin: Origin, sender: Sender) {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = free.entry(origin).or_default();
        senders.retain(|sender| !sender.is_closed());
        if senders.len() < FREE_MAX && !sender.is_closed() {
            senders.push(sender);
        }
    }

    /// Closes every free connection.
    pub fn clear(&self) {
        let free = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(free);
    }
}
