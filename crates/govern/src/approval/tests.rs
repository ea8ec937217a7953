//! What approvals allow, and what they do not.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::walk::{walk_all, walk_random, walk_read_back};
use super::*;
use crate::phase::Outcome;
use crate::{Person, Standing};

fn now() -> quell_model::Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn hours(count: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(count)
}

fn person(name: &str) -> Person {
    Person::new(name, name)
}

fn plan() -> Plan {
    Plan {
        id: "p1".into(),
        kind: "fix.patch".into(),
        tenant: "default".into(),
        title: "close a bucket".into(),
        target: "main.tf aws_s3_bucket.logs".into(),
        account: "111122223333".into(),
        environment: Some("production".into()),
        parameters: json!({"a": 1, "b": ["x"]}),
        diff: "-acl = \"public\"\n+acl = \"private\"\n".into(),
        evidence: vec![Evidence { id: "issue:1".into(), hash: Hash::of(b"1") }],
        versions: BTreeMap::from([("quell".into(), "0.1.0".into())]),
        before: Hash::of(b"before"),
        quorum: Quorum { people: 1, roles: vec!["approver".into(), "admin".into()] },
        rule: None,
        requested_by: person("rita"),
        requested_at: now(),
        expires_at: now() + hours(72),
    }
}

fn approver() -> Standing {
    Standing { role: "approver".into(), active: true, approves: true }
}

fn vote(approvals: &mut Approvals, plan: &Plan, name: &str, lately: usize) -> Result<(), Refusal> {
    let (who, standing, lately) = (person(name), approver(), vec![now(); lately]);
    let voter = Voter {
        by: &who,
        standing: &standing,
        for_whom: None,
        delegations: &[],
        lately: &lately,
        most_per_hour: 3,
    };
    let hash = plan.hash().unwrap();
    approvals.vote(plan, &voter, (Said::Approve, &hash, ""), now())
}

fn try_it(plan: &Plan, approvals: &Approvals, at: i64) -> Result<Permit, Blocked> {
    try_under(plan, approvals, (at, Outcome::Waits))
}

fn try_under(
    plan: &Plan,
    approvals: &Approvals,
    (at, rules): (i64, Outcome),
) -> Result<Permit, Blocked> {
    let standing = |_: &Person| Some(approver());
    let target = Hash::of(b"before");
    let situation = Situation {
        now: now() + hours(at),
        target: &target,
        standing: &standing,
        delegations: &[],
        people: 1,
        roles: &[],
        rules,
    };
    may_execute(plan, approvals, &situation)
}

#[test]
fn a_plan_is_carried_out_once_others_agree() {
    let (plan, mut approvals) = (plan(), Approvals::default());
    assert!(matches!(try_it(&plan, &approvals, 1), Err(Blocked::Quorum { agree: 0, needed: 1 })));
    assert_eq!(vote(&mut approvals, &plan, "rita", 0), Err(Refusal::Own));
    assert_eq!(vote(&mut approvals, &plan, "ann", 3), Err(Refusal::Cap(3)));
    assert_eq!(vote(&mut approvals, &plan, "ann", 2), Ok(()));
    assert_eq!(vote(&mut approvals, &plan, "ann", 0), Err(Refusal::Again));
    assert_eq!(try_it(&plan, &approvals, 72), Err(Blocked::Over));
    assert_eq!(try_it(&plan, &approvals, -1), Err(Blocked::Over));
    assert_eq!(try_under(&plan, &approvals, (1, Outcome::Refused)), Err(Blocked::Rules));
    let permit = try_it(&plan, &approvals, 1).unwrap();
    assert!(permit.plan() == "p1" && !permit.is_without_waiting());
    permit.note(&mut approvals, now());
    assert_eq!(try_it(&plan, &approvals, 1), Err(Blocked::Stands("executed")));
}

#[test]
fn who_is_forbidden_to_approve_there_neither_agrees_nor_counts_any_more() {
    let plan = Plan { quorum: Quorum::default(), ..plan() };
    let mut approvals = Approvals::default();
    let (ann, hash) = (person("ann"), plan.hash().unwrap());
    let mut say = |approves: bool, role: &str| {
        let standing = Standing { role: role.into(), active: true, approves };
        let voter = Voter {
            by: &ann,
            standing: &standing,
            for_whom: None,
            delegations: &[],
            lately: &[],
            most_per_hour: 3,
        };
        approvals.vote(&plan, &voter, (Said::Approve, &hash, ""), now())
    };
    assert_eq!(say(false, "admin"), Err(Refusal::Forbidden));
    // The right is asked for and no word: a policy may permit others to approve.
    assert_eq!(say(true, "viewer"), Ok(()));
    let target = Hash::of(b"before");
    let check = |approves: bool, roles: &[String]| {
        let standing =
            |_: &Person| Some(Standing { role: "viewer".into(), active: true, approves });
        let situation = Situation {
            now: now(),
            target: &target,
            standing: &standing,
            delegations: &[],
            people: 1,
            roles,
            rules: Outcome::Waits,
        };
        may_execute(&plan, &approvals, &situation).is_ok()
    };
    assert!(check(true, &[]));
    assert!(!check(false, &[]));
    // A rule that names roles by now holds too.
    assert!(!check(true, &["approver".into()]));
    assert!(check(true, &["viewer".into()]));
}

#[test]
fn any_byte_that_changes_voids_what_was_said() {
    let (agreed, mut approvals) = (plan(), Approvals::default());
    vote(&mut approvals, &agreed, "ann", 0).unwrap();
    assert!(try_it(&agreed, &approvals, 1).is_ok());
    let text = serde_json::to_value(&agreed).unwrap();
    let mut tried = 0;
    each_text(&text, &mut Vec::new(), &mut |path, text| {
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let mut other = serde_json::to_value(&agreed).unwrap();
            *at_path(&mut other, path) = Value::String(changed);
            // Some changes make it no plan at all.
            let Ok(other) = serde_json::from_value::<Plan>(other) else { continue };
            if other == agreed {
                // Only the name of a person, which is shown and tells nobody apart.
                assert_eq!(path.last().map(String::as_str), Some("name"));
            }
            tried += 1;
            assert!(try_it(&other, &approvals, 1).is_err(), "{path:?} {at}");
        }
    });
    assert!(tried > 300, "{tried}");
}

fn each_text(value: &Value, path: &mut Vec<String>, each: &mut dyn FnMut(&[String], &str)) {
    match value {
        Value::String(text) => each(path, text),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string());
                each_text(item, path, each);
                path.pop();
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                path.push(key.clone());
                each_text(item, path, each);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn at_path<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, key| {
        let index = key.parse::<usize>().ok().filter(|_| value.is_array());
        match index {
            Some(index) => &mut value[index],
            None => &mut value[key.as_str()],
        }
    })
}

#[test]
fn glass_is_broken_by_an_admin_with_a_reason_and_looked_at_by_another() {
    let (plan, mut approvals) = (plan(), Approvals::default());
    let hash = plan.hash().unwrap();
    let admin = Standing { role: "admin".into(), active: true, approves: true };
    let rita = person("rita");
    let mut glass = |standing: &Standing, unreviewed, why: &str| {
        approvals.break_glass(&plan, (&rita, standing, unreviewed), (&hash, why), now())
    };
    assert!(matches!(glass(&approver(), false, "a fire"), Err(Refusal::Role { .. })));
    assert_eq!(glass(&admin, true, "a fire"), Err(Refusal::Unreviewed));
    assert_eq!(glass(&admin, false, " "), Err(Refusal::Reason));
    assert_eq!(glass(&admin, false, "a fire"), Ok(()));
    let standing =
        |_: &Person| Some(Standing { role: "admin".into(), active: true, approves: true });
    let target = Hash::of(b"before");
    let mut situation = Situation {
        now: now(),
        target: &target,
        standing: &standing,
        delegations: &[],
        people: 2,
        roles: &[],
        rules: Outcome::Waits,
    };
    assert!(may_execute(&plan, &approvals, &situation).unwrap().is_without_waiting());
    // It spares the wait, and no rule.
    situation.rules = Outcome::Refused;
    assert_eq!(may_execute(&plan, &approvals, &situation), Err(Blocked::Rules));
    let (bob, none) = (person("bob"), Standing { approves: false, ..approver() });
    assert_eq!(approvals.review(&plan, (&rita, &approver()), now()), Err(Refusal::Own));
    assert_eq!(approvals.review(&plan, (&bob, &none), now()), Err(Refusal::Forbidden));
    assert_eq!(approvals.review(&plan, (&bob, &approver()), now()), Ok(()));
    assert!(approvals.review(&plan, (&person("cat"), &approver()), now()).is_err());
}

#[test]
fn every_world_within_five_acts_is_right() {
    let walked = walk_all(5).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(walked.executed > 10 && walked.tried > 4_000, "{walked:?}");
    assert!(!walked.closed && walked.deep == 5, "{walked:?}");
}

#[test]
fn a_world_is_the_same_when_it_is_read_back() {
    let mut random = fastrand::Rng::with_seed(3);
    let lived = walk_read_back(2_000, 12, &mut |count| random.usize(0..count));
    assert!(lived.unwrap_or_else(|fault| panic!("{fault:?}")) > 10_000);
}

#[test]
fn many_random_histories_are_right() {
    let mut random = fastrand::Rng::with_seed(7);
    let walked = walk_random(5_000, 24, &mut |count| random.usize(0..count));
    let walked = walked.unwrap_or_else(|fault| panic!("{fault:?}"));
    assert!(walked.executed > 50, "{walked:?}");
}

#[test]
fn json_is_written_in_one_way() {
    // The order and the escapes of RFC 8785, sections 3.2.2 and 3.2.3.
    let value = json!({"\u{20ac}": "e", "\r": "cr", "\u{fb33}": "d", "1": "one",
        "\u{1f600}": "smile", "\u{80}": "c", "\u{f6}": "o"});
    assert_eq!(
        canonical(&value).unwrap(),
        "{\"\\r\":\"cr\",\"1\":\"one\",\"\u{80}\":\"c\",\"\u{f6}\":\"o\",\"\u{20ac}\":\"e\",\
         \"\u{1f600}\":\"smile\",\"\u{fb33}\":\"d\"}"
    );
    let text = json!(["\u{20ac}$\u{f}\nA'B\"\\\\\"/", 56, true, null, -3]);
    let expected = "[\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",56,true,null,-3]";
    assert_eq!(canonical(&text).unwrap(), expected);
    assert_eq!(canonical(&json!(1.5)), Err(NotCanonical::Number));
    assert_eq!(canonical(&json!(u64::MAX)), Err(NotCanonical::Number));
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(canonical(&deep), Err(NotCanonical::Deep));
}

proptest! {
    #[test]
    fn what_is_read_from_its_one_way_is_written_the_same(text in "\\PC{0,8}", number in -9_i64..9) {
        let value = json!({"b": [&text, number], "c": {&text: {"a": null}}});
        let written = canonical(&value).unwrap();
        let again: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(canonical(&again).unwrap(), written);
    }
}
