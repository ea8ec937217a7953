//! Reading what was received again, by what this program knows now.

use quell_model::Timestamp;
use quell_pipeline::{ImportOptions, Progress};
use quell_spool::{Position, SpoolError, Stored};
use quell_store::{JobFilter, JobRow};

use super::import::{Outcome, delivery_input, delivery_options, import_payload};
use super::{Failure, Task};
use crate::state::App;

/// Jobs read in one go.
const PAGE: u32 = 200;
/// Deliveries, and bytes of them, taken in one go.
const DELIVERIES: usize = 256;
const DELIVERY_BYTES: usize = 8 << 20;

/// Reads payloads and deliveries of a tenant again, in the order in which they came.
pub(crate) fn replay(
    app: &App,
    job: &JobRow,
    (since, source): (Option<Timestamp>, Option<&str>),
    progress: &Progress<'_>,
) -> Result<Outcome, Failure> {
    let mut sum = Sum::default();
    for task in imports(app, job, since, source)? {
        match import_payload(app, (&job.tenant, &task), true, progress) {
            Ok(outcome) => sum.add(outcome),
            // One that is not kept any more, or was never read, does not stop the others.
            Err(Failure::Never(reason)) => {
                tracing::warn!(reason, "a payload is not replayed");
                sum.missed += 1;
            }
            Err(other) => return Err(other),
        }
    }
    deliveries(app, job, (since, source), &mut sum, progress)?;
    Ok(sum.outcome())
}

/// The imports of a tenant, oldest first.
fn imports(
    app: &App,
    job: &JobRow,
    since: Option<Timestamp>,
    source: Option<&str>,
) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    let mut filter = JobFilter {
        kind: Some("import".to_owned()),
        source: source.map(str::to_owned),
        ..JobFilter::default()
    };
    loop {
        let page = app.office().job_list(&job.tenant, &filter, PAGE)?;
        let Some(last) = page.last() else { break };
        filter.before = Some((last.made_at, last.id));
        let recent = page.iter().filter(|row| since.is_none_or(|since| row.made_at >= since));
        tasks.extend(recent.filter_map(|row| serde_json::from_str::<Task>(&row.what).ok()));
    }
    tasks.reverse();
    Ok(tasks)
}

/// Takes deliveries again, some at a time.
fn deliveries(
    app: &App,
    job: &JobRow,
    (since, source): (Option<Timestamp>, Option<&str>),
    sum: &mut Sum,
    progress: &Progress<'_>,
) -> Result<(), Failure> {
    let since = since.map_or(i64::MIN, Timestamp::as_microsecond);
    let mut group: Vec<Stored> = Vec::new();
    let mut bytes = 0;
    for read in app.spool.read_from(Position::START) {
        let stored = match read {
            Ok(stored) => stored,
            Err(SpoolError::Damaged { damage, .. }) => {
                tracing::error!(%damage, "a part of the intake log is damaged");
                sum.missed += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let origin = stored.record.origin();
        let wanted = origin.tenant == job.tenant.as_str()
            && source.is_none_or(|source| origin.source == source)
            && stored.record.received_at_micros() >= since;
        if !wanted {
            continue;
        }
        let other = group.first().is_some_and(|one| one.record.origin().source != origin.source);
        if other || group.len() == DELIVERIES || bytes > DELIVERY_BYTES {
            take(app, job, std::mem::take(&mut group), sum, progress)?;
            bytes = 0;
        }
        bytes += stored.record.body().len();
        group.push(stored);
    }
    take(app, job, group, sum, progress)
}

fn take(
    app: &App,
    job: &JobRow,
    group: Vec<Stored>,
    sum: &mut Sum,
    progress: &Progress<'_>,
) -> Result<(), Failure> {
    let Some(first) = group.first() else { return Ok(()) };
    let source = first.record.origin().source.clone();
    let options = ImportOptions { replay: true, ..delivery_options(app, &source) };
    let inputs = group.into_iter().map(|s| Ok(delivery_input((s.position, s.record)))).collect();
    let findings = app.tenants.of(&job.tenant)?;
    let imported = findings.import(inputs, options, (app.clock.now(), true), progress)?;
    sum.add(Outcome::of(imported));
    Ok(())
}

/// What all came to.
#[derive(Default)]
struct Sum {
    all: Option<Outcome>,
    missed: u64,
}

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        match &mut self.all {
            Some(all) => all.add(outcome),
            none => *none = Some(outcome),
        }
    }

    fn outcome(self) -> Outcome {
        let mut all = self.all.unwrap_or_else(Outcome::nothing);
        // What a replay would close is not held: it was received, and believed, before.
        all.held = None;
        all.complete &= self.missed == 0;
        all
    }
}
