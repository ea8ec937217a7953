//! A call that ends whether somebody still waits for it or not: it is paid for either way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use quell_llm::{LlmError, Reply, Request};
use tokio::sync::oneshot;

use super::ask::{Ended, Model, Opened, Spent, Turn, usable};

/// Work that is done beside whoever asked for it.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What came of a call, with what has to be ended.
pub(super) struct Came {
    pub(super) result: Result<Reply, LlmError>,
    pub(super) open: Box<dyn Opened>,
    /// A hash of what was sent in the end, where a parameter had to be left out.
    pub(super) payload: Option<blake3::Hash>,
    pub(super) turn: Turn,
    model: Model,
}

/// A call that was let through.
pub(super) struct Going {
    pub(super) model: Model,
    pub(super) request: Request,
    /// A hash of what was to be sent.
    pub(super) payload: blake3::Hash,
    pub(super) open: Box<dyn Opened>,
    pub(super) turn: Turn,
}

/// Somebody who waits for a call. Who stops waiting leaves its end to the call itself.
pub(super) struct Waiting(oneshot::Receiver<Came>);

impl Going {
    /// The call as work, and what waits for it.
    pub(super) fn split(self) -> (Work, Waiting) {
        let (tell, told) = oneshot::channel();
        let work = async move {
            let Self { model, request, payload, open, turn } = self;
            let result = model.provider.ask(&request).await;
            let sent = model.payload(&request).ok();
            let payload = sent.filter(|sent| *sent != payload);
            let came = Came { result, open, payload, turn, model };
            if let Err(came) = tell.send(came) {
                came.end_alone();
            }
        };
        (Box::pin(work), Waiting(told))
    }
}

impl Came {
    /// Nobody waits any more: what it took counts, and an answer is kept for who asks again.
    fn end_alone(self) {
        let Self { result, open, payload, model, .. } = self;
        let (written, reply) = (None, result.as_ref().ok());
        let (spent, error) = match &result {
            Ok(reply) => (model.spent(&reply.usage), None),
            Err(error) => (Spent::of(error), Some(error)),
        };
        let keep = reply.and_then(usable);
        open.end(&Ended { spent, reply, written, payload, error, keep });
    }
}

impl Future for Waiting {
    /// None where the work was given up.
    type Output = Option<Came>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(Result::ok)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.close();
        // It may have come while nobody looked.
        if let Ok(came) = self.0.try_recv() {
            came.end_alone();
        }
    }
}
