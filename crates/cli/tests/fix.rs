//! `quell fix`, from findings to changed files, and what it does with bad input.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::Bench;
use quell_testkit::double::Double;
use quell_testkit::refs::RefsDouble;
use serde_json::{Value, json};

const VOLUME: &str = "resource \"aws_ebs_volume\" \"cache\" {\n  size = 40\n}\n";

/// Checkov's word that a volume is not encrypted.
fn finding(file: &str, address: &str) -> Value {
    json!({"check_id": "CKV_AWS_3", "check_name": "Ensure all data stored in the EBS is securely encrypted",
        "check_result": {"result": "FAILED"}, "file_path": format!("/{file}"),
        "file_abs_path": format!("/scan/{file}"), "file_line_range": [1, 3], "resource": address})
}

struct World {
    bench: Bench,
}

impl World {
    /// A repository of these files, and findings about volumes in them.
    fn new(files: &[(&str, &str)], findings: &[Value]) -> Self {
        let world = Self { bench: Bench::new() };
        fs::create_dir(world.bench.folder.path().join("infra")).unwrap();
        for (name, text) in files {
            world.bench.file(&format!("infra/{name}"), text);
        }
        let report = json!({"check_type": "terraform", "results": {"failed_checks": findings,
            "passed_checks": [], "skipped_checks": [], "parsing_errors": []},
            "summary": {"failed": findings.len()}});
        let path = world.bench.file("checkov.json", report.to_string());
        world.bench.run(&["triage", path.to_str().unwrap(), "--quiet"]);
        world
    }

    fn one(text: &str) -> Self {
        Self::new(&[("main.tf", text)], &[finding("main.tf", "aws_ebs_volume.cache")])
    }

    fn fix(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["fix", "--repo", "infra"];
        all.extend(arguments);
        self.bench.run(&all)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let output = self.fix(&all);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.bench.folder.path().join("infra").join(name)).unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let folder = self.bench.folder.path().join("infra");
        let output = Command::new("git").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self) {
        self.git(&["init", "--quiet"]);
        self.git(&["config", "user.name", "A Person"]);
        self.git(&["config", "user.email", "person@example.org"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", "first"]);
    }

    /// It is withheld, for this reason, and nothing is written.
    fn withholds(&self, reason: &str) {
        let report = self.json(&["--write"]);
        assert_eq!((&report["made"], report["fixes"].as_array().unwrap().len()), (&json!(0), 1));
        let said = report["fixes"][0]["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
        assert_eq!(report["fixes"][0]["safety"], "display_only");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_fix_is_shown_with_its_proof_and_nothing_is_written() {
    let world = World::one(VOLUME);
    let output = world.fix(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("+  encrypted = true") && text.contains("nothing is written"), "{text}");
    assert!(text.contains("passed holds after") && text.contains("can be undone"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!((output.status.code(), world.text("main.tf")), (Some(0), VOLUME.to_owned()));
}

#[test]
fn write_changes_the_file_and_a_second_run_changes_nothing() {
    let world = World::one(VOLUME);
    let report = world.json(&["--write"]);
    assert_eq!((&report["made"], &report["written"]["how"]), (&json!(1), &json!("write")));
    let after = world.text("main.tf");
    assert!(after.contains("encrypted = true"), "{after}");
    let told = world.bench.run(&["audit", "list", "--action", "fix.apply", "--json"]).stdout;
    let told: Value = serde_json::from_slice(&told).unwrap();
    let stages: Vec<&Value> = told.as_array().unwrap().iter().map(|one| &one["stage"]).collect();
    assert_eq!(stages, ["ended", "begun"], "{told}");
    assert!(told[1]["diff"].is_array() && told[1]["objects"]["fix"].is_array(), "{told}");
    world.withholds("already satisfies it");
    assert_eq!(world.text("main.tf"), after);
}

#[test]
fn only_safe_leaves_out_what_needs_approval() {
    let world = World::one(VOLUME);
    let report = world.json(&["--write", "--only", "safe"]);
    assert_eq!((&report["made"], &report["left_out"]), (&json!(0), &json!(1)));
    assert_eq!(world.text("main.tf"), VOLUME);
}

#[test]
fn names_choose_and_an_unknown_name_is_a_usage_error() {
    let other = "resource \"aws_ebs_volume\" \"logs\" {\n  size = 40\n}\n";
    let findings =
        [finding("main.tf", "aws_ebs_volume.cache"), finding("logs.tf", "aws_ebs_volume.logs")];
    let world = World::new(&[("main.tf", VOLUME), ("logs.tf", other)], &findings);
    let all = world.json(&[]);
    assert_eq!(all["made"], 2);
    let issue = all["fixes"][0]["closes"][0].as_str().unwrap();
    assert_eq!(world.json(&[issue.get(..10).unwrap()])["made"], 1);
    assert_eq!(world.json(&[all["fixes"][1]["id"].as_str().unwrap()])["made"], 1);
    assert_eq!(world.json(&["aws.ec2.ebs_volume_encryption"])["made"], 2);
    assert_eq!(world.json(&["CKV_AWS_3"])["made"], 2);
    for name in ["zzzzzzzz", "aws.ec2.nothing", ""] {
        let output = world.fix(&[name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", said(&output));
    }
}

#[test]
fn a_patch_is_what_git_applies() {
    let world = World::one(VOLUME);
    let output = world.fix(&["--patch", "-"]);
    fs::write(world.bench.folder.path().join("infra/x.patch"), &output.stdout).unwrap();
    world.git(&["init", "--quiet"]);
    world.git(&["apply", "x.patch"]);
    assert!(world.text("main.tf").contains("encrypted = true"));
}

#[test]
fn a_branch_has_one_commit_a_fix_with_what_why_proof_and_rollback() {
    let world = World::one(VOLUME);
    world.commit();
    let report = world.json(&["--branch", "quell/fixes"]);
    assert_eq!(report["written"]["commits"], 1);
    let message = world.git(&["log", "-1", "--format=%B", "quell/fixes"]);
    for part in ["Encrypt the volume", "Why: ", "Proof:", "May break:", "Rollback:", "Quell-Fix:"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(message.lines().all(|line| line.chars().count() <= 80), "{message}");
    assert_eq!(
        (world.text("main.tf").as_str(), world.git(&["status", "-s"]).as_str()),
        (VOLUME, "")
    );
    assert_eq!(world.fix(&["--branch", "quell/fixes"]).status.code(), Some(2));
}

#[test]
fn a_dirty_tree_is_refused_with_a_sentence() {
    let world = World::one(VOLUME);
    world.commit();
    let changed = format!("# mine\n{VOLUME}");
    world.bench.file("infra/main.tf", &changed);
    for how in [vec!["--write"], vec!["--branch", "x"]] {
        let output = world.fix(&how);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("commit"), "{}", said(&output));
        assert_eq!(world.text("main.tf"), changed);
    }
    assert_eq!(world.fix(&["--write", "--allow-dirty"]).status.code(), Some(0));
    assert!(world.text("main.tf").starts_with("# mine\n"));
}

#[test]
fn windows_lines_tabs_and_a_mark_at_the_start_stay() {
    let text = format!("\u{feff}# a\r\n{}", VOLUME.replace('\n', "\r\n").replace("  ", "\t"));
    let world = World::one(&text);
    assert_eq!(world.json(&["--write"])["made"], 1);
    let after = world.text("main.tf");
    assert!(after.starts_with("\u{feff}# a\r\n") && after.contains("\tencrypted"), "{after:?}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{after:?}");
}

#[test]
fn files_that_cannot_be_read_are_named_with_the_reason() {
    World::one("resource \"aws_ebs_volume\" \"cache\" {\n").withholds("main.tf");
    let long = format!("{VOLUME}#{}\n", " ".repeat(10 << 20));
    World::one(&long).withholds("longer than 4 MiB");
    World::one(&VOLUME.replace("size = 40", "encrypted = var.encrypted")).withholds("");
    let twice = VOLUME.replace("size = 40", "encrypted = false\n  encrypted = false");
    World::one(&twice).withholds("main.tf");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_is_not_followed() {
    let world = World::new(&[], &[finding("main.tf", "aws_ebs_volume.cache")]);
    let outside = world.bench.file("outside.tf", VOLUME);
    let link = world.bench.folder.path().join("infra/main.tf");
    std::os::unix::fs::symlink(&outside, link).unwrap();
    world.withholds("symbolic link");
    assert_eq!(fs::read_to_string(outside).unwrap(), VOLUME);
}

#[test]
fn a_finding_whose_path_leads_out_is_not_followed() {
    let findings = [finding("../outside.tf", "aws_ebs_volume.cache")];
    let world = World::new(&[("other.tf", "# nothing\n")], &findings);
    let outside = world.bench.file("outside.tf", VOLUME);
    assert_eq!(world.json(&["--write"])["made"], 0);
    assert_eq!(fs::read_to_string(outside).unwrap(), VOLUME);
}

#[test]
fn a_read_only_file_stops_all_of_them() {
    let other = "resource \"aws_ebs_volume\" \"logs\" {\n  size = 40\n}\n";
    let findings =
        [finding("a.tf", "aws_ebs_volume.cache"), finding("b.tf", "aws_ebs_volume.logs")];
    let world = World::new(&[("a.tf", VOLUME), ("b.tf", other)], &findings);
    let path = world.bench.folder.path().join("infra/b.tf");
    set_read_only(&path, true);
    let output = world.fix(&["--write"]);
    assert!(said(&output).contains("`b.tf` is read-only"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!((world.text("a.tf").as_str(), world.text("b.tf").as_str()), (VOLUME, other));
    set_read_only(&path, false);
}

fn set_read_only(path: &Path, value: bool) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    permissions.set_readonly(value);
    fs::set_permissions(path, permissions).unwrap();
}

#[test]
fn a_repository_that_is_not_there_is_said_so() {
    let world = World::one(VOLUME);
    let output = world.bench.run(&["fix", "--repo", "nowhere"]);
    assert_eq!(output.status.code(), Some(3));
    let text = said(&output);
    assert!(text.contains("cannot read the repository `nowhere`"), "{text}");
    assert_eq!(text.matches("os error").count(), 1, "{text}");
}

#[test]
fn a_user_s_policy_withholds_a_fix_with_its_words() {
    let world = World::one(VOLUME);
    world.bench.file(
        "rules/freeze.rego",
        "package quell.fix.freeze\n\ndeny contains \"no volumes before the release\" if {\n\t\
         startswith(input.fix.control, \"aws.ec2.\")\n}\n",
    );
    let report = world.json(&["--policies", "rules", "--write"]);
    assert_eq!((&report["made"], &report["withheld"]), (&json!(0), &json!(1)));
    let reason = report["fixes"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("no volumes before the release (quell.fix.freeze)"), "{reason}");
    assert_eq!(world.text("main.tf"), VOLUME);
    world.bench.file("infra/quell.toml", "[fix]\npolicies = '../rules'\n");
    assert_eq!(world.json(&[])["made"], 0);
    world.bench.file("rules/freeze.rego", "not rego");
    let output = world.fix(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("freeze.rego"), "{}", said(&output));
}

#[test]
fn an_unknown_key_of_the_settings_is_a_usage_error() {
    let world = World::one(VOLUME);
    world.bench.file("infra/quell.toml", "[fix.paramters]\n");
    let output = world.fix(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("do you mean `parameters`?"), "{}", said(&output));
}

#[test]
fn a_missing_tool_is_not_run_and_never_passed() {
    let world = World::one(VOLUME);
    let arguments = ["fix", "--repo", "infra", "--json", "--verify-with", "kubeconform"];
    let arguments: Vec<&str> = arguments.into_iter().chain(["--verify-with", "tofu"]).collect();
    let output = world.bench.command(&arguments).env("PATH", "").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let verified = report["fixes"][0]["verified"].as_array().unwrap();
    assert_eq!(verified.len(), 2);
    assert!(verified.iter().all(|one| one["verdict"] == "not_run"), "{verified:?}");
    assert_eq!(report["made"], 1);
}

#[test]
fn an_asset_without_code_has_steps_for_the_command_line() {
    let world = World::new(&[], &[]);
    let record = common::prowler("acme-logs");
    let path = world.bench.file("prowler.json", Value::from(vec![record]).to_string());
    world.bench.run(&["triage", path.to_str().unwrap(), "--quiet"]);
    let report = world.json(&[]);
    let steps = &report["unfixed"][0]["steps"];
    let run = ["s3api", "put-bucket-versioning", "--bucket", "acme-logs"];
    assert_eq!(steps["run"][0].as_array().unwrap()[..4], run.map(Value::from), "{report}");
    assert_eq!((&steps["cli"], &steps["safety"]), (&json!("aws"), &json!("display_only")));
    let text = String::from_utf8(world.fix(&[]).stdout).unwrap();
    assert!(text.contains("back aws s3api put-bucket-versioning"), "{text}");
}

#[test]
fn json_is_as_its_schema_says() {
    let docs = common::demo().join("../../docs");
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(docs.join(name)).unwrap()).unwrap()
    };
    let (schema, mut own) = (read("fixes.schema.json"), read("fixes.schema.json"));
    let of_report = read("report.schema.json");
    own["$defs"]["fix"]["properties"].as_object_mut().unwrap().remove("taken");
    let properties = |of: &Value| of["$defs"]["fix"]["properties"].clone();
    assert_eq!(properties(&own), properties(&of_report), "a fix is the same in both contracts");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let world = World::one(VOLUME);
    world.commit();
    world.bench.file("infra/broken.tf", "resource {");
    let findings = common::demo().join("findings");
    world.bench.run(&["triage", findings.to_str().unwrap(), "--quiet"]);
    for how in [vec![], vec!["--branch", "x", "--allow-dirty"], vec!["--only", "safe", "--write"]] {
        let report = world.json(&how);
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}

#[test]
fn two_ways_of_writing_are_a_usage_error() {
    let world = World::one(VOLUME);
    assert_eq!(world.fix(&["--write", "--patch", "x"]).status.code(), Some(2));
}

/// A repository with a Dockerfile, and a finding whose fix a user has to name a command for.
fn worker() -> World {
    let world = World { bench: Bench::new() };
    fs::create_dir(world.bench.folder.path().join("infra")).unwrap();
    world.bench.file("infra/Dockerfile", "FROM example.org/worker:1\n");
    let failed = json!({"check_id": "CKV_DOCKER_2", "check_name": "x", "check_result": {"result": "FAILED"},
        "file_path": "/Dockerfile", "file_abs_path": "/scan/Dockerfile", "file_line_range": [1, 1],
        "resource": "/Dockerfile."});
    let report = json!({"check_type": "dockerfile", "results": {"failed_checks": [failed],
        "passed_checks": [], "skipped_checks": [], "parsing_errors": []}, "summary": {"failed": 1}});
    let path = world.bench.file("checkov.json", report.to_string());
    world.bench.run(&["triage", path.to_str().unwrap(), "--quiet"]);
    world
}

#[test]
fn what_only_a_user_can_say_is_asked_for_and_taken() {
    let world = worker();
    let asked = String::from_utf8(world.fix(&["--ask"]).stdout).unwrap();
    let line = "\"dockerfile.healthcheck.Dockerfile\" = \"\"";
    assert!(asked.contains("[fix.parameters]\n#"), "{asked}");
    assert!(asked.contains(&format!("{line} # 1 issue")), "{asked}");
    // As it is, it answers nothing.
    world.bench.file("infra/quell.toml", &asked);
    assert_eq!(world.json(&[])["asks"][0]["name"], "dockerfile.healthcheck.Dockerfile");
    let answer = asked.replace(line, &line.replace("\"\"", "\"/bin/check\""));
    world.bench.file("infra/quell.toml", answer);
    let report = world.json(&["--write", "--allow-dirty"]);
    assert_eq!((&report["made"], &report["asks"]), (&json!(1), &json!([])));
    assert!(world.text("Dockerfile").contains("CMD /bin/check\n"), "{}", world.text("Dockerfile"));
}

#[test]
fn the_environment_goes_over_the_file() {
    let world = World::one(VOLUME);
    let said = |name: &str, value: &str| {
        let mut command = world.bench.command(&["fix", "--repo", "infra", "--json"]);
        command.env(name, value).output().unwrap()
    };
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let known = said("QUELL_FIX_PARAMETERS", "{ \"kubernetes.namespace\" = \"shop\" }");
    assert_eq!(known.status.code(), Some(0), "{}", stderr(&known));
    let near = said("QUELL_FIX_PARAMETERS", "{ \"kubernetes.namspace\" = \"shop\" }");
    assert_eq!(near.status.code(), Some(2));
    assert!(stderr(&near).contains("do you mean `kubernetes.namespace`?"), "{}", stderr(&near));
    let broken = said("QUELL_FIX_PARAMETERS", "{ 1");
    assert_eq!(broken.status.code(), Some(2), "{}", stderr(&broken));
    assert!(stderr(&broken).contains("QUELL_FIX_PARAMETERS"), "{}", stderr(&broken));
    // Policies that are not there are refused wherever they are named.
    let policies = said("QUELL_FIX_POLICIES", "nowhere");
    assert_ne!(policies.status.code(), Some(0), "{}", stderr(&policies));
}

#[test]
fn the_environment_goes_over_the_file_wherever_fixes_are_shown() {
    let world = worker();
    let name = "dockerfile.healthcheck.Dockerfile";
    world.bench.file("infra/quell.toml", format!("[fix.parameters]\n\"{name}\" = \"/bin/old\"\n"));
    let run = |arguments: &[&str], variable: &str, value: &str| {
        let mut command = world.bench.command(arguments);
        command.env(variable, value).output().unwrap()
    };
    let triage = ["triage", "--repo", "infra", "--json"];
    let said = format!("{{ \"{name}\" = \"/bin/new\" }}");
    let output = run(&triage, "QUELL_FIX_PARAMETERS", &said);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fix = &report["fixes"][0];
    assert_eq!(fix["state"], "proved", "{fix}");
    assert!(fix["diff"].as_str().unwrap().contains("/bin/new"), "{fix}");
    let issue = fix["closes"][0].as_str().unwrap();
    let incident = report["incidents"][0]["id"].as_str().unwrap();
    for shown in [
        ["issue", "show", issue, "--repo", "infra", "--json"],
        ["incident", "--repo", "infra", "show", incident, "--json"],
    ] {
        let told = run(&shown, "QUELL_FIX_PARAMETERS", &said);
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains("/bin/new") && !told.contains("/bin/old"), "{shown:?}: {told}");
    }
    // The file counts where the environment says nothing.
    let output = run(&triage, "QUELL_FIX_PARAMETERS", "");
    assert!(String::from_utf8_lossy(&output.stdout).contains("/bin/old"));
    let wrong = run(&triage, "QUELL_FIX_PARAMETERS", "{ 1");
    assert_eq!(wrong.status.code(), Some(2));
    let nowhere = run(&triage, "QUELL_FIX_POLICIES", "nowhere");
    assert_ne!(nowhere.status.code(), Some(0));
}

#[test]
fn a_change_its_remarks_and_results_go_into_the_outbox_once() {
    let world = World::one(VOLUME);
    world.commit();
    let config = "[sinks.github]\nkind = \"github\"\nproject = \"acme/shop\"\nsecret = \"env:T\"\n";
    world.bench.file("quell.toml", config);
    let said = |output: &Output| {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        String::from_utf8(text).unwrap()
    };
    let to = ["--deliver", "github", "--into", "acme/shop"];
    let first = said(&world.fix(&to));
    assert!(first.contains("in the outbox for github"), "{first}");
    assert!(first.contains("`quell deliver` sends it"), "{first}");
    assert!(!first.contains("nothing is written"), "{first}");
    assert!(said(&world.fix(&to)).contains("is there already"));
    let pull = [&to[..], &["--pull", "7"]].concat();
    assert!(said(&world.fix(&pull)).contains("acme/shop request 7"));
    let mut triage = vec!["triage", "checkov.json", "--repo", "infra", "--pull", "7"];
    triage.extend(to);
    assert!(said(&world.bench.run(&triage)).contains("is in the outbox for `github`"));
    let rows = world.bench.run(&["outbox", "list", "--json"]);
    let rows: Value = serde_json::from_slice(&rows.stdout).unwrap();
    let acts: Vec<&str> =
        rows["items"].as_array().unwrap().iter().map(|row| row["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["review", "review", "review", "open"], "{rows}");
    let shown = |row: u64| said(&world.bench.run(&["outbox", "show", &row.to_string()]));
    let remarks = shown(3);
    assert!(remarks.contains("POST /repos/acme/shop/pulls/7/comments"), "{remarks}");
    assert!(remarks.contains("infra/main.tf") || remarks.contains("main.tf"), "{remarks}");
    assert!(shown(4).contains("POST /repos/acme/shop/code-scanning/sarifs"));
    let none = world.fix(&["--deliver", "nobody", "--into", "acme/shop"]);
    assert_eq!(none.status.code(), Some(2));
    let loose = world.fix(&["--pull", "7"]);
    assert_eq!(loose.status.code(), Some(2));
}

/// A pod whose image stands in the registry of a double, and a finding that it names no digest.
fn pod(host: &str) -> World {
    let world = World { bench: Bench::new() };
    fs::create_dir(world.bench.folder.path().join("infra")).unwrap();
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  \
         containers:\n  - name: a\n    image: \"{host}/shop/web:1.4\"\n"
    );
    world.bench.file("infra/pod.yaml", pod);
    let failed = json!({"check_id": "CKV_K8S_43", "check_name": "x", "check_result": {"result": "FAILED"},
        "file_path": "/pod.yaml", "file_abs_path": "/scan/pod.yaml", "file_line_range": [1, 9],
        "resource": "Pod.shop.web"});
    let report = json!({"check_type": "kubernetes", "results": {"failed_checks": [failed],
        "passed_checks": [], "skipped_checks": [], "parsing_errors": []}, "summary": {"failed": 1}});
    let path = world.bench.file("checkov.json", report.to_string());
    world.bench.run(&["triage", path.to_str().unwrap(), "--quiet"]);
    world
}

#[test]
fn a_digest_is_looked_up_only_where_its_host_is_named() {
    const DIGEST: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hosts = std::sync::Arc::<RefsDouble>::default();
    let double = runtime.block_on(Double::start(hosts.clone())).unwrap();
    hosts.image("shop/web:1.4", DIGEST);
    let url = double.url();
    let host = url.trim_start_matches("http://");
    let world = pod(host);
    let output = world.fix(&[]);
    assert!(said(&output).contains(&format!("`--look-up {host}`")), "{}", said(&output));
    // What came with a repository opens no connection.
    world.bench.file("infra/quell.toml", format!("[fix]\nlook_up = [\"{url}\"]\n"));
    let output = world.fix(&[]);
    assert!(said(&output).contains("is left out"), "{}", said(&output));
    assert_eq!(world.json(&["--look-up", "docker.io"])["made"], 0);
    assert_eq!(double.ledger.count(), 0);
    let wrong = world.fix(&["--look-up", "ftp://x"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    for how in [vec!["--look-up", &url], vec!["--config", "infra/quell.toml"]] {
        let report = world.json(&how);
        assert_eq!(report["made"], 1, "{report}");
        let proof = report["fixes"][0]["proof"].as_array().unwrap();
        let detail = proof.iter().find(|one| one["check"] == "looked_up").unwrap();
        assert!(detail["detail"].as_str().unwrap().contains(host), "{detail}");
    }
    let mut asked = world.bench.command(&["fix", "--repo", "infra", "--json"]);
    let output = asked.env("QUELL_FIX_LOOK_UP", &url).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["made"], 1, "{report}");
    // Who is asked stands in the audit log before, and without it nobody is.
    let list = world.bench.run(&["audit", "list", "--action", "call.out", "--json"]);
    let log: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(log[1]["objects"]["host"], serde_json::json!([host]), "{log}");
    assert_eq!((&log[1]["stage"], &log[0]["outcome"]), (&"begun".into(), &"done".into()));
    let log = world.bench.folder.path().join("data/audit");
    let (key, aside) = (log.join("key"), log.join("aside"));
    fs::rename(&key, &aside).unwrap();
    let before = double.ledger.count();
    let report = world.json(&["--look-up", &url]);
    assert_eq!((&report["made"], double.ledger.count()), (&0.into(), before), "{report}");
    assert!(report.to_string().contains("nothing was asked"), "{report}");
    fs::rename(&aside, &key).unwrap();
    world.fix(&["--look-up", &url, "--write", "--allow-dirty"]);
    assert!(world.text("pod.yaml").contains(&format!("1.4@{DIGEST}")));
}
