//! Records whose shape drifts: each path is taken away, renamed and given other types, once each.

use serde_json::{Value, json};

use super::{Plans, rig, stream};
use crate::testing::normalize_text;

/// Every record that one can become by one change at one path, with what was done.
fn drifted(record: &Value) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    walk(record, "", &mut paths);
    let mut all = Vec::new();
    for path in paths {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let change = |what: &str, new: Option<Value>, as_name: Option<&str>| {
            let mut copy = record.clone();
            let fields = copy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let old = fields.remove(name).unwrap();
            match (new, as_name) {
                (Some(new), _) => drop(fields.insert(name.to_owned(), new)),
                (None, Some(other)) => drop(fields.insert(other.to_owned(), old)),
                (None, None) => {}
            }
            (format!("{what} {path}"), copy)
        };
        all.push(change("delete", None, None));
        all.push(change("rename", None, Some("renamedByTheVendor")));
        for odd in [
            json!(null),
            json!(7),
            json!(-1.5e300),
            json!("x"),
            json!(true),
            json!([]),
            json!([{}]),
            json!({}),
            json!({"a": [1]}),
        ] {
            all.push(change("retype", Some(odd), None));
        }
    }
    all
}

fn walk(value: &Value, at: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter().filter(|(name, _)| !name.contains(['/', '~'])) {
                let path = format!("{at}/{name}");
                paths.push(path.clone());
                walk(inner, &path, paths);
            }
        }
        // One element stands for all.
        Value::Array(list) => {
            list.iter().take(1).for_each(|inner| walk(inner, &format!("{at}/0"), paths));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Reads a page of one good record and many that drifted. The good one is read, and each of the
/// others is read or rejected with a path.
fn check(name: &str, around: (&str, &str), good: &Value) {
    let all = drifted(good);
    assert!(all.len() > 60, "{name}");
    let parts: Vec<String> = std::iter::once(good)
        .chain(all.iter().map(|(_, record)| record))
        .map(Value::to_string)
        .collect();
    let read = normalize_text(&format!("{}{}{}", around.0, parts.join(","), around.1));
    assert_eq!(read.len(), all.len() + 1, "{name}: none vanishes");
    let mut read = read.into_iter();
    assert!(read.next().unwrap().is_ok(), "{name}");
    let rejected = read.zip(&all).filter_map(|(result, (what, _))| Some((what, result.err()?)));
    let nameless: Vec<_> = rejected.filter(|(_, reason)| !reason.contains('$')).collect();
    assert!(nameless.is_empty(), "{name}: {nameless:?}");
}

#[tokio::test]
async fn a_record_that_drifts_is_read_or_rejected_with_its_path_and_stops_no_other() {
    let rig = rig(Plans { flaws: 1500, options: &[], ..Plans::default() }).await;
    for name in [
        "alerts",
        "incidents",
        "host-audits",
        "container-audits",
        "app-audits",
        "hosts",
        "images",
        "functions",
        "assets",
        "permissions",
        "compliance",
    ] {
        let brought = rig.read(name, None).await.unwrap();
        // The longest has the most paths.
        let good = brought.items.iter().max_by_key(|item| item.json.get().len().min(4000)).unwrap();
        check(name, stream(name).around, &serde_json::from_str(good.json.get()).unwrap());
    }
    let (flaw, _) = rig.first(quell_testkit::platforms::prisma::Seat::Alert);
    let (_, body) = rig.double.webhook(flaw.number).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    check("webhook", ("[", "]"), &body[0]);
}
