//! A small HTTP/1.1 server whose answers are a function of the request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::raw::read_head;

/// Largest body of a request.
const MOST_BYTES: usize = 16 << 20;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path, as sent.
    pub path: String,
    /// Query without the question mark, as sent.
    pub query: String,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers beside the length.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// How slowly it comes.
    pub slow: Option<Slow>,
}

/// How slowly an answer comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slow {
    /// Before its first byte.
    pub first: Duration,
    /// Before each piece of the body.
    pub each: Duration,
    /// Bytes of a piece; 0 sends the body at once.
    pub piece: usize,
}

impl Answer {
    /// An answer without headers of its own.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), slow: None }
    }

    /// No answer at all: the connection ends.
    #[must_use]
    pub fn none() -> Self {
        Self::new(0, "")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Answers requests.
pub type Handler = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A server on a free port of loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Starts it.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(handler: Handler) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(serve(client, Arc::clone(&handler)));
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request a connection.
async fn serve(mut client: TcpStream, handler: Handler) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    let Some(mut asked) = parse(&head) else { return Ok(()) };
    let length = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    asked.body = vec![0; std::cmp::min(length, MOST_BYTES)];
    client.read_exact(&mut asked.body).await?;
    let answer = handler(&asked);
    if answer.status == 0 {
        return client.shutdown().await;
    }
    let slow = answer.slow.unwrap_or_default();
    tokio::time::sleep(slow.first).await;
    let mut text = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    // An answer may tell another length than it has.
    if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        text.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    }
    text.push_str("\r\n");
    client.write_all(text.as_bytes()).await?;
    if asked.method != "HEAD" {
        let piece = if slow.piece == 0 { answer.body.len().max(1) } else { slow.piece };
        for part in answer.body.chunks(piece) {
            tokio::time::sleep(slow.each).await;
            client.write_all(part).await?;
        }
    }
    client.shutdown().await
}

fn parse(head: &str) -> Option<Asked> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Some(Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
    })
}
