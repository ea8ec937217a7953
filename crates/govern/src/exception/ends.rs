//! How long an exception may last, and when a day ends.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use quell_model::{Date, Severity, Timestamp};

/// How long exceptions may last, and who reviews them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Days by severity, in the order of [`Severity::ALL`].
    pub most_days: [u32; 6],
    /// From this severity on, two reviewers have to agree.
    pub two_reviewers_from: Severity,
    /// How many days before its end the owner is reminded.
    pub remind_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            most_days: [365, 365, 180, 90, 90, 30],
            two_reviewers_from: Severity::Critical,
            remind_days: 7,
        }
    }
}

/// So many days.
fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

impl Limits {
    /// How many days an exception may hide issues of a severity.
    #[must_use]
    pub fn days(&self, severity: Severity) -> u32 {
        let at = usize::from(severity.rank());
        self.most_days.get(at).copied().unwrap_or_default()
    }

    /// The latest end for issues of a severity.
    #[must_use]
    pub fn latest(&self, severity: Severity, now: Timestamp) -> Timestamp {
        // A day is 24 hours here, wherever somebody is.
        now.checked_add(days(self.days(severity))).unwrap_or(Timestamp::MAX)
    }

    /// How many reviewers have to agree, given the worst severity that is hidden.
    #[must_use]
    pub fn reviewers(&self, worst: Option<Severity>) -> u8 {
        1 + u8::from(worst.is_some_and(|worst| worst >= self.two_reviewers_from))
    }

    /// How long before its end the owner of an exception is reminded.
    #[must_use]
    pub fn remind_before(&self) -> SignedDuration {
        days(self.remind_days)
    }
}

/// The moment at which a day is over in a time zone: the first one of the next day there, be it
/// midnight or not.
#[must_use]
pub fn end_of_day(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?;
    next.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}
