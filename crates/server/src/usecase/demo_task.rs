//! A first joint task for the demonstration, so that the app has something to
//! show when it is opened: the showcase enterprise, three city departments, two
//! people each. It goes the way that every task goes, through draft and dispatch.

use crate::app::App;
use crate::error::{Result, ServerError};
use crate::store::{account, check_item, department, enterprise, inspector, task};
use crate::usecase::draft::{PartyRequest, TaskRequest};
use crate::usecase::{dispatch, draft};
use domain::department::{Sector, Tier};
use domain::id::{PersonId, TaskId};

/// Who takes part, the lead first.
const SECTORS: [Sector; 3] = [Sector::EmergencyManagement, Sector::Fire, Sector::MarketSupervision];
/// Part of the name of the demo city's showcase enterprise.
const SHOWCASE: &str = "云岭示范精密机械";
/// People of each department.
const PEOPLE: usize = 2;
/// Whose name the dispatch bears.
const OFFICE_ACCOUNT: &str = "office";

const NO_CITY: &str = "this is no demo city";

/// Opens and dispatches the task, unless there are tasks already.
pub async fn open(app: &App) -> Result<Option<TaskId>> {
    if task::page(&app.db, None, "", 0, 1).await?.1 > 0 {
        return Ok(None);
    }
    let (found, _) = enterprise::search(&app.db, SHOWCASE, None, 0, 1).await?;
    let enterprise = found.into_iter().next().ok_or(ServerError::Broken(NO_CITY))?;
    let office = account::by_name(&app.db, OFFICE_ACCOUNT).await?;
    let office = office.ok_or(ServerError::Broken(NO_CITY))?;
    let today = app.shanghai_today();
    let mut parties = Vec::new();
    for sector in SECTORS {
        let departments = department::all(&app.db).await?;
        let city = departments.into_iter().find(|d| d.sector == sector && d.tier == Tier::City);
        let city = city.ok_or(ServerError::Broken(NO_CITY))?;
        let people = inspector::of_department(&app.db, city.id).await?;
        let valid = people.iter().filter(|p| p.certificate.is_valid_on(today));
        let inspectors: Vec<PersonId> = valid.take(PEOPLE).map(|p| p.person).collect();
        let site_lead = *inspectors.first().ok_or(ServerError::Broken(NO_CITY))?;
        parties.push(PartyRequest {
            department: city.id,
            site_lead,
            inspectors,
            deputy: None,
            desk_reviewer: None,
        });
    }
    let items = check_item::of_sectors(&app.db, &SECTORS).await?;
    let concerned = items
        .into_iter()
        .filter(|item| item.in_force_on(today) && item.concerns(&enterprise.hazard_tags));
    let request = TaskRequest {
        title: None,
        enterprise: enterprise.id,
        visit_date: today,
        announced: false,
        lead: parties[0].department,
        parties,
        item_codes: concerned.map(|item| item.code).collect(),
    };
    let task = draft::open(app, request, office.id).await?;
    dispatch::dispatch(app, task, PersonId(office.id)).await?;
    Ok(Some(task))
}
