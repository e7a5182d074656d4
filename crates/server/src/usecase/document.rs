//! The statutory record of a task as this server holds it. The form is filled
//! by `documents::fill`, in the same way as on a tablet.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{chain, membership};
use crate::usecase::board;
use documents::fill::{Making, site_record};
use documents::{DocumentError, Fonts, site_record_pdf};
use domain::id::{LedgerId, ReplicaId, TaskId};
use domain::record::{field, kind};
use ledger::board::Board;
use ledger::certificate::{Certificate, SignedCertificate};
use ledger::fold::state_digest;
use ledger::holdings::{Held, LedgerHoldings, ledger_digest};
use ledger::policy::Resolved;
use ledger::{Hash, Register};
use sea_orm::TransactionTrait;
use std::collections::BTreeMap;

/// The 现场检查记录 of a task, as PDF.
pub async fn site_record_of(app: &App, task: TaskId) -> Result<Vec<u8>> {
    let db = app.db.begin().await?;
    let joint = membership::joint_of_task(&db, task).await?;
    let Some(joint) = joint else {
        let known = crate::store::task::by_id(&db, task).await?.is_some();
        return Err(if known { Code::StillADraft } else { Code::NotFound }.into());
    };
    let ledger = LedgerId(joint.id);
    let loaded = board::load(app, &db, &joint).await?;
    let held = chain::holdings(&db, [ledger]).await?.0.remove(&ledger).unwrap_or_default();
    db.rollback().await?;
    let board = loaded.board()?;
    let thumbnails = thumbnails(app, &board).await?;
    let fonts = app.fonts().await?;
    let made_at = app.now();
    // Typesetting keeps a processor busy; requests are answered elsewhere meanwhile.
    let made = tokio::task::spawn_blocking(move || {
        let making = Making {
            doc_no: board.number.clone(),
            made_at,
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            state: state_digest(&loaded.registers).to_string(),
            holdings: ledger_digest(&held).to_string(),
            chains: chains(&held, &loaded.registers),
            thumbnail: &|sha256| thumbnails.get(sha256).cloned(),
        };
        typeset(&fonts, &board, &loaded, &making)
    });
    let made = made.await.map_err(|_| ServerError::Broken("typesetting was cut off"))?;
    made.map_err(|error| ServerError::Document(error.to_string()))
}

fn typeset(
    fonts: &Fonts,
    board: &Board,
    loaded: &board::Loaded,
    making: &Making<'_>,
) -> std::result::Result<Vec<u8>, DocumentError> {
    site_record_pdf(fonts, &site_record(board, Some(&loaded.package), making))
}

/// The small pictures of the findings, as far as they have come.
async fn thumbnails(app: &App, board: &Board) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut thumbnails = BTreeMap::new();
    let evidence = board.findings.iter().flat_map(|finding| &finding.evidence);
    for name in evidence.filter_map(|evidence| evidence.thumbnail.as_ref()) {
        let Ok(hash) = name.parse::<Hash>() else { continue };
        if let Some(bytes) = app.files.read(&hash).await? {
            thumbnails.insert(name.clone(), bytes.to_vec());
        }
    }
    Ok(thumbnails)
}

/// What people call each replica, and how far its chain goes.
fn chains(held: &LedgerHoldings, registers: &BTreeMap<Register, Resolved>) -> Vec<(String, u64)> {
    let name = |replica: &ReplicaId| {
        let rec = domain::id::RecordId(replica.0);
        let register = Register::new(kind::REPLICA, rec, field::CERTIFICATE);
        let shown = registers.get(&register)?.shown.clone()?;
        let signed: SignedCertificate = serde_json::from_value(shown).ok()?;
        let certificate: Certificate = serde_json::from_str(&signed.text).ok()?;
        Some(certificate.name)
    };
    held.iter()
        .map(|(replica, Held(pos, _))| (name(replica).unwrap_or_else(|| replica.to_string()), *pos))
        .collect()
}
