//! Batches of enterprises read from a file, waiting for a person's word.

use super::plain_entity;
use crate::error::Result;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub account: Uuid,
    pub created_ms: i64,
    pub file_sha256: String,
    pub rows_total: i32,
    pub rows_ok: i32,
    pub body: String,
    pub confirmed_ms: Option<i64>,
}

plain_entity!();

pub async fn insert(db: &impl ConnectionTrait, batch: Model) -> Result<()> {
    Entity::insert(batch.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

pub async fn confirm(db: &impl ConnectionTrait, id: Uuid, now_ms: i64) -> Result<()> {
    let row = ActiveModel { id: Set(id), confirmed_ms: Set(Some(now_ms)), ..Default::default() };
    Entity::update(row).exec(db).await?;
    Ok(())
}
