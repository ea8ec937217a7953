//! A call read and judged as its vendor would.

use serde_json::Value;

use super::wrong::Wrong;
use super::{LLM_KEY, chat, messages, ollama, responses};
use crate::net::Asked;

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI's Chat Completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Chat Completions at Azure.
    Azure,
    /// Ollama's own.
    Ollama,
    /// Chat Completions at a server of one's own.
    Compatible,
}

impl Protocol {
    /// By the path of a call.
    pub(super) fn of(path: &str, is_anthropic: bool) -> Option<Self> {
        match path {
            _ if path.starts_with("/compatible/v1/") => Some(Self::Compatible),
            _ if path.starts_with("/openai/") => Some(Self::Azure),
            "/api/chat" | "/api/embed" | "/api/tags" => Some(Self::Ollama),
            "/v1/messages" => Some(Self::Messages),
            "/v1/models" if is_anthropic => Some(Self::Messages),
            "/v1/responses" => Some(Self::Responses),
            "/v1/chat/completions" | "/v1/models" | "/v1/embeddings" => Some(Self::Chat),
            _ => None,
        }
    }
}

/// What the model is asked, whatever the protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmAsked {
    /// The protocol.
    pub protocol: Protocol,
    /// The model.
    pub model: String,
    /// The instructions.
    pub system: String,
    /// The input.
    pub user: String,
    /// The shape that is wanted.
    pub schema: Option<Value>,
    /// Most tokens of the answer.
    pub most_output: u64,
    /// Whether it is streamed.
    pub streamed: bool,
    /// Whether the provider keeps it.
    pub kept: bool,
    /// Whether a stream tells tokens.
    pub tells_usage: bool,
}

impl LlmAsked {
    pub(super) fn new(protocol: Protocol, body: &Value) -> Self {
        let text =
            |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            protocol,
            model: text("model"),
            system: text("system"),
            user: String::new(),
            schema: None,
            most_output: u64::MAX,
            streamed: body.get("stream") == Some(&Value::Bool(true)),
            kept: false,
            tells_usage: true,
        }
    }

    /// Whether the model thinks, and therefore refuses some parameters.
    pub(super) fn reasons(&self) -> bool {
        let begins = ["gpt-5", "gpt-6", "o1", "o3", "o4"];
        begins.iter().any(|begin| self.model.starts_with(begin))
    }
}

/// Reads a call.
pub(super) fn read(asked: &Asked, protocol: Protocol, body: &Value) -> Result<LlmAsked, Wrong> {
    if asked.method != "POST" {
        return Err(Wrong::new(405, "method_not_allowed", "Not allowed."));
    }
    login(asked, protocol)?;
    if !body.is_object() {
        return Err(Wrong::invalid("We could not parse the JSON body of your request."));
    }
    let target = format!("{}?{}", asked.path, asked.query);
    of_body(protocol, &target, body)
}

/// Reads the body of a call.
pub(super) fn of_body(protocol: Protocol, target: &str, body: &Value) -> Result<LlmAsked, Wrong> {
    let turn = match protocol {
        Protocol::Chat | Protocol::Azure | Protocol::Compatible => {
            chat::read(protocol, target, body)?
        }
        Protocol::Responses => responses::read(body)?,
        Protocol::Messages => messages::read(body)?,
        Protocol::Ollama => ollama::read(body)?,
    };
    if turn.model.is_empty() {
        return Err(Wrong::invalid("you must provide a model parameter"));
    }
    if turn.model.starts_with("missing") {
        return Err(Wrong::no_model(&turn.model));
    }
    Ok(turn)
}

/// Whether the key is the right one.
pub(super) fn login(asked: &Asked, protocol: Protocol) -> Result<(), Wrong> {
    let bearer = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
    let key = match protocol {
        Protocol::Ollama | Protocol::Compatible => return Ok(()),
        Protocol::Chat | Protocol::Responses => bearer,
        Protocol::Azure => bearer.or_else(|| asked.header("api-key")),
        Protocol::Messages => {
            if asked.header("anthropic-version") != Some("2023-06-01") {
                return Err(Wrong::invalid("anthropic-version: header is required"));
            }
            bearer.or_else(|| asked.header("x-api-key"))
        }
    };
    match key {
        Some(key) if key == LLM_KEY => Ok(()),
        // Some vendors repeat the key.
        other => Err(Wrong::bad_key(other.unwrap_or_default())),
    }
}

/// Refuses fields that are not known.
pub(super) fn known(body: &Value, fields: &[&str]) -> Result<(), Wrong> {
    let odd = body.as_object().into_iter().flatten().map(|(name, _)| name);
    let odd = odd.into_iter().find(|name| !fields.contains(&name.as_str()));
    odd.map_or(Ok(()), |name| Err(Wrong::unknown_parameter(name)))
}

/// The text of the messages of a role.
pub(super) fn of_role(body: &Value, roles: &[&str]) -> String {
    let all = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let of = all.filter(|one| {
        one.get("role").and_then(Value::as_str).is_some_and(|role| roles.contains(&role))
    });
    of.filter_map(|one| one.get("content")?.as_str()).collect::<Vec<_>>().join("\n")
}
