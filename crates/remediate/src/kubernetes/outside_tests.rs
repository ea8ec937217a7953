//! Fixes of objects whose base is not in the repository.

use quell_model::{FixState, ProofCheck, Safety};

use super::tests::World;

const REMOTE: &str = "https://github.com/acme/bases//web?ref=v1.4";
const BUILT: &str = "overlay:prod:Deployment.shop.web";
const FILE: &str = "prod/kustomization.yaml";

fn remote(rest: &str) -> String {
    format!("# ours\nresources:\n  - {REMOTE} # theirs\n  - own.yaml\n{rest}")
}

fn world(kustomization: &str) -> World {
    World::of(&[(FILE, kustomization), ("prod/own.yaml", "kind: ConfigMap\nmetadata: {name: c}\n")])
}

fn patch(of: &str, field: &str) -> String {
    format!(
        "  - target:\n      kind: Deployment\n      name: {of}\n    patch: |-\n      kind: Deployment\n      \
         metadata:\n        name: {of}\n      spec:\n        template:\n          spec:\n            {field}\n"
    )
}

#[test]
fn what_a_remote_base_makes_is_patched_where_it_is_taken_in() {
    let text = remote("");
    let after = format!("{text}patches:\n{}", patch("web", "hostPID: false"));
    let (fix, files) = world(&text).fix("pod.host_pid", FILE, BUILT);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!(files, [(FILE.to_owned(), after.clone())]);
    assert_eq!(fix.address, "Kustomization/Deployment.web");
    let before = fix.proof.iter().find(|proof| proof.check == ProofCheck::FailedBefore).unwrap();
    assert!(before.detail.contains("the scan saw it fail"), "{}", before.detail);
    assert!(before.detail.contains(REMOTE), "{}", before.detail);
    assert_eq!((fix.grade(), fix.may_break.is_empty()), (Safety::NeedsApproval, false));
    // What is said there already is not said again, and other fixes come into the same patch.
    world(&after).withheld("pod.host_pid", (FILE, BUILT), "already satisfies it");
    let more = format!(
        "{after}            securityContext:\n              seccompProfile:\n                type: \
         RuntimeDefault\n"
    );
    world(&after).becomes("pod.security_context_missing", (FILE, BUILT), FILE, &more);
    for eol in ["\n", "\r\n"] {
        let theirs = after.replace("patch: |-", "patch: |").replace('\n', eol);
        let more = format!("{theirs}            hostIPC: false{eol}");
        world(&theirs).becomes("pod.host_ipc", (FILE, BUILT), FILE, &more);
    }
    // One of another form stays as it is, and one more stands behind it.
    let theirs = "  - target: {kind: Deployment, name: web}\n    patch: '{kind: Deployment}'\n";
    let text = remote(&format!("patches:\n{theirs}"));
    let more = format!("{text}{}", patch("web", "hostIPC: false"));
    world(&text).becomes("pod.host_ipc", (FILE, BUILT), FILE, &more);
}

#[test]
fn an_object_is_patched_under_the_name_that_it_has_there() {
    let base = format!("nameSuffix: -x\nresources: [{REMOTE}]\n");
    let files = [
        ("mid/kustomization.yaml", base.as_str()),
        (FILE, "namePrefix: prod-\nresources: [../mid]\n"),
    ];
    let (fix, changed) =
        World::of(&files).fix("pod.host_ipc", FILE, "a:Deployment.shop.prod-web-x");
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let after = format!("{base}patches:\n{}", patch("web", "hostIPC: false"));
    assert_eq!(changed, [("mid/kustomization.yaml".to_owned(), after)]);
    World::of(&files).withheld("pod.host_ipc", (FILE, "a:Deployment.shop.web"), "write a patch");
}

#[test]
fn what_the_patches_do_not_decide_is_left_to_a_person() {
    let own = world(&remote(""));
    for control in [
        "pod.privileged",
        "pod.run_as_root",
        "pod.seccomp",
        "pod.image_digest",
        "pod.service_account_token",
        "pod.network_policy_missing",
        "pod.cpu_limit",
    ] {
        own.withheld(control, (FILE, BUILT), "which is not in the repository");
    }
    own.withheld("pod.host_pid", (FILE, "a:Pod.shop.web.app-web"), "change it there");
    let outside = "resources:\n- ../../base\n";
    let beside = "kind: Pod\nmetadata: {name: x}\n";
    let of = |text: &str| World::of(&[(FILE, text), ("x.yaml", beside)]);
    of(outside).withheld("pod.privileged", (FILE, BUILT), "a folder that holds both with `--repo`");
    let both = format!("resources: [../mid]\nbases: [{REMOTE}]\n");
    World::of(&[(FILE, &both), ("mid/kustomization.yaml", &remote(""))]).withheld(
        "pod.host_pid",
        (FILE, BUILT),
        "which of them makes",
    );
    of("resources: [gone.yaml]\n").withheld("pod.host_pid", (FILE, BUILT), "no file of the");
}

#[test]
fn a_patch_that_says_otherwise_is_not_overruled_unseen() {
    let of = |patches: &str| world(&remote(&format!("patches:\n{patches}")));
    let said = patch("web", "hostPID: true");
    of(&said).withheld("pod.host_pid", (FILE, BUILT), "sets the same");
    let operation = "  - target: {kind: Deploy.*}\n    patch: |-\n      - op: remove\n        path: \
                     /spec/template/spec/hostPID\n";
    of(operation).withheld("pod.host_pid", (FILE, BUILT), "sets the same");
    let whole = "  - target: {kind: Deployment}\n    patch: |-\n      kind: Deployment\n      metadata: \
                 {name: any}\n      spec: {$patch: replace}\n";
    of(whole).withheld("pod.host_pid", (FILE, BUILT), "sets the same");
    let upon = "namePrefix: eu-\nresources: [../prod]\npatchesStrategicMerge: [p.yaml]\n";
    let text = remote("");
    let file =
        "kind: Deployment\nmetadata: {name: eu-web}\nspec: {template: {spec: {hostPID: true}}}\n";
    World::of(&[(FILE, &text), ("eu/kustomization.yaml", upon), ("eu/p.yaml", file)]).withheld(
        "pod.host_pid",
        (FILE, BUILT),
        "a patch in `eu/p.yaml` sets the same",
    );
    world(&remote("patches: [old.yaml]\n")).withheld("pod.host_pid", (FILE, BUILT), "older");
    // One that is laid upon others does not count as said.
    let some = patch("web", "hostPID: false").replace(
        "name: web\n    patch",
        "name: web\n      \
        labelSelector: a=b\n    patch",
    );
    let (fix, _) = of(&some).fix("pod.host_pid", FILE, BUILT);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
}

#[test]
fn a_namespace_is_named_only_by_who_knows_the_data() {
    let text = remote("");
    let built = "overlay:prod:Deployment.default.web";
    world(&text).withheld("pod.default_namespace", (FILE, built), "may hold a volume claim");
    world(&text).with("kubernetes.namespace.prod", "shop").becomes(
        "pod.default_namespace",
        (FILE, built),
        FILE,
        &format!("{text}namespace: shop\n"),
    );
}

#[test]
fn hostile_names_and_entries_make_nothing() {
    let own = world(&remote(""));
    for name in ["web\n  evil: 1", "web.*", "-web", "WEB", "", "a|b", &"a".repeat(300)] {
        let address = format!("overlay:prod:Deployment.shop.{name}");
        own.withheld("pod.host_pid", (FILE, &address), "");
        own.withheld("pod.host_pid", (FILE, &format!("De{name}ment.shop.web")), "");
    }
    let entry = "resources: ['https://h/`x`\u{7}//a?ref=1']\n";
    let (fix, _) = world(entry).fix("pod.privileged", FILE, BUILT);
    let FixState::Withheld(why) = fix.state else { panic!("proved") };
    assert!(why.contains("`https://h/x//a?ref=1`"), "{why}");
    let rings = [
        (FILE, "resources: [../a]\n"),
        ("a/kustomization.yaml", "resources: [../prod, https://h/b]\n"),
    ];
    let (fix, _) = World::of(&rings).fix("pod.host_pid", FILE, BUILT);
    assert_eq!((fix.state, fix.file.as_str()), (FixState::Proved, "a/kustomization.yaml"));
}
