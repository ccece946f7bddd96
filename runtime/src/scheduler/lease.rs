//! Who sits on a seat that was lent?
//!
//! The owner offers it, a substitute takes it; the owner recalls it, the substitute gets up, and it
//! is home. While the owner waits for that it runs what is pinned to it, and that may block again:
//! then it takes the recall back.
//!
//! - **one-sitter**: each step is under the lock. The owner works only when the seat is home; the
//!   substitute gets up only while it is recalled.
//! - **recall-then-unpark**: the owner asks for the seat before it unparks the seat's parker, and a
//!   substitute looks for that in each turn and before each wait.

use super::{home::Home, outside::AtWork, shared::Shared};
use heist_core::primitive::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Offered,
    Taken,
    /// The substitute gets up, and runs nobody's tasks any more.
    Leaving,
    Home,
}

/// A seat that its thread does without for a time.
pub struct Lease {
    pub shared: Arc<Shared>,
    pub me: usize,
    place: Mutex<Place>,
    /// Changed under the lock.
    is_recalled: AtomicBool,
    /// The owner's.
    home: Arc<Home>,
    /// A paused clock stands still.
    _at_work: AtWork,
}

impl Lease {
    /// An offer by the thread with this home.
    pub fn new(shared: Arc<Shared>, me: usize, home: Arc<Home>) -> Arc<Self> {
        let at_work = shared.driver.outside.at_work();
        Arc::new(Self {
            shared,
            me,
            place: Mutex::new(Place::Offered),
            is_recalled: AtomicBool::new(false),
            home,
            _at_work: at_work,
        })
    }

    // ---- the substitute

    /// Takes the seat; false when its owner has it again.
    pub fn take(&self) -> bool {
        let mut place = self.place.lock();
        let is_offered = *place == Place::Offered;
        if is_offered {
            *place = Place::Taken;
        }
        is_offered
    }

    /// Whether the owner wants the seat back, at a glance.
    pub fn is_recalled(&self) -> bool {
        self.is_recalled.load(Ordering::Relaxed)
    }

    /// Gets up, unless the recall was taken back. `at_once`: in any case.
    pub fn get_up(&self, at_once: bool) -> bool {
        let mut place = self.place.lock();
        let gets_up = at_once || self.is_recalled();
        if gets_up {
            *place = Place::Leaving;
        }
        gets_up
    }

    /// The substitute is gone.
    pub fn give_back(&self) {
        *self.place.lock() = Place::Home;
        let _ = self.home.aside.unpark();
    }

    // ---- the owner

    /// Wants it back. Whether it is.
    pub fn recall(&self) -> bool {
        {
            let mut place = self.place.lock();
            match *place {
                Place::Offered => *place = Place::Home,
                Place::Home => {}
                Place::Leaving => return false,
                Place::Taken if self.is_recalled() => return false,
                Place::Taken => self.is_recalled.store(true, Ordering::Relaxed),
            }
            if *place == Place::Home {
                return true;
            }
        }
        let Shared {
            remotes, driver, ..
        } = &*self.shared;
        remotes[self.me].home.unpark(&driver.reactor);
        false
    }

    /// Blocks again, and leaves the seat to the substitute. False: it is home, and to be lent anew.
    pub fn leave_out(&self) -> bool {
        loop {
            match *self.place.lock() {
                Place::Offered => return true,
                Place::Taken => {
                    self.is_recalled.store(false, Ordering::Relaxed);
                    return true;
                }
                Place::Home => return false,
                Place::Leaving => {}
            }
            let _ = self.home.aside.park(None);
        }
    }
}
