//! The tablet's schema (SQLite, `STRICT` tables), one SQL file per step in
//! `device/`. The server's schema is in its own half of this crate.

use rusqlite_migration::{M, Migrations};

/// Every step from an empty database to the present schema, in order.
#[must_use]
pub fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("../device/0001_open_store.sql")),
        M::up(include_str!("../device/0002_keep_branches.sql")),
        M::up(include_str!("../device/0003_note_transfers.sql")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_applies_to_an_empty_database() {
        migrations().validate().unwrap();
    }

    #[test]
    fn every_table_is_strict() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        migrations().to_latest(&mut connection).unwrap();
        let lax: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(lax.is_empty(), "{lax:?}");
    }
}
