//! Signed requests to the queue, in the JSON that SQS speaks.

use std::sync::Arc;

use quell_http::sigv4::Signer;
use quell_http::{Client, HttpError, Request, Response};
use quell_model::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::message::Message;
use super::{DELETE, RECEIVE, behind};
use crate::live::{Credentials, LiveError, Page};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// Messages of one answer, at most.
const MOST_MESSAGES: usize = 10;
const MOST_SAID: usize = 300;

/// A queue.
pub(super) struct Queue {
    pub(super) url: String,
    /// Scheme, host and `/`.
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) hidden_seconds: u32,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Received {
    messages: Option<Vec<Message>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Deleted {
    failed: Vec<Failed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Failed {
    code: String,
    sender_fault: bool,
}

impl Queue {
    /// The next messages, which stay hidden from others for a while.
    pub(super) async fn receive(&self) -> Result<Page, LiveError> {
        let body = json!({"QueueUrl": self.url, "MaxNumberOfMessages": MOST_MESSAGES,
            "WaitTimeSeconds": 0, "VisibilityTimeout": self.hidden_seconds});
        let answer = self.call("ReceiveMessage", &body, RECEIVE).await?;
        let received: Received = serde_json::from_slice(answer.body())
            .map_err(|error| LiveError::shape("$.Messages", format!("cannot be read: {error}")))?;
        let messages = received.messages.unwrap_or_default();
        let receipts: Vec<String> = messages.iter().map(|m| m.receipt_handle.clone()).collect();
        let items = messages.iter().filter_map(Message::item).collect();
        // An empty answer ends the reading; what comes later is read at the next turn.
        let next = (!receipts.is_empty()).then(|| behind(&receipts));
        Ok(Page { items, next, ..Page::default() })
    }

    /// Deletes messages. One that is gone or hidden no more comes again, and changes nothing.
    pub(super) async fn delete(&self, receipts: &[String]) -> Result<(), LiveError> {
        for batch in receipts.chunks(MOST_MESSAGES) {
            let entry = |(at, receipt): (usize, &String)| json!({"Id": at.to_string(), "ReceiptHandle": receipt});
            let entries: Vec<Value> = batch.iter().enumerate().map(entry).collect();
            let body = json!({"QueueUrl": self.url, "Entries": entries});
            let answer = self.call("DeleteMessageBatch", &body, DELETE).await?;
            let deleted: Deleted = serde_json::from_slice(answer.body()).unwrap_or_default();
            if let Some(failed) = deleted.failed.iter().find(|failed| !failed.sender_fault) {
                let said = format!("a message is not deleted: {}", failed.code);
                return Err(LiveError::Busy { wait: None, said });
            }
        }
        Ok(())
    }

    async fn call(
        &self,
        action: &str,
        body: &Value,
        right: &'static str,
    ) -> Result<Response, LiveError> {
        let request = self.request(action, body.to_string()).await?;
        self.client.send(&request).await.map_err(|error| meaning(error, right))
    }

    async fn request(&self, action: &str, body: String) -> Result<Request, LiveError> {
        let login = self.credentials.read().await?;
        let (id, secret): (&SecretString, &SecretString) = (&login.id, &login.secret);
        let signer = Signer {
            access_key: id.expose_secret(),
            secret_key: secret.expose_secret(),
            session_token: None,
            region: &self.region,
            service: "sqs",
        };
        // To receive twice or to delete twice does no harm.
        let target = format!("AmazonSQS.{action}");
        let body = (CONTENT_TYPE, body);
        Ok(signer.json_call((&self.endpoint, &target), body, self.clock.now())?)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: String,
}

/// What a refusal of AWS means: it tells most with status 400 and a name.
fn meaning(error: HttpError, right: &'static str) -> LiveError {
    let Some(remote) = error.remote() else { return error.into() };
    let told: Said = serde_json::from_str(remote.said()).unwrap_or_default();
    let kind = told.kind.rsplit('#').next().unwrap_or_default().to_owned();
    let said: String = format!("{kind}: {}", told.message).chars().take(MOST_SAID).collect();
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    if has(&["AccessDenied"]) {
        LiveError::Forbidden { right: right.to_owned(), said }
    } else if has(&["InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"])
        || has(&[
            "UnrecognizedClient",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidSecurity",
        ])
    {
        LiveError::Login(said)
    } else if has(&["Throttl", "Throttled", "OverLimit", "KmsThrottled"]) {
        LiveError::Busy { wait: remote.retry_after(), said }
    } else if matches!(remote.status(), 400 | 403 | 404) {
        LiveError::Refused(said)
    } else {
        error.into()
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({})", self.url)
    }
}
