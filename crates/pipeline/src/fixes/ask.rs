//! Which settings would let more fixes be made: what withheld ones ask for, by name.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use quell_catalog::Catalog;
use quell_model::FixState;
use quell_remediate::{PARAMETERS, asked};

use super::config::{of_controls, parameter_names};
use super::{Offer, Unfixed};

/// A setting that withheld fixes ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The parameter, as it stands below `[fix.parameters]`.
    pub name: String,
    /// What it is.
    pub what: String,
    /// How many issues wait for it; some may wait for others too.
    pub issues: usize,
}

/// The settings that withheld fixes ask for: those of one kind together, and those that most wait
/// for first.
pub(crate) fn asks(catalog: &Catalog, offers: &[Offer], unfixed: &[Unfixed]) -> Vec<Ask> {
    let names = parameter_names(catalog);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut note = |reason, issues| {
        for name in asked(reason, &names) {
            *waiting.entry(name).or_default() += issues;
        }
    };
    for Offer { fix, .. } in offers {
        if let FixState::Withheld(reason) = &fix.state {
            note(reason, fix.closes.len());
        }
    }
    for one in unfixed {
        note(&one.reason, 1);
    }
    let own = of_controls(catalog);
    let one =
        |(name, issues): (&str, usize)| Ask { name: name.into(), what: what(&own, name), issues };
    let mut asks: Vec<Ask> = waiting.into_iter().map(one).collect();
    let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
    for ask in &asks {
        *of_kind.entry(ask.what.clone()).or_default() += ask.issues;
    }
    let rank = |ask: &Ask| {
        let all = of_kind.get(&ask.what).copied().unwrap_or_default();
        (Reverse(all), ask.what.clone(), Reverse(ask.issues))
    };
    asks.sort_by_cached_key(rank);
    asks
}

/// What a parameter is; what a control asks for may have a file or a block behind its name.
fn what(own: &BTreeMap<String, String>, name: &str) -> String {
    let fits = |known: &&(&str, &str)| match known.0.strip_suffix('*') {
        Some(begin) => name.len() > begin.len() && name.starts_with(begin),
        None => known.0 == name,
    };
    if let Some((_, what)) = PARAMETERS.iter().find(fits) {
        return (*what).to_owned();
    }
    let begins = |known: &&String| {
        name.strip_prefix(known.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found = own.keys().filter(begins).max_by_key(|known| known.len());
    found.and_then(|known| own.get(known)).cloned().unwrap_or_default()
}
