//! Telling the format by content: every shape states its needs, the most specific that is met wins.

use std::io::Read;
use std::sync::OnceLock;

use quell_model::{Scope, Timestamp};
use serde_json::Value;

use super::envelope::build_envelope;
use super::probe::{Probe, probe};
use super::{Input, IntakeError, Limits};
use crate::{Envelope, Index, Need, Shape, Source};

/// How much of the beginning is looked at; more where the first look does not decide.
const LOOKS_BYTES: [usize; 3] = [256 << 10, 4 << 20, 32 << 20];
/// Share of a shape's needs that a document must meet to be called near it.
const NEAR_PER_MILLE: usize = 330;
/// Formats named when none fits.
const MOST_NEAREST: usize = 3;

/// What an input is.
#[derive(Debug)]
pub enum Detected {
    /// A format fits.
    Fits(Fit),
    /// JSON without anything in it, or no byte at all.
    Empty,
    /// No format fits; the sentence names the nearest and what they lack.
    NoFit(String),
}

/// The format that fits.
#[derive(Debug)]
pub struct Fit {
    /// The source.
    pub source: &'static Source,
    /// Its shape.
    pub shape: &'static Shape,
    lines: bool,
    document: Value,
    name: String,
}

/// The format that fits, with when its content was first imported.
#[derive(Debug)]
pub struct Detection {
    /// The source.
    pub source: &'static Source,
    /// Its shape.
    pub shape: &'static Shape,
    pub(super) lines: bool,
    document: Value,
    name: String,
    imported_at: Timestamp,
    index: OnceLock<Index>,
}

impl Fit {
    /// Adds when this content was first imported.
    #[must_use]
    pub fn at(self, imported_at: Timestamp) -> Detection {
        let Self { source, shape, lines, document, name } = self;
        Detection { source, shape, lines, document, name, imported_at, index: OnceLock::new() }
    }
}

impl Detection {
    /// When this content was first imported.
    #[must_use]
    pub const fn imported_at(&self) -> Timestamp {
        self.imported_at
    }

    /// The document around the records.
    #[must_use]
    pub fn envelope(&self) -> Envelope<'_> {
        Envelope {
            document: &self.document,
            imported_at: self.imported_at,
            file_name: &self.name,
            shape: self.shape,
            index: &self.index,
        }
    }

    /// What the whole document covers, where its source can say so.
    #[must_use]
    pub fn coverage(&self) -> Vec<Scope> {
        self.source.coverage.map(|of| of(&self.envelope())).unwrap_or_default()
    }
}

/// Tells what an input is.
///
/// # Errors
/// When it cannot be read, or is no UTF-8 text.
pub fn detect(
    input: &mut Input,
    sources: &[&'static Source],
    limits: &Limits,
) -> Result<Detected, IntakeError> {
    let mut refusal = String::new();
    for look_bytes in LOOKS_BYTES {
        let mut head = Vec::new();
        input.open(limits)?.take(look_bytes as u64 + 1).read_to_end(&mut head)?;
        let cut = head.len() > look_bytes;
        let seen = probe(&head, cut);
        if let Some((source, shape)) = best_fit(&seen, sources) {
            let document = match shape.envelope {
                true => build_envelope(input, shape, seen.lines, limits)?,
                false => Value::Null,
            };
            let name = input.name();
            return Ok(Detected::Fits(Fit { source, shape, lines: seen.lines, document, name }));
        }
        if !cut && is_empty(&seen) {
            return Ok(match broken_at(&head) {
                None => Detected::Empty,
                Some(at) => {
                    Detected::NoFit(format!("it is cut off at byte {at}, before any record"))
                }
            });
        }
        refusal = explain_no_fit(&seen, &head, sources);
        if !seen.cut {
            break;
        }
    }
    Ok(Detected::NoFit(refusal))
}

/// Where a text that holds no record stops being JSON.
fn broken_at(head: &[u8]) -> Option<usize> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut documents =
        serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>();
    loop {
        match documents.next()? {
            Ok(_) => {}
            Err(_) => return Some(documents.byte_offset().max(text.trim_ascii_end().len())),
        }
    }
}

/// Names under which answers hold their records.
const LISTS: &[&str] = &[
    "alerts",
    "assets",
    "data",
    "events",
    "findings",
    "Findings",
    "issues",
    "items",
    "nodes",
    "Records",
    "resources",
    "results",
    "Results",
    "value",
    "vulnerabilities",
];

fn is_empty(seen: &Probe) -> bool {
    let empty = |v: &Value| match v {
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => {
            let no_records = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
            map.is_empty() || LISTS.iter().any(|name| map.get(*name).is_some_and(no_records))
        }
        // Some scanners print `null` for a list without elements.
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    seen.broken_at.is_none() && seen.documents.iter().all(empty)
}

/// The shape with the most needs, of those that are met. The first of equals wins.
fn best_fit(
    seen: &Probe,
    sources: &[&'static Source],
) -> Option<(&'static Source, &'static Shape)> {
    let mut best: Option<(&'static Source, &'static Shape)> = None;
    for source in sources {
        for shape in source.shapes {
            let more = best.is_none_or(|(_, b)| weight(shape) > weight(b));
            if more && seen.documents.iter().any(|d| unmet(shape, d).is_empty()) {
                best = Some((source, shape));
            }
        }
    }
    best
}

/// How much a shape asks for: a value counts for more than a name.
fn weight(shape: &Shape) -> usize {
    let weights = shape.needs.iter().map(|need| match need {
        Need::Has(_) | Need::AnyOf(_) | Need::Array(_) => 2,
        Need::Is(..) | Need::StartsWith(..) => 3,
        Need::Lacks(_) => 1,
        Need::Around(_) => 0,
    });
    weights.sum()
}

/// The needs that a document does not meet.
fn unmet<'s>(shape: &'s Shape, document: &Value) -> Vec<&'s Need> {
    shape.needs.iter().filter(|need| !is_met(need, document)).collect()
}

fn is_met(need: &Need, document: &Value) -> bool {
    match need {
        Need::Has(path) => any(document, path, &|_| true),
        Need::AnyOf(paths) => paths.iter().any(|path| any(document, path, &|_| true)),
        Need::Array(path) => any(document, path, &Value::is_array),
        Need::Is(path, values) => {
            any(document, path, &|v| text(v).is_some_and(|t| values.contains(&t.as_str())))
        }
        Need::StartsWith(path, starts) => any(document, path, &|v| {
            text(v).is_some_and(|t| starts.iter().any(|s| t.starts_with(s)))
        }),
        Need::Lacks(path) => !any(document, path, &|_| true),
        Need::Around(_) => true,
    }
}

fn text(value: &Value) -> Option<String> {
    crate::wire::text_of(value).map(std::borrow::Cow::into_owned)
}

/// Whether any value at the path passes the test.
fn any(document: &Value, path: &str, test: &dyn Fn(&Value) -> bool) -> bool {
    let path = path.strip_prefix('$').unwrap_or(path);
    any_below(document, path.trim_start_matches('.'), test)
}

fn any_below(value: &Value, path: &str, test: &dyn Fn(&Value) -> bool) -> bool {
    if path.is_empty() {
        return test(value);
    }
    if let Some(rest) = path.strip_prefix("[]") {
        let rest = rest.trim_start_matches('.');
        return value.as_array().is_some_and(|list| list.iter().any(|v| any_below(v, rest, test)));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at_checked(end).unwrap_or((path, ""));
    value.get(key).is_some_and(|inner| any_below(inner, rest.trim_start_matches('.'), test))
}

fn explain_no_fit(seen: &Probe, head: &[u8], sources: &[&'static Source]) -> String {
    if seen.documents.is_empty() || (seen.broken_at == Some(0)) {
        return not_json(head, seen.broken_at.unwrap_or(0));
    }
    let mut nearest: Vec<(usize, String)> = Vec::new();
    for source in sources {
        let nearest_shape = source.shapes.iter().filter_map(|shape| near_miss(source, shape, seen));
        nearest.extend(nearest_shape.max_by_key(|(share, _)| *share));
    }
    nearest.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
    // What is far behind the nearest is noise.
    let best = nearest.first().map_or(0, |(share, _)| *share);
    nearest.retain(|(share, _)| *share * 4 >= best * 3);
    let named: Vec<String> = nearest.into_iter().take(MOST_NEAREST).map(|(_, text)| text).collect();
    if named.is_empty() {
        return format!(
            "no format fits this JSON (it has {}); see docs/formats.md for those known",
            keys(seen)
        );
    }
    format!("no format fits; nearest: {}", named.join("; "))
}

/// How near a shape is, in per mille, and what it lacks; `None` where nothing speaks for it.
fn near_miss(source: &Source, shape: &Shape, seen: &Probe) -> Option<(usize, String)> {
    let of_document = |document: &Value| {
        let unmet = unmet(shape, document);
        let asks = |need: &Need| !matches!(need, Need::Lacks(_) | Need::Around(_));
        let positive = shape.needs.iter().filter(|n| asks(n)).count();
        let missing = unmet.iter().filter(|n| asks(n)).count();
        let met = positive.saturating_sub(missing);
        let lacks: Vec<String> = unmet.iter().take(3).map(|need| in_words(need)).collect();
        (met * 1000 / positive.max(1), lacks.join(", "))
    };
    let (share, lacks) = seen.documents.iter().map(of_document).max_by_key(|(share, _)| *share)?;
    (share >= NEAR_PER_MILLE).then(|| (share, format!("{} {} ({lacks})", source.title, shape.name)))
}

fn in_words(need: &Need) -> String {
    match need {
        Need::Has(path) => format!("lacks `{path}`"),
        Need::AnyOf(paths) => format!("lacks any of `{}`", paths.join("`, `")),
        Need::Array(path) => format!("`{path}` is no list"),
        Need::Is(path, values) => format!("`{path}` is not `{}`", values.join("` or `")),
        Need::StartsWith(path, starts) => {
            format!("`{path}` does not start with `{}`", starts.join("` or `"))
        }
        Need::Lacks(path) => format!("has `{path}`, which it should not"),
        Need::Around(path) => format!("may hold `{path}`"),
    }
}

/// The names at the top, for a message.
fn keys(seen: &Probe) -> String {
    let first = seen.documents.first();
    let object = first.and_then(|d| d.as_object().or_else(|| d.as_array()?.first()?.as_object()));
    let Some(object) = object else { return "no named fields".to_owned() };
    let clean = |key: &String| key.chars().filter(|c| !c.is_control()).take(40).collect::<String>();
    let names: Vec<String> = object.keys().take(8).map(clean).collect();
    format!("`{}`", names.join("`, `"))
}

fn not_json(head: &[u8], at: usize) -> String {
    let start: String = String::from_utf8_lossy(head.get(..head.len().min(24)).unwrap_or_default())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let kind = match start.trim_start() {
        "" => "it is no text",
        s if s.starts_with('<') => "it is XML or HTML",
        s if s.contains(',') && !s.contains('{') => "it looks like CSV",
        _ => "it is no JSON",
    };
    format!("no format fits: {kind} (from byte {at}: `{}`); export it as JSON", start.trim())
}
