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

use super::going::{Came, Going, Work};

/// A wait that is worth it before a call is made once more.
const SHORT: Duration = Duration::from_secs(2);
/// Why nothing comes of a call whose work was given up.
const STOPPED: &str = "it was given up since quell stops";

/// A model that may be asked.
#[derive(Debug, Clone)]
pub struct Model {
    /// Who is asked.
    pub provider: Arc<dyn Provider>,
    /// The model's name in the configuration.
    pub model: String,
    /// What its tokens cost, where that is known.
    pub price: Option<Price>,
    /// What they cost in a batch.
    pub batch_price: Option<Price>,
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
    /// What was made of it; none where nobody waited any more.
    pub written: Option<&'a Written>,
    /// A hash of what was sent in the end, where a parameter had to be left out.
    pub payload: Option<blake3::Hash>,
    /// What failed, and who has to do something.
    pub error: Option<&'a LlmError>,
    /// The answer, where it is to be kept. Placeholders in it stay what they are.
    pub keep: Option<&'a Value>,
}

/// A call that was let through, and has to be ended, maybe once nobody waits for it any more. Where
/// it never is, all that was set aside counts as spent.
pub trait Opened: Send {
    /// Says what became of it.
    fn end(self: Box<Self>, ended: &Ended<'_>);
}

/// A wait.
pub type Pause<'a, T = ()> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Held by who asks something, so that nobody else asks the same meanwhile.
pub type Turn = Box<dyn Send>;

/// What stands between a task and a provider: kept answers, budgets, the pace, the audit log.
pub trait Purse {
    /// An answer that was given before to the same bytes.
    fn kept(&self, asking: &Asking<'_>, key: &blake3::Hash) -> Option<Value>;

    /// Waits until nobody asks the same.
    fn turn(&self, key: &blake3::Hash) -> Pause<'_, Turn>;

    /// Sets aside what a call may take, and writes down that it will be made.
    ///
    /// # Errors
    /// It may not be made now: a budget, the pace, or a log that cannot be written.
    fn open(&self, asking: &Asking<'_>, key: &blake3::Hash) -> Result<Box<dyn Opened>, Why>;

    /// Does work beside whoever asks; it goes on where they stop waiting.
    fn run(&self, work: Work);

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
    let ready = match Ready::new(call, model, asker) {
        Ok(ready) => ready,
        Err(error) => return plain(call.by_rules(why_of(&error))),
    };
    // Where somebody asks the same, their answer is waited for.
    let turn = purse.turn(&ready.key).await;
    // One that was kept while nobody waited for it may not stand; then it is asked for anew.
    let kept = ready.kept(purse).filter(|kept| kept.written.by == By::Model);
    if let Some(kept) = kept {
        return kept;
    }
    let first = ready.once(purse, turn).await;
    let Some((wait, turn)) = first.again else { return first.answered };
    purse.pause(wait).await;
    ready.once(purse, turn).await.answered
}

/// What one call came to.
struct Tried {
    answered: Answered,
    /// After which wait it is worth it once more, with the turn.
    again: Option<(Duration, Turn)>,
}

impl From<Answered> for Tried {
    fn from(answered: Answered) -> Self {
        Self { answered, again: None }
    }
}

const fn plain(written: Written) -> Answered {
    Answered { written, made: None }
}

/// A call with all that is known before it is made.
#[derive(Debug)]
pub struct Ready<'a> {
    call: &'a Call<'a>,
    model: &'a Model,
    /// What the provider is asked.
    pub request: Request,
    /// What it counts for.
    pub asking: Asking<'a>,
    /// What its answer is kept by.
    pub key: blake3::Hash,
}

impl<'a> Ready<'a> {
    /// Puts it together.
    ///
    /// # Errors
    /// What is known to be wrong before anything is sent.
    pub fn new(call: &'a Call<'a>, model: &'a Model, asker: Asker<'a>) -> Result<Self, LlmError> {
        let request = request_of(call, model);
        let (input, output) = (request.input_estimate(), u64::from(request.most_output));
        let asking = Asking {
            asker,
            task: (&call.task().id, call.task().version),
            provider: model.provider.name(),
            model: &model.model,
            tokens: input.saturating_add(output),
            money: model.price.map(|price| price.most(input, output)),
            payload: model.payload(&request)?,
            prompt: call.task().hash(),
            masked: call.masked().iter().map(|(_, count)| count).sum(),
        };
        Ok(Self { call, model, request, asking, key: key(call, model) })
    }

    /// The answer that was kept of the same call, where there is one. Nobody is asked.
    #[must_use]
    pub fn kept(&self, purse: &dyn Purse) -> Option<Answered> {
        let answer = purse.kept(&self.asking, &self.key)?;
        Some(Answered { written: self.call.judge(&answer), made: Some(self.model.kept()) })
    }

    /// The same as a call of a batch, which has a price of its own.
    #[must_use]
    pub fn in_batch(mut self) -> Self {
        let (input, output) = (self.request.input_estimate(), u64::from(self.request.most_output));
        self.asking.money = self.model.batch_price.map(|price| price.most(input, output));
        self
    }

    async fn once(&self, purse: &dyn Purse, turn: Turn) -> Tried {
        let refused = |why| Tried::from(plain(self.call.by_rules(why)));
        let open = match purse.open(&self.asking, &self.key) {
            Ok(open) => open,
            Err(why) => return refused(why),
        };
        let (model, request) = (self.model.clone(), self.request.clone());
        let going = Going { model, request, payload: self.asking.payload, open, turn };
        let (work, waiting) = going.split();
        purse.run(work);
        match waiting.await {
            Some(came) => self.came(came),
            None => refused(Why::Down(STOPPED.to_owned())),
        }
    }

    /// What an answer, or an error, comes to.
    fn came(&self, came: Came) -> Tried {
        let Came { result, open, payload, turn, .. } = came;
        match result {
            Ok(reply) => {
                let written = judged(self.call, &reply);
                let spent = self.model.spent(&reply.usage);
                let keep = reply.json.as_ref().filter(|_| written.by == By::Model);
                let (said, told) = (Some(&reply), Some(&written));
                open.end(&Ended { spent, reply: said, written: told, payload, error: None, keep });
                Tried::from(Answered { written, made: Some(self.model.made(&reply)) })
            }
            Err(error) => {
                let written = self.call.by_rules(why_of(&error));
                let (spent, told, said) = (Spent::of(&error), Some(&written), Some(&error));
                let (reply, keep) = (None, None);
                open.end(&Ended { spent, reply, written: told, payload, error: said, keep });
                let again = again(&error, spent).map(|wait| (wait, turn));
                Tried { answered: plain(written), again }
            }
        }
    }
}

impl Spent {
    /// What a call took that failed.
    pub(super) fn of(error: &LlmError) -> Self {
        if error.may_cost() { Self::Unknown } else { Self::Nothing }
    }
}

/// The answer of the right shape that a reply holds, where it came to its end.
pub(super) fn usable(reply: &Reply) -> Option<&Value> {
    reply.json.as_ref().filter(|_| reply.stopped == Stopped::End)
}

/// After which wait it is worth it once more: only where nothing was spent and it is short.
fn again(error: &LlmError, spent: Spent) -> Option<Duration> {
    match error.meaning() {
        Meaning::Retry { after } if spent == Spent::Nothing => {
            Some(after.unwrap_or(SHORT)).filter(|wait| *wait <= SHORT)
        }
        Meaning::Retry { .. }
        | Meaning::Wait { .. }
        | Meaning::GiveUp
        | Meaning::NeedsPerson { .. } => None,
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
    pub(super) fn payload(&self, request: &Request) -> Result<blake3::Hash, LlmError> {
        self.provider.payload(request).map(|bytes| blake3::hash(&bytes))
    }

    pub(super) fn spent(&self, usage: &Usage) -> Spent {
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

impl fmt::Debug for dyn Opened + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}
