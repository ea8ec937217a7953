//! Three-valued logic: unknown unless what is known decides.

use quell_catalog::Truth;

/// Fails if any fails, holds if all hold.
pub(crate) fn all(parts: impl Iterator<Item = Truth>) -> Truth {
    let mut truth = Truth::Holds;
    for part in parts {
        match part {
            Truth::Holds => {}
            Truth::Fails => return Truth::Fails,
            Truth::Unknown => truth = Truth::Unknown,
        }
    }
    truth
}

/// Holds if any holds, fails if all fail.
pub(crate) fn any(parts: impl Iterator<Item = Truth>) -> Truth {
    not(all(parts.map(not)))
}

/// The opposite; unknown stays unknown.
pub(crate) fn not(truth: Truth) -> Truth {
    match truth {
        Truth::Holds => Truth::Fails,
        Truth::Fails => Truth::Holds,
        Truth::Unknown => Truth::Unknown,
    }
}

/// A known answer, or unknown.
pub(crate) fn known(answer: Option<bool>) -> Truth {
    match answer {
        Some(true) => Truth::Holds,
        Some(false) => Truth::Fails,
        None => Truth::Unknown,
    }
}
