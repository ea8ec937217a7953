//! The environment: every key as a variable.

use std::collections::BTreeMap;

use crate::check::check;
use crate::fault::{Fault, Gathered, Place};
use crate::key::{Key, Table};
use crate::load::{Found, Origin};
use crate::nearest::advice;
use crate::read::{is_table_name, path_of};
use crate::tables::TABLES;
use crate::text::value;

/// What every variable begins with.
const BEGIN: &str = "QUELL_";
/// Variables that other parts of the program read.
const OTHERS: &[&str] = &["QUELL_CONFIG", "QUELL_SERVER", "QUELL_TOKEN"];

/// The variable of a key.
pub(crate) fn variable(table: &Table, name: &str, key: &Key) -> String {
    let path = path_of(table, name, key.name);
    format!("{BEGIN}{}", path.to_uppercase().replace(['.', '-'], "_"))
}

/// Reads the variables into what was found, over what the file says.
pub(crate) fn read(
    variables: &BTreeMap<String, String>,
    formats: &[&str],
    found: &mut Found,
    faults: &mut Gathered,
) {
    // A key's own variable goes over its second one.
    let (own, second): (Vec<_>, Vec<_>) = variables
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .filter(|(name, _)| name.starts_with(BEGIN) || second(name).is_some())
        .partition(|(name, _)| second(name).is_none());
    for (name, text) in second.into_iter().chain(own) {
        let Some((table, instance, key)) = target(name) else {
            if !OTHERS.contains(&name.as_str()) {
                found.unknown.push(name.clone());
            }
            continue;
        };
        let place = Place::Environment(name.clone());
        found.table(table, &instance, &place);
        match value(key.kind, text).and_then(|value| check(key, value, formats)) {
            Ok(value) => {
                found.value((table, &instance, key), value, Origin::Environment(name.clone()));
            }
            Err(wrong) => {
                let path = path_of(table, &instance, key.name);
                let fault = Fault { place, key: path, problem: wrong.problem, help: wrong.help };
                // Other programs read variables that are not ours, perhaps in other forms.
                if name.starts_with(BEGIN) {
                    found.wrong((table, &instance, key));
                    faults.error(fault);
                } else {
                    faults.warning(fault);
                }
            }
        }
    }
}

fn second(variable: &str) -> Option<(&'static Table, &'static Key)> {
    TABLES
        .iter()
        .flat_map(|table| table.keys.iter().map(move |key| (table, key)))
        .find(|(_, key)| key.variable == Some(variable))
}

/// The key that a variable sets.
fn target(variable: &str) -> Option<(&'static Table, String, &'static Key)> {
    if let Some((table, key)) = second(variable) {
        return Some((table, String::new(), key));
    }
    let rest = variable.strip_prefix(BEGIN)?;
    TABLES.iter().find_map(|table| {
        let rest = rest.strip_prefix(&table.name.to_uppercase())?.strip_prefix('_')?;
        table.keys.iter().find_map(|key| {
            let begin = rest.strip_suffix(&key.name.to_uppercase())?;
            if table.named.is_none() {
                return begin.is_empty().then(|| (table, String::new(), key));
            }
            let name = begin.strip_suffix('_')?;
            let small = name.to_lowercase().replace('_', "-");
            let whole = name.bytes().all(|b| !b.is_ascii_lowercase()) && is_table_name(&small);
            whole.then_some((table, small, key))
        })
    })
}

/// A variable that looks like one of ours and sets nothing.
pub(crate) fn unknown(name: &str) -> Fault {
    let known = TABLES.iter().flat_map(|table| {
        let instance = instance_in(name, table);
        table.keys.iter().map(move |key| variable(table, &instance, key))
    });
    Fault {
        place: Place::Environment(name.to_owned()),
        key: String::new(),
        problem: "this variable sets nothing".to_owned(),
        help: advice(name, known, "docs/configuration.md lists the keys"),
    }
}

/// The name that a variable seems to give a table.
fn instance_in(variable: &str, table: &Table) -> String {
    let Some(example) = table.named else { return String::new() };
    let begin = format!("{BEGIN}{}_", table.name.to_uppercase());
    let name = variable.strip_prefix(&begin).and_then(|rest| rest.split('_').next());
    name.unwrap_or(example).to_lowercase()
}
