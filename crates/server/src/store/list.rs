//! The tables that `ledger::projection` fills, and the counts that lists and
//! the overview take from them. They can be made anew from the chains.

use super::plain_entity;
use crate::error::Result;
use domain::id::{LedgerId, RecordId};
use domain::record::kind;
use ledger::projection::{Cell, Row};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, OnConflict, Query, SimpleExpr};
use sea_orm::{QueryOrder, QuerySelect};
use std::collections::BTreeMap;

pub mod task {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "task")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rec: Uuid,
        pub title: String,
        pub number: String,
        pub status: String,
        pub enterprise: String,
        pub uscc: String,
        pub address: String,
        pub risk: String,
        pub visit_date: String,
        pub lead: String,
        pub package_sha256: Option<String>,
        pub items: i64,
    }

    plain_entity!();
}

mod party {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "party")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rec: Uuid,
        pub department: String,
        pub name: String,
        pub short_name: String,
        pub lead: i64,
    }

    plain_entity!();
}

mod item_result {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "item_result")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rec: Uuid,
        pub answer: Option<String>,
        pub contested: i64,
    }

    plain_entity!();
}

mod finding {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "finding")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rec: Uuid,
        pub department: String,
        pub item: Option<String>,
        pub level: String,
        pub fact: String,
        pub deadline: Option<String>,
        pub review: Option<String>,
        pub contested: i64,
    }

    plain_entity!();
}

/// Rows of one statement.
const ROWS: usize = 32;

/// Writes projected rows over those before them.
pub async fn put_all(db: &impl ConnectionTrait, ledger: LedgerId, rows: Vec<Row>) -> Result<()> {
    let mut by_table: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
    for row in rows {
        by_table.entry(row.table).or_default().push(row);
    }
    let keys = [Alias::new("ledger"), Alias::new("rec")];
    for (table, rows) in by_table {
        for some in rows.chunks(ROWS) {
            // The rows of one table have the same cells.
            let names: Vec<Alias> =
                some[0].cells.iter().map(|(name, _)| Alias::new(*name)).collect();
            let mut statement = Query::insert();
            statement
                .into_table(Alias::new(table))
                .columns(keys.iter().cloned().chain(names.iter().cloned()));
            for row in some {
                let mut values: Vec<SimpleExpr> = vec![ledger.0.into(), row.rec.0.into()];
                values.extend(row.cells.iter().map(|(_, cell)| match cell {
                    Cell::Text(text) => SimpleExpr::from(text.clone()),
                    Cell::Integer(number) => SimpleExpr::from(*number),
                }));
                statement.values_panic(values);
            }
            statement
                .on_conflict(OnConflict::columns(keys.clone()).update_columns(names).to_owned());
            db.execute(&statement).await?;
        }
    }
    Ok(())
}

/// Short names of the departments of each task, the lead first.
pub async fn short_names(
    db: &impl ConnectionTrait,
    ledgers: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<String>>> {
    let rows = party::Entity::find()
        .filter(party::Column::Ledger.is_in(ledgers.iter().copied()))
        .order_by_desc(party::Column::Lead)
        .order_by_asc(party::Column::Name)
        .all(db)
        .await?;
    let mut names: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for row in rows {
        names.entry(row.ledger).or_default().push(row.short_name);
    }
    Ok(names)
}

/// How many items of each task are answered.
pub async fn answered(db: &impl ConnectionTrait, ledgers: &[Uuid]) -> Result<BTreeMap<Uuid, u32>> {
    use item_result::{Column, Entity};
    let rows: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::Ledger)
        .column_as(Column::Rec.count(), "count")
        .filter(Column::Ledger.is_in(ledgers.iter().copied()))
        .filter(Column::Answer.is_not_null())
        .group_by(Column::Ledger)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counted(rows))
}

/// How many registers of each task wait for a decision.
pub async fn conflicts(db: &impl ConnectionTrait, ledgers: &[Uuid]) -> Result<BTreeMap<Uuid, u32>> {
    use super::register::{Column, Entity};
    let rows: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::Ledger)
        .column_as(Column::Rec.count(), "count")
        .filter(Column::Ledger.is_in(ledgers.iter().copied()))
        .filter(Column::Contested.eq(true))
        .group_by(Column::Ledger)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counted(rows))
}

fn counted(rows: Vec<(Uuid, i64)>) -> BTreeMap<Uuid, u32> {
    rows.into_iter().map(|(key, n)| (key, u32::try_from(n).unwrap_or(u32::MAX))).collect()
}

/// Findings of a task.
#[derive(Debug, Clone, Copy, Default)]
pub struct FindingCounts {
    /// All of them.
    pub all: u32,
    /// Major ones.
    pub major: u32,
    /// Those the office returned.
    pub returned: u32,
}

/// How many findings each task has.
pub async fn findings(
    db: &impl ConnectionTrait,
    ledgers: &[Uuid],
) -> Result<BTreeMap<Uuid, FindingCounts>> {
    use finding::{Column, Entity};
    let rows: Vec<(Uuid, String, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::Ledger, Column::Level, Column::Review])
        .filter(Column::Ledger.is_in(ledgers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let mut counts: BTreeMap<Uuid, FindingCounts> = BTreeMap::new();
    for (ledger, level, review) in rows {
        let of_task = counts.entry(ledger).or_default();
        of_task.all += 1;
        of_task.major += u32::from(level == "major");
        of_task.returned += u32::from(review.as_deref() == Some("returned"));
    }
    Ok(counts)
}

/// Findings over all tasks.
pub async fn all_findings(db: &impl ConnectionTrait) -> Result<FindingCounts> {
    use finding::{Column, Entity};
    let count = |filter: SimpleExpr| Entity::find().filter(filter).count(db);
    let fit = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(FindingCounts {
        all: fit(Entity::find().count(db).await?),
        major: fit(count(Column::Level.eq("major")).await?),
        returned: fit(count(Column::Review.eq("returned")).await?),
    })
}

/// Registers that wait for a decision, over all tasks.
pub async fn all_conflicts(db: &impl ConnectionTrait) -> Result<u64> {
    use super::register::{Column, Entity};
    Ok(Entity::find().filter(Column::Contested.eq(true)).count(db).await?)
}

/// Takes away the row of a record that nothing stands of any more.
pub async fn remove(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    record_kind: &str,
    rec: RecordId,
) -> Result<()> {
    let key = (ledger.0, rec.0);
    match record_kind {
        kind::TASK => task::Entity::delete_by_id(key).exec(db).await?,
        kind::PARTY => party::Entity::delete_by_id(key).exec(db).await?,
        kind::ITEM => item_result::Entity::delete_by_id(key).exec(db).await?,
        kind::FINDING => finding::Entity::delete_by_id(key).exec(db).await?,
        _ => return Ok(()),
    };
    Ok(())
}
