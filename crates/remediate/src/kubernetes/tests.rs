//! Fixes of manifests: what is found, what is changed, and what a person must decide.

use quell_catalog::{Catalog, Control};
use quell_model::{Fix, FixState};

use crate::{Engine, Settings, Target, Workspace};

/// Files, and what is asked of them.
pub(super) struct World {
    files: Vec<(&'static str, String)>,
    settings: Vec<(&'static str, &'static str)>,
}

impl World {
    pub(super) fn of(files: &[(&'static str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        Self { files, settings: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Asks for a fix of a finding as Checkov reports it, and applies it.
    pub(super) fn fix(
        &self,
        control: &str,
        file: &str,
        address: &str,
    ) -> (Fix, Vec<(String, String)>) {
        let catalog = Catalog::embedded().unwrap();
        let controls: Vec<&Control> = catalog.controls().collect();
        let settings: Settings =
            self.settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let engine = Engine::new(&controls).with_settings(settings);
        let files = self.files.iter().map(|(path, text)| ((*path).to_owned(), text.clone()));
        let workspace = Workspace::parse(files);
        let control = catalog.control(&format!("kubernetes.{control}")).unwrap();
        let target = Target {
            file: Some(file.to_owned()).filter(|file| !file.is_empty()),
            address: Some(address.to_owned()),
            names: vec![address.rsplit('.').next().unwrap().to_owned()],
            ..Target::default()
        };
        let fix = engine.propose(&workspace, &target, control, Vec::new());
        let applied = engine.apply_all(&workspace, std::slice::from_ref(&fix));
        assert_eq!(applied.skipped, [], "{fix:#?}");
        (fix, applied.files)
    }

    #[track_caller]
    pub(super) fn becomes(
        &self,
        control: &str,
        (file, address): (&str, &str),
        changed: &str,
        text: &str,
    ) {
        let (fix, files) = self.fix(control, file, address);
        assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
        assert_eq!(files, [(changed.to_owned(), text.to_owned())]);
    }

    #[track_caller]
    pub(super) fn withheld(&self, control: &str, (file, address): (&str, &str), reason: &str) {
        let (fix, _) = self.fix(control, file, address);
        let FixState::Withheld(why) = &fix.state else { panic!("proved: {}", fix.diff) };
        assert!(why.contains(reason), "{why}");
    }
}

/// A deployment of one container; `extra` are further lines of the container.
pub(super) fn deployment(extra: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web # main\nspec:\n  \
         selector:\n    matchLabels: {{app: web}}\n  template:\n    metadata:\n      labels:\n        \
         app: web\n        tier: x\n    spec:\n      containers:\n      - name: app\n        \
         image: app:1.0\n{extra}"
    )
}

pub(super) const WEB: (&str, &str) = ("a.yaml", "Deployment.default.web");

#[track_caller]
fn one(control: &str, before: &str, after: &str) {
    World::of(&[("a.yaml", before)]).becomes(control, WEB, "a.yaml", after);
}

#[track_caller]
fn refused(control: &str, text: &str, reason: &str) {
    World::of(&[("a.yaml", text)]).withheld(control, WEB, reason);
}

#[test]
fn a_pod_is_confined_in_the_style_of_its_file() {
    let text = deployment("");
    one(
        "pod.seccomp",
        &text,
        &format!(
            "{text}      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n"
        ),
    );
    one(
        "pod.capabilities_not_dropped",
        &text,
        &format!(
            "{text}        securityContext:\n          capabilities:\n            drop:\n            - ALL\n"
        ),
    );
    let crlf = text.replace('\n', "\r\n");
    one(
        "pod.read_only_root_filesystem",
        &crlf,
        &format!("{crlf}        securityContext:\r\n          readOnlyRootFilesystem: true\r\n"),
    );
}

#[test]
fn a_container_that_says_otherwise_is_made_to_agree() {
    let text = deployment(
        "        securityContext:\n          runAsUser: 0 # root\n          runAsNonRoot: false\n",
    );
    let fixed = text.replace("runAsUser: 0", "runAsUser: 10001").replace("false", "true");
    one(
        "pod.run_as_root",
        &text,
        &format!("{fixed}      securityContext:\n        runAsNonRoot: true\n"),
    );
    let high = deployment("        securityContext:\n          runAsUser: 20000\n");
    refused("pod.low_uid", &high, "already satisfies");
}

#[test]
fn a_privileged_container_may_not_gain_rights_only_once_it_is_not() {
    let text = deployment(
        "        securityContext:\n          privileged: true\n          capabilities:\n            \
         add: [SYS_ADMIN, NET_ADMIN]\n",
    );
    let fixed = text.replace("true", "false").replace("SYS_ADMIN, ", "");
    one(
        "pod.privilege_escalation",
        &text,
        &format!("{fixed}          allowPrivilegeEscalation: false\n"),
    );
}

#[test]
fn probes_come_from_evidence() {
    let port = deployment("        ports:\n        - containerPort: 8080\n");
    one(
        "pod.readiness_probe",
        &port,
        &format!(
            "{port}        readinessProbe:\n          tcpSocket:\n            port: 8080\n          initialDelaySeconds: 5\n          periodSeconds: 10\n"
        ),
    );
    let other = deployment("        readinessProbe:\n          httpGet: {path: /ok, port: 80}\n");
    let (fix, _) = World::of(&[("a.yaml", &other)]).fix("pod.liveness_probe", WEB.0, WEB.1);
    assert!(fix.diff.contains("+            path: /ok"), "{}", fix.diff);
    refused("pod.liveness_probe", &deployment(""), "declares no port");
    let service = "kind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports:\n  - port: 80\n    targetPort: 9000\n";
    let (fix, _) = World::of(&[("a.yaml", &deployment("")), ("b.yaml", service)]).fix(
        "pod.liveness_probe",
        WEB.0,
        WEB.1,
    );
    assert!(fix.diff.contains("+            port: 9000"), "{}", fix.diff);
}

#[test]
fn amounts_follow_what_is_there_and_what_the_user_says() {
    let text = deployment("        resources:\n          limits:\n            memory: 64Mi\n");
    one(
        "pod.memory_request",
        &text,
        &format!("{text}          requests:\n            memory: 64Mi\n"),
    );
    let world = World::of(&[("a.yaml", &text)]).with("kubernetes.cpu_limit", "2");
    world.becomes("pod.cpu_limit", WEB, "a.yaml", &format!("{text}            cpu: \"2\"\n"));
}

#[test]
fn images_are_pinned_by_what_is_known_only() {
    let text = deployment("");
    refused("pod.image_digest", &text, "kubernetes.image_digest.app:1.0");
    let digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let world = World::of(&[("a.yaml", &text)]).with("kubernetes.image_digest.app:1.0", digest);
    let pinned = text.replace("app:1.0", &format!("app:1.0@{digest}"));
    world.becomes("pod.image_digest", WEB, "a.yaml", &pinned);
    let bad = World::of(&[("a.yaml", &text)]).with("kubernetes.image_digest.app:1.0", "latest");
    bad.withheld("pod.image_digest", WEB, "is no `sha256:");
    let blank = text.replace("app:1.0", "reg.example:5000/app");
    refused("pod.image_tag", &blank, "`kubernetes.image_tag.reg.example:5000/app`");
    let used = "services:\n  a:\n    image: reg.example:5000/app:2.4\n";
    World::of(&[("a.yaml", &blank), ("compose.yaml", used)]).becomes(
        "pod.image_tag",
        WEB,
        "a.yaml",
        &format!("{}        imagePullPolicy: Always\n", blank.replace("/app", "/app:2.4")),
    );
    let two = format!(
        "{}      - name: other\n        image: two\n        imagePullPolicy: Always\n",
        text.replace("app:1.0", "one")
    );
    refused(
        "pod.image_digest",
        &two,
        "`kubernetes.image_digest.one` and `kubernetes.image_digest.two`",
    );
}

#[test]
fn a_version_keeps_what_is_pulled_when() {
    let blank = deployment("").replace("app:1.0", "redis");
    let redis = crate::images::latest("redis").unwrap();
    let pinned = blank.replace("redis", &format!("redis:{redis}"));
    one("pod.image_tag", &blank, &format!("{pinned}        imagePullPolicy: Always\n"));
    let said = deployment("        imagePullPolicy: IfNotPresent\n").replace("app:1.0", "redis");
    one("pod.image_tag", &said, &said.replace("redis", &format!("redis:{redis}")));
}

#[test]
fn probes_are_asked_for_by_image() {
    let text = deployment("");
    refused("pod.liveness_probe", &text, "`kubernetes.probe.app`");
    let probe = "        livenessProbe:\n          httpGet:\n            path: /up\n            port: 80\n          initialDelaySeconds: 15\n          periodSeconds: 20\n";
    World::of(&[("a.yaml", &text)]).with("kubernetes.probe.app", "http:80/up").becomes(
        "pod.liveness_probe",
        WEB,
        "a.yaml",
        &format!("{text}{probe}"),
    );
    let odd = World::of(&[("a.yaml", &text)]).with("kubernetes.probe.app", "80");
    odd.withheld("pod.liveness_probe", WEB, "is none of `tcp:PORT`");
}

#[test]
fn data_moves_only_where_the_user_names_the_place() {
    let volume = "      volumes:\n      - name: v\n        persistentVolumeClaim: {claimName: c}\n";
    let text = deployment(volume);
    refused("pod.default_namespace", &text, "`kubernetes.namespace.a.yaml`");
    let moved = text.replace("name: web # main\n", "name: web # main\n  namespace: shop\n");
    World::of(&[("a.yaml", &text)]).with("kubernetes.namespace.a.yaml", "shop").becomes(
        "pod.default_namespace",
        WEB,
        "a.yaml",
        &moved,
    );
}

#[test]
fn a_pod_without_labels_gets_one_for_its_policy() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: a\n    image: app:1\n";
    let next = "---\nkind: ConfigMap\nmetadata: {name: c}\n";
    let labelled = pod.replace("web\n", "web\n  labels:\n    app.kubernetes.io/name: web\n");
    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: web\n  policyTypes:\n    - Ingress\n  ingress: []\n";
    for rest in ["", next] {
        World::of(&[("a.yaml", &format!("{pod}{rest}"))]).becomes(
            "pod.network_policy_missing",
            ("a.yaml", "Pod.default.web"),
            "a.yaml",
            &format!("{labelled}{policy}{rest}"),
        );
    }
}

#[test]
fn a_token_that_is_likely_used_stays() {
    let text = deployment("      serviceAccountName: robot\n");
    let binding = "kind: RoleBinding\nmetadata: {name: b}\nsubjects:\n- {kind: ServiceAccount, name: robot}\n";
    World::of(&[("a.yaml", &text), ("b.yaml", binding)]).withheld(
        "pod.service_account_token",
        WEB,
        "RoleBinding.b",
    );
    one(
        "pod.service_account_token",
        &text,
        &format!("{text}      automountServiceAccountToken: false\n"),
    );
}

#[test]
fn a_policy_lets_in_what_the_pods_declare() {
    let text = deployment("        ports:\n        - containerPort: 8080\n");
    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n  podSelector:\n    matchLabels:\n      app: web\n  policyTypes:\n    - Ingress\n";
    let near = "  ingress:\n    - from:\n        - podSelector: {}\n      ports:\n        - port: 8080\n          protocol: TCP\n";
    let far = "  ingress:\n    - ports:\n        - port: 8080\n          protocol: TCP\n";
    one("pod.network_policy_missing", &text, &format!("{text}{policy}{near}"));
    let service = "kind: Service\nmetadata: {name: web}\nspec:\n  type: LoadBalancer\n  selector: {app: web}\n";
    World::of(&[("a.yaml", &text), ("b.yaml", service)]).becomes(
        "pod.network_policy_missing",
        ("a.yaml", "Pod.default.web.app-web"),
        "a.yaml",
        &format!("{text}{policy}{far}"),
    );
    let closed = deployment("");
    one("pod.network_policy_missing", &closed, &format!("{closed}{policy}  ingress: []\n"));
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    metadata: {labels: {app: j}}\n    spec:\n      containers: [{name: c, image: i}]\n";
    let at = ("j.yaml", "Job.default.j");
    let (fix, files) = World::of(&[("j.yaml", job)]).fix("pod.network_policy_missing", at.0, at.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert!(files[0].1.contains("    matchLabels:\n      app: j\n  policyTypes"), "{files:?}");
    let bare = job.replace("metadata: {labels: {app: j}}", "metadata: {}");
    let (_, files) = World::of(&[("j.yaml", &bare)]).fix("pod.network_policy_missing", at.0, at.1);
    assert!(files[0].1.contains("      job-name: j\n"), "{files:?}");
}

#[test]
fn a_policy_that_is_not_applied_with_the_object_does_not_count() {
    let text = deployment("");
    let policy = "kind: NetworkPolicy\nmetadata: {name: web}\nspec:\n  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Ingress]\n  ingress: []\n";
    let base = "resources: [a.yaml]\n";
    let of = |at: &'static str, resources: &str| {
        let world = World::of(&[
            ("base/a.yaml", &text),
            ("base/kustomization.yaml", resources),
            (at, policy),
            ("prod/kustomization.yaml", "resources: [../base, p.yaml]\n"),
        ]);
        world.fix("pod.network_policy_missing", "base/a.yaml", WEB.1).0.state
    };
    // Another way to roll the program out, a file that is not taken in, and one that an overlay adds.
    for at in ["all.yaml", "base/p.yaml", "prod/p.yaml"] {
        assert_eq!(of(at, base), FixState::Proved, "{at}");
    }
    let taken = of("base/p.yaml", "resources: [a.yaml, p.yaml]\n");
    assert!(matches!(taken, FixState::Withheld(why) if why.contains("already satisfies")));
    // Without kustomizations, what stands in folders around it counts.
    let plain = World::of(&[("x/a.yaml", &text), ("p.yaml", policy)]);
    plain.withheld("pod.network_policy_missing", ("x/a.yaml", WEB.1), "already satisfies");
}

#[test]
fn a_rollout_moves_with_the_services_that_it_names() {
    let rollout = "kind: Rollout\nmetadata: {name: web}\nspec:\n  strategy: {canary: {canaryService: canary}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: c, image: i}]\n";
    let canary = service("canary");
    let world = |rollout: &str| World::of(&[("r.yaml", rollout), ("s.yaml", &canary)]);
    let (fix, files) =
        world(rollout).fix("pod.default_namespace", "s.yaml", "Service.default.canary");
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!(files[0].1, rollout.replace("{name: web}", "{name: web, namespace: apps}"));
    assert_eq!(files.len(), 2);
    let data = "      volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]\n";
    world(&format!("{rollout}{data}")).withheld(
        "pod.default_namespace",
        ("s.yaml", "Service.default.canary"),
        "PersistentVolumeClaim.d",
    );
}

#[test]
fn volumes_go_with_their_mounts() {
    let mounts = "        volumeMounts:\n        - {name: sock, mountPath: /s}\n";
    let volumes =
        "      volumes:\n      - name: sock\n        hostPath: {path: /var/run/docker.sock}\n";
    let keep = "      - name: tmp\n        emptyDir: {}\n";
    let text = deployment(&format!("{mounts}{volumes}{keep}"));
    one("pod.docker_socket", &text, &deployment(&format!("      volumes:\n{keep}")));
}

#[test]
fn objects_leave_the_default_namespace_together_or_not_at_all() {
    let text = deployment("");
    let moved = text.replace("web # main\n", "web # main\n  namespace: apps\n");
    one("pod.default_namespace", &text, &moved);
    let world = World::of(&[("a.yaml", &text)]).with("kubernetes.namespace", "shop");
    world.becomes("pod.default_namespace", WEB, "a.yaml", &moved.replace("apps\n", "shop\n"));
    let near =
        World::of(&[("a.yaml", &text), ("n.yaml", "kind: Namespace\nmetadata: {name: shop}\n")]);
    near.becomes("pod.default_namespace", WEB, "a.yaml", &moved.replace("apps\n", "shop\n"));
    let claim =
        "      volumes:\n      - name: d\n        persistentVolumeClaim: {claimName: data}\n";
    refused("pod.default_namespace", &deployment(claim), "PersistentVolumeClaim.data");
}

/// A service of a name that selects pods by their label `app`.
fn service(name: &str) -> String {
    format!("kind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n")
}

#[test]
fn what_is_one_program_moves_as_one_change_over_all_its_files() {
    let text = deployment(
        "        env:\n        - {name: DB, value: \"redis://db:6379\"}\n        envFrom:\n        - configMapRef: {name: settings}\n",
    );
    let scaler = "kind: HorizontalPodAutoscaler\nmetadata:\n  name: s\nspec:\n  scaleTargetRef: {kind: Deployment, name: web}\n";
    let settings = "kind: ConfigMap\nmetadata:\n  name: settings # of web\ndata: {}\n";
    let other = "kind: ConfigMap\nmetadata:\n  name: other\ndata: {}\n";
    let both = format!("{settings}---\n{other}");
    let (web, db) = (service("web"), service("db"));
    let world = World::of(&[
        ("app/a.yaml", &text),
        ("app/b.yaml", &both),
        ("app/db.yaml", &db),
        ("app/s.yaml", scaler),
        ("app/web.yaml", &web),
        ("else/db.yaml", &db),
    ]);
    let moved = |text: &str, name: &str| {
        text.replacen(&format!("  name: {name}"), &format!("  name: {name}\n  namespace: apps"), 1)
    };
    let expected = [
        ("app/a.yaml", text.replacen("web # main\n", "web # main\n  namespace: apps\n", 1)),
        ("app/b.yaml", both.replacen("# of web\n", "# of web\n  namespace: apps\n", 1)),
        ("app/db.yaml", moved(&db, "db")),
        ("app/s.yaml", moved(scaler, "s")),
        ("app/web.yaml", moved(&web, "web")),
    ];
    let expected = expected.map(|(path, text)| (path.to_owned(), text));
    let mut ids = std::collections::BTreeSet::new();
    for (file, address) in [
        ("app/a.yaml", WEB.1),
        ("app/web.yaml", "Service.default.web"),
        ("app/b.yaml", "ConfigMap.default.settings"),
    ] {
        let (fix, files) = world.fix("pod.default_namespace", file, address);
        assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
        assert_eq!(files, expected);
        assert_eq!((fix.file.as_str(), fix.also_in.len()), ("app/a.yaml", 4));
        assert_eq!(fix.diff.matches("\n+++ b/").count(), 5);
        ids.insert(fix.id);
    }
    assert_eq!(ids.len(), 1);
    world.becomes(
        "pod.default_namespace",
        ("app/b.yaml", "ConfigMap.default.other"),
        "app/b.yaml",
        &both.replace("  name: other\n", "  name: other\n  namespace: apps\n"),
    );
}

#[test]
fn a_program_of_which_a_part_must_stay_stays() {
    let text = deployment("");
    let web = service("web");
    let (odd, claim) = (
        "kind: Widget\nmetadata: {name: w}\nspec: {of: web}\n",
        "kind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {}\n",
    );
    let files =
        |extra: (&'static str, &str)| World::of(&[("a.yaml", &text), ("w.yaml", &web), extra]);
    files(("x.yaml", odd)).withheld("pod.default_namespace", WEB, "`Widget.w` belongs to it");
    let user = format!(
        "{}---\n{claim}",
        text.replace("name: web", "name: user")
            + "      volumes:\n      - name: d\n        persistentVolumeClaim: {claimName: data}\n"
    );
    files(("u.yaml", &user)).withheld(
        "pod.default_namespace",
        ("w.yaml", "Service.default.web"),
        "PersistentVolumeClaim.data",
    );
}

#[test]
fn a_long_name_binds_all_services_that_it_can_mean() {
    let (text, web) = (deployment(""), service("web"));
    let far = "kind: ConfigMap\nmetadata: {name: c, namespace: other}\ndata:\n  url: http://web.default.svc:80 # it\n  not: myweb.default.svc/web.defaults\n";
    let world = World::of(&[
        ("a/a.yaml", &text),
        ("a/w.yaml", &web),
        ("b/a.yaml", &text),
        ("b/w.yaml", &web),
        ("c/c.yaml", far),
    ]);
    let (fix, files) = world.fix("pod.default_namespace", "b/a.yaml", WEB.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["a/a.yaml", "a/w.yaml", "b/a.yaml", "b/w.yaml", "c/c.yaml"]);
    assert_eq!(files[4].1, far.replace("http://web.default.svc", "http://web.apps.svc"));
    assert_eq!(fix.file, "a/a.yaml");
    let alone = World::of(&[("a/a.yaml", &text), ("a/w.yaml", &web), ("b/a.yaml", &text)]);
    let (fix, _) = alone.fix("pod.default_namespace", "a/a.yaml", WEB.1);
    assert_eq!(fix.also_in, ["a/w.yaml"]);
}

#[test]
fn bindings_follow_an_account_and_nobody_else_gets_its_rights() {
    let account = "kind: ServiceAccount\nmetadata:\n  name: robot\n";
    let text = deployment("      serviceAccountName: robot\n");
    let binding = "kind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: view}\nsubjects:\n- kind: ServiceAccount\n  name: robot\n  namespace: default\n";
    let world = World::of(&[("a.yaml", &text), ("b.yaml", binding), ("r.yaml", account)]);
    let (fix, files) = world.fix("pod.default_namespace", "r.yaml", "ServiceAccount.default.robot");
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!(files[1].1, binding.replace("namespace: default", "namespace: apps"));
    assert!(fix.proof.iter().any(|proof| proof.check == quell_model::ProofCheck::Narrows));
    let taken = "kind: ServiceAccount\nmetadata: {name: robot, namespace: apps}\n";
    let world = World::of(&[
        ("a.yaml", &text),
        ("b.yaml", binding),
        ("else/t.yaml", taken),
        ("r.yaml", account),
    ]);
    world.withheld("pod.default_namespace", WEB, "somebody is bound who was not before");
    // Another program has an account of that name, and a binding of its own.
    let world = World::of(&[
        ("a/a.yaml", &text),
        ("a/b.yaml", binding),
        ("a/r.yaml", account),
        ("b/b.yaml", binding),
        ("b/r.yaml", account),
    ]);
    let (fix, files) = world.fix("pod.default_namespace", "a/a.yaml", WEB.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["a/a.yaml", "a/b.yaml", "a/r.yaml"]);
    let world = World::of(&[
        ("a/a.yaml", &text),
        ("a/r.yaml", account),
        ("all.yaml", binding),
        ("b/r.yaml", account),
    ]);
    world.withheld("pod.default_namespace", ("a/a.yaml", WEB.1), "several accounts are called so");
}

#[test]
fn patches_of_kustomizations_move_with_what_they_change() {
    let text = deployment("");
    let patch = "kind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n";
    let inline = "resources:\n- ../base\npatches:\n- patch: |-\n    kind: Deployment\n    metadata:\n      name: web\n    spec:\n      replicas: 2\n";
    let world = World::of(&[
        ("base/a.yaml", &text),
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("dev/kustomization.yaml", "resources: [../base]\npatches:\n- path: p.yaml\n"),
        ("dev/p.yaml", patch),
        ("test/kustomization.yaml", inline),
    ]);
    let (fix, files) = world.fix("pod.default_namespace", "base/a.yaml", WEB.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["base/a.yaml", "dev/p.yaml", "test/kustomization.yaml"]);
    assert_eq!(files[1].1, patch.replace("name: web\n", "name: web\n  namespace: apps\n"));
    assert_eq!(files[2].1, format!("{inline}  target:\n    kind: Deployment\n    name: web\n"));
}

#[test]
fn what_kustomize_builds_is_fixed_where_it_stands() {
    let text = deployment("");
    let base = "resources:\n- a.yaml\n";
    let overlay = "namePrefix: dev-\nresources:\n- ../base\npatches:\n- path: p.yaml\n";
    let patch = "kind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      hostPID: true\n";
    let world = World::of(&[
        ("base/a.yaml", &text),
        ("base/kustomization.yaml", base),
        ("dev/kustomization.yaml", overlay),
        ("dev/p.yaml", patch),
    ]);
    let built = ("dev/kustomization.yaml", "overlay:dev:Deployment.default.dev-web");
    let (fix, files) = world.fix("pod.seccomp", built.0, built.1);
    assert_eq!((fix.state, files[0].0.as_str()), (FixState::Proved, "base/a.yaml"));
    let whole = ("/tmp/x/dev/kustomization.yaml", built.1);
    let namespaced = format!("{base}namespace: apps\n");
    world.becomes("pod.default_namespace", whole, "base/kustomization.yaml", &namespaced);
    let plain = ("base/a.yaml", WEB.1);
    let (fix, files) = world.fix("pod.default_namespace", plain.0, plain.1);
    assert_eq!((fix.state, fix.also_in), (FixState::Proved, vec!["dev/p.yaml".to_owned()]));
    assert_eq!(files.len(), 2);
    world.withheld("pod.host_pid", built, "a patch in `dev/p.yaml` sets the same");
    world.becomes(
        "pod.host_pid",
        ("dev/p.yaml", WEB.1),
        "dev/p.yaml",
        &patch.replace("true", "false"),
    );
    world.withheld("pod.network_policy_missing", ("dev/p.yaml", WEB.1), "it is a patch");
    world.withheld("pod.seccomp", ("dev/kustomization.yaml", "Deployment.x.other"), "no file");
}

#[test]
fn a_patch_by_operations_is_not_undone_unseen() {
    let text = deployment("        imagePullPolicy: Never\n");
    let overlay = "resources: [a.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/imagePullPolicy\n      value: Never\n";
    World::of(&[("a.yaml", &text), ("kustomization.yaml", overlay)]).withheld(
        "pod.image_pull_policy",
        WEB,
        "an operation (`replace`) that `kustomization.yaml` lays upon it sets \
         `spec.template.spec.containers[0].imagePullPolicy` and nothing else",
    );
}

#[test]
fn objects_are_found_in_lists_in_json_and_by_name() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n  spec:\n    containers: [{name: c, image: i}]\n- kind: Pod\n  metadata: {name: b}\n  spec:\n    hostPID: true\n    containers: [{name: c, image: i}]\n";
    World::of(&[("l.yaml", list)]).becomes(
        "pod.host_pid",
        ("", "Pod.default.b"),
        "l.yaml",
        &list.replace("true", "false"),
    );
    let json = "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {\"name\": \"b\"},\n  \"spec\": {\n    \"containers\": [{\"name\": \"c\"}]\n  }\n}\n";
    World::of(&[("p.json", json)]).becomes(
        "pod.seccomp",
        ("p.json", "Pod.default.b"),
        "p.json",
        &json.replace(
            "}]\n",
            "}],\n    \"securityContext\": {\"seccompProfile\": {\"type\": \"RuntimeDefault\"}}\n",
        ),
    );
}

#[test]
fn what_cannot_be_proved_is_said() {
    let anchored = deployment("        securityContext: &s\n          privileged: true\n").replace(
        "      - name: app\n",
        "      - name: b\n        securityContext: {privileged: false}\n      - name: app\n",
    ) + "      initContainers:\n      - name: i\n        securityContext: *s\n";
    refused("pod.privileged", &anchored, "anchor");
    let template = deployment("").replace("app:1.0", "{{ .Values.image }}");
    refused("pod.seccomp", &template, "template");
    let chart =
        World::of(&[("c/Chart.yaml", "name: c\n"), ("c/templates/a.yaml", &deployment(""))]);
    chart.withheld("pod.seccomp", ("c/templates/a.yaml", WEB.1), "Helm chart");
    refused("pod.seccomp", &format!("{}kind: Pod\n", deployment("")), "twice");
    refused("pod.seccomp", "kind: ConfigMap\nmetadata: {name: web}\n", "no object");
    World::of(&[("a.yaml", "a: 1\n")]).withheld(
        "pod.seccomp",
        ("b.yaml", WEB.1),
        "not in the repository",
    );
}

#[test]
fn a_container_that_a_patch_brings_is_fixed_with_the_object() {
    let text = deployment("");
    let job = "kind: Job\nmetadata: {name: init}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: acme/init:1\n";
    let base = "resources: [a.yaml, j.yaml]\n";
    let component = "kind: Component\npatches:\n- path: add.yaml\n  target: {kind: Deployment}\n- path: add.yaml\n  target: {kind: Job}\n";
    let add = "kind: Deployment\nmetadata: {name: any}\nspec:\n  template:\n    spec:\n      containers:\n      - name: proxy\n        image: acme/proxy:2\n";
    let prod = "resources: [../base]\ncomponents: [../with]\n";
    let files = |job: &str, add: &str| {
        World::of(&[
            ("base/a.yaml", &text),
            ("base/j.yaml", job),
            ("base/kustomization.yaml", base),
            ("prod/kustomization.yaml", prod),
            ("with/add.yaml", add),
            ("with/kustomization.yaml", component),
        ])
    };
    let mended = |text: &str| format!("{text}        imagePullPolicy: Always\n");
    let built = ("prod/kustomization.yaml", "overlay:prod:Job.default.init");
    let (fix, changed) = files(job, add).fix("pod.image_pull_policy", built.0, built.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    assert_eq!((fix.file.as_str(), fix.also_in), ("base/j.yaml", vec!["with/add.yaml".to_owned()]));
    let both = [("base/j.yaml", mended(job)), ("with/add.yaml", mended(add))];
    assert_eq!(changed, both.map(|(path, text)| (path.to_owned(), text)));
    // Where one of them is right already, only the other changes.
    files(&mended(job), add).becomes("pod.image_pull_policy", built, "with/add.yaml", &mended(add));
    files(job, &mended(add)).becomes("pod.image_pull_policy", built, "base/j.yaml", &mended(job));
    let (fix, _) = files(job, add).fix("pod.cpu_limit", built.0, built.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    files(job, add).withheld("pod.image_digest", built, "`kubernetes.image_digest.acme/init:1`");
    let operation = |pull: &str| {
        format!(
            "- op: add\n  path: /spec/template/spec/containers/-\n  value: {{name: proxy, image: 'acme/proxy:2'{pull}}}\n"
        )
    };
    let right = operation(", imagePullPolicy: Always");
    files(job, &right).becomes("pod.image_pull_policy", built, "base/j.yaml", &mended(job));
}

#[test]
fn a_patch_goes_over_nothing_that_it_does_not_show() {
    let text =
        deployment("        resources: {limits: {cpu: 4}}\n      serviceAccountName: robot\n");
    let binding = "kind: RoleBinding\nmetadata: {name: b}\nroleRef: {kind: Role, name: r}\nsubjects:\n- {kind: ServiceAccount, name: robot}\n";
    let patch = |resources: &str| {
        format!(
            "kind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        resources:\n          {resources}\n        securityContext: {{privileged: true}}\n"
        )
    };
    let of = |patch: &str| {
        World::of(&[
            ("base/a.yaml", &text),
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("dev/kustomization.yaml", "resources: [../base]\npatches:\n- path: p.yaml\n"),
            ("dev/p.yaml", patch),
            ("r.yaml", binding),
        ])
    };
    let (own, at) = (patch("requests: {memory: 1Gi}"), ("dev/p.yaml", WEB.1));
    of(&own).withheld("pod.cpu_limit", at, "it is a patch");
    of(&own).withheld("pod.readiness_probe", at, "it is a patch");
    of(&own).withheld("pod.service_account_token", at, "has rights by `RoleBinding.b`");
    of(&own).becomes("pod.privileged", at, "dev/p.yaml", &own.replace("true", "false"));
    let deleted = patch("$patch: delete").replace("privileged: true", "$patch: delete");
    of(&deleted).withheld("pod.read_only_root_filesystem", at, "an order of Kustomize");
    // One of a base that is not known may be about an account with rights.
    let outside = World::of(&[
        ("dev/kustomization.yaml", "resources: [../../base]\npatches:\n- path: p.yaml\n"),
        ("dev/p.yaml", &own),
    ]);
    outside.withheld("pod.service_account_token", at, "it is a patch");
    outside.withheld("pod.memory_limit", at, "it is a patch");
}
