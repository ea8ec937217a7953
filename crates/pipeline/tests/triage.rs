//! The whole way, from files to a report.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use quell_catalog::Catalog;
use quell_model::{FixedClock, Severity, Status, Verdict};
use quell_pipeline::{
    ImportOptions, IssueFilter, MarkFilter, Outcome, PipelineError, Progress, Request, Setup,
    import, list_issues, run, show_issue, split_issue,
};
use quell_sources::intake::Input;
use quell_store::Store;
use serde_json::{Value, json};

fn prowler(name: &str, status: &str, time: i64) -> Value {
    json!({"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New", "status_id": 1,
        "status_code": status, "time": time,
        "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
        "finding_info": {"uid": format!("prowler-{name}"), "title": "Versioning"},
        "resources": [{"uid": format!("arn:aws:s3:::{name}"), "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
}

fn hub(name: &str) -> Value {
    json!({"Findings": [{"SchemaVersion": "2018-10-08", "Id": "hub-1", "GeneratorId": "security-control/S3.14",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub", "AwsAccountId": "111122223333",
        "UpdatedAt": "2025-06-15T00:00:00Z", "CreatedAt": "2025-06-15T00:00:00Z", "Types": ["x"],
        "Severity": {"Label": "LOW"}, "Title": "S3 buckets should have versioning enabled", "Description": "d",
        "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::{name}")}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.14"}, "RecordState": "ACTIVE"}]})
}

fn today() -> quell_model::Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
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

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn triage(&mut self, name: &str, content: &str) -> Outcome {
        fs::write(self.path(name), content).unwrap();
        let request = Request { paths: vec![self.path(name)], ..Request::default() };
        self.run(&request, false).unwrap()
    }

    fn run(&mut self, request: &Request, cancelled: bool) -> Result<Outcome, PipelineError> {
        let clock = FixedClock("2026-11-01T00:00:00Z".parse().unwrap());
        let progress =
            Progress { cancelled: &AtomicBool::new(cancelled), bytes: &|_, _| (), doing: &|_| () };
        let outcome = run(&mut self.store, &self.setup, request, &clock, &progress)?;
        assert!(outcome.report.accounting.total.balances());
        assert!(outcome.report.accounting.files.iter().all(|f| f.accounting.balances()));
        Ok(outcome)
    }
}

fn scan(records: &[Value]) -> String {
    Value::from(records.to_vec()).to_string()
}

/// A file that this program has read before is told of without reading it. Whatever came in
/// between, that must say the same as reading it again does.
#[test]
fn an_unchanged_file_is_told_of_as_if_it_were_read_again() {
    let t = 1_750_000_000;
    let odd = json!({"class_uid": 2004, "finding_info": 7});
    let first = scan(&[
        prowler("a", "FAIL", t),
        prowler("a", "FAIL", t),
        prowler("b", "FAIL", t),
        prowler("c", "PASS", t),
        odd,
    ]);
    let newer = scan(&[prowler("b", "PASS", t + 9), prowler("d", "FAIL", t + 9)]);
    let telling = |skips: bool| {
        let mut world = World::new();
        if skips {
            let program = std::env::current_exe().ok();
            world.setup = Setup::embedded(None).unwrap().with_program(program);
        }
        let mut told = Vec::new();
        for (name, content) in [
            ("scan.json", first.as_str()),
            ("scan.json", &first),
            ("newer.json", &newer),
            ("hub.json", &hub("a").to_string()),
            ("scan.json", &first),
            ("newer.json", &newer),
            ("copy.json", &first),
        ] {
            let outcome = world.triage(name, content);
            let report = serde_json::to_string(&outcome.report).unwrap();
            let folder = world.folder.path().to_str().unwrap();
            told.push((report.replace(folder, ""), outcome.rejects.len()));
        }
        // Both in one run, with a copy whose findings count as repeated.
        let paths = ["copy.json", "newer.json", "scan.json"].map(|name| world.path(name));
        let both = Request { paths: paths.to_vec(), ..Request::default() };
        for _ in 0..2 {
            let outcome = world.run(&both, false).unwrap();
            let funnel = outcome.report.funnel;
            told.push((format!("{funnel:?}"), outcome.rejects.len()));
        }
        told
    };
    let (read, skipped) = (telling(false), telling(true));
    assert_eq!(read.len(), 9);
    for (read, skipped) in read.iter().zip(&skipped) {
        assert_eq!(read, skipped);
    }
}

#[test]
fn only_the_same_program_with_the_same_settings_skips_a_file() {
    let mut world = World::new();
    let content = scan(&[prowler("a", "FAIL", 1_750_000_000)]);
    let skips = |world: &mut World, program: &str, tags: Option<&str>| {
        fs::write(world.path("program"), program).unwrap();
        fs::write(world.path("scan.json"), &content).unwrap();
        let said = Mutex::new(Vec::new());
        let progress = Progress {
            cancelled: &AtomicBool::new(false),
            bytes: &|_, _| (),
            doing: &|what| said.lock().unwrap().push(what.to_owned()),
        };
        let request = Request { paths: vec![world.path("scan.json")], ..Request::default() };
        let clock = FixedClock("2026-11-01T00:00:00Z".parse().unwrap());
        let setup = Setup::embedded(tags).unwrap().with_program(Some(world.path("program")));
        run(&mut world.store, &setup, &request, &clock, &progress).unwrap();
        said.into_inner().unwrap().iter().any(|what| what.contains("is known"))
    };
    assert!(!skips(&mut world, "one", None));
    assert!(skips(&mut world, "one", None));
    assert!(!skips(&mut world, "two", None));
    assert!(skips(&mut world, "two", None));
    let tags = include_str!("../../../content/mapping/tags.toml").to_owned() + "\n# mine\n";
    assert!(!skips(&mut world, "two", Some(&tags)));
}

/// What the store says is kept until anything changes; then it is found anew.
#[test]
fn a_kept_answer_is_the_one_that_would_be_found() {
    let t = 1_750_000_000;
    let ask = |world: &mut World, kept: bool| {
        let program = kept.then(|| world.path("program"));
        world.setup = Setup::embedded(None).unwrap().with_program(program);
        let request = Request { limit: Some(10), only_incidents: true, ..Request::default() };
        let report = world.run(&request, false).unwrap().report;
        assert!(report.issues.is_empty());
        serde_json::to_string(&report).unwrap()
    };
    let mut world = World::new();
    fs::write(world.path("program"), "one").unwrap();
    let nothing = ask(&mut world, true);
    world.triage("a.json", &scan(&[prowler("a", "FAIL", t), prowler("b", "FAIL", t)]));
    let both = ask(&mut world, true);
    assert_ne!(nothing, both);
    assert_eq!([ask(&mut world, true), ask(&mut world, false)], [both.clone(), both.clone()]);
    world.triage("b.json", &scan(&[prowler("b", "PASS", t + 9)]));
    let one = ask(&mut world, true);
    assert!(one != both && one == ask(&mut world, true) && one == ask(&mut world, false));
}

#[test]
fn issues_are_filtered_counted_and_ranked() {
    let mut world = World::new();
    let t = 1_750_000_000;
    let names: Vec<String> = (60..100).map(|n| format!("bucket-{}", "x".repeat(n))).collect();
    let records: Vec<Value> = names.iter().map(|name| prowler(name, "FAIL", t)).collect();
    world.triage("a.json", &scan(&records));
    world.triage("hub.json", &hub(&names[0]).to_string());
    world.triage("c.json", &scan(&[prowler(&names[1], "PASS", t + 9)]));
    let any = MarkFilter::default();
    let count = |filter| list_issues(&world.store, (&filter, &any), 3, today()).unwrap();
    let all = count(IssueFilter::default());
    assert_eq!((all.count, all.issues.len()), (40, 3));
    let open = IssueFilter { statuses: vec![Status::Open], ..IssueFilter::default() };
    // The newer scan closes what it does not raise; the other tool's finding stays.
    assert_eq!(count(open).count, 1);
    let hub = IssueFilter { tool: Some("security_hub".to_owned()), ..IssueFilter::default() };
    assert_eq!(count(hub).count, 1);
    let asset = IssueFilter { asset: Some(names[37].to_uppercase()), ..IssueFilter::default() };
    let found = count(asset);
    assert_eq!(found.count, 3);
    assert!(found.issues.iter().all(|issue| issue.asset.raw().contains(&names[37])));
    for (control, expected) in [("aws.s3", 40), ("aws.s", 0), ("aws.s3.bucket_versioning", 40)] {
        let filter = IssueFilter { control: Some(control.to_owned()), ..IssueFilter::default() };
        assert_eq!(count(filter).count, expected, "{control}");
    }
    let low = IssueFilter { severities: vec![Severity::Low], ..IssueFilter::default() };
    assert_eq!(count(low).count, 1);
}

#[test]
fn a_second_import_changes_nothing_and_says_so() {
    let mut world = World::new();
    let content = scan(&[prowler("a", "FAIL", 1_750_000_000), prowler("b", "PASS", 1_750_000_000)]);
    let first = world.triage("scan.json", &content).report.accounting.total;
    assert_eq!((first.records, first.created), (2, 2));
    let again = world.triage("copy.json", &content);
    assert_eq!(again.report.accounting.total.unchanged, 2);
    let message = again.report.accounting.files[0].message.clone().unwrap();
    assert!(message.raw().contains("imported before"), "{message:?}");
}

#[test]
fn a_newer_scan_closes_and_reopens_and_an_older_one_does_neither() {
    let mut world = World::new();
    let at = |name: &str, time| scan(&[prowler(name, "FAIL", time)]);
    world.triage(
        "1.json",
        &scan(&[prowler("a", "FAIL", 1_750_000_000), prowler("b", "FAIL", 1_750_000_000)]),
    );
    let newer = world.triage("2.json", &at("b", 1_750_100_000));
    assert_eq!(newer.report.changes.closed, 1);
    let older = world.triage("0.json", &at("a", 1_749_000_000));
    assert_eq!((older.report.changes.reopened, older.report.issues.len()), (0, 0));
    let back = world.triage(
        "3.json",
        &scan(&[prowler("a", "FAIL", 1_750_200_000), prowler("b", "FAIL", 1_750_200_000)]),
    );
    assert_eq!(back.report.changes.reopened, 1);
    let passed = world.triage("4.json", &scan(&[prowler("a", "PASS", 1_750_300_000)]));
    assert!(passed.report.changes.closed >= 1);
}

#[test]
fn a_scan_that_is_cut_off_closes_nothing() {
    let mut world = World::new();
    world.triage(
        "1.json",
        &scan(&[prowler("a", "FAIL", 1_750_000_000), prowler("b", "FAIL", 1_750_000_000)]),
    );
    let whole = scan(&[prowler("b", "FAIL", 1_750_100_000), prowler("c", "FAIL", 1_750_100_000)]);
    let cut = world.triage("2.json", &whole[..whole.len() - 40]);
    assert!(!cut.complete);
    let sums = cut.report.accounting.total;
    assert_eq!((sums.records, sums.rejected, cut.report.changes.closed), (2, 1, 0));
}

/// Its own memory is a file that a program may open and whose first byte the system refuses.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_the_system_refuses_is_told_apart_from_one_that_is_wrong() {
    let mut world = World::new();
    fs::write(world.path("wrong.json"), "no record").unwrap();
    let mut import = |path: &Path| {
        let input = Input::named("scan".to_owned(), path).unwrap();
        let progress =
            Progress { cancelled: &AtomicBool::new(false), bytes: &|_, _| (), doing: &|_| () };
        let (setup, store) = (&world.setup, &mut world.store);
        let imported =
            import(store, setup, vec![Ok(input)], ImportOptions::default(), (today(), &progress));
        let imported = imported.unwrap();
        assert!(!imported.complete && imported.funnel.rejected == 1, "{imported:?}");
        imported.by_system
    };
    assert!(import(Path::new("/proc/self/mem")).is_some());
    let wrong = world.folder.path().join("wrong.json");
    assert_eq!(import(&wrong), None);
}

#[test]
fn a_part_of_a_scan_closes_nothing_and_the_whole_does() {
    let mut world = World::new();
    let both = [prowler("a", "FAIL", 1_750_000_000), prowler("b", "FAIL", 1_750_000_000)];
    world.triage("1.json", &scan(&both));
    let cancelled = AtomicBool::new(false);
    let progress = Progress { cancelled: &cancelled, bytes: &|_, _| {}, doing: &|_| {} };
    for (partial, time, closed) in [(true, 1_750_100_000, 0), (false, 1_750_200_000, 1)] {
        let text = scan(&[prowler("b", "FAIL", time)]);
        let inputs = vec![Ok(Input::bytes("part.json".to_owned(), text.into_bytes()))];
        let options = ImportOptions { partial, ..ImportOptions::default() };
        let at = (today(), &progress);
        let imported = import(&mut world.store, &world.setup, inputs, options, at).unwrap();
        assert_eq!((imported.complete, imported.changes.closed), (true, closed), "{partial}");
    }
}

#[test]
fn two_tools_on_one_bucket_are_one_issue_until_a_person_splits_them() {
    let mut world = World::new();
    let fault = scan(&[prowler("a", "FAIL", 1_750_000_000)]);
    world.triage("prowler.json", &fault);
    let both = world.triage("hub.json", &hub("a").to_string()).report;
    let [issue] = both.issues.as_slice() else { panic!("{:?}", both.issues) };
    assert_eq!(issue.findings.len(), 2);
    assert_eq!(issue.control.as_deref(), Some("aws.s3.bucket_versioning"));
    assert_eq!(issue.merged_because.len(), 2);
    assert_eq!(both.accounting.total.merged, 1);
    let finding = issue.findings.iter().find(|f| f.source == "prowler").unwrap();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    split_issue(&mut world.store, &world.setup, (&issue.id, &finding.id), now).unwrap();
    let newer = scan(&[prowler("a", "FAIL", 1_760_000_000)]);
    let after = world.triage("again.json", &newer).report;
    assert_eq!(after.issues.iter().map(|i| i.findings.len()).collect::<Vec<_>>(), [1]);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let contents = [
        scan(&[prowler("a", "FAIL", 1_750_000_000), prowler("b", "FAIL", 1_750_000_000)]),
        scan(&[prowler("a", "PASS", 1_750_100_000), prowler("b", "FAIL", 1_750_100_000)]),
        hub("a").to_string(),
    ];
    let mut seen = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let mut world = World::new();
        for number in order {
            world.triage(&format!("{number}.json"), &contents[number]);
        }
        let report = world.run(&Request::default(), false).unwrap().report;
        let issues: Vec<_> =
            report.issues.iter().map(|i| (i.id.clone(), i.findings.len(), i.severity)).collect();
        seen.push(issues);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

#[test]
fn a_fix_comes_with_its_proof_and_touches_its_block_only() {
    let mut world = World::new();
    let code = world.path("code");
    fs::create_dir(&code).unwrap();
    let before = "# keys\nresource \"aws_kms_key\" \"orders\" {\n  description = \"x\" # why\n}\n\nresource \"aws_sns_topic\" \"t\" {\n}\n";
    fs::write(code.join("main.tf"), before).unwrap();
    let check = json!({"check_type": "terraform", "summary": {}, "results": {"failed_checks": [{
        "check_id": "CKV_AWS_7", "check_name": "Rotation", "file_path": "/main.tf", "file_abs_path": "/src/main.tf",
        "file_line_range": [2, 4], "resource": "aws_kms_key.orders"}]}});
    fs::write(world.path("checkov.json"), check.to_string()).unwrap();
    let request = Request {
        paths: vec![world.path("checkov.json")],
        repository: Some(code),
        ..Request::default()
    };
    let report = world.run(&request, false).unwrap().report;
    let [fix] = report.fixes.as_slice() else { panic!("{:?}", report.fixes) };
    assert_eq!(fix.state, "proved", "{fix:?}");
    assert_eq!((fix.proof.len(), report.funnel.fixes), (9, 1));
    assert!(fix.proof.iter().all(|p| p.verdict == Verdict::Passed));
    let changed: Vec<&str> = fix
        .diff
        .raw()
        .lines()
        .filter(|l| l.starts_with(['+', '-']) && !l.starts_with("+++") && !l.starts_with("---"))
        .collect();
    assert!(changed.iter().any(|l| l.contains("enable_key_rotation")), "{changed:?}");
    assert!(
        !changed.iter().any(|l| l.contains("aws_sns_topic") || l.contains("# keys")),
        "{changed:?}"
    );
}

#[test]
fn an_interrupted_run_leaves_nothing_half_applied() {
    let mut world = World::new();
    fs::write(world.path("scan.json"), scan(&[prowler("a", "FAIL", 1_750_000_000)])).unwrap();
    let request = Request { paths: vec![world.path("scan.json")], ..Request::default() };
    assert!(matches!(world.run(&request, true), Err(PipelineError::Interrupted)));
    assert!(world.run(&Request::default(), false).unwrap().report.issues.is_empty());
}

#[test]
fn the_sample_world_is_what_its_truth_says() {
    let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/demo");
    let truth: Value =
        serde_json::from_str(&fs::read_to_string(content.join("truth.json")).unwrap()).unwrap();
    let mut world = World::new();
    let request = Request {
        paths: vec![content.join("findings")],
        repository: Some(content.join("infrastructure")),
        keep_rejects: true,
        ..Request::default()
    };
    let outcome = world.run(&request, false).unwrap();
    let report = &outcome.report;
    assert_eq!(
        Some(report.accounting.total.rejected),
        truth["rejected"].as_u64(),
        "{:?}",
        outcome.rejects
    );
    for wanted in truth["merged"].as_array().unwrap() {
        let (fault, asset) = (wanted["fault"].as_str(), wanted["asset"].as_str().unwrap());
        let issue =
            report.issues.iter().find(|i| i.control.as_deref() == fault && i.asset == asset);
        let issue = issue.unwrap_or_else(|| panic!("no issue for {wanted}"));
        let mut sources: Vec<&str> = issue.findings.iter().map(|f| f.source.as_str()).collect();
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(json!(sources), wanted["sources"], "{wanted}");
    }
    for pair in truth["apart"].as_array().unwrap() {
        let of = |name: &Value| -> Vec<&str> {
            let ends = |i: &&quell_report::IssueReport| i.asset.ends_with(name.as_str().unwrap());
            report.issues.iter().filter(ends).map(|i| i.id.as_str()).collect()
        };
        let (a, b) = (of(&pair[0]), of(&pair[1]));
        assert!(!a.is_empty() && !b.is_empty() && a.iter().all(|id| !b.contains(id)), "{pair}");
    }
    let top: Vec<String> = report
        .incidents
        .iter()
        .take(6)
        .map(|i| format!("{} {:?}", i.title.raw(), i.asset))
        .collect();
    for name in truth["most_important"].as_array().unwrap() {
        assert!(
            top.iter().any(|t| t.contains(name.as_str().unwrap())),
            "{name} is not in {top:#?}"
        );
    }
    for (name, decision) in truth["decisions"].as_object().unwrap() {
        let named = report.incidents.iter().filter(|i| i.title.raw().contains(name.as_str()));
        let words: Vec<&str> = named.map(|i| i.decision.decision.as_str()).collect();
        assert!(!words.is_empty(), "no incident is about {name}");
        assert!(words.iter().all(|word| Some(*word) == decision.as_str()), "{name}: {words:?}");
    }
    assert!(report.funnel.fixes >= 15);
    let attack = &truth["attack"];
    let incident = report.incidents.iter().find(|i| i.timeline.is_some()).unwrap();
    assert_eq!(incident.kind.as_str(), attack["kind"].as_str().unwrap());
    assert!(incident.title.raw().contains(attack["title"].as_str().unwrap()), "{incident:?}");
    assert_eq!(Some(incident.issues.len() as u64), attack["issues"].as_u64());
    let assets: std::collections::BTreeSet<&str> = incident
        .issues
        .iter()
        .filter_map(|id| Some(report.issues.iter().find(|i| i.id == *id)?.asset.as_str()))
        .collect();
    let wanted = attack["assets"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(assets, wanted);
    let timeline = incident.timeline.as_ref().unwrap();
    let names: Vec<&str> = timeline.processes.iter().map(|p| p.name.raw()).collect();
    assert_eq!(json!(names), attack["processes"]);
    assert!(timeline.events.windows(2).all(|pair| pair[0].time <= pair[1].time));
}

/// The same fault, a privileged container, by each tool. What has no cluster's name is kept apart
/// from what has one.
#[test]
fn one_fault_of_a_workload_is_one_issue_whichever_tool_names_it() {
    let trivy = |cluster: &str| {
        json!({"ClusterName": cluster, "Resources": [{"Namespace": "shop", "Kind": "Deployment", "Name": "web",
            "Results": [{"Target": "Deployment/web", "Class": "config", "Misconfigurations": [{"ID": "KSV017",
                "Title": "Privileged", "Severity": "HIGH", "Status": "FAIL", "CauseMetadata": {"StartLine": 9}}]}]}]})
    };
    let operator = json!({"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "ConfigAuditReport",
        "metadata": {"name": "r", "namespace": "shop", "labels": {"trivy-operator.resource.kind": "ReplicaSet",
            "trivy-operator.resource.name": "web-965685897", "trivy-operator.resource.namespace": "shop"}},
        "report": {"scanner": {"name": "Trivy"}, "checks": [
            {"checkID": "AVD-KSV-0017", "title": "Privileged", "severity": "HIGH", "success": false}]}});
    let kubescape = |cluster: &str, start: &str, source: Value| {
        let id = format!("{start}apps/v1/shop/Deployment/web");
        json!({"generationTime": "2026-10-01T00:00:00Z", "customerGUID": "", "clusterAPIServerInfo": null,
            "clusterName": cluster, "resources": [{"resourceID": id, "source": source, "object":
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}}],
            "results": [{"resourceID": id, "controls": [{"controlID": "C-0057", "name": "Privileged container",
                "status": {"status": "failed"}, "rules": []}]}]})
    };
    let manifest = kubescape("", "path=7/api=", json!({"relativePath": "deploy/web.yaml"}));
    let checkov = json!({"check_type": "kubernetes", "summary": {}, "results": {"failed_checks": [
        {"check_id": "CKV_K8S_16", "check_name": "Privileged", "file_path": "/deploy/web.yaml",
            "file_line_range": [1, 30], "resource": "Deployment.shop.web"}]}});
    let reports = [
        ("trivy.json", trivy("prod")),
        ("kubescape.json", kubescape("prod", "", Value::Null)),
        ("unnamed_trivy.json", trivy("")),
        ("unnamed_operator.json", operator),
        ("unnamed_kubescape.json", kubescape("", "", Value::Null)),
        ("manifest_kubescape.json", manifest),
        ("manifest_checkov.json", checkov),
    ];
    let mut world = World::new();
    for (name, report) in &reports {
        world.triage(name, &report.to_string());
    }
    let report = world.run(&Request::default(), false).unwrap().report;
    let mut issues: Vec<(&str, usize)> =
        report.issues.iter().map(|i| (i.asset.as_str(), i.findings.len())).collect();
    issues.sort_unstable();
    assert!(
        report.issues.iter().all(|i| i.control.as_deref() == Some("kubernetes.pod.privileged"))
    );
    assert_eq!(
        issues,
        [
            ("iac::deploy/web.yaml:Deployment.shop.web", 2),
            ("kubernetes::shop:deployment:web", 3),
            ("kubernetes:prod:shop:deployment:web", 2),
        ]
    );
}

/// Setup of a program that knows no rule.
fn knowing_nothing() -> Setup {
    Setup::embedded(None).unwrap().with_catalog(Catalog::default())
}

fn ids(outcome: &Outcome) -> Vec<String> {
    outcome.report.issues.iter().map(|issue| issue.id.to_string()).collect()
}

#[test]
fn new_knowledge_sorts_what_is_stored_and_old_ids_stay_valid() {
    let mut world = World::new();
    world.setup = knowing_nothing();
    world.triage("a.json", &json!([prowler("logs", "FAIL", 1_750_000_000)]).to_string());
    world.triage("b.json", &hub("logs").to_string());
    let before = ids(&world.run(&Request::default(), false).unwrap());
    assert_eq!(before.len(), 2, "nobody says that the rules are one");
    world.setup = Setup::embedded(None).unwrap();
    let after = world.run(&Request::default(), false).unwrap();
    assert_eq!(ids(&after).len(), 1);
    assert_eq!(after.report.issues[0].control.as_deref(), Some("aws.s3.bucket_versioning"));
    assert_eq!(after.report.issues[0].findings.len(), 2);
    for old in &before {
        let story = show_issue(&world.store, &world.setup, (old, None), today()).unwrap();
        assert_eq!(story.issue.id, after.report.issues[0].id, "{old}");
    }
    assert_eq!(ids(&world.run(&Request::default(), false).unwrap()), ids(&after));
    world.setup = knowing_nothing();
    assert_eq!(ids(&world.run(&Request::default(), false).unwrap()), before, "and back");
}

#[test]
fn what_a_person_took_apart_stays_apart_under_new_knowledge() {
    let mut world = World::new();
    world.triage("a.json", &json!([prowler("logs", "FAIL", 1_750_000_000)]).to_string());
    let merged = world.triage("b.json", &hub("logs").to_string());
    let [issue] = merged.report.issues.as_slice() else { panic!("{merged:?}") };
    let (id, finding) = (issue.id.to_string(), issue.findings[0].id.to_string());
    let now = "2026-11-02T00:00:00Z".parse().unwrap();
    split_issue(&mut world.store, &world.setup, (&id, &finding), now).unwrap();
    for setup in [knowing_nothing(), Setup::embedded(None).unwrap()] {
        world.setup = setup;
        assert_eq!(ids(&world.run(&Request::default(), false).unwrap()).len(), 2);
    }
}

#[test]
fn sorting_again_goes_on_where_it_was_interrupted() {
    let mut world = World::new();
    world.setup = knowing_nothing();
    let names: Vec<_> = (0..50).map(|n| prowler(&format!("b{n}"), "FAIL", 1_750_000_000)).collect();
    world.triage("a.json", &Value::Array(names).to_string());
    world.setup = Setup::embedded(None).unwrap();
    // A program that knows something else began, and was killed after its first steps.
    assert!(world.store.identity_begin(7).unwrap());
    let step = world.store.unsorted(20).unwrap();
    let sorted: Vec<_> = step
        .iter()
        .map(|finding| quell_store::Sorted {
            finding,
            issue: quell_model::KeyHasher::new("issue").part(&finding.key.to_string()).finish(),
            control: None,
        })
        .collect();
    world.store.sorted(&sorted).unwrap();
    assert_eq!(world.store.unsorted(100).unwrap().len(), 30);
    let done = world.run(&Request::default(), false).unwrap();
    assert_eq!(done.report.issues.len(), 50);
    let known = |issue: &quell_report::IssueReport| issue.control.is_some();
    assert!(done.report.issues.iter().all(known));
    assert!(!world.store.identity_begin(7).unwrap() || world.store.unsorted(1).unwrap().len() == 1);
}
