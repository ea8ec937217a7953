//! What is asked for.

use std::fmt;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::egress::Refusal;
use crate::error::{HttpError, Place};
use crate::outgoing::{Outgoing, Pieces};
use crate::policy::{Deadlines, Retry, Sizes};
use crate::retry::is_idempotent;

/// Headers that only the client sets.
const OWN: [HeaderName; 8] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    UPGRADE,
    TE,
    TRAILER,
    PROXY_AUTHORIZATION,
];

/// What is done when the remote answers that something is elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// It is followed.
    Follow,
    /// It is followed as what it is, and refused where a change would become a `GET`.
    Same,
    /// It is refused.
    Refuse,
}

/// A request. Its `Debug` shows method and place only.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) outgoing: Option<Outgoing>,
    pub(crate) account: String,
    pub(crate) idempotent: bool,
    pub(crate) raw: bool,
    pub(crate) redirects: Redirects,
    pub(crate) deadlines: Option<Deadlines>,
    pub(crate) sizes: Option<Sizes>,
    pub(crate) retry: Option<Retry>,
    hidden: Vec<SecretString>,
}

impl Request {
    /// A request without a body.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(method: Method, url: &str) -> Result<Self, HttpError> {
        let mut url = Url::parse(url).map_err(|_| Refusal::Url)?;
        url.set_fragment(None);
        Ok(Self {
            idempotent: is_idempotent(&method),
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            outgoing: None,
            account: String::new(),
            raw: false,
            redirects: Redirects::Follow,
            deadlines: None,
            sizes: None,
            retry: None,
            hidden: Vec::new(),
        })
    }

    /// A `GET`.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn get(url: &str) -> Result<Self, HttpError> {
        Self::new(Method::GET, url)
    }

    /// A `POST`, which is not repeated once the remote may have seen it.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn post(url: &str) -> Result<Self, HttpError> {
        Self::new(Method::POST, url)
    }

    /// A `PUT`.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn put(url: &str) -> Result<Self, HttpError> {
        Self::new(Method::PUT, url)
    }

    /// A `DELETE`.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn delete(url: &str) -> Result<Self, HttpError> {
        Self::new(Method::DELETE, url)
    }

    /// Adds a header.
    ///
    /// # Errors
    /// The client sets the header itself, or name or value are not valid.
    pub fn header(self, name: &str, value: &str) -> Result<Self, HttpError> {
        let sensitive =
            [AUTHORIZATION, COOKIE].iter().any(|n| n.as_str().eq_ignore_ascii_case(name));
        self.insert(name, value, sensitive)
    }

    /// Adds a header whose value is a secret: it is shown nowhere and leaves the host on no redirect.
    ///
    /// # Errors
    /// The client sets the header itself, or name or value are not valid.
    pub fn secret_header(self, name: &str, value: &str) -> Result<Self, HttpError> {
        self.insert(name, value, true)
    }

    /// Adds `Authorization: Bearer`.
    ///
    /// # Errors
    /// The token holds characters that no header can.
    pub fn bearer(self, token: &str) -> Result<Self, HttpError> {
        self.insert("authorization", &format!("Bearer {token}"), true)
    }

    fn insert(mut self, name: &str, value: &str, sensitive: bool) -> Result<Self, HttpError> {
        let fault = || Refusal::Header(name.chars().filter(|c| !c.is_control()).take(60).collect());
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| fault())?;
        if OWN.contains(&parsed) {
            return Err(fault().into());
        }
        value.set_sensitive(sensitive);
        self.headers.insert(parsed, value);
        Ok(self)
    }

    /// Sets the body and its type.
    ///
    /// # Errors
    /// The type is no valid header value.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Result<Self, HttpError> {
        self.body = body.into();
        self.insert(CONTENT_TYPE.as_str(), content_type, false)
    }

    /// Sets a body of any length, which `make` begins anew for each attempt.
    ///
    /// # Errors
    /// The type is no valid header value.
    pub fn stream(
        mut self,
        content_type: &str,
        make: impl Fn() -> Pieces + Send + Sync + 'static,
    ) -> Result<Self, HttpError> {
        self.outgoing = Some(Outgoing::new(make));
        self.insert(CONTENT_TYPE.as_str(), content_type, false)
    }

    /// Sets a JSON body, and asks for JSON.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn json(self, value: &impl Serialize) -> Result<Self, HttpError> {
        let body = serde_json::to_vec(value)
            .map_err(|_| HttpError::Setup("a request cannot be written as JSON".to_owned()))?;
        self.body("application/json", body)?.header(ACCEPT.as_str(), "application/json")
    }

    /// Sets the body of a form.
    ///
    /// # Errors
    /// None today.
    pub fn form(self, fields: &[(&str, &str)]) -> Result<Self, HttpError> {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Counts the request for this account: rate and pauses are shared within it alone.
    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// Says that sending it twice does no harm.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Says that sending it twice does harm, whatever its method says.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Asks for the body as stored, without compression on the way.
    #[must_use]
    pub const fn raw(mut self) -> Self {
        self.raw = true;
        self
    }

    /// Follows no redirect: one is an error that says so. What was sent counts as not taken.
    #[must_use]
    pub const fn no_redirects(mut self) -> Self {
        self.redirects = Redirects::Refuse;
        self
    }

    /// Follows a redirect only as the same method: a change never becomes a `GET`, whose answer
    /// would pass for its success.
    #[must_use]
    pub const fn same_method(mut self) -> Self {
        self.redirects = Redirects::Same;
        self
    }

    /// Other deadlines than the policy's.
    #[must_use]
    pub const fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = Some(deadlines);
        self
    }

    /// Other sizes than the policy's.
    #[must_use]
    pub const fn sizes(mut self, sizes: Sizes) -> Self {
        self.sizes = Some(sizes);
        self
    }

    /// Other rules for trying again than the policy's.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Names a secret in the body or the URL, so that no error shows it when the remote repeats it.
    #[must_use]
    pub fn hide(mut self, secret: &str) -> Self {
        self.hidden.push(SecretString::from(secret));
        self
    }

    /// Who is asked.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(&self.url)
    }

    /// The `Host` header as it will be sent, for signatures.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// All secrets that the request is known to carry.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let headers = self.headers.values().filter(|value| value.is_sensitive());
        let headers = headers.filter_map(|value| value.to_str().ok());
        let values = headers.flat_map(|text| [Some(text), text.split_once(' ').map(|(_, t)| t)]);
        let hidden = self.hidden.iter().map(|secret| Some(secret.expose_secret()));
        let mut all: Vec<&str> = values.chain(hidden).flatten().collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        all
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method, self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_cannot_be_given() {
        for name in ["Host", "content-length", "Transfer-Encoding", "bad name", "x\r\ny"] {
            let request = Request::get("https://a.example/").unwrap();
            assert!(request.header(name, "1").is_err(), "{name}");
        }
        let request = Request::get("https://a.example/").unwrap();
        assert!(request.header("x-a", "one\r\nx-b: two").is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = Request::get("https://a.example:8443/hooks/s3cr3t?token=s3cr3t")
            .unwrap()
            .bearer("s3cr3t")
            .unwrap()
            .hide("s3cr3t");
        assert_eq!(format!("{request:?}"), "Request(GET https://a.example:8443)");
        assert_eq!(request.secrets(), ["Bearer s3cr3t", "s3cr3t", "s3cr3t"]);
    }
}
