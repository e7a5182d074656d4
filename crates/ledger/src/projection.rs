//! From the folded state to rows of typed tables, which lists and counts read
//! with plain SQL. Both stores apply the same rows; the tables can be made anew
//! from the chains at any time.

use crate::policy::Resolved;
use domain::enterprise::Risk;
use domain::finding::{Answer, Assessment, Level, Origin, Review, ReviewState};
use domain::id::RecordId;
use domain::record::{field, kind};
use domain::task::{Header, Ownership, PackageRef, Party, Status};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A cell of a projected row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text, or nothing.
    Text(Option<String>),
    /// A number, or nothing.
    Integer(Option<i64>),
}

/// A row to insert or replace. Its key is (ledger, rec).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The table: `task`, `party`, `item_result` or `finding`.
    pub table: &'static str,
    /// The record it shows.
    pub rec: RecordId,
    /// Column names and cells, beside `ledger` and `rec`.
    pub cells: Vec<(&'static str, Cell)>,
}

/// The fields of one record, resolved.
pub type Fields = BTreeMap<String, Resolved>;

/// The kinds of records that have a typed table.
#[must_use]
pub fn is_projected(record_kind: &str) -> bool {
    matches!(record_kind, kind::TASK | kind::PARTY | kind::ITEM | kind::FINDING)
}

/// The row of one record; none when the record is of a kind without a table or
/// not complete yet.
#[must_use]
pub fn project(record_kind: &str, rec: RecordId, fields: &Fields) -> Option<Row> {
    let (table, cells) = match record_kind {
        kind::TASK => ("task", task(fields)?),
        kind::PARTY => ("party", party(fields)?),
        kind::ITEM => ("item_result", item(fields)),
        kind::FINDING => ("finding", finding(fields)?),
        _ => return None,
    };
    Some(Row { table, rec, cells })
}

fn shown<T: DeserializeOwned>(fields: &Fields, name: &str) -> Option<T> {
    serde_json::from_value(fields.get(name)?.shown.clone()?).ok()
}

fn contested(fields: &Fields) -> Cell {
    Cell::Integer(Some(i64::from(fields.values().any(|f| f.contested))))
}

fn text(value: impl ToString) -> Cell {
    Cell::Text(Some(value.to_string()))
}

/// The word under which an enumeration is stored: its wire form.
fn word(value: &impl serde::Serialize) -> Cell {
    let word = serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned));
    Cell::Text(word)
}

fn task(fields: &Fields) -> Option<Vec<(&'static str, Cell)>> {
    let header: Header = shown(fields, field::HEADER)?;
    let status = shown::<Status>(fields, field::STATUS).unwrap_or(Status::Draft);
    let package: Option<PackageRef> = shown(fields, field::PACKAGE);
    let risk: Risk = header.enterprise.risk;
    Some(vec![
        ("title", text(&header.title)),
        ("number", text(&header.number)),
        ("status", word(&status)),
        ("enterprise", text(&header.enterprise.name)),
        ("uscc", text(&header.enterprise.uscc)),
        ("address", text(&header.enterprise.address)),
        ("risk", word(&risk)),
        ("visit_date", text(header.visit_date)),
        ("lead", text(header.lead)),
        ("package_sha256", Cell::Text(package.as_ref().map(|p| p.sha256.clone()))),
        ("items", Cell::Integer(Some(package.map_or(0, |p| i64::from(p.items))))),
    ])
}

fn party(fields: &Fields) -> Option<Vec<(&'static str, Cell)>> {
    let party: Party = shown(fields, field::PARTY)?;
    Some(vec![
        ("department", text(party.department)),
        ("name", text(&party.name)),
        ("short_name", text(&party.short_name)),
        ("lead", Cell::Integer(Some(i64::from(party.lead)))),
    ])
}

fn item(fields: &Fields) -> Vec<(&'static str, Cell)> {
    let answer: Option<Answer> = shown(fields, field::RESULT);
    vec![
        ("answer", answer.map_or(Cell::Text(None), |a| word(&a))),
        ("contested", contested(fields)),
    ]
}

fn finding(fields: &Fields) -> Option<Vec<(&'static str, Cell)>> {
    let origin: Origin = shown(fields, field::ORIGIN)?;
    let assessment: Option<Assessment> = shown(fields, field::ASSESSMENT);
    let review: Option<Review> = shown(fields, field::REVIEW);
    let owner: Option<Ownership> = shown(fields, field::OWNER);
    let level = assessment.map_or(Level::General, |a| a.level);
    let deadline: Option<String> = shown(fields, field::DEADLINE);
    let fact: Option<String> = shown(fields, field::FACT);
    Some(vec![
        ("department", text(owner.map_or(origin.department, |owner| owner.department))),
        ("item", Cell::Text(origin.item.map(|i| i.to_string()))),
        ("level", word(&level)),
        ("fact", text(fact.unwrap_or_default())),
        ("deadline", Cell::Text(deadline)),
        (
            "review",
            review.map_or(Cell::Text(None), |r| match r.state {
                ReviewState::Returned => text("returned"),
                ReviewState::Approved => text("approved"),
            }),
        ),
        ("contested", contested(fields)),
    ])
}
