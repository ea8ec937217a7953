//! A streaming cursor over JSON text that knows strings and brackets, and nothing more.
//!
//! Nesting is counted, never recursed into, so that no depth overflows the stack.

use std::io::{self, Read};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// Why scanning stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The system refused.
    Io(io::Error),
    /// The input ends in the middle of a value.
    Truncated,
    /// Something stands where it cannot.
    Malformed(&'static str),
    /// Nobody wants more.
    Cancelled,
    /// The document around the records is too large.
    EnvelopeTooLarge,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a value turned out to be, while it was skipped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skipped {
    /// Deepest nesting.
    pub(super) depth: usize,
    /// Whether it did not fit the sink.
    pub(super) too_long: bool,
}

/// Where the bytes of a value go while it is passed over.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub(super) bytes: &'a mut Vec<u8>,
    pub(super) most: usize,
}

/// What the next byte of a value is part of.
#[derive(Debug, Clone, Copy, Default)]
enum Within {
    #[default]
    Brackets,
    String,
    /// The byte behind a backslash.
    Escape,
}

/// Where in a value the cursor stands, while its bytes come in pieces.
#[derive(Debug, Default)]
struct Walk {
    within: Within,
    depth: usize,
    deepest: usize,
}

impl Walk {
    /// Passes over bytes that begin with a quote or a bracket, or go on behind those before. Says
    /// how many of them belong to the value, and whether it ends there.
    fn over(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.within {
                Within::Brackets => self.brackets(rest),
                Within::String => self.string(rest),
                Within::Escape => {
                    self.within = Within::String;
                    1
                }
            };
            if self.depth == 0 && matches!(self.within, Within::Brackets) {
                return (at, true);
            }
        }
        (at, false)
    }

    /// Up to and with the next quote or bracket.
    fn brackets(&mut self, rest: &[u8]) -> usize {
        for (passed, byte) in (1..).zip(rest) {
            match byte {
                b'"' => self.within = Within::String,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                    continue;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => continue,
            }
            if self.depth == 0 || matches!(self.within, Within::String) {
                return passed;
            }
        }
        rest.len()
    }

    /// Up to and with the end of a string, or a backslash in it.
    fn string(&mut self, rest: &[u8]) -> usize {
        let Some(found) = memchr::memchr2(b'"', b'\\', rest) else { return rest.len() };
        self.within =
            if rest.get(found) == Some(&b'"') { Within::Brackets } else { Within::Escape };
        found + 1
    }
}

/// A cursor over a reader.
pub(super) struct Scanner<R> {
    reader: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    /// Offset of the buffer's first byte.
    base: u64,
    /// Keeps what is passed over outside of records.
    pub(super) keep: Option<Vec<u8>>,
    pub(super) keep_most: usize,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(reader: R) -> Self {
        let buffer = vec![0; CHUNK];
        Self { reader, buffer, at: 0, filled: 0, base: 0, keep: None, keep_most: 0 }
    }

    /// Offset of the next byte in the input.
    pub(super) const fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The next byte, still unread; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Stop> {
        if self.at >= self.filled {
            self.base += self.filled as u64;
            self.at = 0;
            self.filled = 0;
            self.filled = self.fill()?;
        }
        Ok(self.buffer.get(self.at..self.filled).and_then(|rest| rest.first().copied()))
    }

    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.reader.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Fails at the end of the input.
    fn more(&mut self) -> Result<(), Stop> {
        if self.peek()?.is_none() { Err(Stop::Truncated) } else { Ok(()) }
    }

    /// What is in the buffer and unread.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..self.filled).unwrap_or_default()
    }

    /// Passes one byte.
    pub(super) fn pass(&mut self) -> Result<(), Stop> {
        self.keep_next(1)?;
        self.at += 1;
        Ok(())
    }

    fn keep_next(&mut self, count: usize) -> Result<(), Stop> {
        let Some(keep) = &mut self.keep else { return Ok(()) };
        let next = self.buffer.get(self.at..self.at + count).unwrap_or_default();
        if keep.len() + next.len() > self.keep_most {
            return Err(Stop::EnvelopeTooLarge);
        }
        keep.extend_from_slice(next);
        Ok(())
    }

    /// The next byte that is not blank.
    pub(super) fn skip_blanks(&mut self) -> Result<Option<u8>, Stop> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(Some(byte));
            }
            self.pass()?;
        }
        Ok(None)
    }

    /// Passes `expected`, after blanks.
    pub(super) fn expect(&mut self, expected: u8, what: &'static str) -> Result<(), Stop> {
        match self.skip_blanks()? {
            Some(byte) if byte == expected => self.pass(),
            Some(_) => Err(Stop::Malformed(what)),
            None => Err(Stop::Truncated),
        }
    }

    /// Passes the next value, whatever it is, and copies it to the sink.
    pub(super) fn skip_value(&mut self, sink: &mut Option<Sink<'_>>) -> Result<Skipped, Stop> {
        let mut skipped = Skipped::default();
        match self.skip_blanks()? {
            None => return Err(Stop::Truncated),
            Some(b'"' | b'{' | b'[') => {}
            Some(b'}' | b']' | b',' | b':') => return Err(Stop::Malformed("a value is missing")),
            Some(_) => {
                self.scalar(sink, &mut skipped)?;
                return Ok(skipped);
            }
        }
        self.walk(sink, &mut skipped)?;
        Ok(skipped)
    }

    /// Passes a string, or what stands between brackets: one copy for what is in the buffer.
    fn walk(&mut self, sink: &mut Option<Sink<'_>>, skipped: &mut Skipped) -> Result<(), Stop> {
        let mut walk = Walk::default();
        let mut ended = false;
        while !ended {
            self.more()?;
            let run;
            (run, ended) = walk.over(self.rest());
            self.copy(run, sink, skipped)?;
        }
        skipped.depth = skipped.depth.max(walk.deepest);
        Ok(())
    }

    fn scalar(&mut self, sink: &mut Option<Sink<'_>>, skipped: &mut Skipped) -> Result<(), Stop> {
        let start = self.offset();
        while let Some(byte) = self.peek()? {
            if byte.is_ascii_whitespace()
                || matches!(byte, b',' | b']' | b'}' | b':' | b'"' | b'{' | b'[')
            {
                break;
            }
            self.copy(1, sink, skipped)?;
        }
        // A form feed ends a scalar but is no blank: without progress it would be met for ever.
        if self.offset() == start { Err(Stop::Malformed("a value is missing")) } else { Ok(()) }
    }

    /// Passes bytes of the buffer, and copies them where they are wanted.
    fn copy(
        &mut self,
        count: usize,
        sink: &mut Option<Sink<'_>>,
        skipped: &mut Skipped,
    ) -> Result<(), Stop> {
        match sink {
            Some(sink) => {
                let next = self.buffer.get(self.at..self.at + count).unwrap_or_default();
                if sink.bytes.len() + next.len() > sink.most {
                    skipped.too_long = true;
                } else if !skipped.too_long {
                    sink.bytes.extend_from_slice(next);
                }
            }
            None => self.keep_next(count)?,
        }
        self.at += count;
        Ok(())
    }

    /// Reads a key: a string, unescaped.
    pub(super) fn key(&mut self, most: usize) -> Result<String, Stop> {
        let mut raw = Vec::new();
        let mut skipped = Skipped::default();
        // A key is kept for the envelope too, which a sink would prevent.
        let before = self.keep.take();
        let read = self.walk(&mut Some(Sink { bytes: &mut raw, most }), &mut skipped);
        self.keep = before;
        read?;
        if skipped.too_long {
            return Err(Stop::Malformed("a name is longer than 64 KiB"));
        }
        if let Some(keep) = &mut self.keep {
            keep.extend_from_slice(&raw);
        }
        serde_json::from_slice(&raw).map_err(|_| Stop::Malformed("a name is no valid string"))
    }
}
