//! Takes the inputs of a workflow out.
//!
//! # What it changes
//! `inputs` of `workflow_dispatch`. Where the workflow reads one, the value that the settings name
//! for it from then on (`workflow.input.<path>#<name>`) stands in its place, else the `default` that
//! the workflow itself names. Where other events start the workflow too, an input is empty then, and
//! stays so.
//!
//! # When it is withheld
//! An input is read and nothing names a value for it, a caller of the workflow names it too, or it is
//! read in another way than by its name in an expression.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::{Recipe, Request};
use crate::actions::expression::expressions;
use crate::actions::workflow::events;
use crate::yaml::{Edit, Step, Yaml};

pub(super) const RECIPE: Recipe = Recipe { id: "drop_inputs", plan };

/// An input by its name.
static READ: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(github\.event\.)?\binputs\.([a-z_][a-z0-9_-]*)").ok());

/// A line with a condition, which is an expression without braces.
static CONDITION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(?:-[ \t]+)?if:[ \t].*$").ok());

/// Functions of expressions that take a value as text.
const WRITE: [&str; 6] = ["format(", "tojson(", "contains(", "startswith(", "endswith(", "join("];

const ODD: &str = "the workflow reads its inputs in a way that is not changed: a person must say how \
                   it does without them";

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let data: &Value = request.document.data();
    let inputs = data.pointer("/on/workflow_dispatch/inputs").and_then(Value::as_object);
    let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty()) else { return Ok(None) };
    let lower = request.text.to_ascii_lowercase();
    let whole = ["tojson(inputs)", "tojson(github.event", "tojson(github)", "github_event_path"];
    if whole.iter().chain(&["inputs["]).any(|use_| lower.contains(use_)) {
        return Err(ODD.into());
    }
    let text = braced_lines(request.text);
    let read = parts(&text, inputs);
    if read.is_empty() && !lower.contains("inputs.") {
        return without(request.yaml, data).map(Some);
    }
    called_with(data, &read)?;
    let named = values(request, inputs, &read)?;
    let text = replaced(&text, &read, &named).ok_or(ODD)?;
    let yaml = Yaml::parse(text).map_err(|_| ODD)?;
    let after = yaml.documents().first().map(|document| Value::clone(document.data()));
    let mut expected = data.clone();
    put_in(&mut expected, inputs, &named, false);
    let reads = |text: &str| READ.as_ref().is_none_or(|read| read.is_match(text));
    if after.as_ref() != Some(&expected) || reads(&expected.to_string()) {
        return Err(ODD.into());
    }
    without(&yaml, &expected).map(Some)
}

/// The workflow without its inputs.
fn without(yaml: &Yaml, data: &Value) -> Result<String, String> {
    let path = ["on", "workflow_dispatch", "inputs"].map(Step::from).to_vec();
    let event = data.pointer("/on/workflow_dispatch").and_then(Value::as_object);
    // What starts the workflow must stay, also where nothing else is said of it.
    if event.is_some_and(|event| event.len() == 1) {
        let path = path.get(..2).unwrap_or_default().to_vec();
        return yaml.edited(0, &[Edit::Set(path, Value::Object(Map::new()))]);
    }
    yaml.edited(0, &[Edit::Remove(path)])
}

/// The text in which conditions that begin with an input stand in braces, since a value in quotes
/// at their start would be one of YAML.
fn braced_lines(text: &str) -> String {
    let Some(condition) = CONDITION.as_ref() else { return text.to_owned() };
    let line = |found: &regex::Captures<'_>| {
        let whole = found.get(0).map_or("", |all| all.as_str());
        let (head, rest) = whole.split_at(whole.find("if:").map_or(0, |at| at + 3));
        let blanks = rest.len() - rest.trim_start().len();
        let (blanks, rest) = rest.split_at(blanks);
        let bare = rest.trim_end();
        let end = rest.get(bare.len()..).unwrap_or_default();
        match braced(bare).filter(|_| !bare.contains(" #")) {
            Some(braced) => format!("{head}{blanks}{braced}{end}"),
            None => whole.to_owned(),
        }
    };
    condition.replace_all(text, line).into_owned()
}

/// A condition in braces, where it begins with an input.
fn braced(condition: &str) -> Option<String> {
    let begins = READ.as_ref()?.find(condition)?.start() == 0;
    (begins && !condition.contains("${{")).then(|| format!("${{{{ {condition} }}}}"))
}

/// A place where an input is read.
struct Part {
    range: Range<usize>,
    name: String,
    /// Whether it is read of the event, where every value is text.
    of_event: bool,
    /// Whether it decides something and is written nowhere, not even for a function.
    in_condition: bool,
}

/// Refuses inputs that those who call the workflow give by the same name.
fn called_with(data: &Value, read: &[Part]) -> Result<(), String> {
    let called = data.pointer("/on/workflow_call/inputs").and_then(Value::as_object);
    let both = read.iter().find(|part| {
        let same = |name: &String| name.eq_ignore_ascii_case(&part.name);
        !part.of_event && called.is_some_and(|called| called.keys().any(same))
    });
    match both {
        Some(part) => Err(format!(
            "other workflows call this one with `{}`, so that it must be read: a person must say \
             how it does without it when it is started by hand",
            part.name
        )),
        None => Ok(()),
    }
}

/// Where a text reads inputs, in its expressions and conditions.
fn parts(text: &str, inputs: &Map<String, Value>) -> Vec<Part> {
    let mut inside: Vec<Range<usize>> =
        expressions(text).into_iter().map(|(range, _)| range).collect();
    let mut conditions: Vec<Range<usize>> = Vec::new();
    if let Some(condition) = CONDITION.as_ref() {
        conditions.extend(condition.find_iter(text).map(|found| found.range()));
    }
    inside.extend(conditions.iter().cloned());
    let Some(read) = READ.as_ref() else { return Vec::new() };
    let own = |found: &regex::Captures<'_>| {
        let all = found.get(0)?;
        let name = found.get(2)?.as_str();
        let within = |range: &Range<usize>| range.start <= all.start() && all.end() <= range.end;
        let before = text.get(..all.start())?.chars().next_back();
        let joined = before.is_some_and(|c| c.is_ascii_alphanumeric() || "_.-'".contains(c));
        let name = inputs.keys().find(|own| own.eq_ignore_ascii_case(name))?.clone();
        let of_event = found.get(1).is_some();
        let counts = inside.iter().any(within) && !joined;
        let written = |range: &Range<usize>| {
            let lower = text.get(range.clone()).unwrap_or_default().to_ascii_lowercase();
            WRITE.iter().any(|function| lower.contains(function))
        };
        let in_condition = conditions.iter().any(|range| within(range) && !written(range));
        counts.then(|| Part { range: all.range(), name, of_event, in_condition })
    };
    read.captures_iter(text).filter_map(|found| own(&found)).collect()
}

/// What stands in the place of an input.
struct Written {
    /// Where it is read of the event, as text.
    of_event: String,
    /// Where it is read in its own type.
    own: String,
    /// Whether `own` is the same only where it decides something.
    only_decides: bool,
}

/// What stands in the place of each input.
type Values = BTreeMap<String, Written>;

/// The values that the settings name for the inputs that are read, else their defaults.
fn values(
    request: &Request<'_>,
    inputs: &Map<String, Value>,
    read: &[Part],
) -> Result<Values, String> {
    let parameter = |name: &str| format!("workflow.input.{}#{name}", request.path);
    let by_hand_only = events(request.document.data()) == ["workflow_dispatch"];
    let mut named = Values::new();
    let mut lacking = BTreeSet::new();
    for name in read.iter().map(|part| &part.name) {
        let input = inputs.get(name).unwrap_or(&Value::Null);
        let kind = input.get("type").and_then(Value::as_str);
        let Some(said) = request.wish.settings.get(&parameter(name)) else {
            let default = default(input, kind, by_hand_only).filter(|value| {
                let mut own = read.iter().filter(|part| part.name == *name && !part.of_event);
                own.all(|part| part.in_condition || !value.only_decides)
            });
            match default {
                Some(value) => drop(named.insert(name.clone(), value)),
                None => drop(lacking.insert(format!("`{}`", parameter(name)))),
            }
            continue;
        };
        let (of_event, own) = typed(said, kind).ok_or_else(|| {
            format!("`{}` of the settings is no {}", parameter(name), kind.unwrap_or_default())
        })?;
        if !is_plain(said) {
            return Err(format!("`{}` of the settings is no plain text", parameter(name)));
        }
        named.insert(name.clone(), Written { of_event, own, only_decides: false });
    }
    if lacking.is_empty() {
        return Ok(named);
    }
    let lacking: Vec<String> = lacking.into_iter().collect();
    Err(format!(
        "the workflow reads its inputs: a person must say which value each has from now on, or how \
         it does without them ({})",
        lacking.join(" and ")
    ))
}

/// Whether a value means the same within an expression, a script and YAML.
fn is_plain(said: &str) -> bool {
    !said.contains(['\n', '\r', '"', '\\', '{', '}', '$', '#'])
}

/// A value as an expression writes it: as text, and in the type of its input.
fn typed(said: &str, kind: Option<&str>) -> Option<(String, String)> {
    let text = format!("'{}'", said.replace('\'', "''"));
    let own = match kind {
        Some("boolean") => said.parse::<bool>().ok()?.to_string(),
        Some("number") => said.parse::<i64>().ok()?.to_string(),
        Some(_) | None => text.clone(),
    };
    Some((text, own))
}

/// The default that a workflow names for an input, as it counts when somebody starts it by hand.
/// Whatever else starts it has no inputs, which counts as an empty text.
fn default(input: &Value, kind: Option<&str>, by_hand_only: bool) -> Option<Written> {
    let said = match input.get("default")? {
        Value::String(said) => said.clone(),
        Value::Bool(said) => said.to_string(),
        Value::Number(said) => said.as_i64()?.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let (of_event, own) = typed(&said, kind).filter(|_| is_plain(&said))?;
    if by_hand_only || said.is_empty() {
        return Some(Written { of_event, own, only_decides: false });
    }
    let only_decides = ["false", "0"].contains(&own.as_str());
    let then = |value: &str| format!("(github.event_name == 'workflow_dispatch' && {value} || '')");
    Some(Written { of_event: then(&of_event), own: then(&own), only_decides })
}

/// The text with values in place of inputs.
fn replaced(text: &str, parts: &[Part], named: &Values) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        let value = named.get(&part.name)?;
        out.push_str(text.get(at..part.range.start)?);
        out.push_str(if part.of_event { &value.of_event } else { &value.own });
        at = part.range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// The same in what a workflow says; the text below `if` is an expression as a whole.
fn put_in(value: &mut Value, inputs: &Map<String, Value>, named: &Values, condition: bool) {
    match value {
        Value::String(text) => {
            let head = if condition { "if: " } else { "" };
            let own = braced(text).filter(|_| condition).unwrap_or_else(|| text.clone());
            let whole = format!("{head}{own}");
            let made = replaced(&whole, &parts(&whole, inputs), named);
            if let Some(new) = made.and_then(|new| new.strip_prefix(head).map(str::to_owned)) {
                *text = new;
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| put_in(item, inputs, named, false));
        }
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(key, value)| put_in(value, inputs, named, key == "if"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with, refuse};

    const FIX: &str = "recipe = 'drop_inputs'";

    #[test]
    fn inputs_that_nothing_reads_go() {
        check(
            FIX,
            "on:\n  workflow_dispatch:\n    inputs:\n      a:\n        default: b\njobs:\n  a:\n    runs-on: x\n",
            "on:\n  workflow_dispatch: {}\njobs:\n  a:\n    runs-on: x\n",
        );
    }

    #[test]
    fn inputs_that_are_read_are_a_question() {
        refuse(
            FIX,
            "on:\n  workflow_dispatch:\n    inputs:\n      a:\n        type: string\njobs:\n  a:\n    runs-on: ${{ inputs.a }}\n",
            "`workflow.input..github/workflows/a.yml#a`",
        );
    }

    #[test]
    fn a_value_that_the_settings_name_stands_for_an_input() {
        let said = [
            ("workflow.input..github/workflows/a.yml#level", "it's"),
            ("workflow.input..github/workflows/a.yml#dry", "true"),
        ];
        let inputs = "    inputs:\n      level: {default: x}\n      dry: {type: boolean}\n";
        let jobs = "jobs:\n  a:\n    if: inputs.level == 'x' && !inputs.dry\n    runs-on: x\n    steps:\n      - run: echo ${{ inputs.LEVEL }} ${{ github.event.inputs.dry }}\n      # about inputs\n      - if: ${{ !inputs.dry }}\n        run: x\n";
        let after = "jobs:\n  a:\n    if: ${{ 'it''s' == 'x' && !true }}\n    runs-on: x\n    steps:\n      - run: echo ${{ 'it''s' }} ${{ 'true' }}\n      # about inputs\n      - if: ${{ !true }}\n        run: x\n";
        let before = format!("on:\n  workflow_dispatch:\n{inputs}{jobs}");
        check_with(FIX, &said, &before, &format!("on:\n  workflow_dispatch: {{}}\n{after}"));
    }

    const STARTED: &str = "on:\n  workflow_dispatch:\n    inputs:\n      tag: {default: v1}\n      dry: {type: boolean, default: false}\n      count: {type: number, default: 5}\n";
    const READS: &str = "jobs:\n  a:\n    if: ${{ !inputs.dry }}\n    runs-on: x\n    steps:\n      - run: echo ${{ inputs.tag }} ${{ github.event.inputs.dry }} ${{ inputs.count }}\n";

    #[test]
    fn a_default_stands_for_an_input() {
        let after = "on:\n  workflow_dispatch: {}\njobs:\n  a:\n    if: ${{ !false }}\n    runs-on: x\n    steps:\n      - run: echo ${{ 'v1' }} ${{ 'false' }} ${{ 5 }}\n";
        check(FIX, &format!("{STARTED}{READS}"), after);
    }

    #[test]
    fn what_another_event_starts_still_has_no_inputs() {
        let by_hand =
            |value: &str| format!("(github.event_name == 'workflow_dispatch' && {value} || '')");
        let after = format!(
            "on:\n  workflow_dispatch: {{}}\n  push:\njobs:\n  a:\n    if: ${{{{ !{} }}}}\n    runs-on: x\n    steps:\n      - run: echo ${{{{ {} }}}} ${{{{ {} }}}} ${{{{ {} }}}}\n",
            by_hand("false"),
            by_hand("'v1'"),
            by_hand("'false'"),
            by_hand("5"),
        );
        check(FIX, &format!("{STARTED}  push:\n{READS}"), &after);
        // A truth that is written would be written as nothing.
        let written = READS.replace("inputs.tag", "inputs.dry");
        refuse(FIX, &format!("{STARTED}  push:\n{written}"), "#dry`");
        let written = READS.replace("!inputs.dry", "format('{0}', inputs.dry) == 'false'");
        refuse(FIX, &format!("{STARTED}  push:\n{written}"), "#dry`");
    }

    #[test]
    fn what_callers_give_stays() {
        let called = "  workflow_call:\n    inputs:\n      tag: {type: string}\n";
        refuse(FIX, &format!("{STARTED}{called}{READS}"), "call this one with `tag`");
    }

    #[test]
    fn inputs_that_are_read_otherwise_are_a_question() {
        let text = |read: &str| {
            format!(
                "on:\n  workflow_dispatch:\n    inputs: {{a: {{}}}}\njobs:\n  a:\n    runs-on: x\n    env: {{X: \"{read}\"}}\n"
            )
        };
        refuse(FIX, &text("${{ toJSON(inputs) }}"), "in a way that is not changed");
        refuse(FIX, &text("${{ inputs[matrix.x] }}"), "in a way that is not changed");
    }
}
