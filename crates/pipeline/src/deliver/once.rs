//! What a person hands over by hand: told once, and not brought up to date by a route.

use quell_deliver::Key;
use quell_deliver::outbox::{Act, State};
use quell_model::{IssueKey, TenantId, Timestamp};
use quell_store::{Delivery, NewRow, OutboxStore};

use crate::PipelineError;

/// Puts acts on one subject into the outbox, one after another, unless it is there already.
pub(super) fn post_once(
    outbox: &mut OutboxStore,
    (tenant, sink, subject): (&TenantId, &str, &str),
    (acts, issues): (Vec<Act>, Vec<IssueKey>),
    now: Timestamp,
) -> Result<bool, PipelineError> {
    let rows: Vec<NewRow> = (0..)
        .zip(acts)
        .map(|(round, act)| NewRow {
            sink: sink.to_owned(),
            subject: subject.to_owned(),
            key: Key::new(tenant, sink, subject, round),
            act,
            state: State::Waiting { until: now },
            replays: None,
        })
        .collect();
    let delivery = Delivery {
        issues,
        acts: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        escalated: true,
        ..Delivery::new((sink, subject), "", now)
    };
    let added = outbox.outbox_add((None, &delivery), &rows, now)?;
    outbox.sync()?;
    Ok(added.is_some())
}
