//! `.tf.json` files read, judged and changed.

use quell_catalog::FixRecipe;

use crate::code::{Code, Place, Wish};
use crate::terraform::{Repository, resolve};
use crate::{Config, Settings};

const BUCKET: &str = "{\r\n\t\"resource\": {\r\n\t\t\"aws_x\": {\r\n\t\t\t\"y\": { \"on\": false,\r\n\t\t\t\t\"list\": [ \"a\" ],\r\n\t\t\t\t\"name\": \"n-${var.env}\",\r\n\t\t\t\t\"inner\": [{\"p\": 1}]}\r\n\t\t}\r\n\t},\r\n\t\"variable\": { \"env\": { \"default\": \"prod\" } },\r\n\t\"output\": {\"o\":   {\"value\": 1}}\r\n}\r\n";

fn repository(text: &str) -> Repository {
    Repository::parse([("m/main.tf.json".to_owned(), text.to_owned())])
}

fn place() -> Place {
    Place { file: "m/main.tf.json".into(), address: "aws_x.y".into() }
}

fn planned(repository: &Repository, set: &str) -> Result<String, String> {
    let fix: FixRecipe = toml::from_str(&format!(
        "language = 'terraform'\ntitle = 'x'\nsafety = 'safe'\nresource = ['aws_x']\n\
         recipe = 'set_attributes'\nset = {set}"
    ))
    .unwrap();
    let settings = Settings::default();
    let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
    repository.plan(&place(), &wish).map(|change| change.text)
}

#[test]
fn blocks_and_templates_are_read() {
    let repository = repository(BUCKET);
    let resource = repository.resource("m/main.tf.json", "aws_x.y").unwrap();
    let config = resolve::resource(&repository, &resource);
    assert_eq!(config.get("name"), Some(&Config::Text("n-prod".into())));
    assert_eq!(config.get("on"), Some(&Config::Bool(false)));
    let span = repository.span(&place()).unwrap();
    let text = BUCKET.get(span).unwrap();
    assert!(text.starts_with("\"y\": {") && text.ends_with("}]}"), "{text}");
}

#[test]
fn values_are_set_where_they_stand() {
    let before = repository(BUCKET);
    let made =
        planned(&before, "{ on = true, list = ['b'], 'inner.q' = 'r', add = { expr = 'a.b' } }")
            .unwrap();
    let after = before.changed("m/main.tf.json", made.clone());
    let config = after.config(&place());
    let list = ["a", "b"].map(|text| Config::Text(text.into())).to_vec();
    assert_eq!(config.get("on"), Some(&Config::Bool(true)));
    assert_eq!(config.get("list"), Some(&Config::List(list)));
    assert!(made.contains("\"add\": \"${a.b}\""), "{made}");
    assert!(made.starts_with(BUCKET.split("\"on\"").next().unwrap()), "{made}");
    assert!(made.ends_with(BUCKET.split("}]").last().unwrap()), "{made}");
    assert!(!made.replace("\r\n", "").contains('\n'), "{made:?}");
    let again =
        planned(&after, "{ on = true, list = ['b'], 'inner.q' = 'r', add = { expr = 'a.b' } }");
    assert_eq!(again.unwrap(), made);
}

#[test]
fn what_json_leaves_open_is_refused() {
    let error = planned(&repository(BUCKET), "{ name = 'x' }").unwrap_err();
    assert!(error.contains("is an expression"), "{error}");
    for (text, reason) in [
        ("{\"a\": 1, \"a\": 2}", "has the key `a` twice"),
        ("{\"a\": 1,}", "does not parse at 1:"),
        ("{'a': 1}", "does not parse at 1:"),
        ("[1]", "is no JSON object"),
    ] {
        let repository = repository(text);
        let fault = repository.fault("m/main.tf.json").unwrap_or_default();
        assert!(fault.contains(reason), "{text}: {fault}");
    }
}
