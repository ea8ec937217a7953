//! A TCP proxy that does to a connection what networks do: delay, cut, reset, silence, dripping.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What happens to a connection. Bytes are those that the server sends to the client; connections
/// that are open keep the fault they began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing; the bytes pass.
    None,
    /// Each piece of the reply comes this much later.
    Latency(Duration),
    /// The connection is closed in an orderly way after so many bytes.
    CutAfter(u64),
    /// The connection is reset after so many bytes.
    ResetAfter(u64),
    /// After so many bytes nothing comes any more, and the connection stays open.
    HalfOpenAfter(u64),
    /// One byte at a time, with a pause before each.
    Drip(Duration),
    /// The connection is taken, and nothing is ever sent on or answered.
    BlackHole,
}

/// A proxy to one address. It ends when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    accepted: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts on a free port of loopback, without a fault.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let fault = Arc::new(Mutex::new(Fault::None));
        let accepted = Arc::new(AtomicUsize::new(0));
        let open = Arc::new(AtomicUsize::new(0));
        let shared = (Arc::clone(&fault), Arc::clone(&accepted), Arc::clone(&open));
        let task = tokio::spawn(serve(listener, target, shared));
        Ok(Self { address, fault, accepted, open, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what happens to connections from now on.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Connections taken so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Shared = (Arc<Mutex<Fault>>, Arc<AtomicUsize>, Arc<AtomicUsize>);

/// Counts a connection while it is open.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, (fault, accepted, open): Shared) {
    // Connections end with the set when the task is aborted.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::SeqCst);
        open.fetch_add(1, Ordering::SeqCst);
        let counted = Open(Arc::clone(&open));
        let fault = *fault.lock().unwrap_or_else(PoisonError::into_inner);
        connections.spawn(async move {
            let ended = carry(client, target, fault).await;
            drop(counted);
            ended
        });
    }
}

async fn carry(mut client: TcpStream, target: SocketAddr, fault: Fault) -> io::Result<()> {
    if fault == Fault::BlackHole {
        return swallow(&mut client).await;
    }
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    let mut left = limit(fault);
    let mut up = vec![0; 16 << 10];
    let mut down = vec![0; 16 << 10];
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                count => server.write_all(up.get(..count).unwrap_or_default()).await?,
            },
            read = server.read(&mut down) => {
                let count = read?;
                if count == 0 {
                    return client.shutdown().await;
                }
                let piece = down.get(..count).unwrap_or_default();
                let passing = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                send(&mut client, piece.get(..passing).unwrap_or_default(), fault).await?;
                left = left.saturating_sub(passing as u64);
                if left == 0 {
                    return end(client, fault).await;
                }
            }
        }
    }
}

/// Bytes that pass before the end.
const fn limit(fault: Fault) -> u64 {
    match fault {
        Fault::CutAfter(bytes) | Fault::ResetAfter(bytes) | Fault::HalfOpenAfter(bytes) => bytes,
        Fault::None | Fault::Latency(_) | Fault::Drip(_) | Fault::BlackHole => u64::MAX,
    }
}

async fn send(client: &mut TcpStream, piece: &[u8], fault: Fault) -> io::Result<()> {
    match fault {
        Fault::Latency(delay) => {
            tokio::time::sleep(delay).await;
            client.write_all(piece).await
        }
        Fault::Drip(pause) => {
            for byte in piece {
                tokio::time::sleep(pause).await;
                client.write_all(&[*byte]).await?;
            }
            Ok(())
        }
        Fault::None
        | Fault::CutAfter(_)
        | Fault::ResetAfter(_)
        | Fault::HalfOpenAfter(_)
        | Fault::BlackHole => client.write_all(piece).await,
    }
}

async fn end(mut client: TcpStream, fault: Fault) -> io::Result<()> {
    match fault {
        Fault::ResetAfter(_) => client.set_zero_linger(),
        Fault::HalfOpenAfter(_) => swallow(&mut client).await,
        Fault::None
        | Fault::Latency(_)
        | Fault::CutAfter(_)
        | Fault::Drip(_)
        | Fault::BlackHole => client.shutdown().await,
    }
}

/// Reads what comes and says nothing, until the client goes.
async fn swallow(client: &mut TcpStream) -> io::Result<()> {
    let mut waste = vec![0; 16 << 10];
    while client.read(&mut waste).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::RawServer;

    async fn read_all(proxy: &FaultProxy) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(proxy.address()).await?;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        Ok(all)
    }

    #[tokio::test]
    async fn faults_do_what_they_say() {
        let server = RawServer::start(b"hello world".to_vec()).await.unwrap();
        let proxy = FaultProxy::start(server.address()).await.unwrap();
        assert_eq!(read_all(&proxy).await.unwrap(), b"hello world");
        proxy.set(Fault::Drip(Duration::from_millis(1)));
        assert_eq!(read_all(&proxy).await.unwrap(), b"hello world");
        proxy.set(Fault::CutAfter(5));
        assert_eq!(read_all(&proxy).await.unwrap(), b"hello");
        proxy.set(Fault::ResetAfter(5));
        let reset = read_all(&proxy).await.unwrap_err();
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
        for fault in [Fault::HalfOpenAfter(5), Fault::BlackHole] {
            proxy.set(fault);
            let waiting = tokio::time::timeout(Duration::from_millis(100), read_all(&proxy));
            assert!(waiting.await.is_err(), "{fault:?}");
        }
        assert_eq!(proxy.accepted(), 6);
    }
}
