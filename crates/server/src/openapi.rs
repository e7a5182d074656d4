//! The description of every route, from which the console's types are made.

use crate::error::Code;
use crate::guard::Needs;
use crate::handlers::{
    blob, bundle, directory, document, enrolment, events, evidence, exchange, health, import,
    overview, pack, pin_reset, revocation, running, session, tablet, task, tree, upload,
};
use crate::router::DESK;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi as OpenApiDescription, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

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
        running::change_team,
        running::cancel,
        running::hand_on,
        running::settle,
        evidence::evidence,
        document::site_record,
        bundle::bundle,
        tablet::list,
        tablet::quarantine,
        tablet::quarantined,
        tablet::issue_code,
        revocation::revoke,
        revocation::issue_reset_code,
        pack::list,
        pack::import,
        enrolment::enrol,
        enrolment::readmit,
        pin_reset::reset,
        revocation::wiped,
        exchange::exchange,
        events::listen,
        blob::head,
        blob::get,
        upload::describe,
        upload::create,
        upload::standing,
        upload::append,
        upload::terminate,
        upload::overridden,
        tree::heads,
        health::healthz,
    ),
    modifiers(&Refusals)
)]
struct Description;

/// Adds to every operation the refusals that follow from what the router asks
/// of its caller, so that no handler has to name them.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, api: &mut OpenApiDescription) {
        for (path, item) in &mut api.paths.paths {
            let operations = [
                ("get", &mut item.get),
                ("head", &mut item.head),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("patch", &mut item.patch),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    for code in refusals(method, path, operation) {
                        add(operation, method, code);
                    }
                }
            }
        }
    }
}

/// For each refusal one code that stands for its status.
fn refusals(method: &str, path: &str, operation: &Operation) -> Vec<Code> {
    let mut codes = Vec::new();
    let has = |place: &ParameterIn| {
        operation.parameters.iter().flatten().any(|one| one.parameter_in == *place)
    };
    if has(&ParameterIn::Path) {
        codes.push(Code::NotFound);
    }
    if has(&ParameterIn::Query) || operation.request_body.is_some() {
        codes.push(Code::Malformed);
    }
    if operation.request_body.is_some() {
        codes.push(Code::TooLarge);
    }
    match DESK.iter().find(|route| route.path == path && route.method == method) {
        Some(route) => {
            if route.needs != Needs::Nobody {
                codes.push(Code::NotSignedIn);
            }
            if matches!(route.needs, Needs::May(_)) {
                codes.push(Code::Forbidden);
            }
            if method != "get" {
                codes.push(Code::HeaderMissing);
            }
        }
        None if !OPEN.contains(&path) => codes.push(Code::TokenWrong),
        None => {}
    }
    codes
}

/// The routes outside the desk that want no token.
const OPEN: [&str; 3] = ["/v1/enrol", "/v1/tree-heads", "/healthz"];

fn add(operation: &mut Operation, method: &str, code: Code) {
    let mut answer = ResponseBuilder::new().description(code.words());
    // An answer to HEAD has no body.
    if method != "head" {
        let form = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
        answer = answer.content("application/json", form);
    }
    let status = code.status().as_u16().to_string();
    operation.responses.responses.entry(status).or_insert(RefOr::T(answer.build()));
}

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
