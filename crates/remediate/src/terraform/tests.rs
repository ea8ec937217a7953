//! Variables, locals, modules and `for_each` resolved.

use super::Repository;
use super::resolve;
use crate::Config;

fn value(files: &[(&str, &str)], expression: &str) -> Config {
    let main = format!("resource \"aws_x\" \"y\" {{\n  a = {expression}\n}}\n");
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .chain([("m/main.tf".to_owned(), main)]);
    let repository = Repository::parse(files);
    let resource = repository.resource("m/main.tf", "aws_x.y").unwrap();
    resolve::resource(&repository, &resource).get("a").cloned().unwrap()
}

fn text(text: &str) -> Config {
    Config::Text(text.to_owned())
}

fn reference(address: &str, attribute: &str) -> Config {
    Config::Reference { address: address.to_owned(), attribute: attribute.to_owned() }
}

const VARIABLE: (&str, &str) = ("m/variables.tf", "variable \"v\" {\n  default = \"d\"\n}\n");

#[test]
fn callers_decide_what_a_variable_is() {
    let call = |path: &'static str, value: &str| {
        (path, format!("module \"m\" {{\n  source = \"./m\"\n  v = {value}\n}}\n"))
    };
    let one = call("a.tf", "\"x\"");
    let other = call("b.tf", "\"z\"");
    assert_eq!(value(&[VARIABLE], "var.v"), text("d"));
    assert_eq!(value(&[VARIABLE, (one.0, &one.1)], "var.v"), text("x"));
    assert_eq!(value(&[VARIABLE, (one.0, &one.1), (other.0, &other.1)], "var.v"), Config::Unknown);
    let key = call("a.tf", "aws_k.k.arn");
    assert_eq!(value(&[VARIABLE, (key.0, &key.1)], "var.v"), reference("../aws_k.k", "arn"));
    let files = ("m/terraform.tfvars", "v = \"f\"\n");
    assert_eq!(value(&[VARIABLE, files], "var.v"), text("f"));
    let prod = ("m/prod.tfvars", "v = \"p\"\n");
    assert_eq!(value(&[VARIABLE, files, prod], "var.v"), Config::Unknown);
}

#[test]
fn expressions_are_followed_as_far_as_the_text_goes() {
    for (expression, expected) in [
        ("\"a-${var.v}-b\"", text("a-d-b")),
        ("\"a-${var.nowhere}\"", Config::Unknown),
        ("var.v == \"d\" ? 1 : 2", Config::Number(1.0)),
        ("var.nowhere ? 3 : 3", Config::Number(3.0)),
        ("var.nowhere ? 3 : 4", Config::Unknown),
        ("!false && true", Config::Bool(true)),
        ("var.nowhere || true", Config::Bool(true)),
        ("lower(\"A\")", text("a")),
        ("tobool(\"true\")", Config::Bool(true)),
        ("merge({ a = 1 }, { a = 2 }).a", Config::Unknown),
        ("aws_k.k[0].arn", reference("aws_k.k", "arn")),
        ("data.aws_k.k.arn", reference("data.aws_k.k", "arn")),
        ("module.net.vpc_id", reference("module.net", "vpc_id")),
        ("path.module", Config::Unknown),
        ("file(\"x\")", Config::Unknown),
        ("[for x in []: x]", Config::Unknown),
    ] {
        assert_eq!(value(&[VARIABLE], expression), expected, "{expression}");
    }
}
