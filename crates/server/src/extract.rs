//! Reading requests: like axum's own extractors, but what cannot be read is
//! refused in this server's words.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::tablet;
use crate::usecase::enrolment::token_hash;
use crate::usecase::exchange::Device;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Multipart, Path, Query, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use domain::id::{PersonId, ReplicaId};
use domain::version::Version;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ServerError;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let body = Json::<T>::from_request(request, state).await;
        body.map(|Json(value)| Self(value)).map_err(|rejection| match rejection {
            JsonRejection::BytesRejection(inner)
                if inner.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Code::TooLarge.into()
            }
            _ => Code::Malformed.into(),
        })
    }
}

/// A form of several parts.
#[derive(Debug)]
pub struct Form(pub Multipart);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ServerError;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let form = Multipart::from_request(request, state).await;
        form.map(Self).map_err(|_| Code::Malformed.into())
    }
}

/// Members of the path. What is no proper name is not there.
#[derive(Debug)]
pub struct InPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value)).map_err(|_| Code::NotFound.into())
    }
}

/// Members of the query.
#[derive(Debug)]
pub struct InQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|_| Code::Malformed.into())
    }
}

/// The address a request comes from; the own machine when it is not known.
#[derive(Debug, Clone, Copy)]
pub struct From(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip())))
    }
}

/// The header in which a tablet says its app's version.
pub const VERSION_HEADER: &str = "x-lianjian-version";

/// What the app says of itself; one that says nothing is older than the header.
fn version(headers: &HeaderMap) -> Version {
    let said = headers.get(VERSION_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    said.unwrap_or(Version(0, 0, 0))
}

impl FromRequestParts<App> for Device {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|text| text.strip_prefix("Bearer ")).ok_or(Code::TokenWrong)?;
        let tablet =
            tablet::by_token(&app.db, &token_hash(token)).await?.ok_or(Code::TokenWrong)?;
        Ok(Self {
            replica: ReplicaId(tablet.replica),
            person: PersonId(tablet.person),
            revoked: tablet.revoked_ms.is_some(),
            last_contact_ms: tablet.last_contact_ms,
            version: version(&parts.headers),
        })
    }
}
