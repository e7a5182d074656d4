//! What every request needs: database, files, keys, clock. One value, shared.

use crate::db;
use crate::error::{Code, Result, ServerError};
use crate::events::Events;
use crate::files::Files;
use crate::keys::Keys;
use crate::surroundings::{Entropy, Surroundings};
use crate::throttle::Throttle;
use crate::usecase::package::Cache;
use crate::usecase::{epoch, tree};
use chrono::{DateTime, NaiveDate};
use documents::Fonts;
use domain::time::Wall;
use domain::version::Version;
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of database, files and keys.
    pub data: PathBuf,
    /// Failed sign-ins or enrolments that one address may make in a quarter of an hour.
    pub failures_per_address_max: u32,
    /// Clock, randomness and what lies under database and files.
    pub around: Surroundings,
    /// Days without contact after which a tablet shows nothing; none leaves it
    /// at the usual.
    pub lease_days: Option<u32>,
    /// Days for which a tablet keeps a ledger it left after all was safe; none
    /// leaves it at the usual.
    pub kept_days: Option<u32>,
    /// The oldest version of the app that may sign and decide.
    pub min_app_version: Option<Version>,
    /// Bytes that one tablet may leave in unfinished uploads and in files that
    /// no ledger refers to.
    pub device_bytes_max: u64,
}

/// Some days' worth of films.
const DEVICE_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

impl Settings {
    /// The usual settings for a data folder.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            failures_per_address_max: 30,
            lease_days: None,
            kept_days: None,
            min_app_version: None,
            device_bytes_max: DEVICE_BYTES_MAX,
            around: Surroundings::default(),
        }
    }
}

/// The server's parts.
#[derive(Debug)]
pub struct Parts {
    /// The folder of everything.
    pub data: PathBuf,
    /// The database.
    pub db: DatabaseConnection,
    /// The files named by their hash.
    pub files: Files,
    /// The office's and the server's keys.
    pub keys: Keys,
    /// Failures by address.
    pub throttle: Throttle,
    /// Reference packages read lately.
    pub packages: Cache,
    around: Surroundings,
    /// What tablets are told of their lease.
    pub lease_days: Option<u32>,
    /// Days for which a tablet keeps a ledger it left.
    pub kept_days: Option<u32>,
    /// Tablets that listen.
    pub events: Arc<Events>,
    /// The oldest version of the app that may sign and decide.
    pub min_app_version: Option<Version>,
    /// Whether the day's tree head is to be made.
    pub heads_due: tree::Due,
    /// Bytes that one tablet may leave unfinished or unreferenced.
    pub device_bytes_max: u64,
    fonts: OnceCell<Fonts>,
}

/// The server, as handlers hold it.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens everything under the data folder, making it where it is not there.
    ///
    /// # Errors
    /// When folder, database or keys cannot be opened.
    pub async fn open(settings: &Settings) -> Result<Self> {
        tokio::fs::create_dir_all(&settings.data).await?;
        let around = settings.around.clone();
        let files = match &around.files {
            Some(store) => Files::over(Arc::clone(store)),
            None => Files::open(&settings.data.join("blobs"))?,
        };
        let app = Self(Arc::new(Parts {
            data: settings.data.clone(),
            db: db::open(&settings.data, &around).await?,
            files,
            keys: Keys::open(&settings.data.join("keys"), &around)?,
            throttle: Throttle::new(settings.failures_per_address_max),
            packages: Cache::default(),
            around,
            lease_days: settings.lease_days,
            kept_days: settings.kept_days,
            events: Arc::default(),
            min_app_version: settings.min_app_version,
            heads_due: tree::Due::default(),
            device_bytes_max: settings.device_bytes_max,
            fonts: OnceCell::new(),
        }));
        epoch::introduce(&app).await?;
        Ok(app)
    }

    /// The fonts for documents, loaded when the first one is made.
    ///
    /// # Errors
    /// [`Code::FontsMissing`] where none are installed.
    pub async fn fonts(&self) -> Result<Fonts> {
        let load = async || {
            let loaded = tokio::task::spawn_blocking(Fonts::system).await;
            let loaded = loaded.map_err(|_| ServerError::Broken("loading fonts was cut off"))?;
            loaded.map_err(|error| {
                tracing::error!(%error, "documents cannot be made");
                ServerError::from(Code::FontsMissing)
            })
        };
        self.fonts.get_or_try_init(load).await.cloned()
    }

    /// Does something in an installation that is opened for it and closed again.
    ///
    /// # Errors
    /// When it cannot be opened, and what the deed comes to.
    pub async fn within<T>(
        settings: &Settings,
        act: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let app = Self::open(settings).await?;
        let done = act(&app).await;
        app.close().await;
        done
    }

    /// Closes the database. A process that ends while it is open may crash on its
    /// way out: its threads go on while the library under them is taken down.
    pub async fn close(&self) {
        if let Err(error) = self.db.clone().close().await {
            tracing::warn!(%error, "the database did not close");
        }
    }

    /// Starts a transaction that will write.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_write(&self) -> Result<DatabaseTransaction> {
        db::begin_write(&self.db).await
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Wall {
        Wall::new(self.around.clock.now())
    }

    /// The present moment, in milliseconds UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.around.clock.now().timestamp_millis()
    }

    /// Today in Asia/Shanghai.
    #[must_use]
    pub fn shanghai_today(&self) -> NaiveDate {
        self.now().shanghai_date()
    }

    /// A new id, ordered by time.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn new_id(&self) -> Result<Uuid> {
        self.around.new_id()
    }

    /// Where random bytes come from.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        self.around.entropy.as_ref()
    }

    /// Fills with random bytes.
    ///
    /// # Errors
    /// When there are none to give.
    pub fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        self.around.entropy.fill(bytes)
    }
}

/// A moment in milliseconds as RFC 3339 UTC.
#[must_use]
pub fn rfc3339(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map(|at| Wall::new(at).to_string()).unwrap_or_default()
}

/// A moment in milliseconds as HTTP's headers write it.
#[must_use]
pub fn rfc9110(ms: i64) -> String {
    let since_1970 = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_1970)
}
