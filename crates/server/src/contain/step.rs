//! One containment a step further. Each step is on the disk before the next.

use std::sync::Arc;

use quell_audit::Outcome;
use quell_contain::Class;
use quell_model::Timestamp;
use quell_pipeline::PipelineError;
use quell_pipeline::contain::{
    Begun, Containment, Move, Stage, begin, drop_over, looked, rolled_back, settled,
};
use quell_store::{ContainmentRow, Store};

use super::leaves::{self, Deed};
use super::places::{Tenancy, place_of};
use crate::access::{Right, known_now};
use crate::api::{Problem, ruling, standing};
use crate::data::Findings;
use crate::state::App;

/// One containment, and where it is done.
pub(super) struct Step {
    pub(super) app: Arc<App>,
    pub(super) findings: Arc<Findings>,
    pub(super) tenancy: Arc<Tenancy>,
    pub(super) row: ContainmentRow,
    pub(super) kept: Containment,
}

/// What came of carrying one out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// The target is contained.
    Holds,
    /// It is not.
    Fails(String),
    /// Nothing was done, and it is tried again by itself.
    Waits,
}

impl Step {
    fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Keeps a step, unless somebody moved it meanwhile.
    fn keep(&self, before: &ContainmentRow, moved: &Move) -> Result<bool, PipelineError> {
        let mut is_kept = false;
        let mut failed = None;
        self.findings.write(|store| {
            self.app.unless_closed(|| {
                match moved.keep(store, before) {
                    Ok(kept) => is_kept = kept,
                    Err(error) => failed = Some(error),
                }
                store.sync()
            })
        })?;
        failed.map_or(Ok(is_kept), Err)
    }

    /// Ends it where its plan can no longer be carried out. Whether it goes on to wait.
    pub(super) fn still_waits(&self) -> Result<bool, PipelineError> {
        let of = |store: &Store| Ok::<_, PipelineError>(store.plan_get(&self.row.plan)?);
        let Some((plan, said)) = self.findings.read(of)? else { return Ok(false) };
        match drop_over(&self.kept, (&plan, &said), self.now()) {
            Some(over) => self.keep(&self.row, &over).map(|_| false),
            // Nobody spoke, so there is nothing to judge.
            None => Ok(!said.votes.is_empty() || said.glass.is_some()),
        }
    }

    /// Whether enough people agree who may, as far as that is known without looking at the target.
    pub(super) fn is_ready(&self) -> Result<bool, Problem> {
        let ruling = ruling(&self.app, &self.findings.tenant)?;
        let tenant = &self.findings.tenant;
        let known = |person: &_, plan: &_| standing(&self.app, tenant, (person, plan));
        let now = self.now();
        self.findings.read(|store: &Store| {
            let Some((plan, said)) = store.plan_get(&self.row.plan)? else { return Ok(false) };
            let of = (&plan, &said);
            let checked = quell_pipeline::govern::plan_check(store, &ruling, of, (now, &known))?;
            Ok(checked.is_ok())
        })
    }

    /// Carries it out, if all still holds: the target is looked at, everything is asked again, and
    /// the row says that it is being done before anything is sent.
    pub(super) async fn carry_out(&self) -> Result<Came, Problem> {
        let (tenant, now) = (&self.findings.tenant, self.now());
        let leaf = leaves::begin(&self.app, (tenant, &self.kept), Deed::CarryOut, now)?;
        let begun = self.begin_now().await;
        let (approved, row) = match begun {
            Ok(Begun::Now(approved, row)) => (approved, row),
            Ok(other @ (Begun::NotYet(_) | Begun::Over | Begun::Moved)) => {
                let word = match &other {
                    Begun::NotYet(why) => why.as_str(),
                    Begun::Over => "the plan is void",
                    Begun::Now(..) | Begun::Moved => "somebody else moved it",
                };
                leaves::end(leaf, (Outcome::Refused, word), self.now());
                return Ok(Came::Waits);
            }
            Err(problem) => {
                leaves::end(leaf, (Outcome::Failed, problem.detail()), self.now());
                return Err(problem);
            }
        };
        let kept = Containment::read(&row)?;
        let result = Box::pin(self.tenancy.containment.carry_out(*approved)).await;
        let now = self.now();
        let moved = settled(kept, result.as_ref(), now);
        let stage = moved.after().stage;
        let outcome = if stage == Stage::Contained { Outcome::Done } else { Outcome::Failed };
        leaves::end(leaf, (outcome, stage.as_str()), now);
        self.keep(&row, &moved)?;
        let why = || moved.after().said.clone().unwrap_or_default();
        Ok(match stage {
            Stage::Contained => Came::Holds,
            Stage::Asked => Came::Waits,
            Stage::HeldBack
            | Stage::Running
            | Stage::Doubt
            | Stage::Failed
            | Stage::Undoing
            | Stage::Undone
            | Stage::NotBack
            | Stage::Dropped => {
                let (plan, why) = (&self.row.plan, why());
                tracing::error!(plan, why, "a containment was not carried out");
                Came::Fails(why)
            }
        })
    }

    /// Looks at the target, and uses the permit up if there is one.
    async fn begin_now(&self) -> Result<Begun, Problem> {
        let plan = self.findings.read(|store: &Store| store.plan_get(&self.row.plan))?;
        let Some((plan, _)) = plan else { return Ok(Begun::Moved) };
        let action = plan.parameters.get("action").cloned().unwrap_or_default();
        let action: quell_contain::Action = serde_json::from_value(action)
            .map_err(|error| Problem::unprocessable(error.to_string()))?;
        let target = match Box::pin(self.tenancy.containment.look(&action)).await {
            Ok(before) => before.hash,
            Err(error) => return self.unseen(error),
        };
        let ruling = ruling(&self.app, &self.findings.tenant)?;
        let tenant = &self.findings.tenant;
        let known = |person: &_, plan: &_| standing(&self.app, tenant, (person, plan));
        let now = self.now();
        let mut begun = Ok(Begun::Moved);
        self.findings.write(|store| {
            self.app.unless_closed(|| {
                begun = begin(store, &ruling, (&self.row, &target), (now, &known));
                store.sync()
            })
        })?;
        Ok(begun?)
    }

    /// The target cannot be looked at, so nothing is done.
    fn unseen(&self, error: quell_contain::ContainError) -> Result<Begun, Problem> {
        let said = error.to_string();
        let reached = quell_contain::Reached::Untouched;
        let failed = quell_contain::Failed { error, reached, rollback: None };
        let moved = settled(self.kept.clone(), Err(&failed), self.now());
        self.keep(&self.row, &moved)?;
        if moved.after().stage == Stage::Failed {
            return Ok(Begun::Over);
        }
        Ok(Begun::NotYet(said))
    }

    /// Looks at a target of which nobody knows how far it came.
    pub(super) async fn look(&self) -> Result<(), Problem> {
        let Some(rollback) = &self.kept.rollback else { return Ok(()) };
        let now = self.now();
        let of = (&self.findings.tenant, &self.kept);
        let leaf = leaves::begin(&self.app, of, Deed::Look, now)?;
        let found = Box::pin(self.tenancy.containment.stands(rollback)).await;
        let now = self.now();
        let moved = looked(self.kept.clone(), found, now);
        leaves::end(leaf, (Outcome::Done, moved.after().stage.as_str()), now);
        self.keep(&self.row, &moved)?;
        Ok(())
    }

    /// Undoes it, if who asked for that still may.
    pub(super) async fn roll_back(&self) -> Result<(), Problem> {
        let (Some(rollback), Some(undo)) = (&self.kept.rollback, &self.kept.undo) else {
            return Ok(());
        };
        let (now, tenant) = (self.now(), &self.findings.tenant);
        let leaf = leaves::begin(&self.app, (tenant, &self.kept), Deed::RollBack, now)?;
        if !self.may_roll_back(&undo.by.id)? {
            let why = format!("{} may not roll it back any more", undo.by.name);
            leaves::end(leaf, (Outcome::Refused, "the right was taken away"), self.now());
            let refused = quell_contain::NotBack {
                error: quell_contain::ContainError::Refused(why),
                stands: None,
            };
            self.keep(&self.row, &rolled_back(self.kept.clone(), Err(refused), now))?;
            return Ok(());
        }
        let result = Box::pin(self.tenancy.containment.roll_back(rollback)).await;
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) if error.error.class() == Class::Permanent => Outcome::Refused,
            Err(_) => Outcome::Failed,
        };
        let now = self.now();
        let moved = rolled_back(self.kept.clone(), result, now);
        leaves::end(leaf, (outcome, moved.after().stage.as_str()), now);
        self.keep(&self.row, &moved)?;
        Ok(())
    }

    fn may_roll_back(&self, person: &str) -> Result<bool, Problem> {
        let plan = self.findings.read(|store: &Store| store.plan_get(&self.row.plan))?;
        let (Some((caller, true)), Some((plan, _))) = (known_now(&self.app, person)?, plan) else {
            return Ok(false);
        };
        let is_own = caller.tenant == self.findings.tenant;
        Ok(is_own && may(&self.app, &caller, (&plan, Right::RollBack))?)
    }
}

/// Whether somebody may do something about a containment: at its target, and in the place of each
/// issue that it names. Who is limited to some places may not, since a target may reach further.
pub(crate) fn may(
    app: &App,
    caller: &crate::access::Caller,
    (plan, right): (&quell_govern::approval::Plan, Right),
) -> Result<bool, Problem> {
    let Some(place) = place_of(plan) else { return Ok(false) };
    if caller.is_limited() {
        return Ok(false);
    }
    let issues = quell_pipeline::govern::plan_issues(&plan.evidence);
    let (findings, now) = (app.tenants.of(&caller.tenant)?, app.clock.now());
    let asked = (caller.by(app), right);
    Ok(findings.may_act_at(asked, (&place, &issues), now)?
        && findings.may_act_on(asked, &issues, now)?)
}
