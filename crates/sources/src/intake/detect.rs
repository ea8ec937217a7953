//! Telling the format by content: every shape states its needs, the most specific that is met wins.

use std::io::Read;
use std::sync::OnceLock;

use quell_model::{Scope, Timestamp};
use serde_json::Value;

use super::envelope::build_envelope;
use super::input::is_cut_off;
use super::probe::{Layout, Probe, doubtful_table, probe};
use super::{Format, Formats, Input, IntakeError, Limits};
use crate::path::any;
use crate::wire::plain;
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
    /// What reads it.
    pub format: Format,
    layout: Layout,
    document: Value,
    name: String,
}

/// The format that fits, with when its content was first imported.
#[derive(Debug)]
pub struct Detection {
    /// What reads it.
    pub format: Format,
    pub(super) layout: Layout,
    document: Value,
    name: String,
    imported_at: Timestamp,
    index: OnceLock<Index>,
}

impl Fit {
    /// Adds when this content was first imported.
    #[must_use]
    pub fn at(self, imported_at: Timestamp) -> Detection {
        let Self { format, layout, document, name } = self;
        Detection { format, layout, document, name, imported_at, index: OnceLock::new() }
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
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// The document around the records, as a shape's normalizer is given it.
    pub(super) fn envelope(&self, shape: &'static Shape) -> Envelope<'_> {
        Envelope {
            document: &self.document,
            imported_at: self.imported_at,
            file_name: &self.name,
            shape,
            index: &self.index,
        }
    }

    /// What the whole document covers, where its source can say so.
    #[must_use]
    pub fn coverage(&self) -> Vec<Scope> {
        match &self.format {
            Format::BuiltIn(source, shape) => {
                source.coverage.map(|of| of(&self.envelope(shape))).unwrap_or_default()
            }
            Format::Mapped(_) => Vec::new(),
        }
    }
}

/// Tells what an input is.
///
/// # Errors
/// When it cannot be read, or is no UTF-8 text.
pub fn detect(
    input: &mut Input,
    formats: Formats<'_>,
    limits: &Limits,
) -> Result<Detected, IntakeError> {
    let mut refusal = String::new();
    for look_bytes in LOOKS_BYTES {
        let head = head_of(input, look_bytes, limits)?;
        let cut = head.len() > look_bytes;
        let (seen, fit) = best_probe(&head, cut, formats);
        if let Some(format) = fit {
            if !cut && seen.is_bare_table {
                return Ok(Detected::Empty);
            }
            let document = match &format {
                Format::BuiltIn(_, shape) if shape.envelope => {
                    build_envelope(input, shape, &seen.layout, limits)?
                }
                Format::BuiltIn(..) | Format::Mapped(_) => Value::Null,
            };
            let name = input.name();
            return Ok(Detected::Fits(Fit { format, layout: seen.layout, document, name }));
        }
        if !cut && is_empty(&seen) {
            return Ok(match broken_at(&head) {
                None => Detected::Empty,
                Some(at) => {
                    Detected::NoFit(format!("it is cut off at byte {at}, before any record"))
                }
            });
        }
        refusal = explain_no_fit(&seen, &head, formats.sources);
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
    "Events",
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

/// The beginning of an input, and one byte more where there is one. An input that breaks off
/// is known by what stands before that.
fn head_of(input: &mut Input, most: usize, limits: &Limits) -> Result<Vec<u8>, IntakeError> {
    let mut head = Vec::new();
    match input.open(limits)?.take(most as u64 + 1).read_to_end(&mut head) {
        Err(error) if head.is_empty() || !is_cut_off(&error) => Err(error.into()),
        Ok(_) | Err(_) => Ok(head),
    }
}

/// What a beginning is, and what reads it. A text whose first line is the header of a known table
/// is one, whatever its first rows look like.
fn best_probe(head: &[u8], cut: bool, formats: Formats<'_>) -> (Probe, Option<Format>) {
    let seen = probe(head, cut);
    let fit = best_fit(&seen, formats);
    let doubtful = || {
        let seen = doubtful_table(head, cut)?;
        let fit = best_fit(&seen, formats)?;
        Some((seen, Some(fit)))
    };
    if fit.is_some() { (seen, fit) } else { doubtful().unwrap_or((seen, None)) }
}

/// The user's map that fits, else the shape with the most needs of those that are met. The first
/// of equals wins.
fn best_fit(seen: &Probe, formats: Formats<'_>) -> Option<Format> {
    if let Some(map) = formats.maps.iter().find(|map| seen.documents.iter().any(|d| map.fits(d))) {
        return Some(Format::Mapped(std::sync::Arc::clone(map)));
    }
    let mut best: Option<(&'static Source, &'static Shape)> = None;
    for source in formats.sources {
        for shape in shapes(source, seen) {
            let more = best.is_none_or(|(_, b)| weight(shape) > weight(b));
            if more && seen.documents.iter().any(|d| unmet(shape, d).is_empty()) {
                best = Some((source, shape));
            }
        }
    }
    best.map(|(source, shape)| Format::BuiltIn(source, shape))
}

/// The shapes of a source that are of the kind seen: tables, or not.
fn shapes(source: &'static Source, seen: &Probe) -> impl Iterator<Item = &'static Shape> {
    let table = matches!(seen.layout, Layout::Table(_));
    source.shapes.iter().filter(move |shape| shape.is_table() == table)
}

/// How much a shape asks for: a value counts for more than a name.
fn weight(shape: &Shape) -> usize {
    let weights = shape.needs.iter().map(|need| match need {
        Need::Has(_) | Need::AnyOf(_) | Need::Array(_) | Need::Column(_) => 2,
        Need::Is(..) | Need::StartsWith(..) => 3,
        Need::Lacks(_) => 1,
        Need::Around(_) | Need::Bare(_) => 0,
    });
    weights.sum()
}

/// The needs that a document does not meet.
fn unmet<'s>(shape: &'s Shape, document: &Value) -> Vec<&'s Need> {
    shape.needs.iter().filter(|need| !is_met(need, document)).collect()
}

fn is_met(need: &Need, document: &Value) -> bool {
    match need {
        Need::Has(path) => any(document, path, &mut |_| true),
        Need::AnyOf(paths) => paths.iter().any(|path| any(document, path, &mut |_| true)),
        Need::Array(path) => any(document, path, &mut Value::is_array),
        Need::Is(path, values) => {
            any(document, path, &mut |v| text(v).is_some_and(|t| values.contains(&t.as_str())))
        }
        Need::StartsWith(path, starts) => any(document, path, &mut |v| {
            text(v).is_some_and(|t| starts.iter().any(|s| t.starts_with(s)))
        }),
        Need::Lacks(path) => !any(document, path, &mut |_| true),
        Need::Around(_) | Need::Bare(_) => true,
        Need::Column(name) => document
            .as_object()
            .is_some_and(|row| row.keys().any(|column| plain(column) == plain(name))),
    }
}

fn text(value: &Value) -> Option<String> {
    crate::wire::text_of(value).map(std::borrow::Cow::into_owned)
}

fn explain_no_fit(seen: &Probe, head: &[u8], sources: &[&'static Source]) -> String {
    if seen.documents.is_empty() || (seen.broken_at == Some(0)) {
        return not_json(head, seen.broken_at.unwrap_or(0));
    }
    let mut nearest: Vec<(usize, String)> = Vec::new();
    for source in sources {
        let nearest_shape = shapes(source, seen).filter_map(|shape| near_miss(source, shape, seen));
        nearest.extend(nearest_shape.max_by_key(|(share, _)| *share));
    }
    nearest.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
    // What is far behind the nearest is noise.
    let best = nearest.first().map_or(0, |(share, _)| *share);
    nearest.retain(|(share, _)| *share * 4 >= best * 3);
    let named: Vec<String> = nearest.into_iter().take(MOST_NEAREST).map(|(_, text)| text).collect();
    if named.is_empty() {
        let what = if matches!(seen.layout, Layout::Table(_)) { "table" } else { "JSON" };
        return format!(
            "no format fits this {what} (it has {}); `quell map new FILE` drafts a map for it",
            keys(seen)
        );
    }
    format!("no format fits; nearest: {}", named.join("; "))
}

/// How near a shape is, in per mille, and what it lacks; `None` where nothing speaks for it.
fn near_miss(source: &Source, shape: &Shape, seen: &Probe) -> Option<(usize, String)> {
    let of_document = |document: &Value| {
        let unmet = unmet(shape, document);
        let asks = |need: &Need| !matches!(need, Need::Lacks(_) | Need::Around(_) | Need::Bare(_));
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
        Need::Column(name) => format!("has no column `{name}`"),
        Need::Around(path) | Need::Bare(path) => format!("may hold `{path}`"),
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
        _ => "it is no JSON",
    };
    format!("no format fits: {kind} (from byte {at}: `{}`); export it as JSON or CSV", start.trim())
}

/// What the beginning of an input holds, and whether it is a table.
pub(crate) fn look(input: &mut Input, limits: &Limits) -> Result<(Vec<Value>, bool), IntakeError> {
    let [_, most, _] = LOOKS_BYTES;
    let head = head_of(input, most, limits)?;
    let seen = probe(&head, head.len() > most);
    let is_table = matches!(seen.layout, Layout::Table(_));
    Ok((seen.documents, is_table))
}

/// An input to be read through a map, whether it fits or not.
pub(crate) fn as_mapped(
    input: &mut Input,
    map: std::sync::Arc<crate::mapped::FormatMap>,
    limits: &Limits,
) -> Result<Fit, IntakeError> {
    let [first, ..] = LOOKS_BYTES;
    let head = head_of(input, first, limits)?;
    let seen = probe(&head, head.len() > first);
    let name = input.name();
    Ok(Fit { format: Format::Mapped(map), layout: seen.layout, document: Value::Null, name })
}
