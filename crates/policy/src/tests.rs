//! What policies accept and refuse.

use super::*;

fn fix(added: &str, removed: &str) -> Fix {
    let diff = format!("--- a/x.tf\n+++ b/x.tf\n@@ -1 +1 @@\n-{removed}\n+{added}\n");
    let value = json!({
        "id": "a", "control": "aws.s3.bucket_versioning", "recipe": "r", "title": "t",
        "closes": [], "state": {"state": "proved"}, "safety": "safe", "file": "x.tf",
        "address": "a.b", "diff": diff, "proof": [], "may_break": [],
    });
    serde_json::from_value(value).unwrap()
}

fn says(added: &str, removed: &str) -> Vec<String> {
    let refusals = Policies::new([]).unwrap().refusals(&fix(added, removed));
    refusals.into_iter().map(|refusal| refusal.package).collect()
}

#[test]
fn an_ordinary_fix_passes_all() {
    for added in [
        "  description = \"Everything to 0.0.0.0/0\"",
        "  encrypted = true",
        "    runAsNonRoot: true",
        "USER 10001",
        "  contents: read",
    ] {
        assert_eq!(says(added, ""), Vec::<String>::new(), "{added}");
    }
}

#[test]
fn what_a_fix_must_never_do_is_refused() {
    let key = ["AK", "IA", "0123456789ABCDEF"].concat();
    for (added, removed, package) in [
        (format!("  access_key = \"{key}\""), "", "secrets"),
        ("  password = \"hunter2hunter2\"".into(), "", "secrets"),
        ("  cidr_blocks = [\"0.0.0.0/0\"]".into(), "", "openness"),
        ("  actions = [\"*\"]".into(), "", "openness"),
        ("  #checkov:skip=CKV_AWS_3:later".into(), "", "silence"),
        ("  a = 1 #tfsec:ignore:A,B".into(), "  a = 2 #tfsec:ignore:A", "silence"),
        ("  count = 0".into(), "  count = 1", "silence"),
        ("  kms_key_id = \"CHANGEME\"".into(), "", "placeholders"),
        ("  deletion_protection = false".into(), "  deletion_protection = true", "protection"),
        ("  privileged: true".into(), "", "protection"),
    ] {
        assert_eq!(says(&added, removed), [format!("quell.fix.{package}")], "{added}");
    }
}

#[test]
fn what_stood_there_before_is_not_held_against_a_fix() {
    let line = "  cidr_blocks = [\"0.0.0.0/0\"]";
    assert_eq!(says(&format!("{line} # kept"), line), Vec::<String>::new());
    let marked = |value: &str| format!("  image_tag_mutability = \"{value}\" #tfsec:ignore:AWS078");
    assert_eq!(says(&marked("IMMUTABLE"), &marked("MUTABLE")), Vec::<String>::new());
}

#[test]
fn a_rule_that_denies_every_address_opens_nothing() {
    let diff = |kind: &str| {
        format!(
            "--- a/x.tf\n+++ b/x.tf\n@@ -1 +1,2 @@\n+  source_ranges = [\"0.0.0.0/0\"]\n+  {kind} {{\n"
        )
    };
    let refusals = |control: &str, kind: &str| {
        let fix = Fix { control: control.into(), diff: diff(kind), ..fix("", "") };
        Policies::new([]).unwrap().refusals(&fix).len()
    };
    assert_eq!(refusals("gcp.compute.network_without_firewall", "deny"), 0);
    assert_eq!(refusals("gcp.compute.network_without_firewall", "allow"), 1);
    assert_eq!(refusals("gcp.compute.other", "deny"), 1);
}

#[test]
fn a_user_s_own_policy_refuses_with_its_words() {
    let text = "package quell.fix.freeze\n\ndeny contains msg if {\n    \
                startswith(input.fix.control, \"aws.s3.\")\n    msg := \"buckets are frozen\"\n}\n";
    let policies = Policies::new([("freeze.rego".to_owned(), text.to_owned())]).unwrap();
    let expected =
        Refusal { package: "quell.fix.freeze".into(), message: "buckets are frozen".into() };
    assert_eq!(policies.refusals(&fix("a", "b")), [expected]);
}

#[test]
fn a_policy_that_cannot_be_used_is_named() {
    let deep = format!("package quell.fix.x\nx := {}1{}\n", "[".repeat(20), "]".repeat(20));
    for (text, word) in [
        ("package other\n".to_owned(), "must be `quell.fix`"),
        ("package quell.fixes\n".to_owned(), "must be `quell.fix`"),
        ("no rego".to_owned(), ""),
        (deep, "nested"),
        (format!("package quell.fix.x\n#{}", "a".repeat(300 << 10)), "longer"),
    ] {
        let error = Policies::new([("mine.rego".to_owned(), text)]).unwrap_err();
        assert!(error.reason.contains(word) && error.path == "mine.rego", "{error}");
    }
}

#[test]
fn a_policy_that_takes_too_long_refuses() {
    let text = "package quell.fix.slow\n\ndeny contains \"never\" if {\n    \
                some a in numbers.range(1, 3000)\n    some b in numbers.range(1, 3000)\n    \
                a * b == -1\n}\n";
    let policies = Policies::new([("slow.rego".to_owned(), text.to_owned())]).unwrap();
    let refusals = policies.refusals(&fix("a", "b"));
    assert!(refusals[0].message.starts_with("it could not be judged"), "{refusals:?}");
}
