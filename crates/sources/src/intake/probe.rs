//! A pruned tree of a document's beginning, however it breaks off.

use serde_json::{Map, Value};

use super::table::{self, Dialect};

/// Deepest level that is kept.
const MOST_DEPTH: usize = 16;
/// Elements of an array that are kept.
const MOST_ELEMENTS: usize = 8;
/// Bytes of a text that are kept.
const MOST_TEXT_BYTES: usize = 512;
/// Documents that are kept of a stream of them.
pub(super) const MOST_DOCUMENTS: usize = 8;

/// How the documents of an input stand behind each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Layout {
    /// One JSON document, or several, with or without line ends between and within them.
    #[default]
    Stream,
    /// Each line is a JSON document.
    Lines,
    /// Each row of a table is one.
    Table(Dialect),
}

/// What the beginning of an input looks like.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// The first documents, pruned; the last may be cut off.
    pub(super) documents: Vec<Value>,
    /// How they stand behind each other.
    pub(super) layout: Layout,
    /// Whether there was more than was looked at.
    pub(super) cut: bool,
    /// Where the text stops being JSON, if it does within what was looked at.
    pub(super) broken_at: Option<usize>,
    /// Whether it is a table with a header and nothing else.
    pub(super) is_bare_table: bool,
}

/// Looks at a beginning. `cut` says whether there is more.
pub(super) fn probe(head: &[u8], cut: bool) -> Probe {
    match table::sniff(head, cut) {
        Some(sniffed) if sniffed.is_sure => of_table(sniffed, cut),
        Some(_) | None => of_text(head, cut),
    }
}

/// A beginning that may be that of a table, if any format knows its header.
pub(super) fn doubtful_table(head: &[u8], cut: bool) -> Option<Probe> {
    table::sniff(head, cut).filter(|sniffed| !sniffed.is_sure).map(|s| of_table(s, cut))
}

fn of_table(sniffed: table::Sniffed, cut: bool) -> Probe {
    Probe {
        documents: sniffed.rows,
        layout: Layout::Table(sniffed.dialect),
        cut,
        broken_at: None,
        is_bare_table: sniffed.is_bare,
    }
}

fn of_text(head: &[u8], cut: bool) -> Probe {
    let mut reader = Tolerant { bytes: head, at: 0, broken: false };
    let mut probe = Probe { cut, ..Probe::default() };
    while probe.documents.len() < MOST_DOCUMENTS && reader.skip_blanks().is_some() {
        probe.documents.extend(reader.value(0));
        if reader.broken {
            probe.broken_at = Some(reader.at);
            break;
        }
    }
    if starts_with_lines(head) {
        probe.layout = Layout::Lines;
    }
    probe
}

/// Whether the first line is a whole document and something follows it.
fn starts_with_lines(head: &[u8]) -> bool {
    let blank = |b: &u8| b.is_ascii_whitespace();
    let start = head.iter().position(|b| !blank(b)).unwrap_or(head.len());
    let text = head.get(start..).unwrap_or_default();
    let Some(end) = memchr::memchr(b'\n', text) else { return false };
    let (line, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    let first = serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    first && rest.iter().any(|b| !blank(b))
}

struct Tolerant<'a> {
    bytes: &'a [u8],
    at: usize,
    broken: bool,
}

impl Tolerant<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.peek()
    }

    /// The next value, pruned; `None` where it is broken or there is none.
    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.skip_blanks()? {
            b'{' if depth < MOST_DEPTH => Some(self.object(depth)),
            b'[' if depth < MOST_DEPTH => Some(self.array(depth)),
            b'{' | b'[' => {
                self.skip_container();
                Some(Value::Null)
            }
            b'"' => Some(Value::String(self.text())),
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Some(self.word()),
            _ => {
                self.broken = true;
                None
            }
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut map = Map::new();
        self.at += 1;
        loop {
            match self.skip_blanks() {
                Some(b'"') => {}
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                other => {
                    self.at += usize::from(other == Some(b'}'));
                    self.broken |= other.is_some_and(|b| b != b'}');
                    return Value::Object(map);
                }
            }
            let key = self.text();
            if self.skip_blanks() == Some(b':') {
                self.at += 1;
            }
            if self.skip_blanks().is_none() {
                return Value::Object(map);
            }
            let value = self.value(depth + 1);
            map.insert(key, value.unwrap_or(Value::Null));
            if self.broken {
                return Value::Object(map);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Value {
        let mut list = Vec::new();
        self.at += 1;
        loop {
            match self.skip_blanks() {
                None => return Value::Array(list),
                Some(b']') => {
                    self.at += 1;
                    return Value::Array(list);
                }
                Some(b',') => self.at += 1,
                Some(_) if self.broken => return Value::Array(list),
                Some(_) => {
                    let value = self.value(depth + 1);
                    list.extend(value.filter(|_| list.len() < MOST_ELEMENTS));
                }
            }
        }
    }

    fn text(&mut self) -> String {
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        while let Some(byte) = self.bytes.get(end).filter(|b| **b != b'"') {
            escaped |= *byte == b'\\';
            end += if *byte == b'\\' { 2 } else { 1 };
        }
        self.at = (end + 1).min(self.bytes.len());
        let raw = self.bytes.get(start..end.min(self.bytes.len())).unwrap_or_default();
        let raw = raw.get(..raw.len().min(MOST_TEXT_BYTES)).unwrap_or_default();
        let lossy = String::from_utf8_lossy(raw).into_owned();
        if !escaped {
            return lossy;
        }
        // The cut may fall within an escape, which takes up to twelve bytes.
        let whole = (0..12).find_map(|less| {
            let end = lossy.floor_char_boundary(lossy.len().saturating_sub(less));
            serde_json::from_str(&format!("\"{}\"", lossy.get(..end)?)).ok()
        });
        whole.unwrap_or(lossy)
    }

    fn word(&mut self) -> Value {
        let start = self.at;
        let stops = |b: &u8| {
            b.is_ascii_whitespace() || matches!(b, b',' | b']' | b'}' | b':' | b'"' | b'[' | b'{')
        };
        while self.bytes.get(self.at).is_some_and(|b| !stops(b)) {
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        match serde_json::from_slice(word) {
            Ok(value) => value,
            // NaN and its like; a record that holds it is judged later.
            Err(_)
                if self.at < self.bytes.len()
                    && !matches!(word, b"NaN" | b"Infinity" | b"-Infinity") =>
            {
                self.broken = true;
                self.at = start;
                Value::Null
            }
            Err(_) => Value::Null,
        }
    }

    /// Skips what lies deeper than is kept, without recursion.
    fn skip_container(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.text();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}
