//! Bodies are counted as they come, and decompressed no further than allowed.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

use crate::error::SizeLimit;
use crate::policy::Sizes;

/// Compressed bytes given to the decoder at once. The limits are checked inside, so this only
/// bounds what is made between two checks.
const PIECE: usize = 8 << 10;
/// Decompressed bytes below which the ratio does not count: short texts repeat themselves.
const RATIO_FROM: u64 = 1 << 20;

/// A body on its way in.
pub(crate) struct Body {
    sizes: Sizes,
    received: u64,
    coding: Coding,
}

enum Coding {
    Plain,
    Gzip(Box<MultiGzDecoder<Sink>>),
}

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    TooLarge(SizeLimit),
    Malformed(String),
}

impl Body {
    /// A body with this `Content-Encoding`. Only gzip is ever asked for, and only once over.
    pub(crate) fn new(encoding: Option<&str>, sizes: Sizes) -> Result<Self, Fault> {
        let coding = match encoding.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Coding::Plain,
            Some("gzip" | "x-gzip") => {
                Coding::Gzip(Box::new(MultiGzDecoder::new(Sink::new(sizes))))
            }
            Some(other) => {
                let other: String = other.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(Fault::Malformed(format!("its encoding `{other}` was not asked for")));
            }
        };
        Ok(Self { sizes, received: 0, coding })
    }

    /// Refuses a body that says beforehand that it is too large.
    pub(crate) const fn announced(&self, length: Option<u64>) -> Result<(), Fault> {
        match length {
            Some(length) if length > self.sizes.received_bytes => {
                Err(Fault::TooLarge(SizeLimit::Received(self.sizes.received_bytes)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Takes what was received and gives what it means.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<u8>, Fault> {
        self.received = self.received.saturating_add(piece.len() as u64);
        if self.received > self.sizes.received_bytes {
            return Err(Fault::TooLarge(SizeLimit::Received(self.sizes.received_bytes)));
        }
        match &mut self.coding {
            Coding::Plain => Ok(piece.to_vec()),
            Coding::Gzip(decoder) => {
                for part in piece.chunks(PIECE) {
                    decoder.get_mut().received += part.len() as u64;
                    let written = decoder.write_all(part);
                    settle(decoder.get_ref(), written)?;
                }
                Ok(std::mem::take(&mut decoder.get_mut().out))
            }
        }
    }

    /// What is left at the end; a compressed body that is not whole is a fault.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, Fault> {
        match &mut self.coding {
            Coding::Plain => Ok(Vec::new()),
            Coding::Gzip(_) if self.received == 0 => Ok(Vec::new()),
            Coding::Gzip(decoder) => {
                let finished = decoder.try_finish();
                settle(decoder.get_ref(), finished)?;
                Ok(std::mem::take(&mut decoder.get_mut().out))
            }
        }
    }
}

/// Tells a limit that was passed from damage.
fn settle(sink: &Sink, result: io::Result<()>) -> Result<(), Fault> {
    match (sink.passed, result) {
        (Some(limit), _) => Err(Fault::TooLarge(limit)),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Fault::Malformed(format!("its gzip is damaged: {error}"))),
    }
}

/// Takes decompressed bytes up to the limits.
struct Sink {
    sizes: Sizes,
    received: u64,
    made: u64,
    out: Vec<u8>,
    passed: Option<SizeLimit>,
}

impl Sink {
    const fn new(sizes: Sizes) -> Self {
        Self { sizes, received: 0, made: 0, out: Vec::new(), passed: None }
    }

    fn limit_passed(&self) -> Option<SizeLimit> {
        if self.made > self.sizes.decoded_bytes {
            return Some(SizeLimit::Decoded(self.sizes.decoded_bytes));
        }
        let most = self.received.saturating_mul(self.sizes.ratio).max(RATIO_FROM);
        (self.made > most).then_some(SizeLimit::Ratio(self.sizes.ratio))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.made = self.made.saturating_add(bytes.len() as u64);
        self.passed = self.passed.or_else(|| self.limit_passed());
        if self.passed.is_some() {
            return Err(io::Error::other("a limit was passed"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn read(encoding: &str, pieces: &[&[u8]], sizes: Sizes) -> Result<Vec<u8>, Fault> {
        let mut body = Body::new(Some(encoding), sizes)?;
        let mut all = Vec::new();
        for piece in pieces {
            all.extend(body.push(piece)?);
        }
        all.extend(body.finish()?);
        Ok(all)
    }

    #[test]
    fn a_bomb_stops_at_the_ratio_and_at_the_size() {
        let bomb = gzip(&vec![0; 20 << 20]);
        let sizes = Sizes::default();
        let limit = read("gzip", &[&bomb], sizes).unwrap_err();
        assert_eq!(limit, Fault::TooLarge(SizeLimit::Ratio(200)));
        let sizes = Sizes { ratio: u64::MAX, decoded_bytes: 5 << 20, ..sizes };
        let limit = read("gzip", &[&bomb], sizes).unwrap_err();
        assert_eq!(limit, Fault::TooLarge(SizeLimit::Decoded(5 << 20)));
    }

    #[test]
    fn what_is_received_counts_too() {
        let sizes = Sizes { received_bytes: 10, ..Sizes::default() };
        assert_eq!(read("identity", &[&[0; 10]], sizes).unwrap().len(), 10);
        let limit = Fault::TooLarge(SizeLimit::Received(10));
        assert_eq!(read("identity", &[&[0; 6], &[0; 5]], sizes).unwrap_err(), limit);
        assert_eq!(Body::new(None, sizes).unwrap().announced(Some(11)), Err(limit));
    }

    #[test]
    fn a_cut_body_is_never_taken_for_whole() {
        let whole = gzip(b"some text that is somewhat longer than nothing");
        for end in 1..whole.len() {
            assert!(read("gzip", &[&whole[..end]], Sizes::default()).is_err(), "{end}");
        }
        assert_eq!(read("gzip", &[], Sizes::default()).unwrap(), b"");
    }

    #[test]
    fn other_and_stacked_encodings_are_refused() {
        for encoding in ["br", "zstd", "deflate", "gzip, gzip", "gzip,identity"] {
            assert!(Body::new(Some(encoding), Sizes::default()).is_err(), "{encoding}");
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(data in prop::collection::vec(any::<u8>(), 0..4_000), at in 0_usize..4_000) {
            let packed = gzip(&data);
            let (front, back) = packed.split_at(at.min(packed.len()));
            prop_assert_eq!(read("gzip", &[front, back], Sizes::default()).unwrap(), data);
        }

        #[test]
        fn any_bytes_end_without_panic(data in prop::collection::vec(any::<u8>(), 0..400)) {
            let sizes = Sizes { decoded_bytes: 1_000, ..Sizes::default() };
            let read = read("gzip", &[&data], sizes);
            prop_assert!(read.map_or(true, |out| out.len() <= 1_000));
        }
    }
}
