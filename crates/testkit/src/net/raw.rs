//! A server that sends given bytes, whether they are HTTP or not.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Answers every request head with the same bytes, and closes. It ends when it is dropped.
#[derive(Debug)]
pub struct RawServer {
    address: SocketAddr,
    served: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Starts on a free port of loopback.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(reply: Vec<u8>) -> io::Result<Self> {
        Self::serving(reply, true).await
    }

    /// Starts one that waits for no request before it sends.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn blurting(reply: Vec<u8>) -> io::Result<Self> {
        Self::serving(reply, false).await
    }

    async fn serving(reply: Vec<u8>, waits: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let served = Arc::new(AtomicUsize::new(0));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let reply: Arc<[u8]> = reply.into();
        let (count, seen) = (Arc::clone(&served), Arc::clone(&heads));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let told = (Arc::clone(&count), Arc::clone(&seen));
                connections.spawn(answer(client, Arc::clone(&reply), waits.then_some(told)));
            }
        });
        Ok(Self { address, served, heads, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests answered.
    #[must_use]
    pub fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    /// Request lines and headers seen, as sent.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Told = (Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>);

async fn answer(mut client: TcpStream, reply: Arc<[u8]>, told: Option<Told>) -> io::Result<()> {
    if let Some((count, seen)) = told {
        let head = read_head(&mut client).await?;
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        count.fetch_add(1, Ordering::SeqCst);
    }
    client.write_all(&reply).await?;
    client.shutdown().await
}

/// Reads up to the empty line that ends a request's headers.
///
/// # Errors
/// The connection fails.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 64 << 10 {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
