//! A task for a brief.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quell_analyst::{Audience, Brief, Call, Grants, Task, Tasks, Why};
use quell_config::{Analyst, Config};
use quell_llm::{LlmError, Pace, Pass, SharedGate};
use quell_model::{Answered, Clock, TenantId, Timestamp};
use quell_pipeline::analyst::{Asker, Model, Ready, Turn, Work, ask, request_of};
use quell_store::GrantKind;
use tokio::runtime::Handle;

use super::calls::Calls;
use super::purse::Till;
use crate::access::Caller;
use crate::models::{Models, model, provider_of};
use crate::outside::Outside;
use crate::state::App;

/// Who asks, and whose incident it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The tenant.
    pub(crate) tenant: &'a TenantId,
    /// The person, where one asked.
    pub(crate) user: Option<&'a str>,
    /// The incident, where it is about one.
    pub(crate) incident: Option<&'a str>,
    /// Whom it is written for.
    pub(crate) to: Audience,
}

impl<'a> Given<'a> {
    /// A caller of the API, where it is about no incident yet.
    pub(crate) fn of(caller: &'a Caller, to: Audience) -> Self {
        Self { tenant: &caller.tenant, user: Some(&caller.token), incident: None, to }
    }

    pub(super) fn asker(&self) -> Asker<'a> {
        Asker { tenant: self.tenant.as_str(), user: self.user, incident: self.incident }
    }
}

/// The tasks, and the models that they are given to.
#[derive(Debug)]
pub(crate) struct Desk {
    tasks: Tasks,
    models: BTreeMap<String, Model>,
    gates: BTreeMap<String, SharedGate>,
    calls: Calls,
}

impl Desk {
    /// The tasks that come with Quell, and the providers that are switched on.
    pub(crate) fn new(
        config: &Config,
        outside: &Arc<Outside>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, LlmError> {
        let models = Models::new(config, outside, clock, None)?;
        let models = models.iter().filter_map(|(name, provider)| {
            let one = config.llm.get(name)?;
            Some((name.to_owned(), model(Arc::clone(provider), one)))
        });
        let models: BTreeMap<String, Model> = models.collect();
        let Analyst { calls_a_minute, most_at_once, .. } = config.analyst;
        let gate = || SharedGate::new(Pace { calls_a_minute, most_at_once });
        let gates = models.keys().map(|name| (name.clone(), gate())).collect();
        let tasks = Tasks::embedded()
            .map_err(|error| LlmError::Setting { name: "tasks", why: error.to_string() })?;
        Ok(Self { tasks, models, gates, calls: Calls::new() })
    }

    /// The tasks.
    pub(crate) const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Lets a call of a provider through, as its pace allows.
    pub(super) fn enter(&self, provider: &str, now: Timestamp) -> Result<Pass, Why> {
        let gate = self.gates.get(provider).ok_or(Why::NotConfigured)?;
        gate.enter(now).map_err(|shut| Why::Busy(shut.why.as_str().to_owned()))
    }

    /// Does a call beside whoever asks.
    pub(super) fn run(&self, runtime: &Handle, work: Work) {
        self.calls.run(runtime, work);
    }

    /// Waits until nobody asks the same.
    pub(super) async fn turn(&self, key: blake3::Hash) -> Turn {
        self.calls.turn(key).await
    }

    /// Gives up the calls that are under way, and begins no more. All that was reserved for them
    /// counts.
    pub(crate) async fn stop(&self) {
        self.calls.stop().await;
    }

    /// The model that a task is given to, where it is given to one.
    pub(crate) fn model(&self, config: &Config, task: &Task) -> Option<&Model> {
        self.models.get(provider_of(config, task)?)
    }

    /// The provider of this name, where it is switched on.
    pub(super) fn named(&self, name: &str) -> Option<&Model> {
        self.models.get(name)
    }

    /// Has a task written, on a thread that may wait. A model is asked where the configuration
    /// gives it the task and every limit allows it; else, and where it is slow, the rules speak.
    pub(crate) fn write(
        &self,
        app: &App,
        task: &Task,
        brief: &Brief<'_>,
        given: Given<'_>,
    ) -> Answered {
        let asked = || {
            let runtime = app.runtime.get().ok_or(Why::NotConfigured)?;
            let (call, model) = self.call(app, task, brief, given)?;
            let till = Till { app, tenant: given.tenant };
            let wait = Duration::from_secs(app.config.analyst.wait_seconds);
            let asking = async {
                let asking = ask(&call, Some(model), given.asker(), &till);
                tokio::time::timeout(wait, asking).await
            };
            runtime.block_on(asking).map_err(|_| Why::Slow)
        };
        asked().unwrap_or_else(|why| rules(task, brief, why))
    }

    /// What the rules say, or a kept answer: nobody is asked, and it costs nothing.
    pub(crate) fn kept(
        &self,
        app: &App,
        task: &Task,
        brief: &Brief<'_>,
        given: Given<'_>,
    ) -> Answered {
        match self.call(app, task, brief, given) {
            Ok(called) => kept(app, &called, given),
            Err(why) => rules(task, brief, why),
        }
    }

    /// The same as [`Desk::kept`], with what asking would send: the provider's name and the bytes.
    pub(crate) fn shown(
        &self,
        app: &App,
        task: &Task,
        brief: &Brief<'_>,
        given: Given<'_>,
    ) -> (Answered, Result<(String, Vec<u8>), String>) {
        match self.call(app, task, brief, given) {
            Ok(called) => (kept(app, &called, given), payload(&called)),
            Err(why) => {
                let said = why.text();
                (rules(task, brief, why), Err(said))
            }
        }
    }

    /// The call, and the model that is given it. Without one nothing is masked and no grant is
    /// read; where grants cannot be read nothing is asked.
    pub(super) fn call<'c>(
        &'c self,
        app: &App,
        task: &'c Task,
        brief: &'c Brief<'c>,
        given: Given<'_>,
    ) -> Result<(Call<'c>, &'c Model), Why> {
        let model = self.model(&app.config, task).ok_or(Why::NotConfigured)?;
        let grants = grants(app, given.tenant, task)?;
        let call = Call::new(task, brief, given.to, grants);
        let call = call.map_err(|error| Why::Down(error.to_string()))?;
        Ok((call, model))
    }
}

fn kept(app: &App, (call, model): &(Call<'_>, &Model), given: Given<'_>) -> Answered {
    let till = Till { app, tenant: given.tenant };
    let ready = Ready::new(call, model, given.asker()).ok();
    let found = ready.and_then(|ready| ready.kept(&till));
    found.unwrap_or_else(|| Answered { written: call.by_rules(Why::NotAsked), made: None })
}

fn payload((call, model): &(Call<'_>, &Model)) -> Result<(String, Vec<u8>), String> {
    let bytes = model.provider.payload(&request_of(call, model));
    let bytes = bytes.map_err(|error| error.to_string())?;
    Ok((model.provider.name().to_owned(), bytes))
}

/// What somebody allowed to leave.
fn grants(app: &App, tenant: &TenantId, task: &Task) -> Result<Grants, Why> {
    let rows = app.office().grants_of(tenant, &task.id, app.clock.now());
    let rows =
        rows.map_err(|error| Why::Down(format!("what may leave cannot be read: {error}")))?;
    let mut grants = Grants::default();
    for what in rows.iter().flat_map(|row| &row.what) {
        match what {
            GrantKind::Addresses => grants.mask.addresses = true,
            GrantKind::Identities => grants.mask.identities = true,
            GrantKind::Logs => grants.logs = true,
            GrantKind::Names => grants.mask.names = true,
        }
    }
    Ok(grants)
}

fn rules(task: &Task, brief: &Brief<'_>, why: Why) -> Answered {
    Answered { written: quell_analyst::by_rules(task, brief, why), made: None }
}
