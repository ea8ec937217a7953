//! Requests held against an OpenAPI description.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::held::fields;
use crate::double::{Ledger, Seen};
use crate::net::Asked;

/// Why a request is not one that the description allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed(pub String);

/// A call of a description.
struct Call {
    template: Vec<String>,
    /// Parameters of the query, and whether each has to be there.
    query: BTreeMap<String, bool>,
    /// By media type.
    bodies: BTreeMap<String, Option<Schema>>,
    body_required: bool,
}

/// A schema that is read when it is first needed: descriptions are large.
struct Schema {
    text: Value,
    components: Arc<Value>,
    read: OnceLock<Result<Validator, String>>,
}

/// Descriptions that were read, by name.
static OF_VENDORS: Mutex<BTreeMap<String, Option<Arc<Contract>>>> = Mutex::new(BTreeMap::new());

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
    pub fn of_vendor(name: &str) -> Option<Arc<Self>> {
        let mut known = OF_VENDORS.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name.to_owned()).or_insert_with(|| Self::beside(name).map(Arc::new)).clone()
    }

    fn beside(name: &str) -> Option<Self> {
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
        let components = Arc::new(document.get("components").cloned().unwrap_or_default());
        let of_path = |(path, methods): (&String, &'_ Value)| {
            let listed = methods.as_object().into_iter().flatten().filter(|(_, c)| c.is_object());
            let read = listed.map(|(method, call)| {
                let shared = methods.get("parameters");
                (method.to_uppercase(), read_call((document, &components), path, call, shared))
            });
            read.collect::<Vec<_>>()
        };
        for (method, call) in paths.flat_map(of_path) {
            calls.entry(method).or_default().push(call);
        }
        Self { calls }
    }

    /// Why a request is not one that is described.
    pub(crate) fn refused(&self, asked: &Asked) -> Option<String> {
        self.check(&Seen::of(asked, 0), "").err().map(|why| why.0)
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
        let named = |part: &str| part.split('=').next().unwrap_or_default().to_owned();
        let given: Vec<String> = query.split('&').map(named).filter(|n| !n.is_empty()).collect();
        if let Some(name) = given.iter().find(|name| !call.query.contains_key(*name)) {
            return Err(NotAllowed(format!("{what} has no parameter `{name}`")));
        }
        let mut needed = call.query.iter().filter(|(_, needed)| **needed).map(|(name, _)| name);
        if let Some(name) = needed.find(|name| !given.contains(*name)) {
            return Err(NotAllowed(format!("{what} needs the parameter `{name}`")));
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
        let Some(schema) = schema else { return Ok(()) };
        let body: Value = match kind {
            kind if kind.ends_with("json") => {
                serde_json::from_slice(&seen.body).map_err(|error| error.to_string())?
            }
            "application/x-www-form-urlencoded" => {
                schema.of_form(&String::from_utf8_lossy(&seen.body))
            }
            _ => return Ok(()),
        };
        let schema = schema.read()?;
        let wrong: Vec<String> = schema
            .iter_errors(&body)
            .map(|error| format!("`{}` {error}", error.instance_path()))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

impl Schema {
    /// It may refer to others of its document. One that is no schema is told.
    fn read(&self) -> Result<&Validator, String> {
        let read = self.read.get_or_init(|| {
            let whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "components": *self.components,
                "allOf": [self.text],
            });
            jsonschema::validator_for(&whole).map_err(|error| format!("no schema: {error}"))
        });
        read.as_ref().map_err(String::clone)
    }

    /// The fields of a form, each of the type that is described where it reads as one.
    fn of_form(&self, form: &str) -> Value {
        let typed = |(name, text): (String, String)| {
            let kind = self.text.pointer(&format!("/properties/{name}/type"));
            let kind = kind.and_then(Value::as_str).unwrap_or("string");
            let value = match kind {
                "integer" | "number" | "boolean" | "array" | "object" => {
                    serde_json::from_str(&text).unwrap_or(Value::String(text))
                }
                _ => Value::String(text),
            };
            (name, value)
        };
        Value::Object(fields(form).into_iter().map(typed).collect())
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|text| text.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn read_call(
    (document, components): (&Value, &Arc<Value>),
    path: &str,
    call: &Value,
    shared: Option<&Value>,
) -> Call {
    let listed = [call.get("parameters"), shared].into_iter().flatten();
    let listed = listed.flat_map(|list| list.as_array().into_iter().flatten());
    let listed = listed.map(|one| resolved(document, one));
    let query = listed.filter(|one| one.get("in").is_some_and(|place| place == "query"));
    let query = query.filter_map(|one| {
        let needed = one.get("required") == Some(&Value::Bool(true));
        Some((one.get("name")?.as_str()?.to_owned(), needed))
    });
    let body = call.get("requestBody").map(|body| resolved(document, body));
    let kinds = body.and_then(|body| body.get("content")?.as_object()).into_iter().flatten();
    let bodies = kinds.map(|(kind, content)| {
        let schema = content.get("schema").filter(|schema| schema.is_object());
        let schema = schema.map(|schema| Schema {
            text: resolved(document, schema).clone(),
            components: Arc::clone(components),
            read: OnceLock::new(),
        });
        (kind.clone(), schema)
    });
    Call {
        template: path.split('?').next().unwrap_or(path).split('/').map(str::to_owned).collect(),
        query: query.collect(),
        bodies: bodies.collect(),
        body_required: body.and_then(|body| body.get("required")) == Some(&Value::Bool(true)),
    }
}
