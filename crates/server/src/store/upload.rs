//! Uploads under way: whose they are, what they are to become, how far they
//! have come, and which pieces that counts. The bytes are in `files::part`.
//!
//! Nothing is locked while bytes come in, so that no lock can be left behind:
//! an upload moves on only from where a piece began, and so for one piece.

use super::plain_entity;
use crate::error::Result;
use domain::id::ReplicaId;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub replica: Uuid,
    pub sha256: String,
    pub filetype: String,
    pub metadata: String,
    pub length: i64,
    pub received: i64,
    pub created_ms: i64,
    pub touched_ms: i64,
    pub finished_ms: Option<i64>,
}

plain_entity!();

mod upload_part {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "upload_part")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub upload: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub start: i64,
        pub bytes: i64,
        pub name: String,
    }

    plain_entity!();
}

impl Model {
    /// Bytes of the whole file.
    pub fn length(&self) -> u64 {
        bytes(self.length)
    }

    /// Bytes that are here, from the beginning.
    pub fn received(&self) -> u64 {
        bytes(self.received)
    }
}

/// A piece that an upload counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub bytes: u64,
    /// Its name in the store of files.
    pub name: String,
}

pub async fn insert(db: &impl ConnectionTrait, upload: Model) -> Result<()> {
    Entity::insert(upload.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// An upload of this tablet; others' are not there.
pub async fn of(db: &impl ConnectionTrait, id: Uuid, replica: ReplicaId) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::Replica.eq(replica.0)).one(db).await?)
}

/// Any upload, whosesoever.
pub async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// How many uploads of a tablet are unfinished, and what they are to amount to.
pub async fn unfinished(db: &impl ConnectionTrait, replica: ReplicaId) -> Result<(u64, u64)> {
    let row: Option<(i64, Option<i64>)> = Entity::find()
        .select_only()
        .column_as(Column::Id.count(), "uploads")
        // PostgreSQL sums up to a type of its own.
        .column_as(Expr::col(Column::Length).sum().cast_as("bigint"), "bytes")
        .filter(Column::Replica.eq(replica.0))
        .filter(Column::FinishedMs.is_null())
        .into_tuple()
        .one(db)
        .await?;
    let (count, sum) = row.unwrap_or_default();
    Ok((bytes(count), bytes(sum.unwrap_or(0))))
}

/// Moves an upload on by a piece; answers whether it still stood where the
/// piece begins.
pub async fn advance(
    db: &impl ConnectionTrait,
    id: Uuid,
    part: &Part,
    now_ms: i64,
) -> Result<bool> {
    let (start, length) = (integer(part.start), integer(part.bytes));
    let moved = standing_at(id, start)
        .col_expr(Column::Received, Expr::value(start + length))
        .col_expr(Column::TouchedMs, Expr::value(now_ms))
        .exec(db)
        .await?;
    if moved.rows_affected == 0 {
        return Ok(false);
    }
    let row = upload_part::Model { upload: id, start, bytes: length, name: part.name.clone() };
    upload_part::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(true)
}

/// Notes that all of an upload is here and its file in place; answers whether
/// it still stood where the last piece begins.
pub async fn finish(db: &impl ConnectionTrait, id: Uuid, from: u64, now_ms: i64) -> Result<bool> {
    let done = standing_at(id, integer(from))
        .col_expr(Column::Received, Expr::col(Column::Length))
        .col_expr(Column::TouchedMs, Expr::value(now_ms))
        .col_expr(Column::FinishedMs, Expr::value(now_ms))
        .exec(db)
        .await?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    remove_parts(db, id).await?;
    Ok(true)
}

/// Removes an upload that stands there; answers whether it did.
pub async fn remove_at(db: &impl ConnectionTrait, id: Uuid, from: u64) -> Result<bool> {
    let removed = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::Received.eq(integer(from)))
        .filter(Column::FinishedMs.is_null())
        .exec(db)
        .await?;
    if removed.rows_affected == 0 {
        return Ok(false);
    }
    remove_parts(db, id).await?;
    Ok(true)
}

/// Removes an upload nobody has touched since `before_ms`; answers whether it did.
pub async fn remove_untouched(db: &impl ConnectionTrait, id: Uuid, before_ms: i64) -> Result<bool> {
    let removed = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::TouchedMs.lt(before_ms))
        .exec(db)
        .await?;
    if removed.rows_affected == 0 {
        return Ok(false);
    }
    remove_parts(db, id).await?;
    Ok(true)
}

/// Removes an upload, however far it has come.
pub async fn remove(db: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(db).await?;
    remove_parts(db, id).await
}

/// The pieces that an upload counts, in order.
pub async fn parts(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Part>> {
    use upload_part::{Column, Entity};
    let rows =
        Entity::find().filter(Column::Upload.eq(id)).order_by_asc(Column::Start).all(db).await?;
    let part = |row: upload_part::Model| Part {
        start: bytes(row.start),
        bytes: bytes(row.bytes),
        name: row.name,
    };
    Ok(rows.into_iter().map(part).collect())
}

/// Some uploads that nobody has touched since `before_ms`.
pub async fn untouched(
    db: &impl ConnectionTrait,
    before_ms: i64,
    rows_max: u64,
) -> Result<Vec<Model>> {
    let rows = Entity::find()
        .filter(Column::TouchedMs.lt(before_ms))
        .order_by_asc(Column::TouchedMs)
        .limit(rows_max)
        .all(db)
        .await?;
    Ok(rows)
}

fn standing_at(id: Uuid, from: i64) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(id))
        .filter(Column::Received.eq(from))
        .filter(Column::FinishedMs.is_null())
}

async fn remove_parts(db: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    use upload_part::{Column, Entity};
    Entity::delete_many().filter(Column::Upload.eq(id)).exec(db).await?;
    Ok(())
}

/// A count of bytes as databases keep it.
fn integer(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A count of bytes as it was kept.
fn bytes(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}
