//! A connection to a mail server: dialed, with TLS, and replies read with bounds.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, HttpError, Place};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::BufReader;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::SinkError;

/// How long a connection with its TLS may take, and one reply.
const CONNECT: Duration = Duration::from_secs(15);
const REPLY: Duration = Duration::from_secs(120);
/// Longest line of a reply, and most lines of one.
const MOST_LINE: u64 = 2_000;
const MOST_LINES: usize = 100;

trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

/// Where a mail server answers.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    /// For errors: scheme, host and port.
    pub(super) url: Url,
}

/// A connection.
pub(super) struct Wire {
    pipe: BufReader<Box<dyn Pipe>>,
}

/// A reply: its code, and its lines without it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// What it says, with its code.
    pub(super) fn said(&self) -> String {
        let text: String =
            self.lines.join(" ").chars().filter(|c| !c.is_control()).take(300).collect();
        format!("{} {text}", self.code)
    }
}

impl Server {
    fn unreachable(&self, why: &dyn fmt::Display) -> SinkError {
        let place = Place::of(&self.url);
        HttpError::Unreachable { place, why: why.to_string() }.into()
    }

    /// Connects, under the rules that hold for all that goes out.
    pub(super) async fn dial(&self, client: &Client) -> Result<Wire, SinkError> {
        let host = self.host.trim_matches(['[', ']']);
        Ok(Wire::over(client.dial(host, self.port).await?))
    }
}

impl Wire {
    fn over(pipe: impl Pipe + 'static) -> Self {
        Self { pipe: BufReader::new(Box::new(pipe)) }
    }

    /// The same connection under TLS. What the server said before counts no more: a reply that is
    /// there already was put in by somebody between.
    pub(super) async fn secured(
        self,
        server: &Server,
        config: &Arc<ClientConfig>,
    ) -> Result<Self, SinkError> {
        if !self.pipe.buffer().is_empty() {
            return Err(SinkError::Refused(
                "the server went on talking before TLS; somebody may stand between".to_owned(),
            ));
        }
        let name = server.host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|error| server.unreachable(&error))?;
        let connector = TlsConnector::from(Arc::clone(config));
        let connected = timeout(CONNECT, connector.connect(name, self.pipe.into_inner())).await;
        match connected {
            Ok(Ok(stream)) => Ok(Self::over(stream)),
            Ok(Err(error)) => Err(tls_error(server, &error)),
            Err(_) => Err(server.unreachable(&"TLS was not ready in time")),
        }
    }

    /// Sends bytes.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = async {
            let pipe = self.pipe.get_mut();
            pipe.write_all(bytes).await?;
            pipe.flush().await
        };
        timeout(REPLY, sent).await.unwrap_or_else(|_| Err(late()))
    }

    /// Reads a reply.
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        timeout(REPLY, self.lines()).await.unwrap_or_else(|_| Err(late()))
    }

    async fn lines(&mut self) -> io::Result<Reply> {
        let broken = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
        let mut lines = Vec::new();
        while lines.len() < MOST_LINES {
            let mut line = Vec::new();
            (&mut self.pipe).take(MOST_LINE).read_until(b'\n', &mut line).await?;
            if line.last() != Some(&b'\n') {
                return Err(broken("the reply ended early or a line of it is too long"));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            let (code, rest) = line.split_at_checked(3).unwrap_or_default();
            let code = code.parse().ok().filter(|code| (200..600).contains(code));
            let code: u16 = code.ok_or_else(|| broken("the reply has no code"))?;
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') {
                return Ok(Reply { code, lines });
            }
        }
        Err(broken("the reply has too many lines"))
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no reply in time")
}

fn tls_error(server: &Server, error: &io::Error) -> SinkError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(why)) => {
            let why = format!("{why:?}; if it is right, name its CA as `options.ca_file`");
            HttpError::Certificate { place: Place::of(&server.url), why }.into()
        }
        Some(_) | None => server.unreachable(error),
    }
}

/// TLS with the system's certificates and those of a file.
pub(super) fn tls(ca_file: Option<&str>) -> Result<ClientConfig, SinkError> {
    let wrong = |why: String| SinkError::Setting { name: "ca_file", why };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        let pem =
            std::fs::read(path).map_err(|error| wrong(format!("cannot be read ({error})")))?;
        let mut count = 0_usize;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let added = certificate.map_err(|error| error.to_string());
            let added = added.and_then(|one| roots.add(one).map_err(|error| error.to_string()));
            added.map_err(|error| wrong(format!("holds no CA ({error})")))?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong("holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| SinkError::Refused(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
