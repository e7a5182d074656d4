//! Departments of the directory.

use super::{ROWS_PER_STATEMENT, plain_entity};
use crate::error::Result;
use domain::department::Department;
use domain::id::DepartmentId;
use sea_orm::IntoActiveModel;
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "department")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub short_name: String,
    pub tier: String,
    pub sector: String,
    pub body: String,
}

plain_entity!();

impl Model {
    /// The whole department.
    pub fn department(&self) -> Result<Department> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

pub async fn insert_all(db: &impl ConnectionTrait, all: &[Department]) -> Result<()> {
    for some in all.chunks(ROWS_PER_STATEMENT) {
        let rows = some.iter().map(row).collect::<Result<Vec<_>>>()?;
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(department: &Department) -> Result<ActiveModel> {
    let model = Model {
        id: department.id.0,
        name: department.name.clone(),
        short_name: department.short_name.clone(),
        tier: text(&department.tier)?,
        sector: text(&department.sector)?,
        body: serde_json::to_string(department)?,
    };
    Ok(model.into_active_model())
}

/// An enum of the trade as its one word.
pub(crate) fn text(value: &impl serde::Serialize) -> Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Ok(other.to_string()),
    }
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Department>> {
    let rows = Entity::find().order_by_asc(Column::Name).all(db).await?;
    rows.iter().map(Model::department).collect()
}

pub async fn by_id(db: &impl ConnectionTrait, id: DepartmentId) -> Result<Option<Department>> {
    Entity::find_by_id(id.0).one(db).await?.as_ref().map(Model::department).transpose()
}

pub async fn count(db: &impl ConnectionTrait) -> Result<u64> {
    Ok(Entity::find().count(db).await?)
}
