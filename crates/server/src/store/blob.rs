//! Which files there are, who has shown to hold their bytes, and which ledgers
//! refer to them. The bytes are in `files`.

use super::plain_entity;
use crate::error::Result;
use domain::id::{LedgerId, RecordId, ReplicaId};
use ledger::Hash;
use sea_orm::IntoActiveModel;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blob")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    pub bytes: i64,
    pub created_ms: i64,
}

plain_entity!();

mod blob_upload {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob_upload")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sha256: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub replica: Uuid,
    }

    plain_entity!();
}

mod blob_reference {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob_reference")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sha256: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rec: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub replica: Uuid,
    }

    plain_entity!();
}

/// Notes a file that is here, and who brought it.
pub async fn brought(
    db: &impl ConnectionTrait,
    hash: &Hash,
    bytes: u64,
    by: ReplicaId,
    now_ms: i64,
) -> Result<()> {
    let row = Model {
        sha256: hash.to_string(),
        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
        created_ms: now_ms,
    };
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Sha256).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    let upload = blob_upload::Model { sha256: hash.to_string(), replica: by.0 };
    let key = [blob_upload::Column::Sha256, blob_upload::Column::Replica];
    blob_upload::Entity::insert(upload.into_active_model())
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A record of a ledger that refers to a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The file.
    pub sha256: String,
    /// The record.
    pub rec: RecordId,
    /// Whose chain says so.
    pub replica: ReplicaId,
}

pub async fn refer(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    references: &BTreeSet<Reference>,
) -> Result<()> {
    use blob_reference::{Column, Entity, Model};
    for reference in references {
        let row = Model {
            ledger: ledger.0,
            sha256: reference.sha256.clone(),
            rec: reference.rec.0,
            replica: reference.replica.0,
        };
        let key = [Column::Ledger, Column::Sha256, Column::Rec, Column::Replica];
        Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Who has shown to hold the bytes.
pub async fn bringers(db: &impl ConnectionTrait, hash: &Hash) -> Result<BTreeSet<ReplicaId>> {
    use blob_upload::{Column, Entity};
    let rows: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Replica)
        .filter(Column::Sha256.eq(hash.to_string()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(ReplicaId).collect())
}

/// The files that a ledger refers to.
pub async fn of_ledger(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<BTreeSet<String>> {
    use blob_reference::{Column, Entity};
    let rows: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Sha256)
        .filter(Column::Ledger.eq(ledger.0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Which ledgers refer to a file, and whose chains say so.
pub async fn references(
    db: &impl ConnectionTrait,
    hash: &Hash,
) -> Result<BTreeSet<(LedgerId, ReplicaId)>> {
    use blob_reference::{Column, Entity};
    let rows: Vec<(Uuid, Uuid)> = Entity::find()
        .select_only()
        .columns([Column::Ledger, Column::Replica])
        .filter(Column::Sha256.eq(hash.to_string()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(ledger, by)| (LedgerId(ledger), ReplicaId(by))).collect())
}
