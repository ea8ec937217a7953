//! Conditions judged on values that are known, unknown or absent.

use quell_catalog::Check;

use super::*;

fn check(resource: &str, holds: &str, config: &str) -> Truth {
    let text = format!(
        "language = \"terraform\"\nresource = [\"{resource}\"]\nholds = {holds}\npass = []\nfail = []\n"
    );
    judge_case(&toml::from_str::<Check>(&text).unwrap(), config).unwrap()
}

fn db(holds: &str, body: &str) -> Truth {
    let text = format!(
        "variable \"on\" {{ default = true }}\nvariable \"ask\" {{}}\nlocals {{ days = 7 }}\n\
         resource \"aws_db_instance\" \"d\" {{\n{body}\n}}\n"
    );
    check("aws_db_instance", holds, &text)
}

#[test]
fn values_are_tested_where_the_path_leads() {
    use Truth::{Fails, Holds, Unknown};
    for (holds, body, expected) in [
        ("{ path = 'a', equals = true }", "a = true", Holds),
        ("{ path = 'a', equals = true }", "a = \"true\"", Holds),
        ("{ path = 'a', equals = true }", "a = var.on", Holds),
        ("{ path = 'a', equals = true }", "a = var.ask", Unknown),
        ("{ path = 'a', equals = true }", "", Fails),
        ("{ path = 'a', equals = true, absent = 'holds' }", "", Holds),
        ("{ path = 'a', equals = true, absent = 'holds' }", "a = null", Holds),
        ("{ path = 'a', one_of = ['x', 'y'] }", "a = \"y\"", Holds),
        ("{ path = 'a', none_of = ['x'] }", "a = \"y\"", Holds),
        ("{ path = 'a', none_of = ['x'] }", "a = [\"y\", \"x\"]", Fails),
        ("{ path = 'a', at_least = 7 }", "a = local.days", Holds),
        ("{ path = 'a', at_least = 7 }", "a = 6", Fails),
        ("{ path = 'a', at_most = 90 }", "a = \"91\"", Fails),
        ("{ path = 'a', matches = '^TLS' }", "a = \"TLS1_2\"", Holds),
        ("{ path = 'a', not_matches = '^TLS' }", "a = upper(\"tls\")", Fails),
        ("{ path = 'a', contains = 'x' }", "a = concat([\"y\"], [\"x\"])", Holds),
        ("{ path = 'a', contains = 'x' }", "a = [var.ask]", Unknown),
        ("{ path = 'a', excludes = 'x' }", "a = [var.ask, \"x\"]", Fails),
        ("{ path = 'a', excludes = '0.0.0.0/0', absent = 'holds' }", "a = []", Holds),
        ("{ path = 'a', present = true }", "a = aws_kms_key.k.arn", Holds),
        ("{ path = 'a', present = true }", "a = \"\"", Fails),
        ("{ path = 'a', present = true }", "a = []", Fails),
        ("{ path = 'a', present = false }", "", Holds),
        ("{ path = 'a', present = true }", "a = \"x ${var.ask}\"", Holds),
        ("{ path = 'a', none_of = ['x'] }", "a = \"x ${var.ask}\"", Holds),
        ("{ path = 'a', none_of = ['x y'] }", "a = \"x ${var.ask}\"", Unknown),
        ("{ path = 'a', excludes = '0.0.0.0/0' }", "a = [\"${var.ask}/32\"]", Holds),
        ("{ path = 'a', excludes = '0.0.0.0/0' }", "a = [\"${var.ask}/0\"]", Unknown),
        ("{ path = 'a', contains = 'b' }", "a = \"abc ${var.ask}\"", Holds),
        ("{ path = 'a', matches = 'b' }", "a = \"abc ${var.ask}\"", Unknown),
        ("{ path = 'a.b', equals = 1 }", "a = \"abc ${var.ask}\"", Unknown),
        ("{ path = 'r.x', equals = 1 }", "r {\n x = 1\n}\nr {\n x = 2\n}", Fails),
        ("{ path = 'r.x', equals = 1 }", "r {\n x = 1\n}\nr {\n x = 1\n}", Holds),
        (
            "{ path = 'r.x', equals = 1 }",
            "dynamic \"r\" {\n for_each = var.ask\n content {}\n}",
            Unknown,
        ),
        ("{ each = 'r', holds = { path = 'x', equals = 1 } }", "", Holds),
        ("{ some = 'r', holds = { path = 'x', equals = 1 } }", "", Fails),
        (
            "{ some = 'r', holds = { path = 'x', equals = 1 } }",
            "r {\n x = 2\n}\nr {\n x = 1\n}",
            Holds,
        ),
        ("{ not = { path = 'a', equals = 1 } }", "a = 1", Fails),
        ("{ any = [{ path = 'a', equals = 1 }, { path = 'b', equals = 1 }] }", "b = 1", Holds),
        ("{ all = [{ path = 'a', equals = 1 }, { path = 'b', equals = 1 }] }", "b = 1", Fails),
    ] {
        assert_eq!(db(holds, body), expected, "{holds} on {body}");
    }
}

#[test]
fn paths_reach_into_policies() {
    let holds = "{ each = 'p.Statement', holds = { path = 'Principal', none_of = ['*'] } }";
    let heredoc =
        "p = <<EOF\n{\"Statement\":[{\"Principal\":\"*\",\"Resource\":\"${aws_x.y.arn}/*\"}]}\nEOF";
    assert_eq!(db(holds, heredoc), Truth::Fails);
    let encoded = "p = jsonencode({ Statement = [{ Principal = \"me\" }] })";
    assert_eq!(db(holds, encoded), Truth::Holds);
    assert_eq!(db(holds, "p = data.aws_iam_policy_document.x.json"), Truth::Unknown);
}

#[test]
fn companions_are_found_by_reference_and_by_name() {
    let holds = "{ companion = 'aws_s3_bucket_versioning', link = 'bucket', holds = { path = 'v.status', equals = 'Enabled' } }";
    let bucket = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"acme-logs\"\n}\n";
    for (link, status, expected) in [
        ("aws_s3_bucket.b.id", "Enabled", Truth::Holds),
        ("aws_s3_bucket.b.bucket", "Suspended", Truth::Fails),
        ("\"${aws_s3_bucket.b.id}\"", "Enabled", Truth::Holds),
        ("\"acme-logs\"", "Enabled", Truth::Holds),
        ("aws_s3_bucket.other.id", "Enabled", Truth::Fails),
        ("\"acme-other\"", "Enabled", Truth::Fails),
        ("each.value", "Enabled", Truth::Unknown),
    ] {
        let text = format!(
            "{bucket}resource \"aws_s3_bucket_versioning\" \"v\" {{\n  bucket = {link}\n  v {{\n    status = \"{status}\"\n  }}\n}}\n"
        );
        assert_eq!(check("aws_s3_bucket", holds, &text), expected, "{link}");
    }
    assert_eq!(check("aws_s3_bucket", holds, bucket), Truth::Fails);
}

#[test]
fn every_container_counts() {
    let check: Check = toml::from_str(
        "language = 'kubernetes'\nresource = ['CronJob']\nat = 'containers'\n\
         holds = { path = 'securityContext.privileged', equals = false, absent = 'holds' }\n\
         pass = []\nfail = []",
    )
    .unwrap();
    let object = |init: bool| {
        serde_json::json!({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": {
            "containers": [{"name": "a"}],
            "initContainers": [{"name": "b", "securityContext": {"privileged": init}}]
        }}}}}})
        .to_string()
    };
    assert_eq!(judge_case(&check, &object(true)), Ok(Truth::Fails));
    assert_eq!(judge_case(&check, &object(false)), Ok(Truth::Holds));
    assert!(judge_case(&check, "{\"kind\":\"Service\"}").is_err());
}
