//! The item library. `place` keeps the library's own order.

use super::{ROWS_PER_STATEMENT, department::text, plain_entity};
use crate::error::Result;
use domain::department::Sector;
use domain::matter::CheckItem;
use sea_orm::IntoActiveModel;
use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "check_item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub sector: String,
    pub place: i32,
    pub body: String,
}

plain_entity!();

impl Model {
    /// The whole item.
    pub fn item(&self) -> Result<CheckItem> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

pub async fn insert_all(db: &impl ConnectionTrait, all: &[CheckItem]) -> Result<()> {
    for (chunk, some) in all.chunks(ROWS_PER_STATEMENT).enumerate() {
        let mut rows = Vec::with_capacity(some.len());
        for (index, item) in some.iter().enumerate() {
            let place = i32::try_from(chunk * ROWS_PER_STATEMENT + index).unwrap_or(i32::MAX);
            let model = Model {
                code: item.code.clone(),
                sector: text(&item.sector)?,
                place,
                body: serde_json::to_string(item)?,
            };
            rows.push(model.into_active_model());
        }
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The items of some sectors, in the library's order.
pub async fn of_sectors(db: &impl ConnectionTrait, sectors: &[Sector]) -> Result<Vec<CheckItem>> {
    let words = sectors.iter().map(text).collect::<Result<Vec<_>>>()?;
    let rows = Entity::find()
        .filter(Column::Sector.is_in(words))
        .order_by_asc(Column::Place)
        .all(db)
        .await?;
    rows.iter().map(Model::item).collect()
}

/// The items with these codes, in the library's order.
pub async fn by_codes(db: &impl ConnectionTrait, codes: &[String]) -> Result<Vec<CheckItem>> {
    let rows = Entity::find()
        .filter(Column::Code.is_in(codes))
        .order_by_asc(Column::Place)
        .all(db)
        .await?;
    rows.iter().map(Model::item).collect()
}
