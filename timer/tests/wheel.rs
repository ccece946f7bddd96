//! Does the wheel do what a sorted map does?

use fastrand::Rng;
use heist_timer::wheel::{Key, Wheel};
use std::collections::{BTreeMap, HashMap};

const TICK: u64 = 1 << 14;
const YEAR: u64 = 365 * 24 * 3600 * 1_000_000_000;

/// A wheel, and the map that knows better.
struct Twin {
    wheel: Wheel<u64>,
    /// By deadline, then by the order of arming.
    map: BTreeMap<(u64, u64), u64>,
    /// What is armed: where it is in the map, and its key.
    armed: HashMap<u64, ((u64, u64), Key)>,
    names: Vec<u64>,
    next_name: u64,
    arming: u64,
    now: u64,
}

impl Twin {
    fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            map: BTreeMap::new(),
            armed: HashMap::new(),
            names: Vec::new(),
            next_name: 0,
            arming: 0,
            now: 0,
        }
    }

    fn arm(&mut self, deadline: u64) {
        let name = self.next_name;
        self.next_name += 1;
        let key = self.wheel.arm(deadline, name);
        self.note(name, deadline, key);
        self.names.push(name);
    }

    fn note(&mut self, name: u64, deadline: u64, key: Key) {
        let place = (deadline, self.arming);
        self.arming += 1;
        self.map.insert(place, name);
        self.armed.insert(name, (place, key));
    }

    fn random_name(&mut self, rng: &mut Rng) -> Option<u64> {
        while !self.names.is_empty() {
            let index = rng.usize(..self.names.len());
            if self.armed.contains_key(&self.names[index]) {
                return Some(self.names[index]);
            }
            self.names.swap_remove(index);
        }
        None
    }

    fn cancel(&mut self, name: u64) {
        let (place, key) = self.armed.remove(&name).unwrap();
        self.map.remove(&place);
        assert_eq!(self.wheel.get_mut(key).copied(), Some(name));
        assert_eq!(self.wheel.cancel(key), Some(name));
        assert_eq!(self.wheel.cancel(key), None, "a key opens once");
        assert_eq!(self.wheel.reset(key, 0), None, "a key opens once");
    }

    fn reset(&mut self, name: u64, deadline: u64) {
        let (place, old) = self.armed.remove(&name).unwrap();
        self.map.remove(&place);
        let key = self.wheel.reset(old, deadline).unwrap();
        assert_eq!(self.wheel.get_mut(old), None, "the old key opens nothing");
        self.note(name, deadline, key);
    }

    /// Moves on to `now`, and compares all that falls out. `u64::MAX` is never due.
    fn pass(&mut self, now: u64) {
        self.now = self.now.max(now);
        loop {
            let due = self
                .map
                .first_key_value()
                .filter(|(place, _)| place.0 <= self.now && place.0 != u64::MAX);
            let due = due.map(|(place, name)| (*place, *name));
            assert_eq!(self.wheel.pop_due(self.now), due.map(|(_, name)| name));
            let Some((place, name)) = due else { break };
            self.map.remove(&place);
            self.armed.remove(&name);
        }
        // A caller whose clock is behind finds nothing, and moves nothing back.
        let behind = self.now - self.now % (1 << (self.arming % 40));
        assert_eq!(self.wheel.pop_due(behind), None);
        self.check_next();
        if let Some(next) = self.wheel.next_expiry() {
            assert!(
                next > self.now,
                "a turn at {} asks for one at {next}",
                self.now
            );
        }
    }

    /// The next expiry is never later than the earliest deadline.
    fn check_next(&mut self) {
        let first = self.map.keys().next().map(|place| place.0);
        let next = self.wheel.next_expiry();
        match first.filter(|deadline| *deadline != u64::MAX) {
            None => assert_eq!(next, None),
            Some(first) => assert!(next.is_some_and(|next| next <= first), "{next:?} {first}"),
        }
        assert_eq!(self.wheel.len(), self.map.len());
    }
}

/// A distance as timers have it: mostly around powers of two, which is where slots begin and end.
fn distance(rng: &mut Rng) -> u64 {
    let around = 1_u64 << rng.u32(..62);
    match rng.u32(..16) {
        0 => 0,
        1 => rng.u64(..TICK * 2),
        2 => rng.u64(..30_000_000_000),
        3 => rng.u64(..20 * YEAR),
        4 => around - 1,
        5 => around,
        6 => around + 1,
        7 => rng.u64(..around.min(1 << 53)),
        _ => up_to(rng, 10..46),
    }
}

/// A number of so many bits at most, as likely short as long.
fn up_to(rng: &mut Rng, bits: std::ops::Range<u32>) -> u64 {
    let bits = rng.u32(bits);
    rng.u64(..1 << bits)
}

fn step(twin: &mut Twin, rng: &mut Rng) {
    let deadline = match rng.u32(..64) {
        0 => u64::MAX,
        1 => u64::MAX - rng.u64(..3),
        2 => twin.now.saturating_sub(distance(rng)),
        3 => (twin.now / TICK + rng.u64(..3)) * TICK,
        // The same as somebody else's.
        4..12 => twin
            .map
            .keys()
            .next_back()
            .map_or(twin.now, |place| place.0),
        _ => twin.now.saturating_add(distance(rng)),
    };
    match rng.u32(..100) {
        0..45 => twin.arm(deadline),
        45..65 => {
            if let Some(name) = twin.random_name(rng) {
                twin.cancel(name);
            }
        }
        65..80 => {
            if let Some(name) = twin.random_name(rng) {
                twin.reset(name, deadline);
            }
        }
        80..85 => twin.check_next(),
        // As a driver does it: to the next expiry.
        85..94 => {
            if let Some(next) = twin.wheel.next_expiry() {
                twin.pass(next);
            }
        }
        94..99 => twin.pass(twin.now.saturating_add(up_to(rng, 1..40))),
        _ => twin.pass(twin.now.saturating_add(distance(rng) % YEAR)),
    }
}

/// `HEIST_WHEEL_STEPS=10000000` for a long look.
#[test]
fn a_wheel_does_what_a_sorted_map_does_over_hundreds_of_years() {
    let steps = std::env::var("HEIST_WHEEL_STEPS");
    let steps: u64 = steps.map_or(1_000_000, |steps| steps.parse().unwrap());
    let seeds = 10;
    for seed in 0..seeds {
        let mut rng = Rng::with_seed(seed);
        let mut twin = Twin::new();
        for _ in 0..steps / seeds {
            // Longer than any clock runs: then another wheel begins.
            if twin.now > 500 * YEAR {
                twin = Twin::new();
            }
            step(&mut twin, &mut rng);
        }
        twin.pass(u64::MAX - 3);
    }
}

/// tokio #8334: after 12 days a short sleep was put into a slot that had wrapped around.
/// tikv #11940: at 2^36 ms the level was one too high.
#[test]
fn no_uptime_is_special() {
    let millisecond = 1_000_000;
    let ages = (0..63).map(|bit| 1_u64 << bit);
    let ages = ages.chain([
        (1 << 36) * millisecond / 16,
        (1 << 42) * 1000,
        YEAR,
        100 * YEAR,
    ]);
    for age in ages {
        for start in [age - 1, age, age + 1] {
            let mut twin = Twin::new();
            twin.pass(start);
            for bit in 0..62 {
                for deadline in [
                    start + (1 << bit) - 1,
                    start + (1 << bit),
                    start + (1 << bit) + 1,
                ] {
                    twin.arm(deadline);
                }
            }
            while let Some(next) = twin.wheel.next_expiry() {
                twin.pass(next);
            }
            assert!(
                twin.wheel.is_empty(),
                "{} left at {start}",
                twin.wheel.len()
            );
        }
    }
}

#[test]
fn a_timer_is_due_at_its_nanosecond_and_not_before() {
    let mut wheel = Wheel::new();
    for deadline in [
        1,
        TICK - 1,
        TICK,
        TICK + 1,
        64 * TICK,
        64 * TICK + 7,
        YEAR + 3,
    ] {
        wheel.arm(deadline, deadline);
        assert_eq!(wheel.next_expiry(), Some(deadline));
        assert_eq!(wheel.pop_due(deadline - 1), None);
        assert_eq!(wheel.next_expiry(), Some(deadline));
        assert_eq!(wheel.pop_due(deadline), Some(deadline));
    }
}

#[test]
fn equal_deadlines_are_due_in_the_order_of_arming() {
    let mut wheel = Wheel::new();
    let first = wheel.arm(YEAR, 0);
    (1..100).for_each(|n| _ = wheel.arm(YEAR, n));
    // Armed anew, so the last.
    wheel.reset(first, YEAR).unwrap();
    let order: Vec<_> = std::iter::from_fn(|| wheel.pop_due(YEAR)).collect();
    assert_eq!(order, (1..100).chain([0]).collect::<Vec<_>>());
}

#[test]
fn never_is_never_due_and_can_be_cancelled() {
    let mut wheel = Wheel::new();
    let key = wheel.arm(u64::MAX, ());
    assert_eq!(wheel.next_expiry(), None);
    assert_eq!(wheel.pop_due(u64::MAX), None);
    assert_eq!(wheel.cancel(key), Some(()));
}

#[test]
fn a_time_before_the_last_one_fires_nothing_and_breaks_nothing() {
    let mut wheel = Wheel::new();
    assert_eq!(wheel.pop_due(YEAR), None);
    wheel.arm(YEAR / 2, "past");
    wheel.arm(YEAR + 1, "future");
    assert_eq!(wheel.pop_due(YEAR / 3), None);
    assert_eq!(wheel.pop_due(YEAR / 2), Some("past"));
    assert_eq!(wheel.pop_due(YEAR), None);
    assert_eq!(wheel.pop_due(YEAR + 1), Some("future"));
}

#[test]
fn a_crowded_slot_is_reached_in_few_turns() {
    let mut wheel = Wheel::new();
    (0..10_000).for_each(|n| _ = wheel.arm(YEAR + n, n));
    let mut turns = 0;
    let mut now = 0;
    while now < YEAR {
        now = wheel.next_expiry().unwrap();
        turns += 1;
        if wheel.pop_due(now).is_some() {
            break;
        }
    }
    assert_eq!(now, YEAR);
    // One for each block of 13 days of a far timer, and one for each level.
    assert!(turns <= 28 + 7, "{turns}");
}

#[test]
fn cancelled_timers_leave_nothing_behind_while_the_clock_stands_still() {
    let mut wheel = Wheel::new();
    assert_eq!(wheel.pop_due(YEAR), None);
    for n in 0..1_000_000_u64 {
        let key = wheel.arm(YEAR + n % 16, n);
        assert_eq!(wheel.cancel(key), Some(n));
    }
    let size = format!("{wheel:?}").len();
    assert!(size < 20_000, "{size}");
}
