//! What stands before each call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_analyst::Why;
use quell_audit::{Action, Actor, Leaf, Outcome, Stage};
use quell_config::Money;
use quell_llm::{Pass, Usage};
use quell_model::{By, Clock, TenantId, Timestamp, Written};
use quell_pipeline::analyst::{Asking, Ended, Opened, Pause, Purse, Spent, Turn, Work};
use quell_store::{
    AnswerCap, NewAnswer, Reserved, ServerStore, SpendAsk, SpendId, SpendOver, SpendScope,
    SpendUsed, SpendWhat,
};
use serde_json::Value;

use crate::audit::{Begun, by_server};
use crate::data::locked;
use crate::models::spend_limits;
use crate::state::App;

/// Kept answers, budgets, the pace and the audit log of a data directory.
pub(super) struct Till<'a> {
    pub(super) app: &'a App,
    pub(super) tenant: &'a TenantId,
}

/// What is written down of calls and answers, whether somebody waits for them or not.
pub(super) struct Ledger {
    office: Arc<Mutex<ServerStore>>,
    clock: Arc<dyn Clock>,
    tenant: TenantId,
    cap: AnswerCap,
}

/// A call that was let through.
struct Ticket {
    ledger: Ledger,
    spend: SpendId,
    /// What its answer is kept as: the task with its version, the model, and by what it is found.
    kept_as: (String, u32, String, blake3::Hash),
    /// Its place at the provider and its record in the log, until it is ended.
    open: Option<(Pass, Begun)>,
}

impl Purse for Till<'_> {
    fn kept(&self, asking: &Asking<'_>, key: &blake3::Hash) -> Option<Value> {
        let mut store = self.app.office();
        let now = self.app.clock.now();
        let found = store.answer_get(self.tenant, key.as_bytes(), now).unwrap_or_else(|error| {
            tracing::warn!(%error, "kept answers of models cannot be read");
            None
        });
        let answer = serde_json::from_slice(&found?).ok()?;
        if let Err(error) = store.spend_kept(&self.spend(asking), now) {
            tracing::warn!(%error, "that an answer was kept is not counted");
        }
        Some(answer)
    }

    fn turn(&self, key: &blake3::Hash) -> Pause<'_, Turn> {
        Box::pin(self.app.desk.turn(*key))
    }

    fn open(&self, asking: &Asking<'_>, key: &blake3::Hash) -> Result<Box<dyn Opened>, Why> {
        let now = self.app.clock.now();
        let pass = self.app.desk.enter(asking.provider, now)?;
        let spend = match self.reserve(asking) {
            Ok(spend) => spend,
            Err(why) => {
                pass.left();
                return Err(why);
            }
        };
        let ledger = self.ledger();
        match self.app.audit.begin(leaf(asking, (self.tenant, now))) {
            Ok(begun) => {
                let (task, version) = asking.task;
                let kept_as = (task.to_owned(), version, asking.model.to_owned(), *key);
                Ok(Box::new(Ticket { ledger, spend, kept_as, open: Some((pass, begun)) }))
            }
            Err(error) => {
                ledger.settle(spend, Spent::Nothing);
                pass.left();
                Err(Why::Down(format!("the audit log cannot be written: {error}")))
            }
        }
    }

    fn run(&self, work: Work) {
        if let Some(runtime) = self.app.runtime.get() {
            self.app.desk.run(runtime, work);
        }
    }

    fn pause(&self, time: Duration) -> Pause<'_> {
        Box::pin(tokio::time::sleep(time))
    }
}

impl Till<'_> {
    /// What is written down of calls of this tenant.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger {
            office: Arc::clone(&self.app.office),
            clock: Arc::clone(&self.app.clock),
            tenant: self.tenant.clone(),
            cap: AnswerCap::of_days(self.app.config.analyst.keep_answers_days),
        }
    }

    /// Sets aside what a call may take.
    pub(super) fn reserve(&self, asking: &Asking<'_>) -> Result<SpendId, Why> {
        let (limits, now) = (spend_limits(&self.app.config.analyst), self.app.clock.now());
        match self.app.office().spend_reserve(&self.spend(asking), &limits, now) {
            Ok(Reserved::Yes(spend)) => Ok(spend),
            Ok(Reserved::No(over)) => Err(Why::OverBudget(told(&over))),
            Ok(Reserved::NoPrice) => Err(Why::OverBudget(format!(
                "nobody knows what `{}` costs; set `price_input` and `price_output` in `[llm.{}]`",
                asking.model, asking.provider
            ))),
            Err(error) => Err(Why::Down(format!("what it may cost is not noted: {error}"))),
        }
    }

    fn spend<'s>(&'s self, asking: &Asking<'s>) -> SpendAsk<'s> {
        SpendAsk {
            tenant: self.tenant,
            user: asking.asker.user,
            incident: asking.asker.incident,
            task: asking.task.0,
            provider: asking.provider,
            model: asking.model,
            tokens: asking.tokens,
            money: asking.money,
        }
    }
}

impl Ledger {
    /// Keeps what a model answered to a task.
    pub(super) fn put(
        &self,
        ((task, version), model): ((&str, u32), &str),
        key: &blake3::Hash,
        answer: &Value,
    ) {
        let Ok(bytes) = serde_json::to_vec(answer) else { return };
        let version = version.to_string();
        let (hash, answer) = (key.as_bytes(), bytes.as_slice());
        let new = NewAnswer { hash, task, version: &version, model, answer };
        let (mut office, now) = (locked(&self.office), self.clock.now());
        if let Err(error) = office.answer_put(&self.tenant, &new, self.cap, now) {
            tracing::warn!(%error, "an answer of a model is not kept");
        }
    }

    fn settle(&self, spend: SpendId, spent: Spent) {
        let mut store = locked(&self.office);
        let noted = match spent {
            Spent::Nothing => store.spend_release(spend),
            // Until it is swept up, all that was reserved counts, and afterwards too.
            Spent::Unknown => Ok(false),
            Spent::Told { usage, money } => {
                let Usage { input, cached, output, .. } = usage;
                store.spend_settle(spend, &SpendUsed { input, cached, output, money })
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "what a call of a model took is not noted; all that was reserved counts");
        }
    }
}

impl Opened for Ticket {
    fn end(mut self: Box<Self>, ended: &Ended<'_>) {
        self.ledger.settle(self.spend, ended.spent);
        if let Some(answer) = ended.keep {
            let (task, version, model, key) = &self.kept_as;
            self.ledger.put(((task, *version), model), key, answer);
        }
        let now = self.ledger.clock.now();
        let Some((pass, begun)) = self.open.take() else { return };
        match (ended.reply, ended.error) {
            (Some(reply), _) => pass.answered(&reply.left, now),
            (None, Some(error)) => pass.failed(error, now),
            (None, None) => {}
        }
        let stands = match ended.written {
            Some(written) => written.by == By::Model,
            None => ended.keep.is_some(),
        };
        let outcome = if stands { Outcome::Done } else { Outcome::Failed };
        begun.end(now, outcome, |leaf| ended_leaf(leaf, ended));
    }
}

impl Drop for Ticket {
    /// It was given up. What it took is not known, so all that was reserved counts.
    fn drop(&mut self) {
        if let Some((_, begun)) = self.open.take() {
            begun.end(self.ledger.clock.now(), Outcome::Stopped, |leaf| leaf);
        }
    }
}

/// Which limit it is.
fn told(over: &SpendOver) -> String {
    let whose = match over.scope {
        SpendScope::TenantDay => "of the tenant today",
        SpendScope::UserDay => "of this user today",
        SpendScope::Incident => "of this incident",
    };
    let what = over.what.as_str();
    match over.what {
        SpendWhat::Tokens => format!("{what} {whose}: {} of {}", over.used, over.limit),
        SpendWhat::Money => {
            let (used, limit) = (Money::of_millionths(over.used), Money::of_millionths(over.limit));
            format!("{what} {whose}: {used} of {limit}")
        }
    }
}

/// What the log says before a call.
fn leaf(asking: &Asking<'_>, (tenant, now): (&TenantId, Timestamp)) -> Leaf {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut leaf = by_server((Action::ModelAsk, Stage::Begun), tenant, now)
        .model(asking.model, *asking.prompt.as_bytes())
        .object("task", asking.task.0)
        .word("provider", asking.provider)
        .hash("payload", *asking.payload.as_bytes())
        .fact("version", i64::from(asking.task.1))
        .fact("mask_version", i64::from(quell_mask::VERSION))
        .fact("masked", number(asking.masked));
    if let Some(incident) = asking.asker.incident {
        leaf = leaf.object("incident", incident);
    }
    match asking.asker.user {
        Some(id) => {
            let (kind, id) = ("caller", id.to_owned());
            leaf.on_behalf(&Actor { kind, id, role: None, name: None })
        }
        None => leaf,
    }
}

/// What the log says after a call.
fn ended_leaf(leaf: Leaf, ended: &Ended<'_>) -> Leaf {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut leaf = match ended.written {
        Some(written) => written_leaf(leaf, written),
        // Nobody waited any more, so the rules spoke; what came is judged when somebody asks again.
        None => leaf.word("instead", Why::Slow.word()),
    };
    if let Some(sent) = ended.payload {
        leaf = leaf.hash("payload", *sent.as_bytes());
    }
    if let Some(reply) = ended.reply {
        let answer = blake3::hash(reply.text.raw().as_bytes());
        leaf = leaf
            .hash("answer", *answer.as_bytes())
            .word("answer_id", &reply.provider_id)
            .word("answered_by", &reply.model)
            .fact("input_tokens", number(reply.usage.input))
            .fact("output_tokens", number(reply.usage.output));
    }
    match ended.spent {
        Spent::Told { money: Some(money), .. } => leaf.fact("cost_millionths", number(money)),
        Spent::Told { .. } | Spent::Nothing | Spent::Unknown => leaf,
    }
}

/// What the log says of what was made of an answer.
fn written_leaf(leaf: Leaf, written: &Written) -> Leaf {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let kept = written.parts.iter().filter(|part| part.by == By::Model);
    let leaf = leaf
        .fact("kept", number(kept.map(|part| part.sentences.len()).sum()))
        .fact("dropped", number(written.dropped.len()));
    match &written.instead_of {
        Some(why) => leaf.word("instead", why.word()),
        None => leaf,
    }
}
