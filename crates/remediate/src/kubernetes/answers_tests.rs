//! What a person answers, and what other places of the repository tell.

use quell_model::FixState;

use super::tests::{WEB, World, deployment};

#[track_caller]
fn one(control: &str, before: &str, after: &str) {
    World::of(&[("a.yaml", before)]).becomes(control, WEB, "a.yaml", after);
}

#[track_caller]
fn refused(control: &str, text: &str, reason: &str) {
    World::of(&[("a.yaml", text)]).withheld(control, WEB, reason);
}

#[test]
fn a_secret_becomes_a_file_where_the_program_takes_one() {
    let secret = |name: &str, key: &str| {
        format!(
            "        - name: {name}\n          valueFrom:\n            secretKeyRef:\n              \
             name: db\n              key: {key}\n"
        )
    };
    let env = format!("        env:\n{}", secret("POSTGRES_PASSWORD", "pw"));
    let postgres = deployment(&env).replace("app:1.0", "postgres:16");
    let files = "        volumeMounts:\n        - name: secret-db\n          mountPath: /run/secrets/db\n          readOnly: true\n      volumes:\n      - name: secret-db\n        secret:\n          secretName: db\n          items:\n          - key: pw\n            path: pw\n";
    let taken = |text: &str, from: &str, to: &str| {
        text.replace(
            &secret(from, "pw"),
            &format!("        - name: {to}\n          value: /run/secrets/db/pw\n"),
        )
    };
    let file = taken(&postgres, "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE") + files;
    one("pod.secret_in_environment", &postgres, &file);

    let own = format!("{}        command: [run]\n", postgres);
    let parameter = "kubernetes.secret_file.postgres#POSTGRES_PASSWORD";
    refused("pod.secret_in_environment", &own, &format!("`{parameter}`"));
    let said = World::of(&[("a.yaml", &own)]).with(parameter, "PW_FILE");
    let file = taken(&own, "POSTGRES_PASSWORD", "PW_FILE") + files;
    said.becomes("pod.secret_in_environment", WEB, "a.yaml", &file);
    let wrong = World::of(&[("a.yaml", &own)]).with(parameter, "a b");
    wrong.withheld("pod.secret_in_environment", WEB, "no name of a variable");

    let asked = format!(
        "{postgres}        livenessProbe:\n          exec: {{command: [sh, -c, 'psql $POSTGRES_PASSWORD']}}\n"
    );
    refused("pod.secret_in_environment", &asked, "in a command, a probe or another variable");
    let whole = deployment("        envFrom:\n        - secretRef: {name: db}\n");
    refused("pod.secret_in_environment", &whole, "a whole secret as variables");
    let maybe = postgres.replace("key: pw\n", "key: pw\n              optional: true\n");
    refused("pod.secret_in_environment", &maybe, "may be missing");
    let mounted = format!(
        "{postgres}        volumeMounts:\n        - {{name: x, mountPath: /var/run/secrets/db/}}\n"
    );
    refused("pod.secret_in_environment", &mounted, "is mounted where");
}

#[test]
fn a_token_goes_where_somebody_says_that_it_is_not_used() {
    let text = format!("{}      serviceAccountName: web\n", deployment(""));
    let binding = "kind: RoleBinding\nmetadata: {name: web}\nsubjects:\n- {kind: ServiceAccount, name: web}\n";
    let world = || World::of(&[("a.yaml", &text), ("b.yaml", binding)]);
    let control = "pod.service_account_token";
    let parameter = "kubernetes.service_account_token.web";
    world().withheld(control, WEB, &format!("`{parameter}`"));
    world().with(parameter, "used").withheld(control, WEB, "its programs use the token");
    world().with(parameter, "no").withheld(control, WEB, "neither `used` nor `unused`");
    let after = format!("{text}      automountServiceAccountToken: false\n");
    world().with(parameter, "unused").becomes(control, WEB, "a.yaml", &after);
}

#[test]
fn a_role_grants_what_is_listed() {
    let role = "kind: Role\nmetadata: {name: op}\nrules:\n- apiGroups: [\"*\"]\n  resources: [\"*\"]\n  verbs: [\"*\"]\n- apiGroups: [\"\"]\n  resources: [pods]\n  verbs: [get]\n";
    let at = ("a.yaml", "Role.default.op");
    let parameter = "kubernetes.rights.Role.op";
    let said = |what: &'static str| World::of(&[("a.yaml", role)]).with(parameter, what);
    World::of(&[("a.yaml", role)]).withheld("rbac.wildcard", at, &format!("`{parameter}`"));
    let (fix, files) =
        said("/services:get,list apps/deployments:get").fix("rbac.wildcard", at.0, at.1);
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let after: serde_json::Value = {
        let yaml = crate::yaml::Yaml::parse(files[0].1.clone()).unwrap();
        yaml.documents()[0].data()["rules"].clone()
    };
    assert_eq!(
        after,
        serde_json::json!([
            {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}
        ])
    );
    for wrong in ["*/pods:get", "/pods:*", "pods:get", "/pods", "/pods:get,", ""] {
        said(wrong).withheld("rbac.wildcard", at, parameter);
    }
    let narrow = role.replace("[\"*\"]\n  resources: [\"*\"]", "[batch]\n  resources: [jobs]");
    let beyond = World::of(&[("a.yaml", &narrow)]).with(parameter, "/secrets:get");
    beyond.withheld("rbac.wildcard", at, "which no rule with a `*` grants");
    let named = role.replacen("verbs: [\"*\"]", "verbs: [\"*\"]\n  resourceNames: [x]", 1);
    let named = World::of(&[("a.yaml", &named)]).with(parameter, "/secrets:get");
    named.withheld("rbac.wildcard", at, "single objects");
}

#[test]
fn an_old_controller_names_its_profile_twice() {
    let text = "kind: ReplicationController\nmetadata: {name: web}\nspec:\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - name: app\n        image: app:1.0\n";
    let at = ("a.yaml", "ReplicationController.default.web");
    let after = text
        .replace("labels: {app: web}\n", "labels: {app: web}\n      annotations:\n        seccomp.security.alpha.kubernetes.io/pod: runtime/default\n")
        + "      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n";
    World::of(&[("a.yaml", text)]).becomes("pod.seccomp", at, "a.yaml", &after);
    let old = after.replace("runtime/default", "unconfined");
    let old = old.split("      securityContext").next().unwrap();
    World::of(&[("a.yaml", old)]).withheld("pod.seccomp", at, "names a profile already");
}

#[test]
fn a_port_is_known_from_the_same_image_elsewhere() {
    let ports = "        ports:\n        - containerPort: 8080\n";
    let other = deployment(ports).replace("name: web", "name: other");
    let text = deployment("");
    let probe = "        livenessProbe:\n          tcpSocket:\n            port: 8080\n          initialDelaySeconds: 15\n          periodSeconds: 20\n";
    let world = World::of(&[("a.yaml", &text), ("b/b.yaml", &other)]);
    world.becomes("pod.liveness_probe", WEB, "a.yaml", &format!("{text}{probe}"));
    let differs = format!("{other}        args: [--tls]\n");
    let world = World::of(&[("a.yaml", &text), ("b/b.yaml", &differs)]);
    world.withheld("pod.liveness_probe", WEB, "kubernetes.probe.app");
    let third = other.replace("8080", "9090");
    let world = World::of(&[("a.yaml", &text), ("b/b.yaml", &other), ("c/c.yaml", &third)]);
    world.withheld("pod.liveness_probe", WEB, "kubernetes.probe.app");
}
