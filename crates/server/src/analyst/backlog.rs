//! Many calls handed in as a batch: dearer in time, cheaper in money. What comes back is kept, and
//! who asks the same later is answered from there.

use std::collections::BTreeMap;

use quell_analyst::{Brief, Task};
use quell_audit::{Action, Outcome, Stage};
use quell_llm::{Batch, BatchState, LlmError, Provider, Reply, Request, Schema, Stopped};
use quell_model::TenantId;
use quell_pipeline::analyst::{Model, Ready};
use quell_store::{BatchItem, BatchRow, NewBatch, SpendUsed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::{Desk, Given};
use super::purse::Till;
use crate::audit::by_server;
use crate::state::App;

/// Most calls of one batch.
const MOST_CALLS: usize = 1_000;

/// What became of calls that were to be handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandedIn {
    /// Calls that were handed in.
    pub handed_in: usize,
    /// Calls whose answers are there already.
    pub kept: usize,
    /// Calls that no budget allows.
    pub refused: usize,
    /// Why the first of those was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The most that those which were handed in cost, in millionths, at the price of batches.
    #[serde(default)]
    pub most_money: u64,
    /// The provider's id of the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

/// What came of batches that were handed in before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Collected {
    /// Batches that are still worked on.
    pub running: usize,
    /// Batches that are done.
    pub done: usize,
    /// Batches that failed, or of which nobody knows whether they arrived.
    pub lost: usize,
    /// Answers that are kept now.
    pub answers: usize,
    /// Answers that are not usable.
    pub unusable: usize,
    /// What the answers cost, in millionths, at the price of batches.
    #[serde(default)]
    pub money: u64,
}

/// What an item of a batch needs once its answer is there.
#[derive(Debug, Serialize, Deserialize)]
struct Item {
    key: String,
    version: u32,
    most_output: u32,
}

impl Desk {
    /// Hands in a task for many briefs, on a thread that may wait. Nothing is handed in that no
    /// budget allows or whose answer is there.
    ///
    /// # Errors
    /// As a sentence: no model takes the task in batches, or it cannot be handed in.
    pub(crate) fn hand_in(
        &self,
        app: &App,
        (tenant, task): (&TenantId, &Task),
        briefs: &[(Brief<'_>, Given<'_>)],
    ) -> Result<HandedIn, String> {
        let model = self
            .model(&app.config, task)
            .ok_or_else(|| format!("`[analyst]` gives the task `{}` to no model", task.id))?;
        if !model.provider.means().batch {
            return Err(format!("`[llm.{}]` takes no batches", model.provider.name()));
        }
        let till = Till { app, tenant };
        let (mut handed, mut items, mut requests) = (HandedIn::default(), Vec::new(), Vec::new());
        for (brief, given) in briefs.iter().take(MOST_CALLS) {
            let name = format!("c{}", items.len());
            let prepared = self.call(app, task, brief, *given).map_err(|why| why.text());
            let prepared = prepared.and_then(|(call, model)| {
                let ready = Ready::new(&call, model, given.asker()).map_err(|e| e.to_string())?;
                held(&till, ready.in_batch(), name.clone())
            });
            match prepared {
                Ok(Some((item, request, most))) => {
                    handed.most_money = handed.most_money.saturating_add(most);
                    items.push(item);
                    requests.push((name, request));
                }
                Ok(None) => handed.kept += 1,
                Err(why) => {
                    handed.refused += 1;
                    handed.because.get_or_insert(why);
                }
            }
        }
        if items.is_empty() {
            return Ok(handed);
        }
        handed.handed_in = items.len();
        handed.batch = Some(self.submit(&till, (model, &task.id), (&items, &requests))?);
        Ok(handed)
    }

    fn submit(
        &self,
        till: &Till<'_>,
        (model, task): (&Model, &str),
        (items, requests): (&[BatchItem], &[(String, Request)]),
    ) -> Result<String, String> {
        let Till { app, tenant } = till;
        let (name, now) = (model.provider.name(), app.clock.now());
        let release = || {
            for item in items {
                drop(app.office().spend_release(item.spend));
            }
        };
        let runtime = app.runtime.get().ok_or("no runtime runs").inspect_err(|_| release())?;
        let new = NewBatch { provider: name, model: &model.model, task, items };
        let added = app.office().batch_add(tenant, &new, now).map_err(|error| error.to_string());
        let added = added.and_then(|id| id.ok_or("the batch cannot be written down".to_owned()));
        let id = added.inspect_err(|_| release())?;
        let give_back = || {
            release();
            drop(app.office().batch_end(id, app.clock.now()));
        };
        let leaf = by_server((Action::ModelAsk, Stage::Begun), tenant, now)
            .word("model", &model.model)
            .word("provider", name)
            .object("task", task)
            .hash("payload", payloads(&*model.provider, requests))
            .fact("calls", i64::try_from(items.len()).unwrap_or(i64::MAX));
        let begun = app.audit.begin(leaf).map_err(|error| {
            give_back();
            format!("the audit log cannot be written: {error}")
        })?;
        match runtime.block_on(model.provider.submit(requests)) {
            Ok(given) => {
                begun.end(app.clock.now(), Outcome::Done, |leaf| leaf.word("batch", &given));
                app.office().batch_given(id, &given).map_err(|error| error.to_string())?;
                Ok(given)
            }
            Err(error) => {
                begun.end(app.clock.now(), Outcome::Failed, |leaf| leaf);
                // What may have arrived stays reserved until it is given up.
                if !error.may_cost() {
                    give_back();
                }
                Err(error.to_string())
            }
        }
    }

    /// Fetches what is done of a tenant's batches, on a thread that may wait.
    ///
    /// # Errors
    /// As a sentence, where the database refuses. What a provider says is counted.
    pub(crate) fn collect(&self, app: &App, tenant: &TenantId) -> Result<Collected, String> {
        let open = app.office().batches_open(tenant).map_err(|error| error.to_string())?;
        let mut collected = Collected::default();
        for row in open {
            self.collect_one(&Till { app, tenant }, &row, &mut collected)?;
        }
        Ok(collected)
    }

    fn collect_one(
        &self,
        till: &Till<'_>,
        row: &BatchRow,
        collected: &mut Collected,
    ) -> Result<(), String> {
        let app = till.app;
        let (Some(given), Some(model)) = (&row.given, self.named(&row.provider)) else {
            // It is given up after the time in which providers keep answers.
            collected.lost += 1;
            return Ok(());
        };
        let Some(runtime) = app.runtime.get() else { return Ok(()) };
        let batch = match runtime.block_on(model.provider.poll(given)) {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(%error, batch = given, "a batch cannot be looked at");
                collected.running += 1;
                return Ok(());
            }
        };
        match batch.state {
            BatchState::Running => collected.running += 1,
            BatchState::Failed => {
                collected.lost += 1;
                app.office().batch_end(row.id, app.clock.now()).map_err(|e| e.to_string())?;
            }
            BatchState::Done => {
                let answers = runtime.block_on(self.fetched(model, &batch, row));
                let answers = match answers {
                    Ok(answers) => answers,
                    Err(error) => {
                        tracing::warn!(%error, batch = given, "answers cannot be fetched");
                        collected.running += 1;
                        return Ok(());
                    }
                };
                collected.done += 1;
                self.keep_all(till, (row, model), answers, collected)?;
                app.office().batch_end(row.id, app.clock.now()).map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    async fn fetched(
        &self,
        model: &Model,
        batch: &Batch,
        row: &BatchRow,
    ) -> Result<Vec<(String, Result<Reply, LlmError>)>, LlmError> {
        let requests = row.items.iter().filter_map(|item| {
            let known: Item = serde_json::from_slice(&item.what).ok()?;
            let mut request = Request::new(&row.model, "", "").at_most(known.most_output);
            if let Some(task) = self.tasks().get(&row.task) {
                request = request.shaped(Schema::new(&task.id, task.schema.clone()));
            }
            Some((item.name.clone(), request))
        });
        let requests: Vec<(String, Request)> = requests.collect();
        model.provider.collect(batch, &requests).await
    }

    fn keep_all(
        &self,
        till: &Till<'_>,
        (row, model): (&BatchRow, &Model),
        answers: Vec<(String, Result<Reply, LlmError>)>,
        collected: &mut Collected,
    ) -> Result<(), String> {
        let items: BTreeMap<&str, &BatchItem> =
            row.items.iter().map(|item| (item.name.as_str(), item)).collect();
        let version = self.tasks().get(&row.task).map(|task| task.version);
        for (name, answer) in answers {
            let Some(item) = items.get(name.as_str()) else { continue };
            let Ok(reply) = answer else {
                collected.unusable += 1;
                continue;
            };
            let usage = reply.usage;
            let money = model.batch_price.map(|price| price.of(&usage));
            collected.money = collected.money.saturating_add(money.unwrap_or_default());
            let used =
                SpendUsed { input: usage.input, cached: usage.cached, output: usage.output, money };
            let settled = till.app.office().spend_settle(item.spend, &used);
            settled.map_err(|error| error.to_string())?;
            let known = serde_json::from_slice(&item.what).ok();
            let known = known.filter(|known: &Item| Some(known.version) == version);
            let key = known.and_then(|known| blake3::Hash::from_hex(known.key).ok());
            match (&reply.json, reply.stopped, key) {
                (Some(answer), Stopped::End, Some(key)) => {
                    collected.answers += 1;
                    let task = (row.task.as_str(), version.unwrap_or_default());
                    till.ledger().put((task, &row.model), &key, answer);
                }
                _ => collected.unusable += 1,
            }
        }
        Ok(())
    }
}

/// Sets aside what an item may take, with the most that it costs; none where its answer is there.
fn held(
    till: &Till<'_>,
    ready: Ready<'_>,
    name: String,
) -> Result<Option<(BatchItem, Request, u64)>, String> {
    if ready.kept(till).is_some() {
        return Ok(None);
    }
    let spend = till.reserve(&ready.asking).map_err(|why| why.text())?;
    let item = Item {
        key: ready.key.to_hex().to_string(),
        version: ready.asking.task.1,
        most_output: ready.request.most_output,
    };
    let what = serde_json::to_vec(&item).unwrap_or_default();
    let most = ready.asking.money.unwrap_or_default();
    Ok(Some((BatchItem { name, spend, what }, ready.request, most)))
}

/// A hash over all that is sent.
fn payloads(provider: &dyn Provider, requests: &[(String, Request)]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (_, request) in requests {
        let bytes = provider.payload(request).unwrap_or_default();
        hasher.update(blake3::hash(&bytes).as_bytes());
    }
    *hasher.finalize().as_bytes()
}
