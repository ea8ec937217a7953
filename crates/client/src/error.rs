//! What can go wrong between the command line and a server, with the next step.

use quell_http::HttpError;
use serde::Deserialize;

/// Longest sentence of a server that is shown.
const MOST_CHARS: usize = 600;

/// Why a server did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be read.
    #[error(
        "`{0}` is no address of a server; write it as `http://127.0.0.1:8420` or `https://quell.example`"
    )]
    Address(String),
    /// The address holds a user or password.
    #[error("the address holds a user or password; give a token with `--token-file` instead")]
    Credentials,
    /// The address is one that no server may have.
    #[error("`{0}` is {1}, where no server is asked; give the server's own address")]
    Forbidden(String, &'static str),
    /// The token cannot stand in a header.
    #[error(
        "the token is empty or holds characters that none has; `quell token create` on the server makes one"
    )]
    OddToken,
    /// No token was given.
    #[error(
        "the server wants a token: give `--token-file FILE` or set QUELL_TOKEN; `quell token create` on the server makes one"
    )]
    NoToken,
    /// Nobody answers there.
    #[error("cannot reach {server}: {why}; is `quell serve` running there?")]
    Unreachable {
        /// Who was asked.
        server: String,
        /// What the system said.
        why: String,
    },
    /// The token opens nothing.
    #[error(
        "{0} does not know this token, or it has ended; `quell token create` on the server makes one"
    )]
    Token(String),
    /// The token may not do that.
    #[error(
        "the token may not do that: {0}; `quell token create --role ROLE` on the server makes one that may"
    )]
    Right(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The server refused the request as it is.
    #[error("{0}")]
    Rejected(String),
    /// The server failed.
    #[error("{0}")]
    Failed(String),
    /// The server cannot now.
    #[error("the server cannot do that now: {0}; try again in a moment")]
    Busy(String),
    /// Something else on the way.
    #[error(transparent)]
    Http(HttpError),
    /// A file to be sent cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// Somebody stopped it.
    #[error("stopped")]
    Stopped,
}

/// The part of an RFC 9457 answer that people read.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

impl ClientError {
    /// What an error of the wire means for who asked a server.
    pub(crate) fn of(error: HttpError, server: &str, secret: &str) -> Self {
        let Some(remote) = error.remote() else {
            return match error {
                HttpError::Unreachable { why, .. } => {
                    Self::Unreachable { server: server.to_owned(), why }
                }
                HttpError::Refused(_)
                | HttpError::Remote(_)
                | HttpError::Busy(_)
                | HttpError::TooLarge { .. }
                | HttpError::Deadline { .. }
                | HttpError::Certificate { .. }
                | HttpError::Broken { .. }
                | HttpError::Crowded { .. }
                | HttpError::Setup(_) => Self::Http(error),
            };
        };
        let status = remote.status();
        let problem: Option<Problem> = serde_json::from_slice(remote.body()).ok();
        let Some(detail) = problem.map(|problem| plain(&problem.detail, secret)) else {
            // It is no server of ours that answers so.
            return match status {
                401 => Self::Token(server.to_owned()),
                _ => Self::Http(error),
            };
        };
        match status {
            401 => Self::Token(server.to_owned()),
            403 => Self::Right(detail),
            404 => Self::NotFound(detail),
            429 | 503 => Self::Busy(detail),
            400 | 405 | 408 | 409 | 413 | 415 | 422 => Self::Rejected(detail),
            500.. => Self::Failed(format!("{server} answered {status}: {detail}")),
            _ => Self::Rejected(format!("{server} answered {status}: {detail}")),
        }
    }

    /// Whether what was asked is wrong, and would stay so: another request is needed, not another
    /// moment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Address(_)
            | Self::Credentials
            | Self::Forbidden(..)
            | Self::OddToken
            | Self::NoToken
            | Self::Token(_)
            | Self::Right(_)
            | Self::NotFound(_)
            | Self::Rejected(_) => true,
            Self::Unreachable { .. }
            | Self::Busy(_)
            | Self::Failed(_)
            | Self::Http(_)
            | Self::File { .. }
            | Self::Stopped => false,
        }
    }

    /// Whether the server may be there again in a moment.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Busy(_) => true,
            Self::Http(error) => matches!(error.verdict(), quell_http::Verdict::Later(_)),
            Self::Address(_)
            | Self::Credentials
            | Self::Forbidden(..)
            | Self::OddToken
            | Self::NoToken
            | Self::Token(_)
            | Self::Right(_)
            | Self::NotFound(_)
            | Self::Rejected(_)
            | Self::Failed(_)
            | Self::File { .. }
            | Self::Stopped => false,
        }
    }
}

/// A server's sentence without the token, and without what would move a terminal's cursor.
fn plain(text: &str, secret: &str) -> String {
    let hidden = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "[hidden]") };
    hidden.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_CHARS).collect()
}
