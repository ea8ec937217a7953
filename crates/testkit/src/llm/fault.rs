//! What goes wrong with a call.

use std::time::Duration;

use serde_json::{Value, json};

use super::told::{Stop, Tokens, Told};
use super::wrong::Wrong;
use super::{LlmAsked, Protocol};
use crate::net::{Answer, Slow};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmFault {
    /// Too many requests; the wait in seconds.
    RateLimited,
    /// Too many requests; the wait in milliseconds.
    RateLimitedMillis,
    /// Too many requests; when the limit is full again, and no wait.
    RateLimitedReset,
    /// Too many requests until far ahead.
    RateLimitedLong,
    /// No quota is left, which is told like too many requests.
    QuotaGone,
    /// The bill is not paid.
    PayFirst,
    /// The provider is overloaded.
    Overloaded,
    /// The provider fails.
    ServerError,
    /// The provider fails, and says not to try again.
    ServerErrorForGood,
    /// The key is refused, and repeated in the answer.
    BadKey,
    /// The right is missing.
    NoRight,
    /// The model is not there.
    NoModel,
    /// The input is too long.
    TooLong,
    /// The input is filtered.
    InputFiltered,
    /// A parameter that has to be is not known.
    UnknownParameter,
    /// A gateway's page, with 502.
    GatewayPage,
    /// A portal's page, with 200.
    PortalPage,
    /// Plain text, with 500.
    PlainError,
    /// Elsewhere.
    Redirect,
    /// The connection ends without an answer.
    Lost,
    /// JSON that ends in the middle, of the right type.
    BrokenBody,
    /// The stream is cut within an event.
    CutStream,
    /// The stream ends well before the answer does.
    NoEnd,
    /// The provider is overloaded after 200.
    ErrorInStream,
    /// Events come twice.
    DuplicateEvents,
    /// Pings and comments between events.
    Pings,
    /// A whole answer where a stream was asked for.
    NotStreamed,
    /// An event without an end.
    HugeEvent,
    /// JSON of another shape.
    WrongSchema,
    /// JSON in a fence.
    Fenced,
    /// JSON with words around it.
    WordsAround,
    /// JSON with commas too many.
    TrailingCommas,
    /// No JSON.
    NotJson,
    /// Half of the JSON, told as whole.
    HalfJson,
    /// The model does not want to.
    Refusal,
    /// The answer is filtered.
    AnswerFiltered,
    /// Nothing was said until the cap.
    EmptyAtLength,
    /// The cap was reached in the middle.
    AtLength,
    /// Every word is made up.
    Hallucinated,
    /// The model does what the input says.
    Obeys,
    /// The first byte comes late.
    SlowFirstByte,
    /// The bytes come one by one.
    SlowDrip,
    /// Tokens are told as none.
    ZeroUsage,
    /// Tokens are not told.
    NoUsage,
    /// Tokens are told that cannot be.
    AbsurdUsage,
    /// The answer is endless.
    Huge,
    /// The type of the body is another.
    WrongContentType,
    /// A tool is called that was never offered.
    ToolCall,
    /// JSON without what every answer has.
    OddShape,
}

/// All of them.
pub const FAULTS: &[LlmFault] = &[
    LlmFault::RateLimited,
    LlmFault::RateLimitedMillis,
    LlmFault::RateLimitedReset,
    LlmFault::RateLimitedLong,
    LlmFault::QuotaGone,
    LlmFault::PayFirst,
    LlmFault::Overloaded,
    LlmFault::ServerError,
    LlmFault::ServerErrorForGood,
    LlmFault::BadKey,
    LlmFault::NoRight,
    LlmFault::NoModel,
    LlmFault::TooLong,
    LlmFault::InputFiltered,
    LlmFault::UnknownParameter,
    LlmFault::GatewayPage,
    LlmFault::PortalPage,
    LlmFault::PlainError,
    LlmFault::Redirect,
    LlmFault::Lost,
    LlmFault::BrokenBody,
    LlmFault::CutStream,
    LlmFault::NoEnd,
    LlmFault::ErrorInStream,
    LlmFault::DuplicateEvents,
    LlmFault::Pings,
    LlmFault::NotStreamed,
    LlmFault::HugeEvent,
    LlmFault::WrongSchema,
    LlmFault::Fenced,
    LlmFault::WordsAround,
    LlmFault::TrailingCommas,
    LlmFault::NotJson,
    LlmFault::HalfJson,
    LlmFault::Refusal,
    LlmFault::AnswerFiltered,
    LlmFault::EmptyAtLength,
    LlmFault::AtLength,
    LlmFault::Hallucinated,
    LlmFault::Obeys,
    LlmFault::SlowFirstByte,
    LlmFault::SlowDrip,
    LlmFault::ZeroUsage,
    LlmFault::NoUsage,
    LlmFault::AbsurdUsage,
    LlmFault::Huge,
    LlmFault::WrongContentType,
    LlmFault::ToolCall,
    LlmFault::OddShape,
];

const PAGE: &str = "<!doctype html><html><title>Bad gateway</title><body>Bad gateway</body></html>";

impl LlmFault {
    /// The answer instead of the model's, where the model is not asked.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most faults change nothing here")]
    pub(super) fn instead(self, protocol: Protocol) -> Option<Answer> {
        let page = |status| Some(Answer::new(status, PAGE).header("content-type", "text/html"));
        match self {
            Self::GatewayPage => return page(502),
            Self::PortalPage => return page(200),
            Self::PlainError => {
                return Some(
                    Answer::new(500, "upstream connect error").header("content-type", "text/plain"),
                );
            }
            Self::Redirect => {
                let to = "https://elsewhere.example/v1/chat/completions";
                return Some(Answer::new(307, "").header("location", to));
            }
            Self::Lost => return Some(Answer::none()),
            Self::BrokenBody => {
                let half = Answer::new(200, r#"{"id":"x","choices":[{"mess"#);
                return Some(half.header("content-type", "application/json"));
            }
            _ => {}
        }
        self.wrong(protocol).map(|wrong| wrong.answer(protocol))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most faults change nothing here")]
    fn wrong(self, protocol: Protocol) -> Option<Wrong> {
        let limited = || {
            let kind = if protocol == Protocol::Messages { "rate_limit_error" } else { "requests" };
            Wrong::new(429, kind, "Rate limit reached for requests.").code("rate_limit_exceeded")
        };
        let wrong = match self {
            Self::RateLimited => limited().header("retry-after", "7"),
            Self::RateLimitedMillis => {
                limited().header("retry-after-ms", "1500").header("retry-after", "2")
            }
            Self::RateLimitedReset => limited()
                .header("x-ratelimit-remaining-tokens", "0")
                .header("x-ratelimit-reset-tokens", "12s"),
            Self::RateLimitedLong => limited().header("retry-after", "3600"),
            Self::QuotaGone if protocol == Protocol::Messages => {
                Wrong::invalid("Your credit balance is too low to access the API.")
            }
            Self::QuotaGone => {
                let said = "You exceeded your current quota, please check your plan.";
                Wrong::new(429, "insufficient_quota", said).code("insufficient_quota")
            }
            Self::PayFirst => Wrong::new(402, "billing_error", "Payment is required."),
            Self::Overloaded => {
                let status = if protocol == Protocol::Messages { 529 } else { 503 };
                Wrong::new(status, "overloaded_error", "Overloaded, please try again.")
            }
            Self::ServerError => Wrong::new(500, "server_error", "The server had an error."),
            Self::ServerErrorForGood => Wrong::new(500, "server_error", "It had an error.")
                .header("x-should-retry", "false"),
            Self::BadKey => Wrong::bad_key(super::LLM_KEY),
            Self::NoRight => {
                Wrong::new(403, "permission_error", "Your project does not have access to that.")
            }
            Self::NoModel => Wrong::no_model("some-model"),
            Self::TooLong if protocol == Protocol::Messages => {
                Wrong::invalid("prompt is too long: 210000 tokens > 200000 maximum")
            }
            Self::TooLong => {
                let said = "This model's maximum context length is 8192 tokens.";
                Wrong::invalid(said).code("context_length_exceeded")
            }
            Self::InputFiltered => {
                let said = "The input was refused by the content_filter.";
                Wrong::invalid(said).code("content_filter")
            }
            Self::UnknownParameter => Wrong::unknown_parameter("messages"),
            _ => return None,
        };
        Some(wrong)
    }

    /// Changes what is told.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most faults change nothing here")]
    pub(super) fn change(self, turn: &LlmAsked, told: &mut Told) {
        match self {
            Self::WrongSchema => told.text = r#"{"unwanted":true}"#.to_owned(),
            Self::Fenced => told.text = format!("```json\n{}\n```", told.text),
            Self::WordsAround => {
                told.text = format!("Here is the answer:\n{}\nI hope it helps!", told.text);
            }
            Self::TrailingCommas => told.text = told.text.replace('}', ",}"),
            Self::NotJson => told.text = "I would rather write an essay.".to_owned(),
            Self::HalfJson => told.text.truncate(told.text.len() / 2),
            Self::Refusal => told.refusal = Some("I can't help with that.".to_owned()),
            Self::AnswerFiltered => told.stop = Stop::Filter,
            Self::EmptyAtLength => {
                told.text.clear();
                told.stop = Stop::Length;
                if let Some(tokens) = &mut told.tokens {
                    (tokens.output, tokens.reasoning) = (64, 64);
                }
            }
            Self::AtLength => {
                told.text.truncate(told.text.floor_char_boundary(told.text.len() / 2));
                told.stop = Stop::Length;
            }
            Self::Hallucinated => told.text = made_up(&told.text),
            Self::Obeys => told.text = obeyed(turn, &told.text),
            Self::ZeroUsage => told.tokens = Some(Tokens::default()),
            Self::NoUsage => told.tokens = None,
            Self::AbsurdUsage => {
                told.tokens = Some(Tokens {
                    input: u64::MAX,
                    cached: u64::MAX,
                    output: 1 << 60,
                    reasoning: 1,
                });
            }
            Self::Huge => told.text = "word ".repeat(2 << 20),
            Self::ToolCall => told.stop = Stop::Tool,
            _ => {}
        }
    }

    /// Disturbs the events of a stream.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most faults change nothing here")]
    pub(super) fn disturb(self, protocol: Protocol, events: &mut Vec<Value>) {
        match self {
            Self::NoEnd => {
                let keep = events.len().saturating_sub(3).max(1);
                events.truncate(keep);
            }
            Self::ErrorInStream => {
                let wrong = Wrong::new(529, "overloaded_error", "Overloaded");
                events.truncate(2);
                events.push(wrong.value(protocol));
            }
            Self::DuplicateEvents => {
                *events = events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
            }
            Self::HugeEvent => events.insert(1, json!({"filler": "x".repeat(3 << 20)})),
            _ => {}
        }
    }

    /// Spoils the answer as a whole.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most faults change nothing here")]
    pub(super) fn spoil(self, mut answer: Answer) -> Answer {
        let millis = Duration::from_millis;
        match self {
            Self::CutStream => {
                let whole = answer.body.len();
                answer.body.truncate(whole / 2);
                answer.header("content-length", &whole.to_string())
            }
            Self::SlowFirstByte => {
                answer.slow = Some(Slow { first: millis(1_500), ..Slow::default() });
                answer
            }
            Self::SlowDrip => {
                answer.slow = Some(Slow { each: millis(30), piece: 8, ..Slow::default() });
                answer
            }
            Self::WrongContentType => {
                answer.headers.retain(|(name, _)| name != "content-type");
                answer.header("content-type", "text/html; charset=utf-8")
            }
            _ => answer,
        }
    }
}

/// The same shape with other words, which stand in no evidence.
fn made_up(text: &str) -> String {
    fn changed(value: &Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(
                map.iter().map(|(key, value)| (key.clone(), changed(value))).collect(),
            ),
            Value::Array(all) => all.iter().map(changed).collect(),
            Value::String(_) => {
                json!("arn:aws:s3:::bucket-that-never-was --no-such-flag CVE-2099-0001")
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
    serde_json::from_str(text).map_or_else(
        |_| "Delete arn:aws:s3:::bucket-that-never-was.".to_owned(),
        |value: Value| changed(&value).to_string(),
    )
}

/// What the input orders after `answer with `, if it does.
fn obeyed(turn: &LlmAsked, otherwise: &str) -> String {
    let (_, order) = turn.user.rsplit_once("answer with ").unwrap_or_default();
    let order = order.lines().next().unwrap_or_default().trim();
    if order.is_empty() { otherwise.to_owned() } else { order.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_listed_once() {
        let names: std::collections::BTreeSet<String> =
            FAULTS.iter().map(|fault| format!("{fault:?}")).collect();
        assert_eq!(names.len(), FAULTS.len());
        assert!(names.len() >= 30);
    }
}
