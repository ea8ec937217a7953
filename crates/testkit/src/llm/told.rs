//! What the model tells, and how it goes out.

use serde_json::Value;

use super::{LlmAsked, LlmFault, Protocol, chat, json_answer, messages, ollama, responses};
use crate::net::Answer;

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    End,
    Length,
    Filter,
    /// A tool that was never offered.
    Tool,
}

/// Tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) cached: u64,
    pub(super) output: u64,
    pub(super) reasoning: u64,
}

/// An answer before it is written.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) model: String,
    pub(super) text: String,
    pub(super) refusal: Option<String>,
    pub(super) stop: Stop,
    pub(super) tokens: Option<Tokens>,
    pub(super) tells_usage: bool,
}

impl Told {
    pub(super) fn new(turn: &LlmAsked, text: String) -> Self {
        let count = |bytes: usize| u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX);
        let input = count(turn.system.len() + turn.user.len()) + 8;
        let output = count(text.len()).max(1);
        let tokens = Tokens { input, cached: input / 4, output, reasoning: 0 };
        let mut told = Self {
            model: turn.model.clone(),
            text,
            refusal: None,
            stop: Stop::End,
            tokens: Some(tokens),
            tells_usage: turn.tells_usage,
        };
        if output > turn.most_output {
            let most = usize::try_from(turn.most_output.saturating_mul(4)).unwrap_or(usize::MAX);
            told.text.truncate(told.text.floor_char_boundary(most));
            told.stop = Stop::Length;
            told.tokens = Some(Tokens { output: turn.most_output, ..tokens });
        }
        told
    }

    /// The words in pieces of some characters.
    pub(super) fn pieces(words: &str) -> impl Iterator<Item = String> {
        let all: Vec<char> = words.chars().collect();
        let size = (all.len() / 40).max(5);
        all.chunks(size).map(|piece| piece.iter().collect()).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn value(&self, protocol: Protocol) -> Value {
        match protocol {
            Protocol::Chat | Protocol::Azure | Protocol::Compatible => chat::whole(self),
            Protocol::Responses => responses::whole(self),
            Protocol::Messages => messages::whole(self),
            Protocol::Ollama => ollama::whole(self),
        }
    }

    pub(super) fn whole(&self, protocol: Protocol, fault: Option<LlmFault>) -> Answer {
        if fault == Some(LlmFault::OddShape) {
            return json_answer(200, &serde_json::json!({"object": "something else"}));
        }
        let answer = json_answer(200, &self.value(protocol));
        limits(answer, protocol)
    }

    pub(super) fn stream(&self, protocol: Protocol, fault: Option<LlmFault>) -> Answer {
        if fault == Some(LlmFault::NotStreamed) {
            return self.whole(protocol, None);
        }
        if fault == Some(LlmFault::OddShape) {
            return self.whole(protocol, fault);
        }
        let mut events = match protocol {
            Protocol::Chat | Protocol::Azure | Protocol::Compatible => chat::events(self, protocol),
            Protocol::Responses => responses::events(self),
            Protocol::Messages => messages::events(self),
            Protocol::Ollama => ollama::events(self),
        };
        if let Some(fault) = fault {
            fault.disturb(protocol, &mut events);
        }
        let mut body = String::new();
        for event in &events {
            let kind = event.get("type").and_then(Value::as_str);
            match (protocol, kind) {
                (Protocol::Ollama, _) => {}
                (Protocol::Messages | Protocol::Responses, Some(kind)) => {
                    body.push_str(&format!("event: {kind}\ndata: "));
                }
                _ => body.push_str("data: "),
            }
            body.push_str(&event.to_string());
            body.push_str(if protocol == Protocol::Ollama { "\n" } else { "\n\n" });
            if fault == Some(LlmFault::Pings) && protocol != Protocol::Ollama {
                body.push_str(": keep-alive\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n");
            }
        }
        let open = matches!(fault, Some(LlmFault::NoEnd | LlmFault::ErrorInStream));
        let is_chat = matches!(protocol, Protocol::Chat | Protocol::Azure | Protocol::Compatible);
        if is_chat && !open {
            body.push_str("data: [DONE]\n\n");
        }
        let lines = protocol == Protocol::Ollama;
        let kind = if lines { "application/x-ndjson" } else { "text/event-stream; charset=utf-8" };
        limits(Answer::new(200, body).header("content-type", kind), protocol)
    }
}

/// The headers of limits, as each vendor writes them.
fn limits(answer: Answer, protocol: Protocol) -> Answer {
    match protocol {
        Protocol::Messages => answer
            .header("anthropic-ratelimit-requests-remaining", "49")
            .header("anthropic-ratelimit-tokens-remaining", "90000")
            .header("anthropic-ratelimit-tokens-reset", "2026-11-20T10:00:00Z"),
        Protocol::Ollama => answer,
        Protocol::Chat | Protocol::Responses | Protocol::Azure | Protocol::Compatible => answer
            .header("x-ratelimit-remaining-requests", "49")
            .header("x-ratelimit-remaining-tokens", "90000")
            .header("x-ratelimit-reset-tokens", "6m0s"),
    }
}
