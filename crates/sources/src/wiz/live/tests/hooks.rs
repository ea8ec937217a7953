//! Whether a webhook and a page make one finding.

use super::*;

fn finding(text: &str) -> quell_model::Finding {
    crate::testing::only_finding(text)
}

/// The finding of a record as it is pulled.
async fn pulled(bench: &Bench, stream: &str, id: &str) -> quell_model::Finding {
    let target = Target { stream: stream.to_owned(), id: id.to_owned() };
    let (stream, page) = bench.connector.fetch(&target).await.unwrap();
    let mut records = normalized(stream, &page.items);
    let Record::Finding(finding) = records.remove(0) else { panic!("{records:?}") };
    *finding
}

#[tokio::test]
async fn the_webhook_of_an_issue_is_the_pulled_issue() {
    let bench = Bench::new(250).await;
    let mut believed = 0;
    for number in bench.seen(has_issue) {
        let (headers, body) = bench.wiz.issue_webhook(number).unwrap();
        assert!(headers.iter().any(|(name, _)| name == "authorization"));
        let issue = pulled(&bench, "issues", &Kind::Issue.id(number)).await;
        match bench.connector.announced(body.as_bytes()) {
            None => {
                let hook = finding(&body);
                assert_eq!(
                    hook.key(),
                    issue.key(),
                    "{} and {}",
                    hook.asset.id.key(),
                    issue.asset.id.key()
                );
                assert_eq!(
                    (hook.class, hook.severity, hook.status),
                    (issue.class, issue.severity, issue.status)
                );
                assert!(hook.last_seen >= issue.last_seen, "a webhook is the newer news");
                believed += 1;
            }
            Some(targets) => assert_eq!(targets[0].id, Kind::Issue.id(number)),
        }
    }
    assert!(believed > 30, "{believed}");
}

#[tokio::test]
async fn the_webhook_of_a_detection_is_the_pulled_detection() {
    let bench = Bench::new(500).await;
    let mut believed = 0;
    for number in bench.seen(|flaw, _| matches!(flaw.cause, Cause::Detection(_))) {
        let (_, body) = bench.wiz.detection_webhook(number).unwrap();
        let id = Kind::Detection.id(number);
        if let Some(targets) = bench.connector.announced(body.as_bytes()) {
            assert_eq!((targets[0].stream.as_str(), &targets[0].id), ("detections", &id));
            continue;
        }
        let (hook, pulled) = (finding(&body), pulled(&bench, "detections", &id).await);
        assert_eq!(
            hook.key(),
            pulled.key(),
            "{} and {}",
            hook.asset.id.key(),
            pulled.asset.id.key()
        );
        let techniques =
            |of: &quell_model::Finding| of.detection.as_ref().unwrap().techniques.clone();
        assert_eq!(techniques(&hook), techniques(&pulled));
        believed += 1;
    }
    assert!(believed > 4, "{believed}");
}

#[tokio::test]
async fn an_edited_template_is_asked_for() {
    let bench = Bench::new(100).await;
    let number = bench.seen(has_issue)[0];
    let (_, body) = bench.wiz.edited_webhook(number).unwrap();
    let targets = bench.connector.announced(body.as_bytes()).unwrap();
    let (stream, page) = bench.connector.fetch(&targets[0]).await.unwrap();
    assert_eq!(
        (stream.name, page.items[0].id.as_str()),
        ("issues", Kind::Issue.id(number).as_str())
    );
}

#[test]
fn a_webhook_tells_that_an_issue_is_over() {
    let body = r#"{"trigger":{"source":"ISSUES","type":"Resolved"},"issue":{"id":"i","status":"","severity":"HIGH",
        "created":"2026-01-01T00:00:00Z"},"resource":{"id":"arn:aws:s3:::logs"},"control":{"id":"wc-id-1","name":"n"}}"#;
    let found = finding(body);
    assert_eq!(found.status, quell_model::Status::Resolved);
    assert_eq!(
        found.last_seen,
        Some("2026-11-01T00:00:00Z".parse().unwrap()),
        "it is as new as its coming"
    );
    let told = body.replace("\"created\"", "\"updatedAt\":\"2026-02-01T00:00:00Z\",\"created\"");
    assert_eq!(finding(&told).last_seen, Some("2026-02-01T00:00:00Z".parse().unwrap()));
}
