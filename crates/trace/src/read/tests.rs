//! State files and plans in the shapes that Terraform writes, and in shapes that nobody should.

use std::io::{self, Read};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::signs::{Sign, key_mark};
use quell_model::{AssetId, Hints};

fn record(text: &str) -> Record {
    read(text.as_bytes()).unwrap()
}

fn fault(text: &str) -> String {
    read(text.as_bytes()).unwrap_err().to_string()
}

/// The addresses that bear an id.
fn bearing(record: &Record, native: &str) -> Vec<String> {
    let mark = key_mark(&AssetId::parse(native, &Hints::default())).unwrap();
    record.bearing(Sign::Id, mark).map(|made| made.whole()).collect()
}

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:jobs";

fn state(resources: &serde_json::Value) -> String {
    json!({"version": 4, "terraform_version": "1.9.5", "serial": 7, "lineage": "l-1",
        "outputs": {}, "resources": resources, "check_results": null})
    .to_string()
}

fn queue(instance: &serde_json::Value) -> String {
    state(&json!([{"module": "module.a[\"x.y\"]", "mode": "managed", "type": "aws_sqs_queue",
        "name": "jobs", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [instance]}]))
}

#[test]
fn a_state_file_tells_ids_with_calls_and_indexes() {
    let text = queue(&json!({"index_key": "a\"b", "schema_version": 0,
        "attributes": {"arn": QUEUE, "id": "x", "name": "jobs", "tags": {"Team": "x"}, "policy": "{}"},
        "sensitive_attributes": [], "private": "bnVsbA==", "dependencies": ["aws_kms_key.k"]}));
    let read = record(&text);
    assert_eq!((read.format(), read.serial, read.lineage.as_str()), (Format::State, 7, "l-1"));
    let expected = r#"module.a["x.y"].aws_sqs_queue.jobs["a\"b"]"#;
    assert_eq!(bearing(&read, QUEUE), [expected]);
    let counted = record(&queue(&json!({"index_key": 3, "attributes": {"arn": QUEUE}})));
    assert_eq!(bearing(&counted, QUEUE), [r#"module.a["x.y"].aws_sqs_queue.jobs[3]"#]);
}

#[test]
fn attributes_that_are_sensitive_are_not_looked_at() {
    for sensitive in [
        json!([[{"type": "get_attr", "value": "arn"}]]),
        json!(["arn"]),
        json!([[{"type": "get_attr", "value": "other"}], [{"type": "get_attr", "value": "arn"}]]),
    ] {
        let instance = json!({"attributes": {"arn": QUEUE}, "sensitive_attributes": sensitive});
        assert_eq!(bearing(&record(&queue(&instance)), QUEUE), [""; 0], "{instance}");
    }
    let other =
        json!({"attributes": {"arn": QUEUE}, "sensitive_attributes": [[{"value": "x"}], 3]});
    assert_eq!(bearing(&record(&queue(&other)), QUEUE).len(), 1);
}

#[test]
fn nothing_of_a_state_file_is_kept_as_text() {
    let text = queue(&json!({"attributes": {"arn": QUEUE, "id": "hush-1", "name": "hush-2",
        "password": "hush-3", "metadata": [{"name": "hush-4"}], "tags": {"yor_trace": "hush-5"}},
        "private": "hush-6"}));
    let shown = format!("{:?}", record(&text));
    assert!(!shown.contains("hush") && !shown.contains(QUEUE), "{shown}");
}

#[test]
fn data_sources_and_empty_resources_make_nothing() {
    let resources = json!([
        {"mode": "data", "type": "aws_sqs_queue", "name": "q", "instances": [{"attributes": {"arn": QUEUE}}]},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "q", "instances": []},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "q", "instances": null},
        {"mode": "managed", "type": "aws_sqs_queue", "name": "q", "instances": [{"attributes": null}, {}]},
        {},
    ]);
    assert_eq!(record(&state(&resources)).things(), 0);
}

#[test]
fn a_plan_tells_what_there_is_at_its_new_address() {
    let text = json!({"format_version": "1.2", "terraform_version": "1.9.5",
        "variables": {"secret": {"value": "x"}},
        "planned_values": {"outputs": {}, "root_module": {"child_modules": [{"address": "module.m",
            "resources": [{"address": "module.m.aws_s3_bucket.b[0]", "mode": "managed",
                "type": "aws_s3_bucket", "name": "b", "index": 0, "values": {"bucket": "acme-new"},
                "sensitive_values": {"tags": {}}}],
            "child_modules": [{"address": "module.m.module.n", "resources": []}]}]}},
        "resource_changes": [{"address": "aws_sqs_queue.renamed", "previous_address": "aws_sqs_queue.jobs",
            "mode": "managed", "type": "aws_sqs_queue", "name": "renamed",
            "change": {"actions": ["update"], "before": {"arn": QUEUE}, "after": {"name": "jobs"},
                "after_unknown": {}, "before_sensitive": false, "after_sensitive": {"name": true}}}],
        "configuration": {"root_module": {}}});
    let read = record(&text.to_string());
    assert_eq!(read.format(), Format::Plan);
    assert_eq!(bearing(&read, QUEUE), ["aws_sqs_queue.renamed"]);
    assert_eq!(bearing(&read, "arn:aws:s3:::acme-new"), ["module.m.aws_s3_bucket.b[0]"]);
}

#[test]
fn a_shown_state_tells_the_same() {
    let text = json!({"format_version": "1.0", "values": {"outputs": {"q": {"value": QUEUE, "sensitive": false}},
        "root_module": {"resources": [{"address": "aws_sqs_queue.jobs", "mode": "managed",
            "type": "aws_sqs_queue", "name": "jobs", "values": {"arn": QUEUE},
            "sensitive_values": {}}]}}});
    let read = record(&text.to_string());
    assert_eq!(read.format(), Format::ShownState);
    assert_eq!(bearing(&read, QUEUE), ["aws_sqs_queue.jobs"]);
    let mark = key_mark(&AssetId::parse(QUEUE, &Hints::default())).unwrap();
    assert_eq!(read.giving(mark).collect::<Vec<_>>(), ["q"]);
}

#[test]
fn what_is_no_state_is_refused_with_its_reason() {
    for (text, word) in [
        (r#"{"version": 3, "modules": []}"#, "version 3"),
        (r#"{"version": "five"}"#, "version five"),
        (r#"{"version": null}"#, "no number"),
        (r#"{"format_version": "2.0", "values": {}}"#, "format version is `2.0`"),
        (r#"{"serial": 1, "encrypted_data": "x"}"#, "encrypted"),
        (r#"{"a": 1}"#, "neither"),
        ("PK\u{3}\u{4}", "binary plan"),
        ("", "no state file"),
        ("[]", "no state file"),
        ("{\"version\": 4, \"resources\": [", "no state file"),
        ("{\"version\": 4, \"resources\": []} x", "trailing"),
        (r#"{"version": 4, "resources": [{"type": "a", "type": "b"}]}"#, "duplicate field"),
    ] {
        let said = fault(text);
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn deep_nesting_ends_with_an_error_or_is_passed_over() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let passed =
        queue(&json!({"attributes": {"arn": QUEUE, "x": "DEEP"}})).replace("\"DEEP\"", &deep);
    assert_eq!(bearing(&record(&passed), QUEUE).len(), 1);
    for field in ["metadata", "tags", "id", "manifest"] {
        let text = queue(&json!({"attributes": {"arn": QUEUE, field: "DEEP"}}));
        // Either is fine, as long as it ends.
        drop(read(text.replace("\"DEEP\"", &deep).as_bytes()));
    }
    let modules = "{\"child_modules\":[".repeat(50_000);
    let text = format!("{{\"planned_values\":{{\"root_module\":{modules}");
    assert!(fault(&text).contains("recursion limit"));
}

#[test]
fn a_file_that_is_too_long_is_not_read_to_its_end() {
    let text = queue(&json!({"attributes": {"arn": QUEUE}}));
    let most = u64::try_from(text.len()).unwrap();
    assert!(read_at_most(text.as_bytes(), most).is_ok());
    let endless = text.as_bytes().chain(io::repeat(b' '));
    assert!(matches!(read_at_most(endless, most + 9000), Err(Unreadable::TooLong)));
}

#[test]
fn a_reader_that_fails_is_told_as_such() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let text = br#"{"version": 4, "resources": ["#.chain(Broken);
    assert!(matches!(read(text), Err(Unreadable::Io(_))));
}

#[test]
fn more_instances_than_there_can_be_end_it() {
    let many = "{},".repeat(1_000_001);
    let text = format!(
        r#"{{"version":4,"resources":[{{"mode":"managed","type":"t","name":"n","instances":[{many}{{}}]}}]}}"#
    );
    assert!(fault(&text).contains("more than 1000000 instances"));
}

/// Any value, with the names that are looked at among its keys.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        "[a-z:/\\PC]{0,8}".prop_map(|s| json!(s)),
        Just(json!(QUEUE)),
    ];
    let key = prop::sample::select(vec![
        "version",
        "resources",
        "values",
        "root_module",
        "child_modules",
        "outputs",
        "instances",
        "attributes",
        "id",
        "arn",
        "tags",
        "yor_trace",
        "metadata",
        "manifest",
        "mode",
        "type",
        "name",
        "module",
        "index_key",
        "sensitive_attributes",
        "change",
        "before",
        "value",
        "resource_changes",
        "planned_values",
        "address",
        "sensitive_values",
        "x",
    ]);
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| json!(items)),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(value in any_value()) {
        drop(read(value.to_string().as_bytes()));
        drop(read(state(&value).as_bytes()));
        drop(read(queue(&value).as_bytes()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(read(bytes.as_slice()));
    }

    /// Every queue that is in a state is found at its own address, and no other is.
    #[test]
    fn each_thing_is_found_at_its_address(count in 1_usize..30) {
        let one = |n: usize| json!({"mode": "managed", "type": "aws_sqs_queue", "name": format!("q{n}"),
            "instances": [{"index_key": n, "attributes":
                {"arn": format!("arn:aws:sqs:eu-west-1:111122223333:q{n}")}}]});
        let read = record(&state(&json!((0..count).map(one).collect::<Vec<_>>())));
        for n in 0..count {
            let found = bearing(&read, &format!("arn:aws:sqs:eu-west-1:111122223333:q{n}"));
            prop_assert_eq!(found, [format!("aws_sqs_queue.q{n}[{n}]")]);
        }
    }
}
