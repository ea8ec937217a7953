//! What is asked for, and what is answered.

use crate::hosts::HUB;
use crate::module::Module;
use crate::registry::{HUB_HOST, ImageName};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// The digest that an image's name stands for, by the name as it is written (`nginx:1.27`).
    Digest {
        /// The name.
        image: String,
    },
    /// The commit that a version of a git repository stands for.
    Commit {
        /// Host and path (`github.com/actions/checkout`).
        repository: String,
        /// A tag or a branch; `HEAD` is the default branch.
        version: String,
    },
    /// The git source of the newest version of a module that a constraint allows.
    Module {
        /// The module in its registry (`terraform-aws-modules/vpc/aws`).
        module: String,
        /// The constraint (`~> 5.0`); empty allows all.
        constraint: String,
    },
}

impl Wanted {
    /// The host that knows it, as it is named among those that may be asked; none where the name
    /// is none.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Digest { image } => {
                let host = ImageName::parse(image)?.host;
                Some(if host == HUB_HOST { HUB.to_owned() } else { host })
            }
            Self::Commit { repository, .. } => {
                let host = repository.split_once('/').map(|(host, _)| host.to_owned());
                host.filter(|host| is_host(host))
            }
            Self::Module { module, .. } => Module::parse(module).map(|module| module.host),
        }
    }
}

/// What a name stands for, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The digest (`sha256:…`), the commit, or a source with its commit
    /// (`git::https://github.com/o/r?ref=…`).
    pub value: String,
    /// Who said it, and of what, for people.
    pub from: String,
}

/// A text of elsewhere as far as it is shown.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').take(120).collect()
}

/// Whether a text is a commit as git names it.
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_hex(text)
}

/// Whether a text is a digest as registries name it.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && is_hex(hex))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a text is a host with or without a port, and nothing else.
pub(crate) fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !host.is_empty()
        && host.len() <= 253
        && host.chars().all(plain)
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !host.contains("..")
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether each part of a path is plain: letters, digits, `.`, `_` and `-`, and not only dots.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !path.is_empty()
        && path.len() <= 255
        && path.split('/').all(|part| {
            part.chars().all(plain) && part.contains(|c: char| c.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths_are_judged() {
        for host in ["ghcr.io", "127.0.0.1:5000", "r-1.example", "localhost:80"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", "a@b", "a/b", "a:0", "a:x", "a..b", "-a", "a b", "é.example", "[::1]"] {
            assert!(!is_host(host), "{host}");
        }
        for path in ["a", "library/nginx", "a.b/c-d_e"] {
            assert!(is_plain_path(path), "{path}");
        }
        for path in ["", "a//b", "../a", "a/..", "a?b", "a b", "/a", "a/", "a%2e"] {
            assert!(!is_plain_path(path), "{path}");
        }
    }
}
