//! The reference package of a task: made from the library at dispatch, kept as
//! a file, read again by its hash.

use crate::app::App;
use crate::error::{Result, ServerError};
use crate::store::{check_item, reference};
use crate::usecase::draft::Draft;
use chinese_holiday::{Ymd, chinese_holiday};
use chrono::{Datelike, NaiveDate, Weekday};
use domain::department::Sector;
use domain::id::TaskId;
use domain::matter::{CheckItem, LegalBasis, LegalBasisRef, MajorCriterion};
use domain::package::{Package, PackageItem};
use domain::time::WorkingCalendar;
use ledger::Hash;
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The last year whose notice on working days the source knows.
const CALENDAR_YEAR_LAST: i32 = 2026;

/// The last day the source answers for.
const CALENDAR_DAY_LAST: (i32, u32, u32) = (2026, 12, 25);

/// Packages kept in memory at most; each is some hundred KiB.
const CACHED_MAX: usize = 16;

/// Packages read lately, the latest last. They never change.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Vec<(String, Arc<Package>)>>);

impl Cache {
    fn get(&self, sha256: &str) -> Option<Arc<Package>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(name, _)| name == sha256)?;
        let found = kept.remove(at);
        let package = Arc::clone(&found.1);
        kept.push(found);
        Some(package)
    }

    fn put(&self, sha256: &str, package: &Arc<Package>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == CACHED_MAX {
            kept.remove(0);
        }
        kept.push((sha256.to_owned(), Arc::clone(package)));
    }
}

/// Reads a package by the hash of its bytes, or remembers it.
pub async fn shared(app: &App, sha256: &str) -> Result<Arc<Package>> {
    if let Some(package) = app.packages.get(sha256) {
        return Ok(package);
    }
    let package = Arc::new(read(app, sha256).await?);
    app.packages.put(sha256, &package);
    Ok(package)
}

/// Reads a package by the hash of its bytes.
pub async fn read(app: &App, sha256: &str) -> Result<Package> {
    let hash: Hash =
        sha256.parse().map_err(|_| ServerError::Broken("a package has no proper hash"))?;
    let bytes = app.files.read(&hash).await?;
    let bytes = bytes.ok_or(ServerError::Broken("the package of a task is missing"))?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Makes the package of a task.
pub async fn make(db: &impl ConnectionTrait, task: TaskId, draft: &Draft) -> Result<Package> {
    let codes: Vec<String> = draft.items.iter().map(|item| item.code.clone()).collect();
    let items = check_item::by_codes(db, &codes).await?;
    let by_code: BTreeMap<&str, &CheckItem> =
        items.iter().map(|item| (item.code.as_str(), item)).collect();
    let sectors: BTreeSet<Sector> = items.iter().map(|item| item.sector).collect();
    // A finding may cite what another item of its sector cites.
    let library = check_item::of_sectors(db, &sectors.into_iter().collect::<Vec<_>>()).await?;
    let chosen = draft.items.iter().filter_map(|chosen| {
        let item = by_code.get(chosen.code.as_str())?;
        Some(package_item(chosen.rec, chosen.department, item))
    });
    Ok(Package {
        v: 1,
        task,
        items: chosen.collect(),
        laws: laws(reference::all(db).await?, &library),
        criteria: criteria(reference::all(db).await?, &library),
        calendar: calendar(draft.visit_date.year()),
    })
}

fn package_item(
    rec: domain::id::RecordId,
    department: domain::id::DepartmentId,
    item: &CheckItem,
) -> PackageItem {
    let codes = |all: &[LegalBasisRef]| all.iter().map(|code| code.0.clone()).collect();
    PackageItem {
        rec,
        department,
        code: item.code.clone(),
        section: item.section.clone(),
        text: item.text.clone(),
        how_to: item.how_to.clone(),
        methods: item.methods.clone(),
        severity_default: item.severity_default,
        criterion: item.criterion_code.clone(),
        violated: codes(&item.violated),
        penalty: codes(&item.penalty),
        evidence_required: item.evidence_required,
        version: item.version,
    }
}

/// The laws that these items cite, and what took their place since.
fn laws(all: Vec<LegalBasis>, items: &[CheckItem]) -> Vec<LegalBasis> {
    let cited = items.iter().flat_map(|item| item.violated.iter().chain(&item.penalty));
    let mut wanted: BTreeSet<String> = cited.map(|code| code.0.clone()).collect();
    for law in &all {
        if wanted.contains(&law.code)
            && let Some(next) = &law.replaced_by
        {
            wanted.insert(next.0.clone());
        }
    }
    all.into_iter().filter(|law| wanted.contains(&law.code)).collect()
}

fn criteria(all: Vec<MajorCriterion>, items: &[CheckItem]) -> Vec<MajorCriterion> {
    let wanted: BTreeSet<&String> = items
        .iter()
        .flat_map(|item| item.criterion_code.iter().chain(&item.other_criterion_codes))
        .collect();
    all.into_iter().filter(|criterion| wanted.contains(&criterion.code)).collect()
}

/// Working days of a year and the next, as far as they are published.
fn calendar(year: i32) -> WorkingCalendar {
    let mut calendar = WorkingCalendar::default();
    for year in [year, year + 1] {
        if !(2004..=CALENDAR_YEAR_LAST).contains(&year) {
            continue;
        }
        calendar.years.insert(year);
        let first = NaiveDate::from_ymd_opt(year, 1, 1);
        let days = first.into_iter().flat_map(|first| first.iter_days());
        for day in days.take_while(|day| day.year() == year && known(*day)) {
            let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            match (works(day), weekend) {
                (true, true) => calendar.extra_workdays.insert(day),
                (false, false) => calendar.holidays.insert(day),
                _ => false,
            };
        }
    }
    calendar
}

fn known(day: NaiveDate) -> bool {
    (day.year(), day.month(), day.day()) <= CALENDAR_DAY_LAST
}

fn works(day: NaiveDate) -> bool {
    let small = |n: u32| u8::try_from(n).unwrap_or(1);
    let year = u16::try_from(day.year()).unwrap_or(2004);
    chinese_holiday(Ymd::new(year, small(day.month()), small(day.day()))).is_workday()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_national_day_is_off_and_its_swapped_weekend_is_worked() {
        let calendar = calendar(2026);
        assert!(!calendar.is_workday(day("2026-10-01")));
        assert!(calendar.is_workday(day("2026-09-20")));
        assert!(calendar.is_workday(day("2026-11-23")));
    }

    #[test]
    fn a_year_that_is_not_published_is_not_claimed() {
        assert_eq!(calendar(2026).years, BTreeSet::from([2026]));
        assert!(calendar(2027).years.is_empty());
    }
}
