//! One-time codes with which a tablet gets its store's key back when its PIN
//! was forgotten. Only their hashes are kept; a used one stays.

use super::plain_entity;
use crate::error::Result;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reset_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
    pub replica: Uuid,
    pub issued_by: Option<Uuid>,
    pub created_ms: i64,
    pub expires_ms: i64,
    pub used_ms: Option<i64>,
}

plain_entity!();

pub async fn insert(db: &impl ConnectionTrait, code: Model) -> Result<()> {
    Entity::insert(code.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub async fn by_hash(db: &impl ConnectionTrait, code_hash: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(code_hash).one(db).await?)
}

/// Uses a code up; false when somebody did in the same moment.
pub async fn use_up(db: &impl ConnectionTrait, code_hash: &str, now_ms: i64) -> Result<bool> {
    let done = Entity::update_many()
        .set(ActiveModel { used_ms: Set(Some(now_ms)), ..Default::default() })
        .filter(Column::CodeHash.eq(code_hash))
        .filter(Column::UsedMs.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}
