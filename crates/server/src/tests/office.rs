//! An office for one test: a small directory cut from the demo city, accounts
//! of every role, and the router to speak with.

use crate::app::{App, Settings};
use crate::db;
use crate::restore::{copy_folder, restore};
use crate::router::router;
use crate::store::{account, check_item, department, enterprise, inspector, reference};
use crate::tests::tablet::Tablet;
use crate::usecase::password;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike, NaiveDate};
use demo::City;
use domain::department::{Department, Sector};
use domain::inspector::Inspector;
use domain::permission::Role;
use domain::version::Version;
use ledger::Hash;
use serde_json::{Value, json};
use std::sync::OnceLock;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

pub const ROLES: [Role; 4] =
    [Role::CommitteeOffice, Role::LeadDepartment, Role::Supervisor, Role::Administrator];

pub const PASSWORD: &str = "correct horse";

/// What one tablet may leave unfinished.
pub const DEVICE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Departments of the tests, the lead first.
pub const SECTORS: [Sector; 3] =
    [Sector::EmergencyManagement, Sector::Fire, Sector::MarketSupervision];

/// The year of the tests' city: this one, since tablets write by the real clock.
pub fn year() -> i32 {
    domain::time::Wall::new(chrono::Utc::now()).shanghai_date().year()
}

/// The day of the tests' visits: the certificates of the first four people of
/// each department are valid all year.
pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(year(), 12, 31).unwrap()
}

pub struct Office {
    pub app: App,
    router: Router,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The code of a refusal; its words must be there and Chinese.
    pub fn code(&self) -> String {
        let error = self.json()["error"].clone();
        let words = error["message"].as_str().unwrap_or_default();
        assert!(!words.is_empty() && !words.is_ascii(), "{self:?}");
        error["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub fn city() -> &'static City {
    static CITY: OnceLock<City> = OnceLock::new();
    CITY.get_or_init(|| demo::city(7, year()))
}

impl Office {
    pub async fn open() -> Self {
        Self::open_with(None).await
    }

    pub async fn open_with(min_app_version: Option<Version>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let usual = Settings::new(folder.path());
        let settings = Settings {
            failures_per_address_max: 8,
            device_bytes_max: DEVICE_BYTES_MAX,
            min_app_version,
            ..usual
        };
        let app = App::open(&settings).await.unwrap();
        let office = Self { router: router(app.clone()), app, _folder: folder };
        office.fill().await;
        office
    }

    async fn fill(&self) {
        let (db, city) = (&self.app.db, city());
        let departments: Vec<Department> = SECTORS.iter().map(|s| department(*s).clone()).collect();
        department::insert_all(db, &departments).await.unwrap();
        let people: Vec<Inspector> =
            SECTORS.iter().flat_map(|sector| people(*sector)).cloned().collect();
        inspector::insert_all(db, &people).await.unwrap();
        let source = enterprise::Source { name: "test", batch: None };
        enterprise::insert_all(db, &city.enterprises[..50], source).await.unwrap();
        check_item::insert_all(db, &city.check_items).await.unwrap();
        reference::insert_all(db, &city.legal_bases).await.unwrap();
        reference::insert_all(db, &city.criteria).await.unwrap();
        let password_hash = password::hash(PASSWORD.to_owned()).await.unwrap();
        for role in ROLES {
            let name = department::text(&role).unwrap();
            let row = account::Model {
                id: Uuid::now_v7(),
                display_name: format!("示例{name}"),
                role: name.clone(),
                name,
                password_hash: password_hash.clone(),
                wrong_passwords: 0,
                locked_until_ms: 0,
            };
            account::insert(db, row).await.unwrap();
        }
    }

    /// A copy of the data as they are now, made as an operator makes one.
    pub async fn copy(&self) -> TempDir {
        db::checkpoint(&self.app.db).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&self.app.data, folder.path()).unwrap();
        folder
    }

    /// An office restored from a copy.
    pub async fn restored(copy: &TempDir) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::new(folder.path());
        let restored = restore(&settings, Some(copy.path())).await.unwrap();
        let app = App::open(&settings).await.unwrap();
        assert_eq!(restored.epoch, app.keys.epoch);
        Self { router: router(app.clone()), app, _folder: folder }
    }

    /// Another server on the same data.
    pub async fn second_instance(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(&Settings::new(&self.app.data)).await.unwrap();
        Self { router: router(app.clone()), app, _folder: folder }
    }

    /// An answer whose body was not read yet.
    pub async fn respond(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.respond(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Signs in; answers the cookie.
    pub async fn sign_in(&self, role: Role) -> String {
        let account = department::text(&role).unwrap();
        let answer = self
            .post("/api/session", None, json!({"account": account, "password": PASSWORD}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str, cookie: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, cookie: Option<&str>, body: Value) -> Answer {
        let mut request =
            Request::post(path).header(CONTENT_TYPE, "application/json").header("x-lianjian", "1");
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A request of a tablet.
    pub async fn device(&self, method: &str, path: &str, token: &str, body: Vec<u8>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// The same of an app of some version.
    pub async fn device_of(
        &self,
        version: Option<&str>,
        path: &str,
        token: &str,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::post(path).header(AUTHORIZATION, format!("Bearer {token}"));
        if let Some(version) = version {
            request = request.header("x-lianjian-version", version);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A request of a tablet with headers.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Hands a file in as any client would: created, then sent in one piece.
    pub async fn hand_in(&self, token: &str, bytes: &[u8]) {
        let name = STANDARD.encode(Hash::of(bytes).to_string());
        let (length, metadata) = (bytes.len().to_string(), format!("sha256 {name}"));
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("upload-length", length.as_str()),
            ("upload-metadata", metadata.as_str()),
            ("content-type", "application/offset+octet-stream"),
        ];
        let answer = self.ask("POST", "/v1/files", token, &headers, bytes.to_vec()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(answer.headers["upload-offset"], length.as_str());
    }

    /// A task of the test's three departments, as the desk asks for it.
    pub fn task_request() -> Value {
        let parties: Vec<Value> = SECTORS
            .iter()
            .map(|sector| {
                let crew: Vec<_> = people(*sector).take(2).map(|one| one.person).collect();
                json!({"department": department(*sector).id, "site_lead": crew[0], "inspectors": crew})
            })
            .collect();
        let tags = &city().showcase().hazard_tags;
        let items = demo::checklist_for(city(), &SECTORS, tags);
        let codes: Vec<&str> = items.iter().map(|item| item.code.as_str()).collect();
        json!({
            "enterprise": city().showcase().id, "visit_date": day(), "announced": true,
            "lead": department(SECTORS[0]).id, "parties": parties, "item_codes": codes,
        })
    }

    /// Opens and dispatches such a task; answers its id.
    pub async fn dispatched(&self) -> String {
        let cookie = self.sign_in(Role::CommitteeOffice).await;
        let opened = self.post("/api/tasks", Some(&cookie), Self::task_request()).await;
        assert_eq!(opened.status, StatusCode::CREATED, "{:?}", opened.json());
        let task = opened.json()["task"].as_str().unwrap().to_owned();
        let path = format!("/api/tasks/{task}/dispatch");
        let card = self.post(&path, Some(&cookie), json!({})).await;
        assert_eq!(card.status, StatusCode::OK, "{:?}", card.json());
        task
    }

    /// An enrolled tablet of a department's first, second … inspector.
    pub async fn tablet(&self, sector: Sector, index: usize) -> Tablet {
        let person = people(sector).nth(index).unwrap().person;
        let code = crate::usecase::enrolment::issue(&self.app, person, None).await.unwrap().code;
        Tablet::enrol(self, person, &code).await
    }

    pub async fn board(&self, task: &str) -> Value {
        let cookie = self.sign_in(Role::Supervisor).await;
        let answer = self.get(&format!("/api/tasks/{task}"), Some(&cookie)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }
}

pub fn department(sector: Sector) -> &'static Department {
    city().city_department(sector).unwrap()
}

pub fn people(sector: Sector) -> impl Iterator<Item = &'static Inspector> {
    city().inspectors_of(department(sector).id)
}
