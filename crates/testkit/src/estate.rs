//! A made-up AWS estate as four tools report it, streamed to a writer.

use std::io::{self, Write};
use std::ops::Range;

use serde_json::{Value, json};

use crate::random::Random;

/// A check that the estate fails.
struct Check {
    /// Prowler's name of it.
    prowler: &'static str,
    /// Security Hub's control; empty where it has none.
    security_hub: &'static str,
    /// Checkov's id, which Wiz names beside its own; empty where there is none.
    checkov: &'static str,
    kind: &'static str,
    service: &'static str,
    /// Severity on the scale of OCSF.
    severity: i64,
}

const fn check(
    [prowler, security_hub, checkov, kind, service]: [&'static str; 5],
    severity: i64,
) -> Check {
    Check { prowler, security_hub, checkov, kind, service, severity }
}

const CHECKS: &[Check] = &[
    check(["s3_bucket_default_encryption", "S3.4", "CKV_AWS_19", "AwsS3Bucket", "s3"], 3),
    check(["s3_bucket_public_access", "S3.2", "CKV_AWS_20", "AwsS3Bucket", "s3"], 5),
    check(["s3_bucket_object_versioning", "S3.14", "CKV_AWS_21", "AwsS3Bucket", "s3"], 3),
    check(["ec2_instance_imdsv2_enabled", "EC2.8", "CKV_AWS_79", "AwsEc2Instance", "ec2"], 4),
    check(["ec2_ebs_volume_encryption", "EC2.3", "CKV_AWS_3", "AwsEc2Volume", "ec2"], 4),
    check(["rds_instance_storage_encrypted", "RDS.3", "CKV_AWS_16", "AwsRdsDbInstance", "rds"], 4),
    check(["rds_instance_no_public_access", "RDS.2", "CKV_AWS_17", "AwsRdsDbInstance", "rds"], 5),
    check(["kms_cmk_rotation_enabled", "KMS.4", "CKV_AWS_7", "AwsKmsKey", "kms"], 3),
    check(
        ["sns_topics_kms_encryption_at_rest_enabled", "SNS.1", "CKV_AWS_26", "AwsSnsTopic", "sns"],
        4,
    ),
    check(["awslambda_function_inside_vpc", "", "CKV_AWS_117", "AwsLambdaFunction", "lambda"], 2),
];

/// Weaknesses of one workload.
const WEAKNESSES: u64 = 40;

/// Stands where a list is empty.
const NO_CHECK: Check = check([""; 5], 0);

const REGIONS: &[&str] = &["eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2"];

/// A file of made-up findings: its name, and what writes those of some numbers.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The file's name.
    pub file: &'static str,
    begin: &'static str,
    finding: fn(u64, &mut Random) -> Value,
    /// Numbers that one element stands for.
    numbers: u64,
    end: &'static str,
}

/// One file a tool. Equal numbers are equal faults in all but the last.
pub const SOURCES: &[Source] = &[
    Source { file: "prowler.ocsf.json", begin: "[", finding: prowler, numbers: 1, end: "]\n" },
    Source {
        file: "security-hub.asff.json",
        begin: "{\"Findings\":[",
        finding: security_hub,
        numbers: 1,
        end: "]}\n",
    },
    Source {
        file: "wiz.json",
        begin: "{\"data\":{\"configurationFindings\":{\"nodes\":[",
        finding: wiz,
        numbers: 1,
        end: "]}}}\n",
    },
    Source {
        file: "trivy.json",
        begin: "{\"ClusterName\":\"made-up\",\"Resources\":[",
        finding: trivy,
        numbers: WEAKNESSES,
        end: "]}\n",
    },
];

impl Source {
    /// Writes the findings of these numbers.
    ///
    /// # Errors
    /// When the writer refuses.
    pub fn write(&self, numbers: Range<u64>, seed: u64, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.begin.as_bytes())?;
        let first = numbers.start;
        // A last element that is begun is written whole.
        let step = usize::try_from(self.numbers).unwrap_or(1);
        for number in numbers.step_by(step) {
            if number > first {
                out.write_all(b",\n")?;
            }
            let mut random = Random::of(seed, number);
            serde_json::to_writer(&mut *out, &(self.finding)(number, &mut random))?;
        }
        out.write_all(self.end.as_bytes())
    }
}

/// Writes `count` findings as one JSON array of OCSF Detection Findings in Prowler's manner.
///
/// # Errors
/// When the writer refuses.
pub fn write_ocsf(count: u64, seed: u64, out: &mut dyn Write) -> io::Result<()> {
    SOURCES.iter().take(1).try_for_each(|source| source.write(0..count, seed, out))
}

/// A fault, as every tool sees it.
struct Fault {
    check: &'static Check,
    region: &'static str,
    account: String,
    name: String,
    arn: String,
    time: u64,
}

impl Fault {
    fn of(number: u64, random: &mut Random) -> Self {
        let check = random.pick(CHECKS).unwrap_or(&NO_CHECK);
        let region = random.pick(REGIONS).copied().unwrap_or_default();
        let account = format!("1111222233{:02}", random.below(20));
        let name = format!("{}-resource-{}", check.service, random.below(2_000_000) + number % 7);
        let arn = match check.service {
            "s3" => format!("arn:aws:s3:::{account}-{name}"),
            service => format!("arn:aws:{service}:{region}:{account}:resource/{name}"),
        };
        Self { check, region, account, name, arn, time: 1_790_000_000 + number / 1000 }
    }
}

/// About 4 KB.
fn prowler(number: u64, random: &mut Random) -> Value {
    let Fault { check, region, account, name, arn, time } = Fault::of(number, random);
    let Check { prowler, kind, service, .. } = check;
    json!({
        "message": format!("Resource {name} in region {region} does not meet the check."),
        "metadata": {"event_code": prowler, "version": "1.5.0", "profiles": ["cloud", "datetime"],
            "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler", "version": "5.0.0"}},
        "severity_id": check.severity, "severity": "High", "status": "New", "status_id": 1, "status_code": "FAIL",
        "status_detail": format!("Resource {name} fails. {}", random.words(20)),
        "unmapped": {"related_url": "", "categories": [], "notes": random.words(140),
            "compliance": {"CIS-3.0": ["2.1.4"], "PCI-4.0": ["1.2.1"], "made-up": [random.words(30)]}},
        "activity_name": "Create", "activity_id": 1, "category_uid": 2, "category_name": "Findings",
        "class_uid": 2004, "class_name": "Detection Finding", "type_uid": 200_401,
        "finding_info": {"created_time": time, "uid": format!("prowler-aws-{prowler}-{account}-{region}-{name}-{number}"),
            "title": format!("Check {prowler} on {kind}"), "desc": random.words(40), "types": ["made-up"]},
        "resources": [{"uid": arn, "name": name, "type": kind, "region": region, "cloud_partition": "aws",
            "group": {"name": service}, "labels": [format!("team:team-{}", random.below(30)), format!("env:{}", if random.below(3) == 0 { "prod" } else { "dev" })],
            "data": {"details": "", "metadata": {"made_up": random.words(60)}}}],
        "cloud": {"provider": "aws", "region": region, "account": {"uid": account, "name": "made-up", "type": "AWS Account", "type_id": 10}},
        "remediation": {"desc": random.words(30), "references": ["https://example.com/made-up"]},
        "risk_details": random.words(30), "time": time,
        "time_dt": "2026-09-21T14:13:20", "category": "made-up"
    })
}

/// About 2 KB.
fn security_hub(number: u64, random: &mut Random) -> Value {
    let Fault { check, region, account, arn, .. } = Fault::of(number, random);
    let control = if check.security_hub.is_empty() { "MadeUp.1" } else { check.security_hub };
    let standard = "aws-foundational-security-best-practices/v/1.0.0";
    let label = match check.severity {
        5 => "CRITICAL",
        4 => "HIGH",
        3 => "MEDIUM",
        _ => "LOW",
    };
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("arn:aws:securityhub:{region}:{account}:subscription/{standard}/{control}/finding/{number:032x}"),
        "ProductArn": format!("arn:aws:securityhub:{region}::product/aws/securityhub"),
        "ProductName": "Security Hub", "CompanyName": "AWS", "Region": region,
        "GeneratorId": format!("{standard}/{control}"), "AwsAccountId": account,
        "Types": ["Software and Configuration Checks/Made Up"],
        "FirstObservedAt": "2026-01-02T03:04:05.000Z", "LastObservedAt": "2026-09-21T14:13:20.000Z",
        "CreatedAt": "2026-01-02T03:04:05.000Z", "UpdatedAt": "2026-09-21T14:13:20.000Z",
        "Severity": {"Label": label, "Original": label},
        "Title": format!("{control} made-up title of the control"), "Description": random.words(40),
        "Remediation": {"Recommendation": {"Text": random.words(10), "Url": "https://example.com/made-up"}},
        "ProductFields": {"ControlId": control, "aws/securityhub/annotation": random.words(20)},
        "Resources": [{"Type": check.kind, "Id": arn, "Partition": "aws", "Region": region,
            "Tags": {"team": format!("team-{}", random.below(30))}}],
        "Compliance": {"Status": "FAILED"}, "WorkflowState": "NEW", "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE"
    })
}

/// About 1 KB.
fn wiz(number: u64, random: &mut Random) -> Value {
    let Fault { check, region, account, name, arn, .. } = Fault::of(number, random);
    let severity = if check.severity > 3 { "HIGH" } else { "MEDIUM" };
    json!({
        "id": format!("made-up-{number:032x}"), "severity": severity, "result": "FAIL", "status": "OPEN",
        "firstSeenAt": "2026-01-01T00:00:00Z", "analyzedAt": "2026-09-21T14:13:20Z",
        "targetExternalId": arn,
        "remediation": random.words(20),
        "resource": {"id": format!("{:08x}", random.next()), "name": name, "nativeType": check.kind,
            "providerId": arn, "region": region,
            "tags": [{"key": "team", "value": format!("team-{}", random.below(30))}],
            "subscription": {"id": "made-up", "name": "made-up", "externalId": account, "cloudProvider": "AWS"}},
        "rule": {"id": format!("rule-{}", check.checkov), "shortId": format!("MADE-{}", check.checkov),
            "name": format!("Made-up rule for {}", check.service), "description": random.words(20)},
        "externalReferences": [{"id": check.checkov, "name": "made-up"}]
    })
}

/// A workload with weaknesses of about 1 KB each.
fn trivy(number: u64, random: &mut Random) -> Value {
    let weaknesses: Vec<Value> =
        (number..number + WEAKNESSES).map(|number| weakness(number, random)).collect();
    json!({
        "Namespace": format!("team-{}", random.below(30)), "Kind": "Deployment",
        "Name": format!("made-up-{number}"),
        "Results": [{"Target": "made-up (debian 12.1)", "Class": "os-pkgs", "Type": "debian",
            "Vulnerabilities": weaknesses}]
    })
}

fn weakness(number: u64, random: &mut Random) -> Value {
    let weakness = format!("CVE-20{}-{}", 15 + random.below(11), 10_000 + random.below(5_000));
    let severity = random.pick(&["LOW", "MEDIUM", "HIGH", "CRITICAL"]);
    json!({
        "VulnerabilityID": weakness, "PkgName": format!("lib-made-up-{}", random.below(900)),
        "PkgID": format!("lib-made-up@{number}"), "InstalledVersion": "1.2.3-4", "FixedVersion": "1.2.4-1",
        "Status": "fixed", "SeveritySource": "debian", "PrimaryURL": "https://example.com/made-up",
        "Title": random.words(6), "Description": random.words(60), "Severity": severity,
        "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "V3Score": 9.8}},
        "References": ["https://example.com/made-up/1", "https://example.com/made-up/2"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(source: &Source, numbers: Range<u64>) -> Vec<u8> {
        let mut bytes = Vec::new();
        source.write(numbers, 7, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_of_about_four_kilobytes_each() {
        let bytes = written(&SOURCES[0], 0..50);
        assert_eq!(bytes, written(&SOURCES[0], 0..50));
        let each = bytes.len() / 50;
        assert!((3_500..5_000).contains(&each), "{each}");
        let parsed: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(parsed.len(), 50);
    }

    #[test]
    fn a_number_is_the_same_asset_in_every_tool_of_the_cloud() {
        let arn = |source: &Source, pointer: &str| {
            let value: Value = serde_json::from_slice(&written(source, 3..4)).unwrap();
            value.pointer(pointer).unwrap().as_str().unwrap().to_owned()
        };
        let seen = arn(&SOURCES[0], "/0/resources/0/uid");
        assert_eq!(seen, arn(&SOURCES[1], "/Findings/0/Resources/0/Id"));
        let node = "/data/configurationFindings/nodes/0/resource/providerId";
        assert_eq!(seen, arn(&SOURCES[2], node));
    }
}
