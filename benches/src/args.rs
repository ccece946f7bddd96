//! What was asked for?

use crate::{counted::Tool, gate::Gate};
use regex_lite::Regex;
use std::{
    fmt,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
};

pub const USAGE: &str = "\
usage: cargo compare [--mode 1w|2w|16w|64w] [--rounds N] [--only REGEX]
                     [--alloc system|mimalloc] [--json FILE] [--plot DIR]
       cargo compare --calls|--instructions|--atomics|--allocations
                     [--only REGEX] [--alloc …]
       cargo compare --gate check|update
       cargo compare --markdown FILE

  --mode 1w     one worker, pinned to one CPU; CPU time is the figure (default)
  --mode Nw     N workers, not pinned; wall time is the figure
  --rounds N    how often each cell is measured, in a fresh process each time (default 5)
  --only REGEX  only workloads of whose name REGEX matches a part
  --alloc WHICH system (default) or mimalloc, for every runtime
  --json FILE   also write every figure, verdict and sample to FILE
  --plot DIR    also draw the ratios, as DIR/MODE-ALLOC.svg

  --calls         count system calls per operation, with strace, and measure nothing
  --instructions  the same for instructions, with valgrind
  --atomics       those of them that are atomic, with objdump as well
  --allocations   allocations and their bytes, with valgrind

  --gate check   hold the instructions of some workloads to benches/instructions.txt
  --gate update  write that table

  --markdown FILE  put what --json wrote to FILE into docs/performance.md";

const ROUNDS: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// How many workers, and so where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(NonZeroUsize);

impl Mode {
    pub const ONE_WORKER: Self = Self(NonZeroUsize::MIN);
    pub const TWO_WORKERS: Self = Self(NonZeroUsize::new(2).unwrap());

    pub fn workers(self) -> usize {
        self.0.get()
    }

    /// One worker has a CPU for itself; several lie where the system puts them.
    pub fn is_pinned(self) -> bool {
        self == Self::ONE_WORKER
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}w", self.0)
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let workers = text.strip_suffix('w').and_then(|n| n.parse().ok());
        let wrong = || format!("a mode is 1w, 2w and so on, not {text:?}");
        workers.map(Self).ok_or_else(wrong)
    }
}

/// Whose memory the tasks are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alloc {
    System,
    Mimalloc,
}

impl Alloc {
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Mimalloc => "mimalloc",
        }
    }
}

impl FromStr for Alloc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::System, Self::Mimalloc];
        let found = all.into_iter().find(|alloc| alloc.name() == text);
        found.ok_or_else(|| format!("an allocator is system or mimalloc, not {text:?}"))
    }
}

/// The command line.
#[derive(Debug)]
pub struct Args {
    pub mode: Mode,
    pub alloc: Alloc,
    pub rounds: NonZeroU32,
    pub only: Option<Regex>,
    pub json: Option<PathBuf>,
    pub plot: Option<PathBuf>,
    /// Count, and measure nothing.
    pub count: Option<Tool>,
    /// Count what the table has, and nothing else.
    pub gate: Option<Gate>,
    /// Show a run of the past, and measure nothing.
    pub markdown: Option<PathBuf>,
}

pub fn parse(arguments: &[String]) -> Result<Args, String> {
    let mut args = Args {
        mode: Mode::ONE_WORKER,
        alloc: Alloc::System,
        rounds: ROUNDS,
        only: None,
        json: None,
        plot: None,
        count: None,
        gate: None,
        markdown: None,
    };
    let mut words = arguments.iter();
    while let Some(flag) = words.next() {
        let mut value = || {
            let missing = || format!("{flag} wants a value\n{USAGE}");
            words.next().ok_or_else(missing)
        };
        match flag.as_str() {
            "--mode" => args.mode = value()?.parse()?,
            "--alloc" => args.alloc = value()?.parse()?,
            "--rounds" => {
                let text = value()?;
                let wrong = |_| format!("--rounds wants a number from 1, not {text:?}");
                args.rounds = text.parse().map_err(wrong)?;
            }
            "--only" => {
                let regex = Regex::new(value()?);
                args.only = Some(regex.map_err(|error| error.to_string())?);
            }
            "--json" => args.json = Some(value()?.into()),
            "--plot" => args.plot = Some(value()?.into()),
            "--calls" => args.count = Some(Tool::Calls),
            "--instructions" => args.count = Some(Tool::Instructions),
            "--atomics" => args.count = Some(Tool::Atomics),
            "--allocations" => args.count = Some(Tool::Allocations),
            "--gate" => args.gate = Some(value()?.parse()?),
            "--markdown" => args.markdown = Some(value()?.into()),
            _ => return Err(format!("what is {flag:?}?\n{USAGE}")),
        }
    }
    let stands_alone = args.gate.is_some() || args.markdown.is_some();
    if stands_alone && arguments.len() > 2 {
        return Err(format!("--gate and --markdown stand alone\n{USAGE}"));
    }
    Ok(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Args, String> {
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&words)
    }

    #[test]
    fn without_arguments_one_pinned_worker_is_measured() {
        let args = parse_line("").unwrap();
        assert_eq!((args.mode, args.rounds), (Mode::ONE_WORKER, ROUNDS));
        assert!(args.mode.is_pinned());
    }

    #[test]
    fn every_flag_is_kept() {
        let line = "--mode 2w --rounds 9 --only ^spawn --alloc mimalloc --json a.json";
        let args = parse_line(line).unwrap();
        assert_eq!(args.mode, Mode::TWO_WORKERS);
        assert_eq!(args.rounds.get(), 9);
        assert_eq!(args.only.unwrap().as_str(), "^spawn");
        assert_eq!(args.alloc, Alloc::Mimalloc);
        assert_eq!(args.json, Some("a.json".into()));
        assert_eq!(parse_line("--plot here").unwrap().plot, Some("here".into()));
        assert_eq!(parse_line("--calls").unwrap().count, Some(Tool::Calls));
        let gate = parse_line("--gate update").unwrap().gate;
        assert_eq!(gate, Some(Gate::Update));
    }

    #[test]
    fn a_mode_is_read_as_it_is_shown() {
        for text in ["1w", "2w", "64w"] {
            assert_eq!(text.parse::<Mode>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        let lines = [
            "--rounds 0",
            "--mode 0w",
            "--mode 2",
            "--alloc none",
            "--only (",
            "--json",
            "--fast",
            "--gate",
            "--gate open",
            "--gate check --mode 2w",
            "--markdown a.json --gate check",
            "spawn",
        ];
        for line in lines {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
