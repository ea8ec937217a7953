//! AWS's Security Token Service, which gives a role's key for a workload's token.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::http::{Answer, Asked, HttpServer};
use super::s3::decoded;
use super::sigv4::SigningKey;

/// The double, with one role.
#[derive(Debug)]
pub struct StsDouble {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    role: String,
    token: String,
    key: SigningKey,
    expires: String,
    asked: usize,
}

impl StsDouble {
    /// Starts it: for this role and this token it gives this key.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start((role, token): (&str, &str), key: SigningKey) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            role: role.to_owned(),
            token: token.to_owned(),
            key,
            expires: "2099-01-01T00:00:00Z".to_owned(),
            asked: 0,
        }));
        let shared = Arc::clone(&state);
        let handler = move |asked: &Asked| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).answer(asked)
        };
        Ok(Self { server: HttpServer::start(Arc::new(handler)).await?, state })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// From now on it gives another key, which ends at this RFC 3339 time.
    pub fn set_key(&self, key: SigningKey, expires: &str) {
        let mut state = self.state();
        state.key = key;
        expires.clone_into(&mut state.expires);
    }

    /// How often a role was asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.asked += 1;
        let body = String::from_utf8_lossy(&asked.body).replace('+', " ");
        let fields: BTreeMap<String, String> = body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let form = asked.header("content-type").unwrap_or_default();
        if asked.method != "POST" || !form.starts_with("application/x-www-form-urlencoded") {
            return fault(400, "MalformedInput");
        }
        if (field("Action"), field("Version")) != ("AssumeRoleWithWebIdentity", "2011-06-15") {
            return fault(400, "InvalidAction");
        }
        if field("RoleSessionName").len() < 2 {
            return fault(400, "ValidationError");
        }
        if field("WebIdentityToken") != self.token {
            return fault(400, "InvalidIdentityToken");
        }
        if field("RoleArn") != self.role {
            return fault(403, "AccessDenied");
        }
        let SigningKey { access_key, secret_key } = &self.key;
        Answer::new(
            200,
            format!(
                "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken>\
                 <Credentials><SessionToken>session-{access_key}</SessionToken>\
                 <SecretAccessKey>{secret_key}</SecretAccessKey><Expiration>{}</Expiration>\
                 <AccessKeyId>{access_key}</AccessKeyId></Credentials>\
                 </AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId>\
                 </ResponseMetadata></AssumeRoleWithWebIdentityResponse>",
                self.expires
            ),
        )
        .header("content-type", "text/xml")
    }
}

fn fault(status: u16, code: &str) -> Answer {
    let text = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    Answer::new(status, text).header("content-type", "text/xml")
}
