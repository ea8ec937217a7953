//! Places for code, which of them the configuration names, and what stands in them.

use std::fmt;

use quell_deliver::outbox::Remote;
use quell_deliver::review::Review;

use super::call::Host;
use crate::{Plan, SinkError};

/// A place for code: a repository or a project, as its host names it.
pub(crate) trait Repository: Clone + PartialEq + fmt::Debug + Send + Sync {
    /// Its host.
    const HOST: &'static Host;
    /// Several of them, in the host's word.
    const PLURAL: &'static str;
    /// How one is written.
    const SHAPE: &'static str;
    /// What a project of the settings is where it is none.
    const NO_PROJECT: &'static str;

    /// Reads a name.
    fn read(text: &str) -> Option<Self>;

    /// Whether a pattern of the settings names it.
    fn is_one_of(&self, pattern: &str) -> bool;

    /// The path of its API.
    fn api(&self) -> String;

    /// Its whole name.
    fn full(&self) -> String;

    /// Reads the id of a remote.
    fn thing(id: &str) -> Option<Thing<Self>>;

    /// The id of a remote, and its name.
    fn names(thing: &Thing<Self>) -> (String, String);
}

/// What stands in a repository under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thing<R> {
    pub(crate) repository: R,
    pub(crate) number: u64,
    /// Whether it is a pull or merge request, and no issue.
    pub(crate) request: bool,
}

impl<R: Repository> Thing<R> {
    /// Reads the id of a remote.
    pub(crate) fn of(remote: &Remote) -> Result<Self, SinkError> {
        let wrong = || SinkError::Refused(format!("that is no id of a thing on {}", R::HOST.name));
        R::thing(&remote.id).ok_or_else(wrong)
    }

    /// As a remote.
    pub(crate) fn remote(&self, url: Option<String>) -> Remote {
        let (id, name) = R::names(self);
        Remote { id, name, url }
    }
}

/// Where issues are made, and where changes may go.
#[derive(Debug)]
pub(crate) struct Reach<R> {
    own: Option<R>,
    listed: Vec<String>,
}

impl<R: Repository> Reach<R> {
    /// What the settings `project` and `repositories` say.
    ///
    /// # Errors
    /// Neither names one, or the project is none.
    pub(crate) fn of(plan: &Plan) -> Result<Self, SinkError> {
        let setting = |why: String| SinkError::Setting { name: "project", why };
        let own = plan.project.as_deref().filter(|text| !text.is_empty());
        let own = own
            .map(|text| R::read(text).ok_or_else(|| setting(format!("is no {}", R::NO_PROJECT))))
            .transpose()?;
        let listed = plan.option("repositories").unwrap_or_default().split(',');
        let listed: Vec<String> =
            listed.map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        if own.is_none() && listed.is_empty() {
            let place = R::HOST.place;
            let why = format!("is missing; name a {place} here or in `repositories`");
            return Err(setting(why));
        }
        Ok(Self { own, listed })
    }

    /// The one in which issues are made, if there is one.
    pub(crate) const fn own(&self) -> Option<&R> {
        self.own.as_ref()
    }

    /// The one in which issues are made.
    pub(crate) fn project(&self) -> Result<&R, SinkError> {
        self.own().ok_or_else(|| SinkError::Setting {
            name: "project",
            why: format!("is missing: an issue needs a {}", R::HOST.place),
        })
    }

    /// The one that a change names, if the configuration lets changes go there.
    pub(crate) fn repository(&self, named: &str) -> Result<R, SinkError> {
        let shown: String = named.escape_debug().take(140).collect();
        let Some(repository) = R::read(named) else {
            let (place, shape) = (R::HOST.place, R::SHAPE);
            return Err(SinkError::Refused(format!("`{shown}` is no {place} `{shape}`")));
        };
        let is_own = self.own() == Some(&repository);
        if is_own || self.listed.iter().any(|one| repository.is_one_of(one)) {
            return Ok(repository);
        }
        Err(SinkError::Refused(format!(
            "`{shown}` is none of the {} that `repositories` names",
            R::PLURAL
        )))
    }

    /// The pull or merge request that a review names, or that the delivery made.
    pub(crate) fn request(
        &self,
        review: &Review,
        remote: Option<&Remote>,
    ) -> Result<Option<Thing<R>>, SinkError> {
        let repository = self.repository(&review.repository)?;
        match (review.pull, remote) {
            (Some(number), _) => Ok(Some(Thing { repository, number, request: true })),
            (None, Some(remote)) => Ok(Some(Thing::of(remote)?).filter(|thing| thing.request)),
            (None, None) => Ok(None),
        }
    }
}

/// A part of a path or a query, written so that it is nothing but that.
pub(crate) fn part(text: &str) -> String {
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
