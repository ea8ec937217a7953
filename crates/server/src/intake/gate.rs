//! Whether a webhook comes from whom it says: a password, a token, or a signature over the raw
//! bytes. Every secret that counts is tried, each in constant time.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use quell_config::{Algorithm, Auth, Encoding};
use quell_model::Timestamp;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::oidc::OidcPlan;

/// How a webhook's sender proves who it is.
#[derive(Debug, Clone)]
pub(crate) struct GatePlan {
    pub(crate) auth: Auth,
    /// The header with the secret or the signature.
    pub(crate) header: String,
    pub(crate) user: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: Encoding,
    /// What stands before the signature.
    pub(crate) prefix: String,
    /// The header with the time of sending.
    pub(crate) timestamp: Option<String>,
    /// The header with the sender's id of the delivery.
    pub(crate) delivery: Option<String>,
    pub(crate) tolerance_seconds: i64,
    /// What is signed, with `{timestamp}`, `{id}` and `{body}`.
    pub(crate) signed: String,
    /// What a token has to say.
    pub(crate) token: OidcPlan,
}

/// A plan with the secrets that count now.
#[derive(Debug)]
pub(crate) struct Gate<'a> {
    pub(crate) plan: &'a GatePlan,
    pub(crate) secrets: &'a [&'a [u8]],
}

impl Gate<'_> {
    /// Whether a request may come in. Without a secret nothing may.
    pub(crate) fn admits(
        &self,
        (headers, query): (&HeaderMap, &str),
        body: &[u8],
        now: Timestamp,
    ) -> bool {
        let Some(given) = self.given(headers, query) else { return false };
        let timely = self.is_timely(headers, now);
        let mut fits = subtle::Choice::from(0);
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            fits |= match self.plan.auth {
                Auth::Basic | Auth::Bearer | Auth::Header | Auth::Query => secret.ct_eq(&given),
                Auth::Hmac => self.signature(secret, headers, body).ct_eq(&given),
                Auth::Oidc => {
                    let admits = super::oidc::admits(&self.plan.token, secret, &given, now);
                    subtle::Choice::from(u8::from(admits))
                }
            };
        }
        bool::from(fits) && timely
    }

    /// What the request gives: a secret, or a signature. One header, once.
    fn given(&self, headers: &HeaderMap, query: &str) -> Option<Vec<u8>> {
        let plan = self.plan;
        match plan.auth {
            Auth::Basic => {
                let (scheme, pair) = only(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
                let pair = STANDARD.decode(pair.trim()).ok()?;
                let at = pair.iter().position(|byte| *byte == b':')?;
                let (user, password) = (pair.get(..at)?, pair.get(at + 1..)?);
                let same_user = bool::from(user.ct_eq(plan.user.as_bytes()));
                (scheme.eq_ignore_ascii_case("basic") && same_user).then(|| password.to_vec())
            }
            Auth::Bearer | Auth::Oidc => {
                let token = crate::access::bearer(only(headers, AUTHORIZATION.as_str())?)?;
                Some(token.as_bytes().to_vec())
            }
            Auth::Query => {
                let mut tokens =
                    form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "token");
                let token = tokens.next().filter(|_| tokens.next().is_none());
                token.map(|(_, value)| value.as_bytes().to_vec())
            }
            Auth::Header => Some(only(headers, &plan.header)?.as_bytes().to_vec()),
            Auth::Hmac => {
                let text = only(headers, &plan.header)?.strip_prefix(plan.prefix.as_str())?;
                match plan.encoding {
                    Encoding::Hex => unhex(text),
                    Encoding::Base64 => STANDARD.decode(text).ok(),
                }
            }
        }
    }

    fn signature(&self, secret: &[u8], headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
        match self.plan.algorithm {
            Algorithm::Sha256 => self.sign(Hmac::<Sha256>::new_from_slice(secret), headers, body),
            Algorithm::Sha512 => self.sign(Hmac::<Sha512>::new_from_slice(secret), headers, body),
        }
    }

    /// The signature over the template, with the raw bytes in place of `{body}`.
    fn sign<M: Mac>(
        &self,
        mac: Result<M, hmac::digest::InvalidLength>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<u8> {
        let Ok(mut mac) = mac else { return Vec::new() };
        let plan = self.plan;
        let header = |name: &Option<String>| {
            name.as_deref().and_then(|name| only(headers, name)).unwrap_or_default()
        };
        let mut rest = plan.signed.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            mac.update(before.as_bytes());
            let (word, after) = after.split_once('}').unwrap_or((after, ""));
            match word {
                "body" => mac.update(body),
                "timestamp" => mac.update(header(&plan.timestamp).as_bytes()),
                "id" => mac.update(header(&plan.delivery).as_bytes()),
                other => mac.update(other.as_bytes()),
            }
            rest = after;
        }
        mac.update(rest.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// Whether the time of sending is near; a gate that asks for none is always timely.
    fn is_timely(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let Some(name) = &self.plan.timestamp else { return true };
        let sent = only(headers, name).and_then(quell_model::parse_timestamp);
        sent.is_some_and(|sent| {
            let apart = now.as_second().saturating_sub(sent.as_second()).unsigned_abs();
            apart <= self.plan.tolerance_seconds.unsigned_abs()
        })
    }
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Bytes of small hexadecimal digits; other spellings of the same bytes are not taken.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// RFC 4231, test case 2.
    const KEY: &[u8] = b"Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA512: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    fn plan() -> GatePlan {
        GatePlan {
            auth: Auth::Hmac,
            header: "x-signature".to_owned(),
            user: String::new(),
            algorithm: Algorithm::Sha256,
            encoding: Encoding::Hex,
            prefix: "sha256=".to_owned(),
            timestamp: None,
            delivery: None,
            tolerance_seconds: 300,
            signed: "{body}".to_owned(),
            token: OidcPlan::default(),
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn admits(plan: &GatePlan, secrets: &[&[u8]], given: &[(&'static str, &str)]) -> bool {
        Gate { plan, secrets }.admits((&headers(given), ""), BODY, at(0))
    }

    #[test]
    fn the_known_signatures_are_admitted() {
        let good = format!("sha256={SHA256}");
        assert!(admits(&plan(), &[KEY], &[("x-signature", &good)]));
        let long = GatePlan { algorithm: Algorithm::Sha512, prefix: String::new(), ..plan() };
        assert!(admits(&long, &[KEY], &[("x-signature", SHA512)]));
        let base64 = GatePlan { encoding: Encoding::Base64, prefix: String::new(), ..plan() };
        let text = STANDARD.encode(unhex(SHA256).unwrap());
        assert!(admits(&base64, &[KEY], &[("x-signature", &text)]));
    }

    #[test]
    fn of_a_signature_no_bit_may_be_wrong_and_no_other_spelling_counts() {
        let right = unhex(SHA256).unwrap();
        for bit in 0..right.len() * 8 {
            let mut wrong = right.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let text: String = wrong.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = format!("sha256={text}");
            assert!(!admits(&plan(), &[KEY], &[("x-signature", &text)]), "bit {bit}");
        }
        let good = format!("sha256={SHA256}");
        for wrong in [
            "",
            "sha256=",
            SHA256,
            good.trim_end_matches(char::is_alphanumeric),
            good.get(..good.len() - 2).unwrap(),
            &format!("sha256={}", SHA256.to_uppercase()),
            &format!("sha512={SHA256}"),
            &format!("{good}00"),
            &format!("{good},{good}"),
        ] {
            assert!(!admits(&plan(), &[KEY], &[("x-signature", wrong)]), "{wrong}");
        }
        assert!(!admits(&plan(), &[KEY], &[]));
        assert!(!admits(&plan(), &[KEY], &[("x-signature", &good), ("x-signature", &good)]));
        assert!(!admits(&plan(), &[], &[("x-signature", &good)]));
        assert!(!admits(&plan(), &[b""], &[("x-signature", &good)]));
    }

    #[test]
    fn the_raw_bytes_are_signed_not_what_they_mean() {
        let good = format!("sha256={SHA256}");
        let headers = headers(&[("x-signature", &good)]);
        let plan = plan();
        let gate = Gate { plan: &plan, secrets: &[KEY] };
        assert!(!gate.admits((&headers, ""), b"what do ya want for  nothing?", at(0)));
    }

    #[test]
    fn while_a_secret_is_replaced_both_count() {
        let good = format!("sha256={SHA256}");
        assert!(admits(&plan(), &[b"new", KEY], &[("x-signature", &good)]));
        assert!(!admits(&plan(), &[b"new"], &[("x-signature", &good)]));
    }

    #[test]
    fn a_delivery_of_another_time_is_refused_and_its_time_is_signed() {
        let plan = GatePlan {
            timestamp: Some("x-timestamp".to_owned()),
            delivery: Some("x-id".to_owned()),
            signed: "v0:{timestamp}:{id}:{body}".to_owned(),
            ..plan()
        };
        let sign = |sent: i64| {
            let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
            mac.update(format!("v0:{sent}:7:").as_bytes());
            mac.update(BODY);
            let bytes = mac.finalize().into_bytes();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha256={hex}")
        };
        let try_at = |sent: i64, claimed: i64, now: i64| {
            let (signature, claimed) = (sign(sent), claimed.to_string());
            let given = [("x-signature", &*signature), ("x-timestamp", &*claimed), ("x-id", "7")];
            Gate { plan: &plan, secrets: &[KEY] }.admits((&headers(&given), ""), BODY, at(now))
        };
        let sent = at(0).as_second();
        assert!(try_at(sent, sent, 0) && try_at(sent, sent, 300) && try_at(sent, sent, -300));
        assert!(!try_at(sent, sent, 301) && !try_at(sent, sent, -301));
        assert!(!try_at(sent, sent + 10, 0), "a time that was not signed");
    }

    #[test]
    fn passwords_and_tokens_are_compared_whole() {
        let basic = GatePlan { auth: Auth::Basic, user: "wiz".to_owned(), ..plan() };
        let pair = |user: &str, password: &str| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        };
        assert!(admits(&basic, &[b"pa:ss"], &[("authorization", &pair("wiz", "pa:ss"))]));
        assert!(!admits(&basic, &[b"pa:ss"], &[("authorization", &pair("who", "pa:ss"))]));
        assert!(!admits(&basic, &[b"pa:ss"], &[("authorization", &pair("wiz", "pa"))]));
        assert!(!admits(&basic, &[b""], &[("authorization", &pair("wiz", ""))]));
        let bearer = GatePlan { auth: Auth::Bearer, ..plan() };
        assert!(admits(&bearer, &[b"token"], &[("authorization", "bearer token")]));
        assert!(!admits(&bearer, &[b"token"], &[("authorization", "Basic token")]));
        let header = GatePlan { auth: Auth::Header, header: "x-key".to_owned(), ..plan() };
        assert!(admits(&header, &[b"k"], &[("x-key", "k")]));
        assert!(!admits(&header, &[b"k"], &[("x-key", "K")]));
        let query = GatePlan { auth: Auth::Query, ..plan() };
        for (given, admitted) in
            [("token=a%2Bb", true), ("x=1&token=a%2Bb", true), ("token=a", false), ("", false)]
        {
            let gate = Gate { plan: &query, secrets: &[b"a+b"] };
            assert_eq!(gate.admits((&headers(&[]), given), BODY, at(0)), admitted, "{given}");
        }
        let twice = Gate { plan: &query, secrets: &[b"k"] };
        assert!(!twice.admits((&headers(&[]), "token=k&token=k"), BODY, at(0)));
    }
}
