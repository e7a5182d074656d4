//! The office's key, which signs certificates, the server replica's key of this
//! epoch, which seals its chains, and the recovery key, to which tablets wrap
//! the key of their store and encrypt rescue packs. Made at the first start, kept in
//! `keys/` readable by the owner alone; lost with them, never in the database.

use crate::error::{Result, ServerError};
use crate::surroundings::{Entropy, Surroundings};
use age::secrecy::ExposeSecret;
use age::x25519;
use chrono::Duration;
use domain::id::ReplicaId;
use domain::time::Wall;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ledger::recovery::SignedRecovery;
use ledger::seal::Signer;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long the server's own certificate holds.
const SERVER_CERTIFICATE_DAYS: i64 = 3650;

/// Which epoch it is, and which there were.
const EPOCH: &str = "epoch.json";

/// One run of the server's history: a restore from a backup starts a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Epoch {
    epoch: Uuid,
    replica: ReplicaId,
    certificate: SignedCertificate,
    /// The server's replicas of the epochs before, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<SignedCertificate>,
}

impl Epoch {
    /// A new run under a new replica, behind these.
    fn begin(
        keys: (&Signer, &Signer),
        former: Vec<SignedCertificate>,
        around: &Surroundings,
    ) -> Result<Self> {
        let (office, server) = keys;
        let replica = ReplicaId(around.new_id()?);
        let today = Wall::new(around.clock.now()).shanghai_date();
        let certificate = Certificate {
            replica,
            key: server.public(),
            role: ReplicaRole::Server,
            person: None,
            department: None,
            name: "服务器".to_owned(),
            epoch: u32::try_from(former.len()).unwrap_or(u32::MAX),
            valid_from: today,
            valid_to: today + Duration::days(SERVER_CERTIFICATE_DAYS),
        };
        let certificate = SignedCertificate::sign(office, &certificate)?;
        Ok(Self { epoch: around.new_id()?, replica, certificate, former })
    }
}

/// The key that opens what tablets encrypt to the office.
pub struct RecoveryKey(x25519::Identity);

impl RecoveryKey {
    /// The secret half.
    #[must_use]
    pub fn identity(&self) -> &x25519::Identity {
        &self.0
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(secret)")
    }
}

/// The keys and the names they belong to.
#[derive(Debug)]
pub struct Keys {
    /// Signs replica certificates.
    pub office: Signer,
    /// Seals the server's chains and signs receipts.
    pub server: Signer,
    /// The server's replica in this epoch.
    pub replica: ReplicaId,
    /// The epoch.
    pub epoch: Uuid,
    /// The server replica's certificate.
    pub certificate: SignedCertificate,
    /// The certificates of this server in the epochs before, the first one first.
    pub former: Vec<SignedCertificate>,
    /// Opens wrapped store keys and rescue packs.
    pub recovery: RecoveryKey,
    /// Its public half, as tablets get it.
    pub recovery_recipient: SignedRecovery,
}

impl Keys {
    /// Reads the keys, making them when there are none yet.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or a file in it is damaged.
    pub fn open(folder: &Path, around: &Surroundings) -> Result<Self> {
        fs::create_dir_all(folder)?;
        restrict(folder, 0o700)?;
        let office =
            Signer::from_seed(&*seed(&folder.join("office.key"), around.entropy.as_ref())?);
        let server =
            Signer::from_seed(&*seed(&folder.join("server.key"), around.entropy.as_ref())?);
        let path = folder.join(EPOCH);
        let epoch: Epoch = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let epoch = Epoch::begin((&office, &server), Vec::new(), around)?;
                write_new(&path, &serde_json::to_vec_pretty(&epoch)?)?;
                epoch
            }
            Err(error) => return Err(error.into()),
        };
        if epoch.certificate.verify(&office.public()).is_err() {
            return Err(ServerError::Broken("keys/epoch.json was not signed by keys/office.key"));
        }
        let recovery = recovery(&folder.join("recovery.key"))?;
        let recipient = recovery.0.to_public().to_string();
        Ok(Self {
            recovery_recipient: SignedRecovery::sign(&office, recipient),
            recovery,
            office,
            server,
            replica: epoch.replica,
            epoch: epoch.epoch,
            certificate: epoch.certificate,
            former: epoch.former,
        })
    }

    /// Begins a new epoch: the data were put back from a copy, so what this
    /// server said since is not known here, and no position may be given twice.
    /// Takes effect when the keys are read next.
    ///
    /// # Errors
    /// When the folder holds no keys, or cannot be written.
    pub fn begin_epoch(folder: &Path, around: &Surroundings) -> Result<()> {
        let path = folder.join(EPOCH);
        // Keys are never made here: without the office's there is nothing to go on with.
        fs::metadata(&path)?;
        let keys = Self::open(folder, around)?;
        let mut former = keys.former;
        former.push(keys.certificate);
        let next = Epoch::begin((&keys.office, &keys.server), former, around)?;
        let beside = folder.join(format!("{EPOCH}.next"));
        write_private(&beside, &serde_json::to_vec_pretty(&next)?)?;
        fs::rename(&beside, &path)?;
        fs::File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// The certificate of this server in an earlier epoch.
    ///
    /// # Errors
    /// When a certificate kept here does not hold.
    pub fn former(&self, replica: ReplicaId) -> Result<Option<Certificate>> {
        for signed in &self.former {
            let certificate = signed.verify(&self.office.public()).map_err(|_| {
                ServerError::Broken("keys/epoch.json was not signed by keys/office.key")
            })?;
            if certificate.replica == replica {
                return Ok(Some(certificate));
            }
        }
        Ok(None)
    }
}

/// A secret seed, made at the first call.
fn seed(path: &Path, entropy: &dyn Entropy) -> Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            hex::decode_to_slice(text.trim(), bytes.as_mut_slice())
                .map_err(|_| ServerError::Broken("a key file is damaged"))?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            entropy.fill(bytes.as_mut_slice())?;
            let text = Zeroizing::new(hex::encode(bytes.as_slice()));
            write_new(path, text.as_bytes())?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(bytes)
}

/// The recovery key, made at the first call.
fn recovery(path: &Path) -> Result<RecoveryKey> {
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            let identity = text.trim().parse();
            identity.map(RecoveryKey).map_err(|_| ServerError::Broken("a key file is damaged"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let identity = x25519::Identity::generate();
            write_new(path, identity.to_string().expose_secret().as_bytes())?;
            Ok(RecoveryKey(identity))
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes a file that its owner alone may read, over one that was there.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    write_with(options, path, bytes)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    write_with(options, path, bytes)
}

fn write_with(mut options: fs::OpenOptions, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_readable_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings::default();
        let first = Keys::open(folder.path(), &around).unwrap();
        let second = Keys::open(folder.path(), &around).unwrap();
        assert_eq!(first.office.public(), second.office.public());
        assert_eq!((first.replica, first.epoch), (second.replica, second.epoch));
        assert_eq!(first.recovery_recipient, second.recovery_recipient);
        assert!(first.recovery_recipient.verify(&first.office.public()).is_ok());
        assert!(!format!("{first:?}").contains("AGE-SECRET"));
        #[cfg(unix)]
        for name in ["office.key", "server.key", "recovery.key", "epoch.json"] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_new_epoch_has_a_new_replica_and_remembers_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings::default();
        assert!(Keys::begin_epoch(folder.path(), &around).is_err());
        let first = Keys::open(folder.path(), &around).unwrap();
        Keys::begin_epoch(folder.path(), &around).unwrap();
        let second = Keys::open(folder.path(), &around).unwrap();
        assert_ne!((first.replica, first.epoch), (second.replica, second.epoch));
        assert_eq!(first.office.public(), second.office.public());
        let known = second.former(first.replica).unwrap().unwrap();
        assert_eq!((known.epoch, known.key), (0, first.server.public()));
        let own = second.certificate.verify(&second.office.public()).unwrap();
        assert_eq!((own.epoch, second.former(own.replica).unwrap()), (1, None));
    }

    #[test]
    fn an_epoch_of_another_office_is_not_taken() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let around = Surroundings::default();
        Keys::open(one.path(), &around).unwrap();
        Keys::open(two.path(), &around).unwrap();
        fs::copy(one.path().join("epoch.json"), two.path().join("epoch.json")).unwrap();
        assert!(Keys::open(two.path(), &around).is_err());
    }
}
