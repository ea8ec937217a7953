//! Repositories, and what stands in them.

use crate::forge;
use crate::forge::Repository as _;
use crate::forge::call::Host;

/// GitHub, as it is named in errors.
pub(super) static GITHUB: Host = Host { name: "GitHub", place: "repository" };

/// A repository: `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    owner: String,
    name: String,
}

/// What stands in a repository under a number: a pull request or an issue.
pub(crate) type Thing = forge::Thing<Repository>;

impl Repository {
    /// Its owner.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }
}

impl forge::Repository for Repository {
    const HOST: &'static Host = &GITHUB;
    const PLURAL: &'static str = "repositories";
    const SHAPE: &'static str = "owner/name";
    const NO_PROJECT: &'static str = "repository `owner/name`";

    fn read(text: &str) -> Option<Self> {
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
    fn is_one_of(&self, pattern: &str) -> bool {
        let Some((owner, name)) = pattern.trim().split_once('/') else { return false };
        owner.eq_ignore_ascii_case(&self.owner)
            && (name == "*" || name.eq_ignore_ascii_case(&self.name))
    }

    fn api(&self) -> String {
        format!("/repos/{}/{}", self.owner, self.name)
    }

    fn full(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Reads `owner/name/pull/7`, `owner/name/issues/7`.
    fn thing(id: &str) -> Option<Thing> {
        let mut parts = id.rsplitn(3, '/');
        let (number, kind) = (parts.next()?, parts.next()?);
        let repository = Self::read(parts.next()?)?;
        let request = match kind {
            "pull" => true,
            "issues" => false,
            _ => return None,
        };
        Some(Thing { repository, number: number.parse().ok()?, request })
    }

    fn names(thing: &Thing) -> (String, String) {
        let kind = if thing.request { "pull" } else { "issues" };
        let full = thing.repository.full();
        (format!("{full}/{kind}/{}", thing.number), format!("{full}#{}", thing.number))
    }
}

impl Thing {
    /// What is shown at an address: it tells where something is that was moved.
    pub(super) fn at(url: &str) -> Option<Self> {
        let path = url.split_once("://")?.1.split_once('/')?.1;
        let parts: Vec<&str> = path.rsplitn(5, '/').take(4).collect();
        let [number, kind, name, owner] = parts.as_slice() else { return None };
        Repository::thing(&format!("{owner}/{name}/{kind}/{number}"))
    }

    /// The path of its API as an issue: every pull request is one too.
    pub(super) fn issue(&self) -> String {
        format!("{}/issues/{}", self.repository.api(), self.number)
    }

    /// The path of its API as what it is.
    pub(super) fn api(&self) -> String {
        if self.request {
            format!("{}/pulls/{}", self.repository.api(), self.number)
        } else {
            self.issue()
        }
    }
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
        assert!(Repository::thing("acme/shop/wiki/7").is_none());
        assert!(Repository::thing("acme/shop/pull/x").is_none());
    }
}
