//! What is looked up against what each pair of objects says.

use proptest::prelude::*;

use super::*;

fn manifest(kind: &str, name: &str, rest: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{rest}---\n")
}

/// An object that names, selects or has pods, of few names and labels.
fn object() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["a", "b", "c"]);
    let labels = || prop::sample::select(vec!["{app: a}", "{app: b}", "{app: a, tier: x}", "{}"]);
    prop_oneof![
        (name(), labels()).prop_map(|(name, by)| manifest(
            "Service",
            name,
            &format!("spec:\n  selector: {by}\n")
        )),
        (name(), labels(), name()).prop_map(|(name, labels, names)| {
            let rest = format!(
                "spec:\n  template:\n    metadata:\n      labels: {labels}\n    spec:\n      \
                 volumes: [{{name: v, configMap: {{name: {names}}}}}]\n      containers: \
                 [{{name: c, env: [{{name: E, value: 'http://{names}:80'}}]}}]\n"
            );
            manifest("Deployment", name, &rest)
        }),
        (name(), labels(), any::<bool>()).prop_map(|(name, by, some)| {
            let expression = "{matchExpressions: [{key: tier, operator: Exists}]}";
            let by = if some { format!("{{matchLabels: {by}}}") } else { expression.to_owned() };
            manifest("NetworkPolicy", name, &format!("spec:\n  podSelector: {by}\n"))
        }),
        name().prop_map(|name| manifest("ConfigMap", name, "data:\n  at: a.default.svc\n")),
    ]
}

/// A repository of some folders, one of which takes in files of others.
fn repository() -> impl Strategy<Value = Vec<(String, String)>> {
    let folder = prop::sample::select(vec!["", "x/", "x/y/", "z/"]);
    let file = (folder, prop::collection::vec(object(), 1..3));
    (prop::collection::vec(file, 1..7), any::<bool>()).prop_map(|(files, build)| {
        let files = files.into_iter().enumerate();
        let mut files: Vec<(String, String)> = files
            .map(|(at, (folder, objects))| (format!("{folder}f{at}.yaml"), objects.concat()))
            .collect();
        if build {
            let all: Vec<String> =
                files.iter().step_by(2).map(|(path, _)| format!("- ../{path}\n")).collect();
            let text = format!("resources:\n{}", all.concat());
            files.push(("k/kustomization.yaml".to_owned(), text));
        }
        files
    })
}

/// The same by looking at each pair.
fn by_pairs(manifests: &Manifests) -> Programs {
    let members = members(manifests);
    let mut groups = Groups::new(members.len());
    let is_near = |one: &Member<'_>, other: &Member<'_>| {
        one.file.folder() == other.file.folder()
            || !one.built.is_disjoint(&other.built)
            || (one.unique && other.unique && together(one.file, other.file))
    };
    for (at, one) in members.iter().enumerate() {
        for (to, other) in members.iter().enumerate().filter(|(_, other)| is_near(one, other)) {
            let words = one.object.words();
            let named = words.texts.contains(&other.object.name)
                || (other.object.kind == "Service" && words.hosts.contains(&other.object.name));
            let has_pods = other.object.pod().is_some();
            if named || (has_pods && chooses(one.object, &other.object.pod_labels())) {
                groups.join(at, to);
            }
        }
    }
    bind_long_names(manifests, &members, &mut groups);
    groups.told(&members)
}

proptest! {
    #[test]
    fn what_is_looked_up_is_what_each_pair_says(files in repository()) {
        let manifests = Manifests::parse(files);
        prop_assert_eq!(all(&manifests), by_pairs(&manifests));
    }
}
