//! Accounts of the desk. Passwords are argon2id hashes; the count of wrong
//! ones and the lock they lead to are here, so that a restart forgets nothing.

use super::plain_entity;
use crate::error::{Result, ServerError};
use domain::permission::Role;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

/// Wrong passwords in a row before the account is locked.
const WRONG_PASSWORDS_MAX: i32 = 5;

/// The first lock; each further wrong password doubles it.
const FIRST_LOCK_MS: i64 = 60_000;

/// The longest lock.
const LOCK_MS_MAX: i64 = 60 * 60_000;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub display_name: String,
    pub role: String,
    pub password_hash: String,
    pub wrong_passwords: i32,
    pub locked_until_ms: i64,
}

plain_entity!();

impl Model {
    /// What the account is for.
    pub fn role(&self) -> Result<Role> {
        serde_json::from_value(self.role.clone().into())
            .map_err(|_| ServerError::Broken("an account has a role that is not known"))
    }
}

/// A new account.
pub async fn insert(db: &impl ConnectionTrait, account: Model) -> Result<()> {
    Entity::insert(account.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub async fn by_name(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Name.eq(name)).one(db).await?)
}

pub async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// Counts a try as a wrong password before it is looked at, and locks the
/// account when there were too many: of guesses made at the same time no more
/// pass than one after the other. Answers until when
/// it is locked, if it was before. To be called in a writing transaction.
pub async fn count_try(db: &impl ConnectionTrait, id: Uuid, now_ms: i64) -> Result<Option<i64>> {
    let Some(known) = by_id(db, id).await? else { return Ok(None) };
    if known.locked_until_ms > now_ms {
        return Ok(Some(known.locked_until_ms));
    }
    let wrong = known.wrong_passwords.saturating_add(1);
    let locked_until_ms = lock_until(wrong, now_ms).unwrap_or(known.locked_until_ms);
    let row = ActiveModel {
        id: Set(id),
        wrong_passwords: Set(wrong),
        locked_until_ms: Set(locked_until_ms),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(None)
}

/// Forgets the wrong passwords before a right one, and the try itself.
pub async fn right_password(db: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    let row = ActiveModel {
        id: Set(id),
        wrong_passwords: Set(0),
        locked_until_ms: Set(0),
        ..Default::default()
    };
    Entity::update(row).exec(db).await?;
    Ok(())
}

fn lock_until(wrong: i32, now_ms: i64) -> Option<i64> {
    let beyond = wrong - WRONG_PASSWORDS_MAX;
    let doublings = Ord::min(u32::try_from(beyond).ok()?, 16);
    Some(now_ms + Ord::min(FIRST_LOCK_MS.saturating_mul(1 << doublings), LOCK_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_further_wrong_password_locks_longer_up_to_an_hour() {
        assert_eq!(lock_until(4, 0), None);
        assert_eq!(lock_until(5, 0), Some(60_000));
        assert_eq!(lock_until(6, 0), Some(120_000));
        assert_eq!(lock_until(50, 0), Some(LOCK_MS_MAX));
    }
}
