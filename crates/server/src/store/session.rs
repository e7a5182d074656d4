//! Sessions of the desk, as `tower-sessions` wants them kept.

use super::plain_entity;
use async_trait::async_trait;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, Error};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub data: String,
    pub expires_ms: i64,
}

plain_entity!();

/// Sessions in the database.
#[derive(Debug, Clone)]
pub struct Sessions(pub DatabaseConnection);

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // An id is 128 random bits; should one be taken all the same, try another.
        while by_id(&self.0, &record.id).await?.is_some() {
            record.id = Id::default();
        }
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let data = serde_json::to_string(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        let row = ActiveModel {
            id: Set(record.id.to_string()),
            data: Set(data),
            expires_ms: Set(millis(record.expiry_date)),
        };
        let replace = OnConflict::column(Column::Id)
            .update_columns([Column::Data, Column::ExpiresMs])
            .to_owned();
        Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.0)
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let Some(row) = by_id(&self.0, id).await? else { return Ok(None) };
        let expiry_date =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.expires_ms) * 1_000_000)
                .map_err(|e| Error::Decode(e.to_string()))?;
        if expiry_date <= OffsetDateTime::now_utc() {
            return Ok(None);
        }
        let data = serde_json::from_str(&row.data).map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        Entity::delete_by_id(id.to_string()).exec(&self.0).await.map_err(backend)?;
        Ok(())
    }
}

impl Sessions {
    /// Removes what has run out.
    pub async fn delete_expired(&self, now_ms: i64) -> crate::error::Result<()> {
        Entity::delete_many().filter(Column::ExpiresMs.lte(now_ms)).exec(&self.0).await?;
        Ok(())
    }
}

async fn by_id(db: &DatabaseConnection, id: &Id) -> session_store::Result<Option<Model>> {
    Entity::find_by_id(id.to_string()).one(db).await.map_err(backend)
}

fn backend(error: DbErr) -> Error {
    Error::Backend(error.to_string())
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
