//! Hours of the day somewhere: quiet hours, which may go over midnight, and the hour of a digest.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// Hours of each day in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    from: Time,
    to: Time,
    zone: TimeZone,
}

/// Why a text names no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHours {
    /// It is no time of day.
    #[error("`{0}` is no time of day such as `22:00`")]
    Time(String),
    /// It is no time zone.
    #[error("`{0}` is no time zone such as `Europe/Berlin`")]
    Zone(String),
    /// Both are one moment.
    #[error("hours begin and end at different times")]
    Empty,
}

impl Hours {
    /// Hours from a time of day until another, over midnight where that comes first.
    ///
    /// # Errors
    /// A text is no time or zone, or both times are one.
    pub fn new(from: &str, to: &str, zone: &str) -> Result<Self, NoHours> {
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(NoHours::Empty);
        }
        Ok(Self { from, to, zone: zone_of(zone)? })
    }

    /// One moment of each day.
    ///
    /// # Errors
    /// A text is no time or zone.
    pub fn daily(at: &str, zone: &str) -> Result<Self, NoHours> {
        let at = time(at)?;
        Ok(Self { from: at, to: at, zone: zone_of(zone)? })
    }

    /// When the hours end that a moment is in; none where it is in none.
    #[must_use]
    pub fn end_of(&self, now: Timestamp) -> Option<Timestamp> {
        let there = now.to_zoned(self.zone.clone());
        let time = there.time();
        let over_midnight = self.from > self.to;
        let is_in = if over_midnight {
            time >= self.from || time < self.to
        } else {
            time >= self.from && time < self.to
        };
        let end = if over_midnight && time >= self.from { tomorrow(&there)? } else { there };
        let end = is_in.then(|| end.with().time(self.to).build().ok()).flatten()?;
        Some(end.timestamp())
    }

    /// The last time before a moment at which the day's hour came.
    #[must_use]
    pub fn last_before(&self, now: Timestamp) -> Option<Timestamp> {
        let there = now.to_zoned(self.zone.clone());
        let today = there.with().time(self.from).build().ok()?;
        if today <= there {
            return Some(today.timestamp());
        }
        let yesterday = there.checked_sub(1.day()).ok()?;
        Some(yesterday.with().time(self.from).build().ok()?.timestamp())
    }
}

fn tomorrow(there: &Zoned) -> Option<Zoned> {
    there.checked_add(1.day()).ok()
}

fn time(text: &str) -> Result<Time, NoHours> {
    let wrong = || NoHours::Time(text.to_owned());
    format!("{text}:00").parse().map_err(|_| wrong())
}

fn zone_of(text: &str) -> Result<TimeZone, NoHours> {
    if text == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(text).map_err(|_| NoHours::Zone(text.to_owned()))
}
