//! What each register amounts to, resolved in the transaction that brought the
//! statement.

use super::plain_entity;
use crate::error::Result;
use domain::id::{LedgerId, RecordId};
use ledger::projection::Fields;
use ledger::{Register, Resolved};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "register")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub ledger: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub rec: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub field: String,
    pub resolved: String,
    pub contested: bool,
}

plain_entity!();

pub async fn put(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    register: &Register,
    resolved: &Resolved,
) -> Result<()> {
    let row = ActiveModel {
        ledger: Set(ledger.0),
        kind: Set(register.kind.clone()),
        rec: Set(register.rec.0),
        field: Set(register.field.clone()),
        resolved: Set(serde_json::to_string(resolved)?),
        contested: Set(resolved.contested),
    };
    let key = [Column::Ledger, Column::Kind, Column::Rec, Column::Field];
    let replace =
        OnConflict::columns(key).update_columns([Column::Resolved, Column::Contested]).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}

/// Every register of a ledger.
pub async fn all(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
) -> Result<BTreeMap<Register, Resolved>> {
    let rows = Entity::find().filter(Column::Ledger.eq(ledger.0)).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let resolved = serde_json::from_str(&row.resolved)?;
            Ok((Register { kind: row.kind, rec: RecordId(row.rec), field: row.field }, resolved))
        })
        .collect()
}

/// What one register shows; none when nothing was stated, or nothing stands.
pub async fn shown(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    register: &Register,
) -> Result<Option<serde_json::Value>> {
    let key = (ledger.0, register.kind.clone(), register.rec.0, register.field.clone());
    let Some(row) = Entity::find_by_id(key).one(db).await? else { return Ok(None) };
    let resolved: Resolved = serde_json::from_str(&row.resolved)?;
    Ok(resolved.shown)
}

/// The fields of one record.
pub async fn fields(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    kind: &str,
    rec: RecordId,
) -> Result<Fields> {
    let rows = Entity::find()
        .filter(Column::Ledger.eq(ledger.0))
        .filter(Column::Kind.eq(kind))
        .filter(Column::Rec.eq(rec.0))
        .all(db)
        .await?;
    rows.into_iter().map(|row| Ok((row.field, serde_json::from_str(&row.resolved)?))).collect()
}
