//! The sink against its double, over HTTP on loopback.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quell_deliver::Letter;
use quell_deliver::mirror::Phase;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Outcome};
use quell_model::Severity;
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::Answer;
use quell_testkit::sinks::PagerDutyDouble;
use serde_json::{Value, json};

use super::*;
use crate::NotHeard;
use crate::common::mac;
use crate::testing::hostile::payloads;
use crate::testing::stage::{
    Hands, Keys, key, keys, letter, letter_of, lived, numbers, open, sink, trouble, wanted, words,
};

struct Stage {
    pager: Arc<PagerDutyDouble>,
    double: Double,
    hands: Hands,
    keys: Keys,
    sink: Box<dyn Sink>,
}

async fn stage(with_rest: bool) -> Stage {
    let hands = Hands::new();
    let pager = Arc::new(PagerDutyDouble::new(Arc::new(hands.clone())));
    let double = Double::start(Arc::clone(&pager) as _).await.unwrap();
    let (token, user) = PagerDutyDouble::TOKEN;
    let keys = keys(token, PagerDutyDouble::KEY);
    let url = double.url();
    let rest = [("from", user), ("api", url.as_str())];
    let options = if with_rest { &rest[..] } else { &[] };
    let sink = sink(&KIND, (&url, None), options, &keys, &hands).unwrap();
    Stage { pager, double, hands, keys, sink }
}

impl Stage {
    async fn act(&self, act: &Act, remote: Option<&Remote>) -> Result<Option<Remote>, SinkError> {
        self.sink.act(&wanted(&letter().key, act, remote)).await
    }
}

fn close() -> Act {
    Act::Close { body: words("It is gone.") }
}

fn reopen() -> Act {
    Act::Reopen { body: words("It is back.") }
}

fn note() -> Act {
    Act::Note { body: words("One more asset.") }
}

#[tokio::test]
async fn a_round_is_what_the_contracts_allow() {
    for with_rest in [false, true] {
        let stage = stage(with_rest).await;
        stage.sink.test().await.unwrap();
        let made = stage.act(&open(letter()), None).await.unwrap().unwrap();
        assert_eq!(made.id, letter().key.mark());
        stage.act(&Act::Edit { letter: Box::new(letter()) }, Some(&made)).await.unwrap();
        if with_rest {
            stage.act(&note(), Some(&made)).await.unwrap();
            let key = &letter().key;
            let found = stage.sink.find(&wanted(key, &note(), Some(&made))).await.unwrap();
            assert_eq!(found.as_ref(), Some(&made));
        }
        stage.act(&close(), Some(&made)).await.unwrap();
        stage.act(&close(), Some(&made)).await.unwrap();
        stage.act(&reopen(), Some(&made)).await.unwrap();
        let expected =
            [(made.id.clone(), "resolved".to_owned(), 2), (made.id, "triggered".to_owned(), 1)];
        assert_eq!(stage.pager.incidents(), expected);
        let (count, wrong) = stage.pager.contract().check_all(&stage.double.ledger, "");
        assert_eq!((count >= 5, wrong), (true, Vec::new()));
    }
}

#[tokio::test]
async fn a_lost_answer_is_sent_again_and_makes_no_second_alert() {
    let stage = stage(false).await;
    assert_eq!(stage.sink.on_doubt(ActKind::Open), OnDoubt::Again);
    for fault in [Fault::Lost, Fault::Cut(5), Fault::Answer(Answer::new(500, ""))] {
        stage.double.script.add("/v2/enqueue", 1, fault);
        let error = stage.act(&open(letter()), None).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    }
    stage.act(&open(letter()), None).await.unwrap();
    assert_eq!(stage.pager.incidents(), [(letter().key.mark(), "triggered".to_owned(), 3)]);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let stage = stage(true).await;
    let short = Answer::new(429, "").header("ratelimit-reset", "40");
    stage.double.script.add("/v2/enqueue", 2, Fault::Answer(short));
    let error = stage.act(&open(letter()), None).await.unwrap_err();
    assert!(
        matches!(error.outcome(), Outcome::Later(Some(wait), _) if wait == Duration::from_secs(40))
    );
    let invalid = r#"{"status":"invalid event","message":"Event object is invalid","errors":["'payload.summary' is missing or blank"]}"#;
    stage.double.script.add("/v2/enqueue", 1, Fault::Answer(Answer::new(400, invalid)));
    let error = stage.act(&open(letter()), None).await.unwrap_err();
    assert!(error.to_string().contains("'payload.summary' is missing or blank"), "{error}");
    assert!(matches!(error.outcome(), Outcome::Refused(_)));
    stage.keys.0.lock().unwrap().1 = "0123456789abcdef0123456789ABCDEx".to_owned();
    let error = stage.act(&open(letter()), None).await.unwrap_err().to_string();
    assert!(error.contains("Invalid routing key") && !error.contains("ABCDEx"), "{error}");
    stage.keys.0.lock().unwrap().1 = "short".to_owned();
    let error = stage.act(&open(letter()), None).await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error}");
    stage.keys.0.lock().unwrap().0 = "revoked".to_owned();
    assert!(matches!(stage.sink.test().await.unwrap_err(), SinkError::Login(_)));
}

#[tokio::test]
async fn how_incidents_stand_is_read() {
    let stage = stage(true).await;
    let made = stage.act(&open(letter()), None).await.unwrap().unwrap();
    stage.pager.behind(1);
    assert_eq!(stage.sink.read(&made).await.unwrap(), None);
    let read = async || stage.sink.read(&made).await.unwrap().unwrap();
    assert_eq!((read().await.phase, read().await.remote.name.as_str()), (Phase::New, "#1"));
    stage.hands.pass(60);
    stage.pager.by_hand("acknowledged");
    assert_eq!((read().await.phase, read().await.phase_by_us), (Phase::Begun, false));
    stage.act(&close(), Some(&made)).await.unwrap();
    assert_eq!((read().await.phase, read().await.phase_by_us), (Phase::Done, true));
    stage.pager.by_hand("resolved");
    assert!(!read().await.phase_by_us);
    assert_eq!(self::stage(false).await.sink.read(&made).await.unwrap(), None);
}

#[tokio::test]
async fn a_note_before_its_incident_comes_later() {
    let stage = stage(true).await;
    let made = stage.act(&open(letter()), None).await.unwrap().unwrap();
    stage.pager.behind(1);
    let error = stage.act(&note(), Some(&made)).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(..)), "{error}");
    stage.double.script.add("/notes", 1, Fault::Lost);
    let error = stage.act(&note(), Some(&made)).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    let find = |name: &str| {
        let key = key(name);
        let (sink, made) = (&stage.sink, &made);
        async move { sink.find(&wanted(&key, &note(), Some(made))).await.unwrap() }
    };
    assert_eq!(find("other").await, None);
    assert!(find("fix:a").await.is_some());
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent_without_the_key() {
    let stage = stage(false).await;
    let act = open(letter());
    let drafts = stage.sink.drafts(&wanted(&letter().key, &act, None)).unwrap();
    stage.act(&act, None).await.unwrap();
    let mut drafted: Value = serde_json::from_str(&drafts.first().unwrap().body).unwrap();
    assert_eq!(drafted["routing_key"], "{routing_key}");
    drafted["routing_key"] = PagerDutyDouble::KEY.into();
    let seen = stage.double.ledger.of("/v2/enqueue");
    assert_eq!(drafted, serde_json::from_slice::<Value>(&seen.first().unwrap().body).unwrap());
    assert!(stage.sink.drafts(&wanted(&letter().key, &close(), None)).is_err());
}

/// All that stands in an event and is a link, or would be made one.
fn active(value: &Value) -> BTreeSet<String> {
    let text = value.to_string();
    let words = text.split(|c: char| c.is_whitespace() || c == '"' || c == '\\');
    let is_link = |word: &&str| {
        let word = word.to_ascii_lowercase();
        word.contains("://") || word.contains("www.")
    };
    words.filter(is_link).map(str::to_owned).collect()
}

/// The names of all fields, however deep.
fn names(value: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        all.insert(name.clone());
        all.extend(names(value));
    }
    all
}

#[tokio::test]
async fn data_is_never_more_than_data() {
    let stage = stage(false).await;
    let event = |data: &str| {
        let act = open(letter_of(data));
        write::event("quell", &wanted(&letter().key, &act, None), PagerDutyDouble::KEY).unwrap()
    };
    let benign = event("x");
    for (at, payload) in payloads().into_iter().enumerate() {
        let made = event(&payload);
        assert_eq!((active(&made), names(&made)), (active(&benign), names(&benign)), "{payload:?}");
        assert!(made.to_string().len() < 512 << 10);
        let summary = made["payload"]["summary"].as_str().unwrap();
        assert!(!summary.contains(['\n', '\u{202e}', '\u{200b}', '\u{1b}']), "{summary:?}");
        let letter = Letter { key: key(&format!("{at}")), ..letter_of(&payload) };
        stage.act(&open(letter), None).await.unwrap();
    }
}

#[test]
fn severities_are_those_that_pagerduty_has() {
    for (severity, expected) in
        Severity::ALL.into_iter().zip(["info", "info", "warning", "error", "error", "critical"])
    {
        let act = open(Letter { severity, ..letter() });
        let event = write::event("q", &wanted(&letter().key, &act, None), "").unwrap();
        assert_eq!(event["payload"]["severity"], expected, "{severity:?}");
    }
}

#[test]
fn webhooks_are_heard_by_any_of_their_signatures() {
    let body = json!({"event": {
        "id": "01", "event_type": "incident.acknowledged", "resource_type": "incident",
        "occurred_at": "2026-03-01T10:00:00.123Z", "data": {"id": "PD1", "incident_key": "quell-a"},
    }})
    .to_string();
    let sign = |secret: &str| {
        let bytes = mac::sign(secret.as_bytes(), &[body.as_bytes()]).unwrap();
        format!("v1={}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let name = "x-pagerduty-signature";
    let header = format!("{},{}", sign("old"), sign("new"));
    for secret in ["old", "new"] {
        let told = heard(secret, &[(name, &header)], body.as_bytes()).unwrap();
        assert_eq!((told.event.as_str(), told.remote.as_deref()), ("01", Some("quell-a")));
    }
    for (secret, header) in [("other", &*header), ("", &sign("")), ("old", "v1="), ("old", "v2=00")]
    {
        assert_eq!(heard(secret, &[(name, header)], body.as_bytes()), Err(NotHeard::Signature));
    }
    let changed = body.replace(':', ": ");
    assert!(heard("old", &[(name, &header)], changed.as_bytes()).is_err());
}

#[tokio::test]
async fn whatever_goes_wrong_there_is_one_alert_and_each_note_once() {
    for seed in 0..60 {
        let stage = stage(true).await;
        let mut random = numbers(seed);
        let made = write::remote(&letter().key.mark());
        for (act, remote) in [(open(letter()), None), (note(), Some(&made)), (close(), Some(&made))]
        {
            trouble(&stage.double.script, "", &mut random);
            let mut crashes = || random(4) == 0;
            let row = lived(
                &*stage.sink,
                wanted(&letter().key, &act, remote),
                &stage.hands,
                &mut crashes,
            )
            .await;
            assert_eq!(row.state.as_str(), "sent", "{seed}: {row:?}");
            stage.double.script.clear();
        }
        let incidents = stage.pager.incidents();
        assert_eq!(
            (incidents.len(), incidents.first().unwrap().1.as_str()),
            (1, "resolved"),
            "{seed}"
        );
        let (_, notes) = stage.pager.notes().into_iter().next().unwrap();
        for word in ["(note ", "(resolved "] {
            let count = notes.iter().filter(|note| note.contains(word)).count();
            assert_eq!(count, 1, "{seed}: {notes:?}");
        }
    }
}
