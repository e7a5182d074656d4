//! Enterprises, departments, inspectors and check items, to be looked up.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result};
use crate::extract::{InPath, InQuery};
use crate::store::{check_item, department, enterprise, inspector};
use crate::view::{CheckItemRow, DepartmentRow, EnterpriseRow, InspectorRow, Page, Paging};
use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use domain::department::Sector;
use domain::enterprise::Risk;
use domain::id::{DepartmentId, EnterpriseId};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which enterprises.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EnterpriseQuery {
    /// Words in name, code or address.
    #[serde(default)]
    pub q: String,
    /// Of this risk only.
    pub risk: Option<Risk>,
    /// The page, from 0.
    #[serde(default)]
    pub page: u64,
    /// Rows on a page, at most 200.
    pub size: Option<u64>,
}

/// Searches the directory of enterprises.
#[utoipa::path(
    get, path = "/api/enterprises", tag = "desk", params(EnterpriseQuery),
    responses((status = 200, body = Page<EnterpriseRow>))
)]
pub async fn enterprises(
    State(app): State<App>,
    InQuery(query): InQuery<EnterpriseQuery>,
) -> Result<Json<Page<EnterpriseRow>>> {
    let paging = Paging::of(query.page, query.size);
    let (rows, total) =
        enterprise::search(&app.db, &query.q, query.risk, paging.page, paging.size).await?;
    let rows = rows.into_iter().map(EnterpriseRow::from).collect();
    Ok(Json(Page { rows, total, page: paging.page, size: paging.size }))
}

/// All departments with the number of their inspectors.
#[utoipa::path(
    get, path = "/api/departments", tag = "desk",
    responses((status = 200, body = Vec<DepartmentRow>))
)]
pub async fn departments(State(app): State<App>) -> Result<Json<Vec<DepartmentRow>>> {
    let counts = inspector::counts(&app.db).await?;
    let rows = department::all(&app.db).await?.into_iter().map(|department| {
        let inspectors = counts.get(&department.id.0).copied().unwrap_or(0);
        DepartmentRow::new(department, inspectors)
    });
    Ok(Json(rows.collect()))
}

/// On which day certificates are judged.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InspectorQuery {
    /// A day in Asia/Shanghai; today when not given.
    pub on: Option<NaiveDate>,
}

/// The inspectors of a department.
#[utoipa::path(
    get, path = "/api/departments/{id}/inspectors", tag = "desk",
    params(("id" = DepartmentId, Path), InspectorQuery),
    responses((status = 200, body = Vec<InspectorRow>), (status = 404, body = ErrorBody))
)]
pub async fn inspectors(
    State(app): State<App>,
    InPath(id): InPath<DepartmentId>,
    InQuery(query): InQuery<InspectorQuery>,
) -> Result<Json<Vec<InspectorRow>>> {
    department::by_id(&app.db, id).await?.ok_or(Code::NotFound)?;
    let day = query.on.unwrap_or_else(|| app.shanghai_today());
    let rows = inspector::of_department(&app.db, id).await?;
    Ok(Json(rows.into_iter().map(|inspector| InspectorRow::on(inspector, day)).collect()))
}

/// For which sectors and enterprise a checklist is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CheckItemQuery {
    /// Sectors, separated by commas.
    pub sectors: String,
    /// Only what concerns the hazards of this enterprise.
    pub enterprise: Option<EnterpriseId>,
}

/// A proposal for a checklist: sector by sector, in the library's order.
#[utoipa::path(
    get, path = "/api/check-items", tag = "desk", params(CheckItemQuery),
    responses((status = 200, body = Vec<CheckItemRow>), (status = 422, body = ErrorBody))
)]
pub async fn check_items(
    State(app): State<App>,
    InQuery(query): InQuery<CheckItemQuery>,
) -> Result<Json<Vec<CheckItemRow>>> {
    let words = query.sectors.split(',').map(str::trim).filter(|word| !word.is_empty());
    let sectors: Vec<Sector> = words
        .map(|word| serde_json::from_value(word.into()).map_err(|_| Code::Malformed))
        .collect::<std::result::Result<_, _>>()?;
    let tags = match query.enterprise {
        None => None,
        Some(id) => {
            let enterprise = enterprise::by_id(&app.db, id).await?;
            Some(enterprise.ok_or(Code::EnterpriseUnknown)?.hazard_tags)
        }
    };
    let today = app.shanghai_today();
    let items = check_item::of_sectors(&app.db, &sectors).await?;
    let mut items: Vec<_> = items
        .into_iter()
        .filter(|item| item.in_force_on(today))
        .filter(|item| tags.as_ref().is_none_or(|tags| item.concerns(tags)))
        .collect();
    items.sort_by_key(|item| sectors.iter().position(|sector| *sector == item.sector));
    Ok(Json(items.into_iter().map(CheckItemRow::from).collect()))
}
