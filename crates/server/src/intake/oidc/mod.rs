//! Whether a bearer token is one that the sender's identity provider signed: as Pub/Sub sends with each push.

#[cfg(test)]
mod tokens;

use jsonwebtoken::Algorithm;
use quell_model::Timestamp;
use serde::Deserialize;

use crate::signed::{self, Expected, Times};

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
    #[serde(flatten)]
    times: Times,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
}

/// Whether a token counts now, by one of the keys.
pub(crate) fn admits(plan: &OidcPlan, keys: &[u8], token: &[u8], now: Timestamp) -> bool {
    if plan.email.is_empty() {
        return false;
    }
    let bare = plan.issuer.strip_prefix("https://").unwrap_or(&plan.issuer);
    let expected = Expected {
        issuers: &[plan.issuer.as_str(), bare],
        audience: &plan.audience,
        algorithms: &[Algorithm::RS256],
    };
    signed::claims::<Claims>(token, keys, expected).is_ok_and(|claims| {
        claims.times.hold(now) && claims.email_verified && claims.email == plan.email
    })
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
