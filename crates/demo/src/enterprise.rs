//! The 8,264 enterprises. The first is made by hand: many hazards at one site,
//! good for showing a joint visit. The others come from the industries'
//! profiles in `data/industries.json`.

use crate::area::{District, Map};
use crate::dice::{Dice, Ids, Stream};
use crate::embedded;
use crate::people::Names;
use chrono::{Days, NaiveDate};
use domain::enterprise::{
    Crs, Enterprise, HazardTag, Risk, Scale, Standardization, Uscc, organisation_check,
};
use domain::id::EnterpriseId;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many enterprises the city has.
pub(crate) const ENTERPRISES: usize = 8264;

/// What an industry's enterprises are like. Tags and risks in percent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Industry {
    code: String,
    /// For the reader of the file.
    #[serde(rename = "name")]
    _name: String,
    weight: usize,
    words: Vec<String>,
    /// Major, larger, general, low.
    risk: [usize; 4],
    tags: BTreeMap<String, usize>,
}

const FORMS: [&str; 5] =
    ["有限公司", "有限责任公司", "科技有限公司", "股份有限公司", "科技股份有限公司"];
const MARKERS: [&str; 2] = ["示范", "模拟"];

pub(crate) fn enterprises(seed: u64, year: i32, map: &Map, names: &Names) -> Vec<Enterprise> {
    let industries: Vec<Industry> =
        embedded("industries.json", include_str!("../data/industries.json"));
    let mut dice = Dice::new(seed, Stream::Enterprises);
    let mut ids = Ids::new(seed, year, Stream::EnterpriseIds);
    let first_body = dice.below(BODIES);
    let mut taken = BTreeSet::new();
    let mut made = Vec::with_capacity(ENTERPRISES);
    for index in 0..ENTERPRISES {
        let district = &map.districts[dice.weighted(map.districts.iter().map(|d| d.weight))];
        let industry = &industries[dice.weighted(industries.iter().map(|i| i.weight))];
        let mut enterprise = Enterprise {
            id: EnterpriseId(ids.next()),
            uscc: uscc(&district.code, first_body, index),
            name: unique_name(&mut dice, names, industry, &mut taken),
            legal_rep: names.person(&mut dice, '拟'),
            principal: names.person(&mut dice, '拟'),
            safety_lead: names.person(&mut dice, '拟'),
            phone: dice.percent(92).then(|| format!("000-{:08}", 10_000 + index)),
            reg_address: String::new(),
            site_address: String::new(),
            lon_microdeg: district.lon_microdeg + dice.between(-60_000, 60_000),
            lat_microdeg: district.lat_microdeg + dice.between(-50_000, 50_000),
            crs: Crs::Wgs84,
            division_code: district.code.clone(),
            town_code: String::new(),
            industry_code: industry.code.clone(),
            scale: Scale::Micro,
            employees: 0,
            risk: risk(&mut dice, industry),
            standardization: Standardization::Unrated,
            hazard_tags: tags(&mut dice, industry),
            last_accident: accident(&mut dice, year),
        };
        size(&mut dice, &mut enterprise);
        place(&mut dice, map, district, &mut enterprise);
        if index == 0 {
            showcase(&mut enterprise);
        }
        made.push(enterprise);
    }
    made
}

/// How many codes the six free characters of the organisation code allow.
const BODIES: usize = 31_usize.pow(6);

/// A valid code that nobody has: its organisation code begins with YY, far
/// beyond what is given out. Distinct for every index, because the step has no
/// factor in common with the number of codes.
fn uscc(division_code: &str, first: usize, index: usize) -> Uscc {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const STEP: usize = 104_729;
    let mut left = (first + index * STEP) % BODIES;
    let mut body = String::from("YY");
    for _ in 0..6 {
        body.push(char::from(ALPHABET[left % 31]));
        left /= 31;
    }
    let check = organisation_check(&body).unwrap_or('0');
    let first17 = format!("91{division_code}{body}{check}");
    Uscc::with_check_digit(&first17).expect("17 characters of the alphabet")
}

fn unique_name(
    dice: &mut Dice,
    names: &Names,
    industry: &Industry,
    taken: &mut BTreeSet<String>,
) -> String {
    loop {
        let first = dice.pick(&names.brand_first);
        let second = dice.pick(&names.brand_second);
        let marker = dice.pick(&MARKERS);
        let word = dice.pick(&industry.words);
        let form = dice.pick(&FORMS);
        let name = format!("金陵{first}{second}{marker}{word}{form}");
        if taken.insert(name.clone()) {
            return name;
        }
    }
}

fn risk(dice: &mut Dice, industry: &Industry) -> Risk {
    match dice.weighted(industry.risk.into_iter()) {
        0 => Risk::Major,
        1 => Risk::Larger,
        2 => Risk::General,
        _ => Risk::Low,
    }
}

fn tags(dice: &mut Dice, industry: &Industry) -> Vec<HazardTag> {
    let mut tags = BTreeSet::new();
    for (name, percent) in &industry.tags {
        if !dice.percent(*percent) {
            continue;
        }
        if name == "major_hazard_source" {
            tags.insert(match dice.weighted([1, 2, 4, 6].into_iter()) {
                0 => HazardTag::MajorHazardSource1,
                1 => HazardTag::MajorHazardSource2,
                2 => HazardTag::MajorHazardSource3,
                _ => HazardTag::MajorHazardSource4,
            });
        } else {
            tags.insert(tag(name));
        }
    }
    tags.into_iter().collect()
}

fn tag(name: &str) -> HazardTag {
    serde_json::from_value(name.into()).expect("industries.json names a hazard tag")
}

/// An accident in the last six years, for one in twenty-five.
fn accident(dice: &mut Dice, year: i32) -> Option<NaiveDate> {
    if !dice.percent(4) {
        return None;
    }
    let first = NaiveDate::from_ymd_opt(year - 6, 1, 1)?;
    first.checked_add_days(Days::new(dice.below(6 * 365) as u64))
}

fn size(dice: &mut Dice, enterprise: &mut Enterprise) {
    let (scale, low, high) = match dice.weighted([40, 40, 16, 4].into_iter()) {
        0 => (Scale::Micro, 3, 19),
        1 => (Scale::Small, 20, 299),
        2 => (Scale::Medium, 300, 999),
        _ => (Scale::Large, 1000, 4800),
    };
    enterprise.scale = scale;
    enterprise.employees = u32::try_from(dice.between(low, high)).unwrap_or(1);
    let weights = match scale {
        Scale::Micro => [0, 1, 14, 84, 1],
        Scale::Small => [1, 8, 40, 49, 2],
        Scale::Medium => [6, 34, 38, 19, 3],
        Scale::Large => [24, 44, 18, 11, 3],
    };
    enterprise.standardization = match dice.weighted(weights.into_iter()) {
        0 => Standardization::Level1,
        1 => Standardization::Level2,
        2 => Standardization::Level3,
        3 => Standardization::Unrated,
        _ => Standardization::Revoked,
    };
}

fn place(dice: &mut Dice, map: &Map, district: &District, enterprise: &mut Enterprise) {
    let town = dice.below(district.towns.len());
    enterprise.town_code = district.town_code(town);
    let mut address = || {
        let road = dice.pick(&map.roads);
        let number = dice.between(1, 399);
        let name = &district.towns[town];
        format!("{}{}{name}{road}{number}号", map.city.name, district.name)
    };
    enterprise.reg_address = address();
    enterprise.site_address = enterprise.reg_address.clone();
    // One in ten is registered elsewhere than it works.
    let elsewhere = address();
    if enterprise.employees.is_multiple_of(10) {
        enterprise.site_address = elsewhere;
    }
}

/// Coating, polishing, pressure vessels and a canteen at one site.
fn showcase(enterprise: &mut Enterprise) {
    enterprise.name = "金陵云岭示范精密机械涂装科技股份有限公司".to_owned();
    enterprise.industry_code = "C34".to_owned();
    enterprise.scale = Scale::Medium;
    enterprise.employees = 486;
    enterprise.risk = Risk::Larger;
    enterprise.standardization = Standardization::Level3;
    enterprise.phone = Some("000-00010000".to_owned());
    enterprise.last_accident = None;
    enterprise.hazard_tags = vec![
        HazardTag::HazchemUse,
        HazardTag::DustExplosion,
        HazardTag::ConfinedSpace,
        HazardTag::SpecialEquipment,
        HazardTag::HazardousWaste,
        HazardTag::GasUser,
        HazardTag::KeyFireUnit,
    ];
}
