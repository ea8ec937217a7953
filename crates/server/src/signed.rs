//! Tokens that an identity provider signed (JWT): one way to check them, for webhooks and sign-in.
//!
//! A provider signs with keys of which the public half is known. So only such ways of signing count:
//! `none` never does, nor does a way in which who checks a token could make one.

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use quell_model::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest token that is looked at.
const MOST_TOKEN_BYTES: usize = 16 << 10;
/// Most keys of a set.
const MOST_KEYS: usize = 100;
/// How far clocks may be apart.
const LEEWAY_SECONDS: i64 = 60;

/// Every way of signing that counts.
pub(crate) const ASYMMETRIC: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// Who signed it; one of these.
    pub(crate) issuers: &'a [&'a str],
    /// For whom it is.
    pub(crate) audience: &'a str,
    /// How it may be signed.
    pub(crate) algorithms: &'a [Algorithm],
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// It names a key that the set does not hold; a newer set may.
    UnknownKey,
    /// It never counts.
    Wrong,
}

/// The times that every token says.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Times {
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl Times {
    /// Whether a token counts now, by the server's clock.
    pub(crate) fn hold(self, now: Timestamp) -> bool {
        let now = now.as_second();
        let begins = self.iat.max(self.nbf.unwrap_or(self.iat));
        begins.saturating_sub(LEEWAY_SECONDS) <= now
            && now <= self.exp.saturating_add(LEEWAY_SECONDS)
    }
}

/// What a token says that one of the keys signed. Its times are for the caller to judge.
pub(crate) fn claims<T: DeserializeOwned>(
    token: &[u8],
    keys: &[u8],
    expected: Expected<'_>,
) -> Result<T, Unsigned> {
    let wrong = |_| Unsigned::Wrong;
    if token.len() > MOST_TOKEN_BYTES || expected.audience.is_empty() {
        return Err(Unsigned::Wrong);
    }
    let token = std::str::from_utf8(token).map_err(|_| Unsigned::Wrong)?;
    let header = decode_header(token).map_err(wrong)?;
    if !expected.algorithms.contains(&header.alg) {
        return Err(Unsigned::Wrong);
    }
    let keys: Keys = serde_json::from_slice(keys).map_err(|_| Unsigned::UnknownKey)?;
    let key = keys.find(header.kid.as_deref()).ok_or(Unsigned::UnknownKey)?;
    if !is_for(key, header.alg) {
        return Err(Unsigned::Wrong);
    }
    let key = DecodingKey::from_jwk(key).map_err(wrong)?;
    let mut validation = Validation::new(header.alg);
    // Time is judged by the server's clock, not by the system's.
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["aud", "exp", "iss"]);
    validation.set_audience(&[expected.audience]);
    validation.set_issuer(expected.issuers);
    decode::<T>(token, &key, &validation).map(|token| token.claims).map_err(wrong)
}

/// A set of keys. One that this program cannot read does not hide the others.
#[derive(Debug, Deserialize)]
struct Keys {
    keys: Vec<serde_json::Value>,
    #[serde(skip)]
    read: std::cell::OnceCell<JwkSet>,
}

impl Keys {
    /// The key of that name; without one, the only key there is.
    fn find(&self, name: Option<&str>) -> Option<&Jwk> {
        let read = || {
            let all = self.keys.iter().take(MOST_KEYS);
            JwkSet {
                keys: all.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect(),
            }
        };
        let set = self.read.get_or_init(read);
        match name {
            Some(name) => set.find(name),
            None => set.keys.first().filter(|_| self.keys.len() == 1),
        }
    }
}

/// Whether a key may sign so, where it says what it is for.
fn is_for(key: &Jwk, algorithm: Algorithm) -> bool {
    let signs = key.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
    let named = |named: KeyAlgorithm| named.to_string() == format!("{algorithm:?}");
    signs && key.common.key_algorithm.is_none_or(named)
}
