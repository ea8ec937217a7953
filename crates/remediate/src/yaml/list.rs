//! Long documents that are a `List`, read element by element, so that a change reads only its own
//! element again.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::node::Kind;
use super::{Document, Parsed};

/// What of a document a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The keys of a list down to `items:`.
    Head,
    /// An element, with its dash in so many columns; its root is a list with nothing else.
    Element(usize),
    /// The keys of a list behind its elements.
    Tail,
}

/// Cuts a document into the head, the elements and the tail of a list. None where it is no list, or
/// where its parts do not say alone what they say together; it is then read as a whole. `start` is
/// where it begins in the whole text, `line` the number of lines above it.
pub(super) fn parts(chunk: &str, start: usize, line: usize) -> Option<Vec<Document>> {
    // The end of a document and directives belong to all of it, as does a byte order mark.
    let odd = |line: &str| line.starts_with("...") || line.starts_with(['%', '\u{feff}']);
    if chunk.lines().any(odd) {
        return None;
    }
    let mut at = 0;
    let lines = chunk.split_inclusive('\n');
    let head = lines
        .map(|line| {
            at += line.len();
            (at, line)
        })
        .find(|(_, line)| line.trim_end() == "items:")?
        .0;
    let body = chunk.get(head..)?;
    let first = body.lines().find(|line| !is_idle(line))?;
    let column = first.len() - first.trim_start_matches(' ').len();
    let tail = head + body_end(body, column)?;
    if chunk.get(tail..)?.starts_with(' ') {
        return None;
    }
    let mut line = line;
    let mut documents = Vec::new();
    let mut take = |range: Range<usize>, part: Part| {
        let parsed = Parsed::read(chunk.get(range.clone())?, line).ok()?;
        line += parsed.lines;
        let span = start + range.start..start + range.end;
        documents.push(Document { span, parsed: Arc::new(parsed), part });
        Some(())
    };
    take(0..head, Part::Head)?;
    for range in spans(body.get(..tail - head)?, column)? {
        take(head + range.start..head + range.end, Part::Element(column))?;
    }
    if tail < chunk.len() {
        take(tail..chunk.len(), Part::Tail)?;
    }
    is_list(&documents).then_some(documents)
}

/// The elements of a text in which nothing else stands.
pub(super) fn elements(
    text: &str,
    column: usize,
    (start, line): (usize, usize),
) -> Option<Vec<Document>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    // Whatever ends the list, or the document, stands less far in or is no element.
    if text.lines().any(|line| line.starts_with("---") || line.starts_with("..."))
        || body_end(text, column)? != text.len()
    {
        return None;
    }
    let mut line = line;
    let mut documents = Vec::new();
    for range in spans(text, column)? {
        let parsed = Parsed::read(text.get(range.clone())?, line).ok()?;
        line += parsed.lines;
        let span = start + range.start..start + range.end;
        documents.push(Document { span, parsed: Arc::new(parsed), part: Part::Element(column) });
    }
    documents.iter().all(is_element).then_some(documents)
}

fn is_idle(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Whether an element of a list begins on a line.
fn begins(line: &str, column: usize) -> bool {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let rest = line.get(column..).filter(|_| blanks == column).and_then(|l| l.strip_prefix('-'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', '\n']))
}

/// Where the elements end: at the first key that stands no further in than they do. None where a
/// line is indented by a tab.
fn body_end(body: &str, column: usize) -> Option<usize> {
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let bare = line.trim_start_matches(' ');
        if bare.starts_with('\t') {
            return None;
        }
        if !is_idle(line) && line.len() - bare.len() <= column && !begins(line, column) {
            return Some(at);
        }
        at += line.len();
    }
    Some(at)
}

/// The bytes of each element, from its dash's line to that of the next; what stands above the first
/// belongs to it. None where there is none.
fn spans(body: &str, column: usize) -> Option<Vec<Range<usize>>> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if begins(line, column) {
            starts.push(at);
        }
        at += line.len();
    }
    *starts.first_mut()? = 0;
    let ends = starts.iter().copied().skip(1).chain([body.len()]).collect::<Vec<_>>();
    Some(starts.into_iter().zip(ends).map(|(start, end)| start..end).collect())
}

fn is_element(document: &Document) -> bool {
    let root = document.parsed.root.as_ref();
    root.is_some_and(|root| {
        let plain = root.anchor == 0 && !root.tagged;
        plain && matches!(&root.kind, Kind::Sequence { items, flow: false } if items.len() == 1)
    })
}

/// Whether the parts are those of one list: no key stands in two of them, and it says that it is
/// one.
fn is_list(documents: &[Document]) -> bool {
    let mut keys: Map<String, Value> = Map::new();
    for document in documents {
        if let Part::Element(_) = document.part {
            if is_element(document) {
                continue;
            }
            return false;
        }
        let root = document.parsed.root.as_ref();
        let plain = root.is_some_and(|root| {
            let bare = root.anchor == 0 && !root.tagged;
            bare && matches!(&root.kind, Kind::Mapping { flow: false, explicit: false, .. })
        });
        let Some(fields) = document.parsed.data.as_object().filter(|_| plain) else {
            return false;
        };
        for (key, value) in fields {
            if key == "<<" || keys.insert(key.clone(), value.clone()).is_some() {
                return false;
            }
        }
    }
    let kind = keys.get("kind").and_then(Value::as_str);
    keys.get("items") == Some(&Value::Null) && kind.is_some_and(|kind| kind.ends_with("List"))
}
