//! A CloudTrail event as written: the fields that are read.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, many, object};

/// An event, or what stands around one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "eventID")]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "requestID")]
    pub(super) request_id: Text<'a>,
    #[serde(borrow, rename = "sharedEventID")]
    pub(super) shared_id: Text<'a>,
    #[serde(borrow, rename = "eventTime")]
    pub(super) time: Text<'a>,
    #[serde(borrow, rename = "eventName")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "eventSource")]
    pub(super) source: Text<'a>,
    #[serde(borrow, rename = "eventType")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, rename = "awsRegion")]
    pub(super) region: Text<'a>,
    #[serde(borrow, rename = "sourceIPAddress")]
    pub(super) source_address: Text<'a>,
    #[serde(borrow)]
    pub(super) user_agent: Text<'a>,
    #[serde(borrow)]
    pub(super) error_code: Text<'a>,
    #[serde(borrow)]
    pub(super) error_message: Text<'a>,
    #[serde(borrow)]
    pub(super) recipient_account_id: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) user_identity: Identity<'a>,
    #[serde(rename = "requestParameters")]
    pub(super) request: Value,
    #[serde(rename = "responseElements")]
    pub(super) response: Value,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) resources: Vec<Resource<'a>>,
    #[serde(borrow, rename = "additionalEventData", deserialize_with = "object")]
    pub(super) additional: Additional<'a>,
    #[serde(borrow, rename = "insightDetails", deserialize_with = "object")]
    pub(super) insight: Insight<'a>,
    /// Of EventBridge: the event itself.
    #[serde(borrow)]
    pub(super) detail: Option<Box<Event<'a>>>,
    /// Of LookupEvents: the event itself, as text.
    #[serde(borrow, rename = "CloudTrailEvent")]
    pub(super) looked_up: Text<'a>,
    /// Of CloudWatch Logs: the event itself, as text.
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    /// Of a digest file.
    #[serde(borrow)]
    pub(super) digest_start_time: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Identity<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) arn: Text<'a>,
    #[serde(borrow)]
    pub(super) user_name: Text<'a>,
    #[serde(borrow)]
    pub(super) principal_id: Text<'a>,
    #[serde(borrow)]
    pub(super) account_id: Text<'a>,
    #[serde(borrow)]
    pub(super) access_key_id: Text<'a>,
    #[serde(borrow)]
    pub(super) invoked_by: Text<'a>,
    #[serde(borrow)]
    pub(super) identity_provider: Text<'a>,
    #[serde(borrow)]
    pub(super) credential_id: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) on_behalf_of: OnBehalfOf<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) session_context: Session<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OnBehalfOf<'a> {
    #[serde(borrow)]
    pub(super) user_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Session<'a> {
    #[serde(borrow, rename = "sessionIssuer", deserialize_with = "object")]
    pub(super) issuer: Issuer<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) attributes: Attributes<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Issuer<'a> {
    #[serde(borrow)]
    pub(super) arn: Text<'a>,
    #[serde(borrow)]
    pub(super) user_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Attributes<'a> {
    #[serde(borrow)]
    pub(super) mfa_authenticated: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resource<'a> {
    #[serde(borrow, rename = "ARN", alias = "arn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, rename = "accountId")]
    pub(super) account_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Additional<'a> {
    #[serde(borrow, rename = "MFAUsed")]
    pub(super) mfa_used: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Insight<'a> {
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow, rename = "eventSource")]
    pub(super) source: Text<'a>,
    #[serde(borrow, rename = "eventName")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "insightType")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) error_code: Text<'a>,
    #[serde(borrow, rename = "insightContext", deserialize_with = "object")]
    pub(super) context: InsightContext<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InsightContext<'a> {
    pub(super) statistics: Value,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) attributions: Vec<Attribution<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attribution<'a> {
    #[serde(borrow)]
    pub(super) attribute: Text<'a>,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) insight: Vec<Share<'a>>,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) baseline: Vec<Share<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Share<'a> {
    #[serde(borrow)]
    pub(super) value: Text<'a>,
    #[serde(borrow)]
    pub(super) average: Text<'a>,
}

/// What LookupEvents says beside the event.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct LookedUp<'a> {
    #[serde(borrow, rename = "EventId")]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "EventName")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "EventTime")]
    pub(super) time: Text<'a>,
    #[serde(borrow)]
    pub(super) username: Text<'a>,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) resources: Vec<LookedUpResource<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LookedUpResource<'a> {
    #[serde(borrow, rename = "ResourceType")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, rename = "ResourceName")]
    pub(super) name: Text<'a>,
}
