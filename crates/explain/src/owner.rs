//! Who should deal with it, and how that is known.

use quell_model::{Origin, Untrusted};

use crate::IssueEvidence;

/// Where a value was learned, as a phrase.
#[must_use]
pub fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Tag(key) => format!("from tag `{key}`"),
        Origin::Field(field) => format!("from field `{field}`"),
        Origin::Name(name) => format!("from the name `{name}`"),
    }
}

/// The owner of the riskiest issue that has one, else the role that such faults fall to.
pub(crate) fn owner(issues: &[IssueEvidence<'_>]) -> (Untrusted, Untrusted) {
    if let Some(owner) = issues.iter().find_map(|i| i.issue.asset.context.owner.as_ref()) {
        return (owner.value.clone(), Untrusted::from(origin_text(&owner.origin)));
    }
    let role = issues.first().and_then(|i| i.control).map(|c| c.explain.who.as_str());
    (
        Untrusted::from(role.unwrap_or("security team")),
        Untrusted::from("no owner is tagged; by the kind of fault"),
    )
}
