//! When a failed request is tried again, and how long to wait.

use std::time::{Duration, UNIX_EPOCH};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Method};
use quell_model::Timestamp;

use crate::error::HttpError;
use crate::policy::Retry;

/// Shortest wait that a remote can ask for.
const SHORTEST: Duration = Duration::from_secs(1);

/// The wait that `Retry-After` asks for, in seconds or as a date, held between one second and
/// `longest`. A date is compared with the reply's own `Date`, since clocks differ. A value that
/// cannot be read counts as the shortest wait.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp, longest: Duration) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    let wait = value.to_str().ok().and_then(|text| wait(text.trim(), headers, now));
    if wait.is_none() {
        tracing::debug!("a Retry-After that cannot be read counts as one second");
    }
    Some(wait.unwrap_or(SHORTEST).clamp(SHORTEST, longest.max(SHORTEST)))
}

fn wait(text: &str, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a number holds are a very long wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(match Duration::try_from_secs_f64(seconds) {
            Ok(wait) => wait,
            Err(_) if seconds > 0.0 => Duration::MAX,
            Err(_) => SHORTEST,
        });
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let from = headers
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok());
    let from = match from {
        Some(from) => from,
        None => {
            UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(now.as_second()).ok()?))?
        }
    };
    Some(at.duration_since(from).unwrap_or(SHORTEST))
}

/// Whether the method may be sent twice.
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE")
}

/// Whether a status says that the same request may succeed later.
pub(crate) const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Whether the request may be sent again after this error.
pub(crate) fn may_repeat(error: &HttpError, idempotent: bool) -> bool {
    match error {
        // Nothing was sent.
        HttpError::Unreachable { .. } => true,
        HttpError::Deadline { deadline: crate::Deadline::Connect, .. } => true,
        // The remote says that it did not take it.
        HttpError::Busy(remote) => idempotent || remote.status == 429,
        HttpError::Deadline { .. } | HttpError::Broken { .. } => idempotent,
        HttpError::Refused(_)
        | HttpError::Remote(_)
        | HttpError::TooLarge { .. }
        | HttpError::Certificate { .. }
        | HttpError::Crowded { .. }
        | HttpError::Setup(_) => false,
    }
}

/// The wait before the next attempt: what the remote asked for with a little added, so that many
/// clients do not come at once, else a random part of the step.
pub(crate) fn pause(error: &HttpError, step: Duration, rule: &Retry) -> Duration {
    let random = fastrand::f64();
    match error.remote().and_then(|remote| remote.retry_after) {
        Some(asked) => asked.saturating_add(rule.first_wait.mul_f64(random)),
        None => step.mul_f64(random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    fn check(value: &str, date: Option<&str>) -> Duration {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        retry_after(&headers, now, LONGEST).unwrap()
    }

    #[test]
    fn both_forms_are_read_and_held_in_bounds() {
        for (value, seconds) in [
            ("7", 7),
            ("0", 1),
            ("-5", 1),
            ("1e9", 60),
            ("99999999999999999999999", 60),
            ("NaN", 1),
            ("inf", 60),
            ("soon", 1),
            ("", 1),
            ("Fri, 02 Jan 2026 03:04:15 GMT", 10),
            ("Fri, 02 Jan 2026 03:04:00 GMT", 1),
            ("Fri, 02 Jan 2099 03:04:00 GMT", 60),
        ] {
            assert_eq!(check(value, None), Duration::from_secs(seconds), "{value}");
        }
        assert_eq!(check("2.5", None), Duration::from_millis(2_500));
    }

    #[test]
    fn a_date_is_compared_with_the_date_of_the_reply() {
        let wait = check("Fri, 02 Jan 2026 13:00:20 GMT", Some("Fri, 02 Jan 2026 13:00:00 GMT"));
        assert_eq!(wait, Duration::from_secs(20));
    }
}
