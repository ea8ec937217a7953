//! Owners of issues: inventories, tags and CODEOWNERS, in any order of files and runs.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use quell_model::{FixedClock, Timestamp};
use quell_pipeline::{
    Columns, InventoryFile, OwnersAsked, Place, Progress, Request, Settings, Setup, explain_risk,
    refresh_owners, run, show_issue,
};
use quell_report::{InventoryReport, Report};
use quell_store::Store;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

struct World {
    folder: tempfile::TempDir,
    store: Store,
    setup: Setup,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        Self { folder, store, setup: Setup::embedded(None).unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&mut self, request: &Request) -> Report {
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        let clock = FixedClock(now());
        run(&mut self.store, &self.setup, request, &clock, &progress).unwrap().report
    }

    fn import(&mut self, names: &[&str]) -> Report {
        let both = |name: &&str| {
            let mut other = finding(name);
            other["metadata"]["event_code"] = json!("s3_bucket_kms_encryption");
            other["finding_info"]["uid"] = json!(format!("g-{name}"));
            [finding(name), other]
        };
        let findings: Vec<Value> = names.iter().flat_map(both).collect();
        let path = self.write(&format!("{}.json", names.join("-")), &json!(findings).to_string());
        self.run(&Request { paths: vec![path], ..Request::default() })
    }

    fn inventories(&self, files: &[(&str, &str)]) -> OwnersAsked {
        let file = |(name, text): &(&str, &str)| InventoryFile {
            name: (*name).to_owned(),
            path: self.write(&format!("inventory/{name}"), text),
            columns: Columns::default(),
        };
        OwnersAsked { settings: None, inventories: Some(files.iter().map(file).collect()) }
    }

    fn take(&mut self, asked: &OwnersAsked) -> Vec<InventoryReport> {
        refresh_owners(&mut self.store, &self.setup, asked, now()).unwrap()
    }

    /// Each asset with the owner of its issues, as a report without paths tells it.
    fn owners(&mut self) -> Vec<(String, Option<String>)> {
        let report = self.run(&Request::default());
        let mut told: Vec<_> = report
            .issues
            .iter()
            .map(|issue| {
                let owner = issue.owner.as_ref();
                let words =
                    |o: &quell_report::OwnerReport| format!("{} {}", o.name.raw(), o.because.raw());
                (issue.asset.clone(), owner.map(words))
            })
            .collect();
        told.sort();
        // Issues that differ leave their asset there twice.
        told.dedup();
        told
    }
}

/// A bucket's finding; buckets whose name begins with `t` have a tag.
fn finding(name: &str) -> Value {
    let tags = if name.starts_with('t') { json!({"team": "by-tag"}) } else { json!({}) };
    json!({"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New",
        "status_id": 1, "status_code": "FAIL", "time": 1_750_000_000,
        "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
        "finding_info": {"uid": format!("f-{name}"), "title": "versioning"},
        "resources": [{"uid": format!("arn:aws:s3:::{name}"), "type": "AwsS3Bucket",
            "name": name, "region": "eu-west-1", "data": {"metadata": {"tags": tags}},
            "labels": if name.starts_with('t') { json!(["team:by-tag"]) } else { json!([]) }}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
}

const BY_ARN: &str = "arn,owner,environment,criticality\n\
    arn:aws:s3:::invoices,payments,prod,high\narn:aws:s3:::gone,x,,\nbroken\n";

#[test]
fn a_row_gives_its_asset_an_owner_with_the_reason_whatever_came_first() {
    let mut first = World::new();
    let asked = first.inventories(&[("cmdb-prod", BY_ARN)]);
    assert_eq!(first.take(&asked)[0].joined, 0);
    first.import(&["invoices", "other"]);
    let mut second = World::new();
    second.import(&["invoices", "other"]);
    let told = second.take(&second.inventories(&[("cmdb-prod", BY_ARN)]));
    let one = &told[0];
    assert_eq!((one.records, one.joined, one.unmatched, one.rejected), (3, 1, 1, 1));
    assert_eq!(one.rejects[0].raw(), "row 4: 1 cells, the header has 4");
    let owners = first.owners();
    assert_eq!(owners, second.owners());
    let words: Vec<_> = owners.iter().filter_map(|(_, owner)| owner.as_deref()).collect();
    assert_eq!(words, ["payments from CMDB cmdb-prod row 2"]);
    let report = second.run(&Request::default());
    let asset = report.assets.iter().find(|a| a.owner.is_some()).unwrap();
    assert_eq!(asset.environment.as_ref().unwrap().raw(), "production");
    assert_eq!(asset.criticality.as_ref().unwrap().raw(), "high");
    let issue = report.issues.iter().find(|issue| issue.asset == asset.id).unwrap();
    assert_eq!(issue.owner.as_ref().unwrap().name.raw(), "payments");
    let story = show_issue(&second.store, &second.setup, (&issue.id, None), now()).unwrap();
    assert_eq!(story.owner.because.raw(), "from CMDB cmdb-prod row 2");
}

#[test]
fn an_inventory_that_says_public_counts_as_exposure_with_its_row() {
    let score = |text: &str| {
        let mut world = World::new();
        world.import(&["invoices"]);
        world.take(&world.inventories(&[("cmdb-prod", text)]));
        let report = world.run(&Request::default());
        let leads = |issue: &&quell_report::IssueReport| {
            issue.control.as_deref().is_some_and(|control| control.contains("kms"))
        };
        let issue = report.issues.iter().find(leads).cloned();
        let issue = issue.unwrap_or_else(|| panic!("{:?}", report.issues));
        let told = explain_risk(&world.store, &world.setup, &issue.id, now()).unwrap();
        let part = told.parts.into_iter().find(|part| part.name == "exposure");
        (issue.risk.score, part.map(|part| (part.because.raw().to_owned(), part.evidence)))
    };
    let (public, why) = score("arn,public\narn:aws:s3:::invoices,yes\n");
    let (unsaid, _) = score("arn,owner\narn:aws:s3:::invoices,payments\n");
    assert!(public > unsaid, "{public} {unsaid}");
    assert_eq!(why.unwrap().1, ["inventory:cmdb-prod#2"]);
}

#[test]
fn the_item_of_an_asset_is_told_and_goes_with_its_inventory() {
    let item = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let mut world = World::new();
    world.import(&["invoices", "other"]);
    let text = format!("sys_id,arn\n{item},arn:aws:s3:::invoices\n");
    world.take(&world.inventories(&[("cmdb", &text)]));
    let items = |world: &mut World| {
        let report = world.run(&Request::default());
        let items = report.assets.into_iter().filter_map(|asset| asset.item);
        items.map(|item| item.raw().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(items(&mut world), [item]);
    world.take(&OwnersAsked { settings: None, inventories: Some(Vec::new()) });
    assert!(items(&mut world).is_empty());
}

#[test]
fn an_inventory_that_changes_or_goes_leaves_nothing_behind() {
    let mut world = World::new();
    world.import(&["invoices"]);
    let before = world.owners();
    world.take(&world.inventories(&[("cmdb", BY_ARN)]));
    assert_ne!(world.owners(), before);
    world.take(&world.inventories(&[("cmdb", "arn,owner\narn:aws:s3:::invoices,sales\n")]));
    assert_eq!(world.owners()[0].1.as_deref(), Some("sales from CMDB cmdb row 2"));
    world.take(&OwnersAsked { settings: None, inventories: Some(Vec::new()) });
    assert_eq!(world.owners(), before);
}

#[test]
fn an_inventory_that_cannot_be_read_changes_nothing() {
    let mut world = World::new();
    world.import(&["invoices"]);
    world.take(&world.inventories(&[("cmdb", BY_ARN)]));
    let before = world.owners();
    let asked = world.inventories(&[("cmdb", "a,b\n1,2\n")]);
    let refused = refresh_owners(&mut world.store, &world.setup, &asked, now()).unwrap_err();
    assert!(refused.to_string().contains("no column names an asset"), "{refused}");
    assert_eq!(world.owners(), before);
}

#[test]
fn a_later_asset_of_the_same_name_takes_the_owner_away_from_both() {
    let mut world = World::new();
    let asked = world.inventories(&[("cmdb", "name,owner\ninvoices,payments\n")]);
    world.take(&asked);
    world.import(&["invoices"]);
    assert_eq!(world.owners()[0].1.as_deref(), Some("payments from CMDB cmdb row 2"));
    let mut other = finding("invoices");
    other["resources"][0]["uid"] = json!("arn:aws:dynamodb:eu-west-1:111122223333:table/invoices");
    other["finding_info"]["uid"] = json!("other");
    let path = world.write("other.json", &json!([other]).to_string());
    world.run(&Request { paths: vec![path], ..Request::default() });
    let owners = world.owners();
    assert_eq!(owners.len(), 2);
    assert!(owners.iter().all(|(_, owner)| owner.is_none()), "{owners:?}");
    assert_eq!(world.take(&asked)[0].ambiguous, 2);
}

#[test]
fn the_order_that_is_said_decides_and_the_other_owner_is_listed() {
    let mut world = World::new();
    world.import(&["tagged"]);
    let mut asked = world.inventories(&[("cmdb", "arn,owner\narn:aws:s3:::tagged,by-cmdb\n")]);
    world.take(&asked);
    assert!(world.owners()[0].1.as_deref().unwrap().starts_with("by-cmdb"));
    asked.settings = Some(Settings { order: vec![Place::Tag], tags: Vec::new() });
    world.take(&asked);
    assert_eq!(world.owners()[0].1.as_deref(), Some("by-tag from tag `team`"));
    let report = world.run(&Request::default());
    let others: Vec<_> = report.assets[0].other_owners.iter().map(|o| o.name.raw()).collect();
    assert_eq!(others, ["by-cmdb"]);
}

fn checkov(file: &str) -> Value {
    json!({"check_type": "terraform", "results": {"failed_checks": [{
        "check_id": "CKV_AWS_21", "check_name": "versioning", "check_result": {"result": "FAILED"},
        "file_path": format!("/{file}"), "file_line_range": [1, 3], "repo_file_path": format!("/{file}"),
        "resource": "aws_s3_bucket.logs", "severity": null, "guideline": null}],
        "passed_checks": [], "skipped_checks": []}, "summary": {"failed": 1}})
}

#[test]
fn codeowners_of_the_repository_own_findings_in_its_files() {
    let mut world = World::new();
    let repo = world.folder.path().join("repo");
    let terraform = "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"invoices\"\n}\n";
    world.write("repo/.git/HEAD", "ref: refs/heads/main\n");
    world.write("repo/infra/s3.tf", terraform);
    world.write("repo/.github/CODEOWNERS", "* @acme/all\n\n/infra/ @acme/cloud\n");
    let scan = world.write("checkov.json", &checkov("infra/s3.tf").to_string());
    let buckets = world.write("buckets.json", &json!([finding("invoices")]).to_string());
    let request = |paths, repository: &Path| Request {
        paths,
        repository: Some(repository.to_owned()),
        ..Request::default()
    };
    world.run(&request(vec![scan, buckets], &repo));
    let owners = world.owners();
    assert_eq!(owners.len(), 2, "{owners:?}");
    for (asset, owner) in owners {
        assert_eq!(owner.as_deref(), Some("@acme/cloud from CODEOWNERS line 3"), "{asset}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn the_order_of_runs_changes_no_owner(
        order in Just(vec!["invoices", "tagged", "web", "shop"]).prop_shuffle(),
        at in 0_usize..5,
    ) {
        let text = "name,arn,owner\ninvoices,,a\nweb,,b\nweb,,c\n,arn:aws:s3:::shop,d\ntagged,,e\n";
        let mut one = World::new();
        one.import(&["invoices", "tagged", "web", "shop"]);
        one.take(&one.inventories(&[("cmdb", text)]));
        let mut two = World::new();
        let asked = two.inventories(&[("cmdb", text)]);
        for (number, name) in order.iter().enumerate() {
            if number == at {
                two.take(&asked);
            }
            two.import(&[name]);
        }
        let told = two.take(&asked);
        let owners = one.owners();
        prop_assert_eq!(owners.len(), 4);
        prop_assert_eq!(owners, two.owners());
        prop_assert_eq!(told[0].records, told[0].joined + told[0].unmatched + told[0].rejected);
        prop_assert_eq!((told[0].joined, told[0].ambiguous), (3, 1));
    }
}
