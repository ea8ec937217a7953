//! The GraphQL documents, as they are sent.

const ISSUE_FIELDS: &str = include_str!("documents/issue_fields.graphql");
const CONFIGURATION_FIELDS: &str = include_str!("documents/configuration_fields.graphql");
const VULNERABILITY_FIELDS: &str = include_str!("documents/vulnerability_fields.graphql");
const DETECTION_FIELDS: &str = include_str!("documents/detection_fields.graphql");

/// A document, and the fragment that it spreads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document {
    operation: &'static str,
    fragment: &'static str,
}

impl Document {
    const fn new(operation: &'static str, fragment: &'static str) -> Self {
        Self { operation, fragment }
    }

    /// Its text.
    pub(super) fn text(self) -> String {
        format!("{}{}", self.operation, self.fragment)
    }
}

pub(super) const ISSUES: Document =
    Document::new(include_str!("documents/issues.graphql"), ISSUE_FIELDS);
pub(super) const ISSUE: Document =
    Document::new(include_str!("documents/issue.graphql"), ISSUE_FIELDS);
pub(super) const ISSUE_STATE: Document =
    Document::new(include_str!("documents/issue_state.graphql"), "");
pub(super) const CONFIGURATION_FINDINGS: Document =
    Document::new(include_str!("documents/configuration_findings.graphql"), CONFIGURATION_FIELDS);
pub(super) const CONFIGURATION_FINDING: Document =
    Document::new(include_str!("documents/configuration_finding.graphql"), CONFIGURATION_FIELDS);
pub(super) const CONFIGURATION_STATE: Document =
    Document::new(include_str!("documents/configuration_state.graphql"), "");
pub(super) const VULNERABILITY_FINDINGS: Document =
    Document::new(include_str!("documents/vulnerability_findings.graphql"), VULNERABILITY_FIELDS);
pub(super) const VULNERABILITY_FINDING: Document =
    Document::new(include_str!("documents/vulnerability_finding.graphql"), VULNERABILITY_FIELDS);
pub(super) const VULNERABILITY_STATE: Document =
    Document::new(include_str!("documents/vulnerability_state.graphql"), "");
pub(super) const DETECTIONS: Document =
    Document::new(include_str!("documents/detections.graphql"), DETECTION_FIELDS);
pub(super) const DETECTION: Document =
    Document::new(include_str!("documents/detection.graphql"), DETECTION_FIELDS);
pub(super) const RESOURCES: Document =
    Document::new(include_str!("documents/resources.graphql"), "");
pub(super) const PROJECTS: Document = Document::new(include_str!("documents/projects.graphql"), "");
pub(super) const IDENTITIES: Document =
    Document::new(include_str!("documents/identities.graphql"), "");
pub(super) const ENTITLEMENTS: Document =
    Document::new(include_str!("documents/entitlements.graphql"), "");
pub(super) const EXPOSURES: Document =
    Document::new(include_str!("documents/exposures.graphql"), "");
pub(super) const OWN_RIGHTS: Document =
    Document::new(include_str!("documents/service_accounts.graphql"), "");
pub(super) const UPDATE_ISSUE: Document =
    Document::new(include_str!("documents/update_issue.graphql"), "");
pub(super) const CREATE_ISSUE_NOTE: Document =
    Document::new(include_str!("documents/create_issue_note.graphql"), "");
pub(super) const ASSOCIATE_SERVICE_TICKET: Document =
    Document::new(include_str!("documents/associate_service_ticket.graphql"), "");
pub(super) const UPDATE_CONFIGURATION_FINDING: Document =
    Document::new(include_str!("documents/update_configuration_finding.graphql"), "");
pub(super) const UPDATE_VULNERABILITY_FINDING: Document =
    Document::new(include_str!("documents/update_vulnerability_finding.graphql"), "");
pub(super) const CREATE_IGNORE_RULE: Document =
    Document::new(include_str!("documents/create_ignore_rule.graphql"), "");

/// All of them, with what a test calls them.
#[cfg(test)]
pub(super) const ALL: &[(&str, Document)] = &[
    ("issues", ISSUES),
    ("issue", ISSUE),
    ("issue_state", ISSUE_STATE),
    ("configuration_findings", CONFIGURATION_FINDINGS),
    ("configuration_finding", CONFIGURATION_FINDING),
    ("configuration_state", CONFIGURATION_STATE),
    ("vulnerability_findings", VULNERABILITY_FINDINGS),
    ("vulnerability_finding", VULNERABILITY_FINDING),
    ("vulnerability_state", VULNERABILITY_STATE),
    ("detections", DETECTIONS),
    ("detection", DETECTION),
    ("resources", RESOURCES),
    ("projects", PROJECTS),
    ("identities", IDENTITIES),
    ("entitlements", ENTITLEMENTS),
    ("exposures", EXPOSURES),
    ("service_accounts", OWN_RIGHTS),
    ("update_issue", UPDATE_ISSUE),
    ("create_issue_note", CREATE_ISSUE_NOTE),
    ("associate_service_ticket", ASSOCIATE_SERVICE_TICKET),
    ("update_configuration_finding", UPDATE_CONFIGURATION_FINDING),
    ("update_vulnerability_finding", UPDATE_VULNERABILITY_FINDING),
    ("create_ignore_rule", CREATE_IGNORE_RULE),
];
