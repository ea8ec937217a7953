//! What an action may change, as parts that are compared.

use std::collections::{BTreeMap, BTreeSet};

use quell_govern::approval::{Hash, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ContainError;

/// Most characters of a value in a sentence.
const MOST_SHOWN: usize = 200;

/// What stands at the target, part by part. Only what an action rests on is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(BTreeMap<String, Value>);

impl State {
    /// A state of these parts.
    pub(crate) fn of<const N: usize>(parts: [(&str, Value); N]) -> Self {
        Self(parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A part; null where there is none.
    #[must_use]
    pub fn part(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// The same with another part.
    pub(crate) fn with(&self, name: &str, value: Value) -> Self {
        let mut changed = self.clone();
        changed.0.insert(name.to_owned(), value);
        changed
    }

    /// The hash of all of it.
    ///
    /// # Errors
    /// It holds a number that has no canonical form.
    pub fn hash(&self) -> Result<Hash, ContainError> {
        let text = canonical(self).map_err(|error| ContainError::shape("state", error))?;
        Ok(Hash::of(text.as_bytes()))
    }

    /// Where this state stands between two others.
    #[must_use]
    pub fn stands(&self, before: &Self, after: &Self) -> Stands {
        if self == after {
            return Stands::After;
        }
        if self == before {
            return Stands::Before;
        }
        let names: BTreeSet<&String> =
            [self, before, after].iter().flat_map(|state| state.0.keys()).collect();
        let odd = names.into_iter().find(|name| {
            let is = self.part(name);
            is != before.part(name) && is != after.part(name)
        });
        odd.map_or(Stands::Between, |name| Stands::Other {
            part: name.clone(),
            was: short(before.part(name)),
            is: short(self.part(name)),
        })
    }

    /// What differs, a line for each side of each part.
    pub(crate) fn diff(&self, after: &Self) -> String {
        let names: BTreeSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        let mut text = String::new();
        for name in names {
            let (old, new) = (self.part(name), after.part(name));
            if old == new {
                text.push_str(&format!(" {name}: {old}\n"));
            } else {
                text.push_str(&format!("-{name}: {old}\n+{name}: {new}\n"));
            }
        }
        text
    }
}

/// A value for a sentence: what cannot be seen is written out, and what is long is cut.
fn short(value: &Value) -> String {
    let text = value.to_string();
    let cut: String = text.chars().take(MOST_SHOWN).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", quell_model::shown(&cut, false))
}

/// Where a target stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// As before.
    Before,
    /// As after.
    After,
    /// Some parts as before, the others as after.
    Between,
    /// A part is neither: somebody changed it.
    Other {
        /// Which.
        part: String,
        /// As it was.
        was: String,
        /// As it is.
        is: String,
    },
}

/// What was read, with what the remote calls its versions. Versions change with anything, so they
/// are sent as preconditions and compared with nothing.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) state: State,
    versions: BTreeMap<&'static str, String>,
}

impl Reading {
    pub(crate) fn new(state: State) -> Self {
        Self { state, versions: BTreeMap::new() }
    }

    pub(crate) fn version(mut self, name: &'static str, version: impl Into<String>) -> Self {
        self.versions.insert(name, version.into());
        self
    }

    /// A version; `{name}` where none was read, as a plan shows it.
    pub(crate) fn version_of(&self, name: &str) -> String {
        self.versions.get(name).cloned().unwrap_or_else(|| format!("{{{name}}}"))
    }
}

/// What stands at a target before anything is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The state.
    pub state: State,
    /// Its hash.
    pub hash: Hash,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(a: u8, b: u8) -> State {
        State::of([("a", json!(a)), ("b", json!(b))])
    }

    #[test]
    fn parts_tell_half_done_from_changed_by_others() {
        let (before, after) = (state(0, 0), state(1, 1));
        assert_eq!(state(0, 0).stands(&before, &after), Stands::Before);
        assert_eq!(state(1, 1).stands(&before, &after), Stands::After);
        assert_eq!(state(1, 0).stands(&before, &after), Stands::Between);
        assert!(matches!(state(2, 0).stands(&before, &after), Stands::Other { .. }));
        let extra = state(1, 0).with("c", json!(1));
        assert!(matches!(extra.stands(&before, &after), Stands::Other { .. }));
    }

    #[test]
    fn what_is_as_it_was_wanted_counts_as_done_even_if_nothing_differs() {
        assert_eq!(state(0, 0).stands(&state(0, 0), &state(0, 0)), Stands::After);
    }

    #[test]
    fn a_fraction_has_no_hash() {
        assert!(State::of([("a", json!(0.5))]).hash().is_err());
    }
}
