//! The database, one file per noun: the table's row, its reads and writes.
//! What the rows mean together, and the order of writing them, is `usecase`'s.

pub(crate) mod acceptance;
pub(crate) mod account;
pub(crate) mod blob;
pub(crate) mod bulk;
pub(crate) mod chain;
pub(crate) mod check_item;
pub(crate) mod department;
pub(crate) mod enrolment_code;
pub(crate) mod enterprise;
pub(crate) mod fact;
pub(crate) mod import_batch;
pub(crate) mod inspector;
pub(crate) mod list;
pub(crate) mod membership;
pub(crate) mod pack_import;
pub(crate) mod plan;
pub(crate) mod quarantine;
pub(crate) mod reference;
pub(crate) mod register;
pub(crate) mod reset_code;
pub(crate) mod revocation;
pub(crate) mod session;
pub(crate) mod tablet;
pub(crate) mod task;
pub(crate) mod upload;

/// Rows written by one statement; keeps it well under any engine's limit of parameters.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// Text that `LIKE` takes literally, between wildcards. Escaped with `\`.
pub(crate) fn like_anywhere(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Declares the parts of an entity that say nothing.
macro_rules! plain_entity {
    () => {
        #[derive(Copy, Clone, Debug, sea_orm::EnumIter, sea_orm::DeriveRelation)]
        pub enum Relation {}

        impl sea_orm::ActiveModelBehavior for ActiveModel {}
    };
}
pub(crate) use plain_entity;
