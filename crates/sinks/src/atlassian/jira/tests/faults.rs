//! Lost answers, refusals, and that nothing is made twice.

use std::time::Duration;

use quell_deliver::outbox::Outcome;
use quell_testkit::double::Fault;
use quell_testkit::net::Answer;
use quell_testkit::sinks::JiraWorkflow;
use serde_json::json;

use super::*;

/// An answer of Jira's, with a body.
fn answered(status: u16, body: &str) -> Fault {
    Fault::Answer(Answer::new(status, body).header("content-type", "application/json"))
}

/// Whether the issue was made, though its answer was lost.
async fn lost(options: &[(&str, &str)], fault: Fault) -> bool {
    let stage = stage(options).await;
    stage.jira.set(|settings| settings.lag = 2);
    stage.double.script.add("/issue?", 1, fault);
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    let open = testing::open("x");
    let find = async || testing::find(&*stage.sink, ("fix:abc", &open), None).await.unwrap();
    assert_eq!((find().await, find().await), (None, None));
    let found = find().await;
    assert_eq!(found.is_some(), stage.jira.issues().len() == 1);
    found.is_some()
}

#[tokio::test]
async fn an_issue_whose_answer_was_lost_is_found_in_spite_of_the_index() {
    for options in [CLOUD, DATA_CENTER] {
        assert!(lost(options, Fault::Lost).await);
        assert!(lost(options, Fault::Cut(9)).await);
        assert!(!lost(options, answered(502, "<html>bad gateway</html>")).await);
    }
}

#[tokio::test]
async fn a_copy_that_somebody_made_is_not_taken_for_the_issue() {
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    stage.jira.copy_before(&remote.id);
    let found = testing::find(&*stage.sink, ("fix:abc", &testing::open("x")), None).await.unwrap();
    assert_eq!(found, Some(remote));
}

#[tokio::test]
async fn a_lost_comment_is_found_by_its_mark_and_only_the_logins_own_counts() {
    for options in [CLOUD, DATA_CENTER] {
        let stage = stage(options).await;
        let remote = stage.open("x").await.unwrap();
        let note = testing::note("x");
        let mark = testing::key("note").mark();
        let quoted = if options == CLOUD {
            json!({"type": "doc", "version": 1, "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": mark}]}]})
        } else {
            json!(mark)
        };
        stage.jira.comment_by_hand(&remote.id, quoted);
        let find =
            async || testing::find(&*stage.sink, ("note", &note), Some(&remote)).await.unwrap();
        assert_eq!(find().await, None);
        stage.double.script.add("/comment?", 1, Fault::Lost);
        let error = testing::act(&*stage.sink, ("note", &note), Some(&remote)).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
        assert_eq!(find().await, Some(remote.clone()));
    }
}

#[tokio::test]
async fn closing_is_taken_up_where_it_was_cut() {
    for part in ["/comment", "/transitions"] {
        let stage = stage(CLOUD).await;
        let remote = stage.open("x").await.unwrap();
        // The first request of that path is a question; it is put again.
        stage.double.script.add(part, 2, Fault::Lost);
        let close = testing::close("x");
        let find =
            async || testing::find(&*stage.sink, ("close", &close), Some(&remote)).await.unwrap();
        let error = stage.close(&remote).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_) | Outcome::Later(..)), "{error}");
        stage.double.script.clear();
        if find().await.is_none() {
            stage.close(&remote).await.unwrap();
        }
        assert_eq!(find().await, Some(remote.clone()));
        let issue = stage.jira.one(&remote.id).unwrap();
        assert_eq!((issue.category, issue.comments.len()), ("done", 1), "{part}");
        // Once more changes nothing.
        stage.close(&remote).await.unwrap();
        assert_eq!(stage.jira.one(&remote.id).unwrap().comments.len(), 1);
    }
}

#[tokio::test]
async fn a_priority_that_the_screen_does_not_have_is_left_out_and_told() {
    for options in [CLOUD, DATA_CENTER] {
        let stage = stage(options).await;
        stage.jira.set(|settings| {
            settings.screen.remove("priority");
            settings.people.clear();
        });
        let remote = stage.open("x").await.unwrap();
        let issue = stage.jira.one(&remote.id).unwrap();
        assert!(!issue.fields.contains_key("priority") && !issue.fields.contains_key("assignee"));
        let told = issue.fields["description"].to_string();
        assert!(told.contains("Not set here"), "{told}");
        assert!(told.contains("not on the appropriate screen"), "{told}");
        assert_eq!(stage.jira.issues().len(), 1);
    }
}

#[tokio::test]
async fn what_jira_needs_and_does_not_get_is_refused_by_name() {
    let stage = stage(CLOUD).await;
    stage.jira.set(|settings| {
        settings.required.insert("customfield_10010", "Team");
        settings.screen.remove("priority");
    });
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
    assert!(error.to_string().contains("`customfield_10010`: Team is required"), "{error}");
    assert_eq!(stage.double.ledger.of("POST").len(), 1, "it is not tried again");
    let options = [("field.customfield_10010", r#"{"value":"Security"}"#)];
    let plan = testing::plan(&stage.double.url(), &stage.login, &options);
    let sink = testing::connect(&super::super::KIND, plan);
    testing::act(&*sink, ("fix:abc", &testing::open("x")), None).await.unwrap();
    assert_eq!(stage.jira.issues()[0].fields["customfield_10010"], json!({"value": "Security"}));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let stage = stage(CLOUD).await;
    stage.jira.set(|settings| settings.project = "OPS".to_owned());
    let error = stage.open("x").await.unwrap_err();
    assert!(error.to_string().contains("`project`: valid project is required"), "{error}");
    assert!(matches!(stage.sink.test().await, Err(SinkError::Setting { name: "project", .. })));
    stage.jira.set(|settings| settings.project = "SEC".to_owned());
    stage.jira.set(|settings| settings.archived = true);
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(&error, SinkError::Refused(said) if said.contains("archived")), "{error}");
    stage.jira.set(|settings| settings.archived = false);
    stage.jira.set(|settings| {
        settings.rights.remove("CREATE_ISSUES");
    });
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(&error, SinkError::Forbidden { right, .. } if right == "CREATE_ISSUES"));
    let gone = Remote { id: "99".to_owned(), name: "SEC-99".to_owned(), url: None };
    let error = stage.close(&gone).await.unwrap_err();
    assert!(matches!(error, SinkError::Gone(_)), "{error}");
    let odd = Remote { id: "../myself".to_owned(), name: String::new(), url: None };
    assert!(matches!(stage.close(&odd).await, Err(SinkError::Refused(_))));
}

#[tokio::test]
async fn a_workflow_without_a_way_says_so_and_nothing_is_said_in_the_issue() {
    for (workflow, words) in [
        (JiraWorkflow::Endless, "no transition from here to a status of the category done"),
        (JiraWorkflow::Resolution(vec!["Duplicate"]), "none that it allows means done"),
        (JiraWorkflow::Field("customfield_9"), "set `field.customfield_9`"),
    ] {
        let stage = stage(CLOUD).await;
        let remote = stage.open("x").await.unwrap();
        stage.jira.set(|settings| settings.workflow = workflow);
        let error = stage.close(&remote).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(stage.jira.one(&remote.id).unwrap().comments.is_empty());
    }
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    stage.jira.set(|settings| settings.workflow = JiraWorkflow::Final);
    stage.close(&remote).await.unwrap();
    let error = testing::act(&*stage.sink, ("back", &testing::reopen("x")), Some(&remote)).await;
    assert!(error.unwrap_err().to_string().contains("to do or in progress"));
}

#[tokio::test]
async fn limits_are_kept_in_jiras_own_words() {
    let stage = stage(CLOUD).await;
    let limit = |name: &str, value: &str| {
        let answer = Answer::new(429, "").header("ratelimit-reason", "jira-per-issue-on-write");
        Fault::Answer(answer.header(name, value))
    };
    stage.double.script.add("/issue?", 1, limit("x-ratelimit-reset", "2026-11-21T12:05Z"));
    let error = stage.open("x").await.unwrap_err();
    let Outcome::Later(wait, said) = error.outcome() else { panic!("{error}") };
    assert_eq!(wait, Some(Duration::from_secs(300)));
    assert!(said.contains("jira-per-issue-on-write"), "{said}");
    stage.double.script.add("/issue?", 1, limit("retry-after", "1"));
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(Some(_), _)), "{error}");
    assert!(stage.jira.issues().is_empty());
}

#[tokio::test]
async fn a_login_is_read_again_once_and_told_without_its_secret() {
    let stage = stage(CLOUD).await;
    stage.login.set(&["an-old-token", "jira-token-of-the-double"]);
    stage.open("x").await.unwrap();
    stage.login.set(&["a-wrong-secret"]);
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error}");
    assert!(!format!("{error} {error:?} {:?}", stage.sink).contains("a-wrong-secret"));
    assert_eq!(stage.jira.issues().len(), 1);
}

#[tokio::test]
async fn what_stands_beside_an_issue_never_makes_it_twice() {
    let stage = stage(CLOUD).await;
    stage.jira.set(|settings| {
        settings.rights.remove("CREATE_ATTACHMENTS");
        settings.rights.remove("LINK_ISSUES");
    });
    let remote = stage.open("x").await.unwrap();
    let issue = stage.jira.one(&remote.id).unwrap();
    assert_eq!((issue.files.len(), issue.links.len(), issue.comments.len()), (0, 0, 1));
    assert!(issue.comments[0].body.to_string().contains("evidence.json"));
}

#[tokio::test]
async fn a_question_that_fails_leaves_nothing_in_doubt() {
    let stage = stage(CLOUD).await;
    let remote = stage.open("x").await.unwrap();
    stage.double.script.add("fields=status", 2, answered(503, ""));
    let error = stage.close(&remote).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(..)), "{error}");
    assert!(stage.jira.one(&remote.id).unwrap().comments.is_empty());
}
