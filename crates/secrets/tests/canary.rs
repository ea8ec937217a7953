//! No value is in any debug text, error or log. It stands alone, since a log is kept of all the
//! process does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "it/support.rs"]
mod support;

use std::fmt;
use std::sync::{Arc, Mutex};

use quell_secrets::{AwsKeySource, AwsSettings, Settings, VaultLogin, VaultSettings};
use quell_testkit::net::{AwsSecrets, SigningKey, VaultDouble};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use support::{NOW, eager, reference, secrets};

const CANARY: &str = "c4nary-3fd1-value";

/// Keeps every field of every event and span of every crate, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn no_value_is_shown_anywhere() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let vault = VaultDouble::start(60).await.unwrap();
    vault.put("secret/a", json!({"f": CANARY, "o": {"x": CANARY}}));
    let key = SigningKey { access_key: "AKIDEXAMPLE".into(), secret_key: CANARY.into() };
    let aws = AwsSecrets::start(key).await.unwrap();
    aws.rotate("a", CANARY, NOW);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CANARY).unwrap();
    let mut keys = AwsSettings::of_region("eu-west-1");
    keys.endpoint = Some(aws.url());
    keys.keys = AwsKeySource::Given {
        access_key: reference("env:AWS_ACCESS_KEY_ID"),
        secret_key: reference("env:AWS_SECRET_ACCESS_KEY"),
        session_token: Some(reference("env:TOKEN")),
    };
    let login = VaultLogin::AppRole {
        mount: "approle".to_owned(),
        role_id: reference("env:ROLE"),
        secret_id: reference("env:SECRET"),
    };
    let place = VaultSettings { address: vault.url(), namespace: None, login };
    let settings = Settings { vault: Some(place), aws: Some(keys), ..eager() };
    let variables = [
        ("ROLE", VaultDouble::ROLE_ID),
        ("SECRET", VaultDouble::SECRET_ID),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", CANARY),
        ("TOKEN", CANARY),
        ("PLAIN", CANARY),
    ];
    let mut shown = format!("{settings:?}");
    let secrets = secrets(settings, &variables);
    let mut references = [
        "env:PLAIN",
        "vault:secret/a#f",
        "vault:secret/a#o",
        "vault:secret/deny/a#f",
        "aws-sm:a",
        "aws-sm:a#f",
        "env:NONE",
    ]
    .map(reference)
    .to_vec();
    references.push(reference(&format!("file:{}", file.path().display())));
    let mut good = 0;
    for round in 0..4 {
        match round {
            1 => vault.revoke_all(),
            2 => vault.set_logins_fail(true),
            3 => {
                vault.set_failing(Some(503));
                aws.set_failing(Some((400, "AccessDeniedException")));
            }
            _ => {}
        }
        if round == 2 {
            vault.revoke_all();
        }
        for reference in &references {
            let got = secrets.values(reference).await;
            good += usize::from(got.as_ref().is_ok_and(|v| v.accept(CANARY.as_bytes())));
            shown.push_str(&format!("{got:?} "));
            let error = got.err().map(|error| format!("{error} {error:#?} "));
            shown.push_str(&error.unwrap_or_default());
        }
    }
    secrets.renew_due().await;
    let error = CANARY.parse::<quell_config::SecretRef>().unwrap_err();
    shown.push_str(&format!("{secrets:?} {:?} {error} {error:?}", secrets.states()));
    let log = log.0.lock().unwrap().clone();
    assert!(good >= 10, "too few values were read to tell: {good}");
    assert!(log.contains("cannot be read now"), "the log is empty: {log}");
    for secret in [CANARY, VaultDouble::SECRET_ID, "hvs.t0ken"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!log.contains(secret), "{log}");
    }
}
