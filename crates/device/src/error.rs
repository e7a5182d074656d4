//! What can go wrong on the tablet, inside; and its way to the closed list of
//! causes that a screen can show (`view::ErrorCode`). Causes that are nobody's
//! fault are shown by code, the rest is logged, without personal data, and
//! shown as "internal".

use crate::view::{AppError, ErrorCode};
use std::fmt;

/// Why something did not work, inside the crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// A cause the person can do something about.
    #[error("refused: {0}")]
    Refused(AppError),
    /// The disk or the operating system.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] rusqlite::Error),
    /// The store's schema.
    #[error("schema: {0}")]
    Schema(#[from] rusqlite_migration::Error),
    /// A value of our own that does not read back.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// The way to the office.
    #[error("http: {0}")]
    Http(#[from] reqwest::Error),
    /// A document.
    #[error("document: {0}")]
    Document(#[from] documents::DocumentError),
    /// Encryption, key derivation or the source of randomness.
    #[error("cipher")]
    Cipher,
    /// A state that cannot be, named for the log.
    #[error("unexpected: {0}")]
    Unexpected(&'static str),
}

impl DeviceError {
    /// A known cause with something to name.
    pub(crate) fn refused(code: ErrorCode, detail: impl fmt::Display) -> Self {
        Self::Refused(AppError { code, detail: Some(detail.to_string()) })
    }

    /// Whether the store itself does not read back.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Refused(error) => error.code == ErrorCode::StoreDamaged,
            Self::Store(error) => store_code(error) == ErrorCode::StoreDamaged,
            Self::Schema(_) => true,
            _ => false,
        }
    }

    /// Whether reading the database itself showed it to be damaged; a damaged
    /// file beside it is none of its business.
    pub(crate) fn is_store_damage(&self) -> bool {
        matches!(self, Self::Store(error) if store_code(error) == ErrorCode::StoreDamaged)
    }

    /// What goes wrong with one page or file, or in one answer, and lets the
    /// rest of an exchange go on: handed back as what the screen is told.
    ///
    /// # Errors
    /// The error itself, where nothing can go on.
    pub(crate) fn bearable(self) -> Result<AppError, Self> {
        let code = match &self {
            Self::Refused(error) => error.code,
            Self::Http(error) => http_code(error),
            _ => return Err(self),
        };
        match code {
            ErrorCode::ServerTrouble | ErrorCode::FileAbsent | ErrorCode::StoreDamaged => {
                Ok(self.into_app())
            }
            _ => Err(self),
        }
    }

    /// What the screen is told. Unexpected causes go to the log here, once.
    #[must_use]
    pub fn into_app(self) -> AppError {
        let code = match &self {
            Self::Refused(error) => return error.clone(),
            Self::File(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                ErrorCode::DiskFull
            }
            Self::Store(error) => store_code(error),
            Self::Http(error) => http_code(error),
            Self::Document(
                documents::DocumentError::FontMissing { .. }
                | documents::DocumentError::FontUnusable { .. },
            ) => ErrorCode::FontsMissing,
            _ => ErrorCode::Internal,
        };
        if matches!(code, ErrorCode::Internal | ErrorCode::StoreDamaged) {
            tracing::error!(error = %self, "could not be done");
        }
        code.into()
    }
}

fn store_code(error: &rusqlite::Error) -> ErrorCode {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => ErrorCode::DiskFull,
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            ErrorCode::StoreDamaged
        }
        _ => ErrorCode::Internal,
    }
}

fn http_code(error: &reqwest::Error) -> ErrorCode {
    if error.is_connect() || error.is_timeout() || error.is_request() {
        ErrorCode::Offline
    } else if error.is_builder() {
        ErrorCode::NotAnOffice
    } else {
        ErrorCode::ServerTrouble
    }
}

impl From<ErrorCode> for AppError {
    fn from(code: ErrorCode) -> Self {
        Self { code, detail: None }
    }
}

impl From<ErrorCode> for DeviceError {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code.into())
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{:?} ({detail})", self.code),
            None => write!(f, "{:?}", self.code),
        }
    }
}

impl std::error::Error for AppError {}
