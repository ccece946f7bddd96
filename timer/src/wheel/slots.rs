//! In which slot does a deadline lie, and which slot comes up next?
//!
//! The wheel's position, the *cursor*, is a number of ticks; read it as digits of six bits. A
//! deadline lies at the level of the highest digit in which it differs from the cursor, in the slot
//! of its own digit there. Of two levels the lower always comes up first, and of two slots of a
//! level the one with the lower number, so "what is next" is a count of trailing zeros.
//!
//! - **ahead**: every occupied slot is later than the cursor's own digit at that level.
//!
//! Deadlines that differ from the cursor above the sixth digit wait in one list, [`FAR`], until the
//! cursor enters their block of 2^50 ns (13 days).

/// A tick is 2^14 ns, 16.4 µs: shorter than what any system needs to wake a thread, so that finer
/// slots would buy nothing. A power of two, because a shift costs less than a division.
const TICK_BITS: u32 = 14;
/// A level has 64 slots: as many as a word has bits.
const DIGIT_BITS: u32 = 6;
const SLOTS: u16 = 1 << DIGIT_BITS;
/// Six levels reach 13 days ahead, beyond nearly every timer.
const LEVELS: u16 = 6;

/// The list of what is due in the cursor's tick or before.
pub const NEAR: u16 = u16::MAX;
/// The list of what lies beyond the highest level.
pub const FAR: u16 = LEVELS * SLOTS;
/// The list of what is never due.
pub const NEVER: u16 = FAR + 1;
/// How many lists hang in the slab: the slots, `FAR` and `NEVER`.
pub const LISTS: usize = NEVER as usize + 1;

/// The tick in which a time of the clock lies.
pub fn tick(ns: u64) -> u64 {
    ns >> TICK_BITS
}

/// When a tick begins.
pub fn start_of(tick: u64) -> u64 {
    tick << TICK_BITS
}

/// The list for a deadline, seen from `cursor`.
pub fn place(cursor: u64, deadline: u64) -> u16 {
    let tick = tick(deadline);
    if deadline == u64::MAX {
        NEVER
    } else if tick <= cursor {
        NEAR
    } else {
        let level = (tick ^ cursor).ilog2() / DIGIT_BITS;
        match level as u16 {
            level @ 0..LEVELS => level * SLOTS + digit(tick, level),
            LEVELS.. => FAR,
        }
    }
}

/// The slots of all levels, as far as they are occupied.
#[derive(Debug)]
pub struct Occupied {
    levels: [u64; LEVELS as usize],
    far: bool,
}

impl Occupied {
    pub const fn new() -> Self {
        Self {
            levels: [0; LEVELS as usize],
            far: false,
        }
    }

    /// Notes whether something hangs in `place`.
    pub fn set(&mut self, place: u16, occupied: bool) {
        if place < FAR {
            let bit = 1 << (place % SLOTS);
            let level = &mut self.levels[usize::from(place / SLOTS)];
            *level = if occupied {
                *level | bit
            } else {
                *level & !bit
            };
        } else if place == FAR {
            self.far = occupied;
        }
    }

    /// The list that comes up first, and the tick in which it does.
    pub fn next(&self, cursor: u64) -> Option<(u16, u64)> {
        let first = |level: u16| {
            let slot = self.levels[usize::from(level)].trailing_zeros() as u16;
            (slot < SLOTS).then(|| {
                debug_assert!(slot > digit(cursor, level), "broken: ahead");
                let shift = DIGIT_BITS * u32::from(level);
                let above = block(cursor, level + 1);
                (level * SLOTS + slot, above | u64::from(slot) << shift)
            })
        };
        let far = || {
            let next_block = 1 << (DIGIT_BITS * u32::from(LEVELS));
            (FAR, block(cursor, LEVELS) + next_block)
        };
        (0..LEVELS).find_map(first).or_else(|| self.far.then(far))
    }
}

/// The digit of `tick` at `level`.
fn digit(tick: u64, level: u16) -> u16 {
    (tick >> (DIGIT_BITS * u32::from(level))) as u16 % SLOTS
}

/// `tick` with its digits below `level` set to zero.
fn block(tick: u64, level: u16) -> u64 {
    let shift = DIGIT_BITS * u32::from(level);
    tick >> shift << shift
}
