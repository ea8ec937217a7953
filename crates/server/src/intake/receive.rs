//! Taking a body of any size: through memory in pieces, unpacked, hashed and kept as it came.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf, Bytes};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use quell_spool::Payload;
use tokio::sync::mpsc;

use crate::api::Problem;
use crate::state::App;

/// Pieces of a body that wait for the disk.
pub(super) const PIECES: usize = 16;
/// Bytes copied at once.
const BUFFER: usize = 64 << 10;
/// Most memory that a frame of Zstandard may ask for, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
}

/// Takes a body: what it holds is on the disk once this returns.
pub(crate) async fn receive(
    app: &Arc<App>,
    encoding: Option<&str>,
    body: Body,
) -> Result<Payload, Problem> {
    let packing = match encoding {
        None => Packing::None,
        Some(word) if word.eq_ignore_ascii_case("identity") => Packing::None,
        Some(word) if word.eq_ignore_ascii_case("gzip") => Packing::Gzip,
        Some(_) => return Err(Problem::media("`Content-Encoding` is `gzip`, or is not there")),
    };
    let (send, pieces) = mpsc::channel(PIECES);
    let keeping = Arc::clone(app);
    let kept = app.upload(move || {
        let pieces = Pieces::new(pieces);
        match packing {
            Packing::None => keep(&keeping, pieces),
            Packing::Gzip => keep(&keeping, MultiGzDecoder::new(pieces)),
        }
    });
    let (sent, kept) = tokio::join!(feed(app, body, send), kept);
    // What the disk says comes first: it may be why the body was not read on.
    match (kept, sent) {
        (Ok(payload), Ok(())) => Ok(payload),
        (_, Err(problem)) if problem.is_client() => Err(problem),
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    }
}

/// Hands the body on in pieces. A pause that is too long ends it.
async fn feed(
    app: &Arc<App>,
    mut body: Body,
    send: mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), Problem> {
    let most_bytes = app.config.server.max_import_bytes;
    let most = Duration::from_secs(app.config.limits.body_seconds);
    let broken = |what: &'static str| io::Error::new(io::ErrorKind::ConnectionAborted, what);
    let mut sum = 0_u64;
    loop {
        let frame = match tokio::time::timeout(most, body.frame()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                drop(send.send(Err(broken("the body broke off"))).await);
                return Err(Problem::invalid("the body broke off; nothing of it was taken"));
            }
            Err(_) => {
                drop(send.send(Err(broken("the body stood still"))).await);
                return Err(Problem::too_slow(most.as_secs()));
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        sum += data.len() as u64;
        if sum > most_bytes {
            drop(send.send(Err(broken("the body is too large"))).await);
            return Err(Problem::too_large(most_bytes));
        }
        if send.send(Ok(data)).await.is_err() {
            // The disk refused; it says why.
            return Ok(());
        }
    }
}

/// Keeps what a stream holds, unpacked once where it begins as gzip or Zstandard: so the same
/// content is the same payload, however it was sent.
pub(super) fn keep(app: &App, source: impl Read) -> Result<Payload, Problem> {
    let most = app.config.server.max_import_bytes;
    let mut source = unpacked(source).map_err(|error| unreadable(&error))?;
    let mut writer = app.payloads.writer(most)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = source.read(&mut buffer).map_err(|error| unreadable(&error))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        if writer.write_all(bytes).is_err() {
            // The writer knows why.
            break;
        }
    }
    Ok(writer.commit()?)
}

/// Keeps some bytes.
pub(crate) fn keep_bytes(app: &App, bytes: &[u8]) -> Result<Payload, String> {
    keep(app, bytes).map_err(|problem| problem.detail().to_owned())
}

fn unpacked<'r>(mut source: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut head = Vec::new();
    (&mut source).take(4).read_to_end(&mut head)?;
    let packing = head.clone();
    let whole = Read::chain(io::Cursor::new(head), source);
    Ok(match packing.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let mut decoder = zstd::Decoder::new(whole)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        _ => Box::new(whole),
    })
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::invalid(format!("the body cannot be unpacked, or broke off: {error}"))
}

/// Pieces of a body as one stream.
pub(super) struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    now: Bytes,
}

impl Pieces {
    pub(super) const fn new(pieces: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Self { pieces, now: Bytes::new() }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.now = piece?,
            }
        }
        let length = buffer.len().min(self.now.len());
        if let Some(to) = buffer.get_mut(..length) {
            self.now.copy_to_slice(to);
        }
        Ok(length)
    }
}
