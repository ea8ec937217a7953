//! Requests held against an OpenAPI description.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::double::{Ledger, Seen};

/// Why a request is not one that the description allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed(pub String);

/// A call of a description.
struct Call {
    template: Vec<String>,
    query: Vec<String>,
    /// By media type.
    bodies: BTreeMap<String, Option<Result<Validator, String>>>,
    body_required: bool,
}

/// What a vendor takes, by its OpenAPI description.
pub struct Contract {
    calls: BTreeMap<String, Vec<Call>>,
}

impl std::fmt::Debug for Contract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contract({} methods)", self.calls.len())
    }
}

impl Contract {
    /// The vendor's own description of this name, where it stands beside the project.
    #[must_use]
    pub fn of_vendor(name: &str) -> Option<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = format!("shared/reference/specs/sinks/{name}.json");
        let text = here.ancestors().find_map(|above| fs::read(above.join(&file)).ok())?;
        Some(Self::new(&serde_json::from_slice(&text).ok()?))
    }

    /// Reads a description. A schema in it that is none allows nothing.
    #[must_use]
    pub fn new(document: &Value) -> Self {
        let mut calls: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
        let of_path = |(path, methods): (&String, &'_ Value)| {
            let listed = methods.as_object().into_iter().flatten().filter(|(_, c)| c.is_object());
            let read = listed.map(|(method, call)| {
                let shared = methods.get("parameters");
                (method.to_uppercase(), read_call(document, path, call, shared))
            });
            read.collect::<Vec<_>>()
        };
        for (method, call) in paths.flat_map(of_path) {
            calls.entry(method).or_default().push(call);
        }
        Self { calls }
    }

    /// Whether a request is one that is described. Its path is taken below `base`.
    ///
    /// # Errors
    /// The call is not described, has another parameter or a body that does not fit.
    pub fn check(&self, seen: &Seen, base: &str) -> Result<(), NotAllowed> {
        let (method, target) = seen.what.split_once(' ').unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_prefix(base).unwrap_or(path);
        let what = format!("{method} {path}");
        let parts: Vec<&str> = path.split('/').collect();
        let fitting = self.calls.get(method).into_iter().flatten().filter(|call| call.fits(&parts));
        // Of several templates the one with the fewest blanks is meant.
        let call = fitting.min_by_key(|call| call.template.iter().filter(|p| is_blank(p)).count());
        let call = call.ok_or_else(|| NotAllowed(format!("{what} is described nowhere")))?;
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let name = part.split('=').next().unwrap_or_default();
            if !call.query.iter().any(|known| known == name) {
                return Err(NotAllowed(format!("{what} has no parameter `{name}`")));
            }
        }
        call.check_body(seen).map_err(|why| NotAllowed(format!("{what}: {why}")))
    }

    /// Holds all requests of a ledger against it, and tells those that are not allowed. How many
    /// there are is told too, so that a test can see that there were some.
    #[must_use]
    pub fn check_all(&self, ledger: &Ledger, base: &str) -> (usize, Vec<NotAllowed>) {
        let all = ledger.of("");
        let wrong = all.iter().filter_map(|seen| self.check(seen, base).err()).collect();
        (all.len(), wrong)
    }
}

fn is_blank(part: &str) -> bool {
    part.contains('{')
}

impl Call {
    fn fits(&self, parts: &[&str]) -> bool {
        let same = |(a, b): (&String, &&str)| (is_blank(a) && !b.is_empty()) || a == b;
        self.template.len() == parts.len() && self.template.iter().zip(parts).all(same)
    }

    fn check_body(&self, seen: &Seen) -> Result<(), String> {
        if seen.body.is_empty() {
            return if self.body_required { Err("a body is needed".to_owned()) } else { Ok(()) };
        }
        let kind = seen.headers.iter().find(|(name, _)| name == "content-type");
        let kind = kind.map_or("", |(_, value)| value.split(';').next().unwrap_or_default().trim());
        let exact = self.bodies.get(kind).or_else(|| self.bodies.get("*/*"));
        let Some(schema) = exact else {
            let known: Vec<&String> = self.bodies.keys().collect();
            return Err(format!("`{kind}` is none of {known:?}"));
        };
        let (Some(schema), true) = (schema, kind.ends_with("json")) else { return Ok(()) };
        let schema = schema.as_ref().map_err(String::clone)?;
        let body: Value = serde_json::from_slice(&seen.body).map_err(|error| error.to_string())?;
        let wrong: Vec<String> = schema
            .iter_errors(&body)
            .map(|error| format!("`{}` {error}", error.instance_path()))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|text| text.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn read_call(document: &Value, path: &str, call: &Value, shared: Option<&Value>) -> Call {
    let listed = [call.get("parameters"), shared].into_iter().flatten();
    let listed = listed.flat_map(|list| list.as_array().into_iter().flatten());
    let listed = listed.map(|one| resolved(document, one));
    let names = listed.filter(|one| one.get("in").is_some_and(|place| place == "query"));
    let names = names.filter_map(|one| one.get("name")?.as_str().map(str::to_owned));
    let body = call.get("requestBody").map(|body| resolved(document, body));
    let kinds = body.and_then(|body| body.get("content")?.as_object()).into_iter().flatten();
    let bodies = kinds.map(|(kind, content)| {
        let schema = content.get("schema").filter(|schema| schema.is_object());
        (kind.clone(), schema.map(|schema| validator(document, schema)))
    });
    Call {
        template: path.split('?').next().unwrap_or(path).split('/').map(str::to_owned).collect(),
        query: names.collect(),
        bodies: bodies.collect(),
        body_required: body.and_then(|body| body.get("required")) == Some(&Value::Bool(true)),
    }
}

/// A schema that may refer to others of its document. One that is no schema is told when asked.
fn validator(document: &Value, schema: &Value) -> Result<Validator, String> {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": document.get("components"),
        "allOf": [schema],
    });
    jsonschema::validator_for(&whole).map_err(|error| format!("no schema: {error}"))
}
