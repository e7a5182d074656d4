//! The database engine: how it is opened, and how a writing transaction starts.
//!
//! Everything that is particular to SQLite is in this file; the rest of the
//! crate speaks through SeaORM, so that PostgreSQL is a second branch here.

use crate::error::Result;
use crate::surroundings::Surroundings;
use ledger::planted::{self, Planted};
use migrations::server::Migrator;
use sea_orm::sqlx::{self, Connection, SqliteConnection};
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
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| Box::pin(is_clean(connection)))
    });
    let db = Database::connect(options).await?;
    Migrator::up(&db, None).await?;
    Ok(db)
}

/// Whether a connection that comes back may be used again.
///
/// When a commit fails for want of space, SQLite rolls the transaction back by
/// itself; sqlx, which counts transactions, then fails to roll it back once more
/// and counts it as open for good. The next "transaction" would be a savepoint
/// in nothing, and everything written on this connection from then on would be
/// acknowledged and never committed.
async fn is_clean(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // A roll-back that was begun by dropping goes before this.
    connection.ping().await?;
    let clean = !connection.is_in_transaction();
    if !clean {
        tracing::warn!("a transaction did not end; its connection is closed");
    }
    Ok(clean)
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

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::{DbBackend, Statement};

    async fn count(db: &DatabaseConnection) -> i32 {
        let all = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) AS n FROM sheet");
        db.query_one_raw(all).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    #[tokio::test]
    async fn what_is_written_after_a_commit_that_failed_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings { connections_max: Some(1), ..Surroundings::default() };
        let db = open(folder.path(), &around).await.unwrap();
        db.execute_unprepared("CREATE TABLE sheet (id INTEGER PRIMARY KEY)").await.unwrap();

        let failing = begin_write(&db).await.unwrap();
        failing.execute_unprepared("INSERT INTO sheet VALUES (1)").await.unwrap();
        // As SQLite does by itself when it finds no room to commit.
        failing.execute_unprepared("ROLLBACK").await.unwrap();
        failing.commit().await.unwrap_err();

        let reading = db.begin().await.unwrap();
        reading.rollback().await.unwrap();
        db.execute_unprepared("INSERT INTO sheet VALUES (2)").await.unwrap();
        let writing = begin_write(&db).await.unwrap();
        writing.execute_unprepared("INSERT INTO sheet VALUES (3)").await.unwrap();
        writing.commit().await.unwrap();
        db.close().await.unwrap();

        let db = open(folder.path(), &around).await.unwrap();
        assert_eq!(count(&db).await, 2);
    }
}
