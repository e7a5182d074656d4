//! Files on their way up, over HTTP: tus 1.0. What becomes of the bytes is
//! decided in `usecase::upload`; what headers say is read in `tus`.

use crate::app::{App, rfc9110};
use crate::error::{Code, ErrorBody, Result, ServerError};
use crate::extract::InPath;
use crate::tus;
use crate::usecase::exchange::Device;
use crate::usecase::upload::{self, Standing};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::evidence::FILE_BYTES_MAX;
use uuid::Uuid;

/// Lets only this version of the protocol pass, and names it in every answer.
pub async fn speak(request: Request, next: Next) -> Response {
    let asks_what = request.method() == Method::OPTIONS;
    let mut response = if asks_what || tus::speaks(request.headers()) {
        next.run(request).await
    } else {
        let mut refusal = ServerError::from(Code::TusVersion).into_response();
        put(&mut refusal, tus::VERSIONS, tus::VERSION);
        refusal
    };
    put(&mut response, tus::RESUMABLE, tus::VERSION);
    response
}

/// What this server can do.
#[utoipa::path(
    options, path = "/v1/files", tag = "device",
    responses((status = 204, headers(
        ("Tus-Version" = String), ("Tus-Extension" = String), ("Tus-Max-Size" = u64),
        ("Tus-Checksum-Algorithm" = String)
    )))
)]
pub async fn describe() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    put(&mut response, tus::VERSIONS, tus::VERSION);
    put(&mut response, tus::EXTENSION, tus::EXTENSIONS);
    put(&mut response, tus::CHECKSUM_ALGORITHM, tus::CHECKSUMS);
    put(&mut response, tus::MAX_SIZE, &FILE_BYTES_MAX.to_string());
    response
}

/// Begins an upload; the first piece may come along.
#[utoipa::path(
    post, path = "/v1/files", tag = "device",
    params(
        ("Tus-Resumable" = String, Header), ("Upload-Length" = u64, Header),
        ("Upload-Metadata" = String, Header,
            description = "`sha256` (hex), and `filetype` where known; values in base64")
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 201, headers(("Location" = String), ("Upload-Offset" = u64))),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 412, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 460, body = ErrorBody), (status = 507, body = ErrorBody)
    )
)]
pub async fn create(
    State(app): State<App>,
    device: Device,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let wanted = tus::creation(&headers)?;
    let piece = tus::is_piece(&headers).then(|| tus::first_piece(&headers)).transpose()?;
    let standing = to_its_end(async move {
        let begun = upload::create(&app, &device, wanted).await?;
        match piece {
            Some(piece) => upload::append(&app, &device, begun.id, piece, body).await,
            None => Ok(begun),
        }
    })
    .await?;
    let mut response = StatusCode::CREATED.into_response();
    // Relative to this route: the server need not know under which name and
    // behind which proxy it is reached.
    put(&mut response, LOCATION, &format!("files/{}", standing.id));
    describe_standing(&mut response, &standing);
    Ok(response)
}

/// Where an upload stands.
#[utoipa::path(
    head, path = "/v1/files/{id}", tag = "device",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header)),
    responses(
        (status = 200, headers(("Upload-Offset" = u64), ("Upload-Length" = u64))),
        (status = 401), (status = 404), (status = 410), (status = 412)
    )
)]
pub async fn standing(
    State(app): State<App>,
    device: Device,
    InPath(id): InPath<Uuid>,
) -> Result<Response> {
    let standing = upload::standing(&app, &device, id).await?;
    let mut response = StatusCode::OK.into_response();
    put(&mut response, tus::LENGTH, &standing.length.to_string());
    put(&mut response, tus::METADATA, &standing.metadata);
    describe_standing(&mut response, &standing);
    Ok(response)
}

/// Takes a piece.
#[utoipa::path(
    patch, path = "/v1/files/{id}", tag = "device",
    params(
        ("id" = Uuid, Path), ("Tus-Resumable" = String, Header), ("Upload-Offset" = u64, Header),
        ("Upload-Checksum" = Option<String>, Header)
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, headers(("Upload-Offset" = u64))),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 410, body = ErrorBody), (status = 412, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 460, body = ErrorBody),
        (status = 507, body = ErrorBody)
    )
)]
pub async fn append(
    State(app): State<App>,
    device: Device,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let piece = tus::piece(&headers)?;
    let standing =
        to_its_end(async move { upload::append(&app, &device, id, piece, body).await }).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    describe_standing(&mut response, &standing);
    Ok(response)
}

/// Ends an upload.
#[utoipa::path(
    delete, path = "/v1/files/{id}", tag = "device",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header)),
    responses(
        (status = 204), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 410, body = ErrorBody), (status = 412, body = ErrorBody)
    )
)]
pub async fn terminate(
    State(app): State<App>,
    device: Device,
    InPath(id): InPath<Uuid>,
) -> Result<StatusCode> {
    upload::terminate(&app, &device, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Does what a header says, for clients behind proxies that know only POST.
#[utoipa::path(
    post, path = "/v1/files/{id}", tag = "device",
    params(
        ("id" = Uuid, Path), ("Tus-Resumable" = String, Header),
        ("X-HTTP-Method-Override" = String, Header, description = "`PATCH`, `DELETE` or `HEAD`")
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204), (status = 200), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 405), (status = 409, body = ErrorBody), (status = 410, body = ErrorBody),
        (status = 412, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 460, body = ErrorBody), (status = 507, body = ErrorBody)
    )
)]
pub async fn overridden(
    app: State<App>,
    device: Device,
    id: InPath<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    match headers.get(tus::METHOD_OVERRIDE).map(HeaderValue::as_bytes) {
        Some(b"PATCH") => append(app, device, id, headers, body).await,
        Some(b"DELETE") => Ok(terminate(app, device, id).await?.into_response()),
        Some(b"HEAD") => standing(app, device, id).await,
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}

/// A request whose line breaks is dropped by the server in the middle of its
/// work; what came until then is to be kept all the same.
async fn to_its_end(
    work: impl Future<Output = Result<Standing>> + Send + 'static,
) -> Result<Standing> {
    let ended = tokio::spawn(work).await;
    ended.map_err(|_| ServerError::Broken("taking a piece was cut off"))?
}

fn describe_standing(response: &mut Response, standing: &Standing) {
    put(response, tus::OFFSET, &standing.offset.to_string());
    if let Some(expires_ms) = standing.expires_ms {
        put(response, tus::EXPIRES, &rfc9110(expires_ms));
    }
}

fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
