//! From the parser's events to a tree whose places are exact.
//!
//! The parser's own spans are not: that of a quoted text reaches over a comment behind it, a list
//! begins at its anchor, and what is left out stands somewhere. So ends are looked for again.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::node::{Entry, Item, Kind, Node, Style};
use super::scan;

/// Deeper than this is refused.
const MAX_DEPTH: usize = 100;

/// A bracket that closes a list may stand no further right than the key of it, which the standard
/// forbids and every tool takes. So many of them are read.
const MAX_HANGING: usize = 100;

/// Reads one document; none where it holds nothing. `line` is the number of lines above it.
pub(super) fn read(text: &str, line: usize) -> Result<Option<Node>, String> {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut joined = Cow::Borrowed(bare);
    for _ in 0..MAX_HANGING {
        let (error, in_brackets) = match events(text, &joined, line)? {
            Ok(root) => return Ok(root),
            Err(stopped) => stopped,
        };
        let next = hanging_bracket(&joined, &error).filter(|_| in_brackets);
        let Some(next) = next else { return Err(fault(text, line, &error)) };
        joined = Cow::Owned(next);
    }
    Err("too many brackets stand where none may close".to_owned())
}

/// What the parser makes of a text in which line ends may be blanks; an error of its own stands
/// inside, with whether it stopped in a list or mapping in brackets.
fn events(text: &str, joined: &str, line: usize) -> Result<Result<Option<Node>, Stopped>, String> {
    let mut builder =
        Builder { text, line, offsets: Offsets::new(text), open: Vec::new(), root: None };
    for event in Parser::new_from_str(joined) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                return Ok(Err((error, builder.open.last().is_some_and(|open| open.flow))));
            }
        }
    }
    Ok(Ok(builder.root))
}

/// Where the parser stopped, and whether in a list or mapping in brackets.
type Stopped = (ScanError, bool);

fn fault(text: &str, line: usize, error: &ScanError) -> String {
    let line = line + error.marker().line();
    if text.contains("{{") {
        return format!("line {line}: {TEMPLATE}");
    }
    let info: String = error.info().chars().take(100).collect();
    format!("line {line}: it is no valid YAML ({info})")
}

/// The text with a blank instead of the line end above a closing bracket that the parser stopped
/// at, so that every byte stays where it is; none where it stopped at something else.
fn hanging_bracket(text: &str, error: &ScanError) -> Option<String> {
    let at = text.char_indices().nth(error.marker().index()).map_or(text.len(), |(at, _)| at);
    let start = scan::line_start(text, at);
    let closes = text.get(start..)?.trim_start_matches(' ').starts_with([']', '}']);
    let end = start.checked_sub(1).filter(|_| closes)?;
    // Behind a comment the bracket would be part of it.
    let above = text.get(scan::line_start(text, end)..end)?;
    if above.contains('#') {
        return None;
    }
    let (head, tail) = (text.get(..end)?, text.get(start..)?);
    let head = head.strip_suffix('\r').map_or_else(|| head.to_owned(), |head| format!("{head} "));
    Some([head.as_str(), " ", tail].concat())
}

/// Whether `{{` stands in a text, outside of the texts within expressions of GitHub Actions.
fn is_template(value: &str) -> bool {
    let (mut inside, mut quoted) = (false, false);
    let mut at = 0;
    while let Some(letter) = value.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = value.get(at..).unwrap_or_default();
        let step = match (inside, letter) {
            (false, '$') if rest.starts_with("${{") => {
                inside = true;
                3
            }
            (true, '}') if !quoted && rest.starts_with("}}") => {
                inside = false;
                2
            }
            (true, '\'') => {
                quoted = !quoted;
                1
            }
            (_, '{') if !quoted && rest.starts_with("{{") => return true,
            (true | false, _) => letter.len_utf8(),
        };
        at += step;
    }
    // What is left open is no expression.
    quoted && value.replace("${{", "").contains("{{")
}

/// Why a template is left alone.
pub(super) const TEMPLATE: &str =
    "it is a template (`{{`) that another program fills in, so what it will say cannot be proved";

/// Keys whose texts are free.
const FREE: [&str; 6] = ["annotations", "args", "command", "data", "description", "stringData"];

struct Builder<'t> {
    text: &'t str,
    line: usize,
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node>,
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    flow: bool,
    anchor: usize,
    tagged: bool,
    /// Behind what was read last.
    last: usize,
    holds: Holds,
}

enum Holds {
    Items(Vec<Item>),
    Entries {
        entries: Vec<Entry>,
        keys: HashSet<String>,
        key: Option<(String, Range<usize>, usize)>,
        explicit: bool,
    },
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(format!(
                "line {}: a document begins without `---`",
                self.line + span.start.line()
            )),
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(anchor) => {
                let span = self.offsets.range(span);
                self.close(Node { span, anchor: 0, tagged: false, kind: Kind::Alias(anchor) })
            }
            Event::Scalar(value, style, anchor, tag) => {
                let node = self.scalar(value.into_owned(), style, span, (anchor, tag.is_some()));
                self.close(node?)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, tag.is_some(), Holds::Items(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                let (entries, keys) = (Vec::new(), HashSet::new());
                let holds = Holds::Entries { entries, keys, key: None, explicit: false };
                self.open(span, anchor, tag.is_some(), holds)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn open(
        &mut self,
        span: Span,
        anchor: usize,
        tagged: bool,
        holds: Holds,
    ) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("line {}: it is nested too deeply", self.line + span.start.line()));
        }
        let at = self.from().unwrap_or_else(|| self.offsets.of(span.start.index()));
        let start = scan::skip_properties(self.text, at);
        let flow = matches!(scan::byte(self.text, start), Some(b'{' | b'['))
            && (span.end.index() > span.start.index());
        self.open.push(Open { start, flow, anchor, tagged, last: start, holds });
        Ok(())
    }

    /// From where on the next node is looked for; none for the outermost one.
    fn from(&self) -> Option<usize> {
        let open = self.open.last()?;
        Some(match &open.holds {
            Holds::Items(_) if !open.flow => scan::skip_blank(self.text, open.last) + 1,
            Holds::Items(items) => {
                let at = scan::skip_blank(self.text, open.last);
                let between = !items.is_empty() && scan::byte(self.text, at) == Some(b',');
                at + usize::from(between || items.is_empty())
            }
            Holds::Entries { key: Some((.., colon_end)), .. } => *colon_end,
            Holds::Entries { .. } => return None,
        })
    }

    fn end(&mut self, span: Span) -> Result<(), String> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let bracket = self.offsets.of(span.start.index()) + 1;
        let end = if open.flow { bracket } else { open.last };
        let flow = open.flow;
        let kind = match open.holds {
            Holds::Items(items) => Kind::Sequence { items, flow },
            Holds::Entries { entries, explicit, .. } => Kind::Mapping { entries, flow, explicit },
        };
        let span = open.start..end.max(open.start);
        self.close(Node { span, anchor: open.anchor, tagged: open.tagged, kind })
    }

    fn scalar(
        &self,
        value: String,
        style: ScalarStyle,
        span: Span,
        (anchor, tagged): (usize, bool),
    ) -> Result<Node, String> {
        let found = self.offsets.range(span);
        let bare = if anchor != 0 || tagged {
            scan::skip_properties(self.text, found.start)
        } else {
            found.start
        };
        let (style, span) = match style {
            ScalarStyle::Plain if value.is_empty() => (Style::Plain, found.start..found.start),
            ScalarStyle::Plain => (Style::Plain, bare..found.end),
            ScalarStyle::SingleQuoted => (Style::Single, self.quoted(bare)?),
            ScalarStyle::DoubleQuoted => (Style::Double, self.quoted(bare)?),
            ScalarStyle::Literal | ScalarStyle::Folded => (Style::Block, found),
        };
        if style == Style::Plain && is_template(&value) && !self.is_free_text() {
            let above = self.text.get(..span.start).unwrap_or_default().matches('\n').count();
            return Err(format!("line {}: {TEMPLATE}", self.line + above + 1));
        }
        Ok(Node { span, anchor, tagged, kind: Kind::Scalar { value, style } })
    }

    /// Whether what comes next is a text that means nothing to Kubernetes, so that `{{` may be part
    /// of it; what Argo reads it fills in itself as it runs.
    fn is_free_text(&self) -> bool {
        let argo = |open: &Open| {
            match &open.holds {
            Holds::Entries { entries, .. } => entries.iter().any(|entry| {
                entry.key == "apiVersion"
                    && matches!(&entry.value.kind, Kind::Scalar { value, .. } if value.starts_with("argoproj.io/"))
            }),
            Holds::Items(_) => false,
        }
        };
        let below_one = |open: &Open| match &open.holds {
            Holds::Entries { key: Some((key, ..)), .. } => FREE.contains(&key.as_str()),
            Holds::Entries { .. } | Holds::Items(_) => false,
        };
        self.open.first().is_some_and(argo) || self.open.iter().any(below_one)
    }

    fn quoted(&self, start: usize) -> Result<Range<usize>, String> {
        let end = scan::quoted_end(self.text, start).ok_or("a quoted text does not end")?;
        Ok(start..end)
    }

    /// Hands a node that is whole to the collection around it.
    fn close(&mut self, node: Node) -> Result<(), String> {
        let text = self.text;
        let Some(open) = self.open.last_mut() else {
            let blank = node.is_blank() && node.anchor == 0 && !node.tagged;
            self.root = (!blank).then(|| block_trimmed(text, 0, node));
            return Ok(());
        };
        match &mut open.holds {
            Holds::Items(items) => {
                let item = item(text, open.flow, open.last, node);
                open.last = item.span().end;
                items.push(item);
                Ok(())
            }
            Holds::Entries { entries, key, .. } => match key.take() {
                None => self.key(&node),
                Some((key, key_span, colon_end)) => {
                    let value = left_out(block_trimmed(text, colon_end, node), colon_end);
                    let entry = Entry { key, key_span, colon_end, value };
                    open.last = entry.end();
                    entries.push(entry);
                    Ok(())
                }
            },
        }
    }

    /// Notes a key, whose value comes next.
    fn key(&mut self, node: &Node) -> Result<(), String> {
        let text = self.text;
        let first = self.line;
        let line =
            || first + text.get(..node.span.start).unwrap_or_default().matches('\n').count() + 1;
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        let Holds::Entries { keys, key, explicit, .. } = &mut open.holds else { return Ok(()) };
        let Kind::Scalar { value, .. } = &node.kind else {
            let template = text.get(node.span.clone()).is_some_and(|text| text.starts_with('{'));
            let why = if template { TEMPLATE } else { "a key is no plain text" };
            return Err(format!("line {}: {why}", line()));
        };
        *explicit |= scan::byte(text, scan::skip_blank(text, open.last)) == Some(b'?');
        if value != "<<" && !keys.insert(value.clone()) {
            return Err(format!("line {}: the key `{value}` stands there twice", line()));
        }
        let colon = colon_end(text, node.span.end);
        open.last = colon;
        *key = Some((value.clone(), node.span.clone(), colon));
        Ok(())
    }
}

/// Behind the colon that follows a key, where one does.
fn colon_end(text: &str, key_end: usize) -> usize {
    let at = scan::skip_blank(text, key_end);
    if scan::byte(text, at) == Some(b':') { at + 1 } else { key_end }
}

fn item(text: &str, flow: bool, last: usize, node: Node) -> Item {
    if flow {
        let dash = node.span.start;
        return Item { dash, value: block_trimmed(text, dash, node) };
    }
    let dash = scan::skip_blank(text, last);
    let value = left_out(block_trimmed(text, dash + 1, node), dash + 1);
    Item { dash, value }
}

/// What is left out stands right behind its colon or dash, or behind its anchor.
fn left_out(mut node: Node, at: usize) -> Node {
    if node.is_blank() && node.anchor == 0 && !node.tagged {
        node.span = at..at;
    }
    node
}

/// A block text reaches from its `|` or `>` to the end of its last line that counts.
fn block_trimmed(text: &str, from: usize, mut node: Node) -> Node {
    let Kind::Scalar { style: Style::Block, value } = &node.kind else { return node };
    let start = scan::skip_properties(text, from);
    let keeps = text.get(start..scan::line_end(text, start)).unwrap_or_default();
    let keeps = keeps.split('#').next().unwrap_or_default().contains('+');
    let body = text.get(start..node.span.end).unwrap_or_default();
    let length = if keeps && !value.trim_end_matches('\n').is_empty() {
        body.strip_suffix('\n').unwrap_or(body).len()
    } else {
        body.trim_end().len()
    };
    let kept = body.get(..length).unwrap_or_default();
    node.span = start..start + kept.strip_suffix('\r').unwrap_or(kept).len();
    node
}

/// Bytes of characters, since the parser counts those.
struct Offsets {
    /// The byte of every character; empty where each has one byte.
    bytes: Vec<usize>,
    /// What stands before the first character that is counted.
    base: usize,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let base = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let bare = text.get(base..).unwrap_or_default();
        let bytes = if bare.is_ascii() {
            Vec::new()
        } else {
            bare.char_indices().map(|(at, _)| at).collect()
        };
        Self { bytes, base, length: text.len() }
    }

    fn of(&self, character: usize) -> usize {
        if self.bytes.is_empty() {
            return (character + self.base).min(self.length);
        }
        self.bytes.get(character).map_or(self.length, |at| at + self.base)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.of(span.start.index());
        start..self.of(span.end.index()).max(start)
    }
}
