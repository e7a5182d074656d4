//! [`Device`]: the one door to a tablet, for the app and for the headless
//! binary. It holds what is open, and hands the database to the use cases.
//!
//! What a person can do is in `usecase`; every gesture goes through
//! [`Open::commit`], so that one gesture is one transaction.

use crate::clock::Clock;
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::lease::Lease;
use crate::scene::spoken_of;
use crate::spare;
use crate::store::apply::Batch;
use crate::store::identity::{self, Enrolled, Identity};
use crate::store::{self, blob, certificate, chain, register, task};
use crate::surroundings::Surroundings;
use crate::usecase::withdrawal::Order;
use crate::vault::{StoreKey, Vault};
use crate::version;
use crate::view::{AppError, ErrorCode};
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use domain::package::Package;
use ledger::authority::{Act, Reason, judge};
use ledger::certificate::{Certificate, ReplicaRole, seen};
use ledger::fact::VerdictKind;
use ledger::planted::{self, Planted};
use ledger::seal::Signer;
use ledger::{Change, ChangeId, Limits, Malformed, Write};
use rusqlite::Connection;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// One tablet. Safe to share between threads; whoever holds the database keeps
/// the others waiting for milliseconds, never over the network.
pub struct Device {
    pub(crate) home: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) around: Surroundings,
    pub(crate) vault: Vault,
    pub(crate) open: Mutex<Option<Open>>,
    /// In its place when the store cannot be read. Locked after `open`.
    pub(crate) damaged: Mutex<Option<Damaged>>,
    pub(crate) sync: Mutex<SyncMemory>,
    /// Held while an exchange runs: there is one at a time.
    pub(crate) exchanging: Mutex<()>,
    /// Held shared while a file lies in its place and no record speaks of it yet,
    /// alone while such files are removed.
    pub(crate) taking: RwLock<()>,
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

/// A tablet whose PIN was entered since the app started. The screen may have
/// been locked again: then nothing is shown, while handing in goes on.
pub(crate) struct Open {
    pub(crate) home: PathBuf,
    pub(crate) key: StoreKey,
    pub(crate) locked: bool,
    pub(crate) lease: Lease,
    pub(crate) order: Option<Order>,
    pub(crate) db: Connection,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) around: Surroundings,
    pub(crate) replica: ReplicaId,
    pub(crate) signer: Signer,
    pub(crate) server: String,
    pub(crate) enrolled: Enrolled,
    pub(crate) certificate: Certificate,
    pub(crate) server_certificate: Certificate,
    /// Packages read so far; they never change.
    pub(crate) packages: BTreeMap<String, Arc<Package>>,
}

/// What is left of a tablet whose store cannot be read.
pub(crate) struct Damaged {
    pub(crate) around: Surroundings,
    pub(crate) locked: bool,
    /// From the store, or from the copy beside it.
    pub(crate) identity: Option<Identity>,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) home: PathBuf,
    pub(crate) key: StoreKey,
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
        Self::open_within(home, Surroundings::of_the_system(clock))
    }

    /// The tablet whose files are in `home`, in surroundings of one's choice.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open_within(home: &Path, around: Surroundings) -> Result<Self, AppError> {
        around.disk.private_folder(home).map_err(|e| DeviceError::from(e).into_app())?;
        crate::wipe::resume(home, &around).map_err(DeviceError::into_app)?;
        Ok(Self {
            home: home.to_path_buf(),
            clock: Arc::clone(&around.clock),
            vault: Vault::at(home, &around),
            around,
            open: Mutex::new(None),
            damaged: Mutex::new(None),
            sync: Mutex::new(SyncMemory::default()),
            exchanging: Mutex::new(()),
            taking: RwLock::new(()),
            suggestion: (None, None),
        })
    }

    /// The same tablet, with an office and a code to suggest at enrolment.
    #[must_use]
    pub fn suggesting(mut self, server: Option<String>, code: Option<String>) -> Self {
        self.suggestion = (server, code);
        self
    }

    /// Whether the PIN was entered since the app started, so that the tablet can
    /// exchange, with the screen locked or not.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock_open().is_some()
    }

    pub(crate) fn lock_damaged(&self) -> MutexGuard<'_, Option<Damaged>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.try_show(act).map_err(DeviceError::into_app)
    }

    /// The same, with what went wrong as it is: for everything that shows
    /// something or is a person's gesture.
    pub(crate) fn try_show<T>(
        &self,
        act: impl FnOnce(&mut Open) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        self.try_with(|open| {
            open.may_show()?;
            act(open)
        })
    }

    /// Does something with the tablet that shows nothing to anybody: handing in
    /// goes on while the screen is locked and when the lease has ended.
    pub(crate) fn try_with<T>(
        &self,
        act: impl FnOnce(&mut Open) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let mut slot = self.lock_open();
        let Some(open) = slot.as_mut() else { return Err(self.why_closed()) };
        let result = act(open);
        drop(slot);
        if let Err(error) = &result
            && error.is_store_damage()
        {
            tracing::error!(%error, "the store turned out to be damaged");
            self.give_up_store();
        }
        result
    }

    fn why_closed(&self) -> DeviceError {
        match self.lock_damaged().as_ref() {
            Some(damaged) if !damaged.locked => return ErrorCode::StoreDamaged.into(),
            Some(_) => return ErrorCode::Locked.into(),
            None => {}
        }
        let code = if self.vault.exists() {
            ErrorCode::Locked
        } else if matches!(crate::wipe::load(&self.home, &self.around), Ok(Some(_))) {
            ErrorCode::Wiped
        } else {
            ErrorCode::NotEnrolled
        };
        code.into()
    }

    /// From now on the tablet is one with a damaged store: nothing is written to
    /// it any more, and what can be read may go into a rescue pack.
    pub(crate) fn give_up_store(&self) {
        let mut slot = self.lock_open();
        if let Some(open) = slot.take() {
            let Open { home, key, locked, db, around, .. } = open;
            drop(db);
            *self.lock_damaged() = Some(Damaged::of(&home, key, locked, &around));
        }
    }
}

impl Damaged {
    /// Whatever of a tablet's files can be read with its key.
    pub(crate) fn of(home: &Path, key: StoreKey, locked: bool, around: &Surroundings) -> Self {
        let db = store::attach(home, &key.derive("store"), around).ok();
        let stored = db.as_ref().and_then(|db| identity::load(db).ok().flatten());
        let stored = stored.filter(|identity| identity.enrolled.is_some());
        Self {
            locked,
            identity: stored.or_else(|| spare::load(home, &key, around)),
            blobs: Arc::new(Blobs::under(home, &key, around)),
            around: around.clone(),
            home: home.to_path_buf(),
            key,
        }
    }
}

/// Pages that the write-ahead log keeps where room is short.
const SHORT_LOG_PAGES: i64 = 32;

impl Open {
    /// Whether anything may be shown, and gestures taken.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`], [`ErrorCode::Withdrawn`], [`ErrorCode::LeaseEnded`].
    pub(crate) fn may_show(&mut self) -> Result<(), DeviceError> {
        if self.locked {
            return Err(ErrorCode::Locked.into());
        }
        if self.order.is_some() {
            return Err(ErrorCode::Withdrawn.into());
        }
        self.pass_time();
        if self.lease.has_ended() { Err(ErrorCode::LeaseEnded.into()) } else { Ok(()) }
    }

    /// Counts the lease up to now.
    pub(crate) fn pass_time(&mut self) {
        // With a full disk it counts on in memory.
        if self.lease.pass(self.clock.now())
            && let Err(error) = self.lease.save(&self.db)
        {
            tracing::warn!(%error, "the lease could not be written down");
        }
    }

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
    pub(crate) fn new_record(&self) -> Result<RecordId, DeviceError> {
        Ok(RecordId(self.around.new_uuid()?))
    }

    /// The joint ledger of a task.
    pub(crate) fn joint(&self, task: TaskId) -> Result<LedgerId, DeviceError> {
        let ledger = store::ledger::joint(&self.db, task)?;
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

    /// Brings what the write-ahead log holds into the store and gives its space
    /// back, and keeps it short from then on: on a small disk it is what fills it.
    /// Where even that has no room, the log stays as it is.
    pub(crate) fn give_log_back(&self) {
        let done = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let short = self.db.pragma_update(None, "wal_autocheckpoint", SHORT_LOG_PAGES);
        let done = done.and(short);
        if let Err(error) = done {
            tracing::warn!(%error, "the write-ahead log could not be given back");
        }
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
        if crate::disk::require_room(&self.home).is_err() {
            self.give_log_back();
            crate::disk::require_room(&self.home)?;
        }
        let scene = self.scene(ledger, &spoken_of(&writes)?)?;
        let tx = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let (own, head) = chain::own(&tx, ledger, self.replica)?;
        if chain::head(&tx, ledger, own)? != head && head.pos > 0 {
            // Cleared away and coming back: no position is given twice.
            return Err(ErrorCode::StillArriving.into());
        }
        let change = Change {
            pos: head.pos + 1,
            author: self.enrolled.person.id,
            wall: self.clock.wall(),
            n: chain::count(&tx)? + 1,
            seen: seen_of(&tx, ledger, &self.server_certificate)?,
            intent: intent.to_owned(),
            writes,
        };
        let bytes = change.encode(Limits::DEVICE).map_err(|malformed| match malformed {
            Malformed::TooLarge(_) | Malformed::Writes(_) => ErrorCode::TooLong,
            _ => ErrorCode::Malformed,
        })?;
        let next = head.next(&bytes);
        let act = Act { ledger, id: next.change_id(), by: &self.certificate, change: &change };
        version::check(&tx, &change.writes)?;
        if let Some(reason) = judge(act, &scene) {
            refuse(reason)?;
        }
        for file in files {
            blob::add_own(&tx, &file.sha256, file.bytes)?;
        }
        let mut batch = Batch::new(&tx, ledger, self.enrolled.office_key);
        batch.append(own, ReplicaRole::Tablet, &next, &bytes, Some(&change))?;
        batch.finish()?;
        chain::set_own(&tx, ledger, (self.replica, own), &next)?;
        chain::seal_if_long(&tx, ledger, (self.replica, own), &self.signer, bytes.len())?;
        if !planted::is(Planted::AckBeforeCommit) {
            tx.commit()?;
        }
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
        Reason::TooOld => Err(ErrorCode::TooOld.into()),
        // What only a person can judge is written down and judged later: work
        // on site is never refused over a date.
        other if other.verdict() == VerdictKind::Review => Ok(()),
        _ => Err(DeviceError::Unexpected("the tablet's own certificate is another person's")),
    }
}

/// Up to where of the server's chains a ledger is held, as `seen` counts. A
/// server that began anew and has written nothing here yet leaves the one
/// before it the last word.
fn seen_of(db: &Connection, ledger: LedgerId, server: &Certificate) -> Result<u64, DeviceError> {
    let mut servers = certificate::servers(db)?;
    servers.retain(|known| known.epoch <= server.epoch);
    servers.sort_by_key(|known| Reverse(known.epoch));
    for known in servers {
        let pos = chain::head(db, ledger, known.replica)?.pos;
        if pos > 0 {
            return Ok(seen(known.epoch, pos));
        }
    }
    Ok(0)
}
