//! Failed sign-ins and enrolments by address: whoever guesses is made to wait.
//! In memory, since it only slows; the lock of an account is in the database.

use crate::error::{Code, Result, wait};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failures count for a quarter of an hour.
const WINDOW_MS: i64 = 15 * 60 * 1000;

/// Addresses remembered at most; beyond, the oldest are forgotten.
const ADDRESSES_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    since_ms: i64,
    count: u32,
}

/// Counts failures by address.
#[derive(Debug)]
pub struct Throttle {
    failures_max: u32,
    by_address: Mutex<BTreeMap<IpAddr, Failures>>,
}

impl Throttle {
    /// Lets each address fail so often within a quarter of an hour.
    #[must_use]
    pub fn new(failures_max: u32) -> Self {
        Self { failures_max, by_address: Mutex::default() }
    }

    /// Lets a try pass and counts it as failed until [`Self::undo`] takes that
    /// back, or says how long to wait. Tries made at the same time are so never
    /// more than are allowed.
    ///
    /// # Errors
    /// [`Code::TooManyTries`] after too many failures.
    pub fn begin(&self, address: IpAddr, now_ms: i64) -> Result<()> {
        let mut all = self.lock();
        if let Some(failures) = all.get(&address)
            && failures.count >= self.failures_max
            && now_ms < failures.since_ms + WINDOW_MS
        {
            let left_ms = failures.since_ms + WINDOW_MS - now_ms;
            return Err(wait(Code::TooManyTries, left_ms / 1000 + 1));
        }
        if all.len() >= ADDRESSES_MAX {
            all.retain(|_, failures| now_ms < failures.since_ms + WINDOW_MS);
            if all.len() >= ADDRESSES_MAX {
                all.clear();
            }
        }
        let failures = all.entry(address).or_insert(Failures { since_ms: now_ms, count: 0 });
        if now_ms >= failures.since_ms + WINDOW_MS {
            *failures = Failures { since_ms: now_ms, count: 0 };
        }
        failures.count = failures.count.saturating_add(1);
        Ok(())
    }

    /// Takes one count back: the try was no failure.
    pub fn undo(&self, address: IpAddr) {
        if let Some(failures) = self.lock().get_mut(&address) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Failures>> {
        // The map is whole after any panic: each change is one insertion.
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_too_often_waits_and_nobody_else_does() {
        let throttle = Throttle::new(3);
        let (one, two) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        for _ in 0..3 {
            assert!(throttle.begin(one, 0).is_ok());
        }
        assert!(throttle.begin(one, 1).is_err());
        assert!(throttle.begin(two, 1).is_ok());
        assert!(throttle.begin(one, WINDOW_MS).is_ok());
    }

    #[test]
    fn who_succeeds_is_not_counted() {
        let throttle = Throttle::new(1);
        let one = "10.0.0.1".parse().unwrap();
        for _ in 0..3 {
            assert!(throttle.begin(one, 0).is_ok());
            throttle.undo(one);
        }
    }
}
