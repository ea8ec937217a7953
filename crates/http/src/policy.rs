//! What a [`Client`](crate::Client) is made from. Every field has a default that is safe.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use secrecy::SecretString;

use crate::egress::Egress;

/// The rules of a client.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What may be reached.
    pub egress: Egress,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// When a failed request is tried again.
    pub retry: Retry,
    /// How much may come back.
    pub sizes: Sizes,
    /// Requests a second for each host and account.
    pub rate: Rate,
    /// Other rates for single hosts.
    pub host_rates: Vec<(String, Rate)>,
    /// Other rates for single accounts, over all hosts.
    pub account_rates: Vec<(String, Rate)>,
    /// Requests under way at once, over all hosts.
    pub at_once: usize,
    /// Redirects followed for one request.
    pub redirects: u8,
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// A proxy for all requests. The environment names none.
    pub proxy: Option<Proxy>,
    /// What the client calls itself.
    pub user_agent: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            egress: Egress::default(),
            deadlines: Deadlines::default(),
            retry: Retry::default(),
            sizes: Sizes::default(),
            rate: Rate::default(),
            host_rates: Vec::new(),
            account_rates: Vec::new(),
            at_once: 64,
            redirects: 5,
            roots: Roots::System,
            proxy: None,
            user_agent: concat!("quell/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Deadlines of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name, connection and TLS handshake together.
    pub connect: Duration,
    /// From the start until the head of the reply is there.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
    /// From the start until the whole body is there, redirects included.
    pub whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(120),
        }
    }
}

/// How failed requests are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all; 1 tries nothing again.
    pub attempts: u8,
    /// Upper end of the first wait; the wait itself is random below it.
    pub first_wait: Duration,
    /// Longest wait, also where the remote asks for a longer one.
    pub longest_wait: Duration,
    /// From the start of the first attempt until the last is given up.
    pub total: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            total: Duration::from_secs(300),
        }
    }
}

/// How much may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of the body as received.
    pub received_bytes: u64,
    /// Bytes of the body after decompression.
    pub decoded_bytes: u64,
    /// Bytes that one received byte may become, counted from the first MiB.
    pub ratio: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { received_bytes: 64 << 20, decoded_bytes: 64 << 20, ratio: 200 }
    }
}

/// Requests in a time, with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests in the long run.
    pub requests: NonZeroU32,
    /// In so much time.
    pub within: Duration,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    /// So many requests in so many seconds, and so many at once. Nothing counts as one.
    #[must_use]
    pub const fn new(requests: u32, seconds: u64, burst: u32) -> Self {
        const fn some(number: u32) -> NonZeroU32 {
            match NonZeroU32::new(number) {
                Some(number) => number,
                None => NonZeroU32::MIN,
            }
        }
        let seconds = if seconds == 0 { 1 } else { seconds };
        Self { requests: some(requests), within: Duration::from_secs(seconds), burst: some(burst) }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::new(20, 1, 40)
    }
}

/// Whose certificates are trusted.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Roots {
    /// The system's list.
    #[default]
    System,
    /// The system's list and these, as PEM.
    SystemAnd(Vec<u8>),
    /// These alone, as PEM.
    Only(Vec<u8>),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::SystemAnd(pem) => write!(f, "SystemAnd({} bytes)", pem.len()),
            Self::Only(pem) => write!(f, "Only({} bytes)", pem.len()),
        }
    }
}

/// An HTTP proxy. It resolves the names of hosts itself, so the operator trusts it to refuse inner ones.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// `http://host:port` or `https://host:port`, without user and password.
    pub url: String,
    /// User and password.
    pub login: Option<(String, SecretString)>,
}
