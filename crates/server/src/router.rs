//! Every route, with what it asks of its caller. Nothing is served that is not
//! on this page.

use crate::app::App;
use crate::error::{Code, Refusal};
use crate::guard::{Needs, pass};
use crate::handlers::{
    blob, bundle, console, directory, document, enrolment, events, evidence, exchange, health,
    import, overview, pack, pin_reset, revocation, running, session, tablet, task, tree, upload,
};
use crate::openapi;
use crate::store::session::Sessions;
use Needs::{May, Nobody, Session};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head, post};
use domain::permission::Action::{
    ChangeTask, DispatchTask, HandOn, ImportDirectories, ManageTablets, OpenTask, ReadDirectories,
    ReadTasks, RescueTablets, ReviewFindings,
};
use ledger::exchange::BODY_BYTES_MAX;
use time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

/// A route of the desk.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Method, lower case.
    pub method: &'static str,
    /// Path with its members.
    pub path: &'static str,
    /// What it asks of its caller.
    pub needs: Needs,
}

macro_rules! desk {
    ($($method:ident $path:literal $needs:expr => $handler:path;)+) => {
        /// The routes of the desk.
        pub const DESK: &[Route] =
            &[$(Route { method: stringify!($method), path: $path, needs: $needs }),+];

        fn desk(app: &App) -> Router<App> {
            Router::new()$(.route(
                $path,
                axum::routing::$method($handler)
                    .layer(from_fn_with_state((app.clone(), $needs), pass)),
            ))+
        }
    };
}

desk! {
    post   "/api/session"                              Nobody                 => session::sign_in;
    get    "/api/session"                              Session                => session::me;
    delete "/api/session"                              Session                => session::sign_out;
    get    "/api/overview"                             May(ReadTasks)         => overview::overview;
    get    "/api/enterprises"                          May(ReadDirectories)   => directory::enterprises;
    get    "/api/departments"                          May(ReadDirectories)   => directory::departments;
    get    "/api/departments/{id}/inspectors"          May(ReadDirectories)   => directory::inspectors;
    get    "/api/check-items"                          May(ReadDirectories)   => directory::check_items;
    post   "/api/imports/enterprises"                  May(ImportDirectories) => import::preview;
    post   "/api/imports/enterprises/{batch}/confirm"  May(ImportDirectories) => import::confirm;
    get    "/api/imports/enterprises/template.xlsx"    May(ImportDirectories) => import::template;
    get    "/api/tasks"                                May(ReadTasks)         => task::list;
    post   "/api/tasks"                                May(OpenTask)          => task::open;
    get    "/api/tasks/{task}"                         May(ReadTasks)         => task::show;
    get    "/api/tasks/{task}/history"                 May(ReadTasks)         => task::history;
    get    "/api/tasks/{task}/articles"                May(ReadTasks)         => task::articles;
    post   "/api/tasks/{task}/dispatch"                May(DispatchTask)      => task::dispatch;
    post   "/api/tasks/{task}/findings/{rec}/return"   May(ReviewFindings)    => task::return_finding;
    post   "/api/tasks/{task}/approve"                 May(ReviewFindings)    => task::approve;
    post   "/api/tasks/{task}/team"                    May(ChangeTask)        => running::change_team;
    post   "/api/tasks/{task}/cancel"                  May(ChangeTask)        => running::cancel;
    post   "/api/tasks/{task}/records/{rec}/owner"     May(HandOn)            => running::hand_on;
    post   "/api/tasks/{task}/changes/{change}/settle" May(ReviewFindings)    => running::settle;
    get    "/api/tasks/{task}/evidence/{sha256}"       May(ReadTasks)         => evidence::evidence;
    get    "/api/tasks/{task}/site-record.pdf"         May(ReadTasks)         => document::site_record;
    get    "/api/tasks/{task}/bundle"                  May(ReadTasks)         => bundle::bundle;
    get    "/api/tablets"                              May(ManageTablets)     => tablet::list;
    get    "/api/quarantine"                           May(RescueTablets)     => tablet::quarantine;
    get    "/api/quarantine/{sha256}"                  May(RescueTablets)     => tablet::quarantined;
    post   "/api/enrolment-codes"                      May(ManageTablets)     => tablet::issue_code;
    post   "/api/tablets/{replica}/revoke"             May(RescueTablets)     => revocation::revoke;
    post   "/api/tablets/{replica}/reset-codes"        May(RescueTablets)     => revocation::issue_reset_code;
    get    "/api/packs"                                May(RescueTablets)     => pack::list;
    // Counted by the handler while it is read: a pack is as large as a tablet.
    post   "/api/packs"                                May(RescueTablets)     => pack::import;
    get    "/api/openapi.json"                         Nobody                 => openapi::show;
}

/// The routes of tablets, which all but enrolment want a token, and what
/// anybody may ask.
fn device() -> Router<App> {
    Router::new()
        .route("/v1/enrol", post(enrolment::enrol))
        .route("/v1/readmission", post(enrolment::readmit))
        .route("/v1/exchange", post(exchange::exchange).layer(limit(BODY_BYTES_MAX)))
        .route("/v1/events", get(events::listen))
        .route("/v1/blobs/{sha256}", get(blob::get).head(blob::head))
        .merge(files())
        .route("/v1/pin-reset", post(pin_reset::reset))
        .route("/v1/wiped", post(revocation::wiped))
        .route("/v1/tree-heads", get(tree::heads))
        .route("/healthz", get(health::healthz))
}

/// The way up for files: tus 1.0.
fn files() -> Router<App> {
    let one = head(upload::standing).patch(upload::append).delete(upload::terminate);
    let one = one.post(upload::overridden).options(upload::describe);
    Router::new()
        .route("/v1/files", post(upload::create).options(upload::describe))
        .route("/v1/files/{id}", one)
        // Each upload has a limit of its own, kept while it is read.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(upload::speak))
        .layer(fallback_header(CACHE_CONTROL, "no-store"))
}

/// JSON bodies are small.
const JSON_BYTES_MAX: usize = 256 * 1024;

/// How long a session lasts without a request.
const SESSION_HOURS: i64 = 8;

/// Scripts, styles and data from this server alone; pictures also from the
/// page's own memory. Inline style attributes are what chart and table
/// components are positioned with.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; \
    connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// The whole server.
pub fn router(app: App) -> Router {
    let sessions = SessionManagerLayer::new(Sessions(app.db.clone()))
        .with_name("lianjian")
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(Duration::hours(SESSION_HOURS)));
    let import_limit = limit(import::FILE_BYTES_MAX);
    desk(&app)
        .layer(sessions)
        .layer(fallback_header(CACHE_CONTROL, "no-store"))
        .layer(import_limit)
        .merge(device().layer(limit(JSON_BYTES_MAX)))
        .fallback(console::console)
        .layer(fallback_header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(fallback_header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fallback_header(X_FRAME_OPTIONS, "DENY"))
        .layer(fallback_header(REFERRER_POLICY, "no-referrer"))
        .layer(fallback_header(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
        .layer(CatchPanicLayer::custom(|_| -> Response {
            tracing::error!("a handler panicked");
            Refusal::new(Code::Internal).into_response()
        }))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            // The query may name people; it is not logged.
            tracing::info_span!("request", method = %request.method(), path = request.uri().path())
        }))
        .with_state(app)
}

fn limit(bytes: usize) -> DefaultBodyLimit {
    DefaultBodyLimit::max(bytes)
}

/// A header for every answer that does not bring its own.
fn fallback_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
