//! Acceptances and the signed heads over a day's worth of them. Appended to in
//! the transaction that takes the changes; what is under which head is settled
//! when the head is made, so that nobody waits for a place in the tree.

use super::plain_entity;
use crate::error::{Result, ServerError};
use chrono::NaiveDate;
use domain::id::{LedgerId, ReplicaId};
use ledger::Hash;
use ledger::certificate::SignedCertificate;
use ledger::tree::{Acceptance, SignedTreeHead, leaf_hash};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, IntoActiveModel, QueryOrder, QuerySelect};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "acceptance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub day: Option<String>,
    pub at_ms: i64,
    pub ledger: Uuid,
    pub replica: Uuid,
    pub hash: Vec<u8>,
    pub leaf: String,
}

plain_entity!();

mod tree_head {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tree_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: String,
        pub previous: String,
        pub head: String,
        pub certificate: String,
    }

    plain_entity!();
}

/// A head with the certificate of the replica that signed it.
#[derive(Debug, Clone)]
pub struct StoredHead {
    /// The day.
    pub day: NaiveDate,
    /// The head.
    pub head: SignedTreeHead,
    /// Whose it is.
    pub certificate: SignedCertificate,
}

/// Notes what was taken. `id` orders acceptances of one millisecond.
pub async fn append(db: &impl ConnectionTrait, id: Uuid, acceptance: &Acceptance) -> Result<()> {
    let leaf = acceptance.leaf()?;
    let row = Model {
        id,
        day: None,
        at_ms: acceptance.at.instant().timestamp_millis(),
        ledger: acceptance.ledger.0,
        replica: acceptance.replica.0,
        hash: leaf_hash(&leaf).0.to_vec(),
        leaf,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// When the oldest acceptance came that is under no head yet, milliseconds UTC.
pub async fn oldest_open_ms(db: &impl ConnectionTrait) -> Result<Option<i64>> {
    let row = Entity::find()
        .select_only()
        .column(Column::AtMs)
        .filter(Column::Day.is_null())
        .order_by_asc(Column::AtMs)
        .into_tuple()
        .one(db)
        .await?;
    Ok(row)
}

/// Puts everything accepted before a moment, and under no head yet, under that
/// of a day.
pub async fn close(db: &impl ConnectionTrait, day: NaiveDate, before_ms: i64) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Day, Expr::value(day.to_string()))
        .filter(Column::Day.is_null())
        .filter(Column::AtMs.lt(before_ms))
        .exec(db)
        .await?;
    Ok(())
}

/// The leaf hashes of a day in their order; without a day, of what is under no
/// head yet.
pub async fn leaves(db: &impl ConnectionTrait, day: Option<NaiveDate>) -> Result<Vec<Hash>> {
    Ok(places(db, day).await?.into_iter().map(|(_, hash)| hash).collect())
}

/// The same, each with its acceptance's id.
pub async fn places(
    db: &impl ConnectionTrait,
    day: Option<NaiveDate>,
) -> Result<Vec<(Uuid, Hash)>> {
    let of_day = match day {
        Some(day) => Column::Day.eq(day.to_string()),
        None => Column::Day.is_null(),
    };
    let rows: Vec<(Uuid, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Hash])
        .filter(of_day)
        .order_by_asc(Column::AtMs)
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let hash = |bytes: Vec<u8>| {
        let hash = bytes.try_into().map(Hash);
        hash.map_err(|_| ServerError::Broken("a stored hash has a wrong length"))
    };
    rows.into_iter().map(|(id, bytes)| Ok((id, hash(bytes)?))).collect()
}

/// Everything accepted of a ledger, in order.
pub async fn of_ledger(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<Vec<Model>> {
    let rows = Entity::find()
        .filter(Column::Ledger.eq(ledger.0))
        .order_by_asc(Column::AtMs)
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    Ok(rows)
}

/// What was accepted since a moment: id, ledger and whose chain.
pub async fn since(
    db: &impl ConnectionTrait,
    since_ms: i64,
) -> Result<Vec<(Uuid, LedgerId, ReplicaId)>> {
    let rows: Vec<(Uuid, Uuid, Uuid)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Ledger, Column::Replica])
        .filter(Column::AtMs.gte(since_ms))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, l, r)| (id, LedgerId(l), ReplicaId(r))).collect())
}

/// Takes the place of a day's head, to be filled within the same transaction.
/// Answers whether it was free: another instance may have been quicker.
pub async fn claim(
    db: &impl ConnectionTrait,
    day: NaiveDate,
    previous: Option<&SignedTreeHead>,
) -> Result<bool> {
    let row = tree_head::Model {
        day: day.to_string(),
        previous: previous.map(|head| head.hash().to_string()).unwrap_or_default(),
        head: String::new(),
        certificate: String::new(),
    };
    let inserted = tree_head::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(inserted == 1)
}

/// Fills the place that was claimed.
pub async fn put_head(
    db: &impl ConnectionTrait,
    day: NaiveDate,
    head: &SignedTreeHead,
    certificate: &SignedCertificate,
) -> Result<()> {
    let row = tree_head::ActiveModel {
        day: Set(day.to_string()),
        head: Set(serde_json::to_string(head)?),
        certificate: Set(serde_json::to_string(certificate)?),
        ..Default::default()
    };
    tree_head::Entity::update(row).exec(db).await?;
    Ok(())
}

/// The newest head.
pub async fn last_head(db: &impl ConnectionTrait) -> Result<Option<StoredHead>> {
    let row = tree_head::Entity::find().order_by_desc(tree_head::Column::Day).one(db).await?;
    row.map(StoredHead::try_from).transpose()
}

/// The heads from a day on, oldest first.
pub async fn heads(
    db: &impl ConnectionTrait,
    from: NaiveDate,
    limit: u64,
) -> Result<Vec<StoredHead>> {
    let rows = tree_head::Entity::find()
        .filter(tree_head::Column::Day.gte(from.to_string()))
        .order_by_asc(tree_head::Column::Day)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(StoredHead::try_from).collect()
}

impl TryFrom<tree_head::Model> for StoredHead {
    type Error = ServerError;

    fn try_from(row: tree_head::Model) -> Result<Self> {
        Ok(Self {
            day: row.day.parse().map_err(|_| ServerError::Broken("a stored day is none"))?,
            head: serde_json::from_str(&row.head)?,
            certificate: serde_json::from_str(&row.certificate)?,
        })
    }
}
