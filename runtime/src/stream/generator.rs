//! How does an `async` body emit?
//!
//! The generator and its body share a slot for one item. To emit is to put the item there and to
//! return `Pending` once; the generator looks into the slot after each poll of its body.
//!
//! - **own-slot**: an emitter borrows from inside its generator's body, for a lifetime that the
//!   body cannot name, so it cannot leave it; its item type is invariant, so it cannot be emitted
//!   into as another type.
//! - **no-lost-emit**: what polls an [`Emit`] with another waker than the generator's polls it
//!   again only after a wake, so the emit wakes it.

use super::Next;
use futures_core::{FusedStream, Stream};
use heist_core::primitive::{Arc, Mutex};
use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

/// A stream of what `body` emits.
///
/// The body is an `async` closure: it may borrow, and await whatever it likes between two items. It
/// runs only while somebody asks for an item, and is dropped where it stands when the generator
/// is.
///
/// # Panics
///
/// The stream panics with its body's panic, and has then ended.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let mut countdown = heist::stream::generator(async |mut y| {
///     for n in (1..=3).rev() {
///         y.emit(n).await;
///     }
/// });
/// assert_eq!(countdown.next().await, Some(3));
/// assert_eq!(countdown.next().await, Some(2));
/// # });
/// ```
///
/// An emitter cannot leave its body:
///
/// ```compile_fail
/// let mut escaped = None;
/// let _ = heist::stream::generator::<u8, _>(async |y| escaped = Some(y));
/// ```
///
/// nor be taken for an emitter of another type, be it only shorter-lived:
///
/// ```compile_fail
/// use heist::stream::Emitter;
/// fn shorter<'e, 'a>(y: Emitter<'e, &'static str>, _: &'a str) -> Emitter<'e, &'a str> {
///     y
/// }
/// ```
///
/// ```compile_fail
/// use heist::stream::Emitter;
/// fn longer<'e, 'a>(y: Emitter<'e, &'a str>) -> Emitter<'e, &'static str> {
///     y
/// }
/// ```
///
/// while as itself it may go anywhere inside:
///
/// ```
/// use heist::stream::Emitter;
/// fn same<'e, 'a>(y: Emitter<'e, &'a str>) -> Emitter<'e, &'a str> {
///     y
/// }
/// ```
#[doc(alias = "stream")]
#[doc(alias = "yield")]
#[doc(alias = "async_stream")]
#[doc(alias = "unfold")]
#[doc(alias = "async_generator")]
pub fn generator<T, B>(body: B) -> Generator<T, impl Future<Output = ()>>
where
    B: for<'e> AsyncFnOnce(Emitter<'e, T>),
{
    let slot = Arc::new(Slot::default());
    let body = run(body, Arc::clone(&slot));
    Generator(Body {
        slot,
        future: Some(Box::pin(body)),
        returned: None,
    })
}

/// A stream of what `body` emits, each as an `Ok`, and of the error it ends with, if it does.
///
/// As [`generator()`], for a body that uses `?`.
///
/// # Panics
///
/// The stream panics with its body's panic, and has then ended.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let text = "1,2,x,4";
/// let mut numbers = heist::stream::try_generator(async |mut y| {
///     for word in text.split(',') {
///         y.emit(word.parse::<u8>()?).await;
///     }
///     Ok::<_, std::num::ParseIntError>(())
/// });
/// assert_eq!(numbers.next().await, Some(Ok(1)));
/// assert_eq!(numbers.next().await, Some(Ok(2)));
/// assert!(numbers.next().await.unwrap().is_err());
/// assert_eq!(numbers.next().await, None);
/// # });
/// ```
#[doc(alias = "try_stream")]
pub fn try_generator<T, E, B>(body: B) -> TryGenerator<T, impl Future<Output = Result<(), E>>>
where
    B: for<'e> AsyncFnOnce(Emitter<'e, T>) -> Result<(), E>,
{
    let slot = Arc::new(Slot::default());
    let body = run(body, Arc::clone(&slot));
    TryGenerator(Body {
        slot,
        future: Some(Box::pin(body)),
        returned: None,
    })
}

/// Why not an `async` block in each of the two: the emitter borrows from a local of this one.
async fn run<T, R, B>(body: B, slot: Arc<Slot<T>>) -> R
where
    B: for<'e> AsyncFnOnce(Emitter<'e, T>) -> R,
{
    body(Emitter { slot: &slot }).await
}

/// The stream of [`generator()`]; `F` is its body.
///
/// # Examples
///
/// ```
/// use futures::StreamExt as _;
///
/// # futures::executor::block_on(async {
/// let mut fibonacci = heist::stream::generator(async |mut y| {
///     let (mut a, mut b) = (0, 1);
///     loop {
///         y.emit(a).await;
///         (a, b) = (b, a + b);
///     }
/// });
/// assert_eq!(fibonacci.next().await, Some(0));
/// let even = fibonacci.filter(|n| std::future::ready(n % 2 == 0));
/// assert_eq!(even.take(3).collect::<Vec<u32>>().await, [2, 8, 34]);
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Generator<T, F: Future>(Body<T, F>);

impl<T, F: Future<Output = ()>> Generator<T, F> {
    /// The next item, `None` when the body has returned.
    #[doc(alias = "anext")]
    #[expect(
        clippy::should_implement_trait,
        reason = "a stream's `next`, not an iterator's"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }
}

impl<T, F: Future<Output = ()>> Stream for Generator<T, F> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let step = ready!(self.0.poll_step(cx));
        Poll::Ready(match step {
            Step::Emitted(item) => Some(item),
            Step::Returned(()) | Step::Over => None,
        })
    }
}

impl<T, F: Future<Output = ()>> FusedStream for Generator<T, F> {
    fn is_terminated(&self) -> bool {
        self.0.is_over()
    }
}

/// The stream of [`try_generator`]; `F` is its body.
///
/// # Examples
///
/// ```
/// use futures::TryStreamExt as _;
///
/// # futures::executor::block_on(async {
/// let text = "1 2 300 4";
/// let mut bytes = heist::stream::try_generator(async |mut y| {
///     for word in text.split(' ') {
///         y.emit(word.parse::<u8>().map_err(|error| format!("{word}: {error}"))?).await;
///     }
///     Ok::<_, String>(())
/// });
/// assert_eq!(bytes.next().await, Some(Ok(1)));
/// let rest: Result<Vec<u8>, String> = bytes.try_collect().await;
/// assert!(rest.unwrap_err().starts_with("300: "));
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct TryGenerator<T, F: Future>(Body<T, F>);

impl<T, E, F: Future<Output = Result<(), E>>> TryGenerator<T, F> {
    /// The next item, the body's error, or `None` when the body has returned.
    #[doc(alias = "anext")]
    #[expect(
        clippy::should_implement_trait,
        reason = "a stream's `next`, not an iterator's"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }
}

impl<T, E, F: Future<Output = Result<(), E>>> Stream for TryGenerator<T, F> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let step = ready!(self.0.poll_step(cx));
        Poll::Ready(match step {
            Step::Emitted(item) => Some(Ok(item)),
            Step::Returned(Err(error)) => Some(Err(error)),
            Step::Returned(Ok(())) | Step::Over => None,
        })
    }
}

impl<T, E, F: Future<Output = Result<(), E>>> FusedStream for TryGenerator<T, F> {
    fn is_terminated(&self) -> bool {
        self.0.is_over()
    }
}

/// What a generator's body emits by.
///
/// # Examples
///
/// Lent to another function, it emits from there:
///
/// ```
/// use heist::stream::{Emitter, generator};
///
/// async fn count(y: &mut Emitter<'_, String>, name: &str, to: u32) {
///     for n in 1..=to {
///         y.emit(format!("{name} {n}")).await;
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let mut lines = generator(async |mut y| {
///     count(&mut y, "chapter", 2).await;
///     y.emit(String::from("the end")).await;
/// });
/// assert_eq!(lines.next().await.as_deref(), Some("chapter 1"));
/// assert_eq!(lines.next().await.as_deref(), Some("chapter 2"));
/// assert_eq!(lines.next().await.as_deref(), Some("the end"));
/// # });
/// ```
pub struct Emitter<'e, T> {
    slot: &'e Slot<T>,
}

impl<T> Emitter<'_, T> {
    /// Hands `item` to whoever asks for the next one; ready when the body shall go on.
    ///
    /// # Panics
    ///
    /// When it is polled while its generator is not, as in a destructor. (It goes on when the
    /// generator is polled again: a body that blocks until another thread has emitted never ends.)
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, it emits nothing. Once it was polled the item is on its way.
    #[doc(alias = "yield")]
    #[track_caller]
    pub fn emit(&mut self, item: T) -> Emit<'_, T> {
        Emit {
            slot: self.slot,
            item: Some(item),
            at: Location::caller(),
        }
    }
}

/// The future of [`Emitter::emit`].
#[must_use = "nothing is emitted unless this is awaited"]
pub struct Emit<'a, T> {
    slot: &'a Slot<T>,
    /// `None` once it lies in the slot.
    item: Option<T>,
    at: &'static Location<'static>,
}

impl<T> Unpin for Emit<'_, T> {}

impl<T> Future for Emit<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = Identity::of(cx.waker());
        let mut slot = self.slot.0.lock();
        let Some(polling) = slot.polling else {
            drop(slot);
            panic!(
                "emitted at {}, but polled while the generator is not: await it in the body",
                self.at
            );
        };
        if slot.item.is_none() {
            let Some(item) = self.item.take() else {
                return Poll::Ready(());
            };
            slot.item = Some(item);
        }
        drop(slot);
        if polling != waker {
            // Liveness: no-lost-emit.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

struct Slot<T>(Mutex<State<T>>);

struct State<T> {
    item: Option<T>,
    /// The waker by which the body is polled now.
    polling: Option<Identity>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            item: None,
            polling: None,
        }))
    }
}

/// Which waker; enough to know it again while it is borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    data: usize,
    table: usize,
}

impl Identity {
    fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            table: std::ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

/// The body and the slot that it emits into.
struct Body<T, F: Future> {
    slot: Arc<Slot<T>>,
    /// `None` once it has returned or panicked.
    future: Option<Pin<Box<F>>>,
    /// What it returned, while an item that it had not waited for comes first.
    returned: Option<F::Output>,
}

// Items lie in the slot, which is shared, and never in the generator itself.
impl<T, F: Future> Unpin for Body<T, F> {}

enum Step<T, R> {
    Emitted(T),
    Returned(R),
    Over,
}

impl<T, F: Future> Body<T, F> {
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step<T, F::Output>> {
        let Some(mut future) = self.future.take() else {
            let returned = self.returned.take();
            return Poll::Ready(returned.map_or(Step::Over, Step::Returned));
        };
        let polling = Polling::begin(&self.slot, cx.waker());
        let poll = future.as_mut().poll(cx);
        let item = polling.end();
        match poll {
            Poll::Pending => self.future = Some(future),
            Poll::Ready(returned) => self.returned = Some(returned),
        }
        match item {
            Some(item) => Poll::Ready(Step::Emitted(item)),
            None if self.future.is_some() => Poll::Pending,
            None => self.poll_step(cx),
        }
    }

    fn is_over(&self) -> bool {
        self.future.is_none() && self.returned.is_none()
    }
}

/// The time of one poll of the body.
struct Polling<'a, T>(&'a Slot<T>);

impl<'a, T> Polling<'a, T> {
    fn begin(slot: &'a Slot<T>, waker: &Waker) -> Self {
        slot.0.lock().polling = Some(Identity::of(waker));
        Self(slot)
    }

    fn end(self) -> Option<T> {
        self.0.0.lock().item.take()
    }
}

impl<T> Drop for Polling<'_, T> {
    fn drop(&mut self) {
        self.0.0.lock().polling = None;
    }
}

impl<T, F: Future> fmt::Debug for Generator<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").finish_non_exhaustive()
    }
}

impl<T, F: Future> fmt::Debug for TryGenerator<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGenerator").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Emitter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Emit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emit").finish_non_exhaustive()
    }
}
