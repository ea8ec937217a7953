//! An answer as it comes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use quell_http::{HttpError, Streamed};
use quell_model::Untrusted;
use secrecy::SecretString;
use serde_json::Value;

use crate::dialect::{Dialect, Heard};
use crate::events::Events;
use crate::left::Left;
use crate::refusal::{Whose, of_event};
use crate::{LlmError, Reply, Request};

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// More words, of which nothing is judged yet.
    Text(Untrusted),
    /// The whole answer, judged. It comes last.
    Done(Box<Reply>),
}

/// An answer as it comes. Dropping it ends the connection.
pub struct Stream {
    source: Option<Source>,
    waiting: VecDeque<Piece>,
}

struct Source {
    body: Streamed,
    events: Events,
    dialect: Arc<dyn Dialect>,
    model: String,
    key: Option<SecretString>,
    request: Request,
    heard: Heard,
    left: Left,
}

impl Stream {
    pub(crate) fn new(
        dialect: Arc<dyn Dialect>,
        (model, key): (String, Option<SecretString>),
        request: Request,
        (body, left): (Streamed, Left),
    ) -> Self {
        let events = Events::new(dialect.framing());
        let heard = Heard::default();
        let source = Source { body, events, dialect, model, key, request, heard, left };
        Self { source: Some(source), waiting: VecDeque::new() }
    }

    /// An answer that came whole.
    pub(crate) fn of(reply: Reply) -> Self {
        let words = Piece::Text(reply.text.clone());
        let waiting = [words, Piece::Done(Box::new(reply))];
        Self { source: None, waiting: waiting.into() }
    }

    /// The next part; `None` after the last.
    ///
    /// # Errors
    /// The answer breaks off, passes a cap, or does not fit. Nothing comes after that.
    pub async fn next(&mut self) -> Result<Option<Piece>, LlmError> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Ok(Some(piece));
            }
            let Some(mut source) = self.source.take() else { return Ok(None) };
            let text = source.more().await?;
            if !text.is_empty() {
                self.waiting.push_back(Piece::Text(text.into()));
            }
            if source.heard.done {
                let reply = source.heard.finish(&source.request, source.left)?;
                self.waiting.push_back(Piece::Done(Box::new(reply)));
            } else {
                self.source = Some(source);
            }
        }
    }

    /// Waits for the whole answer.
    ///
    /// # Errors
    /// The answer breaks off, passes a cap, or does not fit.
    pub async fn whole(mut self) -> Result<Reply, LlmError> {
        while let Some(piece) = self.next().await? {
            if let Piece::Done(reply) = piece {
                return Ok(*reply);
            }
        }
        Err(LlmError::Cut { why: "it has no end".to_owned() })
    }
}

impl Source {
    /// Reads a piece of the body, and tells the words in it.
    async fn more(&mut self) -> Result<String, LlmError> {
        let before = self.heard.text.len();
        let events = match self.body.next().await.map_err(cut)? {
            Some(piece) => self.events.push(&piece)?,
            None => {
                let last = self.events.finish()?;
                self.take(last)?;
                if self.heard.stopped.is_none() && self.heard.refusal.is_none() {
                    return Err(LlmError::Cut { why: "the stream ended before it".to_owned() });
                }
                self.heard.done = true;
                Vec::new()
            }
        };
        self.take(events)?;
        Ok(self.heard.text.get(before..).unwrap_or_default().to_owned())
    }

    fn take(&mut self, events: Vec<String>) -> Result<(), LlmError> {
        for event in events {
            if self.heard.done {
                break;
            }
            if event.trim() == "[DONE]" {
                self.heard.done = true;
                break;
            }
            let event: Value = serde_json::from_str(&event)
                .map_err(|_| LlmError::shape("stream", "an event is no JSON"))?;
            let whose = Whose { model: &self.model, key: self.key.as_ref() };
            if let Some(error) = of_event(&event, whose) {
                return Err(error);
            }
            self.dialect.event(&event, &mut self.heard)?;
        }
        Ok(())
    }
}

/// A body that ends too early.
fn cut(error: HttpError) -> LlmError {
    if let HttpError::Broken { why, .. } = error {
        return LlmError::Cut { why };
    }
    error.into()
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({} waiting)", self.waiting.len())
    }
}
