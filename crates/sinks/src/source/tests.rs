//! Notes beside the records of a source that refuses, loses answers and keeps what it took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use quell_deliver::Letter;
use quell_deliver::outbox::Outcome;

use super::*;
use crate::testing::hostile;
use crate::testing::stage::{
    Hands, bare_plan, client, key, keys, letter, letter_of, lived, numbers, open, wanted, words,
};
use crate::{RightState, SinkError};

/// A source that takes a note once, as connectors do.
#[derive(Debug, Default)]
struct Source {
    notes: Mutex<BTreeMap<String, Vec<String>>>,
    /// What goes wrong with the next calls, the last first; `true` where the note is taken all the same.
    faults: Mutex<Vec<Option<(bool, SinkError)>>>,
}

impl Source {
    fn of(&self, id: &str) -> Vec<String> {
        self.notes.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    fn take(&self, id: &str, text: &str) {
        let mut notes = self.notes.lock().unwrap();
        let there = notes.entry(id.to_owned()).or_default();
        if !there.iter().any(|one| one == text) {
            there.push(text.to_owned());
        }
    }

    /// Has something go wrong, or nothing, by a number.
    fn fail_by(&self, number: u64) {
        let busy = || SinkError::Busy { wait: None, said: "429".to_owned() };
        match number {
            0 => self.fail(true, SinkError::Lost("the answer is lost".to_owned())),
            1 => self.fail(true, SinkError::shape("$", "is no JSON")),
            2 => self.fail(false, busy()),
            _ => self.faults.lock().unwrap().push(None),
        }
    }

    fn fail(&self, took: bool, error: SinkError) {
        self.faults.lock().unwrap().push(Some((took, error)));
    }
}

impl Records for Source {
    fn note<'a>(&'a self, record: &'a Record, text: &'a str) -> Future<'a, ()> {
        Box::pin(async move {
            if record.id.raw() == "gone" {
                return Err(SinkError::Refused("there is no such record".to_owned()));
            }
            let fault = self.faults.lock().unwrap().pop().flatten();
            if fault.as_ref().is_none_or(|(took, _)| *took) {
                self.take(record.id.raw(), text);
            }
            fault.map_or(Ok(()), |(_, error)| Err(error))
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        let right = Right {
            name: "write:comments".to_owned(),
            purpose: "notes".to_owned(),
            state: RightState::Held,
        };
        Box::pin(async { Ok(vec![right]) })
    }
}

fn sink() -> (Arc<Source>, Box<dyn Sink>, Hands) {
    let (source, hands) = (Arc::new(Source::default()), Hands::new());
    let plan = Plan {
        project: Some("wiz".to_owned()),
        records: Some(Arc::clone(&source) as _),
        ..bare_plan(BTreeMap::new(), &keys("", ""), client(&hands), &hands)
    };
    (source, (KIND.connect)(plan).unwrap(), hands)
}

fn about(letter: Letter, ids: &[&str]) -> Letter {
    let record = |id: &&str| Record { stream: "issues".to_owned(), id: (*id).into() };
    Letter { records: ids.iter().map(record).collect(), ..letter }
}

async fn done(
    sink: &dyn Sink,
    subject: &str,
    act: &Act,
    remote: Option<&Remote>,
) -> Option<Remote> {
    sink.act(&wanted(&key(subject), act, remote)).await.unwrap()
}

#[tokio::test]
async fn what_is_concluded_stands_once_beside_each_record() {
    let (source, sink, _) = sink();
    let first = open(about(letter(), &["a", "b"]));
    let there = done(&*sink, "open", &first, None).await.unwrap();
    assert_eq!(there.name, "a and 1 more");
    let said = source.of("a");
    assert_eq!(source.of("b"), said);
    let note = said.first().unwrap();
    assert!(note.starts_with("Quell concluded: Public bucket logs-prod of logs-prod\n"), "{note}");
    for part in ["Severity: high\nOwner: logs-prod\nDue: 2026-03-08\n", "It says logs-prod"] {
        assert!(note.contains(part), "{note}");
    }
    let end = format!("\n\nhttps://quell.example/incidents/a\n({})", letter().key.mark());
    assert!(note.ends_with(&end), "{note}");
    // Facts, code and other issues may change while the same is concluded.
    assert!(!note.contains("Asset:"), "{note}");

    // The same again changes nothing; another record is told too, and of the end all are.
    let again = Act::Edit { letter: Box::new(about(letter(), &["b", "c"])) };
    let there = done(&*sink, "edit", &again, Some(&there)).await.unwrap();
    assert_eq!((source.of("b"), source.of("c")), (said.clone(), said));
    for (subject, act) in [
        ("close", Act::Close { body: words("All 3 issues are gone") }),
        ("reopen", Act::Reopen { body: words("It is back") }),
        ("close again", Act::Close { body: words("All 3 issues are gone") }),
        ("close again", Act::Close { body: words("All 3 issues are gone") }),
    ] {
        assert!(done(&*sink, subject, &act, Some(&there)).await.is_none());
    }
    for id in ["a", "b", "c"] {
        assert_eq!(source.of(id).len(), 4, "{:#?}", source.of(id));
    }
    assert!(sink.read(&there).await.unwrap().is_none());
    assert_eq!(sink.test().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dry_run_shows_what_is_said() {
    let (source, sink, _) = sink();
    let act = open(about(letter(), &["a", "b\u{202e}"]));
    let drafts = sink.drafts(&wanted(&key("open"), &act, None)).unwrap();
    assert!(source.of("a").is_empty());
    done(&*sink, "open", &act, None).await;
    let targets: Vec<&str> = drafts.iter().map(|draft| draft.target.as_str()).collect();
    assert_eq!(targets, ["wiz issues a", "wiz issues b\\u{202e}"]);
    assert!(drafts.iter().all(|draft| source.of("a") == [draft.body.clone()]));
}

#[tokio::test]
async fn one_record_that_refuses_keeps_no_other_from_its_note() {
    let (source, sink, _) = sink();
    let there = done(&*sink, "open", &open(about(letter(), &["gone", "a"])), None).await.unwrap();
    assert_eq!((there.name.as_str(), source.of("a").len()), ("a", 1));
    for ids in [&["gone"][..], &[]] {
        let act = open(about(letter(), ids));
        let error = sink.act(&wanted(&key("open"), &act, None)).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
    }
    // A login that ended stops it, and what was said already is not said twice.
    source.fail(false, SinkError::Login("expired".to_owned()));
    let act = open(about(letter(), &["a", "b"]));
    let error = sink.act(&wanted(&key("open"), &act, None)).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
    done(&*sink, "open", &act, None).await.unwrap();
    assert_eq!((source.of("a").len(), source.of("b").len()), (1, 1));
}

#[tokio::test]
async fn whatever_goes_wrong_each_record_has_its_note_once() {
    for seed in 0..300 {
        let (source, sink, hands) = sink();
        let mut random = numbers(seed);
        for _ in 0..random(6) {
            source.fail_by(random(4));
        }
        let act = open(about(letter(), &["a", "b", "c"]));
        let (key, mut crashes) = (key("open"), 2);
        let mut crash = || {
            crashes -= i32::from(crashes > 0);
            crashes > 0 && random(2) == 0
        };
        let row = lived(&*sink, wanted(&key, &act, None), &hands, &mut crash).await;
        assert_eq!(row.state.as_str(), "sent", "seed {seed}");
        for id in ["a", "b", "c"] {
            assert_eq!(source.of(id).len(), 1, "seed {seed}");
        }
    }
}

#[test]
fn data_is_never_more_than_data() {
    for payload in hostile::payloads() {
        for text in [
            text::concluded(&letter_of(&payload)),
            text::note(&letter_of(&payload).body, "note", &key("x")),
        ] {
            assert!(text.chars().count() <= 1_800, "{}", text.chars().count());
            // The only address is Quell's own, and nothing is hidden.
            let addresses = text.matches("://").count();
            let own = text.matches("https://quell.example/incidents/a").count();
            assert_eq!(addresses, own, "{text}");
            assert!(!text.to_ascii_lowercase().contains("www."), "{text}");
            let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            assert!(!text.contains(hidden) && !text.contains(['\u{202e}', '\u{200b}']), "{text:?}");
            assert!(text.ends_with(&format!("{})", quell_mark(&text))), "{text}");
        }
    }
}

/// The mark that a text ends with.
fn quell_mark(text: &str) -> String {
    [letter().key.mark(), key("x").mark()].into_iter().find(|mark| text.contains(mark)).unwrap()
}

#[test]
fn a_source_that_is_not_there_is_told() {
    let hands = Hands::new();
    let plan = |project: Option<&str>| Plan {
        project: project.map(str::to_owned),
        ..bare_plan(BTreeMap::new(), &keys("", ""), client(&hands), &hands)
    };
    for (project, expected) in [(None, "`project` is missing"), (Some("wiz"), "[sources.wiz]")] {
        let error = (KIND.connect)(plan(project)).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
