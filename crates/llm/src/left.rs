//! What a provider says in headers of its limits.

use std::time::Duration;

use http::HeaderMap;

/// What is left, as the last answer told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Requests.
    pub requests: Option<u64>,
    /// When they are full again.
    pub requests_reset: Option<Reset>,
    /// Tokens.
    pub tokens: Option<u64>,
    /// When they are full again.
    pub tokens_reset: Option<Reset>,
}

/// When a limit is full again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset {
    /// After so long.
    After(Duration),
    /// At a time, as the provider writes it (RFC 3339).
    At(String),
}

impl Left {
    /// Reads the headers of any provider.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let number =
            |names: [&str; 2]| names.iter().find_map(|name| text(headers, name)?.parse().ok());
        let reset = |names: [&str; 2]| names.iter().find_map(|name| reset(text(headers, name)?));
        Self {
            requests: number([
                "x-ratelimit-remaining-requests",
                "anthropic-ratelimit-requests-remaining",
            ]),
            requests_reset: reset([
                "x-ratelimit-reset-requests",
                "anthropic-ratelimit-requests-reset",
            ]),
            tokens: number([
                "x-ratelimit-remaining-tokens",
                "anthropic-ratelimit-tokens-remaining",
            ]),
            tokens_reset: reset(["x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"]),
        }
    }

    /// How long until what is used up is full again.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let pairs = [(self.requests, &self.requests_reset), (self.tokens, &self.tokens_reset)];
        let waits =
            pairs.into_iter().filter(|(left, _)| *left == Some(0)).filter_map(|(_, reset)| {
                match reset {
                    Some(Reset::After(wait)) => Some(*wait),
                    Some(Reset::At(_)) | None => None,
                }
            });
        waits.max()
    }
}

pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| text.len() <= 64)
}

/// The wait that an answer asks for: in milliseconds, in seconds, or until a limit is full again.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let longest = Duration::from_secs(86_400);
    let number = |name| text(headers, name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1_000.0).or_else(|| number("retry-after"));
    let asked = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    asked.or_else(|| Left::read(headers).wait()).map(|wait| wait.min(longest))
}

fn reset(value: &str) -> Option<Reset> {
    if let Some(wait) = span(value) {
        return Some(Reset::After(wait));
    }
    let dated = value.len() >= 20 && value.contains('T') && value.is_ascii();
    dated.then(|| Reset::At(value.to_owned()))
}

/// A span as OpenAI writes it: `6m0s`, `1.5s`, `120ms`.
fn span(value: &str) -> Option<Duration> {
    let (mut rest, mut total) = (value, 0.0_f64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let units = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(units);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = next;
    }
    Duration::try_from_secs_f64(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn waits_are_read_in_every_spelling() {
        let seconds =
            |pairs: &[(&'static str, &str)]| wait(&headers(pairs)).map(|wait| wait.as_secs_f64());
        assert_eq!(seconds(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(seconds(&[("retry-after", "7"), ("retry-after-ms", "1500")]), Some(1.5));
        assert_eq!(seconds(&[("retry-after", "-3")]), None);
        assert_eq!(seconds(&[("retry-after", "1e99")]), None);
        assert_eq!(seconds(&[("retry-after", "9999999")]), Some(86_400.0));
        let spent = ("x-ratelimit-remaining-tokens", "0");
        assert_eq!(seconds(&[spent, ("x-ratelimit-reset-tokens", "6m0s")]), Some(360.0));
        assert_eq!(seconds(&[("x-ratelimit-reset-tokens", "6m0s")]), None);
    }

    #[test]
    fn spans_and_times_of_both_vendors() {
        let left = Left::read(&headers(&[
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1h2m3.5s"),
            ("anthropic-ratelimit-tokens-remaining", "1000"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-20T10:00:00Z"),
        ]));
        assert_eq!((left.requests, left.tokens), (Some(59), Some(1_000)));
        assert_eq!(left.requests_reset, Some(Reset::After(Duration::from_millis(3_723_500))));
        assert_eq!(left.tokens_reset, Some(Reset::At("2026-11-20T10:00:00Z".to_owned())));
        for odd in ["", "soon", "5", "5x", "s", "..s", "99999999999999999999999h"] {
            assert_eq!(reset(odd), None, "{odd}");
        }
    }
}
