//! The generated matters that fill the catalogue up to its real size. They are
//! built from objects and aspects of `data/matters.json` and marked （模拟）;
//! the hand-written ones come with the check items in `library`.

use crate::dice::{Dice, Stream};
use crate::embedded;
use domain::department::Sector;
use domain::matter::{LegalBasisRef, Matter};
use serde::Deserialize;

/// How many matters the catalogue has in all.
pub(crate) const MATTERS: usize = 1714;

#[derive(Deserialize)]
struct Data {
    aspects: Vec<String>,
    sectors: Vec<Objects>,
}

#[derive(Deserialize)]
struct Objects {
    sector: Sector,
    mark: String,
    basis: String,
    objects: Vec<String>,
}

/// `count` generated matters, spread evenly over the sectors.
pub(crate) fn generated(seed: u64, count: usize) -> Vec<Matter> {
    let data: Data = embedded("matters.json", include_str!("../data/matters.json"));
    let mut dice = Dice::new(seed, Stream::Matters);
    let mut made = Vec::with_capacity(count);
    let objects_most = data.sectors.iter().map(|s| s.objects.len()).max().unwrap_or_default();
    for (row, aspect) in data.aspects.iter().enumerate() {
        for column in 0..objects_most {
            for sector in &data.sectors {
                let Some(object) = sector.objects.get(column) else { continue };
                if made.len() == count {
                    return made;
                }
                let number = row * objects_most + column + 1;
                made.push(Matter {
                    code: format!("SF-{}-{number:04}", sector.mark),
                    name: format!("对{object}{aspect}的行政检查（模拟）"),
                    sector: sector.sector,
                    legal_basis: vec![LegalBasisRef(sector.basis.clone())],
                    published: !dice.percent(1),
                });
            }
        }
    }
    made
}
