//! The vendor's records as they come. Only what is read is named here.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::{Text, many, object, or_default};

/// An alert; the details add the entities.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Alert<'a> {
    #[serde(borrow)]
    pub(super) alert_id: Text<'a>,
    pub(super) alert_type: Text<'a>,
    pub(super) alert_name: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) start_time: Text<'a>,
    pub(super) end_time: Text<'a>,
    pub(super) last_user_updated_time: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) alert_info: AlertInfo<'a>,
    pub(super) policy_id: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) derived_fields: Derived<'a>,
    pub(super) internet_exposure: Text<'a>,
    pub(super) reachability: Text<'a>,
    /// Entities by their type, in shapes that vary with the alert.
    pub(super) entity_map: Value,
    #[serde(deserialize_with = "object")]
    pub(super) scopes: Scopes<'a>,
}

/// What the alert's other scopes say, where they were asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Scopes<'a> {
    #[serde(borrow, deserialize_with = "many")]
    pub(super) investigation: Vec<Question<'a>>,
    #[serde(deserialize_with = "many")]
    pub(super) events: Vec<Call<'a>>,
    #[serde(deserialize_with = "many")]
    pub(super) related_alerts: Vec<Related<'a>>,
    #[serde(deserialize_with = "many")]
    pub(super) timeline: Vec<Entry<'a>>,
    #[serde(deserialize_with = "many")]
    pub(super) observation_timeline: Vec<Observation<'a>>,
}

/// What the vendor asked itself about an alert.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Question<'a> {
    #[serde(borrow)]
    pub(super) question: Text<'a>,
    pub(super) answer: Text<'a>,
}

/// Another alert.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Related<'a> {
    #[serde(borrow)]
    pub(super) alert_id: Text<'a>,
}

/// What somebody wrote beside an alert.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(super) message: Message<'a>,
}

/// Its text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

/// An answer whose data is one record.
#[derive(Debug, Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
}

/// What an alert says to people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AlertInfo<'a> {
    #[serde(borrow)]
    pub(super) subject: Text<'a>,
    pub(super) description: Text<'a>,
}

/// How the vendor files an alert.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Derived<'a> {
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    pub(super) sub_category: Text<'a>,
    pub(super) source: Text<'a>,
}

/// An alert as the webhook channel posts it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Posted<'a> {
    #[serde(borrow)]
    pub(super) event_id: Text<'a>,
    pub(super) event_title: Text<'a>,
    pub(super) event_link: Text<'a>,
    pub(super) event_source: Text<'a>,
    pub(super) event_description: Text<'a>,
    pub(super) event_timestamp: Text<'a>,
    pub(super) event_type: Text<'a>,
    pub(super) event_severity: Text<'a>,
    pub(super) rec_id: Text<'a>,
}

/// An alert as the event bus channel sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bus<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) detail: BusDetail<'a>,
}

/// What an event of the bus says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) struct BusDetail<'a> {
    #[serde(borrow)]
    pub(super) event_id: Text<'a>,
    pub(super) event_name: Text<'a>,
    pub(super) event_type: Text<'a>,
    pub(super) event_category: Text<'a>,
    pub(super) summary: Text<'a>,
    pub(super) start_time: Text<'a>,
    pub(super) link: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) rec_id: Text<'a>,
}

/// A vulnerability of a host or of an image.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Weakness<'a> {
    #[serde(borrow)]
    pub(super) vuln_id: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) mid: Text<'a>,
    pub(super) image_id: Text<'a>,
    pub(super) start_time: Text<'a>,
    pub(super) end_time: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) eval_ctx: Evaluation<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) feature_key: Feature<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fix_info: Fix<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) cve_props: CveProps<'a>,
    pub(super) machine_tags: Value,
    pub(super) risk_score: Text<'a>,
}

/// What was looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evaluation<'a> {
    #[serde(borrow)]
    pub(super) hostname: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) image_info: ImageInfo<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) exception_props: Vec<ExceptionProps<'a>>,
}

/// Why a vulnerability is set aside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExceptionProps<'a> {
    #[serde(borrow)]
    pub(super) exception_name: Text<'a>,
    pub(super) exception_reason: Text<'a>,
}

/// An image and its names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ImageInfo<'a> {
    #[serde(borrow)]
    pub(super) digest: Text<'a>,
    pub(super) registry: Text<'a>,
    pub(super) repo: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) tags: Vec<Text<'a>>,
}

/// The package.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Feature<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) namespace: Text<'a>,
    pub(super) version: Text<'a>,
    pub(super) version_installed: Text<'a>,
    pub(super) package_active: Text<'a>,
    pub(super) package_path: Text<'a>,
}

/// The fix.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fix<'a> {
    #[serde(borrow)]
    pub(super) fixed_version: Text<'a>,
    pub(super) eval_status: Text<'a>,
}

/// What is known about the vulnerability itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CveProps<'a> {
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    pub(super) link: Text<'a>,
    /// Scores by database, as an object or as text that holds one.
    pub(super) metadata: Value,
}

/// One recommendation of a compliance report, with what violates it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) struct Recommendation<'a> {
    #[serde(borrow)]
    pub(super) rec_id: Text<'a>,
    pub(super) title: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) category: Text<'a>,
    pub(super) service: Text<'a>,
    pub(super) info_link: Text<'a>,
    pub(super) start_time: Text<'a>,
    pub(super) account_id: Text<'a>,
    pub(super) subscription_id: Text<'a>,
    pub(super) tenant_id: Text<'a>,
    pub(super) project_id: Text<'a>,
    pub(super) organization_id: Text<'a>,
    pub(super) assessed_resource_count: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) violations: Vec<Violation<'a>>,
    /// Resources that are set aside, as text or as objects.
    #[serde(deserialize_with = "or_default")]
    pub(super) suppressions: Vec<Value>,
}

/// One resource that violates a recommendation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Violation<'a> {
    #[serde(borrow)]
    pub(super) resource: Text<'a>,
    pub(super) region: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) reasons: Vec<Text<'a>>,
}

/// One evaluation of a policy on a resource.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PolicyEvaluation<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) account: Value,
    pub(super) reason: Text<'a>,
    pub(super) recommendation: Text<'a>,
    pub(super) region: Text<'a>,
    pub(super) report_time: Text<'a>,
    pub(super) resource: Text<'a>,
    pub(super) section: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) status: Text<'a>,
}

/// An entry of the inventory.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Inventory<'a> {
    #[serde(borrow)]
    pub(super) csp: Text<'a>,
    pub(super) urn: Text<'a>,
    pub(super) resource_id: Text<'a>,
    pub(super) resource_region: Text<'a>,
    pub(super) resource_type: Text<'a>,
    pub(super) resource_tags: Value,
    pub(super) resource_config: Value,
    pub(super) cloud_details: Value,
}

/// A machine, an image or a user of a machine: the entities share their list's shape.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entity<'a> {
    #[serde(borrow)]
    pub(super) mid: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) username: Text<'a>,
    pub(super) aws_instance_id: Text<'a>,
    pub(super) tags: Value,
    pub(super) machine_tags: Value,
    pub(super) image_id: Text<'a>,
    pub(super) registry: Text<'a>,
    pub(super) repo: Text<'a>,
    pub(super) repository: Text<'a>,
    pub(super) tag: Text<'a>,
    pub(super) digest: Text<'a>,
}

/// A cloud API call behind an alert.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) aws_region: Text<'a>,
    pub(super) event_name: Text<'a>,
    pub(super) event_source: Text<'a>,
    pub(super) event_time: Text<'a>,
    pub(super) recipient_account_id: Text<'a>,
    pub(super) source_ip_address: Text<'a>,
    pub(super) mfa: Text<'a>,
    /// Text that holds an object.
    pub(super) user_identity: Text<'a>,
    pub(super) additional_event_info: Text<'a>,
}

/// What was seen at one moment of an alert's story.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Observation<'a> {
    #[serde(borrow)]
    pub(super) record_uuid: Text<'a>,
    pub(super) observation_type: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) start_epoch: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub(super) entities: Vec<Seen<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) formal_tags: Vec<FormalTag<'a>>,
}

/// An entity of an observation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen<'a> {
    #[serde(borrow)]
    pub(super) entity_type: Text<'a>,
    pub(super) entity_text: Text<'a>,
    pub(super) entity_key: Value,
}

/// An ATT&CK id of an observation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FormalTag<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
}

/// What was done in a cloud.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CloudActivity<'a> {
    #[serde(borrow)]
    pub(super) event_id: Text<'a>,
    pub(super) event_type: Text<'a>,
    pub(super) event_model: Text<'a>,
    pub(super) start_time: Text<'a>,
    pub(super) end_time: Text<'a>,
    /// Entities by their type, in shapes that vary with the activity.
    pub(super) entity_map: Value,
}

/// What is on a machine or was done on it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OnMachine<'a> {
    #[serde(borrow)]
    pub(super) mid: Text<'a>,
    /// The machine itself, where it was looked up.
    #[serde(deserialize_with = "object")]
    pub(super) machine: Entity<'a>,
    pub(super) exe_path: Text<'a>,
    pub(super) cmdline: Text<'a>,
    pub(super) pid: Text<'a>,
    pub(super) pid_hash: Text<'a>,
    pub(super) username: Text<'a>,
    pub(super) owner_username: Text<'a>,
    pub(super) file_path: Text<'a>,
    pub(super) filedata_hash: Text<'a>,
    pub(super) activity: Text<'a>,
    pub(super) activity_type: Text<'a>,
    pub(super) activity_time: Text<'a>,
    pub(super) source_ip_addr: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) hw_addr: Text<'a>,
    pub(super) ip_addr: Text<'a>,
    pub(super) src_entity_id: Value,
    pub(super) dst_entity_id: Value,
    pub(super) dst_entity_type: Text<'a>,
    pub(super) process_start_time: Text<'a>,
    pub(super) last_modified_time: Text<'a>,
    pub(super) created_time: Text<'a>,
    pub(super) start_time: Text<'a>,
    pub(super) end_time: Text<'a>,
}

/// A row of a query, with what the query is called.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct QueryRow<'a> {
    #[serde(borrow)]
    pub(super) lql_query: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) row: Value,
}
