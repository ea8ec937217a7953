//! AWS's Security Token Service: a workload's token becomes a key that ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Fresh, HttpError, Request};
use quell_model::{Clock, Timestamp};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::aws_login::AwsLogin;
use crate::error::SecretError;
use crate::secret::Secret;
use crate::vault::{DEADLINES, RETRY, SIZES};

/// The place, in sentences.
const PLACE: &str = "AWS STS";
/// What a session is called that nobody named.
const SESSION: &str = "quell";
/// A key is not used up to its very end: clocks differ.
const SPARE: Duration = Duration::from_secs(60);

/// A role, and where the token is with which it is taken.
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) session: Option<String>,
    pub(crate) token_file: PathBuf,
}

/// The service in one region.
pub(crate) struct Sts {
    url: String,
    client: Client,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    assume_role_with_web_identity_result: Assumed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assumed {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    error: Fault,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fault {
    code: String,
}

impl Sts {
    pub(crate) fn new(
        region: &str,
        endpoint: Option<&str>,
        client: Client,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let zone = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = || format!("https://sts.{region}.{zone}/");
        Self { url: endpoint.map_or_else(own, str::to_owned), client, clock }
    }

    /// Takes a role with a token. The request needs no signature; the token is what counts.
    pub(crate) async fn assume(
        &self,
        role: &Role,
        token: &Zeroizing<String>,
    ) -> Result<Fresh<AwsLogin>, SecretError> {
        let http = |error: HttpError| SecretError::of_http(PLACE, &error);
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role.arn.as_str()),
            ("RoleSessionName", role.session.as_deref().unwrap_or(SESSION)),
            ("WebIdentityToken", token.as_str()),
        ];
        let request = Request::post(&self.url).map_err(http)?.idempotent();
        let request = request.form(&fields).map_err(http)?.hide(token.as_str());
        let request = request.deadlines(DEADLINES).retry(RETRY).sizes(SIZES).account(&role.arn);
        let reply = self.client.send(&request).await.map_err(|error| refusal(&error))?;
        let body = Zeroizing::new(reply.into_body());
        let malformed = || SecretError::Malformed(PLACE.to_owned());
        let text = std::str::from_utf8(&body).map_err(|_| malformed())?;
        let answer: Answer = quick_xml::de::from_str(text).map_err(|_| malformed())?;
        let found = answer.assume_role_with_web_identity_result.credentials;
        let left = Duration::try_from(found.expiration.duration_since(self.clock.now()));
        let left = left.unwrap_or_default().saturating_sub(SPARE);
        let login = AwsLogin {
            access_key: found.access_key_id.into(),
            secret_key: found.secret_access_key.into(),
            session_token: Some(Secret::from(found.session_token)),
        };
        Ok(Fresh::ending(login, left))
    }
}

/// What the service means by an error.
fn refusal(error: &HttpError) -> SecretError {
    let body = error.remote().map(|remote| String::from_utf8_lossy(remote.body()).into_owned());
    let code = body.and_then(|body| quick_xml::de::from_str::<Refusal>(&body).ok());
    let code = code.map(|refusal| refusal.error.code).unwrap_or_default();
    let why = error.to_string();
    let denied = |step| SecretError::Denied { place: PLACE.to_owned(), why: why.clone(), step };
    match code.as_str() {
        "AccessDenied" => denied("let the role trust this workload's identity"),
        "ExpiredTokenException" => denied("see that the token's file is renewed"),
        "InvalidIdentityToken" => denied("check the identity provider that the role trusts"),
        "IDPCommunicationError" => SecretError::Unavailable { place: PLACE.to_owned(), why },
        _ => SecretError::of_http(PLACE, error),
    }
}
