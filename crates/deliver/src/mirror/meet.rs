//! What follows from how both sides stand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::merged::{Merged, Word};
use super::standing::{Field, Gone, Phase, Standing};

/// What is known of a thing at a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mirror {
    /// Fields as they were after Quell wrote last.
    pub ours: BTreeMap<Field, String>,
    /// Fields that somebody else changed since: Quell writes them no more.
    pub theirs: BTreeSet<Field>,
    /// How far it was when it was looked at last.
    pub phase: Option<Phase>,
    /// When somebody began.
    pub begun: Option<Timestamp>,
    /// When Quell closed it last.
    pub closed: Option<Timestamp>,
    /// How often Quell opened again what a person had closed.
    pub reopened_theirs: u32,
    /// What is not in step.
    pub conflict: Option<Conflict>,
    /// How it stands since it was merged, where it is a change of code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

/// How what it is about stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is open; a tool saw it then.
    Open(Option<Timestamp>),
    /// It is gone, since then.
    Gone(Timestamp),
    /// An exception hides it.
    Accepted,
}

/// What is not in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TicketConflict)]
pub enum Conflict {
    /// A person closed it, and tools still see the fault.
    ClosedByHand,
    /// A person turned it down, and tools still see the fault: an exception would say until when.
    Declined,
    /// A person opened it again after the fault was gone.
    ReopenedByHand,
    /// It is not there any more, and tools still see the fault.
    Deleted,
    /// It cannot be changed any more, and tools still see the fault.
    Archived,
    /// It was merged, and Quell's own checks fail on the merged code.
    MergedAndFails,
    /// It was merged, and a tool saw the fault since.
    MergedAndStillThere,
    /// The fault is there again though the code has the fix.
    Drift,
    /// The fault is there again since the fix was taken out of the code.
    Undone,
    /// The fault is there again, and the code cannot be judged.
    Back,
}

impl Conflict {
    /// What it means, as a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::ClosedByHand => "somebody closed it, and the fault is still seen",
            Self::Declined => {
                "somebody turned it down, and the fault is still seen; an exception would say until when"
            }
            Self::ReopenedByHand => "somebody opened it again after the fault was gone",
            Self::Deleted => "it is not there any more, and the fault is still seen",
            Self::Archived => "it is archived, and the fault is still seen",
            Self::MergedAndFails => "it was merged, and the checks fail on the merged code",
            Self::MergedAndStillThere => "it was merged, and the fault was seen since",
            Self::Drift => {
                "the fault was gone and is back, and the code still has the fix: it drifted"
            }
            Self::Undone => "the fault was gone and is back: the code has not the fix any more",
            Self::Back => "the fault was gone after the merge and is back",
        }
    }
}

/// What is done at the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Nothing.
    Rest,
    /// It is closed, with the evidence.
    Close,
    /// It is opened again, with its history.
    Reopen,
    /// It is said how it stands since the merge.
    Tell(Word),
}

/// What is known afterwards, and what is done.
#[must_use]
pub fn meet(mut mirror: Mirror, stands: Stands, there: &Standing) -> (Mirror, Move) {
    for (field, text) in &there.fields {
        if mirror.ours.get(field).is_some_and(|ours| ours != text) {
            mirror.theirs.insert(*field);
        }
    }
    if there.phase == Phase::Begun && mirror.begun.is_none() {
        mirror.begun = there.phase_at;
    }
    let is_merged = there.phase == Phase::Done && there.gone == Gone::No;
    let merged = if is_merged { after_merge(&mut mirror, stands) } else { None };
    let (conflict, act) = merged.unwrap_or_else(|| verdict(&mirror, stands, there));
    mirror.phase = Some(there.phase);
    mirror.conflict = conflict;
    if act == Move::Reopen && !is_ours(&mirror, there) {
        mirror.reopened_theirs = mirror.reopened_theirs.saturating_add(1);
    }
    (mirror, act)
}

/// What follows once a change is merged: it is neither closed nor opened any more.
fn after_merge(mirror: &mut Mirror, stands: Stands) -> Option<(Option<Conflict>, Move)> {
    let (word, is_new) = mirror.merged.as_mut()?.moved(stands)?;
    Some((word.conflict(), if is_new { Move::Tell(word) } else { Move::Rest }))
}

fn verdict(mirror: &Mirror, stands: Stands, there: &Standing) -> (Option<Conflict>, Move) {
    let is_open = matches!(stands, Stands::Open(_));
    match there.gone {
        Gone::Deleted => return (is_open.then_some(Conflict::Deleted), Move::Rest),
        Gone::Archived => return (is_open.then_some(Conflict::Archived), Move::Rest),
        Gone::No => {}
    }
    match (there.phase, stands) {
        (Phase::New | Phase::Begun, Stands::Open(_)) => (None, Move::Rest),
        (Phase::New | Phase::Begun, Stands::Gone(_) | Stands::Accepted) => {
            if reopened_by_hand(mirror, there) {
                (Some(Conflict::ReopenedByHand), Move::Rest)
            } else {
                (None, Move::Close)
            }
        }
        (Phase::Done | Phase::Declined, Stands::Gone(_) | Stands::Accepted) => (None, Move::Rest),
        (Phase::Declined, Stands::Open(_)) => (Some(Conflict::Declined), Move::Rest),
        (Phase::Done, Stands::Open(seen)) => {
            // Quell closed it because it was gone, so that it is not gone is reason enough.
            let is_ours = is_ours(mirror, there);
            let came_back = seen.zip(there.phase_at).is_some_and(|(seen, closed)| seen > closed);
            match is_ours || (came_back && mirror.reopened_theirs == 0) {
                true => (None, Move::Reopen),
                false => (Some(Conflict::ClosedByHand), Move::Rest),
            }
        }
    }
}

/// Whether Quell itself closed it.
fn is_ours(mirror: &Mirror, there: &Standing) -> bool {
    there.phase_by_us && mirror.closed.is_some()
}

/// Whether somebody opened it after Quell had closed it.
fn reopened_by_hand(mirror: &Mirror, there: &Standing) -> bool {
    let after = mirror.closed.zip(there.phase_at).is_some_and(|(closed, at)| at > closed);
    after && !there.phase_by_us
}
