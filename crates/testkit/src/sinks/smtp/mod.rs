//! A mail server on loopback: it takes mail, refuses what servers refuse, and breaks where it is told.

mod check;
mod session;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// When the double takes TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the start.
    Implicit,
    /// After `STARTTLS`.
    StartTls,
    /// Never.
    None,
}

/// What the double does wrong, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpFault {
    /// Another reply to a command.
    Reply(&'static str, &'static str),
    /// The connection ends instead of a reply to a command. `.` is the end of a message, which is
    /// taken before.
    Cut(&'static str),
    /// After `STARTTLS`, replies for after it are sent in the clear too.
    Inject,
    /// A reply that never ends.
    Endless(&'static str),
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpMail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The message, with dots taken away.
    pub data: Vec<u8>,
    /// Who was logged in.
    pub user: Option<String>,
    /// Whether it came over TLS.
    pub tls: bool,
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<SmtpMail>,
    commands: Vec<String>,
    faults: Vec<SmtpFault>,
    logins: Vec<(String, String)>,
    size: usize,
}

/// A mail server. It ends when it is dropped.
pub struct SmtpDouble {
    shared: Arc<Shared>,
    address: SocketAddr,
    ca: String,
    task: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    tls: SmtpTls,
    acceptor: Option<TlsAcceptor>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a fault out of the list, if it is there.
    fn fault(&self, is: impl Fn(&SmtpFault) -> bool) -> Option<SmtpFault> {
        let mut state = self.state();
        let at = state.faults.iter().position(is)?;
        Some(state.faults.remove(at))
    }
}

impl SmtpDouble {
    /// Starts it on a free port, with a certificate of its own for `localhost`.
    ///
    /// # Errors
    /// No port can be opened or no certificate made.
    pub async fn start(tls: SmtpTls) -> io::Result<Self> {
        let (ca, config) = certificate().map_err(io::Error::other)?;
        let acceptor = (tls != SmtpTls::None).then(|| TlsAcceptor::from(Arc::new(config)));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = State { size: 10 << 20, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), tls, acceptor });
        let kept = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                sessions.spawn(session::serve(client, Arc::clone(&shared)));
            }
        });
        Ok(Self { shared: kept, address, ca, task })
    }

    /// Where it answers: `smtp://localhost:PORT`, or `smtps://`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.shared.tls == SmtpTls::Implicit { "smtps" } else { "smtp" };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    /// The certificate that it shows, as PEM.
    #[must_use]
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// Takes a login.
    pub fn allow(&self, user: &str, secret: &str) {
        self.shared.state().logins.push((user.to_owned(), secret.to_owned()));
    }

    /// Does something wrong, once.
    pub fn add(&self, fault: SmtpFault) {
        self.shared.state().faults.push(fault);
    }

    /// Takes messages of at most so many bytes.
    pub fn set_size(&self, bytes: usize) {
        self.shared.state().size = bytes;
    }

    /// The mails that were taken.
    #[must_use]
    pub fn mails(&self) -> Vec<SmtpMail> {
        self.shared.state().mails.clone()
    }

    /// The commands that came, without logins.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.shared.state().commands.clone()
    }
}

impl Drop for SmtpDouble {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for SmtpDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpDouble({})", self.address)
    }
}

fn certificate() -> Result<(String, ServerConfig), Box<dyn std::error::Error + Send + Sync>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok((made.cert.pem(), config))
}
