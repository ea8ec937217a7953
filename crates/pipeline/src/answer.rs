//! What the whole store has to say, kept until anything changes: a person who asks again what is
//! open does not wait while a million issues are read.

use quell_model::{Severity, Timestamp};
use quell_report::{DecisionCounts, IncidentReport};
use quell_store::{Packed, Store};
use serde::{Deserialize, Serialize};

use crate::run::Request;
use crate::{PipelineError, Setup};

/// What the whole store has to say.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Open issues.
    pub(crate) issues: u64,
    /// Incidents of them.
    pub(crate) incidents: u64,
    /// How many of them have which decision.
    pub(crate) decisions: DecisionCounts,
    /// The worst severity among the open issues.
    pub(crate) worst: Option<Severity>,
    /// The first incidents.
    pub(crate) shown: Vec<IncidentReport>,
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
        now: Timestamp,
    ) -> Result<Option<Self>, PipelineError> {
        let (true, None, Some(limit)) =
            (request.only_incidents, &request.repository, request.limit)
        else {
            return Ok(None);
        };
        // What is late, and how old things are, is another answer tomorrow.
        let day = now.strftime("%Y-%m-%d");
        let hidden = store.suppression(now)?.mark();
        let asked = format!("the first {limit} incidents on {day} without {hidden}");
        let Some(name) = setup.reader(&asked) else {
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
