//! Pull requests: one commit, one branch, and nothing of people's overwritten.

use quell_deliver::outbox::Act;
use quell_testkit::sinks::blob_id;

use super::*;
use crate::testing::hostile::payloads;
use crate::{Gone, Phase};

#[tokio::test]
async fn a_fix_becomes_one_draft_with_one_commit() {
    let stage = stage().await;
    let mut fix = fix();
    let change = fix.change.as_mut().unwrap();
    change.files.push(quell_deliver::letter::ChangedFile {
        path: "scripts/check.sh".to_owned(),
        before: None,
        after: "#!/bin/sh\n".to_owned(),
        executable: true,
    });
    let remote = stage.open(&fix).await.unwrap();
    assert_eq!((remote.id.as_str(), remote.name.as_str()), ("acme/shop/pull/1", "acme/shop#1"));
    let threads = stage.host.threads();
    assert_eq!(threads.len(), 1);
    let pull = &threads[0];
    assert!(pull.draft && pull.title.starts_with("Open bucket `logs`"));
    assert_eq!(pull.labels, ["quell", "prod"]);
    assert!(pull.body.contains(&format!("<!-- {} -->", fix.key.mark())));
    let branch = branch(&fix);
    assert_eq!(pull.branch.as_deref(), Some(branch.as_str()));
    let commits = stage.host.commits(&branch);
    assert_eq!(commits.len(), 1, "{commits:?}");
    assert!(commits[0].1.starts_with("Close the bucket\n\nQuell-Change: quell-"));
    assert_eq!(stage.host.brings(&branch), ["infra/main.tf", "scripts/check.sh"]);
    assert_eq!(stage.host.text(&branch, "infra/main.tf").as_deref(), Some(FIXED));
    assert_eq!(stage.host.mode(&branch, "scripts/check.sh").as_deref(), Some("100755"));
    // The same once more makes nothing more.
    assert_eq!(stage.open(&fix).await.unwrap().id, remote.id);
    assert_eq!((stage.host.threads().len(), stage.host.commits(&branch).len()), (1, 1));
}

#[tokio::test]
async fn a_base_that_moved_under_the_change_is_refused() {
    for (path, text, moved) in
        [("infra/main.tf", "# other\n", true), ("README.md", "more\n", false)]
    {
        let stage = stage().await;
        stage.host.push("main", path, text);
        let opened = stage.open(&fix()).await;
        if moved {
            let said = refused(&opened.unwrap_err());
            assert!(said.contains("the base moved: the fix must be made anew"), "{said}");
            assert_eq!((stage.host.threads().len(), stage.host.branches().len()), (0, 1));
        } else {
            opened.unwrap();
            assert_eq!(stage.host.brings(&branch(&fix())), ["infra/main.tf"]);
        }
    }
    // A new file that stands there already, and one that is not there any more.
    let stage = stage().await;
    for (path, before) in [("README.md", None), ("gone.tf", Some(blob_id("x")))] {
        let mut fix = fix();
        let file = &mut fix.change.as_mut().unwrap().files[0];
        path.clone_into(&mut file.path);
        file.before = before;
        let said = refused(&stage.open(&fix).await.unwrap_err());
        assert!(said.contains("the base moved") && said.contains(path), "{said}");
    }
}

#[tokio::test]
async fn an_edit_adds_a_commit_until_somebody_else_committed() {
    let stage = stage().await;
    let mut fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let branch = branch(&fix);
    // The text alone: the files are the same.
    fix.title = Line::own("Another title");
    stage.edit(&fix, &remote).await.unwrap();
    assert_eq!(stage.host.threads()[0].title, "Another title");
    assert_eq!(stage.host.commits(&branch).len(), 1);
    // The base moves elsewhere, and the fix is made anew: the pull request still brings the file alone.
    stage.host.push("main", "README.md", "more\n");
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    stage.edit(&fix, &remote).await.unwrap();
    assert_eq!(stage.host.commits(&branch).len(), 2);
    assert_eq!(stage.host.brings(&branch), ["infra/main.tf"]);
    assert_eq!(stage.host.text(&branch, "README.md").as_deref(), Some("more\n"));
    // A person commits.
    stage.host.push(&branch, "infra/other.tf", "# by hand\n");
    let head = stage.host.head(&branch);
    fix.change.as_mut().unwrap().files[0].after = "# fourth\n".to_owned();
    let said = refused(&stage.edit(&fix, &remote).await.unwrap_err());
    assert!(said.contains("mona") && said.contains("not overwritten"), "{said}");
    assert_eq!(stage.host.head(&branch), head);
}

#[tokio::test]
async fn what_a_person_forced_on_the_branch_stays() {
    let stage = stage().await;
    let mut fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let branch = branch(&fix);
    // Amended: the message is Quell's, the tree is not.
    stage.host.force_push(&branch, "infra/main.tf", "# by hand\n");
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    refused(&stage.edit(&fix, &remote).await.unwrap_err());
    assert_eq!(stage.host.text(&branch, "infra/main.tf").as_deref(), Some("# by hand\n"));
}

#[tokio::test]
async fn a_branch_of_somebody_else_is_not_taken() {
    let stage = stage().await;
    let fix = fix();
    stage.host.push(&branch(&fix), "x", "y");
    refused(&stage.open(&fix).await.unwrap_err());
    stage.host.open_by_hand(&branch(&fix), "mine");
    let said = refused(&stage.open(&fix).await.unwrap_err());
    assert!(said.contains("did not make"), "{said}");
    assert_eq!(stage.host.threads().len(), 1);
}

#[tokio::test]
async fn paths_and_repositories_are_held_in_bounds() {
    let stage = stage().await;
    for (path, words) in [
        ("../x", "no path"),
        (".git/hooks/x", "no path"),
        (".github/workflows/ci.yml", "Workflows: write"),
    ] {
        let mut fix = fix();
        path.clone_into(&mut fix.change.as_mut().unwrap().files[0].path);
        let said = refused(&stage.open(&fix).await.unwrap_err());
        assert!(said.contains(words), "{said}");
    }
    let mut elsewhere = fix();
    elsewhere.change.as_mut().unwrap().repository = "acme/other".to_owned();
    assert!(refused(&stage.open(&elsewhere).await.unwrap_err()).contains("repositories"));
    assert_eq!(stage.double.ledger.count(), 0);
    // Allowed here, but not there.
    let stage = staged(&[("workflows", "true")]).await;
    let mut fix = fix();
    let file = &mut fix.change.as_mut().unwrap().files[0];
    (file.path, file.before) = (".github/workflows/ci.yml".to_owned(), None);
    let error = stage.open(&fix).await.unwrap_err();
    assert!(matches!(error, SinkError::Forbidden { .. }), "{error}");
    assert!(error.to_string().contains("workflows"), "{error}");
    stage.host.give_right("workflows");
    stage.open(&fix).await.unwrap();
}

#[tokio::test]
async fn a_pull_request_is_followed() {
    let stage = stage().await;
    let fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.gone), (Phase::New, Gone::No));
    assert_eq!(standing.remote, remote);
    let code = stage.sink.code(&remote).await.unwrap().unwrap();
    assert_eq!(Some(&code.head), stage.host.head(&branch(&fix)).as_ref());
    assert_eq!((code.mergeable, code.draft, code.merged_at), (Some(true), true, None));
    stage.host.push("main", "infra/main.tf", "# other\n");
    assert_eq!(stage.sink.code(&remote).await.unwrap().unwrap().mergeable, Some(false));
    stage.host.merge(1);
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Done, false));
    assert_eq!(standing.resolution.as_deref(), Some("merged"));
    let code = stage.sink.code(&remote).await.unwrap().unwrap();
    assert_eq!(code.merged_by.as_deref(), Some("mona"));
    assert_eq!(code.merge_commit, stage.host.head("main"));
    // What was merged is not made again, and not opened again.
    stage.host.delete_branch(&branch(&fix));
    assert_eq!(stage.open(&fix).await.unwrap().id, remote.id);
    let act = Act::Reopen { body: body("It came back") };
    assert!(
        refused(&stage.act(&fix.key, act, Some(&remote)).await.unwrap_err()).contains("merged")
    );
}

#[tokio::test]
async fn closed_by_hand_is_declined_and_stays_so() {
    let stage = stage().await;
    let fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    stage.host.close_by_hand(1, "not_planned");
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Declined, false));
    let act = Act::Close { body: body("Gone at the source") };
    stage.act(&fix.key, act, Some(&remote)).await.unwrap();
    assert!(stage.double.ledger.of("PATCH").is_empty());
    assert_eq!(stage.host.threads()[0].comments.len(), 1);
    stage.host.delete_branch(&branch(&fix));
    let act = Act::Reopen { body: body("It came back") };
    let said = refused(&stage.act(&fix.key, act, Some(&remote)).await.unwrap_err());
    assert!(said.contains("branch was deleted"), "{said}");
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent() {
    let stage = stage().await;
    let fix = fix();
    let act = Act::Open { letter: Box::new(fix.clone()) };
    let wanted = Wanted { key: &fix.key, act: &act, remote: None };
    let drafts = stage.sink.drafts(&wanted).unwrap();
    assert_eq!(stage.double.ledger.count(), 0);
    stage.open(&fix).await.unwrap();
    let sent = stage.double.ledger.of("POST");
    assert_eq!(drafts.len(), sent.len());
    for (draft, sent) in drafts.iter().zip(&sent) {
        let target = draft.target.replace("{number}", "1");
        assert_eq!(format!("{} {target}", draft.method), sent.what);
        let mut shown: serde_json::Value = serde_json::from_str(&draft.body).unwrap();
        let mut real: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        // What only GitHub could tell stands as a name.
        let named: Vec<String> = shown
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, value)| *name != "tree" || value.is_string())
            .filter(|(_, value)| value.to_string().contains('{'))
            .map(|(name, _)| name.clone())
            .collect();
        for body in [&mut shown, &mut real] {
            body.as_object_mut().unwrap().retain(|name, _| !named.contains(name));
        }
        assert_eq!(shown, real, "{}", draft.target);
    }
}

#[tokio::test]
async fn no_data_becomes_more_than_data_on_its_way() {
    let stage = stage().await;
    for (at, payload) in payloads().iter().enumerate().step_by(9) {
        let mut fix = letter(payload, fix().change);
        fix.key = Key::new(&quell_model::TenantId::default(), "github", &format!("fix:{at}"), 0);
        stage.open(&fix).await.unwrap();
        let pull = stage.host.threads().pop().unwrap();
        assert_eq!(pull.body.matches("<!--").count(), 1, "{payload:?}");
    }
}
