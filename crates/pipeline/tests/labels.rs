//! What one tool's inventory says of an asset counts for what other tools raise on it, in any order
//! of files and runs.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use quell_model::{FixedClock, Timestamp};
use quell_pipeline::{
    OwnersAsked, Place, Progress, Request, Settings, Setup, explain_risk, refresh_owners, run,
};
use quell_report::{IssueReport, Report};
use quell_store::Store;
use serde_json::{Value, json};

struct World {
    folder: tempfile::TempDir,
    store: Store,
    setup: Setup,
    day: u8,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        Self { folder, store, setup: Setup::embedded(None).unwrap(), day: 1 }
    }

    fn now(&self) -> Timestamp {
        format!("2026-11-{:02}T00:00:00Z", self.day).parse().unwrap()
    }

    fn import(&mut self, files: &[&Value]) -> Report {
        let paths = files.iter().enumerate().map(|(number, file)| {
            let path = self.folder.path().join(format!("{number}.json"));
            fs::write(&path, file.to_string()).unwrap();
            path
        });
        let request = Request { paths: paths.collect(), ..Request::default() };
        let report = self.run(&request);
        assert_eq!(report.accounting.total.rejected, 0, "{:?}", report.accounting.files);
        assert!(report.accounting.total.balances());
        report
    }

    fn run(&mut self, request: &Request) -> Report {
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        let clock = FixedClock(self.now());
        run(&mut self.store, &self.setup, request, &clock, &progress).unwrap().report
    }

    /// Everything that is open, as a report without paths tells it.
    fn all(&mut self) -> Report {
        self.run(&Request::default())
    }
}

fn of<'r>(report: &'r Report, bucket: &str) -> &'r IssueReport {
    report.issues.iter().find(|issue| issue.asset.ends_with(bucket)).unwrap()
}

/// Owner with where that is known from, environment and data class.
fn said(report: &Report, bucket: &str) -> [String; 3] {
    let asset = report.assets.iter().find(|asset| asset.id.ends_with(bucket)).unwrap();
    let owner = asset.owner.as_ref();
    let owner = owner.map(|o| format!("{} {}", o.name.raw(), o.because.raw()));
    let word = |of: &Option<quell_model::Untrusted>| of.as_ref().map(|of| of.raw().to_owned());
    [owner, word(&asset.environment), word(&asset.data_class)].map(Option::unwrap_or_default)
}

fn prowler(buckets: &[&str]) -> Value {
    let finding = |name: &&str| {
        json!({"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New",
            "status_id": 1, "status_code": "FAIL", "time": 1_750_000_000,
            "metadata": {"event_code": "s3_bucket_public_access", "product": {"name": "Prowler"}},
            "finding_info": {"uid": format!("f-{name}"), "title": "public"},
            "resources": [{"uid": format!("arn:aws:s3:::{name}"), "type": "AwsS3Bucket",
                "name": name, "region": "eu-west-1"}],
            "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
    };
    buckets.iter().map(finding).collect()
}

/// An inventory of Lacework: buckets with their tags.
fn lacework(buckets: &[(&str, Value)]) -> Value {
    let row = |(name, tags): &(&str, Value)| {
        json!({"csp": "AWS", "apiKey": "list-buckets", "resourceType": "s3:bucket",
            "cloudDetails": {"accountID": "111122223333"}, "resourceId": name,
            "urn": format!("arn:aws:s3:::{name}"), "resourceRegion": "eu-west-1",
            "resourceTags": tags, "resourceConfig": {}})
    };
    json!({"data": buckets.iter().map(row).collect::<Vec<_>>(), "paging": {}})
}

/// An inventory of Wiz: a bucket with its tags and the owner that Wiz names.
fn wiz(name: &str, tags: &Value, owner: Option<&str>) -> Value {
    let owners =
        owner.map(|name| json!([{"type": "DECLARED_OWNER", "graphEntity": {"name": name}}]));
    let node = json!({"id": format!("w-{name}"), "name": name, "type": "BUCKET",
        "cloudPlatform": "AWS", "providerUniqueId": format!("arn:aws:s3:::{name}"),
        "projects": null, "typeFields": null, "tags": tags, "owners": owners});
    let pages = json!({"hasNextPage": false, "endCursor": null});
    json!({"data": {"cloudResourcesV2": {"nodes": [node], "pageInfo": pages}}})
}

const NONE: [&str; 3] = ["", "", ""];

#[test]
fn what_an_inventory_says_counts_for_the_findings_of_other_tools_with_its_source() {
    let mut plain = World::new();
    plain.import(&[&prowler(&["invoices"])]);
    let plain = plain.all();
    assert_eq!(said(&plain, "invoices"), NONE);
    let tags = json!({"env": "prod", "team": "payments", "data-classification": "pii"});
    let mut world = World::new();
    world.import(&[&prowler(&["invoices", "logs"])]);
    world.import(&[&lacework(&[("invoices", tags)])]);
    let told = world.all();
    let all = ["payments from tag `team`, says lacework", "production", "confidential"];
    assert_eq!(said(&told, "invoices"), all);
    assert_eq!(said(&told, "logs"), NONE);
    let (before, after) = (of(&plain, "invoices"), of(&told, "invoices"));
    assert!(after.risk.score > before.risk.score, "{} {}", after.risk.score, before.risk.score);
    assert_eq!(after.owner.as_ref().unwrap().name.raw(), "payments");
    let story = explain_risk(&world.store, &world.setup, &after.id, world.now());
    let story = story.unwrap();
    let part = story.parts.iter().find(|part| part.name == "environment").unwrap();
    let record = part.evidence[0].strip_prefix("relation:").unwrap();
    let number = u128::from_str_radix(record, 16).unwrap();
    let row = world.store.relation_get(&number.to_be_bytes()).unwrap().unwrap();
    let relation: Value = serde_json::from_slice(&row.body.unpack().unwrap()).unwrap();
    assert_eq!((&relation["kind"], &relation["by"]), (&json!("labeled"), &json!("tag env")));
}

#[test]
fn what_a_tool_says_itself_stays_and_what_a_later_record_does_not_say_is_gone() {
    let mut world = World::new();
    let own = json!({"data": {"metadata": {"tags": {"env": "test"}}}});
    let mut finding = prowler(&["invoices"]);
    finding[0]["resources"][0]["data"] = own["data"].clone();
    finding[0]["resources"][0]["labels"] = json!(["env:test"]);
    let with = |tags: Value| lacework(&[("invoices", tags), ("logs", json!({"env": "prod"}))]);
    world.import(&[&finding, &prowler(&["logs"]), &with(json!({"env": "prod", "team": "red"}))]);
    let told = world.all();
    assert_eq!(said(&told, "invoices"), ["red from tag `team`, says lacework", "test", ""]);
    assert_eq!(said(&told, "logs")[1], "production");
    world.day = 2;
    world.import(&[&with(json!({"Name": "x"}))]);
    assert_eq!(said(&world.all(), "invoices"), ["", "test", ""]);
    assert_eq!(said(&world.all(), "logs")[1], "production");
    world.day = 3;
    world.import(&[&with(json!({"team": "blue"}))]);
    assert_eq!(said(&world.all(), "invoices")[0], "blue from tag `team`, says lacework");
}

#[test]
fn the_order_of_places_holds_for_what_inventories_say() {
    let mut world = World::new();
    world.import(&[
        &prowler(&["invoices"]),
        &wiz("invoices", &json!([]), Some("declared")),
        &lacework(&[("invoices", json!({"team": "tagged"}))]),
    ]);
    for (order, first) in [
        (vec![], "tagged from tag `team`, says lacework"),
        (vec![Place::Source], "declared from field `owners`, says wiz"),
    ] {
        let settings = Settings { order, tags: Vec::new() };
        let asked = OwnersAsked { settings: Some(settings), inventories: None };
        let now = world.now();
        refresh_owners(&mut world.store, &world.setup, &asked, now).unwrap();
        let report = world.all();
        assert_eq!(said(&report, "invoices")[0], first);
        let asset = report.assets.iter().find(|asset| asset.owner.is_some()).unwrap();
        assert_eq!(asset.other_owners.len(), 1);
    }
}

/// Files of several tools of which none ends what another says.
fn files() -> Vec<Value> {
    let mut other = prowler(&["a", "c"]);
    for finding in other.as_array_mut().unwrap() {
        finding["metadata"]["event_code"] = json!("s3_bucket_object_versioning");
        finding["finding_info"]["uid"] = json!("other");
    }
    vec![
        prowler(&["a", "b"]),
        other,
        lacework(&[("a", json!({"env": "prod", "team": "red"})), ("d", json!({"env": "prod"}))]),
        lacework(&[("b", json!({"stage": "dev", "data-classification": "pii"}))]),
        wiz("a", &json!([{"key": "env", "value": "test"}]), Some("blue")),
        wiz("c", &json!([{"key": "data-class", "value": "restricted"}]), None),
        prowler(&["d"]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn no_order_of_files_matters(
        order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
        cuts in proptest::collection::vec(proptest::bool::ANY, 7),
    ) {
        let files = files();
        let mut first = World::new();
        first.import(&files.iter().collect::<Vec<_>>());
        let mut second = World::new();
        let mut together = Vec::new();
        for (number, cut) in order.into_iter().zip(cuts) {
            together.push(&files[number]);
            if cut {
                second.import(&std::mem::take(&mut together));
            }
        }
        if !together.is_empty() {
            second.import(&together);
        }
        let (first, second) = (first.all(), second.all());
        let [_, environment, _] = said(&first, ".bucket:b");
        prop_assert_eq!(environment, "development");
        let shown = |report: &Report| {
            let mut issues: Vec<Value> = report
                .issues
                .iter()
                .map(|i| json!([i.id, i.asset, i.risk, i.decision, i.owner]))
                .collect();
            issues.sort_by_key(Value::to_string);
            let mut assets: Vec<Value> =
                report.assets.iter().map(|asset| serde_json::to_value(asset).unwrap()).collect();
            assets.sort_by_key(Value::to_string);
            (issues, assets)
        };
        prop_assert_eq!(shown(&first), shown(&second));
    }
}
