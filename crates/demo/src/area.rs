//! The map of the city: districts, a new district without a code of its own,
//! their towns, and the names of the streets. All of it invented; only the form
//! of the codes is real (GB/T 2260 and GB/T 10114).

use crate::embedded;
use serde::Deserialize;

/// The map as it stands in `data/areas.json`.
#[derive(Deserialize)]
pub(crate) struct Map {
    pub(crate) city: CityArea,
    pub(crate) districts: Vec<District>,
    pub(crate) roads: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct CityArea {
    pub(crate) name: String,
    pub(crate) short: String,
    pub(crate) code: String,
}

#[derive(Deserialize)]
pub(crate) struct District {
    pub(crate) code: String,
    pub(crate) unit_code: Option<String>,
    pub(crate) name: String,
    /// One character for document numbers.
    pub(crate) mark: String,
    pub(crate) weight: usize,
    pub(crate) lon_microdeg: i64,
    pub(crate) lat_microdeg: i64,
    pub(crate) towns: Vec<String>,
}

impl District {
    /// Name without 区 or 新区 at its end, for tight places.
    pub(crate) fn short_name(&self) -> &str {
        self.name.trim_end_matches('区').trim_end_matches('新')
    }

    /// Nine digits. Streets count from 001, the areas of a zone without a code
    /// of its own from 401, as zones do.
    pub(crate) fn town_code(&self, town: usize) -> String {
        let first = if self.unit_code.is_some() { 401 } else { 1 };
        format!("{}{:03}", self.code, first + town)
    }
}

pub(crate) fn map() -> Map {
    embedded("areas.json", include_str!("../data/areas.json"))
}

/// A place of the city with its code, for filters and permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// GB/T 2260, 6 digits; a town has 9.
    pub code: String,
    /// A local code where there is none in GB/T 2260.
    pub unit_code: Option<String>,
    /// Its name.
    pub name: String,
}

/// Every area: the city, then each district followed by its towns.
pub(crate) fn areas(map: &Map) -> Vec<Area> {
    let mut areas =
        vec![Area { code: map.city.code.clone(), unit_code: None, name: map.city.name.clone() }];
    for district in &map.districts {
        areas.push(Area {
            code: district.code.clone(),
            unit_code: district.unit_code.clone(),
            name: district.name.clone(),
        });
        for (index, town) in district.towns.iter().enumerate() {
            areas.push(Area {
                code: district.town_code(index),
                unit_code: None,
                name: town.clone(),
            });
        }
    }
    areas
}
