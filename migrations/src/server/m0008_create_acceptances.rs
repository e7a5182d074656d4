//! What the server accepted, as leaves of the day's tree, and the signed heads
//! of the days that are over.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [acceptance(), tree_head()],
            [
                index("acceptance", &["day", "at_ms"]),
                index("acceptance", &["at_ms"]),
                index("acceptance", &["ledger"]),
            ],
        )
        .await
    }
}

/// `leaf` is what is hashed, verbatim; the other columns are for finding it.
/// `day` is that of the head it is under, none until there is one.
fn acceptance() -> TableCreateStatement {
    table(
        "acceptance",
        [
            uuid("id").primary_key().take(),
            string_null("day"),
            big_integer("at_ms"),
            uuid("ledger"),
            uuid("replica"),
            binary_len("hash", 32),
            text("leaf"),
        ],
        &[],
    )
}

/// One head per day and one successor per head, whoever makes them.
fn tree_head() -> TableCreateStatement {
    table(
        "tree_head",
        [
            string("day").primary_key().take(),
            string("previous").unique_key().take(),
            text("head"),
            text("certificate"),
        ],
        &[],
    )
}
