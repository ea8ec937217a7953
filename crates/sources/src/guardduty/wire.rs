//! A GuardDuty finding as written: the fields that are read.
//!
//! The API spells names `AccountId`, the export to S3 and EventBridge `accountId`; each field
//! takes both.

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Text, many, object, texts};

/// One finding, or the event around it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Finding<'a> {
    #[serde(borrow, alias = "Id")]
    pub(super) id: Text<'a>,
    #[serde(borrow, alias = "Arn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, rename = "type", alias = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "Title")]
    pub(super) title: Text<'a>,
    #[serde(borrow, alias = "Description")]
    pub(super) description: Text<'a>,
    #[serde(borrow, alias = "Severity")]
    pub(super) severity: Text<'a>,
    #[serde(borrow, alias = "AccountId")]
    pub(super) account_id: Text<'a>,
    #[serde(borrow, alias = "Account")]
    pub(super) account: Text<'a>,
    #[serde(borrow, alias = "Region")]
    pub(super) region: Text<'a>,
    #[serde(borrow, alias = "Partition")]
    pub(super) partition: Text<'a>,
    #[serde(borrow, alias = "CreatedAt")]
    pub(super) created_at: Text<'a>,
    #[serde(borrow, alias = "UpdatedAt")]
    pub(super) updated_at: Text<'a>,
    #[serde(borrow, alias = "Archived")]
    pub(super) archived: Text<'a>,
    #[serde(borrow, alias = "EventFirstSeen")]
    pub(super) event_first_seen: Text<'a>,
    #[serde(borrow, alias = "EventLastSeen")]
    pub(super) event_last_seen: Text<'a>,
    #[serde(borrow, alias = "Resource", deserialize_with = "object")]
    pub(super) resource: Resource<'a>,
    #[serde(borrow, alias = "Service", deserialize_with = "object")]
    pub(super) service: Service<'a>,
    #[serde(borrow, alias = "Detail")]
    pub(super) detail: Option<Box<Finding<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Resource<'a> {
    #[serde(borrow, rename = "resourceType", alias = "ResourceType")]
    pub(super) kind: Text<'a>,
    #[serde(
        borrow,
        rename = "accessKeyDetails",
        alias = "AccessKeyDetails",
        deserialize_with = "object"
    )]
    pub(super) access_key: AccessKey<'a>,
    #[serde(
        borrow,
        rename = "instanceDetails",
        alias = "InstanceDetails",
        deserialize_with = "object"
    )]
    pub(super) instance: Instance<'a>,
    #[serde(
        borrow,
        rename = "s3BucketDetails",
        alias = "S3BucketDetails",
        deserialize_with = "many"
    )]
    pub(super) buckets: Vec<Bucket<'a>>,
    #[serde(
        borrow,
        rename = "eksClusterDetails",
        alias = "EksClusterDetails",
        deserialize_with = "object"
    )]
    pub(super) eks_cluster: Cluster<'a>,
    #[serde(
        borrow,
        rename = "kubernetesDetails",
        alias = "KubernetesDetails",
        deserialize_with = "object"
    )]
    pub(super) kubernetes: Kubernetes<'a>,
    #[serde(
        borrow,
        rename = "ecsClusterDetails",
        alias = "EcsClusterDetails",
        deserialize_with = "object"
    )]
    pub(super) ecs_cluster: EcsCluster<'a>,
    #[serde(
        borrow,
        rename = "containerDetails",
        alias = "ContainerDetails",
        deserialize_with = "object"
    )]
    pub(super) container: Container<'a>,
    #[serde(
        borrow,
        rename = "rdsDbInstanceDetails",
        alias = "RdsDbInstanceDetails",
        deserialize_with = "object"
    )]
    pub(super) database: Database<'a>,
    #[serde(
        borrow,
        rename = "rdsDbUserDetails",
        alias = "RdsDbUserDetails",
        deserialize_with = "object"
    )]
    pub(super) database_user: DatabaseUser<'a>,
    #[serde(
        borrow,
        rename = "rdsLimitlessDbDetails",
        alias = "RdsLimitlessDbDetails",
        deserialize_with = "object"
    )]
    pub(super) limitless: Limitless<'a>,
    #[serde(
        borrow,
        rename = "lambdaDetails",
        alias = "LambdaDetails",
        deserialize_with = "object"
    )]
    pub(super) lambda: Lambda<'a>,
    #[serde(
        borrow,
        rename = "ebsVolumeDetails",
        alias = "EbsVolumeDetails",
        deserialize_with = "object"
    )]
    pub(super) volumes: EbsVolumes<'a>,
    #[serde(
        borrow,
        rename = "ebsSnapshotDetails",
        alias = "EbsSnapshotDetails",
        deserialize_with = "object"
    )]
    pub(super) snapshot: Snapshot<'a>,
    #[serde(
        borrow,
        rename = "ec2ImageDetails",
        alias = "Ec2ImageDetails",
        deserialize_with = "object"
    )]
    pub(super) image: Image<'a>,
    #[serde(
        borrow,
        rename = "recoveryPointDetails",
        alias = "RecoveryPointDetails",
        deserialize_with = "object"
    )]
    pub(super) recovery_point: RecoveryPoint<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AccessKey<'a> {
    #[serde(borrow, alias = "AccessKeyId")]
    pub(super) access_key_id: Text<'a>,
    #[serde(borrow, alias = "UserName")]
    pub(super) user_name: Text<'a>,
    #[serde(borrow, alias = "UserType")]
    pub(super) user_type: Text<'a>,
    #[serde(borrow, alias = "PrincipalId")]
    pub(super) principal_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Instance<'a> {
    #[serde(borrow, alias = "InstanceId")]
    pub(super) instance_id: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
    #[serde(
        borrow,
        rename = "iamInstanceProfile",
        alias = "IamInstanceProfile",
        deserialize_with = "object"
    )]
    pub(super) profile: Profile<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Profile<'a> {
    #[serde(borrow, alias = "Arn")]
    pub(super) arn: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Bucket<'a> {
    #[serde(borrow, alias = "Arn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
    #[serde(borrow, alias = "PublicAccess", deserialize_with = "object")]
    pub(super) public_access: PublicAccess<'a>,
    #[serde(
        borrow,
        rename = "s3ObjectDetails",
        alias = "S3ObjectDetails",
        deserialize_with = "many"
    )]
    pub(super) objects: Vec<BucketObject<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PublicAccess<'a> {
    #[serde(borrow, alias = "EffectivePermission")]
    pub(super) effective_permission: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BucketObject<'a> {
    #[serde(borrow, rename = "objectArn", alias = "ObjectArn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, alias = "Key")]
    pub(super) key: Text<'a>,
    #[serde(borrow, alias = "Hash")]
    pub(super) hash: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cluster<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Arn")]
    pub(super) arn: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Kubernetes<'a> {
    #[serde(
        borrow,
        rename = "kubernetesUserDetails",
        alias = "KubernetesUserDetails",
        deserialize_with = "object"
    )]
    pub(super) user: KubernetesUser<'a>,
    #[serde(
        borrow,
        rename = "kubernetesWorkloadDetails",
        alias = "KubernetesWorkloadDetails",
        deserialize_with = "object"
    )]
    pub(super) workload: Workload<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct KubernetesUser<'a> {
    #[serde(borrow, alias = "Username")]
    pub(super) username: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Workload<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "type", alias = "Type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "Namespace")]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, alias = "Containers", deserialize_with = "many")]
    pub(super) containers: Vec<Container<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EcsCluster<'a> {
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Arn")]
    pub(super) arn: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
    #[serde(borrow, rename = "taskDetails", alias = "TaskDetails", deserialize_with = "object")]
    pub(super) task: Task<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Task<'a> {
    #[serde(borrow, alias = "Arn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, alias = "Containers", deserialize_with = "many")]
    pub(super) containers: Vec<Container<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container<'a> {
    #[serde(borrow, alias = "Id")]
    pub(super) id: Text<'a>,
    #[serde(borrow, alias = "Name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Image")]
    pub(super) image: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Database<'a> {
    #[serde(borrow, rename = "dbInstanceIdentifier", alias = "DbInstanceIdentifier")]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "dbInstanceArn", alias = "DbInstanceArn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, rename = "dbClusterIdentifier", alias = "DbClusterIdentifier")]
    pub(super) cluster: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DatabaseUser<'a> {
    #[serde(borrow, alias = "User")]
    pub(super) user: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Limitless<'a> {
    #[serde(borrow, rename = "dbShardGroupIdentifier", alias = "DbShardGroupIdentifier")]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "dbShardGroupArn", alias = "DbShardGroupArn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, rename = "dbClusterIdentifier", alias = "DbClusterIdentifier")]
    pub(super) cluster: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Lambda<'a> {
    #[serde(borrow, rename = "functionArn", alias = "FunctionArn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, rename = "functionName", alias = "FunctionName")]
    pub(super) name: Text<'a>,
    #[serde(borrow, alias = "Role")]
    pub(super) role: Text<'a>,
    #[serde(alias = "Tags")]
    pub(super) tags: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EbsVolumes<'a> {
    #[serde(
        borrow,
        rename = "scannedVolumeDetails",
        alias = "ScannedVolumeDetails",
        deserialize_with = "many"
    )]
    pub(super) scanned: Vec<Volume<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume<'a> {
    #[serde(borrow, rename = "volumeArn", alias = "VolumeArn")]
    pub(super) arn: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Snapshot<'a> {
    #[serde(borrow, rename = "snapshotArn", alias = "SnapshotArn")]
    pub(super) arn: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Image<'a> {
    #[serde(borrow, rename = "imageArn", alias = "ImageArn")]
    pub(super) arn: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RecoveryPoint<'a> {
    #[serde(borrow, rename = "recoveryPointArn", alias = "RecoveryPointArn")]
    pub(super) arn: Text<'a>,
    #[serde(borrow, rename = "backupVaultName", alias = "BackupVaultName")]
    pub(super) vault: Text<'a>,
}

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
