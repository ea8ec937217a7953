//! Tables (CSV and its like): telling them from other text, and making each row a record.
//!
//! A row becomes the JSON text of an object of its columns by name, so that all that comes after
//! treats it like any other record.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value};

use super::probe::MOST_DOCUMENTS;
use super::scanner::Stop;
use super::split::{Sender, too_long};

/// What separates the fields, most usual first.
const DELIMITERS: &[u8] = b",;\t|";
/// Columns of a table, at most.
const MOST_COLUMNS: usize = 512;
/// Bytes of a column's name, at most.
const MOST_NAME_BYTES: usize = 128;
/// Lines before the header that are looked past.
const MOST_PREAMBLE: usize = 8;

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    delimiter: u8,
    /// Bytes before the header: comments, or a spreadsheet's `sep=;`.
    preamble_bytes: usize,
    /// The names of the columns, where the table does not begin with them.
    header: Option<&'static [&'static str]>,
}

/// The columns of a VPC flow log in version 2, which comes without a header.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>
const FLOW_LOG: &[&str] = &[
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// The same as CloudWatch exports it: with the time of each event before it.
const EXPORTED_FLOW_LOG: &[&str] = &[
    "timestamp",
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// A beginning that is that of a table.
pub(super) struct Sniffed {
    pub(super) dialect: Dialect,
    /// The first rows; one without values where there is none.
    pub(super) rows: Vec<Value>,
    /// Whether nothing follows the header.
    pub(super) is_bare: bool,
    /// Whether most rows are as wide as the header. Where they are not, only a header that a
    /// format knows makes it a table: a quote left open in the first row swallows the others.
    pub(super) is_sure: bool,
}

/// Tells whether a beginning is that of a table: how it is written, and its first rows.
pub(super) fn sniff(head: &[u8], cut: bool) -> Option<Sniffed> {
    let first = head.iter().find(|b| !b.is_ascii_whitespace())?;
    if matches!(first, b'{' | b'[' | b'<') {
        return None;
    }
    let (preamble_bytes, told) = preamble(head);
    let text = head.get(preamble_bytes..).unwrap_or_default();
    if let Some(header) = flow_log(text) {
        return first_rows(text, cut, Dialect { delimiter: b' ', preamble_bytes, header });
    }
    let candidates = DELIMITERS.iter().filter(|d| told.is_none_or(|told| told == **d));
    let fits = candidates.filter_map(|delimiter| {
        let dialect = Dialect { delimiter: *delimiter, preamble_bytes, header: None };
        let fit = first_rows(text, cut, dialect)?;
        Some(((fit.is_sure, header_of(text, &fit.dialect)?.len()), fit))
    });
    // Of equals the more usual delimiter stays.
    fits.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, fit)| fit)
}

/// Bytes of comment lines before the header, and the delimiter that one of them names.
fn preamble(head: &[u8]) -> (usize, Option<u8>) {
    let mut at = 0;
    let mut told = None;
    for _ in 0..MOST_PREAMBLE {
        let rest = head.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else { break };
        let line = rest.get(..end).unwrap_or_default().trim_ascii();
        let separator = line.strip_prefix(b"sep=").and_then(|sep| sep.first().copied());
        if !line.is_empty() && !line.starts_with(b"#") && separator.is_none() {
            break;
        }
        told = told.or(separator);
        at += end + 1;
    }
    (at, told)
}

/// Whether this is a flow log, and the columns that it leaves out.
fn flow_log(text: &[u8]) -> Option<Option<&'static [&'static str]>> {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let line = std::str::from_utf8(text.get(..end)?).ok()?;
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let known = |name: &str| fields.contains(&name);
    if known("srcaddr") && known("dstaddr") && known("action") {
        return Some(None);
    }
    let fits = |header: &[&str]| {
        let first = header.len() - FLOW_LOG.len();
        let field = |at: usize| fields.get(first + at).copied().unwrap_or_default();
        let account = field(1).len() == 12 || field(1) == "unknown";
        let interface = field(2).starts_with("eni-");
        fields.len() == header.len() && field(0) == "2" && account && interface
    };
    [FLOW_LOG, EXPORTED_FLOW_LOG].into_iter().find(|header| fits(header)).map(Some)
}

/// The first rows; `None` where this is no table of that dialect.
fn first_rows(text: &[u8], cut: bool, dialect: Dialect) -> Option<Sniffed> {
    let header = header_of(text, &dialect)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .has_headers(dialect.header.is_none())
        .flexible(true)
        .from_reader(text);
    let mut row = ByteRecord::new();
    let (mut rows, mut as_wide, mut ends_inside) = (Vec::new(), 0usize, false);
    while rows.len() < MOST_DOCUMENTS && reader.read_byte_record(&mut row).ok()? {
        ends_inside = reader.position().byte() >= text.len() as u64;
        // Some tools end every row, but not the header, with a delimiter.
        let surplus = row.iter().skip(header.len()).all(<[u8]>::is_empty);
        as_wide += usize::from(row.len() >= header.len() && surplus);
        rows.push(Value::Object(object(&header, &row)));
    }
    // The last row that was seen may be cut off.
    if cut && ends_inside && rows.len() > 1 {
        rows.pop();
    }
    let (is_bare, is_sure) = (rows.is_empty(), as_wide * 2 >= rows.len());
    if is_bare {
        rows.push(Value::Object(object(&header, &ByteRecord::new())));
    }
    Some(Sniffed { dialect, rows, is_bare, is_sure })
}

/// The names of the columns; `None` where the first line is none of names.
fn header_of(text: &[u8], dialect: &Dialect) -> Option<Vec<String>> {
    if let Some(header) = dialect.header {
        return Some(header.iter().map(|name| (*name).to_owned()).collect());
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let mut row = ByteRecord::new();
    let read = reader.read_byte_record(&mut row).ok()?;
    let names = read.then(|| names(&row))?;
    let telling = |name: &String| name.chars().any(char::is_alphabetic) && !name.contains('{');
    let told = names.iter().filter(|name| telling(name)).count();
    let wide = (2..=MOST_COLUMNS).contains(&names.len());
    (wide && told * 5 >= names.len() * 4).then_some(names)
}

/// The header's names: trimmed, cut, and each but once.
fn names(row: &ByteRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(row.len());
    let mut taken: HashMap<String, usize> = HashMap::new();
    for field in row {
        let text = String::from_utf8_lossy(field.get(..MOST_NAME_BYTES).unwrap_or(field));
        let name = text.trim().trim_start_matches('\u{feff}');
        let mut name = name.to_owned();
        // How often a name came is kept, so that a wide header takes no longer for each repeat.
        let mut again = taken.get(&name).copied().unwrap_or_default();
        let first = name.clone();
        while again > 0 && taken.contains_key(&name) {
            again += 1;
            name = format!("{first} {again}");
        }
        taken.insert(first, again.max(1));
        taken.entry(name.clone()).or_insert(1);
        names.push(name);
    }
    names
}

/// A row's fields by name; those that it lacks are empty.
fn object(header: &[String], row: &ByteRecord) -> Map<String, Value> {
    let fields = row.iter().chain(std::iter::repeat(b"".as_slice()));
    let text = |field: &[u8]| Value::String(String::from_utf8_lossy(field).into_owned());
    header.iter().zip(fields).map(|(name, field)| (name.clone(), text(field))).collect()
}

/// Reads the rows of a table. A row of another width than the header's is a reject.
pub(super) fn split_table(
    mut reader: impl Read,
    dialect: &Dialect,
    sender: &mut Sender<'_>,
) -> Result<Option<String>, Stop> {
    let preamble = dialect.preamble_bytes as u64;
    io::copy(&mut reader.by_ref().take(preamble), &mut io::sink())?;
    let allowance = Rc::new(Cell::new(0));
    let kept = Rc::new(RefCell::new(Kept::default()));
    let gauge = Gauge { inner: reader, allowance: Rc::clone(&allowance), kept: Rc::clone(&kept) };
    let mut table = ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(BUFFER)
        .from_reader(gauge);
    let delimiter = dialect.delimiter;
    let mut rows = Rows { sender, delimiter, header: Vec::new(), text: Vec::new() };
    let mut row = ByteRecord::new();
    if let Some(header) = dialect.header {
        rows.header = header.iter().map(|name| (*name).to_owned()).collect();
    }
    loop {
        allowance.set(rows.sender.limits.record_bytes + BUFFER * 2);
        let offset = preamble + table.position().byte();
        match table.read_byte_record(&mut row) {
            Ok(false) => return Ok(None),
            Ok(true) if rows.header.is_empty() => rows.header = names(&row),
            Ok(true) => {
                let start = row.position().map_or(0, csv::Position::byte);
                let mut kept = kept.borrow_mut();
                let raw = kept.between(start, table.position().byte());
                rows.take_all(&row, raw, preamble + start)?;
                kept.forget(table.position().byte());
            }
            Err(error) => {
                let reason = if let csv::ErrorKind::Io(io) = error.kind()
                    && io.kind() == io::ErrorKind::FileTooLarge
                {
                    let most = too_long(&rows.sender.limits);
                    format!("{most}; a quote may be left open. What follows is not read")
                } else {
                    format!("reading broke off at byte {offset}: {error}")
                };
                rows.sender.reject(offset, reason.clone())?;
                return Ok(Some(reason));
            }
        }
    }
}

/// Bytes read at once.
const BUFFER: usize = 256 << 10;

struct Rows<'r, 's> {
    sender: &'r mut Sender<'s>,
    delimiter: u8,
    header: Vec<String>,
    text: Vec<u8>,
}

impl Rows<'_, '_> {
    /// Takes a row. One of another width that runs over several lines has a quote left open, as
    /// a rule: if any of its lines is a row by itself, each counts by itself.
    fn take_all(&mut self, row: &ByteRecord, raw: &[u8], offset: u64) -> Result<(), Stop> {
        let several = memchr::memchr(b'\n', raw.trim_ascii()).is_some();
        if self.fits(row) || !several {
            return self.take(row, offset);
        }
        let lines: Vec<&[u8]> = raw.split_inclusive(|b| *b == b'\n').collect();
        if !lines.iter().any(|line| self.line(line).is_some_and(|row| self.fits(&row))) {
            return self.take(row, offset);
        }
        let mut at = offset;
        for line in lines {
            if let Some(row) = self.line(line) {
                self.take(&row, at)?;
            }
            at += line.len() as u64;
        }
        Ok(())
    }

    /// A line as a row; `None` where it is blank.
    fn line(&self, line: &[u8]) -> Option<ByteRecord> {
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(line.len().clamp(1, BUFFER))
            .from_reader(line);
        let mut row = ByteRecord::new();
        let read = reader.read_byte_record(&mut row).ok()?;
        read.then_some(row)
    }

    fn fits(&self, row: &ByteRecord) -> bool {
        let surplus = row.iter().skip(self.header.len()).any(|field| !field.is_empty());
        row.len() >= self.header.len() && !surplus
    }

    fn take(&mut self, row: &ByteRecord, offset: u64) -> Result<(), Stop> {
        if !self.fits(row) {
            let (has, names) = (row.len(), self.header.len());
            let reason = format!("the row has {has} fields where the header names {names}");
            return self.sender.reject(offset, reason);
        }
        let wrong = row.iter().position(|field| std::str::from_utf8(field).is_err());
        if let Some(name) = wrong.and_then(|at| self.header.get(at)) {
            return self.sender.reject(offset, format!("column `{name}` is not UTF-8 text"));
        }
        self.text.clear();
        let written = serde_json::to_writer(&mut self.text, &object(&self.header, row));
        if let Err(error) = written {
            return self.sender.reject(offset, format!("the row cannot be read: {error}"));
        }
        self.sender.record(&self.text, offset)
    }
}

/// Lets no more through than one row may take, so that a quote left open cannot fill the memory.
struct Gauge<R> {
    inner: R,
    allowance: Rc<Cell<usize>>,
    kept: Rc<RefCell<Kept>>,
}

/// What was read of the present row, and what was read ahead.
#[derive(Default)]
struct Kept {
    /// Where it begins in the table.
    base: u64,
    bytes: Vec<u8>,
}

impl Kept {
    fn between(&self, start: u64, end: u64) -> &[u8] {
        let at =
            |place: u64| usize::try_from(place.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.bytes.get(at(start)..at(end)).unwrap_or_default()
    }

    /// Drops what stands before a place, once that is most of it.
    fn forget(&mut self, place: u64) {
        let done = usize::try_from(place.saturating_sub(self.base)).unwrap_or(usize::MAX);
        if done * 2 > self.bytes.len() {
            self.bytes.drain(..done.min(self.bytes.len()));
            self.base = place;
        }
    }
}

impl<R: Read> Read for Gauge<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.allowance.get() == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a row is too long"));
        }
        let read = self.inner.read(buffer)?;
        self.allowance.set(self.allowance.get().saturating_sub(read));
        self.kept.borrow_mut().bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_of_a_header_is_there_once_however_wide_it_is() {
        let row = ByteRecord::from(vec!["a", "a", "b", "a 2", "a", "a"]);
        assert_eq!(names(&row), ["a", "a 2", "b", "a 2 2", "a 3", "a 4"]);
        // Where each repeat looked at all before it, this would take hours.
        let wide = ByteRecord::from(vec!["same"; 400_000]);
        assert_eq!(names(&wide).last().map(String::as_str), Some("same 400000"));
    }
}
