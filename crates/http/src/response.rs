//! What came back.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use crate::body::{Body, Fault};
use crate::error::{Deadline, HttpError, Place};
use crate::policy::Deadlines;

/// A whole reply. Its `Debug` shows the status and the size.
pub struct Response {
    pub(crate) place: Place,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Status code: 2xx, or 304.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header's value, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, decompressed.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, taken out.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// It is no such JSON. The error tells the place in the text, and none of the text.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|error| HttpError::Broken {
            place: self.place.clone(),
            why: format!("no JSON as expected at line {} column {}", error.line(), error.column()),
        })
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {}, {} bytes)", self.status, self.place, self.body.len())
    }
}

/// A reply whose body is still coming. Dropping it ends the connection and frees its place.
pub struct Streamed {
    pub(crate) place: Place,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) reply: reqwest::Response,
    pub(crate) body: Body,
    pub(crate) limits: Limits,
    pub(crate) ended: bool,
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// When the body must be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) deadlines: Deadlines,
    pub(crate) end: Instant,
}

impl Streamed {
    /// Status code: 2xx, or 304.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next piece of the body, `None` at its end. A body that ends too early is an error, so
    /// what was read is whole only when `None` came.
    ///
    /// # Errors
    /// A limit, a deadline or the connection ends it.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        while !self.ended {
            let piece = match self.receive().await? {
                Some(piece) => self.body.push(&piece),
                None => {
                    self.ended = true;
                    self.body.finish()
                }
            };
            let piece = piece.map_err(|fault| fault_error(fault, &self.place))?;
            if !piece.is_empty() {
                return Ok(Some(piece.into()));
            }
        }
        Ok(None)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, HttpError> {
        let Limits { deadlines, end } = self.limits;
        let idle = Instant::now() + deadlines.idle;
        match timeout_at(idle.min(end), self.reply.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(HttpError::Broken {
                place: self.place.clone(),
                why: crate::client::why(&error),
            }),
            Err(_) => {
                let (deadline, within) = if idle < end {
                    (Deadline::Idle, deadlines.idle)
                } else {
                    (Deadline::Whole, deadlines.whole)
                };
                Err(HttpError::Deadline { place: self.place.clone(), deadline, within })
            }
        }
    }

    /// The whole body.
    pub(crate) async fn collect(mut self) -> Result<Response, HttpError> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Response { place: self.place, status: self.status, headers: self.headers, body })
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Streamed({} from {})", self.status, self.place)
    }
}

pub(crate) fn fault_error(fault: Fault, place: &Place) -> HttpError {
    let place = place.clone();
    match fault {
        Fault::TooLarge(limit) => HttpError::TooLarge { place, limit },
        Fault::Malformed(why) => HttpError::Broken { place, why },
    }
}
