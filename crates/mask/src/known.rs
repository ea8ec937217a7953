//! Values that the record itself says are names: they are masked wherever they stand.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::find::{Found, stands_alone};
use crate::kind::Kind;

/// Shortest name that is looked for in a text. A shorter one would be found in words.
const LEAST: usize = 4;

/// A value and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The value as the record has it.
    pub value: String,
    /// What it is.
    pub kind: Kind,
    /// In our own words, never in a tool's: `rds instance`.
    pub about: Cow<'static, str>,
}

/// Looks for all of them at once.
#[derive(Debug)]
pub(crate) struct Names {
    known: Vec<Known>,
    search: Option<AhoCorasick>,
}

impl Names {
    pub(crate) fn new(mut known: Vec<Known>) -> Self {
        known.retain(|one| one.value.trim().len() >= LEAST || one.kind == Kind::Secret);
        known.retain(|one| !one.value.trim().is_empty());
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(known.iter().map(|one| one.value.as_str()));
        Self { known, search: search.ok() }
    }

    pub(crate) fn find(&self, text: &str, found: &mut Vec<Found>) {
        let Some(search) = &self.search else { return };
        for one in search.find_iter(text) {
            let span = (one.start(), one.end());
            let Some(known) = self.known.get(one.pattern().as_usize()) else { continue };
            if stands_alone(text, span, b"") || known.kind == Kind::Secret {
                found.push(Found::new(span, known.kind, known.about.clone()));
            }
        }
    }
}
