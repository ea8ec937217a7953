//! Sends drafts with a login.

use quell_http::sigv4::{Signed, Signer, sha256_hex};
use quell_http::{Client, Request, Retry};
use quell_model::{Clock, Timestamp};
use secrecy::ExposeSecret as _;

use crate::access::{AwsPlace, KeyPair, Places, Where};
use crate::draft::{Draft, Reply, Service};
use crate::error::ContainError;
use crate::login::{Login, Maker};
use crate::names::Region;
use crate::told::{is_missing, told};
use crate::unit::{Purpose, Unit};

/// A login at a place, ready to send.
pub(crate) struct Wire<'a> {
    client: &'a Client,
    clock: &'a dyn Clock,
    login: Login,
    place: At<'a>,
}

/// The place that was found.
enum At<'a> {
    Url(&'a str),
    Aws(&'a AwsPlace, Option<&'a Region>),
}

impl<'a> Wire<'a> {
    /// Makes the login for an action.
    pub(crate) async fn open(
        (client, clock): (&'a Client, &'a dyn Clock),
        places: &'a Places,
        unit: &'a dyn Unit,
        purpose: Purpose,
        session: &str,
    ) -> Result<Wire<'a>, ContainError> {
        let maker = Maker { client, clock, session };
        let none =
            |what: String| ContainError::Setting(format!("the settings have no login for {what}"));
        let (login, place) = match unit.place() {
            Where::Kubernetes(name) => {
                let place = places.kubernetes.get(name);
                let place = place.ok_or_else(|| none(format!("the cluster `{name}`")))?;
                (maker.kubernetes(place).await?, At::Url(&place.url))
            }
            Where::Aws(account, on) => {
                let place = places.aws.get(account);
                let place = place.ok_or_else(|| none(format!("the account `{account}`")))?;
                if on == Some(&place.role) {
                    return Err(ContainError::Unsuitable(
                        "that is the role by which Quell acts; it would lock itself out".to_owned(),
                    ));
                }
                (maker.aws(place, (unit, purpose)).await?, At::Aws(place, None))
            }
            Where::Bucket(account, region) => {
                let place = places.aws.get(account);
                let place = place.ok_or_else(|| none(format!("the account `{account}`")))?;
                (maker.aws(place, (unit, purpose)).await?, At::Aws(place, Some(region)))
            }
            Where::Azure(name) => {
                let place = places.azure.get(name);
                let place = place.ok_or_else(|| none(format!("the subscription `{name}`")))?;
                let url = place.url.as_deref().unwrap_or("https://management.azure.com");
                (maker.token(place).await?, At::Url(url))
            }
            Where::Google(name) => {
                let place = places.google.get(name);
                let place = place.ok_or_else(|| none(format!("the project `{name}`")))?;
                let url = place.url.as_deref().unwrap_or("https://storage.googleapis.com");
                (maker.token(place).await?, At::Url(url))
            }
        };
        Ok(Wire { client, clock, login, place })
    }

    /// Sends a request once. What changes something is never repeated here.
    pub(crate) async fn send(&self, draft: &Draft) -> Result<Reply, ContainError> {
        let request = self.request(draft)?;
        match self.client.send(&request).await {
            Ok(reply) => Ok(Reply { is_missing: false, body: reply.into_body() }),
            Err(error) if draft.may_miss && is_missing(&error) => {
                Ok(Reply { is_missing: true, body: Vec::new() })
            }
            Err(error) => Err(told(error, draft.right)),
        }
    }

    fn request(&self, draft: &Draft) -> Result<Request, ContainError> {
        let url = match &self.place {
            At::Url(url) => format!("{}{}", url.trim_end_matches('/'), draft.path),
            At::Aws(place, region) => aws_url(place, *region, draft),
        };
        let and = if draft.query.is_empty() { "" } else { "?" };
        let method =
            draft.method.parse().map_err(|_| ContainError::shape("method", "it is none"))?;
        let mut request = Request::new(method, &format!("{url}{and}{}", draft.query))?;
        if is_reading(draft) {
            request = request.idempotent();
        } else {
            request = request.retry(Retry { attempts: 1, ..Retry::default() });
        }
        if !draft.body.is_empty() {
            request = request.body(draft.content_type, draft.body.clone())?;
        }
        for (name, value) in &draft.headers {
            request = request.header(name, value)?;
        }
        match (&self.login, &self.place) {
            (Login::Bearer(token), _) => {
                Ok(request.header("accept", "application/json")?.bearer(token.expose_secret())?)
            }
            (Login::Key(keys), At::Aws(place, region)) => {
                let scope = match (draft.service, region) {
                    (Service::S3, Some(region)) => (region.as_str(), "s3"),
                    _ => (iam_home(place.region.as_str()), "iam"),
                };
                self.signed_aws(request, draft, scope, keys)
            }
            (Login::Key(_), At::Url(_)) => Err(ContainError::Setting("no such login".to_owned())),
        }
    }

    fn signed_aws(
        &self,
        request: Request,
        draft: &Draft,
        scope: (&str, &str),
        keys: &KeyPair,
    ) -> Result<Request, ContainError> {
        let mut headers: Vec<(&str, &str)> =
            draft.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if !draft.body.is_empty() {
            headers.push(("content-type", draft.content_type));
        }
        let hash = sha256_hex(draft.body.as_bytes());
        let mut request = request;
        if draft.service == Service::S3 {
            headers.push(("x-amz-content-sha256", &hash));
            request = request.header("x-amz-content-sha256", &hash)?;
        }
        let path = request_path(draft, &self.place);
        let head = Head { method: draft.method, path: &path, query: &draft.query };
        sign(request, (&head, &headers), (&draft.body, scope), keys, self.clock.now())
    }
}

/// Whether a request changes nothing, so that it may be sent again.
fn is_reading(draft: &Draft) -> bool {
    let starts = |word: &str| draft.body.starts_with(&format!("Action={word}"));
    draft.method == "GET" || starts("Get") || starts("List")
}

/// The region in which IAM of a partition signs.
fn iam_home(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "cn-north-1",
        _ if region.starts_with("us-gov-") => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// The address without the query. A bucket stands in the host, except where its dots would break
/// the certificate or another address is given.
fn aws_url(place: &AwsPlace, region: Option<&Region>, draft: &Draft) -> String {
    if let Some([_, iam, s3]) = &place.endpoints {
        let base = if draft.service == Service::S3 { s3 } else { iam };
        return format!("{}{}", base.trim_end_matches('/'), draft.path);
    }
    let region = region.map_or("", Region::as_str);
    let zone = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    match draft.service {
        Service::S3 => match virtual_host(draft) {
            Some(bucket) => format!("https://{bucket}.s3.{region}.{zone}/"),
            None => format!("https://s3.{region}.{zone}{}", draft.path),
        },
        Service::Iam | Service::Kubernetes | Service::Azure | Service::Google => {
            let host = match iam_home(place.region.as_str()) {
                "cn-north-1" => "iam.cn-north-1.amazonaws.com.cn",
                "us-gov-west-1" => "iam.us-gov.amazonaws.com",
                _ => "iam.amazonaws.com",
            };
            format!("https://{host}/")
        }
    }
}

fn virtual_host(draft: &Draft) -> Option<&str> {
    draft.path.strip_prefix('/').filter(|bucket| !bucket.contains('.'))
}

/// The path as it is sent.
fn request_path(draft: &Draft, place: &At<'_>) -> String {
    let has_own_address = matches!(place, At::Aws(place, _) if place.endpoints.is_some());
    let in_host = draft.service == Service::S3 && virtual_host(draft).is_some();
    if in_host && !has_own_address { "/".to_owned() } else { draft.path.clone() }
}

struct Head<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
}

/// A signed `POST` to the root.
pub(crate) fn signed(
    request: Request,
    headers: &[(&str, &str)],
    what: (&str, (&str, &str)),
    keys: &KeyPair,
    at: Timestamp,
) -> Result<Request, ContainError> {
    let head = Head { method: "POST", path: "/", query: "" };
    sign(request, (&head, headers), what, keys, at)
}

fn sign(
    mut request: Request,
    (head, headers): (&Head<'_>, &[(&str, &str)]),
    (body, (region, service)): (&str, (&str, &str)),
    keys: &KeyPair,
    at: Timestamp,
) -> Result<Request, ContainError> {
    let host = request.authority();
    let mut all = headers.to_vec();
    all.push(("host", &host));
    let Head { method, path, query } = *head;
    let signed = Signed { method, path, query, headers: &all, body: body.as_bytes() };
    let signer = Signer {
        access_key: keys.access_key.expose_secret(),
        secret_key: keys.secret_key.expose_secret(),
        session_token: keys.session_token.as_ref().map(|token| token.expose_secret()),
        region,
        service,
    };
    for (name, value) in signer.headers(&signed, at) {
        request = request.secret_header(name, &value)?;
    }
    Ok(request.account(signer.access_key).hide(signer.access_key))
}
