//! What hardly matters, as loud as tools really are about it.

use std::collections::BTreeSet;

use serde_json::json;

use super::records::{
    Weakness, arn, bucket_resource, guardduty, inspector, instance_resource, prowler, reachable,
    security_hub, trivy, wiz,
};
use super::{ACCOUNTS, Account, Files, Place, place};
use crate::random::Random;

/// Checks of Prowler with service, kind of resource, ARN kind and the severity it gives.
const CHECKS: &[(&str, &str, &str, &str, i64)] = &[
    ("s3_bucket_default_encryption", "s3", "AwsS3Bucket", "", 3),
    ("s3_bucket_object_versioning", "s3", "AwsS3Bucket", "", 3),
    ("s3_bucket_server_access_logging_enabled", "s3", "AwsS3Bucket", "", 3),
    ("s3_bucket_secure_transport_policy", "s3", "AwsS3Bucket", "", 3),
    ("s3_bucket_kms_encryption", "s3", "AwsS3Bucket", "", 3),
    ("s3_bucket_no_mfa_delete", "s3", "AwsS3Bucket", "", 3),
    ("s3_bucket_lifecycle_enabled", "s3", "AwsS3Bucket", "", 2),
    ("s3_bucket_cross_region_replication", "s3", "AwsS3Bucket", "", 2),
    ("s3_bucket_public_access", "s3", "AwsS3Bucket", "", 5),
    ("ec2_instance_imdsv2_enabled", "ec2", "AwsEc2Instance", "instance", 4),
    ("ec2_instance_public_ip", "ec2", "AwsEc2Instance", "instance", 3),
    ("ec2_instance_port_ssh_exposed_to_internet", "ec2", "AwsEc2Instance", "instance", 5),
    ("ec2_instance_older_than_specific_days", "ec2", "AwsEc2Instance", "instance", 3),
    ("ec2_instance_managed_by_ssm", "ec2", "AwsEc2Instance", "instance", 3),
    ("ec2_instance_detailed_monitoring_enabled", "ec2", "AwsEc2Instance", "instance", 2),
    ("ec2_ebs_volume_encryption", "ec2", "AwsEc2Volume", "volume", 4),
    ("ec2_ebs_snapshots_encrypted", "ec2", "AwsEc2Snapshot", "snapshot", 3),
    (
        "ec2_securitygroup_allow_ingress_from_internet_to_all_ports",
        "ec2",
        "AwsEc2SecurityGroup",
        "security-group",
        5,
    ),
    (
        "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
        "ec2",
        "AwsEc2SecurityGroup",
        "security-group",
        4,
    ),
    (
        "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389",
        "ec2",
        "AwsEc2SecurityGroup",
        "security-group",
        4,
    ),
    (
        "ec2_securitygroup_default_restrict_traffic",
        "ec2",
        "AwsEc2SecurityGroup",
        "security-group",
        4,
    ),
    ("ec2_securitygroup_not_used", "ec2", "AwsEc2SecurityGroup", "security-group", 2),
    ("ec2_networkacl_allow_ingress_any_port", "ec2", "AwsEc2NetworkAcl", "network-acl", 3),
    ("vpc_flow_logs_enabled", "ec2", "AwsEc2Vpc", "vpc", 3),
    ("vpc_subnet_no_public_ip_by_default", "ec2", "AwsEc2Subnet", "subnet", 3),
    ("rds_instance_storage_encrypted", "rds", "AwsRdsDbInstance", "db", 4),
    ("rds_instance_multi_az", "rds", "AwsRdsDbInstance", "db", 3),
    ("rds_instance_deletion_protection", "rds", "AwsRdsDbInstance", "db", 3),
    ("rds_instance_minor_version_upgrade_enabled", "rds", "AwsRdsDbInstance", "db", 2),
    ("rds_instance_iam_authentication_enabled", "rds", "AwsRdsDbInstance", "db", 3),
    ("rds_instance_integration_cloudwatch_logs", "rds", "AwsRdsDbInstance", "db", 3),
    ("iam_user_mfa_enabled_console_access", "iam", "AwsIamUser", "user", 4),
    ("iam_rotate_access_key_90_days", "iam", "AwsIamUser", "user", 3),
    ("iam_user_accesskey_unused", "iam", "AwsIamUser", "user", 3),
    ("iam_policy_allows_privilege_escalation", "iam", "AwsIamPolicy", "policy", 4),
    ("iam_role_administratoraccess_policy", "iam", "AwsIamRole", "role", 4),
    ("iam_aws_attached_policy_no_administrative_privileges", "iam", "AwsIamPolicy", "policy", 4),
    ("iam_inline_policy_no_administrative_privileges", "iam", "AwsIamRole", "role", 4),
    ("iam_no_root_access_key", "iam", "AwsIamUser", "user", 5),
    ("kms_cmk_rotation_enabled", "kms", "AwsKmsKey", "key", 3),
    ("kms_key_not_publicly_accessible", "kms", "AwsKmsKey", "key", 5),
    ("awslambda_function_inside_vpc", "lambda", "AwsLambdaFunction", "function", 2),
    ("awslambda_function_no_secrets_in_variables", "lambda", "AwsLambdaFunction", "function", 5),
    ("awslambda_function_using_supported_runtimes", "lambda", "AwsLambdaFunction", "function", 3),
    ("awslambda_function_url_public", "lambda", "AwsLambdaFunction", "function", 4),
    ("sns_topics_kms_encryption_at_rest_enabled", "sns", "AwsSnsTopic", "topic", 4),
    ("sqs_queues_not_publicly_accessible", "sqs", "AwsSqsQueue", "queue", 5),
    (
        "secretsmanager_automatic_rotation_enabled",
        "secretsmanager",
        "AwsSecretsManagerSecret",
        "secret",
        3,
    ),
    (
        "elbv2_insecure_ssl_ciphers",
        "elasticloadbalancing",
        "AwsElbv2LoadBalancer",
        "loadbalancer",
        3,
    ),
    ("elbv2_waf_acl_attached", "elasticloadbalancing", "AwsElbv2LoadBalancer", "loadbalancer", 3),
    ("ecr_repositories_scan_images_on_push_enabled", "ecr", "AwsEcrRepository", "repository", 3),
    ("eks_cluster_not_publicly_accessible", "eks", "AwsEksCluster", "cluster", 4),
    (
        "opensearch_service_domains_not_publicly_accessible",
        "es",
        "AwsOpenSearchDomain",
        "domain",
        5,
    ),
    ("dynamodb_tables_pitr_enabled", "dynamodb", "AwsDynamoDbTable", "table", 3),
    ("cloudtrail_log_file_validation_enabled", "cloudtrail", "AwsCloudTrailTrail", "trail", 3),
    (
        "cloudwatch_log_group_retention_policy_specific_days_enabled",
        "logs",
        "AwsLogsLogGroup",
        "log-group",
        3,
    ),
];

/// Checks that open an asset to everyone.
const OPENING: &[&str] = &["public", "exposed", "ingress"];

/// Controls of Security Hub.
const CONTROLS: &[(&str, &str, &str, &str, &str)] = &[
    ("S3.5", "MEDIUM", "s3", "AwsS3Bucket", ""),
    ("S3.8", "HIGH", "s3", "AwsS3Bucket", ""),
    ("S3.9", "MEDIUM", "s3", "AwsS3Bucket", ""),
    ("EC2.8", "HIGH", "ec2", "AwsEc2Instance", "instance"),
    ("EC2.19", "CRITICAL", "ec2", "AwsEc2SecurityGroup", "security-group"),
    ("EC2.2", "HIGH", "ec2", "AwsEc2SecurityGroup", "security-group"),
    ("RDS.3", "MEDIUM", "rds", "AwsRdsDbInstance", "db"),
    ("RDS.13", "HIGH", "rds", "AwsRdsDbInstance", "db"),
    ("IAM.1", "HIGH", "iam", "AwsIamPolicy", "policy"),
    ("IAM.6", "CRITICAL", "iam", "AwsIamUser", "user"),
    ("Lambda.1", "CRITICAL", "lambda", "AwsLambdaFunction", "function"),
    ("KMS.4", "MEDIUM", "kms", "AwsKmsKey", "key"),
    ("ECS.5", "HIGH", "ecs", "AwsEcsTaskDefinition", "task-definition"),
    ("SSM.1", "MEDIUM", "ec2", "AwsEc2Instance", "instance"),
];

/// Detections as they come every day, with what GuardDuty makes of them.
const DETECTIONS: &[(&str, f64)] = &[
    ("Recon:EC2/PortProbeUnprotectedPort", 2.0),
    ("Recon:EC2/PortProbeUnprotectedPort", 2.0),
    ("UnauthorizedAccess:EC2/SSHBruteForce", 2.0),
    ("Recon:EC2/Portscan", 5.0),
    ("Behavior:EC2/NetworkPortUnusual", 5.0),
    ("UnauthorizedAccess:EC2/TorRelay", 8.0),
    ("CryptoCurrency:EC2/BitcoinTool.B!DNS", 8.0),
];

/// Weaknesses on CISA's list, none of them among the planted.
const EXPLOITED: &[(&str, &str)] = &[
    ("CVE-2016-5195", "kernel"),
    ("CVE-2021-4034", "polkit"),
    ("CVE-2021-3156", "sudo"),
    ("CVE-2022-0847", "kernel"),
    ("CVE-2014-6271", "bash"),
    ("CVE-2023-4911", "glibc"),
    ("CVE-2022-22965", "spring-beans"),
    ("CVE-2023-44487", "nghttp2"),
];

/// Rule, title, severity and what the graph knows.
type Combination = (&'static str, &'static str, &'static str, &'static [(&'static str, bool)]);

/// Issues of Wiz with one thing that is so, never with all that it takes.
const COMBINATIONS: &[Combination] = &[
    (
        "wc-101",
        "Machine with a critical weakness",
        "CRITICAL",
        &[("isAccessibleFromInternet", false)],
    ),
    ("wc-102", "Machine exposed on a high port", "HIGH", &[("hasWideInternetExposure", true)]),
    (
        "wc-103",
        "Machine with high rights",
        "HIGH",
        &[("hasHighPrivileges", true), ("isAccessibleFromInternet", false)],
    ),
    (
        "wc-104",
        "Machine near sensitive data",
        "MEDIUM",
        &[("hasAccessToSensitiveData", true), ("isAccessibleFromInternet", false)],
    ),
    ("wc-105", "Machine with an end-of-life system", "HIGH", &[]),
    ("wc-106", "Machine with an unused role", "LOW", &[]),
    ("wc-107", "Machine with an exploit known to the public", "CRITICAL", &[]),
    ("wc-108", "Machine without an agent", "INFORMATIONAL", &[]),
];

/// Adds noise until it should make that many incidents.
pub(super) fn add(files: &mut Files, random: &mut Random, incidents: usize) {
    let mut stories: BTreeSet<String> = BTreeSet::new();
    // A story that is there already only grows, so the tries are limited too.
    for _ in 0..incidents.saturating_mul(8) {
        if stories.len() >= incidents {
            return;
        }
        let account = random.pick(ACCOUNTS).copied();
        let Some(account) = account else { return };
        let story = match random.below(100) {
            0..=37 => check(files, random, account),
            38..=47 => control(files, random, account),
            48..=72 => machine(files, random, account),
            73..=84 => image(files, random, account),
            85..=88 => detection(files, random, account),
            89..=97 => combination(files, random, account),
            98 => exploited(files, random, account),
            _ => hidden(files, random, account),
        };
        stories.insert(story);
    }
}

/// A tag for the class of the data: some resources have one, and most of those are not sensitive.
fn classed(place: &mut Place, random: &mut Random, may_be_sensitive: bool) {
    let class = match random.below(20) {
        0..=2 => "internal",
        3 => "public",
        4 | 5 if may_be_sensitive => "confidential",
        6 if may_be_sensitive => "restricted",
        _ => return,
    };
    place.tags.push(("data-classification", class.to_owned()));
}

fn check(files: &mut Files, random: &mut Random, account: Account) -> String {
    let Some((name, service, kind, arn_kind, severity)) = random.pick(CHECKS).copied() else {
        return String::new();
    };
    for _ in 0..=random.below(3) {
        let mut place = place(account, random);
        classed(&mut place, random, !OPENING.iter().any(|word| name.contains(word)));
        if name == "s3_bucket_public_access" && random.below(2) == 0 {
            place.tags.push(("data-classification", "public".to_owned()));
        }
        let arn = arn(service, arn_kind, &place);
        let status = if random.below(5) == 0 { "PASS" } else { "FAIL" };
        files.prowler.push(prowler((name, severity), (&arn, kind), &place, status));
        // The same fault in the eyes of another tool.
        if name == "s3_bucket_object_versioning" {
            let control = ("S3.14", "LOW");
            files.security_hub.push(security_hub(control, (&arn, kind), &place, "NEW"));
        }
    }
    format!("{name}@{}", account.id)
}

fn control(files: &mut Files, random: &mut Random, account: Account) -> String {
    let Some((control, severity, service, kind, arn_kind)) = random.pick(CONTROLS).copied() else {
        return String::new();
    };
    for _ in 0..=random.below(3) {
        let mut place = place(account, random);
        classed(&mut place, random, !matches!(control, "S3.8" | "EC2.19" | "EC2.2" | "Lambda.1"));
        let arn = arn(service, arn_kind, &place);
        let record = security_hub((control, severity), (&arn, kind), &place, "NEW");
        files.security_hub.push(record);
    }
    format!("{control}@{}", account.id)
}

/// A weakness as scanners meet them: severities are high, probabilities small.
fn weakness(random: &mut Random) -> (String, &'static str, f64, f64) {
    let (severity, cvss) = match random.below(20) {
        0..=2 => ("CRITICAL", 9.8),
        3 => ("CRITICAL", 9.1),
        4..=8 => ("HIGH", 7.8),
        9 => ("HIGH", 8.8),
        10..=17 => ("MEDIUM", 5.9),
        _ => ("LOW", 3.3),
    };
    let epss = match random.below(100) {
        0..=69 => 0.0007,
        70..=87 => 0.004,
        88..=95 => 0.03,
        96..=98 => 0.12,
        _ => 0.4,
    };
    let id = format!("CVE-20{}-{}", 19 + random.below(7), 90_000 + random.below(9_000));
    (id, severity, cvss, epss)
}

fn instance(random: &mut Random) -> String {
    format!("i-1{:08x}{:08x}", random.below(u64::from(u32::MAX)), random.below(u64::from(u32::MAX)))
}

const PACKAGES: &[&str] = &[
    "openssl", "curl", "glib2", "python3", "vim", "libxml2", "sqlite", "perl", "expat", "systemd",
];

fn machine(files: &mut Files, random: &mut Random, account: Account) -> String {
    let (mut place, instance) = (place(account, random), instance(random));
    let reached = random.below(12) == 0;
    classed(&mut place, random, !reached);
    for _ in 0..=random.below(4) {
        let (id, severity, cvss, epss) = weakness(random);
        let package = random.pick(PACKAGES).copied().unwrap_or_default();
        // Where the internet reaches a machine, what is likely to be exploited is no noise.
        let epss = if reached { epss.min(0.03) } else { epss };
        let weakness = Weakness { id: &id, package, severity, cvss, epss: Some(epss) };
        files.inspector.push(inspector(weakness, &instance, &place));
    }
    if reached {
        files.inspector.push(reachable(&instance, 80, &place));
    }
    instance
}

fn image(files: &mut Files, random: &mut Random, account: Account) -> String {
    let place = place(account, random);
    let digest: String = (0..8).map(|_| format!("{:08x}", random.below(0xffff_ffff))).collect();
    let vulnerabilities: Vec<_> = (0..=random.below(6))
        .map(|_| {
            let (id, severity, cvss, _) = weakness(random);
            let package = random.pick(PACKAGES).copied().unwrap_or_default();
            json!({"VulnerabilityID": id, "PkgName": package, "InstalledVersion": "1.0.1",
                "FixedVersion": "1.0.9", "Severity": severity, "Title": "Made up",
                "CVSS": {"nvd": {"V3Score": cvss}}})
        })
        .collect();
    let mut results = vec![
        json!({"Target": "debian 12", "Class": "os-pkgs", "Vulnerabilities": vulnerabilities}),
    ];
    // Keys that come with test data of libraries.
    if random.below(12) == 0 {
        results.push(json!({"Target": "usr/share/doc/test/key.pem", "Class": "secret", "Secrets": [
            {"RuleID": "private-key", "Category": "AsymmetricPrivateKey", "Title": "Asymmetric Private Key",
             "Severity": "HIGH", "StartLine": 1, "EndLine": 9, "Match": "-----BEGIN"}]}));
    }
    files.trivy.push(trivy(&place, &digest, &results));
    digest
}

fn detection(files: &mut Files, random: &mut Random, account: Account) -> String {
    let (place, instance) = (place(account, random), instance(random));
    let Some((kind, severity)) = random.pick(DETECTIONS).copied() else { return instance };
    // What is grave happens on machines for tests here; elsewhere it would be no noise.
    let lower = matches!(account.environment, "dev" | "development" | "test" | "sandbox");
    let severity = if lower { severity } else { f64::min(severity, 5.0) };
    files.guardduty.push(guardduty(
        (kind, severity),
        &instance_resource(&instance, &place),
        &place,
    ));
    if random.below(3) == 0 {
        let kind = "Discovery:S3/AnomalousBehavior";
        files.guardduty.push(guardduty((kind, 2.0), &bucket_resource(&place), &place));
    }
    instance
}

fn combination(files: &mut Files, random: &mut Random, account: Account) -> String {
    let Some((rule, title, severity, flags)) = random.pick(COMBINATIONS).copied() else {
        return String::new();
    };
    let (place, instance) = (place(account, random), instance(random));
    let arn = format!("arn:aws:ec2:{}:{}:instance/{instance}", place.region, place.account);
    files.wiz.push(wiz((rule, title, severity), (&arn, "virtualMachine"), &place, flags));
    format!("{rule}@{}", account.id)
}

/// Exploited in the wild, but where nobody reaches it, or where nobody knows.
fn exploited(files: &mut Files, random: &mut Random, account: Account) -> String {
    let (place, instance) = (place(account, random), instance(random));
    let (id, package) = random.pick(EXPLOITED).copied().unwrap_or_default();
    let epss = random.pick(&[Some(0.94), Some(0.2), None]).copied().flatten();
    let graves = [("HIGH", 7.8), ("HIGH", 8.8), ("CRITICAL", 9.8)];
    let (severity, cvss) = random.pick(&graves).copied().unwrap_or(("HIGH", 7.8));
    let weakness = Weakness { id, package, severity, cvss, epss };
    files.inspector.push(inspector(weakness, &instance, &place));
    if random.below(2) == 0 {
        let arn = format!("arn:aws:ec2:{}:{}:instance/{instance}", place.region, place.account);
        let rule = ("wc-109", "Machine in a private network", "LOW");
        let flags = [("isAccessibleFromInternet", false)];
        files.wiz.push(wiz(rule, (&arn, "virtualMachine"), &place, &flags));
    }
    id.to_owned()
}

/// What somebody has looked at and hidden.
fn hidden(files: &mut Files, random: &mut Random, account: Account) -> String {
    let place = place(account, random);
    let arn = arn("s3", "", &place);
    let control = ("S3.2", "CRITICAL");
    files.security_hub.push(security_hub(control, (&arn, "AwsS3Bucket"), &place, "SUPPRESSED"));
    // It makes no incident; the check that it stands beside does.
    check(files, random, account)
}
