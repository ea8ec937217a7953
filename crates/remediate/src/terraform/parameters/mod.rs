//! Values that need a choice: taken from the repository, from the user's settings, or from the
//! default that the control documents; else asked for.
//!
//! A value `{ parameter = "aws.kms_key", … }` may say:
//! - `existing`: types of blocks of the module that can be used, of which there must be one
//! - `attribute`: what of that block is meant (`arn`); `id` where not said
//! - `named`: a pattern that the block's name or what it makes must fit
//! - `without`: arguments that such a block must not have
//! - `default`: the value where nothing else says one
//! - `ask`: what a person must say, for the sentence that is shown where nothing does
//! - `pattern` and `looks`: what a setting must look like, and how that is called
//! - `list`: a setting holds several values, with commas between
//! - `each`: the setting is said by `file`, or by `block` for a resource that is made once
//!
//! Every setting can be said for a file or a folder, or for one block of a file.
//!
//! `{ expr = "…" }` may hold `{self}` for the resource's own address and `{name}` for its name.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use toml::{Table, Value};

use super::locate::literal_names;
use super::recipes::Request;
use super::{Resource, resolve};
use crate::Config;

mod said;

/// The values with every parameter replaced.
///
/// # Errors
///
/// One sentence that says which value a person must give.
pub(super) fn resolved(
    request: &Request<'_>,
    set: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, String> {
    set.iter().map(|(path, one)| Ok((path.clone(), value(request, path, one)?))).collect()
}

fn value(request: &Request<'_>, path: &str, one: &Value) -> Result<Value, String> {
    match one {
        Value::Table(table) => match table.get("parameter").and_then(Value::as_str) {
            Some(name) => parameter(request, path, name, table),
            None => {
                let fields = table.iter().map(|(key, one)| {
                    let one = if key == "expr" {
                        expression(request, one)
                    } else {
                        value(request, path, one)?
                    };
                    Ok((key.clone(), one))
                });
                Ok(Value::Table(fields.collect::<Result<Table, String>>()?))
            }
        },
        Value::Array(items) => {
            let items = items.iter().map(|one| value(request, path, one));
            Ok(Value::Array(items.collect::<Result<_, String>>()?))
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => Ok(one.clone()),
    }
}

/// An expression with the resource's own address and name put in.
fn expression(request: &Request<'_>, one: &Value) -> Value {
    let Some(text) = one.as_str() else { return one.clone() };
    let (_, own) = alike(&request.resource);
    Value::String(text.replace("{self}", &own).replace("{name}", request.resource.name()))
}

/// How a block that belongs to a resource is repeated alike, and what refers to the resource there.
pub(super) fn alike(resource: &Resource<'_>) -> (Option<(&'static str, String)>, String) {
    let address = resource.address();
    if let Some(count) = text_of(resource, "count") {
        let own = format!("{address}[count.index]");
        // By the same number where it is plain, which more tools follow.
        let count = if is_plain(count) { count.to_owned() } else { format!("length({address})") };
        return (Some(("count", count)), own);
    }
    match text_of(resource, "for_each") {
        // By the same keys where they are short, which more tools follow.
        Some(each) if is_short(each) => {
            (Some(("for_each", each.to_owned())), format!("{address}[each.key]"))
        }
        Some(_) => (Some(("for_each", address)), "each.value".to_owned()),
        None => (None, address),
    }
}

/// The source text of an attribute's value.
pub(super) fn text_of<'r>(resource: &Resource<'r>, name: &str) -> Option<&'r str> {
    let attribute = resource.block.body.get_attribute(name)?;
    resource.file.text.get(resource.file.span(&attribute.value)?)
}

/// Whether an expression is made of variables, locals and plain values, on one line.
fn is_plain(text: &str) -> bool {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let known = |word: &str| {
        let is_value =
            word.chars().all(|c| c.is_ascii_digit()) || ["true", "false"].contains(&word);
        is_value || ["var.", "local."].iter().any(|root| word.starts_with(root))
    };
    let sign = |c: char| c.is_ascii_alphanumeric() || " ._-?:!&|=<>".contains(c);
    text.chars().all(sign) && words.filter(|word| !word.is_empty()).all(known)
}

/// Whether an expression is a name, maybe made a set (`toset(var.names)`).
fn is_short(text: &str) -> bool {
    let inner = text.strip_prefix("toset(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    inner.chars().all(plain) && ["var.", "local."].iter().any(|root| inner.starts_with(root))
}

fn parameter(
    request: &Request<'_>,
    path: &str,
    name: &str,
    table: &Table,
) -> Result<Value, String> {
    let default = table.get("default");
    let asked = said::asked(request, name, table)?;
    if let Some(said) = said::value(request, &asked, table)? {
        return Ok(said);
    }
    if let Some(alike) = of_neighbours(request, path) {
        return Ok(alike);
    }
    let found = existing(request, table)?;
    if let [one] = found.as_slice() {
        let attribute = table.get("attribute").and_then(Value::as_str).unwrap_or("id");
        return Ok(written(format!("{}.{attribute}", one.address())));
    }
    if let Some(default) = default {
        return Ok(default.clone());
    }
    let ask = table.get("ask").and_then(Value::as_str).unwrap_or("which value it should be");
    let several = match found.as_slice() {
        [first, second, ..] => {
            format!("; both {} and {} could be meant", first.address(), second.address())
        }
        _ => String::new(),
    };
    let name = asked.name();
    Err(format!("a person must say {ask}: set `{name}` below `[fix.parameters]`{several}"))
}

/// An expression as a value.
fn written(text: String) -> Value {
    Value::Table([("expr".to_owned(), Value::String(text))].into_iter().collect())
}

/// The value that every other block of the type in the module has, where they all agree on one
/// and it names another block or a variable.
fn of_neighbours(request: &Request<'_>, path: &str) -> Option<Value> {
    if path.contains('.') {
        return None;
    }
    let Request { repository, resource, .. } = request;
    let kind = resource.kind();
    let mut texts = BTreeSet::new();
    for other in repository.module_resources(resource.file.folder()) {
        let same = other.has_address(&resource.address());
        let attribute = other.block.body.get_attribute(path).filter(|_| other.is(&kind) && !same);
        if let Some(span) = attribute.and_then(|attribute| other.file.span(&attribute.value)) {
            texts.insert(other.file.text.get(span)?);
        }
    }
    let [text] = texts.into_iter().collect::<Vec<_>>().try_into().ok()?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let names = text.contains('.') && text.chars().all(plain) && !text.starts_with("each.");
    let names = names && text.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
    names.then(|| written(text.to_owned()))
}

/// Blocks of the module that can be used.
fn existing<'r>(request: &Request<'r>, table: &Table) -> Result<Vec<Resource<'r>>, String> {
    let kinds: Vec<&str> = match table.get("existing") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(
            Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Table(_),
        )
        | None => Vec::new(),
    };
    let pattern = table.get("named").and_then(Value::as_str).map(Regex::new);
    let pattern = pattern.transpose().map_err(|_| "the recipe's pattern is none".to_owned())?;
    let without: Vec<&str> = match table.get("without").and_then(Value::as_array) {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    let Request { repository, resource, .. } = *request;
    let fits = |one: &Resource<'r>| {
        let body = &one.block.body;
        let lone = !body.has_attribute("count") && !body.has_attribute("for_each");
        let plain = without.iter().all(|name| !body.has_attribute(name));
        let own = one.has_address(&resource.address());
        let named = pattern.as_ref().is_none_or(|pattern| {
            let made = literal_names(repository, one);
            pattern.is_match(one.name()) || made.iter().any(|name| pattern.is_match(name))
        });
        kinds.iter().any(|kind| one.is(kind)) && lone && plain && !own && named
    };
    let found: Vec<Resource<'r>> =
        repository.module_resources(resource.file.folder()).filter(fits).collect();
    Ok(found.into_iter().filter(|one| !depends(request, one)).collect())
}

/// Whether a block refers to the resource, so that a reference to it would be a circle.
fn depends(request: &Request<'_>, one: &Resource<'_>) -> bool {
    let address = request.resource.address();
    mentions(&resolve::resource(request.repository, one), &address)
}

fn mentions(config: &Config, wanted: &str) -> bool {
    match config {
        Config::Reference { address, .. } => address == wanted,
        Config::List(items) => items.iter().any(|item| mentions(item, wanted)),
        Config::Object(fields) => fields.values().any(|field| mentions(field, wanted)),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Partly(_)
        | Config::Unknown => false,
    }
}
