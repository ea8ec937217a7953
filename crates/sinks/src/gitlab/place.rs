//! Projects, and what stands in them.

use crate::forge;
use crate::forge::call::Host;
use crate::forge::{Repository as _, part};

/// GitLab, as it is named in errors.
pub(super) static GITLAB: Host = Host { name: "GitLab", place: "project" };

/// A project: `group/sub/name`, or its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project(String);

/// What stands in a project under a number: a merge request or an issue.
pub(crate) type Thing = forge::Thing<Project>;

impl Project {
    /// Whether it is named by its number.
    pub(super) fn is_number(&self) -> bool {
        self.0.chars().all(|c| c.is_ascii_digit())
    }
}

impl forge::Repository for Project {
    const HOST: &'static Host = &GITLAB;
    const PLURAL: &'static str = "projects";
    const SHAPE: &'static str = "group/name";
    const NO_PROJECT: &'static str = "`group/name`";

    /// Reads a path or a number.
    fn read(text: &str) -> Option<Self> {
        let part = |part: &str| {
            let letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
            !part.is_empty() && part.chars().all(letter) && !matches!(part, "." | "..")
        };
        let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        let path = text.contains('/') && text.split('/').all(part);
        (text.len() <= 512 && (number || path)).then(|| Self(text.to_owned()))
    }

    /// Whether it is `group/name`, or below `group/*`.
    fn is_one_of(&self, pattern: &str) -> bool {
        let pattern = pattern.trim().to_lowercase();
        let own = self.0.to_lowercase();
        pattern.strip_suffix('*').map_or(own == pattern, |group| {
            group.ends_with('/') && group.len() > 1 && own.starts_with(group)
        })
    }

    /// The path of its API: its `/` are encoded, once.
    fn api(&self) -> String {
        format!("/api/v4/projects/{}", part(&self.0))
    }

    fn full(&self) -> String {
        self.0.clone()
    }

    /// Reads `group/name!7`, `group/name#7`.
    fn thing(id: &str) -> Option<Thing> {
        let at = id.rfind(['!', '#'])?;
        let (project, rest) = id.split_at(at);
        let request = rest.starts_with('!');
        let number = rest.get(1..)?.parse().ok()?;
        Some(Thing { repository: Self::read(project)?, number, request })
    }

    fn names(thing: &Thing) -> (String, String) {
        let mark = if thing.request { '!' } else { '#' };
        let name = format!("{}{mark}{}", thing.repository.full(), thing.number);
        (name.clone(), name)
    }
}

impl Thing {
    /// The path of its API.
    pub(super) fn api(&self) -> String {
        let kind = if self.request { "merge_requests" } else { "issues" };
        format!("{}/{kind}/{}", self.repository.api(), self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_encoded_once() {
        assert_eq!(
            Project::read("acme/web/shop").unwrap().api(),
            "/api/v4/projects/acme%2Fweb%2Fshop"
        );
        assert_eq!(Project::read("42").unwrap().api(), "/api/v4/projects/42");
        for text in ["", "acme", "acme/", "a//b", "a/../b", "a%2Fb", "a b/c", "a/b?x"] {
            assert_eq!(Project::read(text), None, "{text}");
        }
        let project = Project::read("acme/web/shop").unwrap();
        assert!(project.is_one_of("acme/*") && project.is_one_of("Acme/web/shop"));
        assert!(
            !project.is_one_of("*") && !project.is_one_of("acme*") && !project.is_one_of("acm/*")
        );
    }

    #[test]
    fn a_thing_is_read_back_from_its_remote() {
        for text in ["acme/shop!7", "acme/web/shop#12"] {
            let thing = Project::thing(text).unwrap();
            assert_eq!(Thing::of(&thing.remote(None)).unwrap(), thing);
        }
        assert!(Project::thing("acme/shop").is_none() && Project::thing("acme/shop!x").is_none());
    }
}
