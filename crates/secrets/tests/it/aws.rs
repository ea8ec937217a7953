//! AWS Secrets Manager: signatures, rotation, fields and faults.

use std::time::Duration;

use quell_secrets::{AwsSettings, SecretError, Secrets, Settings};
use quell_testkit::net::{AwsSecrets, SigningKey};
use serde_json::json;

use crate::{NOW, eager, get, reference, secrets, text};

const DAY: f64 = 86_400.0;

async fn double() -> AwsSecrets {
    let key = SigningKey { access_key: "AKIDEXAMPLE".into(), secret_key: "s3cr3t/key+1".into() };
    AwsSecrets::start(key).await.unwrap()
}

fn resolver(double: &AwsSecrets, secret_key: &str, settings: Settings) -> Secrets {
    let mut aws = AwsSettings::of_region("eu-west-1");
    aws.endpoint = Some(double.url());
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", secret_key)];
    secrets(Settings { aws: Some(aws), ..settings }, &keys)
}

#[tokio::test]
async fn values_fields_and_binaries_are_read_under_a_signature() {
    let aws = double().await;
    aws.rotate("prod/wiz", r#"{"token":"v-1","n":1}"#, NOW - 9.0 * DAY);
    aws.put("bin", json!({"SecretBinary": "AP8="}), NOW - 9.0 * DAY);
    let secrets = resolver(&aws, "s3cr3t/key+1", eager());
    assert_eq!(text(&get(&secrets, "aws-sm:prod/wiz#token").await.unwrap()), "v-1");
    assert_eq!(get(&secrets, "aws-sm:bin").await.unwrap().expose(), [0, 255]);
    assert_eq!(aws.asked(), ["AWSCURRENT", "AWSCURRENT"]);
    assert!(aws.faults().is_empty(), "{:?}", aws.faults());
    for (place, part) in [
        ("aws-sm:prod/wiz#none", "no such field"),
        ("aws-sm:prod/wiz#n", "holds no text"),
        ("aws-sm:bin#x", "binary"),
        ("aws-sm:other", "knows none"),
    ] {
        let error = get(&secrets, place).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn after_a_rotation_the_value_before_counts_for_a_while() {
    let aws = double().await;
    aws.rotate("hook", "v-1", NOW - 9.0 * DAY);
    let secrets = resolver(&aws, "s3cr3t/key+1", eager());
    let hook = reference("aws-sm:hook");
    assert!(secrets.values(&hook).await.unwrap().previous.is_none());
    aws.rotate("hook", "v-2", NOW - 60.0);
    let values = secrets.values(&hook).await.unwrap();
    assert!(values.accept(b"v-1") && values.accept(b"v-2") && !values.accept(b"v-3"));
    aws.rotate("hook", "v-3", NOW - 2.0 * DAY);
    let values = secrets.values(&hook).await.unwrap();
    assert!(values.accept(b"v-3") && !values.accept(b"v-2"));
    aws.rotate("new", "only", NOW);
    assert!(secrets.values(&reference("aws-sm:new")).await.unwrap().previous.is_none());
}

#[tokio::test]
async fn a_wrong_key_is_told_with_the_next_step() {
    let aws = double().await;
    aws.rotate("a", "v", NOW);
    let error = get(&resolver(&aws, "wr0ng-key", eager()), "aws-sm:a").await.unwrap_err();
    assert!(matches!(error, SecretError::Denied { .. }));
    assert!(error.to_string().contains("clock") && !error.to_string().contains("wr0ng"), "{error}");
    assert_eq!(aws.faults(), ["the signature does not match"]);
}

#[tokio::test]
async fn throttling_is_an_outage_and_a_denial_is_none() {
    let aws = double().await;
    aws.rotate("a", "v", NOW);
    let secrets = resolver(&aws, "s3cr3t/key+1", eager());
    get(&secrets, "aws-sm:a").await.unwrap();
    for (status, kind) in [(400, "ThrottlingException"), (500, "InternalServiceError")] {
        aws.set_failing(Some((status, kind)));
        assert_eq!(text(&get(&secrets, "aws-sm:a").await.unwrap()), "v", "{kind}");
    }
    aws.set_failing(Some((400, "AccessDeniedException")));
    let error = get(&secrets, "aws-sm:a").await.unwrap_err();
    assert!(error.to_string().contains("secretsmanager:GetSecretValue"), "{error}");
}

#[tokio::test]
async fn a_refused_value_is_read_again() {
    let aws = double().await;
    aws.rotate("a", "v-1", NOW - 9.0 * DAY);
    let settings = Settings { renew_after: Duration::from_secs(3_600), ..eager() };
    let secrets = resolver(&aws, "s3cr3t/key+1", settings);
    get(&secrets, "aws-sm:a").await.unwrap();
    aws.rotate("a", "v-2", NOW - 8.0 * DAY);
    assert_eq!(text(&get(&secrets, "aws-sm:a").await.unwrap()), "v-1");
    secrets.refused(&reference("aws-sm:a"));
    assert_eq!(text(&get(&secrets, "aws-sm:a").await.unwrap()), "v-2");
}
