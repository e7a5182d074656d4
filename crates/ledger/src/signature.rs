//! Signatures. Who signs a document signs its manifest: each register that the
//! document states, the statements that stood there, the hash of the value, and
//! how far each chain was held. The manifest stands once, in the document's own
//! record; a signature names that very write and its hash.
//!
//! What is in a signed manifest is never voided, only reviewed; its effect ends
//! by a later document (电子签名法 13: later alteration must be discoverable).

use crate::change::read_write_id;
use crate::fact::Fact;
use crate::holdings::LedgerHoldings;
use crate::id::{ChangeId, Hash, Register, WriteId};
use crate::policy::{Head, Resolved};
use crate::statement::{read_write_ids, write_ids};
use crate::strict;
use domain::document::{Manifest, Reference};
use domain::id::RecordId;
use domain::record::{field, kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One register as a document states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The register.
    pub register: Register,
    /// The statements that stood there.
    pub heads: Vec<WriteId>,
    /// Hash of the value shown; none when nothing was.
    pub value: Option<Hash>,
}

/// What a document states: the members `entries` and `chains` of its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statements {
    /// The registers, ascending.
    pub entries: Vec<Entry>,
    /// How far each chain of the ledger was held.
    pub chains: LedgerHoldings,
}

/// The hash of a value in a manifest: over its canonical JSON.
#[must_use]
pub fn value_hash(value: &Value) -> Hash {
    let mut text = String::new();
    strict::write(value, &mut text);
    Hash::of(text.as_bytes())
}

/// Whether documents state the register.
#[must_use]
pub fn is_stated(register: &Register) -> bool {
    match register.kind.as_str() {
        kind::ITEM | kind::FINDING | kind::EVIDENCE | kind::ENTERPRISE | kind::LINK => true,
        kind::TASK => register.field == field::HEADER,
        kind::PARTY | kind::MEMBER => true,
        _ => false,
    }
}

impl Statements {
    /// What a document made of this state states.
    #[must_use]
    pub fn of(registers: &BTreeMap<Register, Resolved>, chains: LedgerHoldings) -> Self {
        let stated =
            registers.iter().filter(|(register, r)| is_stated(register) && !r.heads.is_empty());
        let entry = |(register, resolved): (&Register, &Resolved)| Entry {
            register: register.clone(),
            heads: resolved.heads.iter().map(|head| head.id).collect(),
            value: resolved.shown.as_ref().map(value_hash),
        };
        Self { entries: stated.map(entry).collect(), chains }
    }

    /// Puts itself among a manifest's members.
    pub fn add_to(&self, members: &mut Map<String, Value>) {
        let entries: Vec<Value> = self
            .entries
            .iter()
            .map(|e| {
                json!({"kind": e.register.kind, "rec": e.register.rec, "field": e.register.field,
                       "heads": write_ids(&e.heads), "value": e.value})
            })
            .collect();
        members.insert("entries".into(), entries.into());
        members.insert("chains".into(), json!(self.chains));
    }

    /// Reads itself out of a manifest; empty when there is nothing to read.
    #[must_use]
    pub fn from_value(manifest: &Value) -> Self {
        let entries = manifest.get("entries").and_then(Value::as_array);
        let chains = manifest.get("chains").cloned().unwrap_or_default();
        Self {
            entries: entries.into_iter().flatten().filter_map(read_entry).collect(),
            chains: serde_json::from_value(chains).unwrap_or_default(),
        }
    }

    /// The changes that it relies on.
    pub fn changes(&self) -> impl Iterator<Item = ChangeId> + '_ {
        self.entries.iter().flat_map(|entry| entry.heads.iter().map(|id| id.change))
    }

    /// The registers of which two documents say different things.
    #[must_use]
    pub fn contradictions(&self, other: &Self) -> Vec<Register> {
        let theirs: BTreeMap<&Register, &Option<Hash>> =
            other.entries.iter().map(|e| (&e.register, &e.value)).collect();
        let differs = |e: &&Entry| theirs.get(&e.register).is_some_and(|value| **value != e.value);
        self.entries.iter().filter(differs).map(|e| e.register.clone()).collect()
    }

    /// The registers as this document states them, whatever arrived since: from
    /// everything stated on them.
    #[must_use]
    pub fn registers<'a>(
        &self,
        facts: impl IntoIterator<Item = &'a Fact>,
    ) -> BTreeMap<Register, Resolved> {
        let mut by_id: BTreeMap<(&Register, WriteId), &Fact> = BTreeMap::new();
        for fact in facts {
            by_id.insert((&fact.register, fact.id), fact);
        }
        let state = |entry: &Entry| {
            let facts = entry.heads.iter().filter_map(|id| by_id.get(&(&entry.register, *id)));
            let heads: Vec<Head> = facts.map(|fact| Head::of(fact)).collect();
            let is_value = |head: &&Head| Some(value_hash(&head.val)) == entry.value;
            let shown = heads.iter().find(is_value).map(|head| head.val.clone());
            let mut said = heads.iter().filter(|h| !h.val.is_null()).map(|h| &h.val);
            let contested = said.next().is_some_and(|first| said.any(|other| other != first));
            (entry.register.clone(), Resolved { shown, heads, contested })
        };
        self.entries.iter().map(state).collect()
    }
}

fn read_entry(value: &Value) -> Option<Entry> {
    Some(Entry {
        register: Register {
            kind: value.get("kind")?.as_str()?.to_owned(),
            rec: serde_json::from_value(value.get("rec")?.clone()).ok()?,
            field: value.get("field")?.as_str()?.to_owned(),
        },
        heads: read_write_ids(value.get("heads")?)?,
        value: serde_json::from_value(value.get("value")?.clone()).ok()?,
    })
}

/// In what capacity somebody signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum SignerRole {
    /// 执法人员.
    Inspector,
    /// 被检查单位现场负责人.
    SiteManager,
    /// 见证人.
    Witness,
    /// 拒绝签字: the refusal, stated by the inspectors.
    Refusal,
}

/// The value of a `signature` record's field `content`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The document's record.
    pub document: RecordId,
    /// The write that holds the manifest.
    pub manifest: WriteId,
    /// Hash of that manifest.
    pub manifest_hash: Hash,
    /// In what capacity.
    pub role: SignerRole,
    /// Who, as printed.
    pub name: String,
    /// SHA-256 of the handwriting's picture, lower-case hex.
    pub image: Option<String>,
    /// What was said where somebody refused; empty otherwise.
    pub note: String,
}

impl Signature {
    /// The wire form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({"document": self.document,
               "manifest": [self.manifest.change.to_string(), self.manifest.index],
               "manifest_hash": self.manifest_hash, "role": self.role, "name": self.name,
               "image": self.image, "note": self.note})
    }

    /// Reads the wire form; none when it does not have it.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        Some(Self {
            document: serde_json::from_value(value.get("document")?.clone()).ok()?,
            manifest: read_write_id(value.get("manifest")?).ok()?,
            manifest_hash: serde_json::from_value(value.get("manifest_hash")?.clone()).ok()?,
            role: serde_json::from_value(value.get("role")?.clone()).ok()?,
            name: value.get("name")?.as_str()?.to_owned(),
            image: serde_json::from_value(value.get("image")?.clone()).ok()?,
            note: value.get("note")?.as_str()?.to_owned(),
        })
    }
}

/// A document that somebody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDocument {
    /// Its record.
    pub document: RecordId,
    /// The write that holds its manifest.
    pub manifest: WriteId,
    /// SHA-256 of its PDF, lower-case hex.
    pub pdf_sha256: String,
    /// What it states.
    pub statements: Statements,
    /// Earlier documents that it adds to or ends.
    pub follows: Vec<Reference>,
    /// Whether it ends them.
    pub replaces: Vec<Reference>,
    /// Who signed, in the order of the writes' ids.
    pub signatures: Vec<(WriteId, Signature)>,
}

/// The documents that were signed. `facts` are at least the statements on
/// [`kind::DOCUMENT`]'s manifests and [`kind::SIGNATURE`]s; a signature that was
/// voided, or that is over another manifest than it names, signs nothing.
#[must_use]
pub fn signed_documents(facts: &[Fact], voided: &BTreeSet<ChangeId>) -> Vec<SignedDocument> {
    let manifests: BTreeMap<WriteId, &Fact> = facts
        .iter()
        .filter(|f| f.register.is(kind::DOCUMENT, field::MANIFEST))
        .map(|f| (f.id, f))
        .collect();
    let mut signed: BTreeMap<WriteId, SignedDocument> = BTreeMap::new();
    let contents = facts.iter().filter(|f| f.register.is(kind::SIGNATURE, field::CONTENT));
    for fact in contents.filter(|f| !voided.contains(&f.id.change)) {
        let Some(signature) = Signature::from_value(&fact.val) else { continue };
        let Some(manifest) = manifests.get(&signature.manifest) else { continue };
        let Ok(read) = serde_json::from_value::<Manifest>(manifest.val.clone()) else { continue };
        let fits = manifest.register.rec == signature.document
            && value_hash(&manifest.val) == signature.manifest_hash;
        if !fits {
            continue;
        }
        let document = signed.entry(manifest.id).or_insert_with(|| SignedDocument {
            document: signature.document,
            manifest: manifest.id,
            pdf_sha256: read.pdf_sha256,
            statements: Statements::from_value(&manifest.val),
            follows: read.supplements.into_iter().chain(read.replaces.clone()).collect(),
            replaces: read.replaces,
            signatures: Vec::new(),
        });
        document.signatures.push((fact.id, signature));
    }
    let mut documents: Vec<SignedDocument> = signed.into_values().collect();
    documents.iter_mut().for_each(|d| d.signatures.sort_by_key(|(id, _)| *id));
    documents
}

/// The changes that no void takes out of force: what signed documents rely on,
/// with manifests and signatures themselves.
#[must_use]
pub fn signed_changes(documents: &[SignedDocument]) -> BTreeSet<ChangeId> {
    let mut changes = BTreeSet::new();
    for document in documents {
        changes.extend(document.statements.changes());
        changes.insert(document.manifest.change);
        changes.extend(document.signatures.iter().map(|(id, _)| id.change));
    }
    changes
}

/// Pairs of signed documents that say different things, and neither of which
/// follows the other, nor was either ended by a third: both are shown, contested.
#[must_use]
pub fn contested_documents(documents: &[SignedDocument]) -> BTreeSet<(WriteId, WriteId)> {
    let ended: BTreeSet<(RecordId, &str)> = documents
        .iter()
        .flat_map(|d| d.replaces.iter().map(|r| (r.document, r.pdf_sha256.as_str())))
        .collect();
    let stands = |d: &&SignedDocument| !ended.contains(&(d.document, d.pdf_sha256.as_str()));
    let standing: Vec<&SignedDocument> = documents.iter().filter(stands).collect();
    let follows = |a: &SignedDocument, b: &SignedDocument| {
        a.follows.iter().any(|r| r.document == b.document && r.pdf_sha256 == b.pdf_sha256)
    };
    let mut pairs = BTreeSet::new();
    for (i, a) in standing.iter().enumerate() {
        for b in &standing[i + 1..] {
            let apart = !follows(a, b) && !follows(b, a);
            if apart && !a.statements.contradictions(&b.statements).is_empty() {
                pairs.insert((a.manifest.min(b.manifest), a.manifest.max(b.manifest)));
            }
        }
    }
    pairs
}
