//! Where do tasks' cells lie, and who may look at them?
#![doc = include_str!("slab.md")]

use super::{class::Class, ending::Ending, policy};
use heist_core::{
    job::{JobHeader, JobTable},
    primitive::{
        self, Arc, CachePadded, Counter, Mutex, UnsafeCell,
        atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence},
    },
};
use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell::Cell,
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{self, NonNull},
};

/// What a slot begins with, whether a cell lies in it or not.
#[repr(C)]
pub struct Slot {
    /// The cell's; in a vacant slot the next of its list lies here.
    pub job: JobHeader,
    /// The cell's state. It stays an atomic when the slot is vacant, and anybody may read it.
    pub word: AtomicU64,
    pool: NonNull<Pool>,
    /// For the models: written by who takes or gives the slot, read by who uses the cell.
    owned: UnsafeCell<()>,
}

impl Slot {
    /// Says to the models that the cell is in use.
    pub fn touch(&self) {
        self.owned.with(|_| ());
    }
}

type Link = Option<NonNull<Slot>>;
// A vacant slot's word is read by others: the link must not reach it.
const _: () = assert!(size_of::<Link>() <= size_of::<JobHeader>());

/// A slot that is nobody's but the holder's, in the slab of an `O`. Dropped, it is leaked.
#[must_use]
pub struct Vacant<O> {
    slot: NonNull<Slot>,
    _owner: PhantomData<Arc<O>>,
}

impl<O> Vacant<O> {
    /// For a cell that is run as `job` says. What comes after the slot's own part is not written.
    pub fn occupy(self, job: JobHeader) -> NonNull<Slot> {
        // SAFETY: a slot begins with its job, and is ours, so nobody reads the link there.
        unsafe { self.slot.cast::<JobHeader>().write(job) };
        self.slot
    }
}

/// Gives a slot back. Any thread may.
///
/// # Safety
///
/// The slot was occupied, the cell in it has been dropped, and nobody reaches it any more.
pub unsafe fn vacate(slot: NonNull<Slot>) {
    let pool = {
        // SAFETY: an occupied slot's own part is valid, and nobody changes it before we do.
        let slot = unsafe { slot.as_ref() };
        slot.owned.with_mut(|_| ());
        slot.pool
    };
    let (token, class) = {
        // SAFETY: slot-keeps-pool.
        let pool = unsafe { pool.as_ref() };
        (pool.token, pool.class)
    };
    if cfg!(debug_assertions) {
        // SAFETY: the slot is the caller's, and of that class.
        unsafe { scribble(slot, class) };
    }
    if OWN.try_with(Cell::get).is_ok_and(|own| own == token) {
        // SAFETY: slot-keeps-pool; its heap's thread is in the midst of this call, so it stays.
        let pool = unsafe { pool.as_ref() };
        // SAFETY: own-list.
        unsafe { pool.put(slot) };
    } else {
        // SAFETY: the slot is occupied until this call.
        unsafe { Pool::put_from_afar(pool, slot) };
    }
}

/// Overwrites the cell: no address is made of such bytes.
unsafe fn scribble(slot: NonNull<Slot>, class: Class) {
    // SAFETY: a slot is longer than its own part.
    let cell = unsafe { slot.add(1) }.cast::<u8>();
    // SAFETY: the rest of the slot, in which the caller sees to it that nobody is.
    unsafe { cell.write_bytes(0xDB, class.slot().size() - size_of::<Slot>()) };
}

/// The owner of the slab in which `slot` lies.
///
/// # Safety
///
/// The slot is occupied, it lies in a `Slab<O>`, and its owner is there during the use.
pub unsafe fn owner<O>(slot: &Slot) -> ManuallyDrop<Arc<O>> {
    // SAFETY: the slot is occupied, so its pool is there.
    let owner = unsafe { slot.pool.as_ref() }.owner.cast::<O>();
    // SAFETY: made by `Arc::as_ptr` of an `Arc<O>`; not dropped, it counts for nobody.
    ManuallyDrop::new(unsafe { Arc::from_raw(owner) })
}

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

/// Tells heaps apart, also of different runtimes. 0 is nobody's.
static TOKENS: Counter = Counter::new(1);

primitive::thread_local! {
    /// The token of the heap that is this thread's.
    static OWN: Cell<u64> = Cell::new(0);
}

/// The time in which a heap is this thread's, or none is. Dropped, it is as before.
pub struct Owned(u64);

impl Owned {
    pub fn new(heap: Option<&Heap>) -> Self {
        Self(OWN.with(|own| own.replace(heap.map_or(0, |heap| heap.token))))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = OWN.try_with(|own| own.set(self.0));
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self {
            token: TOKENS.add(1),
            pools: [const { Cell::new(None) }; Class::COUNT],
        }
    }
}

/// The slots of one class of one heap.
struct Pool {
    token: u64,
    class: Class,
    /// An `Arc::as_ptr`.
    owner: *const (),
    /// Vacant slots; only the heap's thread touches them.
    vacant: UnsafeCell<Link>,
    chunks: Mutex<Vec<Chunk>>,
    /// After the slab's end: how many slots are occupied.
    left: AtomicUsize,
    /// Slots that other threads gave back; or [`ORPHAN`].
    returned: CachePadded<AtomicPtr<Slot>>,
}

/// Where slots are given back no more: the slab is gone.
const ORPHAN: *mut Slot = ptr::without_provenance_mut(1);

/// A pool that is there because its slab is.
#[derive(Clone, Copy)]
struct PoolRef(NonNull<Pool>);

// SAFETY: a pool is `Sync` but for `vacant`, and only who has the heap comes to that.
unsafe impl Send for PoolRef {}

impl Pool {
    /// # Safety
    ///
    /// The pool's heap is this thread's, and the slot is occupied; it is vacant from here on.
    unsafe fn put(&self, slot: NonNull<Slot>) {
        self.vacant.with_mut(|vacant| {
            // SAFETY: only this thread touches `vacant`, and only here and in `take`.
            let vacant = unsafe { &mut *vacant };
            // SAFETY: the slot is the caller's.
            unsafe { slot.cast::<Link>().write(*vacant) };
            *vacant = Some(slot);
        });
    }

    /// # Safety
    ///
    /// The slot is occupied, of this pool, and the caller's; it is vacant from here on.
    unsafe fn put_from_afar(pool: NonNull<Self>, slot: NonNull<Slot>) {
        // SAFETY: the pool is there as long as our slot is occupied: until the exchange below.
        let this = unsafe { pool.as_ref() };
        let mut head = this.returned.load(Ordering::Relaxed);
        while head != ORPHAN {
            // SAFETY: the slot is the caller's.
            unsafe { slot.cast::<Link>().write(NonNull::new(head)) };
            // Ordering: our last use of slot and link; pairs with `take_returned`.
            match this.returned.compare_exchange_weak(
                head,
                slot.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(newer) => head = newer,
            }
        }
        // Ordering: what `left` was set to, and the chunks; pairs with `Slab::drop`.
        fence(Ordering::Acquire);
        // Ordering: Release: our last use of the pool. Acquire: everybody's, if we free it.
        if this.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: leaked by `pool_of`; its last slot was ours, and its slab is gone.
            drop(unsafe { Box::from_raw(pool.as_ptr()) });
        }
    }

    /// # Safety
    ///
    /// The pool's heap is this thread's.
    #[inline]
    unsafe fn take(&self) -> Link {
        self.vacant.with_mut(|vacant| {
            // SAFETY: only this thread touches `vacant`, and only here and in `put`.
            let vacant = unsafe { &mut *vacant };
            let slot = match *vacant {
                Some(slot) => slot,
                None => self.take_returned()?,
            };
            // SAFETY: a vacant slot is the list's, and begins with its link.
            *vacant = unsafe { slot.cast::<Link>().read() };
            // SAFETY: a slot's own part is always valid.
            let owned = unsafe { &(*slot.as_ptr()).owned };
            owned.with_mut(|_| ());
            Some(slot)
        })
    }

    /// The list of what others gave back; it is the caller's now.
    fn take_returned(&self) -> Link {
        if self.returned.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Ordering: the links, and the others' last use of the slots; pairs with `put_from_afar`.
        NonNull::new(self.returned.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// Adds vacant slots, with `rest` for their word.
    ///
    /// # Safety
    ///
    /// The pool's heap is this thread's.
    unsafe fn grow(this: PoolRef, rest: u64, first_chunk: usize) {
        // SAFETY: the slab that calls keeps it.
        let pool = unsafe { this.0.as_ref() };
        let mut chunks = pool.chunks.lock();
        let size = pool.class.slot().size();
        let so_far: usize = chunks.iter().map(|chunk| chunk.slots).sum();
        let slots = (so_far.max(first_chunk / size)).min(policy::CHUNK_MAX / size);
        let chunk = Chunk::new(pool.class, slots.max(1));
        for slot in chunk.slots().rev() {
            let new = Slot {
                job: JobHeader::new(&JobTable(never)),
                word: AtomicU64::new(rest),
                pool: this.0,
                owned: UnsafeCell::new(()),
            };
            // SAFETY: the chunk has room for it, and is not shared yet.
            unsafe { slot.write(new) };
            // SAFETY: the heap is this thread's, and the slot is nobody's.
            unsafe { pool.put(slot) };
        }
        chunks.push(chunk);
    }
}

/// What a slot without a cell would run.
unsafe fn never(_: NonNull<JobHeader>) {
    unreachable!("a vacant slot is in no queue")
}

/// Slots side by side.
struct Chunk {
    memory: NonNull<u8>,
    class: Class,
    slots: usize,
}

// SAFETY: it only owns memory; who may touch the slots is said elsewhere.
unsafe impl Send for Chunk {}

impl Chunk {
    /// Not initialised.
    fn new(class: Class, slots: usize) -> Self {
        let layout = Self::layout(class, slots);
        // SAFETY: the layout is not empty, as no class is.
        let memory = unsafe { alloc(layout) };
        let Some(memory) = NonNull::new(memory) else {
            handle_alloc_error(layout)
        };
        Self {
            memory,
            class,
            slots,
        }
    }

    fn layout(class: Class, slots: usize) -> Layout {
        let slot = class.slot();
        let size = slot.size().checked_mul(slots);
        size.and_then(|size| Layout::from_size_align(size, slot.align()).ok())
            .expect("a chunk is small, or one slot")
    }

    fn slots(&self) -> impl DoubleEndedIterator<Item = NonNull<Slot>> + use<> {
        let (memory, size) = (self.memory, self.class.slot().size());
        // SAFETY: inside the chunk.
        (0..self.slots).map(move |index| unsafe { memory.add(index * size) }.cast())
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        for slot in self.slots() {
            // SAFETY: initialised by `Pool::grow`; nobody reaches it any more.
            unsafe { slot.drop_in_place() };
        }
        // SAFETY: allocated by `new` with this layout.
        unsafe { dealloc(self.memory.as_ptr(), Self::layout(self.class, self.slots)) };
    }
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
    /// The word of a slot that never had a cell.
    rest: u64,
    is_closed: bool,
    /// From the first cell until all are gone: the slab's own owner.
    keep: Option<Arc<O>>,
    pools: Vec<PoolRef>,
}

impl<O> Slab<O> {
    /// A slab that takes its memory in chunks, the first of a kind of so many bytes.
    pub fn new(first_chunk: usize) -> Self {
        Self {
            book: Mutex::new(Book {
                rest: 0,
                is_closed: false,
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
        let pool = pool.map(|pool| unsafe { pool.0.as_ref() });
        // SAFETY: own-list: a heap is not `Sync`, so this thread has it.
        let slot = pool.and_then(|pool| unsafe { pool.take() });
        Vacant {
            slot: slot.unwrap_or_else(|| self.grow(heap, owner, class)),
            _owner: PhantomData,
        }
    }

    /// The same, for a thread without a heap.
    pub fn allocate_foreign(&self, owner: &Arc<O>, class: Class) -> Vacant<O> {
        self.allocate(&self.foreign.lock(), owner, class)
    }

    #[cold]
    fn grow(&self, heap: &Heap, owner: &Arc<O>, class: Class) -> NonNull<Slot> {
        let mut book = self.book.lock();
        if !book.is_closed && book.keep.is_none() {
            book.keep = Some(owner.clone());
        }
        let place = &heap.pools[class.index()];
        let pool = place.get().unwrap_or_else(|| {
            let pool = Box::new(Pool {
                token: heap.token,
                class,
                owner: Arc::as_ptr(owner).cast(),
                vacant: UnsafeCell::new(None),
                chunks: Mutex::default(),
                left: AtomicUsize::new(0),
                returned: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
            });
            let pool = PoolRef(NonNull::from(Box::leak(pool)));
            book.pools.push(pool);
            place.set(Some(pool));
            pool
        });
        // SAFETY: own-list.
        unsafe { Pool::grow(pool, book.rest, self.first_chunk) };
        // SAFETY: the pool is there as long as `self`.
        let pool = unsafe { pool.0.as_ref() };
        // SAFETY: own-list.
        unsafe { pool.take() }.expect("it has just grown")
    }

    /// Shows every slot there is, occupied or not. No lock is held meanwhile.
    pub fn for_each<'a>(&'a self, visit: impl FnMut(Seen<'a>)) {
        let slots = Self::slots(&self.book.lock());
        slots.for_each(visit);
    }

    /// The same; slots that come later have `rest` for their word.
    pub fn close<'a>(&'a self, rest: u64, visit: impl FnMut(Seen<'a>)) {
        let mut book = self.book.lock();
        book.is_closed = true;
        book.rest = rest;
        let slots = Self::slots(&book);
        drop(book);
        slots.for_each(visit);
    }

    fn slots<'a>(book: &Book<O>) -> impl Iterator<Item = Seen<'a>> + use<'a, O> {
        let chunks = book.pools.iter().flat_map(|pool| {
            // SAFETY: the slab keeps it.
            let chunks = unsafe { pool.0.as_ref() }.chunks.lock();
            let slots: Vec<_> = chunks.iter().map(Chunk::slots).collect();
            slots
        });
        let chunks: Vec<_> = chunks.collect();
        chunks.into_iter().flatten().map(|slot| Seen {
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
            // SAFETY: leaked by `grow`; it is freed here, or after the last of its slots.
            let this = unsafe { pool.0.as_ref() };
            let slots: usize = this.chunks.lock().iter().map(|chunk| chunk.slots).sum();
            let mut vacant = this.vacant.with(|vacant| {
                // SAFETY: who had the heap had the slab's owner, which is gone.
                length(unsafe { *vacant })
            });
            loop {
                vacant += length(this.take_returned());
                if vacant == slots {
                    // SAFETY: leaked by `grow`, and nobody has a slot of it.
                    drop(unsafe { Box::from_raw(pool.0.as_ptr()) });
                    break;
                }
                this.left.store(slots - vacant, Ordering::Relaxed);
                // Ordering: `left`, and the chunks, for who gives a slot back.
                let orphaned = this.returned.compare_exchange(
                    ptr::null_mut(),
                    ORPHAN,
                    Ordering::Release,
                    Ordering::Relaxed,
                );
                if orphaned.is_ok() {
                    break;
                }
            }
        }
    }
}

/// How many slots a list has that is the caller's.
fn length(list: Link) -> usize {
    // SAFETY: a vacant slot begins with its link, and the list is the caller's.
    std::iter::successors(list, |slot| unsafe { slot.cast::<Link>().read() }).count()
}
