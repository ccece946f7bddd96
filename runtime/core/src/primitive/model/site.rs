//! Which ordering does this run weaken, and was it reached?
//!
//! Every atomic operation passes here with its call site. The environment names one *mutant*: one
//! ordering at one site, one step weaker than it is written. A model that passes all the same
//! does not need the step. One step is enough: what is weaker still allows all that the step
//! allows, so the same model catches it.
//!
//! The mutant comes from the environment, because a caught one usually aborts the process. The
//! tables are std's thread-locals, because all threads of a model are one thread of the system.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    fmt::Debug,
    panic::Location,
    ptr,
    sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst},
};

/// The environment variable that names this run's mutant, in a spelling of [`mutants_seen`].
pub const MUTANT: &str = "MODEL_MUTANT";

/// The environment variable with which a failing execution prints its operations.
pub const TRACE: &str = "MODEL_TRACE";

/// What an ordering belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Load,
    Store,
    /// A read-modify-write that writes.
    Rmw,
    /// A read-modify-write that does not.
    Failed,
    Fence,
}

/// One step down; `None` leaves the operation out. loom treats a SeqCst read-modify-write as an
/// AcqRel one, so its steps are the same.
fn steps(kind: Kind, written: Ordering) -> &'static [Option<Ordering>] {
    match (kind, written) {
        (Kind::Load | Kind::Store | Kind::Failed, SeqCst) => {
            panic!("loom cannot judge SeqCst loads and stores: use fences")
        }
        (_, Relaxed) => &[],
        (Kind::Fence, SeqCst) => &[Some(AcqRel)],
        (_, SeqCst | AcqRel) => &[Some(Acquire), Some(Release)],
        (Kind::Fence, _) => &[None],
        _ => &[Some(Relaxed)],
    }
}

#[derive(Default)]
struct Table {
    /// What was decided for a site. By address, which is cheap: a location that the compiler
    /// emits twice is only decided twice.
    decided: HashMap<(usize, Kind, Ordering), Option<Ordering>>,
    mutants: BTreeSet<String>,
    reached: bool,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
    static WANTED: Option<String> = std::env::var(MUTANT).ok();
    /// Threads of this execution, and the most that any had.
    static THREADS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// The operations of this execution, if somebody wants them.
    static OPERATIONS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// The ordering for this run; `None`: leave the operation out.
pub(super) fn weakened(
    place: &'static Location<'static>,
    what: &'static str,
    kind: Kind,
    written: Ordering,
) -> Option<Ordering> {
    let key = (ptr::from_ref(place).addr(), kind, written);
    TABLE.with_borrow_mut(|table| {
        if let Some(decided) = table.decided.get(&key) {
            return *decided;
        }
        let mut decided = Some(written);
        for step in steps(kind, written) {
            let mutant = name(place, what, kind, written, *step);
            if WANTED.with(|wanted| wanted.as_ref() == Some(&mutant)) {
                decided = *step;
                table.reached = true;
            }
            table.mutants.insert(mutant);
        }
        table.decided.insert(key, decided);
        decided
    })
}

fn name(
    place: &Location<'_>,
    what: &str,
    kind: Kind,
    written: Ordering,
    step: Option<Ordering>,
) -> String {
    let failed = if kind == Kind::Failed { "failed " } else { "" };
    let step = step.map_or_else(|| "nothing".to_owned(), |step| format!("{step:?}"));
    format!("{place} {failed}{what} {written:?}>{step}")
}

/// The mutants of every site that this thread has passed: `file:line:column what Strong>Weak`.
pub fn mutants_seen() -> Vec<String> {
    TABLE.with_borrow(|table| table.mutants.iter().cloned().collect())
}

/// Whether this run's mutant took effect, or none is wanted. A mutant that no operation has
/// reached proves nothing.
pub fn mutant_was_reached() -> bool {
    WANTED.with(Option::is_none) || TABLE.with_borrow(|table| table.reached)
}

/// The most threads that an execution had, the first one included.
pub fn most_threads() -> usize {
    THREADS.get().1
}

/// Begins an execution.
pub fn begin() {
    THREADS.set((1, THREADS.get().1.max(1)));
    OPERATIONS.with_borrow_mut(|operations| {
        if operations.is_some() || std::env::var_os(TRACE).is_some() {
            *operations = Some(Vec::new());
        }
    });
}

pub(super) fn thread_started() {
    let (now, most) = THREADS.get();
    THREADS.set((now + 1, most.max(now + 1)));
}

/// The operations of this execution so far, if [`TRACE`] asks for them.
pub fn operations() -> Vec<String> {
    OPERATIONS.with_borrow(|operations| operations.clone().unwrap_or_default())
}

pub(super) fn trace<T: Debug>(place: &Location<'_>, what: &str, value: T) -> T {
    OPERATIONS.with_borrow_mut(|operations| {
        if let Some(operations) = operations {
            let thread = loom::thread::current().id();
            operations.push(format!("{thread:?} {place} {what} {value:x?}"));
        }
    });
    value
}
