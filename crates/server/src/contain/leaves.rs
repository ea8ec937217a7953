//! What is done at targets, in the audit log: a record before each, and one of what came of it.

use quell_audit::{Action, AuditError, Leaf, Outcome, Stage};
use quell_model::{TenantId, Timestamp};
use quell_pipeline::contain::Containment;

use crate::audit::{Begun, by_server};
use crate::state::App;

/// What is done at a target.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// What was approved is done.
    CarryOut,
    /// The target is looked at after a doubt.
    Look,
    /// It is undone.
    RollBack,
}

impl Deed {
    const fn words(self) -> (Action, &'static str) {
        match self {
            Self::CarryOut => (Action::Execute, "carry out"),
            Self::Look => (Action::CallOut, "look"),
            Self::RollBack => (Action::ContainmentUndo, "roll back"),
        }
    }
}

/// Writes down that a target is reached. Without that it must not be.
pub(super) fn begin(
    app: &App,
    (tenant, kept): (&TenantId, &Containment),
    deed: Deed,
    now: Timestamp,
) -> Result<Begun, AuditError> {
    let (action, word) = deed.words();
    let leaf = by_server((action, Stage::Begun), tenant, now)
        .object("approval", &kept.plan)
        .object("place", &kept.place)
        .word("act", word);
    let leaf = kept.undo.iter().fold(leaf, |leaf, undo| leaf.object("person", &undo.by.id));
    app.audit.begin(leaf)
}

/// Writes down what came of it.
pub(super) fn end(begun: Begun, (came, after): (Outcome, &str), now: Timestamp) {
    begun.end(now, came, |leaf: Leaf| leaf.word("came", after));
}
