//! Full rounds, and both ways in step.

use quell_deliver::mirror::{Field, Gone, Phase};
use quell_testkit::double::Fault;
use quell_testkit::sinks::ServiceNowDouble;
use serde_json::{Value, json};

use super::*;
use crate::RightState;

#[tokio::test]
async fn a_round_of_each_table_is_what_the_contracts_allow() {
    for (project, options) in [
        ("incident", &[("assignment_group", ServiceNowDouble::GROUP)][..]),
        ("incident", &[("login", "oauth")][..]),
        ("incident", &[("login", "token"), ("fields", r#"{"category":"security"}"#)][..]),
        ("change_request", &[][..]),
        ("change_request", &[("change", "emergency"), ("cmdb_ci", ServiceNowDouble::ITEM)][..]),
        ("change_request", &[("change", "standard:55555555555555555555555555555555")][..]),
        ("sn_grc_issue", &[][..]),
        ("sn_compliance_policy_exception", &[][..]),
    ] {
        let stage = stage(project, options).await;
        assert!(!stage.sink.test().await.unwrap().is_empty());
        let made = stage.open(letter()).await.unwrap();
        assert!(made.id.starts_with(&format!("{project}/")), "{made:?}");
        stage.act("n", note(), &made).await.unwrap();
        stage.act("e", edit(), &made).await.unwrap();
        assert!(stage.sink.find(&wanted(&key("n"), &note(), Some(&made))).await.unwrap().is_some());
        assert!(stage.sink.find(&wanted(&key("m"), &note(), Some(&made))).await.unwrap().is_none());
        stage.act("c", close(), &made).await.unwrap();
        let there = stage.sink.read(&made).await.unwrap().unwrap();
        let expected = if project == "change_request" { Phase::Declined } else { Phase::Done };
        assert_eq!((there.phase, there.phase_by_us, there.gone), (expected, true, Gone::No));
        if matches!(project, "incident" | "sn_grc_issue") {
            stage.act("r", reopen(), &made).await.unwrap();
            assert_eq!(stage.sink.read(&made).await.unwrap().unwrap().phase, Phase::Begun);
        }
        assert_eq!(stage.find(&letter().key, &open(letter())).await.unwrap(), Some(made));
        check_contracts(&stage);
    }
}

fn check_contracts(stage: &Stage) {
    let (count, wrong) = stage.now.contract().check_all(&stage.double.ledger, "");
    assert_eq!((count > 10, wrong), (true, Vec::new()));
}

#[tokio::test]
async fn what_is_made_says_all_of_it() {
    let stage =
        stage("incident", &[("groups", r#"{"logs-prod":"33333333333333333333333333333333"}"#)])
            .await;
    let made = stage.open(letter()).await.unwrap();
    let column = |name: &str| stage.now.column(&made.name, name);
    assert_eq!(column("correlation_id"), letter().key.mark());
    assert_eq!(column("short_description"), "Public bucket logs-prod of logs-prod");
    assert!(column("description").contains("Quell: https://quell.example/incidents/a"));
    assert_eq!((column("impact").as_str(), column("urgency").as_str()), ("1", "2"));
    assert_eq!(column("due_date"), "2026-03-08 10:00:00");
    assert_eq!(column("assignment_group"), ServiceNowDouble::GROUP);
    assert_eq!(stage.now.files().len(), 1);
    assert_eq!(stage.now.journal(&made.name).len(), 1, "{:?}", stage.now.journal(&made.name));
    assert!(made.url.unwrap().contains("incident.do"));
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent() {
    let stage = stage("incident", &[]).await;
    let act = open(letter());
    let drafts = stage.sink.drafts(&wanted(&letter().key, &act, None)).unwrap();
    let made = stage.open(letter()).await.unwrap();
    let seen = stage.double.ledger.of("POST /api/now/table");
    assert_eq!(
        drafts.first().unwrap().target,
        format!("{}/api/now/table/incident", stage.double.url())
    );
    let drafted: Value = serde_json::from_str(&drafts.first().unwrap().body).unwrap();
    assert_eq!(drafted, serde_json::from_slice::<Value>(&seen.first().unwrap().body).unwrap());
    assert_eq!(drafts.len(), 2);
    for act in [note(), edit(), close(), reopen()] {
        let drafts = stage.sink.drafts(&wanted(&key("x"), &act, Some(&made))).unwrap();
        if matches!(act, Act::Reopen { .. }) {
            stage.act("c", close(), &made).await.unwrap();
        }
        stage.act("x", act, &made).await.unwrap();
        let seen = stage.double.ledger.of("PATCH ");
        let drafted: Value = serde_json::from_str(&drafts.first().unwrap().body).unwrap();
        assert_eq!(drafted, serde_json::from_slice::<Value>(&seen.last().unwrap().body).unwrap());
    }
}

#[tokio::test]
async fn a_change_goes_the_way_of_its_model() {
    let stage = stage("change_request", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    stage.now.by_hand(&made.name, &json!({"state": "-1"}));
    assert_eq!(stage.state(&made), "-5");
    for state in ["-4", "-3", "-2", "-1"] {
        stage.now.by_hand(&made.name, &json!({"state": state}));
    }
    stage.act("c", close(), &made).await.unwrap();
    assert_eq!(stage.state(&made), "3");
    assert_eq!(stage.now.column(&made.name, "close_code"), "successful");
    let act = close();
    let key = key("c");
    let drafts = stage.sink.drafts(&wanted(&key, &act, Some(&made))).unwrap();
    assert!(drafts.first().unwrap().body.contains("\"{state}\""), "{drafts:?}");
    let patches = stage.double.ledger.of("PATCH ").len();
    stage.act("c", close(), &made).await.unwrap();
    assert_eq!(stage.double.ledger.of("PATCH ").len(), patches);
    let error = stage.act("r", reopen(), &made).await.unwrap_err();
    assert!(error.to_string().contains("a change is never opened again"), "{error}");
}

#[tokio::test]
async fn a_change_that_nobody_began_is_cancelled_and_not_successful() {
    let stage = stage("change_request", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    stage.act("c", close(), &made).await.unwrap();
    assert_eq!(stage.state(&made), "4");
    assert_eq!(stage.now.column(&made.name, "close_code"), "");
    assert_eq!(stage.now.column(&made.name, "close_notes"), "The tool sees it no more.");
}

#[tokio::test]
async fn evidence_that_says_something_else_is_attached_once_more() {
    let stage = stage("incident", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    let other = |data: &str| Act::Edit {
        letter: Box::new(Letter { key: letter().key, ..crate::testing::stage::letter_of(data) }),
    };
    stage.double.script.add("/attachment/file", 1, Fault::Lost);
    for (data, well) in [("logs-prod", true), ("logs-test", false), ("logs-test", true)] {
        let done = stage.act("e", other(data), &made).await;
        assert_eq!(done.is_ok(), well, "{done:?}");
    }
    stage.act("e", other("logs-test"), &made).await.unwrap();
    let names: Vec<String> = stage.now.files().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_ne!(names[0], names[1]);
    check_contracts(&stage);
}

#[tokio::test]
async fn what_people_do_is_seen() {
    let stage = stage("incident", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    let read = async || stage.sink.read(&made).await.unwrap().unwrap();
    assert_eq!(read().await.phase, Phase::New);
    stage.hands.pass(60);
    stage.now.by_hand(&made.name, &json!({"state": "2", "short_description": "renamed"}));
    let there = read().await;
    assert_eq!((there.phase, there.phase_by_us), (Phase::Begun, false));
    assert_eq!(there.fields.get(&Field::Title).unwrap(), "renamed");
    stage.now.by_hand(&made.name, &json!({"state": "6"}));
    let there = read().await;
    assert_eq!((there.phase, there.phase_by_us), (Phase::Done, false));
    assert!(there.resolution.is_some());
    stage.hands.pass(60);
    stage.act("r", reopen(), &made).await.unwrap();
    // A note of Quell's after that does not make it Quell's.
    stage.now.by_hand(&made.name, &json!({"state": "6"}));
    stage.act("n", note(), &made).await.unwrap();
    assert!(!read().await.phase_by_us);
    stage.now.by_hand(&made.name, &json!({"state": "2"}));
    stage.act("m", note(), &made).await.unwrap();
    assert!(!read().await.phase_by_us);
    stage.now.by_hand(&made.name, &json!({"state": "8"}));
    assert_eq!(read().await.phase, Phase::Declined);
    let error = stage.act("r", reopen(), &made).await.unwrap_err();
    assert!(error.to_string().contains("closed or cancelled"), "{error}");
}

#[tokio::test]
async fn what_was_moved_archived_or_deleted_is_told_apart() {
    let stage = stage("incident", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    stage.now.move_to(&made.name, "sn_grc_issue");
    let there = stage.sink.read(&made).await.unwrap().unwrap();
    assert_eq!((there.gone, there.remote.id.split('/').next()), (Gone::No, Some("sn_grc_issue")));
    stage.now.move_to(&made.name, "problem");
    let there = stage.sink.read(&made).await.unwrap().unwrap();
    let error = stage.act("c", close(), &there.remote).await.unwrap_err();
    assert!(error.to_string().contains("`problem`"), "{error}");
    stage.now.move_to(&made.name, "incident");
    stage.now.archive(&made.name);
    assert_eq!(stage.sink.read(&made).await.unwrap().unwrap().gone, Gone::Archived);
    let other = stage.open(Letter { key: key("b"), ..letter() }).await.unwrap();
    stage.now.delete(&other.name);
    assert_eq!(stage.sink.read(&other).await.unwrap().unwrap().gone, Gone::Deleted);
    let error = stage.act("n", note(), &other).await.unwrap_err();
    assert!(matches!(error, SinkError::Gone(_)), "{error}");
}

#[tokio::test]
async fn rights_are_told_without_a_change() {
    let bad = "99999999999999999999999999999999";
    let stage = stage("incident", &[("cmdb_ci", bad), ("close_code", "Done")]).await;
    let rights = stage.sink.test().await.unwrap();
    let state = |part: &str| rights.iter().find(|right| right.name.contains(part)).unwrap().state;
    assert_eq!(state("read `incident`"), RightState::Held);
    assert_eq!(state("correlation_id"), RightState::Held);
    assert_eq!(state("cmdb_ci"), RightState::Missing);
    assert_eq!(state("close_code"), RightState::Missing);
    let changes = stage.double.ledger.of("POST ").len() + stage.double.ledger.of("PATCH ").len();
    assert_eq!(changes, 0);
    let _ = &stage.keys;
}
