//! AWS Signature Version 4, for requests whose body is known.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quell_model::Timestamp;
use ring::{digest, hmac};

use crate::{HttpError, Request};

/// What AWS leaves as it is in paths and queries.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Who signs.
pub struct Signer<'a> {
    /// Id of the access key.
    pub access_key: &'a str,
    /// The secret key.
    pub secret_key: &'a str,
    /// Session token of a temporary key.
    pub session_token: Option<&'a str>,
    /// Region of the service.
    pub region: &'a str,
    /// Name of the service.
    pub service: &'a str,
}

/// What is signed. Path and query are encoded already, and header names are in lower case; all
/// headers given are signed, and `host` must be among them.
#[derive(Debug)]
pub struct Signed<'a> {
    /// Method.
    pub method: &'a str,
    /// Path.
    pub path: &'a str,
    /// Query without the question mark.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body.
    pub body: &'a [u8],
}

/// Encodes a segment of a path, or a name or value of a query, as AWS does.
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

impl Signer<'_> {
    /// The headers to add: date, session token, and the signature over all that is given.
    #[must_use]
    pub fn headers(&self, request: &Signed<'_>, at: Timestamp) -> Vec<(&'static str, String)> {
        let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = at.strftime("%Y%m%d").to_string();
        let mut headers: Vec<(&str, &str)> = request.headers.to_vec();
        headers.push(("x-amz-date", &time));
        headers.extend(self.session_token.map(|token| ("x-amz-security-token", token)));
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let canonical = canonical(request, &headers, &names);
        let hash = sha256_hex(canonical.as_bytes());
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let signature = hex(mac(&self.key(&day), &to_sign).as_ref());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key
        );
        let mut made = vec![("x-amz-date", time.clone()), ("authorization", authorization)];
        made.extend(self.session_token.map(|t| ("x-amz-security-token", t.to_owned())));
        made
    }

    /// A signed call in one of AWS's JSON protocols, which may be sent again. Every attempt
    /// carries the same signature, which is good for some minutes.
    ///
    /// # Errors
    /// The address is none.
    pub fn json_call(
        &self,
        (url, target): (&str, &str),
        (content_type, body): (&'static str, String),
        at: Timestamp,
    ) -> Result<Request, HttpError> {
        let request = Request::post(url)?.idempotent();
        let host = request.authority();
        let headers = [("content-type", content_type), ("host", &host), ("x-amz-target", target)];
        let signed = Signed {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        };
        let made = self.headers(&signed, at);
        let mut request = request.body(content_type, body)?.header("x-amz-target", target)?;
        for (name, value) in made {
            request = request.secret_header(name, &value)?;
        }
        Ok(request.hide(self.access_key))
    }

    fn key(&self, day: &str) -> hmac::Tag {
        let first = format!("AWS4{}", self.secret_key);
        let first =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes()), day.as_bytes());
        let region = mac(&first, self.region);
        mac(&mac(&region, self.service), "aws4_request")
    }
}

fn mac(key: &hmac::Tag, text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), text.as_bytes())
}

fn canonical(request: &Signed<'_>, headers: &[(&str, &str)], names: &str) -> String {
    let mut query: Vec<&str> = request.query.split('&').filter(|part| !part.is_empty()).collect();
    query.sort_by_key(|part| part.split_once('=').unwrap_or((part, "")));
    let mut text = format!("{}\n{}\n{}\n", request.method, request.path, query.join("&"));
    for (name, value) in headers {
        let value: Vec<&str> = value.split_whitespace().collect();
        text.push_str(&format!("{name}:{}\n", value.join(" ")));
    }
    text.push_str(&format!("\n{names}\n{}", sha256_hex(request.body)));
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} in {})", self.service, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of AWS's published test suite.
    const SUITE: Signer<'static> = Signer {
        access_key: "AKIDEXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        session_token: None,
        region: "us-east-1",
        service: "service",
    };
    const SUITE_TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    fn check(signer: &Signer<'_>, request: &Signed<'_>, expected: &str) {
        let at = "2015-08-30T12:36:00Z".parse().unwrap();
        let made = signer.headers(request, at);
        let (_, authorization) = made.iter().find(|(name, _)| *name == "authorization").unwrap();
        assert!(authorization.ends_with(&format!("Signature={expected}")), "{authorization}");
    }

    #[test]
    fn signatures_are_those_of_the_published_suite() {
        let host = ("host", "example.amazonaws.com");
        let plain = Signed { method: "GET", path: "/", query: "", headers: &[host], body: b"" };
        check(&SUITE, &plain, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        let post = Signed { method: "POST", ..plain };
        check(&SUITE, &post, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let query = "Param2=value2&Param1=value1";
        let query = Signed { query, method: "GET", ..post };
        check(&SUITE, &query, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let form = Signed {
            method: "POST",
            path: "/",
            query: "",
            headers: &[host, kind],
            body: b"Param1=value1",
        };
        check(&SUITE, &form, "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
        let utf8 =
            Signed { method: "GET", path: "/%E1%88%B4", query: "", headers: &[host], body: b"" };
        check(&SUITE, &utf8, "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
        let token = Signer { session_token: Some(SUITE_TOKEN), ..SUITE };
        let post = Signed { method: "POST", path: "/", query: "", headers: &[host], body: b"" };
        check(&token, &post, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
    }

    #[test]
    fn the_documented_iam_example_has_its_signature() {
        let signer = Signer { service: "iam", ..SUITE };
        let headers = [
            ("host", "iam.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ];
        let query = "Action=ListUsers&Version=2010-05-08";
        let list = Signed { method: "GET", path: "/", query, headers: &headers, body: b"" };
        check(&signer, &list, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }
}
