//! Whether a finding counts, from what its source says and what later scans did not say.

use quell_model::{Status, Timestamp};

/// Microseconds since 1970, as the tables keep times.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A stored time.
pub(crate) fn time(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok().filter(|t| t.as_microsecond() > 0)
}

/// Seconds since 1970 of a stored time, as pages keep them; what is outside of that is cut.
pub(crate) fn seconds(micros: i64) -> u32 {
    u32::try_from((micros / 1_000_000).max(0)).unwrap_or(u32::MAX)
}

/// The number that stands for a source's status.
pub(crate) const fn reported(status: Status) -> i64 {
    match status {
        Status::Open => 0,
        Status::InProgress => 1,
        Status::Suppressed => 2,
        Status::Resolved => 3,
    }
}

/// The effective status: what the source says, unless the finding is gone.
pub(crate) const fn effective(reported: i64, gone_by: i64) -> Status {
    if gone_by != 0 {
        return Status::Resolved;
    }
    match reported {
        0 => Status::Open,
        1 => Status::InProgress,
        2 => Status::Suppressed,
        _ => Status::Resolved,
    }
}

/// Not gone.
pub(crate) const HERE: i64 = 0;
/// The check passed on this asset later.
pub(crate) const PASSED: i64 = 1;
/// A later scan of the same scope does not raise it.
pub(crate) const ABSENT: i64 = 2;
/// The platform no longer lists it.
pub(crate) const UNLISTED: i64 = 3;

/// Whether a finding is gone because something was silent about it.
pub(crate) const fn is_absent(gone_by: i64) -> bool {
    matches!(gone_by, ABSENT | UNLISTED)
}
