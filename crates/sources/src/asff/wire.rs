//! ASFF as written: the fields that are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, or_default};

/// Free fields of a product, by name.
pub(super) type Fields<'a> = BTreeMap<Cow<'a, str>, Text<'a>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Finding<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) product_arn: Text<'a>,
    #[serde(borrow)]
    pub(super) product_name: Text<'a>,
    #[serde(borrow)]
    pub(super) region: Text<'a>,
    #[serde(borrow)]
    pub(super) generator_id: Text<'a>,
    #[serde(borrow, rename = "AwsAccountId")]
    pub(super) account_id: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) types: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) first_observed_at: Text<'a>,
    #[serde(borrow)]
    pub(super) last_observed_at: Text<'a>,
    #[serde(borrow)]
    pub(super) created_at: Text<'a>,
    #[serde(borrow)]
    pub(super) updated_at: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) severity: Severity<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) remediation: Remediation<'a>,
    #[serde(borrow)]
    pub(super) source_url: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) product_fields: Fields<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) resources: Vec<Resource<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) compliance: Compliance<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) workflow: Workflow<'a>,
    #[serde(borrow)]
    pub(super) workflow_state: Text<'a>,
    #[serde(borrow)]
    pub(super) record_state: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) note: Note<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) vulnerabilities: Vec<Vulnerability<'a>>,
    #[serde(borrow, deserialize_with = "or_default", rename = "FindingProviderFields")]
    pub(super) provider_fields: ProviderFields<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) process: Option<Process<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) network: Network<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) action: Action<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) malware: Vec<Malware<'a>>,
    #[serde(borrow, deserialize_with = "or_default", rename = "ThreatIntelIndicators")]
    pub(super) threat_intel: Vec<Indicator<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Severity<'a> {
    #[serde(borrow)]
    pub(super) label: Text<'a>,
    #[serde(borrow)]
    pub(super) normalized: Text<'a>,
    #[serde(borrow)]
    pub(super) original: Text<'a>,
    #[serde(borrow)]
    pub(super) product: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Remediation<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) recommendation: Recommendation<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Recommendation<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Compliance<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "StatusReasons")]
    pub(super) reasons: Vec<Reason<'a>>,
    #[serde(borrow, rename = "SecurityControlId")]
    pub(super) control: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "RelatedRequirements")]
    pub(super) requirements: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Reason<'a> {
    #[serde(borrow, rename = "ReasonCode")]
    pub(super) code: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Workflow<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Note<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ProviderFields<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) severity: Severity<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) types: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Resource<'a> {
    #[serde(borrow, rename = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) region: Text<'a>,
    pub(super) tags: Value,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) details: Details<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Details<'a> {
    #[serde(borrow, deserialize_with = "or_default", rename = "AwsIamAccessKey")]
    pub(super) access_key: AccessKey<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) other: Fields<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct AccessKey<'a> {
    #[serde(borrow)]
    pub(super) principal_name: Text<'a>,
    #[serde(borrow)]
    pub(super) user_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "VulnerablePackages")]
    pub(super) packages: Vec<Package<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) cvss: Vec<Cvss<'a>>,
    #[serde(borrow, deserialize_with = "or_default", rename = "RelatedVulnerabilities")]
    pub(super) related: Vec<Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) vendor: Vendor<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "ReferenceUrls")]
    pub(super) references: Vec<Text<'a>>,
    #[serde(borrow, rename = "EpssScore")]
    pub(super) epss: Text<'a>,
    #[serde(borrow)]
    pub(super) exploit_available: Text<'a>,
    #[serde(borrow, rename = "LastKnownExploitAt")]
    pub(super) last_known_exploit: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow, rename = "FixedInVersion")]
    pub(super) fixed: Text<'a>,
    #[serde(borrow, rename = "FilePath")]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) remediation: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Cvss<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow, rename = "BaseScore")]
    pub(super) score: Text<'a>,
    #[serde(borrow, rename = "BaseVector")]
    pub(super) vector: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Vendor<'a> {
    #[serde(borrow)]
    pub(super) url: Text<'a>,
    #[serde(borrow, rename = "VendorSeverity")]
    pub(super) severity: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Process<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) pid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Network<'a> {
    #[serde(borrow)]
    pub(super) direction: Text<'a>,
    #[serde(borrow, rename = "SourceIpV4")]
    pub(super) source_v4: Text<'a>,
    #[serde(borrow, rename = "SourceIpV6")]
    pub(super) source_v6: Text<'a>,
    #[serde(borrow, rename = "DestinationIpV4")]
    pub(super) destination_v4: Text<'a>,
    #[serde(borrow, rename = "DestinationIpV6")]
    pub(super) destination_v6: Text<'a>,
    #[serde(borrow)]
    pub(super) destination_domain: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Action<'a> {
    #[serde(borrow, rename = "ActionType")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "NetworkConnectionAction")]
    pub(super) connection: Remote<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "AwsApiCallAction")]
    pub(super) api_call: ApiCall<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "DnsRequestAction")]
    pub(super) dns: Dns<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "PortProbeAction")]
    pub(super) probe: Probe<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Remote<'a> {
    #[serde(borrow, deserialize_with = "or_default", rename = "RemoteIpDetails")]
    pub(super) remote: Ip<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Ip<'a> {
    #[serde(borrow, rename = "IpAddressV4")]
    pub(super) v4: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ApiCall<'a> {
    #[serde(borrow)]
    pub(super) api: Text<'a>,
    #[serde(borrow, rename = "ServiceName")]
    pub(super) service: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default", rename = "RemoteIpDetails")]
    pub(super) remote: Ip<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Dns<'a> {
    #[serde(borrow)]
    pub(super) domain: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Probe<'a> {
    #[serde(borrow, deserialize_with = "or_default", rename = "PortProbeDetails")]
    pub(super) details: Vec<Remote<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Malware<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Indicator<'a> {
    #[serde(borrow, rename = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}
