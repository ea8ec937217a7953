//! Whether a request was made by a page of another site.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether a browser says that a page elsewhere made a request. Browsers set both headers
/// themselves; who is no browser sets neither.
pub(crate) fn from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let site = headers.get("sec-fetch-site").map(text);
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return headers.contains_key(ORIGIN);
    };
    let (origin, host) = (text(origin), headers.get(HOST).map(text).unwrap_or_default());
    let Some((_, authority)) = origin.split_once("://") else { return true };
    !authority.eq_ignore_ascii_case(&host)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn check(given: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        from_elsewhere(&headers)
    }

    #[test]
    fn a_page_elsewhere_is_told_from_ours_and_from_no_page() {
        let host = ("host", "quell.example:8420");
        for ours in [
            &[host][..],
            &[host, ("origin", "https://quell.example:8420")],
            &[host, ("origin", "https://QUELL.example:8420"), ("sec-fetch-site", "same-origin")],
            &[host, ("sec-fetch-site", "none")],
        ] {
            assert!(!check(ours), "{ours:?}");
        }
        for other in [
            &[host, ("origin", "https://evil.example")][..],
            &[host, ("origin", "https://quell.example:8420.evil.example")],
            &[host, ("origin", "https://quell.example")],
            &[host, ("origin", "null")],
            &[host, ("origin", "")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("origin", "https://quell.example:8420"), ("origin", "https://evil.example")],
            &[("origin", "https://quell.example:8420")],
        ] {
            assert!(check(other), "{other:?}");
        }
    }
}
