//! Refusals, in each vendor's shape.

use serde_json::{Value, json};

use super::{Protocol, json_answer};
use crate::net::Answer;

/// A refusal.
#[derive(Debug, Clone)]
pub(super) struct Wrong {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    headers: Vec<(&'static str, &'static str)>,
}

impl Wrong {
    pub(super) fn new(status: u16, kind: &'static str, message: &str) -> Self {
        let (code, param, headers) = (None, None, Vec::new());
        Self { status, kind, code, param, message: message.to_owned(), headers }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn no_model(model: &str) -> Self {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        Self::new(404, "not_found_error", &message).code("model_not_found")
    }

    pub(super) fn bad_key(key: &str) -> Self {
        let message = format!("Incorrect API key provided: {key}.");
        Self::new(401, "authentication_error", &message).code("invalid_api_key")
    }

    pub(super) fn unknown_parameter(name: &str) -> Self {
        let message = format!("Unrecognized request argument supplied: {name}");
        Self::invalid(&message).param(name)
    }

    pub(super) fn unsupported(name: &str, why: &str) -> Self {
        let message = format!("Unsupported parameter: '{name}' {why}");
        Self::invalid(&message).code("unsupported_parameter").param(name)
    }

    /// The body, as the vendor writes it.
    pub(super) fn value(&self, protocol: Protocol) -> Value {
        let message = &self.message;
        match protocol {
            Protocol::Messages => json!({"type": "error",
                "error": {"type": self.kind, "message": self.words()}, "request_id": "req_1"}),
            Protocol::Ollama => json!({"error": message}),
            Protocol::Azure => {
                let code = match self.code {
                    Some("model_not_found") => "DeploymentNotFound",
                    Some("rate_limit_exceeded") => "429",
                    Some("invalid_api_key") => "401",
                    Some(code) => code,
                    None => "BadRequest",
                };
                let inner = json!({"code": "ResponsibleAIPolicyViolation",
                    "content_filter_result": {"hate": {"filtered": true, "severity": "high"}}});
                let inner = if code == "content_filter" { inner } else { Value::Null };
                json!({"error": {"code": code, "message": message, "param": self.param,
                    "innererror": inner}})
            }
            Protocol::Chat | Protocol::Responses | Protocol::Compatible => {
                let kind = if self.status == 404 { "invalid_request_error" } else { self.kind };
                json!({"error": {"message": message, "type": kind, "param": self.param,
                    "code": self.code}})
            }
        }
    }

    /// Anthropic names the parameter in its words.
    fn words(&self) -> String {
        match (&self.param, self.code) {
            (Some(param), None) => format!("{param}: Extra inputs are not permitted"),
            _ => self.message.clone(),
        }
    }

    pub(super) fn answer(&self, protocol: Protocol) -> Answer {
        let answer = json_answer(self.status, &self.value(protocol));
        self.headers.iter().fold(answer, |answer, (name, value)| answer.header(name, value))
    }
}
