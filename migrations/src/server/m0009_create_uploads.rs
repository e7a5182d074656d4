//! Files that are still on their way up, piece by piece. The bytes lie in the
//! store of files; what counts of them is what these rows name.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [upload(), upload_part()],
            [
                index("upload", &["replica"]),
                index("upload", &["touched_ms"]),
                index("blob", &["created_ms"]),
                index("blob_upload", &["replica"]),
            ],
        )
        .await
    }
}

/// `received` is the offset that tablets are told; all before it is durable.
fn upload() -> TableCreateStatement {
    table(
        "upload",
        [
            uuid("id").primary_key().take(),
            uuid("replica"),
            string("sha256"),
            string("filetype"),
            text("metadata"),
            big_integer("length"),
            big_integer("received"),
            big_integer("created_ms"),
            big_integer("touched_ms"),
            big_integer_null("finished_ms"),
        ],
        &[],
    )
}

/// The pieces that `received` counts, by where they begin.
fn upload_part() -> TableCreateStatement {
    table(
        "upload_part",
        [uuid("upload"), big_integer("start"), big_integer("bytes"), string("name")],
        &["upload", "start"],
    )
}
