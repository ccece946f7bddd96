//! What is still allocated?
//!
//! Counted by thread, so that tests in other threads of the process do not disturb.

#![allow(unsafe_code, reason = "an allocator is")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// How many bytes this thread has allocated and not freed.
pub fn live_bytes() -> isize {
    LIVE.get()
}

fn count(bytes: isize) {
    let _ = LIVE.try_with(|live| live.set(live.get() + bytes));
}

// SAFETY: it allocates and frees by `System`, with the arguments as they are.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's contract; `at` came from `System`.
        unsafe { System.dealloc(at, layout) }
    }
}
