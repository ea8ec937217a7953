//! What is known of common base images; the facts stand in `known.toml` and `latest.toml`.

mod name;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

pub(crate) use name::Image;

/// What is known of an image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    image: String,
    tag: Option<String>,
    /// An account of the image that its program can run as.
    pub(crate) user: Option<String>,
    /// A command that must run as root before it.
    pub(crate) prepare: Option<String>,
    /// Why a USER would be wrong.
    pub(crate) root: Option<String>,
    /// What the image has to ask a port with.
    pub(crate) tool: Option<Tool>,
    /// Where its own program listens.
    pub(crate) port: Option<u16>,
    /// The image's own question to its program.
    pub(crate) check: Option<String>,
}

/// A program that can ask whether a port accepts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tool {
    /// The shell of Debian, Red Hat and their kin, which opens `/dev/tcp`.
    Bash,
    /// `nc` of Alpine.
    Busybox,
    /// Python's own sockets.
    Python,
    /// Node's own sockets.
    Node,
    /// The same in an image that has little else.
    #[serde(rename = "distroless-node")]
    DistrolessNode,
    /// The same in an image that has little else.
    #[serde(rename = "distroless-python")]
    DistrolessPython,
}

#[derive(Debug, Default, Deserialize)]
struct Table {
    image: Vec<Known>,
}

struct Entry {
    image: Regex,
    tag: Option<Regex>,
    known: Known,
}

static KNOWN: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("known.toml")).unwrap_or_default();
    table.image.into_iter().filter_map(entry).collect()
});

static LATEST: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(include_str!("latest.toml")).unwrap_or_default());

fn entry(known: Known) -> Option<Entry> {
    let whole = |pattern: &str| Regex::new(&format!("^(?:{pattern})$")).ok();
    let tag = match &known.tag {
        Some(tag) => Some(whole(tag)?),
        None => None,
    };
    Some(Entry { image: whole(&known.image)?, tag, known })
}

/// What is known of an image.
pub(crate) fn known(image: &Image) -> Option<&'static Known> {
    let tag = image.tag.as_deref().unwrap_or("latest");
    let fits = |entry: &&Entry| {
        entry.image.is_match(&image.path)
            && entry.tag.as_ref().is_none_or(|pattern| pattern.is_match(tag))
    };
    KNOWN.iter().find(fits).map(|entry| &entry.known)
}

/// The version tag that stands for the same image as `latest`.
pub(crate) fn latest(path: &str) -> Option<&'static str> {
    LATEST.get(path).map(String::as_str)
}

/// Whether a text is a digest as registries name them.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_can_be_read() {
        let table: Table = toml::from_str(include_str!("known.toml")).unwrap();
        assert_eq!(KNOWN.len(), table.image.len());
        let latest: BTreeMap<String, String> = toml::from_str(include_str!("latest.toml")).unwrap();
        assert_eq!(LATEST.len(), latest.len());
        let plain = |name: &str| !name.contains(['$', '`', '\n']);
        assert!(table.image.iter().all(|one| one.user.as_deref().is_none_or(plain)));
    }

    #[track_caller]
    fn check(name: &str, user: Option<&str>, tool: Option<Tool>) {
        let found = known(&Image::parse(name));
        assert_eq!(found.and_then(|known| known.user.as_deref()), user, "{name}");
        assert_eq!(found.and_then(|known| known.tool), tool, "{name}");
    }

    #[test]
    fn the_first_entry_that_fits_counts() {
        check("node:22-alpine", Some("node"), Some(Tool::Node));
        check("golang:1.24-alpine", None, Some(Tool::Busybox));
        check("golang", None, Some(Tool::Bash));
        check("gcr.io/distroless/static", Some("nonroot"), None);
        check("mcr.microsoft.com/dotnet/aspnet:8.0", Some("app"), Some(Tool::Bash));
        check("mcr.microsoft.com/dotnet/aspnet:6.0", None, Some(Tool::Bash));
        check("mcr.microsoft.com/windows/nanoserver:ltsc2022", Some("ContainerUser"), None);
        check("example.com/some/app:1", None, None);
    }
}
