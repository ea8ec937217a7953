//! Bodies that are too large for memory: made piece by piece, anew for each attempt.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc::Receiver;

/// Pieces of a body; an error ends the request.
pub type Pieces = Receiver<io::Result<Bytes>>;

/// Makes a body, anew for each attempt.
#[derive(Clone)]
pub(crate) struct Outgoing(Arc<dyn Fn() -> Pieces + Send + Sync>);

impl Outgoing {
    pub(crate) fn new(make: impl Fn() -> Pieces + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// The body of one attempt.
    pub(crate) fn begin(&self) -> reqwest::Body {
        reqwest::Body::wrap(Piecewise((self.0)()))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outgoing(…)")
    }
}

struct Piecewise(Pieces);

impl http_body::Body for Piecewise {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
