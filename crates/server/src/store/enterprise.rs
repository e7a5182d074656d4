//! Enterprises of the directory: searched, filtered and paged by the database.

use super::{ROWS_PER_STATEMENT, department::text, like_anywhere, plain_entity};
use crate::error::Result;
use domain::enterprise::{Enterprise, Risk};
use domain::id::EnterpriseId;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LikeExpr;
use sea_orm::{Condition, QueryOrder, QuerySelect};
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enterprise")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub uscc: String,
    pub name: String,
    pub risk: String,
    pub risk_rank: i16,
    pub address: String,
    pub division_code: String,
    pub industry_code: String,
    pub body: String,
    pub source: String,
    pub batch: Option<Uuid>,
}

plain_entity!();

impl Model {
    /// The whole enterprise.
    pub fn enterprise(&self) -> Result<Enterprise> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

/// Where rows come from.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// A word for it, such as `demo` or `import`.
    pub name: &'static str,
    /// The batch of an import.
    pub batch: Option<Uuid>,
}

pub async fn insert_all(
    db: &impl ConnectionTrait,
    all: &[Enterprise],
    source: Source,
) -> Result<()> {
    for some in all.chunks(ROWS_PER_STATEMENT) {
        let rows = some.iter().map(|one| row(one, source)).collect::<Result<Vec<_>>>()?;
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(enterprise: &Enterprise, source: Source) -> Result<ActiveModel> {
    let model = Model {
        id: enterprise.id.0,
        uscc: enterprise.uscc.to_string(),
        name: enterprise.name.clone(),
        risk: text(&enterprise.risk)?,
        risk_rank: rank(enterprise.risk),
        address: enterprise.site_address.clone(),
        division_code: enterprise.division_code.clone(),
        industry_code: enterprise.industry_code.clone(),
        body: serde_json::to_string(enterprise)?,
        source: source.name.to_owned(),
        batch: source.batch,
    };
    Ok(model.into_active_model())
}

/// The greater risk first.
fn rank(risk: Risk) -> i16 {
    match risk {
        Risk::Major => 0,
        Risk::Larger => 1,
        Risk::General => 2,
        Risk::Low => 3,
    }
}

pub async fn by_id(db: &impl ConnectionTrait, id: EnterpriseId) -> Result<Option<Enterprise>> {
    Entity::find_by_id(id.0).one(db).await?.as_ref().map(Model::enterprise).transpose()
}

/// One page of the enterprises whose name, code or address contains `q`, the
/// riskier first; and how many there are altogether.
pub async fn search(
    db: &impl ConnectionTrait,
    q: &str,
    risk: Option<Risk>,
    page: u64,
    size: u64,
) -> Result<(Vec<Enterprise>, u64)> {
    let mut found = Entity::find();
    if let Some(risk) = risk {
        found = found.filter(Column::Risk.eq(text(&risk)?));
    }
    for word in q.split_whitespace() {
        let like = LikeExpr::new(like_anywhere(word)).escape('\\');
        let any = Condition::any()
            .add(Column::Name.like(like.clone()))
            .add(Column::Uscc.like(like.clone()))
            .add(Column::Address.like(like));
        found = found.filter(any);
    }
    let total = found.clone().count(db).await?;
    let rows = found
        .order_by_asc(Column::RiskRank)
        .order_by_asc(Column::Name)
        .order_by_asc(Column::Id)
        .offset(page.saturating_mul(size))
        .limit(size)
        .all(db)
        .await?;
    Ok((rows.iter().map(Model::enterprise).collect::<Result<_>>()?, total))
}

/// Which of these codes are in the directory.
pub async fn known_codes(
    db: &impl ConnectionTrait,
    codes: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let codes: Vec<&String> = codes.iter().collect();
    let mut known = BTreeSet::new();
    for some in codes.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Uscc)
            .filter(Column::Uscc.is_in(some.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        known.extend(rows);
    }
    Ok(known)
}

pub async fn count(db: &impl ConnectionTrait) -> Result<u64> {
    Ok(Entity::find().count(db).await?)
}
