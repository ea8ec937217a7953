//! Each step of a containment: what becomes of it and of its plan, kept together.

use jiff::SignedDuration;
use quell_contain::{
    Approved, Class, ContainError, Done, Failed, NotBack, Reached, Stands, Undone,
};
use quell_govern::approval::{Approvals, Hash, Plan, Stand};
use quell_model::Timestamp;
use quell_store::{ContainmentRow, Store};

use super::row::{Containment, SETTLE, Stage, Undo};
use crate::PipelineError;
use crate::govern::{Known, Ruling, plan_check_at};

/// How often something is tried without an end before a person has to look.
const MOST_TRIES: u32 = 5;
/// How long is waited after the first try; each further one waits twice as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// What becomes of a containment, and of its plan.
#[derive(Debug)]
pub struct Move {
    after: Containment,
    plan: PlanMove,
}

/// What becomes of a plan.
#[derive(Debug, PartialEq, Eq)]
enum PlanMove {
    /// It stays.
    Stays,
    /// Nothing was done with its permit: it stands open again.
    GivenBack,
    /// It is void.
    Void(String),
}

/// What came of the try to begin one.
#[derive(Debug)]
pub enum Begun {
    /// It may be done now.
    Now(Box<Approved>, ContainmentRow),
    /// Its plan may not be carried out, or not yet.
    NotYet(String),
    /// Its plan is void.
    Over,
    /// Somebody else moved it.
    Moved,
}

impl Move {
    fn to(after: Containment) -> Self {
        Self { after, plan: PlanMove::Stays }
    }

    /// The containment as it will be.
    #[must_use]
    pub const fn after(&self) -> &Containment {
        &self.after
    }

    /// Keeps it, if the row is still what it was. Whether it is kept.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn keep(&self, store: &mut Store, before: &ContainmentRow) -> Result<bool, PipelineError> {
        let moved = store.containment_move(before, |_, approvals| {
            match &self.plan {
                PlanMove::Stays => {}
                PlanMove::GivenBack => approvals.give_back(),
                PlanMove::Void(because) => {
                    approvals.give_back();
                    approvals.void(because);
                }
            }
            self.after.row()
        })?;
        moved.transpose().map(|kept| kept.is_some())
    }
}

/// How long is waited after so many tries.
fn wait(tries: u32) -> SignedDuration {
    let times = 1_i32.checked_shl(tries.min(8)).unwrap_or(256);
    FIRST_WAIT.checked_mul(times).unwrap_or(FIRST_WAIT)
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(now)
}

/// Uses up the permit of a plan, if it has one: everything is asked again, with what stands at the
/// target now. From then on the row says that it is being done, and how it is undone.
///
/// # Errors
/// When the store refuses, or the plan is not what this program would do.
pub fn begin(
    store: &mut Store,
    ruling: &Ruling,
    (before, target): (&ContainmentRow, &Hash),
    (now, known): (Timestamp, Known<'_>),
) -> Result<Begun, PipelineError> {
    let kept = Containment::read(before)?;
    let Some((plan, said)) = store.plan_get(&before.plan)? else { return Ok(Begun::Moved) };
    let permit = match plan_check_at(store, ruling, (&plan, &said), (now, known), Some(target))? {
        Ok(permit) => permit,
        Err(blocked) if blocked.voids() => {
            over(kept, blocked.to_string(), now).keep(store, before)?;
            return Ok(Begun::Over);
        }
        Err(blocked) => return Ok(Begun::NotYet(blocked.to_string())),
    };
    let mut approved = None;
    let moved = store.containment_move(before, |plan, approvals| {
        // What was said since it was judged is judged first.
        if *approvals != said {
            return Err(PipelineError::Refused("something was said of it meanwhile".to_owned()));
        }
        let taken = take(plan, permit, approvals, now)?;
        let rollback = Some(taken.rollback());
        approved = Some(taken);
        let after = Containment { rollback, begun: Some(now), ..kept };
        after.to(Stage::Running, now, None).row()
    })?;
    match (moved, approved) {
        (Some(Ok(row)), Some(approved)) => Ok(Begun::Now(Box::new(approved), row)),
        (Some(Err(error)), _) => Err(error),
        (Some(Ok(_)) | None, _) => Ok(Begun::Moved),
    }
}

fn take(
    plan: &Plan,
    permit: quell_govern::approval::Permit,
    approvals: &mut Approvals,
    now: Timestamp,
) -> Result<Approved, PipelineError> {
    Approved::take(plan, permit, approvals, now)
        .map_err(|error| PipelineError::Refused(error.to_string()))
}

/// Its plan came to an end without being carried out.
fn over(kept: Containment, because: String, now: Timestamp) -> Move {
    let after = kept.to(Stage::Dropped, now, Some(because.clone()));
    Move { after, plan: PlanMove::Void(because) }
}

/// The end of one whose plan was refused, taken back, or is void by time; none while it may still
/// be carried out.
#[must_use]
pub fn drop_over(
    kept: &Containment,
    (plan, said): (&Plan, &Approvals),
    now: Timestamp,
) -> Option<Move> {
    if said.stand != Stand::Open {
        let because = format!("the plan is {}: {}", said.stand.as_str(), said.because);
        return Some(Move::to(kept.clone().to(Stage::Dropped, now, Some(because))));
    }
    let is_over = now >= plan.expires_at;
    is_over.then(|| over(kept.clone(), "the plan's time is over".to_owned(), now))
}

/// What came of doing it.
#[must_use]
pub fn settled(kept: Containment, result: Result<&Done, &Failed>, now: Timestamp) -> Move {
    let failed = match result {
        Ok(done) => {
            let rollback = done.rollback.clone();
            let said = rollback.is_none().then(|| "it was so already".to_owned());
            let after = Containment { rollback, tries: 0, ..kept };
            return Move::to(after.to(Stage::Contained, now, said));
        }
        Err(failed) => failed,
    };
    let said = failed.error.to_string();
    match (failed.reached, failed.error.class()) {
        (Reached::Untouched, Class::Later(wait)) => put_back(kept, (said, wait), now),
        (Reached::Untouched, Class::Unknown) => put_back(kept, (said, None), now),
        (Reached::Untouched, Class::Permanent) => {
            let because = format!("it was not carried out: {said}");
            let after = Containment { rollback: None, ..kept };
            let after = after.to(Stage::Failed, now, Some(said));
            Move { after, plan: PlanMove::Void(because) }
        }
        (Reached::Partly, Class::Permanent) => Move::to(kept.to(Stage::Failed, now, Some(said))),
        (Reached::Partly | Reached::Unknown, _) => {
            Move::to(kept.to(Stage::Doubt, later(now, SETTLE), Some(said)))
        }
    }
}

/// Nothing was done, and another try may help.
fn put_back(
    kept: Containment,
    (said, asked): (String, Option<std::time::Duration>),
    now: Timestamp,
) -> Move {
    let tries = kept.tries.saturating_add(1);
    if tries >= MOST_TRIES {
        let because = format!("it was tried {tries} times: {said}");
        let after = Containment { rollback: None, tries, ..kept };
        let after = after.to(Stage::Failed, now, Some(said));
        return Move { after, plan: PlanMove::Void(because) };
    }
    let asked = asked.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or_default();
    let at = later(now, wait(tries).max(asked));
    let after = Containment { rollback: None, tries, ..kept };
    Move { after: after.to(Stage::Asked, at, Some(said)), plan: PlanMove::GivenBack }
}

/// One that was being done when a process ended: nobody knows how far it came.
#[must_use]
pub fn recover(kept: Containment, now: Timestamp) -> Move {
    let since = kept.begun.unwrap_or(now);
    let said = "the server stopped while it was being done; the target is looked at".to_owned();
    Move::to(kept.to(Stage::Doubt, later(since, SETTLE).max(now), Some(said)))
}

/// What a look at the target says of one that may have been done.
#[must_use]
pub fn looked(kept: Containment, found: Result<Stands, ContainError>, now: Timestamp) -> Move {
    match found {
        Ok(Stands::After) => {
            let after = Containment { tries: 0, ..kept };
            Move::to(after.to(Stage::Contained, now, None))
        }
        // Nothing was done. The plan stands open again, so that all is asked anew before it is.
        Ok(Stands::Before) => {
            let said = "nothing was done yet".to_owned();
            let after = Containment { rollback: None, ..kept };
            Move { after: after.to(Stage::Asked, now, Some(said)), plan: PlanMove::GivenBack }
        }
        Ok(Stands::Between) => {
            let said = "half of it was done; roll it back, or ask for the rest anew".to_owned();
            Move::to(kept.to(Stage::Failed, now, Some(said)))
        }
        Ok(Stands::Other { part, was, is }) => {
            let said = format!("`{part}` was changed by others: it was {was} and is {is}");
            Move::to(kept.to(Stage::Failed, now, Some(said)))
        }
        Err(error) => {
            let (said, tries) = (Some(error.to_string()), kept.tries.saturating_add(1));
            let is_lasting = error.class() == Class::Permanent || tries >= MOST_TRIES;
            let after = Containment { tries, ..kept };
            match is_lasting {
                true => Move::to(after.to(Stage::Failed, now, said)),
                false => Move::to(after.to(Stage::Doubt, later(now, wait(tries)), said)),
            }
        }
    }
}

/// Somebody has it undone; none where there is nothing to undo.
#[must_use]
pub fn undo_asked(kept: Containment, undo: Undo, now: Timestamp) -> Option<Move> {
    if !kept.can_be_undone() {
        return None;
    }
    let after = Containment { undo: Some(undo), tries: 0, ..kept };
    Some(Move::to(after.to(Stage::Undoing, now, None)))
}

/// What came of undoing it, or why it may not be.
#[must_use]
pub fn rolled_back(kept: Containment, result: Result<Undone, NotBack>, now: Timestamp) -> Move {
    let error = match result {
        Ok(Undone::RolledBack) => return Move::to(kept.to(Stage::Undone, now, None)),
        Ok(Undone::AlreadyBack) => {
            let said = Some("it was as before already".to_owned());
            return Move::to(kept.to(Stage::Undone, now, said));
        }
        Err(error) => error,
    };
    let (said, tries) = (Some(error.to_string()), kept.tries.saturating_add(1));
    let after = Containment { tries, ..kept };
    let is_lasting = error.error.class() == Class::Permanent || tries >= MOST_TRIES;
    match is_lasting {
        true => Move::to(after.to(Stage::NotBack, now, said)),
        false => Move::to(after.to(Stage::Undoing, later(now, wait(tries)), said)),
    }
}

/// Another one failed before it.
#[must_use]
pub fn hold_back(kept: Containment, because: &str, now: Timestamp) -> Move {
    Move::to(kept.to(Stage::HeldBack, now, Some(because.to_owned())))
}

/// A person lets one go on that was held back, or has one looked at again; none where it is in
/// another stage.
#[must_use]
pub fn retry(kept: Containment, now: Timestamp) -> Option<Move> {
    let stage = match (kept.stage, kept.rollback.is_some()) {
        (Stage::HeldBack, _) => Stage::Asked,
        (Stage::Failed, true) => Stage::Doubt,
        (Stage::Asked | Stage::Running | Stage::Doubt | Stage::Contained | Stage::Failed, _)
        | (Stage::Undoing | Stage::Undone | Stage::NotBack | Stage::Dropped, _) => return None,
    };
    let after = Containment { tries: 0, ..kept };
    Some(Move::to(after.to(stage, now, None)))
}
