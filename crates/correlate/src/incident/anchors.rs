//! The stories that issues can belong to, by number.

use std::collections::HashMap;

use quell_model::{IncidentKey, IncidentKind};

use super::story::key_of;

/// The number of no story.
pub(super) const NOWHERE: u32 = u32::MAX;

/// A story by what holds it together.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) key: IncidentKey,
    pub(super) kind: IncidentKind,
    /// What names it, where its reason tells that.
    pub(super) text: Box<str>,
}

/// Stories by number.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    numbers: HashMap<IncidentKey, u32>,
    list: Vec<Anchor>,
}

impl Anchors {
    /// The number of the story that an issue belongs to by itself.
    pub(super) fn natural(&mut self, kind: IncidentKind, text: &str) -> u32 {
        let number = self.number(key_of(kind, text));
        // The reason of the others does not tell it.
        let is_told =
            matches!(kind, IncidentKind::ExploitedVulnerability | IncidentKind::SharedFix);
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(anchor) = self.list.get_mut(at).filter(|anchor| anchor.kind != kind) {
            anchor.kind = kind;
            anchor.text = if is_told { Box::from(text) } else { Box::default() };
        }
        number
    }

    /// The number of a story, given out where it is new.
    pub(super) fn number(&mut self, key: IncidentKey) -> u32 {
        *self.numbers.entry(key).or_insert_with(|| {
            self.list.push(Anchor { key, kind: IncidentKind::ByHand, text: Box::default() });
            u32::try_from(self.list.len() - 1).unwrap_or(NOWHERE)
        })
    }

    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, number: u32) -> Option<&Anchor> {
        self.list.get(usize::try_from(number).ok()?)
    }
}
