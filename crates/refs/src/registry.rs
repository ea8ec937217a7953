//! Registries of images, by the distribution specification of OCI: which digest a tag stands for.

use quell_http::{HttpError, Request, Response, Sizes};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::asked::{Known, is_digest, is_host, is_plain_path, shown};
use crate::challenge::Challenge;
use crate::resolver::{Resolver, told};

/// Docker's own registry, under the names that images give it.
const HUB_NAMES: [&str; 2] = ["docker.io", "index.docker.io"];
/// Where it answers.
pub(crate) const HUB_HOST: &str = "registry-1.docker.io";
/// What a tag may lead to: the lists of all architectures first, so that their digest is told.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.oci.image.manifest.v1+json, \
                      application/vnd.docker.distribution.manifest.v2+json";
/// The header that names the digest.
const DIGEST: &str = "docker-content-digest";
/// Largest manifest and largest token; registries allow 4 MiB.
const SIZES: Sizes = Sizes { received_bytes: 4 << 20, decoded_bytes: 4 << 20, ratio: 200 };
/// Longest token.
const MOST_TOKEN: usize = 16 << 10;
/// Longest tag, as the specification has it.
const MOST_TAG: usize = 128;

/// An image's name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName {
    /// The registry's host, with its port.
    pub(crate) host: String,
    /// The path in the registry.
    pub(crate) path: String,
    /// The tag.
    pub(crate) tag: String,
}

impl ImageName {
    /// Takes a name apart, as Docker does; none where it is no name with a tag.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (rest, tag) = match name.rsplit_once(':') {
            Some((rest, tag)) if !tag.contains('/') => (rest, tag),
            Some(_) | None => (name, "latest"),
        };
        let first = rest.split_once('/').filter(|(first, _)| {
            first.contains('.') || first.contains(':') || *first == "localhost"
        });
        let (host, path) = first.unwrap_or(("docker.io", rest));
        let hub = HUB_NAMES.contains(&host);
        let path = if hub && !path.contains('/') { format!("library/{path}") } else { path.into() };
        let host = if hub { HUB_HOST.to_owned() } else { host.to_ascii_lowercase() };
        let lower = !path.contains(|c: char| c.is_ascii_uppercase());
        let is_tag = tag.len() <= MOST_TAG
            && !tag.starts_with(['.', '-'])
            && !tag.contains('/')
            && is_plain_path(tag);
        (is_host(&host) && is_plain_path(&path) && lower && is_tag).then(|| Self {
            host,
            path,
            tag: tag.to_owned(),
        })
    }
}

/// What gives tokens answers.
#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Resolver {
    /// The digest that an image's name stands for.
    pub(crate) async fn digest(&self, image: &str) -> Result<Known, String> {
        let name = ImageName::parse(image)
            .ok_or_else(|| format!("`{}` is no name of an image with a tag", shown(image)))?;
        let url = format!("{}/v2/{}/manifests/{}", self.base(&name.host), name.path, name.tag);
        let what = format!("`{}:{}`", name.path, name.tag);
        let told = |error: HttpError| told(&error, &name.host, &what);
        let head = || Request::new(http::Method::HEAD, &url);
        let mut token = None;
        let answer = match self.manifest(head().map_err(told)?, None).await {
            Err(error) if error.status() == Some(401) => {
                token = Some(self.token(&name, &error).await?);
                self.manifest(head().map_err(told)?, token.as_deref()).await
            }
            other => other,
        };
        let digest = match answer.map_err(told)?.header(DIGEST) {
            Some(digest) => digest.to_owned(),
            // Not every registry names it; then it is made of what the tag leads to.
            None => {
                let whole = Request::get(&url).map_err(told)?.raw();
                let whole = self.manifest(whole, token.as_deref()).await.map_err(told)?;
                digest_of(&whole)?
            }
        };
        if !is_digest(&digest) {
            return Err(format!("what `{}` names for {what} is no digest", name.host));
        }
        Ok(Known { value: digest, from: format!("`{}` for {what}", name.host) })
    }

    async fn manifest(&self, request: Request, token: Option<&str>) -> Result<Response, HttpError> {
        let request = request.header("accept", ACCEPT)?.sizes(SIZES);
        let request = match token {
            Some(token) => request.bearer(token)?,
            None => request,
        };
        self.client().send(&request).await
    }

    /// A token for reading one repository, from where the registry says. Nobody is logged in.
    async fn token(&self, name: &ImageName, refused: &HttpError) -> Result<String, String> {
        let host = &name.host;
        let header = refused.remote().and_then(|remote| remote.headers().get("www-authenticate"));
        let challenge = header.and_then(|header| Challenge::parse(header.to_str().ok()?));
        let challenge = challenge
            .ok_or_else(|| format!("`{host}` asks for a login, and none is given: look it up"))?;
        let odd = || format!("`{host}` says in no readable way where it gives tokens");
        let mut url = Url::parse(&challenge.realm).map_err(|_| odd())?;
        let giver = url.host_str().ok_or_else(odd)?.to_owned();
        url.set_fragment(None);
        let scope = format!("repository:{}:pull", name.path);
        let service = challenge.service.as_deref();
        let pairs = service.map(|service| ("service", service)).into_iter();
        url.query_pairs_mut().extend_pairs(pairs.chain([("scope", scope.as_str())]));
        let what = format!("a token for `{}`", name.path);
        let told = |error: HttpError| told(&error, &giver, &what);
        let request = Request::get(url.as_str()).map_err(told)?.sizes(SIZES);
        let answer = self.client().send(&request).await.map_err(told)?;
        let answer: Token = answer.json().map_err(told)?;
        let token = Some(answer.token).filter(|token| !token.is_empty());
        let token = token.unwrap_or(answer.access_token);
        let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
        if token.is_empty() || token.len() > MOST_TOKEN || !plain {
            return Err(format!("what `{giver}` gives is no token"));
        }
        Ok(token)
    }
}

/// The digest of what was read, where it is a manifest.
fn digest_of(answer: &Response) -> Result<String, String> {
    let media = answer.header("content-type").unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !ACCEPT.split(", ").any(|known| known == media) {
        return Err("what the tag leads to is no manifest of an image".to_owned());
    }
    let hash = Sha256::digest(answer.body());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<(&str, &str, &str)>) {
        let image = ImageName::parse(name);
        let parts =
            image.as_ref().map(|one| (one.host.as_str(), one.path.as_str(), one.tag.as_str()));
        assert_eq!(parts, expected, "{name}");
    }

    #[test]
    fn names_are_read_as_docker_reads_them() {
        check("nginx", Some((HUB_HOST, "library/nginx", "latest")));
        check("nginx:1.27-alpine", Some((HUB_HOST, "library/nginx", "1.27-alpine")));
        check("acme/shop:1", Some((HUB_HOST, "acme/shop", "1")));
        check("docker.io/library/nginx:1", Some((HUB_HOST, "library/nginx", "1")));
        check("ghcr.io/a/b/c:v1", Some(("ghcr.io", "a/b/c", "v1")));
        check("localhost:5000/x", Some(("localhost:5000", "x", "latest")));
        for odd in [
            "",
            ":",
            "a b",
            "ghcr.io/A/b",
            "ghcr.io/../b:1",
            "ghcr.io/a/b:",
            "u@h.io/a:1",
            "h.io/a?x:1",
            "h.io/a:.x",
            "$IMAGE",
            "{{ .Values.image }}",
            "h.io:99999/a",
        ] {
            check(odd, None);
        }
    }
}
