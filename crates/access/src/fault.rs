//! What is wrong with a policy, with its file and line.

use miette::Diagnostic;

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {reason}")]
pub struct PolicyFault {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what would help.
    pub reason: String,
}

impl PolicyFault {
    /// A fault of a file as a whole.
    pub(crate) fn whole(path: &str, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 1, reason: reason.into() }
    }

    /// A fault that says itself where it is in a text.
    pub(crate) fn of(path: &str, text: &str, fault: &dyn Diagnostic) -> Self {
        let labels = fault.labels().into_iter().flatten();
        let at = labels.map(|label| label.offset()).min().unwrap_or_default();
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let help = fault.help().map(|help| format!("; {help}")).unwrap_or_default();
        Self { path: path.to_owned(), line, reason: format!("{fault}{help}") }
    }
}
