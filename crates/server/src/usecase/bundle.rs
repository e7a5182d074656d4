//! A task as a bundle that anyone can check without our software: its chains
//! byte for byte, every seal, certificate and receipt, proofs that each
//! acceptance is under a daily tree head, and the files they speak of.
//!
//! Deliberately plain: a folder or an uncompressed archive; `bundle.json` says
//! what is where and `bundle.sig` is the server's signature over
//! `"lianjian-bundle-v1" ‖ bundle.json`; a chain's file is its changes, one
//! after the other. `docs/verify.py` is the reader, and the test of this.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{acceptance, blob, chain, membership, register, tablet};
use crate::usecase::blob::{Access, for_ledger};
use crate::usecase::{exchange, tree};
use chrono::NaiveDate;
use domain::document::Manifest;
use domain::id::{DepartmentId, LedgerId, RecordId, ReplicaId, TaskId};
use domain::record::{field, kind};
use domain::time::Wall;
use ledger::certificate::SignedCertificate;
use ledger::holdings::Span;
use ledger::incoming::Page;
use ledger::receipt::SignedReceipt;
use ledger::seal::{PublicKey, Signature};
use ledger::tree::{Acceptance, Inclusion, SignedTreeHead, Tree};
use ledger::{ChainHead, Hash, Register, Resolved};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Separates these signatures from all others.
const BUNDLE_TAG: &[u8] = b"lianjian-bundle-v1";

/// What goes into a bundle beside the joint ledger.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// The departments' internal ledgers too.
    pub internal: bool,
    /// The bytes of photos and other files, as far as they are here. Documents
    /// always come along.
    pub files: bool,
}

/// Where a bundle is written to.
pub trait Sink {
    /// Writes one member; called once for each name.
    ///
    /// # Errors
    /// When it cannot be written.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()>;
}

/// `bundle.json`.
#[derive(Serialize)]
struct Index {
    format: &'static str,
    task: TaskId,
    made_at: Wall,
    software: &'static str,
    /// The server's replica, which signs this.
    by: ReplicaId,
    /// To be compared with the key one knows; worth nothing by itself.
    office_key: PublicKey,
    certificates: Vec<SignedCertificate>,
    chains: Vec<ChainPart>,
    tree_heads: Vec<SignedTreeHead>,
    files: Vec<FilePart>,
    documents: Vec<DocumentPart>,
}

#[derive(Serialize)]
struct ChainPart {
    ledger: LedgerId,
    /// Whose internal ledger; the joint one has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<DepartmentId>,
    replica: ReplicaId,
    /// Who wrote it, where it is a branch of a replica that forked.
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<ReplicaId>,
    /// What a branch continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<BasePart>,
    /// The changes' bytes, one after the other.
    file: String,
    /// How many bytes each change has, from the first position on.
    lengths: Vec<usize>,
    /// The chain hash of each.
    #[serde(skip)]
    hashes: Vec<Hash>,
    seals: Vec<SealPart>,
    receipt: SignedReceipt,
    acceptances: Vec<AcceptancePart>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct BasePart {
    pos: u64,
    hash: Hash,
}

impl ChainPart {
    fn writer(&self) -> ReplicaId {
        self.writer.unwrap_or(self.replica)
    }

    fn after(&self) -> u64 {
        self.base.map_or(0, |base| base.pos)
    }

    /// The chain hash at a position of this chain.
    fn hash_at(&self, pos: u64) -> Option<Hash> {
        let place = usize::try_from(pos.checked_sub(self.after() + 1)?).ok()?;
        self.hashes.get(place).copied()
    }

    fn goes_on_in(&self, branch: &Self) -> bool {
        let same = (self.ledger, self.writer()) == (branch.ledger, branch.writer());
        same && branch.base.is_some_and(|base| self.hash_at(base.pos) == Some(base.hash))
    }
}

#[derive(Serialize)]
struct SealPart {
    pos: u64,
    hash: Hash,
    /// None at the end of a chain that was cut: the seal over it is a branch's.
    signature: Option<Signature>,
}

#[derive(Clone, Serialize)]
struct AcceptancePart {
    #[serde(skip)]
    accepted: Acceptance,
    leaf: String,
    /// Which of the heads, from 0.
    head: usize,
    #[serde(flatten)]
    inclusion: Inclusion,
}

#[derive(Serialize)]
struct FilePart {
    sha256: String,
    /// None when its bytes have not come to this server.
    bytes: Option<u64>,
    /// Where it is in the bundle, if it is.
    file: Option<String>,
}

#[derive(Serialize)]
struct DocumentPart {
    ledger: LedgerId,
    rec: RecordId,
    manifest: Manifest,
}

/// Writes the bundle of a task.
///
/// # Errors
/// [`Code::NotFound`], [`Code::StillADraft`], or when something cannot be read
/// or written.
pub async fn write(
    app: &App,
    task: TaskId,
    extent: Extent,
    sink: &mut (dyn Sink + Send),
) -> Result<()> {
    // Heads that are due are part of the proof.
    tree::make(app, app.shanghai_today()).await?;
    let db = app.db.begin().await?;
    let ledgers = ledgers(&db, task, extent).await?;
    let mut index = Index {
        format: "lianjian-bundle-v1",
        task,
        made_at: app.now(),
        software: env!("CARGO_PKG_VERSION"),
        by: app.keys.replica,
        office_key: app.keys.office.public(),
        certificates: Vec::new(),
        chains: Vec::new(),
        tree_heads: Vec::new(),
        files: Vec::new(),
        documents: Vec::new(),
    };
    let mut certificates = Certificates::default();
    certificates.add(app.keys.certificate.clone());
    for former in &app.keys.former {
        certificates.add(former.clone());
    }
    for ledger in &ledgers {
        let registers = register::all(&db, LedgerId(ledger.id)).await?;
        index.chains.extend(chains(app, &db, ledger, sink).await?);
        for part in index.chains.iter().filter(|part| part.ledger.0 == ledger.id) {
            certificates.find(&db, part.writer(), &registers).await?;
        }
        index.documents.extend(documents(LedgerId(ledger.id), &registers));
    }
    let ids: Vec<LedgerId> = ledgers.iter().map(|row| LedgerId(row.id)).collect();
    prove(app, &db, &mut index, &mut certificates).await?;
    let files = referred(&db, &ids).await?;
    db.rollback().await?;
    index.files = put_files(app, files, &index.documents, extent, sink).await?;
    index.certificates = certificates.0.into_values().collect();

    let json = serde_json::to_vec_pretty(&index)?;
    let signature = app.keys.server.sign(&[BUNDLE_TAG, json.as_slice()].concat());
    sink.put("bundle.json", &json)?;
    sink.put("bundle.sig", &signature.0)
}

async fn ledgers(
    db: &impl ConnectionTrait,
    task: TaskId,
    extent: Extent,
) -> Result<Vec<membership::ledger::Model>> {
    let mut all = membership::of_task(db, task).await?;
    if all.is_empty() {
        let known = crate::store::task::by_id(db, task).await?.is_some();
        return Err(if known { Code::StillADraft } else { Code::NotFound }.into());
    }
    all.retain(|ledger| extent.internal || ledger.department.is_none());
    Ok(all)
}

/// The chains of one ledger, written down, with receipts of this moment.
async fn chains(
    app: &App,
    db: &DatabaseTransaction,
    row: &membership::ledger::Model,
    sink: &mut (dyn Sink + Send),
) -> Result<Vec<ChainPart>> {
    let ledger = LedgerId(row.id);
    let held = chain::holdings(db, [ledger]).await?.0.remove(&ledger).unwrap_or_default();
    let due: BTreeSet<_> = held.keys().map(|replica| (ledger, *replica)).collect();
    let receipts = exchange::receipts(app, db, &due).await?;
    let mut parts = Vec::with_capacity(held.len());
    for ((replica, held), receipt) in held.into_iter().zip(receipts) {
        let span = Span { ledger, replica, after: 0, at: None, upto: held.0 };
        let (mut page, _) = chain::page(db, &span, &mut chain::Budget::new(usize::MAX)).await?;
        let rest = chain::unsealed(db, &page, held.0).await?;
        page.seals.retain(|seal| seal.pos <= held.0);
        let changes = usize::try_from(held.0 - page.after).unwrap_or(usize::MAX);
        page.changes.truncate(changes);
        page.changes.extend(rest);
        let file = format!("chains/{ledger}/{replica}");
        sink.put(&file, &page.changes.concat())?;
        let base = chain::base_of(db, ledger, replica).await?;
        let hashes = hashes(&base, &page);
        parts.push(ChainPart {
            ledger,
            department: row.department.map(DepartmentId),
            replica,
            writer: page.of,
            base: page.of.map(|_| BasePart { pos: base.pos, hash: base.hash }),
            file,
            lengths: page.changes.iter().map(Vec::len).collect(),
            seals: seals(&page, &hashes),
            hashes,
            receipt,
            acceptances: Vec::new(),
        });
    }
    Ok(parts)
}

/// The chain hash at each position.
fn hashes(base: &ChainHead, page: &Page) -> Vec<Hash> {
    let mut head = *base;
    let next = page.changes.iter().map(|bytes| {
        head = head.next(bytes);
        head.hash
    });
    next.collect()
}

/// The seals with the hashes they were put on.
fn seals(page: &Page, hashes: &[Hash]) -> Vec<SealPart> {
    let at = |seal: &ledger::seal::Seal| {
        let place = usize::try_from(seal.pos.checked_sub(page.after + 1)?).ok()?;
        let hash = *hashes.get(place)?;
        Some(SealPart { pos: seal.pos, hash, signature: Some(seal.signature) })
    };
    let mut parts: Vec<SealPart> = page.seals.iter().filter_map(at).collect();
    let end = page.after + hashes.len() as u64;
    if parts.last().is_none_or(|last| last.pos < end)
        && let Some(hash) = hashes.last()
    {
        parts.push(SealPart { pos: end, hash: *hash, signature: None });
    }
    parts
}

/// Certificates by their text, each once.
#[derive(Default)]
struct Certificates(BTreeMap<String, SignedCertificate>);

impl Certificates {
    fn add(&mut self, certificate: SignedCertificate) {
        self.0.insert(certificate.text.clone(), certificate);
    }

    /// That of a replica: from the register of tablets, or as the ledger
    /// introduces it.
    async fn find(
        &mut self,
        db: &impl ConnectionTrait,
        replica: ReplicaId,
        registers: &BTreeMap<Register, Resolved>,
    ) -> Result<()> {
        if let Some(tablet) = tablet::by_replica(db, replica).await? {
            self.add(tablet.certificate()?);
        }
        let register = Register::new(kind::REPLICA, RecordId(replica.0), field::CERTIFICATE);
        let shown = registers.get(&register).and_then(|resolved| resolved.shown.clone());
        if let Some(introduced) = shown.and_then(|value| serde_json::from_value(value).ok()) {
            self.add(introduced);
        }
        Ok(())
    }
}

fn documents(ledger: LedgerId, registers: &BTreeMap<Register, Resolved>) -> Vec<DocumentPart> {
    let manifests = registers.iter().filter(|(r, _)| r.is(kind::DOCUMENT, field::MANIFEST));
    let read = manifests.filter_map(|(register, resolved)| {
        let manifest = serde_json::from_value(resolved.shown.clone()?).ok()?;
        Some(DocumentPart { ledger, rec: register.rec, manifest })
    });
    read.collect()
}

/// Every acceptance of the ledgers with its way to a head, and the heads from
/// the first that is needed to the newest.
async fn prove(
    app: &App,
    db: &DatabaseTransaction,
    index: &mut Index,
    certificates: &mut Certificates,
) -> Result<()> {
    let mut rows = Vec::new();
    for ledger in index.chains.iter().map(|part| part.ledger).collect::<BTreeSet<_>>() {
        rows.extend(acceptance::of_ledger(db, ledger).await?);
    }
    let first = rows.iter().filter_map(|row| row.day.as_deref()?.parse::<NaiveDate>().ok()).min();
    let mut of_day = BTreeMap::new();
    if let Some(first) = first {
        for stored in acceptance::heads(db, first, u64::MAX >> 1).await? {
            of_day.insert(Some(stored.day.to_string()), index.tree_heads.len());
            index.tree_heads.push(stored.head);
            certificates.add(stored.certificate);
        }
    }
    // The running day has no head for good yet; one that says so stands in.
    of_day.insert(None, index.tree_heads.len());
    let open = Tree::new(acceptance::leaves(db, None).await?);
    let previous = acceptance::last_head(db).await?.map(|last| last.head);
    index.tree_heads.push(tree::sign(app, app.shanghai_today(), &open, previous.as_ref(), true)?);

    let mut by_day: BTreeMap<Option<String>, Vec<acceptance::Model>> = BTreeMap::new();
    for row in rows {
        by_day.entry(row.day.clone()).or_default().push(row);
    }
    let mut proved = Vec::new();
    for (day, rows) in by_day {
        let head = *of_day.get(&day).ok_or(ServerError::Broken("an acceptance without head"))?;
        let date = day.and_then(|day| day.parse().ok());
        let places = acceptance::places(db, date).await?;
        let place: BTreeMap<_, usize> =
            places.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
        let tree = Tree::new(places.into_iter().map(|(_, hash)| hash).collect());
        for row in rows {
            let inclusion = place.get(&row.id).and_then(|at| tree.inclusion(*at));
            let inclusion = inclusion.ok_or(ServerError::Broken("an acceptance without place"))?;
            let accepted: Acceptance = serde_json::from_str(&row.leaf)?;
            proved.push(AcceptancePart { accepted, leaf: row.leaf, head, inclusion });
        }
    }
    proved.sort_by_key(|one| one.accepted.from);
    for one in proved {
        allot(&mut index.chains, &one);
    }
    Ok(())
}

/// Gives an acceptance to the chain on which it ends and, where that was cut
/// from others since, to those it covers too.
fn allot(chains: &mut [ChainPart], one: &AcceptancePart) {
    let Acceptance { ledger, from, upto, hash, .. } = one.accepted;
    let ends_here = |part: &ChainPart| part.ledger == ledger && part.hash_at(upto) == Some(hash);
    let mut at = chains.iter().position(ends_here);
    while let Some(place) = at {
        chains[place].acceptances.push(one.clone());
        let branch = &chains[place];
        // Every step goes to lower positions.
        let goes_back = from <= branch.after();
        at = chains.iter().position(|part| goes_back && part.goes_on_in(branch));
    }
}

/// The files that the ledgers refer to, each with one ledger that does.
async fn referred(
    db: &impl ConnectionTrait,
    ledgers: &[LedgerId],
) -> Result<BTreeMap<Hash, LedgerId>> {
    let mut files = BTreeMap::new();
    for ledger in ledgers {
        for sha256 in blob::of_ledger(db, *ledger).await? {
            if let Ok(hash) = sha256.parse() {
                files.insert(hash, *ledger);
            }
        }
    }
    Ok(files)
}

/// Names every file; puts those in that are wanted and here.
async fn put_files(
    app: &App,
    files: BTreeMap<Hash, LedgerId>,
    documents: &[DocumentPart],
    extent: Extent,
    sink: &mut (dyn Sink + Send),
) -> Result<Vec<FilePart>> {
    let pdfs: BTreeSet<&str> =
        documents.iter().map(|document| document.manifest.pdf_sha256.as_str()).collect();
    let mut parts = Vec::with_capacity(files.len());
    for (hash, ledger) in files {
        let sha256 = hash.to_string();
        // A reference alone gives nothing: somebody must have brought the bytes.
        let readable = for_ledger(app, ledger, &hash).await? == Access::Readable;
        let bytes = if readable { app.files.length(&hash).await? } else { None };
        let wanted = extent.files || pdfs.contains(sha256.as_str());
        let mut file = None;
        if bytes.is_some() && wanted {
            let content = app.files.read(&hash).await?.ok_or(Code::FileNotHereYet)?;
            let name = format!("files/{sha256}");
            sink.put(&name, &content)?;
            file = Some(name);
        }
        parts.push(FilePart { sha256, bytes, file });
    }
    Ok(parts)
}
