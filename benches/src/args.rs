//! What was asked for?

use std::{num::NonZeroU32, path::PathBuf, str::FromStr};

pub const USAGE: &str = "\
usage: cargo compare [--mode 1w|2w] [--rounds N] [--only TEXT] [--json FILE]

  --mode 1w    one worker, pinned to one CPU; CPU time is the figure (default)
  --mode 2w    two workers, not pinned; wall time is the figure
  --rounds N   how often each cell is measured, in a fresh process each time (default 5)
  --only TEXT  only workloads whose name contains TEXT
  --json FILE  also write every sample to FILE";

const ROUNDS: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// How many workers, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One worker, pinned to one CPU.
    OneWorker,
    /// Two workers, not pinned.
    TwoWorkers,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::OneWorker => "1w",
            Self::TwoWorkers => "2w",
        }
    }

    pub fn workers(self) -> usize {
        match self {
            Self::OneWorker => 1,
            Self::TwoWorkers => 2,
        }
    }

    pub fn is_pinned(self) -> bool {
        self == Self::OneWorker
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::OneWorker, Self::TwoWorkers]
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| format!("a mode is 1w or 2w, not {text:?}"))
    }
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Args {
    pub mode: Mode,
    pub rounds: NonZeroU32,
    pub only: Option<String>,
    pub json: Option<PathBuf>,
}

pub fn parse(arguments: &[String]) -> Result<Args, String> {
    let mut args = Args {
        mode: Mode::OneWorker,
        rounds: ROUNDS,
        only: None,
        json: None,
    };
    let mut words = arguments.iter();
    while let Some(flag) = words.next() {
        let mut value = || {
            let missing = || format!("{flag} wants a value\n{USAGE}");
            words.next().ok_or_else(missing)
        };
        match flag.as_str() {
            "--mode" => args.mode = value()?.parse()?,
            "--rounds" => {
                let text = value()?;
                let wrong = |_| format!("--rounds wants a number from 1, not {text:?}");
                args.rounds = text.parse().map_err(wrong)?;
            }
            "--only" => args.only = Some(value()?.clone()),
            "--json" => args.json = Some(value()?.into()),
            _ => return Err(format!("what is {flag:?}?\n{USAGE}")),
        }
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
        assert_eq!((args.mode, args.rounds), (Mode::OneWorker, ROUNDS));
        assert!(args.mode.is_pinned());
    }

    #[test]
    fn every_flag_is_kept() {
        let args = parse_line("--mode 2w --rounds 9 --only spawn --json a.json").unwrap();
        let expected = Args {
            mode: Mode::TwoWorkers,
            rounds: NonZeroU32::new(9).unwrap(),
            only: Some("spawn".into()),
            json: Some("a.json".into()),
        };
        assert_eq!(args, expected);
    }

    #[test]
    fn nonsense_is_an_error() {
        for line in ["--rounds 0", "--mode 3w", "--json", "--fast", "spawn"] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
