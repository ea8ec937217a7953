//! Values that need a choice: taken from the repository, from the user's settings, or from the
//! default that the control documents; else asked for.
//!
//! A value `{ parameter = "aws.kms_key", … }` may say:
//! - `existing`: types of blocks of the module that can be used, of which there must be one
//! - `attribute`: what of that block is meant (`arn`); `id` where not said
//! - `named`: a pattern that the block's name or what it makes must fit
//! - `without`: arguments that such a block must not have
//! - `default`: the value where nothing else says one
//! - `make`: blocks to add where none can be used, each `{ block = "aws_kms_key", set = { … } }`;
//!   the last one is what is meant, and one with `shared = true` is added only where none stands
//! - `ask`: what a person must say, for the sentence that is shown where nothing does
//!
//! `{ expr = "…" }` may hold `{self}` for the resource's own address and `{name}` for its name.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use toml::{Table, Value};

use super::locate::literal_names;
use super::recipes::Request;
use super::render::{self, Layout, Wanted};
use super::{Resource, resolve};
use crate::Config;

/// Values with every parameter replaced, and the blocks that they need beside them.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) values: BTreeMap<String, Value>,
    pub(super) blocks: Vec<NewBlock>,
    /// Parameter → the address of the block made for it.
    made: BTreeMap<String, String>,
}

/// A block to add.
#[derive(Debug)]
pub(super) struct NewBlock {
    address: String,
    head: String,
    tree: BTreeMap<String, Wanted>,
}

impl NewBlock {
    /// `aws_kms_key.logs`.
    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    /// The block's text.
    pub(super) fn render(&self, layout: Layout<'_>) -> String {
        render::block(&self.head, &[], &self.tree, "", layout)
    }
}

/// The values with every parameter replaced.
///
/// # Errors
///
/// One sentence that says which value a person must give.
pub(super) fn resolved(
    request: &Request<'_>,
    set: &BTreeMap<String, Value>,
) -> Result<Resolved, String> {
    let mut resolved = Resolved::default();
    for (path, one) in set {
        let one = value(request, path, one, &mut resolved)?;
        resolved.values.insert(path.clone(), one);
    }
    Ok(resolved)
}

fn value(
    request: &Request<'_>,
    path: &str,
    one: &Value,
    resolved: &mut Resolved,
) -> Result<Value, String> {
    match one {
        Value::Table(table) => match table.get("parameter").and_then(Value::as_str) {
            Some(name) => parameter(request, path, (name, table), resolved),
            None => {
                let mut fields = Table::new();
                for (key, one) in table {
                    let one = match key.as_str() {
                        "expr" => expression(request, one),
                        _ => value(request, path, one, resolved)?,
                    };
                    fields.insert(key.clone(), one);
                }
                Ok(Value::Table(fields))
            }
        },
        Value::Array(items) => {
            let items = items.iter().map(|one| value(request, path, one, resolved));
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
    let body = &request.resource.block.body;
    let address = request.resource.address();
    let own = if body.has_attribute("count") {
        format!("{address}[count.index]")
    } else if body.has_attribute("for_each") {
        "each.value".to_owned()
    } else {
        address
    };
    Value::String(text.replace("{self}", &own).replace("{name}", request.resource.name()))
}

fn parameter(
    request: &Request<'_>,
    path: &str,
    (name, table): (&str, &Table),
    resolved: &mut Resolved,
) -> Result<Value, String> {
    let default = table.get("default");
    if let Some(said) = request.wish.settings.get(name) {
        return Ok(typed(said, default));
    }
    if let Some(alike) = of_neighbours(request, path) {
        return Ok(alike);
    }
    let found = existing(request, table)?;
    let attribute = table.get("attribute").and_then(Value::as_str).unwrap_or("id");
    if let [one] = found.as_slice() {
        return Ok(written(format!("{}.{attribute}", one.address())));
    }
    if let Some(default) = default {
        return Ok(default.clone());
    }
    if let Some(address) = resolved.made.get(name) {
        return Ok(written(format!("{address}.{attribute}")));
    }
    if let (Some(make), []) = (table.get("make").and_then(Value::as_array), found.as_slice())
        && let Some(address) = made(request, make, &mut resolved.blocks)?
    {
        resolved.made.insert(name.to_owned(), address.clone());
        return Ok(written(format!("{address}.{attribute}")));
    }
    let ask = table.get("ask").and_then(Value::as_str).unwrap_or("which value it should be");
    let several = match found.as_slice() {
        [first, second, ..] => {
            format!("; both {} and {} could be meant", first.address(), second.address())
        }
        _ => String::new(),
    };
    Err(format!("a person must say {ask}: set `{name}` below `[fix.parameters]`{several}"))
}

/// The blocks that a parameter has made; the address of the last one.
fn made(
    request: &Request<'_>,
    make: &[Value],
    blocks: &mut Vec<NewBlock>,
) -> Result<Option<String>, String> {
    let mut last = None;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for one in make.iter().filter_map(Value::as_table) {
        let text = |key: &str| one.get(key).and_then(Value::as_str);
        let kind = text("block").ok_or("the recipe makes a block without a type")?;
        let shared = one.get("shared").and_then(Value::as_bool) == Some(true);
        let folder = request.resource.file.folder();
        let files = request.repository.module_files(folder);
        let own: Vec<Resource<'_>> =
            files.flat_map(Resource::judged_in).filter(|one| one.is(kind)).collect();
        if let (true, Some(stands)) = (shared, own.iter().find(|one| is_plain(one))) {
            names.insert(kind.to_owned(), stands.address());
            continue;
        }
        let base = text("name").unwrap_or_else(|| request.resource.name());
        let taken = |name: &str| own.iter().any(|one| one.name() == name);
        let free = (1..100).map(|n| if n == 1 { base.to_owned() } else { format!("{base}_{n}") });
        let name = free.into_iter().find(|name| !taken(name)).ok_or("no free name is left")?;
        let address = format!("{kind}.{name}");
        let mut set = BTreeMap::new();
        for (key, value) in one.get("set").and_then(Value::as_table).into_iter().flatten() {
            set.insert(key.clone(), with_names(expressions(request, value), &names));
        }
        let head = match kind.split_once('.') {
            Some((ident, kind)) => format!("{ident} \"{kind}\" \"{name}\""),
            None => format!("resource \"{kind}\" \"{name}\""),
        };
        blocks.push(NewBlock { address: address.clone(), head, tree: render::wanted(&set)? });
        names.insert(kind.to_owned(), address.clone());
        last = Some(address);
    }
    Ok(last)
}

/// Whether a block reads one thing, whatever is asked of it.
fn is_plain(one: &Resource<'_>) -> bool {
    one.block.body.is_empty()
}

/// A value with the resource's own address and name put in.
fn expressions(request: &Request<'_>, value: &Value) -> Value {
    match value {
        Value::Table(table) if table.len() == 1 => match table.get("expr") {
            Some(text) => {
                let expression = ("expr".to_owned(), expression(request, text));
                Value::Table([expression].into_iter().collect())
            }
            None => value.clone(),
        },
        Value::String(text) => Value::String(text.replace("{name}", request.resource.name())),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => value.clone(),
    }
}

/// An expression in which `{data.aws_caller_identity}` stands for the block made of that type.
fn with_names(value: Value, names: &BTreeMap<String, String>) -> Value {
    let Some(text) = value.get("expr").and_then(Value::as_str) else { return value };
    let replaced = names.iter().fold(text.to_owned(), |text, (kind, address)| {
        text.replace(&format!("{{{kind}}}"), address)
    });
    written(replaced)
}

/// An expression as a value.
fn written(text: String) -> Value {
    Value::Table([("expr".to_owned(), Value::String(text))].into_iter().collect())
}

/// A setting's text as the type that the default has.
fn typed(said: &str, default: Option<&Value>) -> Value {
    let text = || Value::String(said.to_owned());
    match default {
        Some(Value::Integer(_)) => said.parse().map_or_else(|_| text(), Value::Integer),
        Some(Value::Boolean(_)) => said.parse().map_or_else(|_| text(), Value::Boolean),
        Some(Value::Float(_)) => said.parse().map_or_else(|_| text(), Value::Float),
        Some(Value::String(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_)) | None => {
            text()
        }
    }
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
        Config::Null | Config::Bool(_) | Config::Number(_) | Config::Text(_) | Config::Unknown => {
            false
        }
    }
}
