//! Points in time, read from every spelling the sources use, and the clock they are compared with.

use crate::Timestamp;

/// Where "now" comes from, so that replays and tests are deterministic.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A clock that always says the same.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Reads a time as sources write it: RFC 3339 with any count of fraction digits, a blank for the
/// `T`, a missing zone (taken as UTC), or an epoch in seconds, milliseconds, micro- or nanoseconds.
///
/// `None` for anything else, zero and the placeholder years 0001 and 1970-01-01T00:00:00 included.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return from_whole_epoch(number);
    }
    if let Ok(number) = text.parse::<f64>() {
        return from_epoch(number);
    }
    parse_civil(text).filter(|t| t.as_second() > 0)
}

/// A whole epoch of unknown unit, without the rounding of a float.
fn from_whole_epoch(number: i64) -> Option<Timestamp> {
    match number {
        ..=0 => None,
        1..=99_999_999_999 => Timestamp::from_second(number).ok(),
        100_000_000_000..=99_999_999_999_999 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..=99_999_999_999_999_999 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(i128::from(number)).ok(),
    }
}

/// An epoch of unknown unit: the unit follows from its size.
fn from_epoch(number: f64) -> Option<Timestamp> {
    let seconds = match number {
        n if n <= 0.0 || !n.is_finite() => return None,
        n if n < 1e11 => n,
        n if n < 1e14 => n / 1e3,
        n if n < 1e17 => n / 1e6,
        n => n / 1e9,
    };
    let duration = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    // A float of today's seconds tells a little less than microseconds; the rest is noise.
    Timestamp::from_duration(duration).ok()?.round(jiff::Unit::Microsecond).ok()
}

fn parse_civil(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let as_utc = |civil: jiff::civil::DateTime| {
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
    };
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        return as_utc(civil);
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        return as_utc(date.to_datetime(jiff::civil::Time::midnight()));
    }
    // `2023-07-10 11:50:03 +0000 UTC`, as Go prints times, and `2020-01-02 03:04:05 +0000`.
    let go = jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S%.f %z", text)
        .or_else(|_| jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text))
        .ok()?;
    go.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_moment_reads_alike() {
        let expected: Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
        for text in [
            "2024-05-06T07:08:09Z",
            "2024-05-06T07:08:09.000Z",
            "2024-05-06T07:08:09.0000000Z",
            "2024-05-06T09:08:09+02:00",
            "2024-05-06 07:08:09",
            "2024-05-06T07:08:09",
            "2024-05-06 07:08:09 +0000 UTC",
            "2024-05-06T07:08:09+0000",
            "1714979289",
            "1714979289000",
            "1714979289000000",
            "1714979289000000000",
        ] {
            assert_eq!(parse_timestamp(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_fraction_of_an_epoch_keeps_its_digits() {
        for (text, expected) in [
            ("1714979289.465", "2024-05-06T07:08:09.465Z"),
            ("1714979289.123456", "2024-05-06T07:08:09.123456Z"),
            ("1714979289465.25", "2024-05-06T07:08:09.46525Z"),
            ("1.714979289e9", "2024-05-06T07:08:09Z"),
        ] {
            assert_eq!(parse_timestamp(text), Some(expected.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn placeholders_and_nonsense_are_no_time() {
        for text in ["", "0", "-1", "NaN", "inf", "0001-01-01T00:00:00Z", "yesterday", "1e400"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
