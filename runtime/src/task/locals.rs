//! How does a task carry values that belong to it?
//!
//! As a chain of links, newest first. A scope puts one link in front for the polls inside it; a
//! spawned child inherits the chain as it stands, which costs one reference count. What a child
//! sets, its parent does not see (asyncio's `contextvars`).
//!
//! - **one-link-a-local**: a chain has at most one link for each [`Local`]. A task that sets one
//!   and spawns the next, and so on, would otherwise carry the values of all its ancestors.

use heist_core::{
    panics::contain,
    primitive::{self, Arc},
};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    cell::{Cell, RefCell},
    pin::Pin,
    task::{Context, Poll},
};

/// The values of a task.
#[derive(Clone)]
pub struct Locals(Arc<Link>);

struct Link {
    /// The address of the [`Local`] it belongs to.
    key: usize,
    value: Arc<Value>,
    next: Option<Locals>,
}

/// `None` only while it is dropped.
struct Value(Option<Box<dyn Any + Send + Sync>>);

impl Drop for Value {
    fn drop(&mut self) {
        // The last reference may be a waker's, wherever that is dropped.
        contain(|| drop(self.0.take()));
    }
}

impl Locals {
    fn iter(&self) -> impl Iterator<Item = &Link> {
        std::iter::successors(Some(&*self.0), |link| {
            link.next.as_ref().map(|next| &*next.0)
        })
    }

    /// The chain without the link of `key`.
    fn without(self, key: usize) -> Option<Self> {
        let Some(place) = self.iter().position(|link| link.key == key) else {
            return Some(self);
        };
        let links: Vec<_> = self.iter().take(place + 1).collect();
        let (shadowed, above) = links.split_last()?;
        above.iter().rfold(shadowed.next.clone(), |next, link| {
            let (key, value) = (link.key, link.value.clone());
            Some(Self(Arc::new(Link { key, value, next })))
        })
    }
}

primitive::thread_local! {
    static CURRENT: RefCell<Option<Locals>> = RefCell::new(None);
}

primitive::thread_local! {
    /// Whether there are any: what most polls look at, and nothing else.
    static HAS_ANY: Cell<bool> = Cell::new(false);
}

/// The time in which some values are current. Dropped, it puts back what was before.
pub struct Entered(Option<Locals>);

/// Makes `locals` current on this thread. `None`: there were none, and are none.
#[inline]
pub fn enter(locals: Option<&Locals>) -> Option<Entered> {
    let has_any = HAS_ANY.try_with(Cell::get).unwrap_or(false);
    if has_any || locals.is_some() {
        Some(Entered(replace(locals.cloned())))
    } else {
        None
    }
}

/// What was current before. Nothing is any more, after the thread's thread-locals are gone.
fn replace(locals: Option<Locals>) -> Option<Locals> {
    let _ = HAS_ANY.try_with(|has_any| has_any.set(locals.is_some()));
    let before = CURRENT.try_with(|current| current.replace(locals));
    before.ok().flatten()
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(replace(self.0.take()));
    }
}

/// What a child inherits now.
pub fn inherit() -> Option<Locals> {
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// A value that belongs to a task and is inherited by its children. Declared by
/// [`task_local!`](crate::task_local).
///
/// ```
/// heist::task_local! {
///     static REQUEST: u32;
/// }
///
/// heist::run(async {
///     REQUEST.scope(7, async {
///         let child = heist::spawn(async { REQUEST.get() });
///         assert_eq!(child.await.unwrap(), 7);
///         REQUEST.scope(8, async { assert!(REQUEST.with(|id| *id == 8)) }).await;
///         assert_eq!(REQUEST.get(), 7); // as before
///     }).await;
///     assert!(REQUEST.try_with(|_| ()).is_none());
/// });
/// ```
#[doc(alias = "contextvars")]
#[doc(alias = "ContextVar")]
#[doc(alias = "LocalKey")]
#[derive(Debug)]
pub struct Local<T> {
    /// So that two of them have two addresses.
    _address: u8,
    _value: std::marker::PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Local<T> {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self {
            _address: 0,
            _value: std::marker::PhantomData,
        }
    }

    /// Runs `future` with this set to `value`.
    ///
    /// # Cancel safety
    ///
    /// As that of `future`.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> Scope<F> {
        Scope {
            setting: Setting {
                key: self.key(),
                value: Arc::new(Value(Some(Box::new(value)))),
                chain: None,
            },
            future: Some(future),
        }
    }

    /// Calls `look` with the value; `None` outside every scope.
    pub fn try_with<R>(&'static self, look: impl FnOnce(&T) -> R) -> Option<R> {
        let locals = inherit()?;
        let link = locals.iter().find(|link| link.key == self.key())?;
        link.value.0.as_ref()?.downcast_ref().map(look)
    }

    /// Calls `look` with the value.
    ///
    /// # Panics
    ///
    /// Outside every scope.
    #[track_caller]
    pub fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        self.try_with(look)
            .expect("a task-local is read inside `scope`, or in a task spawned there")
    }

    /// A copy of the value.
    ///
    /// # Panics
    ///
    /// Outside every scope.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T: Send + Sync + 'static> Default for Local<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// One value, to be put in front of whatever chain the scope is polled in.
struct Setting {
    key: usize,
    value: Arc<Value>,
    /// The chain around the last poll, and the one with the value in front of it. Mostly it is the
    /// same again.
    chain: Option<(Option<Locals>, Locals)>,
}

impl Setting {
    fn enter(&mut self) -> Option<Entered> {
        let around = inherit();
        let is_known = |known: &(Option<Locals>, Locals)| same(known.0.as_ref(), around.as_ref());
        let chain = self.chain.take().filter(is_known).unwrap_or_else(|| {
            let link = Link {
                key: self.key,
                value: self.value.clone(),
                next: around.clone().and_then(|locals| locals.without(self.key)),
            };
            (around, Locals(Arc::new(link)))
        });
        let entered = enter(Some(&chain.1));
        self.chain = Some(chain);
        entered
    }
}

fn same(one: Option<&Locals>, other: Option<&Locals>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(&one.0, &other.0),
        (one, other) => one.is_none() && other.is_none(),
    }
}

pin_project! {
    /// A future with a task-local value. Made by [`Local::scope`].
    #[doc(alias = "TaskLocalFuture")]
    #[must_use = "futures do nothing until awaited"]
    pub struct Scope<F> {
        setting: Setting,
        // `None` once it is being dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            // What the future owns may read the value as it goes.
            let mut this = this.project();
            let _entered = this.setting.enter();
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.setting.enter();
        let future = this.future.as_pin_mut();
        future.expect("there until it is dropped").poll(cx)
    }
}

/// Declares task-local values: `static NAME: Type;`. See [`task::Local`](crate::task::Local).
///
/// ```
/// heist::task_local! {
///     /// Who asks.
///     static USER: String;
/// }
///
/// async fn greeting() -> String {
///     USER.with(|user| format!("hello {user}"))
/// }
///
/// heist::run(async {
///     let here = USER.scope(String::from("ada"), greeting()).await;
///     let spawned = USER.scope(String::from("alan"), async { heist::spawn(greeting()).await });
///     assert_eq!(here, "hello ada");
///     assert_eq!(spawned.await.unwrap(), "hello alan");
/// });
/// ```
#[doc(alias = "ContextVar")]
#[macro_export]
macro_rules! task_local {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty;)+) => {$(
        $(#[$meta])* $vis static $name: $crate::task::Local<$type> = $crate::task::Local::new();
    )+};
}
