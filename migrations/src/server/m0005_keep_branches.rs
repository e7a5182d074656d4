//! Chains of replicas that forked: who wrote a branch, and what it continues.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Of a branch alone: a replica's first stretch continues nothing.
        let columns =
            [uuid_null("writer"), big_integer_null("base_pos"), binary_len_null("base_hash", 32)];
        for column in columns {
            let mut alter = Table::alter();
            alter.table("chain").add_column(column);
            manager.alter_table(alter).await?;
        }
        manager.create_index(super::index("chain", &["ledger", "writer"])).await
    }
}
