//! Every route of the desk against the table of `domain::permission`.

use crate::guard::Needs;
use crate::router::DESK;
use crate::tests::office::{Office, ROLES};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use domain::permission::{Role, may};
use uuid::Uuid;

fn path(template: &str) -> String {
    let id = Uuid::now_v7().to_string();
    let hash = "0".repeat(64);
    template
        .split('/')
        .map(|part| match part {
            "{sha256}" => hash.as_str(),
            _ if part.starts_with('{') => id.as_str(),
            _ => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn ask(
    office: &Office,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    header: bool,
) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(path)
        .header(CONTENT_TYPE, "application/json");
    if header {
        request = request.header("x-lianjian", "1");
    }
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    let answer = office.send(request.body(Body::from("{}")).unwrap()).await;
    let code = answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code)
}

fn expected(needs: Needs, role: Option<Role>) -> Option<&'static str> {
    match (needs, role) {
        (Needs::Nobody, _) | (Needs::Session, Some(_)) => None,
        (_, None) => Some("not_signed_in"),
        (Needs::May(action), Some(role)) => (!may(role, action)).then_some("forbidden"),
    }
}

#[tokio::test]
async fn a_role_gets_exactly_what_the_table_says() {
    let office = Office::open().await;
    let mut callers = vec![(None, None)];
    for role in ROLES {
        callers.push((Some(role), Some(office.sign_in(role).await)));
    }
    // Signing out ends the session that the other routes are tried with.
    let mut routes: Vec<_> = DESK.iter().collect();
    routes.sort_by_key(|route| route.method == "delete");
    for route in routes {
        for (role, cookie) in &callers {
            let (status, code) =
                ask(&office, route.method, &path(route.path), cookie.as_deref(), true).await;
            let told = ["not_signed_in", "forbidden"].into_iter().find(|known| *known == code);
            let what = format!("{} {} as {role:?}: {status} {code}", route.method, route.path);
            assert_eq!(told, expected(route.needs, *role), "{what}");
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{what}");
        }
    }
}

#[tokio::test]
async fn nothing_changes_without_the_header_that_foreign_pages_cannot_send() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    for route in DESK.iter().filter(|route| route.method != "get") {
        let (status, code) =
            ask(&office, route.method, &path(route.path), Some(&cookie), false).await;
        assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "header_missing"), "{route:?}");
    }
}

#[tokio::test]
async fn an_unknown_path_of_the_interface_is_not_the_console() {
    let office = Office::open().await;
    for path in ["/api/none", "/api", "/v1/none"] {
        let answer = office.get(path, None).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
        assert!(answer.headers.contains_key("content-security-policy"));
    }
}
