//! The line: a plain HTTP client for loopback addresses, and a relay that keeps
//! what passes through it, so that bodies are counted the same way for all.

use anyhow::{Context, Result, ensure};
use reqwest::header::{AUTHORIZATION, COOKIE, RETRY_AFTER, SET_COOKIE};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;

/// An HTTP client that waits.
pub struct Http {
    client: reqwest::Client,
    runtime: Runtime,
}

/// A JSON answer.
pub struct Answered {
    /// The body; null when empty.
    pub value: Value,
    /// The cookie set, if any.
    pub cookie: Option<String>,
}

/// The answer to a body of bytes.
pub struct Bytes {
    /// The status.
    pub status: u16,
    /// Seconds to wait, if told.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

/// A client for loopback addresses.
pub fn client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?)
}

/// Sends bytes and reads the answer whole.
pub async fn send(
    client: &reqwest::Client,
    method: reqwest::Method,
    url: &str,
    token: &str,
    body: Vec<u8>,
) -> Result<Bytes> {
    ask(client.request(method, url).body(body), token).await
}

/// Sends what was put together and reads the answer whole.
pub async fn ask(call: reqwest::RequestBuilder, token: &str) -> Result<Bytes> {
    let answer = call.header(AUTHORIZATION, format!("Bearer {token}")).send().await?;
    let status = answer.status().as_u16();
    let told = answer.headers().get(RETRY_AFTER);
    let retry_after = told.and_then(|text| text.to_str().ok()?.parse().ok());
    Ok(Bytes { status, retry_after, body: answer.bytes().await?.to_vec() })
}

impl Http {
    /// A client.
    pub fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client: client()?, runtime })
    }

    /// Asks for JSON.
    pub fn get_json(&self, url: &str, cookie: &str) -> Result<Value> {
        self.runtime.block_on(async {
            let answer = self.client.get(url).header(COOKIE, cookie).send().await?;
            ensure!(answer.status().is_success(), "GET {url}: {}", answer.status());
            Ok(serde_json::from_slice(&answer.bytes().await?)?)
        })
    }

    /// Says JSON.
    pub fn post_json(&self, url: &str, cookie: Option<&str>, body: &Value) -> Result<Answered> {
        self.runtime.block_on(async {
            let mut call = self.client.post(url).header("X-Lianjian", "1").json(body);
            if let Some(cookie) = cookie {
                call = call.header(COOKIE, cookie);
            }
            let answer = call.send().await?;
            let status = answer.status();
            let set = answer.headers().get(SET_COOKIE).and_then(|text| text.to_str().ok());
            let cookie = set.and_then(|text| text.split(';').next()).map(str::to_owned);
            let text = answer.text().await?;
            ensure!(status.is_success(), "POST {url}: {status} {text}");
            let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
            Ok(Answered { value, cookie })
        })
    }
}

/// What passed through a relay in one direction of one connection.
type Heard = Arc<Mutex<Vec<u8>>>;

/// Stands between a client and a server on the loopback interface.
pub struct Relay {
    heard: Arc<Mutex<Vec<(Heard, Heard)>>>,
    port: u16,
    stopped: Arc<AtomicBool>,
}

/// Bodies that went one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bodies {
    /// How many messages.
    pub messages: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
}

impl Relay {
    /// Listens on `port` and passes everything on to `to`.
    pub fn start(port: u16, to: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).context("the relay's port")?;
        let heard: Arc<Mutex<Vec<(Heard, Heard)>>> = Arc::default();
        let stopped = Arc::new(AtomicBool::new(false));
        let (all, ended) = (Arc::clone(&heard), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (up, down) = (Heard::default(), Heard::default());
                lock(&all).push((Arc::clone(&up), Arc::clone(&down)));
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let back = (client.try_clone(), server.try_clone());
                std::thread::spawn(move || pass(client, server, &up));
                if let (Ok(client), Ok(server)) = back {
                    std::thread::spawn(move || pass(server, client, &down));
                }
            }
        });
        Ok(Self { heard, port, stopped })
    }

    /// Forgets what passed.
    pub fn forget(&self) {
        for (up, down) in lock(&self.heard).iter() {
            lock(up).clear();
            lock(down).clear();
        }
    }

    /// Bodies that went up and down since.
    pub fn bodies(&self) -> (Bodies, Bodies) {
        let mut total = (Bodies::default(), Bodies::default());
        for (up, down) in lock(&self.heard).iter() {
            count(&lock(up), &mut total.0);
            count(&lock(down), &mut total.1);
        }
        total
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener up, so that it sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pass(mut from: TcpStream, mut to: TcpStream, heard: &Heard) {
    let mut block = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut block) {
        lock(heard).extend_from_slice(&block[..read]);
        if to.write_all(&block[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Counts the messages of HTTP/1.1 in a stream and the bytes of their bodies.
fn count(mut stream: &[u8], bodies: &mut Bodies) {
    while let Some(end) = find(stream, b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&stream[..end]).to_ascii_lowercase();
        stream = &stream[end + 4..];
        bodies.messages += 1;
        let header = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(name).map(|v| v.trim().to_owned()))
        };
        if header("transfer-encoding:").is_some_and(|value| value.contains("chunked")) {
            while let Some(line) = find(stream, b"\r\n") {
                let size = String::from_utf8_lossy(&stream[..line]);
                let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
                bodies.bytes += size;
                stream = stream.get(line + 2 + size + 2..).unwrap_or_default();
                if size == 0 {
                    break;
                }
            }
        } else {
            let length = header("content-length:").and_then(|text| text.parse().ok()).unwrap_or(0);
            bodies.bytes += length;
            stream = stream.get(length..).unwrap_or_default();
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_counted_without_their_heads() {
        let stream = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST / HTTP/1.1\r\n\
            Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let mut bodies = Bodies::default();
        count(stream, &mut bodies);
        assert_eq!(bodies, Bodies { messages: 3, bytes: 5 });
    }
}
