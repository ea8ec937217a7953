//! What goes wrong: lost answers, races, rules and rights of the instance.

use std::time::Duration;

use quell_deliver::outbox::{OnDoubt, Outcome};
use quell_testkit::double::Fault;
use quell_testkit::net::Answer;
use quell_testkit::sinks::{NowQuirk, ServiceNowDouble};
use serde_json::json;

use super::*;
use crate::RightState;
use crate::testing::stage::{lived, numbers, trouble};

#[tokio::test]
async fn what_was_made_and_lost_is_found() {
    for lag in [0, 3] {
        let stage = stage("incident", &[]).await;
        stage.now.set(NowQuirk::Lag(lag));
        stage.double.script.add("/api/now/table/incident", 1, Fault::Lost);
        let error = stage.open(letter()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
        let OnDoubt::Look { settle } = stage.sink.on_doubt(open(letter()).kind()) else { panic!() };
        assert!(settle >= Duration::from_secs(60));
        let mut found = None;
        for _ in 0..=lag {
            assert_eq!(found, None);
            found = stage.find(&letter().key, &open(letter())).await.unwrap();
        }
        assert_eq!(found.as_ref(), stage.open(letter()).await.as_ref().ok());
        assert_eq!(stage.now.records().len(), 1);
    }
}

#[tokio::test]
async fn answers_cut_anywhere_leave_one_record() {
    for cut in [0, 1, 20, 200] {
        let stage = stage("incident", &[]).await;
        stage.double.script.add("/api/now/table/incident", 1, Fault::Cut(cut));
        let error = stage.open(letter()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{cut}: {error}");
        stage.open(letter()).await.unwrap();
        assert_eq!(stage.now.records().len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_in_doubt_before_anything_was_sent() {
    let stage = stage("incident", &[]).await;
    for fault in [Fault::Cut(3), Fault::Lost, Fault::Answer(Answer::new(200, "<html>asleep"))] {
        stage.double.script.add("/api/now/table/task", 2, fault);
        let error = stage.open(letter()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Later(..)), "{error}");
        stage.double.script.clear();
    }
    assert_eq!(stage.now.records(), Vec::new());
}

#[tokio::test]
async fn of_two_made_at_once_the_older_stays() {
    let stage = stage("incident", &[]).await;
    // The search sees neither, as if both had asked before either made one.
    let none = || Fault::Answer(Answer::new(200, r#"{"result":[]}"#));
    stage.double.script.add("/api/now/table/task", 1, none());
    stage.now.slip_in(&letter().key.mark());
    let made = stage.open(letter()).await.unwrap();
    assert_eq!(made.name, "INC0000001");
    let states: Vec<_> = stage.now.records().into_iter().map(|(_, _, state)| state).collect();
    assert_eq!(states, ["1", "8"]);
    assert!(stage.now.journal("INC0000002").first().unwrap().contains("INC0000001"));
}

#[tokio::test]
async fn a_column_that_queries_leave_out_is_noticed() {
    let stage = stage("incident", &[]).await;
    stage.open(letter()).await.unwrap();
    stage.now.set(NowQuirk::LeavesOut("correlation_id".to_owned()));
    let other = Letter { key: key("b"), ..letter() };
    let error = stage.open(other).await.unwrap_err();
    assert!(error.to_string().contains("read `task.correlation_id`"), "{error}");
    assert_eq!(stage.now.records().len(), 1);
    let rights = stage.sink.test().await.unwrap();
    assert_eq!(rights.first().unwrap().state, RightState::Missing);
}

#[tokio::test]
async fn what_could_not_be_found_again_does_not_stay() {
    let stage = stage("incident", &[]).await;
    stage.now.set(NowQuirk::Drops("correlation_id".to_owned()));
    let error = stage.open(letter()).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
    assert!(error.to_string().contains("INC0000001 was called off"), "{error}");
    assert_eq!(stage.now.records().first().unwrap().2, "8");
}

#[tokio::test]
async fn what_was_dropped_or_cut_is_said_in_the_record() {
    let stage = stage("incident", &[("fields", r#"{"u_team":"cloud"}"#)]).await;
    stage.now.set(NowQuirk::Narrow("description".to_owned(), 50));
    stage.now.set(NowQuirk::Drops("due_date".to_owned()));
    let made = stage.open(letter()).await.unwrap();
    let journal = stage.now.journal(&made.name);
    let said = journal.first().unwrap();
    for part in ["`description` was cut to 49 of", "`due_date` was dropped", "`u_team` was dropped"]
    {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn rules_and_rights_are_told_apart() {
    for (quirk, is_right, part) in [
        (NowQuirk::Mandatory("category".to_owned()), false, "mandatory: category"),
        (NowQuirk::Aborts("Only on Mondays".to_owned()), false, "Only on Mondays"),
        (NowQuirk::NoRight("incident".to_owned()), true, "create `incident` (role `itil`)"),
        (NowQuirk::NoTable("incident".to_owned()), false, "Invalid table incident"),
    ] {
        let stage = stage("incident", &[]).await;
        stage.now.set(quirk);
        let error = stage.open(letter()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
        assert_eq!(matches!(error, SinkError::Forbidden { .. }), is_right, "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(stage.double.ledger.of("POST ").len(), 1);
    }
}

#[tokio::test]
async fn what_is_made_later_or_unseen_is_looked_for() {
    for quirk in [NowQuirk::Later, NowQuirk::Unseen] {
        let stage = stage("incident", &[]).await;
        stage.now.set(quirk.clone());
        assert_eq!(stage.open(letter()).await.unwrap().name, "INC0000001");
        stage.now.set(NowQuirk::Lag(1));
        let other = Letter { key: key("b"), ..letter() };
        let error = stage.open(other.clone()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
        let act = open(other);
        assert_eq!(stage.find(&key("b"), &act).await.unwrap().unwrap().name, "INC0000002");
    }
}

#[tokio::test]
async fn an_instance_without_grc_gets_incidents() {
    for table in ["sn_grc_issue", "sn_compliance_policy_exception"] {
        let stage = stage(table, &[]).await;
        stage.now.set(NowQuirk::NoTable(table.to_owned()));
        let made = stage.open(letter()).await.unwrap();
        assert!(made.id.starts_with("incident/"), "{made:?}");
        stage.act("c", close(), &made).await.unwrap();
        assert_eq!(stage.state(&made), "6");
    }
}

#[tokio::test]
async fn a_limit_of_the_hour_is_kept() {
    let stage = stage("incident", &[]).await;
    let reset = "2026-03-01T10:20:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    let full = Answer::new(429, r#"{"error":{"message":"Rate limit exceeded","detail":""}}"#)
        .header("x-ratelimit-reset", &reset.to_string())
        .header("x-ratelimit-rule", "r1");
    stage.double.script.add("/api/now/table/incident", 2, Fault::Answer(full));
    let error = stage.open(letter()).await.unwrap_err();
    let Outcome::Later(Some(wait), said) = error.outcome() else { panic!("{error}") };
    assert_eq!((wait, said.contains("Rate limit exceeded")), (Duration::from_secs(1200), true));
    assert_eq!(stage.now.records(), Vec::new());
}

#[tokio::test]
async fn a_transaction_that_was_cancelled_may_have_made_it() {
    let stage = stage("incident", &[]).await;
    let body = r#"{"error":{"message":"Transaction cancelled: maximum execution time exceeded"}}"#;
    let fault = Fault::Answer(Answer::new(500, body));
    stage.double.script.add("/api/now/table/incident", 1, fault);
    let error = stage.open(letter()).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    assert_eq!(stage.double.ledger.of("POST ").len(), 1);
}

#[tokio::test]
async fn a_login_that_ended_is_renewed_once_and_one_that_is_wrong_is_told() {
    let stage = stage("incident", &[("login", "oauth")]).await;
    stage.open(letter()).await.unwrap();
    stage.now.end_tokens();
    stage.open(Letter { key: key("b"), ..letter() }).await.unwrap();
    assert_eq!(stage.double.ledger.of("/oauth_token.do").len(), 2);
    stage.now.end_tokens();
    stage.keys.0.lock().unwrap().1 = "wr0ng-s3cret".to_owned();
    let error = stage.open(Letter { key: key("c"), ..letter() }).await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("wr0ng-s3cret"));
}

#[tokio::test]
async fn a_note_whose_journal_is_not_shown_is_not_taken_for_missing() {
    let stage = stage("incident", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    stage.act("n", note(), &made).await.unwrap();
    stage.now.set(NowQuirk::NoJournal);
    let error = stage.sink.find(&wanted(&key("n"), &note(), Some(&made))).await.unwrap_err();
    assert!(error.to_string().contains("work_notes"), "{error}");
}

#[tokio::test]
async fn a_move_that_a_rule_undoes_is_told() {
    let stage = stage("incident", &[]).await;
    let made = stage.open(letter()).await.unwrap();
    stage.now.set(NowQuirk::Stays("6".to_owned()));
    let error = stage.act("c", close(), &made).await.unwrap_err();
    assert!(error.to_string().contains("stayed in the state `1`"), "{error}");
    stage.now.forget_quirks();
    stage.now.by_hand(&made.name, &json!({"state": "7"}));
    // It is closed already, by a person: nothing is fought.
    stage.act("c", close(), &made).await.unwrap();
    assert_eq!(stage.state(&made), "7");
    let error = stage.act("r", reopen(), &made).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
    assert_eq!(ServiceNowDouble::LOGIN.0, "quell");
}

#[tokio::test]
async fn whatever_goes_wrong_there_is_one_record_and_one_note() {
    for seed in 0..60 {
        let stage = stage("incident", &[]).await;
        let mut random = numbers(seed);
        stage.now.set(NowQuirk::Lag(u32::try_from(random(3)).unwrap()));
        let mut remote = None;
        for (name, act) in [("fix:a", open(letter())), ("n", note()), ("c", close())] {
            trouble(&stage.double.script, "/api", &mut random);
            let key = key(name);
            let mut crashes = || random(4) == 0;
            let row = lived(
                &*stage.sink,
                wanted(&key, &act, remote.as_ref()),
                &stage.hands,
                &mut crashes,
            )
            .await;
            assert_eq!(row.state.as_str(), "sent", "{seed}: {row:?}");
            remote = row.remote;
            stage.double.script.clear();
        }
        assert_eq!(stage.now.records().len(), 1, "{seed}");
        let journal = stage.now.journal("INC0000001");
        for word in ["(opened ", "(note ", "(closed "] {
            let count = journal.iter().filter(|entry| entry.contains(word)).count();
            assert_eq!(count, 1, "{seed}: {word} {journal:?}");
        }
    }
}
