//! Signing in at the desk: one answer for a wrong account and a wrong password,
//! a lock for who keeps guessing.

use crate::app::App;
use crate::error::{Code, Result, ServerError, wait};
use crate::store::account;
use crate::usecase::password;
use std::net::IpAddr;

/// The account that account name and password belong to.
pub async fn sign_in(
    app: &App,
    name: &str,
    password: String,
    from: IpAddr,
) -> Result<account::Model> {
    // Counted first and taken back when it was right: guesses made at the same
    // time must not all pass before the first of them is counted.
    app.throttle.begin(from, app.now_ms())?;
    let signed_in = try_password(app, name, password).await;
    let guessed = matches!(&signed_in, Err(ServerError::Refused(refusal))
        if refusal.code == Code::CredentialsWrong);
    if !guessed {
        app.throttle.undo(from);
    }
    signed_in
}

async fn try_password(app: &App, name: &str, password: String) -> Result<account::Model> {
    let account = account::by_name(&app.db, name).await?;
    if let Some(account) = &account {
        let now = app.now_ms();
        let db = app.begin_write().await?;
        let locked_until = account::count_try(&db, account.id, now).await?;
        db.commit().await?;
        if let Some(until_ms) = locked_until {
            return Err(wait(Code::AccountLocked, (until_ms - now) / 1000 + 1));
        }
    }
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(password, hash).await?;
    match account {
        Some(account) if right => {
            account::right_password(&app.db, account.id).await?;
            Ok(account)
        }
        _ => Err(Code::CredentialsWrong.into()),
    }
}
