//! Alerts of the posture side as they come: from the API, and as posted by the default webhook.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::{Text, many, object, texts};

/// An alert of the API (`AlertModel`).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Alert<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) reason: Text<'a>,
    pub(super) first_seen: Text<'a>,
    pub(super) last_seen: Text<'a>,
    pub(super) alert_time: Text<'a>,
    pub(super) last_updated: Text<'a>,
    pub(super) event_occurred: Text<'a>,
    pub(super) dismissed_by: Text<'a>,
    pub(super) dismissal_note: Text<'a>,
    pub(super) triggered_by: Text<'a>,
    pub(super) policy_id: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) policy: Policy<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) resource: Resource<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) history: Vec<Change<'a>>,
    #[serde(deserialize_with = "many")]
    pub(super) alert_rules: Vec<AlertRule<'a>>,
}

/// One entry of an alert's history.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Change<'a> {
    #[serde(borrow)]
    pub(super) modified_on: Text<'a>,
}

/// A rule that routes alerts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AlertRule<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// The policy that raised an alert; without details it is only an id and a type.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Policy<'a> {
    #[serde(borrow)]
    pub(super) policy_id: Text<'a>,
    pub(super) policy_type: Text<'a>,
    pub(super) policy_upi: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) recommendation: Text<'a>,
    #[serde(deserialize_with = "texts")]
    pub(super) labels: Vec<Text<'a>>,
    #[serde(deserialize_with = "texts")]
    pub(super) finding_types: Vec<Text<'a>>,
    #[serde(deserialize_with = "object")]
    pub(super) remediation: Remediation<'a>,
}

/// The vendor's command for the fix.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Remediation<'a> {
    #[serde(borrow)]
    pub(super) cli_script_template: Text<'a>,
}

/// The resource that an alert is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) rrn: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) account: Text<'a>,
    pub(super) account_id: Text<'a>,
    pub(super) region_id: Text<'a>,
    pub(super) resource_type: Text<'a>,
    pub(super) resource_api_name: Text<'a>,
    pub(super) cloud_type: Text<'a>,
    pub(super) url: Text<'a>,
    pub(super) resource_tags: Option<&'a RawValue>,
    pub(super) additional_info: Option<&'a RawValue>,
    /// The cloud's own description of it: large, and in every cloud's own shape.
    pub(super) data: Option<&'a RawValue>,
}

/// What is read of the cloud's own description, whichever cloud it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Config<'a> {
    #[serde(borrow)]
    pub(super) arn: Text<'a>,
    pub(super) function_arn: Text<'a>,
    pub(super) dbinstance_arn: Text<'a>,
    pub(super) topic_arn: Text<'a>,
    pub(super) table_arn: Text<'a>,
    #[serde(rename = "trailARN")]
    pub(super) trail_arn: Text<'a>,
    pub(super) self_link: Text<'a>,
    pub(super) is_public: Text<'a>,
    pub(super) publicly_accessible: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) key: Key<'a>,
    pub(super) tags: Option<&'a RawValue>,
    pub(super) labels: Option<&'a RawValue>,
}

/// A key, as the answer of its rotation has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Key<'a> {
    #[serde(borrow)]
    pub(super) key_arn: Text<'a>,
}

/// An asset that a search found.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Found<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) rrn: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) account_id: Text<'a>,
    pub(super) account_name: Text<'a>,
    pub(super) region_id: Text<'a>,
    pub(super) resource_type: Text<'a>,
    pub(super) cloud_type: Text<'a>,
    pub(super) tags: Option<&'a RawValue>,
    pub(super) data: Option<&'a RawValue>,
}

/// What is read of a cloud audit event, whichever cloud recorded it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) event_name: Text<'a>,
    #[serde(rename = "sourceIPAddress")]
    pub(super) source_ip_address: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) user_identity: UserIdentity<'a>,
    pub(super) resources: Option<&'a RawValue>,
    pub(super) caller: Text<'a>,
    pub(super) resource_id: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) proto_payload: ProtoPayload<'a>,
}

/// Who made an AWS call.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UserIdentity<'a> {
    #[serde(borrow)]
    pub(super) arn: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) session_context: SessionContext<'a>,
}

/// The session of an assumed role.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SessionContext<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(super) session_issuer: SessionIssuer<'a>,
}

/// The role behind a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionIssuer<'a> {
    #[serde(borrow)]
    pub(super) arn: Text<'a>,
}

/// A resource that an AWS call touched.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Touched<'a> {
    #[serde(borrow, rename = "ARN", alias = "arn")]
    pub(super) arn: Text<'a>,
    #[serde(rename = "resourceName")]
    pub(super) resource_name: Text<'a>,
    #[serde(rename = "resourceType", alias = "type")]
    pub(super) resource_type: Text<'a>,
}

/// The body of a Google Cloud audit log entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ProtoPayload<'a> {
    #[serde(borrow)]
    pub(super) resource_name: Text<'a>,
    pub(super) service_name: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) authentication_info: AuthenticationInfo<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) request_metadata: RequestMetadata<'a>,
}

/// Who made a Google Cloud call.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AuthenticationInfo<'a> {
    #[serde(borrow)]
    pub(super) principal_email: Text<'a>,
}

/// From where a Google Cloud call was made.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RequestMetadata<'a> {
    #[serde(borrow)]
    pub(super) caller_ip: Text<'a>,
}

/// An alert as the default webhook template posts it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Posted<'a> {
    #[serde(borrow)]
    pub(super) alert_id: Text<'a>,
    pub(super) alert_status: Text<'a>,
    pub(super) alert_ts: Text<'a>,
    pub(super) alert_rule_name: Text<'a>,
    pub(super) alert_dismissal_note: Text<'a>,
    pub(super) alert_remediation_cli: Text<'a>,
    pub(super) reason: Text<'a>,
    pub(super) first_seen: Text<'a>,
    pub(super) last_seen: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) policy_id: Text<'a>,
    pub(super) policy_name: Text<'a>,
    pub(super) policy_type: Text<'a>,
    pub(super) policy_description: Text<'a>,
    pub(super) policy_recommendation: Text<'a>,
    #[serde(deserialize_with = "texts")]
    pub(super) policy_labels: Vec<Text<'a>>,
    pub(super) callback_url: Text<'a>,
    pub(super) account_id: Text<'a>,
    pub(super) account_name: Text<'a>,
    pub(super) cloud_type: Text<'a>,
    pub(super) resource_id: Text<'a>,
    pub(super) resource_name: Text<'a>,
    pub(super) resource_type: Text<'a>,
    pub(super) resource_region_id: Text<'a>,
    pub(super) resource_config: Option<&'a RawValue>,
    #[serde(deserialize_with = "object")]
    pub(super) resource: Resource<'a>,
    pub(super) tags: Option<&'a RawValue>,
}
