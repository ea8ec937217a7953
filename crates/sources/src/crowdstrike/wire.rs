//! The vendor's alerts as they come. Only what is read is named here.

use serde::Deserialize;

use crate::wire::{Text, many, object};

/// An alert.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Alert<'a> {
    #[serde(borrow)]
    pub(super) composite_id: Text<'a>,
    pub(super) agent_id: Text<'a>,
    pub(super) pattern_id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) display_name: Text<'a>,
    pub(super) description: Text<'a>,
    pub(super) product: Text<'a>,
    pub(super) severity: Text<'a>,
    pub(super) severity_name: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) resolution: Text<'a>,
    pub(super) scenario: Text<'a>,
    pub(super) objective: Text<'a>,
    pub(super) pattern_disposition_description: Text<'a>,
    pub(super) tactic: Text<'a>,
    pub(super) tactic_id: Text<'a>,
    pub(super) technique_id: Text<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) mitre_attack: Vec<Attack<'a>>,
    pub(super) created_timestamp: Text<'a>,
    pub(super) timestamp: Text<'a>,
    pub(super) updated_timestamp: Text<'a>,
    pub(super) user_name: Text<'a>,
    pub(super) filename: Text<'a>,
    pub(super) filepath: Text<'a>,
    pub(super) cmdline: Text<'a>,
    pub(super) local_process_id: Text<'a>,
    pub(super) sha256: Text<'a>,
    pub(super) ioc_value: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) parent_details: Parent<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) grandparent_details: Parent<'a>,
    #[serde(deserialize_with = "many")]
    pub(super) network_accesses: Vec<Access<'a>>,
    pub(super) falcon_host_link: Text<'a>,
    #[serde(deserialize_with = "object")]
    pub(super) device: Device<'a>,
}

/// An entry of ATT&CK.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attack<'a> {
    #[serde(borrow)]
    pub(super) tactic: Text<'a>,
    pub(super) technique_id: Text<'a>,
}

/// A process above the one that acted. Older sensors prefix each name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parent<'a> {
    #[serde(borrow)]
    pub(super) filename: Text<'a>,
    pub(super) filepath: Text<'a>,
    #[serde(alias = "parent_cmdline")]
    pub(super) cmdline: Text<'a>,
    pub(super) local_process_id: Text<'a>,
    pub(super) user_name: Text<'a>,
}

/// A connection of the process.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Access<'a> {
    #[serde(borrow)]
    pub(super) remote_address: Text<'a>,
}

/// The host.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Device<'a> {
    #[serde(borrow)]
    pub(super) device_id: Text<'a>,
    pub(super) hostname: Text<'a>,
    pub(super) instance_id: Text<'a>,
    pub(super) service_provider: Text<'a>,
    pub(super) service_provider_account_id: Text<'a>,
    pub(super) zone_group: Text<'a>,
    pub(super) platform_name: Text<'a>,
    pub(super) pod_name: Text<'a>,
    pub(super) pod_namespace: Text<'a>,
}
