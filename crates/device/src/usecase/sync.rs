//! The exchange with the office: turns until both hold the same, then files
//! (`files`). And how it stands, in words for a person.
//!
//! The database is never held while the network is waited for. Whatever breaks
//! off leaves the tablet as the last whole answer made it.

use crate::client::Client;
use crate::device::{Device, Open};
use crate::disk;
use crate::error::DeviceError;
use crate::incoming::{self, Taken, Trust};
use crate::store::blob::{self, Rank};
use crate::store::identity::Enrolled;
use crate::store::{certificate, chain, identity, purge, receipt, setting, task};
use crate::version;
use crate::view::{AppError, ErrorCode, PendingChange, SyncStatus};
use chrono::{DateTime, Utc};
use domain::id::{LedgerId, ReplicaId};
use ledger::certificate::ReplicaRole;
use ledger::exchange::{Caller, PAGE_BYTES, Request, RequestHeader, Response, Step};
use ledger::holdings::{Holdings, Span};
use ledger::planted::{self, Planted};
use ledger::readmission::Readmission;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Most entries in the list of what is only here.
const PENDING_MAX: usize = 200;

/// Chains that were not taken whole, with why.
type Refused = BTreeMap<(LedgerId, ReplicaId), &'static str>;

/// What one exchange brought.
#[derive(Default)]
pub(super) struct Turns {
    /// Whether anything came in or became safe.
    pub(super) changed: bool,
    /// The first thing that was not taken, while the rest went on.
    trouble: Option<AppError>,
}

impl Turns {
    /// Goes on after what concerns one page, file or answer alone; everything
    /// else ends the exchange.
    pub(super) fn note<T>(
        &mut self,
        result: Result<T, DeviceError>,
    ) -> Result<Option<T>, DeviceError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let error = error.bearable()?;
                self.trouble.get_or_insert(error);
                Ok(None)
            }
        }
    }
}

impl Device {
    /// How the exchange with the office stands.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`] and the store's.
    pub fn sync_status(&self) -> Result<SyncStatus, AppError> {
        let (running, last_error, moving) = {
            let memory = self.lock_sync();
            (memory.running, memory.last_error.clone(), memory.files.clone())
        };
        let free = disk::free_bytes(&self.home);
        let status = self.try_with(|open| {
            if open.locked {
                return Err(ErrorCode::Locked.into());
            }
            let shows = open.may_show().is_ok();
            let spans = receipt::without(&open.db)?;
            let unsent: u64 = spans.iter().map(|span| span.upto - span.after).sum();
            let mut pending = Vec::new();
            for span in &spans {
                let enterprise = task::enterprise(&open.db, span.ledger)?;
                for written in chain::changes_of(&open.db, span)? {
                    pending.push(PendingChange {
                        ledger: span.ledger,
                        enterprise: enterprise.clone(),
                        intent: written.change.intent,
                        wall: written.change.wall.to_string(),
                        bytes: 0,
                    });
                }
            }
            let files = open.file_statuses(&moving, &mut pending)?;
            pending.sort_by(|a, b| b.wall.cmp(&a.wall));
            pending.truncate(PENDING_MAX);
            // How much is only here may be known when nothing may be shown;
            // what it is may not.
            pending.retain(|_| shows);
            let listed = if shows { files.files } else { Vec::new() };
            let ahead = setting::get(&open.db, setting::CLOCK_AHEAD_MS)?;
            Ok(SyncStatus {
                running,
                unsent_changes: u32::try_from(unsent).unwrap_or(u32::MAX),
                unsent_files: files.unsent,
                unsent_bytes: files.unsent_bytes,
                last_contact: setting::get(&open.db, setting::LAST_CONTACT)?,
                last_error,
                pending,
                files: listed,
                clock_ahead_ms: ahead.and_then(|ms| ms.parse().ok()),
                free_bytes: free,
                space: disk::space(free),
                lease_days_left: open.lease.days_left(),
            })
        });
        status.map_err(DeviceError::into_app)
    }

    /// Exchanges with the office now. When one runs already, waits for it and
    /// then runs another, so that what was just written goes along. Answers
    /// whether anything came in or became safe.
    ///
    /// # Errors
    /// [`ErrorCode::Offline`], [`ErrorCode::ServerTrouble`],
    /// [`ErrorCode::Revoked`], [`ErrorCode::Locked`].
    pub fn exchange(&self) -> Result<bool, AppError> {
        let _one_at_a_time = self.exchanging.lock().unwrap_or_else(PoisonError::into_inner);
        self.lock_sync().running = true;
        disk::prepare(&self.home);
        if disk::is_short(&self.home) {
            // Nothing depends on it: the exchange says itself what it lacks.
            let _ = self.try_with(|open| {
                open.give_log_back();
                Ok(())
            });
        }
        let result = self.exchange_inner();
        // Whatever became of the exchange: an order that came with it stands.
        let result = match self.follow_order() {
            Ok(true) => Err(ErrorCode::Wiped.into()),
            Ok(false) => result,
            Err(error) => Err(error),
        };
        let result = result.map_err(DeviceError::into_app);
        let mut memory = self.lock_sync();
        memory.running = false;
        // That the tablet was closed meanwhile is no fault of the exchange.
        memory.last_error =
            result.as_ref().err().filter(|error| error.code != ErrorCode::Locked).cloned();
        result
    }

    fn exchange_inner(&self) -> Result<bool, DeviceError> {
        let (client, epoch) = self.try_with(|open| {
            let client = Client::new(
                &open.server,
                Some(open.enrolled.token.clone()),
                open.around.line.as_ref(),
            )?;
            Ok((client, open.enrolled.epoch))
        })?;
        let mut turns = Turns::default();
        // Changes that cannot come to an end keep no photo from being safe.
        let mut changes = self.exchange_changes(&client, &mut turns);
        if is_unknown(&changes) && self.readmitted(&client)? {
            changes = self.exchange_changes(&client, &mut turns);
        }
        turns.note(changes)?;
        if self.try_with(|open| Ok(open.enrolled.epoch))? != epoch {
            // What was safe at the old one is not; it goes along at once. Of a task that
            // the office lost, it must have the package before it can take the rest.
            self.hand_in_files(&client, &mut turns, Rank::Package)?;
            let changes = self.exchange_changes(&client, &mut turns);
            turns.note(changes)?;
        }
        let files = self.hand_in_files(&client, &mut turns, Rank::ALL);
        let files = files.and_then(|()| self.fetch_files(&client, &mut turns, Rank::AHEAD));
        self.lock_sync().files.moving = None;
        files?;
        // While somebody takes a photo, another time.
        if let Ok(_alone) = self.taking.try_write() {
            self.try_with(Open::drop_cleared_files)?;
        }
        match turns.trouble {
            Some(error) => Err(DeviceError::Refused(error)),
            None => Ok(turns.changed),
        }
    }

    /// Whether an office that does not know this tablet knows it again: restored
    /// from a copy, it may have forgotten the enrolment.
    fn readmitted(&self, client: &Client) -> Result<bool, DeviceError> {
        let asked = self.try_with(|open| {
            let Enrolled { certificate, token, .. } = &open.enrolled;
            Ok(Readmission::sign(&open.signer, certificate.clone(), open.replica, token))
        })?;
        client.readmit(&asked)
    }

    fn exchange_changes(&self, client: &Client, turns: &mut Turns) -> Result<(), DeviceError> {
        let mut caller = self.try_with(|open| {
            let unsent = receipt::without(&open.db)?;
            Ok(Caller::new(open.replica, open.enrolled.epoch, unsent))
        })?;
        let mut refused = Refused::new();
        let result = self.exchange_turns(client, &mut caller, turns, &mut refused);
        for ((ledger, replica), reason) in refused {
            tracing::warn!(%ledger, %replica, reason, "a chain was not taken whole");
            turns.note::<()>(Err(DeviceError::refused(ErrorCode::ServerTrouble, reason)))?;
        }
        result
    }

    fn exchange_turns(
        &self,
        client: &Client,
        caller: &mut Caller,
        turns: &mut Turns,
        refused: &mut Refused,
    ) -> Result<(), DeviceError> {
        loop {
            let (request, sent) = self.try_with(|open| open.next_request(caller))?;
            let before = self.clock.now();
            let response = client.exchange(&request)?;
            let after = self.clock.now();
            let (taken, holdings) =
                self.try_with(|open| open.take_response(&response, before, after))?;
            if self.must_wipe_now() {
                return Err(ErrorCode::Wiped.into());
            }
            turns.changed |= taken.changes > 0 || !response.header.receipts.is_empty();
            for (chain, refusal) in taken.chains {
                // What was missing for a page may have come with a later one.
                refused.remove(&chain);
                if let Some(reason) = refusal {
                    caller.refuse(chain.0, chain.1);
                    refused.insert(chain, reason);
                }
            }
            if let Some(refused) = response.header.refused.first() {
                tracing::warn!(ledger = %refused.ledger, reason = %refused.reason, "the office refused a page");
                let reason = DeviceError::refused(ErrorCode::ServerTrouble, &refused.reason);
                turns.note::<()>(Err(reason))?;
            }
            let step = caller.take(&response.header, &sent, &holdings);
            match step.map_err(|_| DeviceError::refused(ErrorCode::ServerTrouble, "stuck"))? {
                Step::Done => return Ok(()),
                Step::Again => {}
            }
        }
    }
}

impl Open {
    /// Seals what is ours and says what we hold, in one moment.
    fn next_request(&mut self, caller: &Caller) -> Result<(Request, Vec<Span>), DeviceError> {
        let tx = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        chain::seal_all(&tx, self.replica, &self.signer)?;
        let holdings = chain::holdings(&tx)?;
        let mut pages = Vec::new();
        let mut sent = Vec::new();
        let mut budget = PAGE_BYTES;
        for span in caller.spans() {
            let Some(page) = chain::page(&tx, span, budget)? else { continue };
            let bytes: usize = page.changes.iter().map(Vec::len).sum();
            sent.push(Span { upto: page.after + page.changes.len() as u64, ..*span });
            pages.push(page);
            budget = budget.saturating_sub(bytes);
            if budget == 0 {
                break;
            }
        }
        tx.commit()?;
        let time = Some(self.clock.wall());
        let header = RequestHeader { time, ..caller.header(&holdings) };
        Ok((Request { header, pages }, sent))
    }

    /// Takes a whole answer in, or nothing of it. Answers what was taken and
    /// what is held now.
    fn take_response(
        &mut self,
        response: &Response,
        before: DateTime<Utc>,
        after: DateTime<Utc>,
    ) -> Result<(Taken, Holdings), DeviceError> {
        let tx = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut enrolled = self.enrolled.clone();
        let mut server = self.server_certificate.clone();
        if response.header.epoch != enrolled.epoch {
            let signed = response.header.server.clone();
            let signed = signed.ok_or(ErrorCode::ServerTrouble)?;
            server = signed.verify(&enrolled.office_key).map_err(|_| ErrorCode::ServerTrouble)?;
            if server.role != ReplicaRole::Server {
                return Err(ErrorCode::ServerTrouble.into());
            }
            enrolled =
                Enrolled { epoch: response.header.epoch, server_certificate: signed, ..enrolled };
            certificate::put(&tx, server.replica, &enrolled.server_certificate)?;
            new_epoch(&tx, &enrolled)?;
        }
        // After the old receipts are forgotten, so that this answer's stay.
        let trust = Trust { office: enrolled.office_key, server: &server };
        let at = self.clock.wall().to_string();
        let taken = incoming::take(&tx, &trust, self.replica, response)?;
        version::note(&tx, response.header.version_min)?;
        let middle = before + (after - before) / 2;
        let ahead = middle - response.header.time.instant();
        incoming::note_contact(&tx, &at, ahead.num_milliseconds())?;
        let kept_days = response.header.kept_days.unwrap_or(purge::KEPT_DAYS);
        purge::clear_due(&tx, response.header.time.instant(), kept_days)?;
        let holdings = chain::holdings(&tx)?;
        let mut lease = self.lease;
        lease.renew(after, response.header.lease_days);
        lease.save(&tx)?;
        tx.commit()?;
        self.lease = lease;
        self.enrolled = enrolled;
        self.server_certificate = server;
        if let Some(order) = &response.header.wipe {
            self.take_order(order)?;
        }
        Ok((taken, holdings))
    }
}

impl Open {
    /// Removes the bytes of files that went with a ledger; after a power cut in
    /// between, the next time.
    fn drop_cleared_files(&mut self) -> Result<(), DeviceError> {
        for sha256 in purge::files_to_drop(&self.db)? {
            self.blobs.drop_file(&sha256)?;
            let tx = self.db.transaction()?;
            purge::forget_file(&tx, &sha256)?;
            tx.commit()?;
        }
        Ok(())
    }
}

/// Whether the office said that it does not know who asks.
fn is_unknown(result: &Result<(), DeviceError>) -> bool {
    matches!(result, Err(DeviceError::Refused(error)) if error.code == ErrorCode::Revoked)
}

/// The office began anew, from a copy perhaps: nothing that was safe there is
/// known to be, so everything of ours is offered again.
fn new_epoch(db: &Connection, enrolled: &Enrolled) -> Result<(), DeviceError> {
    tracing::warn!("the office began a new epoch; everything is offered again");
    if !planted::is(Planted::KeepReceiptsOverEpoch) {
        receipt::forget_all(db)?;
    }
    blob::offer_again(db)?;
    if let Some(mut row) = identity::load(db)? {
        row.enrolled = Some(enrolled.clone());
        identity::save(db, &row)?;
    }
    Ok(())
}
