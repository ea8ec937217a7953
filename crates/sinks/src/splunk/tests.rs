//! The sink against its double, over HTTP on loopback.

use std::collections::BTreeSet;

use quell_deliver::Letter;
use quell_deliver::outbox::{Act, Outcome};
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::Answer;
use quell_testkit::sinks::{SplunkDouble, SplunkSays};
use serde_json::{Deserializer, Value};

use super::*;
use crate::testing::hostile::payloads;
use crate::testing::stage::{Hands, Keys, key, keys, letter, letter_of, open, sink, wanted, words};

const CHANNEL: &str = "0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba";

struct Stage {
    splunk: Arc<SplunkDouble>,
    double: Double,
    keys: Keys,
    sink: Box<dyn Sink>,
}

async fn stage(index: Option<&str>, options: &[(&str, &str)]) -> Stage {
    let hands = Hands::new();
    let splunk = Arc::new(SplunkDouble::default());
    let double = Double::start(Arc::clone(&splunk) as _).await.unwrap();
    let keys = keys("", SplunkDouble::TOKEN);
    let sink = sink(&KIND, (&double.url(), index), options, &keys, &hands).unwrap();
    Stage { splunk, double, keys, sink }
}

impl Stage {
    async fn open(&self, letter: Letter) -> Result<Option<Remote>, SinkError> {
        let key = letter.key.clone();
        self.sink.act(&wanted(&key, &open(letter), None)).await
    }
}

#[tokio::test]
async fn a_round_is_what_the_contracts_allow() {
    let stage = stage(Some("security"), &[]).await;
    let made = stage.open(letter()).await.unwrap().unwrap();
    for act in [
        Act::Edit { letter: Box::new(letter()) },
        Act::Note { body: words("One more.") },
        Act::Close { body: words("It is gone.") },
        Act::Reopen { body: words("It is back.") },
    ] {
        assert_eq!(stage.sink.act(&wanted(&key("x"), &act, Some(&made))).await.unwrap(), None);
    }
    let acts: Vec<Value> =
        stage.splunk.events().into_iter().map(|one| one["event"]["act"].clone()).collect();
    assert_eq!(acts, ["open", "edit", "note", "close", "reopen"]);
    let (count, wrong) = stage.splunk.contract().check_all(&stage.double.ledger, "");
    assert_eq!((count, wrong), (5, Vec::new()));
    // Splunk refuses a request without events, which tells whether the token counts: the one
    // request that no description allows.
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().all(|right| right.state == crate::RightState::Held), "{rights:?}");
    assert_eq!(stage.splunk.events().len(), 5);
}

#[tokio::test]
async fn a_long_text_is_several_events_in_one_batch() {
    let stage = stage(None, &[]).await;
    let text = "größe 漢字 \"quoted\" ".repeat(200);
    stage.open(letter_of(&text)).await.unwrap();
    let events = stage.splunk.events();
    assert!(events.len() > 5, "{}", events.len());
    assert_eq!(stage.double.ledger.of("/event").len(), 1);
    let texts = events.iter().map(|one| one["event"]["text"].as_str().unwrap());
    assert_eq!(texts.collect::<String>(), quell_deliver::text::plain(&letter_of(&text).body));
    let ids: BTreeSet<&str> =
        events.iter().map(|one| one["event"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
    let drafts = stage.sink.drafts(&wanted(&letter().key, &open(letter_of(&text)), None)).unwrap();
    let drafted: Vec<Value> = Deserializer::from_str(&drafts.first().unwrap().body)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(drafted, events);
}

#[tokio::test]
async fn what_is_sent_twice_bears_the_same_ids() {
    let stage = stage(None, &[]).await;
    assert_eq!(stage.sink.on_doubt(ActKind::Open), OnDoubt::Again);
    for fault in [
        Fault::Lost,
        Fault::Cut(3),
        Fault::Answer(Answer::new(500, r#"{"text":"Internal server error","code":8}"#)),
    ] {
        stage.double.script.add("/event", 1, fault);
        let error = stage.open(letter()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    }
    stage.open(letter()).await.unwrap();
    let events = stage.splunk.events();
    let ids: BTreeSet<String> = events.iter().map(|one| one["event"]["id"].to_string()).collect();
    assert_eq!((events.len(), ids.len()), (3, 1));
}

#[tokio::test]
async fn with_acknowledgement_it_counts_when_indexers_have_it() {
    let stage = stage(None, &[("channel", CHANNEL)]).await;
    stage.splunk.says(SplunkSays::Acknowledges, true);
    assert!(stage.open(letter()).await.unwrap().is_some());
    stage.splunk.says(SplunkSays::Slow, true);
    let letter = Letter { key: key("b"), ..letter() };
    let error = stage.open(letter.clone()).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    assert!(matches!(stage.sink.on_doubt(ActKind::Open), OnDoubt::Look { .. }));
    let act = open(letter);
    let key = key("b");
    let find = async || stage.sink.find(&wanted(&key, &act, None)).await.unwrap();
    assert_eq!(find().await, None);
    stage.splunk.says(SplunkSays::Slow, false);
    assert_eq!(find().await.unwrap().id, key.mark());
    // What is not waited for is not known, and sent again after a time.
    assert_eq!(find().await, None);
    assert_eq!(stage.splunk.events().len(), 2);
}

#[tokio::test]
async fn each_code_says_what_to_do() {
    for (code, status, expected, part) in [
        (1, 403, "refused", "login is refused"),
        (2, 401, "refused", "login is refused"),
        (3, 401, "refused", "login is refused"),
        (4, 403, "refused", "login is refused"),
        (6, 400, "refused", "event 2 of the batch"),
        (7, 400, "refused", "`project`"),
        (8, 500, "lost", "500"),
        (9, 503, "later", "code 9"),
        (10, 400, "refused", "set `channel`"),
        (11, 400, "refused", "set `channel`"),
        (12, 400, "refused", "code 12"),
        (14, 400, "refused", "leave `channel` out"),
        (18, 503, "later", "code 18"),
        (6, 200, "refused", "event 2 of the batch"),
    ] {
        let stage = stage(None, &[]).await;
        let body = format!(r#"{{"text":"x","code":{code},"invalid-event-number":2}}"#);
        stage.double.script.add("/event", 1, Fault::Answer(Answer::new(status, body)));
        let error = stage.open(letter()).await.unwrap_err();
        let outcome = match error.outcome() {
            Outcome::Done(_) => "done",
            Outcome::Later(..) => "later",
            Outcome::Refused(_) => "refused",
            Outcome::Lost(_) => "lost",
        };
        assert_eq!(outcome, expected, "{code}: {error}");
        assert!(error.to_string().contains(part), "{code}: {error}");
        assert_eq!(stage.double.ledger.count(), 1);
    }
}

#[tokio::test]
async fn tokens_and_channels_are_tested() {
    let stage = stage(None, &[]).await;
    stage.splunk.says(SplunkSays::Acknowledges, true);
    let rights = stage.sink.test().await.unwrap();
    assert_eq!(rights.get(1).unwrap().state, crate::RightState::Missing);
    stage.splunk.says(SplunkSays::Disabled, true);
    assert!(matches!(stage.sink.test().await.unwrap_err(), SinkError::Login(_)));
    stage.splunk.says(SplunkSays::Disabled, false);
    stage.keys.0.lock().unwrap().1 = "wr0ng".to_owned();
    let error = stage.sink.test().await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)) && !error.to_string().contains("wr0ng"));
    let hands = Hands::new();
    let made = sink(&KIND, ("https://a.example", None), &[("channel", "x")], &keys("", ""), &hands);
    assert_eq!(made.unwrap_err().to_string(), "`channel` is no GUID");
}

#[tokio::test]
async fn data_never_makes_an_event_of_its_own() {
    let stage = stage(None, &[]).await;
    for (at, payload) in payloads().into_iter().enumerate() {
        let before = stage.splunk.events().len();
        let letter = Letter { key: key(&format!("{at}")), ..letter_of(&payload) };
        let key = letter.key.clone();
        stage.open(letter).await.unwrap();
        let events = stage.splunk.events().split_off(before);
        for (part, one) in events.iter().enumerate() {
            assert_eq!(one["event"]["id"], format!("{key}-{}", part + 1), "{payload:?}");
            assert_eq!(one["event"]["parts"], events.len());
            assert_eq!(one["sourcetype"], "quell:delivery");
        }
    }
}
