//! Removing what is old and has been read.

use std::io;
use std::sync::PoisonError;

use crate::error::SpoolError;
use crate::log::{Form, Log, Shared};
use crate::position::Position;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many segments.
    pub segments: u64,
    /// What their files took.
    pub bytes: u64,
}

/// Removes segments from the oldest on, as long as all their records came before a time and stand
/// before the floor.
pub(crate) fn remove_before(
    shared: &Shared,
    received_at_micros: i64,
    floor: Position,
) -> Result<Removed, SpoolError> {
    let _kept = shared.maintenance.lock().unwrap_or_else(PoisonError::into_inner);
    let mut removed = Removed::default();
    loop {
        let Some((number, info)) = take_first(&mut shared.log(), received_at_micros, floor) else {
            break;
        };
        let path = shared.path(number, info.form);
        // One after another, so that a crash never leaves a gap.
        if let Err(error) = remove(shared, number) {
            shared.log().segments.insert(number, info);
            return Err(SpoolError::io(&path, &error));
        }
        removed.segments += 1;
        removed.bytes += info.stored_bytes;
    }
    let old_is_open =
        shared.log().segments.first_key_value().is_some_and(|(_, info)| {
            info.form == Form::Open && info.times.oldest < received_at_micros
        });
    if old_is_open {
        // It can be removed once a new one is begun.
        shared.queue.request_roll();
    }
    Ok(removed)
}

/// Removes a segment in whatever form it is; an interrupted sealing leaves both.
fn remove(shared: &Shared, number: u32) -> io::Result<()> {
    for form in [Form::Closed, Form::Sealed] {
        match shared.disk.remove(&shared.path(number, form)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    shared.disk.sync_folder(&shared.dir)
}

fn take_first(
    log: &mut Log,
    received_at_micros: i64,
    floor: Position,
) -> Option<(u32, crate::log::SegmentInfo)> {
    let (number, info) = log.segments.first_key_value()?;
    let end = Position::new(*number, info.end);
    let read = end <= floor && end < log.end;
    let old = info.times.newest < received_at_micros;
    if info.form == Form::Open || !read || !old {
        return None;
    }
    log.segments.pop_first()
}
