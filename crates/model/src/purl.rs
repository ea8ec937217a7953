//! Package URLs (ECMA-427): `pkg:type/namespace/name@version?qualifiers#subpath`.

use std::collections::BTreeMap;

/// A package URL, taken apart and decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purl {
    /// `deb`, `npm`, `oci`, in lower case.
    pub kind: String,
    /// What stands before the name, without its last slash; may be empty.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The version; empty where none is given.
    pub version: String,
    /// `arch`, `distro`, `repository_url` and their like.
    pub qualifiers: BTreeMap<String, String>,
}

impl Purl {
    /// Takes one apart; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(':')?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return None;
        }
        let rest = rest.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) = rest.split_once('/')?;
        // An `@` that begins a segment is an npm scope, not a version.
        let (path, version) = match path.rsplit_once('@') {
            Some((before, version))
                if !before.is_empty() && !before.ends_with('/') && !version.contains('/') =>
            {
                (before, version)
            }
            Some(_) | None => (path, ""),
        };
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let qualifiers = qualifiers
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_ascii_lowercase(), decoded(value)))
            .collect();
        let purl = Self {
            kind: kind.to_ascii_lowercase(),
            namespace: decoded(namespace),
            name: decoded(name),
            version: decoded(version),
            qualifiers,
        };
        (!purl.name.is_empty()).then_some(purl)
    }

    /// Whether it names a container image.
    #[must_use]
    pub fn is_image(&self) -> bool {
        matches!(self.kind.as_str(), "oci" | "docker")
    }

    /// The image it names, as a reference: repository, with `@sha256:…` or `:tag` where known.
    #[must_use]
    pub fn image_reference(&self) -> Option<String> {
        if !self.is_image() {
            return None;
        }
        let own = match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        };
        let repository = match self.qualifiers.get("repository_url").map(String::as_str) {
            None | Some("") => own,
            // Some writers give the registry only, others the whole repository.
            Some(url) if url.rsplit('/').next() == Some(self.name.as_str()) => url.to_owned(),
            Some(url) => format!("{}/{own}", url.trim_end_matches('/')),
        };
        let repository = repository.trim_start_matches("https://").to_owned();
        let tag = self.qualifiers.get("tag").map(String::as_str).unwrap_or_default();
        Some(match (self.version.as_str(), tag) {
            (digest, _) if digest.starts_with("sha256:") => format!("{repository}@{digest}"),
            ("", "") => repository,
            ("", tag) => format!("{repository}:{tag}"),
            (version, _) => format!("{repository}:{version}"),
        })
    }
}

/// Undoes percent-encoding; what is no valid encoding stays as it is.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(plain) => {
                out.push(plain);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_found() {
        for (text, kind, namespace, name, version) in [
            ("pkg:npm/%40shop/ui@1.2.3", "npm", "@shop", "ui", "1.2.3"),
            ("pkg:npm/@shop/ui", "npm", "@shop", "ui", ""),
            ("pkg:golang/example.org/x/y@v1.0.0#sub", "golang", "example.org/x", "y", "v1.0.0"),
            ("pkg:deb/debian/libc%2B%2B1@1%3A2?arch=amd64", "deb", "debian", "libc++1", "1:2"),
            ("pkg://Maven/org.shop/core@1", "maven", "org.shop", "core", "1"),
        ] {
            let purl = Purl::parse(text).unwrap();
            let parts = [&purl.kind, &purl.namespace, &purl.name, &purl.version];
            assert_eq!(parts, [kind, namespace, name, version], "{text}");
        }
        for text in ["", "pkg:", "pkg:npm", "pkg:npm/", "CVE-2031-1", "pkg:é/%zz%", "pkg:a/@"] {
            let parsed = Purl::parse(text);
            assert!(parsed.is_none_or(|p| !p.name.is_empty()), "{text}");
        }
    }

    #[test]
    fn an_image_is_named_by_digest_or_tag() {
        let digest = "ab".repeat(32);
        for (text, expected) in [
            (
                format!("pkg:oci/web@sha256%3A{digest}?repository_url=reg.test%2Fshop%2Fweb"),
                format!("reg.test/shop/web@sha256:{digest}"),
            ),
            (
                "pkg:oci/web?repository_url=reg.test/shop&tag=7".to_owned(),
                "reg.test/shop/web:7".to_owned(),
            ),
            ("pkg:docker/shop/web@7".to_owned(), "shop/web:7".to_owned()),
        ] {
            assert_eq!(Purl::parse(&text).unwrap().image_reference(), Some(expected));
        }
        assert_eq!(Purl::parse("pkg:npm/web@7").unwrap().image_reference(), None);
    }
}
