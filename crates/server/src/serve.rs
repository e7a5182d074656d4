//! Running the server, and what its command line does beside that.

use crate::app::{App, Settings, rfc3339};
use crate::archive::{Archive, Folder};
use crate::db;
use crate::error::{Result, ServerError};
use crate::router::router;
use crate::store::session::Sessions;
use crate::store::{acceptance, chain, membership, register};
use crate::usecase::bundle::{self, Extent};
use crate::usecase::demo_city::{self, DemoAccount};
use crate::usecase::pack::{self, PackReport};
use crate::usecase::{demo_task, enrolment, expiry, tree, watch};
use crate::view::CodeIssued;
use chrono::{Duration, NaiveDate};
use domain::id::{LedgerId, TaskId};
use ledger::fold::state_digest;
use ledger::holdings::ledger_digest;
use ledger::tree::SignedTreeHead;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

/// How often the server looks for something to do by itself.
const KEEPING_INTERVAL: std::time::Duration = std::time::Duration::from_secs(60);

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
    let served = serve_until(&app, listen, ready, stop).await;
    app.close().await;
    served
}

async fn serve_until(
    app: &App,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    Sessions(app.db.clone()).delete_expired(app.now_ms()).await?;
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, replica = %app.keys.replica, epoch = %app.keys.epoch, "listening");
    ready(address);
    let keeping = tokio::spawn(keep(app.clone()));
    let watching = tokio::spawn(watch::watch(app.clone()));
    let expiring = tokio::spawn(expiry::watch(app.clone()));
    let events = Arc::clone(&app.events);
    let stop = async move {
        stop.await;
        events.close();
    };
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    keeping.abort();
    watching.abort();
    expiring.abort();
    db::checkpoint(&app.db).await?;
    tracing::info!("stopped");
    Ok(())
}

/// What the server does by itself while it runs.
async fn keep(app: App) {
    let mut glance = tokio::time::interval(KEEPING_INTERVAL);
    glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        glance.tick().await;
        tree::when_due(&app).await;
    }
}

/// Makes the tree heads that are due and answers those of a day, or all of the
/// last year; with them the running day's as it stands, which says that it is
/// none for good.
///
/// # Errors
/// When the database does not answer.
pub async fn tree_heads(
    settings: &Settings,
    day: Option<NaiveDate>,
) -> Result<Vec<SignedTreeHead>> {
    App::within(settings, async |app| {
        let today = app.shanghai_today();
        tree::make(app, today).await?;
        let from = day.unwrap_or(today - Duration::days(365));
        let stored = acceptance::heads(&app.db, from, 366).await?;
        let wanted = stored.into_iter().filter(|one| day.is_none_or(|day| one.day == day));
        let mut heads: Vec<SignedTreeHead> = wanted.map(|one| one.head).collect();
        if day.is_none_or(|day| day == today) {
            heads.push(tree::interim(app, today).await?);
        }
        Ok(heads)
    })
    .await
}

/// Writes a task's verifiable bundle to a new folder, or to a new zip archive
/// where the name ends in `.zip`.
///
/// # Errors
/// When there is no such dispatched task, or something is at that place already.
pub async fn export_task(
    settings: &Settings,
    task: TaskId,
    extent: Extent,
    out: &Path,
) -> Result<()> {
    App::within(settings, async |app| {
        if out.extension().is_none_or(|extension| extension != "zip") {
            return bundle::write(app, task, extent, &mut Folder::create(out)?).await;
        }
        let mut archive = Archive::to(std::fs::File::create_new(out)?);
        match bundle::write(app, task, extent, &mut archive).await {
            Ok(()) => Ok(archive.finish()?.sync_all()?),
            Err(error) => {
                // Half an archive is none.
                std::fs::remove_file(out)?;
                Err(error)
            }
        }
    })
    .await
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
    App::within(settings, async |app| demo_task::open(app).await).await
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
    App::within(settings, async |app| {
        let person = enrolment::person(app, person).await?;
        let issued = enrolment::issue(app, person, None).await?;
        Ok(CodeIssued { code: issued.code, expires_at: rfc3339(issued.expires_ms) })
    })
    .await
}

/// Hands a rescue pack in from a file.
///
/// # Errors
/// When the file cannot be read or nothing of it can be taken.
pub async fn import_pack(settings: &Settings, file: &Path) -> Result<PackReport> {
    let file = std::fs::File::open(file)?;
    App::within(settings, async |app| pack::import(app, file, None).await).await
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
    App::within(settings, async |app| {
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
    })
    .await
}
