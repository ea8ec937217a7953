//! Looks, tries, carries out and undoes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_http::Client;
use quell_model::Clock;

use crate::access::Places;
use crate::action::Action;
use crate::converge::{Course, Reached, Waits, drifted, read};
use crate::draft::{Service, Shown};
use crate::error::ContainError;
use crate::login::session_name;
use crate::plan::{Approved, Rollback};
use crate::state::{Before, Stands, State};
use crate::unit::{Purpose, Unit};
use crate::wire::Wire;

/// Does all that is done to targets.
pub struct Containment {
    client: Client,
    clock: Arc<dyn Clock>,
    places: Places,
    patience: Patience,
}

/// How long to wait until a change shows.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often to look.
    pub tries: u32,
    /// How long between two looks.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 8, pause: Duration::from_secs(2) }
    }
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// Every request, as it would be sent now.
    pub requests: Vec<Shown>,
    /// What changes.
    pub diff: String,
    /// Who judged that it would work.
    pub judge: Judge,
}

/// Who judged a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// The platform itself: it was asked to try everything without keeping anything.
    Platform,
    /// Quell alone, from what it read; the platform offers no such thing.
    Quell,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// How it came to be so.
    pub how: How,
    /// How to undo it; none where nothing was changed now.
    pub rollback: Option<Rollback>,
}

/// How a target came to be contained. In both cases it was looked at, and is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was changed.
    Changed,
    /// It was so already.
    AlreadySo,
}

/// Why an action failed, and what it left.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failed {
    /// Why.
    pub error: ContainError,
    /// How far it came.
    pub reached: Reached,
    /// How to undo what was or may have been changed; none where nothing was.
    pub rollback: Option<Box<Rollback>>,
}

/// What was undone. In both cases it was looked at, and is as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// It was changed back.
    RolledBack,
    /// It was as before already.
    AlreadyBack,
}

/// Why something was not undone. A person has to look.
#[derive(Debug, thiserror::Error)]
#[error("it is not rolled back: {error}")]
pub struct NotBack {
    /// Why.
    pub error: ContainError,
    /// How the target stands, where it could be read afterwards.
    pub stands: Option<Stands>,
}

impl Containment {
    /// Containment by these logins.
    #[must_use]
    pub fn new(client: Client, clock: Arc<dyn Clock>, places: Places) -> Self {
        Self { client, clock, places, patience: Patience::default() }
    }

    /// With another patience.
    #[must_use]
    pub const fn patient(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// What stands at the target now.
    ///
    /// # Errors
    /// It cannot be read, or is not there.
    pub async fn look(&self, action: &Action) -> Result<Before, ContainError> {
        let unit = action.unit();
        let wire = self.wire(unit, Purpose::Look, "look").await?;
        let state = read(&wire, unit).await?.state;
        Ok(Before { hash: state.hash()?, state })
    }

    /// What would be done now, which has to be what a look before found. Where the platform can
    /// try a change without keeping it, it is asked to.
    ///
    /// # Errors
    /// The target changed since, the action does not fit it, or the platform would refuse it.
    pub async fn dry_run(&self, action: &Action, before: &Before) -> Result<DryRun, ContainError> {
        let unit = action.unit();
        let after = unit.after(&before.state)?;
        if after == before.state {
            return Err(ContainError::AlreadySo);
        }
        let wire = self.wire(unit, Purpose::Look, "dry-run").await?;
        let reading = read(&wire, unit).await?;
        match reading.state.stands(&before.state, &after) {
            Stands::Before => {}
            Stands::After => return Err(ContainError::AlreadySo),
            other @ (Stands::Between | Stands::Other { .. }) => return Err(drifted(other)),
        }
        let steps = unit.steps(&reading, &after)?;
        let mut judge = Judge::Quell;
        for step in steps.iter().filter(|step| step.service == Service::Kubernetes) {
            wire.send(&step.clone().query("dryRun", "All")).await?;
            judge = Judge::Platform;
        }
        let requests = steps.iter().map(crate::draft::Draft::shown).collect();
        Ok(DryRun { requests, diff: before.state.diff(&after), judge })
    }

    /// Carries out what was approved, unless the target is another than was looked at.
    ///
    /// # Errors
    /// It was not done, or not all of it, or it does not show; the error says how far it came and
    /// how to undo that.
    pub async fn carry_out(&self, approved: Approved) -> Result<Done, Failed> {
        let rollback = approved.rollback();
        let Approved { plan, action, before, after, .. } = approved;
        match Box::pin(self.go((&action, Purpose::Do), &plan, &before, &after)).await {
            Ok(true) => {
                tracing::info!(plan, kind = action.kind(), "contained");
                Ok(Done { how: How::Changed, rollback: Some(rollback) })
            }
            Ok(false) => Ok(Done { how: How::AlreadySo, rollback: None }),
            Err((error, reached)) => {
                let left = (reached != Reached::Untouched).then(|| Box::new(rollback));
                Err(Failed { error, reached, rollback: left })
            }
        }
    }

    /// Undoes it. It is said to be rolled back only if looking again shows what was before.
    ///
    /// # Errors
    /// Somebody changed it since, or it could not be undone, or does not show.
    pub async fn roll_back(&self, record: &Rollback) -> Result<Undone, NotBack> {
        let way = (&record.action, Purpose::Undo);
        match Box::pin(self.go(way, &record.plan, &record.after, &record.before)).await {
            Ok(true) => Ok(Undone::RolledBack),
            Ok(false) => Ok(Undone::AlreadyBack),
            Err((error, _)) => {
                tracing::error!(plan = record.plan, %error, "a containment is not rolled back");
                let stands = Box::pin(self.stands(record)).await.ok();
                Err(NotBack { error, stands })
            }
        }
    }

    /// How a target stands between before and after, as after a crash.
    ///
    /// # Errors
    /// It cannot be read, or is not there.
    pub async fn stands(&self, record: &Rollback) -> Result<Stands, ContainError> {
        let unit = record.action.unit();
        let wire = self.wire(unit, Purpose::Look, &record.plan).await?;
        Ok(record.stands(&read(&wire, unit).await?.state))
    }

    async fn go(
        &self,
        (action, purpose): (&Action, Purpose),
        plan: &str,
        from: &State,
        to: &State,
    ) -> Result<bool, (ContainError, Reached)> {
        let unit = action.unit();
        let wire = self.wire(unit, purpose, plan).await;
        let wire = wire.map_err(|error| (error, Reached::Untouched))?;
        let Patience { tries, pause } = self.patience;
        let course = Course { wire: &wire, unit, from, to, waits: Waits { tries, pause } };
        course.go().await
    }

    async fn wire<'a>(
        &'a self,
        unit: &'a dyn Unit,
        purpose: Purpose,
        session: &str,
    ) -> Result<Wire<'a>, ContainError> {
        let session = session_name(session);
        let with = (&self.client, &*self.clock);
        Box::pin(Wire::open(with, &self.places, unit, purpose, &session)).await
    }
}

impl fmt::Debug for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Containment")
    }
}
