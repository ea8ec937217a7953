//! Logins that are made for one action and end by themselves.

use jiff::SignedDuration;
use quell_http::sigv4::encoded;
use quell_http::{Client, Request};
use quell_model::{Clock, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::access::{AwsPlace, KeyPair, KubernetesPlace, TokenPlace};
use crate::error::ContainError;
use crate::told::told;
use crate::unit::{Purpose, Unit};
use crate::wire::signed;
use crate::xml;

/// How long a token of Kubernetes lives: the least that it gives.
const TOKEN_SECONDS: u32 = 600;
/// How long a session of AWS lives: the least that it gives.
const SESSION_SECONDS: &str = "900";
/// The longest that a token may live that others made.
const LONGEST: SignedDuration = SignedDuration::from_hours(2);
/// The longest policy that a session takes.
const MOST_POLICY: usize = 2_048;

/// A login that acts.
pub(crate) enum Login {
    Bearer(SecretString),
    Key(KeyPair),
}

/// What makes logins.
pub(crate) struct Maker<'a> {
    pub(crate) client: &'a Client,
    pub(crate) clock: &'a dyn Clock,
    /// What the remote's own log is to show.
    pub(crate) session: &'a str,
}

#[derive(Deserialize)]
struct Made {
    status: MadeStatus,
}

#[derive(Deserialize)]
struct MadeStatus {
    token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assumed {
    assume_role_result: AssumedResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedResult {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

impl Maker<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A token for a service account, which lives ten minutes.
    pub(crate) async fn kubernetes(&self, place: &KubernetesPlace) -> Result<Login, ContainError> {
        let base = place.tokens.token().await.map_err(ContainError::Setting)?;
        let base = still_good(base.ends, self.now()).map(|()| base.value)?;
        let (namespace, name) = &place.acts_as;
        let url =
            format!("{}/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", place.url);
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        });
        let request =
            Request::post(&url)?.idempotent().json(&body)?.bearer(base.expose_secret())?;
        let right = "create serviceaccounts/token";
        let reply = self.client.send(&request).await.map_err(|error| told(error, right))?;
        let made: Made = serde_json::from_slice(reply.body())
            .map_err(|error| ContainError::Refused(format!("no token was made: {error}")))?;
        Ok(Login::Bearer(made.status.token.into()))
    }

    /// A session of the role, which may do one action only and lives a quarter of an hour.
    pub(crate) async fn aws(
        &self,
        place: &AwsPlace,
        (unit, purpose): (&dyn Unit, Purpose),
    ) -> Result<Login, ContainError> {
        let keys = place.keys.keys().await.map_err(ContainError::Setting)?;
        let policy = session_policy(unit, purpose)?;
        let mut body = String::from("Action=AssumeRole&Version=2011-06-15");
        let session: String = self.session.chars().take(64).collect();
        let external = place.external_id.as_ref().map(|id| id.expose_secret());
        let fields = [
            ("RoleArn", Some(place.role.as_str())),
            ("RoleSessionName", Some(session.as_str())),
            ("DurationSeconds", Some(SESSION_SECONDS)),
            ("Policy", Some(policy.as_str())),
            ("ExternalId", external),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                body.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        let url = sts_url(place);
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(&url)?.idempotent().body(kind, body.clone())?;
        let request = external.into_iter().fold(request, |request, id| request.hide(id));
        let scope = (place.region.as_str(), "sts");
        let request =
            signed(request, &[("content-type", kind)], (&body, scope), &keys, self.now())?;
        let right = format!("sts:AssumeRole on {}", place.role);
        let reply = self.client.send(&request).await.map_err(|error| told(error, &right))?;
        let unread = |_| ContainError::Refused("the answer of AWS STS holds no session".to_owned());
        let made: Assumed = xml::read(reply.body(), "AssumeRole").map_err(unread)?;
        let made = made.assume_role_result.credentials;
        Ok(Login::Key(KeyPair {
            access_key: made.access_key_id.into(),
            secret_key: made.secret_access_key.into(),
            session_token: Some(made.session_token.into()),
        }))
    }

    /// A token that others made. One that does not end soon is not used.
    pub(crate) async fn token(&self, place: &TokenPlace) -> Result<Login, ContainError> {
        let token = place.tokens.token().await.map_err(ContainError::Setting)?;
        still_good(token.ends, self.now())?;
        let ends_soon = token.ends.is_some_and(|ends| ends.duration_since(self.now()) <= LONGEST);
        if !ends_soon {
            return Err(ContainError::Setting(
                "the token does not end within two hours; give one that is made for this"
                    .to_owned(),
            ));
        }
        Ok(Login::Bearer(token.value))
    }
}

fn still_good(ends: Option<Timestamp>, now: Timestamp) -> Result<(), ContainError> {
    if ends.is_none_or(|ends| now < ends) {
        return Ok(());
    }
    Err(ContainError::Login {
        said: "its token has ended".to_owned(),
        step: "see that the place that it comes from renews it",
    })
}

/// What a session may do, as a policy.
pub(crate) fn session_policy(unit: &dyn Unit, purpose: Purpose) -> Result<String, ContainError> {
    let policy = json!({"Version": "2012-10-17", "Statement": unit.session(purpose)}).to_string();
    if policy.len() > MOST_POLICY {
        return Err(ContainError::Unsuitable(
            "the names are too long for a policy that narrows the session".to_owned(),
        ));
    }
    Ok(policy)
}

fn sts_url(place: &AwsPlace) -> String {
    let region = place.region.as_str();
    let zone = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let own = || format!("https://sts.{region}.{zone}/");
    place.endpoints.as_ref().map_or_else(own, |[sts, ..]| format!("{}/", sts.trim_end_matches('/')))
}

/// The name of a session, as remotes take it.
pub(crate) fn session_name(plan: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '=');
    let plan: String = plan.chars().filter(fits).take(58).collect();
    format!("quell-{plan}")
}
