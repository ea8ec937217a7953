//! What a refusal means, over the words of all vendors and of the gateways before them.

use quell_http::{HttpError, Remote};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::LlmError;
use crate::error::tame;
use crate::left::{text, wait};

/// Shorter keys are not looked for: they would stand in any text by chance.
const SHORTEST: usize = 4;

/// Who was asked, and the key, which no error may repeat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose<'a> {
    pub(crate) model: &'a str,
    pub(crate) key: Option<&'a SecretString>,
}

impl Whose<'_> {
    /// A provider's words without the key.
    fn hidden(&self, said: Said) -> Said {
        let Some(key) = self.key.map(|key| key.expose_secret().trim()) else { return said };
        if key.len() < SHORTEST {
            return said;
        }
        let hide = |text: String| text.replace(key, "[hidden]");
        Said { message: hide(said.message), kind: said.kind, param: said.param.map(hide) }
    }
}

/// What a provider says is wrong.
#[derive(Debug, Clone, Default)]
struct Said {
    message: String,
    /// `type` and `code`, joined.
    kind: String,
    param: Option<String>,
}

/// An exchange that failed, in its kind.
pub(crate) fn of_http(error: HttpError, whose: Whose<'_>) -> LlmError {
    let Some(remote) = error.remote() else { return LlmError::Http(error) };
    let Some(said) = read(remote.body()) else {
        return no_json(remote).unwrap_or(LlmError::Http(error));
    };
    let said = whose.hidden(said);
    let told_not = text(remote.headers(), "x-should-retry") == Some("false");
    let error = classify(remote.status(), &said, whose.model);
    let LlmError::Busy { said, .. } = error else { return error };
    if told_not {
        return LlmError::Refused { said };
    }
    LlmError::Busy { after: wait(remote.headers()).or_else(|| remote.retry_after()), said }
}

/// An error within an answer that began well.
pub(crate) fn of_event(event: &Value, whose: Whose<'_>) -> Option<LlmError> {
    let is_error = event.get("type").is_some_and(|kind| kind == "error");
    if !is_error && event.get("error").is_none_or(Value::is_null) {
        return None;
    }
    let said = whose.hidden(said(event)?);
    let status = [
        ("overloaded", 529),
        ("rate_limit", 429),
        ("insufficient_quota", 429),
        ("authentication", 401),
        ("permission", 403),
        ("not_found", 404),
        ("invalid", 400),
        ("content_filter", 400),
    ];
    let status = status.iter().find(|(word, _)| said.kind.contains(word));
    Some(classify(status.map_or(500, |(_, status)| *status), &said, whose.model))
}

/// An answer that holds no error as an API tells it: a gateway's, or none of this kind at all.
fn no_json(remote: &Remote) -> Option<LlmError> {
    let said = tame(&format!("status {}: {}", remote.status(), remote.said()));
    Some(match remote.status() {
        401 | 407 => LlmError::Login { said },
        403 => LlmError::Forbidden { said },
        402 => LlmError::Quota { said },
        408 | 409 | 425 | 429 | 500.. => LlmError::Busy { after: wait(remote.headers()), said },
        400..=499 => LlmError::NotTheApi { said },
        _ => return None,
    })
}

fn read(body: &[u8]) -> Option<Said> {
    let value: Value = serde_json::from_slice(body).ok()?;
    // Some gateways put it into a list.
    said(value.as_array().and_then(|list| list.first()).unwrap_or(&value))
}

fn said(value: &Value) -> Option<Said> {
    let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
    if let Some(message) = error.as_str() {
        return Some(Said { message: message.to_owned(), ..Said::default() });
    }
    let field = |name: &str| match error.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = field("message").or_else(|| field("detail"))?;
    let inner = error.pointer("/innererror/code").and_then(Value::as_str);
    let kind = [field("type"), field("code"), inner.map(str::to_owned)];
    let kind: Vec<String> = kind.into_iter().flatten().collect();
    Some(Said { message, kind: kind.join(" "), param: field("param") })
}

fn classify(status: u16, error: &Said, model: &str) -> LlmError {
    let said = tame(&error.message);
    let kind = error.kind.to_ascii_lowercase();
    let words = error.message.to_ascii_lowercase();
    let is = |names: &[&str]| names.iter().any(|name| kind.contains(name));
    let says = |names: &[&str]| names.iter().any(|name| words.contains(name));
    let poor = ["credit balance", "exceeded your current quota", "billing"];
    if status == 402 || is(&["insufficient_quota", "billing"]) || says(&poor) {
        return LlmError::Quota { said };
    }
    match status {
        401 => LlmError::Login { said },
        403 => LlmError::Forbidden { said },
        404 if is(&["model", "deployment", "not_found_error"])
            || says(&["model", "deployment"]) =>
        {
            LlmError::NoModel { model: tame(model), said }
        }
        404 | 405 => LlmError::NotTheApi { said },
        408 | 409 | 425 | 429 | 500.. => LlmError::Busy { after: None, said },
        _ if is_long(status, &kind, &words) => LlmError::TooLong { said },
        _ if is(&["content_filter", "content_policy", "responsibleai"]) => {
            LlmError::Filtered { said }
        }
        _ if is(&["model_not_found"]) => LlmError::NoModel { model: tame(model), said },
        _ => match parameter(error, &kind, &words) {
            Some(name) => LlmError::Parameter { name: tame(&name), said },
            None => LlmError::Refused { said },
        },
    }
}

fn is_long(status: u16, kind: &str, words: &str) -> bool {
    let kinds = ["context_length_exceeded", "request_too_large", "exceed_context_size"];
    let phrases =
        ["prompt is too long", "maximum context length", "context window", "context size"];
    status == 413
        || kinds.iter().any(|name| kind.contains(name))
        || phrases.iter().any(|phrase| words.contains(phrase))
}

/// The parameters that can be left out or said otherwise.
const OPTIONAL: &[&str] = &[
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "temperature",
    "reasoning_effort",
    "reasoning",
    "effort",
    "response_format",
    "output_config",
    "text.format",
    "stream_options",
    "think",
    "format",
    "store",
];

/// The parameter that a model does not take, where the refusal is about one.
fn parameter(error: &Said, kind: &str, words: &str) -> Option<String> {
    let named = ["unsupported_parameter", "unsupported_value", "unknown_parameter"];
    let phrases = [
        "extra inputs are not permitted",
        "is deprecated for this model",
        "unrecognized request argument",
        "unknown parameter",
        "not supported",
        "does not support",
        "unsupported",
        "extra fields not permitted",
    ];
    let about = named.iter().any(|name| kind.contains(name))
        || phrases.iter().any(|phrase| words.contains(phrase));
    if !about {
        return None;
    }
    let found = |text: &str| {
        let found = OPTIONAL.iter().filter_map(|name| Some((text.find(name)?, *name)));
        // Of two that begin at one place the longer one stands first in the list.
        found.min_by_key(|(at, _)| *at).map(|(_, name)| name.to_owned())
    };
    let given = error.param.as_deref().filter(|param| !param.is_empty());
    given.map_or_else(|| found(words), |param| found(param).or_else(|| Some(param.to_owned())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(status: u16, body: &Value) -> String {
        let error = classify(status, &said(body).unwrap(), "m");
        format!("{error:?}").split(' ').next().unwrap().to_owned()
    }

    #[test]
    fn every_vendor_s_refusals_have_their_kind() {
        let openai = |kind: &str, code: &str, message: &str| json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
        let anthropic = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"});
        for (status, body, kind) in [
            (429, openai("requests", "rate_limit_exceeded", "Rate limit reached"), "Busy"),
            (429, openai("insufficient_quota", "insufficient_quota", "You exceeded"), "Quota"),
            (401, openai("invalid_request_error", "invalid_api_key", "Incorrect"), "Login"),
            (404, openai("invalid_request_error", "model_not_found", "The model"), "NoModel"),
            (400, openai("x", "context_length_exceeded", "too many"), "TooLong"),
            (400, openai("x", "content_filter", "The response was filtered"), "Filtered"),
            (400, openai("x", "unsupported_parameter", "Use `max_tokens`"), "Parameter"),
            (400, openai("invalid_request_error", "", "No."), "Refused"),
            (529, anthropic("overloaded_error", "Overloaded"), "Busy"),
            (413, anthropic("request_too_large", "Request exceeds"), "TooLong"),
            (400, anthropic("invalid_request_error", "prompt is too long: 9 > 8"), "TooLong"),
            (400, anthropic("invalid_request_error", "Your credit balance is too low"), "Quota"),
            (402, anthropic("billing_error", "Pay"), "Quota"),
            (404, anthropic("not_found_error", "model: x"), "NoModel"),
            (403, anthropic("permission_error", "No"), "Forbidden"),
            (404, json!({"error": "model 'x' not found, try pulling it first"}), "NoModel"),
            (503, json!({"error": "server busy, please try again"}), "Busy"),
            (404, json!({"error": {"code": "DeploymentNotFound", "message": "No"}}), "NoModel"),
            (404, json!({"message": "no Route matched with those values"}), "NotTheApi"),
            (
                400,
                json!({"error": {"code": 400, "message": "the request exceeds the available \
                context size", "type": "exceed_context_size_error"}}),
                "TooLong",
            ),
        ] {
            assert_eq!(check(status, &body), kind, "{status} {body}");
        }
    }

    #[test]
    fn no_words_repeat_the_key_wherever_it_stands() {
        let key = SecretString::from("k3y-of-some-length");
        let whose = Whose { model: "m", key: Some(&key) };
        for filler in 0..320 {
            let message = format!("{}k3y-of-some-length", "x".repeat(filler));
            let event = json!({"error": {"message": message, "param": "k3y-of-some-length"}});
            let error = of_event(&event, whose).unwrap().to_string();
            assert!(!error.contains("k3y"), "{error}");
        }
    }

    #[test]
    fn the_parameter_is_found_in_its_place_or_in_the_words() {
        let name = |message: &str, param: Value| {
            let body = json!({"error": {"message": message, "type": "invalid_request_error",
                "param": param, "code": "unsupported_parameter"}});
            let error = classify(400, &said(&body).unwrap(), "m");
            let LlmError::Parameter { name, .. } = error else { panic!("{error:?}") };
            name
        };
        let use_other = "'max_tokens' is not supported. Use 'max_completion_tokens' instead.";
        assert_eq!(name(use_other, json!("max_tokens")), "max_tokens");
        assert_eq!(name(use_other, Value::Null), "max_tokens");
        assert_eq!(name("`temperature` is deprecated for this model.", Value::Null), "temperature");
        let extra = "output_config.format: Extra inputs are not permitted";
        assert_eq!(name(extra, Value::Null), "output_config");
        assert_eq!(name("x", json!("response_format.json_schema")), "response_format");
    }
}
