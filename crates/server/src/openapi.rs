//! The description of every route, from which the console's types are made.

use crate::handlers::{
    blob, directory, document, enrolment, evidence, exchange, health, import, overview, session,
    tablet, task, upload,
};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "联检",
        description = "Central server: the desk's routes (/api) and the tablets' (/v1)."
    ),
    paths(
        session::sign_in,
        session::me,
        session::sign_out,
        overview::overview,
        directory::enterprises,
        directory::departments,
        directory::inspectors,
        directory::check_items,
        import::preview,
        import::confirm,
        import::template,
        task::list,
        task::open,
        task::show,
        task::history,
        task::articles,
        task::dispatch,
        task::return_finding,
        task::approve,
        evidence::evidence,
        document::site_record,
        tablet::list,
        tablet::issue_code,
        enrolment::enrol,
        exchange::exchange,
        blob::head,
        blob::get,
        upload::describe,
        upload::create,
        upload::standing,
        upload::append,
        upload::terminate,
        upload::overridden,
        health::healthz,
    )
)]
struct Description;

/// The description as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which a test rules out.
pub fn openapi_json() -> serde_json::Result<String> {
    Description::openapi().to_pretty_json()
}

/// Shows the description.
pub async fn show() -> crate::error::Result<impl IntoResponse> {
    Ok(([(CONTENT_TYPE, "application/json")], openapi_json()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::DESK;

    #[test]
    fn every_route_of_the_desk_is_described_and_nothing_else() {
        let description: serde_json::Value =
            serde_json::from_str(&openapi_json().unwrap()).unwrap();
        let mut described: Vec<String> = Vec::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                if path.starts_with("/api/") {
                    described.push(format!("{method} {path}"));
                }
            }
        }
        let mut routed: Vec<String> = DESK
            .iter()
            .filter(|route| route.path != "/api/openapi.json")
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        described.sort();
        routed.sort();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let description: serde_json::Value =
            serde_json::from_str(&openapi_json().unwrap()).unwrap();
        let mut names = std::collections::BTreeSet::new();
        for methods in description["paths"].as_object().unwrap().values() {
            for operation in methods.as_object().unwrap().values() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                assert!(names.insert(name.clone()), "{name} is used twice");
            }
        }
    }
}
