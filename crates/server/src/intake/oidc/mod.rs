//! Whether a bearer token is one that the sender's identity provider signed: as Pub/Sub sends with each push.

#[cfg(test)]
mod tokens;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use quell_model::Timestamp;
use serde::Deserialize;

/// Longest token that is looked at.
const MOST_TOKEN_BYTES: usize = 16 << 10;
/// How far clocks may be apart.
const LEEWAY_SECONDS: i64 = 60;

/// What a token has to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct OidcPlan {
    /// Who signed it.
    pub(crate) issuer: String,
    /// For whom it is.
    pub(crate) audience: String,
    /// Who sends.
    pub(crate) email: String,
}

#[derive(Debug, Deserialize)]
struct Claims {
    exp: i64,
    iat: i64,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
}

/// Whether a token counts now, by one of the keys.
pub(crate) fn admits(plan: &OidcPlan, keys: &[u8], token: &[u8], now: Timestamp) -> bool {
    claims(plan, keys, token).is_some_and(|claims| {
        let now = now.as_second();
        let timely = claims.iat.saturating_sub(LEEWAY_SECONDS) <= now
            && now <= claims.exp.saturating_add(LEEWAY_SECONDS);
        timely && claims.email_verified && claims.email == plan.email
    })
}

/// What a token says that is signed with RS256 by a key that it names; no other way of signing counts.
fn claims(plan: &OidcPlan, keys: &[u8], token: &[u8]) -> Option<Claims> {
    if token.len() > MOST_TOKEN_BYTES || plan.audience.is_empty() || plan.email.is_empty() {
        return None;
    }
    let token = std::str::from_utf8(token).ok()?;
    let header = decode_header(token).ok().filter(|header| header.alg == Algorithm::RS256)?;
    let keys: JwkSet = serde_json::from_slice(keys).ok()?;
    let key = DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    // Time is judged by the server's clock, above.
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["aud", "exp", "iss"]);
    validation.set_audience(&[plan.audience.as_str()]);
    let bare = plan.issuer.strip_prefix("https://").unwrap_or(&plan.issuer);
    validation.set_issuer(&[plan.issuer.as_str(), bare]);
    decode::<Claims>(token, &key, &validation).ok().map(|token| token.claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> OidcPlan {
        OidcPlan {
            issuer: "https://accounts.google.com".to_owned(),
            audience: "https://quell.example/api/v1/hooks/scc".to_owned(),
            email: "push@harbour.iam.gserviceaccount.com".to_owned(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn check(token: &str, second: i64) -> bool {
        admits(&plan(), tokens::KEYS.as_bytes(), token.as_bytes(), at(second))
    }

    #[test]
    fn a_token_counts_in_its_time() {
        for second in [-60, 0, 3_600, 3_660] {
            assert!(check(tokens::GOOD, second), "{second}");
        }
        for second in [-61, 3_661, 1_000_000] {
            assert!(!check(tokens::GOOD, second), "{second}");
        }
    }

    #[test]
    fn a_token_that_is_wrong_in_one_way_counts_never() {
        for token in [
            tokens::OTHER_AUDIENCE,
            tokens::OTHER_EMAIL,
            tokens::UNVERIFIED,
            tokens::OTHER_ISSUER,
            tokens::OTHER_KEY,
            tokens::UNKNOWN_KEY,
            tokens::UNSIGNED,
            tokens::SYMMETRIC,
            tokens::WITHOUT_END,
            "",
            "a.b.c",
        ] {
            assert!(!check(token, 10), "{token}");
        }
    }

    #[test]
    fn of_a_token_no_letter_may_be_another() {
        let good = tokens::GOOD.as_bytes();
        for at in (0..good.len() - 1).step_by(3) {
            let mut wrong = good.to_vec();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            if wrong != good {
                assert!(!check(std::str::from_utf8(&wrong).unwrap(), 10), "{at}");
            }
        }
    }

    #[test]
    fn without_keys_audience_or_email_nothing_counts() {
        let token = tokens::GOOD.as_bytes();
        for keys in ["", "{}", r#"{"keys":[]}"#, "[]"] {
            assert!(!admits(&plan(), keys.as_bytes(), token, at(10)), "{keys}");
        }
        for plan in [
            OidcPlan { email: String::new(), ..plan() },
            OidcPlan { audience: String::new(), ..plan() },
        ] {
            assert!(!admits(&plan, tokens::KEYS.as_bytes(), token, at(10)));
        }
    }
}
