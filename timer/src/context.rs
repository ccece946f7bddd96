//! Whose timers are this thread's?
//!
//! A worker enters with the number of its shard, another thread without one. A thread that has
//! entered nothing can tell the time and cannot wait; so can one whose thread-locals are gone.

use crate::{shard::Shard, timers::Timers, wheel::Key};
use heist_core::primitive::{self, Arc};
use std::{cell::RefCell, marker::PhantomData, task::Waker};

struct Context {
    timers: Arc<Timers>,
    /// `None`: this thread is no worker.
    worker: Option<usize>,
}

primitive::thread_local! {
    static CONTEXT: RefCell<Option<Context>> = RefCell::new(None);
}

/// The time during which this thread's timers are those it entered with. Dropped, it puts back what
/// was there before.
#[must_use]
pub struct Entered {
    before: Option<Context>,
    /// A guard belongs to the thread that made it.
    _here: PhantomData<*const ()>,
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = swap(self.before.take());
    }
}

/// Makes `timers` this thread's. `shard` is the number of the worker that this thread is, or `None`
/// if it is none.
///
/// # Panics
///
/// When there is no such worker.
///
/// # Examples
///
/// ```
/// use heist_timer::{Clock, Instant, Timers, enter};
/// use std::{task::Waker, time::Duration};
///
/// let timers = Timers::new(1, Clock::paused(), Waker::noop().clone());
/// let _here = enter(timers.clone(), None);
///
/// let before = Instant::now();
/// timers.clock().advance(Duration::from_secs(1));
/// assert_eq!(before.elapsed(), Duration::from_secs(1));
/// ```
pub fn enter(timers: Arc<Timers>, shard: Option<usize>) -> Entered {
    let workers = timers.workers();
    assert!(
        shard.is_none_or(|shard| shard < workers),
        "worker {shard:?} of {workers}"
    );
    Entered {
        before: swap(Some(Context {
            timers,
            worker: shard,
        })),
        _here: PhantomData,
    }
}

/// The timers of this thread, if it has entered any.
pub fn current() -> Option<Arc<Timers>> {
    with(|context| context.timers.clone())
}

/// What this thread's clock shows, if it has entered.
pub(crate) fn now() -> Option<std::time::Instant> {
    with(|context| context.timers.clock().now())
}

/// The caller drops what was there: it may be the last to hold it.
fn swap(new: Option<Context>) -> Option<Context> {
    CONTEXT
        .try_with(|context| context.replace(new))
        .unwrap_or_default()
}

/// `look` must not call foreign code, which could enter.
fn with<R>(look: impl FnOnce(&Context) -> R) -> Option<R> {
    CONTEXT
        .try_with(|context| context.borrow().as_ref().map(look))
        .ok()
        .flatten()
}

/// Where this thread arms.
pub(crate) struct Here {
    pub shard: Arc<Shard>,
    /// Set on a thread that is no worker: it must tell the leader.
    outside: Option<Arc<Timers>>,
}

impl Here {
    /// Where this thread arms, if it has entered.
    pub fn find() -> Option<Self> {
        with(|Context { timers, worker }| Self {
            shard: timers.shard(worker.unwrap_or(timers.workers())).clone(),
            outside: worker.is_none().then(|| timers.clone()),
        })
    }

    /// Arms a timer, or gives the waker back because the timers are closed.
    pub fn arm(&self, deadline: u64, waker: Waker) -> Result<Key, Waker> {
        let key = self.shard.arm(deadline, waker)?;
        self.tell(deadline);
        Ok(key)
    }

    /// Gives a timer of this shard another deadline, unless it has fired.
    pub fn reset(&self, key: Key, deadline: u64) -> Option<Key> {
        let key = self.shard.reset(key, deadline)?;
        self.tell(deadline);
        Some(key)
    }

    fn tell(&self, deadline: u64) {
        if let Some(timers) = &self.outside {
            timers.kick_if_later(deadline);
        }
    }
}
