//! Pages whose hash or seal does not hold, put aside as they were delivered: who
//! looks into it can verify them again, and knows who brought them.

use super::plain_entity;
use crate::error::Result;
use domain::id::ReplicaId;
use ledger::Hash;
use ledger::incoming::Page;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

/// Bytes put aside for one delivering tablet at most.
const QUARANTINE_BYTES_MAX: i64 = 64 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    pub ledger: Uuid,
    pub replica: Uuid,
    pub delivered_by: Uuid,
    pub reason: String,
    pub received_ms: i64,
    pub size: i64,
    pub bytes: Vec<u8>,
}

plain_entity!();

/// What failed its hash or seal, as it was delivered.
#[derive(Debug)]
pub struct PutAside<'a> {
    /// The page.
    pub page: &'a Page,
    /// Who delivered it.
    pub delivered_by: ReplicaId,
    /// Why it was not taken.
    pub reason: &'a str,
    /// The page with its seals, in a form that can be read and verified again.
    pub bytes: Vec<u8>,
}

/// Puts a page aside, once however often it comes. Answers whether there was
/// room: one tablet fills no more than its share.
pub async fn put(db: &impl ConnectionTrait, aside: PutAside<'_>, received_ms: i64) -> Result<bool> {
    let sha256 = Hash::of(&aside.bytes).to_string();
    if Entity::find_by_id(sha256.as_str()).one(db).await?.is_some() {
        return Ok(true);
    }
    let kept: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(Expr::col(Column::Size).sum().cast_as("bigint"), "kept")
        .filter(Column::DeliveredBy.eq(aside.delivered_by.0))
        .into_tuple()
        .one(db)
        .await?;
    let size = i64::try_from(aside.bytes.len()).unwrap_or(i64::MAX);
    if kept.flatten().unwrap_or(0).saturating_add(size) > QUARANTINE_BYTES_MAX {
        return Ok(false);
    }
    let row = Model {
        sha256,
        ledger: aside.page.ledger.0,
        replica: aside.page.replica.0,
        delivered_by: aside.delivered_by.0,
        reason: aside.reason.to_owned(),
        received_ms,
        size,
        bytes: aside.bytes,
    };
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Sha256).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(true)
}

/// Everything put aside but its bytes, the latest first.
pub async fn all(db: &impl ConnectionTrait, most: u64) -> Result<Vec<Model>> {
    let rows = Entity::find()
        .order_by_desc(Column::ReceivedMs)
        .order_by_asc(Column::Sha256)
        .limit(most)
        .select_only()
        .columns([Column::Sha256, Column::Ledger, Column::Replica, Column::DeliveredBy])
        .columns([Column::Reason, Column::ReceivedMs, Column::Size])
        .column_as(Expr::val(Vec::<u8>::new()), "bytes")
        .into_model::<Model>();
    Ok(rows.all(db).await?)
}

/// The bytes of one page put aside.
pub async fn bytes(db: &impl ConnectionTrait, sha256: &Hash) -> Result<Option<Vec<u8>>> {
    Ok(Entity::find_by_id(sha256.to_string()).one(db).await?.map(|row| row.bytes))
}

/// What is put aside of one tablet's deliveries, in no order.
#[cfg(test)]
pub async fn of(db: &impl ConnectionTrait, delivered_by: ReplicaId) -> Result<Vec<Vec<u8>>> {
    let rows = Entity::find().filter(Column::DeliveredBy.eq(delivered_by.0)).all(db).await?;
    Ok(rows.into_iter().map(|row| row.bytes).collect())
}
