//! Where do tasks' cells lie, and who may look at them?
#![doc = include_str!("slab.md")]

use super::{
    class::Class,
    ending::Ending,
    pool::{PoolRef, Slot, Vacant, fresh_token},
};
use heist_core::primitive::{Arc, Mutex, atomic::AtomicU64};
use std::{cell::Cell, marker::PhantomData, ptr::NonNull};

/// A slot that somebody looks at, without a right to more than its word.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    slot: NonNull<Slot>,
    _slab: PhantomData<&'a Slot>,
}

impl<'a> Seen<'a> {
    pub fn word(self) -> &'a AtomicU64 {
        // SAFETY: a slot's word is valid as long as its chunk, which the slab keeps.
        unsafe { &(*self.slot.as_ptr()).word }
    }

    /// For who has learned from the word that a cell lies there, and will stay.
    pub fn slot(self) -> NonNull<Slot> {
        self.slot
    }
}

/// One thread's vacant slots.
pub struct Heap {
    token: u64,
    pools: [Cell<Option<PoolRef>>; Class::COUNT],
}

impl Heap {
    /// Tells the thread that has the heap, for as long as it has it, what is its own.
    pub fn token(&self) -> u64 {
        self.token
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self {
            token: fresh_token(),
            pools: [const { Cell::new(None) }; Class::COUNT],
        }
    }
}

/// Who has a slab.
pub trait Owner: Sized + Send + Sync + 'static {
    fn slab(&self) -> &Slab<Self>;
}

/// All cells of one runtime.
pub struct Slab<O> {
    book: Mutex<Book<O>>,
    /// For threads that have no heap of their own.
    foreign: Mutex<Heap>,
    pub ending: Ending,
    first_chunk: usize,
}

struct Book<O> {
    /// After the end: the word of a slot that never had a cell. Until then it is 0.
    closed: Option<u64>,
    /// From the first cell until all are gone: the slab's own owner.
    keep: Option<Arc<O>>,
    pools: Vec<PoolRef>,
}

impl<O> Slab<O> {
    /// A slab that takes its memory in chunks, the first of a kind of so many bytes.
    pub fn new(first_chunk: usize) -> Self {
        Self {
            book: Mutex::new(Book {
                closed: None,
                keep: None,
                pools: Vec::new(),
            }),
            foreign: Mutex::default(),
            ending: Ending::default(),
            first_chunk,
        }
    }

    /// A slot from `heap`, which only ever gets slots of this slab, whose owner is `owner`.
    #[inline]
    pub fn allocate(&self, heap: &Heap, owner: &Arc<O>, class: Class) -> Vacant<O> {
        let pool = heap.pools[class.index()].get();
        // SAFETY: the pool is there as long as `self`.
        let pool = pool.map(|pool| unsafe { pool.get() });
        // SAFETY: own-list: a heap is not `Sync`, so this thread has it.
        let slot = pool.and_then(|pool| unsafe { pool.take() });
        let slot = slot.unwrap_or_else(|| self.grow(heap, owner, class));
        // SAFETY: a heap only has pools of one slab, and so of one owner.
        unsafe { Vacant::new(slot) }
    }

    /// The same, for a thread without a heap.
    pub fn allocate_foreign(&self, owner: &Arc<O>, class: Class) -> Vacant<O> {
        self.allocate(&self.foreign.lock(), owner, class)
    }

    #[cold]
    fn grow(&self, heap: &Heap, owner: &Arc<O>, class: Class) -> NonNull<Slot> {
        let mut book = self.book.lock();
        if book.closed.is_none() {
            book.keep.get_or_insert_with(|| owner.clone());
        }
        let place = &heap.pools[class.index()];
        let pool = place.get().unwrap_or_else(|| {
            let pool = PoolRef::new(heap.token, class, owner);
            book.pools.push(pool);
            place.set(Some(pool));
            pool
        });
        // SAFETY: own-list, and the pool is there as long as `self`.
        unsafe { pool.grow(book.closed.unwrap_or(0), self.first_chunk) };
        // SAFETY: the pool is there as long as `self`.
        let pool = unsafe { pool.get() };
        // SAFETY: own-list.
        unsafe { pool.take() }.expect("it has just grown")
    }

    /// Shows every slot there is, occupied or not. No lock is held meanwhile.
    pub fn for_each<'a>(&'a self, visit: impl FnMut(Seen<'a>)) {
        let slots = Self::slots(&self.book.lock());
        slots.for_each(visit);
    }

    /// The same; slots that come later have `word` for their word.
    pub fn close<'a>(&'a self, word: u64, visit: impl FnMut(Seen<'a>)) {
        let mut book = self.book.lock();
        book.closed = Some(word);
        let slots = Self::slots(&book);
        drop(book);
        slots.for_each(visit);
    }

    fn slots<'a>(book: &Book<O>) -> impl Iterator<Item = Seen<'a>> + use<'a, O> {
        // SAFETY: the slab keeps it.
        let slots = |pool: &PoolRef| unsafe { pool.get() }.slots();
        let pools: Vec<_> = book.pools.iter().map(slots).collect();
        pools.into_iter().flatten().map(|slot| Seen {
            slot,
            _slab: PhantomData,
        })
    }

    /// All cells are finished, and the slab is closed: it keeps its owner no longer.
    pub fn release(&self) {
        let keep = self.book.lock().keep.take();
        drop(keep);
    }
}

impl<O> Drop for Slab<O> {
    /// Nobody can allocate any more; slots that are occupied still belong to finished tasks, of
    /// which somebody has a handle or a waker.
    fn drop(&mut self) {
        for pool in std::mem::take(&mut self.book.lock().pools) {
            // SAFETY: who had a heap had the slab's owner, which is gone.
            unsafe { pool.orphan() };
        }
    }
}
