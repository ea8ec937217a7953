//! What a vendor may change without a word: each field of each fixture is left out, renamed and of
//! another type once. No run panics, no record vanishes, and what is not taken is told by its path.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::intake::{
    Detected, Detection, Format, Formats, Input, Item, Limits, detect, normalize_batch, read,
};
use crate::{Need, SOURCES};

/// Longest document that is changed: each of its fields is a run of its own.
const MOST_BYTES: usize = 24 << 10;
/// Fields of a document that are changed; of one with more, every so many are.
const MOST_FIELDS: usize = 160;

/// One step on the way to a field.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    At(usize),
}

/// What is done to a field.
#[derive(Debug, Clone, Copy)]
enum Change {
    Delete,
    Rename,
    Retype,
    Number,
}

const CHANGES: [Change; 4] = [Change::Delete, Change::Rename, Change::Retype, Change::Number];

/// The fields of a document, outermost first.
fn fields(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let children: Vec<(Step, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(k, v)| (Step::Key(k.clone()), v)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, v)| (Step::At(i), v)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (step, child) in children {
        path.push(step);
        found.push(path.clone());
        fields(child, path, found);
        path.pop();
    }
}

fn at<'v>(document: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(document, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::At(index) => &mut value[*index],
    })
}

/// The document with one field changed; `None` where the change does not fit the field.
fn changed(document: &Value, path: &[Step], change: Change) -> Option<Value> {
    let mut document = document.clone();
    let (last, before) = path.split_last()?;
    let holder = at(&mut document, before);
    match (change, last) {
        (Change::Delete, Step::Key(key)) => drop(holder.as_object_mut()?.remove(key)),
        (Change::Rename, Step::Key(key)) => {
            let map = holder.as_object_mut()?;
            let value = map.remove(key)?;
            map.insert(format!("{key}_renamed"), value);
        }
        (Change::Delete | Change::Rename, Step::At(_)) => return None,
        (Change::Retype, _) => {
            let value = at(holder, std::slice::from_ref(last));
            *value = match value {
                Value::Object(_) | Value::Array(_) => json!("drifted"),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    json!({"drifted": [true]})
                }
            };
        }
        (Change::Number, _) => {
            let value = at(holder, std::slice::from_ref(last));
            *value = if value.is_object() { json!([value.clone()]) } else { json!(-7) };
        }
    }
    Some(document)
}

/// Each record's reject, or `None` where it was taken.
fn outcomes(text: &str, detection: &Detection) -> Vec<Option<String>> {
    let mut input = Input::bytes("drift".to_owned(), text.as_bytes().to_vec());
    let mut all = Vec::new();
    let summary = read(&mut input, detection, &Limits::default(), &mut |item| {
        match item {
            Item::Batch(batch) => {
                all.extend(
                    normalize_batch(&batch, detection).map(|normalized| normalized.result.err()),
                );
            }
            Item::Reject { reason, .. } => all.push(Some(reason)),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(summary.broke_off, None);
    all
}

/// How a document is read, or why it is not.
fn detected(text: &str) -> Result<Detection, String> {
    let mut input = Input::bytes("drift".to_owned(), text.as_bytes().to_vec());
    match detect(&mut input, Formats::BUILT_IN, &Limits::default()).unwrap() {
        Detected::Fits(fit) => Ok(fit.at("2026-11-01T00:00:00Z".parse().unwrap())),
        Detected::NoFit(reason) => Err(reason),
        Detected::Empty => Err("`$` is empty".to_owned()),
    }
}

/// Whether a reason says where: a path, or a name in backticks.
fn names_a_place(reason: &str) -> bool {
    (reason.contains('$') || reason.contains('`')) && !reason.contains(" column ")
}

/// Whether a reason that tells the place of a wrong type tells that of the field that was changed,
/// or of what is around it.
fn is_about(reason: &str, path: &[Step]) -> bool {
    let Some((_, place)) = reason.rsplit_once(" at `$").filter(|_| reason.contains("invalid type"))
    else {
        return true;
    };
    let mut keys = Vec::new();
    for step in path {
        match step {
            Step::Key(key) => keys.push(key.as_str()),
            Step::At(_) => {}
        }
    }
    // A wrapping (`value`) is told as the field that it wraps.
    let mut near = keys.iter().rev().take(2);
    place.starts_with('`') || keys.is_empty() || near.any(|key| place.contains(key))
}

/// Whether one of a shape's lists may be missing, where nothing of it was found.
fn may_be_bare(detection: &Detection) -> bool {
    match &detection.format {
        // An advisory may be about no vulnerability, and a statement about nothing.
        Format::BuiltIn(source, _) if matches!(source.id, "csaf" | "openvex") => true,
        Format::BuiltIn(_, shape) => {
            shape.records.len() > 1 || shape.needs.iter().any(|need| matches!(need, Need::Bare(_)))
        }
        Format::Mapped(_) => false,
    }
}

/// What is wrong with how a changed document is read, where anything is.
fn fault(text: &str, before: &Detection, (count, path): (usize, &[Step])) -> Option<String> {
    let mut found = outcomes(text, before);
    if found.len() < count {
        // The list itself is another: the document is looked at anew, as each page of a platform is.
        match detected(text) {
            Err(reason) => {
                return (!names_a_place(&reason)).then(|| format!("not known: {reason}"));
            }
            Ok(now) => found = outcomes(text, &now),
        }
    }
    let unnamed = found.iter().flatten().find(|reason| !names_a_place(reason));
    if let Some(reason) = unnamed {
        return Some(format!("names no place: {reason}"));
    }
    let wrong = found.iter().flatten().find(|reason| !is_about(reason, path));
    if let Some(reason) = wrong {
        return Some(format!("names another place: {reason}"));
    }
    let told = found.iter().any(Option::is_some);
    (found.len() < count && !told && !may_be_bare(before))
        .then(|| format!("{} of {count} records", found.len()))
}

/// What is wrong with a document's drift, one line for each change.
fn faults(name: &str, text: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let Ok(detection) = detected(text) else { return Vec::new() };
    let whole = outcomes(text, &detection);
    // What was wrong before the change is not the change's fault.
    let clean = whole.iter().all(Option::is_none);
    let mut paths = Vec::new();
    fields(&document, &mut Vec::new(), &mut paths);
    let step = paths.len() / MOST_FIELDS + 1;
    let mut faults = Vec::new();
    for path in paths.iter().step_by(step) {
        for change in CHANGES {
            let Some(drifted) = changed(&document, path, change) else { continue };
            let path_of_type = if clean { path.as_slice() } else { &[] };
            let found = fault(&drifted.to_string(), &detection, (whole.len(), path_of_type));
            faults.extend(found.map(|fault| format!("{name} {change:?} {path:?}: {fault}")));
        }
    }
    faults
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The fixtures of a source, and the seeds that its inputs are made from. How many there were.
fn check(source: &str) -> usize {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = files(&here.join("src").join(source).join("fixtures"));
    all.extend(files(&here.join("../fuzz/corpus").join(source)));
    let (mut faulty, mut count) = (Vec::new(), 0);
    for file in all {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if text.len() > MOST_BYTES {
            continue;
        }
        count += 1;
        faulty.extend(faults(&file.file_name().unwrap().to_string_lossy(), &text));
    }
    let shown: Vec<&String> = faulty.iter().take(40).collect();
    assert!(faulty.is_empty(), "{source}: {} faults: {shown:#?}", faulty.len());
    count
}

#[test]
fn fields_of_wiz_may_change() {
    assert!(check("wiz") > 5);
}

#[test]
fn fields_of_prisma_may_change() {
    assert!(check("prisma") > 5);
}

#[test]
fn fields_of_orca_may_change() {
    assert!(check("orca") > 5);
}

#[test]
fn fields_of_lacework_may_change() {
    assert!(check("lacework") > 5);
}

#[test]
fn fields_of_every_other_source_may_change() {
    let platforms = ["wiz", "prisma", "orca", "lacework"];
    let others = SOURCES.iter().filter(|source| !platforms.contains(&source.id));
    assert!(others.map(|source| check(source.id)).sum::<usize>() > 50);
}
