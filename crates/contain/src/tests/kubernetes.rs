//! A pod cut off, and a workload scaled to zero.

use quell_testkit::double::Fault;
use quell_testkit::net::Answer;
use serde_json::{Value, json};

use super::*;

const LABEL: &str = "quell.security/contained";

fn isolate() -> Action {
    Action::IsolatePod(IsolatePod {
        cluster: "prod".parse().unwrap(),
        namespace: "shop".parse().unwrap(),
        pod: "web-0".parse().unwrap(),
    })
}

fn scale(workload: Workload) -> Action {
    Action::ScaleToZero(ScaleToZero {
        cluster: "prod".parse().unwrap(),
        namespace: "shop".parse().unwrap(),
        workload,
        name: "web".parse().unwrap(),
    })
}

async fn world() -> World {
    let world = World::start().await;
    world.kube.put_pod("web-0", &json!({"app": "web"}), &json!({"hostNetwork": false}));
    world.kube.put_pod("web-1", &json!({"app": "web"}), &json!({}));
    world.kube.put_policy("deny", &json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    world.kube.put_workload("deployments", "web", 3);
    world.kube.put_workload("statefulsets", "web", 2);
    world
}

/// The pods that a policy selects.
fn selected(world: &World, policy: &Value) -> Vec<&'static str> {
    let wanted = &policy["spec"]["podSelector"]["matchLabels"][LABEL];
    let bears = |pod: &&str| !wanted.is_null() && world.kube.labels(pod)[LABEL] == *wanted;
    ["web-0", "web-1"].into_iter().filter(bears).collect()
}

#[tokio::test]
async fn each_goes_there_and_back() {
    let world = world().await;
    round(&world, &isolate(), Judge::Platform).await;
    round(&world, &scale(Workload::Deployment), Judge::Platform).await;
    round(&world, &scale(Workload::StatefulSet), Judge::Platform).await;
    assert_eq!(world.kube.replicas("deployments", "web"), Some(3));
}

#[tokio::test]
async fn the_policy_selects_this_pod_alone_and_allows_nothing() {
    let world = world().await;
    let containment = world.containment();
    containment.carry_out(approve(&containment, &isolate()).await).await.unwrap();
    let policies = world.kube.policies();
    let own: Vec<&Value> =
        policies.iter().filter(|one| !selected(&world, one).is_empty()).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(selected(&world, own[0]), ["web-0"]);
    assert_eq!(own[0]["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    assert!(own[0]["spec"].get("ingress").is_none() && own[0]["spec"].get("egress").is_none());
}

#[tokio::test]
async fn a_pod_that_other_policies_open_is_not_said_to_be_isolated() {
    let world = world().await;
    let allow = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]});
    world.kube.put_policy("allow-web", &allow);
    world.kube.set_page(1);
    let containment = world.containment();
    let before = containment.look(&isolate()).await.unwrap();
    let error = plan(&isolate(), &before, about("p")).unwrap_err();
    assert!(error.to_string().contains("allow-web"), "{error}");
    assert_eq!(error.class(), Class::Permanent);
    // One that comes between plan and execution is drift.
    world.kube.delete("allow-web");
    let approved = approve(&containment, &isolate()).await;
    world.kube.put_policy("late", &json!({"podSelector": {}, "egress": [{}]}));
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Drifted { .. }), "{failed}");
    assert_eq!((failed.reached, failed.rollback), (Reached::Untouched, None));
}

#[tokio::test]
async fn a_pod_of_the_nodes_network_is_refused() {
    let world = world().await;
    world.kube.put_pod("web-0", &json!({}), &json!({"hostNetwork": true}));
    let before = world.containment().look(&isolate()).await.unwrap();
    assert!(matches!(plan(&isolate(), &before, about("p")), Err(ContainError::Unsuitable(_))));
}

#[tokio::test]
async fn drift_changes_nothing_and_a_heartbeat_is_no_drift() {
    let world = world().await;
    let containment = world.containment();
    let down = scale(Workload::Deployment);
    let approved = approve(&containment, &down).await;
    world.kube.set_replicas("deployments", "web", 5);
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(failed.to_string().contains("it was 3 and is 5"), "{failed}");
    assert_eq!(failed.error.class(), Class::Permanent);
    assert_eq!(world.kube.replicas("deployments", "web"), Some(5));
    // A pod of the same name is another pod.
    let approved = approve(&containment, &isolate()).await;
    world.kube.put_pod("web-0", &json!({"app": "web"}), &json!({}));
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Drifted { part, .. } if part == "uid"));
    assert_eq!(world.kube.labels("web-0"), json!({"app": "web"}));
    // Versions change all the time.
    let approved = approve(&containment, &isolate()).await;
    world.kube.touch_pod("web-0");
    world.kube.race(2);
    assert_eq!(containment.carry_out(approved).await.unwrap().how, How::Changed);
    world.check_contracts();
}

#[tokio::test]
async fn who_writes_all_the_time_is_told_and_nothing_is_forced() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &scale(Workload::Deployment)).await;
    world.kube.race(99);
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Conflict(_)), "{failed}");
    assert_eq!(failed.error.class(), Class::Later(None));
    assert_eq!(failed.reached, Reached::Untouched);
    assert_eq!(world.kube.replicas("deployments", "web"), Some(3));
}

#[tokio::test]
async fn a_lost_answer_is_looked_after_and_nothing_is_done_twice() {
    for lost in ["fieldManager", "networkpolicies?fieldManager", "pods/web-0?fieldManager"] {
        let world = world().await;
        let containment = world.containment();
        let approved = approve(&containment, &isolate()).await;
        world.at[0].script.add(lost, 1, Fault::Lost);
        assert_eq!(containment.carry_out(approved).await.unwrap().how, How::Changed, "{lost}");
        assert_eq!(world.kube.policies().len(), 2);
        assert_eq!(world.at[0].ledger.of("POST /apis").len(), 1);
        world.check_contracts();
    }
}

#[tokio::test]
async fn answers_that_break_are_looked_after() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &scale(Workload::Deployment)).await;
    let record = approved.rollback();
    world.at[0].script.add("scale?fieldManager", 1, Fault::Cut(3));
    assert_eq!(containment.carry_out(approved).await.unwrap().how, How::Changed);
    let broken = || Fault::Answer(Answer::new(502, "bad gateway"));
    world.at[0].script.add("scale?fieldManager", 1, broken());
    assert_eq!(containment.roll_back(&record).await.unwrap(), Undone::RolledBack);
    assert_eq!(world.kube.replicas("deployments", "web"), Some(3));
    // Where it never works, nobody says it did.
    let approved = approve(&containment, &scale(Workload::Deployment)).await;
    world.at[0].script.add("scale?fieldManager", 99, broken());
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert_eq!((failed.reached, failed.error.class()), (Reached::Unknown, Class::Unknown));
    assert_eq!(failed.rollback.as_deref(), Some(&record));
}

#[tokio::test]
async fn a_missing_right_is_named_and_what_was_half_done_can_be_undone() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &isolate()).await;
    let record = approved.rollback();
    world.kube.forbid("patch pods");
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(failed.to_string().contains("`patch pods` is missing"), "{failed}");
    assert_eq!((failed.error.class(), failed.reached), (Class::Permanent, Reached::Partly));
    assert_eq!(containment.stands(&record).await.unwrap(), Stands::Between);
    assert_eq!(failed.rollback.as_deref(), Some(&record));
    // Half of it is undone as well as all of it.
    assert_eq!(containment.roll_back(&record).await.unwrap(), Undone::RolledBack);
    assert_eq!(world.kube.policies().len(), 1);
}

#[tokio::test]
async fn a_rollback_that_fails_halfway_is_not_called_one_and_goes_on_later() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &isolate()).await;
    let record = approved.rollback();
    containment.carry_out(approved).await.unwrap();
    world.kube.forbid("delete networkpolicies");
    let failed = containment.roll_back(&record).await.unwrap_err();
    assert_eq!(failed.stands, Some(Stands::Between));
    assert!(failed.to_string().starts_with("it is not rolled back: the right `delete"), "{failed}");
    assert_eq!(world.kube.labels("web-0"), json!({"app": "web"}));
    world.kube.forbid("");
    assert_eq!(containment.roll_back(&record).await.unwrap(), Undone::RolledBack);
    world.check_contracts();
}

#[tokio::test]
async fn what_somebody_changed_since_is_not_rolled_back() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &scale(Workload::Deployment)).await;
    let record = approved.rollback();
    containment.carry_out(approved).await.unwrap();
    world.kube.set_replicas("deployments", "web", 1);
    let failed = containment.roll_back(&record).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Drifted { .. }), "{failed}");
    assert!(matches!(failed.stands, Some(Stands::Other { .. })));
    assert_eq!(world.kube.replicas("deployments", "web"), Some(1));
    // The same for the policy of a pod.
    let approved = approve(&containment, &isolate()).await;
    let record = approved.rollback();
    containment.carry_out(approved).await.unwrap();
    let policies = world.kube.policies();
    let own = policies.iter().find(|one| !selected(&world, one).is_empty()).unwrap();
    let name = own["metadata"]["name"].as_str().unwrap();
    let mut spec = own["spec"].clone();
    spec["ingress"] = json!([{}]);
    world.kube.set_policy(name, spec);
    assert!(containment.roll_back(&record).await.is_err());
    assert_eq!(world.kube.policies().len(), 2);
}

#[tokio::test]
async fn a_target_that_is_gone_is_told() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &isolate()).await;
    let record = approved.rollback();
    world.kube.delete("pods/web-0");
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Gone(_)), "{failed}");
    assert_eq!(failed.error.class(), Class::Permanent);
    let failed = containment.roll_back(&record).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Gone(_)) && failed.stands.is_none());
}

#[tokio::test]
async fn two_at_once_end_as_one() {
    let world = world().await;
    let containment = world.containment();
    let (one, two) =
        (approve(&containment, &isolate()).await, approve(&containment, &isolate()).await);
    let (one, two) = tokio::join!(containment.carry_out(one), containment.carry_out(two));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(world.kube.policies().len(), 2);
    assert_eq!(world.kube.labels("web-0").as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_is_made_for_each_action_and_one_that_ends_is_permanent() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &scale(Workload::Deployment)).await;
    let made = world.kube.tokens_made();
    let gone = json!({"kind": "Status", "reason": "Unauthorized", "code": 401}).to_string();
    world.at[0].script.add("scale?fieldManager", 1, Fault::Answer(Answer::new(401, gone)));
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert_eq!(world.kube.tokens_made(), made + 1);
    assert!(failed.to_string().contains("login made for this action is refused"), "{failed}");
    assert_eq!((failed.error.class(), failed.reached), (Class::Permanent, Reached::Untouched));
    // The login that makes logins may be refused too.
    world.kube.forbid("create serviceaccounts/token");
    let error = containment.look(&isolate()).await.unwrap_err();
    assert!(error.to_string().contains("`create serviceaccounts/token` is missing"), "{error}");
    world.check_contracts();
}

#[tokio::test]
async fn a_dry_run_tells_what_the_cluster_would_deny_and_keeps_nothing() {
    let world = world().await;
    let containment = world.containment();
    let before = containment.look(&isolate()).await.unwrap();
    world.kube.deny(Some("labels are frozen"));
    let error = containment.dry_run(&isolate(), &before).await.unwrap_err();
    assert!(error.to_string().contains("labels are frozen"), "{error}");
    assert!(matches!(error, ContainError::Refused(_)), "a denial is no missing right: {error}");
    world.kube.deny(None);
    containment.dry_run(&isolate(), &before).await.unwrap();
    assert_eq!(world.kube.policies().len(), 1);
    world.kube.set_label("web-0", "app", json!("other"));
    world.kube.put_policy("open", &json!({"podSelector": {}, "ingress": [{}]}));
    assert!(containment.dry_run(&isolate(), &before).await.is_err());
}
