//! Rescue packs that were handed in, each with its report.

use super::plain_entity;
use crate::error::Result;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pack_import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub replica: Uuid,
    pub sha256: String,
    pub handed_in_by: Option<Uuid>,
    pub created_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub body: String,
}

plain_entity!();

pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// The latest ones, newest first.
pub async fn latest(db: &impl ConnectionTrait, rows_max: u64) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_desc(Column::CreatedMs).limit(rows_max).all(db).await?)
}
