//! Whose reactor is this thread's, and whose blocking threads?

use crate::{blocking::Pool, reactor::Reactor};
use heist_core::primitive::{self, Arc};
use std::{cell::RefCell, marker::PhantomData, panic::Location};

#[derive(Clone)]
struct Context {
    reactor: Arc<Reactor>,
    pool: Arc<Pool>,
}

primitive::thread_local! {
    static CONTEXT: RefCell<Option<Context>> = RefCell::new(None);
}

/// The time during which this thread has a reactor. Dropped, it has what it had before.
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

/// Gives this thread a reactor and a pool of blocking threads.
pub fn enter(reactor: Arc<Reactor>, pool: Arc<Pool>) -> Entered {
    let before = CONTEXT.with(|context| context.replace(Some(Context { reactor, pool })));
    Entered {
        before,
        _here: PhantomData,
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let ours = CONTEXT.try_with(|context| context.replace(self.before.take()));
        drop(ours);
    }
}

fn current(at: &Location<'_>) -> Context {
    let get = |context: &RefCell<Option<Context>>| context.borrow().clone();
    match CONTEXT.try_with(get).ok().flatten() {
        Some(context) => context,
        None => panic!(
            "{at}: this needs a heist runtime: call it inside `heist::run` or `Runtime::block_on`"
        ),
    }
}

/// This thread's reactor, for the user's line `at`.
pub(crate) fn reactor(at: &Location<'_>) -> Arc<Reactor> {
    current(at).reactor
}

/// This thread's blocking threads, for the user's line `at`.
pub(crate) fn pool(at: &Location<'_>) -> Arc<Pool> {
    current(at).pool
}
