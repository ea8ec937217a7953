//! What routes look at.

use quell_model::{IncidentKind, Severity};

/// What is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A fix, with all that it closes.
    Fix,
    /// An incident.
    Incident,
    /// A plan that waits for people: they are asked at once, and told what comes of it.
    Plan,
    /// A granted exception that ends soon.
    ExceptionEnd,
    /// An exception that waits for a reviewer.
    ExceptionReview,
    /// A plan that has waited for people for some hours.
    Approval,
}

impl Subject {
    /// All kinds.
    const ALL: [Self; 6] = [
        Self::Fix,
        Self::Incident,
        Self::Plan,
        Self::ExceptionEnd,
        Self::ExceptionReview,
        Self::Approval,
    ];

    /// How rows name one with an id.
    #[must_use]
    pub fn named(self, id: &str) -> String {
        format!("{}:{id}", self.word())
    }

    /// What rows name by a text: its kind, and its id. None for what is of another kind.
    #[must_use]
    pub fn of(text: &str) -> Option<(Self, &str)> {
        let (word, id) = text.split_once(':')?;
        let kind = Self::ALL.into_iter().find(|kind| kind.word() == word)?;
        Some((kind, id))
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Incident => "incident",
            Self::Plan => "plan",
            Self::ExceptionEnd => "exception",
            Self::ExceptionReview => "review",
            Self::Approval => "approval",
        }
    }

    /// Whether it is what somebody is reminded of, and nothing that tools found.
    #[must_use]
    pub const fn is_reminder(self) -> bool {
        match self {
            Self::ExceptionEnd | Self::ExceptionReview | Self::Approval => true,
            Self::Fix | Self::Incident | Self::Plan => false,
        }
    }
}

/// What is known of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which kind of subject.
    pub subject: Subject,
    /// The highest severity.
    pub severity: Severity,
    /// The highest risk score.
    pub score: u32,
    /// Who owns its assets.
    pub owners: Vec<String>,
    /// The teams that it is for.
    pub teams: Vec<String>,
    /// What its assets are for.
    pub environments: Vec<String>,
    /// Their accounts.
    pub accounts: Vec<String>,
    /// The controls that fail.
    pub controls: Vec<String>,
    /// What holds an incident together.
    pub kind: Option<IncidentKind>,
    /// Whether a fix closes some of an incident.
    pub has_fix: bool,
}
