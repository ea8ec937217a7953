//! A workflow as the tree of values that checks look into.
//!
//! ```text
//! permissions   as it is written
//! jobs          every job: id, permissions, uses
//! uses          every action or workflow that is used: name, pinned
//! scripts       every script that a step runs: text, expressions
//! variables     every `env` entry: name, value
//! inputs        what whoever starts it by hand may say: name
//! ```

use std::collections::BTreeMap;

use serde_json::Value;

use super::expression::expressions;
use super::workflow::{is_pinned, jobs, steps, text, texts};
use crate::Config;

/// The whole tree.
pub(super) fn config(workflow: &Value) -> Config {
    let permissions = workflow.get("permissions").map_or(Config::Null, Config::from_json);
    let mut all = Vec::new();
    let mut scripts = Vec::new();
    let mut uses = Vec::new();
    let mut variables = variables_of(workflow);
    for (id, job) in jobs(workflow) {
        let field = |key: &str| job.get(key).map_or(Config::Null, Config::from_json);
        all.push(object([
            ("id", Config::Text(id.clone())),
            ("permissions", field("permissions")),
            ("uses", field("uses")),
        ]));
        variables.extend(variables_of(job));
        uses.extend(use_of(job));
        for step in steps(job) {
            variables.extend(variables_of(step));
            scripts.extend(script_of(step));
            uses.extend(use_of(step));
        }
    }
    let inputs = workflow.pointer("/on/workflow_dispatch/inputs").and_then(Value::as_object);
    let named = |name: &String| object([("name", Config::Text(name.clone()))]);
    let inputs = inputs.into_iter().flat_map(|inputs| inputs.keys()).map(named);
    object([
        ("permissions", permissions),
        ("jobs", Config::List(all)),
        ("uses", Config::List(uses)),
        ("scripts", Config::List(scripts)),
        ("variables", Config::List(variables)),
        ("inputs", Config::List(inputs.collect())),
    ])
}

fn object<const N: usize>(fields: [(&str, Config); N]) -> Config {
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Config::Object(BTreeMap::from(fields))
}

fn variables_of(value: &Value) -> Vec<Config> {
    let all = texts(value, "env").into_iter();
    all.map(|(name, value)| object([("name", Config::Text(name)), ("value", Config::Text(value))]))
        .collect()
}

/// What a step or a job uses.
fn use_of(value: &Value) -> Option<Config> {
    let name = text(value, "uses")?;
    let pinned = Config::Bool(is_pinned(name));
    Some(object([("name", Config::Text(name.to_owned())), ("pinned", pinned)]))
}

/// What a step runs: its own script, or the one that it gives to `actions/github-script`.
fn script_of(step: &Value) -> Option<Config> {
    let given = || {
        let uses = text(step, "uses")?;
        let script = step.get("with").and_then(|with| text(with, "script"))?;
        uses.starts_with("actions/github-script@").then_some(script)
    };
    let script = text(step, "run").or_else(given)?;
    let inner = expressions(script).into_iter().map(|(_, inner)| Config::Text(inner.to_owned()));
    Some(object([
        ("text", Config::Text(script.to_owned())),
        ("expressions", Config::List(inner.collect())),
    ]))
}
