//! Inspectors of the directory, with their certificates.

use super::{ROWS_PER_STATEMENT, plain_entity};
use crate::error::Result;
use domain::id::{DepartmentId, PersonId};
use domain::inspector::Inspector;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inspector")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: Uuid,
    pub department: Uuid,
    pub name: String,
    pub cert_no: String,
    pub valid_from: String,
    pub valid_to: String,
    pub body: String,
}

plain_entity!();

impl Model {
    /// The whole inspector.
    pub fn inspector(&self) -> Result<Inspector> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

pub async fn insert_all(db: &impl ConnectionTrait, all: &[Inspector]) -> Result<()> {
    for some in all.chunks(ROWS_PER_STATEMENT) {
        let rows = some.iter().map(row).collect::<Result<Vec<_>>>()?;
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(inspector: &Inspector) -> Result<ActiveModel> {
    let model = Model {
        person: inspector.person.0,
        department: inspector.department.0,
        name: inspector.name.clone(),
        cert_no: inspector.certificate.cert_no.clone(),
        valid_from: inspector.certificate.valid_from.to_string(),
        valid_to: inspector.certificate.valid_to.to_string(),
        body: serde_json::to_string(inspector)?,
    };
    Ok(model.into_active_model())
}

pub async fn by_person(db: &impl ConnectionTrait, person: PersonId) -> Result<Option<Inspector>> {
    Entity::find_by_id(person.0).one(db).await?.as_ref().map(Model::inspector).transpose()
}

pub async fn by_cert_no(db: &impl ConnectionTrait, cert_no: &str) -> Result<Option<Inspector>> {
    let row = Entity::find().filter(Column::CertNo.eq(cert_no)).one(db).await?;
    row.as_ref().map(Model::inspector).transpose()
}

pub async fn of_department(
    db: &impl ConnectionTrait,
    department: DepartmentId,
) -> Result<Vec<Inspector>> {
    let rows = Entity::find()
        .filter(Column::Department.eq(department.0))
        .order_by_asc(Column::CertNo)
        .all(db)
        .await?;
    rows.iter().map(Model::inspector).collect()
}

/// Names by person, for lists.
pub async fn names(
    db: &impl ConnectionTrait,
    people: impl IntoIterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, String>> {
    let rows = Entity::find().filter(Column::Person.is_in(people)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.person, row.name)).collect())
}

#[derive(FromQueryResult)]
struct Count {
    department: Uuid,
    count: i64,
}

/// How many inspectors each department has.
pub async fn counts(db: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, i64>> {
    let rows = Entity::find()
        .select_only()
        .column(Column::Department)
        .column_as(Column::Person.count(), "count")
        .group_by(Column::Department)
        .into_model::<Count>()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.department, row.count)).collect())
}

pub async fn count(db: &impl ConnectionTrait) -> Result<u64> {
    Ok(Entity::find().count(db).await?)
}
