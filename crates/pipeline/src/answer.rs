//! What the whole store has to say, kept until anything changes: a person who asks again what is
//! open does not wait while a million issues are read.

use quell_model::{Incident, Severity};
use quell_report::IncidentReport;
use quell_store::{Packed, Store};
use serde::{Deserialize, Serialize};

use crate::report::Open;
use crate::run::Request;
use crate::{PipelineError, Setup};

/// What the whole store has to say.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Open issues.
    pub(crate) issues: u64,
    /// Incidents of them.
    pub(crate) incidents: u64,
    /// The worst severity among the open issues.
    pub(crate) worst: Option<Severity>,
    /// The first incidents.
    pub(crate) shown: Vec<IncidentReport>,
}

impl Answer {
    pub(crate) fn new(open: &[Open], incidents: &[Incident], shown: Vec<IncidentReport>) -> Self {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Self {
            issues: count(open.len()),
            incidents: count(incidents.len()),
            worst: open.iter().map(|o| o.candidate.severity).max(),
            shown,
        }
    }
}

/// What is asked, and of which state of the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    name: [u8; 32],
    changes: i64,
}

impl Question {
    /// The question of a request; `None` where its answer rests on more than the store, or is
    /// too long to keep.
    pub(crate) fn of(
        store: &Store,
        setup: &Setup,
        request: &Request,
    ) -> Result<Option<Self>, PipelineError> {
        let (true, None, Some(limit)) =
            (request.only_incidents, &request.repository, request.limit)
        else {
            return Ok(None);
        };
        let Some(name) = setup.reader(&format!("the first {limit} incidents")) else {
            return Ok(None);
        };
        Ok(Some(Self { name, changes: store.changes()? }))
    }

    pub(crate) fn known(self, store: &Store) -> Result<Option<Answer>, PipelineError> {
        let Some(body) = store.answer_get(&self.name)? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&body.unpack()?)?))
    }

    pub(crate) fn save(self, store: &mut Store, answer: &Answer) -> Result<(), PipelineError> {
        let body = Packed::of(&serde_json::to_vec(answer)?);
        Ok(store.answer_save(&self.name, self.changes, &body)?)
    }
}
