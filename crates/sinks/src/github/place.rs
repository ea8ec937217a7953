//! Repositories, and what stands in them.

use quell_deliver::outbox::Remote;

use crate::SinkError;

/// A repository: `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Reads `owner/name`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let fits = |part: &str, most: usize| {
            let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && part.len() <= most && part.chars().all(letter)
        };
        let dots = matches!(name, "." | "..") || matches!(owner, "." | "..");
        (fits(owner, 39) && fits(name, 100) && !dots)
            .then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Whether it is `owner/name` or one of `owner/*`.
    pub(super) fn is_one_of(&self, pattern: &str) -> bool {
        let Some((owner, name)) = pattern.trim().split_once('/') else { return false };
        owner.eq_ignore_ascii_case(&self.owner)
            && (name == "*" || name.eq_ignore_ascii_case(&self.name))
    }

    /// The path of its API.
    pub(super) fn api(&self) -> String {
        format!("/repos/{}/{}", self.owner, self.name)
    }

    /// Its owner.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Both.
    pub(super) fn full(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// What stands in a repository under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) repository: Repository,
    pub(super) number: u64,
    /// Whether it is a pull request, and no issue.
    pub(super) pull: bool,
}

impl Thing {
    /// Reads the id of a remote: `owner/name/pull/7`, `owner/name/issues/7`.
    pub(super) fn of(remote: &Remote) -> Result<Self, SinkError> {
        let wrong = || SinkError::Refused("that is no id of a thing on GitHub".to_owned());
        Self::read(&remote.id).ok_or_else(wrong)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '/');
        let (number, kind) = (parts.next()?, parts.next()?);
        let repository = Repository::read(parts.next()?)?;
        let pull = match kind {
            "pull" => true,
            "issues" => false,
            _ => return None,
        };
        Some(Self { repository, number: number.parse().ok()?, pull })
    }

    /// What is shown at an address: it tells where something is that was moved.
    pub(super) fn at(url: &str) -> Option<Self> {
        let path = url.split_once("://")?.1.split_once('/')?.1;
        let parts: Vec<&str> = path.rsplitn(5, '/').take(4).collect();
        let [number, kind, name, owner] = parts.as_slice() else { return None };
        Self::read(&format!("{owner}/{name}/{kind}/{number}"))
    }

    /// As a remote.
    pub(super) fn remote(&self, url: Option<String>) -> Remote {
        let kind = if self.pull { "pull" } else { "issues" };
        let full = self.repository.full();
        Remote {
            id: format!("{full}/{kind}/{}", self.number),
            name: format!("{full}#{}", self.number),
            url,
        }
    }

    /// The path of its API as an issue: every pull request is one too.
    pub(super) fn issue(&self) -> String {
        format!("{}/issues/{}", self.repository.api(), self.number)
    }

    /// The path of its API as what it is.
    pub(super) fn api(&self) -> String {
        if self.pull {
            format!("{}/pulls/{}", self.repository.api(), self.number)
        } else {
            self.issue()
        }
    }
}

/// A part of a path or a query, written so that it is nothing but that.
pub(super) fn part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_have_two_plain_parts() {
        assert_eq!(Repository::read("acme/shop.web").unwrap().full(), "acme/shop.web");
        for text in ["", "acme", "acme/", "/x", "a/b/c", "a/..", "a/b?x", "a b/c", "a/%2e"] {
            assert_eq!(Repository::read(text), None, "{text}");
        }
        let repository = Repository::read("Acme/shop").unwrap();
        assert!(repository.is_one_of("acme/*") && repository.is_one_of(" acme/Shop"));
        assert!(!repository.is_one_of("acme2/*") && !repository.is_one_of("*"));
    }

    #[test]
    fn a_thing_is_read_back_from_its_remote() {
        let url = "https://github.example/acme/shop/pull/7";
        let thing = Thing::at(url).unwrap();
        assert_eq!(Thing::of(&thing.remote(None)).unwrap(), thing);
        assert_eq!(thing.remote(None).name, "acme/shop#7");
        assert!(Thing::read("acme/shop/wiki/7").is_none());
        assert!(Thing::read("acme/shop/pull/x").is_none());
    }
}
