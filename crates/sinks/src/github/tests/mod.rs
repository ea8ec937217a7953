//! The sink against the double, over HTTP on loopback.

mod contract;
mod faults;
mod issues;
mod pulls;
mod reports;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use quell_deliver::outbox::{Act, Remote};
use quell_deliver::text::Hosts;
use quell_deliver::{Body, Key, Letter, Line};
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Timestamp};
use quell_testkit::double::Double;
use quell_testkit::sinks::{APP_KEY, GithubDouble};
use secrecy::SecretString;

use super::Hub;
use crate::forge::tests::{change, letter};
use crate::{Credential, Credentials, Plan, Sink, SinkError, Wanted};

const TF: &str = "resource \"aws_s3_bucket\" \"logs\" {}\n";
const FIXED: &str = "resource \"aws_s3_bucket\" \"logs\" {\n  acl = \"private\"\n}\n";

/// A clock that a test moves.
#[derive(Debug, Clone)]
pub(super) struct Hands(Arc<Mutex<Timestamp>>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Hands {
    fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

#[derive(Debug, Clone)]
struct Secret(Arc<Mutex<String>>);

impl Credentials for Secret {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, SinkError>> + Send + '_>> {
        let secret = SecretString::from(self.0.lock().unwrap().clone());
        Box::pin(async move { Ok(Credential { id: SecretString::from(""), secret }) })
    }
}

/// GitHub and a sink.
pub(super) struct Stage {
    github: Arc<GithubDouble>,
    double: Double,
    hands: Hands,
    secret: Secret,
    hub: Hub,
}

async fn stage() -> Stage {
    staged(&[]).await
}

async fn staged(options: &[(&str, &str)]) -> Stage {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let hands = Hands(Arc::new(Mutex::new(now)));
    let files = [("infra/main.tf", TF), ("README.md", "shop\n")];
    let github = Arc::new(GithubDouble::new(Arc::new(hands.clone()), &files));
    let double = Double::start(Arc::clone(&github) as _).await.unwrap();
    let app = options.iter().any(|(name, _)| *name == "app_id");
    let secret = if app { APP_KEY } else { GithubDouble::TOKEN };
    let secret = Secret(Arc::new(Mutex::new(secret.to_owned())));
    let retry = Retry {
        attempts: 2,
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_secs(1),
        total: Duration::from_secs(30),
    };
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry,
        rate: Rate::new(100_000, 1, 100_000),
        ..Policy::default()
    };
    let options: BTreeMap<String, String> =
        options.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let plan = Plan {
        name: "github".to_owned(),
        url: Some(double.url()),
        project: Some("acme/shop".to_owned()),
        options,
        credentials: Arc::new(secret.clone()),
        client: Client::new(policy, Arc::new(hands.clone())).unwrap(),
        clock: Arc::new(hands.clone()),
        hosts: Hosts::default(),
    };
    let hub = Hub::new(plan).unwrap();
    Stage { github, double, hands, secret, hub }
}

/// A letter with the fix of the file.
fn fix() -> Letter {
    letter("logs", Some(change(Some(&quell_testkit::sinks::blob_id(TF)), FIXED)))
}

fn branch(letter: &Letter) -> String {
    format!("quell/{}", letter.key)
}

fn body(words: &str) -> Body {
    Body::paragraph(Line::own(words))
}

impl Stage {
    async fn act(
        &self,
        key: &Key,
        act: Act,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        self.hub.act(&Wanted { key, act: &act, remote }).await
    }

    async fn find(
        &self,
        key: &Key,
        act: Act,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        self.hub.find(&Wanted { key, act: &act, remote }).await
    }

    async fn open(&self, letter: &Letter) -> Result<Remote, SinkError> {
        let act = Act::Open { letter: Box::new(letter.clone()) };
        self.act(&letter.key, act, None).await.map(Option::unwrap)
    }

    async fn edit(&self, letter: &Letter, remote: &Remote) -> Result<Option<Remote>, SinkError> {
        let act = Act::Edit { letter: Box::new(letter.clone()) };
        self.act(&letter.key, act, Some(remote)).await
    }
}

fn refused(error: &SinkError) -> String {
    assert!(matches!(error, SinkError::Refused(_)), "{error:?}");
    error.to_string()
}
