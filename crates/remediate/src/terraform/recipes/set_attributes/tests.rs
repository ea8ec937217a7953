//! Attributes set, replaced and refused.

use super::super::testing::{check, refuse};
use crate::terraform::Repository;

fn fix(set: &str) -> String {
    format!("recipe = 'set_attributes'\nresource = ['aws_x']\nset = {set}")
}

fn body(before: &str, set: &str, after: &str) {
    let text = |inner: &str| {
        format!("# top\nresource \"aws_x\" \"y\" {inner}\n\nresource \"b\" \"c\" {{ d  =  1 }}\n")
    };
    check(&fix(set), &text(before), &text(after));
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    body("{\n  on   =   false # why\n}", "{ on = true }", "{\n  on   =   true # why\n}");
    body("{ on = false }", "{ on = true }", "{ on = true }");
    body("{\n  n = 1\n}", "{ n = 7 }", "{\n  n = 7\n}");
    body("{\n  on = \"true\"\n}", "{ on = true }", "{\n  on = \"true\"\n}");
}

#[test]
fn a_new_attribute_takes_the_neighbours_column() {
    body(
        "{\n  name    = \"a\"\n  storage = 5 # gb\n\n  tags {\n    a = 1\n  }\n}",
        "{ on = true }",
        "{\n  name    = \"a\"\n  storage = 5 # gb\n  on      = true\n\n  tags {\n    a = 1\n  }\n}",
    );
}

#[test]
fn a_longer_name_starts_its_own_group() {
    body(
        "{\n  name = \"a\"\n}",
        "{ storage_encrypted = true }",
        "{\n  name = \"a\"\n\n  storage_encrypted = true\n}",
    );
}

#[test]
fn an_attribute_after_a_value_on_several_lines_is_not_aligned() {
    body(
        "{\n  tags = {\n    a = 1\n  }\n}",
        "{ on = true }",
        "{\n  tags = {\n    a = 1\n  }\n  on = true\n}",
    );
}

#[test]
fn blocks_on_one_line_are_opened() {
    body("{}", "{ on = true }", "{\n  on = true\n}");
    body("{ a = 1 }", "{ b = true }", "{\n  a = 1\n  b = true\n}");
    body("{ # why\n}", "{ on = true }", "{ # why\n  on = true\n}");
}

#[test]
fn nested_blocks_are_made_and_filled() {
    body(
        "{\n  a = 1\n}",
        "{ 'r.s.algorithm' = 'x', 'r.s.key' = { expr = 'aws_k.k.arn' }, 'r.on' = true }",
        "{\n  a = 1\n\n  r {\n    on = true\n\n    s {\n      algorithm = \"x\"\n      key       = aws_k.k.arn\n    }\n  }\n}",
    );
    body(
        "{\n  r {\n    on = false\n  }\n  r {\n  }\n}",
        "{ 'r.on' = true }",
        "{\n  r {\n    on = true\n  }\n  r {\n    on = true\n  }\n}",
    );
}

#[test]
fn lists_keep_what_they_have() {
    body("{\n  l = [\"a\", \"z\"]\n}", "{ l = ['a', 'b'] }", "{\n  l = [\"a\", \"z\", \"b\"]\n}");
}

#[test]
fn values_of_objects_are_replaced() {
    body(
        "{\n  o = {\n    a = false,\n    \"b\" : 2\n  }\n}",
        "{ 'o.a' = true }",
        "{\n  o = {\n    a = true,\n    \"b\" : 2\n  }\n}",
    );
}

#[test]
fn the_content_of_a_dynamic_block_is_set() {
    let block = |on: bool| {
        format!(
            "resource \"aws_x\" \"y\" {{\n  dynamic \"d\" {{\n    for_each = [1]\n    \
             content {{\n      on = {on}\n    }}\n  }}\n}}\n"
        )
    };
    check(&fix("{ 'd.on' = true }"), &block(false), &block(true));
}

/// The change of `aws_x.y` in `m/main.tf`, as file, address and new text.
fn elsewhere(files: &[(&str, &str)], on: &str) -> Result<(String, String, String), String> {
    let main = format!("resource \"aws_x\" \"y\" {{\n  on = {on}\n}}\n");
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let files = files.iter().map(own).chain([("m/main.tf".to_owned(), main)]);
    let repository = Repository::parse(files);
    let resource = repository.resource("m/main.tf", "aws_x.y").unwrap();
    let wanted = [("on".to_owned(), toml::Value::Boolean(true))].into();
    let change = super::set(&repository, &resource, &wanted, true)?;
    Ok((change.file, change.address, change.text))
}

#[track_caller]
fn decides(files: &[(&str, &str)], on: &str, expected: (&str, &str, &str)) {
    let (file, address, text) = elsewhere(files, on).unwrap();
    assert_eq!((file.as_str(), address.as_str(), text.as_str()), expected);
}

const DEFAULT: (&str, &str) = ("m/v.tf", "variable \"on\" {\n  default = false # off\n}\n");

#[test]
fn the_one_place_that_decides_a_value_is_changed() {
    let on = "variable \"on\" {\n  default = true # off\n}\n";
    decides(&[DEFAULT], "var.on", ("m/v.tf", "var.on", on));
    decides(&[DEFAULT], "(tobool(\"${var.on}\"))", ("m/v.tf", "var.on", on));
    decides(&[DEFAULT], "var.on ? true : false", ("m/v.tf", "var.on", on));
    let off = ("m/v.tf", "variable \"off\" {\n  default = true\n}\n");
    let not = "variable \"off\" {\n  default = false\n}\n";
    decides(&[off], "!var.off", ("m/v.tf", "var.off", not));
    decides(&[off], "var.off ? false : true", ("m/v.tf", "var.off", not));
    let local = ("m/l.tf", "locals {\n  s = { on = !local.off, p = 1 }\n  off = true\n}\n");
    let so = "locals {\n  s = { on = !local.off, p = 1 }\n  off = false\n}\n";
    decides(&[local], "local.s.on", ("m/l.tf", "local.off", so));
    let values = ("m/terraform.tfvars", "on = false\n");
    decides(&[DEFAULT, values], "var.on", ("m/terraform.tfvars", "var.on", "on = true\n"));
}

#[test]
fn the_call_of_a_module_is_changed_where_it_decides() {
    let call =
        |name: &str, rest: &str| format!("module \"{name}\" {{\n  source = \"./m\"\n{rest}}}\n");
    let text = |on: bool| call("a", &format!("  on     = {on}\n")) + &call("b", "  on = true\n");
    decides(&[DEFAULT, ("main.tf", &text(false))], "var.on", ("main.tf", "module.a", &text(true)));
    let silent = call("a", "") + &call("b", "  on = true\n");
    let on = "variable \"on\" {\n  default = true # off\n}\n";
    decides(&[DEFAULT, ("main.tf", &silent)], "var.on", ("m/v.tf", "var.on", on));
    let both = call("a", "  on = false\n") + &call("b", "  on = false\n");
    let error = elsewhere(&[DEFAULT, ("main.tf", &both)], "var.on").unwrap_err();
    assert!(error.contains("`module.a` at main.tf:3 and `module.b` at main.tf:7"), "{error}");
}

#[test]
fn what_decides_other_things_too_is_left() {
    let other = |rest: &str| format!("resource \"aws_z\" \"z\" {{\n{rest}\n}}\n");
    let nested = "resource \"aws_x\" \"z\" {\n  log {\n    on = var.on\n  }\n}\n";
    let error = elsewhere(&[DEFAULT, ("m/z.tf", nested)], "var.on").unwrap_err();
    assert!(error.contains("`log.on` of `aws_x.z`"), "{error}");
    for rest in ["count = var.on ? 1 : 0", "for_each = var.on ? toset([\"a\"]) : []", "p = var.on"]
    {
        let error = elsewhere(&[DEFAULT, ("m/z.tf", &other(rest))], "var.on").unwrap_err();
        assert!(error.contains("what decides it also decides"), "{error}");
    }
    let error = elsewhere(&[DEFAULT, ("m/z.tf", &other("on = var.on"))], "var.on").unwrap_err();
    assert!(error.contains("`on` of `aws_z.z`"), "{error}");
    let alike = "resource \"aws_x\" \"z\" {\n  on = var.on\n}\n";
    assert!(elsewhere(&[DEFAULT, ("m/z.tf", alike)], "var.on").is_ok());
}

#[test]
fn what_nobody_can_tell_is_refused() {
    let block = |value: &str| format!("resource \"aws_x\" \"y\" {{\n  on = {value}\n}}\n");
    let fix = fix("{ on = true }");
    refuse(&fix, &block("var.nowhere"), "`on` at main.tf:2: it is `var.nowhere`, which");
    refuse(&fix, &block("aws_z.z.on"), "it is `aws_z.z`: a person must decide");
    refuse(&fix, &block("f(1)"), "an expression at main.tf:2: a person must decide");
    refuse(
        &self::fix("{ 'd.on' = true }"),
        "resource \"aws_x\" \"y\" {\n  dynamic \"d\" {\n    for_each = []\n    content {}\n  }\n}\n",
        "made by a `dynamic` block",
    );
}

#[test]
fn a_value_that_follows_from_the_block_being_made_is_replaced() {
    let text = |count: &str, on: &str| {
        format!(
            "variable \"off\" {{\n  default = false\n}}\nresource \"aws_x\" \"y\" {{\n  count = {count}\n  on    = \
             {on}\n}}\n"
        )
    };
    let set = fix("{ on = true }");
    check(&set, &text("var.off ? 1 : 0", "!var.off"), &text("var.off ? 1 : 0", "true"));
    let either = text("var.off || var.b ? 1 : 0", "!var.off");
    check(&set, &either, &either);
    let both = text("var.off ? 1 : 0", "!var.off && var.b");
    refuse(&set, &both, "`var.b`");
}

#[test]
fn a_map_takes_a_key_more_and_an_object_does_not() {
    let set = "recipe = 'set_attributes'\nresource = ['google_compute_instance']\n\
        set = { 'metadata.block-project-ssh-keys' = true }";
    let text = |map: &str| {
        format!("resource \"google_compute_instance\" \"y\" {{\n  metadata = {map}\n}}\n")
    };
    for (before, after) in [
        ("{}", "{ \"block-project-ssh-keys\" = true }"),
        ("{ a = 1 }", "{ a = 1, \"block-project-ssh-keys\" = true }"),
        (
            "{\n    a = 1 # one\n  }",
            "{\n    a = 1 # one\n    \"block-project-ssh-keys\" = true\n  }",
        ),
        ("{\n    a = 1,\n  }", "{\n    a = 1,\n    \"block-project-ssh-keys\" = true,\n  }"),
        ("{ block-project-ssh-keys = false }", "{ block-project-ssh-keys = true }"),
    ] {
        check(set, &text(before), &text(after));
    }
    refuse(&fix("{ 'a.b' = 1 }"), "resource \"aws_x\" \"y\" {\n  a = { c = 1 }\n}\n", "has no `b`");
}

#[test]
fn a_number_that_is_written_as_text_becomes_one() {
    let fix = "recipe = 'set_attributes'\nresource = ['aws_opensearch_domain']\n\
        set = { 'cluster_config.dedicated_master_count' = 3, 'cluster_config.zone_awareness_enabled' = true }";
    let text = |count: &str, zones: &str| {
        format!(
            "resource \"aws_opensearch_domain\" \"d\" {{\n  cluster_config {{\n    dedicated_master_count = \
             {count}\n    zone_awareness_enabled = {zones}\n  }}\n}}\n"
        )
    };
    check(fix, &text("\"3\"", "false"), &text("3", "true"));
}
