//! Storage of Azure and Google Cloud.

use quell_testkit::double::Fault;
use quell_testkit::net::Answer;
use serde_json::{Value, json};

use super::*;

fn account() -> Action {
    Action::BlockStorageAccount(BlockStorageAccount {
        subscription: SUBSCRIPTION.parse().unwrap(),
        group: "rg-1".parse().unwrap(),
        name: "acmelogs".parse().unwrap(),
    })
}

fn path() -> String {
    account().target()
}

fn bucket() -> Action {
    Action::BlockGoogleBucket(BlockGoogleBucket {
        project: "acme-prod".parse().unwrap(),
        bucket: "acme-logs".parse().unwrap(),
    })
}

async fn world() -> World {
    let world = World::start().await;
    world.azure.put(&path(), json!(true));
    world.google.put("acme-logs", json!("inherited"));
    world
}

#[tokio::test]
async fn each_goes_there_and_back() {
    let world = world().await;
    round(&world, &account(), Judge::Quell).await;
    round(&world, &bucket(), Judge::Quell).await;
    world.google.put("acme-logs", json!("unspecified"));
    round(&world, &bucket(), Judge::Quell).await;
}

#[tokio::test]
async fn lost_answers_are_looked_after() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &bucket()).await;
    world.at[3].script.add("ifMetagenerationMatch", 1, Fault::Lost);
    assert_eq!(containment.carry_out(approved).await.unwrap().how, How::Changed);
    assert_eq!(world.google.get("acme-logs"), Some(json!("enforced")));
    assert_eq!(world.at[3].ledger.of("PATCH").len(), 1);
}

#[tokio::test]
async fn a_bucket_that_changed_otherwise_is_written_under_its_new_version() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &bucket()).await;
    let stale = json!({"error": {"code": 412, "message": "no"}}).to_string();
    world.at[3].script.add("ifMetagenerationMatch", 1, Fault::Answer(Answer::new(412, stale)));
    assert_eq!(containment.carry_out(approved).await.unwrap().how, How::Changed);
}

#[tokio::test]
async fn rights_and_tokens_that_are_missing_are_permanent() {
    let world = world().await;
    let containment = world.containment();
    for action in [account(), bucket()] {
        let approved = approve(&containment, &action).await;
        world.azure.forbid("PATCH");
        world.google.forbid("PATCH");
        let failed = containment.carry_out(approved).await.unwrap_err();
        assert!(matches!(failed.error, ContainError::Forbidden { .. }), "{failed}");
        assert_eq!((failed.error.class(), failed.reached), (Class::Permanent, Reached::Untouched));
    }
    world.azure.expire();
    world.google.expire();
    for action in [account(), bucket()] {
        let error = containment.look(&action).await.unwrap_err();
        assert!(matches!(error, ContainError::Login { .. }), "{error}");
    }
    world.check_contracts();
}

#[tokio::test]
async fn a_token_that_lasts_or_has_ended_is_not_used() {
    let world = world().await;
    for (ends, means_login) in
        [(None, false), (Some("2026-11-23T10:00:00Z"), false), (Some("2026-11-22T09:00:00Z"), true)]
    {
        let mut places = world.places();
        let place = places.google.values_mut().next().unwrap();
        place.tokens = Arc::new(Given(GoogleDouble::token(), ends));
        let containment = Containment::new(client(), clock(), places);
        let error = containment.look(&bucket()).await.unwrap_err();
        assert_eq!(matches!(error, ContainError::Login { .. }), means_login, "{error}");
    }
    assert_eq!(world.at[3].ledger.count(), 0);
}

#[tokio::test]
async fn an_account_that_never_said_has_no_way_back_and_nobody_says_so() {
    let world = world().await;
    world.azure.put(&path(), Value::Null);
    let containment = world.containment();
    let approved = approve(&containment, &account()).await;
    let record = approved.rollback();
    containment.carry_out(approved).await.unwrap();
    assert!(matches!(record.requests(), Err(ContainError::NoWayBack(_))));
    let failed = containment.roll_back(&record).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::NoWayBack(_)), "{failed}");
    assert_eq!(failed.stands, Some(Stands::After));
}

#[tokio::test]
async fn a_target_without_a_login_is_told() {
    let world = world().await;
    let containment = Containment::new(client(), clock(), Places::default());
    let error = containment.look(&bucket()).await.unwrap_err();
    assert!(error.to_string().contains("no login for the project `acme-prod`"), "{error}");
    drop(world);
}
