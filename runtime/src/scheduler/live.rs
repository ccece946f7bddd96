//! What must end before the runtime may?
//!
//! A list of every task that has not come to its end: for shutdown, which aborts them and waits
//! until the list is empty, and for the dump, which reads it from any thread while every worker
//! is stuck. Sharded by spawning thread; each shard is a vector with a free list under a lock.
//!
//! - **listed-is-alive**: a member takes itself off before it may be freed, under its shard's lock;
//!   so whoever holds that lock may read the members.

use heist_core::{
    job::JobHeader,
    primitive::{CachePadded, Mutex},
    waker_cell::WakerCell,
};
use std::{ptr::NonNull, task::Waker};

/// A member's place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveKey {
    shard: u32,
    place: u32,
}

impl LiveKey {
    /// On no list.
    pub const NONE: Self = Self {
        shard: u32::MAX,
        place: u32::MAX,
    };

    pub fn to_bits(self) -> u64 {
        u64::from(self.shard) << 32 | u64::from(self.place)
    }

    pub fn from_bits(bits: u64) -> Self {
        Self {
            shard: (bits >> 32) as u32,
            place: bits as u32,
        }
    }
}

enum Place {
    Member(Member),
    /// The next free place; `u32::MAX` ends the list.
    Free(u32),
}

struct Member(NonNull<JobHeader>);

// SAFETY: the list only hands the address out, under the contract of `for_each`.
unsafe impl Send for Member {}

struct Shard {
    places: Vec<Place>,
    first_free: u32,
    members: usize,
    closed: bool,
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            first_free: u32::MAX,
            members: 0,
            closed: false,
        }
    }
}

/// The list.
pub struct Live {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
    emptied: WakerCell,
}

impl Live {
    /// A list for so many threads that spawn.
    pub fn new(spawners: usize) -> Self {
        // So that a mask chooses one, and no division.
        let shards = 0..spawners.next_power_of_two();
        let shards = shards.map(|_| CachePadded::default()).collect();
        Self {
            shards,
            emptied: WakerCell::new(),
        }
    }

    /// Puts a member on the list; `None` when the runtime is shutting down.
    pub fn insert(&self, hint: usize, member: NonNull<JobHeader>) -> Option<LiveKey> {
        let shard_index = hint & (self.shards.len() - 1);
        let mut shard = self.shards[shard_index].lock();
        if shard.closed {
            return None;
        }
        shard.members += 1;
        let place = shard.first_free;
        let member = Place::Member(Member(member));
        let place = match shard.places.get_mut(place as usize) {
            Some(free) => {
                let Place::Free(next) = std::mem::replace(free, member) else {
                    unreachable!("the free list holds free places")
                };
                shard.first_free = next;
                place
            }
            None => {
                shard.places.push(member);
                u32::try_from(shard.places.len() - 1).expect("fewer than 2^32 tasks at once")
            }
        };
        Some(LiveKey {
            shard: shard_index as u32,
            place,
        })
    }

    /// Takes a member off the list.
    pub fn remove(&self, key: LiveKey) {
        let mut shard = self.shards[key.shard as usize].lock();
        let free = Place::Free(shard.first_free);
        shard.places[key.place as usize] = free;
        shard.first_free = key.place;
        shard.members -= 1;
        let emptied = shard.closed && shard.members == 0;
        drop(shard);
        if emptied {
            self.emptied.wake();
        }
    }

    /// Accepts nobody from now on.
    pub fn close(&self) {
        for shard in &self.shards {
            shard.lock().closed = true;
        }
    }

    /// Whether a closed list is empty; `waker` is woken when it is. One caller at a time.
    pub fn is_empty_or_wakes(&self, waker: &Waker) -> bool {
        self.emptied.register(waker);
        self.shards.iter().all(|shard| shard.lock().members == 0)
    }

    /// Calls `visit` for each member, a shard's lock held: the member is alive during the call.
    /// No foreign code may run in it.
    pub fn for_each(&self, mut visit: impl FnMut(NonNull<JobHeader>)) {
        for shard in &self.shards {
            for place in &shard.lock().places {
                if let Place::Member(member) = place {
                    visit(member.0);
                }
            }
        }
    }
}
