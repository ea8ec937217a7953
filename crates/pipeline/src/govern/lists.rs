//! Lists of what tools leave out, asked for as exceptions that a person reviews.

use jiff::tz::TimeZone;
use quell_govern::Person;
use quell_govern::exception::{Exception, Limits, Refusal, Request, end_of_day};
use quell_govern::expression::Expression;
use quell_govern::lists::{Entry, read_list};
use quell_model::{Severity, Timestamp};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::request::{asked, end_said};
use crate::PipelineError;

/// What became of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListTaken {
    /// The kind of list: `trivy`, `prowler` or `checkov`.
    pub kind: String,
    /// The ids of the exceptions that are asked for.
    pub requested: Vec<String>,
    /// How many of them had been asked for before.
    pub known: u64,
    /// What was not taken over, and why.
    pub skipped: Vec<Skipped>,
}

/// An entry that was not taken over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ListSkipped)]
pub struct Skipped {
    /// The line, counted from 1; 0 where it is not known.
    pub line: u64,
    /// What was found.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Asks for each entry of a list as an exception; none of them hides anything until a reviewer
/// agrees. Where an entry names no day, `until` says when it ends, else the latest end for what
/// it hides now. The same list again asks for nothing new.
///
/// # Errors
/// When the text is no list, or the store refuses.
pub fn exception_import(
    store: &mut Store,
    limits: &Limits,
    (name, text): (&str, &str),
    (owner, until): (&str, Option<&str>),
    (now, by): (Timestamp, &Person),
) -> Result<ListTaken, PipelineError> {
    let list = read_list(name, text)
        .map_err(|error| PipelineError::Refused(format!("`{name}`: {error}")))?;
    let until = until.map(end_said).transpose()?;
    let line = |line: usize| u64::try_from(line).unwrap_or_default();
    let rejects = list.rejects.into_iter().map(|reject| Skipped {
        line: line(reject.line),
        what: reject.what.chars().take(200).collect(),
        why: reject.why,
    });
    let mut skipped: Vec<Skipped> = rejects.collect();
    let mut skip = |entry: &Entry, why: String| {
        let what: String = entry.scope.to_string().chars().take(200).collect();
        skipped.push(Skipped { line: line(entry.line), what, why });
    };
    let mut readable: Vec<(Entry, Expression)> = Vec::new();
    for entry in list.entries {
        match entry.scope.to_string().parse() {
            Ok(scope) => readable.push((entry, scope)),
            Err(fault) => skip(&entry, Refusal::Scope(fault).to_string()),
        }
    }
    let (entries, scopes): (Vec<Entry>, Vec<Expression>) = readable.into_iter().unzip();
    let worst = store.issue_worst(&scopes)?;
    let mut wanted: Vec<Exception> = Vec::new();
    for ((entry, scope), worst) in entries.iter().zip(scopes).zip(worst) {
        let of = (entry, scope.to_string(), worst);
        match exception_of(limits, (of, list.kind), (owner, until), (now, by)) {
            Ok(exception) => wanted.push(exception),
            Err(PipelineError::Refused(why)) => skip(entry, why),
            Err(other) => return Err(other),
        }
    }
    let added = store.exception_add(&wanted)?;
    let known = u64::try_from(wanted.len().saturating_sub(added)).unwrap_or_default();
    let requested = wanted.into_iter().map(|exception| exception.id).collect();
    Ok(ListTaken { kind: list.kind.to_owned(), requested, known, skipped })
}

fn exception_of(
    limits: &Limits,
    ((entry, scope, worst), kind): ((&Entry, String, Option<Severity>), &str),
    (owner, until): (&str, Option<Timestamp>),
    (now, by): (Timestamp, &Person),
) -> Result<Exception, PipelineError> {
    let said = entry.until.and_then(|day| end_of_day(day, &TimeZone::UTC));
    // The end of a day, so that the same list on the same day asks for the same.
    let latest = limits.latest(worst.unwrap_or(Severity::Informational), now);
    let latest = latest.to_zoned(TimeZone::UTC);
    let latest = latest.start_of_day().map_or(now, |day| day.timestamp());
    let request = Request {
        scope,
        reason: match entry.reason.trim() {
            "" => format!("left out by {kind}'s own list"),
            reason => reason.chars().take(500).collect(),
        },
        compensating_controls: Vec::new(),
        owner: owner.trim().to_owned(),
        until: said.or(until).unwrap_or(latest),
        renews: None,
    };
    asked(request, limits, (worst, kind), (now, by))
}
