//! `set_fields`: fields of the object, its pod's spec or its containers are made so, as the
//! control lists them.
//!
//! `set` has dotted paths; one that meets a list goes on in each of its elements. Besides plain
//! values there are `{ parameter = "kubernetes.x", default = 1 }`, `{ remove = true }` and
//! `{ remove_element = "x" }`. A list keeps the elements that it has.

use serde_json::Value;

use super::{Plan, Recipe, Request, below};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { name: "set_fields", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let mut edits = Vec::new();
    for base in bases(request)? {
        for (path, value) in &request.wish.fix.set {
            let wanted = wanted(request, value)?;
            let here = at(&request.object.data, &base);
            let mut paths = Vec::new();
            spread(here, path, &base, &mut paths);
            for path in paths {
                edits.extend(edit(request, path, &wanted)?);
            }
        }
    }
    // What goes, goes last, so that nothing is left empty before; elements further behind go
    // first, so that the places of the others stay.
    edits.sort_by_key(|edit| (matches!(edit, Edit::Remove(_)), std::cmp::Reverse(last_item(edit))));
    Ok(Plan::Edits(edits))
}

/// What a field is to be.
#[derive(Debug)]
enum Wanted {
    Value(Value),
    Gone,
    Without(Value),
}

/// Where the paths of `set` begin.
fn bases(request: &Request<'_>) -> Result<Vec<Vec<Step>>, String> {
    match request.wish.fix.at.as_deref() {
        None | Some("object") => Ok(vec![Vec::new()]),
        Some("pod_spec") => Ok(vec![request.in_pod_spec("")?]),
        Some("containers") => Ok(request.containers().into_iter().map(|(path, _)| path).collect()),
        Some(other) => Err(format!("the recipe does not know the place `{other}`")),
    }
}

fn wanted(request: &Request<'_>, value: &toml::Value) -> Result<Wanted, String> {
    let json = serde_json::to_value(value).map_err(|error| error.to_string())?;
    if let Some(name) = json.get("parameter").and_then(Value::as_str) {
        let default = json.get("default").cloned().unwrap_or(Value::Null);
        return parameter(request, name, default).map(Wanted::Value);
    }
    if json.get("remove").and_then(Value::as_bool) == Some(true) {
        return Ok(Wanted::Gone);
    }
    if let Some(element) = json.get("remove_element") {
        return Ok(Wanted::Without(element.clone()));
    }
    Ok(Wanted::Value(json))
}

/// A parameter in the type of its default.
pub(super) fn parameter(
    request: &Request<'_>,
    name: &str,
    default: Value,
) -> Result<Value, String> {
    let Some(said) = request.wish.settings.get(name) else { return Ok(default) };
    if default.is_string() {
        return Ok(Value::String(said.to_owned()));
    }
    let value: Option<Value> = serde_json::from_str(said).ok();
    value
        .filter(|value| value.is_number() == default.is_number())
        .ok_or_else(|| format!("the parameter `{name}` must be a value like `{default}`"))
}

fn at<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Item(at) => value.get(at),
    })
}

/// The places that a dotted path means, through every element of the lists on its way.
fn spread(value: Option<&Value>, path: &str, base: &[Step], out: &mut Vec<Vec<Step>>) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let next = value.and_then(|value| value.get(first));
    let base = below(base, first);
    let Some(rest) = rest else { return out.push(base) };
    match next.and_then(Value::as_array) {
        Some(items) => {
            for (at, item) in items.iter().enumerate() {
                let base = [base.as_slice(), &[at.into()]].concat();
                spread(Some(item), rest, &base, out);
            }
        }
        None => spread(next, rest, &base, out),
    }
}

fn edit(request: &Request<'_>, path: Vec<Step>, wanted: &Wanted) -> Result<Vec<Edit>, String> {
    let there = at(&request.object.data, &path);
    match wanted {
        Wanted::Value(Value::Array(items)) if request.wish.keep_elements => {
            let has = there.and_then(Value::as_array);
            let new = items.iter().filter(|item| has.is_none_or(|has| !has.contains(item)));
            Ok(new.map(|item| Edit::Append(path.clone(), item.clone())).collect())
        }
        Wanted::Value(value) => Ok(vec![Edit::Set(path, value.clone())]),
        Wanted::Gone => Ok(there.map(|_| Edit::Remove(path)).into_iter().collect()),
        Wanted::Without(element) => {
            let items = there.and_then(Value::as_array).into_iter().flatten().enumerate();
            let found = items.filter(|(_, item)| *item == element);
            Ok(found
                .map(|(at, _)| Edit::Remove([path.as_slice(), &[at.into()]].concat()))
                .collect())
        }
    }
}

fn last_item(edit: &Edit) -> usize {
    match edit {
        Edit::Remove(path) => match path.last() {
            Some(Step::Item(at)) => at + 1,
            Some(Step::Key(_)) | None => 0,
        },
        Edit::Set(..) | Edit::Append(..) => 0,
    }
}
