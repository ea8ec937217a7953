//! What exceptions hide, and what they cost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quell_govern::Person;
use quell_govern::exception::{Exception, Limits, Request};
use quell_govern::expression::Expression;
use quell_model::{Decision, FindingClass, IssueKey, Severity, Status, Timestamp};

use super::IssueScope;
use crate::brief::Briefs;
use crate::names::Names;
use crate::{Brief, Store};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn brief(number: u32) -> Brief {
    Brief {
        status: if number % 7 == 6 { Status::Resolved } else { Status::Open },
        severity: Severity::ALL[number as usize % 6],
        score: number % 1000,
        control: number.is_multiple_of(3).then(|| format!("aws.s3.c{}", number % 5)),
        tools: "prowler".into(),
        asset: format!("aws:s3.bucket:Shop-{}", number % 50),
        place: format!("[\"aws\",\"{}\",\"eu-west-1\",\"s3.bucket\"]", number % 4),
        team: String::new(),
        class: FindingClass::Vulnerability,
        decision: Decision::Plan,
        first_seen: None,
        candidate: b"{}".to_vec(),
        scope: IssueScope {
            weaknesses: vec![format!("CVE-2024-{}", number % 100)],
            environment: number.is_multiple_of(2).then(|| "production".into()),
            exposed: (number % 4 == 1).then_some(true),
            tags: BTreeMap::from([("team".into(), format!("t{}", number % 3))]),
            ..IssueScope::default()
        }
        .to_bytes(),
    }
}

fn key(number: u32) -> IssueKey {
    quell_model::KeyHasher::new("issue").part(&number.to_string()).finish()
}

fn fill(store: &mut Store, numbers: std::ops::Range<u32>) {
    let tx = store.connection.transaction().unwrap();
    let (mut briefs, mut names) = (Briefs::default(), Names::default());
    for number in numbers {
        let key = key(number);
        let row = (i64::from(number), key.as_bytes());
        briefs.set(&tx, &mut names, row, Some(&brief(number))).unwrap();
    }
    briefs.flush(&tx).unwrap();
    tx.commit().unwrap();
}

fn granted(id: &str, scope: &str, until: Timestamp) -> Exception {
    let request = Request {
        renews: None,
        scope: scope.into(),
        reason: "why".into(),
        compensating_controls: Vec::new(),
        owner: "shop".into(),
        until,
    };
    let (anna, ben) = (Person::new("anna", "Anna"), Person::new("ben", "Ben"));
    let mut one = Exception::requested(id.into(), request, ("request", 1), (&anna, at(0)));
    one.approve(&Limits::default(), &ben, ("", at(0))).unwrap();
    one
}

fn hidden(store: &Store, now: Timestamp) -> Vec<i64> {
    store.suppression(now).unwrap().rows().iter().collect()
}

#[test]
fn what_is_hidden_follows_exceptions_pages_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    fill(&mut store, 0..5000);
    assert_eq!(hidden(&store, at(1)), [0; 0]);
    let end = at(86_400);
    store.exception_add(&[granted("a", "cve = cve-2024-7 and account = 3", end)]).unwrap();
    let rows = hidden(&store, at(1));
    let open = |n: &u32| n % 7 != 6;
    let expected: Vec<i64> =
        (0..5000).filter(|n| n % 100 == 7 && n % 4 == 3).filter(open).map(i64::from).collect();
    assert_eq!(rows, expected);
    let by = store.suppression(at(1)).unwrap();
    assert_eq!(by.by(rows[0]).unwrap().id, "a");
    assert!(by.by(0).is_none());
    // Another process adds issues.
    let mut other = Store::open(dir.path()).unwrap();
    fill(&mut other, 5000..6000);
    assert_eq!(hidden(&store, at(1)).len(), rows.len() * 6 / 5);
    assert_eq!(hidden(&store, end), [0; 0]);
    assert_eq!(hidden(&store, at(1)).len(), rows.len() * 6 / 5);
    other.exception_change("a", |one| one.withdraw(&Person::new("c", "C"), ("", at(2)))).unwrap();
    assert_eq!(hidden(&store, at(3)), [0; 0]);
}

#[test]
fn an_issue_is_named_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    fill(&mut store, 0..300);
    let id = key(42).to_string();
    for scope in [format!("issue = {id}"), format!("issue = {}", id.split_at(10).0)] {
        let found = store.issue_match(&scope.parse().unwrap()).unwrap();
        assert_eq!(found.issues.iter().map(|one| one.row).collect::<Vec<_>>(), [42], "{scope}");
        assert_eq!(store.issue_held(42, &[scope.parse().unwrap()]).unwrap(), [true]);
    }
    let mut store = Store::open(dir.path()).unwrap();
    store.exception_add(&[granted("a", &format!("issue = {id}"), at(60))]).unwrap();
    assert_eq!(hidden(&store, at(1)), [42]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Looking expressions up by what they are anchored to says what judging each alone says.
    #[test]
    fn judged_together_they_hide_what_each_hides_alone(
        picked in prop::collection::btree_set(0_usize..10, 1..6),
        second in 0_i64..100,
    ) {
        let scopes = [
            "cve in (CVE-2024-1, CVE-2024-2)", "control = aws.s3.c1", "control = 'aws.s3*'",
            "environment = production and severity <= medium", "not environment = production",
            "exposed = true", "not tag.team = t1 and account in (1, 2)", "tag.none = 1",
            "asset = AWS:s3.bucket:shop-7", "severity >= high and not cve = CVE-2024-5",
        ];
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        fill(&mut store, 0..700);
        let mut expected: Vec<i64> = Vec::new();
        for (number, at_scope) in picked.iter().enumerate() {
            let scope = scopes[*at_scope];
            let end = at(40 + i64::try_from(number).unwrap() * 20);
            store.exception_add(&[granted(&number.to_string(), scope, end)]).unwrap();
            if at(second) < end {
                let found = store.issue_match(&scope.parse().unwrap()).unwrap();
                expected.extend(found.issues.iter().map(|issue| issue.row));
            }
        }
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(hidden(&store, at(second)), expected);
        let all: Vec<Expression> = picked.iter().map(|at| scopes[*at].parse().unwrap()).collect();
        let alone = |one| store.issue_match(one).unwrap().issues.iter().map(|one| one.severity).max();
        let alone: Vec<Option<Severity>> = all.iter().map(alone).collect();
        prop_assert_eq!(store.issue_worst(&all).unwrap(), alone);
    }
}

#[test]
fn a_page_of_plans_is_a_part_of_their_list() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let plan = |number: i64| {
        serde_json::from_value::<quell_govern::approval::Plan>(serde_json::json!({
            "id": format!("p{number}"), "kind": "fix.patch", "tenant": "default", "title": "",
            "target": "", "parameters": {}, "diff": "", "evidence": [], "versions": {},
            "before": "a1".repeat(32), "quorum": {"people": 1, "roles": []},
            "requested_by": {"id": "ana", "name": "Ana"},
            // Two at a time were asked for at once.
            "requested_at": at(number / 2), "expires_at": at(1000),
        }))
    };
    for number in 0..7 {
        assert!(store.plan_add(&plan(number).unwrap()).unwrap());
    }
    for open in [true, false] {
        let all = store.plan_list(open).unwrap();
        assert_eq!(all.len(), 7);
        for (skip, limit) in [(0, 3), (3, 3), (6, 3), (7, 3), (0, 50), (2, 0), (usize::MAX, 1)] {
            let (page, total) = store.plan_page(open, (skip, limit)).unwrap();
            let wanted: Vec<_> = all.iter().skip(skip).take(limit).cloned().collect();
            assert_eq!((page, total), (wanted, 7), "{open} {skip} {limit}");
        }
    }
}
