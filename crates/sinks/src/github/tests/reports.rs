//! Check runs, SARIF and comments on lines, against the double.

use quell_deliver::outbox::{Act, OnDoubt};
use quell_deliver::review::{Conclusion, Remark, Review};
use quell_deliver::text::Span;
use serde_json::json;

use super::*;

fn remark(line: u32) -> Remark {
    let text = Line::own("It is ").and(Span::Data("open\u{202e}bucket @all <!-- x -->".into()));
    stage::remark("infra/main.tf", line, line.is_multiple_of(2), text)
}

fn review(remarks: u32) -> Review {
    stage::review("acme/shop", None, (0..remarks).map(remark).collect())
}

fn document() -> String {
    let run = json!({"tool": {"driver": {"name": "Quell"}}, "results": []});
    json!({"version": "2.1.0", "runs": [run]}).to_string()
}

#[tokio::test]
async fn a_check_run_has_all_remarks_once() {
    for remarks in [0, 50, 120] {
        let stage = staged(&[("app_id", GithubDouble::APP)]).await;
        let commit = stage.host.head("main").unwrap();
        let review = Review { commit: Some(commit.clone()), ..review(remarks) };
        for _ in 0..2 {
            let made = stage.review(&review, None).await.unwrap().unwrap();
            assert_eq!(made.id, format!("acme/shop/commit/{commit}"));
        }
        let runs = stage.host.check_runs();
        let notes = runs[0].pointer("/output/annotations").and_then(|v| v.as_array()).unwrap();
        assert_eq!((runs.len(), notes.len()), (1, usize::try_from(remarks).unwrap()));
        let shown = "It is open\\u{202e}bucket @all <!-- x -->";
        assert!(notes.iter().all(|note| note["message"] == shown), "{notes:?}");
    }
}

#[tokio::test]
async fn a_delivered_request_gets_its_proof_as_a_check_of_its_head() {
    let stage = staged(&[("app_id", GithubDouble::APP)]).await;
    let fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let review = Review { conclusion: Conclusion::Success, ..review(0) };
    assert_eq!(stage.review(&review, Some(&remote)).await.unwrap(), Some(remote));
    let runs = stage.host.check_runs();
    assert_eq!(runs[0]["head_sha"], json!(stage.host.head(&branch(&fix)).unwrap()));
    assert_eq!((runs.len(), &runs[0]["conclusion"]), (1, &json!("success")));
    assert!(stage.host.threads()[0].comments.is_empty());
}

#[tokio::test]
async fn a_token_says_nothing_twice_of_its_own_request() {
    let stage = stage().await;
    let remote = stage.open(&fix()).await.unwrap();
    let act = Act::Review { review: Box::new(review(0)) };
    let made = stage.act(&key_of("review"), act, Some(&remote)).await.unwrap();
    assert_eq!(made, Some(remote));
    assert!(stage.host.check_runs().is_empty());
    assert!(stage.host.threads()[0].comments.is_empty());
}

#[tokio::test]
async fn sarif_is_packed_and_followed_to_its_end() {
    let stage = stage().await;
    let commit = stage.host.head("main").unwrap();
    let review = Review {
        commit: Some(commit),
        branch: Some("main".to_owned()),
        sarif: Some(document().into()),
        ..review(0)
    };
    stage.review(&review, None).await.unwrap();
    assert_eq!(stage.host.sarifs(), [document()]);
    let none = Review { sarif: Some("{\"runs\": [{}, {}]}".into()), ..review.clone() };
    let said = refused(&stage.review(&none, None).await.unwrap_err());
    assert!(said.contains("same tool"), "{said}");
    stage.host.remove_right("security_events");
    let error = stage.review(&review, None).await.unwrap_err();
    assert!(matches!(error, SinkError::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn a_line_is_commented_once_and_only_in_the_change() {
    let stage = stage().await;
    let fix = fix();
    stage.open(&fix).await.unwrap();
    let mut review = Review { pull: Some(1), ..review(3) };
    review.remarks[1].path = "README.md".to_owned();
    review.remarks[2].path = "../etc/passwd".to_owned();
    for commit in [None, stage.host.head(&branch(&fix))] {
        let review = Review { commit, ..review.clone() };
        stage.review(&review, None).await.unwrap();
    }
    let said = stage.host.review_comments(1);
    assert_eq!((said.len(), said[0].1), (1, 1), "{said:?}");
    assert!(said[0].2.contains("`open\\u{202e}bucket @all"), "{said:?}");
    let notes = stage.host.threads()[0].comments.clone();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("2 remarks are on lines that this request does not change"));
}

#[tokio::test]
async fn a_review_of_another_commit_than_the_head_is_refused() {
    let stage = stage().await;
    stage.open(&fix()).await.unwrap();
    let review = Review { pull: Some(1), commit: stage.host.head("main"), ..review(1) };
    let said = refused(&stage.review(&review, None).await.unwrap_err());
    assert!(said.contains("check out its head"), "{said}");
    assert!(stage.host.review_comments(1).is_empty());
}

#[tokio::test]
async fn a_comment_whose_answer_is_lost_is_found_and_not_made_again() {
    let stage = stage().await;
    stage.open(&fix()).await.unwrap();
    stage.host.spoil("POST /repos/acme/shop/pulls/1/comments", None);
    let review = Review { pull: Some(1), ..review(3) };
    let act = Act::Review { review: Box::new(review) };
    let key = key_of("review");
    let error = stage.act(&key, act.clone(), None).await.unwrap_err();
    assert!(matches!(error.outcome(), quell_deliver::outbox::Outcome::Lost(_)), "{error}");
    assert!(matches!(stage.sink.on_doubt(act.kind()), OnDoubt::Look { .. }));
    assert_eq!(stage.find(&key, act.clone(), None).await.unwrap(), None);
    stage.act(&key, act.clone(), None).await.unwrap();
    assert!(stage.find(&key, act, None).await.unwrap().is_some());
    let said = stage.host.review_comments(1);
    assert_eq!(said.len(), 3, "{said:?}");
}

#[tokio::test]
async fn a_file_is_read_as_it_is_at_a_commit_or_a_branch() {
    let stage = stage().await;
    let fix = fix();
    stage.open(&fix).await.unwrap();
    let read = async |commit: &str, path: &str| stage.text_at("acme/shop", (commit, path)).await;
    assert_eq!(read("main", "infra/main.tf").await.unwrap().as_deref(), Some(TF));
    assert_eq!(read(&branch(&fix), "infra/main.tf").await.unwrap().as_deref(), Some(FIXED));
    assert_eq!(read("main", "infra/none.tf").await.unwrap(), None);
    assert!(read("main", "infra").await.is_err());
    assert!(read("main", "../x").await.is_err());
}

#[tokio::test]
async fn the_vendor_describes_what_is_said_of_code() {
    let stage = staged(&[("app_id", GithubDouble::APP)]).await;
    stage.open(&fix()).await.unwrap();
    stage.double.ledger.clear();
    let review = Review { pull: Some(1), sarif: Some(document().into()), ..review(60) };
    stage.review(&review, None).await.unwrap();
    if let Some(vendor) = quell_testkit::sinks::Contract::of_vendor("github") {
        let (count, wrong) = vendor.check_all(&stage.double.ledger, "");
        assert!(count > 6 && wrong.is_empty(), "{count} {wrong:?}");
    }
    // A dry run shows what is sent.
    let act = Act::Review { review: Box::new(review) };
    let drafts = stage.sink.drafts(&Wanted { key: &key_of("review"), act: &act, remote: None });
    let drafts = drafts.unwrap();
    assert_eq!(drafts.len(), 52);
    assert!(drafts[1].body.contains("{head}"), "{}", drafts[1].body);
}
