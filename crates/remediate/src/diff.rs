//! Unified diffs that `git apply` and `patch -p1` take.

use similar::TextDiff;

/// The change of one file as a unified diff with three lines of context; empty where the texts
/// are the same.
#[must_use]
pub(crate) fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}
