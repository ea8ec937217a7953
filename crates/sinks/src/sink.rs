//! What every sink can do.

use std::fmt;
use std::pin::Pin;

use quell_deliver::Key;
use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};

use crate::SinkError;

/// What comes of a call, later.
pub type Future<'a, T> =
    Pin<Box<dyn std::future::Future<Output = Result<T, SinkError>> + Send + 'a>>;

/// One login at one sink. Several tasks may use it at once.
pub trait Sink: Send + Sync + fmt::Debug {
    /// What can be done there.
    fn acts(&self) -> &'static [ActKind];

    /// What is needed when it is not known whether an act arrived.
    fn on_doubt(&self, act: ActKind) -> OnDoubt;

    /// Exactly what would be sent for an act, without logins. Nobody is asked; what only the sink
    /// could tell stands as `{name}`.
    ///
    /// # Errors
    /// The act cannot be done there, or does not fit.
    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError>;

    /// Does it. For what is made, it tells what stands there now. Calls that change something are
    /// never repeated within: that is decided outside.
    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>>;

    /// Looks for what bears a key; of several the oldest. `None` where there is nothing (yet).
    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>>;

    /// How a thing stands there now; `None` where the sink cannot be asked.
    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>>;

    /// How the code of a pull or merge request stands; `None` for all else.
    fn code<'a>(&'a self, _remote: &'a Remote) -> Future<'a, Option<CodeStanding>> {
        Box::pin(async { Ok(None) })
    }

    /// The text of a file of a repository at a commit or a branch; `None` where it is not there.
    fn text_at<'a>(&'a self, _at: &'a TextAt) -> Future<'a, Option<String>> {
        Box::pin(async { Err(SinkError::Unsupported("no code stands there")) })
    }

    /// Logs in and looks at what the login may do, changing nothing.
    fn test(&self) -> Future<'_, Vec<Right>>;
}

/// An act that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What makes it the same act. It is written into what is made.
    pub key: &'a Key,
    /// What is done.
    pub act: &'a Act,
    /// What it is done to; none where something is made.
    pub remote: Option<&'a Remote>,
}

impl<'a> Wanted<'a> {
    /// What it is done to.
    ///
    /// # Errors
    /// Nothing stands there yet.
    pub fn remote(&self) -> Result<&'a Remote, SinkError> {
        self.remote.ok_or_else(|| SinkError::Refused("nothing stands there yet".to_owned()))
    }
}

impl Wanted<'_> {
    /// What stands for something at a sink that names nothing itself.
    pub(crate) fn marked(&self) -> Remote {
        let mark = self.key.mark();
        Remote { id: mark.clone(), name: mark, url: None }
    }

    /// The same, where something is made.
    pub(crate) fn made(&self) -> Option<Remote> {
        matches!(self.act, Act::Open { .. }).then(|| self.marked())
    }
}

/// A request as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// `POST`, or the verb of another protocol.
    pub method: String,
    /// Where to, without what is secret in it.
    pub target: String,
    /// The body, for people: JSON is indented.
    pub body: String,
}

/// A file of a repository, as it is at a commit or at the head of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextAt {
    /// `owner/name`.
    pub repository: String,
    /// The commit or the branch.
    pub commit: String,
    /// Its path.
    pub path: String,
}

/// How the code of a pull or merge request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeStanding {
    /// Its branch.
    pub branch: String,
    /// The commit that its branch ends with.
    pub head: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it can be merged; none while the host finds that out.
    pub mergeable: Option<bool>,
    /// When it was merged.
    pub merged_at: Option<jiff::Timestamp>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// The commit that brought it to the base.
    pub merge_commit: Option<String>,
}

/// A right of the sink's, and whether the login has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The right in the sink's words.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Whether the login has it.
    pub state: RightState,
}

/// Whether a login has a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightState {
    /// It has.
    Held,
    /// It has not.
    Missing,
    /// The sink does not tell, and trying would change something.
    Unknown,
}
