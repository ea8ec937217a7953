//! The sink against its double, over HTTP on loopback.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quell_deliver::outbox::{Act, Outcome};
use quell_deliver::{Attachment, Letter};
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::Answer;
use quell_testkit::sinks::HookDouble;

use super::*;
use crate::testing::hostile::payloads;
use crate::testing::stage::{Hands, Keys, key, keys, letter, letter_of, open, sink, wanted, words};

struct Stage {
    hook: Arc<HookDouble>,
    double: Double,
    keys: Keys,
    sink: Box<dyn Sink>,
}

async fn stage() -> Stage {
    let hands = Hands::new();
    let hook = Arc::new(HookDouble::new(Arc::new(hands.clone())));
    let double = Double::start(Arc::clone(&hook) as _).await.unwrap();
    let keys = keys("", &HookDouble::secret(1));
    let url = format!("{}/hooks/quell", double.url());
    let sink = sink(&KIND, (&url, None), &[], &keys, &hands).unwrap();
    Stage { hook, double, keys, sink }
}

fn acts() -> Vec<Act> {
    vec![
        open(letter()),
        Act::Edit { letter: Box::new(letter()) },
        Act::Note { body: words("One more.") },
        Act::Close { body: words("It is gone.") },
        Act::Reopen { body: words("It is back.") },
    ]
}

#[test]
fn a_signature_is_that_of_the_standard() {
    // The example of the specification.
    let secrets = Secrets::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature =
        secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn secrets_that_are_none_are_refused_and_never_shown() {
    let (one, two) = (HookDouble::secret(1), HookDouble::secret(2));
    for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"] {
        let error = Secrets::read(text).unwrap_err();
        assert!(matches!(error, SinkError::Login(_)), "{error}");
        assert!(text.len() < 8 || !error.to_string().contains(text));
    }
    assert!(Secrets::read(&format!("{one} {two} {one}")).is_err());
    assert!(!format!("{:?}", Secrets::read(&one).unwrap()).contains(&one));
}

#[tokio::test]
async fn a_round_is_taken_and_a_dry_run_shows_it() {
    let stage = stage().await;
    assert_eq!(stage.sink.test().await.unwrap().len(), 1);
    let remote = Remote { id: "quell-a".to_owned(), name: "quell-a".to_owned(), url: None };
    for (at, act) in acts().iter().enumerate() {
        let key = key(&format!("a{at}"));
        let wanted = wanted(&key, act, Some(&remote));
        let drafts = stage.sink.drafts(&wanted).unwrap();
        let made = stage.sink.act(&wanted).await.unwrap();
        assert_eq!(made.is_some(), at == 0);
        let drafted: Value = serde_json::from_str(&drafts.first().unwrap().body).unwrap();
        let (id, body) = stage.hook.messages().pop().unwrap();
        assert_eq!((id.as_str(), body), (key.as_str(), drafted));
    }
    let types: Vec<String> = stage
        .hook
        .messages()
        .into_iter()
        .map(|(_, body)| body["type"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "ping",
        "delivery.opened",
        "delivery.edited",
        "delivery.noted",
        "delivery.closed",
        "delivery.reopened",
    ];
    assert_eq!(types, expected.map(|name| format!("quell.{name}")));
    let (count, wrong) = stage.hook.contract().check_all(&stage.double.ledger, "");
    assert_eq!((count, wrong), (6, Vec::new()));
}

#[tokio::test]
async fn what_comes_twice_bears_one_id() {
    let stage = stage().await;
    for fault in
        [Fault::Lost, Fault::Answer(Answer::new(503, "")), Fault::Answer(Answer::new(500, ""))]
    {
        stage.double.script.add("/hooks", 1, fault);
        let error =
            stage.sink.act(&wanted(&letter().key, &open(letter()), None)).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    }
    assert_eq!(stage.sink.on_doubt(ActKind::Open), OnDoubt::Again);
    stage.sink.act(&wanted(&letter().key, &open(letter()), None)).await.unwrap();
    let ids: BTreeSet<String> = stage.hook.messages().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn secrets_are_changed_without_a_message_lost() {
    let stage = stage().await;
    let (old, new) = (HookDouble::secret(1), HookDouble::secret(2));
    let send = async || stage.sink.test().await.map(|_| ());
    send().await.unwrap();
    stage.keys.0.lock().unwrap().1 = format!("{new} {old}");
    send().await.unwrap();
    stage.hook.knows(2);
    send().await.unwrap();
    stage.keys.0.lock().unwrap().1 = new;
    send().await.unwrap();
    stage.keys.0.lock().unwrap().1 = old.clone();
    let error = send().await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error}");
    assert!(!error.to_string().contains(&old));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let stage = stage().await;
    for (answer, expected) in [
        (Answer::new(410, "off"), Outcome::Refused(String::new())),
        (Answer::new(422, "no such field"), Outcome::Refused(String::new())),
        (Answer::new(404, ""), Outcome::Later(None, String::new())),
        (
            Answer::new(429, "").header("retry-after", "1"),
            Outcome::Later(Some(Duration::from_secs(1)), String::new()),
        ),
    ] {
        stage.double.script.add("/hooks", 2, Fault::Answer(answer));
        let error =
            stage.sink.act(&wanted(&letter().key, &open(letter()), None)).await.unwrap_err();
        let outcome = match error.outcome() {
            Outcome::Refused(_) => Outcome::Refused(String::new()),
            Outcome::Later(wait, _) => Outcome::Later(wait, String::new()),
            Outcome::Lost(_) => Outcome::Lost(String::new()),
            Outcome::Done(_) => Outcome::Done(None),
        };
        assert_eq!(outcome, expected, "{error}");
        stage.double.script.clear();
    }
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
async fn data_stays_within_its_texts() {
    let stage = stage().await;
    let told = |data: &str| {
        let (key, act) = (letter().key, open(letter_of(data)));
        write::message(&wanted(&key, &act, None)).unwrap()
    };
    let benign = told("x");
    for (at, payload) in payloads().into_iter().enumerate() {
        let message = told(&payload);
        assert_eq!(names(&message), names(&benign), "{payload:?}");
        for name in ["type", "version"] {
            assert_eq!(message[name], benign[name]);
        }
        for name in ["title", "text"] {
            let text = message["data"][name].as_str().unwrap();
            assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\u{e0041}']), "{text:?}");
        }
        let letter = Letter { key: key(&format!("{at}")), ..letter_of(&payload) };
        stage.sink.act(&wanted(&letter.key.clone(), &open(letter), None)).await.unwrap();
    }
    assert_eq!(stage.hook.messages().len(), payloads().len());
}

#[test]
fn large_files_are_named_only() {
    let mut letter = letter();
    let first = letter.files.first().unwrap().clone();
    letter.files = vec![
        first.clone(),
        Attachment { text: "x".repeat(600 << 10).into(), ..first.clone() },
        first,
    ];
    let (key, act) = (letter.key.clone(), open(letter));
    let message = write::message(&wanted(&key, &act, None)).unwrap();
    let files = message["data"]["files"].as_array().unwrap();
    let has: Vec<bool> = files.iter().map(|file| file.get("base64").is_some()).collect();
    assert_eq!(has, [true, false, true]);
    assert_eq!(files[1]["bytes"], 600 << 10);
}
