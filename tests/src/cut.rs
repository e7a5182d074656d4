//! A network that fails in the middle: passes bytes to the office, counts them,
//! slows them down, and breaks connections after so many in either direction.

use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The broken network. Dropping it closes it.
pub struct Cut {
    /// Where tablets find the office through it.
    pub url: String,
    limits: Arc<Limits>,
    task: tokio::task::JoinHandle<()>,
}

/// What passes; `u64::MAX` is no limit.
struct Limits {
    /// How many bytes of answers still pass.
    down: AtomicU64,
    /// How many bytes of requests still pass before one connection breaks.
    up: AtomicU64,
    /// Bytes of requests in a second.
    pace: AtomicU64,
    /// Bytes of requests that have passed.
    carried_up: AtomicU64,
}

impl Cut {
    /// A sound network to an office, for now.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn to(office: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let target = office.trim_start_matches("http://").to_owned();
        let limits = Arc::new(Limits {
            down: AtomicU64::new(u64::MAX),
            up: AtomicU64::new(u64::MAX),
            pace: AtomicU64::new(u64::MAX),
            carried_up: AtomicU64::new(0),
        });
        let shared = Arc::clone(&limits);
        let task = tokio::spawn(async move {
            while let Ok((tablet, _)) = listener.accept().await {
                let (target, limits) = (target.clone(), Arc::clone(&shared));
                tokio::spawn(async move { pass(tablet, &target, &limits).await });
            }
        });
        Ok(Self { url, limits, task })
    }

    /// Lets so many bytes of answers through, then breaks every connection.
    pub fn after(&self, bytes: u64) {
        self.limits.down.store(bytes, Ordering::SeqCst);
    }

    /// Lets so many bytes of requests through, then breaks one connection and is
    /// sound again.
    pub fn once_after_up(&self, bytes: u64) {
        self.limits.up.store(bytes, Ordering::SeqCst);
    }

    /// Lets so many bytes of requests through in a second.
    pub fn pace_up(&self, bytes_per_second: u64) {
        self.limits.pace.store(bytes_per_second, Ordering::SeqCst);
    }

    /// Bytes of requests that have passed so far.
    #[must_use]
    pub fn carried_up(&self) -> u64 {
        self.limits.carried_up.load(Ordering::SeqCst)
    }

    /// Whether the break that was asked for is still to come.
    #[must_use]
    pub fn will_break_up(&self) -> bool {
        self.limits.up.load(Ordering::SeqCst) != u64::MAX
    }

    /// Mends the network.
    pub fn mend(&self) {
        self.after(u64::MAX);
        self.once_after_up(u64::MAX);
        self.pace_up(u64::MAX);
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(tablet: TcpStream, target: &str, limits: &Limits) {
    let Ok(office) = TcpStream::connect(target).await else { return };
    let (from_tablet, to_tablet) = tablet.into_split();
    let (from_office, to_office) = office.into_split();
    // Whichever way ends first ends the connection.
    tokio::select! {
        () = up(from_tablet, to_office, limits) => {}
        () = down(from_office, to_tablet, limits) => {}
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, limits: &Limits) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let left = limits.up.load(Ordering::SeqCst);
        let passed = usize::try_from(left).unwrap_or(usize::MAX).min(read);
        if left != u64::MAX {
            let left = if passed < read { u64::MAX } else { left - passed as u64 };
            limits.up.store(left, Ordering::SeqCst);
        }
        limits.carried_up.fetch_add(passed as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..passed]).await.is_err() || passed < read {
            break;
        }
        let pace = limits.pace.load(Ordering::SeqCst);
        if pace != u64::MAX {
            let share = Duration::from_secs_f64(passed as f64 / pace as f64);
            tokio::time::sleep(share).await;
        }
    }
}

async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, limits: &Limits) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let left = limits.down.load(Ordering::SeqCst);
        let passed = usize::try_from(left).unwrap_or(usize::MAX).min(read);
        if left != u64::MAX {
            limits.down.fetch_sub(passed as u64, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..passed]).await.is_err() || passed < read {
            break;
        }
    }
}
