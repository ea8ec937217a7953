//! Container images: a digest where there is one, else registry, repository and tag.

use super::{Hints, Parts, Provider};

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let kind = hints.kind.unwrap_or_default().to_ascii_lowercase();
    let is_image = hints.provider == Some(Provider::Image)
        || kind.contains("containerimage")
        || kind.contains("container_image")
        || kind.contains("container image")
        || kind == "image";
    let digest = native.rsplit_once("sha256:").map(|(_, hex)| hex);
    let digest = digest.filter(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if native.is_empty() || !(is_image || (digest.is_some() && native.contains('@'))) {
        return None;
    }
    let reference = reference(native.split('@').next().unwrap_or(native));
    let (key, name) = match digest {
        Some(hex) => {
            let name = if native.contains('@') { reference } else { format!("sha256:{hex}") };
            (format!("image:sha256:{}", hex.to_ascii_lowercase()), name)
        }
        None => (format!("image:{reference}"), reference),
    };
    Some(Parts {
        key,
        provider: Provider::Image,
        account: hints.account.unwrap_or_default().to_owned(),
        region: String::new(),
        kind: "image".to_owned(),
        name,
    })
}

/// `nginx` → `docker.io/library/nginx:latest`, as Docker itself reads it.
fn reference(text: &str) -> String {
    let text = text.trim_start_matches("docker-pullable://").trim_start_matches("docker://");
    let (first, rest) = text.split_once('/').unwrap_or(("", text));
    let is_registry = first.contains(['.', ':']) || first == "localhost";
    let path = match (first, is_registry) {
        ("docker.io" | "index.docker.io", _) if !rest.contains('/') => {
            format!("docker.io/library/{rest}")
        }
        ("index.docker.io", _) => format!("docker.io/{rest}"),
        (_, true) => text.to_owned(),
        ("", false) => format!("docker.io/library/{rest}"),
        (_, false) => format!("docker.io/{text}"),
    };
    let has_tag = path.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { path } else { format!("{path}:latest") }
}
