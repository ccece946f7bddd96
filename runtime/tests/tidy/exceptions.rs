//! What may break a rule, and why?
//!
//! One entry a line: what the finding begins with (or its file), and the reason.

/// What may be allowed, and the reason.
pub type Exception = (&'static str, &'static str);

/// Whether `finding` begins with a named exception.
pub fn allowed(exceptions: &[Exception], finding: &str) -> bool {
    exceptions
        .iter()
        .any(|(start, _)| finding.starts_with(start))
}

/// Modules that name what is above them.
pub const LAYERS: &[Exception] = &[(
    "runtime/src/task/mod.rs:30: `crate::spawn::Builder`",
    "users look for it among the tasks; it stands above them, since it finds the runtime",
)];

/// Files that pass the door.
pub const DOOR: &[Exception] = &[(
    "io/http/",
    "stands on heist as users' programs do; it has no protocol to be modelled",
)];

/// Files, functions and lines above a ceiling.
pub const CEILINGS: &[Exception] = &[];

/// Dependencies that no code names.
pub const DEPENDENCIES: &[Exception] = &[];

/// Names in documents that nothing has.
pub const DOCUMENTS: &[Exception] = &[(
    "loom-tests/twins/",
    "a twin compiles the sources again; their examples run in the real crate",
)];

/// Orderings without a tag.
pub const ORDERINGS: &[Exception] = &[];

/// Each file with `unsafe`, and how many of its lines have the word: one invariant family a file,
/// behind a safe API. Growth is a decision (docs/adr/), so the number is exact.
pub const UNSAFE: &[(&str, usize)] = &[
    ("runtime/src/combinators/block.rs", 29),
    ("runtime/src/combinators/row.rs", 2),
    ("runtime/src/scheduler/pool.rs", 44),
    ("runtime/src/scheduler/slab.rs", 9),
    ("runtime/src/task/cell.rs", 42),
    ("runtime/src/task/handle.rs", 1),
    ("runtime/src/task/join.rs", 12),
    ("runtime/src/task/reference.rs", 23),
    ("runtime/src/task/run.rs", 1),
    ("runtime/src/task/waker.rs", 12),
    ("io/src/selector/epoll.rs", 2),
    ("io/src/selector/portable.rs", 1),
    ("io/src/disposition.rs", 11),
    ("io/src/signal.rs", 1),
    ("io/src/termination.rs", 1),
    ("runtime/core/src/job.rs", 15),
    ("runtime/core/src/primitive/model/cell.rs", 1),
    ("runtime/core/src/primitive/model/deque/injector.rs", 3),
    ("runtime/core/src/primitive/model/deque/worker.rs", 6),
    ("runtime/core/src/reason.rs", 1),
    ("runtime/core/src/waker.rs", 9),
];
