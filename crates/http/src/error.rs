//! What can go wrong with a request, what it means for the caller, and what to do about it.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::egress::{Refusal, host_text};

/// A failed request. No variant holds a path, a query, a user, or a secret of the request.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The rules forbid it; nothing was sent.
    #[error("not sent: {0}")]
    Refused(#[from] Refusal),
    /// The remote answered, and said no for good.
    #[error("{0}")]
    Remote(Box<Remote>),
    /// The remote answered that it cannot now, or too often asked; also after several attempts.
    #[error("{0}; try again later")]
    Busy(Box<Remote>),
    /// The reply is larger than allowed.
    #[error(
        "the reply of {place} is larger than allowed ({limit}); raise the limit if it is right"
    )]
    TooLarge {
        /// Who answered.
        place: Place,
        /// Which limit was passed.
        limit: SizeLimit,
    },
    /// It took too long.
    #[error("{place} did not {deadline} within {} s; try again later, or raise the deadline", within.as_secs_f32())]
    Deadline {
        /// Who was asked.
        place: Place,
        /// Which deadline passed.
        deadline: Deadline,
        /// How long it was.
        within: Duration,
    },
    /// No connection: the name, the network or TLS.
    #[error("{place} cannot be reached ({why}); check the address, the network and `egress`")]
    Unreachable {
        /// Who was asked.
        place: Place,
        /// What the system or TLS said.
        why: String,
    },
    /// The certificate of the remote is not trusted.
    #[error(
        "{place} shows a certificate that is not trusted ({why}); if it is right, name its CA in `egress.ca_file`"
    )]
    Certificate {
        /// Who was asked.
        place: Place,
        /// What TLS said.
        why: String,
    },
    /// The connection broke, or the reply is no whole HTTP message.
    #[error("the reply of {place} broke off or is malformed ({why}); try again later")]
    Broken {
        /// Who answered.
        place: Place,
        /// What is wrong with it.
        why: String,
    },
    /// The client's own rate limit would make it wait longer than it may.
    #[error("too many requests for {place} are waiting; try again later, or raise the rate")]
    Crowded {
        /// Who was to be asked.
        place: Place,
    },
    /// The client cannot be made from its settings.
    #[error("{0}")]
    Setup(String),
}

/// What a caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again, not before this time if the remote named one.
    Later(Option<Duration>),
    /// Trying again gives the same; the request is wrong.
    GiveUp,
    /// Someone has to change settings, rights or the network first.
    NeedsHuman,
}

impl HttpError {
    /// What a caller does next.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Busy(remote) => Verdict::Later(remote.retry_after),
            Self::Deadline { .. }
            | Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::Crowded { .. } => Verdict::Later(None),
            Self::Remote(remote) if matches!(remote.status, 401 | 403 | 407) => Verdict::NeedsHuman,
            Self::Remote(_) => Verdict::GiveUp,
            Self::Refused(_)
            | Self::TooLarge { .. }
            | Self::Certificate { .. }
            | Self::Setup(_) => Verdict::NeedsHuman,
        }
    }

    /// Whether the remote may have done what it was asked, so that asking again may do it twice.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Busy(remote) => !matches!(remote.status, 408 | 425 | 429),
            Self::Deadline { deadline, .. } => *deadline != Deadline::Connect,
            Self::Broken { .. } | Self::TooLarge { .. } => true,
            Self::Remote(remote) => remote.status >= 500,
            Self::Refused(_)
            | Self::Unreachable { .. }
            | Self::Certificate { .. }
            | Self::Crowded { .. }
            | Self::Setup(_) => false,
        }
    }

    /// The answer of the remote, where there was one.
    #[must_use]
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Remote(remote) | Self::Busy(remote) => Some(remote),
            Self::Refused(_)
            | Self::TooLarge { .. }
            | Self::Deadline { .. }
            | Self::Unreachable { .. }
            | Self::Certificate { .. }
            | Self::Broken { .. }
            | Self::Crowded { .. }
            | Self::Setup(_) => None,
        }
    }

    /// The status of the remote's answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.remote().map(|remote| remote.status)
    }
}

/// An answer that is no success.
pub struct Remote {
    pub(crate) place: Place,
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) said: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: http::HeaderMap,
    pub(crate) retry_after: Option<Duration>,
}

impl Remote {
    /// Status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The remote's id for the request, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Start of the body as plain text, without the secrets of the request.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// The first 16 KiB of the body, for programs to read; it may hold anything, so it is never shown.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Headers of the answer.
    #[must_use]
    pub const fn headers(&self) -> &http::HeaderMap {
        &self.headers
    }

    /// How long the remote asks to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.place, self.status)?;
        if !self.said.is_empty() {
            write!(f, ": `{}`", self.said)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({self})")
    }
}

/// Scheme, host and port of a URL: all of it that is ever shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// The place of a URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        let host = host_text(url).unwrap_or_default();
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
        Self(format!("{}://{host}{port}", url.scheme()))
    }

    /// The place of what speaks another protocol than HTTP.
    #[must_use]
    pub fn of_socket(host: &str, port: u16) -> Self {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        Self(format!("{host}:{port}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A limit on size that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeLimit {
    /// Bytes as received.
    Received(u64),
    /// Bytes after decompression.
    Decoded(u64),
    /// Bytes that a received byte became.
    Ratio(u64),
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received(bytes) => write!(f, "{bytes} bytes"),
            Self::Decoded(bytes) => write!(f, "{bytes} bytes decompressed"),
            Self::Ratio(ratio) => write!(f, "{ratio} times its compressed size"),
        }
    }
}

/// A deadline that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Name, connection and handshake.
    Connect,
    /// Head of the reply.
    FirstByte,
    /// The next piece of the body.
    Idle,
    /// The whole reply.
    Whole,
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "accept a connection",
            Self::FirstByte => "begin to answer",
            Self::Idle => "go on with its answer",
            Self::Whole => "finish its answer",
        })
    }
}
