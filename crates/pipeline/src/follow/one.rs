//! An incident as it is kept for lists.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use quell_catalog::Catalog;
use quell_correlate::{Standing, Told};
use quell_model::{Decision, Incident};

use super::cells::{Cells, Sum};

/// An incident, with what lists filter and show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct One {
    pub(crate) incident: Incident,
    /// The rows of its issues, in their order.
    pub(crate) rows: Box<[u32]>,
    pub(crate) decision: Decision,
    pub(crate) team: Arc<str>,
    /// The tools that see it, in order, with a comma between.
    pub(crate) tools: Arc<str>,
    pub(crate) assets: u64,
}

/// What incidents are told by.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) standing: &'a Standing,
    pub(super) cells: &'a Cells,
    pub(super) catalog: &'a Catalog,
}

impl By<'_> {
    /// An incident, with what its issues come to.
    pub(super) fn one(self, told: Told, sum: &Sum) -> One {
        let Told { incident, rows, assets } = told;
        One {
            team: self.team(&rows, sum),
            tools: self.tools(sum),
            decision: sum.decision,
            assets: u64::try_from(assets).unwrap_or(u64::MAX),
            incident,
            rows,
        }
    }

    fn tools(self, sum: &Sum) -> Arc<str> {
        let mut texts = sum.tools.iter().filter_map(|tools| self.cells.text(*tools));
        match (texts.next(), texts.next()) {
            (Some(only), None) => Arc::clone(only),
            (None, _) => Arc::from(""),
            (Some(_), Some(_)) => {
                let texts = sum.tools.iter().filter_map(|tools| self.cells.text(*tools));
                let tools: BTreeSet<&str> = texts.flat_map(|text| text.split(',')).collect();
                Arc::from(tools.into_iter().collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Who should deal with an incident: the owner of most of its assets, else the role that the
    /// control of its riskiest issue names.
    fn team(self, rows: &[u32], sum: &Sum) -> Arc<str> {
        let mut named = sum.teams.iter().filter_map(|team| self.cells.text(*team));
        match (named.next(), named.next()) {
            (Some(only), None) => return Arc::clone(only),
            (None, _) => {
                let control = rows.first().map(|row| self.cells.control(*row));
                let control = control.and_then(|id| self.catalog.control(id));
                return Arc::from(control.map_or("security team", |c| c.explain.who.as_str()));
            }
            (Some(_), Some(_)) => {}
        }
        let mut owners: BTreeMap<u32, HashSet<u64>> = BTreeMap::new();
        for row in rows {
            let on = owners.entry(self.cells.team(*row)).or_default();
            on.extend(self.standing.asset(*row));
        }
        let texts =
            owners.iter().filter_map(|(team, on)| Some((on.len(), self.cells.text(*team)?)));
        let most = texts.max_by(|(a, left), (b, right)| a.cmp(b).then(right.cmp(left)));
        most.map_or_else(|| Arc::from("security team"), |(_, team)| Arc::clone(team))
    }
}
