//! A GuardDuty finding as written: the fields that are read.
//!
//! The API spells names `AccountId`, the export to S3 and EventBridge `accountId`; each field
//! takes both.

use serde::Deserialize;
use serde_json::Value;

use super::service_wire::Service;
use crate::wire::{Text, many, object};

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
