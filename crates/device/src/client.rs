//! The way to the office over HTTP: one place that knows addresses, headers,
//! time limits, size limits, and what an answer's status means to a person.
//!
//! What is exchanged and when is decided in `usecase/sync` and `ledger`; here
//! are no stores. Calls block: they run on threads that may wait.

use crate::error::DeviceError;
use crate::events::{GLANCE, Heard, Lines, SILENCE_MAX};
use crate::view::ErrorCode;
use domain::evidence::FILE_BYTES_MAX;
use domain::id::{PersonId, ReplicaId};
use ledger::certificate::SignedCertificate;
use ledger::exchange::{BODY_BYTES_MAX, Request, Response};
use ledger::readmission::Readmission;
use ledger::recovery::SignedRecovery;
use ledger::seal::PublicKey;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
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

/// What came back over the line, before it is understood.
struct Answer {
    status: StatusCode,
    length: Option<u64>,
    body: Vec<u8>,
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
        let call = self
            .http
            .post(self.url("v1/exchange")?)
            .header(reqwest::header::CONTENT_TYPE, EXCHANGE_TYPE)
            .body(body);
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

    /// Whether the office holds a file of this length. An answer that does not
    /// say so is no: what answers may be a hotel's page, and handing a file in
    /// again costs only time.
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
        Ok(answer.length == Some(bytes))
    }

    /// Hands a file in.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn put_blob(&self, sha256: &str, bytes: Vec<u8>) -> Result<(), DeviceError> {
        let call = self.http.put(self.url(&format!("v1/blobs/{sha256}"))?).body(bytes);
        let answer = self.call(self.signed_in(call), ANSWER_BYTES_MAX)?;
        check(answer.status, &answer.body)?;
        // The office says nothing more; anything that does is not the office.
        if answer.status != StatusCode::NO_CONTENT {
            return Err(ErrorCode::ServerTrouble.into());
        }
        Ok(())
    }

    /// Fetches a file; none when the office does not have it (yet).
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub(crate) fn get_blob(&self, sha256: &str) -> Result<Option<Vec<u8>>, DeviceError> {
        let call = self.http.get(self.url(&format!("v1/blobs/{sha256}"))?);
        let Answer { status, body, .. } = self.call(self.signed_in(call), FILE_BYTES_MAX)?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        check(status, &body)?;
        Ok(Some(body))
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
            // Of the headers: an answer to HEAD has a length and no body.
            let length = length(answer.headers());
            let mut body = Vec::new();
            while let Some(piece) = in_time(SILENCE_TIMEOUT, answer.chunk()).await? {
                if (body.len() + piece.len()) as u64 > bytes_max {
                    return Err(ErrorCode::ServerTrouble.into());
                }
                body.extend_from_slice(&piece);
            }
            Ok(Answer { status, length, body })
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
    if answer.body.len() as u64 > bytes_max {
        return Err(ErrorCode::ServerTrouble.into());
    }
    let length = length(&answer.headers);
    Ok(Answer { status: answer.status, length, body: answer.body })
}

fn length(headers: &reqwest::header::HeaderMap) -> Option<u64> {
    headers.get(reqwest::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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
