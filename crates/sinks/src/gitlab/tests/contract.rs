//! All requests of a round are ones that the vendor describes, and a dry run shows them.

use serde_json::Value;

use super::*;

/// What GitLab has and the copy of its description does not: calls, and paging of notes, which all
/// its lists have.
const LEFT_OUT: [&str; 5] = [
    // It has it as JSON, which no GitLab takes.
    "POST /api/v4/projects/acme%2Fweb%2Fshop/uploads",
    "GET /api/v4/user is",
    "GET /api/v4/projects/acme%2Fweb%2Fshop/repository/files/",
    "GET /api/v4/projects/acme%2Fweb%2Fshop/repository/compare is",
    "GET /api/v4/projects/acme%2Fweb%2Fshop/issues/2/notes has no parameter `per_page`",
];

#[tokio::test]
async fn the_vendor_and_our_own_description_allow_every_request() {
    let stage = stage().await;
    let mut fix = fix();
    let merge = stage.open(&fix).await.unwrap();
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    stage.edit(&fix, &merge).await.unwrap();
    stage.host.rewrite(1, "by hand");
    assert_eq!(stage.open(&fix).await.unwrap(), merge);
    let issue = stage.open(&with_file("{}")).await.unwrap();
    stage.edit(&with_file("[]"), &issue).await.unwrap();
    stage.round(&fix.key, [&merge, &issue]).await;
    let ours = include_str!("../../../../testkit/src/sinks/gitlab/contract.json");
    let count = stage.described(ours, "gitlab", &LEFT_OUT);
    assert!(count > 30, "{count}");
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent() {
    let stage = stage().await;
    let mut fix = fix();
    fix.change.as_mut().unwrap().base_commit = Some("0".repeat(40));
    let act = Act::Open { letter: Box::new(fix.clone()) };
    let drafts = stage.sink.drafts(&Wanted { key: &fix.key, act: &act, remote: None }).unwrap();
    assert_eq!(stage.double.ledger.count(), 0);
    stage.open(&fix).await.unwrap();
    let sent = stage.double.ledger.of("POST");
    assert_eq!(drafts.len(), sent.len());
    for (draft, sent) in drafts.iter().zip(&sent) {
        assert_eq!(format!("{} {}", draft.method, draft.target), sent.what);
        let mut shown: Value = serde_json::from_str(&draft.body).unwrap();
        let mut real: Value = serde_json::from_slice(&sent.body).unwrap();
        // The head of the base is known when it is sent.
        for body in [&mut shown, &mut real] {
            body.as_object_mut()
                .unwrap()
                .retain(|name, _| !matches!(name.as_str(), "start_sha" | "commit_message"));
        }
        assert_eq!(shown, real);
    }
}
