//! What is delivered, in the audit log: a record before each call, and one of what came of it.

use quell_audit::{Action, AuditError, Leaf, Outcome as Ending, Stage, sha256};
use quell_deliver::outbox::{Outcome, Row};
use quell_model::{TenantId, Timestamp};

use crate::audit::{Begun, by_server};
use crate::state::App;

/// Writes down that a sink is called. Without that it must not be.
pub(super) fn begin(
    app: &App,
    tenant: &TenantId,
    (row, act): (&Row, &[u8]),
    now: Timestamp,
) -> Result<Begun, AuditError> {
    app.audit.begin(of((Action::CallOut, Stage::Begun), tenant, row, now).diff(sha256(act)))
}

fn of(what: (Action, Stage), tenant: &TenantId, row: &Row, now: Timestamp) -> Leaf {
    by_server(what, tenant, now)
        .object("sink", &row.sink)
        .object("outbox", &row.id.to_string())
        .object("subject", &row.subject)
        .object("delivery", row.key.as_str())
        .word("act", row.act.as_str())
        .fact("attempt", i64::from(row.attempts))
}

/// Writes down what came of it.
pub(super) fn end(begun: Begun, outcome: &Outcome, now: Timestamp) {
    let (ending, word) = match outcome {
        Outcome::Done(_) => (Ending::Done, "done"),
        Outcome::Later(..) => (Ending::Failed, "later"),
        Outcome::Refused(_) => (Ending::Refused, "refused"),
        Outcome::Lost(_) => (Ending::Failed, "not known"),
    };
    begun.end(now, ending, |leaf| {
        let leaf = leaf.word("came", word);
        match outcome {
            Outcome::Done(Some(remote)) => leaf.object("remote", &remote.id),
            Outcome::Done(None) | Outcome::Later(..) | Outcome::Refused(_) | Outcome::Lost(_) => {
                leaf
            }
        }
    });
}
