//! What Orca is told changes its state, once.

use quell_testkit::double::Fault;
use quell_testkit::platforms::Seer;

use super::*;
use crate::live::{Change, Dismissal, Target, Written};

async fn twice(stage: &Stage, id: &str, change: &Change) -> [Written; 2] {
    let target = Target { stream: "alerts".to_owned(), id: id.to_owned() };
    let first = stage.connector.write(&target, change).await.unwrap();
    [first, stage.connector.write(&target, change).await.unwrap()]
}

#[tokio::test]
async fn each_change_is_done_once_and_is_so_already_then() {
    for (api, older) in [("serving-layer", false), ("alerts", true)] {
        let stage = stage(80, &[("api", api)]).await;
        let id = stage.orca.truth("alerts").pop_first().unwrap();
        let flaw = id.strip_prefix("orca-").unwrap().parse::<usize>().unwrap() - 1000;
        let until = stage.hands.now() + SignedDuration::from_hours(50);
        let text = |text: &str| text.to_owned();
        for (change, status) in [
            (Change::Comment { text: text("seen <b>") }, None),
            (Change::Begin { note: text("on it") }, Some("in_progress")),
            (Change::Close { note: text("fixed by a change") }, Some("closed")),
            (Change::Reopen { note: String::new() }, Some("open")),
            (
                Change::Dismiss { why: Dismissal::FalsePositive, note: text("no bucket of ours") },
                Some("dismissed"),
            ),
            (Change::Snooze { until, note: text("after the release") }, Some("snoozed")),
        ] {
            stage.hands.pass(5);
            assert_eq!(twice(&stage, &id, &change).await, [Written::Done, Written::Already]);
            let alert = stage.orca.alert(flaw);
            assert_eq!(alert.status.as_deref(), status, "{change:?} {older}");
        }
        let alert = stage.orca.alert(flaw);
        assert_eq!(alert.comments.len(), 5);
        // Days are whole, and never fewer than asked for.
        assert_eq!(alert.snoozed.unwrap(), stage.hands.now() + SignedDuration::from_hours(72));
    }
}

#[tokio::test]
async fn what_orca_has_not_is_unsupported_and_an_unknown_alert_is_refused_in_its_words() {
    let stage = stage(30, &[]).await;
    let id = stage.orca.truth("alerts").pop_first().unwrap();
    let target = |stream: &str, id: &str| Target { stream: stream.to_owned(), id: id.to_owned() };
    let link = Change::Link { name: "SEC-1".to_owned(), url: "https://t.example/1".to_owned() };
    let close = Change::Close { note: String::new() };
    let write = async |target: Target, change: &Change| {
        stage.connector.write(&target, change).await.unwrap_err()
    };
    assert!(matches!(write(target("alerts", &id), &link).await, LiveError::Unsupported(_)));
    assert!(matches!(write(target("assets", &id), &close).await, LiveError::Unsupported(_)));
    let unknown = write(target("alerts", "orca-9999999"), &close).await;
    assert!(
        matches!(&unknown, LiveError::Refused(said) if said.contains("does not exist")),
        "{unknown}"
    );
    for odd in ["", "orca-1/../../user", "orca 1", "orca-1?x=1"] {
        let error = write(target("alerts", odd), &close).await;
        assert!(matches!(error, LiveError::Refused(_)), "{odd}");
    }
}

#[tokio::test]
async fn without_the_right_to_write_the_right_is_named() {
    let stage = stage(30, &[]).await;
    stage.orca.set(|settings| {
        settings.rights.remove("alerts.alert.write");
    });
    let id = stage.orca.truth("alerts").pop_first().unwrap();
    let target = Target { stream: "alerts".to_owned(), id };
    let change = Change::Close { note: String::new() };
    let error = stage.connector.write(&target, &change).await.unwrap_err();
    assert!(matches!(&error, LiveError::Forbidden { right, .. } if right == "alerts.alert.write"));
    assert!(stage.world.read().seen_by(Seer::Orca).count() > 0);
}

#[tokio::test]
async fn a_comment_whose_answer_is_lost_is_looked_for_and_not_made_again() {
    let stage = stage(30, &[]).await;
    let id = stage.orca.truth("alerts").pop_first().unwrap();
    let flaw = id.strip_prefix("orca-").unwrap().parse::<usize>().unwrap() - 1000;
    let target = Target { stream: "alerts".to_owned(), id };
    let change = Change::Comment { text: "looked at".to_owned() };
    stage.double.script.add("/comment", 1, Fault::Lost);
    stage.connector.write(&target, &change).await.unwrap_err();
    assert_eq!(stage.connector.write(&target, &change).await.unwrap(), Written::Already);
    assert_eq!(stage.orca.alert(flaw).comments, ["looked at"]);
}
