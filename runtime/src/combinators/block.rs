//! How do the wakers of many children share one allocation?
//!
//! A block is a count, a set, and a number for each child. A child's waker is a pointer to its
//! number, which says how far before it the block begins.
//!
//! - **alive-while-counted**: the block is freed by whoever gives back its last reference. The
//!   [`Block`] holds one, and each waker that was cloned. A [`ChildWaker`] holds none, and cannot
//!   outlive the [`Block`].
//! - **numbers-say-where**: number `i` holds `i`, from before the first waker until the end. A
//!   pointer to it was made of the pointer to the whole allocation.

use heist_core::primitive::atomic::{AtomicUsize, Ordering, fence};
use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    process,
    ptr::NonNull,
    task::{RawWaker, RawWakerVTable, Waker},
};

/// What the children of one parent share.
pub trait Set: Sized + Send + Sync + 'static {
    /// Called for each wake, on any thread. Must not panic.
    fn wake(&self, index: usize);

    /// A `static`, which has one address: a constant may have one in each crate, and then a
    /// child would find each poll's waker to be another one, and clone it again.
    fn table() -> &'static Table<Self>;
}

/// One reference to a set, which makes wakers for the children.
pub struct Block<S: Set>(NonNull<Head<S>>);

#[repr(C)]
struct Head<S> {
    references: AtomicUsize,
    len: u32,
    set: S,
    // The numbers follow.
}

// SAFETY: a block is used as a shared reference to its set, which is `Send + Sync`.
unsafe impl<S: Set> Send for Block<S> {}
// SAFETY: as above.
unsafe impl<S: Set> Sync for Block<S> {}

impl<S: Set> Block<S> {
    /// A block for `len` children.
    pub fn new(set: S, len: usize) -> Self {
        let numbers = 0..u32::try_from(len).expect("more children than numbers");
        let layout = Head::<S>::layout(numbers.end);
        // SAFETY: the layout has a size: a head does.
        let memory = unsafe { alloc(layout) };
        let Some(head) = NonNull::new(memory.cast::<Head<S>>()) else {
            handle_alloc_error(layout)
        };
        let references = AtomicUsize::new(1);
        let len = numbers.end;
        // SAFETY: the allocation begins with a head, and nobody else knows of it.
        unsafe {
            head.write(Head {
                references,
                len,
                set,
            })
        };
        for number in numbers {
            let place = Head::number(head, number);
            // SAFETY: `layout` has room for so many numbers, and nobody else knows of them.
            unsafe { place.write(number) };
        }
        Self(head)
    }

    /// The waker of a child.
    #[inline]
    pub fn waker(&self, index: usize) -> ChildWaker<'_> {
        assert!(index < self.head().len as usize, "not one of the children");
        let place = Head::number(self.0, index as u32);
        // SAFETY: a `Table<S>` fulfils `RawWaker`'s contract: it is given a pointer to a number of
        // a block that is alive, here because of `self` (alive-while-counted).
        let waker = unsafe { Waker::new(place.cast(), &S::table().0) };
        ChildWaker {
            waker: ManuallyDrop::new(waker),
            block: PhantomData,
        }
    }

    fn head(&self) -> &Head<S> {
        // SAFETY: alive-while-counted, and a head is only ever shared.
        unsafe { self.0.as_ref() }
    }
}

impl<S: Set> Deref for Block<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.head().set
    }
}

impl<S: Set> Drop for Block<S> {
    fn drop(&mut self) {
        // SAFETY: this reference was counted, and is gone.
        unsafe { Head::give_back(self.0) };
    }
}

/// The waker of a child, lent for a poll: who keeps it clones it.
pub struct ChildWaker<'a> {
    waker: ManuallyDrop<Waker>,
    block: PhantomData<&'a ()>,
}

impl Deref for ChildWaker<'_> {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.waker
    }
}

impl<S: Set> Head<S> {
    /// From the beginning of the block to the first number.
    const NUMBERS: usize = {
        assert!(align_of::<Self>() >= align_of::<u32>());
        size_of::<Self>()
    };

    fn layout(len: u32) -> Layout {
        let numbers = Layout::array::<u32>(len as usize);
        let layout = numbers.and_then(|numbers| Layout::new::<Self>().extend(numbers));
        layout.expect("fewer children than fit into memory").0
    }

    fn number(head: NonNull<Self>, number: u32) -> *mut u32 {
        let offset = Self::NUMBERS + number as usize * size_of::<u32>();
        head.as_ptr().wrapping_byte_add(offset).cast()
    }

    /// The block that a waker's data points into, and its child.
    ///
    /// # Safety
    ///
    /// `data` points to a number of a block of this type that is alive.
    unsafe fn of(data: *const ()) -> (NonNull<Self>, u32) {
        // SAFETY: the caller's promise, and numbers are never written again.
        let number = unsafe { *data.cast::<u32>() };
        let offset = Self::NUMBERS + number as usize * size_of::<u32>();
        // SAFETY: numbers-say-where: that many bytes before this number the allocation begins.
        let head = unsafe { data.byte_sub(offset) };
        // SAFETY: it points into an allocation.
        let head = unsafe { NonNull::new_unchecked(head.cast_mut()) };
        (head.cast(), number)
    }

    /// Gives a reference back, and frees the block if it was the last one.
    ///
    /// # Safety
    ///
    /// The reference was counted, and is used no more.
    unsafe fn give_back(head: NonNull<Self>) {
        // SAFETY: alive-while-counted: the reference is the caller's.
        let references = unsafe { &(*head.as_ptr()).references };
        // Ordering: what was done with this reference comes before the end; pairs with the fence.
        if references.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // Ordering: everything that was done with the other references.
        fence(Ordering::Acquire);
        // SAFETY: alive-while-counted: nobody else has a reference, so nobody reads this either.
        let len = unsafe { head.as_ref() }.len;
        // SAFETY: as above, and this is done once.
        unsafe { head.drop_in_place() };
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(head.as_ptr().cast(), Self::layout(len)) };
    }
}

/// How the wakers of a kind of sets are cloned, woken and dropped.
pub struct Table<S>(RawWakerVTable, PhantomData<fn(S)>);

impl<S: Set> Table<S> {
    /// A set's only one.
    pub const fn new() -> Self {
        let table = RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop);
        Self(table, PhantomData)
    }

    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: `data` is a waker's, so it points to a number of a block that is alive.
        let (head, _) = unsafe { Head::<S>::of(data) };
        // SAFETY: as above.
        let head = unsafe { head.as_ref() };
        // As `Arc`: so many references are leaks, and the next ones would be too few.
        if head.references.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            process::abort();
        }
        RawWaker::new(data, &S::table().0)
    }

    unsafe fn wake(data: *const ()) {
        // SAFETY: `data` is a waker's, which this call consumes.
        unsafe { Self::wake_by_ref(data) };
        // SAFETY: as above.
        unsafe { Self::drop(data) };
    }

    unsafe fn wake_by_ref(data: *const ()) {
        // SAFETY: `data` is a waker's, so it points to a number of a block that is alive.
        let (head, number) = unsafe { Head::<S>::of(data) };
        // SAFETY: as above.
        let head = unsafe { head.as_ref() };
        head.set.wake(number as usize);
    }

    unsafe fn drop(data: *const ()) {
        // SAFETY: `data` is a waker's, so it points to a number of a block that is alive.
        let (head, _) = unsafe { Head::<S>::of(data) };
        // SAFETY: a waker that is dropped was cloned, so it was counted, and this call consumes it.
        unsafe { Head::give_back(head) };
    }
}
