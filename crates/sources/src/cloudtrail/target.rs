//! To which asset something was done.

use quell_model::Asset;
use serde_json::Value;

use super::principal::of_insight;
use super::wire::{Event, LookedUp};
use crate::aws::{Place, account, asset};
use crate::wire::Text;

const NATIVE_BYTES: usize = 2048;

/// Parameters that name a resource: of which service, the path in the request or the response,
/// and the kind of resource. The first that is there counts, so what is acted on stands before
/// what is given to it.
const PARAMETERS: &[(&str, &str, &str)] = &[
    ("autoscaling", "autoScalingGroupName", "AWS::AutoScaling::AutoScalingGroup"),
    ("cloudfront", "id", "AWS::CloudFront::Distribution"),
    ("cloudtrail", "trailName", "AWS::CloudTrail::Trail"),
    ("cloudtrail", "name", "AWS::CloudTrail::Trail"),
    ("cloudtrail", "resourceIdList", "AWS::CloudTrail::Trail"),
    ("dynamodb", "tableName", "AWS::DynamoDB::Table"),
    ("ec2", "instanceId", "AWS::EC2::Instance"),
    ("ec2", "instancesSet.items.instanceId", "AWS::EC2::Instance"),
    ("ec2", "groupId", "AWS::EC2::SecurityGroup"),
    ("ec2", "snapshotId", "AWS::EC2::Snapshot"),
    ("ec2", "volumeId", "AWS::EC2::Volume"),
    ("ec2", "imageId", "AWS::EC2::Image"),
    ("ec2", "networkInterfaceId", "AWS::EC2::NetworkInterface"),
    ("ec2", "routeTableId", "AWS::EC2::RouteTable"),
    ("ec2", "networkAclId", "AWS::EC2::NetworkAcl"),
    ("ec2", "internetGatewayId", "AWS::EC2::InternetGateway"),
    ("ec2", "subnetId", "AWS::EC2::Subnet"),
    ("ec2", "subnet.subnetId", "AWS::EC2::Subnet"),
    ("ec2", "vpcId", "AWS::EC2::VPC"),
    ("ec2", "vpc.vpcId", "AWS::EC2::VPC"),
    ("ec2", "internetGateway.internetGatewayId", "AWS::EC2::InternetGateway"),
    ("ec2", "networkInterface.networkInterfaceId", "AWS::EC2::NetworkInterface"),
    ("ec2", "routeTable.routeTableId", "AWS::EC2::RouteTable"),
    ("ec2", "resourcesSet.items.resourceId", ""),
    ("ec2", "DeleteFlowLogsRequest.FlowLogId.content", "AWS::EC2::FlowLog"),
    ("ecr", "repositoryName", "AWS::ECR::Repository"),
    ("ecs", "cluster", "AWS::ECS::Cluster"),
    ("eks", "clusterName", "AWS::EKS::Cluster"),
    ("eks", "name", "AWS::EKS::Cluster"),
    ("elasticfilesystem", "fileSystemId", "AWS::EFS::FileSystem"),
    ("elasticloadbalancing", "loadBalancerArn", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("es", "domainName", "AWS::Elasticsearch::Domain"),
    ("guardduty", "detectorId", "AWS::GuardDuty::Detector"),
    ("iam", "roleName", "AWS::IAM::Role"),
    ("iam", "userName", "AWS::IAM::User"),
    ("iam", "groupName", "AWS::IAM::Group"),
    ("iam", "instanceProfileName", "AWS::IAM::InstanceProfile"),
    ("iam", "policyArn", "AWS::IAM::Policy"),
    ("iam", "policy.arn", "AWS::IAM::Policy"),
    ("iam", "sAMLProviderArn", "AWS::IAM::SAMLProvider"),
    ("iam", "openIDConnectProviderArn", "AWS::IAM::OIDCProvider"),
    ("kinesis", "streamName", "AWS::Kinesis::Stream"),
    ("kms", "keyId", "AWS::KMS::Key"),
    ("kms", "keyMetadata.arn", "AWS::KMS::Key"),
    ("lambda", "functionArn", "AWS::Lambda::Function"),
    ("lambda", "functionName", "AWS::Lambda::Function"),
    ("logs", "logGroupName", "AWS::Logs::LogGroup"),
    ("rds", "dBSnapshotIdentifier", "AWS::RDS::DBSnapshot"),
    ("rds", "dBClusterSnapshotIdentifier", "AWS::RDS::DBClusterSnapshot"),
    ("rds", "dBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("rds", "dBClusterIdentifier", "AWS::RDS::DBCluster"),
    ("rds", "resourceName", ""),
    ("redshift", "clusterIdentifier", "AWS::Redshift::Cluster"),
    ("route53", "hostedZoneId", "AWS::Route53::HostedZone"),
    ("s3", "bucketName", "AWS::S3::Bucket"),
    ("secretsmanager", "aRN", "AWS::SecretsManager::Secret"),
    ("secretsmanager", "arn", "AWS::SecretsManager::Secret"),
    ("secretsmanager", "secretId", "AWS::SecretsManager::Secret"),
    ("secretsmanager", "name", "AWS::SecretsManager::Secret"),
    ("sns", "topicArn", "AWS::SNS::Topic"),
    ("sqs", "queueUrl", "AWS::SQS::Queue"),
    ("ssm", "instanceId", "AWS::EC2::Instance"),
    ("ssm", "instanceIds", "AWS::EC2::Instance"),
    ("ssm", "target", "AWS::EC2::Instance"),
    ("states", "stateMachineArn", "AWS::StepFunctions::StateMachine"),
    ("sts", "roleArn", "AWS::IAM::Role"),
];

/// The resource that the event names, else the one that its parameters name, else the account.
pub(super) fn target(event: &Event<'_>, looked_up: &LookedUp<'_>) -> Asset {
    let place = place(event);
    of_resources(event, &place)
        .or_else(|| of_parameters(event, &place))
        .or_else(|| of_lookup(looked_up, &place))
        .or_else(|| account(&place))
        .unwrap_or_default()
}

fn place<'e>(event: &'e Event<'_>) -> Place<'e> {
    let identity = &event.user_identity;
    let region = event.region.or_empty();
    let partition = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")];
    let partition = partition.iter().find(|(start, _)| region.starts_with(start));
    Place {
        partition: partition.map_or("aws", |(_, partition)| partition),
        account: event
            .recipient_account_id
            .get()
            .or_else(|| identity.account_id.get())
            .or_else(|| account_of(identity.arn.get()?))
            .or_else(|| account_of(of_insight(event)?))
            .unwrap_or_default(),
        region,
    }
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

fn of_resources(event: &Event<'_>, place: &Place<'_>) -> Option<Asset> {
    let named = event.resources.iter().find(|resource| resource.arn.get().is_some())?;
    let place = Place { account: named.account_id.get().unwrap_or(place.account), ..*place };
    Some(asset(named.arn.or_empty(), named.kind.or_empty(), &place))
}

/// What was asked names the resource; what was made only the answer can name.
fn of_parameters(event: &Event<'_>, place: &Place<'_>) -> Option<Asset> {
    let service = event.source.or_empty().strip_suffix(".amazonaws.com")?;
    let own = || PARAMETERS.iter().filter(|(of, _, _)| *of == service);
    let found = [&event.request, &event.response]
        .into_iter()
        .find_map(|value| own().find_map(|(_, path, kind)| Some((at(value, path)?, *kind))))?;
    let (native, kind) = found;
    (native.len() <= NATIVE_BYTES).then(|| asset(&full(native, kind, place), kind, place))
}

/// The text at a path; of a list its first element.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    let mut value = value;
    for name in path.split('.') {
        value = value.get(name)?;
        if let Some(list) = value.as_array() {
            value = list.first()?;
        }
    }
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A key is named by an alias too, which is another resource than the key.
fn full(native: &str, kind: &str, place: &Place<'_>) -> String {
    match native.strip_prefix("alias/") {
        Some(alias) if kind == "AWS::KMS::Key" => {
            let Place { partition, account, region } = place;
            format!("arn:{partition}:kms:{region}:{account}:alias/{alias}")
        }
        _ => native.to_owned(),
    }
}

fn of_lookup(looked_up: &LookedUp<'_>, place: &Place<'_>) -> Option<Asset> {
    let known = |kind: &Text<'_>| kind.get().is_some_and(|kind| kind != "AWS::IAM::AccessKey");
    let named = looked_up.resources.iter().find(|r| r.name.get().is_some() && known(&r.kind))?;
    let native = named.name.untrusted(NATIVE_BYTES);
    Some(asset(native.raw(), named.kind.or_empty(), place))
}
