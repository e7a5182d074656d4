//! Tablets out of service: why, what is to become of their data, and what did.

use super::plain_entity;
use crate::error::Result;
use domain::id::ReplicaId;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub replica: Uuid,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub lost: bool,
    pub wipe: Option<String>,
    pub ordered_by: Option<Uuid>,
    pub ordered_ms: i64,
    pub told_ms: Option<i64>,
    pub wiped_ms: Option<i64>,
}

plain_entity!();

/// Keeps what was ordered, over what was ordered before.
pub async fn put(db: &impl ConnectionTrait, row: Model) -> Result<()> {
    let columns = [
        Column::Reason,
        Column::Lost,
        Column::Wipe,
        Column::OrderedBy,
        Column::OrderedMs,
        Column::ToldMs,
    ];
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Replica).update_columns(columns).to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

pub async fn of(db: &impl ConnectionTrait, replica: ReplicaId) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(replica.0).one(db).await?)
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>> {
    Ok(Entity::find().all(db).await?)
}

/// Notes that the tablet was told its order.
pub async fn told(db: &impl ConnectionTrait, replica: ReplicaId, now_ms: i64) -> Result<()> {
    let row =
        ActiveModel { replica: Set(replica.0), told_ms: Set(Some(now_ms)), ..Default::default() };
    Entity::update(row).exec(db).await?;
    Ok(())
}

/// Notes that the tablet says its data is gone.
pub async fn wiped(db: &impl ConnectionTrait, replica: ReplicaId, now_ms: i64) -> Result<()> {
    let row =
        ActiveModel { replica: Set(replica.0), wiped_ms: Set(Some(now_ms)), ..Default::default() };
    Entity::update(row).exec(db).await?;
    Ok(())
}
