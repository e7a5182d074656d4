//! Who may come in: accounts and sessions of the desk, enrolment codes and
//! tablets of the field. Passwords, codes and tokens are kept as hashes only.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [account(), session(), enrolment_code(), tablet()],
            [index("tablet", &["person"])],
        )
        .await
    }
}

fn account() -> TableCreateStatement {
    table(
        "account",
        [
            uuid("id").primary_key().take(),
            string_uniq("name"),
            string("display_name"),
            string("role"),
            string("password_hash"),
            integer("wrong_passwords"),
            big_integer("locked_until_ms"),
        ],
        &[],
    )
}

fn session() -> TableCreateStatement {
    table(
        "session",
        [string("id").primary_key().take(), text("data"), big_integer("expires_ms")],
        &[],
    )
}

fn enrolment_code() -> TableCreateStatement {
    table(
        "enrolment_code",
        [
            string("code_hash").primary_key().take(),
            uuid("person"),
            uuid_null("issued_by"),
            big_integer("created_ms"),
            big_integer("expires_ms"),
            big_integer_null("used_ms"),
            uuid_null("replica"),
        ],
        &[],
    )
}

fn tablet() -> TableCreateStatement {
    table(
        "tablet",
        [
            uuid("replica").primary_key().take(),
            string("public_key"),
            string("name"),
            uuid("person"),
            uuid("department"),
            string_uniq("token_hash"),
            text("certificate"),
            string("app_version"),
            big_integer("enrolled_ms"),
            big_integer_null("last_contact_ms"),
            big_integer_null("revoked_ms"),
        ],
        &[],
    )
}
