//! Check runs, SARIF and comments on lines, against the double.

use serde_json::json;

use super::*;
use crate::github::{Check, Conclusion, LineOf, Remark, Reports, SarifState};

fn reports(stage: &Stage, app: bool) -> Reports {
    let mut options = BTreeMap::new();
    if app {
        options.insert("app_id".to_owned(), GithubDouble::APP.to_owned());
    }
    Reports::new(Plan {
        name: "github".to_owned(),
        url: Some(stage.double.url()),
        project: Some("acme/shop".to_owned()),
        options,
        credentials: Arc::new(stage.secret.clone()),
        client: stage.hub.client.clone(),
        clock: Arc::new(stage.hands.clone()),
        hosts: Hosts::default(),
    })
    .unwrap()
}

fn check(commit: &str, remarks: usize) -> Check {
    let remark = |line| Remark {
        path: "infra/main.tf".to_owned(),
        first_line: line,
        last_line: 0,
        fails: line % 2 == 0,
        text: "open\u{202e}bucket".into(),
    };
    Check {
        repository: "acme/shop".to_owned(),
        commit: commit.to_owned(),
        key: fix().key,
        conclusion: Conclusion::Failure,
        title: "2 fixes".to_owned(),
        summary: body("Two things stand against it."),
        remarks: (0..u32::try_from(remarks).unwrap()).map(remark).collect(),
        page: None,
    }
}

#[tokio::test]
async fn a_check_run_has_all_remarks_once() {
    for remarks in [0, 50, 120] {
        let stage = staged(&[("app_id", GithubDouble::APP)]).await;
        let reports = reports(&stage, true);
        let commit = stage.github.head("main").unwrap();
        let id = reports.check(&check(&commit, remarks)).await.unwrap();
        assert_eq!(reports.check(&check(&commit, remarks)).await.unwrap(), id);
        let runs = stage.github.check_runs();
        let notes = runs[0].pointer("/output/annotations").and_then(|v| v.as_array()).unwrap();
        assert_eq!((runs.len(), notes.len()), (1, remarks));
        assert!(notes.iter().all(|note| note["message"] == "open\\u{202e}bucket"));
    }
}

#[tokio::test]
async fn a_check_run_needs_an_app() {
    let stage = stage().await;
    let error = reports(&stage, false).check(&check(&"0".repeat(40), 1)).await.unwrap_err();
    assert!(error.to_string().contains("app_id"), "{error}");
}

#[tokio::test]
async fn sarif_is_packed_and_followed_to_its_end() {
    let stage = stage().await;
    let reports = reports(&stage, false);
    let commit = stage.github.head("main").unwrap();
    let run = json!({"tool": {"driver": {"name": "Quell"}}, "results": []});
    let document = json!({"version": "2.1.0", "runs": [run]}).to_string();
    let at = (commit.as_str(), "refs/heads/main");
    let id = reports.sarif("acme/shop", at, &document).await.unwrap();
    assert_eq!(stage.github.sarifs(), [document]);
    assert_eq!(reports.sarif_state("acme/shop", &id).await.unwrap(), SarifState::Pending);
    assert_eq!(reports.sarif_state("acme/shop", &id).await.unwrap(), SarifState::Complete);
    stage.github.remove_right("security_events");
    let error = reports.sarif("acme/shop", at, &stage.github.sarifs()[0]).await.unwrap_err();
    assert!(matches!(error, SinkError::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn a_line_is_commented_once_and_only_in_the_change() {
    let stage = stage().await;
    let fix = fix();
    stage.open(&fix).await.unwrap();
    let reports = reports(&stage, false);
    let mut at = LineOf {
        repository: "acme/shop".to_owned(),
        number: 1,
        commit: stage.github.head(&branch(&fix)).unwrap(),
        path: "infra/main.tf".to_owned(),
        line: 2,
    };
    for _ in 0..2 {
        reports.comment(&at, &body("Why private"), &fix.key).await.unwrap();
    }
    assert_eq!(stage.github.review_comments(1).len(), 1);
    at.path = "README.md".to_owned();
    let key = Key::new(&quell_model::TenantId::default(), "github", "fix:c", 0);
    let said = refused(&reports.comment(&at, &body("x"), &key).await.unwrap_err());
    assert!(said.contains("part of the diff"), "{said}");
}

#[tokio::test]
async fn the_vendor_describes_what_is_said_of_code() {
    let stage = staged(&[("app_id", GithubDouble::APP)]).await;
    let fix = fix();
    stage.open(&fix).await.unwrap();
    stage.double.ledger.clear();
    let reports = reports(&stage, true);
    let commit = stage.github.head(&branch(&fix)).unwrap();
    reports.check(&check(&commit, 60)).await.unwrap();
    let run = json!({"tool": {"driver": {"name": "Quell"}}, "results": []});
    let document = json!({"version": "2.1.0", "runs": [run]}).to_string();
    let id = reports.sarif("acme/shop", (&commit, "refs/heads/main"), &document).await.unwrap();
    reports.sarif_state("acme/shop", &id).await.unwrap();
    let at = LineOf {
        repository: "acme/shop".to_owned(),
        number: 1,
        commit,
        path: "infra/main.tf".to_owned(),
        line: 2,
    };
    reports.comment(&at, &body("Why private"), &fix.key).await.unwrap();
    if let Some(vendor) = quell_testkit::sinks::Contract::of_vendor("github") {
        let (count, wrong) = vendor.check_all(&stage.double.ledger, "");
        assert!(count > 6 && wrong.is_empty(), "{count} {wrong:?}");
    }
}
