//! [`Device`]: the one door to a tablet, for the app and for the headless
//! binary. It holds what is open, and hands the database to the use cases.
//!
//! What a person can do is in `usecase`; every gesture goes through
//! [`Open::commit`], so that one gesture is one transaction.

use crate::clock::Clock;
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::store::apply::Batch;
use crate::store::identity::Enrolled;
use crate::store::{blob, chain, register, task};
use crate::vault::Vault;
use crate::view::{AppError, ErrorCode};
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use domain::package::Package;
use ledger::authority::{Reason, judge};
use ledger::certificate::{Certificate, ReplicaRole};
use ledger::fact::VerdictKind;
use ledger::seal::Signer;
use ledger::{Change, ChangeId, Limits, Malformed, Write};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::{NoContext, Timestamp, Uuid};

/// One tablet. Safe to share between threads; whoever holds the database keeps
/// the others waiting for milliseconds, never over the network.
pub struct Device {
    pub(crate) home: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Vault,
    pub(crate) open: Mutex<Option<Open>>,
    pub(crate) sync: Mutex<SyncMemory>,
    /// Held while an exchange runs: there is one at a time.
    pub(crate) exchanging: Mutex<()>,
    pub(crate) suggestion: (Option<String>, Option<String>),
}

/// What is remembered of exchanges while the app runs.
#[derive(Debug, Default)]
pub(crate) struct SyncMemory {
    pub(crate) running: bool,
    pub(crate) last_error: Option<AppError>,
    pub(crate) files: FilesMemory,
}

/// What is remembered of files on their way, while the app runs.
#[derive(Debug, Default, Clone)]
pub(crate) struct FilesMemory {
    /// The one on its way now.
    pub(crate) moving: Option<Moving>,
    /// Those that became safe lately, the last one last.
    pub(crate) safe: Vec<String>,
}

/// A file on its way.
#[derive(Debug, Clone)]
pub(crate) struct Moving {
    pub(crate) sha256: String,
    /// Bytes that are there for certain: the office's word, or written here.
    pub(crate) done: u64,
    /// Bytes of the whole, where known.
    pub(crate) total: u64,
}

/// An unlocked tablet.
pub(crate) struct Open {
    pub(crate) db: Connection,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) replica: ReplicaId,
    pub(crate) signer: Signer,
    pub(crate) server: String,
    pub(crate) enrolled: Enrolled,
    pub(crate) certificate: Certificate,
    pub(crate) server_certificate: Certificate,
    /// Packages read so far; they never change.
    pub(crate) packages: BTreeMap<String, Arc<Package>>,
}

/// A file that a gesture brings along; it lies under `blobs/` already.
pub(crate) struct Brought {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

impl Device {
    /// The tablet whose files are in `home`. Opens nothing yet.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(home: &Path, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        crate::durable::private_folder(home).map_err(|e| DeviceError::from(e).into_app())?;
        Ok(Self {
            home: home.to_path_buf(),
            clock,
            vault: Vault::at(home),
            open: Mutex::new(None),
            sync: Mutex::new(SyncMemory::default()),
            exchanging: Mutex::new(()),
            suggestion: (None, None),
        })
    }

    /// The same tablet, with an office and a code to suggest at enrolment.
    #[must_use]
    pub fn suggesting(mut self, server: Option<String>, code: Option<String>) -> Self {
        self.suggestion = (server, code);
        self
    }

    /// Whether the tablet is unlocked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock_open().is_some()
    }

    pub(crate) fn lock_open(&self) -> MutexGuard<'_, Option<Open>> {
        // A panic in a gesture rolled its transaction back; the store is sound.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lock_sync(&self) -> MutexGuard<'_, SyncMemory> {
        self.sync.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the open tablet, and puts what went wrong into the
    /// shape that a screen understands.
    pub(crate) fn with<T>(
        &self,
        act: impl FnOnce(&mut Open) -> Result<T, DeviceError>,
    ) -> Result<T, AppError> {
        self.try_with(act).map_err(DeviceError::into_app)
    }

    pub(crate) fn try_with<T>(
        &self,
        act: impl FnOnce(&mut Open) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        match self.lock_open().as_mut() {
            Some(open) => act(open),
            None if self.vault.exists() => Err(ErrorCode::Locked.into()),
            None => Err(ErrorCode::NotEnrolled.into()),
        }
    }
}

impl Open {
    /// The person this tablet is enrolled for.
    pub(crate) fn person(&self) -> PersonId {
        self.enrolled.person.id
    }

    /// The department that person acts for.
    pub(crate) fn department(&self) -> Result<DepartmentId, DeviceError> {
        self.certificate
            .department
            .ok_or(DeviceError::Unexpected("a certificate without department"))
    }

    /// A new record's id.
    pub(crate) fn new_record(&self) -> RecordId {
        RecordId(new_uuid(self.clock.as_ref()))
    }

    /// The joint ledger of a task.
    pub(crate) fn joint(&self, task: TaskId) -> Result<LedgerId, DeviceError> {
        let ledger = crate::store::ledger::joint(&self.db, task)?;
        ledger.ok_or_else(|| ErrorCode::NoSuchTask.into())
    }

    /// The package of a ledger's task, if it is here.
    pub(crate) fn package(&mut self, joint: LedgerId) -> Result<Option<Arc<Package>>, DeviceError> {
        let Some(sha256) = task::package(&self.db, joint)? else { return Ok(None) };
        if let Some(package) = self.packages.get(&sha256) {
            return Ok(Some(Arc::clone(package)));
        }
        let bytes = match self.blobs.get(&sha256) {
            Ok(bytes) => bytes,
            Err(DeviceError::Refused(error)) if error.code == ErrorCode::FileAbsent => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let package: Arc<Package> = Arc::new(serde_json::from_slice(&bytes)?);
        self.packages.insert(sha256, Arc::clone(&package));
        Ok(Some(package))
    }

    /// Commits one gesture: judged as the server will judge it, then change,
    /// facts, registers, lists and files in one transaction, or nothing.
    pub(crate) fn commit(
        &mut self,
        ledger: LedgerId,
        intent: &str,
        writes: Vec<Write>,
        files: &[Brought],
    ) -> Result<ChangeId, DeviceError> {
        let scene = self.scene(ledger)?;
        let tx = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let head = chain::head(&tx, ledger, self.replica)?;
        let change = Change {
            pos: head.pos + 1,
            author: self.enrolled.person.id,
            wall: self.clock.wall(),
            n: chain::count(&tx, self.replica)? + 1,
            seen: chain::head(&tx, ledger, self.server_certificate.replica)?.pos,
            intent: intent.to_owned(),
            writes,
        };
        if let Some(reason) = judge(&self.certificate, &change, &scene) {
            refuse(reason)?;
        }
        let bytes = change.encode(Limits::DEVICE).map_err(|malformed| match malformed {
            Malformed::TooLarge(_) | Malformed::Writes(_) => ErrorCode::TooLong,
            _ => ErrorCode::Malformed,
        })?;
        let next = head.next(&bytes);
        for file in files {
            blob::add_own(&tx, &file.sha256, file.bytes)?;
        }
        let mut batch = Batch::new(&tx, ledger, self.enrolled.office_key);
        batch.append(self.replica, ReplicaRole::Tablet, &next, &bytes, Some(&change))?;
        batch.finish()?;
        chain::seal_if_long(&tx, ledger, self.replica, &self.signer)?;
        tx.commit()?;
        Ok(next.change_id())
    }

    /// What a register amounts to.
    pub(crate) fn register(
        &self,
        ledger: LedgerId,
        target: &ledger::Register,
    ) -> Result<ledger::Resolved, DeviceError> {
        register::get(&self.db, ledger, target)
    }
}

/// Whether the tablet turns a gesture away for what the server would say of it.
fn refuse(reason: Reason) -> Result<(), DeviceError> {
    match reason {
        Reason::NotOwner | Reason::ServerOnly => Err(ErrorCode::NotOwner.into()),
        Reason::NotDecider => Err(ErrorCode::NotDecider.into()),
        Reason::UnknownRecord => Err(ErrorCode::NoSuchRecord.into()),
        Reason::NotMember | Reason::WrongLedger => Err(ErrorCode::NoSuchTask.into()),
        Reason::WrongForm | Reason::Malformed => Err(ErrorCode::Malformed.into()),
        // What only a person can judge is written down and judged later: work
        // on site is never refused over a date.
        other if other.verdict() == VerdictKind::Review => Ok(()),
        _ => Err(DeviceError::Unexpected("the tablet's own certificate is another person's")),
    }
}

/// A UUIDv7 of this moment.
pub(crate) fn new_uuid(clock: &dyn Clock) -> Uuid {
    let now = clock.now();
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}
