//! When things go wrong with a tablet: taken out of service and why, one-time
//! codes for a forgotten PIN, rescue packs that were handed in.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [revocation(), reset_code(), pack_import()],
            [index("reset_code", &["replica"]), index("pack_import", &["created_ms"])],
        )
        .await
    }
}

/// What became of a tablet out of service; `tablet.revoked_ms` says since when.
fn revocation() -> TableCreateStatement {
    table(
        "revocation",
        [
            uuid("replica").primary_key().take(),
            text("reason"),
            boolean("lost"),
            string_null("wipe"),
            uuid_null("ordered_by"),
            big_integer("ordered_ms"),
            big_integer_null("told_ms"),
            big_integer_null("wiped_ms"),
        ],
        &[],
    )
}

fn reset_code() -> TableCreateStatement {
    table(
        "reset_code",
        [
            string("code_hash").primary_key().take(),
            uuid("replica"),
            uuid_null("issued_by"),
            big_integer("created_ms"),
            big_integer("expires_ms"),
            big_integer_null("used_ms"),
        ],
        &[],
    )
}

/// What each pack brought; `body` is the whole report.
fn pack_import() -> TableCreateStatement {
    table(
        "pack_import",
        [
            uuid("id").primary_key().take(),
            uuid("replica"),
            string("sha256"),
            uuid_null("handed_in_by"),
            big_integer("created_ms"),
            text("body"),
        ],
        &[],
    )
}
