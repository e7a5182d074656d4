//! Which files there are, who has shown to hold their bytes, and which ledgers
//! refer to them. The bytes are in `files`.

use super::{bulk, plain_entity};
use crate::error::Result;
use domain::id::{LedgerId, RecordId, ReplicaId};
use ledger::Hash;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blob")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    pub bytes: i64,
    pub created_ms: i64,
}

plain_entity!();

mod blob_upload {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob_upload")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sha256: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub replica: Uuid,
    }

    plain_entity!();
}

mod blob_reference {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob_reference")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sha256: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rec: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub replica: Uuid,
    }

    plain_entity!();
}

/// Notes a file that is here, and who brought it. Brought again it is here anew:
/// a file that nobody refers to is kept for a while from then on.
pub async fn brought(
    db: &impl ConnectionTrait,
    hash: &Hash,
    bytes: u64,
    by: ReplicaId,
    now_ms: i64,
) -> Result<()> {
    let row = Model {
        sha256: hash.to_string(),
        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
        created_ms: now_ms,
    };
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Sha256).update_column(Column::CreatedMs).to_owned())
        .exec_without_returning(db)
        .await?;
    let upload = blob_upload::Model { sha256: hash.to_string(), replica: by.0 };
    let key = [blob_upload::Column::Sha256, blob_upload::Column::Replica];
    blob_upload::Entity::insert(upload.into_active_model())
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A record of a ledger that refers to a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The file.
    pub sha256: String,
    /// The record.
    pub rec: RecordId,
    /// Whose chain says so.
    pub replica: ReplicaId,
}

pub async fn refer(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    references: &BTreeSet<Reference>,
) -> Result<()> {
    let rows = references.iter().map(|reference| {
        [
            ledger.0.into(),
            reference.sha256.as_str().into(),
            reference.rec.0.into(),
            reference.replica.0.into(),
        ]
    });
    let columns = ["ledger", "sha256", "rec", "replica"];
    let rows = rows.collect();
    bulk::insert(db, "blob_reference", columns, "ON CONFLICT DO NOTHING", rows).await
}

/// Who has shown to hold the bytes.
pub async fn bringers(db: &impl ConnectionTrait, hash: &Hash) -> Result<BTreeSet<ReplicaId>> {
    use blob_upload::{Column, Entity};
    let rows: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Replica)
        .filter(Column::Sha256.eq(hash.to_string()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(ReplicaId).collect())
}

/// The files that a ledger refers to.
pub async fn of_ledger(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<BTreeSet<String>> {
    use blob_reference::{Column, Entity};
    let rows: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Sha256)
        .filter(Column::Ledger.eq(ledger.0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The records that refer to a file, by ledger.
pub async fn references(
    db: &impl ConnectionTrait,
    hash: &Hash,
) -> Result<BTreeSet<(LedgerId, Reference)>> {
    use blob_reference::{Column, Entity};
    let rows = Entity::find().filter(Column::Sha256.eq(hash.to_string())).all(db).await?;
    let reference = |row: blob_reference::Model| {
        let (rec, replica) = (RecordId(row.rec), ReplicaId(row.replica));
        (LedgerId(row.ledger), Reference { sha256: row.sha256, rec, replica })
    };
    Ok(rows.into_iter().map(reference).collect())
}

/// Bytes of the files that a replica brought and no ledger refers to.
pub async fn unreferenced_bytes(db: &impl ConnectionTrait, replica: ReplicaId) -> Result<u64> {
    let own = Query::select()
        .column(blob_upload::Column::Sha256)
        .from(blob_upload::Entity)
        .and_where(blob_upload::Column::Replica.eq(replica.0))
        .to_owned();
    let sum: Option<Option<i64>> = Entity::find()
        .select_only()
        // PostgreSQL sums up to a type of its own.
        .column_as(Expr::col(Column::Bytes).sum().cast_as("bigint"), "bytes")
        .filter(Column::Sha256.in_subquery(own))
        .filter(Column::Sha256.not_in_subquery(referenced()))
        .into_tuple()
        .one(db)
        .await?;
    Ok(u64::try_from(sum.flatten().unwrap_or(0)).unwrap_or(0))
}

/// Some files that were last brought before `before_ms`, by tablets alone, and
/// that no ledger refers to.
pub async fn unreferenced_since(
    db: &impl ConnectionTrait,
    before_ms: i64,
    rows_max: u64,
) -> Result<Vec<String>> {
    let rows = Entity::find()
        .select_only()
        .column(Column::Sha256)
        .filter(forgettable(before_ms))
        .order_by_asc(Column::CreatedMs)
        .limit(rows_max)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows)
}

/// Forgets a file if it is still unreferenced; answers whether it was. The row
/// is the caller's until its transaction ends: nobody brings the file meanwhile.
pub async fn forget(db: &impl ConnectionTrait, sha256: &str, before_ms: i64) -> Result<bool> {
    let forgotten = Entity::delete_many()
        .filter(Column::Sha256.eq(sha256))
        .filter(forgettable(before_ms))
        .exec(db)
        .await?;
    if forgotten.rows_affected == 0 {
        return Ok(false);
    }
    blob_upload::Entity::delete_many()
        .filter(blob_upload::Column::Sha256.eq(sha256))
        .exec(db)
        .await?;
    Ok(true)
}

/// Takes the name of a file that is not noted here, until the transaction ends;
/// answers whether it was free. [`release`] gives it back.
pub async fn claim(db: &impl ConnectionTrait, sha256: &str) -> Result<bool> {
    let row = Model { sha256: sha256.to_owned(), bytes: 0, created_ms: 0 };
    let claimed = Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Sha256).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(claimed > 0)
}

/// Gives a claimed name back.
pub async fn release(db: &impl ConnectionTrait, sha256: &str) -> Result<()> {
    Entity::delete_by_id(sha256.to_owned()).exec(db).await?;
    Ok(())
}

/// What the server itself brought is never forgotten: a draft's package has no
/// ledger yet.
fn forgettable(before_ms: i64) -> Expr {
    let tablets = Query::select()
        .column(super::tablet::Column::Replica)
        .from(super::tablet::Entity)
        .to_owned();
    let by_others = Query::select()
        .column(blob_upload::Column::Sha256)
        .from(blob_upload::Entity)
        .and_where(blob_upload::Column::Replica.not_in_subquery(tablets))
        .to_owned();
    Column::CreatedMs
        .lt(before_ms)
        .and(Column::Sha256.not_in_subquery(referenced()))
        .and(Column::Sha256.not_in_subquery(by_others))
}

fn referenced() -> SelectStatement {
    Query::select().column(blob_reference::Column::Sha256).from(blob_reference::Entity).to_owned()
}
