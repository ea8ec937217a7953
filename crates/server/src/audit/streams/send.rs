//! Handing records to whoever takes them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_config::{AuditForm, AuditStream, AuditTo, AuditTransport};
use quell_http::{HttpError, Request};
use quell_sinks::syslog::{Message, Receiver as Syslog, Transport};
use serde_json::json;

use super::form::Told;
use crate::state::App;

/// Facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;
/// How often to look whether the server is stopping, and what a receiver may take then.
const LOOK: Duration = Duration::from_millis(200);
const AT_THE_END: Duration = Duration::from_secs(2);

/// Whoever takes records.
pub(super) struct Receiver {
    stream: AuditStream,
    syslog: Option<Syslog>,
}

impl Receiver {
    pub(super) fn new(stream: &AuditStream) -> Self {
        let transport = match stream.transport {
            AuditTransport::Tls => Transport::Tls,
            AuditTransport::Tcp => Transport::Tcp,
            AuditTransport::Udp => Transport::Udp,
        };
        let syslog = stream.address.as_deref().and_then(|at| Syslog::new(at, transport));
        Self { stream: stream.clone(), syslog }
    }

    /// Hands records over; they are taken when this returns.
    pub(super) fn send(&mut self, app: &App, batch: &[Told]) -> Result<(), String> {
        match self.stream.to {
            AuditTo::File => {
                let path = self.stream.file.as_deref().unwrap_or(Path::new("audit.ndjson"));
                to_file(path, batch).map_err(|error| format!("`{}`: {error}", path.display()))
            }
            AuditTo::Splunk => self.to_splunk(app, batch),
            AuditTo::Syslog => self.hand_to_syslog(app, batch),
        }
    }

    /// The protocol has no answer: records are taken when the system has taken them.
    fn hand_to_syslog(&mut self, app: &App, batch: &[Told]) -> Result<(), String> {
        let runtime = app.runtime.get().ok_or("no server runs")?;
        let syslog = self.syslog.as_mut().ok_or("`address` is no `host:port`")?;
        let own = app.config.server.public_url.as_deref().and_then(host).unwrap_or_default();
        let messages: Vec<String> = batch.iter().map(|told| message(told, own)).collect();
        runtime.block_on(async {
            tokio::select! {
                sent = syslog.send(&app.outside.client, &messages) => {
                    sent.map_err(|error| error.to_string())
                }
                () = ending(app) => Err("the server is stopping".to_owned()),
            }
        })
    }

    fn to_splunk(&self, app: &App, batch: &[Told]) -> Result<(), String> {
        let runtime = app.runtime.get().ok_or("no server runs")?;
        let (Some(url), Some(token)) = (&self.stream.url, &self.stream.token) else {
            return Err("`url` and `token` are missing".to_owned());
        };
        let body: String = batch.iter().map(event).collect();
        runtime.block_on(async {
            let token = app.outside.read_any(token).await.map_err(|error| error.to_string())?;
            let token = token.expose_text().ok_or("the token is no text")?;
            let text = |error: HttpError| error.to_string();
            let request = Request::post(url)
                .and_then(|request| {
                    request.secret_header("authorization", &format!("Splunk {token}"))
                })
                .and_then(|request| request.body("application/json", body))
                .map_err(text)?;
            tokio::select! {
                sent = app.outside.client.send(&request) => sent.map(drop).map_err(text),
                () = ending(app) => Err("the server is stopping".to_owned()),
            }
        })
    }
}

/// Returns when the server is stopping, and a receiver had a moment to answer.
async fn ending(app: &App) {
    while !app.stopping.load(Ordering::SeqCst) {
        tokio::time::sleep(LOOK).await;
    }
    tokio::time::sleep(AT_THE_END).await;
}

/// One message: a record of the facility for the log of audits, informational.
fn message(told: &Told, host: &str) -> String {
    let (time, kind) = (told.time, told.action.as_str());
    Message { priority: PRIORITY, time, host, kind, body: &told.body }.text()
}

fn host(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', ':', '?', '#']).next()
}

/// An event as the collector takes it.
fn event(told: &Told) -> String {
    let kind = match told.form {
        AuditForm::Record => "quell:audit",
        AuditForm::Ocsf => "ocsf:api_activity",
    };
    let micros = told.time.as_microsecond();
    let time = format!("{}.{:06}", micros / 1_000_000, micros.rem_euclid(1_000_000));
    json!({"time": time, "source": "quell", "sourcetype": kind, "event": told.body}).to_string()
}

/// Adds lines, and flushes. A file that was moved away is made anew.
fn to_file(path: &Path, batch: &[Told]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let lines: String = batch.iter().map(Told::line).collect();
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}
