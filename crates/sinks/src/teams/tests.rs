//! Teams against its double, and its cards against hostile data.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Outcome, Remote};
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::Answer;
use quell_testkit::sinks::{Contract, TeamsDouble};
use serde_json::Value;

use super::card::MOST_BYTES;
use super::message;
use crate::testing::chat::{acts, key, letter, page, plan};
use crate::testing::hostile::payloads;
use crate::testing::stage::{Keys, keys, wanted};
use crate::{RightState, Sink, SinkError};

const OWN: &str = include_str!("../../../testkit/src/sinks/teams/contract.json");

struct Stage {
    teams: Arc<TeamsDouble>,
    double: Double,
    login: Keys,
    sink: Box<dyn Sink>,
}

async fn stage() -> Stage {
    let teams = Arc::new(TeamsDouble::default());
    let double = Double::start(Arc::clone(&teams) as _).await.unwrap();
    let login = keys("", &format!("{}{}", double.url(), TeamsDouble::path()));
    let sink = (super::KIND.connect)(plan(None, &login, &[])).unwrap();
    Stage { teams, double, login, sink }
}

fn remote() -> Remote {
    Remote { id: key(0).mark(), name: key(0).mark(), url: None }
}

fn open() -> Act {
    Act::Open { letter: Box::new(letter("x")) }
}

/// All acts that Teams knows.
fn known(data: &str) -> Vec<Act> {
    acts(data).into_iter().filter(|act| act.kind() != ActKind::Edit).collect()
}

fn made(act: &Act) -> Value {
    let (key, remote) = (key(0), remote());
    message(&wanted(&key, act, Some(&remote))).unwrap()
}

#[tokio::test]
async fn a_full_round_is_what_the_vendor_takes() {
    let stage = stage().await;
    let (key, remote) = (key(0), remote());
    for data in payloads() {
        for act in known(&data) {
            let wanted = wanted(&key, &act, Some(&remote));
            let made = stage.sink.act(&wanted).await.unwrap();
            assert_eq!(made.is_some(), act.kind() == ActKind::Open);
        }
    }
    assert_eq!((stage.teams.cards().len(), stage.teams.failed()), (payloads().len() * 4, 0));
    assert_eq!(stage.sink.read(&remote).await.unwrap(), None);
    assert_eq!(stage.sink.test().await.unwrap()[0].state, RightState::Unknown);
    let own: Value = serde_json::from_str(OWN).unwrap();
    let (count, wrong) = Contract::new(&own).check_all(&stage.double.ledger, "");
    assert!(count >= 400, "{count}");
    assert_eq!(wrong, []);
}

#[test]
fn every_card_fits_the_vendors_schema_and_size() {
    let file = "shared/reference/specs/sinks/schemas/adaptive-card-1.5.0.schema.json";
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = here.ancestors().find_map(|above| fs::read(above.join(file)).ok());
    let schema = text.map(|text| {
        let schema: Value = serde_json::from_slice(&text).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    for payload in payloads() {
        for act in known(&payload) {
            let mut message = made(&act);
            let bytes = message.to_string().len();
            assert!(bytes <= MOST_BYTES, "{bytes} of {payload:.40?}");
            let card = message["attachments"][0]["content"].as_object_mut().unwrap();
            // Teams' own addition, which the schema of cards does not know.
            card.remove("msteams");
            let card = Value::Object(card.clone());
            let wrong = schema
                .iter()
                .find_map(|schema| schema.iter_errors(&card).next().map(|error| error.to_string()));
            assert_eq!(wrong, None);
        }
    }
}

/// Every field that is no text of a run.
fn structure(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| structure(value, found)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or("-");
            for (name, value) in fields {
                match value {
                    Value::Array(_) | Value::Object(_) => structure(value, found),
                    Value::String(_) if kind == "TextRun" && name == "text" => {}
                    Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {
                        found.push(format!("{kind}.{name}={value}"));
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sorted(act: &Act) -> Vec<String> {
    let mut found = Vec::new();
    structure(&made(act), &mut found);
    found.sort();
    found.dedup();
    found
}

#[test]
fn no_data_is_more_than_text() {
    for (at, benign) in known("harmless").iter().enumerate() {
        let expected = sorted(benign);
        assert!(expected.iter().any(|one| one.contains("TextBlock")), "{expected:?}");
        assert!(!expected.iter().any(|one| one.contains("\"TextBlock\"")), "{expected:?}");
        for payload in payloads() {
            let act = &known(&payload)[at];
            let found = sorted(act);
            let new: Vec<_> = found.iter().filter(|one| !expected.contains(one)).collect();
            assert!(new.is_empty(), "{new:?} of {payload:.40?}");
            let text = made(act).to_string();
            for active in ["${", "@{", "{{", "<at", "</at"] {
                assert!(!text.contains(active), "{active} of {payload:.40?}");
            }
        }
    }
}

#[test]
fn only_quells_page_can_be_opened() {
    let message = made(&open()).to_string();
    assert_eq!(message.matches("Action.").count(), 1);
    assert!(message.contains(&format!(r#""url":"{}""#, page().as_str())), "{message}");
}

#[test]
fn a_long_letter_is_cut_and_says_so() {
    let long = made(&Act::Open { letter: Box::new(letter(&"é${".repeat(9_000))) }).to_string();
    assert!(long.contains("more characters are left out here."), "{}", long.len());
}

#[tokio::test]
async fn a_draft_is_what_is_sent_and_shows_no_address() {
    let stage = stage().await;
    let (key, act) = (key(0), open());
    let drafts = stage.sink.drafts(&wanted(&key, &act, None)).unwrap();
    stage.sink.act(&wanted(&key, &act, None)).await.unwrap();
    let sent = stage.double.ledger.of("/workflows/");
    let draft: Value = serde_json::from_str(&drafts[0].body).unwrap();
    let sent: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!((drafts.len(), draft), (1, sent));
    assert!(!format!("{drafts:?}{:?}", stage.sink).contains(TeamsDouble::secret()));
}

#[tokio::test]
async fn each_refusal_means_what_the_flow_means() {
    let stage = stage().await;
    let (key, act) = (key(0), open());
    let wanted = wanted(&key, &act, None);
    for (status, body, lost) in [(500, "x", true), (502, "", true), (400, "{}", false)] {
        stage.double.script.add("/workflows/", 1, Fault::Answer(Answer::new(status, body)));
        let error = stage.sink.act(&wanted).await.unwrap_err();
        assert_eq!(matches!(error.outcome(), Outcome::Lost(_)), lost, "{error:?}");
    }
    stage.double.script.add("/workflows/", 1, Fault::Lost);
    let error = stage.sink.act(&wanted).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error:?}");
    assert_eq!(stage.sink.on_doubt(ActKind::Open), OnDoubt::Leave);
    let busy = r#"{"error":{"code":"WorkflowTriggerIsThrottled","message":"x"}}"#;
    stage.double.script.add("/workflows/", 9, Fault::Answer(Answer::new(429, busy)));
    let error = stage.sink.act(&wanted).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(_, _)), "{error:?}");
    stage.double.script.clear();
    stage.teams.turn_off();
    let error = stage.sink.act(&wanted).await.unwrap_err();
    assert!(error.to_string().contains("WorkflowNotFound"), "{error}");
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn no_error_shows_the_address() {
    let stage = stage().await;
    let (key, act) = (key(0), open());
    let wanted = wanted(&key, &act, None);
    let echo = format!("no such flow: {}", TeamsDouble::path());
    for status in [400, 401, 404, 429, 500] {
        stage.double.script.clear();
        stage.double.script.add("/workflows/", 9, Fault::Answer(Answer::new(status, echo.clone())));
        let error = stage.sink.act(&wanted).await.unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.outcome());
        assert!(!said.contains(TeamsDouble::secret()), "{said}");
    }
    stage.double.script.clear();
    for (secret, word) in [
        ("not an address".to_owned(), "no address"),
        (format!("{}/workflows/x", stage.double.url()), "`sig`"),
        (format!("{}/webhookb2/a/IncomingWebhook/b?sig=x", stage.double.url()), "retired"),
        (
            format!(
                "{}/workflows/a/triggers/manual/paths/invoke?api-version=1&sp=x&sv=1.0&sig=wrong",
                stage.double.url()
            ),
            "anew",
        ),
    ] {
        stage.login.0.lock().unwrap().1.clone_from(&secret);
        let error = stage.sink.act(&wanted).await.unwrap_err();
        assert!(
            error.to_string().contains(word) && !error.to_string().contains(&secret),
            "{error}"
        );
        assert!(!matches!(error, SinkError::Lost(_)));
    }
}
