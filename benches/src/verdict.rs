//! Is a target met?
//!
//! `README.md` says it in words. The peer, measured twice, shows how far apart two equal things
//! look: the *A/A spread* is the widest of these ratios, either way, so at least 1. What was
//! measured may as well have been smaller or greater by this factor.

use crate::{
    args::{Alloc, Mode},
    plan::Row,
    rt::{Heist, PEER, Rt},
    stats,
    targets::{self, AtMost, Target},
};
use std::fmt;

/// Fewer rounds judge nothing.
pub const ROUNDS_MIN: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// The target lies inside the A/A spread around what was measured.
    CannotTell,
    TooFewRounds,
    NoTarget,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::CannotTell => "cannot tell",
            Self::TooFewRounds => "too few rounds",
            Self::NoTarget => "no target",
        })
    }
}

/// What is to be thought of one figure of a row.
#[derive(Debug, Clone, Copy)]
pub struct Finding {
    pub figure: usize,
    /// None where the row has no target.
    pub target: Option<AtMost>,
    pub spread: Option<f64>,
    pub verdict: Verdict,
}

/// A finding for each target of the row, or one that there is none.
pub fn findings(row: &Row, mode: Mode, alloc: Alloc) -> Vec<Finding> {
    let targets = targets::of(row.facts.name, row.facts.is_cost(), mode, alloc);
    if targets.is_empty() {
        let figure = row.facts.figure(mode);
        return vec![Finding {
            figure,
            target: None,
            spread: spread(row, figure),
            verdict: Verdict::NoTarget,
        }];
    }
    targets
        .into_iter()
        .map(|target| judge(row, target))
        .collect()
}

fn judge(row: &Row, target: Target) -> Finding {
    let figure = target.figure;
    let (measured, limit) = match target.at_most {
        AtMost::Of(peer, ratio) => (row.ratios(Heist::NAME, peer, figure), ratio),
        AtMost::Value(value) => (row.values(Heist::NAME, figure), value),
    };
    let spread = spread(row, figure);
    Finding {
        figure,
        target: Some(target.at_most),
        spread,
        verdict: verdict(measured, spread, limit),
    }
}

fn verdict(measured: Vec<f64>, spread: Option<f64>, limit: f64) -> Verdict {
    if measured.len() < ROUNDS_MIN {
        return Verdict::TooFewRounds;
    }
    let (Some(measured), Some(spread)) = (stats::spread(measured), spread) else {
        return Verdict::TooFewRounds;
    };
    if measured.median * spread <= limit {
        Verdict::Met
    } else if measured.median / spread > limit {
        Verdict::Missed
    } else {
        Verdict::CannotTell
    }
}

/// How far apart the peer and the peer again are at most, as a factor.
fn spread(row: &Row, figure: usize) -> Option<f64> {
    let again = row.cells.iter().find(|cells| cells.contestant.is_again)?;
    let peer = row.of(PEER)?;
    let ratios = stats::ratios(&again.each(figure), &peer.each(figure));
    let either_way = ratios.into_iter().map(|ratio| ratio.max(1.0 / ratio));
    either_way.reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_spread_a_target_is_met_or_missed() {
        assert_eq!(verdict(vec![0.5; 5], Some(1.2), 0.6), Verdict::Met);
        assert_eq!(verdict(vec![0.5; 5], Some(1.2), 0.4), Verdict::Missed);
    }

    #[test]
    fn within_the_spread_nobody_can_tell() {
        for limit in [0.45, 0.5, 0.55] {
            assert_eq!(verdict(vec![0.5; 5], Some(1.2), limit), Verdict::CannotTell);
        }
    }

    #[test]
    fn four_rounds_judge_nothing() {
        assert_eq!(verdict(vec![0.5; 4], Some(1.2), 9.0), Verdict::TooFewRounds);
        assert_eq!(verdict(vec![0.5; 5], None, 9.0), Verdict::TooFewRounds);
    }
}
