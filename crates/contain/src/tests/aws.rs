//! Keys, sessions, policies and buckets of AWS.

use quell_testkit::contain::Identity;
use quell_testkit::double::Fault;
use quell_testkit::net::Answer;
use serde_json::{Value, json};

use super::*;
use crate::login::session_policy;

const USER: &str = "arn:aws:iam::111122223333:user/team/ci";
const ROLE: &str = "arn:aws:iam::111122223333:role/app/web";
const GROUP: &str = "arn:aws:iam::111122223333:group/devs";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const READER: &str = "arn:aws:iam::111122223333:policy/reader";

fn key() -> Action {
    let (user, key) = (USER.parse().unwrap(), KEY.parse().unwrap());
    Action::DeactivateAccessKey(DeactivateAccessKey { user, key })
}

fn sessions(issued_before: &str) -> Action {
    let (role, issued_before) = (ROLE.parse().unwrap(), issued_before.parse().unwrap());
    Action::RevokeSessions(RevokeSessions { role, issued_before })
}

fn detach(principal: &str) -> Action {
    let (principal, policy) = (principal.parse().unwrap(), ADMIN.parse().unwrap());
    Action::DetachPolicy(DetachPolicy { principal, policy })
}

fn bucket(name: &str) -> Action {
    Action::BlockBucket(BlockBucket {
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        bucket: name.parse().unwrap(),
    })
}

fn all() -> Vec<Action> {
    let mut all = vec![key(), sessions("2026-11-22T10:00:00Z"), bucket("logs"), bucket("open")];
    all.extend([USER, ROLE, GROUP].map(detach));
    all
}

async fn world() -> World {
    let world = World::start().await;
    let attached = [ADMIN, READER].map(str::to_owned);
    let old = ("AKIAI44QH8DHBEXAMPLE".to_owned(), "Inactive".to_owned(), "2025-01-01".to_owned());
    let new = (KEY.to_owned(), "Active".to_owned(), "2026-01-01T00:00:00Z".to_owned());
    for (arn, path, id) in [(USER, "/team/", "U1"), (ROLE, "/app/", "R1"), (GROUP, "/", "G1")] {
        let one = Identity {
            id: id.to_owned(),
            path: path.to_owned(),
            attached: attached.clone().into(),
            keys: vec![old.clone(), new.clone()],
            ..Identity::default()
        };
        world.aws.put(arn, one);
    }
    world.aws.put_bucket("logs", "111122223333", Some([true, false, false, false]));
    world.aws.put_bucket("open", "111122223333", None);
    world
}

#[tokio::test]
async fn each_goes_there_and_back() {
    let world = world().await;
    world.aws.set_page(1);
    for action in all() {
        round(&world, &action, Judge::Quell).await;
    }
    assert_eq!(world.aws.block("open"), None);
    assert_eq!(world.aws.block("logs"), Some([true, false, false, false]));
}

#[tokio::test]
async fn changes_that_show_late_are_waited_for() {
    let world = world().await;
    world.aws.set_lag(2);
    let containment = world.containment();
    for action in all() {
        let approved = approve(&containment, &action).await;
        let record = approved.rollback();
        assert_eq!(containment.carry_out(approved).await.unwrap().how, How::Changed);
        assert_eq!(containment.roll_back(&record).await.unwrap(), Undone::RolledBack);
    }
    // One that never shows is not called done, nor undone.
    world.aws.set_lag(99);
    let approved = approve(&containment, &key()).await;
    let failed = containment.carry_out(approved).await.unwrap_err();
    assert!(matches!(failed.error, ContainError::Unverified(_)), "{failed}");
    assert_eq!((failed.reached, failed.rollback.is_some()), (Reached::Partly, true));
}

#[tokio::test]
async fn a_session_may_do_one_thing_to_one_target() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &detach(ROLE)).await;
    containment.carry_out(approved).await.unwrap();
    let made = world.aws.sessions();
    assert_eq!(
        made.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["quell-look", "quell-p-1"]
    );
    assert_eq!(
        made[1].policy["Statement"],
        json!([
            {"Effect": "Allow", "Action": ["iam:ListAttachedRolePolicies"], "Resource": [ROLE, "arn:aws:iam::111122223333:role/web"]},
            {
                "Effect": "Allow",
                "Action": ["iam:DetachRolePolicy"],
                "Resource": [ROLE, "arn:aws:iam::111122223333:role/web"],
                "Condition": {"ArnEquals": {"iam:PolicyARN": ADMIN}},
            },
        ])
    );
    for action in all() {
        for purpose in [Purpose::Look, Purpose::Do, Purpose::Undo] {
            let policy = session_policy(action.unit(), purpose).unwrap();
            let policy: Value = serde_json::from_str(&policy).unwrap();
            let text = policy.to_string();
            assert!(!text.contains('*') && !text.contains('?') && !text.contains('$'), "{text}");
            let writes = ["Put", "Update", "Delete", "Attach", "Detach"];
            let changes = writes.iter().any(|word| text.contains(&format!(":{word}")));
            assert_eq!(changes, purpose != Purpose::Look, "{text}");
        }
    }
    world.check_contracts();
}

#[tokio::test]
async fn drift_changes_nothing() {
    let world = world().await;
    let containment = world.containment();
    let cases: Vec<(Action, Box<dyn Fn()>)> = vec![
        (key(), Box::new(|| world.aws.change(USER, |one| one.keys[1].2 = "later".into()))),
        (
            sessions("2026-11-22T10:00:00Z"),
            Box::new(|| world.aws.change(ROLE, |one| one.id = "R2".into())),
        ),
        (
            bucket("logs"),
            Box::new(|| world.aws.put_bucket("logs", "111122223333", Some([false; 4]))),
        ),
    ];
    for (action, change) in cases {
        let approved = approve(&containment, &action).await;
        change();
        let failed = containment.carry_out(approved).await.unwrap_err();
        assert!(matches!(failed.error, ContainError::Drifted { .. }), "{failed}");
        assert_eq!((failed.reached, failed.rollback), (Reached::Untouched, None));
    }
    let writes = ["Update", "Put", "Detach"];
    let seen = world.at[1].ledger.of("");
    let body = |one: &quell_testkit::double::Seen| String::from_utf8_lossy(&one.body).into_owned();
    let wrote = |one: &&quell_testkit::double::Seen| {
        one.what.starts_with("PUT")
            || writes.iter().any(|word| body(one).starts_with(&format!("Action={word}")))
    };
    assert_eq!(seen.iter().filter(wrote).count(), 0);
}

#[tokio::test]
async fn what_somebody_else_did_already_is_a_success_without_a_way_back() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &detach(USER)).await;
    world.aws.change(USER, |one| assert!(one.attached.remove(ADMIN)));
    let done = containment.carry_out(approved).await.unwrap();
    assert_eq!((done.how, done.rollback), (How::AlreadySo, None));
}

#[tokio::test]
async fn a_lost_answer_is_looked_after() {
    for action in all() {
        let world = world().await;
        world.aws.set_lag(1);
        let containment = world.containment();
        let approved = approve(&containment, &action).await;
        let record = approved.rollback();
        world.aws.lose_next_change();
        let done = containment.carry_out(approved).await.unwrap();
        assert_eq!(done.how, How::Changed, "{}", action.kind());
        assert_eq!(containment.stands(&record).await.unwrap(), Stands::After);
    }
}

#[tokio::test]
async fn sessions_that_end_and_rights_that_go_are_permanent() {
    let world = world().await;
    let containment = world.containment();
    for action in all() {
        let approved = approve(&containment, &action).await;
        world.aws.end_next_session();
        let failed = containment.carry_out(approved).await.unwrap_err();
        assert!(matches!(failed.error, ContainError::Login { .. }), "{failed}");
        assert_eq!((failed.error.class(), failed.reached), (Class::Permanent, Reached::Untouched));
    }
    for (action, right) in [
        (key(), "iam:UpdateAccessKey"),
        (sessions("2026-11-22T10:00:00Z"), "iam:PutRolePolicy"),
        (detach(GROUP), "iam:DetachGroupPolicy"),
        (bucket("open"), "s3:PutBucketPublicAccessBlock"),
    ] {
        let approved = approve(&containment, &action).await;
        world.aws.forbid(right);
        let failed = containment.carry_out(approved).await.unwrap_err();
        assert!(failed.to_string().contains(&format!("`{right}` is missing")), "{failed}");
        assert_eq!((failed.error.class(), failed.reached), (Class::Permanent, Reached::Untouched));
        world.aws.forbid("");
    }
    world.aws.forbid("sts:AssumeRole");
    let error = containment.look(&key()).await.unwrap_err();
    assert!(error.to_string().contains("`sts:AssumeRole on arn:aws:iam"), "{error}");
    world.check_contracts();
}

#[tokio::test]
async fn throttling_is_not_permanent_though_its_status_is_400() {
    let world = world().await;
    let containment = world.containment();
    let text = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    world.at[1].script.add("/?", 1, Fault::Answer(Answer::new(400, text)));
    let error = containment.look(&key()).await.unwrap_err();
    assert_eq!(error.class(), Class::Later(None), "{error}");
}

#[tokio::test]
async fn what_is_gone_or_of_others_is_told() {
    let world = world().await;
    let containment = world.containment();
    for (action, what) in [(key(), USER), (detach(ROLE), ROLE), (bucket("logs"), "logs")] {
        let approved = approve(&containment, &action).await;
        world.aws.remove(what);
        let failed = containment.carry_out(approved).await.unwrap_err();
        assert!(matches!(failed.error, ContainError::Gone(_)), "{failed}");
    }
    world.aws.put_bucket("logs", "999999999999", None);
    let error = containment.look(&bucket("logs")).await.unwrap_err();
    assert!(matches!(error, ContainError::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn roles_that_must_not_be_touched_are_refused() {
    let world = world().await;
    let containment = world.containment();
    let own = Action::RevokeSessions(RevokeSessions {
        role: AwsDouble::ROLE.parse().unwrap(),
        issued_before: now(),
    });
    let error = containment.look(&own).await.unwrap_err();
    assert!(error.to_string().contains("lock itself out"), "{error}");
    world.aws.change(ROLE, |one| one.path = "/aws-service-role/x/".into());
    let action = sessions("2026-11-22T10:00:00Z");
    let before = containment.look(&action).await.unwrap();
    assert!(matches!(plan(&action, &before, about("p")), Err(ContainError::Unsuitable(_))));
    // A moment beyond the plan's time would keep the role shut.
    let late = sessions("2027-01-01T00:00:00Z");
    world.aws.change(ROLE, |one| one.path = "/".into());
    let before = containment.look(&late).await.unwrap();
    assert!(matches!(plan(&late, &before, about("p")), Err(ContainError::Unsuitable(_))));
}

#[tokio::test]
async fn revoking_again_never_moves_the_moment_back_and_undoes_to_the_former_one() {
    let world = world().await;
    let containment = world.containment();
    let first = approve(&containment, &sessions("2026-11-22T08:00:00Z")).await;
    containment.carry_out(first).await.unwrap();
    let early = sessions("2026-11-22T07:00:00Z");
    let before = containment.look(&early).await.unwrap();
    assert!(matches!(plan(&early, &before, about("p")), Err(ContainError::AlreadySo)));
    let second = approve(&containment, &sessions("2026-11-22T09:00:00Z")).await;
    let record = second.rollback();
    containment.carry_out(second).await.unwrap();
    containment.roll_back(&record).await.unwrap();
    let policy = world.aws.get(ROLE).unwrap().inline["QuellRevokeOlderSessions"].clone();
    assert!(policy.contains("2026-11-22T08:00:00Z"), "{policy}");
    // A policy of that name that says something else is left alone.
    world.aws.change(ROLE, |one| {
        one.inline.insert("QuellRevokeOlderSessions".into(), json!({"Statement": []}).to_string());
    });
    let action = sessions("2026-11-22T09:30:00Z");
    let before = containment.look(&action).await.unwrap();
    assert!(matches!(plan(&action, &before, about("p")), Err(ContainError::Unsuitable(_))));
}

#[tokio::test]
async fn a_rollback_never_undoes_what_others_changed() {
    let world = world().await;
    let containment = world.containment();
    let approved = approve(&containment, &bucket("open")).await;
    let record = approved.rollback();
    containment.carry_out(approved).await.unwrap();
    world.aws.put_bucket("open", "111122223333", Some([true, true, false, false]));
    let failed = containment.roll_back(&record).await.unwrap_err();
    assert!(matches!(failed.stands, Some(Stands::Other { .. })), "{failed}");
    assert_eq!(world.aws.block("open"), Some([true, true, false, false]));
}

#[tokio::test]
async fn two_at_once_end_as_one() {
    let world = world().await;
    let containment = world.containment();
    for action in all() {
        let (one, two) =
            (approve(&containment, &action).await, approve(&containment, &action).await);
        let (one, two) = tokio::join!(containment.carry_out(one), containment.carry_out(two));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    }
    world.check_contracts();
}
