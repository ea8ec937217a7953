//! Fixes that a language model is asked to write: one of the configuration here, or the server's.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use quell_analyst::{Brief, Task, Tasks, by_rules};
use quell_client::ClientError;
use quell_model::{Answered, TenantId, Why};
use quell_pipeline::{
    FIX_TASK, FixHelp, FixPlan, FixQuestion, FixRequest, MOST_WRITTEN, Progress, Setup, Writer,
    plan_fixes,
};
use quell_server::Plan;
use quell_server::offline::FixWriter;
use quell_store::Store;

use super::super::config::load_or_tell;
use super::super::desk::runtime;
use crate::environment::{SystemClock, environment_of};
use crate::remote::{Misused, Remote};

/// After so many questions in a row that the server could not be asked, no more are asked.
const MOST_FAILED: usize = 2;

/// Plans with a model that writes where no recipe does; none where the configuration is wrong,
/// which was told.
pub(super) fn plan_asking(
    data: &Path,
    (setup, request): (&Setup, &FixRequest),
    help: FixHelp<'_>,
    progress: &Progress<'_>,
) -> Result<Option<FixPlan>> {
    let Some(loaded) = load_or_tell(None, &[])? else { return Ok(None) };
    let store = Store::open(data)?;
    let runtime = runtime()?;
    let plan = Plan {
        config: loaded.config,
        data: data.to_owned(),
        setup: Setup::embedded(None)?,
        environment: environment_of(),
    };
    let writer = {
        let _within = runtime.enter();
        FixWriter::open(plan, &TenantId::default(), Arc::new(SystemClock))?
    };
    let Some(writer) = writer else {
        let said = "no model is given the task `fix`; `[analyst]` of the configuration names one, \
                    as docs/llm.md shows";
        return Err(Misused(said.to_owned()).into());
    };
    let ask = |question: &FixQuestion<'_>| writer.ask(&question.brief());
    let writer = Writer { task: writer.task(), ask: &ask, most: MOST_WRITTEN };
    let help = FixHelp { writer: Some(&writer), ..help };
    Ok(Some(plan_fixes(&store, (setup, request), help, &SystemClock, progress)?))
}

/// The model of a server, within its budgets and grants. What it writes is proved here.
pub(super) struct Asked<'a> {
    remote: &'a Remote,
    task: Task,
    failed: Cell<usize>,
}

impl<'a> Asked<'a> {
    /// The task is this program's own.
    pub(super) fn new(remote: &'a Remote) -> Result<Self> {
        let tasks = Tasks::embedded()?;
        let task = tasks.get(FIX_TASK).cloned();
        let task = task.ok_or_else(|| anyhow::anyhow!("there is no task `{FIX_TASK}`"))?;
        Ok(Self { remote, task, failed: Cell::new(0) })
    }

    pub(super) const fn task(&self) -> &Task {
        &self.task
    }

    /// Asks. Where that cannot be, nothing is written and it is said why.
    pub(super) fn ask(&self, question: &FixQuestion<'_>) -> Answered {
        let none = |why: String| rules(&self.task, &question.brief(), Why::Down(why));
        let Some(issue) = question.issues.first() else {
            return none("no issue is known of it".to_owned());
        };
        if self.failed.get() >= MOST_FAILED {
            return none("the server could not be asked twice in a row".to_owned());
        }
        let (server, issue) = (&self.remote.connection, issue.to_string());
        match self.remote.runtime.block_on(server.fix_write(&issue, &question.fault)) {
            Ok(answered) => {
                self.failed.set(0);
                answered
            }
            // It was closed or changed since the fixes were planned.
            Err(error @ ClientError::NotFound(_)) => none(error.to_string()),
            Err(error) => {
                self.failed.set(self.failed.get() + 1);
                none(error.to_string())
            }
        }
    }
}

fn rules(task: &Task, brief: &Brief<'_>, why: Why) -> Answered {
    Answered { written: by_rules(task, brief, why), made: None }
}
