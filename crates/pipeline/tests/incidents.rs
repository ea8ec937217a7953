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
