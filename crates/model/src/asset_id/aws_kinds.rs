//! What vendors call kinds of AWS resources, and which ids are unique by themselves.

/// Prefixes of ids that AWS makes and never gives twice, and the kind each names.
const UNIQUE: &[(&str, &str)] = &[
    ("i-", "ec2.instance"),
    ("sg-", "ec2.security-group"),
    ("sgr-", "ec2.security-group-rule"),
    ("vpc-", "ec2.vpc"),
    ("subnet-", "ec2.subnet"),
    ("vol-", "ec2.volume"),
    ("snap-", "ec2.snapshot"),
    ("ami-", "ec2.image"),
    ("eni-", "ec2.network-interface"),
    ("rtb-", "ec2.route-table"),
    ("acl-", "ec2.network-acl"),
    ("igw-", "ec2.internet-gateway"),
    ("eigw-", "ec2.egress-only-internet-gateway"),
    ("nat-", "ec2.natgateway"),
    ("eipalloc-", "ec2.elastic-ip"),
    ("lt-", "ec2.launch-template"),
    ("vpce-", "ec2.vpc-endpoint"),
    ("vpce-svc-", "ec2.vpc-endpoint-service"),
    ("tgw-", "ec2.transit-gateway"),
    ("tgw-attach-", "ec2.transit-gateway-attachment"),
    ("tgw-rtb-", "ec2.transit-gateway-route-table"),
    ("pcx-", "ec2.vpc-peering-connection"),
    ("vgw-", "ec2.vpn-gateway"),
    ("vpn-", "ec2.vpn-connection"),
    ("cgw-", "ec2.customer-gateway"),
    ("dopt-", "ec2.dhcp-options"),
    ("fl-", "ec2.vpc-flow-log"),
    ("pl-", "ec2.prefix-list"),
    ("h-", "ec2.dedicated-host"),
    ("fs-", "elasticfilesystem.file-system"),
    ("fsap-", "elasticfilesystem.access-point"),
];

/// Words for kinds, in [`plain`] letters and without `aws` before them, and the kind they mean.
/// A word that can mean two kinds (`DB_SERVER`) is not here: a guess would join two things.
const KINDS: &[(&str, &str)] = &[
    ("account", "account"),
    ("cloudaccount", "account"),
    ("subscription", "account"),
    ("s3", "s3.bucket"),
    ("s3bucket", "s3.bucket"),
    ("bucket", "s3.bucket"),
    ("storagebucket", "s3.bucket"),
    ("managedobjectstorage", "s3.bucket"),
    ("s3object", "s3.object"),
    ("ec2instance", "ec2.instance"),
    ("instance", "ec2.instance"),
    ("virtualmachine", "ec2.instance"),
    ("ec2securitygroup", "ec2.security-group"),
    ("securitygroup", "ec2.security-group"),
    ("ec2volume", "ec2.volume"),
    ("ebsvolume", "ec2.volume"),
    ("ec2vpc", "ec2.vpc"),
    ("vpc", "ec2.vpc"),
    ("ec2subnet", "ec2.subnet"),
    ("subnet", "ec2.subnet"),
    ("ec2snapshot", "ec2.snapshot"),
    ("ebssnapshot", "ec2.snapshot"),
    ("ec2image", "ec2.image"),
    ("ami", "ec2.image"),
    ("ec2networkacl", "ec2.network-acl"),
    ("networkacl", "ec2.network-acl"),
    ("ec2networkinterface", "ec2.network-interface"),
    ("networkinterface", "ec2.network-interface"),
    ("ec2routetable", "ec2.route-table"),
    ("routetable", "ec2.route-table"),
    ("ec2internetgateway", "ec2.internet-gateway"),
    ("internetgateway", "ec2.internet-gateway"),
    ("ec2natgateway", "ec2.natgateway"),
    ("natgateway", "ec2.natgateway"),
    ("ec2eip", "ec2.elastic-ip"),
    ("eip", "ec2.elastic-ip"),
    ("ec2launchtemplate", "ec2.launch-template"),
    ("launchtemplate", "ec2.launch-template"),
    ("ec2vpcendpoint", "ec2.vpc-endpoint"),
    ("vpcendpoint", "ec2.vpc-endpoint"),
    ("ec2transitgateway", "ec2.transit-gateway"),
    ("iamrole", "iam.role"),
    ("iamuser", "iam.user"),
    ("iamgroup", "iam.group"),
    ("iampolicy", "iam.policy"),
    ("iammanagedpolicy", "iam.policy"),
    ("iaminstanceprofile", "iam.instance-profile"),
    ("rdsdbinstance", "rds.db"),
    ("rdsinstance", "rds.db"),
    ("dbinstance", "rds.db"),
    ("rdsdbcluster", "rds.cluster"),
    ("rdscluster", "rds.cluster"),
    ("rdsdbsnapshot", "rds.snapshot"),
    ("dbsnapshot", "rds.snapshot"),
    ("rdsdbclustersnapshot", "rds.cluster-snapshot"),
    ("dbclustersnapshot", "rds.cluster-snapshot"),
    ("lambdafunction", "lambda.function"),
    ("serverlessfunction", "lambda.function"),
    ("kmskey", "kms.key"),
    ("kmsalias", "kms.alias"),
    ("snstopic", "sns.topic"),
    ("sqsqueue", "sqs.queue"),
    ("dynamodbtable", "dynamodb.table"),
    ("ekscluster", "eks.cluster"),
    ("ecscluster", "ecs.cluster"),
    ("ecrrepository", "ecr.repository"),
    ("cloudtrailtrail", "cloudtrail.trail"),
    ("cloudtrail", "cloudtrail.trail"),
    ("cloudfrontdistribution", "cloudfront.distribution"),
    ("elasticloadbalancingv2loadbalancer", "elasticloadbalancingv2.loadbalancer"),
    ("elbv2loadbalancer", "elasticloadbalancingv2.loadbalancer"),
    ("lb", "elasticloadbalancingv2.loadbalancer"),
    ("alb", "elasticloadbalancingv2.loadbalancer"),
    ("elasticloadbalancingloadbalancer", "elasticloadbalancing.loadbalancer"),
    ("elbloadbalancer", "elasticloadbalancing.loadbalancer"),
    ("elb", "elasticloadbalancing.loadbalancer"),
    ("secretsmanagersecret", "secretsmanager.secret"),
    ("efsfilesystem", "elasticfilesystem.file-system"),
    ("redshiftcluster", "redshift.cluster"),
    ("logsloggroup", "logs.log-group"),
    ("cloudwatchloggroup", "logs.log-group"),
    ("autoscalingautoscalinggroup", "autoscaling.autoscalinggroup"),
    ("autoscalinggroup", "autoscaling.autoscalinggroup"),
    ("asg", "autoscaling.autoscalinggroup"),
    ("kinesisstream", "kinesis.stream"),
    ("firehosedeliverystream", "firehose.deliverystream"),
    ("kinesisfirehosedeliverystream", "firehose.deliverystream"),
    ("elasticsearchdomain", "es.domain"),
    ("opensearchservicedomain", "es.domain"),
    ("opensearchdomain", "es.domain"),
    ("elasticachecluster", "elasticache.cluster"),
    ("elasticachecachecluster", "elasticache.cluster"),
    ("stepfunctionsstatemachine", "states.statemachine"),
    ("sfnstatemachine", "states.statemachine"),
    ("codebuildproject", "codebuild.project"),
    ("cloudwatchalarm", "cloudwatch.alarm"),
    ("cloudwatchmetricalarm", "cloudwatch.alarm"),
    ("guarddutydetector", "guardduty.detector"),
    ("athenaworkgroup", "athena.workgroup"),
    ("route53hostedzone", "route53.hostedzone"),
    ("route53zone", "route53.hostedzone"),
    ("certificatemanagercertificate", "acm.certificate"),
    ("acmcertificate", "acm.certificate"),
];

/// The canonical kind of a vendor's word: CloudFormation, Security Hub, Terraform or plain.
pub(super) fn canonical(word: &str) -> Option<&'static str> {
    let word = plain(word);
    let word = word.strip_prefix("aws").or_else(|| word.strip_prefix("amazon")).unwrap_or(&word);
    KINDS.iter().find(|(spelling, _)| *spelling == word).map(|(_, kind)| *kind)
}

/// The kind of an id that is unique by itself: a known prefix and at least eight hex digits.
pub(super) fn of_unique_id(id: &str) -> Option<&'static str> {
    let at = id.rfind('-')?;
    let (prefix, hex) = id.split_at_checked(at + 1)?;
    if !(8..=32).contains(&hex.len()) || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    UNIQUE.iter().find(|(known, _)| *known == prefix).map(|(_, kind)| *kind)
}

/// The kind that the prefix of an id names, whatever follows: samples write `i-123`.
pub(super) fn has_prefix_of(id: &str, kind: &str) -> bool {
    UNIQUE.iter().any(|(prefix, named)| *named == kind && id.starts_with(prefix))
}

/// Whether AWS makes the ids of this kind, so that a name does not identify it.
pub(super) fn is_known_by_id(kind: &str) -> bool {
    UNIQUE.iter().any(|(_, named)| *named == kind)
}

/// Letters and digits in lower case.
fn plain(word: &str) -> String {
    word.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
