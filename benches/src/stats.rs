//! What do several rounds say together?

/// The middle value and the two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

/// The spread of `values`, or nothing of nothing.
pub fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    Some(Spread {
        median: middle(&values)?,
        min: *values.first()?,
        max: *values.last()?,
    })
}

/// The ratios `of[round] / to[round]`, over the rounds that have both.
///
/// A ratio of two medians would compare a quiet minute with a busy one.
pub fn ratios(of: &[Option<f64>], to: &[Option<f64>]) -> Vec<f64> {
    of.iter()
        .zip(to)
        .filter_map(|(of, to)| Some((*of)? / (*to)?))
        .collect()
}

/// The median of what is already sorted: of an even number, the mean of the middle two.
fn middle(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 {
        Some(upper)
    } else {
        Some((sorted[half - 1] + upper) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_spread() {
        assert_eq!(spread(vec![]), None);
    }

    #[test]
    fn one_value_is_its_own_spread() {
        let one = spread(vec![7.0]).unwrap();
        assert_eq!((one.median, one.min, one.max), (7.0, 7.0, 7.0));
    }

    #[test]
    fn the_median_of_an_odd_number_is_one_of_them() {
        let odd = spread(vec![9.0, 1.0, 5.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max), (5.0, 1.0, 9.0));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let even = spread(vec![4.0, 1.0, 100.0, 2.0]).unwrap();
        assert_eq!((even.median, even.min, even.max), (3.0, 1.0, 100.0));
    }

    #[test]
    fn one_wild_value_does_not_move_the_median() {
        let calm = spread(vec![1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let wild = spread(vec![1.0, 2.0, 3.0, 4.0, 5000.0]).unwrap();
        assert_eq!(calm.median, wild.median);
    }

    #[test]
    fn a_ratio_stays_within_its_round() {
        // The machine was twice as slow in the second round, for both.
        let of = [Some(10.0), Some(20.0), Some(10.0)];
        let to = [Some(5.0), Some(10.0), Some(5.0)];
        assert_eq!(ratios(&of, &to), [2.0, 2.0, 2.0]);
    }

    #[test]
    fn a_round_that_lacks_either_side_has_no_ratio() {
        let of = [Some(10.0), None, Some(30.0), Some(1.0)];
        let to = [Some(5.0), Some(5.0), None, Some(2.0)];
        assert_eq!(ratios(&of, &to), [2.0, 0.5]);
    }
}
