//! Findings of Security Hub from a queue: EventBridge puts them there, and what was received is
//! deleted only once its page is kept.
//!
//! The place in the list is the receipts of the page before: the next question deletes those first.
//! So a crash between the two brings messages again, and loses none.

mod call;
mod message;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::live::{
    Ask, Change, Connector, Future, Live, LiveError, Pace, Page, Plan, Right, RightState, Setting,
    Stream, Target, Written,
};
use call::Queue;

/// How the queue is asked. AWS sets no limit for standard queues.
pub(crate) const LIVE: Live = Live {
    settings: SETTINGS,
    rate: None,
    call_rates: &[],
    notes: &[],
    connect: |p| Ok(Box::new(queue(p)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "The queue's URL.",
        required: true,
        sample: "https://sqs.eu-west-1.amazonaws.com/111122223333/security-hub",
    },
    Setting {
        name: "key_id",
        doc: "The id of the access key.",
        required: true,
        sample: "env:AWS_ACCESS_KEY_ID",
    },
    Setting {
        name: "key_secret",
        doc: "The secret access key.",
        required: true,
        sample: "env:AWS_SECRET_ACCESS_KEY",
    },
    Setting {
        name: "region",
        doc: "The queue's region, where its URL does not tell it.",
        required: false,
        sample: "eu-west-1",
    },
    Setting {
        name: "hidden_seconds",
        doc: "How long a message that was received is hidden from others, 30 to 43200.",
        required: false,
        sample: "300",
    },
];

const RECEIVE: &str = "sqs:ReceiveMessage";
const DELETE: &str = "sqs:DeleteMessage";

static STREAMS: [Stream; 1] = [Stream {
    name: "events",
    title: "Events of EventBridge with findings",
    pace: Pace::Often,
    around: ("", ""),
    closes: false,
    overlap_seconds: 0,
    right: RECEIVE,
}];

fn queue(plan: Plan) -> Result<Queue, LiveError> {
    let url = Plan::require("url", plan.url.as_ref())?.to_owned();
    let wrong = |name: &'static str, why: &str| LiveError::Setting { name, why: why.to_owned() };
    let (_, after) = url.split_once("://").ok_or_else(|| wrong("url", "is no URL of a queue"))?;
    let (host, path) = after.split_once('/').unwrap_or((after, ""));
    if path.is_empty() {
        return Err(wrong("url", "names no queue: it ends with the account and the queue's name"));
    }
    let told = host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next());
    let region = plan.options.get("region").map(String::as_str).or(told);
    let region = region.filter(|region| !region.is_empty()).map(str::to_owned);
    let region = region.ok_or_else(|| wrong("region", "is missing, and `url` does not tell it"))?;
    let endpoint = url.split_at_checked(url.len() - path.len()).map(|(endpoint, _)| endpoint);
    let hidden = plan.options.get("hidden_seconds").map_or(Ok(300), |text| text.parse());
    let hidden_seconds = hidden.ok().filter(|seconds| (30..=43_200_u32).contains(seconds));
    Ok(Queue {
        endpoint: endpoint.unwrap_or_default().to_owned(),
        region,
        hidden_seconds: hidden_seconds
            .ok_or_else(|| wrong("hidden_seconds", "is no number from 30 to 43200"))?,
        credentials: plan.credentials,
        client: plan.client,
        clock: plan.clock,
        url,
    })
}

impl Connector for Queue {
    fn streams(&self) -> &'static [Stream] {
        &STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(async move {
            if let Some(place) = ask.cursor {
                self.delete(&receipts(place)?).await?;
            }
            self.receive().await
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(rights(self))
    }

    fn write<'a>(&'a self, _: &'a Target, _: &'a Change) -> Future<'a, Written> {
        Box::pin(async { Err(LiveError::Unsupported("a queue")) })
    }

    fn fetch<'a>(&'a self, _: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(async { Err(LiveError::Unsupported("a queue")) })
    }
}

fn receipts(place: &Value) -> Result<Vec<String>, LiveError> {
    let list = place.get("receipts").and_then(Value::as_array);
    let list = list.ok_or_else(|| LiveError::Cursor("it holds no receipts".to_owned()))?;
    let texts = list.iter().map(|receipt| receipt.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    texts.ok_or_else(|| LiveError::Cursor("a receipt is no text".to_owned()))
}

/// A receipt that nobody made is refused as one where deleting is allowed, and deletes nothing.
/// Receiving is not tried, since what is received is hidden from others.
async fn rights(queue: &Queue) -> Result<Vec<Right>, LiveError> {
    let state = match queue.delete(&["no receipt".to_owned()]).await {
        Ok(()) => RightState::Held,
        Err(LiveError::Forbidden { .. }) => RightState::Missing,
        Err(error) => return Err(error),
    };
    let right = |name: &str, purpose: &str, state| Right {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        state,
    };
    Ok(vec![
        right(RECEIVE, "receives messages", RightState::Unknown),
        right(DELETE, "deletes messages that are kept", state),
    ])
}

/// Where the next page begins: behind these.
fn behind(receipts: &[String]) -> Value {
    json!({"receipts": receipts})
}
