//! What an issue goes through, and what is read back.

use quell_deliver::outbox::{ActKind, OnDoubt};
use quell_testkit::double::Fault;
use quell_testkit::sinks::JiraWorkflow;
use serde_json::json;

use super::*;
use crate::{Field, Gone, Phase, RightState, Wanted};

const OWN: &str = include_str!("../../../../../testkit/src/sinks/jira/contract.json");

async fn round(options: &[(&str, &str)]) -> Stage {
    let stage = stage(options).await;
    let sink = &*stage.sink;
    let remote = stage.open("logs-bucket").await.unwrap();
    assert_eq!(remote.name, "SEC-1");
    assert_eq!(remote.url, Some(format!("{}/browse/SEC-1", stage.double.url())));
    testing::act(sink, ("note", &testing::note("x")), Some(&remote)).await.unwrap();
    testing::act(sink, ("edit", &testing::edit("other-bucket")), Some(&remote)).await.unwrap();
    stage.close(&remote).await.unwrap();
    let standing = sink.read(&remote).await.unwrap().unwrap();
    assert_eq!(
        (standing.phase, standing.phase_by_us, standing.gone),
        (Phase::Done, true, Gone::No)
    );
    testing::act(sink, ("reopen", &testing::reopen("x")), Some(&remote)).await.unwrap();
    let standing = sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::New, true));
    assert_eq!(standing.fields[&Field::Title], "Public bucket other-bucket");
    assert_eq!(standing.fields[&Field::Due], "2026-12-01");
    assert_eq!(standing.fields[&Field::Priority], "Highest");
    assert!(standing.fields[&Field::Body].contains("bucket"));
    let found = testing::find(sink, ("fix:abc", &testing::open("")), None).await.unwrap();
    assert_eq!(found, Some(remote));
    let rights = sink.test().await.unwrap();
    assert!(rights.iter().all(|right| right.state == RightState::Held), "{rights:?}");
    stage
}

#[tokio::test]
async fn cloud_takes_a_whole_round_and_every_request_is_one_that_the_vendor_describes() {
    let stage = round(CLOUD).await;
    let issue = &stage.jira.issues()[0];
    let key = testing::key("fix:abc");
    assert_eq!(issue.labels(), [key.mark().as_str(), "quell", "team-a"]);
    assert_eq!(issue.properties["quell"], json!({"key": key.as_str()}));
    assert_eq!(issue.fields["assignee"], json!({"accountId": "account-ben"}));
    assert_eq!(issue.links.len(), 1);
    assert_eq!(issue.links[&format!("quell={key}")]["object"]["url"], testing::link().as_str());
    let names: Vec<&str> = issue.files.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.len() == 2 && names[0] != names[1], "the second has other content: {names:?}");
    assert_eq!(issue.files[0].1, b"logs-bucket");
    assert_eq!(issue.comments.len(), 3);
    // The vendor's own file has no description of the rights of a login.
    testing::hold(&stage.double.ledger, (OWN, "jira"), &["/mypermissions"]);
}

#[tokio::test]
async fn data_center_takes_a_whole_round() {
    let stage = round(DATA_CENTER).await;
    let issue = &stage.jira.issues()[0];
    assert_eq!(issue.fields["assignee"], json!({"name": "account-ben"}));
    assert!(issue.text("description").starts_with("h3. What is wrong&#58; "));
    // The vendor's file describes Cloud alone.
    testing::hold(&stage.double.ledger, (OWN, "none"), &[]);
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent_and_sends_nothing() {
    for options in [CLOUD, DATA_CENTER] {
        let stage = stage(options).await;
        let key = testing::key("fix:abc");
        let act = testing::open("logs-bucket");
        let wanted = Wanted { key: &key, act: &act, remote: None };
        let drafts = stage.sink.drafts(&wanted).unwrap();
        assert_eq!(stage.double.ledger.count(), 0);
        let remote = stage.open("logs-bucket").await.unwrap();
        let sent = stage.double.ledger.of("POST");
        assert_eq!(drafts.len(), sent.len());
        for (draft, sent) in drafts.iter().zip(sent) {
            let target = draft.target.replace("{issue}", &remote.id);
            assert_eq!(
                format!("POST {target}"),
                sent.what.replacen("POST ", &format!("POST {}", stage.double.url()), 1)
            );
            let body = String::from_utf8(sent.body).unwrap();
            match serde_json::from_str::<serde_json::Value>(&body) {
                Ok(body) => assert_eq!(
                    serde_json::from_str::<serde_json::Value>(&draft.body).unwrap(),
                    body
                ),
                Err(_) => assert_eq!(draft.body, body),
            }
            assert!(!draft.body.contains("jira-token"));
        }
    }
}

#[tokio::test]
async fn a_status_is_known_by_its_category_and_a_resolution_by_the_screen() {
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    let names = vec!["Won't Do", "Duplicate", "Erledigt"];
    stage.jira.set(|settings| settings.workflow = JiraWorkflow::Resolution(names));
    stage.close(&remote).await.unwrap();
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.resolution.as_deref()), (Phase::Done, Some("Erledigt")));
}

#[tokio::test]
async fn what_people_do_is_told_apart() {
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    let read = async || stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((read().await.phase, read().await.phase_by_us), (Phase::New, true));
    stage.hands.pass();
    stage.jira.begin_by_hand(&remote.id);
    assert_eq!((read().await.phase, read().await.phase_by_us), (Phase::Begun, false));
    stage.hands.pass();
    stage.jira.close_by_hand(&remote.id, "Won’t do");
    let standing = read().await;
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Declined, false));
    assert_eq!(standing.phase_at, Some("2026-11-21T12:02:00Z".parse().unwrap()));
    stage.jira.move_to(&remote.id, "OPS-7");
    let moved = read().await;
    assert_eq!(
        (moved.remote.id.as_str(), moved.remote.name.as_str()),
        (remote.id.as_str(), "OPS-7")
    );
    stage.jira.archive(&remote.id);
    assert_eq!(read().await.gone, Gone::Archived);
    stage.jira.delete(&remote.id);
    assert_eq!(read().await.gone, Gone::Deleted);
}

#[tokio::test]
async fn an_edit_keeps_what_is_of_others_and_adds_no_file_twice() {
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    stage.jira.edit_by_hand(&remote.id, "assignee", json!({"accountId": "account-ana"}));
    stage.jira.edit_by_hand(&remote.id, "labels", json!(["theirs"]));
    for _ in 0..2 {
        testing::act(&*stage.sink, ("edit", &testing::edit("x")), Some(&remote)).await.unwrap();
    }
    let issue = stage.jira.one(&remote.id).unwrap();
    assert_eq!(issue.fields["assignee"], json!({"accountId": "account-ana"}));
    assert_eq!(issue.labels(), ["theirs", &testing::key("fix:abc").mark(), "quell", "team-a"]);
    assert_eq!((issue.files.len(), issue.links.len()), (1, 1));
}

#[tokio::test]
async fn evidence_that_says_something_else_is_attached_once_more() {
    for options in [CLOUD, DATA_CENTER] {
        let stage = stage(options).await;
        let remote = stage.open("x").await.unwrap();
        // As long as it is the same, whatever came between; and an answer is lost.
        stage.double.script.add("/attachments", 1, Fault::Lost);
        for data in ["x", "y", "y", "y"] {
            let edit = testing::edit(data);
            let done = testing::act(&*stage.sink, ("edit", &edit), Some(&remote)).await;
            assert!(done.is_ok() || data == "y", "{done:?}");
        }
        let files = stage.jira.one(&remote.id).unwrap().files;
        let said: Vec<&[u8]> = files.iter().map(|(_, content)| content.as_slice()).collect();
        assert_eq!(said, [b"x", b"y"]);
        assert_ne!(files[0].0, files[1].0);
        assert!(files.iter().all(|(name, _)| name.starts_with("evidence-")), "{files:?}");
    }
}

#[tokio::test]
async fn the_screen_is_told_before_anything_is_made() {
    let stage = stage(CLOUD).await;
    stage.jira.set(|settings| {
        settings.screen.remove("priority");
        settings.required.insert("customfield_10010", "Team");
        settings.rights.remove("LINK_ISSUES");
    });
    let rights = stage.sink.test().await.unwrap();
    let missing: Vec<&str> = rights
        .iter()
        .filter(|right| right.state == RightState::Missing)
        .map(|right| right.name.as_str())
        .collect();
    assert_eq!(missing, ["LINK_ISSUES", "field customfield_10010", "field priority"]);
    assert!(stage.jira.issues().is_empty());
}

/// The method and what stands below the issue.
fn below(draft: &crate::Draft) -> String {
    let (_, below) = draft.target.split_once("/issue/10012").unwrap();
    format!("{} {}", draft.method, below.trim_start_matches('/')).trim_end().to_owned()
}

#[tokio::test]
async fn each_act_has_its_draft() {
    let remote = Remote { id: "10012".to_owned(), name: "SEC-12".to_owned(), url: None };
    for options in [CLOUD, DATA_CENTER] {
        let stage = stage(options).await;
        for (act, expected) in [
            (testing::edit("x"), vec!["PUT", "POST remotelink", "POST attachments"]),
            (testing::note("x"), vec!["POST comment"]),
            (testing::close("x"), vec!["POST comment", "POST transitions"]),
            (testing::reopen("x"), vec!["POST comment", "POST transitions"]),
        ] {
            let key = testing::key("act");
            let wanted = Wanted { key: &key, act: &act, remote: Some(&remote) };
            let drafts = stage.sink.drafts(&wanted).unwrap();
            assert_eq!(drafts.iter().map(below).collect::<Vec<_>>(), expected);
        }
        assert_eq!(stage.double.ledger.count(), 0);
    }
}

#[test]
fn what_cannot_be_sent_twice_is_looked_for() {
    for (act, expected) in [
        (ActKind::Open, true),
        (ActKind::Edit, false),
        (ActKind::Note, true),
        (ActKind::Close, true),
        (ActKind::Reopen, true),
    ] {
        assert_eq!(matches!(super::super::on_doubt(act), OnDoubt::Look { .. }), expected);
    }
}

#[tokio::test]
async fn only_what_jira_signed_is_heard() {
    use crate::{Hook, NotTaken};
    let hear = |secret: &str, headers: &[(&str, &str)], body: &[u8]| {
        let now = jiff::Timestamp::UNIX_EPOCH;
        super::super::heard::hear(&Hook { secret, headers, body, now })
    };
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    let (headers, body) = stage.jira.webhook(&remote.id, "hook-secret");
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(hear("hook-secret", &headers, &body), Ok(Some(remote.id)));
    let signature = headers[0].1.to_owned();
    let refuse = |secret: &str, signatures: &[&str], body: &[u8]| {
        let all: Vec<_> = signatures.iter().map(|one| ("x-hub-signature", *one)).collect();
        assert_eq!(hear(secret, &all, body), Err(NotTaken::Signature), "{signatures:?}");
    };
    refuse("other", &[&signature], &body);
    refuse("hook-secret", &[], &body);
    refuse("hook-secret", &[&signature, &signature], &body);
    refuse("hook-secret", &[&signature.to_uppercase()], &body);
    refuse("hook-secret", &[signature.get(..40).unwrap()], &body);
    refuse("hook-secret", &[signature.get(7..).unwrap()], &body);
    refuse("", &[&signature], &body);
    for at in 7..signature.len() {
        let mut other = signature.clone().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        refuse("hook-secret", &[&String::from_utf8(other).unwrap()], &body);
    }
    let spaced = [body.as_slice(), b" "].concat();
    refuse("hook-secret", &[&signature], &spaced);
}
