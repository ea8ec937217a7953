//! The sink against the double, over HTTP on loopback.

use std::sync::Arc;

use quell_deliver::outbox::{Outcome, Remote};
use quell_testkit::double::{Double, Fault};
use quell_testkit::sinks::{JSM_DESK, JSM_REQUEST_TYPE, JiraDouble, JiraWorkflow};
use serde_json::{Value, json};

use super::super::testing::{self, Hands, Login};
use crate::testing::hostile::PAYLOADS;
use crate::{Phase, RightState, Sink, SinkError, Wanted};

const JIRA: &str = include_str!("../../../../testkit/src/sinks/jira/contract.json");
const DESK: &str = include_str!("../../../../testkit/src/sinks/jsm/contract.json");

/// A service desk and a sink for it.
struct Stage {
    jira: Arc<JiraDouble>,
    double: Double,
    sink: Box<dyn Sink>,
}

async fn stage(options: &[(&str, &str)]) -> Stage {
    let jira = Arc::new(JiraDouble::new(Arc::new(Hands::new())));
    let data_center = options.contains(&("edition", "data-center"));
    jira.set(|settings| settings.data_center = data_center);
    let settings = jira.settings();
    let double = Double::start(Arc::clone(&jira) as _).await.unwrap();
    let login = Login::new(&settings.user, &settings.token);
    let usual = [("desk", JSM_DESK), ("request_type", JSM_REQUEST_TYPE)];
    let options: Vec<(&str, &str)> = usual.iter().chain(options).copied().collect();
    let sink = testing::connect(&super::KIND, testing::plan(&double.url(), &login, &options));
    Stage { jira, double, sink }
}

impl Stage {
    async fn open(&self, data: &str) -> Result<Remote, SinkError> {
        let made = testing::act(&*self.sink, ("fix:abc", &testing::open(data)), None).await?;
        Ok(made.unwrap())
    }

    async fn find(&self) -> Option<Remote> {
        testing::find(&*self.sink, ("fix:abc", &testing::open("x")), None).await.unwrap()
    }
}

const DATA_CENTER: &[(&str, &str)] = &[("edition", "data-center")];

/// Both descriptions as one, since a request is an issue too.
fn both(one: &str, other: &str) -> String {
    let mut one: Value = serde_json::from_str(one).unwrap();
    let other: Value = serde_json::from_str(other).unwrap();
    let paths = one["paths"].as_object_mut().unwrap();
    paths.extend(other["paths"].as_object().unwrap().clone());
    one.to_string()
}

#[tokio::test]
async fn a_whole_round_shows_customers_nothing_but_the_request() {
    for options in [&[][..], DATA_CENTER] {
        let stage = stage(options).await;
        let sink = &*stage.sink;
        let remote = stage.open("logs-bucket").await.unwrap();
        assert_eq!(remote.name, "SEC-1");
        testing::act(sink, ("note", &testing::note("x")), Some(&remote)).await.unwrap();
        testing::act(sink, ("edit", &testing::edit("other")), Some(&remote)).await.unwrap();
        for (subject, act, phase) in [
            ("close", testing::close("x"), Phase::Done),
            ("reopen", testing::reopen("x"), Phase::New),
        ] {
            testing::act(sink, (subject, &act), Some(&remote)).await.unwrap();
            let found = testing::find(sink, (subject, &act), Some(&remote)).await.unwrap();
            assert_eq!(found.as_ref(), Some(&remote));
            let standing = sink.read(&remote).await.unwrap().unwrap();
            assert_eq!((standing.phase, standing.phase_by_us), (phase, true));
        }
        assert_eq!(stage.find().await, Some(remote.clone()));
        let issue = stage.jira.one(&remote.id).unwrap();
        assert_eq!(issue.comments.len(), 3);
        assert!(issue.comments.iter().all(|comment| !comment.public));
        assert_eq!(issue.labels()[0], testing::key("fix:abc").mark());
        assert_eq!(issue.properties["quell"], json!({"key": testing::key("fix:abc").as_str()}));
        assert_eq!(issue.fields["priority"], json!({"name": "Highest"}));
        assert_eq!((issue.files.len(), issue.links.len()), (2, 1));
        let rights = sink.test().await.unwrap();
        assert!(rights.iter().all(|right| right.state == RightState::Held), "{rights:?}");
        testing::hold(&stage.double.ledger, (&both(JIRA, DESK), "none"), &[]);
        // The vendor's files describe Cloud alone, each its part.
        if options.is_empty() {
            let platform = ["/mypermissions", "/rest/servicedeskapi"];
            testing::hold(&stage.double.ledger, (&both(JIRA, DESK), "jira"), &platform);
            // A file's form has no body in the vendor's description, though it needs one.
            let desk = ["/rest/api/", "/attachTemporaryFile"];
            testing::hold(&stage.double.ledger, (&both(JIRA, DESK), "jsm"), &desk);
        }
    }
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_found_by_its_text() {
    for options in [&[][..], DATA_CENTER] {
        let stage = stage(options).await;
        stage.jira.set(|settings| settings.lag = 1);
        stage.double.script.add("/servicedeskapi/request?", 1, Fault::Lost);
        let error = stage.open("x").await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
        assert_eq!(stage.find().await, None);
        assert_eq!(stage.find().await.unwrap().name, "SEC-1");
        assert_eq!(stage.jira.issues().len(), 1);
    }
}

#[tokio::test]
async fn what_follows_a_request_never_makes_it_twice() {
    let stage = stage(&[]).await;
    stage.jira.set(|settings| {
        settings.rights.remove("EDIT_ISSUES");
        settings.rights.remove("CREATE_ATTACHMENTS");
    });
    let remote = stage.open("x").await.unwrap();
    let issue = stage.jira.one(&remote.id).unwrap();
    assert_eq!((issue.comments.len(), issue.comments[0].public), (1, false));
    assert_eq!(stage.find().await, Some(remote));
    assert_eq!(stage.jira.issues().len(), 1);
}

#[tokio::test]
async fn refusals_name_what_is_wrong() {
    let stage = stage(&[("customer", "account-nobody")]).await;
    let error = stage.open("x").await.unwrap_err();
    assert!(error.to_string().contains("customer is not in the project"), "{error}");
    let stage = self::stage(&[]).await;
    stage.jira.set(|settings| {
        settings.required.insert("customfield_1", "Team");
    });
    let error = stage.open("x").await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Refused(said) if said.contains("customfield_1")),
        "{error}"
    );
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().any(|right| right.name == "field customfield_1"));
    let stage = self::stage(&[("desk", "8")]).await;
    let error = stage.open("x").await.unwrap_err();
    assert!(matches!(&error, SinkError::Refused(said) if said.contains("`desk`")), "{error}");
    assert!(matches!(stage.sink.test().await, Err(SinkError::Setting { name: "desk", .. })));
}

#[tokio::test]
async fn a_workflow_without_a_way_says_so() {
    let stage = stage(&[]).await;
    let remote = stage.open("x").await.unwrap();
    stage.jira.set(|settings| settings.workflow = JiraWorkflow::Endless);
    let close = testing::close("x");
    let error = testing::act(&*stage.sink, ("close", &close), Some(&remote)).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
}

#[tokio::test]
async fn a_dry_run_shows_what_is_sent() {
    let stage = stage(&[]).await;
    let (key, act) = (testing::key("fix:abc"), testing::open("logs-bucket"));
    let drafts = stage.sink.drafts(&Wanted { key: &key, act: &act, remote: None }).unwrap();
    assert_eq!(stage.double.ledger.count(), 0);
    let remote = stage.open("logs-bucket").await.unwrap();
    let sent = stage.double.ledger.of("");
    assert_eq!(drafts.len(), sent.len());
    for (draft, sent) in drafts.iter().zip(sent) {
        let target = draft.target.replace("{issue}", &remote.id);
        let target = target.replace(&stage.double.url(), "");
        assert_eq!(format!("{} {target}", draft.method), sent.what);
        let body = String::from_utf8(sent.body).unwrap();
        let same =
            serde_json::from_str::<Value>(&body).ok() == serde_json::from_str(&draft.body).ok();
        assert!(same || draft.body.contains("{file}"), "{body}");
    }
}

#[tokio::test]
async fn no_payload_is_refused_or_shown() {
    let stage = stage(&[]).await;
    let remote = stage.open("x").await.unwrap();
    for (at, payload) in PAYLOADS.iter().enumerate() {
        let subject = format!("note {at}");
        testing::act(&*stage.sink, (&subject, &testing::note(payload)), Some(&remote))
            .await
            .unwrap();
    }
    let issue = stage.jira.one(&remote.id).unwrap();
    assert_eq!(issue.comments.len(), PAYLOADS.len());
    assert!(issue.comments.iter().all(|comment| !comment.public));
}
