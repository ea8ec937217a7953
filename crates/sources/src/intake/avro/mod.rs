//! Files that Event Hub Capture writes: Avro object container files with an event in each record.
//! Read of them are the bodies of the events, a line each, so that everything behind this reads
//! them as it reads lines.
//!
//! Nothing is kept but one body: blocks are unpacked while they are read.

mod event;
mod schema;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read, Take};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use flate2::bufread::DeflateDecoder;

use super::Limits;
use super::input::{Capped, Counted, ZSTD_WINDOW_LOG};
use event::{Line, exactly, length, long, skip, skip_bytes};
use schema::{Event, Kind};

/// How a file begins (Avro 1.12, "Object Container Files").
pub(super) const MAGIC: [u8; 4] = *b"Obj\x01";
/// Bytes of the mark between blocks.
const MARK: usize = 16;
/// Entries of a file's header, and bytes of each.
const MOST_ENTRIES: u64 = 256;
const MOST_HEADER_BYTES: u64 = 1 << 20;
/// Longest body of an event. Event Hubs takes 20 MiB at most.
const MOST_BODY_BYTES: u64 = 24 << 20;

type Source<R> = BufReader<Counted<R>>;

/// Where the reading stands.
enum State<R: Read> {
    /// Before a block.
    Between(Source<R>),
    Plain(Take<Source<R>>),
    Deflate(BufReader<Capped<DeflateDecoder<Take<Source<R>>>>>),
    Zstd(BufReader<Capped<zstd::Decoder<'static, Take<Source<R>>>>>),
}

/// How blocks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Null,
    Deflate,
    Zstd,
}

/// The bodies of a file's events.
pub(super) struct Bodies<R: Read> {
    /// Nothing once it has broken off.
    state: Option<State<R>>,
    codec: Codec,
    event: Event,
    mark: [u8; MARK],
    /// Events of the block that are not read yet.
    left: u64,
    line: Line,
    /// Bytes that went in, and that came out of packed blocks.
    consumed: Arc<AtomicU64>,
    unpacked: u64,
    limits: Limits,
}

impl<R: Read> Bodies<R> {
    /// Reads the beginning of a file. Says what is not as it is expected.
    pub(super) fn open(file: R, limits: &Limits) -> io::Result<Result<Self, String>> {
        let consumed = Arc::new(AtomicU64::new(0));
        let mut source = BufReader::new(Counted { inner: file, consumed: Arc::clone(&consumed) });
        let mut magic = [0; MAGIC.len()];
        source.read_exact(&mut magic)?;
        let (mut schema, mut codec) = (String::new(), "null".to_owned());
        for (key, value) in header(&mut source)? {
            match key.as_str() {
                "avro.schema" => schema = value,
                "avro.codec" => codec = value,
                _ => {}
            }
        }
        let mut mark = [0; MARK];
        source.read_exact(&mut mark)?;
        let codec = match codec.as_str() {
            "null" => Codec::Null,
            "deflate" => Codec::Deflate,
            "zstandard" => Codec::Zstd,
            other => {
                let other: String = other.chars().take(32).collect();
                return Ok(Err(format!(
                    "packed with `{other}`; `null`, `deflate` and `zstandard` are read"
                )));
            }
        };
        Ok(Event::of(&schema).map(|event| Self {
            state: Some(State::Between(source)),
            codec,
            event,
            mark,
            left: 0,
            line: Line::default(),
            consumed,
            unpacked: 0,
            limits: *limits,
        }))
    }

    /// Begins the next block. Says whether there is one.
    fn begin(&mut self, mut source: Source<R>) -> io::Result<bool> {
        if source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let (count, bytes) = (long(&mut source)?, long(&mut source)?);
        let (Ok(count), Ok(bytes)) = (u64::try_from(count), u64::try_from(bytes)) else {
            return Err(damaged("a block has less than nothing in it"));
        };
        self.left = count;
        let block = source.take(bytes);
        let capped_out = self.unpacked;
        let consumed = Arc::clone(&self.consumed);
        self.state = Some(match self.codec {
            Codec::Null => State::Plain(block),
            Codec::Deflate => {
                let inner = DeflateDecoder::new(block);
                let limits = self.limits;
                let inner = Capped { inner, out: capped_out, consumed, limits };
                State::Deflate(BufReader::new(inner))
            }
            Codec::Zstd => {
                let mut inner = zstd::Decoder::with_buffer(block)?;
                inner.window_log_max(ZSTD_WINDOW_LOG)?;
                let limits = self.limits;
                let inner = Capped { inner, out: capped_out, consumed, limits };
                State::Zstd(BufReader::new(inner))
            }
        });
        Ok(true)
    }

    /// Ends a block whose events are read.
    fn end(&mut self, state: State<R>) -> io::Result<()> {
        let mut block = match state {
            State::Between(source) => source.take(0),
            State::Plain(mut block) => {
                all_read(&mut block)?;
                block
            }
            State::Deflate(mut reader) => {
                all_read(&mut reader)?;
                let capped = reader.into_inner();
                self.unpacked = capped.out;
                capped.inner.into_inner()
            }
            State::Zstd(mut reader) => {
                all_read(&mut reader)?;
                let capped = reader.into_inner();
                self.unpacked = capped.out;
                capped.inner.finish()
            }
        };
        io::copy(&mut block, &mut io::sink())?;
        let mut source = block.into_inner();
        let mut mark = [0; MARK];
        source.read_exact(&mut mark)?;
        if mark != self.mark {
            return Err(damaged("a block does not end with the mark of its file"));
        }
        self.state = Some(State::Between(source));
        Ok(())
    }

    /// Reads an event of a block.
    fn one(&mut self, mut block: State<R>) -> io::Result<()> {
        self.left -= 1;
        let of: &mut dyn Read = match &mut block {
            State::Between(source) => source,
            State::Plain(reader) => reader,
            State::Deflate(reader) => reader,
            State::Zstd(reader) => reader,
        };
        event(of, &self.event, &mut self.line)?;
        self.state = Some(block);
        Ok(())
    }

    /// Reads on to the next body that has something in it. Says whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        while self.line.is_empty() {
            let Some(state) = self.state.take() else { return Ok(false) };
            let goes_on = match (state, self.left) {
                (State::Between(source), _) => self.begin(source)?,
                (block, 0) => self.end(block).map(|()| true)?,
                (block, _) => self.one(block).map(|()| true)?,
            };
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<R: Read> Read for Bodies<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || !self.next()? {
            return Ok(0);
        }
        Ok(self.line.take(buffer))
    }
}

/// Refuses a block in which more stands than its events.
fn all_read(block: &mut impl BufRead) -> io::Result<()> {
    if block.fill_buf()?.is_empty() {
        return Ok(());
    }
    Err(damaged("a block is longer than its events"))
}

/// The entries of a file's header.
fn header(source: &mut impl Read) -> io::Result<Vec<(String, String)>> {
    let mut source = source.take(MOST_HEADER_BYTES);
    let mut entries = Vec::new();
    loop {
        let count = long(&mut source)?;
        if count == 0 {
            return Ok(entries);
        }
        if count < 0 {
            long(&mut source)?;
        }
        for _ in 0..count.unsigned_abs() {
            if entries.len() as u64 >= MOST_ENTRIES {
                return Err(damaged("the header has too many entries"));
            }
            entries.push((entry(&mut source)?, entry(&mut source)?));
        }
    }
}

/// A key or a value of it.
fn entry(source: &mut impl Read) -> io::Result<String> {
    let bytes = length(source)?;
    if bytes > MOST_HEADER_BYTES {
        return Err(damaged("an entry of the header is too long"));
    }
    Ok(String::from_utf8_lossy(&exactly(source, bytes)?).into_owned())
}

/// Reads an event, and keeps its body.
fn event(of: &mut dyn Read, event: &Event, line: &mut Line) -> io::Result<()> {
    event.before.iter().try_for_each(|kind| skip(of, kind))?;
    body(of, &event.body, line)?;
    event.after.iter().try_for_each(|kind| skip(of, kind))
}

fn body(of: &mut dyn Read, kind: &Kind, line: &mut Line) -> io::Result<()> {
    let kind = match kind {
        Kind::OneOf(kinds) => event::chosen(of, kinds)?,
        Kind::Null
        | Kind::Fixed(_)
        | Kind::Number
        | Kind::Bytes
        | Kind::Fields(_)
        | Kind::Items(_)
        | Kind::Pairs(_) => kind,
    };
    if *kind != Kind::Bytes {
        return skip(of, kind);
    }
    let bytes = length(of)?;
    if bytes > MOST_BODY_BYTES {
        skip_bytes(of, bytes)?;
        line.refuse(&format!("a body of {bytes} bytes is longer than {MOST_BODY_BYTES}"));
        return Ok(());
    }
    line.add(&exactly(of, bytes)?);
    Ok(())
}

/// What is damaged from here on: what was read before counts.
fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the Avro file is damaged: {why}"))
}
