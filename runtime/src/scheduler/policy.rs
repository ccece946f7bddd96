//! Which numbers did somebody choose, and why?

use std::time::Duration;

/// A worker looks at the injector and its inbox once in this many turns even while its own queue
/// is full: what comes from outside must not starve. About half of `MAINTENANCE_TURNS`.
pub const LOOK_TURNS: u32 = 31;

/// The same, once in so long, when turns are slow: a look of 30 ns in 50 µs costs nothing.
pub const LOOK_PERIOD: Duration = Duration::from_micros(50);

/// The first look of a worker that has slept comes after so many turns, to learn their pace.
pub const PACE_TURNS: u32 = 4;

/// A busy worker turns the reactor and fires timers once in this many turns. tokio's figure.
pub const MAINTENANCE_TURNS: u32 = 61;

/// The same, once in so long, when turns are slow: a system call in a millisecond costs a worker
/// that is busy all the time less than a thousandth.
pub const MAINTENANCE_PERIOD: Duration = Duration::from_millis(1);

/// How many jobs in a row a worker takes from its LIFO slot. The next one then goes to the back of
/// the queue, or two tasks that wake each other would keep the rest waiting. tokio's figure.
pub const LIFO_RUNS: u32 = 3;

/// A worker takes its share of the injector at once, up to so many: what lies there came before
/// whatever its own jobs make ready next. As many as smol takes; more would be a longer time in
/// which it runs nothing, some microseconds.
pub const SHARE_MAX: usize = 512;

/// How long the deputy sleeps before it looks after the workers that are awake. At most 125 looks
/// a second cost a server nothing.
pub const WATCH_PERIOD: Duration = Duration::from_millis(8);

/// The same, when somebody awake had jobs waiting at the last look: whether it stands still is
/// seen soon after, so that the tasks of a blocked worker wait for about 10 ms at most.
pub const SUSPICION: Duration = Duration::from_millis(2);

/// With a paused clock: how long the leader waits before it looks again whether everybody sleeps.
/// Real time, and only in tests.
pub const PAUSED_LOOK: Duration = Duration::from_millis(1);

/// How many workers a runtime may have: more than any machine has cores today, and few enough for
/// a view of them to be copied.
pub const MAX_WORKERS: usize = 512;

/// How many bytes of memory a worker takes for cells of a size when it first needs some; then twice
/// as much each time. A page: a small program has a few sizes.
pub const CHUNK_FIRST: usize = 4 * 1024;

/// The most at once: some hundred tasks' worth, so that the lock taken for it costs each little.
pub const CHUNK_MAX: usize = 64 * 1024;
