//! Statuses of commits and notes on lines, against the double.

use quell_deliver::outbox::Outcome;
use quell_deliver::review::{Conclusion, Remark, Review};
use quell_testkit::sinks::Contract;

use super::*;

fn remark(line: u32, path: &str) -> Remark {
    stage::remark(path, line, false, Line::own("It is ").and_data("/close @all <!-- x -->"))
}

fn review(pull: Option<u64>) -> Review {
    let review = stage::review("acme/web/shop", pull, Vec::new());
    Review { conclusion: Conclusion::Success, ..review }
}

#[tokio::test]
async fn a_delivered_request_gets_one_status_at_its_head() {
    let stage = stage().await;
    let fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            stage.review(&review(None), Some(&remote)).await.unwrap().unwrap().id,
            remote.id
        );
    }
    let head = stage.host.head(&branch(&fix)).unwrap();
    let statuses = stage.host.statuses(&head);
    assert_eq!((statuses.len(), statuses[0]["state"].as_str()), (1, Some("success")));
    assert!(stage.host.threads()[0].notes.is_empty());
}

#[tokio::test]
async fn lines_get_notes_once_and_only_those_that_are_added() {
    let stage = stage().await;
    stage.open(&fix()).await.unwrap();
    let remarks =
        vec![remark(2, "infra/main.tf"), remark(1, "README.md"), remark(1, "../etc/passwd")];
    let review = Review { remarks, conclusion: Conclusion::Failure, ..review(Some(1)) };
    for _ in 0..2 {
        stage.review(&review, None).await.unwrap();
    }
    let said = stage.host.line_notes(1);
    assert_eq!((said.len(), said[0].1), (1, 2), "{said:?}");
    assert!(said[0].2.lines().all(|line| !line.starts_with('/')), "{said:?}");
    let notes = &stage.host.threads()[0].notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("2 remarks are on lines"), "{notes:?}");
    let Some(vendor) = Contract::of_vendor("gitlab") else { return };
    let (_, wrong) = vendor.check_all(&stage.double.ledger, "");
    // The copy of the description has neither these calls nor the paging that all lists have, and
    // names parts of a position as forms do.
    let known = |wrong: &str| {
        ["/user is", "/repository/files/", "/statuses is", "has no parameter `p", "\"position["]
            .iter()
            .any(|one| wrong.contains(one))
    };
    let wrong: Vec<_> = wrong.iter().filter(|wrong| !known(&wrong.0)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_note_whose_answer_is_lost_is_not_made_again() {
    let stage = stage().await;
    stage.open(&fix()).await.unwrap();
    let review = Review { remarks: vec![remark(2, "infra/main.tf")], ..review(Some(1)) };
    stage.host.spoil("POST /discussions", None);
    let error = stage.review(&review, None).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    stage.review(&review, None).await.unwrap();
    assert_eq!(stage.host.line_notes(1).len(), 1);
}

#[tokio::test]
async fn what_is_not_of_the_head_and_sarif_are_refused() {
    let stage = stage().await;
    stage.open(&fix()).await.unwrap();
    let other = Review { commit: stage.host.head("main"), ..review(Some(1)) };
    let said = refused(&stage.review(&other, None).await.unwrap_err());
    assert!(said.contains("check out its head"), "{said}");
    let sarif = Review { sarif: Some("{}".into()), ..review(Some(1)) };
    let error = stage.review(&sarif, None).await.unwrap_err();
    assert!(matches!(error, SinkError::Unsupported(_)), "{error}");
}

#[tokio::test]
async fn a_file_is_read_as_it_is_at_a_commit_or_a_branch() {
    let stage = stage().await;
    let fix = fix();
    stage.open(&fix).await.unwrap();
    let read =
        async |commit: &str, path: &str| stage.text_at("acme/web/shop", (commit, path)).await;
    assert_eq!(read("main", "infra/main.tf").await.unwrap().as_deref(), Some(TF));
    assert_eq!(read(&branch(&fix), "infra/main.tf").await.unwrap().as_deref(), Some(FIXED));
    assert_eq!(read("main", "infra/none.tf").await.unwrap(), None);
}
