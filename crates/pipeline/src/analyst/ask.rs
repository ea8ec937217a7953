//! One call, from what is known already to what it cost.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use quell_analyst::{By, Call, Why, Written};
use quell_llm::{LlmError, Meaning, Price, Provider, Reply, Request, Schema, Stopped, Usage};
use quell_model::{Answered, Made};
use serde_json::Value;

/// A wait that is worth it before a call is made once more.
const SHORT: Duration = Duration::from_secs(2);

/// A model that may be asked.
#[derive(Debug, Clone)]
pub struct Model {
    /// Who is asked.
    pub provider: Arc<dyn Provider>,
    /// The model's name in the configuration.
    pub model: String,
    /// What its tokens cost, where that is known.
    pub price: Option<Price>,
}

/// Whom a call counts for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The person, where one asked.
    pub user: Option<&'a str>,
    /// The incident, where it is about one.
    pub incident: Option<&'a str>,
}

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Whom it counts for.
    pub asker: Asker<'a>,
    /// The task, with its version.
    pub task: (&'a str, u32),
    /// The provider's name in the configuration.
    pub provider: &'a str,
    /// The model.
    pub model: &'a str,
    /// The most tokens that it may take.
    pub tokens: u64,
    /// The most that it may cost, in millionths; none where no price is known.
    pub money: Option<u64>,
    /// A hash of the bytes that leave.
    pub payload: blake3::Hash,
    /// A hash of the task's own words and shape.
    pub prompt: blake3::Hash,
    /// How many values were masked in it.
    pub masked: usize,
}

/// What a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Nothing: it was refused before a model worked.
    Nothing,
    /// Nobody can tell: all that was set aside counts.
    Unknown,
    /// So many tokens, and their price where it is known.
    Told {
        /// Tokens of input and answer.
        usage: Usage,
        /// Millionths.
        money: Option<u64>,
    },
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended<'a> {
    /// What it took.
    pub spent: Spent,
    /// The answer, where there is one.
    pub reply: Option<&'a Reply>,
    /// What was made of it.
    pub written: &'a Written,
    /// A hash of what was sent in the end, where a parameter had to be left out.
    pub payload: Option<blake3::Hash>,
    /// What failed, and who has to do something.
    pub error: Option<&'a LlmError>,
}

/// A call that was let through, and has to be ended. Where it never is, all that was set aside
/// counts as spent.
pub trait Opened: Send {
    /// Says what became of it.
    fn end(self: Box<Self>, ended: &Ended<'_>);
}

/// A wait.
pub type Pause<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What stands between a task and a provider: kept answers, budgets, the pace, the audit log.
pub trait Purse: Send + Sync {
    /// An answer that was given before to the same bytes.
    fn kept(&self, tenant: &str, key: &blake3::Hash) -> Option<Value>;

    /// Keeps an answer. Placeholders in it stay what they are.
    fn keep(&self, asking: &Asking<'_>, key: &blake3::Hash, answer: &Value);

    /// Sets aside what a call may take, and writes down that it will be made.
    ///
    /// # Errors
    /// It may not be made now: a budget, the pace, or a log that cannot be written.
    fn open(&self, asking: &Asking<'_>) -> Result<Box<dyn Opened>, Why>;

    /// Waits.
    fn pause(&self, time: Duration) -> Pause<'_>;
}

/// What a provider is asked in a call.
#[must_use]
pub fn request_of(call: &Call<'_>, model: &Model) -> Request {
    let name: String =
        call.task().id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    Request::new(&model.model, call.instructions(), call.input())
        .shaped(Schema::new(&name, call.schema().clone()))
        .at_most(call.task().most_output)
}

/// Has a task written: by a model where one may be asked and its answer stands, else by the rules.
pub async fn ask(
    call: &Call<'_>,
    model: Option<&Model>,
    asker: Asker<'_>,
    purse: &dyn Purse,
) -> Answered {
    let Some(model) = model else { return plain(call.by_rules(Why::NotConfigured)) };
    let key = key(call, model);
    if let Some(answer) = purse.kept(asker.tenant, &key) {
        return Answered { written: call.judge(&answer), made: Some(model.kept()) };
    }
    let request = request_of(call, model);
    let first = once(call, model, &request, (asker, &key), purse).await;
    let wait = first.as_ref().err().and_then(|failed| failed.again);
    let last = match wait {
        None => first,
        Some(wait) => {
            purse.pause(wait).await;
            once(call, model, &request, (asker, &key), purse).await
        }
    };
    last.unwrap_or_else(|failed| plain(failed.written))
}

/// A call that brought nothing.
struct Failed {
    written: Written,
    /// After which wait it is worth it once more.
    again: Option<Duration>,
}

const fn plain(written: Written) -> Answered {
    Answered { written, made: None }
}

async fn once(
    call: &Call<'_>,
    model: &Model,
    request: &Request,
    (asker, key): (Asker<'_>, &blake3::Hash),
    purse: &dyn Purse,
) -> Result<Answered, Failed> {
    let refused = |why| Failed { written: call.by_rules(why), again: None };
    let hash = || model.provider.payload(request).map(|bytes| blake3::hash(&bytes));
    let payload = hash().map_err(|error| refused(why_of(&error)))?;
    let output = u64::from(request.most_output);
    let input = request.input_estimate();
    let asking = Asking {
        asker,
        task: (&call.task().id, call.task().version),
        provider: model.provider.name(),
        model: &model.model,
        tokens: input.saturating_add(output),
        money: model.price.map(|price| price.most(input, output)),
        payload,
        prompt: call.task().hash(),
        masked: call.masked().iter().map(|(_, count)| count).sum(),
    };
    let open = purse.open(&asking).map_err(refused)?;
    let result = model.provider.ask(request).await;
    let sent = hash().ok().filter(|sent| *sent != payload);
    match result {
        Ok(reply) => {
            let written = judged(call, &reply);
            let spent = model.spent(&reply.usage);
            let (said, error) = (Some(&reply), None);
            open.end(&Ended { spent, reply: said, written: &written, payload: sent, error });
            if let (By::Model, Some(answer)) = (written.by, &reply.json) {
                purse.keep(&asking, key, answer);
            }
            Ok(Answered { written, made: Some(model.made(&reply)) })
        }
        Err(error) => {
            let written = call.by_rules(why_of(&error));
            let spent = if error.may_cost() { Spent::Unknown } else { Spent::Nothing };
            let (reply, said) = (None, Some(&error));
            open.end(&Ended { spent, reply, written: &written, payload: sent, error: said });
            let again = match error.meaning() {
                Meaning::Retry { after } if spent == Spent::Nothing => {
                    Some(after.unwrap_or(SHORT)).filter(|wait| *wait <= SHORT)
                }
                Meaning::Retry { .. }
                | Meaning::Wait { .. }
                | Meaning::GiveUp
                | Meaning::NeedsPerson { .. } => None,
            };
            Err(Failed { written, again })
        }
    }
}

/// What an answer follows from: who gives it, the task and the masked facts.
fn key(call: &Call<'_>, model: &Model) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for text in [model.provider.name(), model.model.as_str()] {
        hasher.update(&text.len().to_le_bytes()).update(text.as_bytes());
    }
    hasher.update(call.hash().as_bytes());
    hasher.finalize()
}

fn judged(call: &Call<'_>, reply: &Reply) -> Written {
    let unfit = |why: &str| call.by_rules(Why::Unfit(why.to_owned()));
    match (&reply.stopped, &reply.json) {
        (Stopped::End, Some(answer)) => call.judge(answer),
        (Stopped::End, None) => unfit("it has no shape"),
        (Stopped::Length, _) => unfit("it was cut at the most tokens that the task may take"),
        (Stopped::Filter, _) => call.by_rules(Why::Refused("the provider's filter".to_owned())),
        (Stopped::Refusal(words), _) => call.by_rules(Why::Refused(words.clone())),
    }
}

/// Why the rules speak after an error.
fn why_of(error: &LlmError) -> Why {
    let said = error.to_string();
    match error {
        LlmError::Busy { .. } => Why::Busy(said),
        LlmError::Filtered { .. } | LlmError::Refused { .. } => Why::Refused(said),
        LlmError::Cut { .. }
        | LlmError::TooLarge { .. }
        | LlmError::TooLong { .. }
        | LlmError::Shape { .. }
        | LlmError::NotFitting { .. } => Why::Unfit(said),
        LlmError::Http(_) if error.is_slow() => Why::Slow,
        LlmError::Http(_)
        | LlmError::Quota { .. }
        | LlmError::Login { .. }
        | LlmError::Forbidden { .. }
        | LlmError::NoModel { .. }
        | LlmError::NotTheApi { .. }
        | LlmError::Parameter { .. }
        | LlmError::Schema { .. }
        | LlmError::Unsupported(_)
        | LlmError::Setting { .. }
        | LlmError::Secret(_) => Why::Down(said),
    }
}

impl Model {
    fn spent(&self, usage: &Usage) -> Spent {
        Spent::Told { usage: *usage, money: self.price.map(|price| price.of(usage)) }
    }

    fn made(&self, reply: &Reply) -> Made {
        Made {
            provider: self.provider.name().to_owned(),
            model: if reply.model.is_empty() { self.model.clone() } else { reply.model.clone() },
            kept: false,
            input_tokens: reply.usage.input,
            output_tokens: reply.usage.output,
            money: self.price.map(|price| price.of(&reply.usage)),
        }
    }

    fn kept(&self) -> Made {
        Made {
            provider: self.provider.name().to_owned(),
            model: self.model.clone(),
            kept: true,
            input_tokens: 0,
            output_tokens: 0,
            money: None,
        }
    }
}

impl fmt::Debug for dyn Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}
