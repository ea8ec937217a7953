//! One call's texts, masked with the same placeholders for the same values.

use std::collections::HashMap;

use quell_model::shown;

use crate::find::{self, Found};
use crate::kind::{Grants, Kind};
use crate::known::{Known, Names};
use crate::place::{Piece, imitations, pieces, placeholder};

/// Masks the texts of one call.
#[derive(Debug)]
pub struct Masker {
    grants: Grants,
    names: Names,
    numbers: HashMap<(Kind, String), usize>,
    values: HashMap<(Kind, usize), String>,
    counts: HashMap<Kind, usize>,
}

/// A text that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked(String);

impl Masked {
    /// The bytes that leave.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Masker {
    /// Begins a call. What is known to be a name is masked wherever it stands.
    #[must_use]
    pub fn new(known: Vec<Known>, grants: Grants) -> Self {
        Self {
            grants,
            names: Names::new(known),
            numbers: HashMap::new(),
            values: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// A text with placeholders, and with what cannot be seen written out.
    pub fn mask(&mut self, text: &str) -> Masked {
        let mut found = find::all(text);
        self.names.find(text, &mut found);
        found.retain(|one| !one.kind.is_granted(self.grants));
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for one in joined(found) {
            push(text.get(at..one.start).unwrap_or_default(), &mut out);
            let value = text.get(one.start..one.end).unwrap_or_default();
            out.push_str(&self.place(&one, value));
            at = one.end;
        }
        push(text.get(at..).unwrap_or_default(), &mut out);
        Masked(out)
    }

    /// A whole value of which the record says what it is, such as an asset's name.
    pub fn value(&mut self, known: &Known) -> Masked {
        if known.kind.is_granted(self.grants) {
            return self.mask(&known.value);
        }
        let found = Found::new((0, known.value.len()), known.kind, known.about.clone());
        Masked(self.place(&found, &known.value))
    }

    /// An answer taken apart: what the model wrote, and what its placeholders stand for.
    #[must_use]
    pub fn pieces(&self, answer: &str) -> Vec<Piece> {
        pieces(answer, |kind, number| self.values.get(&(kind, number)).map(String::as_str))
    }

    /// How many values of each kind were masked.
    #[must_use]
    pub fn counts(&self) -> Vec<(Kind, usize)> {
        let counted = |kind| self.counts.get(&kind).map(|count| (kind, *count));
        Kind::ALL.into_iter().filter_map(counted).collect()
    }

    fn place(&mut self, found: &Found, value: &str) -> String {
        let key = (found.kind, value.to_lowercase());
        let count = self.counts.entry(found.kind).or_default();
        let number = *self.numbers.entry(key).or_insert_with(|| {
            *count += 1;
            *count
        });
        // What does not come back is not kept either.
        let kept = if found.kind.comes_back() { value } else { "" };
        self.values.entry((found.kind, number)).or_insert_with(|| kept.to_owned());
        placeholder(found.kind, number, &found.about)
    }
}

/// Writes what stays: nothing in it is hidden, and nothing reads like a placeholder.
fn push(text: &str, out: &mut String) {
    let mut at = 0;
    for place in imitations(text) {
        out.push_str(&shown(text.get(at..place).unwrap_or_default(), true));
        out.push_str("\\u{3c}");
        at = place + 1;
    }
    out.push_str(&shown(text.get(at..).unwrap_or_default(), true));
}

/// Parts in their order, those that overlap as one. Of two, a secret is what counts; else the
/// longer.
fn joined(mut found: Vec<Found>) -> Vec<Found> {
    found.retain(|one| one.start < one.end);
    found.sort_by(|a, b| (a.start, b.end, b.kind.weight()).cmp(&(b.start, a.end, a.kind.weight())));
    let mut joined: Vec<Found> = Vec::new();
    for one in found {
        match joined.last_mut() {
            Some(last) if one.start < last.end => {
                let longer = one.end - one.start > last.end - last.start;
                if (one.kind.weight(), longer) > (last.kind.weight(), false) {
                    (last.kind, last.about) = (one.kind, one.about);
                }
                last.end = last.end.max(one.end);
            }
            _ => joined.push(one),
        }
    }
    joined
}
