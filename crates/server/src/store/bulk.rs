//! Many rows in few statements. What the entities of `sea-orm` say row by row,
//! the tables that a tablet's page fills say by the hundred: one text per table
//! and size, which the driver prepares once, and no query built for each.

use crate::error::Result;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use std::fmt::Write as _;

/// Sizes of statements, so that any number of rows needs few different texts.
const ROWS: [usize; 4] = [64, 16, 4, 1];

/// How many of `left` rows the next statement takes.
fn step(left: usize) -> usize {
    ROWS.into_iter().find(|size| *size <= left).unwrap_or(1)
}

/// Inserts rows into a table. `tail` says what happens to a row that is there
/// already (`ON CONFLICT …`). Names and tail are the program's own words.
pub(crate) async fn insert<const N: usize>(
    db: &impl ConnectionTrait,
    table: &str,
    columns: [&str; N],
    tail: &str,
    rows: Vec<[Value; N]>,
) -> Result<()> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let size = step(left);
        left -= size;
        let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        marks(&mut sql, db.get_database_backend(), size, N);
        if !tail.is_empty() {
            let _ = write!(sql, " {tail}");
        }
        let values: Vec<Value> = rows.by_ref().take(size).flatten().collect();
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        db.execute_raw(statement).await?;
    }
    Ok(())
}

/// `(?, ?), (?, ?)`, or numbered where the engine wants it.
fn marks(sql: &mut String, backend: DbBackend, rows: usize, columns: usize) {
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                sql.push_str(", ");
            }
            if backend == DbBackend::Postgres {
                let _ = write!(sql, "${}", row * columns + column + 1);
            } else {
                sql.push('?');
            }
        }
        sql.push(')');
    }
}

/// Keys in lists of one length each, for `IN (…)`: the last list repeats its
/// last key, so that all lists share one statement.
pub(crate) fn lists<T: Clone>(keys: impl IntoIterator<Item = T>) -> Vec<Vec<T>> {
    let keys: Vec<T> = keys.into_iter().collect();
    let chunks = keys.chunks(ROWS[0]).map(|some| {
        let mut list = some.to_vec();
        let size = ROWS.into_iter().rev().find(|size| *size >= list.len()).unwrap_or(ROWS[0]);
        if let Some(last) = list.last().cloned() {
            list.resize(size, last);
        }
        list
    });
    chunks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_cut_into_the_few_sizes() {
        for total in [1, 3, 64, 65, 1000] {
            let (mut left, mut taken) = (total, 0);
            while left > 0 {
                taken += step(left);
                left -= step(left);
            }
            assert_eq!(taken, total);
        }
    }

    #[test]
    fn marks_are_what_the_engine_wants() {
        let mut sql = String::new();
        marks(&mut sql, DbBackend::Sqlite, 2, 2);
        assert_eq!(sql, "(?, ?), (?, ?)");
        sql.clear();
        marks(&mut sql, DbBackend::Postgres, 2, 2);
        assert_eq!(sql, "($1, $2), ($3, $4)");
    }

    #[test]
    fn lists_of_keys_have_few_lengths_and_name_every_key() {
        let all = lists(0..70);
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [64, 16]);
        let named: std::collections::BTreeSet<i32> = all.into_iter().flatten().collect();
        assert_eq!(named, (0..70).collect());
        assert!(lists(Vec::<i32>::new()).is_empty());
    }
}
