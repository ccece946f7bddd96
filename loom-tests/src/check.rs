//! Does a promise hold in every execution?
//!
//! Up to a bound on the number of preemptions: 2, or `BOUND` in the environment. Nothing else
//! ends a search early, and no variable of loom's own is heard, so that a pass means a full one.

use heist_core::primitive::model::{site, thread};
use std::{
    env,
    fmt::Write,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

/// The environment variable with the directory in which each model leaves a report.
pub const REPORTS: &str = "MODEL_REPORTS";

/// The exit code of a run whose mutant was never reached: neither a pass nor a failure.
pub const UNREACHED: i32 = 3;

/// What loom says when an execution goes on for ever. A mutant that ends so is not caught.
pub const ENDLESS: &str = "exceeded maximum number of branches";

/// Thread switches and loads in one execution. More than any model needs: reaching it means that
/// something spins.
const MAX_BRANCHES: usize = 20_000;

/// The highest number of preemptions in one execution. At 1 known lost wakeups are missed.
fn bound() -> usize {
    let bound = env::var("BOUND").ok();
    bound.map_or(2, |bound| bound.parse().expect("BOUND is a number"))
}

/// What is known of a model that has passed.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many executions there were.
    pub permutations: usize,
    /// How long they took.
    pub seconds: f64,
    /// The most threads in one execution.
    pub threads: usize,
    /// The mutants of every site that was passed.
    pub mutants: Vec<String>,
}

impl Report {
    fn to_text(&self) -> String {
        let Self {
            permutations,
            seconds,
            threads,
            mutants,
        } = self;
        let mut text = format!("{permutations} {seconds:.3} {threads}\n");
        for mutant in mutants {
            writeln!(text, "{mutant}").expect("a string takes everything");
        }
        text
    }

    /// The report that the model `name` has left in `directory`.
    pub fn read(directory: &Path, name: &str) -> Option<Self> {
        let text = fs::read_to_string(directory.join(name)).ok()?;
        let mut lines = text.lines();
        let mut numbers = lines.next()?.split(' ');
        Some(Self {
            permutations: numbers.next()?.parse().ok()?,
            seconds: numbers.next()?.parse().ok()?,
            threads: numbers.next()?.parse().ok()?,
            mutants: lines.map(str::to_owned).collect(),
        })
    }
}

/// Runs `body` in every order, and says how many there were.
///
/// # Panics
///
/// When the promise is broken in one of them; as often as not the process then aborts, because
/// loom's threads are torn down while it panics.
pub fn check(name: &str, body: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(bound());
    builder.max_branches = MAX_BRANCHES;
    (builder.max_duration, builder.max_permutations) = (None, None);
    (builder.checkpoint_file, builder.log, builder.location) = (None, false, false);
    print_operations_of_a_failure();

    let permutations = Arc::new(AtomicUsize::new(0));
    let count = permutations.clone();
    let start = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Relaxed);
        site::begin();
        body();
    });
    let report = Report {
        permutations: permutations.load(Relaxed),
        seconds: start.elapsed().as_secs_f64(),
        threads: site::most_threads(),
        mutants: site::mutants_seen(),
    };
    let Report {
        permutations,
        seconds,
        threads,
        ..
    } = report;
    println!("{name}: {permutations} permutations of {threads} threads in {seconds:.2} s");
    if let Some(directory) = env::var_os(REPORTS) {
        fs::write(Path::new(&directory).join(name), report.to_text()).expect("the report is kept");
    }
    if !site::mutant_was_reached() {
        eprintln!("{name} never reaches the mutant");
        std::process::exit(UNREACHED);
    }
}

/// With `MODEL_TRACE` set, the first panic prints the operations of its execution and aborts.
fn print_operations_of_a_failure() {
    if env::var_os(site::TRACE).is_none() {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        // loom ends its threads by a panic in its generators.
        if panic
            .location()
            .is_some_and(|place| place.file().contains("generator"))
        {
            return;
        }
        eprintln!("{panic}");
        site::operations()
            .iter()
            .for_each(|operation| eprintln!("{operation}"));
        std::process::abort();
    }));
}

/// A thread of a model.
///
/// # Panics
///
/// When it would be the sixth: loom has room for five.
pub fn spawn(body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::start(String::new(), body).expect("a model's threads always start")
}

/// Waits for the threads of a model.
///
/// # Panics
///
/// When one of them has panicked.
pub fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("a model's thread does not panic");
    }
}
