//! Syslog (RFC 5424) over TLS (RFC 5425), over TCP with lengths (RFC 6587), or over UDP (RFC 5426).

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quell_config::AuditTransport;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::form::Told;
use crate::state::App;

/// Facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;
/// How long to wait for a connection, and for what is sent to be taken.
const CONNECT: Duration = Duration::from_secs(5);
const WRITE: Duration = Duration::from_secs(10);
/// Longest message over UDP: what fits into one packet of IPv6 at the least is 2048 (RFC 5425
/// has no limit); receivers take this much.
const MOST_PACKET_BYTES: usize = 8192;

trait Pipe: Read + Write + Send {}

impl<T: Read + Write + Send> Pipe for T {}

/// A syslog server.
pub(super) struct Syslog {
    address: String,
    transport: AuditTransport,
    open: Option<Box<dyn Pipe>>,
}

impl Syslog {
    pub(super) fn new(address: String, transport: AuditTransport) -> Self {
        Self { address, transport, open: None }
    }

    /// Sends records. The protocol has no answer: they are taken when the system has taken them.
    pub(super) fn send(&mut self, app: &App, batch: &[Told]) -> Result<(), String> {
        let host = app.config.server.public_url.as_deref().and_then(host).unwrap_or("-");
        let messages = batch.iter().map(|told| message(told, host));
        let result = match self.transport {
            AuditTransport::Udp => self.packets(messages),
            AuditTransport::Tls | AuditTransport::Tcp => {
                let all: Vec<u8> = messages.flat_map(framed).collect();
                self.write(app, &all)
            }
        };
        result.map_err(|error| {
            self.open = None;
            format!("`{}`: {error}", self.address)
        })
    }

    fn packets(&self, messages: impl Iterator<Item = String>) -> io::Result<()> {
        let to = resolve(&self.address)?;
        let any = if to.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
        let socket = UdpSocket::bind(any)?;
        for message in messages {
            let bytes = message.as_bytes();
            let most = bytes.len().min(MOST_PACKET_BYTES);
            socket.send_to(bytes.get(..most).unwrap_or(bytes), to)?;
        }
        Ok(())
    }

    fn write(&mut self, app: &App, bytes: &[u8]) -> io::Result<()> {
        let pipe = match self.open.take() {
            Some(open) => self.open.insert(open),
            None => {
                let made = self.connect(app)?;
                self.open.insert(made)
            }
        };
        pipe.write_all(bytes)?;
        pipe.flush()
    }

    fn connect(&self, app: &App) -> io::Result<Box<dyn Pipe>> {
        let stream = TcpStream::connect_timeout(&resolve(&self.address)?, CONNECT)?;
        stream.set_write_timeout(Some(WRITE))?;
        stream.set_read_timeout(Some(WRITE))?;
        if self.transport != AuditTransport::Tls {
            return Ok(Box::new(stream));
        }
        let name = self.address.rsplit_once(':').map_or(self.address.as_str(), |(name, _)| name);
        let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let config = Arc::new(config(app)?);
        let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Ok(Box::new(StreamOwned::new(connection, stream)))
    }
}

/// The certificates that are trusted: the system's, and those of `egress.ca_file`.
fn config(app: &App) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &app.config.egress.ca_file {
        let pem = std::fs::read(path)?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn resolve(address: &str) -> io::Result<SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    address.to_socket_addrs()?.next().ok_or_else(none)
}

fn host(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split(['/', ':', '?', '#']).next()?;
    let plain = host.bytes().all(|b| b.is_ascii_graphic());
    (plain && !host.is_empty() && host.len() <= 255).then_some(host)
}

/// One message; its text is the record, which is one line of plain ASCII.
fn message(told: &Told, host: &str) -> String {
    let time = told.time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
    let id: String = told.action.chars().take(32).collect();
    format!("<{PRIORITY}>1 {time} {host} quell - {id} - {}", told.body)
}

/// A message with its length before it.
fn framed(message: String) -> Vec<u8> {
    let mut bytes = format!("{} ", message.len()).into_bytes();
    bytes.extend(message.into_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use quell_config::AuditForm;

    use super::*;

    #[test]
    fn a_message_has_the_parts_of_the_standard() {
        let leaf = br#"{"action":"issue.mark","index":7,"time":"2026-11-21T12:00:00.000001Z"}"#;
        let told = Told::new("quell-audit/x", 7, leaf, AuditForm::Record).unwrap();
        let text = message(&told, "quell.example");
        let begin = "<110>1 2026-11-21T12:00:00.000001Z quell.example quell - issue.mark - {";
        assert!(text.starts_with(begin), "{text}");
        let framed = framed(text.clone());
        assert!(framed.starts_with(format!("{} <110>1 ", text.len()).as_bytes()));
        assert_eq!(host("https://quell.example:8443/x"), Some("quell.example"));
    }
}
