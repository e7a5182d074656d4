//! Chains: how far each is held, its changes verbatim and its seals. Appended
//! to, never changed.

use super::{ROWS_PER_STATEMENT, bulk, plain_entity};
use crate::error::{Result, ServerError};
use domain::id::{LedgerId, ReplicaId};
use ledger::branch::{Branch, Lineage};
use ledger::holdings::{Held, Holdings, LedgerHoldings, Span};
use ledger::incoming::{Append, HeldChain, HeldSegment, Page, Split};
use ledger::seal::{Seal, Signature};
use ledger::{ChainHead, ChangeId, Hash};
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{Condition, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chain")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub ledger: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub replica: Uuid,
    pub pos: i64,
    pub hash: Vec<u8>,
    pub sealed_pos: i64,
    /// Of a branch: the replica that wrote it.
    pub writer: Option<Uuid>,
    /// Of a branch: the last position before it.
    pub base_pos: Option<i64>,
    /// Of a branch: the chain hash there.
    pub base_hash: Option<Vec<u8>>,
}

plain_entity!();

impl Model {
    fn chain(&self) -> ReplicaId {
        ReplicaId(self.replica)
    }

    fn writer(&self) -> ReplicaId {
        ReplicaId(self.writer.unwrap_or(self.replica))
    }

    fn head(&self) -> Result<ChainHead> {
        Ok(ChainHead { pos: unsigned(self.pos), hash: hash(&self.hash)? })
    }

    fn base(&self) -> Result<ChainHead> {
        match (&self.base_hash, self.base_pos) {
            (Some(bytes), Some(pos)) => Ok(ChainHead { pos: unsigned(pos), hash: hash(bytes)? }),
            _ => Ok(ChainHead::empty(LedgerId(self.ledger), self.writer())),
        }
    }
}

pub mod change {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub replica: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub pos: i64,
        pub id: String,
        pub hash: Vec<u8>,
        pub bytes: Vec<u8>,
        pub received_ms: i64,
    }

    plain_entity!();
}

mod seal {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "seal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub replica: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub pos: i64,
        pub signature: Vec<u8>,
    }

    plain_entity!();
}

fn hash(bytes: &[u8]) -> Result<Hash> {
    bytes.try_into().map(Hash).map_err(|_| ServerError::Broken("a stored hash has a wrong length"))
}

fn unsigned(pos: i64) -> u64 {
    u64::try_from(pos).unwrap_or(0)
}

fn signed(pos: u64) -> Result<i64> {
    i64::try_from(pos).map_err(|_| ServerError::Broken("a position beyond all bounds"))
}

/// How far a chain is held.
pub async fn head(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
) -> Result<ChainHead> {
    match Entity::find_by_id((ledger.0, replica.0)).one(db).await? {
        Some(row) => row.head(),
        None => Ok(ChainHead::empty(ledger, replica)),
    }
}

/// Whether anything is held of a replica, in any ledger.
pub async fn any_of(db: &impl ConnectionTrait, replica: ReplicaId) -> Result<bool> {
    let one = Entity::find().filter(Column::Replica.eq(replica.0)).one(db).await?;
    Ok(one.is_some())
}

/// The chains of a ledger that one replica wrote: one, unless it forked.
async fn of_writer(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    writer: ReplicaId,
) -> Result<Vec<Model>> {
    let by = Condition::any()
        .add(Column::Writer.eq(writer.0))
        .add(Condition::all().add(Column::Replica.eq(writer.0)).add(Column::Writer.is_null()));
    let rows = Entity::find().filter(Column::Ledger.eq(ledger.0)).filter(by).all(db).await?;
    Ok(rows)
}

/// What is held of the history that a page belongs to, at the page's positions.
pub async fn held(db: &impl ConnectionTrait, page: &Page) -> Result<HeldChain> {
    let last = page.after.saturating_add(page.changes.len() as u64);
    let mut segments = Vec::new();
    for row in of_writer(db, page.ledger, page.writer()).await? {
        let rows: Vec<(i64, Vec<u8>)> = change::Entity::find()
            .select_only()
            .columns([change::Column::Pos, change::Column::Hash])
            .filter(change::Column::Ledger.eq(page.ledger.0))
            .filter(change::Column::Replica.eq(row.replica))
            .filter(change::Column::Pos.gte(signed(page.after)?))
            .filter(change::Column::Pos.lte(signed(last)?))
            .into_tuple()
            .all(db)
            .await?;
        let mut known = BTreeMap::new();
        for (pos, bytes) in rows {
            known.insert(unsigned(pos), hash(&bytes)?);
        }
        let (base, head) = (row.base()?, row.head()?);
        segments.push(HeldSegment { chain: row.chain(), base, head, known });
    }
    Ok(HeldChain { segments })
}

/// Which chain of a ledger continues which; empty unless a replica forked.
pub async fn lineage(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<Lineage> {
    let of_ledger = Entity::find().filter(Column::Ledger.eq(ledger.0));
    let forked = of_ledger.clone().filter(Column::Writer.is_not_null()).one(db).await?;
    if forked.is_none() {
        return Ok(Lineage::default());
    }
    let mut stretches = Vec::new();
    for row in of_ledger.all(db).await? {
        stretches.push((row.chain(), row.writer(), row.base()?, row.head()?));
    }
    Ok(Lineage::of(stretches))
}

/// The chains of a ledger that one replica wrote, by name.
pub async fn chains_of(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    writer: ReplicaId,
) -> Result<Vec<ReplicaId>> {
    Ok(of_writer(db, ledger, writer).await?.iter().map(Model::chain).collect())
}

/// The replica that wrote a chain.
pub async fn writer(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    chain: ReplicaId,
) -> Result<ReplicaId> {
    let row = Entity::find_by_id((ledger.0, chain.0)).one(db).await?;
    Ok(row.map_or(chain, |row| row.writer()))
}

/// Where a chain begins: behind what it is a branch of, or with nothing.
pub async fn base_of(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    chain: ReplicaId,
) -> Result<ChainHead> {
    match Entity::find_by_id((ledger.0, chain.0)).one(db).await? {
        Some(row) => row.base(),
        None => Ok(ChainHead::empty(ledger, chain)),
    }
}

/// Opens a chain that is a branch of another.
pub async fn open_branch(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    branch: &Branch,
) -> Result<()> {
    let row = Model {
        ledger: ledger.0,
        replica: branch.id().0,
        pos: signed(branch.base.pos)?,
        hash: branch.base.hash.0.to_vec(),
        sealed_pos: 0,
        writer: Some(branch.replica.0),
        base_pos: Some(signed(branch.base.pos)?),
        base_hash: Some(branch.base.hash.0.to_vec()),
    };
    let key = [Column::Ledger, Column::Replica];
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Cuts a chain in two where its writer's histories part: what stands behind
/// goes into the branch, with its seals.
pub async fn split(db: &impl ConnectionTrait, ledger: LedgerId, split: &Split) -> Result<()> {
    let row = Entity::find_by_id((ledger.0, split.chain.0)).one(db).await?;
    let row = row.ok_or(ServerError::Broken("a chain to be cut is not there"))?;
    let (tail, at) = (split.tail.id().0, signed(split.at.pos)?);
    let base = row.base()?;
    let behind = Model {
        replica: tail,
        writer: Some(row.writer().0),
        base_pos: Some(at),
        base_hash: Some(split.at.hash.0.to_vec()),
        ..row.clone()
    };
    Entity::insert(behind.into_active_model()).exec_without_returning(db).await?;
    change::Entity::update_many()
        .col_expr(change::Column::Replica, Expr::value(tail))
        .filter(change::Column::Ledger.eq(ledger.0))
        .filter(change::Column::Replica.eq(split.chain.0))
        .filter(change::Column::Pos.gt(at))
        .exec(db)
        .await?;
    seal::Entity::update_many()
        .col_expr(seal::Column::Replica, Expr::value(tail))
        .filter(seal::Column::Ledger.eq(ledger.0))
        .filter(seal::Column::Replica.eq(split.chain.0))
        .filter(seal::Column::Pos.gt(at))
        .exec(db)
        .await?;
    // A stretch without a change is none.
    if base == split.at {
        Entity::delete_by_id((ledger.0, split.chain.0)).exec(db).await?;
        return Ok(());
    }
    let kept = ActiveModel {
        ledger: Set(ledger.0),
        replica: Set(split.chain.0),
        pos: Set(at),
        hash: Set(split.at.hash.0.to_vec()),
        sealed_pos: Set(Ord::min(row.sealed_pos, at)),
        ..Default::default()
    };
    Entity::update(kept).exec(db).await?;
    Ok(())
}

/// The changes of a chain behind a position.
pub async fn behind(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    chain: ReplicaId,
    after: u64,
) -> Result<Vec<(ChainHead, Vec<u8>)>> {
    let rows = change::Entity::find()
        .filter(change::Column::Ledger.eq(ledger.0))
        .filter(change::Column::Replica.eq(chain.0))
        .filter(change::Column::Pos.gt(signed(after)?))
        .order_by_asc(change::Column::Pos)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let head = ChainHead { pos: unsigned(row.pos), hash: hash(&row.hash)? };
            Ok((head, row.bytes))
        })
        .collect()
}

/// Appends changes and keeps the seals that came with them.
pub async fn append(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
    appends: &[Append],
    seals: &[Seal],
    received_ms: i64,
) -> Result<()> {
    let mut rows = Vec::with_capacity(appends.len());
    for append in appends {
        rows.push([
            ledger.0.into(),
            replica.0.into(),
            signed(append.head.pos)?.into(),
            append.head.change_id().to_string().into(),
            append.head.hash.0.to_vec().into(),
            append.bytes.clone().into(),
            received_ms.into(),
        ]);
    }
    let columns = ["ledger", "replica", "pos", "id", "hash", "bytes", "received_ms"];
    bulk::insert(db, "change", columns, "", rows).await?;
    let mut rows = Vec::with_capacity(seals.len());
    for seal in seals {
        let signature = seal.signature.0.to_vec();
        rows.push([ledger.0.into(), replica.0.into(), signed(seal.pos)?.into(), signature.into()]);
    }
    // Sealing the same position again says nothing new.
    let columns = ["ledger", "replica", "pos", "signature"];
    bulk::insert(db, "seal", columns, "ON CONFLICT DO NOTHING", rows).await?;
    set_head(db, ledger, replica, appends, seals).await
}

async fn set_head(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
    appends: &[Append],
    seals: &[Seal],
) -> Result<()> {
    let before = Entity::find_by_id((ledger.0, replica.0)).one(db).await?;
    let sealed_before = before.as_ref().map_or(0, |row| row.sealed_pos);
    let sealed_now = seals.iter().map(|seal| seal.pos).max().unwrap_or(0);
    let sealed_pos = Set(Ord::max(sealed_before, signed(sealed_now)?));
    let (ledger, replica) = (Set(ledger.0), Set(replica.0));
    match (before, appends.last()) {
        (None, None) => {}
        (None, Some(last)) => {
            let (pos, hash) = (Set(signed(last.head.pos)?), Set(last.head.hash.0.to_vec()));
            let row = ActiveModel { ledger, replica, pos, hash, sealed_pos, ..Default::default() };
            Entity::insert(row).exec_without_returning(db).await?;
        }
        (Some(_), Some(last)) => {
            let (pos, hash) = (Set(signed(last.head.pos)?), Set(last.head.hash.0.to_vec()));
            let row = ActiveModel { ledger, replica, pos, hash, sealed_pos, ..Default::default() };
            Entity::update(row).exec(db).await?;
        }
        (Some(_), None) => {
            let row = ActiveModel { ledger, replica, sealed_pos, ..Default::default() };
            Entity::update(row).exec(db).await?;
        }
    }
    Ok(())
}

/// How far each chain of some ledgers is held.
pub async fn holdings(
    db: &impl ConnectionTrait,
    ledgers: impl IntoIterator<Item = LedgerId>,
) -> Result<Holdings> {
    let ids = ledgers.into_iter().map(|ledger| ledger.0);
    let rows = Entity::find().filter(Column::Ledger.is_in(ids)).all(db).await?;
    let mut all: BTreeMap<LedgerId, LedgerHoldings> = BTreeMap::new();
    for row in rows {
        let held = Held(unsigned(row.pos), hash(&row.hash)?.short());
        all.entry(LedgerId(row.ledger)).or_default().insert(ReplicaId(row.replica), held);
    }
    Ok(Holdings(all))
}

/// How many bytes of changes an answer may still carry. The first stretch is
/// always taken, so that no answer is empty for want of space.
#[derive(Debug)]
pub struct Budget {
    left: usize,
    untouched: bool,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { left: bytes, untouched: true }
    }

    fn take(&mut self, bytes: usize) -> bool {
        if bytes > self.left && !self.untouched {
            return false;
        }
        self.untouched = false;
        self.left = self.left.saturating_sub(bytes);
        true
    }
}

/// The changes of a span as far as a budget goes, cut at a seal, and whether
/// the span was sent whole.
pub async fn page(
    db: &impl ConnectionTrait,
    span: &Span,
    budget: &mut Budget,
) -> Result<(Page, bool)> {
    let (ledger, chain) = (span.ledger, span.replica);
    let row = Entity::find_by_id((ledger.0, chain.0)).one(db).await?;
    let row = row.ok_or(ServerError::Broken("a chain to be sent is not there"))?;
    let base = row.base()?;
    let same = match span.at {
        None => true,
        Some(at) => hash_at(db, &row, span.after).await?.is_some_and(|here| here.short() == at),
    };
    // Where another hash is held there, the whole chain goes.
    let after = if same { Ord::max(span.after, base.pos) } else { base.pos };
    let span = &Span { after, ..*span };
    let seals = seals(db, span).await?;
    let mut page = Page {
        ledger,
        replica: chain,
        of: row.writer.map(ReplicaId),
        after,
        prev: match after {
            0 => None,
            _ => hash_at(db, &row, after).await?.map(|hash| hash.short()),
        },
        changes: Vec::new(),
        seals: Vec::new(),
    };
    let mut from = span.after;
    for seal in seals {
        let changes = bytes_between(db, span, from, seal.pos).await?;
        let size: usize = changes.iter().map(Vec::len).sum();
        if !budget.take(size) {
            return Ok((page, false));
        }
        page.changes.extend(changes);
        page.seals.push(seal);
        from = seal.pos;
    }
    if page.seals.is_empty() && from < span.upto && span.upto == unsigned(row.pos) {
        from = seal_beyond(db, row, &mut page).await?;
    }
    let whole = from >= span.upto;
    Ok((page, whole))
}

/// The changes of a chain behind those of a page.
pub async fn unsealed(db: &impl ConnectionTrait, page: &Page, upto: u64) -> Result<Vec<Vec<u8>>> {
    let after = page.after + page.changes.len() as u64;
    let span = Span { ledger: page.ledger, replica: page.replica, after, at: None, upto };
    bytes_between(db, &span, after, upto).await
}

/// Where a chain was cut, the seal over its end went with the branch. The page
/// then goes on along a branch to its first seal; whoever takes it in cuts it
/// again once the other history comes. Answers how far the page goes.
async fn seal_beyond(db: &impl ConnectionTrait, row: Model, page: &mut Page) -> Result<u64> {
    let ledger = page.ledger;
    let all = of_writer(db, ledger, row.writer()).await?;
    let mut here = &row;
    let mut after = page.after;
    let mut changes = Vec::new();
    // Every step goes to higher positions.
    loop {
        let end = here.head()?;
        let mut next = None;
        for one in all.iter().filter(|one| one.replica != here.replica) {
            if one.base()? == end {
                next = Some(one);
            }
        }
        let Some(next) = next else { return Ok(page.after) };
        let span = |whose: &Model, after| {
            let upto = unsigned(whose.pos);
            Span { ledger, replica: whose.chain(), after, at: None, upto }
        };
        changes.extend(bytes_between(db, &span(here, after), after, end.pos).await?);
        after = end.pos;
        let on = span(next, after);
        if let Some(seal) = seals(db, &on).await?.into_iter().next() {
            changes.extend(bytes_between(db, &on, after, seal.pos).await?);
            page.changes = changes;
            page.seals.push(seal);
            return Ok(seal.pos);
        }
        here = next;
    }
}

/// The chain hash at a position of a chain, or right before it.
async fn hash_at(db: &impl ConnectionTrait, row: &Model, pos: u64) -> Result<Option<Hash>> {
    let base = row.base()?;
    if pos == base.pos {
        return Ok(Some(base.hash));
    }
    let found: Option<Vec<u8>> =
        change::Entity::find_by_id((row.ledger, row.replica, signed(pos)?))
            .select_only()
            .column(change::Column::Hash)
            .into_tuple()
            .one(db)
            .await?;
    found.map(|bytes| hash(&bytes)).transpose()
}

async fn seals(db: &impl ConnectionTrait, span: &Span) -> Result<Vec<Seal>> {
    let rows = seal::Entity::find()
        .filter(seal::Column::Ledger.eq(span.ledger.0))
        .filter(seal::Column::Replica.eq(span.replica.0))
        .filter(seal::Column::Pos.gt(signed(span.after)?))
        .filter(seal::Column::Pos.lte(signed(span.upto)?))
        .order_by_asc(seal::Column::Pos)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let signature = row.signature.try_into().map(Signature);
            let signature =
                signature.map_err(|_| ServerError::Broken("a stored seal has a wrong length"))?;
            Ok(Seal { pos: unsigned(row.pos), signature })
        })
        .collect()
}

async fn bytes_between(
    db: &impl ConnectionTrait,
    span: &Span,
    after: u64,
    upto: u64,
) -> Result<Vec<Vec<u8>>> {
    let rows: Vec<Vec<u8>> = change::Entity::find()
        .select_only()
        .column(change::Column::Bytes)
        .filter(change::Column::Ledger.eq(span.ledger.0))
        .filter(change::Column::Replica.eq(span.replica.0))
        .filter(change::Column::Pos.gt(signed(after)?))
        .filter(change::Column::Pos.lte(signed(upto)?))
        .order_by_asc(change::Column::Pos)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows)
}

/// Removes changes; only a planted bug does.
pub async fn forget(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    ids: &BTreeSet<ChangeId>,
) -> Result<()> {
    change::Entity::delete_many()
        .filter(change::Column::Ledger.eq(ledger.0))
        .filter(change::Column::Id.is_in(ids.iter().map(ChangeId::to_string)))
        .exec(db)
        .await?;
    Ok(())
}

/// Every change of a ledger.
pub async fn changes(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<Vec<change::Model>> {
    let rows = change::Entity::find().filter(change::Column::Ledger.eq(ledger.0)).all(db).await?;
    Ok(rows)
}

/// When some changes of a ledger reached this server, milliseconds UTC.
pub async fn received(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    ids: impl IntoIterator<Item = ChangeId>,
) -> Result<BTreeMap<ChangeId, i64>> {
    let texts: BTreeMap<String, ChangeId> =
        ids.into_iter().map(|id| (id.to_string(), id)).collect();
    let names: Vec<&String> = texts.keys().collect();
    let mut received = BTreeMap::new();
    for some in names.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<(String, i64)> = change::Entity::find()
            .select_only()
            .columns([change::Column::Id, change::Column::ReceivedMs])
            .filter(change::Column::Ledger.eq(ledger.0))
            .filter(change::Column::Id.is_in(some.iter().map(|name| name.as_str())))
            .into_tuple()
            .all(db)
            .await?;
        received.extend(rows.iter().filter_map(|(id, at)| Some((*texts.get(id)?, *at))));
    }
    Ok(received)
}

/// Some changes of a ledger, by id.
pub async fn changes_by_id(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    ids: impl IntoIterator<Item = ChangeId>,
) -> Result<Vec<change::Model>> {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    let mut found = Vec::new();
    for some in ids.chunks(ROWS_PER_STATEMENT) {
        let rows = change::Entity::find()
            .filter(change::Column::Ledger.eq(ledger.0))
            .filter(change::Column::Id.is_in(some))
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Where in a chain some changes stand, ascending.
pub async fn positions(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
    ids: &BTreeSet<ChangeId>,
) -> Result<Vec<u64>> {
    let ids: Vec<String> = ids.iter().map(ChangeId::to_string).collect();
    let mut positions = Vec::new();
    for some in ids.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<i64> = change::Entity::find()
            .select_only()
            .column(change::Column::Pos)
            .filter(change::Column::Ledger.eq(ledger.0))
            .filter(change::Column::Replica.eq(replica.0))
            .filter(change::Column::Id.is_in(some))
            .into_tuple()
            .all(db)
            .await?;
        positions.extend(rows.into_iter().map(unsigned));
    }
    positions.sort_unstable();
    Ok(positions)
}
