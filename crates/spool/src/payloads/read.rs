//! Reading a raw file: unpacked as it goes, and held against its hash at the end.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use zstd::stream::read::Decoder;

use super::PayloadError;
use crate::bytes::wide;
use crate::disk::{Disk, DiskFile};

/// Largest window that is unpacked, as a power of two; what is written here has a smaller one.
const WINDOW_LOG: u32 = 23;

/// The content of a raw file. The last read fails when it was not what was stored.
pub struct PayloadReader {
    path: PathBuf,
    decoder: Decoder<'static, BufReader<In>>,
    hasher: blake3::Hasher,
    hash: [u8; 32],
    damaged: bool,
}

struct In {
    file: Arc<dyn DiskFile>,
    at: u64,
}

impl Read for In {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at = self.at.saturating_add(wide(read));
        Ok(read)
    }
}

impl PayloadReader {
    pub(super) fn new(
        disk: &dyn Disk,
        path: PathBuf,
        hash: [u8; 32],
    ) -> Result<Self, PayloadError> {
        let file = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(PayloadError::Missing { path });
            }
            opened => opened.map_err(|error| PayloadError::io(&path, &error))?,
        };
        let opened = Decoder::new(In { file, at: 0 }).and_then(|mut decoder| {
            decoder.window_log_max(WINDOW_LOG)?;
            Ok(decoder)
        });
        let decoder = opened.map_err(|error| PayloadError::io(&path, &error))?;
        Ok(Self { path, decoder, hasher: blake3::Hasher::new(), hash, damaged: false })
    }

    fn damage(&mut self) -> io::Error {
        self.damaged = true;
        let damaged = PayloadError::Damaged { path: self.path.clone() };
        io::Error::new(io::ErrorKind::InvalidData, damaged)
    }
}

impl Read for PayloadReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.damaged {
            return Err(self.damage());
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.decoder.read(buffer) {
            Ok(0) if *self.hasher.finalize().as_bytes() != self.hash => Err(self.damage()),
            Ok(read) => {
                self.hasher.update(buffer.get(..read).unwrap_or_default());
                Ok(read)
            }
            // The system's own errors have a number; the others are about the content.
            Err(error) if error.raw_os_error().is_some() => Err(error),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(_) => Err(self.damage()),
        }
    }
}

impl fmt::Debug for PayloadReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadReader").field("path", &self.path).finish_non_exhaustive()
    }
}
