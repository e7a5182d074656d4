//! A network that fails in the middle: passes bytes to the office and breaks
//! the connection after so many bytes of its answers.

use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The broken network. Dropping it closes it.
pub struct Cut {
    /// Where tablets find the office through it.
    pub url: String,
    /// How many bytes of answers still pass; `u64::MAX` is a sound network.
    budget: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
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
        let budget = Arc::new(AtomicU64::new(u64::MAX));
        let shared = Arc::clone(&budget);
        let task = tokio::spawn(async move {
            while let Ok((tablet, _)) = listener.accept().await {
                let (target, budget) = (target.clone(), Arc::clone(&shared));
                tokio::spawn(async move { pass(tablet, &target, &budget).await });
            }
        });
        Ok(Self { url, budget, task })
    }

    /// Lets so many bytes of answers through, then breaks every connection.
    pub fn after(&self, bytes: u64) {
        self.budget.store(bytes, Ordering::SeqCst);
    }

    /// Mends the network.
    pub fn mend(&self) {
        self.after(u64::MAX);
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(tablet: TcpStream, target: &str, budget: &AtomicU64) {
    let Ok(office) = TcpStream::connect(target).await else { return };
    let (mut from_tablet, mut to_tablet) = tablet.into_split();
    let (mut from_office, mut to_office) = office.into_split();
    let up = tokio::spawn(async move {
        tokio::io::copy(&mut from_tablet, &mut to_office).await.ok();
    });
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from_office.read(&mut buffer).await {
        let left = budget.load(Ordering::SeqCst);
        let passed = usize::try_from(left).unwrap_or(usize::MAX).min(read);
        if left != u64::MAX {
            budget.fetch_sub(passed as u64, Ordering::SeqCst);
        }
        if to_tablet.write_all(&buffer[..passed]).await.is_err() || passed < read {
            break;
        }
    }
    up.abort();
}
