//! `[audit]` and `[audit_streams.NAME]`: what is kept of the audit log elsewhere.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Broken, Instance, no_rule};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// What is kept of the audit log elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Where checkpoints are kept: `file:` and a folder, `git:` and a repository, `s3:` and the
    /// name of a bucket, or an address that takes them.
    pub checkpoints: Vec<String>,
    /// How often a new one is sent.
    pub checkpoint_seconds: u64,
}

/// Where records go as the log grows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditStream {
    /// Whether it runs.
    pub enabled: bool,
    /// What takes them.
    pub to: AuditTo,
    /// How a record is written.
    pub form: AuditForm,
    /// The file, for `file`.
    pub file: Option<PathBuf>,
    /// The address, for `splunk`.
    pub url: Option<String>,
    /// The token, for `splunk`.
    pub token: Option<SecretRef>,
    /// The host and port, for `syslog`.
    pub address: Option<String>,
    /// How syslog is spoken.
    pub transport: AuditTransport,
}

/// What takes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditTo {
    /// A file, a record a line.
    File,
    /// The HTTP Event Collector of Splunk.
    Splunk,
    /// A syslog server (RFC 5424).
    Syslog,
}

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditForm {
    /// As it stands in the log.
    Record,
    /// As OCSF has it: API Activity (6003).
    Ocsf,
}

/// How syslog is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditTransport {
    /// Over TLS (RFC 5425).
    Tls,
    /// Over TCP, each message with its length before it (RFC 6587).
    Tcp,
    /// Over UDP, which may lose some.
    Udp,
}

pub(super) const TABLE: Table = Table {
    name: "audit",
    named: None,
    doc: "What is kept of the audit log elsewhere; docs/audit.md.",
    keys: &[
        Key::new(
            "checkpoints",
            Kind::Words,
            "Where signed checkpoints are kept, best on another machine: `file:` and a folder, \
             `git:` and a repository, `s3:` and the name of a `[buckets.NAME]`, or an address that \
             takes each as a POST and tells it to a GET. At the start the log is held against \
             them, and one that is older takes nothing.",
        )
        .or("[]"),
        Key::new(
            "checkpoint_seconds",
            Kind::seconds(1, 60),
            "How often a new one is sent; also at the end of the server.",
        )
        .or("30"),
    ],
    rule: no_rule,
};

pub(super) const STREAMS: Table = Table {
    name: "audit_streams",
    named: Some("siem"),
    doc: "Records of the audit log on their way to a SIEM as the log grows; each arrives at least \
          once. docs/audit.md.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it runs.").or("true"),
        Key::new("to", Kind::Choice(&["file", "splunk", "syslog"]), "What takes them.").or("file"),
        Key::new(
            "form",
            Kind::Choice(&["record", "ocsf"]),
            "How a record is written: as it stands in the log, or as OCSF's API Activity (6003).",
        )
        .or("record"),
        Key::new("file", Kind::Path, "The file of `file`: a record a line.")
            .sample("/var/log/quell/audit.ndjson"),
        Key::new("url", Kind::Url, "Where Splunk's event collector answers.")
            .sample("https://splunk.example.com:8088/services/collector/event"),
        Key::new("token", Kind::Secret, "The token of Splunk's event collector.")
            .sample("env:SPLUNK_TOKEN"),
        Key::new("address", Kind::Text, "Host and port of a syslog server.")
            .sample("syslog.example.com:6514"),
        Key::new(
            "transport",
            Kind::Choice(&["tls", "tcp", "udp"]),
            "How syslog is spoken. Over `udp` some may be lost on the way.",
        )
        .or("tls"),
    ],
    rule: needs,
};

/// Each taker needs its own keys.
fn needs(table: &Instance<'_>) -> Vec<Broken> {
    let (to, needed): (&str, &[&'static str]) = match table.text("to") {
        "splunk" => ("splunk", &["url", "token"]),
        "syslog" => ("syslog", &["address"]),
        _ => ("file", &["file"]),
    };
    let missing = needed.iter().filter(|key| table.text(key).is_empty());
    missing.map(|key| Broken::error(key, &format!("is missing for `to = \"{to}\"`"), "")).collect()
}
