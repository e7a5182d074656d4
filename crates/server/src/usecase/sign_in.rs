//! Signing in at the desk: one answer for a wrong account and a wrong password,
//! a lock for who keeps guessing.

use crate::app::{App, now_ms};
use crate::error::{Code, Result, wait};
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
    let now = now_ms();
    app.throttle.check(from, now)?;
    let account = account::by_name(&app.db, name).await?;
    if let Some(locked) = account.as_ref().filter(|account| account.locked_until_ms > now) {
        return Err(wait(Code::AccountLocked, (locked.locked_until_ms - now) / 1000 + 1));
    }
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(password, hash).await?;
    match account {
        Some(account) if right => {
            account::right_password(&app.db, &account).await?;
            Ok(account)
        }
        account => {
            app.throttle.failed(from, now);
            if let Some(account) = account {
                account::wrong_password(&app.db, account.id, now).await?;
            }
            Err(Code::CredentialsWrong.into())
        }
    }
}
