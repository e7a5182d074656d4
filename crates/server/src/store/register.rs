//! What each register amounts to, resolved in the transaction that brought the
//! statement.

use super::{bulk, plain_entity};
use crate::error::Result;
use domain::id::{LedgerId, RecordId};
use ledger::projection::Fields;
use ledger::{Register, Resolved};
use sea_orm::entity::prelude::*;
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

/// Writes what registers amount to over what they did before.
pub async fn put_all(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    registers: &BTreeMap<Register, Resolved>,
) -> Result<()> {
    let mut rows = Vec::with_capacity(registers.len());
    for (register, resolved) in registers {
        rows.push([
            ledger.0.into(),
            register.kind.as_str().into(),
            register.rec.0.into(),
            register.field.as_str().into(),
            serde_json::to_string(resolved)?.into(),
            resolved.contested.into(),
        ]);
    }
    let columns = ["ledger", "kind", "rec", "field", "resolved", "contested"];
    let replace = "ON CONFLICT (ledger, kind, rec, field) DO UPDATE SET \
         resolved = excluded.resolved, contested = excluded.contested";
    bulk::insert(db, "register", columns, replace, rows).await
}

/// The registers of some records of one kind.
pub async fn of_records(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    kind: &str,
    records: impl IntoIterator<Item = RecordId>,
) -> Result<BTreeMap<Register, Resolved>> {
    let mut found = BTreeMap::new();
    for some in bulk::lists(records.into_iter().map(|rec| rec.0)) {
        let rows = Entity::find()
            .filter(Column::Ledger.eq(ledger.0))
            .filter(Column::Kind.eq(kind))
            .filter(Column::Rec.is_in(some))
            .all(db)
            .await?;
        for row in rows {
            let resolved = serde_json::from_str(&row.resolved)?;
            let register = Register { kind: row.kind, rec: RecordId(row.rec), field: row.field };
            found.insert(register, resolved);
        }
    }
    Ok(found)
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
