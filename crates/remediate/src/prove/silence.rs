//! A fix removes the fault, not the finding: no skip comment, no block switched off.

use quell_model::Verdict;

use super::{Finding, Trial, again, failed};
use crate::recipes::Change;
use crate::terraform::{Repository, Resource, resolve};

/// What scanners take as an order to look away, in lower case.
const MARKS: [&str; 10] = [
    "checkov:skip",
    "bridgecrew:skip",
    "tfsec:ignore",
    "trivy:ignore",
    "#nosec",
    "# nosec",
    "nosemgrep",
    "kics-scan ignore",
    "kics-scan disable",
    "terrascan:skip",
];

/// Arguments that decide whether and how a block takes part.
const SWITCHES: [&str; 4] = ["count", "for_each", "lifecycle", "provider"];

/// The first line of the block, or right above it, that carries a skip comment.
pub(super) fn skips(resource: &Resource<'_>) -> String {
    let span = resource.span();
    let text = &resource.file.text;
    let above = text.get(..span.start).unwrap_or_default().trim_end();
    let above = above.rsplit('\n').next().filter(|line| {
        let line = line.trim_start();
        line.starts_with('#') || line.starts_with("//")
    });
    let inside = text.get(span).unwrap_or_default();
    above
        .into_iter()
        .chain(inside.lines())
        .map(str::trim)
        .find(|line| marks(line) > 0)
        .map(|line| line.chars().filter(|letter| !letter.is_control()).take(120).collect())
        .unwrap_or_default()
}

/// No skip comment was added, no resource taken away or switched off.
pub(super) fn not_silenced(trial: &Trial<'_>, after: &Repository, change: &Change) -> Finding {
    let before = trial.repository.file(&change.file).map_or("", |file| file.text.as_str());
    if marks(&change.text) > marks(before) {
        return failed("a skip comment was added");
    }
    let folder = trial.resource.file.folder();
    if after.module_resources(folder).count() < trial.repository.module_resources(folder).count() {
        return failed("a resource was taken away");
    }
    let Some(now) = again(trial, after) else { return failed("the block is gone") };
    let old = resolve::resource(trial.repository, &trial.resource);
    let new = resolve::resource(after, &now);
    if let Some(switch) = SWITCHES.iter().find(|switch| old.get(switch) != new.get(switch)) {
        return Err((Verdict::Failed, format!("`{switch}` of the block changed")));
    }
    if change.added {
        let added = after.resource(&change.file, &change.address);
        let off = added.is_some_and(|added| {
            let config = resolve::resource(after, &added);
            SWITCHES.iter().any(|switch| config.get(switch).is_some() && old.get(switch).is_none())
        });
        if off {
            return failed("the new block can be switched off");
        }
    }
    Ok("no skip comment added, nothing taken away or switched off".into())
}

fn marks(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    MARKS.iter().map(|mark| lower.matches(mark).count()).sum()
}
