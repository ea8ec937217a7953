//! What a name of the command line means: an incident, an issue, a fix, a control or a tool's rule.

use std::collections::BTreeSet;

use quell_catalog::Catalog;
use quell_model::{Fix, IssueKey};

use super::{FixStory, Unfixed};
use crate::PipelineError;

/// Shortest beginning of an id that is taken for it.
const LEAST: usize = 4;

/// All that can be named.
#[derive(Clone, Copy)]
pub(crate) struct Names<'n> {
    pub(crate) catalog: &'n Catalog,
    pub(crate) incidents: &'n [FixStory],
    pub(crate) fixes: &'n [Fix],
    pub(crate) unfixed: &'n [Unfixed],
}

/// What was chosen; empty means all.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    issues: BTreeSet<IssueKey>,
    fixes: BTreeSet<String>,
    controls: BTreeSet<String>,
}

impl Chosen {
    /// What the names stand for.
    pub(crate) fn find(wanted: &[String], names: Names<'_>) -> Result<Self, PipelineError> {
        let mut chosen = Self::default();
        for name in wanted {
            chosen.add(name.trim(), names)?;
        }
        Ok(chosen)
    }

    pub(crate) fn has_fix(&self, fix: &Fix) -> bool {
        self.is_all()
            || self.fixes.contains(&fix.id)
            || self.controls.contains(&fix.control)
            || fix.closes.iter().any(|issue| self.issues.contains(issue))
    }

    pub(crate) fn has_unfixed(&self, unfixed: &Unfixed) -> bool {
        self.is_all()
            || self.issues.contains(&unfixed.issue)
            || unfixed.control.as_ref().is_some_and(|control| self.controls.contains(control))
    }

    fn is_all(&self) -> bool {
        self.issues.is_empty() && self.fixes.is_empty() && self.controls.is_empty()
    }

    fn add(&mut self, name: &str, names: Names<'_>) -> Result<(), PipelineError> {
        let controls = controls(name, names.catalog);
        if !controls.is_empty() {
            self.controls.extend(controls);
            return Ok(());
        }
        let wanted = name.to_ascii_lowercase();
        let begins = |id: &str| wanted.len() >= LEAST && id.starts_with(&wanted);
        let stories: Vec<&FixStory> =
            names.incidents.iter().filter(|one| begins(&one.key.to_string())).collect();
        let closed = names.fixes.iter().flat_map(|fix| &fix.closes);
        let issues: BTreeSet<IssueKey> = closed
            .chain(names.unfixed.iter().map(|unfixed| &unfixed.issue))
            .filter(|key| begins(&key.to_string()))
            .copied()
            .collect();
        let fixes: Vec<&Fix> = names.fixes.iter().filter(|fix| begins(&fix.id)).collect();
        // An incident of one issue has the issue's story; both mean the same.
        match stories.len() + issues.len() + fixes.len() {
            0 => Err(PipelineError::NotFound {
                kind: "open incident, issue, fix or control",
                id: name.to_owned(),
            }),
            1 => {
                self.issues.extend(stories.iter().flat_map(|story| story.issues.iter().copied()));
                self.issues.extend(issues);
                self.fixes.extend(fixes.iter().map(|fix| fix.id.clone()));
                Ok(())
            }
            more => Err(PipelineError::Refused(format!(
                "`{name}` is the beginning of {more} ids; give more characters of it"
            ))),
        }
    }
}

/// The control of that id, or those whose aliases hold that rule of a tool.
fn controls(name: &str, catalog: &Catalog) -> Vec<String> {
    if let Some(control) = catalog.control(name) {
        return vec![control.id.clone()];
    }
    if name.len() < LEAST {
        return Vec::new();
    }
    let is_alias = |alias: &String| alias.eq_ignore_ascii_case(name);
    let known = catalog.controls();
    let named = known.filter(|control| control.aliases.0.values().flatten().any(is_alias));
    named.map(|control| control.id.clone()).collect()
}
