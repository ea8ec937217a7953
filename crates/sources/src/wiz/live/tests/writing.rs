//! Whether what Wiz is told is there afterwards, once.

use super::*;
use crate::live::Dismissal;

const NOTE: &str = "decided: \"no fault\" <b>";

/// The first open issue of a type.
async fn issue(bench: &Bench, kind: &str) -> (usize, String) {
    let items = bench.read("issues", None).await;
    let found = items.iter().find(|item| item.json.get().contains(kind)).unwrap();
    (Kind::Issue.number(&found.id).unwrap(), found.id.clone())
}

async fn once(bench: &Bench, stream: &str, id: &str, change: &Change) {
    assert_eq!(bench.write(stream, id, change).await.unwrap(), Written::Done, "{change:?}");
    assert_eq!(bench.write(stream, id, change).await.unwrap(), Written::Already, "{change:?}");
}

fn note() -> String {
    NOTE.to_owned()
}

#[tokio::test]
async fn an_issue_is_changed_once() {
    let bench = Bench::new(300).await;
    let (number, id) = issue(&bench, "CLOUD_CONFIGURATION").await;
    let touched = || bench.wiz.touched(Kind::Issue, number);
    once(&bench, "issues", &id, &Change::Comment { text: note() }).await;
    assert_eq!(touched().notes, [NOTE]);
    once(&bench, "issues", &id, &Change::Begin { note: "mine".to_owned() }).await;
    assert_eq!(touched().status.as_deref(), Some("IN_PROGRESS"));
    for (why, reason) in [
        (Dismissal::FalsePositive, "FALSE_POSITIVE"),
        (Dismissal::Accepted, "EXCEPTION"),
        (Dismissal::Mitigated, "WONT_FIX"),
    ] {
        once(&bench, "issues", &id, &Change::Dismiss { why, note: note() }).await;
        assert_eq!(touched().reason.as_deref(), Some(reason));
    }
    let until: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    once(&bench, "issues", &id, &Change::Snooze { until, note: note() }).await;
    assert_eq!(touched().until.as_deref(), Some("2027-01-01T00:00:00Z"));
    once(&bench, "issues", &id, &Change::Reopen { note: note() }).await;
    assert_eq!(touched().status.as_deref(), Some("OPEN"));
    let link =
        Change::Link { name: "SEC-1".to_owned(), url: "https://jira.example/SEC-1".to_owned() };
    once(&bench, "issues", &id, &link).await;
    assert_eq!(touched().tickets.len(), 1);
    assert_eq!(touched().notes, [NOTE, "mine"], "no note stands twice");
}

#[tokio::test]
async fn only_a_threat_is_resolved_from_outside() {
    let bench = Bench::new(400).await;
    let (number, id) = issue(&bench, "THREAT_DETECTION").await;
    once(&bench, "issues", &id, &Change::Close { note: note() }).await;
    let touched = bench.wiz.touched(Kind::Issue, number);
    assert_eq!(
        (touched.status.as_deref(), touched.reason.as_deref()),
        (Some("RESOLVED"), Some("MALICIOUS_THREAT"))
    );
    once(&bench, "issues", &id, &Change::Reopen { note: String::new() }).await;
    let why = Dismissal::FalsePositive;
    once(&bench, "issues", &id, &Change::Dismiss { why, note: String::new() }).await;
    let touched = bench.wiz.touched(Kind::Issue, number);
    assert_eq!(touched.reason.as_deref(), Some("NOT_MALICIOUS_THREAT"));
    for kind in ["CLOUD_CONFIGURATION", "TOXIC_COMBINATION"] {
        let (_, id) = issue(&bench, kind).await;
        let error = bench.write("issues", &id, &Change::Close { note: note() }).await.unwrap_err();
        assert!(matches!(&error, LiveError::Refused(why) if why.contains(kind)), "{error}");
    }
}

#[tokio::test]
async fn findings_are_dismissed_by_status_or_by_rule() {
    for by_rule in [false, true] {
        let options: &[(&str, &str)] = if by_rule { &[("dismiss", "ignore_rule")] } else { &[] };
        let bench = Bench::with(300, options, KEY.1).await;
        for (stream, kind) in
            [("configuration", Kind::Configuration), ("vulnerabilities", Kind::Vulnerability)]
        {
            let id = bench.read(stream, None).await[0].id.clone();
            let change = Change::Dismiss { why: Dismissal::Accepted, note: note() };
            once(&bench, stream, &id, &change).await;
            let touched = bench.wiz.touched(kind, kind.number(&id).unwrap());
            assert_eq!(touched.status.as_deref(), Some("REJECTED"));
            assert_eq!(touched.reason.as_deref(), Some("RISK_ACCEPTED"));
            assert_eq!(touched.ignored_by.is_some(), by_rule);
            once(&bench, stream, &id, &Change::Reopen { note: String::new() }).await;
            once(&bench, stream, &id, &Change::Comment { text: "seen".to_owned() }).await;
            let error = bench.write(stream, &id, &Change::Close { note: note() }).await;
            assert!(matches!(error, Err(LiveError::Refused(_))), "{error:?}");
        }
        assert_eq!(bench.wiz.ignore_rules().len(), if by_rule { 2 } else { 0 });
        for rule in bench.wiz.ignore_rules() {
            assert_eq!(rule["resourceConditions"]["id"].as_array().unwrap().len(), 1, "{rule}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_said_so() {
    let bench = Bench::new(100).await;
    let comment = Change::Comment { text: note() };
    for stream in ["detections", "resources", "projects"] {
        let error = bench.write(stream, "x", &comment).await.unwrap_err();
        assert!(matches!(error, LiveError::Unsupported(_)), "{error}");
    }
    let error = bench.write("issues", "no-such-id", &comment).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Refused(said) if said.contains("valid service issue id")),
        "{error}"
    );
    let (_, id) = issue(&bench, "CLOUD_CONFIGURATION").await;
    bench.wiz.take("write:issue_ignore");
    let change = Change::Dismiss { why: Dismissal::Accepted, note: String::new() };
    let error = bench.write("issues", &id, &change).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right.contains("issue")),
        "{error}"
    );
}

/// A change is not sent again by itself: whether it was taken is looked up first.
#[tokio::test]
async fn a_change_that_is_cut_off_is_not_done_twice() {
    let bench = Bench::new(200).await;
    let (number, id) = issue(&bench, "CLOUD_CONFIGURATION").await;
    let change = Change::Comment { text: note() };
    // The look at the issue works, the answer to the note is cut off.
    bench.page("issues", None, None).await.unwrap();
    let target = Target { stream: "issues".to_owned(), id: id.clone() };
    bench.connector.fetch(&target).await.unwrap();
    let broken = quell_testkit::platforms::Fault::Cut(5);
    bench.double.script.add("/graphql", 1, broken);
    assert!(bench.write("issues", &id, &change).await.is_err(), "the look itself is cut off");
    assert_eq!(bench.wiz.touched(Kind::Issue, number).notes.len(), 0);
    assert_eq!(bench.write("issues", &id, &change).await.unwrap(), Written::Done);
    assert_eq!(bench.write("issues", &id, &change).await.unwrap(), Written::Already);
    assert_eq!(bench.wiz.touched(Kind::Issue, number).notes, [NOTE]);
}
