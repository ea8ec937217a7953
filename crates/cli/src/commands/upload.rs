//! `quell triage --server`: files go to a server, and its report comes back.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use indicatif::ProgressBar;
use quell_client::{ClientError, Job, JobOutcome, Upload};
use quell_model::{Accounting, Clock, Funnel, Key, KeyHasher, Outcome, Reject, Untrusted};
use quell_report::{AccountingReport, Changes, FileReport, Report};
use quell_sources::intake::{self, Input, Limits, Unreadable};

use super::replay::follow;
use crate::console::say;
use crate::environment::SystemClock;
use crate::remote::Remote;

/// What files came to at a server.
#[derive(Debug, Default)]
pub(super) struct Uploaded {
    pub(super) accounting: AccountingReport,
    pub(super) funnel: Funnel,
    pub(super) changes: Changes,
    pub(super) rejects: Vec<Reject>,
    /// Whether every file was read to its proper end.
    pub(super) complete: bool,
}

/// Sends files to a server and waits until it has taken them in.
pub(super) fn upload(
    remote: &Remote,
    paths: &[PathBuf],
    cancelled: &Arc<AtomicBool>,
    bar: &ProgressBar,
) -> Result<Uploaded> {
    let mut uploaded = Uploaded { complete: true, ..Uploaded::default() };
    let inputs = intake::walk(paths);
    let total = inputs.iter().flatten().map(Input::size_bytes).sum();
    bar.set_length(total);
    let mut jobs = Vec::new();
    let mut done = 0;
    for input in inputs {
        match input {
            Ok(input) => {
                let (name, size) = (input.name(), input.size_bytes());
                bar.set_message(format!(
                    "sending {}",
                    quell_report::cell(&name.as_str().into(), 30)
                ));
                match send(remote, input, (done, cancelled), bar) {
                    Ok(job) => jobs.push((name, job)),
                    Err(error) => uploaded.refused(&name, error)?,
                }
                done += size;
                bar.set_position(done);
            }
            Err(Unreadable { path, reason, by_system: _ }) => uploaded.unread(&path, reason),
        }
    }
    for (name, job) in jobs {
        let over = follow(remote, job, bar, cancelled)?;
        uploaded.take(&name, &over);
    }
    Ok(uploaded)
}

fn send(
    remote: &Remote,
    input: Input,
    (before, cancelled): (u64, &Arc<AtomicBool>),
    bar: &ProgressBar,
) -> std::result::Result<Job, ClientError> {
    if cancelled.load(Ordering::SeqCst) {
        return Err(ClientError::Stopped);
    }
    let (name, size) = (input.name(), input.size_bytes());
    let input = Mutex::new(input);
    let open = move || {
        let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
        input.open(&Limits::default()).map_err(io::Error::other)
    };
    let now = SystemClock.now().as_microsecond().to_string();
    let process = std::process::id().to_string();
    let key: Key<()> = KeyHasher::new("upload").part(&now).part(&process).part(&name).finish();
    let bar = bar.clone();
    let upload = Upload {
        key: key.to_string(),
        open: Arc::new(open),
        // What is read is unpacked already, so it may be more than the file has.
        heard: Arc::new(move |read| bar.set_position(before + read.min(size))),
        cancelled: Arc::clone(cancelled),
        name: name_of(&name),
    };
    remote.runtime.block_on(remote.connection.import(&upload))
}

/// The name under which a server knows a file: at most 256 bytes, the end of a longer path.
fn name_of(path: &str) -> String {
    let plain: String = path.chars().filter(|c| !c.is_control()).collect();
    let start = plain.ceil_char_boundary(plain.len().saturating_sub(250));
    match plain.get(start..) {
        Some("") | None => "upload".to_owned(),
        Some(end) => end.to_owned(),
    }
}

impl Uploaded {
    /// A file that the server does not take as it is. What is wrong with the way there ends all.
    fn refused(&mut self, name: &str, error: ClientError) -> Result<()> {
        if let ClientError::Rejected(reason) | ClientError::File { reason, .. } = error {
            self.unread(name, reason);
            return Ok(());
        }
        Err(error.into())
    }

    fn unread(&mut self, name: &str, reason: String) {
        let mut accounting = Accounting::default();
        accounting.count(Outcome::Rejected);
        self.complete = false;
        self.funnel.records += 1;
        self.funnel.rejected += 1;
        self.rejects.push(Reject {
            path: name.to_owned(),
            offset_bytes: 0,
            reason: reason.clone(),
        });
        self.accounting.total.add(&accounting);
        self.accounting.files.push(FileReport {
            path: Untrusted::from(name),
            format: None,
            accounting,
            complete: false,
            message: Some(Untrusted::from(reason)),
        });
    }

    /// What a file came to.
    fn take(&mut self, name: &str, job: &Job) {
        match job.outcome() {
            Some(outcome) => {
                if job.state == "held" {
                    let reason = job.reason.as_ref().map(|reason| quell_report::cell(reason, 300));
                    let reason = reason.unwrap_or_default();
                    say(&format!("held: {name}: {reason}: quell jobs release {}", job.id));
                }
                self.add(outcome);
            }
            None => {
                let state = Untrusted::from(format!("the job is {}", job.state));
                let reason = job.reason.as_ref().unwrap_or(&state);
                self.unread(name, reason.raw().to_owned());
            }
        }
    }

    /// The server's report, with what became of the files.
    pub(super) fn told_by(self, mut report: Report) -> quell_pipeline::Outcome {
        let about_all = report.funnel;
        if self.funnel.records > 0 || !self.accounting.files.is_empty() {
            report.funnel = Funnel {
                open_findings: about_all.open_findings,
                issues: about_all.issues,
                incidents: about_all.incidents,
                fixes: about_all.fixes,
                ..self.funnel
            };
            report.accounting = self.accounting;
            report.changes = self.changes;
        }
        let worst = report.incidents.iter().map(|incident| incident.severity).max();
        quell_pipeline::Outcome { report, rejects: self.rejects, complete: self.complete, worst }
    }

    fn add(&mut self, outcome: JobOutcome) {
        self.complete &= outcome.complete;
        self.accounting.total.add(&outcome.accounting);
        self.accounting.files.extend(outcome.files);
        self.changes.closed += outcome.changes.closed;
        self.changes.reopened += outcome.changes.reopened;
        self.rejects.extend(outcome.rejects);
        add_funnel(&mut self.funnel, &outcome.funnel);
    }
}

/// Adds the part of a funnel that is about records; the rest is about all that is open.
fn add_funnel(sum: &mut Funnel, one: &Funnel) {
    sum.records += one.records;
    sum.rejected += one.rejected;
    sum.evidence += one.evidence;
    sum.assets += one.assets;
    sum.activities += one.activities;
    sum.statements += one.statements;
    sum.intelligence += one.intelligence;
    sum.repeated += one.repeated;
    sum.expanded += one.expanded;
    sum.findings += one.findings;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_what_a_server_takes() {
        assert_eq!(name_of("results/a.json"), "results/a.json");
        assert_eq!(name_of("a\nb"), "ab");
        assert_eq!(name_of(""), "upload");
        let long = format!("{}/é/end.json", "ü".repeat(400));
        let name = name_of(&long);
        assert!(name.len() <= 256 && name.ends_with("/é/end.json"), "{name}");
    }
}
