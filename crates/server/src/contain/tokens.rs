//! The secrets from which logins are made. They are read for each action.

use std::fmt;
use std::sync::Arc;

use quell_config::SecretRef;
use quell_contain::{KeyFuture, KeyPair, Keys, Token, TokenFuture, Tokens};
use quell_model::Timestamp;
use quell_secrets::AwsLogins;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::outside::Outside;

/// A token behind a reference.
pub(super) struct Referenced {
    pub(super) outside: Arc<Outside>,
    pub(super) reference: SecretRef,
}

impl fmt::Debug for Referenced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Referenced({})", self.reference)
    }
}

impl Tokens for Referenced {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async { Ok(token_of(&self.outside.text(&self.reference).await?)) })
    }
}

/// A token with its end, as the platforms' own tools print it.
#[derive(Deserialize)]
struct Printed {
    #[serde(alias = "accessToken", alias = "token")]
    access_token: String,
    /// Seconds since 1970, or RFC 3339.
    #[serde(alias = "expires_at", alias = "expiry")]
    expires_on: Option<End>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum End {
    Number(i64),
    Text(String),
}

impl End {
    fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::Number(seconds) => Timestamp::from_second(*seconds).ok(),
            Self::Text(text) => match text.parse::<i64>() {
                Ok(seconds) => Timestamp::from_second(seconds).ok(),
                Err(_) => text.parse().ok(),
            },
        }
    }
}

/// What a JSON Web Token says of its end. It is not checked: a platform checks it.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

/// A token with what is known of its end: printed by a tool, in the token itself, or not at all.
fn token_of(text: &SecretString) -> Token {
    let text = text.expose_secret().trim();
    if let Ok(printed) = serde_json::from_str::<Printed>(text) {
        let ends = printed.expires_on.as_ref().and_then(End::moment);
        return Token { value: printed.access_token.into(), ends };
    }
    Token { value: text.to_owned().into(), ends: end_of(text) }
}

fn end_of(token: &str) -> Option<Timestamp> {
    use base64::Engine as _;
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Claims = serde_json::from_slice(&bytes).ok()?;
    Timestamp::from_second(claims.exp).ok()
}

/// A key of AWS behind references.
pub(super) struct GivenKey {
    pub(super) outside: Arc<Outside>,
    pub(super) id: SecretRef,
    pub(super) secret: SecretRef,
}

impl fmt::Debug for GivenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GivenKey({})", self.secret)
    }
}

impl Keys for GivenKey {
    fn keys(&self) -> KeyFuture<'_> {
        Box::pin(async {
            Ok(KeyPair {
                access_key: self.outside.text(&self.id).await?,
                secret_key: self.outside.text(&self.secret).await?,
                session_token: None,
            })
        })
    }
}

/// The key that AWS's own tools would use.
#[derive(Debug)]
pub(super) struct OwnKey(pub(super) AwsLogins);

impl Keys for OwnKey {
    fn keys(&self) -> KeyFuture<'_> {
        Box::pin(async {
            let found = self.0.get().await.map_err(|error| error.to_string())?;
            let text = |secret: &quell_secrets::Secret| {
                let text = secret.expose_text().map(|text| SecretString::from(text.to_owned()));
                text.ok_or_else(|| "the key of AWS is no text".to_owned())
            };
            Ok(KeyPair {
                access_key: text(&found.access_key)?,
                secret_key: text(&found.secret_key)?,
                session_token: found.session_token.as_ref().map(text).transpose()?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_read_where_it_is_told() {
        let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let seconds = at.as_second();
        for text in [
            format!(r#"{{"accessToken": "t", "expires_on": {seconds}}}"#),
            format!(r#"{{"access_token": "t", "expires_on": "{seconds}"}}"#),
            r#"{"token": "t", "expiry": "2026-11-22T10:00:00Z"}"#.to_owned(),
        ] {
            let token = token_of(&text.clone().into());
            assert_eq!((token.value.expose_secret(), token.ends), ("t", Some(at)), "{text}");
        }
        // {"exp":1795687200}
        let token = token_of(&"e30.eyJleHAiOjE3OTU2ODcyMDB9.c2ln".to_owned().into());
        assert_eq!(token.ends.map(Timestamp::as_second), Some(1_795_687_200));
        for text in ["opaque", "a.b.c", r#"{"token": "t"}"#, r#"{"expires_on": 1}"#] {
            assert_eq!(token_of(&text.to_owned().into()).ends, None, "{text}");
        }
    }
}
