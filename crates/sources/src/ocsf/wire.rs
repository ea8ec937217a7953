//! OCSF as written: the fields that are read, under their old and new names.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, many, or_default};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) class_uid: Text<'a>,
    #[serde(borrow)]
    pub(super) class_name: Text<'a>,
    #[serde(borrow)]
    pub(super) activity_name: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) severity_id: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) status_id: Text<'a>,
    #[serde(borrow)]
    pub(super) status_code: Text<'a>,
    #[serde(borrow)]
    pub(super) status_detail: Text<'a>,
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow)]
    pub(super) state_id: Text<'a>,
    #[serde(borrow)]
    pub(super) time: Text<'a>,
    #[serde(borrow)]
    pub(super) time_dt: Text<'a>,
    #[serde(borrow)]
    pub(super) event_time: Text<'a>,
    #[serde(borrow)]
    pub(super) start_time_dt: Text<'a>,
    #[serde(borrow)]
    pub(super) risk_details: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) finding_info: Info<'a>,
    /// The name of `finding_info` before 1.1.
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) finding: Info<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) resources: Vec<Resource<'a>>,
    /// A single resource, in classes 2002 and 2003.
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) resource: Option<Resource<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) cloud: Cloud<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) remediation: Remediation<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) compliance: Compliance<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) vulnerabilities: Vec<Vulnerability<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) attacks: Vec<Attack<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) process: Option<Process<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) actor: Actor<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) device: Device<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) api: Api<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) src_endpoint: Endpoint<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) dst_endpoint: Endpoint<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) evidences: Vec<EvidenceItem<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) user: User<'a>,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) anomaly_analyses: Vec<AnomalyAnalysis<'a>>,
}

/// What is usual, and what was not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnomalyAnalysis<'a> {
    #[serde(borrow, deserialize_with = "many")]
    pub(super) anomalies: Vec<Observed<'a>>,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) baselines: Vec<Observed<'a>>,
}

/// A baseline, or an anomaly: they have the same fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Observed<'a> {
    #[serde(borrow)]
    pub(super) observation_parameter: Text<'a>,
    #[serde(borrow)]
    pub(super) observed_pattern: Text<'a>,
    #[serde(borrow, deserialize_with = "many")]
    pub(super) observations: Vec<Observation<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Observation<'a> {
    #[serde(borrow)]
    pub(super) value: Text<'a>,
    #[serde(borrow)]
    pub(super) count: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) timespan: Timespan<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timespan<'a> {
    #[serde(borrow)]
    pub(super) duration: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_secs: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_mins: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_hours: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_days: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_weeks: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_months: Text<'a>,
    #[serde(borrow)]
    pub(super) duration_years: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) event_code: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) product: Product<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) vendor_name: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) feature: Named<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info<'a> {
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) desc: Text<'a>,
    #[serde(borrow)]
    pub(super) src_url: Text<'a>,
    #[serde(borrow)]
    pub(super) created_time: Text<'a>,
    #[serde(borrow)]
    pub(super) first_seen_time: Text<'a>,
    #[serde(borrow)]
    pub(super) first_seen_time_dt: Text<'a>,
    #[serde(borrow)]
    pub(super) last_seen_time: Text<'a>,
    #[serde(borrow)]
    pub(super) last_seen_time_dt: Text<'a>,
    #[serde(borrow)]
    pub(super) modified_time: Text<'a>,
    #[serde(borrow)]
    pub(super) modified_time_dt: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) analytic: Named<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) types: Vec<Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) attacks: Vec<Attack<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) region: Text<'a>,
    #[serde(borrow)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow)]
    pub(super) account_uid: Text<'a>,
    pub(super) labels: Value,
    pub(super) tags: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cloud<'a> {
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
    #[serde(borrow)]
    pub(super) region: Text<'a>,
    #[serde(borrow)]
    pub(super) account_uid: Text<'a>,
    #[serde(borrow)]
    pub(super) project_uid: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) account: Named<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Remediation<'a> {
    #[serde(borrow)]
    pub(super) desc: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) references: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compliance<'a> {
    #[serde(borrow)]
    pub(super) control: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) cve: Cve<'a>,
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) desc: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) is_exploit_available: Text<'a>,
    #[serde(borrow)]
    pub(super) exploit_last_seen_time: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) affected_packages: Vec<Package<'a>>,
    /// The name of `affected_packages` before 1.1.
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) packages: Vec<Package<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) remediation: Remediation<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cve<'a> {
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) epss: Epss<'a>,
    pub(super) cvss: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Epss<'a> {
    #[serde(borrow)]
    pub(super) score: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) fixed_in_version: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) purl: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attack<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) technique: Named<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) tactic: Named<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Process<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) cmd_line: Text<'a>,
    #[serde(borrow)]
    pub(super) pid: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) user: User<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) parent_process: Option<Box<Process<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Actor<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) user: User<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) process: Option<Process<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Device<'a> {
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) hostname: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) region: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Api<'a> {
    #[serde(borrow)]
    pub(super) operation: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoint<'a> {
    #[serde(borrow)]
    pub(super) ip: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EvidenceItem<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) process: Option<Process<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) src_endpoint: Endpoint<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) actor: Actor<'a>,
}
