//! A synthetic city: from a seed come its departments, inspectors, enterprises,
//! matters, check items, laws and plans, always the same for the same seed.
//!
//! Nobody in it is real: every name carries a marker, every telephone number
//! begins with 000, every credit code lies outside what is given out. The law
//! is real; its gist is in our own words. Accounts' secrets, tasks and records
//! are not made here.

mod area;
mod department;
mod dice;
mod enterprise;
mod library;
mod matter;
mod people;
mod plan;

pub use area::Area;
pub use people::OfficePerson;

use domain::department::{Department, Sector, Tier};
use domain::enterprise::{Enterprise, HazardTag};
use domain::id::DepartmentId;
use domain::inspector::Inspector;
use domain::matter::{CheckItem, LegalBasis, MajorCriterion, Matter};
use domain::plan::{Plan, PlanEntry};
use serde::de::DeserializeOwned;

/// The whole city, every list in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    /// The seed it came from.
    pub seed: u64,
    /// The year its plans are for.
    pub year: i32,
    /// City, districts and towns with their codes.
    pub areas: Vec<Area>,
    /// 87 departments of three tiers, the city's first.
    pub departments: Vec<Department>,
    /// 837 inspectors, grouped by department; the first four of each hold a
    /// certificate that is valid all year.
    pub inspectors: Vec<Inspector>,
    /// 8,264 enterprises; the first is [`City::showcase`].
    pub enterprises: Vec<Enterprise>,
    /// 1,714 matters, those of the check items first.
    pub matters: Vec<Matter>,
    /// 75 check items in their latest version.
    pub check_items: Vec<CheckItem>,
    /// Earlier versions of some of them, with the law of their time.
    pub superseded_items: Vec<CheckItem>,
    /// Every legal basis that an item or a matter cites.
    pub legal_bases: Vec<LegalBasis>,
    /// Criteria for major hazards.
    pub criteria: Vec<MajorCriterion>,
    /// Two plans per department.
    pub plans: Vec<Plan>,
    /// 584 entries of these plans.
    pub plan_entries: Vec<PlanEntry>,
    /// Accounts at the desk.
    pub office: Vec<OfficePerson>,
}

/// Builds the city of `seed` with plans for `year`.
///
/// # Panics
/// When a data file built into this crate is broken, which a test rules out.
#[must_use]
pub fn city(seed: u64, year: i32) -> City {
    let map = area::map();
    let names = people::Names::load();
    let library = library::load();
    let staffed = department::departments(seed, year, &map);
    let inspectors = people::inspectors(seed, year, &names, &staffed);
    let office = people::office(seed, year, &names, &staffed);
    let departments: Vec<Department> = staffed.into_iter().map(|s| s.department).collect();
    let enterprises = enterprise::enterprises(seed, year, &map, &names);
    let mut matters = library.matters;
    matters.extend(matter::generated(seed, matter::MATTERS - matters.len()));
    let plans = plan::plans(seed, year, &departments);
    let plan_entries = plan::entries(
        seed,
        year,
        &plan::Sources {
            departments: &departments,
            enterprises: &enterprises,
            check_items: &library.check_items,
            matters: &matters,
            plans: &plans,
        },
    );
    City {
        seed,
        year,
        areas: area::areas(&map),
        departments,
        inspectors,
        enterprises,
        matters,
        check_items: library.check_items,
        superseded_items: library.superseded_items,
        legal_bases: library.legal_bases,
        criteria: library.criteria,
        plans,
        plan_entries,
        office,
    }
}

impl City {
    /// The enterprise with many hazards at one site, for showing a joint visit.
    ///
    /// # Panics
    /// Never for a value made by [`city`].
    #[must_use]
    pub fn showcase(&self) -> &Enterprise {
        &self.enterprises[0]
    }

    /// The city-level department of a sector, where the city has one.
    #[must_use]
    pub fn city_department(&self, sector: Sector) -> Option<&Department> {
        self.departments.iter().find(|d| d.tier == Tier::City && d.sector == sector)
    }

    /// The inspectors of a department, those valid all year first.
    pub fn inspectors_of(&self, department: DepartmentId) -> impl Iterator<Item = &Inspector> {
        self.inspectors.iter().filter(move |inspector| inspector.department == department)
    }
}

/// The items of these sectors that concern an enterprise with these hazards, in
/// the order of the sectors, then of the library.
///
/// For 应急, 消防 and 市场监管 at a user of hazardous chemicals with special
/// equipment there are more than 40.
#[must_use]
pub fn checklist_for<'a>(
    city: &'a City,
    sectors: &[Sector],
    tags: &[HazardTag],
) -> Vec<&'a CheckItem> {
    sectors
        .iter()
        .flat_map(|sector| {
            city.check_items
                .iter()
                .filter(move |item| item.sector == *sector && item.concerns(tags))
        })
        .collect()
}

/// Reads a data file that is part of this crate.
fn embedded<T: DeserializeOwned>(name: &str, text: &str) -> T {
    match serde_json::from_str(text) {
        Ok(data) => data,
        Err(error) => panic!("{name} is broken: {error}"),
    }
}

#[cfg(test)]
mod tests;
