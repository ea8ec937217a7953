//! What is written back, once and again.

use super::*;
use crate::live::{Change, Dismissal, Target, Written};

fn target(number: usize) -> Target {
    Target { stream: "alerts".to_owned(), id: (100_000 + number).to_string() }
}

#[tokio::test]
async fn a_comment_is_written_once() {
    let bench = Bench::new(200).await;
    let number = bench.a_detection();
    let note = Change::Comment { text: "looked at\n\"quoted\" \u{202e}".to_owned() };
    assert_eq!(bench.lacework.write(&target(number), &note).await.unwrap(), Written::Done);
    assert_eq!(bench.lacework.write(&target(number), &note).await.unwrap(), Written::Already);
    assert_eq!(bench.double.comments(100_000 + number), ["looked at\n\"quoted\" \u{202e}"]);
    let link = Change::Link { name: "SEC-1".to_owned(), url: "https://t.example/1".to_owned() };
    assert_eq!(bench.lacework.write(&target(number), &link).await.unwrap(), Written::Done);
    assert_eq!(bench.lacework.write(&target(number), &link).await.unwrap(), Written::Already);
    assert_eq!(bench.double.comments(100_000 + number).len(), 2);
}

#[tokio::test]
async fn closing_has_a_reason_and_happens_once() {
    let bench = Bench::new(900).await;
    let note = || "because".to_owned();
    let changes = [
        (Change::Close { note: String::new() }, 0),
        (Change::Dismiss { why: Dismissal::FalsePositive, note: note() }, 1),
        (Change::Dismiss { why: Dismissal::Accepted, note: note() }, 5),
        (Change::Dismiss { why: Dismissal::Mitigated, note: note() }, 0),
    ];
    let numbers = bench.flaws(|flaw, _| matches!(flaw.cause, Cause::Detection(_)));
    for ((change, reason), number) in changes.iter().zip(numbers) {
        assert_eq!(bench.lacework.write(&target(number), change).await.unwrap(), Written::Done);
        assert_eq!(bench.lacework.write(&target(number), change).await.unwrap(), Written::Already);
        assert_eq!(bench.double.closed(100_000 + number), Some(*reason));
        let page = bench.lacework.fetch(&target(number)).await.unwrap().1;
        assert!(page.items[0].json.get().contains("\"status\":\"Closed\""));
    }
}

#[tokio::test]
async fn what_the_vendor_cannot_do_is_said() {
    let bench = Bench::new(200).await;
    let number = bench.a_detection();
    let note = String::new();
    for change in [
        Change::Begin { note: note.clone() },
        Change::Reopen { note: note.clone() },
        Change::Snooze { until: bench.now(), note: note.clone() },
    ] {
        let error = bench.lacework.write(&target(number), &change).await.unwrap_err();
        assert!(matches!(error, LiveError::Unsupported(_)), "{change:?}");
    }
    let host = Target { stream: "host_vulnerabilities".to_owned(), id: "1".to_owned() };
    let error = bench.lacework.write(&host, &Change::Close { note }).await.unwrap_err();
    assert!(matches!(error, LiveError::Unsupported(_)));
    assert_eq!(bench.server.ledger.count(), 0, "nothing was asked");
}

#[tokio::test]
async fn a_login_that_may_only_read_is_told_which_right_is_missing() {
    let bench = Bench::new(200).await;
    let number = bench.a_detection();
    bench.double.remove_right("write");
    let note = Change::Comment { text: "x".to_owned() };
    let error = bench.lacework.write(&target(number), &note).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right == "Alerts: write"),
        "{error}"
    );
    bench.double.give_right("write");
    assert_eq!(bench.lacework.write(&target(number), &note).await.unwrap(), Written::Done);
}
