//! A provider tried out: one small call for each of its means.

use quell_llm::{LlmError, Meaning, Price, Reply, Request, Schema, Stopped, Usage};
use quell_pipeline::analyst::Model;
use serde::Serialize;
use tokio::time::Instant;

/// Most tokens of an answer; a model that thinks needs some for it.
const MOST_OUTPUT: u32 = 512;

/// What came of trying a provider.
#[derive(Debug, Serialize)]
pub(crate) struct Trial {
    /// Its name in the configuration.
    name: String,
    /// Whether all that is configured works.
    well: bool,
    /// What a million tokens cost, in millionths; none where nobody knows.
    price: Option<Prices>,
    /// The same in a batch, where it takes batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_price: Option<Prices>,
    /// One row for each of its means.
    means: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Prices {
    input: u64,
    cached: u64,
    output: u64,
}

#[derive(Debug, Serialize)]
struct Row {
    /// `models`, `text`, `schema`, `stream` or `vectors`.
    name: &'static str,
    /// `works`, `fails` or `none` where it is not offered or not configured.
    state: &'static str,
    /// How long it took.
    millis: u64,
    /// What is worth knowing, or why it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Who has to do something, where somebody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<&'static str>,
    /// Tokens of input and answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<[u64; 2]>,
    /// What it cost, in millionths.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<u64>,
}

impl Prices {
    const fn of(price: Price) -> Self {
        let Price { input, cached, output } = price;
        Self { input, cached, output }
    }
}

impl Trial {
    pub(crate) const fn is_well(&self) -> bool {
        self.well
    }
}

/// What one call came to: a word, and tokens.
type Came = Result<(Option<String>, Option<Usage>), LlmError>;

/// Tries each of a provider's means.
pub(crate) async fn try_it(model: &Model) -> Trial {
    let (provider, price) = (&*model.provider, model.price);
    let plain = Request::new("", "Answer with the one word yes.", "Is two more than one?");
    let plain = Request { most_output: MOST_OUTPUT, ..plain };
    let shaped = plain.clone().shaped(Schema::for_a_try());
    let mut means = Vec::new();
    let start = Instant::now();
    let listed = provider.models().await;
    let listed = listed.map(|all| (Some(format!("{} models", all.len())), None));
    means.push(row("models", start, listed, price));
    let start = Instant::now();
    means.push(row("text", start, provider.ask(&plain).await.and_then(|one| said(&one)), price));
    let start = Instant::now();
    means.push(row("schema", start, provider.ask(&shaped).await.and_then(|one| fits(&one)), price));
    let start = Instant::now();
    let streamed = match provider.stream(&plain).await {
        Ok(stream) => stream.whole().await,
        Err(error) => Err(error),
    };
    means.push(row("stream", start, streamed.and_then(|one| said(&one)), price));
    if provider.means().embeddings {
        let start = Instant::now();
        let made = provider.embed(&["one text"]).await;
        let length = |all: Vec<Vec<f32>>| all.first().map(|one| format!("{} numbers", one.len()));
        means.push(row("vectors", start, made.map(|all| (length(all), None)), price));
    } else {
        let (state, note, needs) = ("none", None, None);
        means.push(Row {
            name: "vectors",
            state,
            millis: 0,
            note,
            needs,
            tokens: None,
            cost: None,
        });
    }
    // A gateway need not list its models.
    let well = means.iter().all(|row| row.state != "fails" || row.name == "models");
    let batch_price = model.batch_price.filter(|_| provider.means().batch).map(Prices::of);
    let price = price.map(Prices::of);
    Trial { name: provider.name().to_owned(), well, price, batch_price, means }
}

fn said(reply: &Reply) -> Came {
    ended(reply)?;
    Ok((Some(quell_model::shown(&reply.model, false)), Some(reply.usage)))
}

fn fits(reply: &Reply) -> Came {
    ended(reply)?;
    let note = if reply.repaired { "after a repair" } else { "as it came" };
    Ok((Some(note.to_owned()), Some(reply.usage)))
}

/// An answer that came to its end.
fn ended(reply: &Reply) -> Result<(), LlmError> {
    let refused = |said: String| Err(LlmError::Refused { said });
    match &reply.stopped {
        Stopped::End if reply.text.is_empty() => refused("nothing was said".to_owned()),
        Stopped::End => Ok(()),
        Stopped::Length => refused(format!("{MOST_OUTPUT} tokens were not enough for one word")),
        Stopped::Filter => refused("the provider's filter ended it".to_owned()),
        Stopped::Refusal(words) => refused(format!("the model refused: {words}")),
    }
}

fn row(name: &'static str, start: Instant, came: Came, price: Option<Price>) -> Row {
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    match came {
        Ok((note, usage)) => Row {
            name,
            state: "works",
            millis,
            note,
            needs: None,
            tokens: usage.map(|usage| [usage.input, usage.output]),
            cost: usage.zip(price).map(|(usage, price)| price.of(&usage)),
        },
        Err(LlmError::Unsupported(why)) => {
            let (state, note) = ("none", Some(why.to_owned()));
            Row { name, state, millis, note, needs: None, tokens: None, cost: None }
        }
        Err(error) => {
            let needs = match error.meaning() {
                Meaning::NeedsPerson { what } => Some(what),
                Meaning::Retry { .. } | Meaning::Wait { .. } | Meaning::GiveUp => None,
            };
            let (state, note) = ("fails", Some(error.to_string()));
            Row { name, state, millis, note, needs, tokens: None, cost: None }
        }
    }
}
