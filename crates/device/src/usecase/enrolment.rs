//! Enrolment: a one-time code of the office makes this tablet a replica of one
//! person. The key pair is on the disk before the office hears of it, so that
//! an answer lost on the way can be asked for again with the same code.

use crate::client::{Client, EnrolAnswer, EnrolRequest, normalised};
use crate::device::Device;
use crate::error::DeviceError;
use crate::recovery::Recovery;
use crate::store::identity::{self, Enrolled, Identity, Person};
use crate::store::{self, certificate};
use crate::vault::StoreKey;
use crate::view::{AppError, AppStatus, ErrorCode};
use crate::{spare, wipe};
use domain::id::ReplicaId;
use ledger::certificate::ReplicaRole;
use ledger::seal::Signer;
use rusqlite::Connection;
use std::sync::PoisonError;
use zeroize::Zeroizing;

impl Device {
    /// Enrols this tablet at the office `server` with a one-time code, under a
    /// PIN that the person chooses. Afterwards it is open.
    ///
    /// # Errors
    /// [`ErrorCode::PinWeak`], [`ErrorCode::AlreadyEnrolled`],
    /// [`ErrorCode::CodeWrong`], [`ErrorCode::CodeUsed`],
    /// [`ErrorCode::CodeExpired`], [`ErrorCode::NotAnOffice`],
    /// [`ErrorCode::Offline`]. Nothing is enrolled then, and it can be tried again.
    pub fn enrol(&self, server: &str, code: &str, pin: &str) -> Result<AppStatus, AppError> {
        self.enrol_inner(server, code.trim(), pin).map_err(DeviceError::into_app)?;
        Ok(self.status())
    }

    fn enrol_inner(&self, server: &str, code: &str, pin: &str) -> Result<(), DeviceError> {
        self.enrol_by(server, pin, |identity, key| {
            Client::new(server, None, self.around.line.as_ref())?.enrol(&EnrolRequest {
                code,
                replica: identity.replica,
                key: key.public(),
                app_version: env!("CARGO_PKG_VERSION"),
            })
        })
    }

    /// Enrols with whatever way leads to the office.
    pub(crate) fn enrol_by(
        &self,
        server: &str,
        pin: &str,
        ask: impl FnOnce(&Identity, &Signer) -> Result<EnrolAnswer, DeviceError>,
    ) -> Result<(), DeviceError> {
        let server = normalised(server)?;
        // Not the database's lock: the office may take its time, and the screen
        // must not freeze meanwhile.
        let _one_at_a_time = self.exchanging.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, was_there) = self.vault.begin(pin)?;
        if !was_there {
            store::discard(&self.home, &self.around)?;
        }
        let mut db = self.unfinished_store(&key)?;
        let mut identity = match identity::load(&db)? {
            Some(identity) => Identity { server, ..identity },
            None => Identity {
                replica: ReplicaId(self.around.new_uuid()?),
                seed: Zeroizing::new(self.around.random()?),
                server,
                enrolled: None,
            },
        };
        identity::save(&db, &identity)?;
        // An answer may have been kept just before the power went.
        if identity.enrolled.is_none() {
            let signer = Signer::from_seed(&identity.seed);
            let answer = ask(&identity, &signer)?;
            let own = answer.certificate.verify(&answer.office_key);
            let server = answer.server_certificate.verify(&answer.office_key);
            let (Ok(own), Ok(server)) = (own, server) else {
                return Err(ErrorCode::NotAnOffice.into());
            };
            let fits = own.replica == identity.replica
                && own.key == signer.public()
                && own.role == ReplicaRole::Tablet
                && own.person == Some(answer.person.id)
                && server.role == ReplicaRole::Server;
            if !fits {
                return Err(ErrorCode::NotAnOffice.into());
            }
            let recovery = answer.recovery.clone();
            let tx = db.transaction()?;
            certificate::put(&tx, own.replica, &answer.certificate)?;
            certificate::put(&tx, server.replica, &answer.server_certificate)?;
            identity.enrolled = Some(enrolled(answer));
            // Before the answer counts as taken: an enrolled tablet has its
            // second wrap, or the office has no recovery key.
            if let Some(recovery) = recovery {
                Recovery::new(&identity, recovery, &key)?.save(&self.home, &self.around)?;
            }
            identity::save(&tx, &identity)?;
            tx.commit()?;
        }
        spare::keep(&self.home, &key, &identity, &self.around)?;
        drop(db);
        self.vault.commit()?;
        wipe::forget(&self.home, &self.around)?;
        *self.lock_open() = Some(self.open_store(key)?);
        Ok(())
    }

    /// The store of an enrolment that is not complete. There is nobody's work
    /// in it, so a damaged one (the power went while it was made) gives way to
    /// a new one.
    fn unfinished_store(&self, key: &StoreKey) -> Result<Connection, DeviceError> {
        let store_key = key.derive("store");
        match store::open(&self.home, &store_key, &self.around) {
            Err(error) if error.is_damage() && !self.vault.exists() => {
                tracing::warn!("the store of an unfinished enrolment was damaged and is made anew");
                store::discard(&self.home, &self.around)?;
                store::open(&self.home, &store_key, &self.around)
            }
            opened => opened,
        }
    }
}

fn enrolled(answer: EnrolAnswer) -> Enrolled {
    let person = answer.person;
    Enrolled {
        office_key: answer.office_key,
        certificate: answer.certificate,
        server_certificate: answer.server_certificate,
        token: answer.token,
        epoch: answer.epoch,
        person: Person {
            id: person.id,
            name: person.name,
            department: person.department,
            department_short: person.department_short,
            cert_no: person.cert_no,
            valid_to: person.valid_to,
        },
    }
}
