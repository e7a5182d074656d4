//! Time and randomness of a run: one true time, which passes only between
//! steps, and for each machine a clock that is off by days and random bytes
//! that follow from the step.

use crate::dice::Dice;
use chrono::{DateTime, Utc};
use device::error::DeviceError;
use server::ServerError;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The true time, in milliseconds UTC.
#[derive(Debug, Default)]
pub struct TrueTime(AtomicI64);

impl TrueTime {
    /// Starts at a moment.
    #[must_use]
    pub fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Lets time pass.
    pub fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

/// A machine's clock.
#[derive(Debug)]
pub struct SkewedClock {
    truth: Arc<TrueTime>,
    ahead_ms: AtomicI64,
}

impl SkewedClock {
    /// A clock that is right.
    #[must_use]
    pub fn new(truth: Arc<TrueTime>) -> Self {
        Self { truth, ahead_ms: AtomicI64::new(0) }
    }

    /// Puts the clock ahead of the truth, or behind it.
    pub fn skew(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
    }

    /// How far it is ahead.
    #[must_use]
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    fn read(&self) -> DateTime<Utc> {
        let ms = self.truth.0.load(Ordering::Relaxed) + self.ahead_ms();
        DateTime::from_timestamp_millis(ms).unwrap_or_default()
    }
}

impl device::clock::Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.read()
    }
}

impl server::surroundings::Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.read()
    }
}

/// Random bytes that nobody in the run can foresee, and that a replay repeats.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    /// From a number.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(Mutex::new(Dice::of(seed)))
    }

    /// Begins anew from a number.
    pub fn roll(&self, seed: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Dice::of(seed);
    }

    fn give(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

impl device::surroundings::Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.give(bytes);
        Ok(())
    }
}

impl server::surroundings::Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ServerError> {
        self.give(bytes);
        Ok(())
    }
}
