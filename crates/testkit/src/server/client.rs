//! A client that waits for each answer, and sends whatever bytes it is given.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::Answer;

/// How long an answer may take.
const MOST: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The token that is sent with every request.
    pub token: Option<String>,
}

/// What came back for raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// All bytes that came.
    pub bytes: Vec<u8>,
    /// Whether the server closed the connection, as against saying nothing more.
    pub closed: bool,
}

impl Raw {
    /// The status of each answer among the bytes.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.bytes);
        let heads = text.split("HTTP/1.").skip(1);
        heads.filter_map(|rest| rest.split(' ').nth(1)?.parse().ok()).collect()
    }
}

/// A request that is being put together.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request of some method.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into(), headers: Vec::new(), body: None }
    }

    /// One that reads.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// One that writes.
    #[must_use]
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..Self::new("POST", path) }
    }

    /// The same with another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn bytes(&self, client: &Client) -> Vec<u8> {
        let Self { method, path, headers, body } = self;
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        let said = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !said("host") {
            head.push_str(&format!("Host: {}\r\n", client.address));
        }
        if let Some(token) = client.token.as_deref().filter(|_| !said("authorization")) {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body.as_ref().filter(|_| !said("transfer-encoding")) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.as_deref().unwrap_or_default());
        bytes
    }
}

impl Client {
    /// A client without a token.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, token: None }
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, MOST)?;
        stream.set_read_timeout(Some(MOST))?;
        stream.set_write_timeout(Some(MOST))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends a request over a connection of its own.
    ///
    /// # Errors
    /// When the connection fails, or what comes is no answer.
    pub fn send(&self, request: &Request) -> io::Result<Answer> {
        let mut stream = self.connect()?;
        // A server that answers before it has read all may stop reading; its answer counts.
        let sent = stream.write_all(&request.bytes(self));
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        match Answer::parse(&bytes) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(sent.err().or(read.err()).unwrap_or(error)),
        }
    }

    /// Sends bytes, and reads until the server closes or says nothing for so long.
    ///
    /// # Errors
    /// When there is no connection.
    pub fn raw(&self, bytes: &[u8], quiet: Duration) -> io::Result<Raw> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(quiet))?;
        let _server_may_have_closed = stream.write_all(bytes);
        let (mut got, mut buffer) = (Vec::new(), [0; 16 << 10]);
        let closed = loop {
            match stream.read(&mut buffer) {
                Ok(0) => break true,
                Ok(length) => got.extend_from_slice(buffer.get(..length).unwrap_or_default()),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    break false;
                }
                Err(_) => break true,
            }
        };
        let _closed_already = stream.shutdown(Shutdown::Both);
        Ok(Raw { bytes: got, closed })
    }
}
