//! An estate of AWS findings in OCSF, about 4 KB a record, streamed to a writer.

use std::io::{self, Write};

use serde_json::json;

/// Checks that the estate fails, with the OCSF severity of each.
const CHECKS: &[(&str, &str, &str, i64)] = &[
    ("s3_bucket_default_encryption", "AwsS3Bucket", "s3", 3),
    ("s3_bucket_public_access", "AwsS3Bucket", "s3", 5),
    ("s3_bucket_object_versioning", "AwsS3Bucket", "s3", 3),
    ("ec2_instance_imdsv2_enabled", "AwsEc2Instance", "ec2", 4),
    ("ec2_ebs_volume_encryption", "AwsEc2Volume", "ec2", 4),
    ("rds_instance_storage_encrypted", "AwsRdsDbInstance", "rds", 4),
    ("rds_instance_no_public_access", "AwsRdsDbInstance", "rds", 5),
    ("kms_cmk_rotation_enabled", "AwsKmsKey", "kms", 3),
    ("sns_topics_kms_encryption_at_rest_enabled", "AwsSnsTopic", "sns", 4),
    ("awslambda_function_inside_vpc", "AwsLambdaFunction", "awslambda", 2),
];

const REGIONS: &[&str] = &["eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2"];

/// Writes `count` findings as one JSON array of OCSF Detection Findings in Prowler's manner.
///
/// # Errors
/// When the writer refuses.
pub fn write_ocsf(count: u64, seed: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut random = Random::new(seed);
    out.write_all(b"[")?;
    for number in 0..count {
        if number > 0 {
            out.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut *out, &finding(number, &mut random))?;
    }
    out.write_all(b"]\n")
}

fn finding(number: u64, random: &mut Random) -> serde_json::Value {
    let (check, kind, service, severity) = *random.pick(CHECKS).unwrap_or(&("", "", "", 0));
    let region = random.pick(REGIONS).copied().unwrap_or_default();
    let account = format!("1111222233{:02}", random.below(20));
    let name = format!("{service}-resource-{}", random.below(2_000_000) + number % 7);
    let uid = match service {
        "s3" => format!("arn:aws:s3:::{account}-{name}"),
        _ => format!("arn:aws:{service}:{region}:{account}:resource/{name}"),
    };
    let words = |n: u64, r: &mut Random| -> String {
        (0..n).map(|_| format!("{:08x} ", r.next())).collect()
    };
    json!({
        "message": format!("Resource {name} in region {region} does not meet the check."),
        "metadata": {"event_code": check, "version": "1.5.0", "profiles": ["cloud", "datetime"],
            "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler", "version": "5.0.0"}},
        "severity_id": severity, "severity": "High", "status": "New", "status_id": 1, "status_code": "FAIL",
        "status_detail": format!("Resource {name} fails. {}", words(20, random)),
        "unmapped": {"related_url": "", "categories": [], "notes": words(140, random),
            "compliance": {"CIS-3.0": ["2.1.4"], "PCI-4.0": ["1.2.1"], "made-up": [words(30, random)]}},
        "activity_name": "Create", "activity_id": 1, "category_uid": 2, "category_name": "Findings",
        "class_uid": 2004, "class_name": "Detection Finding", "type_uid": 200_401,
        "finding_info": {"created_time": 1_790_000_000u64 + number / 1000, "uid": format!("prowler-aws-{check}-{account}-{region}-{name}-{number}"),
            "title": format!("Check {check} on {kind}"), "desc": words(40, random), "types": ["made-up"]},
        "resources": [{"uid": uid, "name": name, "type": kind, "region": region, "cloud_partition": "aws",
            "group": {"name": service}, "labels": [format!("team:team-{}", random.below(30)), format!("env:{}", if random.below(3) == 0 { "prod" } else { "dev" })],
            "data": {"details": "", "metadata": {"made_up": words(60, random)}}}],
        "cloud": {"provider": "aws", "region": region, "account": {"uid": account, "name": "made-up", "type": "AWS Account", "type_id": 10}},
        "remediation": {"desc": words(30, random), "references": ["https://example.com/made-up"]},
        "risk_details": words(30, random), "time": 1_790_000_000u64 + number / 1000,
        "time_dt": "2026-09-21T14:13:20", "category": "made-up"
    })
}

/// A small generator (xorshift64*): enough for made-up data, the same on every machine.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index)
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let other = usize::try_from(self.below(end as u64 + 1)).unwrap_or(0);
            list.swap(end, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_of_about_four_kilobytes_each() {
        let write = || {
            let mut bytes = Vec::new();
            write_ocsf(50, 7, &mut bytes).unwrap();
            bytes
        };
        let bytes = write();
        assert_eq!(bytes, write());
        let each = bytes.len() / 50;
        assert!((3_500..5_000).contains(&each), "{each}");
        let parsed: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(parsed.len(), 50);
    }
}
