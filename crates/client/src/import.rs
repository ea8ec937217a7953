//! Uploading findings: packed on the way, never whole in memory.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use quell_http::{Deadlines, Pieces, Request};
use tokio::sync::mpsc::{Sender, channel};

use crate::{ClientError, Connection, Job};

/// Bytes read at once, and packed bytes sent at once.
const PIECE: usize = 128 << 10;
/// Pieces that wait for the network.
const PIECES: usize = 8;
/// Longest upload.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

/// Opens what is to be sent, anew for each attempt.
type Open = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;
/// Hears how many bytes of this attempt are read.
type Heard = dyn Fn(u64) + Send + Sync;

/// Something to be uploaded.
#[derive(Clone)]
pub struct Upload {
    /// What people call it.
    pub name: String,
    /// Sent with each attempt, so that it is imported once.
    pub key: String,
    /// Opens it.
    pub open: Arc<Open>,
    /// Hears how far it is.
    pub heard: Arc<Heard>,
    /// Set to stop.
    pub cancelled: Arc<AtomicBool>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Connection {
    /// Uploads findings; the job imports them.
    ///
    /// # Errors
    /// When it cannot be read, the server does not answer or refuses, or somebody stops it.
    pub async fn import(&self, upload: &Upload) -> Result<Job, ClientError> {
        let url = self.url("api/v1/imports", &[("name", Some(&upload.name))])?;
        // What was wrong with the input is known here; the server sees that it broke off.
        let fault: Arc<Mutex<Option<String>>> = Arc::default();
        let (reading, told) = (upload.clone(), Arc::clone(&fault));
        let request = Request::post(&url)
            .and_then(|request| request.header("content-encoding", "gzip"))
            .and_then(|request| request.header("idempotency-key", &upload.key))
            .and_then(|request| {
                request.stream("application/octet-stream", move || begin(&reading, &told))
            })
            .map_err(|error| self.failed(error))?
            .idempotent()
            .deadlines(Deadlines { first_byte: LONGEST, whole: LONGEST, ..Deadlines::default() });
        let sent = self.send(request).await;
        if upload.cancelled.load(Ordering::SeqCst) {
            return Err(ClientError::Stopped);
        }
        if let Some(reason) = fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(ClientError::File { path: upload.name.clone(), reason });
        }
        sent?.json().map_err(|error| self.failed(error))
    }
}

/// Begins to read on a thread of its own.
fn begin(upload: &Upload, fault: &Arc<Mutex<Option<String>>>) -> Pieces {
    let (send, pieces) = channel(PIECES);
    let (upload, fault) = (upload.clone(), Arc::clone(fault));
    tokio::task::spawn_blocking(move || {
        let mut packer = GzEncoder::new(Out { send, buffer: Vec::new() }, Compression::fast());
        if let Err(error) = pack(&upload, &mut packer) {
            let reason = error.to_string();
            let out = packer.get_ref();
            // Where nobody takes the pieces any more, the network says why.
            if out.send.blocking_send(Err(error)).is_ok() {
                *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            }
        }
    });
    pieces
}

fn pack(upload: &Upload, packer: &mut GzEncoder<Out>) -> io::Result<()> {
    let mut input = (upload.open)()?;
    let mut buffer = vec![0; PIECE];
    let mut sum = 0;
    loop {
        if upload.cancelled.load(Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        let read = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        packer.write_all(buffer.get(..read).unwrap_or_default())?;
        sum += read as u64;
        (upload.heard)(sum);
    }
    packer.try_finish()?;
    packer.get_mut().flush()
}

/// Hands packed bytes on in pieces of a fair size.
struct Out {
    send: Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.send.blocking_send(Ok(piece)).map_err(gone)
    }
}
