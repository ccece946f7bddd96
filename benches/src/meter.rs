//! How long did one operation take?
//!
//! A workload is a loop over [`Meter::again`], and the body does a fixed number of operations. The
//! first pass warms up and is thrown away; passes go on until there are enough of them. Clocks are
//! read only between passes. The CPU clock counts every thread of the process, so it must be a
//! process that does nothing else.

use crate::stats;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::{env, fmt, str::FromStr, time::Duration};

/// Enough passes for the middle one not to be an accident.
const PASSES_MIN: usize = 3;

/// Long enough for several ticks of every periodic thing a runtime does.
const TIME_MIN: Duration = Duration::from_millis(200);

/// In the environment: so many passes are measured, however long they take.
pub const PASSES: &str = "HEIST_COMPARE_PASSES";

/// A point on both clocks.
#[derive(Clone, Copy, Default)]
struct Stamp {
    cpu_ns: u64,
    wall_ns: u64,
}

impl Stamp {
    fn now() -> Self {
        Self {
            cpu_ns: nanoseconds(clock_gettime(ClockId::ProcessCPUTime)),
            wall_ns: nanoseconds(clock_gettime(ClockId::Monotonic)),
        }
    }
}

fn nanoseconds(time: Timespec) -> u64 {
    let of = |part: i64| u64::try_from(part).expect("neither clock began before zero");
    of(time.tv_sec) * 1_000_000_000 + of(time.tv_nsec)
}

/// Times the passes of one workload.
pub struct Meter {
    operations: u64,
    /// Where the pass in progress began; none before the first.
    began: Option<Stamp>,
    is_warm: bool,
    cpu_ns: Vec<f64>,
    wall_ns: Vec<f64>,
    spent: Duration,
    /// How many are enough, where time does not matter.
    passes: Option<usize>,
}

impl Meter {
    /// A meter for passes of `operations` each.
    pub fn new(operations: u64) -> Self {
        Self {
            operations,
            began: None,
            is_warm: false,
            cpu_ns: Vec::with_capacity(1024),
            wall_ns: Vec::with_capacity(1024),
            spent: Duration::ZERO,
            passes: env::var(PASSES).ok().and_then(|passes| passes.parse().ok()),
        }
    }

    /// Ends the pass in progress, if there is one, and says whether to begin another.
    pub fn again(&mut self) -> bool {
        let now = self.now();
        if let Some(began) = self.began {
            if self.is_warm {
                self.keep(began, now);
            }
            self.is_warm = true;
        }
        let done = self.cpu_ns.len();
        let enough = match self.passes {
            Some(passes) => done >= passes,
            None => done >= PASSES_MIN && self.spent >= TIME_MIN,
        };
        self.began = Some(self.now());
        !enough
    }

    fn now(&self) -> Stamp {
        match self.passes {
            None => Stamp::now(),
            // Time does not matter; and valgrind hides from rustix where the clock is read.
            Some(_) => Stamp::default(),
        }
    }

    /// The middle pass.
    ///
    /// # Panics
    ///
    /// When the loop was left before [`again`](Self::again) said so.
    pub fn finish(self) -> Sample {
        let passes = self.cpu_ns.len();
        let middle = |values| {
            stats::spread(values)
                .expect("every pass was measured")
                .median
        };
        Sample {
            values: vec![middle(self.cpu_ns), middle(self.wall_ns)],
            of: passes * self.operations as usize,
        }
    }

    fn keep(&mut self, began: Stamp, now: Stamp) {
        let cpu = now.cpu_ns - began.cpu_ns;
        let wall = now.wall_ns - began.wall_ns;
        self.cpu_ns.push(cpu as f64 / self.operations as f64);
        self.wall_ns.push(wall as f64 / self.operations as f64);
        self.spent += Duration::from_nanos(wall);
    }
}

/// What one process measured: a number for each figure of the workload's [`Kind`].
///
/// [`Kind`]: crate::workloads::Kind
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub values: Vec<f64>,
    /// How many operations, or trials, are behind each of them.
    pub of: usize,
}

impl Sample {
    /// How late `times` were: the median, the 99th percentile, the 999th permille.
    pub fn lateness(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let of = times.len();
        let rank = |share: f64| times[((of as f64 * share) as usize).min(of - 1)];
        let values = [0.5, 0.99, 0.999].map(|share| rank(share).as_nanos() as f64);
        Self {
            values: values.into(),
            of,
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.of)?;
        self.values
            .iter()
            .try_for_each(|value| write!(f, " {value}"))
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("{line:?} is not a sample");
        let mut words = line.split_whitespace();
        let of = words.next().and_then(|word| word.parse().ok());
        let values: Result<Vec<_>, _> = words.map(str::parse).collect();
        match (of, values) {
            (Some(of), Ok(values)) if !values.is_empty() => Ok(Self { values, of }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pass_is_thrown_away() {
        let mut meter = Meter::new(1);
        let mut passes = 0;
        while meter.again() {
            passes += 1;
        }
        assert_eq!(meter.finish().of, passes - 1);
    }

    #[test]
    fn a_pass_is_divided_by_its_operations() {
        let mut meter = Meter::new(10);
        let began = Stamp {
            cpu_ns: 100,
            wall_ns: 1_000,
        };
        let ended = Stamp {
            cpu_ns: 150,
            wall_ns: 1_200,
        };
        meter.keep(began, ended);
        assert_eq!(meter.finish().values, [5.0, 20.0]);
    }

    #[test]
    fn a_sample_survives_the_way_to_the_parent() {
        let sample = Sample {
            values: vec![402.25, 1.0 / 3.0],
            of: 17,
        };
        assert_eq!(sample.to_string().parse(), Ok(sample));
    }

    #[test]
    fn of_a_hundred_times_the_last_but_one_is_the_99th_percentile() {
        let times = (0..100).rev().map(Duration::from_nanos).collect();
        assert_eq!(Sample::lateness(times).values, [50.0, 99.0, 99.0]);
    }

    #[test]
    fn anything_else_is_not_a_sample() {
        for line in ["", "1", "1 2 x", "x 2"] {
            assert!(line.parse::<Sample>().is_err(), "{line:?}");
        }
    }
}
