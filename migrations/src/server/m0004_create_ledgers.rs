//! The ledgers: chains verbatim, the facts and verdicts read from them, the
//! registers resolved from those, the lists projected from the registers, and
//! the files they refer to. No constraint here can be violated by what a tablet
//! wrote: what does not fit becomes a row to look at, not an error.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [chain(), change(), seal(), quarantine(), fact(), verdict(), register()],
            [
                index("change", &["ledger", "id"]),
                index("fact", &["ledger", "change"]),
                index("register", &["ledger", "contested"]),
                index("quarantine", &["delivered_by"]),
            ],
        )
        .await?;
        create(
            manager,
            [task(), party(), item_result(), finding(), blob(), blob_upload(), blob_reference()],
            [
                index("task", &["visit_date"]),
                index("task", &["rec"]),
                index("blob_reference", &["sha256"]),
            ],
        )
        .await
    }
}

fn chain() -> TableCreateStatement {
    table(
        "chain",
        [
            uuid("ledger"),
            uuid("replica"),
            big_integer("pos"),
            binary_len("hash", 32),
            big_integer("sealed_pos"),
        ],
        &["ledger", "replica"],
    )
}

fn change() -> TableCreateStatement {
    table(
        "change",
        [
            uuid("ledger"),
            uuid("replica"),
            big_integer("pos"),
            string("id"),
            binary_len("hash", 32),
            blob_column("bytes"),
            big_integer("received_ms"),
        ],
        &["ledger", "replica", "pos"],
    )
}

fn seal() -> TableCreateStatement {
    table(
        "seal",
        [uuid("ledger"), uuid("replica"), big_integer("pos"), binary_len("signature", 64)],
        &["ledger", "replica", "pos"],
    )
}

/// What was delivered but failed its hash or seal, charged to who delivered it.
fn quarantine() -> TableCreateStatement {
    table(
        "quarantine",
        [
            string("sha256").primary_key().take(),
            uuid("ledger"),
            uuid("replica"),
            uuid("delivered_by"),
            string("reason"),
            big_integer("received_ms"),
            big_integer("size"),
            blob_column("bytes"),
        ],
        &[],
    )
}

fn fact() -> TableCreateStatement {
    table(
        "fact",
        [
            uuid("ledger"),
            string("kind"),
            uuid("rec"),
            string("field"),
            string("change"),
            integer("idx"),
            text("body"),
        ],
        &["ledger", "kind", "rec", "field", "change", "idx"],
    )
}

fn verdict() -> TableCreateStatement {
    table(
        "verdict",
        [uuid("ledger"), string("change"), string("verdict"), string("reason")],
        &["ledger", "change", "verdict"],
    )
}

fn register() -> TableCreateStatement {
    table(
        "register",
        [
            uuid("ledger"),
            string("kind"),
            uuid("rec"),
            string("field"),
            text("resolved"),
            boolean("contested"),
        ],
        &["ledger", "kind", "rec", "field"],
    )
}

/// `ledger::projection`'s rows from here on; a draft's row is the desk's.
fn task() -> TableCreateStatement {
    table(
        "task",
        [
            uuid("ledger"),
            uuid("rec"),
            string("title"),
            string("number"),
            string("status"),
            string("enterprise"),
            string("uscc"),
            string("address"),
            string("risk"),
            string("visit_date"),
            string("lead"),
            string_null("package_sha256"),
            big_integer("items"),
        ],
        &["ledger", "rec"],
    )
}

fn party() -> TableCreateStatement {
    table(
        "party",
        [
            uuid("ledger"),
            uuid("rec"),
            string("department"),
            string("name"),
            string("short_name"),
            big_integer("lead"),
        ],
        &["ledger", "rec"],
    )
}

fn item_result() -> TableCreateStatement {
    table(
        "item_result",
        [uuid("ledger"), uuid("rec"), string_null("answer"), big_integer("contested")],
        &["ledger", "rec"],
    )
}

fn finding() -> TableCreateStatement {
    table(
        "finding",
        [
            uuid("ledger"),
            uuid("rec"),
            string("department"),
            string_null("item"),
            string("level"),
            text("fact"),
            string_null("deadline"),
            string_null("review"),
            big_integer("contested"),
        ],
        &["ledger", "rec"],
    )
}

fn blob() -> TableCreateStatement {
    table(
        "blob",
        [string("sha256").primary_key().take(), big_integer("bytes"), big_integer("created_ms")],
        &[],
    )
}

/// Who has shown to hold a blob's bytes: a reference gives nothing without it.
fn blob_upload() -> TableCreateStatement {
    table("blob_upload", [string("sha256"), uuid("replica")], &["sha256", "replica"])
}

fn blob_reference() -> TableCreateStatement {
    table(
        "blob_reference",
        [uuid("ledger"), string("sha256"), uuid("rec"), uuid("replica")],
        &["ledger", "sha256", "rec", "replica"],
    )
}

/// `blob` of `sea_orm_migration::schema` under a name that is free here.
fn blob_column(name: &'static str) -> ColumnDef {
    sea_orm_migration::schema::blob(name)
}
