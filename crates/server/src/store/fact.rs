//! What changes state, and what the server judged of them: the sets that
//! registers are resolved from.

use super::{ROWS_PER_STATEMENT, bulk, chain, plain_entity};
use crate::error::{Result, ServerError};
use domain::id::{LedgerId, RecordId};
use domain::record::{field, kind};
use ledger::policy::Context;
use ledger::signature::{signed_changes, signed_documents};
use ledger::{ChangeId, Fact, Register, Verdict, VerdictKind};
use sea_orm::IntoActiveModel;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub ledger: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub rec: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub field: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub change: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub idx: i32,
    pub body: String,
}

plain_entity!();

mod verdict {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "verdict")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ledger: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub change: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub verdict: String,
        pub reason: String,
    }

    plain_entity!();
}

/// Adds statements; one that is there already says nothing new.
pub async fn insert(db: &impl ConnectionTrait, ledger: LedgerId, facts: &[Fact]) -> Result<()> {
    let mut rows = Vec::with_capacity(facts.len());
    for fact in facts {
        rows.push([
            ledger.0.into(),
            fact.register.kind.as_str().into(),
            fact.register.rec.0.into(),
            fact.register.field.as_str().into(),
            fact.id.change.to_string().into(),
            i32::try_from(fact.id.index).unwrap_or(i32::MAX).into(),
            serde_json::to_string(fact)?.into(),
        ]);
    }
    let columns = ["ledger", "kind", "rec", "field", "change", "idx", "body"];
    bulk::insert(db, "fact", columns, "ON CONFLICT DO NOTHING", rows).await
}

/// Everything stated on some records of some kinds, whatever the field.
pub async fn of_records(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    kinds: &[&str],
    records: impl IntoIterator<Item = RecordId>,
) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for some in bulk::lists(records.into_iter().map(|rec| rec.0)) {
        let rows: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Body)
            .filter(Column::Ledger.eq(ledger.0))
            .filter(Column::Kind.is_in(kinds.iter().copied()))
            .filter(Column::Rec.is_in(some))
            .into_tuple()
            .all(db)
            .await?;
        for body in rows {
            facts.push(serde_json::from_str(&body)?);
        }
    }
    Ok(facts)
}

/// Everything stated on one register.
pub async fn of_register(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    register: &Register,
) -> Result<Vec<Fact>> {
    let rows = Entity::find()
        .filter(Column::Ledger.eq(ledger.0))
        .filter(Column::Kind.eq(register.kind.as_str()))
        .filter(Column::Rec.eq(register.rec.0))
        .filter(Column::Field.eq(register.field.as_str()))
        .all(db)
        .await?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.body)?)).collect()
}

/// Everything stated on some fields, whatever the record.
pub async fn of_fields(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    fields: &[(&str, &str)],
) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for (kind, field) in fields {
        let rows = Entity::find()
            .filter(Column::Ledger.eq(ledger.0))
            .filter(Column::Kind.eq(*kind))
            .filter(Column::Field.eq(*field))
            .all(db)
            .await?;
        for row in rows {
            facts.push(serde_json::from_str(&row.body)?);
        }
    }
    Ok(facts)
}

/// Forgets what some changes state, before it is stated anew in another chain.
pub async fn remove(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    changes: &BTreeSet<ChangeId>,
) -> Result<()> {
    let ids: Vec<String> = changes.iter().map(ChangeId::to_string).collect();
    for some in ids.chunks(ROWS_PER_STATEMENT) {
        Entity::delete_many()
            .filter(Column::Ledger.eq(ledger.0))
            .filter(Column::Change.is_in(some))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// What signed documents are read from.
pub const SIGNING: [(&str, &str); 2] =
    [(kind::DOCUMENT, field::MANIFEST), (kind::SIGNATURE, field::CONTENT)];

/// Whether a register says which changes are signed.
pub fn is_signing(register: &Register) -> bool {
    SIGNING.iter().any(|(kind, field)| register.is(kind, field))
}

/// What decides which statements of a ledger are in force.
pub async fn context(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<Context> {
    let voided = voided(db, ledger).await?;
    // Nothing voided, nothing that a signature could keep in force.
    let signed = if voided.is_empty() {
        BTreeSet::new()
    } else {
        signed_changes(&signed_documents(&of_fields(db, ledger, &SIGNING).await?, &voided))
    };
    Ok(Context { voided, signed, lineage: chain::lineage(db, ledger).await? })
}

/// The registers that some changes state something on.
pub async fn touched_by(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    changes: &BTreeSet<ChangeId>,
) -> Result<BTreeSet<Register>> {
    let ids: Vec<String> = changes.iter().map(ChangeId::to_string).collect();
    let mut touched = BTreeSet::new();
    for some in ids.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<(String, Uuid, String)> = Entity::find()
            .select_only()
            .columns([Column::Kind, Column::Rec, Column::Field])
            .filter(Column::Ledger.eq(ledger.0))
            .filter(Column::Change.is_in(some))
            .into_tuple()
            .all(db)
            .await?;
        touched.extend(rows.into_iter().map(|(kind, rec, field)| Register {
            kind,
            rec: RecordId(rec),
            field,
        }));
    }
    Ok(touched)
}

/// Adds verdicts.
pub async fn insert_verdicts(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    verdicts: &[Verdict],
) -> Result<()> {
    let key = [verdict::Column::Ledger, verdict::Column::Change, verdict::Column::Verdict];
    for some in verdicts.chunks(ROWS_PER_STATEMENT) {
        let rows = some.iter().map(|one| {
            let model = verdict::Model {
                ledger: ledger.0,
                change: one.change.to_string(),
                verdict: kind_word(one.verdict).to_owned(),
                reason: one.reason.clone(),
            };
            model.into_active_model()
        });
        verdict::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Every judged change of a ledger; a void outweighs a review.
pub async fn verdicts(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
) -> Result<BTreeMap<ChangeId, VerdictKind>> {
    let rows = verdict::Entity::find().filter(verdict::Column::Ledger.eq(ledger.0)).all(db).await?;
    let mut all: BTreeMap<ChangeId, VerdictKind> = BTreeMap::new();
    for row in rows {
        let broken = |_| ServerError::Broken("a stored verdict names no change");
        let change: ChangeId = row.change.parse().map_err(broken)?;
        let kind = if row.verdict == "void" { VerdictKind::Void } else { VerdictKind::Review };
        let known = all.entry(change).or_insert(kind);
        // `Void` is declared first and so the lesser of the two.
        *known = (*known).min(kind);
    }
    Ok(all)
}

/// The changes of a ledger that the server voided.
pub async fn voided(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<BTreeSet<ChangeId>> {
    let all = verdicts(db, ledger).await?;
    Ok(all.into_iter().filter(|(_, kind)| *kind == VerdictKind::Void).map(|(id, _)| id).collect())
}

fn kind_word(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Void => "void",
        VerdictKind::Review => "review",
    }
}
