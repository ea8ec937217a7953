//! Orca records of both generations, in the shapes of its API and its push channels.

use quell_model::{FindingClass, Record, RelationKind, Severity, Status};
use serde_json::{Value, json};

use crate::testing::{normalize_text, only_finding};

fn flat_alert() -> Value {
    json!({"type": "aws_s3_public", "type_string": "Bucket is public", "rule_id": "r01",
        "category": "Data at risk", "asset_type": "AwsS3Bucket", "asset_name": "shop-invoices",
        "asset_unique_id": "AwsS3Bucket_111122223333_5f", "cloud_provider": "aws",
        "cloud_vendor_id": "111122223333", "cloud_account_id": "5f1c", "asset_regions": ["eu-west-1"],
        "asset_labels": ["internet_facing"], "asset_tags_info_list": ["team|payments", "url|a|b"],
        "state": {"alert_id": "orca-1", "status": "snoozed", "severity": "hazardous", "score": 3,
            "risk_level": "high", "created_at": "2025-03-13 07:37:05.000000000",
            "last_seen": "2025-03-14 07:37:05.000000000"}})
}

#[test]
fn a_flat_alert_meets_the_clouds_own_id() {
    let finding = only_finding(&flat_alert().to_string());
    assert_eq!(finding.asset.id.key(), "aws:s3.bucket:shop-invoices");
    assert_eq!((finding.severity, finding.severity_native.as_str()), (Severity::High, "high"));
    assert_eq!((finding.status, finding.native_id.as_str()), (Status::Suppressed, "orca-1"));
    assert_eq!(
        (finding.rule.id.as_str(), finding.rule.aliases),
        ("aws_s3_public", vec!["r01".to_owned()])
    );
    assert_eq!(finding.asset.tags["team"].raw(), "payments");
    assert_eq!(finding.asset.tags["url"].raw(), "a|b");
    assert_eq!(finding.asset.signals.internet_exposed, Some(true));
    assert_eq!(finding.last_seen.unwrap().to_string(), "2025-03-14T07:37:05Z");
}

#[test]
fn alerts_are_found_in_every_wrapping() {
    let alert = flat_alert();
    for text in [
        json!([alert]).to_string(),
        json!({"status": "success", "data": [alert], "total_items": 1}).to_string(),
        json!({"alerts": [alert]}).to_string(),
        json!({"alert": alert}).to_string(),
        format!("{alert}\n{alert}"),
    ] {
        assert!(normalize_text(&text).iter().all(Result::is_ok), "{text}");
    }
}

#[test]
fn the_older_words_rank_where_the_newer_one_is_missing() {
    for (word, expected) in [
        ("compromised", Severity::Critical),
        ("imminent compromise", Severity::High),
        ("hazardous", Severity::Medium),
        ("informational", Severity::Informational),
    ] {
        let mut alert = flat_alert();
        alert["state"]["severity"] = json!(word);
        alert["state"]["risk_level"] = Value::Null;
        assert_eq!(only_finding(&alert.to_string()).severity, expected);
    }
}

#[test]
fn an_alert_about_software_is_a_finding_for_each_cve() {
    let mut alert = flat_alert();
    alert["category"] = json!("Vulnerabilities");
    alert["cve_list"] = json!(["CVE-2024-1", "CVE-2024-2"]);
    alert["source"] = json!("golang.org/x/crypto-0.28.0");
    alert["description"] = json!("Found on software: golang.org/x/crypto-0.28.0 0.28.0");
    let records = normalize_text(&alert.to_string()).remove(0).unwrap();
    let in_words = |record: &Record| {
        let Record::Finding(finding) = record else { panic!("{record:?}") };
        let v = finding.vulnerability.as_ref().unwrap();
        format!("{} {} {}", v.id, v.package, v.version)
    };
    let ids: Vec<String> = records.iter().map(in_words).collect();
    assert_eq!(
        ids,
        ["CVE-2024-1 golang.org/x/crypto 0.28.0", "CVE-2024-2 golang.org/x/crypto 0.28.0"]
    );
}

#[test]
fn a_code_alert_names_its_file_and_line() {
    let mut alert = flat_alert();
    alert["asset_type"] = json!("cisource");
    alert["asset_name"] = json!("acme/shop");
    alert["alert_labels"] = json!(["CWE-327", "shiftleft:sast"]);
    alert["source"] = json!("src/Hash.java:55");
    let finding = only_finding(&alert.to_string());
    assert_eq!(finding.class, FindingClass::CodeWeakness);
    let location = finding.location.unwrap();
    assert_eq!((location.file.as_str(), location.start_line), ("src/Hash.java", Some(55)));
}

#[test]
fn wrapped_and_plain_serving_layer_alerts_read_alike() {
    let fields = json!({"AlertId": "orca-9", "Status": "open", "RiskLevel": "low", "Severity": "hazardous",
        "OrcaScore": 4.6, "Category": "Malware", "AlertType": "malware_found", "Title": "Malware found",
        "CreatedAt": "2025-01-15T10:30:00+00:00", "Labels": ["x"], "LastSeen": "2025-02-01T12:00:00+00:00",
        "AssetData": {"asset_name": "web", "asset_type": "vm", "cloud_provider": "aws",
            "asset_vendor_id": "i-0abcdef0123456789", "cloud_vendor_id": "111122223333"}});
    let wrapped: serde_json::Map<String, Value> = fields
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.clone(), json!({"value": value})))
        .collect();
    let served = json!({"status": "success", "data": [
        {"id": "1", "type": "Alert", "name": "orca-9", "asset_unique_id": "a", "data": wrapped}]});
    let plain = only_finding(&json!({"data": [fields]}).to_string());
    let wrapped = only_finding(&served.to_string());
    assert_eq!(plain, wrapped);
    assert_eq!(plain.asset.id.key(), "aws:ec2.instance:i-0abcdef0123456789");
    assert_eq!((plain.class, plain.severity), (FindingClass::Detection, Severity::Low));
}

#[test]
fn an_export_with_few_columns_is_read() {
    let text = json!([{"Title": "Unused role with policy", "CreatedAt": "2025-01-15T10:30:00+00:00",
        "Status": "closed", "Category": "IAM misconfigurations", "OrcaScore": 9.5, "Source": "role-1",
        "CloudAccount": {"Name": "test"}, "Inventory": {"Name": "role-1"}}])
    .to_string();
    let finding = only_finding(&text);
    assert_eq!((finding.severity, finding.status), (Severity::Critical, Status::Resolved));
    assert_eq!(finding.asset.name.raw(), "role-1");
}

#[test]
fn vulnerabilities_of_both_generations_are_read() {
    let served = json!({"data": [{"CveId": "CVE-2024-1", "CvssScore": 7.5, "CvssSeverity": "HIGH",
        "EpssProbability": 0.9, "HasExploit": "Yes", "CisaKev": false, "FirstSeen": "2025-01-01T00:00:00+00:00",
        "InstalledPackage": {"Name": "curl", "Version": "8.1", "PURL": "pkg:deb/curl@8.1"},
        "Inventory": {"Name": "web", "Type": "AwsEc2Instance",
            "Arn": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abcdef0123456789"}}]});
    let finding = only_finding(&served.to_string());
    let vulnerability = finding.vulnerability.unwrap();
    assert_eq!((vulnerability.exploit_public, vulnerability.exploited), (Some(true), Some(false)));
    assert_eq!((vulnerability.package.as_str(), vulnerability.epss), ("curl", Some(0.9)));
    assert_eq!(finding.severity, Severity::High);
    let older = json!([{"cve_id": "CVE-2024-1", "results": [{"type": "cve", "cve_id": "CVE-2024-1",
        "asset_unique_id": "vm_1_i-0abcdef0123456789", "asset_vendor_id": "i-0abcdef0123456789",
        "asset_type": "vm", "cloud_provider": "aws", "cloud_vendor_id": "111122223333", "severity": "informational", "cvss3_score": 3.3,
        "packages": [{"package_name": "curl", "installed_version": "8.1", "patched_version": "8.2"}]}]}]);
    let older = only_finding(&older.to_string());
    assert_eq!(older.asset.id.key(), finding.asset.id.key());
    assert_eq!(older.vulnerability.unwrap().fixed_version.as_deref(), Some("8.2"));
}

#[test]
fn an_asset_is_an_asset() {
    let asset = json!({"asset_unique_id": "vm_1", "asset_type": "vm", "asset_type_string": "VM",
        "asset_name": "web", "cloud_provider": "aws", "asset_vendor_id": "i-0abcdef0123456789",
        "internet_facing": false, "state": {"status": "exists", "score": 4}});
    let records = normalize_text(&asset.to_string()).remove(0).unwrap();
    assert!(
        matches!(&records[..], [Record::Asset(a)] if a.signals.internet_exposed == Some(false))
    );
}

const EXPORT: &str = "OrcaScore,Title,Category,Inventory,Inventory.Name,CloudAccount,CloudAccount.Name,Source,\
Status,CreatedAt,LastSeen,Labels\n";

#[test]
fn an_asset_of_the_older_api_names_its_networks_profile_and_image() {
    let asset = json!({"asset_unique_id": "vm_111122223333_i-0a1b2c3d4e5f60718", "asset_type": "vm",
        "asset_type_string": "VM", "asset_name": "web", "cloud_provider": "aws",
        "asset_vendor_id": "i-0a1b2c3d4e5f60718", "cloud_vendor_id": "111122223333",
        "compute": {"regions": ["eu-west-1"], "vpcs": ["vpc-0a1b2c3d4e5f60711"],
            "subnets": ["subnet-0a1b2c3d4e5f60712"], "security_groups": ["web"],
            "iam_role": "arn:aws:iam::111122223333:instance-profile/web"},
        "vm": {"image_id": "ami-0a1b2c3d4e5f60715"},
        "model": {"data": {"Vm": {"ImageId": "ami-0a1b2c3d4e5f60715"}}}});
    let made = normalize_text(&json!({"status": "success", "data": [asset]}).to_string());
    let made: Vec<Record> = made.into_iter().flat_map(Result::unwrap).collect();
    let Some(Record::Asset(machine)) = made.first() else { panic!("{made:?}") };
    let related = made.iter().skip(1).map(|record| {
        let Record::Relation(relation) = record else { panic!("{record:?}") };
        assert!(relation.from == machine.id || relation.to == machine.id);
        (relation.from.kind.as_str(), relation.kind, relation.to.kind.as_str())
    });
    let machine = "ec2.instance";
    assert_eq!(
        related.collect::<Vec<_>>(),
        [
            ("ec2.vpc", RelationKind::Contains, machine),
            ("ec2.subnet", RelationKind::Contains, machine),
            ("iam.instance-profile", RelationKind::AttachedTo, machine),
            (machine, RelationKind::UsesImage, "ec2.image"),
        ]
    );
}

#[test]
fn a_row_of_an_export_is_the_finding_of_the_same_record_as_json() {
    let row = "7.5,Bucket is public,Data at risk,1,acme-logs,1,acme-prod,acme-logs,open,\
2026-09-01T08:00:00+00:00,2026-10-01T08:00:00+00:00,\"[\"\"CSPM\"\"]\"\n";
    let record = serde_json::json!([{"OrcaScore": 7.5, "Title": "Bucket is public",
        "Category": "Data at risk", "Inventory": {"Name": "acme-logs"},
        "CloudAccount": {"Name": "acme-prod"}, "Source": "acme-logs", "Status": "open",
        "CreatedAt": "2026-09-01T08:00:00+00:00", "LastSeen": "2026-10-01T08:00:00+00:00",
        "Labels": ["CSPM"]}]);
    let row = only_finding(&format!("{EXPORT}{row}"));
    let record = only_finding(&record.to_string());
    assert_eq!(row, record);
    assert_eq!(row.asset.id.account, "acme-prod");
}

#[test]
fn a_row_of_an_export_without_title_or_asset_is_a_reject_that_names_the_column() {
    let reason = |row: &str| {
        let text = format!("{EXPORT}{row}\n");
        normalize_text(&text).remove(0).unwrap_err()
    };
    assert!(reason("7.5,,Data,1,acme,1,prod,acme,open,,,").contains("`Title`"));
    assert!(reason("7.5,t,Data,,,1,prod,,open,,,").contains("`Inventory.Name`"));
}

#[test]
fn columns_of_an_export_may_be_written_with_blanks() {
    let text = "Orca Score,Alert Id,Title,Inventory,Cloud Account,Status\n\
7.5,orca-1,Bucket is public,acme-logs,acme-prod,open\n";
    let finding = only_finding(text);
    assert_eq!(finding.native_id, "orca-1");
    assert_eq!(finding.asset.native_id, "acme-logs");
    assert_eq!(finding.asset.id.account, "acme-prod");
}
