//! Lists in which people told their tools what to leave out, read as exceptions to be asked for.
//!
//! What cannot be said as an expression is told with its line, and never left out in silence.

mod checkov;
mod prowler;
#[cfg(test)]
mod tests;
mod trivy;
mod yaml;

use quell_model::Date;

use crate::expression::{Expression, Field};

/// Most entries of a list.
const MOST_ENTRIES: usize = 10_000;
/// Longest list.
pub const MOST_BYTES: usize = 4 << 20;

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which issues.
    pub scope: Expression,
    /// Why, where the list says it.
    pub reason: String,
    /// The last day on which it holds, where the list says it.
    pub until: Option<Date>,
    /// The line, counted from 1; 0 where it is not known.
    pub line: usize,
}

/// An entry that cannot be taken over, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The line, counted from 1; 0 where it is not known.
    pub line: usize,
    /// What was found.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What a list holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// The kind of list: `trivy`, `prowler` or `checkov`.
    pub kind: &'static str,
    /// What can be asked for.
    pub entries: Vec<Entry>,
    /// What cannot be taken over.
    pub rejects: Vec<Reject>,
}

/// Why a file is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoList {
    /// It is none of the known ones.
    #[error("it is no .trivyignore, Prowler mutelist or Checkov configuration")]
    Unknown,
    /// It is too long.
    #[error("it has more than {MOST_BYTES} bytes or {MOST_ENTRIES} entries")]
    Long,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Damaged(String),
}

/// Reads a list; what it is follows from the file's name and what it holds.
///
/// # Errors
/// When it is no list, too long or damaged.
pub fn read_list(name: &str, text: &str) -> Result<List, NoList> {
    if text.len() > MOST_BYTES {
        return Err(NoList::Long);
    }
    let list = if name.ends_with(".trivyignore") {
        trivy::plain(text)
    } else {
        let root = yaml::read(text).map_err(NoList::Damaged)?;
        if root.get("Mutelist").is_some() || root.get("Mute List").is_some() {
            prowler::read(&root)
        } else if root.get("skip-check").is_some() {
            checkov::read(&root)
        } else if trivy::KINDS.iter().any(|kind| root.get(kind).is_some()) {
            trivy::yaml(&root)
        } else {
            return Err(NoList::Unknown);
        }
    };
    if list.entries.len() > MOST_ENTRIES {
        return Err(NoList::Long);
    }
    Ok(list)
}

fn is(field: Field, value: &str) -> Expression {
    Expression::Is(field, vec![value.to_owned()])
}

/// All of some expressions, or the one there is.
fn all(mut parts: Vec<Expression>) -> Expression {
    if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) }
}
