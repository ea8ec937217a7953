//! The queue against its double.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Egress, Policy, Rate, Retry, Verdict};
use quell_model::{FixedClock, Timestamp};
use quell_testkit::net::{QueueDouble, SigningKey};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::live::{Credential, Credentials};

#[derive(Debug)]
struct Key(&'static str);

impl Credentials for Key {
    fn read(
        &self,
    ) -> Pin<Box<dyn std::future::Future<Output = Result<Credential, LiveError>> + Send + '_>> {
        let secret = SecretString::from(self.0);
        Box::pin(async move { Ok(Credential { id: SecretString::from("AKIDEXAMPLE"), secret }) })
    }
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn plan(url: &str, secret: &'static str, options: &[(&str, &str)]) -> Plan {
    let retry = Retry {
        attempts: 2,
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_secs(1),
        total: Duration::from_secs(20),
    };
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry,
        rate: Rate::new(100_000, 1, 100_000),
        ..Policy::default()
    };
    Plan {
        name: "hub".to_owned(),
        url: Some(url.to_owned()),
        login_at: None,
        account: None,
        options: options.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        credentials: Arc::new(Key(secret)),
        client: Client::new(policy, Arc::new(FixedClock(now()))).unwrap(),
        clock: Arc::new(FixedClock(now())),
    }
}

async fn start() -> (QueueDouble, Box<dyn Connector>) {
    let key = SigningKey { access_key: "AKIDEXAMPLE".to_owned(), secret_key: SECRET.to_owned() };
    let double = QueueDouble::start(key).await.unwrap();
    let connector = (LIVE.connect)(plan(&double.url(), SECRET, &[("region", "eu-west-1")]));
    (double, connector.unwrap())
}

async fn page(connector: &dyn Connector, cursor: Option<&Value>) -> Result<Page, LiveError> {
    let stream = &connector.streams()[0];
    connector.page(Ask { stream, since: None, until: now(), cursor }).await
}

fn event(number: usize) -> Value {
    json!({"version": "0", "id": format!("e-{number}"), "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported", "account": "111122223333",
        "detail": {"findings": [{"SchemaVersion": "2018-10-08", "Id": format!("f-{number}"),
            "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
            "GeneratorId": "aws-foundational-security-best-practices/v/1.0.0/S3.8",
            "AwsAccountId": "111122223333", "Title": "S3.8", "Severity": {"Label": "HIGH"},
            "Types": ["Software and Configuration Checks"], "CreatedAt": "2026-10-01T08:00:00Z",
            "UpdatedAt": "2026-10-01T08:00:00Z", "RecordState": "ACTIVE",
            "Compliance": {"Status": "FAILED"}, "Workflow": {"Status": "NEW"},
            "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::b-{number}")}]}]}})
}

#[tokio::test]
async fn what_is_received_is_deleted_only_with_the_next_question() {
    let (double, connector) = start().await;
    for number in 0..23 {
        double.send(&serde_json::to_string_pretty(&event(number)).unwrap());
    }
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let before = double.left();
        let page = page(&*connector, cursor.as_ref()).await.unwrap();
        let acknowledged =
            cursor.as_ref().map_or(0, |c: &Value| c["receipts"].as_array().unwrap().len());
        assert_eq!(double.left(), before - acknowledged);
        lines.extend(page.items.iter().map(|item| item.json.get().to_owned()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((double.left(), lines.len()), (0, 23));
    assert!(lines.iter().all(|line| !line.contains('\n')));
    let records = crate::testing::normalize_text(&lines.join("\n"));
    assert_eq!(records.iter().filter(|record| record.is_ok()).count(), 23);
}

#[tokio::test]
async fn a_page_that_was_not_kept_comes_again() {
    let (double, connector) = start().await;
    double.send(&event(1).to_string());
    assert_eq!(page(&*connector, None).await.unwrap().items.len(), 1);
    // The process died: nobody has the receipts, and the message is shown again.
    double.show();
    let again = page(&*connector, None).await.unwrap();
    assert_eq!((again.items.len(), double.left()), (1, 1));
    let next = again.next.unwrap();
    // Kept, and died before the place was: the same is deleted twice.
    for _ in 0..2 {
        assert!(page(&*connector, Some(&next)).await.unwrap().items.is_empty());
    }
    assert_eq!(double.left(), 0);
}

#[tokio::test]
async fn what_sns_carries_is_unpacked_and_what_is_no_json_is_kept_as_text() {
    let (double, connector) = start().await;
    double.send(&json!({"Type": "Notification", "Message": event(7).to_string()}).to_string());
    double.send("no JSON\nat all");
    let page = page(&*connector, None).await.unwrap();
    let texts: Vec<&str> = page.items.iter().map(|item| item.json.get()).collect();
    assert_eq!(texts, [event(7).to_string().as_str(), r#""no JSON\nat all""#]);
    let results = crate::testing::normalize_text(&texts.join("\n"));
    assert!(results[0].is_ok() && results[1].is_err(), "{results:?}");
}

#[tokio::test]
async fn refusals_are_told_by_kind_and_without_the_secret() {
    let (double, connector) = start().await;
    for (status, kind, verdict) in [
        (403, "AccessDeniedException", Verdict::NeedsHuman),
        (403, "InvalidClientTokenId", Verdict::NeedsHuman),
        (400, "RequestThrottled", Verdict::Later(None)),
        (400, "QueueDoesNotExist", Verdict::GiveUp),
        (503, "ServiceUnavailable", Verdict::Later(None)),
    ] {
        double.set_failing(Some((status, kind)));
        let error = page(&*connector, None).await.unwrap_err();
        assert_eq!(error.verdict(), verdict, "{error}");
        assert!(error.to_string().contains(kind), "{error}");
    }
    double.set_failing(None);
    let wrong = plan(&double.url(), "another-secret", &[("region", "eu-west-1")]);
    let wrong = (LIVE.connect)(wrong).unwrap();
    let error = page(&*wrong, None).await.unwrap_err();
    assert!(matches!(error, LiveError::Login(_)), "{error}");
    assert!(!format!("{error:?} {wrong:?}").contains("another-secret"));
    let error = page(&*connector, Some(&json!({"receipts": [7]}))).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error}");
}

#[tokio::test]
async fn the_right_to_delete_is_told_and_nothing_is_changed() {
    let (double, connector) = start().await;
    double.send(&event(1).to_string());
    let state = async || connector.test().await.unwrap()[1].state;
    assert_eq!(state().await, RightState::Held);
    double.deny("DeleteMessageBatch");
    assert_eq!((state().await, double.left()), (RightState::Missing, 1));
    assert_eq!(page(&*connector, None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn the_region_comes_from_the_url_and_settings_that_are_wrong_are_named() {
    let connect = |url: &str, options: &[(&str, &str)]| (LIVE.connect)(plan(url, SECRET, options));
    assert!(connect("https://sqs.eu-west-1.amazonaws.com/1/q", &[]).is_ok());
    for (url, options, wrong) in [
        ("https://sqs.eu-west-1.amazonaws.com/", &[][..], "url"),
        ("https://queue.example/1/q", &[], "region"),
        ("https://sqs.eu-west-1.amazonaws.com/1/q", &[("hidden_seconds", "5")], "hidden_seconds"),
    ] {
        let error = connect(url, options).unwrap_err();
        assert!(matches!(&error, LiveError::Setting { name, .. } if *name == wrong), "{error}");
    }
}
