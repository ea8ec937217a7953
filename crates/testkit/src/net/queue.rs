//! A queue of SQS, which checks signatures and hides what was received.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::http::{Answer, Asked, HttpServer};
use super::sigv4::{SigningKey, verify};

/// The double.
#[derive(Debug)]
pub struct QueueDouble {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    key: SigningKey,
    /// Messages by number, each with how often it was received and whether it is hidden now.
    messages: BTreeMap<usize, (String, usize, bool)>,
    made: usize,
    denied: Option<&'static str>,
    failing: Option<(u16, &'static str)>,
}

impl QueueDouble {
    /// Starts an empty queue with the one key that it knows.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(key: SigningKey) -> io::Result<Self> {
        let state = State { key, messages: BTreeMap::new(), made: 0, denied: None, failing: None };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let handler = move |asked: &Asked| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).answer(asked)
        };
        Ok(Self { server: HttpServer::start(Arc::new(handler)).await?, state })
    }

    /// The queue's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/111122223333/security-hub", self.server.url())
    }

    /// Sends a message.
    pub fn send(&self, body: &str) {
        let mut state = self.state();
        state.made += 1;
        let number = state.made;
        state.messages.insert(number, (body.to_owned(), 0, false));
    }

    /// Shows again what is hidden, as when its time has passed.
    pub fn show(&self) {
        for (_, _, hidden) in self.state().messages.values_mut() {
            *hidden = false;
        }
    }

    /// Messages that are not deleted.
    #[must_use]
    pub fn left(&self) -> usize {
        self.state().messages.len()
    }

    /// Takes the right to an action away (`ReceiveMessage`).
    pub fn deny(&self, action: &'static str) {
        self.state().denied = Some(action);
    }

    /// Answers everything with this status and this `__type`, until `None`.
    pub fn set_failing(&self, failing: Option<(u16, &'static str)>) {
        self.state().failing = failing;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if let Some((status, kind)) = self.failing {
            return fault(status, kind);
        }
        if verify(asked, &self.key, "sqs").is_err() {
            return fault(403, "SignatureDoesNotMatch");
        }
        let target = asked.header("x-amz-target").unwrap_or_default();
        let action = target.strip_prefix("AmazonSQS.").unwrap_or_default();
        if self.denied == Some(action) {
            return fault(403, "AccessDeniedException");
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let url = body.get("QueueUrl").and_then(Value::as_str).unwrap_or_default();
        if !url.ends_with("/111122223333/security-hub") {
            return fault(400, "QueueDoesNotExist");
        }
        match action {
            "ReceiveMessage" => self.receive(&body),
            "DeleteMessageBatch" => self.delete(&body),
            _ => fault(400, "InvalidAction"),
        }
    }

    fn receive(&mut self, body: &Value) -> Answer {
        let most = body.get("MaxNumberOfMessages").and_then(Value::as_u64).unwrap_or(1);
        if !(1..=10).contains(&most) {
            return fault(400, "InvalidParameterValue");
        }
        let most = usize::try_from(most).unwrap_or(1);
        let mut messages = Vec::new();
        let shown = self.messages.iter_mut().filter(|(_, (_, _, hidden))| !hidden).take(most);
        for (number, (text, times, hidden)) in shown {
            *times += 1;
            *hidden = true;
            messages.push(json!({"MessageId": format!("message-{number}"), "Body": text,
                "ReceiptHandle": format!("receipt-{number}-{times}")}));
        }
        // An empty queue has no list.
        let answer = if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) };
        Answer::new(200, answer.to_string())
    }

    fn delete(&mut self, body: &Value) -> Answer {
        let entries = body.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
        if entries.is_empty() || entries.len() > 10 {
            return fault(400, "TooManyEntriesInBatchRequest");
        }
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            let id = entry.get("Id").cloned().unwrap_or_default();
            let receipt = entry.get("ReceiptHandle").and_then(Value::as_str).unwrap_or_default();
            let number = receipt.strip_prefix("receipt-").and_then(|rest| rest.split('-').next());
            match number.and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => {
                    self.messages.remove(&number);
                    done.push(json!({"Id": id}));
                }
                None => failed
                    .push(json!({"Id": id, "Code": "ReceiptHandleIsInvalid", "SenderFault": true})),
            }
        }
        Answer::new(200, json!({"Successful": done, "Failed": failed}).to_string())
    }
}

fn fault(status: u16, kind: &str) -> Answer {
    let body = json!({"__type": format!("com.amazonaws.sqs#{kind}"), "message": "no"});
    Answer::new(status, body.to_string())
}
