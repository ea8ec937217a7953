//! What is written back stands at the vendor, once.

use jiff::SignedDuration;
use quell_testkit::net::Answer;
use quell_testkit::platforms::prisma::Seat;
use quell_testkit::platforms::{Fault, PrismaRight};
use serde_json::{Value, json};

use super::super::rights;
use super::{Plans, Rig, rig, start};
use crate::live::{Change, Dismissal, LiveError, Target, Written};

fn note() -> String {
    "as agreed in CHG-42".to_owned()
}

fn target(stream: &str, id: String) -> Target {
    Target { stream: stream.to_owned(), id }
}

/// An open alert: the number of its flaw, and what it is called.
fn alert(rig: &Rig) -> (usize, Target) {
    let (flaw, _) = rig.first(Seat::Alert);
    (flaw.number, target("alerts", format!("P-{}", flaw.number + 1000)))
}

#[tokio::test]
async fn alerts_are_dismissed_snoozed_and_reopened_once() {
    let rig = rig(Plans::default()).await;
    let (number, alert) = alert(&rig);
    let until = start() + SignedDuration::from_hours(72);
    let dismiss = Change::Dismiss { why: Dismissal::Accepted, note: note() };
    let snooze = Change::Snooze { until, note: note() };
    let reopen = Change::Reopen { note: note() };
    for (change, status, said) in [
        (&dismiss, "dismissed", "Risk accepted: as agreed in CHG-42"),
        (&reopen, "open", ""),
        (&snooze, "snoozed", "as agreed in CHG-42"),
        (&reopen, "open", ""),
    ] {
        assert_eq!(rig.connector.write(&alert, change).await.unwrap(), Written::Done, "{status}");
        assert_eq!(rig.double.alert_state(number), (status.to_owned(), said.to_owned()));
        let before = rig.server.ledger.of("POST /alert/").len();
        assert_eq!(rig.connector.write(&alert, change).await.unwrap(), Written::Already);
        assert_eq!(rig.server.ledger.of("POST /alert/").len(), before, "nothing is written twice");
        rig.pass(60);
    }
    rig.connector.write(&alert, &snooze).await.unwrap();
    rig.pass(80 * 3600);
    assert_eq!(rig.double.alert_state(number).0, "open", "a snooze ends by itself");
}

#[tokio::test]
async fn somebody_who_was_faster_did_the_same() {
    let rig = rig(Plans::default()).await;
    let (number, alert) = alert(&rig);
    let dismiss = Change::Dismiss { why: Dismissal::FalsePositive, note: note() };
    // The alert is dismissed between the look at it and the change: the first answer is an old one.
    let old = rig.connector.fetch(&alert).await.unwrap().1.items[0].json.get().to_owned();
    rig.connector.write(&alert, &dismiss).await.unwrap();
    rig.server.script.add("/alert/P-", 1, Fault::Answer(Answer::new(200, old)));
    assert_eq!(rig.connector.write(&alert, &dismiss).await.unwrap(), Written::Already);
    assert_eq!(rig.double.alert_state(number).0, "dismissed");
}

#[tokio::test]
async fn what_the_vendor_refuses_is_told_in_its_words() {
    let rig = rig(Plans::default()).await;
    let (number, alert) = alert(&rig);
    let soon = Change::Snooze { until: start() + SignedDuration::from_mins(5), note: note() };
    let error = rig.connector.write(&alert, &soon).await.unwrap_err();
    assert!(error.to_string().contains("violates_minimum"), "{error}");
    rig.world.write().end(number, start(), false);
    let dismiss = Change::Dismiss { why: Dismissal::Mitigated, note: String::new() };
    let error = rig.connector.write(&alert, &dismiss).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Refused(said) if said.contains("expected_state")),
        "{error:?}"
    );
    let nowhere = target("alerts", "P-99999999".to_owned());
    assert!(matches!(
        rig.connector.write(&nowhere, &dismiss).await.unwrap_err(),
        LiveError::Refused(_)
    ));
    let odd = target("alerts", "../login".to_owned());
    assert!(matches!(
        rig.connector.write(&odd, &dismiss).await.unwrap_err(),
        LiveError::Refused(_)
    ));
}

#[tokio::test]
async fn a_right_that_is_missing_to_write_is_named() {
    let rig = rig(Plans::default()).await;
    let (_, alert) = alert(&rig);
    rig.double.take(PrismaRight::DismissAlerts);
    rig.double.take(PrismaRight::AcknowledgeIncidents);
    let dismiss = Change::Dismiss { why: Dismissal::Accepted, note: note() };
    let error = rig.connector.write(&alert, &dismiss).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right == rights::DISMISS),
        "{error:?}"
    );
    let rig = super::rig(Plans { flaws: 900, ..Plans::default() }).await;
    rig.double.take(PrismaRight::AcknowledgeIncidents);
    let (flaw, thing) = rig.first(Seat::Incident);
    let incident =
        target("incidents", quell_testkit::platforms::PrismaDouble::id_of(&flaw, &thing));
    let error = rig.connector.write(&incident, &Change::Close { note: note() }).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right == rights::ACKNOWLEDGE),
        "{error:?}"
    );
}

#[tokio::test]
async fn incidents_are_acknowledged_and_taken_back_once() {
    let rig = rig(Plans { flaws: 900, ..Plans::default() }).await;
    let (flaw, thing) = rig.first(Seat::Incident);
    let incident =
        target("incidents", quell_testkit::platforms::PrismaDouble::id_of(&flaw, &thing));
    for (change, acknowledged) in [
        (Change::Close { note: note() }, true),
        (Change::Reopen { note: note() }, false),
        (Change::Dismiss { why: Dismissal::FalsePositive, note: note() }, true),
    ] {
        assert_eq!(rig.connector.write(&incident, &change).await.unwrap(), Written::Done);
        assert_eq!(rig.double.is_acknowledged(flaw.number), acknowledged);
        assert_eq!(rig.connector.write(&incident, &change).await.unwrap(), Written::Already);
    }
    let sent = rig.server.ledger.of("PATCH ");
    let bodies: Vec<Value> =
        sent.iter().map(|seen| serde_json::from_slice(&seen.body).unwrap()).collect();
    assert_eq!(
        bodies,
        [
            json!({"acknowledged": true}),
            json!({"acknowledged": false}),
            json!({"acknowledged": true})
        ]
    );
    let nowhere = target("incidents", format!("6740{:020x}", 99_999_999));
    let error = rig.connector.write(&nowhere, &Change::Close { note: note() }).await.unwrap_err();
    assert!(matches!(error, LiveError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn what_the_vendor_cannot_do_asks_it_nothing() {
    let rig = rig(Plans::default()).await;
    let (_, alert) = alert(&rig);
    let link = Change::Link { name: "CHG-42".to_owned(), url: "https://example.com".to_owned() };
    let comment = Change::Comment { text: note() };
    let begin = Change::Begin { note: note() };
    let close = Change::Close { note: note() };
    for change in [&link, &comment, &begin, &close] {
        let error = rig.connector.write(&alert, change).await.unwrap_err();
        assert!(matches!(error, LiveError::Unsupported(_)), "{change:?} {error:?}");
    }
    let incident = target("incidents", "67".repeat(12));
    let snooze = Change::Snooze { until: start(), note: note() };
    for change in [&link, &comment, &begin, &snooze] {
        assert!(matches!(
            rig.connector.write(&incident, change).await.unwrap_err(),
            LiveError::Unsupported(_)
        ));
    }
    let host = target("hosts", "x".to_owned());
    assert!(matches!(
        rig.connector.write(&host, &close).await.unwrap_err(),
        LiveError::Unsupported(_)
    ));
    assert_eq!(rig.server.ledger.count(), 0);
}
