//! What is worth an entry in the audit log, told in one place.

/// Notes that somebody did something that concerns who may do what.
pub(crate) fn noted(action: &'static str, who: &str, about: &str) {
    tracing::info!(action, who, about, "noted");
}
