//! Projects, and what stands in them.

use quell_deliver::outbox::Remote;

use crate::SinkError;

/// A project: `group/sub/name`, or its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project(String);

impl Project {
    /// Reads a path or a number.
    pub(super) fn read(text: &str) -> Option<Self> {
        let part = |part: &str| {
            let letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
            !part.is_empty() && part.chars().all(letter) && !matches!(part, "." | "..")
        };
        let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        let path = text.contains('/') && text.split('/').all(part);
        (text.len() <= 512 && (number || path)).then(|| Self(text.to_owned()))
    }

    /// Whether it is `group/name`, or below `group/*`.
    pub(super) fn is_one_of(&self, pattern: &str) -> bool {
        let pattern = pattern.trim().to_lowercase();
        let own = self.0.to_lowercase();
        pattern.strip_suffix('*').map_or(own == pattern, |group| {
            group.ends_with('/') && group.len() > 1 && own.starts_with(group)
        })
    }

    /// The path of its API: its `/` are encoded, once.
    pub(super) fn api(&self) -> String {
        format!("/api/v4/projects/{}", part(&self.0))
    }

    /// Whether it is named by its number.
    pub(super) fn is_number(&self) -> bool {
        self.0.chars().all(|c| c.is_ascii_digit())
    }

    /// Its path.
    pub(super) fn full(&self) -> &str {
        &self.0
    }
}

/// What stands in a project under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) project: Project,
    pub(super) number: u64,
    /// Whether it is a merge request, and no issue.
    pub(super) merge: bool,
}

impl Thing {
    /// Reads the id of a remote: `group/name!7`, `group/name#7`.
    pub(super) fn of(remote: &Remote) -> Result<Self, SinkError> {
        let wrong = || SinkError::Refused("that is no id of a thing on GitLab".to_owned());
        Self::read(&remote.id).ok_or_else(wrong)
    }

    /// Reads `group/name!7`, `group/name#7`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let at = text.rfind(['!', '#'])?;
        let (project, rest) = text.split_at(at);
        let merge = rest.starts_with('!');
        let number = rest.get(1..)?.parse().ok()?;
        Some(Self { project: Project::read(project)?, number, merge })
    }

    /// As a remote.
    pub(super) fn remote(&self, url: Option<String>) -> Remote {
        let mark = if self.merge { '!' } else { '#' };
        let name = format!("{}{mark}{}", self.project.full(), self.number);
        Remote { id: name.clone(), name, url }
    }

    /// The path of its API.
    pub(super) fn api(&self) -> String {
        let kind = if self.merge { "merge_requests" } else { "issues" };
        format!("{}/{kind}/{}", self.project.api(), self.number)
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
            let thing = Thing::read(text).unwrap();
            assert_eq!(Thing::of(&thing.remote(None)).unwrap(), thing);
        }
        assert!(Thing::read("acme/shop").is_none() && Thing::read("acme/shop!x").is_none());
    }
}
