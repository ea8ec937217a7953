//! Exceptions as they are listed and shown.

use quell_govern::exception::{Exception, State};
use quell_model::{Severity, Timestamp};
use quell_store::{Store, Suppression};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PipelineError;

/// An exception, with what it does now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExceptionTold)]
pub struct Told {
    /// The exception.
    #[serde(flatten)]
    pub exception: Exception,
    /// How many open issues it hides now: of those that several hide, the first by id has them.
    pub hides: u64,
    /// Whether it is granted and its time is not over.
    pub in_force: bool,
    /// For how many hours it still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_left: Option<i64>,
}

impl Told {
    fn of(exception: Exception, suppression: &Suppression, now: Timestamp) -> Self {
        let in_force = Severity::ALL.into_iter().any(|severity| exception.hides_at(severity, now));
        let left = exception.request.until.duration_since(now).as_hours();
        Self {
            hides: suppression.counts().get(exception.id.as_str()).copied().unwrap_or_default(),
            in_force,
            hours_left: in_force.then_some(left),
            exception,
        }
    }
}

/// The exceptions in some states, or all: those that wait first, then those that end next.
///
/// # Errors
/// When the store refuses.
pub fn exception_list(
    store: &Store,
    states: &[State],
    now: Timestamp,
) -> Result<Vec<Told>, PipelineError> {
    let suppression = store.suppression(now)?;
    let counts = suppression.counts();
    let mut all: Vec<Told> = Vec::new();
    for exception in store.exception_list(states)? {
        let hides = counts.get(exception.id.as_str()).copied().unwrap_or_default();
        all.push(Told { hides, ..Told::of(exception, &Suppression::default(), now) });
    }
    all.sort_by(|a, b| {
        let rank = |told: &Told| (!told.exception.state.waits(), !told.in_force);
        let order = rank(a).cmp(&rank(b));
        order.then_with(|| a.exception.request.until.cmp(&b.exception.request.until))
    });
    Ok(all)
}

/// The whole id of an exception, given its first characters.
///
/// # Errors
/// When no exception, or more than one, has that id, or the store refuses.
pub fn find_exception(store: &Store, id: &str) -> Result<String, PipelineError> {
    let wanted = id.trim().to_ascii_lowercase();
    let mut found = if wanted.is_empty() { Vec::new() } else { store.exception_ids(&wanted)? };
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        _ => Err(PipelineError::NotFound { kind: "exception", id: id.to_owned() }),
    }
}

/// One exception, by its id or the first characters of it.
///
/// # Errors
/// When no exception, or more than one, has that id, or the store refuses.
pub fn exception_show(store: &Store, id: &str, now: Timestamp) -> Result<Told, PipelineError> {
    let full = find_exception(store, id)?;
    let found = store.exception_get(&full)?;
    let exception =
        found.ok_or_else(|| PipelineError::NotFound { kind: "exception", id: id.to_owned() })?;
    Ok(Told::of(exception, &*store.suppression(now)?, now))
}
