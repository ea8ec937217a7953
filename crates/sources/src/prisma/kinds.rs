//! The kinds of resources as the cloud names them, by the API name that the posture side states.

/// The cloud's own kind for an API name (`aws-ec2-describe-instances` → `AWS::EC2::Instance`).
pub(super) fn kind_of_api(api: &str) -> Option<&'static str> {
    KINDS.iter().find(|(name, _)| *name == api).map(|(_, kind)| *kind)
}

/// The cloud's own kind for the vendor's resource type, where the API name is not stated: in the
/// spelling of alerts (`SECURITY_GROUP`), or in that of the inventory (`Amazon VPC Security Group`).
pub(super) fn kind_of_type(cloud: &str, resource_type: &str) -> Option<&'static str> {
    let words: String = resource_type
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .take(128)
        .collect();
    let known = TYPES.iter().filter(|(of, _, _)| *of == cloud);
    let whole = known.clone().find(|(_, end, _)| *end == words);
    let found =
        whole.or_else(|| known.clone().find(|(_, end, _)| end.len() > 8 && words.ends_with(end)));
    found.map(|(_, _, kind)| *kind)
}

/// Cloud, how the vendor's words for the type end, and the cloud's own kind.
const TYPES: &[(&str, &str, &str)] = &[
    ("aws", "containerimage", "ContainerImage"),
    ("aws", "ec2instance", "AWS::EC2::Instance"),
    ("aws", "iamrole", "AWS::IAM::Role"),
    ("aws", "iamuser", "AWS::IAM::User"),
    ("aws", "instance", "AWS::EC2::Instance"),
    ("aws", "kmskey", "AWS::KMS::Key"),
    ("aws", "lambdafunction", "AWS::Lambda::Function"),
    ("aws", "rdsinstance", "AWS::RDS::DBInstance"),
    ("aws", "s3bucket", "AWS::S3::Bucket"),
    ("aws", "securitygroup", "AWS::EC2::SecurityGroup"),
    ("aws", "sqsqueue", "AWS::SQS::Queue"),
    ("aws", "storagebucket", "AWS::S3::Bucket"),
    ("aws", "subnet", "AWS::EC2::Subnet"),
    ("aws", "virtualnetwork", "AWS::EC2::VPC"),
    ("gcp", "computeengineinstance", "compute.googleapis.com/Instance"),
    ("gcp", "instance", "compute.googleapis.com/Instance"),
    ("gcp", "storagebucket", "storage.googleapis.com/Bucket"),
    ("gcp", "subnet", "compute.googleapis.com/Subnetwork"),
    ("gcp", "virtualnetwork", "compute.googleapis.com/Network"),
];

const KINDS: &[(&str, &str)] = &[
    ("aws-cloudfront-list-distributions", "AWS::CloudFront::Distribution"),
    ("aws-cloudtrail-describe-trails", "AWS::CloudTrail::Trail"),
    ("aws-dynamodb-describe-table", "AWS::DynamoDB::Table"),
    ("aws-ec2-describe-images", "AWS::EC2::Image"),
    ("aws-ec2-describe-instances", "AWS::EC2::Instance"),
    ("aws-ec2-describe-internet-gateways", "AWS::EC2::InternetGateway"),
    ("aws-ec2-describe-network-acls", "AWS::EC2::NetworkAcl"),
    ("aws-ec2-describe-network-interfaces", "AWS::EC2::NetworkInterface"),
    ("aws-ec2-describe-route-tables", "AWS::EC2::RouteTable"),
    ("aws-ec2-describe-security-groups", "AWS::EC2::SecurityGroup"),
    ("aws-ec2-describe-snapshots", "AWS::EC2::Snapshot"),
    ("aws-ec2-describe-subnets", "AWS::EC2::Subnet"),
    ("aws-ec2-describe-volumes", "AWS::EC2::Volume"),
    ("aws-ec2-describe-vpcs", "AWS::EC2::VPC"),
    ("aws-ec2-elastic-address", "AWS::EC2::EIP"),
    ("aws-ecr-get-repository-policy", "AWS::ECR::Repository"),
    ("aws-ecs-describe-task-definition", "AWS::ECS::TaskDefinition"),
    ("aws-ecr-image", "ContainerImage"),
    ("aws-eks-describe-cluster", "AWS::EKS::Cluster"),
    ("aws-elb-describe-load-balancers", "AWS::ElasticLoadBalancing::LoadBalancer"),
    ("aws-elbv2-describe-load-balancers", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("aws-es-describe-elasticsearch-domain", "AWS::Elasticsearch::Domain"),
    ("aws-iam-get-policy-version", "AWS::IAM::ManagedPolicy"),
    ("aws-iam-list-groups", "AWS::IAM::Group"),
    ("aws-iam-list-roles", "AWS::IAM::Role"),
    ("aws-iam-list-users", "AWS::IAM::User"),
    ("aws-kms-get-key-rotation-status", "AWS::KMS::Key"),
    ("aws-lambda-list-functions", "AWS::Lambda::Function"),
    ("aws-rds-db-cluster", "AWS::RDS::DBCluster"),
    ("aws-rds-describe-db-instances", "AWS::RDS::DBInstance"),
    ("aws-rds-describe-db-snapshots", "AWS::RDS::DBSnapshot"),
    ("aws-redshift-describe-clusters", "AWS::Redshift::Cluster"),
    ("aws-s3api-get-bucket-acl", "AWS::S3::Bucket"),
    ("aws-secretsmanager-describe-secret", "AWS::SecretsManager::Secret"),
    ("aws-sns-get-topic-attributes", "AWS::SNS::Topic"),
    ("aws-sqs-get-queue-attributes", "AWS::SQS::Queue"),
    ("gcloud-compute-firewall-rules-list", "compute.googleapis.com/Firewall"),
    ("gcloud-compute-instances-list", "compute.googleapis.com/Instance"),
    ("gcloud-compute-networks-list", "compute.googleapis.com/Network"),
    ("gcloud-compute-networks-subnets-list", "compute.googleapis.com/Subnetwork"),
    ("gcloud-container-describe-clusters", "container.googleapis.com/Cluster"),
    ("gcloud-iam-service-accounts-list", "iam.googleapis.com/ServiceAccount"),
    ("gcloud-kms-keyring-list", "cloudkms.googleapis.com/KeyRing"),
    ("gcloud-sql-instances-list", "sqladmin.googleapis.com/Instance"),
    ("gcloud-storage-buckets-list", "storage.googleapis.com/Bucket"),
];
