//! What a `data "aws_iam_policy_document"` comes to, as the policy that its `json` is.

use std::collections::BTreeMap;

use super::{MAX_CHAIN, Resolver, Scope};
use crate::Config;
use crate::terraform::Resource;

/// The type whose `json` is computed from its own text alone.
const DOCUMENT: &str = "data.aws_iam_policy_document";
/// Arguments by which other documents get in.
const OTHERS: [&str; 4] =
    ["override_json", "override_policy_documents", "source_json", "source_policy_documents"];

impl Resolver<'_> {
    /// The policy of `data.aws_iam_policy_document.<name>`; none where it is not in the module.
    pub(super) fn policy(&self, name: &str, scope: &Scope<'_>) -> Option<Config> {
        let own = |one: &Resource<'_>| one.is(DOCUMENT) && one.name() == name;
        let files = self.repository.module_files(scope.folder);
        let document = files.flat_map(Resource::judged_in).find(own)?;
        let body = &document.block.body;
        let deeper = Scope { chain: scope.chain + 1, binds: None, ..*scope };
        let repeated = body.has_attribute("count") || body.has_attribute("for_each");
        let mixed = OTHERS.iter().any(|name| body.has_attribute(name));
        if deeper.chain >= MAX_CHAIN || repeated || mixed {
            return Some(Config::Unknown);
        }
        let Config::Object(fields) = self.body(body, &deeper) else { return None };
        let statements = match fields.get("statement") {
            Some(Config::List(items)) => Config::List(items.iter().map(statement).collect()),
            Some(_) | None => Config::Unknown,
        };
        Some(Config::Object([("Statement".to_owned(), statements)].into()))
    }
}

/// A statement under the names that policies use.
fn statement(block: &Config) -> Config {
    let Config::Object(fields) = block else { return Config::Unknown };
    let mut made = BTreeMap::new();
    let mut put = |name: &str, value: Config| _ = made.insert(name.to_owned(), value);
    let effect = fields.get("effect").cloned();
    put("Effect", effect.unwrap_or_else(|| Config::Text("Allow".to_owned())));
    for (from, to) in [
        ("sid", "Sid"),
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        if let Some(value) = fields.get(from) {
            put(to, value.clone());
        }
    }
    for (from, to) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        if let Some(value) = fields.get(from) {
            put(to, principals(value));
        }
    }
    if let Some(value) = fields.get("condition") {
        put("Condition", conditions(value));
    }
    Config::Object(made)
}

/// `*` where everybody is meant, else kind → who.
fn principals(blocks: &Config) -> Config {
    let Config::List(blocks) = blocks else { return Config::Unknown };
    let mut made = BTreeMap::new();
    for block in blocks {
        let (Some(Config::Text(kind)), Some(who)) = (block.get("type"), block.get("identifiers"))
        else {
            return Config::Unknown;
        };
        let all = Config::Text("*".to_owned());
        if kind == "*" && who.same(&Config::List(vec![all.clone()])) == Some(true) {
            return all;
        }
        made.insert(kind.clone(), who.clone());
    }
    Config::Object(made)
}

/// Test → variable → values.
fn conditions(blocks: &Config) -> Config {
    let Config::List(blocks) = blocks else { return Config::Unknown };
    let mut made: BTreeMap<String, Config> = BTreeMap::new();
    for block in blocks {
        let (Some(Config::Text(test)), Some(Config::Text(variable)), Some(values)) =
            (block.get("test"), block.get("variable"), block.get("values"))
        else {
            return Config::Unknown;
        };
        let inner = made.entry(test.clone()).or_insert_with(|| Config::Object(BTreeMap::new()));
        if let Config::Object(inner) = inner {
            inner.insert(variable.clone(), values.clone());
        }
    }
    Config::Object(made)
}
