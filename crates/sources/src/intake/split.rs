//! Finding the records of a document and handing them on in batches.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use super::batch::Batch;
use super::input::is_by_system;
use super::probe::Layout;
use super::scanner::{Scanner, Sink, Stop};
use super::table::split_table;
use super::{Detection, Input, IntakeError, Limits, Unreadable};

/// Longest name of a field.
const MOST_KEY_BYTES: usize = 64 << 10;

/// What reading yields.
#[derive(Debug)]
pub enum Item {
    /// Records to normalize.
    Batch(Batch),
    /// A record that cannot be taken.
    Reject {
        /// Where it begins, decompressed.
        offset_bytes: u64,
        /// Why.
        reason: String,
    },
}

/// How reading ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Why it ended before the proper end of the input, where it did.
    pub broke_off: Option<BrokeOff>,
}

/// Why reading ended before the proper end of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokeOff {
    /// What was met.
    pub why: String,
    /// Whether the system refused, so that the same bytes may be read another time.
    pub by_system: bool,
}

/// Of what is wrong with the input itself.
impl From<String> for BrokeOff {
    fn from(why: String) -> Self {
        Self { why, by_system: false }
    }
}

impl From<IntakeError> for BrokeOff {
    fn from(error: IntakeError) -> Self {
        Self { why: error.to_string(), by_system: error.is_by_system() }
    }
}

impl From<Unreadable> for BrokeOff {
    fn from(Unreadable { path: _, reason, by_system }: Unreadable) -> Self {
        Self { why: reason, by_system }
    }
}

/// Reads an input's records in order.
pub fn read(
    input: &mut Input,
    detection: &Detection,
    limits: &Limits,
    each: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Summary {
    let reader = match input.open(limits) {
        Ok(reader) => reader,
        Err(error) => return Summary { broke_off: Some(error.into()) },
    };
    let (patterns, keys) = detection.format.wanted();
    let bare = detection.format.bare();
    let wanted = Wanted { patterns: &patterns, keys: &keys, bare: &bare };
    split(reader, &wanted, &detection.layout, limits, each)
}

/// What a document is searched for.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// Where its records are.
    pub(super) patterns: &'a [&'a str],
    /// The names at its top without which it is another document: a stream may hold several
    /// kinds, and one of another kind must not vanish because it has no record.
    pub(super) keys: &'a [&'a str],
    /// Lists whose elements may hold no record.
    pub(super) bare: &'a [&'a str],
}

/// Splits a text into its records.
pub(super) fn split(
    reader: impl Read,
    wanted: &Wanted<'_>,
    layout: &Layout,
    limits: &Limits,
    each: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Summary {
    let mut sender = Sender::new(each, limits);
    let patterns = Patterns::parse(wanted);
    let stopped = match layout {
        Layout::Lines => split_lines(reader, &patterns, &mut sender),
        Layout::Stream => split_stream(reader, &patterns, &mut sender),
        Layout::Table(dialect) => split_table(reader, dialect, &mut sender),
    };
    let flushed = sender.flush();
    match (stopped, flushed) {
        (Err(Stop::Cancelled), _) | (Ok(_), Err(_)) => {
            Summary { broke_off: Some("interrupted".to_owned().into()) }
        }
        (Err(Stop::Io(error)), _) => {
            let why = format!("reading broke off: {error}");
            Summary { broke_off: Some(BrokeOff { why, by_system: is_by_system(&error) }) }
        }
        (Err(_), _) => Summary { broke_off: Some("reading broke off".to_owned().into()) },
        (Ok(why), _) => Summary { broke_off: why.map(BrokeOff::from) },
    }
}

fn split_stream(
    reader: impl Read,
    patterns: &Patterns,
    sender: &mut Sender<'_>,
) -> Result<Option<String>, Stop> {
    let mut scanner = Scanner::new(reader);
    loop {
        if scanner.skip_blanks()?.is_none() {
            return Ok(None);
        }
        if let Some(reason) = Walker::new(&mut scanner, patterns, sender).document()? {
            return Ok(Some(reason));
        }
    }
}

fn split_lines(
    reader: impl Read,
    patterns: &Patterns,
    sender: &mut Sender<'_>,
) -> Result<Option<String>, Stop> {
    let mut reader = BufReader::with_capacity(256 << 10, reader);
    let (mut line, mut offset, mut broke_off) = (Vec::new(), 0u64, None);
    loop {
        line.clear();
        let most = sender.limits.record_bytes as u64 + 1;
        let read = reader.by_ref().take(most).read_until(b'\n', &mut line)? as u64;
        if read == 0 {
            return Ok(broke_off);
        }
        let mut length = read;
        if line.last() != Some(&b'\n') && read == most {
            length += skip_line(&mut reader)?;
            sender.reject(offset, too_long(&sender.limits))?;
        } else if line.iter().any(|b| !b.is_ascii_whitespace()) {
            let ends_file = line.last() != Some(&b'\n');
            let mut scanner = Scanner::new(line.as_slice());
            scanner.skip_blanks()?;
            let mut lines = LineSender { start: offset };
            let broken = lines.walk(&mut scanner, patterns, sender)?;
            // A broken line is one reject; only the last one means that the file is cut off.
            broke_off = broken.filter(|_| ends_file);
        }
        offset += length;
    }
}

fn skip_line(reader: &mut impl BufRead) -> Result<u64, Stop> {
    let mut skipped = 0;
    loop {
        let (used, done) = {
            let buffer = reader.fill_buf()?;
            match memchr::memchr(b'\n', buffer) {
                Some(end) => (end + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            }
        };
        reader.consume(used);
        skipped += used as u64;
        if done {
            return Ok(skipped);
        }
    }
}

/// Walks one line, with offsets counted from the beginning of the input.
struct LineSender {
    start: u64,
}

impl LineSender {
    fn walk(
        &mut self,
        scanner: &mut Scanner<&[u8]>,
        patterns: &Patterns,
        sender: &mut Sender<'_>,
    ) -> Result<Option<String>, Stop> {
        sender.batch.base = self.start;
        let mut walker = Walker::new(scanner, patterns, sender);
        let mut broken = walker.document()?;
        if broken.is_none() && walker.scanner.skip_blanks()?.is_some() {
            let reason = "something follows the document on its line";
            let at = walker.scanner.offset();
            walker.sender.reject(at, reason.to_owned())?;
            broken = Some(reason.to_owned());
        }
        sender.batch.base = 0;
        Ok(broken)
    }
}

pub(super) fn too_long(limits: &Limits) -> String {
    format!("the record is longer than {} MiB", limits.record_bytes >> 20)
}

/// What stands around the records of the first document.
pub(super) fn keep_around(
    reader: impl Read,
    patterns: &[&str],
    limits: &Limits,
) -> Result<Vec<u8>, String> {
    let mut scanner = Scanner::new(reader);
    scanner.keep = Some(Vec::new());
    scanner.keep_most = limits.envelope_bytes;
    let mut drop_all = |_| ControlFlow::Continue(());
    let mut sender = Sender::new(&mut drop_all, limits);
    let patterns = Patterns::parse(&Wanted { patterns, ..Wanted::default() });
    match Walker::new(&mut scanner, &patterns, &mut sender).document() {
        Err(Stop::EnvelopeTooLarge) => {
            let most = limits.envelope_bytes >> 20;
            Err(format!("what stands around the records is longer than {most} MiB"))
        }
        _ => Ok(scanner.keep.take().unwrap_or_default()),
    }
}

/// Record paths, taken apart.
struct Patterns {
    steps: Vec<Vec<Step>>,
    /// The names that each document must have at its top.
    keys: Vec<String>,
    /// Lists whose elements may hold no record.
    bare: Vec<String>,
}

enum Step {
    Key(String),
    Each,
}

impl Patterns {
    fn parse(wanted: &Wanted<'_>) -> Self {
        let steps = |pattern: &&str| {
            let owned = crate::path::steps(pattern).map(|step| match step {
                crate::path::Step::Key(key) => Step::Key(key.to_owned()),
                crate::path::Step::Each | crate::path::Step::At(_) => Step::Each,
            });
            owned.collect()
        };
        Self {
            steps: wanted.patterns.iter().map(steps).collect(),
            keys: wanted.keys.iter().map(|key| (*key).to_owned()).collect(),
            bare: wanted.bare.iter().map(|list| (*list).to_owned()).collect(),
        }
    }

    fn step(&self, pattern: usize, depth: usize) -> Option<&Step> {
        self.steps.get(pattern).and_then(|steps| steps.get(depth))
    }

    /// The pattern among these that ends at this depth.
    fn ending(&self, alive: &[usize], depth: usize) -> Option<usize> {
        alive.iter().copied().find(|p| self.steps.get(*p).is_some_and(|steps| steps.len() == depth))
    }

    /// Whether a list, and an object, leads on from here.
    fn next_steps(&self, alive: &[usize], depth: usize) -> (bool, bool) {
        let any = |fits: fn(&Step) -> bool| {
            alive.iter().any(|pattern| self.step(*pattern, depth).is_some_and(fits))
        };
        (any(|step| matches!(step, Step::Each)), any(|step| matches!(step, Step::Key(_))))
    }

    fn at_key(&self, alive: &[usize], depth: usize, key: &str) -> Vec<usize> {
        let fits = |p: &usize| matches!(self.step(*p, depth), Some(Step::Key(k)) if k == key);
        alive.iter().copied().filter(fits).collect()
    }

    fn at_each(&self, alive: &[usize], depth: usize) -> Vec<usize> {
        let fits = |p: &usize| matches!(self.step(*p, depth), Some(Step::Each));
        alive.iter().copied().filter(fits).collect()
    }
}

struct Walker<'w, 's, R> {
    scanner: &'w mut Scanner<R>,
    patterns: &'w Patterns,
    indices: Vec<usize>,
    /// Where the walk is, as patterns are written.
    path: String,
    /// Lists of records met in this document, empty ones and `null` too.
    lists: u64,
    /// Which of the needed names the document has not shown yet.
    missing_keys: Vec<usize>,
    sender: &'w mut Sender<'s>,
}

impl<'w, 's, R: Read> Walker<'w, 's, R> {
    fn new(
        scanner: &'w mut Scanner<R>,
        patterns: &'w Patterns,
        sender: &'w mut Sender<'s>,
    ) -> Self {
        Self {
            scanner,
            patterns,
            indices: Vec::new(),
            path: "$".to_owned(),
            lists: 0,
            missing_keys: Vec::new(),
            sender,
        }
    }

    /// Walks one document. A document that is cut off or broken is one reject, and the reason.
    fn document(&mut self) -> Result<Option<String>, Stop> {
        let all: Vec<usize> = (0..self.patterns.steps.len()).collect();
        self.scanner.skip_blanks()?;
        let start = self.scanner.offset();
        let before = self.sender.items;
        self.missing_keys = (0..self.patterns.keys.len()).collect();
        let first = self.scanner.peek()?;
        let stop = match self.value(&all, 0) {
            Ok(()) => {
                let other = first != Some(b'[') && !self.missing_keys.is_empty();
                if self.sender.items == before && other {
                    self.other_document(start)?;
                }
                return Ok(None);
            }
            Err(stop @ (Stop::Cancelled | Stop::EnvelopeTooLarge)) => return Err(stop),
            Err(stop) => stop,
        };
        let at = self.scanner.offset();
        let reason = match stop {
            Stop::Truncated => {
                format!(
                    "the input is cut off at byte {at}; records before that are kept, this one is not"
                )
            }
            Stop::Malformed(what) => {
                format!("broken JSON at byte {at}: {what}; what follows is not read")
            }
            Stop::Io(error) => format!("reading broke off at byte {at}: {error}"),
            Stop::Cancelled | Stop::EnvelopeTooLarge => return Ok(None),
        };
        let offset = self.sender.last_begin.unwrap_or(at).max(start);
        self.sender.reject(offset, reason.clone())?;
        Ok(Some(reason))
    }

    /// A document of another kind is one reject.
    fn other_document(&mut self, start: u64) -> Result<(), Stop> {
        let names = self.missing_keys.iter().filter_map(|at| self.patterns.keys.get(*at));
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let reason = format!("a document of another kind: it lacks {}", names.join(", "));
        self.sender.reject(start, reason)
    }

    /// Walks one value. It recurses as deep as the longest pattern, never deeper.
    fn value(&mut self, alive: &[usize], depth: usize) -> Result<(), Stop> {
        if let Some(pattern) = self.patterns.ending(alive, depth) {
            return self.record(pattern);
        }
        let first = self.scanner.skip_blanks()?;
        let (lists, objects) = self.patterns.next_steps(alive, depth);
        match first {
            Some(b'{') if objects => self.object(alive, depth),
            Some(b'[') if lists => {
                self.lists += 1;
                self.array(alive, depth)
            }
            Some(byte) if !alive.is_empty() => self.unfit(byte, lists),
            _ => self.scanner.skip_value(&mut None).map(|_| ()),
        }
    }

    /// A value of another type than the way to the records goes through: none of them if it is
    /// `null`, else a reject, since nobody can tell what is in it.
    fn unfit(&mut self, first: u8, lists: bool) -> Result<(), Stop> {
        let start = self.scanner.offset();
        if first == b'n' {
            self.lists += u64::from(lists);
            return self.scanner.skip_value(&mut None).map(|_| ());
        }
        let place = self.place();
        self.scanner.skip_value(&mut None)?;
        let what = if lists { "list of records" } else { "object that holds records" };
        self.sender.reject(start, format!("`{place}` is no {what}"))
    }

    /// Where the walk is, with the numbers of the elements.
    fn place(&self) -> String {
        let mut numbers = self.indices.iter();
        let mut place = String::new();
        for (number, part) in self.path.split("[]").enumerate() {
            if number > 0 {
                let index = numbers.next().copied().unwrap_or_default();
                place.push_str(&format!("[{index}]"));
            }
            place.push_str(part);
        }
        place
    }

    fn object(&mut self, alive: &[usize], depth: usize) -> Result<(), Stop> {
        self.scanner.pass()?;
        if self.scanner.skip_blanks()? == Some(b'}') {
            return self.scanner.pass();
        }
        loop {
            if self.scanner.skip_blanks()? != Some(b'"') {
                return Err(self.missing("a name in quotes is missing")?);
            }
            let key = self.scanner.key(MOST_KEY_BYTES)?;
            if depth == 0 {
                let keys = &self.patterns.keys;
                self.missing_keys.retain(|at| keys.get(*at) != Some(&key));
            }
            self.scanner.expect(b':', "a colon is missing")?;
            let inner = self.patterns.at_key(alive, depth, &key);
            let here = self.path.len();
            if !inner.is_empty() {
                self.path.push('.');
                self.path.push_str(&key);
            }
            let walked = self.value(&inner, depth + 1);
            self.path.truncate(here);
            walked?;
            if self.ends(b'}', "a comma or a closing brace is missing")? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, alive: &[usize], depth: usize) -> Result<(), Stop> {
        self.scanner.pass()?;
        let inner = self.patterns.at_each(alive, depth);
        // A list of records leaves nothing in the envelope, not even its commas.
        let kept = match self.patterns.ending(&inner, depth + 1) {
            Some(_) => self.scanner.keep.take(),
            None => None,
        };
        let here = self.path.len();
        self.path.push_str("[]");
        let walked = self.elements(&inner, depth);
        self.path.truncate(here);
        if kept.is_some() {
            self.scanner.keep = kept;
            if let Some(keep) = &mut self.scanner.keep {
                keep.push(b']');
            }
        }
        walked
    }

    fn elements(&mut self, inner: &[usize], depth: usize) -> Result<(), Stop> {
        if self.scanner.skip_blanks()? == Some(b']') {
            return self.scanner.pass();
        }
        for index in 0.. {
            self.indices.push(index);
            let walked = self.element(inner, depth + 1);
            self.indices.pop();
            walked?;
            if self.ends(b']', "a comma or a closing bracket is missing")? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Walks one element. One on the way to records that holds no list of them is a reject,
    /// unless the shape says that this is usual.
    fn element(&mut self, alive: &[usize], depth: usize) -> Result<(), Stop> {
        self.scanner.skip_blanks()?;
        let start = self.scanner.offset();
        let before = (self.sender.items, self.lists);
        self.value(alive, depth)?;
        let nothing = !alive.is_empty() && before == (self.sender.items, self.lists);
        if !nothing || self.patterns.bare.contains(&self.path) {
            return Ok(());
        }
        let reason = format!("`{}` holds no list of records", self.place());
        self.sender.reject(start, reason)
    }

    /// Passes a comma, or the end of the container.
    fn ends(&mut self, end: u8, what: &'static str) -> Result<bool, Stop> {
        match self.scanner.skip_blanks()? {
            Some(b',') => self.scanner.pass().map(|()| false),
            Some(byte) if byte == end => self.scanner.pass().map(|()| true),
            _ => Err(self.missing(what)?),
        }
    }

    fn missing(&mut self, what: &'static str) -> Result<Stop, Stop> {
        Ok(if self.scanner.peek()?.is_none() { Stop::Truncated } else { Stop::Malformed(what) })
    }

    fn record(&mut self, pattern: usize) -> Result<(), Stop> {
        self.scanner.skip_blanks()?;
        let begin = self.scanner.offset();
        self.sender.last_begin = Some(begin);
        let kept = self.scanner.keep.take();
        let place = self.sender.batch.begin(pattern, &self.indices, begin);
        let limits = self.sender.limits;
        let most = self.sender.batch.bytes.len() + limits.record_bytes;
        let mut sink = Some(Sink { bytes: &mut self.sender.batch.bytes, most });
        let skipped = self.scanner.skip_value(&mut sink);
        if kept.is_some() {
            self.scanner.keep = kept;
            // Only a single record, which is no element of a list, leaves a gap to be filled.
            if let Some(keep) = &mut self.scanner.keep {
                keep.extend_from_slice(b"null");
            }
        }
        let skipped = match skipped {
            Ok(skipped) => skipped,
            Err(stop) => {
                self.sender.batch.abandon(place);
                return Err(stop);
            }
        };
        if skipped.too_long || skipped.depth > limits.record_depth {
            self.sender.batch.abandon(place);
            let reason = match skipped.too_long {
                true => too_long(&limits),
                false => format!(
                    "the record is nested {} deep, more than {}",
                    skipped.depth, limits.record_depth
                ),
            };
            return self.sender.reject(begin, reason);
        }
        self.sender.last_begin = None;
        self.sender.batch.end(place);
        self.sender.items += 1;
        self.sender.send_when_full()
    }
}

/// Hands batches on.
pub(super) struct Sender<'a> {
    batch: Batch,
    /// Where the record begins that was read last.
    last_begin: Option<u64>,
    each: &'a mut dyn FnMut(Item) -> ControlFlow<()>,
    pub(super) limits: Limits,
    /// Records and rejects so far.
    items: u64,
}

impl<'a> Sender<'a> {
    fn new(each: &'a mut dyn FnMut(Item) -> ControlFlow<()>, limits: &Limits) -> Self {
        Self { batch: Batch::default(), last_begin: None, each, limits: *limits, items: 0 }
    }

    fn give(&mut self, item: Item) -> Result<(), Stop> {
        match (self.each)(item) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Cancelled),
        }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let base = self.batch.base;
        let batch = std::mem::take(&mut self.batch);
        self.batch.base = base;
        self.give(Item::Batch(batch))
    }

    fn send_when_full(&mut self) -> Result<(), Stop> {
        if self.batch.is_full() { self.flush() } else { Ok(()) }
    }

    /// Hands on a record that was read elsewhere.
    pub(super) fn record(&mut self, text: &[u8], offset: u64) -> Result<(), Stop> {
        let place = self.batch.begin(0, &[], offset);
        self.batch.bytes.extend_from_slice(text);
        self.batch.end(place);
        self.items += 1;
        self.send_when_full()
    }

    pub(super) fn reject(&mut self, offset: u64, reason: String) -> Result<(), Stop> {
        self.flush()?;
        self.items += 1;
        let offset_bytes = offset + self.batch.base;
        self.give(Item::Reject { offset_bytes, reason })
    }
}
