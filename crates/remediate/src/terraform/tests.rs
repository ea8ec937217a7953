//! Variables, locals, modules and `for_each` resolved.

use quell_catalog::Truth;

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
    assert_eq!(value(&[VARIABLE, (key.0, &key.1)], "var.v"), reference("//aws_k.k", "arn"));
    let files = ("m/terraform.tfvars", "v = \"f\"\n");
    assert_eq!(value(&[VARIABLE, files], "var.v"), text("f"));
    let prod = ("m/prod.tfvars", "v = \"p\"\n");
    assert_eq!(value(&[VARIABLE, files, prod], "var.v"), Config::Unknown);
}

#[test]
fn expressions_are_followed_as_far_as_the_text_goes() {
    for (expression, expected) in [
        ("\"a-${var.v}-b\"", text("a-d-b")),
        ("\"a-${var.nowhere}\"", Config::Partly(vec![Some("a-".into()), None])),
        ("\"${var.v}-${var.nowhere}\" == \"x\"", Config::Bool(false)),
        ("\" ${var.nowhere}\"", Config::Unknown),
        ("\"[${var.nowhere}\"", Config::Unknown),
        ("var.v == \"d\" ? 1 : 2", Config::Number(1.0)),
        ("var.nowhere ? 3 : 3", Config::Number(3.0)),
        ("var.nowhere ? 3 : 4", Config::Unknown),
        ("!false && true", Config::Bool(true)),
        ("var.nowhere || true", Config::Bool(true)),
        ("lower(\"A\")", text("a")),
        ("tobool(\"true\")", Config::Bool(true)),
        ("merge({ a = 1 }, { a = 2 }).a", Config::Number(2.0)),
        ("[\"x\", \"y\"][1]", text("y")),
        ("[for x in [1, 2] : x + 1 if x > 1]", Config::List(vec![Config::Number(3.0)])),
        ("{ for k, v in { a = true } : upper(k) => v }[\"A\"]", Config::Bool(true)),
        ("lookup({ a = 1 }, \"b\", 2)", Config::Number(2.0)),
        ("coalesce(null, \"\", \"z\")", text("z")),
        ("try(aws_k.k[0].arn, null)", Config::Unknown),
        ("try(var.v, 1)", text("d")),
        ("length([1, 2]) >= 2", Config::Bool(true)),
        ("contains([\"a\"], \"b\")", Config::Bool(false)),
        ("aws_k.k[0].arn", reference("aws_k.k", "arn")),
        ("data.aws_k.k.arn", reference("data.aws_k.k", "arn")),
        ("module.net.vpc_id", reference("module.net", "vpc_id")),
        ("path.module", Config::Unknown),
        ("file(\"x\")", Config::Unknown),
        ("[for x in []: x]", Config::List(Vec::new())),
        ("[for x in var.nowhere: x]", Config::Unknown),
    ] {
        assert_eq!(value(&[VARIABLE], expression), expected, "{expression}");
    }
}

/// Every configuration that `aws_x.y` of `m/main.tf` has.
fn instances(files: &[(&str, &str)]) -> Vec<Config> {
    let repository =
        Repository::parse(files.iter().map(|(path, text)| ((*path).into(), (*text).into())));
    let resource = repository.resource("m/main.tf", "aws_x.y").unwrap();
    let all = resolve::instances(&repository, &resource);
    all.iter().map(|config| config.get("a").cloned().unwrap_or(Config::Null)).collect()
}

#[test]
fn every_call_of_a_module_is_looked_at() {
    let main = ("m/main.tf", "resource \"aws_x\" \"y\" {\n  a = var.v\n}\n");
    let calls = "module \"p\" {\n  source = \"./m\"\n  v = \"p\"\n}\n\
                 module \"q\" {\n  source = \"./m\"\n}\n";
    assert_eq!(instances(&[main, VARIABLE, ("a.tf", calls)]), [text("p"), text("d")]);
    assert_eq!(instances(&[main, VARIABLE]), [text("d")]);
    let round = "module \"m\" {\n  source = \"../m\"\n  v = var.v\n}\n";
    assert_eq!(instances(&[main, VARIABLE, ("m/again.tf", round)]), [Config::Unknown]);
}

#[test]
fn repeated_blocks_are_looked_at_one_by_one() {
    let block = |rest: &str| format!("resource \"aws_x\" \"y\" {{\n{rest}\n}}\n");
    for (rest, expected) in [
        ("for_each = toset([\"p\", \"q\"])\na = each.value", vec![text("p"), text("q")]),
        ("for_each = { p = { z = 1 } }\na = each.value.z", vec![Config::Number(1.0)]),
        ("for_each = var.nowhere\na = each.value", vec![Config::Unknown]),
        ("count = 2\na = count.index", vec![Config::Number(0.0), Config::Number(1.0)]),
        ("count = var.on ? 1 : 0\na = !var.on", vec![Config::Bool(false)]),
    ] {
        let text = block(rest);
        let on = ("m/v.tf", "variable \"on\" {\n  default = false\n}\n");
        assert_eq!(instances(&[("m/main.tf", &text), on]), expected, "{rest}");
    }
}

#[test]
fn dynamic_blocks_are_made_where_their_list_is_known() {
    let made = |over: &str| {
        let text = format!(
            "resource \"aws_x\" \"y\" {{\n  dynamic \"a\" {{\n    for_each = {over}\n    \
             content {{\n      p = a.value\n    }}\n  }}\n}}\n"
        );
        instances(&[("m/main.tf", &text)])
    };
    let block = |value: Config| Config::Object([("p".to_owned(), value)].into());
    assert_eq!(made("[1]"), [Config::List(vec![block(Config::Number(1.0))])]);
    assert_eq!(made("[]"), [Config::Null]);
    assert_eq!(made("var.nowhere"), [Config::Unknown]);
}

#[test]
fn a_policy_document_is_the_policy_that_it_makes() {
    let main = "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"s3:*\"]\n    \
                resources = [aws_s3_bucket.b.arn]\n    principals {\n      type = \"*\"\n      \
                identifiers = [\"*\"]\n    }\n    condition {\n      test = \"Bool\"\n      \
                variable = \"aws:SecureTransport\"\n      values = [\"true\"]\n    }\n  }\n}\n\
                resource \"aws_x\" \"y\" {\n  a = data.aws_iam_policy_document.d.json\n}\n";
    let made = instances(&[("m/main.tf", main)]);
    let Some(Config::List(statements)) = made.first().and_then(|made| made.get("Statement")) else {
        panic!("{made:?}");
    };
    let statement = statements.first().unwrap();
    assert_eq!(statement.get("Effect"), Some(&text("Allow")));
    assert_eq!(statement.get("Action"), Some(&Config::List(vec![text("s3:*")])));
    assert_eq!(statement.get("Principal"), Some(&text("*")));
    let secure = statement.get("Condition").and_then(|condition| condition.get("Bool"));
    assert!(secure.unwrap().get("aws:SecureTransport").is_some());
    let mixed = main.replace("  statement", "  source_policy_documents = [var.p]\n  statement");
    assert_eq!(instances(&[("m/main.tf", &mixed)]), [Config::Unknown]);
}

#[test]
fn what_a_module_gives_out_is_followed() {
    let files = [
        (
            "m/main.tf",
            "module \"n\" {\n  source = \"./n\"\n  i = 7\n}\nresource \"aws_x\" \"y\" {\n  a = [module.n.o, module.n.p]\n}\n",
        ),
        (
            "m/n/main.tf",
            "variable \"i\" {}\noutput \"o\" {\n  value = var.i\n}\noutput \"p\" {\n  value = aws_z.z[0].id\n}\n",
        ),
    ];
    let expected = Config::List(vec![Config::Number(7.0), reference("m/n//aws_z.z", "id")]);
    assert_eq!(instances(&files), [expected]);
}

#[test]
fn what_an_attribute_refers_to_is_judged() {
    let check = "language = 'terraform'\nresource = ['aws_api_gateway_stage']\n\
        pass = []\nfail = []\n\
        holds = { target = 'rest_api_id', holds = { path = 'types', none_of = ['PRIVATE'] } }";
    let check: quell_catalog::Check = toml::from_str(check).unwrap();
    let stage = |api: &str| {
        format!(
            "resource \"aws_api_gateway_stage\" \"s\" {{\n  rest_api_id = {api}\n}}\n\
             resource \"aws_api_gateway_rest_api\" \"open\" {{\n  types = [\"EDGE\"]\n}}\n\
             resource \"aws_api_gateway_rest_api\" \"own\" {{\n  types = [\"PRIVATE\"]\n}}\n"
        )
    };
    for (api, truth) in [
        ("aws_api_gateway_rest_api.open.id", Truth::Holds),
        ("\"${aws_api_gateway_rest_api.open.id}\"", Truth::Holds),
        ("aws_api_gateway_rest_api.own.id", Truth::Fails),
        ("aws_api_gateway_rest_api.gone.id", Truth::Unknown),
        ("\"a1b2c3\"", Truth::Unknown),
        ("var.api", Truth::Unknown),
    ] {
        assert_eq!(crate::judge_case(&check, &stage(api)), Ok(truth), "{api}");
    }
}
