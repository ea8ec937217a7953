//! The source itself: what Quell concluded, as a note beside each record that it is about.
//!
//! How a platform is spoken to is the source's to know; here is only what is said, and to which
//! records. A note that stands there already is not written again, so a lost answer does no harm.

mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use quell_deliver::letter::Record;
use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_model::shown;

use crate::{Draft, Future, Kind, Plan, Records, Right, Setting, Sink, SinkError, Wanted};

/// The id of the kind.
pub const ID: &str = "source";

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: ID,
    title: "The source itself",
    settings: SETTINGS,
    rate: None,
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[Setting {
    name: "project",
    doc: "The name of a `[sources.NAME]` that is asked and whose records take notes.",
    required: true,
    sample: "wiz-prod",
}];

/// Records that stand for one delivery.
const MOST_RECORDS: usize = 40;

/// The notes of one source.
struct Notes {
    source: String,
    records: Arc<dyn Records>,
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notes({})", self.source)
    }
}

fn connect(plan: Plan) -> Result<Notes, SinkError> {
    let source = Plan::require("project", plan.project.as_ref())?.to_owned();
    let missing = || SinkError::Setting {
        name: "project",
        why: format!("names `{source}`; there is no `[sources.{source}]` that is switched on"),
    };
    let records = plan.records.ok_or_else(missing)?;
    Ok(Notes { source, records })
}

impl Notes {
    /// Says something beside each record. One that the source refuses keeps no other from it.
    async fn say(&self, records: &[Record], text: &str) -> Result<Vec<Record>, SinkError> {
        let (mut told, mut refused) = (Vec::new(), None);
        for record in records {
            match self.records.note(record, text).await {
                Ok(()) => told.push(record.clone()),
                Err(error @ (SinkError::Refused(_) | SinkError::Gone(_))) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        match (told.is_empty(), refused) {
            (false, _) => Ok(told),
            (true, Some(error)) => Err(error),
            (true, None) => Err(SinkError::Refused(format!(
                "it is about no record that `{}` lists and that takes notes",
                self.source
            ))),
        }
    }

    async fn told(&self, wanted: &Wanted<'_>) -> Result<Option<Remote>, SinkError> {
        let (records, text) = said(wanted)?;
        let told = self.say(&records, &text).await?;
        Ok(match wanted.act {
            Act::Open { .. } => Some(remote(told)),
            // What was told before is told of its end too.
            Act::Edit { .. } => {
                let before = records_of(wanted.remote()?)?;
                let new = told.into_iter().filter(|record| !before.contains(record));
                Some(remote(before.iter().cloned().chain(new).collect()))
            }
            Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. } => None,
        })
    }
}

/// What is said, and beside which records.
fn said(wanted: &Wanted<'_>) -> Result<(Vec<Record>, String), SinkError> {
    let beside = || records_of(wanted.remote()?);
    Ok(match wanted.act {
        Act::Open { letter } | Act::Edit { letter } => {
            (letter.records.clone(), text::concluded(letter))
        }
        Act::Note { body } => (beside()?, text::note(body, "note", wanted.key)),
        Act::Close { body } => (beside()?, text::note(body, "closed", wanted.key)),
        Act::Reopen { body } => (beside()?, text::note(body, "reopened", wanted.key)),
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    })
}

/// What stands for notes beside some records.
fn remote(mut records: Vec<Record>) -> Remote {
    records.truncate(MOST_RECORDS);
    let first = records.first().map(|record| shown(record.id.raw(), false)).unwrap_or_default();
    let name = match records.len().saturating_sub(1) {
        0 => first,
        more => format!("{first} and {more} more"),
    };
    let id = serde_json::to_string(&records).unwrap_or_default();
    Remote { id, name, url: None }
}

fn records_of(remote: &Remote) -> Result<Vec<Record>, SinkError> {
    let wrong = |_| SinkError::Refused("what stands there names no records".to_owned());
    serde_json::from_str(&remote.id).map_err(wrong)
}

impl Sink for Notes {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, _: ActKind) -> OnDoubt {
        // The source looks whether a note stands there before it writes one.
        OnDoubt::Again
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let (records, text) = said(wanted)?;
        let draft = |record: &Record| Draft {
            method: "NOTE".to_owned(),
            target: shown(&format!("{} {} {}", self.source, record.stream, record.id.raw()), false),
            body: text.clone(),
        };
        Ok(records.iter().map(draft).collect())
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(self.told(wanted))
    }

    fn find<'a>(&'a self, _: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async { Ok(None) })
    }

    fn read<'a>(&'a self, _: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async { Ok(None) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        self.records.test()
    }
}
