//! Which memory is there for cells of one size?
//!
//! A pool: the slots of one class that one heap has, and where they come back to. The essay is that
//! of `slab`.

use super::{class::Class, policy};
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
    /// # Safety
    ///
    /// The slot has just been taken from a pool of an `O`.
    pub unsafe fn new(slot: NonNull<Slot>) -> Self {
        Self {
            slot,
            _owner: PhantomData,
        }
    }

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

/// Tells heaps apart, also of different runtimes. 0 is nobody's.
static TOKENS: Counter = Counter::new(1);

/// One that no heap has yet.
pub fn fresh_token() -> u64 {
    TOKENS.add(1)
}

primitive::thread_local! {
    /// The token of the heap that is this thread's.
    static OWN: Cell<u64> = Cell::new(0);
}

/// The time in which a heap is this thread's, or none is. Dropped, it is as before.
pub struct Owned(u64, PhantomData<*const ()>);

impl Owned {
    /// With the heap's token, or 0.
    pub fn new(token: u64) -> Self {
        Self(OWN.with(|own| own.replace(token)), PhantomData)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = OWN.try_with(|own| own.set(self.0));
    }
}

/// The slots of one class of one heap.
pub struct Pool {
    token: u64,
    class: Class,
    /// An `Arc::as_ptr`.
    owner: *const (),
    /// Vacant slots; only the heap's thread touches them. On a line of their own: others read the
    /// token and the owner.
    vacant: CachePadded<UnsafeCell<Link>>,
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
pub struct PoolRef(NonNull<Pool>);

// SAFETY: a pool is `Sync` but for `vacant`, and only who has the heap comes to that.
unsafe impl Send for PoolRef {}

impl PoolRef {
    /// A pool without slots, of the heap with that token. It is there until [`PoolRef::orphan`].
    pub fn new<O>(token: u64, class: Class, owner: &Arc<O>) -> Self {
        let pool = Box::new(Pool {
            token,
            class,
            owner: Arc::as_ptr(owner).cast(),
            vacant: CachePadded::new(UnsafeCell::new(None)),
            chunks: Mutex::default(),
            left: AtomicUsize::new(0),
            returned: CachePadded::new(AtomicPtr::new(ptr::null_mut())),
        });
        Self(NonNull::from(Box::leak(pool)))
    }

    /// # Safety
    ///
    /// The slab is there during the use.
    pub unsafe fn get<'a>(self) -> &'a Pool {
        // SAFETY: the contract of this function.
        unsafe { self.0.as_ref() }
    }

    /// Adds vacant slots with this word.
    ///
    /// # Safety
    ///
    /// The pool's heap is this thread's, and the slab is there.
    pub unsafe fn grow(self, word: u64, first_chunk: usize) {
        // SAFETY: the contract of this function.
        let pool = unsafe { self.get() };
        let size = pool.class.slot().size();
        assert!(
            size >= size_of::<Slot>(),
            "a cell is longer than its slot's own part"
        );
        let mut chunks = pool.chunks.lock();
        let slots = chunks
            .last()
            .map_or(first_chunk / size, |last| 2 * last.slots);
        let chunk = Chunk::new(pool.class, slots.min(policy::CHUNK_MAX / size).max(1));
        for slot in chunk.slots().rev() {
            let new = Slot {
                job: JobHeader::new(&JobTable(never)),
                word: AtomicU64::new(word),
                pool: self.0,
                owned: UnsafeCell::new(()),
            };
            // SAFETY: the chunk has room for it, and is not shared yet.
            unsafe { slot.write(new) };
            // SAFETY: the heap is this thread's, and the slot is nobody's.
            unsafe { pool.put(slot) };
        }
        chunks.push(chunk);
    }

    /// The slab goes: the pool does with it, or after the last of its slots.
    ///
    /// # Safety
    ///
    /// Called once; nobody has the pool's heap any more.
    pub unsafe fn orphan(self) {
        // SAFETY: it is freed here, or after the last of its slots.
        let pool = unsafe { self.get() };
        let slots: usize = pool.chunks.lock().iter().map(|chunk| chunk.slots).sum();
        // SAFETY: nobody has the heap.
        let mut vacant = pool.vacant.with(|vacant| length(unsafe { *vacant }));
        loop {
            vacant += length(pool.take_returned());
            if vacant == slots {
                // SAFETY: leaked by `new`, and nobody has a slot of it.
                drop(unsafe { Box::from_raw(self.0.as_ptr()) });
                return;
            }
            pool.left.store(slots - vacant, Ordering::Relaxed);
            // Ordering: `left`, and the chunks, for who gives a slot back.
            let orphaned = pool.returned.compare_exchange(
                ptr::null_mut(),
                ORPHAN,
                Ordering::Release,
                Ordering::Relaxed,
            );
            if orphaned.is_ok() {
                return;
            }
        }
    }
}

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
        // Ordering: what `left` was set to, and the chunks; pairs with `orphan`.
        fence(Ordering::Acquire);
        // Ordering: Release: our last use of the pool. Acquire: everybody's, if we free it.
        if this.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: leaked by `new`; its last slot was ours, and its slab is gone.
            drop(unsafe { Box::from_raw(pool.as_ptr()) });
        }
    }

    /// # Safety
    ///
    /// The pool's heap is this thread's.
    #[inline]
    pub unsafe fn take(&self) -> Option<NonNull<Slot>> {
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

    /// Every slot there is, occupied or not; they stay as long as the pool.
    pub fn slots(&self) -> impl Iterator<Item = NonNull<Slot>> + use<> {
        let chunks: Vec<_> = self.chunks.lock().iter().map(Chunk::slots).collect();
        chunks.into_iter().flatten()
    }

    /// The list of what others gave back; it is the caller's now.
    fn take_returned(&self) -> Link {
        if self.returned.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Ordering: the links, and the others' last use of the slots; pairs with `put_from_afar`.
        NonNull::new(self.returned.swap(ptr::null_mut(), Ordering::Acquire))
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
            // SAFETY: initialised by `PoolRef::grow`; nobody reaches it any more.
            unsafe { slot.drop_in_place() };
        }
        // SAFETY: allocated by `new` with this layout.
        unsafe { dealloc(self.memory.as_ptr(), Self::layout(self.class, self.slots)) };
    }
}

/// How many slots a list has that is the caller's.
fn length(list: Link) -> usize {
    // SAFETY: a vacant slot begins with its link, and the list is the caller's.
    std::iter::successors(list, |slot| unsafe { slot.cast::<Link>().read() }).count()
}
