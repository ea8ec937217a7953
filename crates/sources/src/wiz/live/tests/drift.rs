//! What the vendor changes without a word: each path of a record taken away, renamed and of another
//! type, once. A record is read, or rejected with the path of what is wrong; nothing stops.

use serde_json::{Value, json};

use super::*;

/// Pointers to every member and element of a value, as far as two elements of each list.
fn pointers(value: &Value, at: &str, to: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                to.push(path.clone());
                pointers(member, &path, to);
            }
        }
        Value::Array(elements) => {
            for (row, element) in elements.iter().take(2).enumerate() {
                let path = format!("{at}/{row}");
                to.push(path.clone());
                pointers(element, &path, to);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn other_type(value: &Value) -> [Value; 2] {
    match value {
        Value::Object(_) => [json!("text"), json!([])],
        Value::Array(_) => [json!({"a": 1}), json!("text")],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            [json!({"value": value}), json!([value])]
        }
    }
}

/// The record with one path changed in each way.
fn drifted(record: &Value, path: &str) -> Vec<Value> {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    let mut all = Vec::new();
    let old = record.pointer(path).unwrap().clone();
    for new in other_type(&old) {
        let mut changed = record.clone();
        *changed.pointer_mut(path).unwrap() = new;
        all.push(changed);
    }
    let mut without = record.clone();
    if let Some(members) = without.pointer_mut(parent).and_then(Value::as_object_mut) {
        members.remove(&name);
        all.push(without.clone());
        let members = without.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        members.insert(format!("{name}V2"), old);
        all.push(without);
    }
    all
}

fn check(stream: &Stream, record: &Value, path: &str) {
    let text = format!("{}{record}{}", stream.around.0, stream.around.1);
    let results = normalize_text(&text);
    assert_eq!(results.len(), 1, "{} {path}", stream.name);
    for result in results {
        let Err(why) = result else { continue };
        assert!(why.contains("$."), "{} {path}: `{why}` names no path", stream.name);
    }
}

#[tokio::test]
async fn a_changed_schema_stops_nothing_and_is_named() {
    let bench = Bench::with(200, &[("detection_days", "365")], KEY.1).await;
    let mut tried = 0;
    for stream in bench.connector.streams() {
        let items = bench.read(stream.name, None).await;
        let longest = items.iter().max_by_key(|item| item.json.get().len()).unwrap();
        let record: Value = serde_json::from_str(longest.json.get()).unwrap();
        let mut paths = Vec::new();
        pointers(&record, "", &mut paths);
        for path in &paths {
            let all = drifted(&record, path);
            tried += all.len();
            all.iter().for_each(|changed| check(stream, changed, path));
        }
    }
    assert!(tried > 1_000, "{tried}");
}

/// What has to be there is missed, and not taken for something else.
#[tokio::test]
async fn what_a_record_cannot_do_without_is_missed() {
    let bench = Bench::with(200, &[("detection_days", "365")], KEY.1).await;
    for (name, path) in [
        ("issues", "/id"),
        ("issues", "/status"),
        ("issues", "/entitySnapshot"),
        ("configuration", "/result"),
        ("configuration", "/rule"),
        ("vulnerabilities", "/name"),
        ("vulnerabilities", "/vulnerableAsset"),
        ("detections", "/ruleMatch"),
        ("identities", "/cloudResource"),
        ("entitlements", "/principal"),
        ("exposures", "/exposedEntity"),
    ] {
        let stream = bench.stream(name);
        let items = bench.read(name, None).await;
        let mut record: Value = serde_json::from_str(items[0].json.get()).unwrap();
        record.as_object_mut().unwrap().remove(path.trim_start_matches('/'));
        let text = format!("{}{record}{}", stream.around.0, stream.around.1);
        let why = normalize_text(&text).remove(0).unwrap_err();
        assert!(why.contains(&path.replace('/', "$.")), "{name} {path}: {why}");
    }
}
