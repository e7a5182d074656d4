//! Producing the 现场检查记录 on the tablet: the board as it stands becomes a
//! PDF, kept as a file like any other, and a record with the digests of the
//! state it shows.

use crate::device::{Brought, Device, Open};
use crate::durable::Secrecy;
use crate::error::DeviceError;
use crate::store::{certificate, chain, register};
use crate::version;
use crate::view::{AppError, ErrorCode};
use documents::fill::{Making, site_record};
use documents::{Fonts, Warning, render_site_record};
use domain::document::{DocumentType, Manifest, Reference};
use domain::id::{LedgerId, RecordId, TaskId};
use domain::package::Package;
use domain::record::{field, kind};
use domain::time::Wall;
use ledger::Write;
use ledger::board::Board;
use ledger::fold::state_digest;
use ledger::holdings::{Held, ledger_digest};
use ledger::signature::{SignedDocument, Statements, signed_documents};
use serde::Serialize;
use serde_json::{Map, json};
use specta::Type;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A record just produced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct SiteRecord {
    /// Its record.
    pub rec: RecordId,
    /// SHA-256 of the PDF.
    pub sha256: String,
    /// Where a copy for printing lies on this tablet.
    pub path: String,
    /// What deserves a look before anybody signs.
    pub warnings: Vec<String>,
}

/// Everything that goes into the form, taken at one moment.
struct Moment {
    ledger: LedgerId,
    board: Board,
    package: Option<Arc<Package>>,
    statements: Statements,
    supplements: Option<Reference>,
    state: String,
    holdings: String,
    chains: Vec<(String, u64)>,
    thumbnails: BTreeMap<String, Vec<u8>>,
    made_at: Wall,
}

impl Device {
    /// Produces the 现场检查记录 of a task as it stands, keeps it, and leaves a
    /// copy for printing.
    ///
    /// # Errors
    /// [`ErrorCode::FontsMissing`], [`ErrorCode::NoSuchTask`], [`ErrorCode::DiskFull`].
    pub fn make_site_record(&self, task: TaskId) -> Result<SiteRecord, AppError> {
        self.make_site_record_inner(task).map_err(DeviceError::into_app)
    }

    fn make_site_record_inner(&self, task: TaskId) -> Result<SiteRecord, DeviceError> {
        let moment = self.try_show(|open| {
            version::check_own(&open.db)?;
            open.moment(task)
        })?;
        // Typesetting takes a while; the database is not held meanwhile.
        let form = site_record(
            &moment.board,
            moment.package.as_deref(),
            &Making {
                doc_no: moment.board.number.clone(),
                made_at: moment.made_at,
                software_version: env!("CARGO_PKG_VERSION").to_owned(),
                state: moment.state.clone(),
                holdings: moment.holdings.clone(),
                chains: moment.chains.clone(),
                thumbnail: &|sha256| moment.thumbnails.get(sha256).cloned(),
            },
        );
        let rendered = render_site_record(fonts()?, &form)?;
        let pdf = rendered.pdf;
        let bytes = pdf.len() as u64;
        let blobs = self.try_with(|open| Ok(Arc::clone(&open.blobs)))?;
        let sha256 = blobs.put(&pdf)?;
        let folder = self.home.join("documents");
        self.around.disk.private_folder(&folder)?;
        let path = folder.join(format!("site-record-{}.pdf", &sha256[..12]));
        self.around.disk.write(&path, &pdf, Secrecy::Private)?;
        let mut manifest = Manifest {
            form: DocumentType::SiteRecord,
            pdf_sha256: sha256.clone(),
            pdf_bytes: bytes,
            holdings: moment.holdings,
            state: moment.state,
            supplements: moment.supplements,
            replaces: Vec::new(),
            more: Map::new(),
        };
        moment.statements.add_to(&mut manifest.more);
        let rec = self.try_with(|open| {
            let rec = open.new_record()?;
            let write = Write::new(kind::DOCUMENT, rec, field::MANIFEST, json!(manifest));
            let file = Brought { sha256: sha256.clone(), bytes };
            open.commit(moment.ledger, "document.produce", vec![write], &[file])?;
            Ok(rec)
        })?;
        Ok(SiteRecord {
            rec,
            sha256,
            path: path.display().to_string(),
            warnings: rendered.warnings.iter().map(words).collect(),
        })
    }
}

impl Open {
    fn moment(&mut self, task: TaskId) -> Result<Moment, DeviceError> {
        let ledger = self.joint(task)?;
        let board = self.board(task)?;
        let held = chain::holdings(&self.db)?.0.remove(&ledger).ok_or(ErrorCode::NoSuchTask)?;
        let mut chains = Vec::new();
        for (replica, Held(pos, _)) in &held {
            let name = certificate::get(&self.db, *replica)?.map(|c| c.name);
            chains.push((name.unwrap_or_else(|| replica.to_string()), *pos));
        }
        let mut thumbnails = BTreeMap::new();
        for evidence in board.findings.iter().flat_map(|finding| &finding.evidence) {
            if let Some(name) = &evidence.thumbnail
                && let Ok(bytes) = self.blobs.get(name)
            {
                thumbnails.insert(name.clone(), bytes);
            }
        }
        let registers = register::all(&self.db, ledger)?;
        Ok(Moment {
            ledger,
            package: self.package(ledger)?,
            supplements: self.signed_before(ledger)?,
            state: state_digest(&registers).to_string(),
            holdings: ledger_digest(&held).to_string(),
            statements: Statements::of(&registers, held),
            chains,
            thumbnails,
            made_at: self.clock.wall(),
            board,
        })
    }
}

impl Open {
    /// The signed record that a new one adds to: after sealing, whatever changed
    /// goes into a supplementary record chained to the original.
    fn signed_before(&self, ledger: LedgerId) -> Result<Option<Reference>, DeviceError> {
        let documents = self.signed_documents(ledger)?;
        let last = documents.into_iter().max_by_key(|document| document.manifest);
        Ok(last.map(|document| Reference {
            document: document.document,
            pdf_sha256: document.pdf_sha256,
        }))
    }

    /// The documents of a ledger that were signed.
    pub(crate) fn signed_documents(
        &self,
        ledger: LedgerId,
    ) -> Result<Vec<SignedDocument>, DeviceError> {
        let context = register::context(&self.db, ledger)?;
        let facts = register::of_fields(&self.db, ledger, &register::SIGNING)?;
        Ok(signed_documents(&facts, &context.voided))
    }
}

/// The fonts of the forms, read once per process.
fn fonts() -> Result<&'static Fonts, DeviceError> {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let loaded = Fonts::system()?;
    Ok(FONTS.get_or_init(|| loaded))
}

/// A remark on the page, for the person who is about to sign.
fn words(warning: &Warning) -> String {
    match warning {
        Warning::GlyphMissing { ch, times } => {
            format!(
                "字体缺少字符 U+{:04X}（{times} 处），页面上以 □ 代替并注明编码",
                u32::from(*ch)
            )
        }
        Warning::ShapelessLeftOut { ch, times } => {
            format!("无字形的字符 U+{:04X}（{times} 处）未印出", u32::from(*ch))
        }
        Warning::ThumbnailLeftOut { name } => {
            format!("照片「{name}」的缩略图未印出，其哈希值已列明")
        }
        Warning::Typesetting { message } => format!("排版提示：{message}"),
        _ => "文书有一处与记录不完全一致，请核对".to_owned(),
    }
}
