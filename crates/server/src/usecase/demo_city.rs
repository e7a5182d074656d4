//! Fills an empty installation with the synthetic city of `demo`, and makes
//! accounts to sign in with. Their passwords are made here, once, and kept
//! beside the keys for whoever runs the demonstration.

use crate::app::App;
use crate::error::{Result, ServerError};
use crate::keys::write_private;
use crate::serve::accounts_file;
use crate::store::{account, check_item, department, enterprise, inspector, plan, reference};
use crate::usecase::password;
use chrono::Datelike;
use demo::City;
use domain::permission::Role;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

/// Where the directory's rows say they come from.
const SOURCE: &str = "demo";

/// An account of the demonstration, with its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAccount {
    /// Name to sign in with.
    pub account: String,
    /// Password.
    pub password: String,
    /// Role.
    pub role: Role,
    /// Name shown.
    pub name: String,
}

/// Imports the city unless there are departments already.
pub async fn import(app: &App, seed: u64) -> Result<()> {
    if department::count(&app.db).await? > 0 {
        return Ok(());
    }
    let year = app.shanghai_today().year();
    let city = tokio::task::spawn_blocking(move || demo::city(seed, year));
    let city = city.await.map_err(|_| ServerError::Broken("the demo city fell apart"))?;
    let accounts = accounts(app, &city)?;
    let mut rows = Vec::with_capacity(accounts.len());
    for (demo_account, person) in &accounts {
        rows.push(account::Model {
            id: person.0,
            name: demo_account.account.clone(),
            display_name: demo_account.name.clone(),
            role: department::text(&demo_account.role)?,
            password_hash: password::hash(demo_account.password.clone()).await?,
            wrong_passwords: 0,
            locked_until_ms: 0,
        });
    }
    let db = app.begin_write().await?;
    directories(&db, &city).await?;
    for row in rows {
        account::insert(&db, row).await?;
    }
    // Before the commit: an account whose password nobody knows is of no use.
    let shown: Vec<&DemoAccount> = accounts.iter().map(|(account, _)| account).collect();
    write_private(&accounts_file(&app.data), &serde_json::to_vec_pretty(&shown)?)?;
    db.commit().await?;
    tracing::info!(
        departments = city.departments.len(),
        inspectors = city.inspectors.len(),
        enterprises = city.enterprises.len(),
        "the demo city was imported"
    );
    Ok(())
}

async fn directories(db: &impl ConnectionTrait, city: &City) -> Result<()> {
    department::insert_all(db, &city.departments).await?;
    inspector::insert_all(db, &city.inspectors).await?;
    let source = enterprise::Source { name: SOURCE, batch: None };
    enterprise::insert_all(db, &city.enterprises, source).await?;
    check_item::insert_all(db, &city.check_items).await?;
    reference::insert_all(db, &city.legal_bases).await?;
    reference::insert_all(db, &city.criteria).await?;
    reference::insert_all(db, &city.matters).await?;
    plan::insert_all(db, &city.plans, &city.plan_entries).await
}

/// One account for each role the demonstration shows.
fn accounts(app: &App, city: &City) -> Result<Vec<(DemoAccount, domain::id::PersonId)>> {
    let wanted = [
        ("office", Role::CommitteeOffice),
        ("supervisor", Role::Supervisor),
        ("admin", Role::Administrator),
    ];
    let mut made = Vec::new();
    for (name, role) in wanted {
        let person = city.office.iter().find(|person| person.role == role);
        let person = person.ok_or(ServerError::Broken("the demo city lacks an office person"))?;
        let account = DemoAccount {
            account: name.to_owned(),
            password: password::generate(app.entropy())?,
            role,
            name: person.name.clone(),
        };
        made.push((account, person.person));
    }
    Ok(made)
}
