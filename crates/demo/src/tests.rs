//! What the city claims to be, checked on the seed that everybody uses and on
//! a few others.

use super::*;
use chrono::NaiveDate;
use domain::department::Tier;
use domain::inspector::CERT_NO_CHARS_MAX;
use domain::matter::LegalBasisRef;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static CITY: LazyLock<City> = LazyLock::new(|| city(2026, 2026));

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_city_and_another_seed_another() {
    assert!(*CITY == city(2026, 2026));
    let other = city(7, 2026);
    assert_ne!(CITY.departments[0].id, other.departments[0].id);
    assert_ne!(CITY.enterprises[1].name, other.enterprises[1].name);
    assert_eq!(CITY.check_items, other.check_items);
}

#[test]
fn the_counts_are_those_of_the_bulletin_for_every_seed() {
    for seed in [0, 7, 2026, u64::MAX] {
        let city = city(seed, 2026);
        assert_eq!(city.departments.len(), 87, "seed {seed}");
        assert_eq!(city.inspectors.len(), 837, "seed {seed}");
        assert_eq!(city.enterprises.len(), 8264, "seed {seed}");
        assert_eq!(city.matters.len(), 1714, "seed {seed}");
        assert_eq!(city.plan_entries.len(), 584, "seed {seed}");
        assert_eq!(city.check_items.len(), 75, "seed {seed}");
    }
}

#[test]
fn every_section_of_the_library_is_complete() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &CITY.check_items {
        *counts.entry(&item.code[..2]).or_default() += 1;
    }
    let expected =
        [("GL", 10), ("GM", 20), ("RQ", 7), ("TS", 8), ("WF", 7), ("WH", 12), ("XF", 11)];
    assert_eq!(counts, expected.into());
    assert_eq!(CITY.superseded_items.len(), 7);
    // 3 of management, 47 by industry, 14 special, the general one; 6 of GB 45067.
    assert_eq!(CITY.criteria.len(), 64 + 1 + 6);
}

#[test]
fn departments_are_of_three_tiers_with_distinct_names() {
    let count = |tier| CITY.departments.iter().filter(|d| d.tier == tier).count();
    assert_eq!((count(Tier::City), count(Tier::County), count(Tier::Town)), (15, 60, 12));
    let names: BTreeSet<_> = CITY.departments.iter().map(|d| &d.name).collect();
    assert_eq!(names.len(), 87);
    let prefixes: BTreeSet<_> = CITY.departments.iter().map(|d| &d.document_prefix).collect();
    assert_eq!(prefixes.len(), 87);
}

#[test]
fn every_credit_code_is_valid_unique_and_nobodys() {
    let mut seen = BTreeSet::new();
    for enterprise in &CITY.enterprises {
        let text = enterprise.uscc.as_str();
        assert_eq!(domain::enterprise::Uscc::try_from(text), Ok(enterprise.uscc.clone()));
        assert!(enterprise.uscc.organisation_check_holds(), "{text}");
        assert_eq!(&text[8..10], "YY", "{text}");
        assert_eq!(enterprise.uscc.division_code(), enterprise.division_code);
        assert!(seen.insert(text), "{text} twice");
    }
}

#[test]
fn every_name_carries_its_marker_and_no_phone_is_real() {
    let mut names = BTreeSet::new();
    for enterprise in &CITY.enterprises {
        let name = &enterprise.name;
        assert!(name.contains("示范") || name.contains("模拟"), "{name}");
        assert!(names.insert(name), "{name} twice");
        for person in [&enterprise.legal_rep, &enterprise.principal, &enterprise.safety_lead] {
            assert_eq!(person.chars().nth(1), Some('拟'), "{person}");
        }
        assert!(enterprise.site_address.starts_with("金陵示范市"), "{}", enterprise.site_address);
        assert!(enterprise.phone.iter().all(|phone| phone.starts_with("000-")));
    }
    assert!(CITY.inspectors.iter().all(|i| i.name.chars().nth(1) == Some('示')));
    assert!(CITY.office.iter().all(|p| p.name.chars().nth(1) == Some('范')));
    assert!(CITY.departments.iter().all(|d| d.name.contains("示范")));
}

#[test]
fn every_department_has_two_valid_inspectors_on_every_day_of_the_year() {
    for department in &CITY.departments {
        for date in day("2026-01-01").iter_days().take(365) {
            let valid = CITY
                .inspectors_of(department.id)
                .filter(|inspector| inspector.certificate.is_valid_on(date))
                .count();
            assert!(valid >= 2, "{} on {date}", department.name);
        }
    }
    let invalid = CITY.inspectors.iter().filter(|i| !i.certificate.is_valid_on(day("2026-11-23")));
    assert!(invalid.count() > 10, "some certificates should be expired or withdrawn");
}

#[test]
fn certificate_numbers_are_unique_and_short_enough() {
    let numbers: BTreeSet<_> = CITY.inspectors.iter().map(|i| &i.certificate.cert_no).collect();
    assert_eq!(numbers.len(), CITY.inspectors.len());
    assert!(numbers.iter().all(|number| number.chars().count() <= CERT_NO_CHARS_MAX));
}

#[test]
fn every_id_is_a_version_7_uuid_and_belongs_to_one_thing() {
    let mut seen = BTreeSet::new();
    let ids = CITY
        .departments
        .iter()
        .map(|d| d.id.0)
        .chain(CITY.inspectors.iter().map(|i| i.person.0))
        .chain(CITY.enterprises.iter().map(|e| e.id.0))
        .chain(CITY.plans.iter().map(|p| p.id.0))
        .chain(CITY.office.iter().map(|p| p.person.0));
    for id in ids {
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(domain::id::parse_uuid(&id.to_string()), Ok(id));
        assert!(seen.insert(id), "{id} twice");
    }
}

#[test]
fn every_basis_and_criterion_that_is_cited_exists() {
    let bases: BTreeSet<&str> = CITY.legal_bases.iter().map(|b| b.code.as_str()).collect();
    assert_eq!(bases.len(), CITY.legal_bases.len(), "a code stands twice");
    let criteria: BTreeSet<&str> = CITY.criteria.iter().map(|c| c.code.as_str()).collect();
    assert_eq!(criteria.len(), CITY.criteria.len(), "a code stands twice");
    for item in CITY.check_items.iter().chain(&CITY.superseded_items) {
        for LegalBasisRef(code) in item.violated.iter().chain(&item.penalty) {
            assert!(bases.contains(code.as_str()), "{}: {code}", item.code);
        }
        for code in item.criterion_code.iter().chain(&item.other_criterion_codes) {
            assert!(criteria.contains(code.as_str()), "{}: {code}", item.code);
        }
        assert!(!item.violated.is_empty(), "{}", item.code);
    }
    for LegalBasisRef(code) in CITY.matters.iter().flat_map(|m| &m.legal_basis) {
        assert!(bases.contains(code.as_str()), "{code}");
    }
    for LegalBasisRef(code) in CITY.legal_bases.iter().filter_map(|b| b.replaced_by.as_ref()) {
        assert!(bases.contains(code.as_str()), "{code}");
    }
}

#[test]
fn an_item_cites_only_law_that_was_in_force_when_it_came_into_use() {
    for item in CITY.check_items.iter().chain(&CITY.superseded_items) {
        for LegalBasisRef(code) in item.violated.iter().chain(&item.penalty) {
            let basis = CITY.legal_bases.iter().find(|b| b.code == *code).unwrap();
            assert!(basis.in_force_on(item.effective_from), "{} {code}", item.code);
            if let Some(last) = item.effective_to {
                assert!(basis.in_force_on(last), "{} {code}", item.code);
            }
        }
    }
}

#[test]
fn hazardous_waste_items_follow_the_code_from_its_first_day() {
    let on = |date: &str| {
        let all = CITY.check_items.iter().chain(&CITY.superseded_items);
        let mut found = all.filter(|i| i.code == "WF-01" && i.in_force_on(day(date)));
        let item = found.next().unwrap();
        assert!(found.next().is_none(), "two versions on {date}");
        item.violated[0].as_str()
    };
    assert_eq!(on("2026-08-14"), "GFF-77");
    assert_eq!(on("2026-08-15"), "FD-531");
}

#[test]
fn items_tell_how_to_check_and_match_their_matter() {
    for item in &CITY.check_items {
        assert!(item.how_to.chars().count() >= 20, "{}", item.code);
        assert!(!item.methods.is_empty(), "{}", item.code);
        let matter = CITY.matters.iter().find(|m| m.code == item.matter_code).unwrap();
        assert_eq!(matter.sector, item.sector, "{}", item.code);
        assert!(matter.published, "{}", item.code);
    }
    let codes: BTreeSet<_> = CITY.matters.iter().map(|m| &m.code).collect();
    assert_eq!(codes.len(), 1714);
}

#[test]
fn what_still_wants_checking_is_marked() {
    let uncertain: Vec<_> = CITY.legal_bases.iter().filter(|b| b.uncertain).collect();
    assert!(uncertain.iter().any(|b| b.code == "WHF-CH-FZ"));
    assert!(uncertain.len() < CITY.legal_bases.len() / 10);
}

#[test]
fn three_departments_at_a_user_of_chemicals_have_over_forty_items() {
    let sectors = [Sector::EmergencyManagement, Sector::Fire, Sector::MarketSupervision];
    let least =
        checklist_for(&CITY, &sectors, &[HazardTag::HazchemUse, HazardTag::SpecialEquipment]);
    assert!(least.len() >= 40, "{}", least.len());
    let shown = checklist_for(&CITY, &sectors, &CITY.showcase().hazard_tags);
    assert!(shown.len() > least.len());
    for prefix in ["GL", "WH", "GM", "XF", "TS"] {
        assert!(shown.iter().any(|item| item.code.starts_with(prefix)), "{prefix}");
    }
    assert!(sectors.iter().all(|sector| CITY.city_department(*sector).is_some()));
}

#[test]
fn plan_entries_rest_on_published_matters_and_can_merge() {
    let unpublished: BTreeSet<_> =
        CITY.matters.iter().filter(|m| !m.published).map(|m| &m.code).collect();
    assert!(!unpublished.is_empty());
    let plans: BTreeMap<_, _> = CITY.plans.iter().map(|plan| (plan.id, plan)).collect();
    let mut groups: BTreeMap<_, Vec<&PlanEntry>> = BTreeMap::new();
    for entry in &CITY.plan_entries {
        assert!(entry.window_from <= entry.window_to);
        assert!(entry.people_min >= 2);
        assert!(!entry.matter_codes.is_empty());
        assert!(entry.matter_codes.iter().all(|code| !unpublished.contains(code)));
        groups.entry(entry.enterprise).or_default().push(entry);
    }
    let joint: Vec<_> = groups.values().filter(|group| group.len() > 1).collect();
    assert_eq!(joint.len(), 249);
    assert_eq!(joint.iter().map(|group| group.len() - 1).sum::<usize>(), 299);
    for group in joint {
        let departments: BTreeSet<_> = group.iter().map(|e| plans[&e.plan].department).collect();
        assert_eq!(departments.len(), group.len());
        for (one, other) in group.iter().zip(group.iter().skip(1)) {
            assert!(one.overlaps(other));
            assert_eq!(plans[&one.plan].mode, plans[&other.plan].mode);
        }
    }
}

#[test]
fn risks_and_hazards_are_spread_like_in_a_city() {
    use domain::enterprise::Risk;
    let share = |risk| CITY.enterprises.iter().filter(|e| e.risk == risk).count() * 100 / 8264;
    assert!((2..8).contains(&share(Risk::Major)), "{}", share(Risk::Major));
    assert!((10..25).contains(&share(Risk::Larger)), "{}", share(Risk::Larger));
    let tags: BTreeSet<_> = CITY.enterprises.iter().flat_map(|e| &e.hazard_tags).collect();
    assert_eq!(tags.len(), 18, "every hazard occurs");
    let towns: BTreeSet<_> = CITY.enterprises.iter().map(|e| &e.town_code).collect();
    assert_eq!(towns.len(), 96);
    let codes: BTreeSet<_> = CITY.areas.iter().map(|area| &area.code).collect();
    assert!(towns.iter().all(|town| codes.contains(town)));
}
