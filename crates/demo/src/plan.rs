//! Annual plans and their 584 entries. 249 enterprises are wanted by two to four
//! departments in windows that share a day, 36 by one alone: the mixture from
//! which merging saves about 300 visits.

use crate::dice::{Dice, Ids, Stream};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::department::{Department, Sector, Tier};
use domain::enterprise::{Enterprise, Risk};
use domain::id::{DepartmentId, PlanId};
use domain::matter::{CheckItem, Matter};
use domain::plan::{Mode, Plan, PlanClass, PlanEntry};

/// How many enterprises are wanted by so many departments: 584 entries in all.
pub(crate) const GROUPS: [(usize, usize); 4] = [(4, 6), (3, 38), (2, 205), (1, 36)];

/// The campaigns of the special plans; a sector without one has its own.
fn campaign(sector: Sector) -> String {
    match sector {
        Sector::EmergencyManagement | Sector::Environment => "危化品使用安全专项整治".to_owned(),
        Sector::Education | Sector::Health | Sector::PublicSecurity => {
            "高校实验室专项检查".to_owned()
        }
        Sector::MarketSupervision | Sector::Fire | Sector::Industry => {
            "冶金等工贸行业百日专项行动".to_owned()
        }
        other => format!("{}领域安全专项检查", other.short_name()),
    }
}

/// Two plans per department: the announced daily one and an unannounced campaign.
pub(crate) fn plans(seed: u64, year: i32, departments: &[Department]) -> Vec<Plan> {
    let mut ids = Ids::new(seed, year, Stream::PlanIds);
    let mut made = Vec::with_capacity(2 * departments.len());
    for department in departments {
        made.push(Plan {
            id: PlanId(ids.next()),
            department: department.id,
            year,
            class: PlanClass::Daily,
            campaign: None,
            mode: Mode::Announced,
        });
        made.push(Plan {
            id: PlanId(ids.next()),
            department: department.id,
            year,
            class: PlanClass::Special,
            campaign: Some(campaign(department.sector)),
            mode: Mode::Unannounced,
        });
    }
    made
}

/// What the entries are drawn from.
pub(crate) struct Sources<'a> {
    pub(crate) departments: &'a [Department],
    pub(crate) enterprises: &'a [Enterprise],
    pub(crate) check_items: &'a [CheckItem],
    pub(crate) matters: &'a [Matter],
    pub(crate) plans: &'a [Plan],
}

pub(crate) fn entries(seed: u64, year: i32, from: &Sources<'_>) -> Vec<PlanEntry> {
    let mut dice = Dice::new(seed, Stream::Plans);
    let mut risky: Vec<&Enterprise> =
        from.enterprises.iter().filter(|e| e.risk >= Risk::Larger).collect();
    dice.shuffle(&mut risky);
    let mut made = Vec::new();
    let mut next = risky.into_iter();
    for (size, count) in GROUPS {
        for enterprise in next.by_ref().take(count) {
            // Announced and unannounced visits never merge, so a group is of one mode.
            let mode = if dice.percent(80) { Mode::Announced } else { Mode::Unannounced };
            let day = working_day(&mut dice, year);
            for department in inspecting(&mut dice, from.departments, enterprise, size) {
                let Some(plan) = plan_of(from.plans, department.id, mode) else { continue };
                made.push(entry(&mut dice, from, department, enterprise, plan, day));
            }
        }
    }
    made
}

/// A weekday from March to October.
fn working_day(dice: &mut Dice, year: i32) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(year, 3, 1).unwrap_or_default();
    let day = first.checked_add_days(Days::new(dice.below(240) as u64)).unwrap_or(first);
    match day.weekday() {
        Weekday::Sat | Weekday::Sun => day.checked_add_days(Days::new(2)).unwrap_or(day),
        _ => day,
    }
}

/// So many departments of different sectors that may inspect there: the
/// district's own, or now and then the city's.
fn inspecting<'a>(
    dice: &mut Dice,
    departments: &'a [Department],
    enterprise: &Enterprise,
    count: usize,
) -> Vec<&'a Department> {
    let mut sectors = vec![
        Sector::EmergencyManagement,
        Sector::Fire,
        Sector::MarketSupervision,
        Sector::Environment,
        Sector::Housing,
    ];
    dice.shuffle(&mut sectors);
    let zone = enterprise.town_code.get(6..7) == Some("4");
    let mut chosen = Vec::with_capacity(count);
    for sector in sectors.into_iter().take(count) {
        let tier = if dice.percent(20) { Tier::City } else { Tier::County };
        chosen.extend(departments.iter().find(|department| {
            department.sector == sector
                && department.tier == tier
                && (tier == Tier::City
                    || department.division_code == enterprise.division_code
                        && department.unit_code.is_some() == zone)
        }));
    }
    chosen
}

fn plan_of(plans: &[Plan], department: DepartmentId, mode: Mode) -> Option<&Plan> {
    plans.iter().find(|plan| plan.department == department && plan.mode == mode)
}

/// An entry whose window holds `day`.
fn entry(
    dice: &mut Dice,
    from: &Sources<'_>,
    department: &Department,
    enterprise: &Enterprise,
    plan: &Plan,
    day: NaiveDate,
) -> PlanEntry {
    let before = Days::new(3 + dice.below(18) as u64);
    let after = Days::new(3 + dice.below(18) as u64);
    PlanEntry {
        plan: plan.id,
        enterprise: enterprise.id,
        window_from: day.checked_sub_days(before).unwrap_or(day),
        window_to: day.checked_add_days(after).unwrap_or(day),
        people_min: if enterprise.risk == Risk::Major { 3 } else { 2 },
        matter_codes: matter_codes(dice, from, department.sector, enterprise),
    }
}

/// Three to eight matters: those with check items that concern the enterprise,
/// or else general ones of the sector. Unpublished ones may not be planned.
fn matter_codes(
    dice: &mut Dice,
    from: &Sources<'_>,
    sector: Sector,
    enterprise: &Enterprise,
) -> Vec<String> {
    let mut codes: Vec<&String> = from
        .check_items
        .iter()
        .filter(|item| item.sector == sector && item.concerns(&enterprise.hazard_tags))
        .map(|item| &item.matter_code)
        .collect();
    if codes.is_empty() {
        codes = from
            .matters
            .iter()
            .filter(|matter| matter.sector == sector && matter.published)
            .map(|matter| &matter.code)
            .collect();
    }
    dice.shuffle(&mut codes);
    codes.truncate(3 + dice.below(6));
    codes.sort();
    codes.into_iter().cloned().collect()
}
