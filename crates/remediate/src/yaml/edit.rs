//! Edits of one document, each checked by what the text says afterwards.

use serde_json::{Map, Value};

use super::node::{Kind, Node, Step, shown};
use super::{Parsed, splice};

/// One change of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edit {
    /// Makes the value at a path be so. Mappings that are missing on the way are made.
    Set(Vec<Step>, Value),
    /// Adds an element at the end of the list at a path, which is made where it is missing.
    Append(Vec<Step>, Value),
    /// Takes a key or an element away; a mapping or list that has nothing else goes with it.
    Remove(Vec<Step>),
}

impl Edit {
    /// The same edit of something that stands at a path.
    pub(crate) fn below(&self, base: &[Step]) -> Self {
        let at = |path: &[Step]| [base, path].concat();
        match self {
            Self::Set(path, value) => Self::Set(at(path), value.clone()),
            Self::Append(path, value) => Self::Append(at(path), value.clone()),
            Self::Remove(path) => Self::Remove(at(path)),
        }
    }

    /// Data with the edit made in it.
    ///
    /// # Errors
    ///
    /// One sentence that says what hinders it.
    pub(crate) fn upon(&self, data: &Value) -> Result<Value, String> {
        let mut after = data.clone();
        foreseen(&mut after, &settled(data, self)?)?;
        Ok(after)
    }

    /// The place that it is about.
    pub(crate) fn path(&self) -> &[Step] {
        match self {
            Self::Set(path, _) | Self::Append(path, _) | Self::Remove(path) => path,
        }
    }
}

/// Makes an edit in the text of one document.
///
/// # Errors
///
/// One sentence that says what hinders it.
pub(crate) fn apply(text: &str, edit: &Edit) -> Result<String, String> {
    let before = Parsed::read(text, 0)?;
    let root = before.root.as_ref().ok_or("the document is empty")?;
    unshared(root, edit.path())?;
    let edit = &settled(&before.data, edit)?;
    let mut expected = Value::clone(&before.data);
    if !foreseen(&mut expected, edit)? {
        return Ok(text.to_owned());
    }
    let new = splice::splice(text, root, edit)?;
    let path = shown(edit.path());
    let after = Parsed::read(&new, 0)
        .map_err(|_| format!("`{path}` is written in a way that cannot be changed safely"))?;
    if *after.data != expected {
        return Err(format!("`{path}` is written in a way that cannot be changed safely"));
    }
    Ok(new)
}

/// An edit as it is made: a list that is not there is set, and what would be left empty goes too.
fn settled(data: &Value, edit: &Edit) -> Result<Edit, String> {
    match edit {
        Edit::Set(..) => Ok(edit.clone()),
        Edit::Append(path, value) => {
            let there = path.iter().try_fold(data, |value, step| down(value, step));
            match there.filter(|there| !there.is_null()).map(|there| there.as_array()) {
                Some(None) => Err(no_list(path)),
                Some(Some(items)) if !items.is_empty() => Ok(edit.clone()),
                Some(Some(_)) | None => {
                    Ok(Edit::Set(path.clone(), Value::Array(vec![value.clone()])))
                }
            }
        }
        Edit::Remove(path) => {
            let mut path = path.clone();
            while path.len() > 1 && parent_size(data, &path) == Some(1) {
                path.pop();
            }
            Ok(Edit::Remove(path))
        }
    }
}

fn parent_size(data: &Value, path: &[Step]) -> Option<usize> {
    let (_, parent) = path.split_last()?;
    let parent = parent.iter().try_fold(data, |value, step| down(value, step))?;
    parent.as_object().map(Map::len).or_else(|| parent.as_array().map(Vec::len))
}

fn down<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match step {
        Step::Key(key) => value.get(key),
        Step::Item(at) => value.get(at),
    }
}

/// Refuses what would change another place too, or come from one.
fn unshared(root: &Node, path: &[Step]) -> Result<(), String> {
    let mut node = root;
    for (depth, step) in path.iter().enumerate() {
        shared(root, node, path.get(..depth).unwrap_or_default())?;
        let merged = node.entry("<<").is_some();
        match node.step(step) {
            Some(next) => node = next,
            None if merged => {
                let path = shown(path.get(..=depth).unwrap_or_default());
                return Err(format!(
                    "`{path}` may come from a merge key (`<<`), so a person must change it"
                ));
            }
            None => return Ok(()),
        }
    }
    shared(root, node, path)
}

fn shared(root: &Node, node: &Node, path: &[Step]) -> Result<(), String> {
    let path =
        if path.is_empty() { "the document".to_owned() } else { format!("`{}`", shown(path)) };
    if matches!(node.kind, Kind::Alias(_)) {
        return Err(format!("{path} is an alias, so a change would be one of another place too"));
    }
    if node.anchor != 0 && root.uses(node.anchor) {
        return Err(format!("{path} is used at other places through its anchor"));
    }
    if node.tagged {
        return Err(format!("{path} has a YAML tag, so a person must change it"));
    }
    Ok(())
}

/// What the data must be after the edit; false where it is so already.
fn foreseen(data: &mut Value, edit: &Edit) -> Result<bool, String> {
    match edit {
        Edit::Set(path, value) => {
            let place = made(data, path)?;
            let differs = place != value;
            *place = value.clone();
            Ok(differs)
        }
        Edit::Append(path, value) => {
            let place = made(data, path)?;
            let items = place.as_array_mut().ok_or_else(|| no_list(path))?;
            items.push(value.clone());
            Ok(true)
        }
        Edit::Remove(path) => {
            let Some((last, parent)) = path.split_last() else {
                return Err("a whole document cannot be taken away".to_owned());
            };
            let Some(parent) = parent.iter().try_fold(data, |value, step| match step {
                Step::Key(key) => value.get_mut(key),
                Step::Item(at) => value.get_mut(at),
            }) else {
                return Ok(false);
            };
            Ok(taken(parent, last))
        }
    }
}

fn no_list(path: &[Step]) -> String {
    format!("`{}` is no list", shown(path))
}

fn taken(parent: &mut Value, step: &Step) -> bool {
    match (step, parent) {
        (Step::Key(key), Value::Object(fields)) => fields.remove(key).is_some(),
        (Step::Item(at), Value::Array(items)) if *at < items.len() => {
            items.remove(*at);
            true
        }
        (
            Step::Key(_) | Step::Item(_),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => false,
    }
}

/// The place at the end of a path, with mappings made on the way.
fn made<'v>(data: &'v mut Value, path: &[Step]) -> Result<&'v mut Value, String> {
    let mut place = data;
    for (depth, step) in path.iter().enumerate() {
        let here = || shown(path.get(..depth).unwrap_or_default());
        place = match step {
            Step::Key(key) => {
                if place.is_null() {
                    *place = Value::Object(Map::new());
                }
                let fields =
                    place.as_object_mut().ok_or_else(|| format!("`{}` is no mapping", here()))?;
                fields.entry(key.clone()).or_insert(Value::Null)
            }
            Step::Item(at) => {
                place.get_mut(at).ok_or_else(|| format!("`{}` has no element {at}", here()))?
            }
        };
    }
    Ok(place)
}
