//! Who should deal with it, and how that is known.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{Origin, Sourced, Untrusted};

use crate::IssueEvidence;

/// Where a value was learned, as a phrase.
#[must_use]
pub fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Tag(key) => format!("from tag `{key}`"),
        Origin::Field(field) => format!("from field `{field}`"),
        Origin::Name(name) => format!("from the name `{name}`"),
        Origin::Inventory { name, row } => format!("from CMDB {name} row {row}"),
        Origin::Codeowners { line } => format!("from CODEOWNERS line {line}"),
        Origin::Told { tool, key, is_tag: true } => format!("from tag `{key}`, says {tool}"),
        Origin::Told { tool, key, is_tag: false } => format!("from field `{key}`, says {tool}"),
    }
}

/// The owner of most assets, else the role that such faults fall to.
pub(crate) fn owner(issues: &[IssueEvidence<'_>]) -> (Untrusted, Untrusted) {
    if let Some(most) = most_frequent(issues) {
        return most;
    }
    let role = issues.first().and_then(|i| i.control).map(|c| c.explain.who.as_str());
    (
        Untrusted::from(role.unwrap_or("security team")),
        Untrusted::from("no owner is tagged; by the kind of fault"),
    )
}

/// The owner of most assets; of how many, where others own the rest.
fn most_frequent(issues: &[IssueEvidence<'_>]) -> Option<(Untrusted, Untrusted)> {
    let mut owners: BTreeMap<&str, (&Sourced, BTreeSet<&str>)> = BTreeMap::new();
    let mut assets = BTreeSet::new();
    for asset in issues.iter().map(|evidence| &evidence.issue.asset) {
        assets.insert(asset.id.key());
        if let Some(owner) = &asset.context.owner {
            let of = owners.entry(owner.value.raw()).or_insert_with(|| (owner, BTreeSet::new()));
            of.1.insert(asset.id.key());
        }
    }
    let (owner, theirs) = owners.values().rev().max_by_key(|(_, assets)| assets.len())?;
    let origin = origin_text(&owner.origin);
    let because = match owners.len() {
        1 => origin,
        _ => format!("{origin}, on {} of {} assets", theirs.len(), assets.len()),
    };
    Some((owner.value.clone(), Untrusted::from(because)))
}
