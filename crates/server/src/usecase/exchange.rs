//! One turn of the exchange: take what the tablet brings, ledger by ledger in
//! one transaction each, judge it, and answer with what the tablet lacks of the
//! ledgers it may read. What to send and ask for is `ledger::exchange`'s.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{chain, fact, membership, quarantine, tablet};
use crate::usecase::judgement::Taken;
use crate::usecase::{adoption, append, clock, epoch, judgement, revocation, tree};
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::version::Version;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ledger::exchange::{
    PAGE_BYTES, PROTOCOL, Refused, Request, RequestHeader, Response, ResponseHeader, answer,
};
use ledger::incoming::{Page, Plan, Refusal, plan_incoming};
use ledger::receipt::{Receipt, SignedReceipt};
use ledger::{ChangeId, Hash, Register, VerdictKind};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::collections::{BTreeMap, BTreeSet};

/// A contact is noted again after this long.
const CONTACT_MS: i64 = 10_000;

/// The tablet that calls.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its replica.
    pub replica: ReplicaId,
    /// Whose it is.
    pub person: PersonId,
    /// Taken out of service: its work is still taken, it reads nothing.
    pub revoked: bool,
    /// When it was last heard of.
    pub last_contact_ms: Option<i64>,
    /// The version of its app.
    pub version: Version,
}

/// Chains for which a receipt is due.
pub(crate) type Due = BTreeSet<(LedgerId, ReplicaId)>;

/// Takes a turn.
pub async fn turn(app: &App, device: &Device, request: Request) -> Result<Response> {
    if request.header.protocol != PROTOCOL || request.header.replica != device.replica {
        return Err(Code::Malformed.into());
    }
    let mut by_ledger: BTreeMap<LedgerId, Vec<Page>> = BTreeMap::new();
    // Of a tablet that still relies on the receipts of another epoch only this
    // is answered: which one it is. It then offers everything, without gaps.
    let current = request.header.epoch == app.keys.epoch;
    for page in request.pages.into_iter().filter(|_| current) {
        by_ledger.entry(page.ledger).or_default().push(page);
    }
    let mut refused = Vec::new();
    let mut due = Due::new();
    let brings: BTreeSet<LedgerId> = by_ledger.keys().copied().collect();
    for (ledger, pages) in by_ledger {
        receive(app, device, ledger, pages, &mut refused, &mut due).await?;
    }
    if let Some(time) = request.header.time {
        clock::note(app, device, &brings, time).await?;
    }
    if !brings.is_empty() {
        app.events.poke();
    }
    note_contact(app, device).await?;
    tree::when_due(app).await;
    let mut response = reply(app, device, &request.header, refused, due).await?;
    response.header.wipe = revocation::order_for(app, device).await?;
    response.header.lease_days = app.lease_days;
    response.header.kept_days = app.kept_days;
    Ok(response)
}

async fn note_contact(app: &App, device: &Device) -> Result<()> {
    let now = app.now_ms();
    if device.last_contact_ms.is_none_or(|last| now - last > CONTACT_MS) {
        tablet::contact(&app.db, device.replica, now).await?;
    }
    Ok(())
}

/// Takes the pages of one ledger, judges the changes in them, and seals the
/// server's own chain behind it.
pub(crate) async fn receive(
    app: &App,
    device: &Device,
    ledger: LedgerId,
    pages: Vec<Page>,
    refused: &mut Vec<Refused>,
    due: &mut Due,
) -> Result<()> {
    let db = app.begin_write().await?;
    let mut row = membership::ledger_by_id(&db, ledger).await?;
    if row.is_none() && adoption::is_wanted(app, ledger) {
        match adoption::adopt(app, &db, device, ledger, &pages).await? {
            Ok(adopted) => row = Some(adopted),
            Err(why) => {
                refused.extend(pages.iter().map(|page| refusal(page, why.code())));
                return Ok(());
            }
        }
    }
    let took_part = membership::ever(&db, ledger, device.person).await?;
    let Some(row) = row.filter(|_| took_part) else {
        refused.extend(pages.iter().map(|page| refusal(page, "not_granted")));
        return Ok(());
    };
    // Set before anything is taken: no change may be its own permission.
    let scene = judgement::scene(app, &db, ledger, &row.package_sha256, &pages).await?;
    #[cfg(feature = "simulation")]
    let whole = judgement::whole_scene(app, &db, ledger, &row.package_sha256).await?;
    let mut taken = Vec::new();
    let mut touched = append::Touched::new();
    let mut heard_itself = false;
    for page in pages {
        let Some(certificate) = writer(app, &db, ledger, page.writer()).await? else {
            refused.push(refusal(&page, "unknown_replica"));
            continue;
        };
        // Brought by a member, but of somebody who never was one. Who was one
        // and left is still heard.
        if !took_part_in(&db, ledger, &certificate).await? {
            refused.push(refusal(&page, "not_granted"));
            continue;
        }
        heard_itself |= certificate.role == ReplicaRole::Server;
        let held = chain::held(&db, &page).await?;
        let plan = plan_incoming(&held, &page, &certificate.key);
        if let Some(why) = &plan.refusal {
            put_aside(app, &db, device, &page, why).await?;
            refused.push(refusal(&page, reason(why)));
        }
        due.insert((ledger, plan.chain));
        touched.append(&mut fork(&db, ledger, certificate.role, &plan).await?);
        let Plan { chain, appends, seals, .. } = plan;
        touched.append(
            &mut append::take(app, &db, ledger, (chain, certificate.role), &appends, &seals)
                .await?,
        );
        if certificate.role == ReplicaRole::Server {
            // What the office said is not judged.
            continue;
        }
        let of_page = appends.into_iter().map(|append| {
            let certificate = certificate.clone();
            Taken { certificate, append }
        });
        taken.extend(of_page);
    }
    let verdicts = judgement::judge_all(ledger, scene, &taken);
    #[cfg(feature = "simulation")]
    assert_eq!(
        verdicts,
        judgement::judge_all(ledger, whole, &taken),
        "judged by what a page speaks of and by everything"
    );
    if !verdicts.is_empty() {
        tracing::info!(%ledger, count = verdicts.len(), "changes were judged");
    }
    let writes = judgement::writes(app, &verdicts)?;
    let author = judgement::office(app.keys.replica);
    touched.append(&mut append::write_own(app, &db, ledger, author, "change.judge", writes).await?);
    let heard: Vec<Register> = match heard_itself {
        true => touched.registers().cloned().collect(),
        false => Vec::new(),
    };
    append::settle(&db, ledger, touched).await?;
    epoch::heed(app, &db, ledger, &heard).await?;
    db.commit().await?;
    Ok(())
}

/// Keeps both histories of a replica that forked.
async fn fork(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    role: ReplicaRole,
    plan: &Plan,
) -> Result<append::Touched> {
    let mut touched = append::Touched::new();
    if let Some(split) = &plan.split {
        touched = append::split(db, ledger, role, split).await?;
    }
    if let Some(branch) = &plan.branch {
        tracing::warn!(%ledger, branch = %branch.label(), "a replica forked; both histories are kept");
        chain::open_branch(db, ledger, branch).await?;
    }
    Ok(touched)
}

/// The certificate of a replica whose chains are taken: a tablet that is
/// registered here or that this server once introduced in the ledger, or this
/// server in an earlier epoch. Its own chain of this one comes from nobody else.
async fn writer(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
) -> Result<Option<Certificate>> {
    if let Some(former) = app.keys.former(replica)? {
        return Ok(Some(former));
    }
    if replica == app.keys.replica {
        return Ok(None);
    }
    if let Some(tablet) = tablet::by_replica(db, replica).await? {
        let certificate = tablet.certificate()?.verify(&app.keys.office.public());
        let broken = |_| ServerError::Broken("a stored certificate does not hold");
        return Ok(Some(certificate.map_err(broken)?));
    }
    let register = Register::new(kind::REPLICA, RecordId(replica.0), field::CERTIFICATE);
    let introduced = fact::of_register(db, ledger, &register).await?;
    Ok(introduced.iter().find_map(|fact| {
        let signed: SignedCertificate = serde_json::from_value(fact.val.clone()).ok()?;
        let certificate = signed.verify(&app.keys.office.public()).ok()?;
        (certificate.replica == replica).then_some(certificate)
    }))
}

fn refusal(page: &Page, reason: &str) -> Refused {
    Refused { ledger: page.ledger, replica: page.replica, reason: reason.to_owned() }
}

fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Gap { .. } => "gap",
        Refusal::Seal(_) => "seal",
        Refusal::Unsealed(_) => "unsealed",
    }
}

async fn took_part_in(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    certificate: &Certificate,
) -> Result<bool> {
    match certificate.person {
        Some(person) => membership::ever(db, ledger, person).await,
        None => Ok(certificate.role == ReplicaRole::Server),
    }
}

/// Keeps what may have been forged, with its seals, as a request that brings
/// this one page: who looks into it can verify it again.
async fn put_aside(
    app: &App,
    db: &impl ConnectionTrait,
    device: &Device,
    page: &Page,
    why: &Refusal,
) -> Result<()> {
    if !matches!(why, Refusal::Seal(_)) {
        return Ok(());
    }
    tracing::warn!(
        ledger = %page.ledger, replica = %page.replica, delivered_by = %device.replica,
        reason = reason(why), "a page was quarantined"
    );
    let header = RequestHeader {
        protocol: PROTOCOL,
        epoch: app.keys.epoch,
        replica: device.replica,
        // Nothing is asked; the same page must make the same bytes.
        digest: Hash::of(b""),
        time: None,
        ask: BTreeMap::new(),
    };
    let request = Request { header, pages: vec![page.clone()] };
    let bytes = request.encode().map_err(|_| ServerError::Broken("a page cannot be written"))?;
    let delivered_by = device.replica;
    let aside = quarantine::PutAside { page, delivered_by, reason: reason(why), bytes };
    if !quarantine::put(db, aside, app.now_ms()).await? {
        tracing::warn!(%delivered_by, "no room to put aside more of this tablet, page dropped");
    }
    Ok(())
}

/// Answers from one snapshot, after everything was committed.
async fn reply(
    app: &App,
    device: &Device,
    header: &RequestHeader,
    refused: Vec<Refused>,
    mut due: Due,
) -> Result<Response> {
    let db = app.db.begin().await?;
    let granted = if device.revoked {
        BTreeSet::new()
    } else {
        membership::granted(&db, device.person).await?
    };
    let granted = chain::holdings(&db, granted).await?;
    let mut unknown = BTreeSet::new();
    for ledger in header.ask.keys().filter(|ledger| adoption::is_wanted(app, **ledger)) {
        if membership::ledger_by_id(&db, *ledger).await?.is_none() {
            unknown.insert(*ledger);
        }
    }
    let answer = answer(header, &granted, &unknown, app.keys.replica);
    for ledger in header.ask.keys() {
        if granted.0.contains_key(ledger) {
            let own = chain::chains_of(&db, *ledger, device.replica).await?;
            due.extend(own.into_iter().map(|chain| (*ledger, chain)));
        }
    }
    let mut budget = chain::Budget::new(PAGE_BYTES);
    let mut pages = Vec::new();
    let mut more = false;
    for span in &answer.spans {
        let (page, whole) = chain::page(&db, span, &mut budget).await?;
        if !page.changes.is_empty() {
            pages.push(page);
        }
        if !whole {
            more = true;
            break;
        }
    }
    let receipts = receipts(app, &db, &due).await?;
    db.rollback().await?;
    let header = ResponseHeader {
        protocol: PROTOCOL,
        epoch: app.keys.epoch,
        time: app.now(),
        server: (header.epoch != app.keys.epoch).then(|| app.keys.certificate.clone()),
        digest: granted.digest(),
        ledgers: answer.ledgers,
        left: answer.left,
        wants: answer.wants,
        refused,
        receipts,
        more,
        wipe: None,
        lease_days: None,
        kept_days: None,
        version_min: app.min_app_version.filter(|oldest| device.version < *oldest),
    };
    Ok(Response { header, pages })
}

/// Receipts of this moment for some chains, in their order; none for an empty one.
pub async fn receipts(
    app: &App,
    db: &impl ConnectionTrait,
    due: &Due,
) -> Result<Vec<SignedReceipt>> {
    let mut receipts = Vec::with_capacity(due.len());
    for (ledger, replica) in due {
        let head = chain::head(db, *ledger, *replica).await?;
        if head.pos == 0 {
            continue;
        }
        let verdicts = fact::verdicts(db, *ledger).await?;
        let of_kind = |kind: VerdictKind| {
            let ids = verdicts.iter().filter(move |(_, known)| **known == kind);
            ids.map(|(id, _)| *id).collect::<BTreeSet<ChangeId>>()
        };
        let voided = of_kind(VerdictKind::Void);
        let review = of_kind(VerdictKind::Review);
        let receipt = Receipt {
            ledger: *ledger,
            replica: *replica,
            upto: head.pos,
            hash: head.hash,
            voided: chain::positions(db, *ledger, *replica, &voided).await?,
            review: chain::positions(db, *ledger, *replica, &review).await?,
            at: app.now(),
            by: app.keys.replica,
        };
        receipts.push(SignedReceipt::sign(&app.keys.server, &receipt)?);
    }
    Ok(receipts)
}
