//! Time as the trade counts it: the wall clock of a device, dates in
//! Asia/Shanghai, and working days. No clock is read here.

use chrono::{
    DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, Utc, Weekday,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// China Standard Time is UTC+8 all year and all over the country.
const SHANGHAI_OFFSET_SECONDS: i32 = 8 * 3600;

/// A moment as a device's own clock showed it: RFC 3339, UTC, milliseconds.
///
/// It is a claim, never used for correctness; it orders what is shown and is
/// printed beside the measured offset of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(DateTime<Utc>);

impl Wall {
    /// The moment, cut to whole milliseconds.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        let millis = at.timestamp_millis();
        Self(DateTime::from_timestamp_millis(millis).unwrap_or(at))
    }

    /// Reads the one accepted spelling, `2026-11-23T02:11:05.123Z`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
        let wall = Self::new(at);
        (wall.to_string() == text).then_some(wall)
    }

    /// The moment itself.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        self.0
    }

    /// The same moment on the clocks of Asia/Shanghai.
    #[must_use]
    pub fn shanghai(self) -> DateTime<FixedOffset> {
        match FixedOffset::east_opt(SHANGHAI_OFFSET_SECONDS) {
            Some(offset) => self.0.with_timezone(&offset),
            None => self.0.fixed_offset(),
        }
    }

    /// The calendar day in Asia/Shanghai, which is what deadlines count.
    #[must_use]
    pub fn shanghai_date(self) -> NaiveDate {
        self.shanghai().date_naive()
    }
}

/// The moment a day ends in Asia/Shanghai, milliseconds UTC.
#[must_use]
pub fn shanghai_day_end_ms(day: NaiveDate) -> i64 {
    let midnight_utc = day.and_time(NaiveTime::MIN).and_utc() + Duration::days(1);
    (midnight_utc - Duration::seconds(i64::from(SHANGHAI_OFFSET_SECONDS))).timestamp_millis()
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Wall {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a UTC time in milliseconds"))
    }
}

/// The official working days: which weekdays are off and which weekend days
/// are worked (调休), for the years the State Council has published.
///
/// It travels to the tablet inside the task's reference package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkingCalendar {
    /// Years for which the notice is known; outside them only weekends count.
    pub years: BTreeSet<i32>,
    /// Weekdays that are holidays.
    pub holidays: BTreeSet<NaiveDate>,
    /// Saturdays and Sundays that are worked.
    pub extra_workdays: BTreeSet<NaiveDate>,
}

/// A date counted in working days, and whether the calendar knew every year it
/// passed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedDate {
    /// The resulting day.
    pub date: NaiveDate,
    /// `false` when a year without a published calendar was crossed: the date
    /// may move when it is published, and the person must be told.
    pub certain: bool,
}

impl WorkingCalendar {
    /// Whether people work on that day.
    #[must_use]
    pub fn is_workday(&self, day: NaiveDate) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        if weekend { self.extra_workdays.contains(&day) } else { !self.holidays.contains(&day) }
    }

    /// The day `days` working days after `start`; the start itself is not counted.
    #[must_use]
    pub fn add_workdays(&self, start: NaiveDate, days: u32) -> CountedDate {
        let mut date = start;
        let mut left = days;
        let mut certain = self.years.contains(&start.year());
        while left > 0 {
            date += Duration::days(1);
            certain &= self.years.contains(&date.year());
            if self.is_workday(date) {
                left -= 1;
            }
        }
        CountedDate { date, certain }
    }

    /// How many working days lie after `from` up to and including `to`; 0 when
    /// `to` is not later.
    #[must_use]
    pub fn workdays_between(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        let mut count = 0;
        let mut day = from;
        while day < to {
            day += Duration::days(1);
            if self.is_workday(day) {
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_wall_time_has_one_spelling() {
        let text = "2026-11-23T02:11:05.123Z";
        assert_eq!(Wall::parse(text).unwrap().to_string(), text);
        for other in ["2026-11-23T10:11:05.123+08:00", "2026-11-23T02:11:05Z", "2026-11-23", ""] {
            assert_eq!(Wall::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_deadline_day_is_the_day_in_shanghai() {
        let late_evening_utc = Wall::parse("2026-11-23T17:00:00.000Z").unwrap();
        assert_eq!(late_evening_utc.shanghai_date(), day("2026-11-24"));
    }

    #[test]
    fn a_day_ends_when_the_next_one_begins_in_shanghai() {
        let last = Wall::parse("2026-11-23T15:59:59.999Z").unwrap();
        let end = shanghai_day_end_ms(day("2026-11-23"));
        assert_eq!(last.instant().timestamp_millis() + 1, end);
    }

    #[test]
    fn holidays_are_skipped_and_swapped_weekends_are_worked() {
        let calendar = WorkingCalendar {
            years: BTreeSet::from([2026]),
            holidays: BTreeSet::from([day("2026-10-01"), day("2026-10-02")]),
            extra_workdays: BTreeSet::from([day("2026-10-10")]),
        };
        // Wed 30 Sep + 1 = Mon 5 Oct (Thu, Fri off, weekend).
        assert_eq!(calendar.add_workdays(day("2026-09-30"), 1).date, day("2026-10-05"));
        // Fri 9 Oct + 1 = Sat 10 Oct, which is worked.
        assert_eq!(calendar.add_workdays(day("2026-10-09"), 1).date, day("2026-10-10"));
        assert_eq!(calendar.workdays_between(day("2026-09-30"), day("2026-10-10")), 6);
    }

    #[test]
    fn a_year_without_a_published_calendar_is_admitted() {
        let calendar =
            WorkingCalendar { years: BTreeSet::from([2026]), ..WorkingCalendar::default() };
        assert!(calendar.add_workdays(day("2026-12-01"), 5).certain);
        assert!(!calendar.add_workdays(day("2026-12-30"), 5).certain);
    }
}
