//! Legal bases, criteria for major hazards and matters, by kind and code.

use super::{ROWS_PER_STATEMENT, plain_entity};
use crate::error::Result;
use domain::matter::{LegalBasis, MajorCriterion, Matter};
use sea_orm::IntoActiveModel;
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reference")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub body: String,
}

plain_entity!();

/// What can be referred to.
pub trait Referable: Serialize + DeserializeOwned {
    /// The word it is kept under.
    const KIND: &'static str;

    /// Its code.
    fn code(&self) -> &str;
}

impl Referable for LegalBasis {
    const KIND: &'static str = "law";

    fn code(&self) -> &str {
        &self.code
    }
}

impl Referable for MajorCriterion {
    const KIND: &'static str = "criterion";

    fn code(&self) -> &str {
        &self.code
    }
}

impl Referable for Matter {
    const KIND: &'static str = "matter";

    fn code(&self) -> &str {
        &self.code
    }
}

pub async fn insert_all<T: Referable>(db: &impl ConnectionTrait, all: &[T]) -> Result<()> {
    for some in all.chunks(ROWS_PER_STATEMENT) {
        let mut rows = Vec::with_capacity(some.len());
        for one in some {
            let model = Model {
                kind: T::KIND.to_owned(),
                code: one.code().to_owned(),
                body: serde_json::to_string(one)?,
            };
            rows.push(model.into_active_model());
        }
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Everything of one kind, by code.
pub async fn all<T: Referable>(db: &impl ConnectionTrait) -> Result<Vec<T>> {
    let rows =
        Entity::find().filter(Column::Kind.eq(T::KIND)).order_by_asc(Column::Code).all(db).await?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.body)?)).collect()
}
