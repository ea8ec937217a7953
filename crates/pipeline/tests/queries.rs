//! What lists and look-ups answer, over files as tools write them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::AtomicBool;

use quell_model::{FixedClock, Severity, Status, Timestamp};
use quell_pipeline::query::{
    AssetQuery, ControlQuery, FindingQuery, FixQuery, ImportQuery, IncidentCache, IncidentQuery,
    IssueQuery, Page, QueryError, View, asset, assets, control, controls, finding, findings, fix,
    fixes, imports, incident, incidents, issue, issues, statistics,
};
use quell_pipeline::{Progress, Request, Setup, run, show_incident, show_issue};
use quell_store::{Index, Snapshot, Store};
use serde_json::{Value, json};

const CHECKS: [&str; 3] =
    ["s3_bucket_object_versioning", "s3_bucket_default_encryption", "s3_bucket_public_access"];

fn prowler(number: usize, status: &str) -> Value {
    let check = CHECKS.iter().cycle().nth(number).unwrap();
    json!({"class_uid": 2004, "severity_id": 2 + number % 4, "severity": "High", "status": "New",
        "status_id": 1, "status_code": status, "time": 1_750_000_000 + number,
        "metadata": {"event_code": check, "product": {"name": "Prowler"}},
        "finding_info": {"uid": format!("prowler-{number}"), "title": check},
        "resources": [{"uid": format!("arn:aws:s3:::bucket-{}", number / 2), "type": "AwsS3Bucket",
            "region": "eu-west-1", "labels": [format!("owner:team-{}", number % 3)]}],
        "cloud": {"provider": "aws", "account": {"uid": format!("11112222333{}", number % 3)}}})
}

fn hub(number: usize) -> Value {
    json!({"SchemaVersion": "2018-10-08", "Id": format!("hub-{number}"),
        "GeneratorId": "security-control/S3.14",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "AwsAccountId": "111122223330", "UpdatedAt": "2025-06-15T00:00:00Z",
        "CreatedAt": "2025-06-15T00:00:00Z", "Types": ["x"], "Severity": {"Label": "LOW"},
        "Title": "S3 buckets should have versioning enabled", "Description": "d",
        "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::bucket-{number}")}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.14"}, "RecordState": "ACTIVE"})
}

fn today() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

struct World {
    folder: tempfile::TempDir,
    store: Store,
    setup: Setup,
    index: Index,
    snapshot: Snapshot,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let index = Index::load(&store).unwrap();
        let setup = Setup::embedded(None).unwrap();
        let snapshot = index.snapshot();
        Self { folder, store, setup, index, snapshot }
    }

    /// Forty findings of one tool, and six of another, of which four are the same faults.
    fn filled() -> Self {
        let mut world = Self::new();
        world.import(&Value::from((0..40).map(|n| prowler(n, "FAIL")).collect::<Vec<_>>()));
        world.import(&json!({"Findings": (0..6).map(hub).collect::<Vec<_>>()}));
        world
    }

    fn import(&mut self, content: &Value) {
        let path = self.folder.path().join("file.json");
        fs::write(&path, content.to_string()).unwrap();
        let request = Request { paths: vec![path], ..Request::default() };
        let clock = FixedClock(today());
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        run(&mut self.store, &self.setup, &request, &clock, &progress).unwrap();
        self.index.refresh(&self.store).unwrap();
        self.snapshot = self.index.snapshot();
    }

    fn view(&self) -> View<'_> {
        View { store: &self.store, index: &self.snapshot, setup: &self.setup, now: today() }
    }
}

/// Every item of all pages, by what is asked of each.
fn all_pages<T, K>(
    mut page: impl FnMut(Option<String>) -> Page<T>,
    key: impl Fn(&T) -> K,
) -> (u64, Vec<K>) {
    let first = page(None);
    let (total, mut next) = (first.total, first.next);
    let mut keys: Vec<K> = first.items.iter().map(&key).collect();
    while let Some(cursor) = next {
        let page = page(Some(cursor));
        assert_eq!(page.total, total);
        keys.extend(page.items.iter().map(&key));
        next = page.next;
    }
    (total, keys)
}

const MACHINE: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718";

/// An answer of Wiz: the machine, and what it names beside itself.
fn machine(image: Option<&str>) -> Value {
    let end = |id: &str| json!({"id": "g-1", "name": "x", "providerUniqueId": id});
    json!({"data": {"cloudResourcesV2": {"nodes": [{
        "id": "r-1", "name": "web", "type": "VIRTUAL_MACHINE", "nativeType": "virtualMachine",
        "cloudPlatform": "AWS", "providerUniqueId": MACHINE, "externalId": "i-0a1b2c3d4e5f60718",
        "region": "eu-west-1", "status": "Active",
        "cloudAccount": {"id": "a", "externalId": "111122223333", "cloudProvider": "AWS"},
        "projects": [{"id": "0b1f6471-1bf0-4dda-aec3-111122223333", "name": "shop"}],
        "typeFields": {
            "__typename": "CloudResourceV2VirtualMachine", "image": image.map(end),
            "kubernetesCluster": end("arn:aws:eks:eu-west-1:111122223333:cluster/shop"),
        },
    }], "pageInfo": {"hasNextPage": false, "endCursor": null}}}})
}

fn on_the_machine() -> Value {
    json!({"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New",
        "status_id": 1, "status_code": "FAIL", "time": 1_750_000_000,
        "metadata": {"event_code": "ec2_instance_imdsv2_enabled", "product": {"name": "Prowler"}},
        "finding_info": {"uid": "prowler-vm", "title": "IMDSv2"},
        "resources": [{"uid": MACHINE, "type": "AwsEc2Instance", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
}

#[test]
fn an_asset_shows_what_tools_say_that_it_has_to_do_with_others() {
    let mut world = World::new();
    world.import(&json!([on_the_machine()]));
    world.import(&machine(Some("ami-0a1b2c3d4e5f60715")));
    let told = asset(&world.view(), "aws:ec2.instance:i-0a1b2c3d4e5f60718").unwrap();
    let lines: Vec<(&str, &str)> =
        told.relations.iter().map(|r| (r.words, r.asset.raw())).collect();
    assert_eq!(
        lines,
        [
            ("is in", "aws:eks.cluster:111122223333:eu-west-1:shop"),
            ("is part of", "other::0b1f6471-1bf0-4dda-aec3-111122223333"),
            ("uses the image", "aws:ec2.image:ami-0a1b2c3d4e5f60715"),
        ]
    );
    assert_eq!((told.all_relations, told.relations.first().unwrap().tool.as_str()), (3, "wiz"));
    // The same again is no news.
    world.import(&machine(Some("ami-0a1b2c3d4e5f60715")));
    let again = asset(&world.view(), "aws:ec2.instance:i-0a1b2c3d4e5f60718").unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&told).unwrap());
}

#[test]
fn what_a_later_file_does_not_name_in_the_same_field_is_gone() {
    let mut world = World::new();
    world.import(&json!([on_the_machine()]));
    let inventory = |config: Value| {
        json!({"data": [{"csp": "AWS", "apiKey": "describe-instances", "urn": MACHINE,
            "cloudDetails": {"accountID": "111122223333"}, "resourceId": "i-0a1b2c3d4e5f60718",
            "resourceType": "ec2:instance", "resourceRegion": "eu-west-1",
            "resourceTags": {}, "resourceConfig": config}]})
    };
    let group = |ids: &[&str]| ids.iter().map(|id| json!({"GroupId": id})).collect::<Vec<_>>();
    let groups = |world: &mut World, hour: i8, config: Value| {
        let path = world.folder.path().join("inventory.json");
        fs::write(&path, inventory(config).to_string()).unwrap();
        let request = Request { paths: vec![path], ..Request::default() };
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        let clock = FixedClock(today() + jiff::SignedDuration::from_hours(hour.into()));
        run(&mut world.store, &world.setup, &request, &clock, &progress).unwrap();
        let told = asset(&world.view(), "aws:ec2.instance:i-0a1b2c3d4e5f60718").unwrap();
        let named = told.relations.iter().map(|related| related.asset.raw().to_owned());
        named.filter(|name| name.contains("sg-")).count()
    };
    let (one, two) = ("sg-0a1b2c3d4e5f60711", "sg-0a1b2c3d4e5f60712");
    let all = || json!({"SecurityGroups": group(&[one, two]), "VpcId": "vpc-0a1b2c3d4e5f60711"});
    assert_eq!(groups(&mut world, 1, all()), 2);
    for (hour, config) in
        [(2, json!({})), (3, json!({"VpcId": "vpc-0a1b2c3d4e5f60711"})), (4, json!(null))]
    {
        assert_eq!(
            groups(&mut world, hour, config),
            2,
            "a description without the field says nothing"
        );
    }
    assert_eq!(groups(&mut world, 5, json!({"SecurityGroups": group(&[one])})), 1);
    assert_eq!(groups(&mut world, 6, json!({"SecurityGroups": []})), 0);
    assert_eq!(groups(&mut world, 7, json!({"SecurityGroups": group(&[two])})), 1);
    // What was read before changes nothing, whatever came between.
    assert_eq!(groups(&mut world, 8, all()), 1);
}

#[test]
fn records_with_relations_add_up() {
    let mut world = World::new();
    for (image, created, updated) in
        [(Some("ami-0a1b2c3d4e5f60715"), 1, 0), (None, 0, 0), (Some("ami-0a1b2c3d4e5f60799"), 1, 0)]
    {
        let path = world.folder.path().join("file.json");
        fs::write(&path, machine(image).to_string()).unwrap();
        let request = Request { paths: vec![path], ..Request::default() };
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        let clock = FixedClock(today());
        let told = run(&mut world.store, &world.setup, &request, &clock, &progress).unwrap().report;
        let sums = told.accounting.total;
        assert!(sums.balances(), "{sums:?}");
        assert_eq!((sums.records, sums.created, sums.updated), (1, created, updated), "{image:?}");
        assert_eq!((told.funnel.records, told.funnel.assets), (1, 1));
    }
}

#[test]
fn pages_together_are_the_whole_list() {
    let world = World::filled();
    let view = world.view();
    let query = |cursor| IssueQuery { limit: Some(7), cursor, ..IssueQuery::default() };
    let (total, keys) =
        all_pages(|cursor| issues(&view, &query(cursor)).unwrap(), |i| (i.score, i.id));
    assert_eq!((keys.len(), total), (42, 42));
    assert!(keys.is_sorted_by(|a, b| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1)), "{keys:?}");

    let query = |cursor| FindingQuery { limit: Some(7), cursor, ..FindingQuery::default() };
    let (total, ids) = all_pages(|c| findings(&view, &query(c)).unwrap(), |f| f.finding.id.clone());
    assert_eq!((ids.iter().collect::<BTreeSet<_>>().len(), total), (46, 46));

    let query = |cursor| AssetQuery { limit: Some(3), cursor, ..AssetQuery::default() };
    let (total, ids) = all_pages(|c| assets(&view, &query(c)).unwrap(), |a| a.asset.id.clone());
    assert_eq!((ids.iter().collect::<BTreeSet<_>>().len(), total), (20, 20));
}

#[test]
fn filters_and_facets_say_the_same() {
    let world = World::filled();
    let view = world.view();
    let all = issues(&view, &IssueQuery { facets: true, ..IssueQuery::default() }).unwrap();
    assert_eq!(all.total, 42);
    for (name, facet) in &all.facets {
        let sum: u64 = facet.values.iter().map(|v| v.count).sum::<u64>() + facet.others;
        assert!(if *name == "tool" { sum == 46 } else { sum == 42 }, "{name}: {facet:?}");
        for value in &facet.values {
            let Some(word) = value.value.as_ref().map(|word| word.raw()) else { continue };
            let asked = json!({*name: word});
            let query: IssueQuery = serde_json::from_value(asked).unwrap();
            assert_eq!(issues(&view, &query).unwrap().total, value.count, "{name} {word}");
        }
    }
    let team = all.facets.get("team").unwrap();
    assert_eq!(team.values.len(), 4, "{team:?}");
    let both: IssueQuery =
        serde_json::from_value(json!({"tool": "security_hub,other", "control": "aws.s3"})).unwrap();
    assert_eq!(issues(&view, &both).unwrap().total, 6);
    let text = AssetQuery { text: Some("BUCKET-1".to_owned()), ..AssetQuery::default() };
    assert_eq!(assets(&view, &text).unwrap().total, 11);
    let high = FindingQuery { severity: vec![Severity::High], ..FindingQuery::default() };
    let high = findings(&view, &high).unwrap();
    assert!(high.total == 10 && high.items.iter().all(|f| f.finding.severity == Severity::High));
}

#[test]
fn what_is_closed_leaves_the_open_list() {
    let mut world = World::filled();
    let open = IssueQuery { status: vec![Status::Open], ..IssueQuery::default() };
    let before = issues(&world.view(), &open).unwrap().total;
    let passed = json!({"class_uid": 2004, "severity_id": 1, "status_code": "PASS",
        "time": 1_760_000_000, "metadata": {"event_code": CHECKS[1], "product": {"name": "Prowler"}},
        "finding_info": {"uid": "prowler-31", "title": CHECKS[1]},
        "resources": [{"uid": "arn:aws:s3:::bucket-15", "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223331"}}});
    world.import(&json!([passed]));
    let view = world.view();
    let after = issues(&view, &open).unwrap();
    assert!(after.total < before && after.items.iter().all(|i| i.status == Status::Open));
    let told = statistics(&view).unwrap();
    assert_eq!((told.issues, told.open_issues, told.findings), (42, after.total, 46));
    let open = FindingQuery { status: vec![Status::Open], ..FindingQuery::default() };
    assert_eq!(told.open_findings, findings(&view, &open).unwrap().total);
    let gone: IssueQuery = serde_json::from_value(json!({"status": "resolved"})).unwrap();
    let gone = issues(&view, &gone).unwrap();
    assert_eq!(gone.total, before - after.total);
    assert!(gone.items.iter().any(|i| i.asset.raw().ends_with("bucket-15")));
    let days: u64 = told.first_seen.iter().map(|day| day.issues).sum();
    assert!(days <= told.open_issues && !told.open["severity"].values.is_empty());
}

#[test]
fn wrong_questions_are_named() {
    let world = World::filled();
    let view = world.view();
    let query = IssueQuery { limit: Some(5), ..IssueQuery::default() };
    let next = issues(&view, &query).unwrap().next;
    let other = IssueQuery { severity: vec![Severity::Low], cursor: next.clone(), ..query.clone() };
    assert!(matches!(issues(&view, &other), Err(QueryError::OtherCursor)));
    let wrong_list = FindingQuery { cursor: next, ..FindingQuery::default() };
    assert!(matches!(findings(&view, &wrong_list), Err(QueryError::OtherCursor)));
    let damaged = IssueQuery { cursor: Some("AAAA".to_owned()), ..query.clone() };
    assert!(matches!(issues(&view, &damaged), Err(QueryError::DamagedCursor)));
    for limit in [0, 501] {
        let asked = IssueQuery { limit: Some(limit), ..query.clone() };
        assert!(
            matches!(issues(&view, &asked), Err(QueryError::Limit { given }) if given == limit)
        );
    }
    for unknown in [json!({"sevrity": "high"}), json!({"severity": "hihg"}), json!({"sort": "x"})] {
        assert!(serde_json::from_value::<IssueQuery>(unknown).is_err());
    }
    for id in ["", "zzzz", "not an id", "é"] {
        assert!(matches!(issue(&view, id), Err(QueryError::NotFound { .. })), "{id}");
        assert!(matches!(finding(&view, id), Err(QueryError::NotFound { .. })), "{id}");
        assert!(matches!(asset(&view, id), Err(QueryError::NotFound { .. })), "{id}");
    }
}

#[test]
fn single_items_come_with_their_evidence() {
    let world = World::filled();
    let view = world.view();
    let tool: IssueQuery = serde_json::from_value(json!({"tool": ["security_hub"]})).unwrap();
    let listed = issues(&view, &tool).unwrap().items;
    for item in listed.iter().filter(|item| item.tools.len() == 2) {
        let id = item.id.to_string();
        let told = issue(&view, &id).unwrap();
        let shown = show_issue(&world.store, &world.setup, (&id, None), today()).unwrap();
        assert_eq!(
            serde_json::to_value(&told).unwrap(),
            serde_json::to_value(&shown).unwrap(),
            "the short way says what the long way says"
        );
        assert_eq!(told.issue.findings.len(), 2);
        let of_issue = FindingQuery { issue: Some(id), ..FindingQuery::default() };
        assert_eq!(findings(&view, &of_issue).unwrap().total, 2);
        let first = told.issue.findings.first().unwrap();
        let whole = finding(&view, &first.id).unwrap();
        assert_eq!((whole.item.issue, &whole.item.finding.id), (item.id, &first.id));
        let on = asset(&view, item.asset.raw()).unwrap();
        assert!(on.issues.iter().any(|i| i.id == item.id));
        assert_eq!(on.item.asset.open_issues, on.all_issues);
    }
}

#[test]
fn incidents_are_listed_and_made_once_a_change() {
    let mut world = World::filled();
    let cache = IncidentCache::default();
    let whole = incidents(&world.view(), &cache, &IncidentQuery::default()).unwrap();
    assert!(whole.current && whole.page.total > 1);
    let page = |cursor| {
        let query = IncidentQuery { limit: Some(2), cursor, ..IncidentQuery::default() };
        incidents(&world.view(), &cache, &query).unwrap().page
    };
    let (total, ids) = all_pages(page, |incident| incident.id);
    let in_order: Vec<_> = whole.page.items.iter().map(|incident| incident.id).collect();
    assert_eq!((ids, total), (in_order, whole.page.total));
    let query = IncidentQuery { facets: true, ..IncidentQuery::default() };
    for (name, facet) in incidents(&world.view(), &cache, &query).unwrap().page.facets {
        assert_eq!(facet.values.iter().map(|v| v.count).sum::<u64>(), total, "{name}");
        for value in facet.values {
            let word = value.value.unwrap();
            let asked = serde_json::from_value(json!({name: [word.raw()]})).unwrap();
            let found = incidents(&world.view(), &cache, &asked).unwrap().page.total;
            assert_eq!(found, value.count, "{name} {word:?}");
        }
    }
    for item in &whole.page.items {
        let id = item.id.to_string();
        let told = incident(&world.view(), &cache, &id).unwrap();
        let shown = show_incident(&world.store, &world.setup, &id, None, today()).unwrap();
        assert_eq!(serde_json::to_value(&told).unwrap(), serde_json::to_value(&shown).unwrap());
        assert_eq!(item.title, told.incident.title);
        assert_eq!(
            (&item.team, &item.sources),
            (&told.incident.owner.name, &told.incident.sources)
        );
        assert_eq!(item.decision, told.incident.decision.decision);
        let by_issue = told.incident.issues.first().unwrap();
        assert_eq!(incident(&world.view(), &cache, by_issue).unwrap().incident.id, id);
    }
    world.import(&Value::from((40..44).map(|n| prowler(n, "FAIL")).collect::<Vec<_>>()));
    let view = world.view();
    let now: u64 = incidents(&view, &cache, &IncidentQuery::default())
        .unwrap()
        .page
        .items
        .iter()
        .map(|incident| incident.issues)
        .sum();
    let open: IssueQuery = serde_json::from_value(json!({"status": "open,in_progress"})).unwrap();
    assert_eq!(now, issues(&view, &open).unwrap().total);
    assert!(incident(&view, &cache, "").is_err() && incident(&view, &cache, "zz").is_err());
}

#[test]
fn many_readers_see_the_same_incidents() {
    let world = World::filled();
    let cache = IncidentCache::default();
    let (data, snapshot, setup) =
        (world.folder.path().join("data"), world.snapshot.clone(), &world.setup);
    let totals: Vec<u64> = std::thread::scope(|threads| {
        let ask = || {
            let store = Store::open(&data).unwrap();
            let view = View { store: &store, index: &snapshot, setup, now: today() };
            incidents(&view, &cache, &IncidentQuery::default()).unwrap().page.total
        };
        let running: Vec<_> = (0..8).map(|_| threads.spawn(ask)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(totals.iter().all(|total| *total == totals[0] && *total > 0), "{totals:?}");
}

#[test]
fn controls_and_imports_are_listed() {
    let world = World::filled();
    let view = world.view();
    let page = |cursor| {
        let query = ControlQuery { limit: Some(100), cursor, ..ControlQuery::default() };
        controls(&view, &query).unwrap()
    };
    let (total, ids) = all_pages(page, |control| control.id.clone());
    let known: BTreeSet<String> =
        world.setup.catalog().controls().map(|control| control.id.clone()).collect();
    assert_eq!(ids.len(), known.len());
    assert_eq!(
        (ids.into_iter().collect::<BTreeSet<_>>(), total),
        (known.clone(), known.len() as u64)
    );
    let open = ControlQuery { open: true, ..ControlQuery::default() };
    let open = controls(&view, &open).unwrap().items;
    assert_eq!(open.iter().map(|c| c.open_issues).sum::<u64>(), 42);
    for item in open {
        let asked = IssueQuery { control: Some(item.id.clone()), ..IssueQuery::default() };
        assert_eq!(issues(&view, &asked).unwrap().total, item.open_issues);
        let story = control(&view, &item.id).unwrap();
        assert_eq!(story.item.open_issues, item.open_issues);
        assert!(story.item.tools.iter().any(|tool| tool == "prowler"), "{story:?}");
    }
    assert!(control(&view, "aws.s3").is_err());

    let page = |cursor| {
        let query = ImportQuery { limit: Some(1), cursor, ..ImportQuery::default() };
        imports(&view, &query).unwrap()
    };
    let (total, formats) = all_pages(page, |import| import.format.clone());
    let formats: BTreeSet<String> = formats.into_iter().collect();
    assert_eq!((total, formats.len()), (2, 2), "{formats:?}");
}

#[test]
fn fixes_that_were_proposed_are_listed_with_their_proofs() {
    let mut world = World::filled();
    let folder = world.folder.path().join("infra");
    fs::create_dir(&folder).unwrap();
    let block = "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"bucket-1\"\n}\n";
    fs::write(folder.join("main.tf"), block).unwrap();
    let request = Request { repository: Some(folder), ..Request::default() };
    let clock = FixedClock(today());
    let cancelled = AtomicBool::new(false);
    let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
    let report = run(&mut world.store, &world.setup, &request, &clock, &progress).unwrap().report;
    let proved = report.fixes.iter().filter(|fix| fix.state == "proved").count();
    assert!(proved > 0, "{:?}", report.fixes);
    let view = world.view();
    let listed = fixes(&view, &FixQuery::default()).unwrap();
    assert_eq!(listed.total, proved as u64);
    for item in listed.items {
        let told = serde_json::to_value(fix(&view, &item.id).unwrap()).unwrap();
        let shown = report.fixes.iter().find(|fix| fix.id == item.id).unwrap();
        assert_eq!(told, serde_json::to_value(shown).unwrap());
        let of_issue = FixQuery { issue: item.closes.first().cloned(), ..FixQuery::default() };
        assert!(fixes(&view, &of_issue).unwrap().total > 0);
    }
    assert!(fix(&view, "none").is_err());
}
