//! The sink against the double, over HTTP on loopback.

mod contract;
mod faults;
mod merges;
mod reviews;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_deliver::outbox::{Act, Remote};
use quell_deliver::text::Hosts;
use quell_deliver::{Body, Key, Letter, Line};
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, FixedClock};
use quell_testkit::double::Double;
use quell_testkit::sinks::{GitlabDouble, blob_id};
use secrecy::SecretString;

use super::Lab;
use crate::forge::tests::{change, letter};
use crate::{Credential, Credentials, Plan, Sink, SinkError, Wanted};

const TF: &str = "resource \"aws_s3_bucket\" \"logs\" {}\n";
const FIXED: &str = "resource \"aws_s3_bucket\" \"logs\" {\n  acl = \"private\"\n}\n";

#[derive(Debug, Clone)]
struct Secret(Arc<Mutex<String>>);

impl Credentials for Secret {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, SinkError>> + Send + '_>> {
        let secret = SecretString::from(self.0.lock().unwrap().clone());
        Box::pin(async move { Ok(Credential { id: SecretString::from(""), secret }) })
    }
}

/// GitLab and a sink.
pub(super) struct Stage {
    gitlab: Arc<GitlabDouble>,
    double: Double,
    secret: Secret,
    lab: Lab,
}

async fn stage() -> Stage {
    staged(&[]).await
}

async fn staged(options: &[(&str, &str)]) -> Stage {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock("2026-11-21T12:00:00Z".parse().unwrap()));
    let files = [("infra/main.tf", TF), ("README.md", "shop\n")];
    let gitlab = Arc::new(GitlabDouble::new(Arc::clone(&clock), &files));
    let double = Double::start(Arc::clone(&gitlab) as _).await.unwrap();
    let secret = Secret(Arc::new(Mutex::new(GitlabDouble::TOKEN.to_owned())));
    let retry = Retry {
        attempts: 2,
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_millis(20),
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
        name: "gitlab".to_owned(),
        url: Some(double.url()),
        project: Some("acme/web/shop".to_owned()),
        options,
        credentials: Arc::new(secret.clone()),
        client: Client::new(policy, Arc::clone(&clock)).unwrap(),
        clock,
        hosts: Hosts::default(),
    };
    let lab = Lab::new(plan).unwrap();
    Stage { gitlab, double, secret, lab }
}

/// A letter with the fix of the file.
fn fix() -> Letter {
    let mut change = change(Some(&blob_id(TF)), FIXED);
    change.repository = "acme/web/shop".to_owned();
    letter("logs", Some(change))
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
        self.lab.act(&Wanted { key, act: &act, remote }).await
    }

    async fn find(
        &self,
        key: &Key,
        act: Act,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        self.lab.find(&Wanted { key, act: &act, remote }).await
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
