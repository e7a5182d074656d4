//! The only source of chance in the city: ChaCha from the seed, one stream per
//! kind of thing, so that a new field of one kind changes no other kind.

use chrono::{NaiveDate, NaiveTime};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use uuid::{Builder, Uuid};

/// What a stream of chance is for. A number is never reused for another kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    DepartmentIds = 1,
    PersonIds = 2,
    EnterpriseIds = 3,
    PlanIds = 4,
    Inspectors = 5,
    Enterprises = 6,
    Matters = 7,
    Plans = 8,
    OfficeIds = 9,
}

/// A seeded stream of chance.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream as u64);
        Self(rng)
    }

    /// A number from 0 to `bound` − 1; 0 for a bound of 0. Bounds are far below 2^32.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // Multiply and shift; the bias is far below what a demo could show.
        let scaled = u64::from(self.0.next_u32()) * (bound as u64);
        usize::try_from(scaled >> 32).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.below(span)).unwrap_or_default()
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the entries; the slice must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A place in `weights`, by weight.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = usize> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        0
    }

    /// Brings the entries into a random order (Fisher–Yates).
    pub(crate) fn shuffle<T>(&mut self, entries: &mut [T]) {
        for last in (1..entries.len()).rev() {
            entries.swap(last, self.below(last + 1));
        }
    }
}

/// Ids that look like UUIDv7 of the first hours of the city's year, in order.
pub(crate) struct Ids {
    dice: Dice,
    next_ms: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64, year: i32, stream: Stream) -> Self {
        let start = NaiveDate::from_ymd_opt(year, 1, 1)
            .map_or(0, |day| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        Self { dice: Dice::new(seed, stream), next_ms: u64::try_from(start).unwrap_or_default() }
    }

    pub(crate) fn next(&mut self) -> Uuid {
        let mut bytes = [0_u8; 10];
        self.dice.0.fill_bytes(&mut bytes);
        let id = Builder::from_unix_timestamp_millis(self.next_ms, &bytes).into_uuid();
        self.next_ms += 1;
        id
    }
}
