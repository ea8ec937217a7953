//! What is approved is what is done, and only once.

use serde_json::{Value, json};

use super::*;

fn action() -> Action {
    Action::ScaleToZero(ScaleToZero {
        cluster: "prod".parse().unwrap(),
        namespace: "shop".parse().unwrap(),
        workload: Workload::Deployment,
        name: "web".parse().unwrap(),
    })
}

fn made() -> Plan {
    let state: State = serde_json::from_value(json!({"replicas": 3, "uid": "u"})).unwrap();
    let before = Before { hash: state.hash().unwrap(), state };
    plan(&action(), &before, about("p-1")).unwrap()
}

#[test]
fn a_plan_shows_every_request_and_both_states() {
    let plan = made();
    assert_eq!(plan.kind, "contain.scale_to_zero");
    assert_eq!(plan.diff, "-replicas: 3\n+replicas: 0\n uid: \"u\"\n");
    let request = &plan.parameters["requests"][0];
    assert_eq!(
        request["call"],
        "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=quell"
    );
    assert!(request["body"].as_str().unwrap().contains("\"{resourceVersion}\""));
}

/// Every text and number of a value, changed one at a time.
fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => vec![json!(format!("{text}x"))],
        Value::Number(number) => vec![json!(number.as_u64().unwrap() + 1)],
        Value::Array(items) => {
            let each = items.iter().enumerate().flat_map(|(at, item)| {
                changed(item).into_iter().map(move |new| {
                    let mut all = items.clone();
                    all[at] = new;
                    Value::Array(all)
                })
            });
            each.collect()
        }
        Value::Object(entries) => {
            let each = entries.iter().flat_map(|(name, item)| {
                changed(item).into_iter().map(move |new| {
                    let mut all = entries.clone();
                    all.insert(name.clone(), new);
                    Value::Object(all)
                })
            });
            each.collect()
        }
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

#[test]
fn a_permit_is_good_for_its_own_plan_only() {
    let plan = made();
    let whole = serde_json::to_value(&plan).unwrap();
    let changes = changed(&whole);
    assert!(changes.len() > 20);
    let mut tried = 0;
    for change in changes {
        let Ok(other) = serde_json::from_value::<Plan>(change) else { continue };
        let permit = permit(&plan, &plan.before).unwrap();
        let mut approvals = Approvals::default();
        let taken = Approved::take(&other, permit, &mut approvals, now());
        assert!(matches!(taken, Err(ContainError::NotApproved(_))), "{other:?}");
        assert_eq!(approvals, Approvals::default());
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn a_plan_that_says_other_than_it_does_is_refused_even_if_it_was_approved() {
    let changes: [fn(&mut Plan); 7] = [
        |plan| plan.diff = " replicas: 3\n".into(),
        |plan| plan.title = "scale something harmless".into(),
        |plan| plan.target = "prod/shop/deployments/other".into(),
        |plan| plan.kind = "contain.isolate_pod".into(),
        |plan| plan.parameters["after"]["replicas"] = json!(7),
        |plan| plan.parameters["requests"] = json!([]),
        |plan| plan.parameters["action"]["name"] = json!("other"),
    ];
    for change in changes {
        let mut plan = made();
        change(&mut plan);
        let permit = permit(&plan, &plan.before).unwrap();
        let taken = Approved::take(&plan, permit, &mut Approvals::default(), now());
        assert!(matches!(taken, Err(ContainError::NotApproved(_))), "{plan:?}");
    }
}

#[test]
fn taking_a_permit_notes_that_the_plan_is_carried_out() {
    let plan = made();
    let mut approvals = Approvals::default();
    let leave = permit(&plan, &plan.before).unwrap();
    let approved = Approved::take(&plan, leave, &mut approvals, now()).unwrap();
    assert_eq!(approvals.stand.as_str(), "executed");
    let requests = approved.rollback().requests().unwrap();
    assert!(requests[0].body.contains("\"replicas\":3"), "{requests:?}");
}

#[test]
fn an_action_is_read_strictly() {
    let good = serde_json::to_value(action()).unwrap();
    assert_eq!(serde_json::from_value::<Action>(good.clone()).unwrap(), action());
    for (name, value) in [
        ("do", json!("run_command")),
        ("command", json!("rm -rf /")),
        ("name", json!("web/../../secrets")),
        ("cluster", json!("")),
        ("workload", json!("daemon_set")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert!(serde_json::from_value::<Action>(bad).is_err(), "{name}");
    }
}
