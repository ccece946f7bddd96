//! How large is a slot?
//!
//! As large as its class: a cell is put into the smallest that holds it, so that few free lists
//! serve all types of futures.
//!
//! | classes | sizes | aligned to |
//! | --- | --- | --- |
//! | 16 | 16, 32 … 256 | 16 |
//! | 12 | four to each doubling, up to 2048 | 16 |
//! | the rest | 256, 512 … 2^47, for what is larger, or aligned to more | the size |
//!
//! At most 15 bytes, or a fifth, of a slot of the first two kinds are wasted (the steps are those
//! of jemalloc). Futures are boxed before they reach the third; large outputs do.

use std::alloc::Layout;

/// One of the sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class(u8);

/// The step, and the alignment, of the small classes.
const STEP: usize = 16;
const FINE: usize = 16;
const FINE_MAX: usize = FINE * STEP;
const COARSE_MAX: usize = 2048;
const COARSE: usize = 12;
/// The exponents of the third kind.
const POWER_MIN: u32 = 8;
const POWER_MAX: u32 = 47;

impl Class {
    /// The size of the largest that wastes little.
    pub const WASTES_LITTLE: usize = COARSE_MAX;

    /// How many there are.
    pub const COUNT: usize = FINE + COARSE + (POWER_MAX - POWER_MIN + 1) as usize;

    /// The smallest that holds a value of such a layout.
    pub const fn of(layout: Layout) -> Self {
        let size = layout.size();
        let index = if layout.align() > STEP || size > COARSE_MAX {
            let size = if size < layout.align() {
                layout.align()
            } else {
                size
            };
            let power = size.next_power_of_two().trailing_zeros();
            let power = if power < POWER_MIN { POWER_MIN } else { power };
            assert!(power <= POWER_MAX, "larger than any memory");
            FINE + COARSE + (power - POWER_MIN) as usize
        } else if size <= FINE_MAX {
            size.div_ceil(STEP).saturating_sub(1)
        } else {
            // Of the sizes above 2^n, up to 2^(n+1), in quarters.
            let power = (size - 1).ilog2();
            let quarter = (size - 1) >> (power - 2) & 3;
            FINE + (power - POWER_MIN) as usize * 4 + quarter
        };
        Self(index as u8)
    }

    /// Which of the [`Class::COUNT`] it is.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The size of a slot, in bytes, and its alignment.
    pub const fn slot(self) -> Layout {
        let index = self.0 as usize;
        let (size, align) = if index < FINE {
            ((index + 1) * STEP, STEP)
        } else if index < FINE + COARSE {
            let (power, quarter) = ((index - FINE) / 4, (index - FINE) % 4);
            ((FINE_MAX << power) / 4 * (5 + quarter), STEP)
        } else {
            let size = 1 << (POWER_MIN as usize + index - FINE - COARSE);
            (size, size)
        };
        match Layout::from_size_align(size, align) {
            Ok(layout) => layout,
            Err(_) => panic!("a power of two, and no larger than memory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_holds_it() {
        let classes: Vec<_> = (0..Class::COUNT).map(|n| Class(n as u8).slot()).collect();
        for align in [1, 8, 16, 32, 512, 4096] {
            for size in (0..5000).chain([65_536, 65_537, 1 << 30]) {
                let layout = Layout::from_size_align(size, align).unwrap();
                let fits = |slot: &&Layout| slot.size() >= size && slot.align() >= align;
                let smallest = classes.iter().filter(fits).map(Layout::size).min();
                assert_eq!(
                    Some(Class::of(layout).slot().size()),
                    smallest,
                    "{layout:?}"
                );
                assert!(Class::of(layout).slot().align() >= align, "{layout:?}");
            }
        }
    }

    #[test]
    fn slots_side_by_side_are_aligned() {
        for index in 0..Class::COUNT {
            let class = Class(index as u8);
            assert_eq!(class.index(), index);
            assert_eq!(class.slot().size() % class.slot().align(), 0);
            assert_eq!(Class::of(class.slot()), class, "{:?}", class.slot());
        }
    }
}
