//! Who may pass to a route of the desk: a session, the header that foreign
//! pages cannot send, and the permission table, in this order. Asked once per
//! route, by the router itself; a handler finds the caller and nothing to check.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::account;
use crate::usecase::review::Reviewer;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use domain::id::PersonId;
use domain::permission::{Action, Role, may};
use tower_sessions::Session;
use uuid::Uuid;

/// The header of every call that changes something, with the value `1`.
pub const CHANGE_HEADER: &str = "x-lianjian";

/// Under which name a session holds its account.
pub const SESSION_ACCOUNT: &str = "account";

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nobody,
    /// A session.
    Session,
    /// A role that may do this.
    May(Action),
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account, which is also the person it stands for.
    pub account: Uuid,
    /// Name to sign in with.
    pub account_name: String,
    /// Name shown to others.
    pub name: String,
    /// Role.
    pub role: Role,
}

impl Caller {
    /// The caller as the author of what the server writes for them.
    #[must_use]
    pub fn reviewer(&self) -> Reviewer {
        Reviewer { person: PersonId(self.account), name: self.name.clone() }
    }

    /// The person behind the account.
    #[must_use]
    pub fn person(&self) -> PersonId {
        PersonId(self.account)
    }
}

impl TryFrom<account::Model> for Caller {
    type Error = ServerError;

    fn try_from(account: account::Model) -> Result<Self> {
        Ok(Self {
            role: account.role()?,
            account: account.id,
            account_name: account.name,
            name: account.display_name,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or(Code::NotSignedIn.into())
    }
}

/// Lets a request pass or refuses it.
pub async fn pass(
    State((app, needs)): State<(App, Needs)>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let session = request.extensions().get::<Session>().cloned();
    if let Some(caller) = caller(&app, session).await? {
        request.extensions_mut().insert(caller);
    }
    let caller = request.extensions().get::<Caller>();
    if needs != Needs::Nobody && caller.is_none() {
        return Err(Code::NotSignedIn.into());
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && request.headers().get(CHANGE_HEADER).is_none_or(|value| value != "1") {
        return Err(Code::HeaderMissing.into());
    }
    match (needs, caller) {
        (Needs::May(action), Some(caller)) if !may(caller.role, action) => {
            Err(Code::Forbidden.into())
        }
        _ => Ok(next.run(request).await),
    }
}

/// The account of a session, as it is now.
async fn caller(app: &App, session: Option<Session>) -> Result<Option<Caller>> {
    let Some(session) = session else { return Ok(None) };
    let Some(id) = session.get::<Uuid>(SESSION_ACCOUNT).await? else { return Ok(None) };
    account::by_id(&app.db, id).await?.map(Caller::try_from).transpose()
}
