//! The database engine: how it is opened, and how a writing transaction starts.
//!
//! Everything that is particular to SQLite is in this file; the rest of the
//! crate speaks through SeaORM, so that PostgreSQL is a second branch here.

use crate::error::Result;
use crate::surroundings::Surroundings;
use ledger::planted::{self, Planted};
use migrations::server::Migrator;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use std::path::Path;
use std::time::Duration;

/// Readers beside the one writer.
const CONNECTIONS_MAX: u32 = 8;

/// How long a writer waits for the one before it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// Opens the database under the data folder and brings its schema up to date.
///
/// # Errors
/// When the file cannot be opened or a migration fails.
pub async fn open(data: &Path, around: &Surroundings) -> Result<DatabaseConnection> {
    let url = format!("sqlite://{}?mode=rwc", data.join("lianjian.sqlite").display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(around.connections_max.unwrap_or(CONNECTIONS_MAX)).sqlx_logging(false);
    let vfs = around.vfs.clone();
    let synchronous = if planted::is(Planted::SkipFsyncAtOffice) { "OFF" } else { "FULL" };
    // A receipt promises that work is safe: commits reach the disk (FULL).
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = match &vfs {
            Some(vfs) => sqlite.vfs(vfs.clone()),
            None => sqlite,
        };
        sqlite
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", synchronous)
            .pragma("foreign_keys", "ON")
            .busy_timeout(BUSY_TIMEOUT)
    });
    let db = Database::connect(options).await?;
    Migrator::up(&db, None).await?;
    Ok(db)
}

/// Starts a transaction that will write. SQLite takes the writer's lock at
/// once: a transaction that reads first and writes later could otherwise fail.
///
/// # Errors
/// When the lock is not to be had in time.
pub async fn begin_write(db: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(db.begin_with_options(options).await?)
}

/// Brings the write-ahead log into the database file before the server stops.
///
/// # Errors
/// When the database does not answer.
pub async fn checkpoint(db: &DatabaseConnection) -> Result<()> {
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}
