//! What the office knows before any task: departments, inspectors, enterprises,
//! the item library with its laws and criteria, annual plans, import batches.
//! `body` holds the whole thing as JSON; the other columns are what lists ask for.

use super::{create, index, table};
use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            [department(), inspector(), enterprise(), check_item(), reference(), annual_plan()],
            [
                index("inspector", &["department"]),
                index("enterprise", &["name"]),
                index("enterprise", &["risk_rank", "name"]),
                index("check_item", &["sector", "place"]),
            ],
        )
        .await?;
        create(manager, [plan_entry(), import_batch()], [index("plan_entry", &["plan"])]).await
    }
}

fn department() -> TableCreateStatement {
    table(
        "department",
        [
            uuid("id").primary_key().take(),
            string("name"),
            string("short_name"),
            string("tier"),
            string("sector"),
            text("body"),
        ],
        &[],
    )
}

fn inspector() -> TableCreateStatement {
    table(
        "inspector",
        [
            uuid("person").primary_key().take(),
            uuid("department"),
            string("name"),
            string_uniq("cert_no"),
            string("valid_from"),
            string("valid_to"),
            text("body"),
        ],
        &[],
    )
}

fn enterprise() -> TableCreateStatement {
    table(
        "enterprise",
        [
            uuid("id").primary_key().take(),
            string_uniq("uscc"),
            string("name"),
            string("risk"),
            small_integer("risk_rank"),
            string("address"),
            string("division_code"),
            string("industry_code"),
            text("body"),
            string("source"),
            uuid_null("batch"),
        ],
        &[],
    )
}

fn check_item() -> TableCreateStatement {
    table(
        "check_item",
        [string("code").primary_key().take(), string("sector"), integer("place"), text("body")],
        &[],
    )
}

/// Laws, criteria and matters, by kind and code.
fn reference() -> TableCreateStatement {
    table("reference", [string("kind"), string("code"), text("body")], &["kind", "code"])
}

fn annual_plan() -> TableCreateStatement {
    table(
        "annual_plan",
        [uuid("id").primary_key().take(), uuid("department"), integer("year"), text("body")],
        &[],
    )
}

fn plan_entry() -> TableCreateStatement {
    table(
        "plan_entry",
        [uuid("plan"), integer("place"), uuid("enterprise"), text("body")],
        &["plan", "place"],
    )
}

fn import_batch() -> TableCreateStatement {
    table(
        "import_batch",
        [
            uuid("id").primary_key().take(),
            uuid("account"),
            big_integer("created_ms"),
            string("file_sha256"),
            integer("rows_total"),
            integer("rows_ok"),
            text("body"),
            big_integer_null("confirmed_ms"),
        ],
        &[],
    )
}
