//! Running the server, and what its command line does beside that.

use crate::app::{App, Settings, now_ms, rfc3339};
use crate::db;
use crate::error::{Result, ServerError};
use crate::router::router;
use crate::store::session::Sessions;
use crate::store::{chain, membership, register};
use crate::usecase::demo_city::{self, DemoAccount};
use crate::usecase::{demo_task, enrolment, expiry};
use crate::view::CodeIssued;
use domain::id::{LedgerId, TaskId};
use ledger::fold::state_digest;
use ledger::holdings::ledger_digest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// Listens and answers until `stop` is done; then finishes what is under way.
/// `ready` is told the address once requests are taken.
///
/// # Errors
/// When the address cannot be had or the database does not close.
pub async fn serve(
    app: App,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    Sessions(app.db.clone()).delete_expired(now_ms()).await?;
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, replica = %app.keys.replica, epoch = %app.keys.epoch, "listening");
    ready(address);
    let expiry = tokio::spawn(expiry::watch(app.clone()));
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    expiry.abort();
    db::checkpoint(&app.db).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Imports the demo city into an empty installation.
///
/// # Errors
/// When something cannot be written.
pub async fn import_demo(app: &App, seed: u64) -> Result<()> {
    demo_city::import(app, seed).await
}

/// Opens and dispatches a first task of the demo city, unless there are tasks.
///
/// # Errors
/// When the installation holds no demo city.
pub async fn open_demo_task(settings: &Settings) -> Result<Option<TaskId>> {
    let app = App::open(settings).await?;
    demo_task::open(&app).await
}

/// The accounts of the demonstration with their passwords.
///
/// # Errors
/// When the data folder holds no demonstration.
pub fn demo_accounts(data: &Path) -> Result<Vec<DemoAccount>> {
    match std::fs::read(accounts_file(data)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Where the demonstration's passwords are kept.
pub(crate) fn accounts_file(data: &Path) -> PathBuf {
    data.join("demo-accounts.json")
}

/// Issues an enrolment code for a person, by id or certificate number.
///
/// # Errors
/// When there is no such person.
pub async fn issue_code(settings: &Settings, person: &str) -> Result<CodeIssued> {
    let app = App::open(settings).await?;
    let person = enrolment::person(&app, person).await?;
    let issued = enrolment::issue(&app, person, None).await?;
    Ok(CodeIssued { code: issued.code, expires_at: rfc3339(issued.expires_ms) })
}

/// What one ledger amounts to, for comparing replicas.
#[derive(Debug, Serialize)]
pub struct Digests {
    /// Digest of the holdings.
    pub holdings: String,
    /// Digest of the folded state.
    pub state: String,
}

/// The digests of all ledgers, or of one.
///
/// # Errors
/// When the database does not answer.
pub async fn digests(
    settings: &Settings,
    only: Option<LedgerId>,
) -> Result<BTreeMap<LedgerId, Digests>> {
    let app = App::open(settings).await?;
    let mut ledgers = membership::all_ledgers(&app.db).await?;
    ledgers.retain(|ledger| only.is_none_or(|only| only == *ledger));
    let holdings = chain::holdings(&app.db, ledgers.iter().copied()).await?;
    let mut digests = BTreeMap::new();
    for ledger in ledgers {
        let chains = holdings.0.get(&ledger).ok_or(ServerError::Broken("a ledger is empty"))?;
        let digest = Digests {
            holdings: ledger_digest(chains).to_string(),
            state: state_digest(&register::all(&app.db, ledger).await?).to_string(),
        };
        digests.insert(ledger, digest);
    }
    Ok(digests)
}
