//! One-time codes with which a tablet enrols for a person. Only their hashes
//! are kept; a used one stays, so that using it again can be told from guessing.

use super::plain_entity;
use crate::error::Result;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrolment_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
    pub person: Uuid,
    pub issued_by: Option<Uuid>,
    pub created_ms: i64,
    pub expires_ms: i64,
    pub used_ms: Option<i64>,
    pub replica: Option<Uuid>,
}

plain_entity!();

pub async fn insert(db: &impl ConnectionTrait, code: Model) -> Result<()> {
    Entity::insert(code.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub async fn by_hash(db: &impl ConnectionTrait, code_hash: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(code_hash).one(db).await?)
}

pub async fn use_up(
    db: &impl ConnectionTrait,
    code_hash: &str,
    replica: Uuid,
    now_ms: i64,
) -> Result<()> {
    let row = ActiveModel {
        code_hash: Set(code_hash.to_owned()),
        used_ms: Set(Some(now_ms)),
        replica: Set(Some(replica)),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(())
}
