//! The server's schema, one step per file: one source for SQLite and
//! PostgreSQL. Times are milliseconds UTC (`_ms`), dates `YYYY-MM-DD`.
//! The tablet's schema is in the other half of this crate.

use sea_orm_migration::prelude::*;

mod m0001_create_directories;
mod m0002_create_accounts;
mod m0003_create_tasks;
mod m0004_create_ledgers;
mod m0005_keep_branches;
mod m0007_create_recovery;
mod m0008_create_acceptances;
mod m0009_create_uploads;

/// Every step from an empty database to the present schema, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_create_directories::Migration),
            Box::new(m0002_create_accounts::Migration),
            Box::new(m0003_create_tasks::Migration),
            Box::new(m0004_create_ledgers::Migration),
            Box::new(m0005_keep_branches::Migration),
            Box::new(m0007_create_recovery::Migration),
            Box::new(m0008_create_acceptances::Migration),
            Box::new(m0009_create_uploads::Migration),
        ]
    }
}

/// A table of these columns, with this primary key where it is more than one column.
fn table<const N: usize>(
    name: &'static str,
    columns: [ColumnDef; N],
    key: &[&'static str],
) -> TableCreateStatement {
    let mut statement = Table::create();
    statement.table(name);
    for column in columns {
        statement.col(column);
    }
    if !key.is_empty() {
        let mut index = Index::create();
        for column in key {
            index.col(*column);
        }
        statement.primary_key(&mut index);
    }
    statement.take()
}

/// An index named after its table and columns.
fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name(format!("{table}_by_{}", columns.join("_"))).table(table);
    for column in columns {
        statement.col(*column);
    }
    statement.take()
}

/// Creates tables and indexes in order.
async fn create<const T: usize, const I: usize>(
    manager: &SchemaManager<'_>,
    tables: [TableCreateStatement; T],
    indexes: [IndexCreateStatement; I],
) -> Result<(), DbErr> {
    for statement in tables {
        manager.create_table(statement).await?;
    }
    for statement in indexes {
        manager.create_index(statement).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let names: Vec<String> =
            Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.is_sorted());
    }
}
