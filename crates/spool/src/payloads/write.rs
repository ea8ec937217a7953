//! Writing a raw file: packed and hashed as it comes.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use zstd::stream::write::Encoder;

use super::{Payload, PayloadError, Store};
use crate::bytes::wide;
use crate::disk::DiskFile;

/// What comes is packed while it is sent, on one thread: faster by half than the level above.
const LEVEL: i32 = 1;

/// Takes the content of a raw file. It is stored by [`PayloadWriter::commit`] only.
pub struct PayloadWriter {
    store: Arc<Store>,
    temporary: PathBuf,
    /// `None` once it was committed or failed.
    encoder: Option<Encoder<'static, Out>>,
    hasher: blake3::Hasher,
    bytes: u64,
    most_bytes: u64,
    fault: Option<PayloadError>,
}

/// The packed bytes go to the file one after another.
struct Out {
    file: Arc<dyn DiskFile>,
    at: u64,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.at)?;
        self.at = self.at.saturating_add(wide(bytes.len()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PayloadWriter {
    pub(super) fn new(store: Arc<Store>, most_bytes: u64) -> Result<Self, PayloadError> {
        let temporary = store.temporary();
        let io = |error: io::Error| PayloadError::io(&temporary, &error);
        let file = store.disk.create(&temporary).map_err(io)?;
        let mut encoder = Encoder::new(Out { file, at: 0 }, LEVEL).map_err(io)?;
        // Who reads it by its name alone meets an error where it was damaged.
        encoder.include_checksum(true).map_err(io)?;
        let (hasher, bytes) = (blake3::Hasher::new(), 0);
        let (encoder, fault) = (Some(encoder), None);
        Ok(Self { store, temporary, encoder, hasher, bytes, most_bytes, fault })
    }

    /// Bytes of the content so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Stores the file; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`PayloadError::TooLarge`] when more came than is allowed, [`PayloadError::DiskFull`] and
    /// [`PayloadError::Io`]. Nothing says then that it is there, or will be after a crash.
    pub fn commit(mut self) -> Result<Payload, PayloadError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let io = |error: io::Error| PayloadError::io(&self.temporary, &error);
        let Some(encoder) = self.encoder.take() else {
            return Err(io(io::ErrorKind::BrokenPipe.into()));
        };
        let out = encoder.finish().map_err(io)?;
        out.file.sync().map_err(io)?;
        let hash = *self.hasher.finalize().as_bytes();
        self.store.place(&self.temporary, &hash, out.at)?;
        Ok(Payload { hash, bytes: self.bytes, stored_bytes: out.at })
    }

    fn fail(&mut self, error: &io::Error) -> io::Error {
        let fault = PayloadError::io(&self.temporary, error);
        self.fault.get_or_insert_with(|| fault.clone());
        self.encoder = None;
        io::Error::new(error.kind(), fault)
    }
}

impl Write for PayloadWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.saturating_add(wide(bytes.len())) > self.most_bytes {
            let large = PayloadError::TooLarge { most_bytes: self.most_bytes };
            return Err(self.fail(&io::Error::new(io::ErrorKind::FileTooLarge, large)));
        }
        let Some(encoder) = &mut self.encoder else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        match encoder.write(bytes) {
            Ok(taken) => {
                self.hasher.update(bytes.get(..taken).unwrap_or_default());
                self.bytes = self.bytes.saturating_add(wide(taken));
                Ok(taken)
            }
            Err(error) => Err(self.fail(&error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PayloadWriter {
    fn drop(&mut self) {
        // After a commit nothing is there any more under this name.
        let _gone = self.store.disk.remove(&self.temporary);
    }
}

impl fmt::Debug for PayloadWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadWriter")
            .field("temporary", &self.temporary)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
