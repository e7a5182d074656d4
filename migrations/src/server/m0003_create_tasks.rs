//! Joint tasks as the desk puts them together, their ledgers, and who may read
//! which. The substance of a dispatched task is in its ledgers, not here.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [number_series(), task_draft(), ledger(), membership()],
            [index("ledger", &["task"]), index("membership", &["person"])],
        )
        .await
    }
}

fn number_series() -> TableCreateStatement {
    table("number_series", [string("name").primary_key().take(), big_integer("last")], &[])
}

/// What the desk put together; the ledgers are made from it on dispatch.
fn task_draft() -> TableCreateStatement {
    table(
        "task_draft",
        [
            uuid("id").primary_key().take(),
            uuid("ledger"),
            text("body"),
            uuid("created_by"),
            big_integer("created_ms"),
            big_integer_null("dispatched_ms"),
        ],
        &[],
    )
}

fn ledger() -> TableCreateStatement {
    table(
        "ledger",
        [
            uuid("id").primary_key().take(),
            uuid("task"),
            uuid_null("department"),
            string("package_sha256"),
        ],
        &[],
    )
}

fn membership() -> TableCreateStatement {
    table(
        "membership",
        [
            uuid("ledger"),
            uuid("person"),
            uuid("department"),
            big_integer("granted_ms"),
            big_integer_null("left_ms"),
        ],
        &["ledger", "person"],
    )
}
