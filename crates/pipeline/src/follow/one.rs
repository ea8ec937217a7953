//! An incident as it is kept for lists.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use quell_catalog::Catalog;
use quell_correlate::Told;
use quell_model::{Decision, Incident};

use super::cells::Cells;

/// An incident, with what lists filter and show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct One {
    pub(crate) incident: Incident,
    /// The rows of its issues, in their order.
    pub(crate) rows: Box<[u32]>,
    pub(crate) decision: Decision,
    pub(crate) team: Arc<str>,
    pub(crate) assets: u64,
}

impl One {
    pub(super) fn of(told: Told, cells: &Cells, catalog: &Catalog) -> Self {
        let Told { incident, rows, assets: places } = told;
        let words = rows.iter().map(|(row, _)| cells.decision(*row));
        let decision = words.max().unwrap_or(Decision::Noise);
        let team = team(&rows, cells, catalog);
        let rows: Box<[u32]> = rows.into_iter().map(|(row, _)| row).collect();
        Self { incident, rows, decision, team, assets: u64::try_from(places).unwrap_or(u64::MAX) }
    }
}

/// Who should deal with an incident: the owner of most of its assets, else the role that the
/// control of its riskiest issue names.
fn team(rows: &[(u32, u64)], cells: &Cells, catalog: &Catalog) -> Arc<str> {
    let mut teams: Vec<u32> = rows.iter().map(|(row, _)| cells.team(*row)).collect();
    // Most have one owner or none, of whom nothing is to be counted.
    teams.dedup();
    teams.sort_unstable();
    teams.dedup();
    let mut named = teams.iter().filter_map(|team| cells.team_text(*team));
    match (named.next(), named.next()) {
        (Some(only), None) => return Arc::clone(only),
        (None, _) => {
            let control = rows.first().and_then(|(row, _)| catalog.control(cells.control(*row)));
            return Arc::from(control.map_or("security team", |c| c.explain.who.as_str()));
        }
        (Some(_), Some(_)) => {}
    }
    let mut owners: BTreeMap<u32, HashSet<u64>> = BTreeMap::new();
    for (row, asset) in rows {
        owners.entry(cells.team(*row)).or_default().insert(*asset);
    }
    let counted = owners.iter().filter_map(|(team, on)| Some((on.len(), cells.team_text(*team)?)));
    let most = counted.max_by(|(a, left), (b, right)| a.cmp(b).then(right.cmp(left)));
    most.map_or_else(|| Arc::from("security team"), |(_, team)| Arc::clone(team))
}
