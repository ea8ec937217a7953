//! Names of images: `registry/path:tag@digest`.

use std::collections::BTreeMap;

use crate::Config;

/// An image's name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// Registry and path (`docker.io/library/node` is `node`).
    pub(crate) path: String,
    /// The tag.
    pub(crate) tag: Option<String>,
    /// The digest, with its algorithm.
    pub(crate) digest: Option<String>,
}

impl Image {
    /// Takes a name apart.
    pub(crate) fn parse(name: &str) -> Self {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (name, None),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
            Some(_) | None => (rest, None),
        };
        let path = ["docker.io/library/", "docker.io/", "index.docker.io/", "library/"]
            .iter()
            .find_map(|prefix| path.strip_prefix(prefix))
            .unwrap_or(path);
        Self { path: path.to_owned(), tag, digest }
    }

    /// The whole name.
    pub(crate) fn name(&self) -> String {
        let part = |mark: &str, part: &Option<String>| {
            part.as_ref().map_or_else(String::new, |part| format!("{mark}{part}"))
        };
        format!("{}{}{}", self.path, part(":", &self.tag), part("@", &self.digest))
    }

    /// The parts as a configuration.
    pub(crate) fn config(&self) -> BTreeMap<String, Config> {
        let text = |part: &Option<String>| part.clone().map_or(Config::Null, Config::Text);
        BTreeMap::from([
            ("image".to_owned(), Config::Text(self.path.clone())),
            ("tag".to_owned(), text(&self.tag)),
            ("digest".to_owned(), text(&self.digest)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, path: &str, tag: Option<&str>, digest: Option<&str>) {
        let image = Image::parse(name);
        let parts = (image.path.as_str(), image.tag.as_deref(), image.digest.as_deref());
        assert_eq!(parts, (path, tag, digest));
    }

    #[test]
    fn a_port_is_no_tag() {
        check("node", "node", None, None);
        check("node:22-slim", "node", Some("22-slim"), None);
        check("localhost:5000/app", "localhost:5000/app", None, None);
        check("r.io:443/a/b:1@sha256:ab", "r.io:443/a/b", Some("1"), Some("sha256:ab"));
        check("docker.io/library/alpine:3", "alpine", Some("3"), None);
    }
}
