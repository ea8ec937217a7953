//! Closed segments are packed in the background, one at a time.
//!
//! The packed form is written beside the plain one, flushed, renamed, and the folder flushed; then
//! the plain one is removed. A crash at any step leaves one whole form.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::bytes::{size, wide};
use crate::disk::read_full;
use crate::error::SpoolError;
use crate::log::{Form, SegmentInfo, Shared};
use crate::sealed::{BLOCK_BYTES, SealedWriter};

/// How long to wait after a failure, such as a full disk.
const RETRY: Duration = Duration::from_secs(30);

/// Seals what is closed, until the log closes.
pub(crate) fn run(shared: &Shared) {
    loop {
        let result = seal_all(shared);
        let mut log = shared.log();
        log.seal_fault = result.err().map(|error| error.to_string().into());
        let failed = log.seal_fault.is_some();
        let (log, _) = shared
            .changed
            .wait_timeout_while(log, RETRY, |log| {
                !log.closing && (failed || next_closed(log.segments.iter(), 0).is_none())
            })
            .unwrap_or_else(PoisonError::into_inner);
        if log.closing {
            return;
        }
    }
}

/// Seals every closed segment. One that fails does not keep the others back.
pub(crate) fn seal_all(shared: &Shared) -> Result<(), SpoolError> {
    let (mut after, mut result) = (0, Ok(()));
    loop {
        let _kept = shared.maintenance.lock().unwrap_or_else(PoisonError::into_inner);
        let next = {
            let log = shared.log();
            if log.closing {
                return result;
            }
            next_closed(log.segments.range(after..), after)
        };
        let Some((number, info)) = next else { return result };
        after = number.saturating_add(1);
        if let Err(error) = seal(shared, number, &info) {
            let _left = shared.disk.remove(&shared.dir.join(temporary_name(number)));
            result = Err(error);
        }
    }
}

fn next_closed<'a>(
    segments: impl Iterator<Item = (&'a u32, &'a SegmentInfo)>,
    from: u32,
) -> Option<(u32, SegmentInfo)> {
    let mut closed = segments.filter(|(number, info)| {
        **number >= from && info.form == Form::Closed && info.header.is_some()
    });
    closed.next().map(|(number, info)| (*number, info.clone()))
}

fn seal(shared: &Shared, number: u32, info: &SegmentInfo) -> Result<(), SpoolError> {
    let Some(header) = info.header else { return Ok(()) };
    let plain = shared.path(number, Form::Closed);
    let temporary = shared.dir.join(temporary_name(number));
    let packed = shared.path(number, Form::Sealed);
    let from = shared.disk.open(&plain).map_err(|error| SpoolError::io(&plain, &error))?;
    let io = |error: std::io::Error| SpoolError::io(&temporary, &error);
    let file = shared.disk.create(&temporary).map_err(io)?;
    let mut writer = SealedWriter::new(Arc::clone(&file)).map_err(io)?;
    let mut at = 0;
    while at < info.end {
        if shared.log().closing {
            return Err(SpoolError::Closed);
        }
        let mut block = vec![0; size(BLOCK_BYTES.min(info.end - at))];
        let read = read_full(&*from, &mut block, wide(size(at)));
        if read.map_err(|error| SpoolError::io(&plain, &error))? != block.len() {
            let error = std::io::ErrorKind::UnexpectedEof.into();
            return Err(SpoolError::io(&plain, &error));
        }
        writer.block(&block).map_err(io)?;
        at = at.saturating_add(BLOCK_BYTES);
    }
    let stored_bytes = writer.finish(&header, &info.keys, info.times).map_err(io)?;
    shared.disk.rename(&temporary, &packed).map_err(io)?;
    shared.disk.sync_folder(&shared.dir).map_err(io)?;
    if let Some(info) = shared.log().segments.get_mut(&number) {
        *info = SegmentInfo { form: Form::Sealed, stored_bytes, keys: Vec::new(), ..info.clone() };
    }
    // When this fails, the next start finds both and removes one.
    let _left = shared.disk.remove(&plain);
    Ok(())
}

fn temporary_name(number: u32) -> String {
    format!("{number:010}.tmp")
}
