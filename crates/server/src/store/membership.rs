//! Ledgers, and who may read which: by person, so that every tablet of a
//! person, also one enrolled later, reads the same.

use super::{ROWS_PER_STATEMENT, plain_entity};
use crate::error::Result;
use ::ledger::planted::{self, Planted};
use domain::id::{DepartmentId, LedgerId, PersonId, TaskId};
use sea_orm::IntoActiveModel;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub ledger: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: Uuid,
    pub department: Uuid,
    pub granted_ms: i64,
    pub left_ms: Option<i64>,
}

plain_entity!();

pub mod ledger {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub task: Uuid,
        pub department: Option<Uuid>,
        pub package_sha256: String,
    }

    plain_entity!();
}

/// Opens a ledger for some people.
pub async fn open_ledger(
    db: &impl ConnectionTrait,
    ledger: ledger::Model,
    people: &[(PersonId, DepartmentId)],
    now_ms: i64,
) -> Result<()> {
    let id = ledger.id;
    ledger::Entity::insert(ledger.into_active_model()).exec_without_returning(db).await?;
    let rows: Vec<ActiveModel> = people
        .iter()
        .map(|(person, department)| {
            let row = Model {
                ledger: id,
                person: person.0,
                department: department.0,
                granted_ms: now_ms,
                left_ms: None,
            };
            row.into_active_model()
        })
        .collect();
    for some in rows.chunks(ROWS_PER_STATEMENT) {
        Entity::insert_many(some.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

pub async fn ledger_by_id(
    db: &impl ConnectionTrait,
    id: LedgerId,
) -> Result<Option<ledger::Model>> {
    Ok(ledger::Entity::find_by_id(id.0).one(db).await?)
}

/// The joint ledger of a task, once it was dispatched.
pub async fn joint_of_task(
    db: &impl ConnectionTrait,
    task: TaskId,
) -> Result<Option<ledger::Model>> {
    let row = ledger::Entity::find()
        .filter(ledger::Column::Task.eq(task.0))
        .filter(ledger::Column::Department.is_null())
        .one(db)
        .await?;
    Ok(row)
}

/// All ledgers of a task, the joint one first.
pub async fn of_task(db: &impl ConnectionTrait, task: TaskId) -> Result<Vec<ledger::Model>> {
    let mut rows = ledger::Entity::find().filter(ledger::Column::Task.eq(task.0)).all(db).await?;
    rows.sort_by_key(|row| (row.department, row.id));
    Ok(rows)
}

pub async fn all_ledgers(db: &impl ConnectionTrait) -> Result<Vec<LedgerId>> {
    let rows = ledger::Entity::find().all(db).await?;
    Ok(rows.into_iter().map(|row| LedgerId(row.id)).collect())
}

/// What a person may read now.
pub async fn granted(db: &impl ConnectionTrait, person: PersonId) -> Result<BTreeSet<LedgerId>> {
    if planted::is(Planted::LeakInternal) {
        return Ok(all_ledgers(db).await?.into_iter().collect());
    }
    let rows: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Ledger)
        .filter(Column::Person.eq(person.0))
        .filter(Column::LeftMs.is_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(LedgerId).collect())
}

/// The ledgers of which a person was ever a member.
pub async fn of_person(db: &impl ConnectionTrait, person: PersonId) -> Result<BTreeSet<LedgerId>> {
    let rows: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Ledger)
        .filter(Column::Person.eq(person.0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(LedgerId).collect())
}

/// Who may read a ledger now.
pub async fn readers(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<BTreeSet<PersonId>> {
    let rows: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Person)
        .filter(Column::Ledger.eq(ledger.0))
        .filter(Column::LeftMs.is_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(PersonId).collect())
}

/// Lets a person in, who may have been in before.
pub async fn ensure(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    (person, department): (PersonId, DepartmentId),
    now_ms: i64,
) -> Result<()> {
    let row = Model {
        ledger: ledger.0,
        person: person.0,
        department: department.0,
        granted_ms: now_ms,
        left_ms: None,
    };
    let again = OnConflict::columns([Column::Ledger, Column::Person])
        .update_columns([Column::Department, Column::LeftMs])
        .to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

/// Ends what a person may read; what they wrote is taken all the same.
pub async fn leave(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    person: PersonId,
    now_ms: i64,
) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::LeftMs, Expr::value(now_ms))
        .filter(Column::Ledger.eq(ledger.0))
        .filter(Column::Person.eq(person.0))
        .filter(Column::LeftMs.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Whether a person ever took part: work done then is still taken.
pub async fn ever(db: &impl ConnectionTrait, ledger: LedgerId, person: PersonId) -> Result<bool> {
    Ok(Entity::find_by_id((ledger.0, person.0)).one(db).await?.is_some())
}
