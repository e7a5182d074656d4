//! Tasks as the desk puts them together, and the list over all of them. The
//! list's rows are the desk's while a task is a draft and the projection's from
//! the dispatch on; counts come from the other projected tables.

use super::{like_anywhere, list, plain_entity};
use crate::error::{Result, ServerError};
use domain::id::{LedgerId, TaskId};
use ledger::board::TaskCard;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{LikeExpr, OnConflict};
use sea_orm::{Condition, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_draft")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub ledger: Uuid,
    pub body: String,
    pub created_by: Uuid,
    pub created_ms: i64,
    pub dispatched_ms: Option<i64>,
}

plain_entity!();

/// Counters, such as the numbers of tasks within a year.
mod number_series {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "number_series")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub last: i64,
    }

    plain_entity!();
}

/// The next number of a series, from 1. Call it in a writing transaction.
pub async fn next_number(db: &impl ConnectionTrait, series: &str) -> Result<i64> {
    use number_series::{ActiveModel, Column, Entity};
    let last = Entity::find_by_id(series).one(db).await?.map_or(0, |row| row.last);
    let row = ActiveModel { name: Set(series.to_owned()), last: Set(last + 1) };
    let replace = OnConflict::column(Column::Name).update_column(Column::Last).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(last + 1)
}

/// Notes that a number of a series was given, here or by an office that this
/// one was restored from.
pub async fn number_taken(db: &impl ConnectionTrait, series: &str, number: i64) -> Result<()> {
    use number_series::{ActiveModel, Column, Entity};
    let last = Entity::find_by_id(series).one(db).await?.map_or(0, |row| row.last);
    if number <= last {
        return Ok(());
    }
    let row = ActiveModel { name: Set(series.to_owned()), last: Set(number) };
    let replace = OnConflict::column(Column::Name).update_column(Column::Last).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}

pub async fn insert(db: &impl ConnectionTrait, draft: Model) -> Result<()> {
    Entity::insert(draft.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub async fn by_id(db: &impl ConnectionTrait, id: TaskId) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id.0).one(db).await?)
}

pub async fn dispatched(db: &impl ConnectionTrait, id: TaskId, now_ms: i64) -> Result<()> {
    let row = ActiveModel { id: Set(id.0), dispatched_ms: Set(Some(now_ms)), ..Default::default() };
    Entity::update(row).exec(db).await?;
    Ok(())
}

/// One page of tasks, the latest visit first; and how many there are.
pub async fn page(
    db: &impl ConnectionTrait,
    status: Option<&str>,
    q: &str,
    page: u64,
    size: u64,
) -> Result<(Vec<TaskCard>, u64)> {
    use list::task::{Column, Entity};
    let mut found = Entity::find();
    if let Some(status) = status {
        found = found.filter(Column::Status.eq(status));
    }
    for word in q.split_whitespace() {
        let like = LikeExpr::new(like_anywhere(word)).escape('\\');
        let any = Condition::any()
            .add(Column::Title.like(like.clone()))
            .add(Column::Number.like(like.clone()))
            .add(Column::Enterprise.like(like));
        found = found.filter(any);
    }
    let total = found.clone().count(db).await?;
    let rows = found
        .order_by_desc(Column::VisitDate)
        .order_by_desc(Column::Rec)
        .offset(page.saturating_mul(size))
        .limit(size)
        .all(db)
        .await?;
    Ok((cards(db, rows).await?, total))
}

/// One task as lists show it.
pub async fn card(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<Option<TaskCard>> {
    use list::task::{Column, Entity};
    let rows = Entity::find().filter(Column::Ledger.eq(ledger.0)).all(db).await?;
    Ok(cards(db, rows).await?.into_iter().next())
}

async fn cards(db: &impl ConnectionTrait, rows: Vec<list::task::Model>) -> Result<Vec<TaskCard>> {
    let ledgers: Vec<Uuid> = rows.iter().map(|row| row.ledger).collect();
    let mut departments = list::short_names(db, &ledgers).await?;
    let answered = list::answered(db, &ledgers).await?;
    let findings = list::findings(db, &ledgers).await?;
    let conflicts = list::conflicts(db, &ledgers).await?;
    let count =
        |counts: &BTreeMap<Uuid, u32>, ledger: Uuid| counts.get(&ledger).copied().unwrap_or(0);
    rows.into_iter()
        .map(|row| {
            let of_findings = findings.get(&row.ledger).copied().unwrap_or_default();
            Ok(TaskCard {
                ledger: LedgerId(row.ledger),
                task: TaskId(row.rec),
                title: row.title,
                number: row.number,
                status: word(&row.status)?,
                enterprise: row.enterprise,
                address: row.address,
                risk: word(&row.risk)?,
                visit_date: row.visit_date,
                departments: departments.remove(&row.ledger).unwrap_or_default(),
                answered: count(&answered, row.ledger),
                items: u32::try_from(row.items).unwrap_or(0),
                findings: of_findings.all,
                major: of_findings.major,
                conflicts: count(&conflicts, row.ledger),
                returned: of_findings.returned,
            })
        })
        .collect()
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_value(text.into())
        .map_err(|_| ServerError::Broken("a list row holds a word that is not known"))
}

/// How many tasks there are of each status.
pub async fn counts_by_status(db: &impl ConnectionTrait) -> Result<BTreeMap<String, i64>> {
    use list::task::{Column, Entity};
    let rows: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Status)
        .column_as(Column::Rec.count(), "count")
        .group_by(Column::Status)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
