//! Requests that say their length in two ways.
//!
//! The parser below takes the one that counts and forgets the other, so they are looked for in the
//! bytes before it reads them. A server in front may have taken the other one (RFC 9112 6.1).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a line that are kept: the names and numbers that are looked for are short.
const MOST_KEPT: usize = 64;

/// The number of the request of a connection that says its length in two ways; 0 while there is
/// none. It is the last one that the connection is read for.
#[derive(Debug, Clone, Default)]
pub(crate) struct TwoLengths(Arc<AtomicU64>);

impl TwoLengths {
    /// Whether the request of that number, from 1, is the one.
    pub(crate) fn is(&self, number: u64) -> bool {
        self.0.load(Ordering::Acquire) == number
    }
}

/// What comes next on a connection.
#[derive(Debug)]
enum Next {
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// What cannot be told, or is not read on.
    Unknown,
}

/// Reads along with the parser.
#[derive(Debug)]
struct Heads {
    found: TwoLengths,
    next: Next,
    number: u64,
    line: Vec<u8>,
    /// Whether the first line of the head was read.
    begun: bool,
    length: Option<u64>,
    encoded: bool,
}

impl Heads {
    fn new(found: TwoLengths) -> Self {
        Self {
            found,
            next: Next::Head,
            number: 0,
            line: Vec::with_capacity(MOST_KEPT),
            begun: false,
            length: None,
            encoded: false,
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.next {
                Next::Unknown => return,
                Next::Body(left) => self.skip(left, bytes),
                Next::Head => self.line(bytes),
            };
        }
    }

    /// Passes over a body; says what stands behind it.
    fn skip<'b>(&mut self, left: u64, bytes: &'b [u8]) -> &'b [u8] {
        let skipped = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
        self.next = if left == 0 { Next::Head } else { Next::Body(left) };
        bytes.get(skipped..).unwrap_or_default()
    }

    /// Reads a line of a head, or a part of one; says what stands behind it.
    fn line<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        let room = MOST_KEPT.saturating_sub(self.line.len()).min(line.len());
        self.line.extend_from_slice(line.get(..room).unwrap_or_default());
        if end.is_some() {
            self.line_ended();
        }
        rest
    }

    fn line_ended(&mut self) {
        let line = self.line.trim_ascii();
        if line.is_empty() {
            if self.begun {
                self.head_ended();
            }
        } else if self.begun {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let name = parts.next().unwrap_or_default().trim_ascii();
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                self.encoded = true;
            } else if name.eq_ignore_ascii_case(b"content-length") {
                let value = std::str::from_utf8(parts.next().unwrap_or_default());
                // What is no number is refused by the parser.
                self.length = Some(value.ok().and_then(|v| v.trim().parse().ok()).unwrap_or(0));
            }
        } else {
            self.begun = true;
        }
        self.line.clear();
    }

    fn head_ended(&mut self) {
        self.number += 1;
        self.next = match (self.encoded, self.length) {
            (true, Some(_)) => {
                self.found.0.store(self.number, Ordering::Release);
                Next::Unknown
            }
            // A connection ends with a body in pieces.
            (true, None) => Next::Unknown,
            (false, Some(length)) if length > 0 => Next::Body(length),
            (false, _) => Next::Head,
        };
        (self.begun, self.length) = (false, None);
    }
}

/// A connection whose heads are read along.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    heads: Heads,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, found: TwoLengths) -> Self {
        Self { stream, heads: Heads::new(found) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.heads.take(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of the request that has both, read in pieces of every size.
    fn found(bytes: &[u8]) -> u64 {
        let sizes = 1..=bytes.len().min(50);
        let numbers: Vec<u64> = sizes
            .map(|size| {
                let found = TwoLengths::default();
                let mut heads = Heads::new(found.clone());
                bytes.chunks(size).for_each(|piece| heads.take(piece));
                found.0.load(Ordering::Acquire)
            })
            .collect();
        assert!(numbers.windows(2).all(|pair| pair[0] == pair[1]), "{numbers:?}");
        numbers[0]
    }

    #[test]
    fn two_lengths_are_found_wherever_they_stand() {
        let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".as_slice();
        let post =
            b"\r\nPOST / HTTP/1.1\r\nContent-Length: 25\r\n\r\nTransfer-Encoding: x\n\n\n\n\n"
                .as_slice();
        let both = b"POST / HTTP/1.1\nCONTENT-LENGTH: 3\ntransfer-encoding:chunked\n\n0\r\n\r\n"
            .as_slice();
        let turned =
            b"POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\nx: y\r\nContent-Length: 3\r\n\r\n"
                .as_slice();
        let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".as_slice();
        let long = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &[b'a'; 500], b"\r\n\r\n"].concat();
        assert_eq!(found(both), 1);
        assert_eq!(found(turned), 1);
        assert_eq!(found(&[get, post, &long, both].concat()), 4);
        for fine in [get, post, chunked, &[post, get, &long].concat(), b"\n\n\n", b"\x16\x03\x01"] {
            assert_eq!(found(fine), 0, "{}", String::from_utf8_lossy(fine));
        }
        let header_in_the_line =
            b"GET /Content-Length:3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(found(header_in_the_line), 0);
    }
}
