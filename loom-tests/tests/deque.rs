//! Does the model's deque do what crossbeam's does?
//!
//! One thread, random operations, the same for both; whatever one answers, the other must.

use heist_core::primitive::deque as model;
use loom::model::Builder;

/// Places in the model's deque; crossbeam's grows.
const PLACES: usize = 8;

/// A small generator of random numbers (xorshift, Marsaglia 2003), the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Runs `body` where the model's types work: one execution, one thread.
fn once(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.max_branches = 1_000_000;
    builder.check(body);
}

macro_rules! stolen {
    ($deque:ident, $steal:expr) => {
        match $steal {
            $deque::Steal::Success(value) => Some(value),
            $deque::Steal::Empty => None,
            $deque::Steal::Retry => panic!("nobody else is here"),
        }
    };
}

#[test]
fn the_models_deque_answers_as_crossbeams_does() {
    once(|| {
        let (ours, theirs) = (
            model::Worker::new_fifo(),
            crossbeam_deque::Worker::new_fifo(),
        );
        let (our_end, their_end) = (ours.stealer(), theirs.stealer());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for value in 0..2_000_u64 {
            match random.below(4) {
                0 | 1 if theirs.len() < PLACES => {
                    ours.push(value);
                    theirs.push(value);
                }
                2 => assert_eq!(ours.pop(), theirs.pop()),
                _ => assert_eq!(
                    stolen!(model, our_end.steal()),
                    stolen!(crossbeam_deque, their_end.steal())
                ),
            }
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(our_end.is_empty(), their_end.is_empty());
        }
    });
}

#[test]
fn a_batch_of_the_models_deque_is_half_of_it_as_crossbeams_is() {
    once(|| {
        for length in 0..PLACES as u64 {
            let (ours, theirs) = (
                model::Worker::new_fifo(),
                crossbeam_deque::Worker::new_fifo(),
            );
            let (our_thief, their_thief) = (
                model::Worker::new_fifo(),
                crossbeam_deque::Worker::new_fifo(),
            );
            for value in 0..length {
                ours.push(value);
                theirs.push(value);
            }
            assert_eq!(
                stolen!(model, ours.stealer().steal_batch_and_pop(&our_thief)),
                stolen!(
                    crossbeam_deque,
                    theirs.stealer().steal_batch_and_pop(&their_thief)
                )
            );
            let rest = |pop: &dyn Fn() -> Option<u64>| std::iter::from_fn(pop).collect::<Vec<_>>();
            assert_eq!(rest(&|| our_thief.pop()), rest(&|| their_thief.pop()));
            assert_eq!(rest(&|| ours.pop()), rest(&|| theirs.pop()));
        }
    });
}
