//! `[telemetry]`: logs and traces.

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// Logs and traces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Where traces go (OTLP over HTTP); without it, nowhere.
    pub otlp_endpoint: Option<String>,
    /// What is logged.
    pub log_level: LogLevel,
    /// How it is written.
    pub log_format: LogFormat,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What a person must act on.
    Error,
    /// And what may need one.
    Warn,
    /// And what happens.
    Info,
    /// And data of customers.
    Debug,
    /// And every step.
    Trace,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

pub(super) const TABLE: Table = Table {
    name: "telemetry",
    named: None,
    doc: "Logs and traces.",
    keys: &[
        Key::new(
            "otlp_endpoint",
            Kind::Url,
            "Where OpenTelemetry traces go (OTLP over HTTP). Without it, none are made.",
        )
        .sample("http://127.0.0.1:4318"),
        Key::new(
            "log_level",
            Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
            "What is logged. `debug` and `trace` may hold data of findings.",
        )
        .or("info"),
        Key::new(
            "log_format",
            Kind::Choice(&["text", "json"]),
            "How logs are written: lines for people, or an object of JSON a line.",
        )
        .or("text"),
    ],
    rule: no_rule,
};
