//! The way to the office over HTTP: one place that knows addresses, headers,
//! time limits, size limits, and what an answer's status means to a person.
//!
//! What is exchanged and when is decided in `usecase/sync` and `ledger`; here
//! are no stores. Calls block: they run on threads that may wait.

use crate::error::DeviceError;
use crate::events::{GLANCE, Heard, Lines, SILENCE_MAX};
use crate::view::{AppError, ErrorCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::evidence::{FILE_BYTES_MAX, MediaType};
use domain::id::{PersonId, ReplicaId};
use ledger::certificate::SignedCertificate;
use ledger::exchange::{BODY_BYTES_MAX, Request, Response};
use ledger::readmission::Readmission;
use ledger::recovery::SignedRecovery;
use ledger::seal::PublicKey;
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    RANGE,
};
use reqwest::{Method, StatusCode, Url};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);
/// Between two pieces of an answer, and for the office to think; slow lines are
/// slow, dead ones are silent.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// The slowest line that is still waited for, in bytes per second.
const SLOWEST_BYTES_PER_SECOND: u64 = 8_000;
/// The largest answer that is not a file, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
const EVENTS_TYPE: &str = "text/event-stream";
/// The header in which the office is told the app's version.
const VERSION_HEADER: &str = "x-lianjian-version";
const EXCHANGE_TYPE: &str = "application/vnd.lianjian.exchange+zstd";
/// Compression of what is sent: quick enough for a tablet.
const ZSTD_LEVEL: i32 = 3;
/// The upload protocol, tus 1.0.
const TUS_RESUMABLE: &str = "tus-resumable";
const TUS_VERSION: &str = "1.0.0";
const UPLOAD_LENGTH: &str = "upload-length";
const UPLOAD_METADATA: &str = "upload-metadata";
const UPLOAD_OFFSET: &str = "upload-offset";
const PIECE_TYPE: &str = "application/offset+octet-stream";

/// A request as it goes over a [`Line`].
#[derive(Debug, Clone)]
pub struct LineCall {
    /// The method.
    pub method: reqwest::Method,
    /// Path with its query, from the root of the address.
    pub path: String,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it comes over a [`Line`].
#[derive(Debug, Clone)]
pub struct LineAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// A way to an office that is no HTTP over a socket: the simulator's network.
pub trait Line: Send + Sync {
    /// Carries a request there and the answer back.
    ///
    /// # Errors
    /// [`ErrorCode::Offline`] when nothing comes back, [`ErrorCode::ServerTrouble`]
    /// when the answer breaks off.
    fn carry(&self, call: LineCall) -> Result<LineAnswer, ErrorCode>;
}

/// What a tablet says when it is enrolled.
#[derive(Debug, Serialize)]
pub(crate) struct EnrolRequest<'a> {
    pub(crate) code: &'a str,
    pub(crate) replica: ReplicaId,
    pub(crate) key: PublicKey,
    pub(crate) app_version: &'a str,
}

/// What the office answers.
#[derive(Debug, Deserialize)]
pub(crate) struct EnrolAnswer {
    pub(crate) office_key: PublicKey,
    pub(crate) certificate: SignedCertificate,
    pub(crate) server_certificate: SignedCertificate,
    pub(crate) token: String,
    pub(crate) epoch: Uuid,
    /// An office of an older version has none.
    #[serde(default)]
    pub(crate) recovery: Option<SignedRecovery>,
    pub(crate) person: EnrolPerson,
}

/// What a tablet says whose PIN was forgotten.
#[derive(Serialize)]
pub(crate) struct ResetRequest<'a> {
    pub(crate) code: &'a str,
    pub(crate) replica: ReplicaId,
    pub(crate) wrapped_key: &'a str,
    pub(crate) recipient: &'a str,
}

/// What the office answers.
#[derive(Deserialize)]
pub(crate) struct ResetAnswer {
    pub(crate) key: String,
}

/// The person, in the office's words.
#[derive(Debug, Deserialize)]
pub(crate) struct EnrolPerson {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) department: String,
    pub(crate) department_short: String,
    pub(crate) cert_no: String,
    pub(crate) valid_to: String,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
}

/// A file that is to be handed in.
pub(crate) struct NewUpload<'a> {
    pub(crate) sha256: &'a str,
    pub(crate) bytes: u64,
    pub(crate) media_type: Option<MediaType>,
    /// What goes along at once; all of a small file, nothing of a large one.
    pub(crate) first: &'a [u8],
}

/// An upload at the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    /// Where it is, under the office's address.
    pub(crate) url: String,
    /// Bytes that the office holds.
    pub(crate) offset: u64,
}

/// What became of bytes that were handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// The office holds so many bytes now.
    At(u64),
    /// The upload stands elsewhere; it is to be asked where.
    Elsewhere,
    /// The office does not know of the upload any more.
    Gone,
}

/// What came of a file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// Some of it.
    Piece {
        /// The bytes asked for; fewer only at the end.
        bytes: Vec<u8>,
        /// Bytes of the whole.
        total: u64,
    },
    /// The office does not have it (yet).
    Absent {
        /// Whether it was on a tablet that is out of service.
        lost: bool,
    },
}

/// What came back over the line, before it is understood.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// A header that is a count of bytes.
    fn number(&self, name: impl reqwest::header::AsHeaderName) -> Option<u64> {
        self.headers.get(name)?.to_str().ok()?.parse().ok()
    }

    /// Bytes of the whole, where these are the ones asked for.
    fn total(&self, start: u64, bytes: u64) -> Option<u64> {
        let range = self.headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let fits = first == start && last.checked_add(1)? == start + bytes;
        total.parse().ok().filter(|total| fits && last < *total)
    }
}

/// Speaks with one office.
pub(crate) struct Client {
    // Declared before the runtime: connections end before what drives them.
    http: reqwest::Client,
    runtime: Runtime,
    base: Url,
    token: Option<String>,
    line: Option<Arc<dyn Line>>,
}

impl Client {
    /// A way to the office at `server`; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorCode::NotAnOffice`] when the address is none.
    pub(crate) fn new(
        server: &str,
        token: Option<String>,
        line: Option<&Arc<dyn Line>>,
    ) -> Result<Self, DeviceError> {
        // The first caller wins; a provider that is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = Url::parse(&normalised(server)?).map_err(|_| ErrorCode::NotAnOffice)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let http = match line {
            // It only writes requests down; reading the system's roots for each
            // would take longer than everything else in a simulated exchange.
            Some(_) => writer()?,
            None => http()?,
        };
        Ok(Self { http, runtime, base, token, line: line.cloned() })
    }

    /// Enrols this tablet.
    ///
    /// # Errors
    /// [`ErrorCode::CodeWrong`], [`ErrorCode::CodeUsed`],
    /// [`ErrorCode::CodeExpired`], [`ErrorCode::NotAnOffice`], or the network's.
    pub(crate) fn enrol(&self, request: &EnrolRequest<'_>) -> Result<EnrolAnswer, DeviceError> {
        let call = self.http.post(self.url("v1/enrol")?).json(request);
        let Answer { status, body, .. } = self.call(call, ANSWER_BYTES_MAX)?;
        if !status.is_success() {
            return Err(match (status, code_of(&body).as_deref()) {
                (_, Some("code_wrong")) => ErrorCode::CodeWrong.into(),
                (_, Some("code_used")) => ErrorCode::CodeUsed.into(),
                (_, Some("code_expired")) => ErrorCode::CodeExpired.into(),
                (status, Some(code)) if status.is_client_error() => {
                    DeviceError::refused(ErrorCode::ServerTrouble, code)
                }
                (status, _) if status.is_server_error() => ErrorCode::ServerTrouble.into(),
                _ => ErrorCode::NotAnOffice.into(),
            });
        }
        serde_json::from_slice(&body).map_err(|_| ErrorCode::NotAnOffice.into())
    }

    /// Asks for the store's key, so that a forgotten PIN can be set anew.
    ///
    /// # Errors
    /// [`ErrorCode::ResetCodeWrong`], [`ErrorCode::ResetCodeUsed`],
    /// [`ErrorCode::ResetCodeExpired`], [`ErrorCode::Revoked`],
    /// [`ErrorCode::NoRecovery`], [`ErrorCode::NotAnOffice`], or the network's.
    pub(crate) fn reset_pin(&self, request: &ResetRequest<'_>) -> Result<ResetAnswer, DeviceError> {
        let call = self.http.post(self.url("v1/pin-reset")?).json(request);
        let Answer { status, body, .. } = self.call(call, ANSWER_BYTES_MAX)?;
        if !status.is_success() {
            return Err(match (status, code_of(&body).as_deref()) {
                (_, Some("reset_code_wrong")) => ErrorCode::ResetCodeWrong.into(),
                (_, Some("reset_code_used")) => ErrorCode::ResetCodeUsed.into(),
                (_, Some("reset_code_expired")) => ErrorCode::ResetCodeExpired.into(),
                (_, Some("wrap_foreign")) => ErrorCode::NoRecovery.into(),
                (_, Some("revoked")) => ErrorCode::Revoked.into(),
                (status, Some(code)) if status.is_client_error() => {
                    DeviceError::refused(ErrorCode::ServerTrouble, code)
                }
                (status, _) if status.is_server_error() => ErrorCode::ServerTrouble.into(),
                _ => ErrorCode::NotAnOffice.into(),
            });
        }
        serde_json::from_slice(&body).map_err(|_| ErrorCode::NotAnOffice.into())
    }

    /// Tells the office that everything here was destroyed as ordered.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn wiped(&self) -> Result<(), DeviceError> {
        let call = self.http.post(self.url("v1/wiped")?);
        let answer = self.call(self.signed_in(call), ANSWER_BYTES_MAX)?;
        check(answer.status, &answer.body)
    }

    /// One turn of an exchange. The answer is read whole before it is decoded:
    /// one that ends in the middle is as if it had not come.
    ///
    /// # Errors
    /// [`ErrorCode::Revoked`], [`ErrorCode::TooOld`],
    /// [`ErrorCode::ServerTrouble`], or the network's.
    pub(crate) fn exchange(&self, request: &Request) -> Result<Response, DeviceError> {
        let trouble = || DeviceError::from(ErrorCode::ServerTrouble);
        let plain = request.encode().map_err(|_| trouble())?;
        let body = zstd::bulk::compress(&plain, ZSTD_LEVEL)?;
        let call =
            self.http.post(self.url("v1/exchange")?).header(CONTENT_TYPE, EXCHANGE_TYPE).body(body);
        let Answer { status, body, .. } = self.call(self.signed_in(call), BODY_BYTES_MAX as u64)?;
        check(status, &body)?;
        let plain = inflate(&body, BODY_BYTES_MAX).ok_or_else(trouble)?;
        Response::decode(&plain).map_err(|_| trouble())
    }

    /// Asks an office that was restored from an older copy to know this tablet
    /// again. True when it does.
    ///
    /// # Errors
    /// The network's.
    pub(crate) fn readmit(&self, asked: &Readmission) -> Result<bool, DeviceError> {
        let call = self.http.post(self.url("v1/readmission")?).json(asked);
        Ok(self.call(call, ANSWER_BYTES_MAX)?.status == StatusCode::NO_CONTENT)
    }

    /// Whether the office holds a file of this length that this tablet brought.
    /// An answer that does not say so is no: what answers may be a hotel's page,
    /// and handing a file in again costs only time.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn has_blob(&self, sha256: &str, bytes: u64) -> Result<bool, DeviceError> {
        let call = self.http.head(self.url(&format!("v1/blobs/{sha256}"))?);
        let answer = self.call(self.signed_in(call), ANSWER_BYTES_MAX)?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        check(answer.status, &answer.body)?;
        // Of the headers: an answer to HEAD has a length and no body.
        Ok(answer.number(CONTENT_LENGTH) == Some(bytes))
    }

    /// Begins to hand a file in, with its first bytes. Answers where the upload
    /// is found from then on, and how many bytes the office holds.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn create_upload(&self, new: &NewUpload<'_>) -> Result<Upload, DeviceError> {
        let route = self.url("v1/files")?;
        let name = |text: &str| BASE64.encode(text);
        let mut metadata = format!("sha256 {}", name(new.sha256));
        if let Some(media_type) = new.media_type {
            metadata.push_str(&format!(",filetype {}", name(media_type.name())));
        }
        let mut call = self.tus(Method::POST, route.clone());
        call = call.header(UPLOAD_LENGTH, new.bytes).header(UPLOAD_METADATA, metadata);
        if !new.first.is_empty() {
            call = call.header(CONTENT_TYPE, PIECE_TYPE).body(new.first.to_vec());
        }
        let answer = self.office(call)?;
        let place = answer.headers.get(LOCATION).and_then(|text| text.to_str().ok());
        let place = place.and_then(|text| route.join(text).ok()).ok_or(ErrorCode::ServerTrouble)?;
        // The token goes to the office alone.
        let place = place.as_str().strip_prefix(self.base.as_str());
        let url = place.ok_or(ErrorCode::ServerTrouble)?.to_owned();
        let offset = answer.number(UPLOAD_OFFSET).unwrap_or(0);
        Ok(Upload { url, offset })
    }

    /// How many bytes of an upload the office holds; none when it does not know
    /// of it (any more).
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn upload_offset(&self, url: &str) -> Result<Option<u64>, DeviceError> {
        match self.office(self.tus(Method::HEAD, self.url(url)?)) {
            Ok(answer) => match answer.number(UPLOAD_OFFSET) {
                Some(offset) => Ok(Some(offset)),
                None => Err(ErrorCode::ServerTrouble.into()),
            },
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands the next bytes of a file in.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn append(
        &self,
        url: &str,
        offset: u64,
        bytes: Vec<u8>,
    ) -> Result<Appended, DeviceError> {
        let call = self.tus(Method::PATCH, self.url(url)?);
        let call = call.header(UPLOAD_OFFSET, offset).header(CONTENT_TYPE, PIECE_TYPE).body(bytes);
        match self.office(call) {
            Ok(answer) => match answer.number(UPLOAD_OFFSET) {
                Some(offset) => Ok(Appended::At(offset)),
                None => Err(ErrorCode::ServerTrouble.into()),
            },
            Err(DeviceError::Refused(error)) if has_status(&error, "offset_mismatch") => {
                Ok(Appended::Elsewhere)
            }
            Err(error) if is_gone(&error) => Ok(Appended::Gone),
            Err(error) => Err(error),
        }
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// As [`Client::exchange`]; none when it is gone already.
    pub(crate) fn terminate(&self, url: &str) -> Result<(), DeviceError> {
        match self.office(self.tus(Method::DELETE, self.url(url)?)) {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Fetches up to `count` bytes of a file, from `start`.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn get_range(
        &self,
        sha256: &str,
        start: u64,
        count: u64,
    ) -> Result<Fetched, DeviceError> {
        let range = format!("bytes={start}-{}", start + count.max(1) - 1);
        let call = self.http.get(self.url(&format!("v1/blobs/{sha256}"))?).header(RANGE, range);
        let answer = self.call(self.signed_in(call), count)?;
        if answer.status == StatusCode::NOT_FOUND {
            let lost = code_of(&answer.body).as_deref() == Some("file_lost");
            return Ok(Fetched::Absent { lost });
        }
        check(answer.status, &answer.body)?;
        let bytes = answer.body.len() as u64;
        let total = match answer.status {
            StatusCode::PARTIAL_CONTENT => answer.total(start, bytes),
            // Whole, because the office does not know of ranges.
            StatusCode::OK if start == 0 => Some(bytes),
            _ => None,
        };
        let total = total.filter(|total| *total <= FILE_BYTES_MAX);
        let total = total.ok_or(ErrorCode::ServerTrouble)?;
        Ok(Fetched::Piece { bytes: answer.body, total })
    }

    /// A request in the upload protocol.
    fn tus(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        self.signed_in(self.http.request(method, url)).header(TUS_RESUMABLE, TUS_VERSION)
    }

    /// An answer of the upload protocol; what does not speak it is not the office.
    fn office(&self, call: reqwest::RequestBuilder) -> Result<Answer, DeviceError> {
        let answer = self.call(call, ANSWER_BYTES_MAX)?;
        check(answer.status, &answer.body)?;
        match answer.headers.get(TUS_RESUMABLE) {
            Some(version) if version == TUS_VERSION => Ok(answer),
            _ => Err(ErrorCode::ServerTrouble.into()),
        }
    }

    /// Listens until the line breaks or `go_on` says no.
    ///
    /// # Errors
    /// As [`Client::exchange`]; a line that ends or falls silent is
    /// [`ErrorCode::Offline`].
    pub(crate) fn listen(
        &self,
        hear: &mut dyn FnMut(Heard),
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), DeviceError> {
        let call =
            self.http.get(self.url("v1/events")?).header(reqwest::header::ACCEPT, EVENTS_TYPE);
        let (http, call) = self.signed_in(call).build_split();
        let call = call?;
        self.runtime.block_on(async {
            let mut answer = in_time(SILENCE_TIMEOUT, http.execute(call)).await?;
            check(answer.status(), &[])?;
            let kind = answer.headers().get(reqwest::header::CONTENT_TYPE);
            if kind.is_none_or(|kind| !kind.as_bytes().starts_with(EVENTS_TYPE.as_bytes())) {
                return Err(ErrorCode::ServerTrouble.into());
            }
            hear(Heard::Connected);
            let mut lines = Lines::default();
            let mut silent = Duration::ZERO;
            while go_on() {
                // Cutting the wait short loses nothing: a piece is taken whole.
                match tokio::time::timeout(GLANCE, answer.chunk()).await {
                    Ok(piece) => {
                        let piece = piece?.ok_or(ErrorCode::Offline)?;
                        silent = Duration::ZERO;
                        if lines.take(&piece)? {
                            hear(Heard::Changed);
                        }
                    }
                    Err(_) if silent >= SILENCE_MAX => return Err(ErrorCode::Offline.into()),
                    Err(_) => silent += GLANCE,
                }
            }
            Ok(())
        })
    }

    fn url(&self, path: &str) -> Result<Url, DeviceError> {
        self.base.join(path).map_err(|_| ErrorCode::NotAnOffice.into())
    }

    fn signed_in(&self, call: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }

    /// Sends and reads the whole answer, up to a limit. A client-wide limit on
    /// silence would also count while a body goes up, when nothing can come
    /// down; so each part has its own.
    fn call(&self, call: reqwest::RequestBuilder, bytes_max: u64) -> Result<Answer, DeviceError> {
        let (http, call) = call.build_split();
        let mut call = call?;
        if let Some(line) = &self.line {
            return carry(line.as_ref(), &call, bytes_max);
        }
        let bytes_up = call.body().and_then(|b| b.as_bytes()).map_or(0, <[u8]>::len) as u64;
        *call.timeout_mut() = Some(patience(bytes_up) + patience(bytes_max));
        self.runtime.block_on(async {
            let mut answer = in_time(patience(bytes_up), http.execute(call)).await?;
            let status = answer.status();
            let headers = answer.headers().clone();
            let bytes_max = bytes_max_of(status, bytes_max);
            let mut body = Vec::new();
            while let Some(piece) = in_time(SILENCE_TIMEOUT, answer.chunk()).await? {
                if (body.len() + piece.len()) as u64 > bytes_max {
                    return Err(ErrorCode::ServerTrouble.into());
                }
                body.extend_from_slice(&piece);
            }
            Ok(Answer { status, headers, body })
        })
    }
}

fn http() -> Result<reqwest::Client, DeviceError> {
    let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    let headers = HeaderMap::from_iter([(HeaderName::from_static(VERSION_HEADER), version)]);
    let builder = reqwest::Client::builder()
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("lianjian/", env!("CARGO_PKG_VERSION")));
    Ok(builder.build()?)
}

/// A client that is never asked to connect, the same for all.
fn writer() -> Result<reqwest::Client, DeviceError> {
    static WRITER: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
    if let Some(writer) = WRITER.get() {
        return Ok(writer.clone());
    }
    let writer = http()?;
    Ok(WRITER.get_or_init(|| writer).clone())
}

/// The same over a line that is no socket.
fn carry(line: &dyn Line, call: &reqwest::Request, bytes_max: u64) -> Result<Answer, DeviceError> {
    let query = call.url().query().map(|query| format!("?{query}")).unwrap_or_default();
    let answer = line.carry(LineCall {
        method: call.method().clone(),
        path: format!("{}{query}", call.url().path()),
        headers: call.headers().clone(),
        body: call.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec(),
    })?;
    if answer.body.len() as u64 > bytes_max_of(answer.status, bytes_max) {
        return Err(ErrorCode::ServerTrouble.into());
    }
    Ok(Answer { status: answer.status, headers: answer.headers, body: answer.body })
}

/// How long an answer may be: one that is no success says why, in a few words.
fn bytes_max_of(status: StatusCode, bytes_max: u64) -> u64 {
    if status.is_success() { bytes_max } else { bytes_max.max(ANSWER_BYTES_MAX) }
}

/// How long so many bytes may take on the slowest line.
fn patience(bytes: u64) -> Duration {
    SILENCE_TIMEOUT + Duration::from_secs(bytes.div_ceil(SLOWEST_BYTES_PER_SECOND))
}

/// Waits so long and no longer; a line that says nothing is none.
async fn in_time<T>(
    limit: Duration,
    what: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, DeviceError> {
    match tokio::time::timeout(limit, what).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(ErrorCode::Offline.into()),
    }
}

/// An address as a person types it, with a scheme and a closing slash.
pub(crate) fn normalised(server: &str) -> Result<String, DeviceError> {
    let typed = server.trim();
    let with_scheme =
        if typed.contains("://") { typed.to_owned() } else { format!("http://{typed}") };
    let url = Url::parse(&with_scheme).map_err(|_| ErrorCode::NotAnOffice)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(ErrorCode::NotAnOffice.into());
    }
    let text = url.as_str();
    Ok(if text.ends_with('/') { text.to_owned() } else { format!("{text}/") })
}

fn check(status: StatusCode, body: &[u8]) -> Result<(), DeviceError> {
    if status.is_success() {
        return Ok(());
    }
    let code = code_of(body);
    Err(match (status, code) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => ErrorCode::Revoked.into(),
        (StatusCode::UPGRADE_REQUIRED, _) => ErrorCode::TooOld.into(),
        (_, Some(code)) => DeviceError::refused(ErrorCode::ServerTrouble, code),
        (status, None) => DeviceError::refused(ErrorCode::ServerTrouble, status.as_u16()),
    })
}

/// Whether the office said so in its code; answers to HEAD have no body, and
/// their status stands for it.
fn has_status(error: &AppError, code: &str) -> bool {
    error.code == ErrorCode::ServerTrouble && error.detail.as_deref() == Some(code)
}

/// Whether the office does not know of an upload (any more).
fn is_gone(error: &DeviceError) -> bool {
    let DeviceError::Refused(error) = error else { return false };
    ["not_found", "upload_gone", "404", "410"].iter().any(|code| has_status(error, code))
}

fn code_of(body: &[u8]) -> Option<String> {
    let answer: ErrorAnswer = serde_json::from_slice(body).ok()?;
    // A code is a word of the contract; anything else is not passed on.
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let code = answer.error.code;
    (code.len() <= 40 && code.bytes().all(plain)).then_some(code)
}

fn inflate(body: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let reader = zstd::stream::read::Decoder::new(body).ok()?;
    let mut plain = Vec::new();
    reader.take(bytes_max as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= bytes_max).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_typed_without_a_scheme() {
        assert_eq!(normalised(" 10.0.0.5:8080 ").unwrap(), "http://10.0.0.5:8080/");
        assert_eq!(normalised("https://office.example/lj").unwrap(), "https://office.example/lj/");
        for bad in ["", "file:///etc/passwd", "http://", "ftp://x"] {
            assert_eq!(
                normalised(bad).unwrap_err().into_app().code,
                ErrorCode::NotAnOffice,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_big_photo_gets_the_time_that_a_slow_line_needs() {
        assert_eq!(patience(0), Duration::from_secs(30));
        assert_eq!(patience(8_000_000), Duration::from_secs(1_030));
        assert_eq!(patience(1), Duration::from_secs(31));
    }

    #[test]
    fn only_the_range_that_was_asked_for_is_taken() {
        let total = |range: &str, start, bytes| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, range.parse().unwrap());
            let answer = Answer { status: StatusCode::PARTIAL_CONTENT, headers, body: vec![] };
            answer.total(start, bytes)
        };
        assert_eq!(total("bytes 10-19/100", 10, 10), Some(100));
        for odd in ["bytes 0-9/100", "bytes 10-18/100", "bytes 10-19/15", "bytes 10-19/*", "10", ""]
        {
            assert_eq!(total(odd, 10, 10), None, "{odd}");
        }
        assert_eq!(total("bytes 0-18446744073709551615/5", 0, 0), None);
    }

    #[test]
    fn a_bomb_of_zeros_is_not_unpacked() {
        let bomb = zstd::bulk::compress(&vec![0; 4096], 3).unwrap();
        assert_eq!(inflate(&bomb, 4095), None);
        assert_eq!(inflate(&bomb, 4096).map(|plain| plain.len()), Some(4096));
        assert_eq!(inflate(b"no zstd at all", 4096), None);
    }

    #[test]
    fn only_a_code_is_taken_from_an_error() {
        let code = |text: &str| code_of(text.as_bytes());
        assert_eq!(
            code(r#"{"error":{"code":"malformed","message":"x"}}"#).as_deref(),
            Some("malformed")
        );
        assert_eq!(code(r#"{"error":{"code":"Some Name","message":"x"}}"#), None);
        assert_eq!(code("<html>"), None);
    }
}
