//! What routes look at.

use quell_model::{IncidentKind, Severity};

/// What is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A fix, with all that it closes.
    Fix,
    /// An incident.
    Incident,
    /// A granted exception that ends soon.
    ExceptionEnd,
    /// An exception that waits for a reviewer.
    ExceptionReview,
    /// A plan that waits for people.
    Approval,
}

impl Subject {
    /// Whether it is what somebody is reminded of, and nothing that tools found.
    #[must_use]
    pub const fn is_reminder(self) -> bool {
        match self {
            Self::ExceptionEnd | Self::ExceptionReview | Self::Approval => true,
            Self::Fix | Self::Incident => false,
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
