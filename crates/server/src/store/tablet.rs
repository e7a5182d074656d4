//! Enrolled tablets: whose they are, their keys and certificates, and the hash
//! of the token they come with.

use super::plain_entity;
use crate::error::Result;
use domain::id::{DepartmentId, PersonId, ReplicaId};
use ledger::certificate::SignedCertificate;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tablet")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub replica: Uuid,
    pub public_key: String,
    pub name: String,
    pub person: Uuid,
    pub department: Uuid,
    pub token_hash: String,
    pub certificate: String,
    pub app_version: String,
    pub enrolled_ms: i64,
    pub last_contact_ms: Option<i64>,
    pub revoked_ms: Option<i64>,
}

plain_entity!();

impl Model {
    /// The certificate as the office signed it.
    pub fn certificate(&self) -> Result<SignedCertificate> {
        Ok(serde_json::from_str(&self.certificate)?)
    }
}

pub async fn insert(db: &impl ConnectionTrait, tablet: Model) -> Result<()> {
    Entity::insert(tablet.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::EnrolledMs).all(db).await?)
}

pub async fn by_token(db: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::TokenHash.eq(token_hash)).one(db).await?)
}

pub async fn by_replica(db: &impl ConnectionTrait, replica: ReplicaId) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(replica.0).one(db).await?)
}

/// The tablets of some people, in the order of enrolment.
pub async fn of_people(db: &impl ConnectionTrait, people: &[PersonId]) -> Result<Vec<Model>> {
    let rows = Entity::find()
        .filter(Column::Person.is_in(people.iter().map(|person| person.0)))
        .order_by_asc(Column::EnrolledMs)
        .order_by_asc(Column::Replica)
        .all(db)
        .await?;
    Ok(rows)
}

/// The tablets that were taken out of service.
pub async fn revoked(db: &impl ConnectionTrait) -> Result<BTreeSet<ReplicaId>> {
    let rows: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Replica)
        .filter(Column::RevokedMs.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(ReplicaId).collect())
}

/// How many tablets a department ever enrolled: the next one's number is one more.
pub async fn count_of_department(
    db: &impl ConnectionTrait,
    department: DepartmentId,
) -> Result<u64> {
    Ok(Entity::find().filter(Column::Department.eq(department.0)).count(db).await?)
}

pub async fn contact(db: &impl ConnectionTrait, replica: ReplicaId, now_ms: i64) -> Result<()> {
    let row = ActiveModel {
        replica: Set(replica.0),
        last_contact_ms: Set(Some(now_ms)),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(())
}

/// Takes a tablet out of service.
pub async fn revoke(db: &impl ConnectionTrait, replica: ReplicaId, now_ms: i64) -> Result<()> {
    let row = ActiveModel {
        replica: Set(replica.0),
        revoked_ms: Set(Some(now_ms)),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(())
}

/// How many tablets there are, and how many were not heard of since `since_ms`.
pub async fn counts(db: &impl ConnectionTrait, since_ms: i64) -> Result<(u64, u64)> {
    let contacts: Vec<Option<i64>> = Entity::find()
        .select_only()
        .column(Column::LastContactMs)
        .filter(Column::RevokedMs.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let behind = contacts.iter().filter(|at| at.is_none_or(|at| at < since_ms)).count();
    Ok((contacts.len() as u64, behind as u64))
}

/// Gives a tablet a new token; the one before is no good any more.
pub async fn set_token(
    db: &impl ConnectionTrait,
    replica: ReplicaId,
    token_hash: &str,
) -> Result<()> {
    let row = ActiveModel {
        replica: Set(replica.0),
        token_hash: Set(token_hash.to_owned()),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(())
}
