//! Attributes set, replaced and refused.

use super::super::testing::{check, refuse};

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
fn what_is_decided_elsewhere_is_named() {
    let block = |value: &str| {
        format!("locals {{\n  on = false\n}}\nresource \"aws_x\" \"y\" {{\n  on = {value}\n}}\n")
    };
    let fix = fix("{ on = true }");
    refuse(&fix, &block("local.on"), "decide where it is defined, main.tf:2");
    refuse(&fix, &block("var.nowhere"), "decide where that is set");
    refuse(&fix, &block("f(1)"), "is an expression");
    refuse(
        &self::fix("{ 'd.on' = true }"),
        "resource \"aws_x\" \"y\" {\n  dynamic \"d\" {\n    for_each = []\n    content {}\n  }\n}\n",
        "made by a `dynamic` block",
    );
}
