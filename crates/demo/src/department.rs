//! The 87 departments: 15 of the city, 5 of each of 12 districts, and one town
//! in each district that inspects in its own name.

use crate::area::{District, Map};
use crate::dice::{Ids, Stream};
use crate::embedded;
use domain::department::{Department, Sector, Tier};
use domain::id::DepartmentId;
use domain::inspector::Qualification;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Templates {
    city: Vec<Template>,
    district: Vec<Template>,
    town: Template,
    qualifications: BTreeMap<Sector, Vec<Qualification>>,
}

#[derive(Deserialize)]
struct Template {
    sector: Sector,
    name: String,
    /// Share of the inspectors beyond the first four.
    weight: usize,
    daily_capacity: u32,
}

/// A department with what the making of its people needs.
pub(crate) struct Staffed {
    pub(crate) department: Department,
    pub(crate) weight: usize,
    pub(crate) qualifications: Vec<Qualification>,
}

pub(crate) fn departments(seed: u64, year: i32, map: &Map) -> Vec<Staffed> {
    let templates: Templates =
        embedded("departments.json", include_str!("../data/departments.json"));
    let mut ids = Ids::new(seed, year, Stream::DepartmentIds);
    let mut made = Vec::new();
    let mut add = |template: &Template, department: Department| {
        made.push(Staffed {
            weight: template.weight,
            qualifications: templates
                .qualifications
                .get(&template.sector)
                .cloned()
                .unwrap_or_default(),
            department,
        });
    };
    for template in &templates.city {
        let short = template.sector.short_name();
        add(
            template,
            Department {
                id: DepartmentId(ids.next()),
                name: format!("{}{}", map.city.name, template.name),
                short_name: short.to_owned(),
                tier: Tier::City,
                division_code: map.city.code.clone(),
                unit_code: None,
                sector: template.sector,
                document_prefix: format!("（{}）{short}", map.city.short),
                daily_capacity: template.daily_capacity,
            },
        );
    }
    for district in &map.districts {
        for template in &templates.district {
            add(template, of_district(DepartmentId(ids.next()), map, district, template));
        }
        add(&templates.town, of_town(DepartmentId(ids.next()), map, district, &templates.town));
    }
    made
}

fn of_district(
    id: DepartmentId,
    map: &Map,
    district: &District,
    template: &Template,
) -> Department {
    let short = template.sector.short_name();
    Department {
        id,
        name: format!("{}{}{}", map.city.name, district.name, template.name),
        short_name: format!("{}{short}", district.short_name()),
        tier: Tier::County,
        division_code: district.code.clone(),
        unit_code: district.unit_code.clone(),
        sector: template.sector,
        document_prefix: format!("（{}{}）{short}", map.city.short, district.mark),
        daily_capacity: template.daily_capacity,
    }
}

/// The district's first town.
fn of_town(id: DepartmentId, map: &Map, district: &District, template: &Template) -> Department {
    let town = district.towns.first().map_or("", String::as_str);
    let bare = town.trim_end_matches("街道").trim_end_matches("片区").trim_end_matches('镇');
    let short = template.sector.short_name();
    Department {
        id,
        name: format!("{}{}{town}{}", map.city.name, district.name, template.name),
        short_name: format!("{bare}{short}"),
        tier: Tier::Town,
        division_code: district.town_code(0),
        unit_code: district.unit_code.clone(),
        sector: template.sector,
        document_prefix: format!("（{}{}）{bare}{short}", map.city.short, district.mark),
        daily_capacity: template.daily_capacity,
    }
}
