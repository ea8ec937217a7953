//! Where an edit changes the bytes, and into what.

use std::ops::Range;

use serde_json::{Map, Value};

use super::edit::Edit;
use super::node::{Entry, Item, Kind, Node, Step, Style};
use super::scan;
use super::write::{self, Layout};

/// The text with one edit made.
///
/// # Errors
///
/// The text is laid out in a way that this does not change.
pub(super) fn splice(text: &str, root: &Node, edit: &Edit) -> Result<String, String> {
    let splicer = Splicer { text, root, layout: layout(text, root) };
    let (range, new) = match edit {
        Edit::Set(path, value) => splicer.set(path, value)?,
        Edit::Append(path, value) => splicer.append(path, value)?,
        Edit::Remove(path) => splicer.remove(path)?,
    };
    let head = text.get(..range.start).ok_or(ODD)?;
    let tail = text.get(range.end..).ok_or(ODD)?;
    Ok([head, &new, tail].concat())
}

const ODD: &str = "the text is laid out in a way that is not changed by hand";

const COMMENT: &str = "a comment stands where the change would be made";

type Splice = (Range<usize>, String);

struct Splicer<'t> {
    text: &'t str,
    root: &'t Node,
    layout: Layout,
}

impl Splicer<'_> {
    /// Sets the value at the end of the path, or the first missing key on the way to it.
    fn set(&self, path: &[Step], value: &Value) -> Result<Splice, String> {
        let mut node = self.root;
        let mut entry: Option<&Entry> = None;
        for (depth, step) in path.iter().enumerate() {
            let rest = path.get(depth..).unwrap_or_default();
            match step {
                Step::Key(key) => match node.entry(key) {
                    Some(next) => {
                        entry = Some(next);
                        node = &next.value;
                    }
                    None => return self.missing(node, entry, rest, value),
                },
                Step::Item(at) => {
                    let item = node.items().get(*at).ok_or(ODD)?;
                    entry = None;
                    node = &item.value;
                }
            }
        }
        self.replace(node, entry, value)
    }

    /// A key that is not there, below a mapping that is, or is left out.
    fn missing(
        &self,
        node: &Node,
        entry: Option<&Entry>,
        rest: &[Step],
        value: &Value,
    ) -> Result<Splice, String> {
        let (first, below) = rest.split_first().ok_or(ODD)?;
        let Step::Key(key) = first else { return Err(ODD.to_owned()) };
        let value = nested(below, value)?;
        let empty = match &node.kind {
            Kind::Mapping { entries, .. } => entries.is_empty(),
            Kind::Scalar { .. } => true,
            Kind::Sequence { .. } | Kind::Alias(_) => return Err(ODD.to_owned()),
        };
        if empty {
            let fields = Map::from_iter([(key.clone(), value)]);
            return self.replace(node, entry, &Value::Object(fields));
        }
        self.insert(node, key, &value)
    }

    /// A new key behind the last one of a mapping.
    fn insert(&self, node: &Node, key: &str, value: &Value) -> Result<Splice, String> {
        let Kind::Mapping { entries, flow, explicit } = &node.kind else {
            return Err(ODD.to_owned());
        };
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Err(ODD.to_owned());
        };
        if *explicit {
            return Err("a key is written with `?`".to_owned());
        }
        if *flow {
            let at = last.end();
            let quoted = scan::byte(self.text, first.key_span.start) == Some(b'"');
            let new = write::flow_entry(key, value, quoted);
            return Ok((at..at, [",", &self.gap(last.key_span.start), &new].concat()));
        }
        let column = scan::column(self.text, first.key_span.start);
        let at = self.line_end_behind(last.end())?;
        let new = write::entry(key, value, column, self.layout);
        Ok((at..at, [self.layout.eol, &" ".repeat(column), &new].concat()))
    }

    /// What stands between the elements in braces: a line of its own for each, or a blank.
    fn gap(&self, last: usize) -> String {
        let start = scan::line_start(self.text, last);
        let before = self.text.get(start..last).unwrap_or_default();
        if start > 0 && before.trim().is_empty() {
            [self.layout.eol, before].concat()
        } else {
            " ".to_owned()
        }
    }

    /// Another value in the place of one that is there, or is left out.
    fn replace(&self, node: &Node, entry: Option<&Entry>, value: &Value) -> Result<Splice, String> {
        let in_flow = self.in_flow(node);
        if let Some(new) = value.as_str().and_then(|word| self.lines(node, word)) {
            return Ok((node.span.clone(), new));
        }
        if in_flow || fits_a_line(value) {
            return self.replace_on_line(node, entry, value);
        }
        let span = node.span.clone();
        let Some(entry) = entry else { return Err(ODD.to_owned()) };
        let column = scan::column(self.text, entry.key_span.start);
        let new = write::under(value, column, self.layout);
        let end = if node.is_blank() { entry.colon_end } else { span.end };
        let line_end = self.line_end_behind(end)?;
        if scan::line_end(self.text, entry.colon_end) == line_end {
            // A comment behind the colon stays on its line.
            let comment = self.text.get(end..line_end).unwrap_or_default();
            return Ok((entry.colon_end..line_end, [comment, &new].concat()));
        }
        let between = self.text.get(entry.colon_end..span.start).unwrap_or_default();
        if !between.trim().is_empty() {
            return Err(COMMENT.to_owned());
        }
        Ok((entry.colon_end..end, new))
    }

    /// A text of several lines in the place of one that stands below `|` or `|-`, as far in.
    fn lines(&self, node: &Node, word: &str) -> Option<String> {
        let Kind::Scalar { style: Style::Block, .. } = &node.kind else { return None };
        let (head, body) = self.text.get(node.span.clone())?.split_once('\n')?;
        let word = match head.trim_end() {
            "|" => word.strip_suffix('\n')?,
            "|-" => word,
            _ => return None,
        };
        let first = body.lines().find(|line| !line.trim().is_empty())?;
        let pad = first.get(..first.len() - first.trim_start().len())?;
        let gap = [self.layout.eol, pad].concat();
        let lines = word.split('\n').map(|line| match line {
            "" => self.layout.eol.to_owned(),
            line => [&gap, line].concat(),
        });
        write::is_text(word).then(|| head.trim_end().to_owned() + &lines.collect::<String>())
    }

    /// A word, or braces within braces.
    fn replace_on_line(
        &self,
        node: &Node,
        entry: Option<&Entry>,
        value: &Value,
    ) -> Result<Splice, String> {
        let quoted = self.in_flow(node) && self.quotes_keys();
        let new = if fits_a_line(value) && !quoted {
            styled(node, value)
        } else {
            write::flow(value, quoted)
        };
        let span = node.span.clone();
        let Some(entry) = entry else {
            return Ok((span, if node.is_blank() { format!(" {new}") } else { new }));
        };
        let between = self.text.get(entry.colon_end..span.start).unwrap_or_default();
        if let Some((comment, rest)) =
            between.split_once('\n').filter(|_| !between.trim().is_empty())
        {
            // A comment behind the colon stays on its line.
            let alone = rest.trim().is_empty() && span.start < span.end;
            let new = alone.then(|| format!(" {new}{}", comment.trim_end()));
            let new = new.ok_or_else(|| COMMENT.to_owned())?;
            return Ok((entry.colon_end..span.end, new));
        }
        if node.is_blank() || between.contains('\n') {
            return Ok((entry.colon_end..span.end.max(entry.colon_end), format!(" {new}")));
        }
        Ok((span, new))
    }

    fn append(&self, path: &[Step], value: &Value) -> Result<Splice, String> {
        let node = self.root.at(path).ok_or(ODD)?;
        let Kind::Sequence { items, flow } = &node.kind else { return Err(ODD.to_owned()) };
        let last = items.last().ok_or(ODD)?;
        if *flow {
            let at = last.value.span.end;
            let new =
                write::flow(value, scan::byte(self.text, last.value.span.start) == Some(b'"'));
            return Ok((at..at, [",", &self.gap(last.value.span.start), &new].concat()));
        }
        let column = scan::column(self.text, last.dash);
        let at = self.line_end_behind(last.value.span.end.max(last.dash + 1))?;
        let new = write::item(value, column, self.layout);
        Ok((at..at, [self.layout.eol, &" ".repeat(column), &new].concat()))
    }

    fn remove(&self, path: &[Step]) -> Result<Splice, String> {
        let (last, parent) = path.split_last().ok_or(ODD)?;
        let parent = self.root.at(parent).ok_or(ODD)?;
        let spans: Vec<Range<usize>> = match &parent.kind {
            Kind::Mapping { entries, .. } => entries.iter().map(Entry::span).collect(),
            Kind::Sequence { items, .. } => items.iter().map(Item::span).collect(),
            Kind::Scalar { .. } | Kind::Alias(_) => Vec::new(),
        };
        let at = match (last, &parent.kind) {
            (Step::Key(key), Kind::Mapping { entries, .. }) => {
                entries.iter().position(|entry| entry.key == *key).ok_or(ODD)?
            }
            (Step::Item(at), Kind::Sequence { .. }) => *at,
            (
                Step::Key(_) | Step::Item(_),
                Kind::Scalar { .. } | Kind::Alias(_) | Kind::Mapping { .. } | Kind::Sequence { .. },
            ) => return Err(ODD.to_owned()),
        };
        let span = spans.get(at).ok_or(ODD)?.clone();
        let next = spans.get(at + 1);
        if self.in_flow_of(parent) {
            let before = at.checked_sub(1).and_then(|at| spans.get(at));
            return match (before, next) {
                (Some(before), _) => Ok((before.end..span.end, String::new())),
                (None, Some(next)) => Ok((span.start..next.start, String::new())),
                (None, None) => Err(ODD.to_owned()),
            };
        }
        let end = self.line_end_behind(span.end)?;
        let line = scan::line_start(self.text, span.start);
        let alone = self.text.get(line..span.start).unwrap_or_default().trim().is_empty();
        if alone {
            let behind = scan::next_line(self.text, end);
            // The last line of a text without a line end at its end goes with the one before it.
            if behind == end && line > 0 {
                let before = scan::line_end(self.text, line - 1);
                return Ok((before.min(line - 1)..end, String::new()));
            }
            return Ok((line..behind, String::new()));
        }
        // The first key of a list's element: the next one takes its place behind the dash.
        let next = next.ok_or(ODD)?;
        let between = self.text.get(span.end..next.start).unwrap_or_default();
        if !between.trim().is_empty() {
            return Err(COMMENT.to_owned());
        }
        Ok((span.start..next.start, String::new()))
    }

    /// The end of the line, where nothing but a comment follows on it.
    fn line_end_behind(&self, at: usize) -> Result<usize, String> {
        if scan::rest_is_idle(self.text, at) {
            Ok(scan::line_end(self.text, at))
        } else {
            Err(ODD.to_owned())
        }
    }

    /// Whether a node stands in braces or brackets of another.
    fn in_flow(&self, node: &Node) -> bool {
        let mut here = self.root;
        loop {
            if std::ptr::eq(here, node) {
                return false;
            }
            if self.in_flow_of(here) {
                return true;
            }
            let inside = here.children().into_iter().find(|child| {
                std::ptr::eq(*child, node)
                    || (child.span.start <= node.span.start && node.span.end <= child.span.end)
            });
            match inside {
                Some(child) => here = child,
                None => return false,
            }
        }
    }

    fn in_flow_of(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::Sequence { flow, .. } | Kind::Mapping { flow, .. } => *flow,
            Kind::Scalar { .. } | Kind::Alias(_) => false,
        }
    }

    /// Whether keys stand in double quotes, as in JSON.
    fn quotes_keys(&self) -> bool {
        scan::byte(self.text, self.root.span.start) == Some(b'{')
            && self
                .text
                .get(self.root.span.clone())
                .is_some_and(|text| text.trim_start_matches('{').trim_start().starts_with('"'))
    }
}

/// Whether a value has no lines below it.
fn fits_a_line(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// A scalar in the quotes of the one that it replaces.
fn styled(node: &Node, value: &Value) -> String {
    let quotes = match &node.kind {
        Kind::Scalar { style, .. } => *style,
        Kind::Sequence { .. } | Kind::Mapping { .. } | Kind::Alias(_) => Style::Plain,
    };
    match (value, quotes) {
        (Value::String(word), Style::Double) => write::double(word),
        (Value::String(word), Style::Single) => {
            write::single(word).unwrap_or_else(|| write::double(word))
        }
        (
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_),
            Style::Plain | Style::Block | Style::Single | Style::Double,
        ) => write::flow(value, false),
    }
}

/// A value below keys that are not there yet.
fn nested(path: &[Step], value: &Value) -> Result<Value, String> {
    path.iter().rev().try_fold(value.clone(), |inner, step| match step {
        Step::Key(key) => Ok(Value::Object(Map::from_iter([(key.clone(), inner)]))),
        Step::Item(_) => Err("the list is not there".to_owned()),
    })
}

/// The indentation that the document uses, from the first places that show it.
fn layout(text: &str, root: &Node) -> Layout {
    let mut layout = Layout { step: 2, dash: 2, eol: scan::line_ending(text) };
    let mut steps = Vec::new();
    let mut dashes = Vec::new();
    survey(text, root, &mut steps, &mut dashes);
    if let Some(step) = common(&steps).filter(|step| (1..=8).contains(step)) {
        layout.step = step;
    }
    if let Some(dash) = common(&dashes).filter(|dash| *dash <= 8) {
        layout.dash = dash;
    } else {
        layout.dash = if steps.is_empty() { 2 } else { layout.step };
    }
    layout
}

fn survey(text: &str, node: &Node, steps: &mut Vec<usize>, dashes: &mut Vec<usize>) {
    if let Kind::Mapping { entries, flow: false, .. } = &node.kind {
        for entry in entries {
            let key = scan::column(text, entry.key_span.start);
            match &entry.value.kind {
                Kind::Mapping { entries: inner, flow: false, .. } => {
                    let inner = inner.first().map(|inner| scan::column(text, inner.key_span.start));
                    steps.extend(inner.and_then(|inner| inner.checked_sub(key)));
                }
                Kind::Sequence { items, flow: false } => {
                    let dash = items.first().map(|item| scan::column(text, item.dash));
                    dashes.extend(dash.and_then(|dash| dash.checked_sub(key)));
                }
                Kind::Scalar { .. }
                | Kind::Alias(_)
                | Kind::Sequence { .. }
                | Kind::Mapping { .. } => {}
            }
        }
    }
    for child in node.children() {
        survey(text, child, steps, dashes);
    }
}

/// The number that stands there most often, the first of them.
fn common(all: &[usize]) -> Option<usize> {
    let all = all.get(..all.len().min(100))?;
    let count = |one: usize| all.iter().filter(|other| **other == one).count();
    let most = all.iter().map(|one| count(*one)).max()?;
    all.iter().copied().find(|one| count(*one) == most)
}
