//! Redirects, followed by hand: each target is checked anew, and credentials stay with their host.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RANGE,
};
use http::{HeaderMap, HeaderName, Method};
use url::Url;

use crate::egress::{Refusal, host_text};
use crate::outgoing::Outgoing;
use crate::request::Redirects;

/// Headers that go along to another host. All others may hold a credential.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, RANGE];

/// One exchange of a request.
#[derive(Clone)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) outgoing: Option<Outgoing>,
    pub(crate) redirects: Redirects,
}

/// The exchange that a reply asks for, if it is a redirect.
pub(crate) fn next(hop: &Hop, status: u16, headers: &HeaderMap) -> Result<Option<Hop>, Refusal> {
    let Some(location) = headers.get(LOCATION).filter(|_| is_redirect(status)) else {
        return Ok(None);
    };
    let refuse = |why| Refusal::Redirect { host: host_text(&hop.url).unwrap_or_default(), why };
    let becomes = becomes_get(status, &hop.method);
    let changes = becomes && hop.method != Method::GET;
    match hop.redirects {
        Redirects::Refuse => return Err(refuse("what was sent, and this follows no redirect")),
        Redirects::Same if changes => {
            return Err(refuse("a change to something that is only read"));
        }
        Redirects::Same | Redirects::Follow => {}
    }
    let target = location.to_str().ok().and_then(|text| hop.url.join(text).ok());
    let mut url = target.ok_or_else(|| refuse("to an address that cannot be read"))?;
    url.set_fragment(None);
    if hop.url.scheme() == "https" && url.scheme() != "https" {
        return Err(refuse("from https to something weaker"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("to an address with a user or password"));
    }
    let mut next = Hop { url, ..hop.clone() };
    if becomes {
        next.method = Method::GET;
        next.body = Bytes::new();
        next.outgoing = None;
        next.headers.remove(CONTENT_TYPE);
        next.headers.remove(CONTENT_ENCODING);
    }
    if next.url.origin() != hop.url.origin() {
        if !next.body.is_empty() || next.outgoing.is_some() {
            return Err(refuse("a request with a body to another host"));
        }
        next.headers = harmless(&hop.headers);
    }
    Ok(Some(next))
}

const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn becomes_get(status: u16, method: &Method) -> bool {
    match status {
        303 => *method != Method::HEAD,
        301 | 302 => *method == Method::POST,
        _ => false,
    }
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| HARMLESS.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: Method, body: &'static str) -> Hop {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", "s3cr3t".parse().unwrap());
        headers.insert(ACCEPT, "text/plain".parse().unwrap());
        headers.insert(CONTENT_TYPE, "text/plain".parse().unwrap());
        let url = Url::parse("https://a.example/x/y?q=1").unwrap();
        let redirects = Redirects::Follow;
        Hop { method, url, headers, body: body.into(), outgoing: None, redirects }
    }

    fn follow(hop: &Hop, status: u16, location: &str) -> Result<Option<Hop>, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        next(hop, status, &headers)
    }

    #[test]
    fn credentials_stay_with_their_host() {
        let hop = hop(Method::GET, "");
        let same = follow(&hop, 302, "/z").unwrap().unwrap();
        assert!(same.headers.contains_key("x-api-key"));
        for location in ["https://b.example/", "https://a.example:8443/", "//b.example/"] {
            let other = follow(&hop, 307, location).unwrap().unwrap();
            assert!(!other.headers.contains_key("x-api-key"), "{location}");
            assert!(other.headers.contains_key(ACCEPT));
        }
    }

    #[test]
    fn weaker_and_leaking_redirects_are_refused() {
        let get = hop(Method::GET, "");
        for location in
            ["http://a.example/", "ftp://a.example/", "https://u:p@a.example/", "https://"]
        {
            assert!(follow(&get, 302, location).is_err(), "{location}");
        }
        assert!(follow(&hop(Method::POST, "secret"), 307, "https://b.example/").is_err());
        assert!(follow(&hop(Method::PUT, "secret"), 302, "https://b.example/").is_err());
    }

    #[test]
    fn a_post_that_becomes_a_get_loses_its_body() {
        let next = follow(&hop(Method::POST, "form"), 303, "https://b.example/").unwrap().unwrap();
        assert_eq!((next.method, next.body.len()), (Method::GET, 0));
        let next = follow(&hop(Method::POST, "form"), 308, "/other").unwrap().unwrap();
        assert_eq!((next.method, next.body.len()), (Method::POST, 4));
    }

    #[test]
    fn a_change_is_never_turned_into_a_get_where_that_is_said() {
        let post = Hop { redirects: Redirects::Same, ..hop(Method::POST, "form") };
        for status in [301, 302, 303] {
            assert!(follow(&post, status, "/other").is_err(), "{status}");
        }
        let next = follow(&post, 307, "/other").unwrap().unwrap();
        assert_eq!((next.method, next.body.len()), (Method::POST, 4));
        let delete = Hop { redirects: Redirects::Same, ..hop(Method::DELETE, "") };
        assert!(follow(&delete, 303, "/other").is_err());
        let get = Hop { redirects: Redirects::Same, ..hop(Method::GET, "") };
        assert!(follow(&get, 303, "/other").unwrap().is_some());
    }

    #[test]
    fn none_is_followed_where_that_is_said() {
        for (method, status) in [(Method::GET, 301), (Method::POST, 307), (Method::POST, 303)] {
            let hop = Hop { redirects: Redirects::Refuse, ..hop(method, "") };
            let error = follow(&hop, status, "/other").err().unwrap().to_string();
            assert!(error.contains("`a.example` redirects what was sent"), "{error}");
            assert!(follow(&hop, 200, "/other").unwrap().is_none());
        }
    }

    #[test]
    fn other_statuses_are_no_redirects() {
        assert!(follow(&hop(Method::GET, ""), 200, "/z").unwrap().is_none());
        assert!(follow(&hop(Method::GET, ""), 304, "/z").unwrap().is_none());
        assert!(next(&hop(Method::GET, ""), 302, &HeaderMap::new()).unwrap().is_none());
    }
}
