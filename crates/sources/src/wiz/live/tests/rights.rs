//! Whether each right is named, held or not.

use super::*;
use crate::live::RightState;

async fn states(bench: &Bench) -> BTreeMap<String, RightState> {
    let rights = bench.connector.test().await.unwrap();
    rights.into_iter().map(|right| (right.name, right.state)).collect()
}

#[tokio::test]
async fn all_rights_are_held() {
    let bench = Bench::new(50).await;
    let states = states(&bench).await;
    assert!(states.len() > 15, "{states:?}");
    assert!(states.values().all(|state| *state == RightState::Held), "{states:?}");
}

#[tokio::test]
async fn each_missing_right_is_named() {
    let bench = Bench::new(50).await;
    for right in
        ["read:detections", "read:threat_issues", "create:ignore_rules", "write:issue_ignore"]
    {
        bench.wiz.take(right);
    }
    bench.wiz.give("admin:users");
    let states = states(&bench).await;
    assert_eq!(states["read:detections"], RightState::Missing);
    assert_eq!(states["read:threat_issues"], RightState::Missing);
    assert_eq!(states["create:ignore_rules"], RightState::MissingToWrite);
    assert_eq!(states["write:issue_ignore"], RightState::MissingToWrite);
    assert_eq!(states["admin:users"], RightState::NotNeeded);
    assert_eq!(states["read:issues"], RightState::Held);
}

#[tokio::test]
async fn a_denied_list_of_accounts_tells_the_rights_too() {
    let bench = Bench::new(50).await;
    bench.wiz.take("read:service_accounts");
    bench.wiz.take("update:vulnerabilities");
    let states = states(&bench).await;
    assert_eq!(states["update:vulnerabilities"], RightState::MissingToWrite);
    assert_eq!(states["write:issue_status"], RightState::Held);
}

#[tokio::test]
async fn looking_at_rights_changes_nothing() {
    let bench = Bench::new(50).await;
    bench.connector.test().await.unwrap();
    let asked = bench.double.ledger.of("/graphql");
    assert!(asked.iter().all(|seen| !String::from_utf8_lossy(&seen.body).contains("mutation")));
    assert!(asked.len() <= 10, "{}", asked.len());
}
