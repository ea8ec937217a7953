//! From an asset in a cloud to the block that made it, on disk and with git.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use quell_model::{Clock, Timestamp};
use quell_pipeline::{
    FixHelp, FixRequest, Progress, Request, Setup, StateFile, Taken, TraceRequest, plan_fixes,
    trace_thing,
};
use quell_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

const VOLUME: &str = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123456789abcdef0";

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn clock() -> At {
    At("2026-06-01T00:00:00Z".parse().unwrap())
}

struct World {
    folder: TempDir,
    setup: Setup,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let world =
            Self { folder: tempfile::tempdir().unwrap(), setup: Setup::embedded(None).unwrap() };
        for (name, text) in files {
            world.file(&format!("repo/{name}"), text);
        }
        world
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn repo(&self) -> std::path::PathBuf {
        self.folder.path().join("repo")
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("data")).unwrap()
    }

    fn states(&self, named: &[&str]) -> Vec<StateFile> {
        let folder = self.folder.path().display().to_string();
        let whole = |name: &&str| {
            let text = match name.split_once('=') {
                Some((part, file)) => format!("{part}={folder}/{file}"),
                None => format!("{folder}/{name}"),
            };
            StateFile::parse(&text, &self.repo())
        };
        named.iter().map(whole).collect()
    }

    fn trace(&self, name: &str, states: &[&str]) -> Result<Value, String> {
        let states = self.states(states);
        let request = TraceRequest { name: name.into(), repository: self.repo(), states };
        let told = trace_thing(&self.store(), &self.setup, &request, &clock());
        told.map(|report| serde_json::to_value(report).unwrap()).map_err(|e| e.to_string())
    }

    fn git(&self, arguments: &[&str]) {
        let identity = [
            "-c",
            "user.name=A Person",
            "-c",
            "user.email=p@example.org",
            "-c",
            "init.defaultBranch=main",
        ];
        let all: Vec<&str> = identity.iter().chain(arguments).copied().collect();
        let done = Command::new("git").args(all).current_dir(self.repo()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn state(kind: &str, name: &str, attributes: &Value) -> String {
    json!({"version": 4, "serial": 1, "lineage": name, "outputs": {}, "resources": [
        {"mode": "managed", "type": kind, "name": name,
         "instances": [{"schema_version": 0, "attributes": attributes}]}]})
    .to_string()
}

fn volume(name: &str) -> String {
    format!(
        "resource \"aws_ebs_volume\" \"{name}\" {{\n  availability_zone = \"eu-west-1a\"\n  size = 40\n}}\n"
    )
}

fn volume_state(name: &str) -> String {
    state("aws_ebs_volume", name, &json!({"id": "vol-0123456789abcdef0", "arn": VOLUME}))
}

#[test]
fn a_state_file_beside_the_code_is_read_by_itself() {
    let text = volume("cache");
    let both = [
        ("prod/main.tf", text.as_str()),
        ("test/main.tf", text.as_str()),
        ("prod/terraform.tfstate", &volume_state("cache")),
        ("test/terraform.tfstate", "{\"version\": 3}"),
    ];
    let world = World::new(&both);
    let told = world.trace(VOLUME, &[]).unwrap();
    assert_eq!((&told["verdict"], &told["confidence"]), (&json!("found"), &json!("exact")));
    let first = &told["candidates"][0];
    assert_eq!((&first["file"], &first["line"]), (&json!("prod/main.tf"), &json!(1)));
    let note = told["notes"][0].as_str().unwrap();
    assert!(note.contains("test/terraform.tfstate") && note.contains("version 3"), "{note}");
}

#[test]
fn a_state_file_from_elsewhere_needs_its_folder_where_two_have_the_block() {
    let text = volume("cache");
    let world = World::new(&[("prod/main.tf", &text), ("test/main.tf", &text)]);
    world.file("pulled.json", &volume_state("cache"));
    let open = world.trace(VOLUME, &["pulled.json"]).unwrap();
    assert_eq!(open["verdict"], "ambiguous");
    assert_eq!(open["candidates"].as_array().unwrap().len(), 2);
    let told = world.trace(VOLUME, &["test=pulled.json"]).unwrap();
    assert_eq!(told["candidates"][0]["file"], "test/main.tf");
    assert_eq!(told["sources"][0]["folder"], "test");
}

#[test]
fn what_cannot_be_read_or_means_nothing_is_refused() {
    let world = World::new(&[("main.tf", &volume("cache"))]);
    world.file("old.json", "{\"version\": 3}");
    assert!(world.trace(VOLUME, &["old.json"]).unwrap_err().contains("version 4 is read"));
    assert!(world.trace(VOLUME, &["none.json"]).unwrap_err().contains("cannot be read"));
    assert!(world.trace("no/such", &[]).unwrap_err().contains("no asset that is known"));
    assert!(world.trace("0000000000", &[]).unwrap_err().contains("issue"));
}

#[test]
fn owners_and_the_last_change_are_told() {
    let text = format!("{}\n{}", volume("other"), volume("cache"));
    let world = World::new(&[("infra/main.tf", &text), ("CODEOWNERS", "infra/ @acme/storage\n")]);
    world.git(&["init", "--quiet"]);
    world.git(&["remote", "add", "origin", "https://x:token@git.example/acme/cloud.git"]);
    world.git(&["add", "."]);
    world.git(&["commit", "--quiet", "-m", "one"]);
    world.file("repo/infra/main.tf", &text.replacen("40", "50", 1));
    world.git(&["-c", "user.name=Another", "commit", "--quiet", "-am", "two"]);
    world.file("s.json", &volume_state("cache"));
    let told = world.trace(VOLUME, &["s.json"]).unwrap();
    let first = &told["candidates"][0];
    assert_eq!((&first["address"], &first["line"]), (&json!("aws_ebs_volume.cache"), &json!(6)));
    assert_eq!(first["owners"], json!({"owners": "@acme/storage", "line": 1}));
    assert_eq!(first["changed"]["author"], "A Person", "{first}");
    assert!(!told.to_string().contains("token"));
}

/// Prowler's words that something fails on a resource.
fn finding(uid: &str, tags: &Value) -> Value {
    json!([{"metadata": {"event_code": "ec2_ebs_volume_encryption", "product":
            {"name": "Prowler", "vendor_name": "Prowler", "version": "5.4.0"}, "version": "1.4.0"},
        "severity_id": 3, "severity": "Medium", "status": "New", "status_code": "FAIL", "status_id": 1,
        "status_detail": "x", "unmapped": {}, "activity_id": 1, "activity_name": "Create",
        "finding_info": {"created_time_dt": "2026-05-01T00:00:00", "desc": "d", "title": "EBS volume is not encrypted",
            "uid": format!("prowler-aws-{uid}"), "types": []},
        "resources": [{"cloud_partition": "aws", "region": "eu-west-1", "name": "v", "type": "AwsEc2Volume",
            "uid": uid, "group": {"name": "ec2"}, "labels": [], "data": {"details": "", "metadata": {"tags": tags}}}],
        "category_name": "Findings", "category_uid": 2, "class_name": "Detection Finding", "class_uid": 2004,
        "cloud": {"account": {"uid": "111122223333", "type": "AWS Account", "type_id": 10, "name": "a"},
            "provider": "aws", "region": "eu-west-1"},
        "time_dt": "2026-05-01T00:00:00", "type_uid": 200_401, "type_name": "Create"}])
}

/// The fix of a finding with a cloud id only: what became of it, where, or why there is none.
fn fixed(world: &World, named: &[&str]) -> (Option<Taken>, String) {
    world.file("findings.json", &finding(VOLUME, &json!([])).to_string());
    let mut store = world.store();
    let never = std::sync::atomic::AtomicBool::new(false);
    let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
    let paths = vec![world.folder.path().join("findings.json")];
    let request = Request { paths, ..Request::default() };
    quell_pipeline::run(&mut store, &world.setup, &request, &clock(), &progress).unwrap();
    let request = FixRequest {
        repository: world.repo(),
        states: world.states(named),
        ..FixRequest::default()
    };
    let plan =
        plan_fixes(&store, (&world.setup, &request), FixHelp::default(), &clock(), &progress)
            .unwrap();
    match (plan.offers.first(), plan.unfixed.first()) {
        (Some(offer), _) => {
            (Some(offer.taken), format!("{} {}", offer.fix.file, offer.fix.address))
        }
        (None, Some(unfixed)) => (None, unfixed.reason.clone()),
        (None, None) => (None, "no issue".to_owned()),
    }
}

#[test]
fn a_finding_with_a_cloud_id_gets_its_fix_at_the_block_that_made_it() {
    let two = format!("{}{}", volume("db"), volume("cache"));
    let world = World::new(&[("prod/main.tf", &two), ("test/main.tf", &two)]);
    world.file("pulled.json", &volume_state("cache"));
    let (taken, reason) = fixed(&world, &[]);
    assert!(taken.is_none() && reason.contains("as far as names tell"), "{reason}");
    let (taken, reason) = fixed(&world, &["pulled.json"]);
    assert!(taken.is_none() && reason.contains("a person must say which"), "{reason}");
    let (taken, place) = fixed(&world, &["prod=pulled.json"]);
    assert_eq!((taken, place.as_str()), (Some(Taken::Made), "prod/main.tf aws_ebs_volume.cache"));
}

#[test]
fn a_block_in_a_module_of_the_repository_is_changed_there() {
    let main = "module \"disks\" {\n  source = \"./modules/disk\"\n}\n";
    let record = volume_state("cache").replace("\"mode\"", "\"module\":\"module.disks\",\"mode\"");
    let world = World::new(&[
        ("main.tf", main),
        ("modules/disk/main.tf", &volume("cache")),
        ("terraform.tfstate", &record),
    ]);
    let (taken, place) = fixed(&world, &[]);
    let expected = "modules/disk/main.tf aws_ebs_volume.cache";
    assert_eq!((taken, place.as_str()), (Some(Taken::Made), expected));
}

#[test]
fn a_repository_below_another_is_not_taken_for_it() {
    let world = World::new(&[("main.tf", &volume("cache")), (".gitignore", "inner/\n")]);
    world.git(&["init", "--quiet"]);
    world.git(&["add", "."]);
    world.git(&["commit", "--quiet", "-m", "one"]);
    world.file("repo/inner/main.tf", &volume("cache"));
    world.file("s.json", &volume_state("cache"));
    let inner = world.repo().join("inner");
    let states = vec![StateFile { path: world.folder.path().join("s.json"), folder: None }];
    let request = TraceRequest { name: VOLUME.into(), repository: inner, states };
    let told = trace_thing(&world.store(), &world.setup, &request, &clock()).unwrap();
    assert!(told.candidates[0].changed.is_none());
    assert!(Path::new(told.repository.raw()).ends_with("inner"));
}
