//! What matters: ten things, each told in one of several ways.

use serde_json::Value;

use super::records::{
    Weakness, arn, bucket_resource, guardduty, inspector, instance_resource, prowler, reachable,
    security_hub, wiz,
};
use super::{ACCOUNTS, Account, Files, Place, Planted, place};
use crate::random::Random;

/// Adds all ten.
pub(super) fn add(files: &mut Files, random: &mut Random) -> Vec<Planted> {
    let all: [fn(&mut Files, &mut Random) -> Planted; 10] = [
        exploited_exposed_sensitive,
        public_bucket,
        stolen_credentials,
        leaked_key,
        exploited_admin_machine,
        public_database,
        toxic_machine,
        data_leaving,
        likely_exposed,
        public_snapshot,
    ];
    all.iter().map(|plant| plant(files, random)).collect()
}

/// A production account, or one that is not said to be any.
fn important(random: &mut Random) -> Account {
    const PLAIN: Account = Account { id: "100000000005", name: "legacy", environment: "" };
    let some: Vec<Account> = ACCOUNTS
        .iter()
        .filter(|a| a.environment.is_empty() || a.environment.starts_with("prod"))
        .copied()
        .collect();
    random.pick(&some).copied().unwrap_or(PLAIN)
}

fn somewhere(random: &mut Random) -> Place {
    let account = important(random);
    place(account, random)
}

fn sensitive_tag(random: &mut Random) -> (&'static str, String) {
    let tags = [
        ("data-classification", "restricted"),
        ("DataClass", "confidential"),
        ("classification", "PII"),
        ("sensitivity", "pci"),
    ];
    let (key, value) = random.pick(&tags).copied().unwrap_or(("data-class", "restricted"));
    (key, value.to_owned())
}

fn instance(random: &mut Random) -> String {
    format!("i-0{:08x}{:08x}", random.below(u64::from(u32::MAX)), random.below(u64::from(u32::MAX)))
}

fn machine(place: &Place, instance: &str) -> String {
    format!("arn:aws:ec2:{}:{}:instance/{instance}", place.region, place.account)
}

/// Says that the internet reaches an instance, by one tool or another.
fn expose(files: &mut Files, random: &mut Random, (place, instance): (&Place, &str)) {
    let arn = machine(place, instance);
    match random.below(3) {
        0 => files.inspector.push(reachable(instance, 443, place)),
        1 => {
            let rule = ("wc-exposed", "Machine is exposed to the internet", "MEDIUM");
            let flags = [("hasWideInternetExposure", true), ("hasAdminPrivileges", false)];
            files.wiz.push(wiz(rule, (&arn, "virtualMachine"), place, &flags));
        }
        _ => {
            let rule = ("wc-open", "Machine answers to all of the internet", "LOW");
            let flags = [("isOpenToAllInternet", true)];
            files.wiz.push(wiz(rule, (&arn, "virtualMachine"), place, &flags));
        }
    }
}

/// A weakness on the list of exploited ones.
fn exploited<'a>(id: &'a str, package: &'a str, random: &mut Random) -> Weakness<'a> {
    let severity = *random.pick(&["CRITICAL", "CRITICAL", "HIGH"]).unwrap_or(&"HIGH");
    let cvss = if severity == "HIGH" { 8.1 } else { 9.8 };
    let epss = random.pick(&[None, Some(0.94), Some(0.71), Some(0.38)]).copied().flatten();
    Weakness { id, package, severity, cvss, epss }
}

fn exploited_exposed_sensitive(files: &mut Files, random: &mut Random) -> Planted {
    let (mut place, instance) = (somewhere(random), instance(random));
    if random.below(2) == 0 {
        place.tags.push(sensitive_tag(random));
    } else {
        let rule = ("wc-data", "Machine holds sensitive data", "MEDIUM");
        let flags = [("hasSensitiveData", true)];
        files.wiz.push(wiz(rule, (&machine(&place, &instance), "virtualMachine"), &place, &flags));
    }
    expose(files, random, (&place, &instance));
    let weakness = exploited("CVE-2021-44228", "log4j-core", random);
    files.inspector.push(inspector(weakness, &instance, &place));
    Planted {
        name: "exploited weakness, exposed, sensitive data",
        asset: instance,
        rule: weakness.id.to_owned(),
    }
}

fn public_bucket(files: &mut Files, random: &mut Random) -> Planted {
    let mut place = somewhere(random);
    let name = "public bucket with restricted data";
    let bucket = arn("s3", "", &place);
    if random.below(3) == 0 {
        let rule = ("wc-bucket-data", "Bucket holds personal data", "HIGH");
        files.wiz.push(wiz(rule, (&bucket, "bucket"), &place, &[("hasSensitiveData", true)]));
    } else {
        place.tags.push(sensitive_tag(random));
    }
    let asset = place.name.clone();
    if random.below(2) == 0 {
        let severity = if random.below(3) == 0 { 4 } else { 5 };
        let check = ("s3_bucket_public_access", severity);
        files.prowler.push(prowler(check, (&bucket, "AwsS3Bucket"), &place, "FAIL"));
        return Planted { name, asset, rule: check.0.to_owned() };
    }
    let control = ("S3.2", "CRITICAL");
    files.security_hub.push(security_hub(control, (&bucket, "AwsS3Bucket"), &place, "NEW"));
    Planted { name, asset, rule: control.0.to_owned() }
}

fn stolen_credentials(files: &mut Files, random: &mut Random) -> Planted {
    let (place, instance) = (somewhere(random), instance(random));
    let rule = ("wc-admin", "Machine can act as an administrator", "MEDIUM");
    let flag = *random.pick(&["hasAdminPrivileges", "hasHighPrivileges"]).unwrap_or(&"");
    let asset = machine(&place, &instance);
    files.wiz.push(wiz(rule, (&asset, "virtualMachine"), &place, &[(flag, true)]));
    let kind = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS";
    let resource = instance_resource(&instance, &place);
    files.guardduty.push(guardduty((kind, 8.0), &resource, &place));
    Planted { name: "detection with a privileged identity", asset: instance, rule: kind.to_owned() }
}

fn leaked_key(files: &mut Files, random: &mut Random) -> Planted {
    let place = somewhere(random);
    let asset = arn("iam", "user", &place);
    let severity = *random.pick(&["CRITICAL", "HIGH"]).unwrap_or(&"HIGH");
    let rule =
        ("wc-leaked-key", "Access key of a privileged user lies in a public place", severity);
    let flags = [("hasAdminPrivileges", true), ("isAccessibleFromInternet", true)];
    files.wiz.push(wiz(rule, (&asset, "user"), &place, &flags));
    Planted { name: "leaked key of an administrator", asset: place.name, rule: rule.0.to_owned() }
}

fn exploited_admin_machine(files: &mut Files, random: &mut Random) -> Planted {
    let (place, instance) = (somewhere(random), instance(random));
    let rule = ("wc-admin", "Machine can act as an administrator", "HIGH");
    let flags = [("hasAdminPrivileges", true)];
    let asset = machine(&place, &instance);
    files.wiz.push(wiz(rule, (&asset, "virtualMachine"), &place, &flags));
    expose(files, random, (&place, &instance));
    let weakness = exploited("CVE-2021-41773", "httpd", random);
    files.inspector.push(inspector(weakness, &instance, &place));
    Planted {
        name: "exploited weakness on an exposed machine with the administrator role",
        asset: instance,
        rule: weakness.id.to_owned(),
    }
}

fn public_database(files: &mut Files, random: &mut Random) -> Planted {
    let mut place = somewhere(random);
    place.tags.push(sensitive_tag(random));
    let database = arn("rds", "db", &place);
    let check = ("rds_instance_no_public_access", if random.below(3) == 0 { 4 } else { 5 });
    files.prowler.push(prowler(check, (&database, "AwsRdsDbInstance"), &place, "FAIL"));
    if random.below(2) == 0 {
        let control = ("RDS.2", "CRITICAL");
        let resource = (database.as_str(), "AwsRdsDbInstance");
        files.security_hub.push(security_hub(control, resource, &place, "NEW"));
    }
    Planted {
        name: "public database with restricted data",
        asset: place.name,
        rule: check.0.to_owned(),
    }
}

fn toxic_machine(files: &mut Files, random: &mut Random) -> Planted {
    let (place, instance) = (somewhere(random), instance(random));
    let severity = *random.pick(&["CRITICAL", "HIGH"]).unwrap_or(&"HIGH");
    let rule = ("wc-toxic", "Exposed machine reads sensitive data", severity);
    let flags = [("isAccessibleFromInternet", true), ("hasAccessToSensitiveData", true)];
    let asset = machine(&place, &instance);
    files.wiz.push(wiz(rule, (&asset, "virtualMachine"), &place, &flags));
    Planted { name: "attack path to sensitive data", asset: instance, rule: rule.0.to_owned() }
}

fn data_leaving(files: &mut Files, random: &mut Random) -> Planted {
    let mut place = somewhere(random);
    place.tags.push(sensitive_tag(random));
    let kind = "Exfiltration:S3/AnomalousBehavior";
    files.guardduty.push(guardduty((kind, 8.0), &bucket_resource(&place), &place));
    Planted { name: "sensitive data leaving a bucket", asset: place.name, rule: kind.to_owned() }
}

fn likely_exposed(files: &mut Files, random: &mut Random) -> Planted {
    let (mut place, instance) = (somewhere(random), instance(random));
    place.tags.push(sensitive_tag(random));
    expose(files, random, (&place, &instance));
    let epss = *random.pick(&[0.92, 0.83, 0.55]).unwrap_or(&0.9);
    let weakness = Weakness {
        id: "CVE-2031-77001",
        package: "openssh",
        severity: "CRITICAL",
        cvss: 9.8,
        epss: Some(epss),
    };
    files.inspector.push(inspector(weakness, &instance, &place));
    Planted {
        name: "weakness likely to be exploited, exposed, sensitive data",
        asset: instance,
        rule: weakness.id.to_owned(),
    }
}

fn public_snapshot(files: &mut Files, random: &mut Random) -> Planted {
    let mut place = somewhere(random);
    place.tags.push(sensitive_tag(random));
    let id = format!("snap-0{:08x}{:08x}", random.below(0xffff_ffff), random.below(0xffff_ffff));
    let snapshot = format!("arn:aws:ec2:{}:{}:snapshot/{id}", place.region, place.account);
    let check = ("ec2_ebs_public_snapshot", 5);
    let record: Value = prowler(check, (&snapshot, "AwsEc2Snapshot"), &place, "FAIL");
    files.prowler.push(record);
    Planted { name: "public snapshot of restricted data", asset: id, rule: check.0.to_owned() }
}
