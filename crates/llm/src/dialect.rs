//! One protocol as functions of its JSON, and the provider that speaks it.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

use crate::connection::{Connection, not_the_api};
use crate::embeddings::{self, Vectors};
use crate::events::Framing;
use crate::judge::judge;
use crate::left::Left;
use crate::provider::{Batch, Future, Means, Model, Provider};
use crate::refusal::{Whose, of_event};
use crate::rules::{Learned, Rules};
use crate::{LlmError, Reply, Request, SchemaBy, Settings, Stopped, Stream, Usage};

/// Parameters that one call may learn about.
const MOST_LESSONS: usize = 5;
/// Most bytes of the words of one answer.
pub(crate) const MOST_TEXT: usize = 1 << 20;

/// What one call sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) model: &'a str,
    pub(crate) rules: Rules,
    pub(crate) streamed: bool,
}

impl Call<'_> {
    /// Our words; with the schema, where it goes no other way.
    pub(crate) fn instructions(&self) -> String {
        match &self.request.schema {
            Some(schema) if !self.rules.schema => {
                self.request.instructions.clone() + &schema.asked_for()
            }
            Some(_) | None => self.request.instructions.clone(),
        }
    }
}

/// What was heard of an answer so far.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) refusal: Option<String>,
    pub(crate) usage: Option<Usage>,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) id: String,
    pub(crate) model: String,
    /// Whether the provider said that it is the end.
    pub(crate) done: bool,
    /// The last number of an event, where events are numbered.
    pub(crate) sequence: Option<u64>,
}

impl Heard {
    /// Takes more words.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), LlmError> {
        if self.text.len().saturating_add(text.len()) > MOST_TEXT {
            return Err(LlmError::TooLarge { why: format!("{MOST_TEXT} bytes of words") });
        }
        self.text.push_str(text);
        Ok(())
    }

    /// Makes it a reply.
    pub(crate) fn finish(self, request: &Request, left: Left) -> Result<Reply, LlmError> {
        let stopped = match (self.refusal, self.stopped) {
            (Some(words), _) => Stopped::Refusal(crate::error::tame(&words)),
            (None, Some(stopped)) => stopped,
            (None, None) => {
                return Err(LlmError::Cut { why: "it does not say why it ended".to_owned() });
            }
        };
        let judged = match &request.schema {
            Some(schema) if stopped == Stopped::End => Some(judge(&self.text, schema)?),
            Some(_) | None => None,
        };
        let (json, repaired) = judged.map_or((None, false), |(json, again)| (Some(json), again));
        Ok(Reply {
            usage: Usage::believed(self.usage, request.input_estimate(), &self.text),
            text: self.text.into(),
            json,
            repaired,
            stopped,
            provider_id: short(&self.id),
            model: short(&self.model),
            left,
        })
    }
}

/// A provider's id, held to what ids are made of.
fn short(id: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "-_.:/@".contains(*c);
    id.chars().filter(plain).take(128).collect()
}

/// One protocol.
pub(crate) trait Dialect: Send + Sync + fmt::Debug {
    /// How its streams are cut.
    fn framing(&self) -> Framing {
        Framing::Events
    }

    /// Where a model is asked.
    fn path(&self, model: &str) -> Result<String, LlmError>;

    /// What is sent.
    fn body(&self, call: &Call<'_>) -> Value;

    /// Reads a whole answer.
    fn whole(&self, answer: &Value, heard: &mut Heard) -> Result<(), LlmError>;

    /// Reads an event of a stream.
    fn event(&self, event: &Value, heard: &mut Heard) -> Result<(), LlmError>;

    /// Where the models are listed.
    fn models_path(&self) -> &'static str;

    /// Reads the list of models.
    fn models(&self, answer: &Value) -> Vec<Model>;

    /// How vectors are had, where they are.
    fn vectors(&self) -> Option<&dyn Vectors> {
        None
    }

    /// How batches are taken, where they are.
    fn batches(&self) -> Option<&dyn Batches> {
        None
    }
}

/// How a provider takes batches.
pub(crate) trait Batches: Send + Sync {
    /// Hands in bodies by name, and tells the batch's id.
    fn submit<'a>(
        &'a self,
        connection: &'a Connection,
        bodies: Vec<(String, Value)>,
    ) -> Future<'a, String>;

    /// How far it is.
    fn poll<'a>(&'a self, connection: &'a Connection, batch: &'a str) -> Future<'a, Batch>;

    /// One line of its answers: the name, and the answer or the error as the provider writes it.
    fn line(&self, line: &Value) -> Option<(String, Result<Value, Value>)>;
}

/// A provider: a protocol at an address.
#[derive(Debug)]
pub(crate) struct Speaker {
    pub(crate) settings: Settings,
    pub(crate) kind: &'static str,
    pub(crate) connection: Connection,
    pub(crate) dialect: Arc<dyn Dialect>,
    /// What this kind of provider has, before any model.
    pub(crate) rules: Rules,
    pub(crate) learned: Learned,
}

impl Speaker {
    fn model<'a>(&'a self, request: &'a Request) -> &'a str {
        if request.model.is_empty() { &self.settings.model } else { &request.model }
    }

    fn rules(&self, model: &str) -> Rules {
        let rules = self.learned.of(model).unwrap_or_else(|| self.rules.of(self.kind, model));
        match self.settings.schema_by {
            SchemaBy::Words => Rules { schema: false, ..rules },
            SchemaBy::Native => Rules { schema: true, ..rules },
            SchemaBy::Auto => rules,
        }
    }

    /// What can be known to be wrong before anything is sent.
    fn fits(&self, request: &Request) -> Result<(), LlmError> {
        if self.model(request).is_empty() {
            return Err(LlmError::Setting { name: "model", why: "is missing".to_owned() });
        }
        if let Some(schema) = &request.schema {
            schema.check()?;
        }
        let wanted = request.input_estimate().saturating_add(request.most_output.into());
        match self.settings.context_tokens {
            Some(most) if wanted > u64::from(most) => Err(LlmError::TooLong {
                said: format!("about {wanted} tokens, and `context_tokens` is {most}"),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// What to try instead, or the error where there is nothing.
    fn lesson(&self, model: &str, rules: Rules, error: LlmError) -> Result<Rules, LlmError> {
        let LlmError::Parameter { name, .. } = &error else { return Err(error) };
        let about_schema =
            matches!(name.as_str(), "response_format" | "output_config" | "text.format" | "format");
        if about_schema && self.settings.schema_by == SchemaBy::Native {
            return Err(error);
        }
        self.learned.refused(model, rules, name).ok_or(error)
    }

    /// What asking sends, as far as is known now.
    fn body(&self, request: &Request) -> Result<Vec<u8>, LlmError> {
        self.fits(request)?;
        let model = self.model(request);
        let call = Call { request, model, rules: self.rules(model), streamed: false };
        serde_json::to_vec(&self.dialect.body(&call))
            .map_err(|_| LlmError::shape("request", "cannot be written"))
    }

    async fn asked(&self, request: &Request) -> Result<Reply, LlmError> {
        self.fits(request)?;
        let model = self.model(request);
        let path = self.dialect.path(model)?;
        let mut rules = self.rules(model);
        for _ in 0..MOST_LESSONS {
            let call = Call { request, model, rules, streamed: false };
            match self.connection.post(&path, &self.dialect.body(&call), model).await {
                Ok((answer, left)) => return self.whole(request, &answer, left),
                Err(error) => rules = self.lesson(model, rules, error)?,
            }
        }
        Err(LlmError::Refused { said: "one parameter after another is refused".to_owned() })
    }

    fn whole(&self, request: &Request, answer: &Value, left: Left) -> Result<Reply, LlmError> {
        let mut heard = Heard::default();
        self.dialect.whole(answer, &mut heard)?;
        heard.finish(request, left)
    }

    async fn opened(&self, request: &Request) -> Result<Stream, LlmError> {
        self.fits(request)?;
        let model = self.model(request);
        let path = self.dialect.path(model)?;
        let mut rules = self.rules(model);
        for _ in 0..MOST_LESSONS {
            let call = Call { request, model, rules, streamed: true };
            match self.connection.open(&path, &self.dialect.body(&call), model).await {
                Ok(opened) => return self.streaming(request, opened).await,
                Err(error) => rules = self.lesson(model, rules, error)?,
            }
        }
        Err(LlmError::Refused { said: "one parameter after another is refused".to_owned() })
    }

    async fn streaming(
        &self,
        request: &Request,
        (mut body, key): (quell_http::Streamed, Option<SecretString>),
    ) -> Result<Stream, LlmError> {
        let left = Left::read(body.headers());
        let kind = body.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let expected = match self.dialect.framing() {
            Framing::Events => "text/event-stream",
            Framing::Lines => "ndjson",
        };
        let model = self.model(request).to_owned();
        if kind.contains(expected) {
            let dialect = Arc::clone(&self.dialect);
            return Ok(Stream::new(dialect, (model, key), request.clone(), (body, left)));
        }
        if !kind.contains("application/json") {
            return Err(not_the_api(&kind));
        }
        // The server does not stream, and answered whole.
        let mut all = Vec::new();
        while let Some(piece) = body.next().await? {
            all.extend_from_slice(&piece);
        }
        let answer: Value = serde_json::from_slice(&all)
            .map_err(|_| LlmError::shape("$", "is no JSON, and no stream"))?;
        if let Some(error) = of_event(&answer, Whose { model: &model, key: key.as_ref() }) {
            return Err(error);
        }
        Ok(Stream::of(self.whole(request, &answer, left)?))
    }

    fn batches(&self) -> Result<&dyn Batches, LlmError> {
        let none = LlmError::Unsupported("this provider takes no batches");
        self.dialect.batches().ok_or(none)
    }

    async fn submitted(&self, requests: &[(String, Request)]) -> Result<String, LlmError> {
        let batches = self.batches()?;
        let mut bodies = Vec::with_capacity(requests.len());
        for (name, request) in requests {
            self.fits(request)?;
            let model = self.model(request);
            let call = Call { request, model, rules: self.rules(model), streamed: false };
            bodies.push((name.clone(), self.dialect.body(&call)));
        }
        batches.submit(&self.connection, bodies).await
    }

    async fn collected(
        &self,
        batch: &Batch,
        requests: &[(String, Request)],
    ) -> Result<Vec<(String, Result<Reply, LlmError>)>, LlmError> {
        let batches = self.batches()?;
        let mut out = Vec::new();
        for place in &batch.answers {
            let text = self.connection.lines(place, crate::chat::MOST_BATCH_BYTES).await?;
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: Value = serde_json::from_slice(line)
                    .map_err(|_| LlmError::shape("batch", "a line is no JSON"))?;
                let answer = batches.line(&line);
                out.extend(answer.and_then(|answer| self.of_batch(answer, requests)));
            }
        }
        Ok(out)
    }

    /// One answer of a batch. A name that was never handed in is nobody's.
    fn of_batch(
        &self,
        (name, answer): (String, Result<Value, Value>),
        requests: &[(String, Request)],
    ) -> Option<(String, Result<Reply, LlmError>)> {
        let (_, request) = requests.iter().find(|(known, _)| *known == name)?;
        let silent = || LlmError::Refused { said: "without a reason".to_owned() };
        let reply = match answer {
            Ok(answer) => self.whole(request, &answer, Left::default()),
            Err(error) => {
                let whose = Whose { model: self.model(request), key: None };
                Err(of_event(&error, whose).unwrap_or_else(silent))
            }
        };
        Some((name, reply))
    }
}

impl Provider for Speaker {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn means(&self) -> Means {
        Means {
            schema: self.rules(&self.settings.model).schema,
            embeddings: self.settings.embedding_model.is_some() && self.dialect.vectors().is_some(),
            batch: self.dialect.batches().is_some(),
        }
    }

    fn payload(&self, request: &Request) -> Result<Vec<u8>, LlmError> {
        self.body(request)
    }

    fn ask<'a>(&'a self, request: &'a Request) -> Future<'a, Reply> {
        Box::pin(self.asked(request))
    }

    fn stream<'a>(&'a self, request: &'a Request) -> Future<'a, Stream> {
        Box::pin(self.opened(request))
    }

    fn embed<'a>(&'a self, texts: &'a [&'a str]) -> Future<'a, Vec<Vec<f32>>> {
        Box::pin(async move {
            let none = || LlmError::Unsupported("this provider makes no vectors");
            let vectors = self.dialect.vectors().ok_or_else(none)?;
            let missing =
                || LlmError::Setting { name: "embedding_model", why: "is missing".to_owned() };
            let model = self.settings.embedding_model.as_deref().ok_or_else(missing)?;
            embeddings::embed(&self.connection, vectors, model, texts).await
        })
    }

    fn models(&self) -> Future<'_, Vec<Model>> {
        Box::pin(async move {
            let answer = self.connection.get(self.dialect.models_path()).await?;
            Ok(self.dialect.models(&answer))
        })
    }

    fn submit<'a>(&'a self, requests: &'a [(String, Request)]) -> Future<'a, String> {
        Box::pin(self.submitted(requests))
    }

    fn poll<'a>(&'a self, batch: &'a str) -> Future<'a, Batch> {
        Box::pin(async move { self.batches()?.poll(&self.connection, batch).await })
    }

    fn collect<'a>(
        &'a self,
        batch: &'a Batch,
        requests: &'a [(String, Request)],
    ) -> Future<'a, Vec<(String, Result<Reply, LlmError>)>> {
        Box::pin(self.collected(batch, requests))
    }
}

/// The entries of a list of models, in the shape that most share.
pub(crate) fn listed(answer: &Value, list: &str, id: &str, input: &str) -> Vec<Model> {
    let all = answer.get(list).and_then(Value::as_array).into_iter().flatten();
    let read = all.filter_map(|model| {
        Some(Model {
            id: short(model.get(id)?.as_str()?),
            input_tokens: model.get(input).and_then(Value::as_u64),
        })
    });
    read.take(10_000).collect()
}

/// A field as text; empty where there is none.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A field as a number.
pub(crate) fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}
