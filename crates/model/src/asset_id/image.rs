//! Container images: a digest where there is one, else registry, repository and tag.

use super::{Hints, Parts, Provider, joined};

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let account = hints.account.unwrap_or_default();
    let (before, digest) = match native.split_once('@') {
        Some((before, digest)) => (before, Some(digest)),
        None if native.starts_with("sha256:") => ("", Some(native)),
        None => (native, None),
    };
    let hex = digest.and_then(|d| d.strip_prefix("sha256:")).filter(|hex| is_sha256(hex));
    let is_pinned = hex.is_some() && !before.is_empty();
    if native.is_empty() || !(is_pinned || is_image(hints)) {
        return None;
    }
    if let Some(hex) = hex {
        let mut parts = by_digest(hex, account)?;
        if !before.is_empty() {
            parts.name = repository(before);
        }
        return Some(parts);
    }
    // A digest that was cut or is of another kind still tells two images apart.
    let name = match digest {
        Some(digest) => format!("{}@{digest}", repository(before)),
        None => tagged(repository(before)),
    };
    Some(whole(joined(&["image", &name]), name, account))
}

/// An image whose digest is known: the same bytes wherever they are kept.
pub(super) fn by_digest(hex: &str, account: &str) -> Option<Parts> {
    let name = is_sha256(hex).then(|| format!("sha256:{}", hex.to_ascii_lowercase()))?;
    Some(whole(joined(&["image", &name]), name, account))
}

fn whole(key: String, name: String, account: &str) -> Parts {
    Parts {
        key,
        provider: Provider::Image,
        account: account.to_owned(),
        region: String::new(),
        kind: "image".to_owned(),
        name,
    }
}

/// Whether the record says that this is a container image. `image` alone can be a disk image in
/// a cloud.
fn is_image(hints: &Hints<'_>) -> bool {
    let kind: String = hints
        .kind
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .take(64)
        .collect();
    let is_in_cloud =
        matches!(hints.provider, Some(Provider::Aws | Provider::Azure | Provider::Gcp));
    hints.provider == Some(Provider::Image)
        || kind.contains("containerimage")
        || kind == "dockerimage"
        || (kind == "image" && !is_in_cloud)
}

fn is_sha256(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `nginx` → `docker.io/library/nginx`, as Docker itself reads it. A tag stays.
fn repository(text: &str) -> String {
    let text = text.trim_start_matches("docker-pullable://").trim_start_matches("docker://");
    let Some((first, rest)) = text.split_once('/') else {
        return format!("docker.io/library/{text}");
    };
    let host = first.to_ascii_lowercase();
    let is_registry = first.contains(['.', ':']) || first == "localhost";
    match host.as_str() {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
            let library = if rest.contains('/') { "" } else { "library/" };
            format!("docker.io/{library}{rest}")
        }
        host if is_registry => format!("{host}/{rest}"),
        _ => format!("docker.io/{text}"),
    }
}

fn tagged(reference: String) -> String {
    let has_tag = reference.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { reference } else { format!("{reference}:latest") }
}
