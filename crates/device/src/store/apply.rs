//! Takes changes into a ledger: bytes, facts, verdicts, and everything that
//! follows from them. The caller holds the transaction, so that it all happens
//! or none of it.

use super::{blob, certificate, chain, ledger, register, task};
use crate::error::DeviceError;
use ::ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ::ledger::fact::{facts, verdicts};
use ::ledger::file::{Mention, Use, mentions};
use ::ledger::incoming::Split;
use ::ledger::seal::PublicKey;
use ::ledger::{ChainHead, Change, Fact, Hash, Limits, Place, Register};
use domain::id::{LedgerId, ReplicaId};
use domain::record::{field, kind};
use domain::task::Genesis;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Changes that are being taken into one ledger. [`Batch::finish`] settles
/// what they touched.
pub(crate) struct Batch<'a> {
    db: &'a Connection,
    ledger: LedgerId,
    office: PublicKey,
    /// Registers to settle, with the statements on them that are new.
    touched: BTreeMap<Register, Vec<Fact>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(db: &'a Connection, ledger: LedgerId, office: PublicKey) -> Self {
        Self { db, ledger, office, touched: BTreeMap::new() }
    }

    /// Appends a change; one that cannot be read is kept and states nothing.
    pub(crate) fn append(
        &mut self,
        replica: ReplicaId,
        role: ReplicaRole,
        head: &ChainHead,
        bytes: &[u8],
        change: Option<&Change>,
    ) -> Result<(), DeviceError> {
        chain::append(self.db, self.ledger, replica, head, bytes)?;
        let Some(change) = change else { return Ok(()) };
        let place = Place { ledger: self.ledger, replica, role };
        for fact in facts(place, head, change) {
            register::insert_fact(self.db, self.ledger, &fact)?;
            self.notice(&fact)?;
            self.touched.entry(fact.register.clone()).or_default().push(fact);
        }
        for verdict in verdicts(role, change) {
            register::insert_verdict(self.db, self.ledger, &verdict)?;
            self.touch(register::touched_by(self.db, self.ledger, verdict.change)?);
        }
        Ok(())
    }

    fn touch(&mut self, registers: impl IntoIterator<Item = Register>) {
        for register in registers {
            self.touched.entry(register).or_default();
        }
    }

    /// Cuts a chain in two, because its writer wrote two histories; what it
    /// states behind the cut is stated by the branch from now on.
    pub(crate) fn split(&mut self, role: ReplicaRole, split: &Split) -> Result<(), DeviceError> {
        chain::split(self.db, self.ledger, split)?;
        let replica = split.tail.id();
        let moved = chain::changes_behind(self.db, self.ledger, replica, split.at.pos)?;
        for (head, bytes) in moved {
            register::remove_facts(self.db, self.ledger, head.change_id())?;
            let Ok(change) = Change::decode(&bytes, Limits::SERVER) else { continue };
            for fact in facts(Place { ledger: self.ledger, replica, role }, &head, &change) {
                register::insert_fact(self.db, self.ledger, &fact)?;
                self.touch([fact.register]);
            }
        }
        Ok(())
    }

    /// Settles every register touched and brings the lists up to date.
    pub(crate) fn finish(mut self) -> Result<(), DeviceError> {
        if self.touched.keys().any(register::is_signing) {
            // What was voided may be kept in force by a signature, or not any more.
            for id in register::verdicts(self.db, self.ledger)?.into_keys() {
                self.touch(register::touched_by(self.db, self.ledger, id)?);
            }
        }
        let records = register::settle(self.db, self.ledger, self.touched)?;
        task::project(self.db, self.ledger, &records)
    }

    /// What the store itself must know of a statement: what the ledger is,
    /// whose seals to believe, and which files exist.
    fn notice(&self, fact: &Fact) -> Result<(), DeviceError> {
        match (fact.register.kind.as_str(), fact.register.field.as_str()) {
            // A tablet's charter is a statement only in a ledger of its own.
            (kind::GENESIS, field::CHARTER) => {
                if let Ok(genesis) = serde_json::from_value::<Genesis>(fact.val.clone()) {
                    ledger::charter(self.db, self.ledger, &genesis)?;
                }
            }
            (kind::REPLICA, field::CERTIFICATE) => {
                if let Ok(signed) = serde_json::from_value::<SignedCertificate>(fact.val.clone())
                    && let Ok(read) = signed.verify(&self.office)
                {
                    self.introduce(&read, &signed)?;
                }
            }
            _ => {}
        }
        for (hash, file) in mentions(fact) {
            self.refer(fact, &hash, &file)?;
        }
        Ok(())
    }

    /// Keeps a replica's certificate. Name and dates may be renewed; whose seals
    /// are believed, and for what, is settled by the first one.
    fn introduce(&self, read: &Certificate, signed: &SignedCertificate) -> Result<(), DeviceError> {
        if let Some(known) = certificate::get(self.db, read.replica)?
            && (known.key != read.key || known.role != read.role)
        {
            tracing::warn!(replica = %read.replica, "a certificate with another key or role was not kept");
            return Ok(());
        }
        certificate::put(self.db, read.replica, signed)
    }

    fn refer(&self, fact: &Fact, hash: &Hash, file: &Mention) -> Result<(), DeviceError> {
        let rank = match file.used_as {
            Use::Package => blob::Rank::Package,
            Use::Thumbnail => blob::Rank::Thumbnail,
            Use::Original => blob::Rank::Original,
            Use::Document => blob::Rank::Document,
            Use::Personal | Use::Other => blob::Rank::Kept,
        };
        let (sha256, since) = (hash.to_string(), fact.wall.to_string());
        let (bytes, name) = (file.bytes, file.name.as_str());
        let mention = blob::Mention { sha256: &sha256, bytes, rank, name, since: &since };
        blob::refer(self.db, self.ledger, &mention)
    }
}
