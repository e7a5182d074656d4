//! Bringing enterprises in: a file is read and shown first, and only a person's
//! word makes it part of the directory.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{enterprise, import_batch};
use crate::usecase::spreadsheet::{self, ImportRow, Reading};
use domain::enterprise::{Crs, Enterprise, Scale, Standardization};
use domain::id::EnterpriseId;
use ledger::Hash;
use sea_orm::ConnectionTrait;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Where imported rows say they come from.
const SOURCE: &str = "import";

/// Reads a file and keeps what can be taken until it is confirmed.
pub async fn preview(app: &App, bytes: Vec<u8>, by: Uuid) -> Result<(Uuid, Reading)> {
    let file_sha256 = Hash::of(&bytes).to_string();
    let reading = tokio::task::spawn_blocking(move || spreadsheet::read(bytes));
    let mut reading = reading.await.map_err(|_| ServerError::from(Code::NotASpreadsheet))??;
    refuse_known(&app.db, &mut reading).await?;
    let batch = app.new_id()?;
    let row = import_batch::Model {
        id: batch,
        account: by,
        created_ms: app.now_ms(),
        file_sha256,
        rows_total: i32::try_from(reading.rows_total).unwrap_or(i32::MAX),
        rows_ok: i32::try_from(reading.rows.len()).unwrap_or(i32::MAX),
        body: serde_json::to_string(&reading.rows)?,
        confirmed_ms: None,
    };
    import_batch::insert(&app.db, row).await?;
    Ok((batch, reading))
}

async fn refuse_known(db: &impl ConnectionTrait, reading: &mut Reading) -> Result<()> {
    let codes: BTreeSet<String> = reading.rows.iter().map(|row| row.uscc.to_string()).collect();
    let known = enterprise::known_codes(db, &codes).await?;
    spreadsheet::refuse_known(reading, &known);
    Ok(())
}

/// Takes a batch into the directory; answers how many rows that were. A row
/// that came in otherwise since is left out.
pub async fn confirm(app: &App, batch: Uuid) -> Result<usize> {
    let db = app.begin_write().await?;
    let row = import_batch::by_id(&db, batch).await?.ok_or(Code::NotFound)?;
    if row.confirmed_ms.is_some() {
        return Err(Code::BatchConfirmed.into());
    }
    let rows: Vec<ImportRow> = serde_json::from_str(&row.body)?;
    let mut reading = Reading { rows_total: rows.len(), rows, errors: Vec::new() };
    refuse_known(&db, &mut reading).await?;
    if reading.rows.is_empty() {
        return Err(Code::NothingToImport.into());
    }
    let source = enterprise::Source { name: SOURCE, batch: Some(batch) };
    let enterprises: Vec<Enterprise> = reading
        .rows
        .into_iter()
        .map(|row| Ok(enterprise(app.new_id()?, row)))
        .collect::<Result<_>>()?;
    enterprise::insert_all(&db, &enterprises, source).await?;
    import_batch::confirm(&db, batch, app.now_ms()).await?;
    db.commit().await?;
    Ok(enterprises.len())
}

/// A row as an enterprise; what the file does not say stays empty or unrated.
fn enterprise(id: Uuid, row: ImportRow) -> Enterprise {
    Enterprise {
        id: EnterpriseId(id),
        uscc: row.uscc,
        name: row.name,
        legal_rep: row.legal_rep,
        principal: row.principal,
        safety_lead: String::new(),
        phone: None,
        reg_address: row.address.clone(),
        site_address: row.address,
        lon_microdeg: 0,
        lat_microdeg: 0,
        crs: Crs::Wgs84,
        town_code: String::new(),
        division_code: row.division_code,
        industry_code: row.industry_code,
        scale: Scale::Small,
        employees: 0,
        risk: row.risk,
        standardization: Standardization::Unrated,
        hazard_tags: Vec::new(),
        last_accident: None,
    }
}
