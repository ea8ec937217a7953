//! Wiz records as they stand in JSON: every field may be missing, null or empty.

use serde_json::Value;

pub(super) use crate::wire::Text;
use crate::wire::or_default;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Node<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) title: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) created_at: Text<'a>,
    pub(super) updated_at: Text<'a>,
    pub(super) resolution_reason: Text<'a>,
    pub(super) url: Text<'a>,
    // Issues.
    pub(super) source_rule: Option<Rule<'a>>,
    pub(super) source_rules: Option<Vec<Rule<'a>>>,
    pub(super) control: Option<Rule<'a>>,
    pub(super) entity_snapshot: Option<Entity<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) threat_detection_details: Option<Threat<'a>>,
    // Configuration findings.
    pub(super) result: Text<'a>,
    pub(super) rule: Option<Rule<'a>>,
    pub(super) resource: Option<Entity<'a>>,
    pub(super) deleted: Text<'a>,
    pub(super) target_external_id: Text<'a>,
    pub(super) target_object_provider_unique_id: Text<'a>,
    pub(super) first_seen_at: Text<'a>,
    pub(super) analyzed_at: Text<'a>,
    pub(super) remediation: Text<'a>,
    // Vulnerabilities.
    pub(super) vulnerable_asset: Option<Entity<'a>>,
    pub(super) vendor_severity: Text<'a>,
    #[serde(rename = "CVSSSeverity")]
    pub(super) cvss_severity: Text<'a>,
    #[serde(rename = "CVEDescription")]
    pub(super) cve_description: Text<'a>,
    pub(super) score: Text<'a>,
    pub(super) detailed_name: Text<'a>,
    pub(super) version: Text<'a>,
    pub(super) fixed_version: Text<'a>,
    pub(super) location_path: Text<'a>,
    pub(super) has_exploit: Text<'a>,
    pub(super) has_cisa_kev_exploit: Text<'a>,
    pub(super) epss_probability: Text<'a>,
    pub(super) first_detected_at: Text<'a>,
    pub(super) last_detected_at: Text<'a>,
    pub(super) portal_url: Text<'a>,
    pub(super) link: Text<'a>,
    // Detections.
    pub(super) rule_match: Option<RuleMatch<'a>>,
    pub(super) primary_resource: Option<Entity<'a>>,
    pub(super) resources: Option<Vec<Entity<'a>>>,
    pub(super) primary_actor: Option<Named<'a>>,
    pub(super) actors: Option<Vec<Named<'a>>>,
    pub(super) cloud_accounts: Option<Vec<Account<'a>>>,
    pub(super) triggering_events: Value,
    pub(super) tdr_id: Text<'a>,
    pub(super) started_at: Text<'a>,
    #[serde(rename = "threatURL")]
    pub(super) threat_url: Text<'a>,
    pub(super) mitre_tactics: Option<Vec<Text<'a>>>,
    pub(super) mitre_techniques: Option<Vec<Text<'a>>>,
    // Webhook.
    pub(super) issue: Option<WebhookIssue<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) trigger: Option<Trigger<'a>>,
    // Audit log.
    pub(super) action: Text<'a>,
    #[serde(alias = "requestid")]
    pub(super) request_id: Text<'a>,
    pub(super) timestamp: Text<'a>,
    pub(super) user: Option<Named<'a>>,
    #[serde(alias = "serviceaccount")]
    pub(super) service_account: Option<Named<'a>>,
    pub(super) performer: Option<Named<'a>>,
    #[serde(rename = "sourceIP", alias = "sourceip")]
    pub(super) source_ip: Text<'a>,
    #[serde(alias = "useragent")]
    pub(super) user_agent: Text<'a>,
    // Inventory and reference data.
    pub(super) cloud_platform: Text<'a>,
    pub(super) provider_unique_id: Text<'a>,
    #[serde(rename = "__typename")]
    pub(super) typename: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) short_id: Text<'a>,
    pub(super) graph_id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) control_description: Text<'a>,
    pub(super) resolution_recommendation: Text<'a>,
    pub(super) remediation_instructions: Text<'a>,
    pub(super) source_cloud_configuration_rule_id: Text<'a>,
    /// The same rule in other catalogues, as Wiz sees it: `[{"id":"CKV_AWS_20",…}]`.
    pub(super) external_references: Value,
    /// What Wiz calls its own rules for events, where `id` is the tenant's.
    pub(super) built_in_id: Text<'a>,
    /// The rule for settings whose findings a control makes issues of.
    #[serde(deserialize_with = "or_default")]
    pub(super) source_cloud_configuration_rule: Option<Box<Rule<'a>>>,
    pub(super) security_sub_categories: Value,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct RuleMatch<'a> {
    #[serde(borrow)]
    pub(super) rule: Option<Rule<'a>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct WebhookIssue<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) created: Text<'a>,
    #[serde(rename = "updatedAt", alias = "updated")]
    pub(super) updated: Text<'a>,
}

/// Who and what took part in a threat.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Threat<'a> {
    #[serde(borrow)]
    pub(super) actors: Option<Vec<Named<'a>>>,
    pub(super) resources: Option<Vec<Entity<'a>>>,
}

/// What made Wiz send a webhook.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Trigger<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) provider_unique_id: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Account<'a> {
    #[serde(borrow)]
    pub(super) external_id: Text<'a>,
    pub(super) cloud_provider: Text<'a>,
    pub(super) cloud_platform: Text<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entity<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) native_type: Text<'a>,
    pub(super) cloud_platform: Text<'a>,
    pub(super) provider_id: Text<'a>,
    pub(super) provider_unique_id: Text<'a>,
    pub(super) external_id: Text<'a>,
    pub(super) region: Text<'a>,
    pub(super) subscription_external_id: Text<'a>,
    pub(super) subscription_id: Text<'a>,
    pub(super) subscription: Option<Account<'a>>,
    pub(super) cloud_account: Option<Account<'a>>,
    pub(super) tags: Value,
    /// Who answers for it, and by which basis.
    pub(super) owners: Value,
    pub(super) has_wide_internet_exposure: Text<'a>,
    pub(super) is_accessible_from_internet: Text<'a>,
    pub(super) is_open_to_all_internet: Text<'a>,
    pub(super) has_sensitive_data: Text<'a>,
    pub(super) has_access_to_sensitive_data: Text<'a>,
    pub(super) has_admin_privileges: Text<'a>,
    pub(super) has_high_privileges: Text<'a>,
}
