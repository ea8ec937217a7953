//! Taking in what was received: a payload that was uploaded or found, or a delivery.

use std::io::{self, Read, Write};

use quell_model::{Accounting, Funnel, TenantId};
use quell_pipeline::{Held, ImportOptions, Imported, MostClosed, Progress};
use quell_report::{Changes, FileReport};
use quell_sources::intake::{self, Input, Unreadable};
use quell_spool::{Position, Record};
use quell_store::{Heard, JobRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Failure, Task};
use crate::state::App;

/// Closings that are believed whatever their share is.
const ALWAYS_CLOSED: u64 = 10;
/// Files and rejects that a result names.
const MOST_NAMED: usize = 100;

/// What an import came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Outcome {
    /// What became of every record.
    pub(crate) accounting: Accounting,
    /// The records by what they were.
    pub(crate) funnel: Funnel,
    /// What was opened and closed.
    pub(crate) changes: Changes,
    /// Whether every file was read to its proper end.
    pub(crate) complete: bool,
    /// How many files there were.
    pub(crate) file_count: u64,
    /// The files, the first hundred of them.
    pub(crate) files: Vec<FileReport>,
    /// Records that were not taken, the first hundred of them.
    pub(crate) rejects: Vec<quell_model::Reject>,
    /// What waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<HeldClosing>,
}

/// Closings that wait for a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HeldClosing {
    /// Findings that would be closed.
    pub(crate) closes: u64,
    /// Of so many open ones of what the file covers.
    pub(crate) open: u64,
    /// Relations of assets that would end.
    pub(crate) relations: u64,
    /// Of so many that the same records told before.
    pub(crate) open_relations: u64,
    /// The same as a sentence.
    pub(crate) reason: String,
}

impl HeldClosing {
    fn of(imported: &Imported) -> Option<Self> {
        if imported.held.is_none() && imported.relations_held.is_none() {
            return None;
        }
        let none = Held { closes: 0, open: 0 };
        let (findings, relations) =
            (imported.held.unwrap_or(none), imported.relations_held.unwrap_or(none));
        let mut would = Vec::new();
        if let Held { closes: closes @ 1.., open } = findings {
            would.push(format!("close {closes} of the {open} open findings that it covers"));
        }
        if let Held { closes: closes @ 1.., open } = relations {
            would.push(format!("end {closes} of the {open} relations of its assets"));
        }
        Some(Self {
            closes: findings.closes,
            open: findings.open,
            relations: relations.closes,
            open_relations: relations.open,
            reason: format!("it would {}; release the job if that is right", would.join(" and ")),
        })
    }
}

impl Outcome {
    pub(crate) fn of(imported: Imported) -> Self {
        let held = HeldClosing::of(&imported);
        let Imported { files, funnel, changes, rejects, complete, .. } = imported;
        let mut accounting = Accounting::default();
        files.iter().for_each(|file| accounting.add(&file.accounting));
        let file_count = u64::try_from(files.len()).unwrap_or(u64::MAX);
        Self {
            accounting,
            funnel,
            changes,
            complete,
            file_count,
            files: files.into_iter().take(MOST_NAMED).collect(),
            rejects: rejects.into_iter().take(MOST_NAMED).collect(),
            held,
        }
    }

    /// Adds what others came to.
    pub(crate) fn add(&mut self, other: Self) {
        self.accounting.add(&other.accounting);
        self.changes.closed += other.changes.closed;
        self.changes.reopened += other.changes.reopened;
        self.changes.relations_ended += other.changes.relations_ended;
        self.complete &= other.complete;
        self.file_count += other.file_count;
        let room = MOST_NAMED.saturating_sub(self.files.len());
        self.files.extend(other.files.into_iter().take(room));
        let room = MOST_NAMED.saturating_sub(self.rejects.len());
        self.rejects.extend(other.rejects.into_iter().take(room));
    }

    /// The counts that the audit log keeps.
    pub(crate) fn counts(&self) -> [(&'static str, u64); 6] {
        let Accounting { records, created, updated, rejected, .. } = self.accounting;
        [
            ("files", self.file_count),
            ("records", records),
            ("created", created),
            ("updated", updated),
            ("rejected", rejected),
            ("closed", self.changes.closed),
        ]
    }

    /// What came of nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            accounting: Accounting::default(),
            funnel: Funnel::default(),
            changes: Changes::default(),
            complete: true,
            file_count: 0,
            files: Vec::new(),
            rejects: Vec::new(),
            held: None,
        }
    }

    /// Why nothing of it was taken, where nothing was.
    pub(crate) fn failure(&self) -> Option<String> {
        let none = self.accounting.records == self.accounting.rejected;
        let said = self.files.iter().find_map(|file| file.message.as_ref());
        let why = || said.map_or("every record was rejected", |said| said.raw());
        (none && self.accounting.records > 0).then(|| why().to_owned())
    }

    /// What a source is noted for.
    pub(crate) fn heard(&self, deliveries: u64) -> Heard {
        let Accounting { records, rejected, .. } = self.accounting;
        Heard { deliveries, records, rejected, failed: self.failure() }
    }
}

/// How much may close by silence: a file's, or a platform's that is asked.
pub(crate) fn most_closed(app: &App) -> Option<MostClosed> {
    let percent = app.config.intake.hold_closing_percent;
    (percent < 100).then_some(MostClosed { percent, always: ALWAYS_CLOSED })
}

/// Takes a payload in.
pub(super) fn take_payload(
    app: &App,
    job: &JobRow,
    task: &Task,
    progress: &Progress<'_>,
) -> Result<Outcome, Failure> {
    let outcome = import_payload(app, (&job.tenant, task), false, progress)?;
    note(app, (&job.tenant, &job.source, "import"), &outcome);
    match outcome.failure() {
        Some(reason) => Err(Failure::Never(reason)),
        None => Ok(outcome),
    }
}

pub(super) fn note(app: &App, source: (&TenantId, &str, &str), outcome: &Outcome) {
    let Accounting { created, updated, merged, unchanged, rejected, .. } = outcome.accounting;
    for (became, count) in [
        ("created", created),
        ("updated", updated),
        ("merged", merged),
        ("unchanged", unchanged),
        ("rejected", rejected),
    ] {
        app.metrics.records(source.1, became, count);
    }
    let noted = app.office().source_heard(source, &outcome.heard(1), app.clock.now());
    if let Err(error) = noted {
        tracing::warn!(%error, source = source.1, "what came of a source is not noted");
    }
}

/// Imports a payload, durably.
pub(crate) fn import_payload(
    app: &App,
    (tenant, task): (&TenantId, &Task),
    replay: bool,
    progress: &Progress<'_>,
) -> Result<Outcome, Failure> {
    let Task::Import { payload, name, format, close, .. } = task else {
        return Err(Failure::Never("it is no import".to_owned()));
    };
    let unpacked;
    let inputs = match zip_of(app, payload)? {
        Some(file) => {
            unpacked = file;
            renamed(intake::walk(&[unpacked.path().to_owned()]), &unpacked, name)
        }
        None => {
            let hash = parse_hash(payload)?;
            let input = Input::named(name.clone(), &app.payloads.path(&hash));
            let input = input.map(|input| input.with_known_hash(hash));
            vec![input.map_err(|error| unreadable(name, &error))]
        }
    };
    let options = ImportOptions {
        most_closed: most_closed(app).filter(|_| !close),
        format: format.as_deref(),
        replay,
        ..ImportOptions::default()
    };
    let findings = app.tenants.of(tenant)?;
    let imported = findings.import(inputs, options, (app.clock.now(), true), progress)?;
    Ok(Outcome::of(imported))
}

fn unreadable(name: &str, error: &io::Error) -> Unreadable {
    let reason = if error.kind() == io::ErrorKind::NotFound {
        "its bytes are not kept any more".to_owned()
    } else {
        format!("cannot be read: {error}")
    };
    Unreadable { path: name.to_owned(), reason, by_system: intake::is_by_system(error) }
}

fn parse_hash(text: &str) -> Result<[u8; 32], Failure> {
    let hash = blake3::Hash::from_hex(text)
        .map_err(|_| Failure::Never("the payload's hash is none".to_owned()))?;
    Ok(*hash.as_bytes())
}

/// A payload that is a zip, unpacked from how it is kept, since a zip is read from its end.
fn zip_of(app: &App, payload: &str) -> Result<Option<tempfile::NamedTempFile>, Failure> {
    let later = |error: io::Error| Failure::Later(format!("the payload cannot be read: {error}"));
    let mut reader = app.payloads.reader(&parse_hash(payload)?)?;
    let mut head = Vec::new();
    (&mut reader).take(4).read_to_end(&mut head).map_err(later)?;
    if !matches!(head.as_slice(), b"PK\x03\x04" | b"PK\x05\x06") {
        return Ok(None);
    }
    let mut file = tempfile::NamedTempFile::new_in(&app.data).map_err(later)?;
    file.write_all(&head).map_err(later)?;
    io::copy(&mut reader, &mut file).map_err(later)?;
    Ok(Some(file))
}

/// Members of a zip under the name that people know it by.
fn renamed(
    found: Vec<Result<Input, Unreadable>>,
    file: &tempfile::NamedTempFile,
    name: &str,
) -> Vec<Result<Input, Unreadable>> {
    let path = file.path().display().to_string();
    let rename = |known: &str| known.replacen(&path, name, 1);
    found
        .into_iter()
        .map(|one| match one {
            Ok(input) => {
                let name = rename(&input.name());
                Ok(input.renamed(name))
            }
            Err(unreadable) => {
                let path = rename(&unreadable.path);
                Err(Unreadable { path, ..unreadable })
            }
        })
        .collect()
}

/// The input of a delivery.
pub(crate) fn delivery_input((position, record): (Position, Record)) -> Input {
    let name = delivery_name(&record.origin().source, position);
    Input::bytes(name, record.into_body())
}

/// What a delivery is called.
pub(crate) fn delivery_name(source: &str, position: Position) -> String {
    format!("hook:{source}/{position}")
}

/// How deliveries of a source are taken.
pub(crate) fn delivery_options<'a>(app: &'a App, source: &str) -> ImportOptions<'a> {
    ImportOptions {
        partial: true,
        format: crate::intake::Hooks::format(&app.config, source),
        ..ImportOptions::default()
    }
}

/// Takes a delivery in that failed before.
pub(super) fn take_delivery(
    app: &App,
    job: &JobRow,
    position: i64,
    progress: &Progress<'_>,
) -> Result<Outcome, Failure> {
    let position = Position::from_i64(position);
    let record = app.spool.get(position)?;
    if record.origin().tenant != job.tenant.as_str() {
        return Err(Failure::Never("it is not this tenant's".to_owned()));
    }
    let source = record.origin().source.clone();
    let options = delivery_options(app, &source);
    let inputs = vec![Ok(delivery_input((position, record)))];
    let findings = app.tenants.of(&job.tenant)?;
    let imported = findings.import(inputs, options, (app.clock.now(), true), progress)?;
    let outcome = Outcome::of(imported);
    note(app, (&job.tenant, &source, "hook"), &outcome);
    match outcome.failure() {
        Some(reason) => Err(Failure::Never(reason)),
        None => Ok(outcome),
    }
}
