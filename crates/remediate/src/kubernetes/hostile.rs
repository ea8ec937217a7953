//! Properties: no manifest makes the engine panic, and a fix leaves every other object alone.

use std::sync::LazyLock;

use proptest::prelude::*;
use quell_catalog::{Catalog, Control, Language};
use quell_model::FixState;

use crate::{Engine, Target, Workspace};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

/// Lines that manifests are made of, at any depth.
const LINES: [&str; 30] = [
    "kind: Deployment",
    "kind: Pod",
    "kind: List",
    "kind: Role",
    "metadata:",
    "name: a",
    "namespace: default",
    "labels: {app: a}",
    "spec:",
    "template:",
    "containers:",
    "- name: a",
    "- name: b",
    "image: a:latest",
    "image: 1",
    "ports: [{containerPort: 80, hostPort: 80}]",
    "ports: x",
    "securityContext:",
    "securityContext: {capabilities: {add: [SYS_ADMIN]}, privileged: true}",
    "securityContext: &s {}",
    "securityContext: *s",
    "volumes: [{name: a, hostPath: {path: /var/run/docker.sock}}]",
    "volumeMounts: [{name: a}]",
    "hostPID: true",
    "rules: [{resources: [pods], verbs: [create, get]}]",
    "items:",
    "resources: {limits: {cpu: 1}}",
    "<<: {hostIPC: true}",
    "# c",
    "---",
];

/// A pod that is read, with lines put in at random.
fn manifest() -> impl Strategy<Value = String> {
    let base = vec![
        (0, "kind: Pod"),
        (0, "metadata:"),
        (2, "name: a"),
        (0, "spec:"),
        (2, "containers:"),
        (2, "- name: a"),
        (4, "image: a:1"),
    ];
    let noise = proptest::collection::vec((0usize..8, 0usize..6, 0..LINES.len()), 0..6);
    noise.prop_map(move |noise| {
        let mut lines: Vec<(usize, &str)> = base.clone();
        for (at, depth, line) in noise {
            let depth = if LINES[line] == "---" { 0 } else { depth * 2 };
            lines.insert(at.min(lines.len()), (depth, LINES[line]));
        }
        lines.iter().map(|(depth, line)| format!("{}{line}\n", " ".repeat(*depth))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_manifest_makes_the_engine_panic_and_other_objects_stay(text in manifest()) {
        let controls: Vec<&Control> = CATALOG.controls().collect();
        let engine = Engine::new(&controls);
        let other = "---\nkind: Pod # other\nmetadata: {name: other}\nspec:\n  hostPID: true\n";
        let text = format!("{text}{other}");
        let workspace = Workspace::parse([("a.yaml".to_owned(), text)]);
        let of_kubernetes = |control: &&&Control| {
            control.fixes.iter().any(|fix| fix.language == Language::Kubernetes)
        };
        for (place, _) in workspace.places("a.yaml") {
            if place.address == "Pod.other" {
                continue;
            }
            let target = Target {
                file: Some("a.yaml".to_owned()),
                address: Some(place.address),
                ..Target::default()
            };
            for control in controls.iter().filter(of_kubernetes) {
                let fix = engine.propose(&workspace, &target, control, Vec::new());
                if fix.state != FixState::Proved {
                    continue;
                }
                let applied = engine.apply_all(&workspace, &[fix]);
                let (_, changed) = &applied.files[0];
                prop_assert!(changed.ends_with(other), "{changed}");
                prop_assert!(Workspace::parse(applied.files.clone()).unparsed().is_empty());
            }
        }
    }
}
