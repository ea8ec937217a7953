//! What is delivered: one letter for one subject at one sink.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use quell_model::{KeyHasher, Severity, TenantId, Untrusted};
use serde::{Deserialize, Serialize};

use crate::text::{Body, Line, SafeLink};

/// Characters of a version that stand in names.
const MOST_VERSION: usize = 8;

/// What makes a delivery the same delivery: it stands inside the remote object, so that it is found
/// again when an answer was lost. 26 letters and digits, all of them harmless in every sink.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// The key of a subject at a sink. A subject that was closed and comes back has a new `round`.
    #[must_use]
    pub fn new(tenant: &TenantId, sink: &str, subject: &str, round: u32) -> Self {
        let hasher = KeyHasher::new("delivery").part(tenant.as_str()).part(sink);
        let key = hasher.part(subject).part(&round.to_string()).finish::<()>();
        Self(key.to_string())
    }

    /// Its letters and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What marks a remote object as Quell's: `quell-KEY`. It has no blank, so that it may be a label.
    #[must_use]
    pub fn mark(&self) -> String {
        format!("quell-{}", self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Key {
    type Err = quell_model::InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<quell_model::IssueKey>().map(|_| Self(text.to_owned()))
    }
}

/// A label: lower-case letters, digits, `-`, `_` and `.`, at most 60 of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(String);

impl Label {
    /// Makes a label of any text; what cannot stand in one becomes `-`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let letter = |c: char| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') => c,
            _ => '-',
        };
        let text: String = text.chars().take(60).map(letter).collect();
        Self(if text.is_empty() { "-".to_owned() } else { text })
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file beside a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, of Quell's own making: `evidence.json`, `fix.patch`.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What it holds. It is text from outside.
    pub text: Untrusted,
    /// Tells it from what was attached before; it stays while the file says nothing new.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

impl Attachment {
    /// A file, told from earlier ones by some text: all of it, or what of it counts.
    #[must_use]
    pub fn new(name: &str, media_type: &str, (text, told_by): (Untrusted, &str)) -> Self {
        let hash = KeyHasher::new("attachment").part(told_by).finish::<()>().to_string();
        Self {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            text,
            version: hash.chars().take(MOST_VERSION).collect(),
        }
    }

    /// Its name with its version, for sinks that keep files of one name beside each other:
    /// `evidence-1a2b3c4d.json`.
    #[must_use]
    pub fn versioned(&self) -> String {
        match (self.version.as_str(), self.name.rsplit_once('.')) {
            ("", _) => self.name.clone(),
            (version, Some((stem, kind))) => format!("{stem}-{version}.{kind}"),
            (version, None) => format!("{}-{version}", self.name),
        }
    }
}

/// The heading above the issues that a letter lists.
pub const ISSUES: &str = "Issues";

/// A record of a platform that is asked, as the platform names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The list of the platform that it stands in.
    pub stream: String,
    /// The platform's id.
    pub id: Untrusted,
}

/// What is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What makes it the same delivery.
    pub key: Key,
    /// One line. Sinks cut it at what they take.
    pub title: Line,
    /// All that is said.
    pub body: Body,
    /// How bad it is.
    pub severity: Severity,
    /// By when it is to be dealt with.
    pub due: Option<Timestamp>,
    /// Words to find it by.
    pub labels: Vec<Label>,
    /// Files beside it, for sinks that take some.
    pub files: Vec<Attachment>,
    /// Quell's own page of it.
    pub page: Option<SafeLink>,
    /// Who owns what it is about, in the inventory's words; a sink's configuration says whom it means there.
    pub owner: Option<Untrusted>,
    /// The id of what it is about in the CMDB that an inventory comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Untrusted>,
    /// The records that it is about, for a sink that writes beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Record>,
    /// A change of code that comes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<CodeChange>,
    /// The hash of the plan that people are asked to agree to. Buttons bear it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
}

/// A change of code, as pull requests bring it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChange {
    /// The repository, as the route or the trace of code names it: `owner/name`, `group/sub/name`.
    pub repository: String,
    /// The branch that it is made from.
    pub base: String,
    /// The commit that the change was made on, where it is known: what moved since voids it.
    pub base_commit: Option<String>,
    /// The files, whole, as they are afterwards.
    pub files: Vec<ChangedFile>,
    /// The lines that the commit's message says, without data.
    pub message: String,
    /// What holds in the code afterwards, for a look at it once it is merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proved: Vec<Proved>,
}

/// What a change was proved to bring about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// The control that holds afterwards.
    pub control: String,
    /// The file, below the repository.
    pub path: String,
    /// The block in it.
    pub address: String,
}

/// A file as it is after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Its path below the repository: relative, without `..` and without `.git`.
    pub path: String,
    /// The Git blob id of what it was, for a check that nobody changed it since; none for a new file.
    pub before: Option<String>,
    /// What it is afterwards.
    pub after: String,
    /// Whether it may be run.
    pub executable: bool,
}
