//! Incidents over several imports, and what people decide about them.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use quell_model::{FixedClock, IncidentKind};
use quell_pipeline::{
    PipelineError, Progress, Request, Setup, join_incidents, reset_incident, run, show_incident,
    show_issue, split_incident,
};
use quell_report::Report;
use quell_store::Store;
use serde_json::json;

const NOW: &str = "2026-11-01T00:00:00Z";

fn shell(pod: &str, second: u32) -> String {
    json!({"uuid": format!("seen-{pod}-{second}"), "output": "a shell", "priority": "Warning",
        "rule": format!("Shell in container {second}"), "source": "syscall",
        "time": format!("2026-10-30T01:02:{second:02}.5Z"), "tags": ["mitre_execution", "T1059"],
        "output_fields": {"k8s.ns.name": "harbor", "k8s.pod.name": pod,
            "container.image.repository": "registry.example/harbor/tickets",
            "container.image.tag": "3.1", "proc.name": "sh", "proc.cmdline": "sh -i",
            "proc.pid": 70 + second, "proc.pname": "java",
            "proc.pcmdline": "java -jar /srv/tickets.jar", "proc.ppid": 60}})
    .to_string()
}

/// An image with a Java library that is on the list of exploited weaknesses, and one that is not.
fn image() -> String {
    let weak = |id: &str, package: &str, path: &str| {
        json!({"VulnerabilityID": id, "PkgName": package, "PkgPath": path, "InstalledVersion": "1.0",
            "Severity": "CRITICAL", "Title": "A weakness"})
    };
    json!({"SchemaVersion": 2, "CreatedAt": "2026-10-20T00:00:00Z", "ArtifactType": "container_image",
        "ArtifactName": "registry.example/harbor/tickets:3.1", "Results": [{"Target": "Java",
            "Class": "lang-pkgs", "Type": "jar", "Vulnerabilities": [
                weak("CVE-2021-44228", "org.apache.logging.log4j:log4j-core", "srv/tickets.jar"),
                weak("CVE-2031-0001", "org.example:other", "srv/other.jar")]}]})
    .to_string()
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

    fn run(&mut self, paths: Vec<PathBuf>) -> Report {
        let clock = FixedClock(NOW.parse().unwrap());
        let progress =
            Progress { cancelled: &AtomicBool::new(false), bytes: &|_, _| (), doing: &|_| () };
        let request = Request { paths, ..Request::default() };
        let outcome = run(&mut self.store, &self.setup, &request, &clock, &progress).unwrap();
        assert!(outcome.report.accounting.total.balances());
        outcome.report
    }

    fn import(&mut self, name: &str, content: &str) -> Report {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        self.run(vec![path])
    }

    /// Each incident as its kind and how many issues it has, in order.
    fn all(&mut self) -> Vec<(IncidentKind, usize)> {
        self.run(Vec::new()).incidents.iter().map(|i| (i.kind, i.issues.len())).collect()
    }
}

#[test]
fn a_detection_meets_the_weakness_of_an_earlier_import_and_of_a_later_one() {
    let wanted = [(IncidentKind::Exploitation, 2), (IncidentKind::Single, 1)];
    let mut before = World::new();
    before.import("image.json", &image());
    let report = before.import("falco.ndjson", &shell("tickets-0", 1));
    let incident = report.incidents.first().unwrap();
    assert_eq!((incident.kind, incident.issues.len()), (IncidentKind::Exploitation, 2));
    assert_eq!(report.issues.len(), 2, "the weakness of the earlier import is shown too");
    assert!(incident.title.raw().starts_with("CVE-2021-44228 is being exploited on tickets-0"));
    let text = incident.because.first().unwrap().text.raw();
    assert!(text.contains("srv/tickets.jar"), "{text}");
    assert_eq!(before.all(), wanted);
    let mut after = World::new();
    after.import("falco.ndjson", &shell("tickets-0", 1));
    after.import("image.json", &image());
    assert_eq!(after.all(), wanted);
    let key = |world: &mut World| world.run(Vec::new()).incidents.first().unwrap().id.clone();
    assert_eq!(key(&mut before), key(&mut after));
    let highest = |report: &Report| report.issues.iter().map(|i| i.risk.score).max();
    assert!(Some(incident.score) > highest(&report), "it stands above either alone");
}

/// An audit as Prisma Cloud Compute gives it: the image, and the file that a process touched.
fn compute_audit() -> String {
    json!([{"_id": "audit-1", "accountID": "111122223333", "attackType": "unexpectedProcess",
        "cluster": "harbor-1", "collections": ["All"], "command": "sh -i", "container": true,
        "containerId": "c0ffee00", "containerName": "tickets", "count": 1, "effect": "alert",
        "filepath": "/srv/tickets.jar", "fqdn": "", "hostname": "node-1",
        "imageId": "sha256:c0ffee", "imageName": "registry.example/harbor/tickets:3.1",
        "msg": "/bin/sh was started", "namespace": "harbor", "os": "Debian", "pid": 70,
        "processPath": "/bin/sh", "provider": "aws", "region": "eu-west-1", "ruleName": "all",
        "severity": "high", "time": "2026-10-30T01:02:03.5Z", "type": "processes", "user": "root"}])
    .to_string()
}

/// A finding of GuardDuty's agent in a cluster: the workload with its image, and the lineage.
fn guardduty_runtime() -> String {
    json!({"schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-west-1",
        "partition": "aws", "id": "0af1", "type": "Execution:Runtime/ReverseShell", "severity": 8,
        "arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/0af1",
        "title": "A reverse shell was seen.", "description": "A reverse shell was seen.",
        "createdAt": "2026-10-30T01:02:03.000Z", "updatedAt": "2026-10-30T01:02:03.000Z",
        "resource": {"resourceType": "EKSCluster", "eksClusterDetails": {"name": "harbor-1",
                "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/harbor-1"},
            "kubernetesDetails": {"kubernetesWorkloadDetails": {"name": "tickets-0",
                "type": "pods", "namespace": "harbor", "containers": [{"id": "c0ffee00",
                    "name": "tickets", "image": "registry.example/harbor/tickets:3.1"}]}}},
        "service": {"archived": false, "count": 1, "runtimeDetails": {"process": {"name": "sh",
            "executablePath": "/bin/sh", "pid": 70, "uuid": "u2", "parentUuid": "u1",
            "lineage": [{"executablePath": "/usr/bin/java", "pid": 60, "uuid": "u1"}]},
            "context": {"commandLineExample": "sh -i"}}}})
    .to_string()
}

#[test]
fn runtime_detections_of_platforms_meet_the_weakness_of_their_image() {
    for (tool, detection, said) in [
        ("prisma", compute_audit(), "srv/tickets.jar"),
        ("guardduty", guardduty_runtime(), "process `java`"),
    ] {
        let mut world = World::new();
        world.import("image.json", &image());
        let report = world.import("seen.json", &detection);
        let incident = report.incidents.first().unwrap();
        assert_eq!(
            (incident.kind, incident.issues.len()),
            (IncidentKind::Exploitation, 2),
            "{tool}"
        );
        let title = incident.title.raw();
        assert!(title.starts_with("CVE-2021-44228 is being exploited"), "{tool}: {title}");
        let text = incident.because.first().unwrap().text.raw();
        assert!(text.contains(said), "{tool}: {text}");
        let elsewhere = detection.replace("harbor/tickets:3.1", "harbor/billing:9");
        let mut apart = World::new();
        apart.import("image.json", &image());
        apart.import("seen.json", &elsewhere);
        let all = apart.all();
        let joined = all.iter().any(|(kind, _)| *kind == IncidentKind::Exploitation);
        assert!(!joined, "{tool}: another image is no evidence: {all:?}");
    }
}

/// An alert of CrowdStrike on an instance: what acted, and what started it.
fn falcon_alert(parent: &str) -> String {
    json!({"agent_id": "4f2b", "cid": "d0c1", "composite_id": "d0c1:ind:4f2b:77-1",
        "product": "epp", "type": "ldt", "name": "ShellFromWeb",
        "display_name": "Shell from a server", "description": "A server started a shell.",
        "pattern_id": 10197, "severity": 70, "severity_name": "High", "status": "new",
        "tactic": "Execution", "tactic_id": "TA0002", "technique": "Unix Shell",
        "technique_id": "T1059.004", "created_timestamp": "2026-10-30T01:02:03Z",
        "timestamp": "2026-10-30T01:02:03Z", "updated_timestamp": "2026-10-30T01:02:03Z",
        "filename": "sh", "filepath": "/bin/sh", "cmdline": "sh -i", "local_process_id": "77",
        "parent_details": {"filename": parent, "filepath": format!("/usr/sbin/{parent}"),
            "cmdline": parent, "local_process_id": "76"},
        "device": {"device_id": "4f2b", "hostname": "node-1", "platform_name": "Linux",
            "instance_id": "i-0a1b2c3d4e5f60718", "service_provider": "AWS_EC2_V2",
            "service_provider_account_id": "111122223333", "zone_group": "eu-west-1b"}})
    .to_string()
}

/// Weak packages of that instance, as Inspector lists them.
fn weak_instance() -> String {
    let weak = |id: &str, package: &str| {
        json!({"findingArn": format!("arn:aws:inspector2:eu-west-1:111122223333:finding/{package}"),
            "awsAccountId": "111122223333", "type": "PACKAGE_VULNERABILITY",
            "severity": "CRITICAL", "status": "ACTIVE", "title": format!("{id} - {package}"),
            "description": "Weak.", "firstObservedAt": "2026-10-20T00:00:00Z",
            "lastObservedAt": "2026-10-29T00:00:00Z", "updatedAt": "2026-10-29T00:00:00Z",
            "resources": [{"id": "i-0a1b2c3d4e5f60718", "type": "AWS_EC2_INSTANCE",
                "region": "eu-west-1", "details": {"awsEc2Instance": {"platform": "LINUX"}}}],
            "packageVulnerabilityDetails": {"vulnerabilityId": id, "source": "NVD",
                "vulnerablePackages": [{"name": package, "version": "1.0", "packageManager": "OS",
                    "fixedInVersion": "1.1"}]}})
    };
    json!({"findings": [weak("CVE-2031-0001", "nginx-core"), weak("CVE-2031-0002", "libodd")]})
        .to_string()
}

#[test]
fn what_came_out_of_a_weak_server_on_an_instance_meets_its_weakness() {
    for (parent, wanted) in [("nginx", true), ("cron", false)] {
        let mut world = World::new();
        world.import("inspector.json", &weak_instance());
        let report = world.import("falcon.json", &falcon_alert(parent));
        let used = report.incidents.iter().find(|i| i.kind == IncidentKind::Exploitation);
        assert_eq!(used.is_some(), wanted, "{parent}");
        let Some(incident) = used else { continue };
        assert_eq!(incident.issues.len(), 2, "the other package stays apart");
        let text = incident.because.first().unwrap().text.raw();
        assert!(text.contains("CVE-2031-0001") && text.contains("`nginx`"), "{text}");
    }
}

#[test]
fn an_issue_and_its_incident_show_what_happened() {
    let mut world = World::new();
    world.import("image.json", &image());
    let lines = [shell("tickets-0", 1), shell("tickets-0", 9)].join("\n");
    let report = world.import("falco.ndjson", &lines);
    let id = &report.incidents.first().unwrap().id;
    let story = show_incident(&world.store, &world.setup, &id[..8], None, today()).unwrap();
    for issue in &report.issues {
        let same =
            show_incident(&world.store, &world.setup, &issue.id[..10], None, today()).unwrap();
        assert_eq!(same.incident.id, story.incident.id);
    }
    let timeline = story.incident.timeline.as_ref().unwrap();
    assert_eq!((timeline.events.len(), timeline.processes.len(), story.issues.len()), (2, 3, 3));
    let weak = story.issues.iter().find(|i| i.vulnerability.is_some()).unwrap();
    let shown = show_issue(&world.store, &world.setup, (&weak.id, None), today()).unwrap();
    assert_eq!(&shown.incident.as_ref().unwrap().id, id);
    let mut text = Vec::new();
    quell_report::write_story(&shown, &mut text).unwrap();
    quell_report::write_incident_story(&story, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    for words in
        ["What happened", "2026-10-30 01:02:09", "└ sh (79)", "java (60)", "srv/tickets.jar"]
    {
        assert!(text.contains(words), "`{words}` is not in {text}");
    }
}

#[test]
fn what_a_person_decides_outlives_later_imports() {
    let lines = [shell("tickets-0", 1), shell("tickets-0", 9)].join("\n");
    let now = NOW.parse().unwrap();
    let mut world = World::new();
    world.import("image.json", &image());
    let report = world.import("falco.ndjson", &lines);
    let incident = report.incidents.first().unwrap();
    let weak = report.issues.iter().find(|i| i.vulnerability.is_some()).unwrap().id.clone();
    let (id, issues) = (incident.id.clone(), vec![weak[..10].to_owned()]);
    let split =
        split_incident(&mut world.store, &world.setup, (&id, &issues, None), (now, "someone"))
            .unwrap();
    // The files again, the other way round, and one more detection.
    world.import("again.ndjson", &lines);
    world.import("more.ndjson", &shell("tickets-0", 20));
    world.import("again.json", &image());
    let after = world.run(Vec::new());
    let of =
        |key: &str| after.incidents.iter().find(|i| i.issues.iter().any(|i| i == key)).unwrap();
    assert_eq!((of(&weak).id.clone(), of(&weak).issues.len()), (split.to_string(), 1));
    let hand = of(&weak).by_hand.first().unwrap();
    assert_eq!((hand.action.as_str(), hand.incident.as_str()), ("split", id.as_str()));
    let because = &of(&weak).joined_because;
    assert!(because.iter().any(|b| b.contains("by hand on 2026-11-01")), "{because:?}");
    let rest = after.incidents.iter().find(|i| i.id == id).unwrap();
    assert_eq!((rest.issues.len(), rest.kind), (3, IncidentKind::ProcessTree));
    // Joined again with another one: later news of both come to it.
    let other = after.issues.iter().find(|i| i.vulnerability.as_deref() == Some("CVE-2031-0001"));
    let other = of(&other.unwrap().id).id.clone();
    let others = vec![split.to_string(), other];
    join_incidents(&mut world.store, &world.setup, (&id, &others, None), (now, "someone")).unwrap();
    world.import("most.ndjson", &shell("tickets-0", 30));
    assert_eq!(world.all(), [(IncidentKind::Exploitation, 6)]);
    reset_incident(&mut world.store, &world.setup, (&id, None), today()).unwrap();
    assert_eq!(world.all(), [(IncidentKind::Exploitation, 5), (IncidentKind::Single, 1)]);
}

#[test]
fn what_cannot_be_decided_is_refused() {
    let mut world = World::new();
    world.import("falco.ndjson", &shell("tickets-0", 1));
    let report = world.run(Vec::new());
    let incident = report.incidents.first().unwrap();
    let now = NOW.parse().unwrap();
    let all: Vec<String> = incident.issues.clone();
    let whole = split_incident(
        &mut world.store,
        &world.setup,
        (&incident.id, &all, None),
        (now, "someone"),
    );
    assert!(matches!(whole, Err(PipelineError::Refused(_))), "{whole:?}");
    let own = vec![incident.id.clone()];
    let itself = join_incidents(
        &mut world.store,
        &world.setup,
        (&incident.id, &own, None),
        (now, "someone"),
    );
    assert!(matches!(itself, Err(PipelineError::Refused(_))), "{itself:?}");
    let nothing = reset_incident(&mut world.store, &world.setup, (&incident.id, None), today());
    assert!(matches!(nothing, Err(PipelineError::Refused(_))), "{nothing:?}");
    for id in ["", "zzzz", "no id"] {
        let found = show_incident(&world.store, &world.setup, id, None, today());
        assert!(matches!(found, Err(PipelineError::NotFound { .. })), "{id}");
    }
    assert_eq!(report.funnel.incidents, 1);
}

#[test]
fn without_detections_a_run_is_about_what_it_touched() {
    let scan = |bucket: &str| {
        json!([{"class_uid": 2004, "severity_id": 4, "severity": "High", "status": "New", "status_id": 1,
            "status_code": "FAIL", "time": 1_750_000_000,
            "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
            "finding_info": {"uid": format!("prowler-{bucket}"), "title": "Versioning"},
            "resources": [{"uid": format!("arn:aws:s3:::{bucket}"), "type": "AwsS3Bucket", "region": "eu-west-1"}],
            "cloud": {"provider": "aws", "account": {"uid": bucket}}}])
        .to_string()
    };
    let mut world = World::new();
    world.import("falco.ndjson", &shell("tickets-0", 1));
    world.import("a.json", &scan("111122223333"));
    let second = world.import("b.json", &scan("444455556666"));
    assert_eq!((second.issues.len(), second.incidents.len()), (1, 1));
    assert_eq!(second.changes.open_elsewhere, 2);
}
