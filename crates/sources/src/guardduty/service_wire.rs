//! The `service` part of a finding as written: what was seen.

use serde::Deserialize;
use serde_json::Value;

use super::wire::{AccessKey, Workload};
use crate::wire::{Text, many, object, texts};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Service<'a> {
    #[serde(borrow, alias = "Archived")]
    pub(super) archived: Text<'a>,
    #[serde(borrow, alias = "Count")]
    pub(super) count: Text<'a>,
    #[serde(borrow, alias = "EventFirstSeen")]
    pub(super) event_first_seen: Text<'a>,
    #[serde(borrow, alias = "EventLastSeen")]
    pub(super) event_last_seen: Text<'a>,
    #[serde(borrow, alias = "Action", deserialize_with = "object")]
    pub(super) action: Action<'a>,
    #[serde(
        borrow,
        rename = "runtimeDetails",
        alias = "RuntimeDetails",
        deserialize_with = "object"
    )]
    pub(super) runtime: Runtime<'a>,
    #[serde(alias = "AdditionalInfo")]
    pub(super) additional_info: Value,
    #[serde(borrow, alias = "Evidence", deserialize_with = "object")]
    pub(super) evidence: Intelligence<'a>,
    #[serde(borrow, alias = "Detection", deserialize_with = "object")]
    pub(super) detection: Detection<'a>,
    #[serde(
        borrow,
        rename = "ebsVolumeScanDetails",
        alias = "EbsVolumeScanDetails",
        deserialize_with = "object"
    )]
    pub(super) volume_scan: VolumeScan<'a>,
    #[serde(
        borrow,
        rename = "malwareScanDetails",
        alias = "MalwareScanDetails",
        deserialize_with = "object"
    )]
    pub(super) malware_scan: MalwareScan<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Action<'a> {
    #[serde(borrow, rename = "actionType", alias = "ActionType")]
    pub(super) kind: Text<'a>,
    #[serde(
        borrow,
        rename = "awsApiCallAction",
        alias = "AwsApiCallAction",
        deserialize_with = "object"
    )]
    pub(super) api_call: ApiCall<'a>,
    #[serde(
        borrow,
        rename = "dnsRequestAction",
        alias = "DnsRequestAction",
        deserialize_with = "object"
    )]
    pub(super) dns: Dns<'a>,
    #[serde(
        borrow,
        rename = "networkConnectionAction",
        alias = "NetworkConnectionAction",
        deserialize_with = "object"
    )]
    pub(super) connection: Connection<'a>,
    #[serde(
        borrow,
        rename = "portProbeAction",
        alias = "PortProbeAction",
        deserialize_with = "object"
    )]
    pub(super) probe: Probe<'a>,
    #[serde(
        borrow,
        rename = "kubernetesApiCallAction",
        alias = "KubernetesApiCallAction",
        deserialize_with = "object"
    )]
    pub(super) kubernetes_call: KubernetesCall<'a>,
    #[serde(
        borrow,
        rename = "rdsLoginAttemptAction",
        alias = "RdsLoginAttemptAction",
        deserialize_with = "object"
    )]
    pub(super) login: Login<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApiCall<'a> {
    #[serde(borrow, alias = "Api")]
    pub(super) api: Text<'a>,
    #[serde(borrow, rename = "serviceName", alias = "ServiceName")]
    pub(super) service: Text<'a>,
    #[serde(borrow, alias = "ErrorCode")]
    pub(super) error_code: Text<'a>,
    #[serde(
        borrow,
        rename = "remoteIpDetails",
        alias = "RemoteIpDetails",
        deserialize_with = "object"
    )]
    pub(super) remote: Address<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Dns<'a> {
    #[serde(borrow, alias = "Domain")]
    pub(super) domain: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Connection<'a> {
    #[serde(borrow, rename = "connectionDirection", alias = "ConnectionDirection")]
    pub(super) direction: Text<'a>,
    #[serde(
        borrow,
        rename = "localPortDetails",
        alias = "LocalPortDetails",
        deserialize_with = "object"
    )]
    pub(super) local_port: Port<'a>,
    #[serde(
        borrow,
        rename = "remotePortDetails",
        alias = "RemotePortDetails",
        deserialize_with = "object"
    )]
    pub(super) remote_port: Port<'a>,
    #[serde(
        borrow,
        rename = "remoteIpDetails",
        alias = "RemoteIpDetails",
        deserialize_with = "object"
    )]
    pub(super) remote: Address<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Port<'a> {
    #[serde(borrow, alias = "Port")]
    pub(super) port: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Probe<'a> {
    #[serde(
        borrow,
        rename = "portProbeDetails",
        alias = "PortProbeDetails",
        deserialize_with = "many"
    )]
    pub(super) ports: Vec<ProbedPort<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ProbedPort<'a> {
    #[serde(
        borrow,
        rename = "localPortDetails",
        alias = "LocalPortDetails",
        deserialize_with = "object"
    )]
    pub(super) local_port: Port<'a>,
    #[serde(
        borrow,
        rename = "remoteIpDetails",
        alias = "RemoteIpDetails",
        deserialize_with = "object"
    )]
    pub(super) remote: Address<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct KubernetesCall<'a> {
    #[serde(borrow, rename = "requestUri", alias = "RequestUri")]
    pub(super) uri: Text<'a>,
    #[serde(borrow, alias = "Verb")]
    pub(super) verb: Text<'a>,
    #[serde(
        borrow,
        rename = "sourceIPs",
        alias = "SourceIPs",
        alias = "sourceIps",
        alias = "SourceIps",
        deserialize_with = "texts"
    )]
    pub(super) source_ips: Vec<Text<'a>>,
    #[serde(
        borrow,
        rename = "remoteIpDetails",
        alias = "RemoteIpDetails",
        deserialize_with = "object"
    )]
    pub(super) remote: Address<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Login<'a> {
    #[serde(
        borrow,
        rename = "remoteIpDetails",
        alias = "RemoteIpDetails",
        deserialize_with = "object"
    )]
    pub(super) remote: Address<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Address<'a> {
    #[serde(borrow, rename = "ipAddressV4", alias = "IpAddressV4")]
    pub(super) v4: Text<'a>,
    #[serde(borrow, rename = "ipAddressV6", alias = "IpAddressV6")]
    pub(super) v6: Text<'a>,
    #[serde(borrow, alias = "Country", deserialize_with = "object")]
    pub(super) country: Country<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Country<'a> {
    #[serde(borrow, rename = "countryName", alias = "CountryName")]
    pub(super) name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Runtime<'a> {
    #[serde(borrow, alias = "Process", deserialize_with = "object")]
    pub(super) process: Process<'a>,
    #[serde(borrow, alias = "Context", deserialize_with = "object")]
    pub(super) context: Context<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Process<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "executablePath", alias = "ExecutablePath")]
    pub(super) path: Text<'a>,
    #[serde(borrow, alias = "CommandLine")]
    pub(super) command_line: Text<'a>,
    #[serde(borrow, alias = "Pid")]
    pub(super) pid: Text<'a>,
    #[serde(borrow, alias = "User")]
    pub(super) user: Text<'a>,
    #[serde(borrow, alias = "Uuid")]
    pub(super) uuid: Text<'a>,
    #[serde(borrow, alias = "ParentUuid")]
    pub(super) parent_uuid: Text<'a>,
    #[serde(borrow, alias = "Lineage", deserialize_with = "many")]
    pub(super) lineage: Vec<Process<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Context<'a> {
    #[serde(borrow, alias = "CommandLineExample")]
    pub(super) command_line_example: Text<'a>,
    #[serde(borrow, alias = "ScriptPath")]
    pub(super) script_path: Text<'a>,
    #[serde(borrow, alias = "ThreatFilePath")]
    pub(super) threat_file_path: Text<'a>,
    #[serde(borrow, alias = "ToolName")]
    pub(super) tool_name: Text<'a>,
    #[serde(borrow, alias = "ModuleName")]
    pub(super) module_name: Text<'a>,
    #[serde(borrow, alias = "TargetProcess", deserialize_with = "object")]
    pub(super) target_process: Process<'a>,
    #[serde(borrow, alias = "ModifyingProcess", deserialize_with = "object")]
    pub(super) modifying_process: Process<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Intelligence<'a> {
    #[serde(
        borrow,
        rename = "threatIntelligenceDetails",
        alias = "ThreatIntelligenceDetails",
        deserialize_with = "many"
    )]
    pub(super) threats: Vec<Threat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Threat<'a> {
    #[serde(borrow, rename = "threatListName", alias = "ThreatListName")]
    pub(super) list: Text<'a>,
    #[serde(borrow, rename = "threatNames", alias = "ThreatNames", deserialize_with = "texts")]
    pub(super) names: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Detection<'a> {
    #[serde(borrow, alias = "Sequence", deserialize_with = "object")]
    pub(super) sequence: Sequence<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Sequence<'a> {
    #[serde(borrow, alias = "Description")]
    pub(super) description: Text<'a>,
    #[serde(borrow, alias = "Actors", deserialize_with = "many")]
    pub(super) actors: Vec<Actor<'a>>,
    #[serde(borrow, alias = "Resources", deserialize_with = "many")]
    pub(super) resources: Vec<Involved<'a>>,
    #[serde(borrow, alias = "Endpoints", deserialize_with = "many")]
    pub(super) endpoints: Vec<Endpoint<'a>>,
    #[serde(borrow, alias = "Signals", deserialize_with = "many")]
    pub(super) signals: Vec<Signal<'a>>,
    #[serde(
        borrow,
        rename = "sequenceIndicators",
        alias = "SequenceIndicators",
        deserialize_with = "many"
    )]
    pub(super) indicators: Vec<Indicator<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Actor<'a> {
    #[serde(borrow, alias = "User", deserialize_with = "object")]
    pub(super) user: ActorUser<'a>,
    #[serde(borrow, alias = "Process", deserialize_with = "object")]
    pub(super) process: ActorProcess<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ActorUser<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Uid")]
    pub(super) uid: Text<'a>,
    #[serde(borrow, rename = "type", alias = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "Account", deserialize_with = "object")]
    pub(super) account: ActorAccount<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ActorAccount<'a> {
    #[serde(borrow, alias = "Uid")]
    pub(super) uid: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ActorProcess<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Path")]
    pub(super) path: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Involved<'a> {
    #[serde(borrow, alias = "Uid")]
    pub(super) uid: Text<'a>,
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "AccountId")]
    pub(super) account_id: Text<'a>,
    #[serde(borrow, rename = "resourceType", alias = "ResourceType")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "Region")]
    pub(super) region: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
    #[serde(borrow, alias = "Data", deserialize_with = "object")]
    pub(super) data: InvolvedData<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct InvolvedData<'a> {
    #[serde(borrow, alias = "AccessKey", deserialize_with = "object")]
    pub(super) access_key: AccessKey<'a>,
    #[serde(
        borrow,
        rename = "kubernetesWorkload",
        alias = "KubernetesWorkload",
        deserialize_with = "object"
    )]
    pub(super) workload: Workload<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Endpoint<'a> {
    #[serde(borrow, alias = "Ip")]
    pub(super) ip: Text<'a>,
    #[serde(borrow, alias = "Domain")]
    pub(super) domain: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Signal<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "type", alias = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(
        borrow,
        rename = "signalIndicators",
        alias = "SignalIndicators",
        deserialize_with = "many"
    )]
    pub(super) indicators: Vec<Indicator<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Indicator<'a> {
    #[serde(borrow, alias = "Key")]
    pub(super) key: Text<'a>,
    #[serde(borrow, alias = "Values", deserialize_with = "texts")]
    pub(super) values: Vec<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VolumeScan<'a> {
    #[serde(
        borrow,
        rename = "scanDetections",
        alias = "ScanDetections",
        deserialize_with = "object"
    )]
    pub(super) detections: ScanDetections<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ScanDetections<'a> {
    #[serde(
        borrow,
        rename = "threatDetectedByName",
        alias = "ThreatDetectedByName",
        deserialize_with = "object"
    )]
    pub(super) threats: DetectedThreats<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DetectedThreats<'a> {
    #[serde(borrow, rename = "threatNames", alias = "ThreatNames", deserialize_with = "many")]
    pub(super) names: Vec<Malware<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Malware<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "filePaths", alias = "FilePaths", deserialize_with = "many")]
    pub(super) files: Vec<MalwareFile<'a>>,
    #[serde(borrow, rename = "itemPaths", alias = "ItemPaths", deserialize_with = "many")]
    pub(super) items: Vec<MalwareItem<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MalwareFile<'a> {
    #[serde(borrow, rename = "filePath", alias = "FilePath")]
    pub(super) path: Text<'a>,
    #[serde(borrow, alias = "Hash")]
    pub(super) hash: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MalwareItem<'a> {
    #[serde(borrow, rename = "nestedItemPath", alias = "NestedItemPath")]
    pub(super) path: Text<'a>,
    #[serde(borrow, alias = "Hash")]
    pub(super) hash: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MalwareScan<'a> {
    #[serde(borrow, alias = "Threats", deserialize_with = "many")]
    pub(super) threats: Vec<Malware<'a>>,
}
