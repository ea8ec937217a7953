//! Messages on their way: over TLS (RFC 5425), over TCP with lengths (RFC 6587), or over UDP
//! (RFC 5426). The protocol has no answer.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, HttpError, Place};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::form::framed;
use crate::SinkError;

/// How long TLS may take, what is sent to be taken, and the other side to end a connection.
const CONNECT: Duration = Duration::from_secs(10);
const WRITE: Duration = Duration::from_secs(10);
const END: Duration = Duration::from_secs(5);
/// Longest message over UDP: what receivers take at the least is 2048 bytes; most take this much.
const MOST_PACKET_BYTES: usize = 8192;

/// How syslog is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Over TLS.
    Tls,
    /// Over TCP, each message with its length before it.
    Tcp,
    /// Over UDP, which may lose some.
    Udp,
}

trait Pipe: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Pipe for T {}

/// A syslog server.
pub struct Receiver {
    host: String,
    port: u16,
    transport: Transport,
    open: Option<Box<dyn Pipe>>,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({}:{})", self.host, self.port)
    }
}

impl Receiver {
    /// The server at `host:port` or `[address]:port`; none where it is neither. Nobody is asked yet.
    #[must_use]
    pub fn new(address: &str, transport: Transport) -> Option<Self> {
        let (host, port) = address.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(host) => host,
            None if host.contains(':') => return None,
            None => host,
        };
        let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
        let port = port.parse().ok().filter(|port| *port > 0)?;
        plain.then(|| Self { host: host.to_owned(), port, transport, open: None })
    }

    /// Sends messages over a connection that stays. They are taken when the system has taken them.
    ///
    /// # Errors
    /// The server cannot be reached, or does not take them.
    pub async fn send(&mut self, client: &Client, messages: &[String]) -> Result<(), SinkError> {
        if self.transport == Transport::Udp {
            return self.packets(client, messages).await;
        }
        let bytes: Vec<u8> = messages.iter().flat_map(|message| framed(message)).collect();
        let mut pipe = match self.open.take() {
            Some(pipe) => pipe,
            None => self.connect(client).await?,
        };
        let sent = async {
            pipe.write_all(&bytes).await?;
            pipe.flush().await
        };
        let sent = timeout(WRITE, sent).await.unwrap_or_else(|_| Err(late()));
        sent.map_err(|error| self.lost(&error))?;
        self.open = Some(pipe);
        Ok(())
    }

    /// Ends the connection, and waits until the other side has read all: a connection that broke
    /// before shows only then.
    ///
    /// # Errors
    /// It broke, so that nobody knows what was taken.
    pub async fn end(&mut self) -> Result<(), SinkError> {
        let Some(mut pipe) = self.open.take() else { return Ok(()) };
        let ended = async {
            pipe.shutdown().await?;
            let mut rest = [0; 256];
            while pipe.read(&mut rest).await? > 0 {}
            Ok(())
        };
        match timeout(END, ended).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if is_end(&error) => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error)),
            // Many servers keep their half open. What was sent is with them.
            Err(_) => Ok(()),
        }
    }

    fn lost(&self, error: &io::Error) -> SinkError {
        SinkError::Lost(format!("the connection to `{}:{}` broke: {error}", self.host, self.port))
    }

    async fn packets(&self, client: &Client, messages: &[String]) -> Result<(), SinkError> {
        let place = || Place::of_socket(&self.host, self.port);
        let failed =
            |error: io::Error| HttpError::Unreachable { place: place(), why: error.to_string() };
        let all = client.addresses(&self.host, self.port).await?;
        let to = all.first().copied();
        let to = to.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let any = if to.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
        let socket = UdpSocket::bind(any).await.map_err(failed)?;
        for message in messages {
            let bytes = message.as_bytes();
            let bytes = bytes.get(..MOST_PACKET_BYTES).unwrap_or(bytes);
            socket.send_to(bytes, to).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn connect(&self, client: &Client) -> Result<Box<dyn Pipe>, SinkError> {
        let stream = client.dial(&self.host, self.port).await?;
        if self.transport != Transport::Tls {
            return Ok(Box::new(stream));
        }
        let place = || Place::of_socket(&self.host, self.port);
        let unreachable = |why: String| HttpError::Unreachable { place: place(), why };
        let name = ServerName::try_from(self.host.clone());
        let name = name.map_err(|error| unreachable(error.to_string()))?;
        let connector = TlsConnector::from(Arc::clone(&client.tls()));
        let connected = timeout(CONNECT, connector.connect(name, stream)).await;
        let connected = connected.map_err(|_| unreachable("TLS was not ready in time".to_owned()));
        let stream = connected?.map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
            match cause {
                Some(rustls::Error::InvalidCertificate(why)) => {
                    HttpError::Certificate { place: place(), why: format!("{why:?}") }
                }
                Some(_) | None => unreachable(error.to_string()),
            }
        })?;
        Ok(Box::new(stream))
    }
}

/// Some servers end TLS without a word, which is no loss of what they had read.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::NotConnected)
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it took nothing in time")
}
