//! Annual plans and their entries, as they were handed in.

use super::{ROWS_PER_STATEMENT, plain_entity};
use crate::error::Result;
use domain::plan::{Plan, PlanEntry};
use sea_orm::ConnectionTrait;

mod annual_plan {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "annual_plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub department: Uuid,
        pub year: i32,
        pub body: String,
    }

    plain_entity!();
}

mod plan_entry {
    use super::plain_entity;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan_entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: i32,
        pub enterprise: Uuid,
        pub body: String,
    }

    plain_entity!();
}

pub async fn insert_all(
    db: &impl ConnectionTrait,
    plans: &[Plan],
    entries: &[PlanEntry],
) -> Result<()> {
    use sea_orm::{EntityTrait, IntoActiveModel};
    for some in plans.chunks(ROWS_PER_STATEMENT) {
        let mut rows = Vec::with_capacity(some.len());
        for plan in some {
            let model = annual_plan::Model {
                id: plan.id.0,
                department: plan.department.0,
                year: plan.year,
                body: serde_json::to_string(plan)?,
            };
            rows.push(model.into_active_model());
        }
        annual_plan::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    for (chunk, some) in entries.chunks(ROWS_PER_STATEMENT).enumerate() {
        let mut rows = Vec::with_capacity(some.len());
        for (index, entry) in some.iter().enumerate() {
            let place = i32::try_from(chunk * ROWS_PER_STATEMENT + index).unwrap_or(i32::MAX);
            let model = plan_entry::Model {
                plan: entry.plan.0,
                place,
                enterprise: entry.enterprise.0,
                body: serde_json::to_string(entry)?,
            };
            rows.push(model.into_active_model());
        }
        plan_entry::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}
