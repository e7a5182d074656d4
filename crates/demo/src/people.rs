//! The people: inspectors with their certificates, and the accounts at the desk.
//! Every invented name carries a marker in its middle, so that nobody real can
//! be meant: 示 for inspectors, 范 for the desk, 拟 in enterprises.

use crate::department::Staffed;
use crate::dice::{Dice, Ids, Stream};
use crate::embedded;
use chrono::{Days, NaiveDate};
use domain::department::{Department, Sector, Tier};
use domain::id::{DepartmentId, PersonId};
use domain::inspector::{CertificateStatus, EnforcementCertificate, Inspector};
use domain::permission::Role;
use serde::Deserialize;
use std::collections::BTreeSet;

/// How many inspectors the city has.
pub(crate) const INSPECTORS: usize = 837;
/// How many of a department's inspectors surely have a valid certificate all year.
const SURE_PER_DEPARTMENT: usize = 4;

/// Characters that names are made of.
pub(crate) struct Names {
    surnames: Vec<char>,
    given: Vec<char>,
    pub(crate) brand_first: Vec<char>,
    pub(crate) brand_second: Vec<char>,
}

impl Names {
    pub(crate) fn load() -> Self {
        #[derive(Deserialize)]
        struct Data {
            surnames: String,
            given: String,
            brand_first: String,
            brand_second: String,
        }
        let data: Data = embedded("names.json", include_str!("../data/names.json"));
        Self {
            surnames: data.surnames.chars().collect(),
            given: data.given.chars().collect(),
            brand_first: data.brand_first.chars().collect(),
            brand_second: data.brand_second.chars().collect(),
        }
    }

    /// Surname, marker, given name.
    pub(crate) fn person(&self, dice: &mut Dice, marker: char) -> String {
        let surname = dice.pick(&self.surnames);
        let given = dice.pick(&self.given);
        format!("{surname}{marker}{given}")
    }
}

/// An account at the desk. Secrets are made where the account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficePerson {
    /// The person.
    pub person: PersonId,
    /// Sign-in name, lower-case letters and hyphens.
    pub login: String,
    /// Name shown to others.
    pub name: String,
    /// The department acted for; the committee's office has none.
    pub department: Option<DepartmentId>,
    /// What the account may do.
    pub role: Role,
}

pub(crate) fn inspectors(
    seed: u64,
    year: i32,
    names: &Names,
    departments: &[Staffed],
) -> Vec<Inspector> {
    let mut dice = Dice::new(seed, Stream::Inspectors);
    let mut ids = Ids::new(seed, year, Stream::PersonIds);
    let mut taken = BTreeSet::new();
    let mut made = Vec::with_capacity(INSPECTORS);
    for (staffed, count) in departments.iter().zip(head_counts(&mut dice, departments)) {
        for seat in 0..count {
            let name = loop {
                let name = names.person(&mut dice, '示');
                if taken.insert(name.clone()) {
                    break name;
                }
            };
            let sure = seat < SURE_PER_DEPARTMENT;
            let serial = made.len() + 1;
            let mut qualifications = Vec::new();
            for qualification in &staffed.qualifications {
                if sure || dice.percent(55) {
                    qualifications.push(*qualification);
                }
            }
            made.push(Inspector {
                person: PersonId(ids.next()),
                name,
                department: staffed.department.id,
                certificate: certificate(&mut dice, &staffed.department, year, serial, sure),
                qualifications,
            });
        }
    }
    made
}

/// Four for each department, the others by weight.
fn head_counts(dice: &mut Dice, departments: &[Staffed]) -> Vec<usize> {
    let mut counts = vec![SURE_PER_DEPARTMENT; departments.len()];
    for _ in SURE_PER_DEPARTMENT * departments.len()..INSPECTORS {
        let place = dice.weighted(departments.iter().map(|d| d.weight));
        counts[place] += 1;
    }
    counts
}

fn certificate(
    dice: &mut Dice,
    department: &Department,
    year: i32,
    serial: usize,
    sure: bool,
) -> EnforcementCertificate {
    // Five years of validity, begun before this year; the sure ones end after
    // the next one, the others may end within this one.
    let begun_years_ago = if sure { dice.between(1, 3) } else { dice.between(1, 5) };
    let first_year = year - i32::try_from(begun_years_ago).unwrap_or(1);
    let valid_from = NaiveDate::from_ymd_opt(first_year, 1, 1)
        .and_then(|day| day.checked_add_days(Days::new(dice.below(360) as u64)))
        .unwrap_or_default();
    let valid_to = valid_from.checked_add_days(Days::new(5 * 365)).unwrap_or(valid_from);
    let status = match dice.below(100) {
        _ if sure => CertificateStatus::Valid,
        0..3 => CertificateStatus::Suspended,
        3..5 => CertificateStatus::Revoked,
        _ => CertificateStatus::Valid,
    };
    let place = department.division_code.get(..6).unwrap_or("320100");
    EnforcementCertificate {
        cert_no: format!("SF{place}{serial:05}"),
        issuer: "金陵示范市人民政府".to_owned(),
        valid_from,
        valid_to,
        status,
    }
}

/// The accounts: the committee's office, an administrator, a lead account for
/// each department of the city, and supervisors of the three that lead most.
pub(crate) fn office(
    seed: u64,
    year: i32,
    names: &Names,
    departments: &[Staffed],
) -> Vec<OfficePerson> {
    let mut dice = Dice::new(seed, Stream::OfficeIds);
    let mut ids = Ids::new(seed, year, Stream::OfficeIds);
    let mut taken = BTreeSet::new();
    let mut made = Vec::new();
    let mut add = |login: String, department: Option<DepartmentId>, role: Role| {
        let name = loop {
            let name = names.person(&mut dice, '范');
            if taken.insert(name.clone()) {
                break name;
            }
        };
        made.push(OfficePerson { person: PersonId(ids.next()), login, name, department, role });
    };
    add("anweiban".into(), None, Role::CommitteeOffice);
    add("guanli".into(), None, Role::Administrator);
    let of_city = || {
        departments.iter().map(|d| &d.department).filter(|department| department.tier == Tier::City)
    };
    for department in of_city() {
        add(login(department.sector).into(), Some(department.id), Role::LeadDepartment);
    }
    for department in of_city() {
        if matches!(
            department.sector,
            Sector::EmergencyManagement | Sector::Fire | Sector::MarketSupervision
        ) {
            let login = format!("{}-fuhe", login(department.sector));
            add(login, Some(department.id), Role::Supervisor);
        }
    }
    made
}

fn login(sector: Sector) -> &'static str {
    match sector {
        Sector::EmergencyManagement => "yingji",
        Sector::Fire => "xiaofang",
        Sector::MarketSupervision => "shijian",
        Sector::Environment => "huanjing",
        Sector::Housing => "zhujian",
        Sector::PublicSecurity => "gongan",
        Sector::Industry => "gongxin",
        Sector::Health => "weijian",
        Sector::Transport => "jiaotong",
        Sector::Education => "jiaoyu",
        Sector::Commerce => "shangwu",
        Sector::CultureTourism => "wenlv",
        Sector::UrbanManagement => "chengguan",
        Sector::Water => "shuiwu",
        Sector::Agriculture => "nongye",
        Sector::Comprehensive => "zongzhi",
    }
}
