//! AWS Secrets Manager: the value, and the one before it shortly after a rotation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_config::SecretRef;
use quell_http::sigv4::Signer;
use quell_http::{Client, HttpError, Request};
use quell_model::{Clock, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::aws_login::{AwsLogin, AwsLogins};
use crate::error::SecretError;
use crate::local::Environment;
use crate::secret::{Secret, Values};
use crate::settings::AwsSettings;
use crate::vault::{DEADLINES, RETRY, SIZES};

const SERVICE: &str = "secretsmanager";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const TARGET: &str = "secretsmanager.GetSecretValue";

/// AWS Secrets Manager under one login.
pub(crate) struct Aws {
    settings: AwsSettings,
    client: Client,
    logins: AwsLogins,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    secret_string: Option<String>,
    #[serde(default)]
    secret_binary: Option<String>,
    /// Seconds since 1970, with a fraction.
    #[serde(default)]
    created_date: Option<f64>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "__type", default)]
    kind: String,
}

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) reference: &'a SecretRef,
    pub(crate) name: &'a str,
    pub(crate) field: Option<&'a str>,
}

impl Aws {
    pub(crate) fn new(
        settings: AwsSettings,
        client: Client,
        environment: &Environment,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let place = (settings.region.as_str(), settings.sts_endpoint.as_deref());
        let logins = AwsLogins::new(settings.keys.clone(), place, &client, environment, &clock);
        Self { settings, client, logins, clock }
    }

    /// The value; with it the one before, for a while after a rotation.
    pub(crate) async fn read(&self, asked: &Asked<'_>) -> Result<Values, SecretError> {
        let (current, created) = self.stage(asked, "AWSCURRENT").await?;
        if !self.is_new(created) {
            return Ok(Values::single(current));
        }
        let previous = match self.stage(asked, "AWSPREVIOUS").await {
            Ok((previous, _)) => Some(previous),
            // A secret that was never rotated has none.
            Err(SecretError::Missing { .. }) => None,
            Err(error) => {
                tracing::debug!(%error, "the value before a rotation cannot be read");
                None
            }
        };
        Ok(Values { current, previous })
    }

    fn is_new(&self, created: Option<Timestamp>) -> bool {
        let Some(created) = created else { return true };
        let age = self.clock.now().duration_since(created);
        Duration::try_from(age).map_or(true, |age| age < self.settings.overlap)
    }

    async fn stage(
        &self,
        asked: &Asked<'_>,
        stage: &str,
    ) -> Result<(Secret, Option<Timestamp>), SecretError> {
        let login = self.logins.get().await?;
        let request = self.request(asked, stage, &login)?;
        let reply = self.client.send(&request).await.map_err(|error| fault(asked, &error))?;
        let body = Zeroizing::new(reply.into_body());
        let malformed = || SecretError::Malformed(asked.reference.to_string());
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| malformed())?;
        let created = answer.created_date.and_then(timestamp);
        Ok((pick(asked, answer)?, created))
    }

    fn request(
        &self,
        asked: &Asked<'_>,
        stage: &str,
        login: &AwsLogin,
    ) -> Result<Request, SecretError> {
        let place = asked.reference.to_string();
        let text = |secret: &Secret| secret.expose_text().map(|t| Zeroizing::new(t.to_owned()));
        let malformed = || SecretError::Malformed("the login to AWS".to_owned());
        let access_key = text(&login.access_key).ok_or_else(malformed)?;
        let secret_key = text(&login.secret_key).ok_or_else(malformed)?;
        let token = login.session_token.as_ref().and_then(text);
        let region = region_of(asked.name).unwrap_or(&self.settings.region);
        let signer = Signer {
            access_key: &access_key,
            secret_key: &secret_key,
            session_token: token.as_ref().map(|t| t.as_str()),
            region,
            service: SERVICE,
        };
        let body = serde_json::json!({"SecretId": asked.name, "VersionStage": stage}).to_string();
        let url = self.settings.endpoint.clone().unwrap_or_else(|| endpoint(region));
        let request = signer.json_call((&url, TARGET), (CONTENT_TYPE, body), self.clock.now());
        let request = request.map_err(|error| SecretError::of_http(&place, &error))?;
        Ok(request.deadlines(DEADLINES).retry(RETRY).sizes(SIZES).account(&access_key))
    }
}

/// The value that the answer holds, or the field of it.
fn pick(asked: &Asked<'_>, answer: Answer) -> Result<Secret, SecretError> {
    let missing = |why: &str| SecretError::Missing {
        reference: asked.reference.clone(),
        why: why.to_owned(),
    };
    let malformed = || SecretError::Malformed(asked.reference.to_string());
    match (answer.secret_string, answer.secret_binary, asked.field) {
        (Some(text), _, None) => Ok(text.into()),
        (Some(text), _, Some(field)) => {
            let text = Zeroizing::new(text);
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_str(&text).map_err(|_| missing("it is no JSON object"))?;
            let raw = fields.get(field).ok_or_else(|| missing("it has no such field"))?;
            let value = serde_json::from_str::<String>(raw.get());
            value.map(Secret::from).map_err(|_| missing("the field holds no text"))
        }
        (None, Some(binary), None) => {
            let binary = Zeroizing::new(binary);
            STANDARD.decode(binary.as_bytes()).map(Secret::new).map_err(|_| malformed())
        }
        (None, Some(_), Some(_)) => Err(missing("it is binary and has no fields")),
        (None, None, _) => Err(malformed()),
    }
}

/// What AWS means by an error, which it mostly tells with status 400 and a name.
fn fault(asked: &Asked<'_>, error: &HttpError) -> SecretError {
    let place = asked.reference.to_string();
    let why = error.to_string();
    let kind =
        error.remote().and_then(|remote| serde_json::from_slice::<Fault>(remote.body()).ok());
    let kind = kind.map(|fault| fault.kind).unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let denied = |step| SecretError::Denied { place: place.clone(), why: why.clone(), step };
    match kind {
        "ResourceNotFoundException" => SecretError::Missing {
            reference: asked.reference.clone(),
            why: "AWS knows none of this name in this region".to_owned(),
        },
        "ThrottlingException" | "InternalServiceError" | "ServiceUnavailable" => {
            SecretError::Unavailable { place, why }
        }
        "AccessDeniedException" => {
            denied("allow `secretsmanager:GetSecretValue` on it, and `kms:Decrypt` on its key")
        }
        "DecryptionFailure" => denied("allow `kms:Decrypt` on its key"),
        "InvalidRequestException" => denied("it may be marked for deletion; restore it"),
        "InvalidSignatureException" | "RequestExpired" | "SignatureDoesNotMatch" => {
            denied("check the secret key, the region and this machine's clock")
        }
        "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
            denied("check the access key and the session token")
        }
        _ => SecretError::of_http(&place, error),
    }
}

/// The region that an ARN names.
fn region_of(name: &str) -> Option<&str> {
    let mut parts = name.split(':');
    let is_arn = parts.next() == Some("arn");
    let region = parts.nth(2).filter(|_| is_arn)?;
    let fits = region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    (fits && !region.is_empty()).then_some(region)
}

fn endpoint(region: &str) -> String {
    let zone = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{SERVICE}.{region}.{zone}/")
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_region() {
        assert_eq!(
            region_of("arn:aws-cn:secretsmanager:cn-north-1:1:secret:a"),
            Some("cn-north-1")
        );
        for name in ["prod/wiz", "arn:aws:secretsmanager", "a:b:c:eu-west-1", "arn:a:b::c"] {
            assert_eq!(region_of(name), None, "{name}");
        }
        assert_eq!(endpoint("cn-north-1"), "https://secretsmanager.cn-north-1.amazonaws.com.cn/");
    }
}
