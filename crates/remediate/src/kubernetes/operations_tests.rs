//! Fixes of what operations of JSON Patch put into objects.

use proptest::prelude::*;
use quell_model::FixState;
use serde_json::{Map, json};

use super::operations::{operate, puts_at};
use super::tests::{WEB, World, deployment};
use crate::yaml::Edit;

/// A base with a deployment and a job, and an overlay that lays a component upon both.
fn with_component(component: &str, files: &[(&'static str, &str)]) -> World {
    let job = "kind: Job\nmetadata: {name: init}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: acme/init:1\n";
    let text = deployment("");
    let own = [
        ("base/a.yaml", text.as_str()),
        ("base/j.yaml", job),
        ("base/kustomization.yaml", "resources: [a.yaml, j.yaml]\n"),
        ("prod/kustomization.yaml", "resources: [../base]\ncomponents: [../with]\n"),
        ("with/kustomization.yaml", component),
    ];
    World::of(&[own.as_slice(), files].concat())
}

const BUILT: (&str, &str) = ("prod/kustomization.yaml", "overlay:prod:Deployment.default.web");

/// The new text of the file that says what is laid upon the deployment.
#[track_caller]
fn laid(world: &World, control: &str, file: &str) -> String {
    let (fix, changed) = world.fix(control, BUILT.0, BUILT.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!((fix.file.as_str(), fix.also_in), ("base/a.yaml", vec![file.to_owned()]));
    let new = changed.into_iter().find(|(path, _)| path == file);
    new.expect("the file does not change").1
}

#[test]
fn a_container_that_an_operation_brings_is_fixed_in_its_value() {
    let both = "kind: Component\npatches:\n- path: add.yaml\n  target: {kind: Deployment}\n- path: add.yaml\n  target: {kind: Job}\n";
    let add = "# the proxy\n- op: add\n  path: /metadata/annotations\n  value: {note: 'x'}  # kept\n\n- op: add\n  path: /spec/template/spec/containers/-\n  value:\n    args: [\"--port=1\"]\n    image: acme/proxy:2 # why\n    name: proxy\n# the end\n";
    let world = with_component(both, &[("with/add.yaml", add)]);
    let mended = add.replace(
        "    name: proxy\n",
        "    name: proxy\n    securityContext:\n      readOnlyRootFilesystem: true\n",
    );
    let (fix, changed) =
        world.fix("pod.read_only_root_filesystem", BUILT.0, "overlay:prod:Job.default.init");
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!((fix.file.as_str(), fix.also_in), ("base/j.yaml", vec!["with/add.yaml".to_owned()]));
    assert_eq!(changed[1], ("with/add.yaml".to_owned(), mended.clone()));
    assert_eq!(laid(&world, "pod.read_only_root_filesystem", "with/add.yaml"), mended);
    let limits = laid(&world, "pod.cpu_limit", "with/add.yaml");
    assert!(limits.contains("    resources:\n      limits:\n        cpu: 500m\n"), "{limits}");
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    with_component(both, &[("with/add.yaml", add)])
        .with("kubernetes.image_digest.app:1.0", digest)
        .withheld("pod.image_digest", BUILT, "give it as `kubernetes.image_digest.acme/proxy:2`");
    // Windows line ends, and a list in a JSON file.
    let crlf = with_component(both, &[("with/add.yaml", &add.replace('\n', "\r\n"))]);
    let new = laid(&crlf, "pod.read_only_root_filesystem", "with/add.yaml");
    assert_eq!(new, mended.replace('\n', "\r\n"));
    let json = "[\n  {\"op\": \"add\", \"path\": \"/spec/template/spec/containers/0\",\n   \"value\": {\"name\": \"proxy\", \"image\": \"acme/proxy:2\"}}\n]\n";
    let world = with_component(&both.replace("yaml", "json"), &[("with/add.json", json)]);
    let new = laid(&world, "pod.image_pull_policy", "with/add.json");
    assert_eq!(new, json.replace("2\"}}", "2\", \"imagePullPolicy\": \"Always\"}}"));
}

#[test]
fn a_patch_that_adds_to_what_another_brings_is_judged_with_that_one() {
    let component = |add: &str| {
        format!(
            "kind: Component\npatches:\n- path: add.yaml\n  target: {{kind: Deployment}}\n- target: {{kind: Deployment}}\n  patch: |-\n    kind: Deployment\n    metadata: {{name: any}}\n    spec:\n      template:\n        spec:\n          containers:\n          - name: {add}\n            env: [{{name: A, value: b}}]\n"
        )
    };
    let add = "- op: add\n  path: /spec/template/spec/containers/-\n  value: {name: proxy, image: 'acme/proxy:2'}\n";
    let world = with_component(&component("proxy"), &[("with/add.yaml", add)]);
    let new = laid(&world, "pod.image_pull_policy", "with/add.yaml");
    assert_eq!(new, add.replace("proxy:2'", "proxy:2', imagePullPolicy: Always"));
    let world = with_component(&component("proxy"), &[("with/add.yaml", add)]);
    world.withheld("pod.image_tag", BUILT, "already satisfies it");
    // What nobody brings has no image.
    let world = with_component(&component("other"), &[("with/add.yaml", add)]);
    world.withheld("pod.image_tag", BUILT, "the predicate does not hold");
}

#[test]
fn operations_in_a_text_of_a_kustomization_are_changed_there() {
    let inline = "kind: Component\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    # the proxy\n    - op: add\n      path: /spec/template/spec/containers\n      value:\n      - name: proxy\n        image: acme/proxy:2\n      - name: other\n        image: acme/other:2\n        imagePullPolicy: Always\n- target: {kind: Job}\n  patch: |-\n    - op: remove\n      path: /spec/nowhere\n";
    let new =
        laid(&with_component(inline, &[]), "pod.image_pull_policy", "with/kustomization.yaml");
    let mended = "acme/proxy:2\n        imagePullPolicy: Always\n      - name";
    assert_eq!(new, inline.replace("acme/proxy:2\n      - name", mended));
    let json = r#"[{"op":"add","path":"/spec/template/spec/initContainers","value":[{"name":"i","image":"i:1"}]}]"#;
    let inline = format!(
        "kind: Component\npatchesJson6902:\n- target: {{kind: Deployment, name: web}}\n  patch: '{json}' # odd\n"
    );
    let world = with_component(&inline, &[]);
    let new = laid(&world, "pod.image_pull_policy", "with/kustomization.yaml");
    assert_eq!(new, inline.replace("\"i:1\"", "\"i:1\", \"imagePullPolicy\": \"Always\""));
    // A context that is laid upon the pod as a whole has to say it too.
    let context = "kind: Component\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/securityContext\n      value:\n        runAsUser: 12345\n";
    let new = laid(&with_component(context, &[]), "pod.seccomp", "with/kustomization.yaml");
    let mended = "12345\n        seccompProfile:\n          type: RuntimeDefault\n";
    assert_eq!(new, context.replace("12345\n", mended));
}

#[test]
fn what_no_value_of_an_operation_can_hold_is_said() {
    let of = |operations: &str| {
        let component = format!(
            "kind: Component\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n{operations}"
        );
        with_component(&component, &[])
    };
    let pod = "/spec/template/spec";
    let gone = of(&format!(
        "    - {{op: add, path: {pod}/securityContext, value: {{runAsUser: 1}}}}\n    - {{op: remove, path: {pod}/securityContext}}\n"
    ));
    gone.withheld("pod.seccomp", BUILT, "takes away `spec.template.spec.securityContext");
    let leaf = of(&format!("    - {{op: replace, path: {pod}/containers/0/image, value: x}}\n"));
    let leaf = leaf.with("kubernetes.image_tag.x", "2");
    leaf.withheld("pod.image_tag", BUILT, "sets `spec.template.spec.containers[0].image`");
    // A value that is tested, and an element that is told by its number, hold the object fast.
    let mounted = deployment(
        "        volumeMounts:\n        - {name: s, mountPath: /s}\n        - {name: t, mountPath: /t}\n      volumes:\n      - name: s\n        hostPath: {path: /var/run/docker.sock}\n      - name: t\n        emptyDir: {}\n",
    );
    let over = |operations: &str| {
        let overlay = format!(
            "resources: [a.yaml]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n{operations}"
        );
        World::of(&[("a.yaml", &mounted), ("kustomization.yaml", &overlay)])
    };
    let number =
        format!("    - {{op: add, path: {pod}/volumes/1/emptyDir/medium, value: Memory}}\n");
    over(&number).withheld("pod.docker_socket", WEB, "count on what stands there now");
    let tested = format!("    - {{op: test, path: {pod}/containers/0/name, value: app}}\n");
    let (fix, _) = over(&tested).fix("pod.docker_socket", WEB.0, WEB.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let tested = format!("    - {{op: test, path: {pod}/volumes/1/name, value: t}}\n");
    over(&tested).withheld("pod.docker_socket", WEB, "count on what stands there now");
}

#[test]
fn a_target_may_be_a_pattern() {
    let of = |target: &str| {
        let component = format!(
            "kind: Component\npatches:\n- target: {target}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/-\n      value: {{name: proxy, image: 'acme/proxy:2'}}\n"
        );
        let (fix, _) =
            with_component(&component, &[]).fix("pod.image_pull_policy", BUILT.0, BUILT.1);
        assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
        fix.also_in.len()
    };
    for target in ["{kind: Deployment|Job}", "{name: w.*}", "{kind: .*, name: (web|init)}"] {
        assert_eq!(of(target), 1, "{target}");
    }
    for target in ["{name: we.}", "{name: e}", "{kind: Deploy.*, name: 'x('}"] {
        assert_eq!(of(target), usize::from(target.contains("we.")), "{target}");
    }
}

#[test]
fn images_that_a_kustomization_names_are_pinned_there() {
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let text = deployment("").replace("app:1.0", "acme/app:latest");
    let overlay = "resources: [../base]\nimages:\n- name: acme/app # the program\n  newTag: latest\n- name: other\n  newTag: \"2\"\n";
    let of = |overlay: &str| {
        World::of(&[
            ("base/a.yaml", &text),
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("prod/kustomization.yaml", overlay),
        ])
    };
    // A version of the object alone would be taken back by the overlay.
    of(overlay).withheld("pod.image_digest", BUILT, "`kubernetes.image_digest.acme/app:latest`");
    let tagged = of(overlay).with("kubernetes.image_tag.acme/app", "1.2");
    let new = laid(&tagged, "pod.image_tag", "prod/kustomization.yaml");
    assert_eq!(new, overlay.replacen("newTag: latest", "newTag: \"1.2\"", 1));
    let pinned = of(overlay).with("kubernetes.image_digest.acme/app:latest", digest);
    let new = laid(&pinned, "pod.image_digest", "prod/kustomization.yaml");
    let mended = format!("newTag: latest\n  digest: {digest}\n");
    assert_eq!(new, overlay.replacen("newTag: latest\n", &mended, 1));
    // Under another name a digest leads to something else.
    let mirror = "resources: [../base]\nimages:\n- name: acme/app\n  newName: mirror.example/app\n";
    let one = of(mirror).with("kubernetes.image_digest.acme/app:latest", digest);
    one.withheld("pod.image_digest", BUILT, "`kubernetes.image_digest.mirror.example/app:latest`");
    // What the overlay decides alone is right already.
    let right = overlay.replacen("newTag: latest", "newTag: \"3\"", 1);
    let tagged = of(&right).with("kubernetes.image_tag.acme/app", "1.2");
    let (fix, files) = tagged.fix("pod.image_tag", "base/a.yaml", WEB.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!((files.len(), files[0].0.as_str()), (1, "base/a.yaml"));
}

proptest! {
    /// Where an operation is said to put its value, the value stands after it.
    #[test]
    fn a_value_stands_where_its_operation_puts_it(
        lists in prop::collection::vec(prop::collection::vec(0_u8..9, 0..4), 1..4),
        ways in prop::collection::vec((0_usize..4, 0_usize..5, any::<bool>(), any::<bool>()), 1..6),
    ) {
        let fields = lists.iter().enumerate().map(|(at, list)| (format!("a/{at}"), json!(list)));
        let mut object = json!({"x": Map::from_iter(fields)});
        for (at, (key, item, adds, last)) in ways.into_iter().enumerate() {
            let element = if last { "-".to_owned() } else { item.to_string() };
            let op = if adds { "add" } else { "replace" };
            let path = format!("/x/a~1{key}/{element}");
            let operation = json!({"op": op, "path": path, "value": {"n": at}});
            let before = object.clone();
            let place = puts_at(&before, &operation);
            if operate(&mut object, &operation).is_none() {
                object = before;
                continue;
            }
            let place = place.unwrap();
            let edit = Edit::Set([place.as_slice(), &["n".into()]].concat(), json!("new"));
            let changed = json!({"op": op, "path": path, "value": {"n": "new"}});
            let mut expected = before;
            operate(&mut expected, &changed).unwrap();
            prop_assert_eq!(edit.upon(&object).unwrap(), expected);
        }
    }
}

#[test]
fn operations_are_carried_out_as_kustomize_does() {
    let web = deployment("        imagePullPolicy: Always\n");
    let of = |operations: &str| {
        let overlay = format!(
            "resources: [a.yaml]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n{operations}"
        );
        let world = World::of(&[("a.yaml", &web), ("kustomization.yaml", &overlay)]);
        let (fix, _) = world.fix("pod.host_pid", "kustomization.yaml", "a:Deployment.default.web");
        match fix.state {
            FixState::Withheld(why) => why,
            FixState::Proved => "proved".to_owned(),
        }
    };
    let host = "/spec/template/spec/hostPID";
    let add = |value: &str| format!("    - {{op: add, path: {host}, value: {value}}}\n");
    let sets = "an operation (`add`) that `kustomization.yaml` lays upon it sets";
    assert!(of(&add("true")).contains(sets), "{}", of(&add("true")));
    assert!(of(&add("false")).contains("already satisfies it"));
    let gone = format!("{}    - {{op: remove, path: {host}}}\n", add("true"));
    assert!(of(&gone).contains("already satisfies it"));
    let other = format!("{}    - {{op: replace, path: {host}, value: false}}\n", add("true"));
    assert!(of(&other).contains("already satisfies it"));
    // What cannot be carried out is not judged.
    for odd in ["/spec/nowhere/x", "/spec/template/spec/containers/7", "x", "/"] {
        let text = format!("    - {{op: remove, path: {odd}}}\n");
        assert!(of(&text).contains("already satisfies it"), "{odd}");
    }
}
