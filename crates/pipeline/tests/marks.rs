//! Marks, in any order: they change nothing of what the tools say, and leave no trace.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use proptest::sample::select;
use quell_model::{Date, FixedClock, MarkKind, Timestamp};
use quell_pipeline::{
    IssueFilter, MarkFilter, Marking, Progress, Request, Setup, list_issues, mark_incident,
    mark_issue, run, show_issue, unmark_incident, unmark_issue,
};
use quell_store::Store;
use serde_json::json;

const FINDINGS: usize = 6;

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn tell(store: &mut Store, setup: &Setup, paths: Vec<std::path::PathBuf>) -> String {
    let request = Request { paths, limit: Some(50), ..Request::default() };
    let cancelled = AtomicBool::new(false);
    let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
    let told = run(store, setup, &request, &FixedClock(now()), &progress).unwrap();
    serde_json::to_string(&told.report).unwrap()
}

/// All that is told of everything.
fn all(store: &mut Store, setup: &Setup) -> Vec<String> {
    let mut told = vec![tell(store, setup, Vec::new())];
    let list =
        list_issues(store, (&IssueFilter::default(), &MarkFilter::default()), 100, now()).unwrap();
    for issue in &list.issues {
        let story = show_issue(store, setup, (&issue.id.to_string(), None), now()).unwrap();
        told.push(serde_json::to_string(&story).unwrap());
    }
    told.push(serde_json::to_string(&list).unwrap());
    told
}

fn filled(folder: &std::path::Path, setup: &Setup) -> Store {
    let finding = |n: usize| {
        json!({"class_uid": 2004, "severity_id": 2 + n % 4, "severity": "High", "status": "New",
            "status_id": 1, "status_code": "FAIL", "time": 1_750_000_000,
            "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
            "finding_info": {"uid": format!("f{n}"), "title": "versioning"},
            "resources": [{"uid": format!("arn:aws:s3:::bucket-{n}"), "type": "AwsS3Bucket",
                "region": "eu-west-1"}],
            "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
    };
    let path = folder.join("file.json");
    let findings: Vec<_> = (0..FINDINGS).map(finding).collect();
    fs::write(&path, json!(findings).to_string()).unwrap();
    let mut store = Store::open(&folder.join("data")).unwrap();
    tell(&mut store, setup, vec![path]);
    store
}

fn any_marking() -> impl Strategy<Value = (usize, Marking)> {
    let until = select(vec![None, Some("2026-11-21"), Some("2027-01-31")]);
    let reason = select(vec!["known", "  a b ", "\u{1b}[2J <b>"]);
    (0..FINDINGS, select(MarkKind::ALL.to_vec()), reason, until).prop_map(
        |(issue, kind, reason, until)| {
            let until: Option<Date> = until.map(|day| day.parse().unwrap());
            (issue, Marking { kind, reason: reason.to_owned(), until })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_same_mark_again_says_the_same_and_without_marks_all_is_as_it_was(
        marks in proptest::collection::vec(any_marking(), 1..6)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup::embedded(None).unwrap();
        let mut store = filled(folder.path(), &setup);
        let before = all(&mut store, &setup);
        let filter = (&IssueFilter::default(), &MarkFilter::default());
        let found = list_issues(&store, filter, 100, now()).unwrap();
        let ids: Vec<String> = found.issues.iter().map(|issue| issue.id.to_string()).collect();
        prop_assert_eq!(ids.len(), FINDINGS);
        for (at, marking) in &marks {
            mark_issue(&mut store, (&ids[*at], marking), (now(), "one")).unwrap();
            let once = all(&mut store, &setup);
            let later = now() + jiff::SignedDuration::from_secs(60);
            mark_issue(&mut store, (&ids[*at], marking), (later, "another")).unwrap();
            prop_assert_eq!(&all(&mut store, &setup), &once);
            prop_assert_ne!(&once, &before);
            // Nothing closes, and no score moves.
            let found = list_issues(&store, filter, 100, now()).unwrap();
            let scores: Vec<u32> = found.issues.iter().map(|issue| issue.score).collect();
            prop_assert!(found.issues.iter().all(|issue| issue.status.is_open()));
            prop_assert_eq!(scores.len(), FINDINGS);
        }
        for id in &ids {
            unmark_issue(&mut store, id).unwrap();
        }
        prop_assert_eq!(all(&mut store, &setup), before);
    }
}

#[test]
fn an_incident_is_marked_and_unmarked_with_all_its_issues() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::embedded(None).unwrap();
    let mut store = filled(folder.path(), &setup);
    let before = all(&mut store, &setup);
    let report: serde_json::Value = serde_json::from_str(&before[0]).unwrap();
    let incident = &report["incidents"][0];
    let issues = incident["issues"].as_array().unwrap().len();
    let id = incident["id"].as_str().unwrap();
    let marking =
        Marking { kind: MarkKind::FalsePositive, reason: "a test bed".to_owned(), until: None };
    assert_eq!(mark_incident(&mut store, &setup, (id, &marking), (now(), "me")).unwrap(), issues);
    let kinds = MarkFilter { kinds: vec![MarkKind::FalsePositive], unmarked: false };
    let found = list_issues(&store, (&IssueFilter::default(), &kinds), 100, now()).unwrap();
    assert_eq!(found.issues.len(), issues);
    let told = &all(&mut store, &setup)[0];
    assert!(told.contains("as false positive"), "{told}");
    assert_eq!(unmark_incident(&mut store, &setup, id, now()).unwrap(), issues);
    assert_eq!(all(&mut store, &setup), before);
}
