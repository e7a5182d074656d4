//! The lease: after so many days without the office a tablet shows nothing
//! until it has exchanged again. Handing in and the rescue pack stay open.
//!
//! It is reckoned offline and by the tablet's own clock. Counted is every step
//! that the clock was seen to make forwards; setting it back takes nothing off,
//! and never less is counted than up to the largest time ever seen.

use crate::error::DeviceError;
use crate::store::setting;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

/// Days, where the office says nothing else.
pub const LEASE_DAYS: u32 = 14;
/// What the office may say, in days.
const LEASE_DAYS_MAX: u32 = 365;

const DAY_MS: u64 = 24 * 3600 * 1000;
/// Steps are written down once they add up to this.
const SAVE_MS: u64 = 60_000;

const DAYS: &str = "lease_days";
const USED_MS: &str = "lease_used_ms";
const SEEN_MS: &str = "lease_seen_ms";

/// How much of the lease is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    days: u32,
    used_ms: u64,
    seen_ms: i64,
    saved_ms: u64,
}

impl Lease {
    /// The lease as it was kept; a fresh one right after enrolment.
    pub(crate) fn load(db: &Connection, now: DateTime<Utc>) -> Result<Self, DeviceError> {
        let number = |name| -> Result<Option<i64>, DeviceError> {
            Ok(setting::get(db, name)?.and_then(|text| text.parse().ok()))
        };
        let days = number(DAYS)?.and_then(|days| u32::try_from(days).ok()).unwrap_or(LEASE_DAYS);
        let used_ms = number(USED_MS)?.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
        let seen_ms = number(SEEN_MS)?.unwrap_or_else(|| now.timestamp_millis());
        Ok(Self { days, used_ms, seen_ms, saved_ms: used_ms })
    }

    /// Counts up to now. Answers whether that is worth writing down.
    pub(crate) fn pass(&mut self, now: DateTime<Utc>) -> bool {
        let now_ms = now.timestamp_millis();
        let step = u64::try_from(now_ms.saturating_sub(self.seen_ms)).unwrap_or(0);
        self.used_ms = self.used_ms.saturating_add(step);
        let set_back = now_ms < self.seen_ms;
        self.seen_ms = now_ms;
        set_back || self.used_ms - self.saved_ms >= SAVE_MS
    }

    /// The office was reached: it begins anew.
    pub(crate) fn renew(&mut self, now: DateTime<Utc>, days: Option<u32>) {
        let days = days.unwrap_or(LEASE_DAYS).clamp(1, LEASE_DAYS_MAX);
        *self = Self { days, used_ms: 0, seen_ms: now.timestamp_millis(), saved_ms: 0 };
    }

    /// Writes it down.
    pub(crate) fn save(&mut self, db: &Connection) -> Result<(), DeviceError> {
        setting::put(db, DAYS, &self.days.to_string())?;
        setting::put(db, USED_MS, &self.used_ms.to_string())?;
        setting::put(db, SEEN_MS, &self.seen_ms.to_string())?;
        self.saved_ms = self.used_ms;
        Ok(())
    }

    /// Whether it has run out.
    pub(crate) fn has_ended(&self) -> bool {
        self.used_ms >= u64::from(self.days) * DAY_MS
    }

    /// Whole days that are left, rounded up; 0 once it has run out.
    pub(crate) fn days_left(&self) -> u32 {
        let left_ms = (u64::from(self.days) * DAY_MS).saturating_sub(self.used_ms);
        u32::try_from(left_ms.div_ceil(DAY_MS)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    fn start() -> (Lease, DateTime<Utc>) {
        let now: DateTime<Utc> = "2026-11-23T02:00:00Z".parse().unwrap();
        let mut lease = Lease { days: 1, used_ms: 0, seen_ms: 0, saved_ms: 0 };
        lease.renew(now, None);
        (lease, now)
    }

    #[test]
    fn it_ends_after_fourteen_days_and_begins_anew_with_the_office() {
        let (mut lease, now) = start();
        lease.pass(now + Duration::days(14) - Duration::seconds(1));
        assert!(!lease.has_ended());
        assert_eq!(lease.days_left(), 1);
        lease.pass(now + Duration::days(14));
        assert!(lease.has_ended());
        assert_eq!(lease.days_left(), 0);
        lease.renew(now + Duration::days(15), None);
        assert_eq!(lease.days_left(), 14);
    }

    #[test]
    fn setting_the_clock_back_does_not_lengthen_it() {
        let (mut lease, now) = start();
        lease.pass(now + Duration::days(13));
        lease.pass(now - Duration::days(300));
        assert_eq!(lease.days_left(), 1);
        lease.pass(now - Duration::days(299));
        assert!(lease.has_ended());
    }

    #[test]
    fn a_clock_that_was_far_ahead_when_the_office_was_reached_gains_nothing() {
        let (mut lease, now) = start();
        lease.renew(now + Duration::days(3000), None);
        lease.pass(now);
        lease.pass(now + Duration::days(14));
        assert!(lease.has_ended());
    }

    #[test]
    fn the_office_may_set_other_days_but_not_none() {
        let (mut lease, now) = start();
        lease.renew(now, Some(3));
        assert_eq!(lease.days_left(), 3);
        lease.renew(now, Some(0));
        assert_eq!(lease.days_left(), 1);
        lease.renew(now, Some(u32::MAX));
        assert_eq!(lease.days_left(), LEASE_DAYS_MAX);
    }
}
