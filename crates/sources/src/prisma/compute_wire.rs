//! Records of the workload side as they come: audits, incidents and scan results.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::wire::{Text, many, object, or_default, texts};

/// Any audit of the workload side. The kinds share most names and differ in which they fill.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Audit<'a> {
    #[serde(borrow, rename = "_id")]
    pub(super) id: Text<'a>,
    #[serde(rename = "eventID")]
    pub(super) event_id: Text<'a>,
    pub(super) time: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) fqdn: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) attack_type: Text<'a>,
    #[serde(deserialize_with = "texts")]
    pub(super) attack_techniques: Vec<Text<'a>>,
    pub(super) rule_name: Text<'a>,
    pub(super) msg: Text<'a>,
    pub(super) effect: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) user: Text<'a>,
    pub(super) pid: Text<'a>,
    pub(super) process_path: Text<'a>,
    pub(super) process_name: Text<'a>,
    pub(super) command: Text<'a>,
    pub(super) filepath: Text<'a>,
    pub(super) path: Text<'a>,
    pub(super) event_type: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) logfile: Text<'a>,
    pub(super) line: Text<'a>,
    pub(super) md5: Text<'a>,
    pub(super) ip: Text<'a>,
    pub(super) port: Text<'a>,
    pub(super) domain: Text<'a>,
    /// The caller of a firewall audit.
    pub(super) subnet: Text<'a>,
    pub(super) method: Text<'a>,
    pub(super) url: Text<'a>,
    #[serde(alias = "containerID")]
    pub(super) container_id: Text<'a>,
    pub(super) container_name: Text<'a>,
    pub(super) image_name: Text<'a>,
    #[serde(alias = "imageID")]
    pub(super) image_id: Text<'a>,
    #[serde(alias = "ns")]
    pub(super) namespace: Option<Value>,
    pub(super) cluster: Text<'a>,
    #[serde(rename = "accountID")]
    pub(super) account_id: Text<'a>,
    pub(super) provider: Text<'a>,
    pub(super) region: Text<'a>,
    #[serde(rename = "resourceID")]
    pub(super) resource_id: Text<'a>,
    pub(super) function: Text<'a>,
    #[serde(rename = "functionID")]
    pub(super) function_id: Text<'a>,
    #[serde(rename = "appID")]
    pub(super) app_id: Text<'a>,
    pub(super) count: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) labels: BTreeMap<String, Text<'a>>,
}

/// An audit as the alert webhook posts it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PostedAudit<'a> {
    #[serde(borrow)]
    pub(super) time: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) rule: Text<'a>,
    pub(super) message: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) host: Text<'a>,
    pub(super) fqdn: Text<'a>,
    pub(super) container: Text<'a>,
    pub(super) image: Text<'a>,
    pub(super) function: Text<'a>,
    #[serde(rename = "appID")]
    pub(super) app_id: Text<'a>,
    pub(super) namespace: Option<Value>,
    pub(super) cluster: Text<'a>,
    #[serde(rename = "accountID")]
    pub(super) account_id: Text<'a>,
    pub(super) provider: Text<'a>,
    pub(super) region: Text<'a>,
}

/// An incident: several audits that belong together.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Incident<'a> {
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    pub(super) custom_rule_name: Text<'a>,
    pub(super) acknowledged: Text<'a>,
    pub(super) serial_num: Text<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) audits: Vec<Audit<'a>>,
}

/// Audits grouped by what they are about; the network firewall and image trust come so.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Group<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub(super) audits: BTreeMap<String, Grouped<'a>>,
    pub(super) cluster: Text<'a>,
}

/// The audits of one kind within a group.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Grouped<'a> {
    #[serde(borrow, deserialize_with = "many")]
    pub(super) audits: Vec<GroupedAudit<'a>>,
}

/// One audit within a group.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroupedAudit<'a> {
    #[serde(borrow, rename = "ruleID")]
    pub(super) rule_id: Text<'a>,
    pub(super) rule_name: Text<'a>,
    pub(super) time: Text<'a>,
    pub(super) msg: Text<'a>,
    pub(super) effect: Text<'a>,
    pub(super) block: Text<'a>,
    pub(super) image_name: Text<'a>,
    #[serde(rename = "imageID")]
    pub(super) image_id: Text<'a>,
    pub(super) src_image_name: Text<'a>,
    pub(super) dst_image_name: Text<'a>,
    pub(super) src_container_name: Text<'a>,
    pub(super) dst_container_name: Text<'a>,
    pub(super) src_hostname: Text<'a>,
    pub(super) dst_hostname: Text<'a>,
    pub(super) dst_subnet: Text<'a>,
    pub(super) dst_domain: Text<'a>,
    pub(super) dst_port: Text<'a>,
    #[serde(rename = "accountID")]
    pub(super) account_id: Text<'a>,
    pub(super) cluster: Text<'a>,
}

/// A call to the console, or to a container engine, or to a cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) time: Text<'a>,
    pub(super) username: Text<'a>,
    /// A name, or for cluster audits an object with the name in it.
    pub(super) user: Option<Value>,
    #[serde(rename = "sourceIP")]
    pub(super) source_ip: Text<'a>,
    #[serde(rename = "sourceIPs", deserialize_with = "texts")]
    pub(super) source_ips: Vec<Text<'a>>,
    #[serde(rename = "type")]
    pub(super) call_kind: Text<'a>,
    pub(super) api: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) diff: Text<'a>,
    pub(super) failure: Text<'a>,
    pub(super) allow: Text<'a>,
    pub(super) rule_name: Text<'a>,
    pub(super) effect: Text<'a>,
    #[serde(alias = "msg")]
    pub(super) message: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) container_name: Text<'a>,
    pub(super) image_name: Text<'a>,
    #[serde(rename = "accountID")]
    pub(super) account_id: Text<'a>,
    pub(super) provider: Text<'a>,
    pub(super) cluster: Text<'a>,
    pub(super) namespace: Text<'a>,
    pub(super) verb: Text<'a>,
    pub(super) operation: Text<'a>,
    pub(super) kind: Text<'a>,
    pub(super) resource: Text<'a>,
    pub(super) resources: Text<'a>,
    #[serde(rename = "requestURI")]
    pub(super) request_uri: Text<'a>,
    #[serde(deserialize_with = "texts")]
    pub(super) attack_techniques: Vec<Text<'a>>,
}

/// What the scan of an image, host or function found.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Scan<'a> {
    #[serde(borrow, rename = "_id")]
    pub(super) mongo_id: Text<'a>,
    pub(super) id: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) repository: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) time: Text<'a>,
    pub(super) scan_time: Text<'a>,
    pub(super) first_scan_time: Text<'a>,
    pub(super) distro: Text<'a>,
    pub(super) err: Text<'a>,
    pub(super) runtime: Text<'a>,
    pub(super) provider: Text<'a>,
    pub(super) region: Text<'a>,
    #[serde(rename = "accountID")]
    pub(super) account_id: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) repo_tag: Tag<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) tags: Vec<Tag<'a>>,
    #[serde(deserialize_with = "texts")]
    pub(super) repo_digests: Vec<Text<'a>>,
    #[serde(deserialize_with = "object")]
    pub(super) cloud_metadata: CloudMetadata<'a>,
    pub(super) external_labels: Option<Value>,
    #[serde(deserialize_with = "weaknesses")]
    pub(super) vulnerabilities: Vec<Weakness<'a>>,
    #[serde(alias = "compliances", deserialize_with = "weaknesses")]
    pub(super) compliance_issues: Vec<Weakness<'a>>,
}

/// What a scan found; `null` is nothing. Anything else costs the record, since a scan that found
/// nothing would close what the one before found.
fn weaknesses<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Weakness<'a>>, D::Error> {
    let list = Option::<Vec<Weakness<'a>>>::deserialize(deserializer);
    let list = list.map_err(|error| {
        D::Error::custom(format!(
            "no list of objects at $.vulnerabilities or $.complianceIssues ({error})"
        ))
    });
    Ok(list?.unwrap_or_default())
}

/// A scan in a pipeline, which holds the result of the scan.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PipelineScan<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(super) entity_info: Scan<'a>,
    pub(super) time: Text<'a>,
}

/// What the scan of a running container found.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerScan<'a> {
    #[serde(borrow, rename = "_id")]
    pub(super) id: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) scan_time: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) info: ContainerInfo<'a>,
}

/// A running container.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerInfo<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) image_name: Text<'a>,
    pub(super) namespace: Text<'a>,
    pub(super) cluster: Text<'a>,
    #[serde(deserialize_with = "texts")]
    pub(super) labels: Vec<Text<'a>>,
    #[serde(deserialize_with = "object")]
    pub(super) cloud_metadata: CloudMetadata<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) compliance_issues: Vec<Weakness<'a>>,
}

/// A name of an image.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tag<'a> {
    #[serde(borrow)]
    pub(super) registry: Text<'a>,
    pub(super) repo: Text<'a>,
    pub(super) tag: Text<'a>,
    pub(super) digest: Text<'a>,
}

/// The machine below, as its cloud knows it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CloudMetadata<'a> {
    #[serde(borrow, rename = "resourceID")]
    pub(super) resource_id: Text<'a>,
    /// Where Google's own description of it is, which names project and zone.
    #[serde(rename = "resourceURL")]
    pub(super) resource_url: Text<'a>,
    /// By which a machine in Azure knows itself.
    #[serde(rename = "vmID")]
    pub(super) vm_id: Text<'a>,
    #[serde(rename = "accountID")]
    pub(super) account_id: Text<'a>,
    pub(super) provider: Text<'a>,
    pub(super) region: Text<'a>,
    pub(super) labels: Option<Value>,
}

/// A vulnerability or a compliance issue: the vendor uses one shape for both, and the command
/// line tool a second with other names.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Weakness<'a> {
    #[serde(borrow)]
    pub(super) cve: Text<'a>,
    /// The number of a compliance check; the command line tool writes the CVE here.
    pub(super) id: Text<'a>,
    pub(super) title: Text<'a>,
    pub(super) text: Text<'a>,
    pub(super) cause: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) cvss: Text<'a>,
    #[serde(alias = "vector")]
    pub(super) vec_str: Text<'a>,
    pub(super) package_name: Text<'a>,
    pub(super) package_version: Text<'a>,
    pub(super) package_path: Text<'a>,
    pub(super) package_type: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) link: Text<'a>,
    /// An object with the factor as the key, or a list of factors.
    pub(super) risk_factors: Option<Value>,
    pub(super) exploit: Text<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) exploits: Vec<Exploit<'a>>,
    #[serde(alias = "discoveredDate")]
    pub(super) discovered: Text<'a>,
}

/// An exploit that is known.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exploit<'a> {
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    pub(super) kind: Text<'a>,
}
