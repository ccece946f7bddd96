//! How many bytes are allocated and not freed?

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicIsize, Ordering::Relaxed},
};

static LIVE: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator, which counts.
pub struct Counting;

/// The bytes that are allocated now, by all threads.
pub fn live() -> isize {
    LIVE.load(Relaxed)
}

fn count(bytes: isize) {
    LIVE.fetch_add(bytes, Relaxed);
}

// SAFETY: each call is the system allocator's, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}
