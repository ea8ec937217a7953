//! Facts about GuardDuty findings.

use quell_model::{Detection, Finding, FindingClass, Record, Severity, Status};
use serde_json::{Value, json};

use super::techniques::{of_type, technique_id};
use crate::testing::{normalize_text, only_finding};

fn finding(kind: &str, resource: Value, service: Value) -> Value {
    let mut finding = json!({
        "schemaVersion": "2.0", "accountId": "210987654321", "region": "eu-north-1",
        "partition": "aws", "id": "0af1", "type": kind, "severity": 8,
        "arn": "arn:aws:guardduty:eu-north-1:210987654321:detector/d1/finding/0af1",
        "title": "Something odd", "description": "It was odd.",
        "createdAt": "2026-02-03T04:05:06.000Z", "updatedAt": "2026-02-03T09:00:00.000Z",
    });
    finding["resource"] = resource;
    finding["service"] = service;
    finding
}

fn detection(finding: &Finding) -> &Detection {
    finding.detection.as_deref().unwrap()
}

fn kinds(finding: &Finding) -> Vec<&str> {
    detection(finding).also_involved.iter().map(|a| a.native_kind.as_str()).collect()
}

/// The same finding as the API spells it.
fn with_capitals(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let (first, rest) = key.split_at(1);
                (format!("{}{rest}", first.to_uppercase()), with_capitals(value))
            })
            .collect(),
        Value::Array(list) => list.iter().map(with_capitals).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn on_instance() -> Value {
    finding(
        "UnauthorizedAccess:EC2/SSHBruteForce",
        json!({"resourceType": "Instance", "instanceDetails": {
            "instanceId": "i-0123456789abcdef0",
            "tags": [{"key": "Name", "value": "bastion"}, {"key": "team", "value": "core"}],
            "iamInstanceProfile": {"arn": "arn:aws:iam::210987654321:instance-profile/bastion"}}}),
        json!({"archived": false, "count": 7, "eventFirstSeen": "2026-02-03T03:00:00Z",
            "eventLastSeen": "2026-02-03T08:00:00Z", "action": {
                "actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
                    "connectionDirection": "INBOUND", "localPortDetails": {"port": 22},
                    "remoteIpDetails": {"ipAddressV4": "203.0.113.9",
                        "country": {"countryName": "Nowhere"}}}}}),
    )
}

#[test]
fn an_exported_finding_keeps_what_it_says() {
    let found = only_finding(&on_instance().to_string());
    assert_eq!(found.class, FindingClass::Detection);
    assert_eq!(found.rule.id, "UnauthorizedAccess:EC2/SSHBruteForce");
    assert_eq!(
        found.native_id,
        "arn:aws:guardduty:eu-north-1:210987654321:detector/d1/finding/0af1"
    );
    assert_eq!((found.severity, found.severity_native.as_str()), (Severity::High, "8"));
    assert_eq!(found.asset.id.key(), "aws:ec2.instance:i-0123456789abcdef0");
    assert_eq!(found.asset.name.raw(), "bastion");
    assert_eq!(found.first_seen, Some("2026-02-03T03:00:00Z".parse().unwrap()));
    assert_eq!(found.last_seen, Some("2026-02-03T09:00:00Z".parse().unwrap()));
    assert_eq!(detection(&found).techniques, ["T1110", "T1021.004"]);
    assert_eq!(detection(&found).remote_addresses, ["203.0.113.9"]);
    assert_eq!(kinds(&found), ["IAMInstanceProfile"]);
    assert!(found.evidence.iter().any(|(name, value)| name == "count" && value.raw() == "7"));
}

#[test]
fn every_spelling_and_wrapping_reads_alike() {
    let bare = on_instance();
    let api = with_capitals(&bare);
    let event = |detail: &Value| {
        json!({"version": "0", "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty", "account": "210987654321", "region": "eu-north-1",
        "detail": detail})
    };
    let expected = only_finding(&bare.to_string());
    for text in [
        api.to_string(),
        json!([bare]).to_string(),
        json!([api]).to_string(),
        json!({"Findings": [api]}).to_string(),
        json!({"findings": [bare]}).to_string(),
        json!({"findings": [api]}).to_string(),
        event(&bare).to_string(),
        event(&api).to_string(),
        json!([event(&bare)]).to_string(),
    ] {
        assert_eq!(only_finding(&text), expected, "{text}");
    }
    let lines = format!("{bare}\n{api}\n{}\n", event(&bare));
    let results = normalize_text(&lines);
    assert_eq!(results.len(), 3);
    assert!(results.iter().all(|r| r.as_ref().is_ok_and(|records| records.len() == 1)));
}

#[test]
fn an_event_lends_its_account_to_a_finding_without_one() {
    let mut detail = on_instance();
    for field in ["accountId", "region", "arn", "partition"] {
        detail.as_object_mut().unwrap().remove(field);
    }
    detail["resource"] = json!({"resourceType": "AccessKey", "accessKeyDetails": {
        "userName": "ida", "userType": "IAMUser"}});
    let event = json!({"account": "210987654321", "region": "eu-north-1", "detail": detail});
    let found = only_finding(&event.to_string());
    assert_eq!(found.asset.native_id, "arn:aws:iam::210987654321:user/ida");
}

#[test]
fn archived_findings_are_suppressed_in_every_place_of_the_word() {
    let mut inside = on_instance();
    inside["service"]["archived"] = json!(true);
    let mut above = on_instance();
    above["archived"] = json!("true");
    for value in [inside, above] {
        let found = only_finding(&value.to_string());
        assert_eq!((found.status, found.status_native.as_str()), (Status::Suppressed, "archived"));
    }
}

#[test]
fn severity_follows_guarddutys_bands() {
    for (number, expected) in [
        (json!(9.0), Severity::Critical),
        (json!(8.9), Severity::High),
        (json!(7), Severity::High),
        (json!(6.9), Severity::Medium),
        (json!(3.9), Severity::Low),
        (json!(0.5), Severity::Informational),
        (json!("5.0"), Severity::Medium),
        (json!("HIGH"), Severity::High),
        (json!(null), Severity::Unknown),
    ] {
        let mut value = on_instance();
        value["severity"] = number.clone();
        assert_eq!(only_finding(&value.to_string()).severity, expected, "{number}");
    }
}

#[test]
fn a_role_is_the_asset_and_the_principal_of_its_calls() {
    let value = finding(
        "Discovery:S3/TorIPCaller",
        json!({"resourceType": "S3Bucket",
            "accessKeyDetails": {"userType": "AssumedRole", "userName": "reader",
                "principalId": "AROAX:session"},
            "s3BucketDetails": [
                {"arn": "arn:aws:s3:::takings", "name": "takings",
                 "publicAccess": {"effectivePermission": "PUBLIC"}},
                {"name": "ledger"}]}),
        json!({"action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {
            "api": "ListObjects", "serviceName": "s3.amazonaws.com",
            "remoteIpDetails": {"ipAddressV4": "198.51.100.4"}}}}),
    );
    let found = only_finding(&value.to_string());
    assert_eq!(found.asset.id.key(), "aws:s3.bucket:takings");
    assert_eq!(found.asset.signals.internet_exposed, Some(true));
    let involved: Vec<_> =
        detection(&found).also_involved.iter().map(|a| a.id.key().to_owned()).collect();
    assert_eq!(involved, ["aws:s3.bucket:ledger", "aws:iam.role:210987654321::reader"]);
    assert_eq!(detection(&found).principal.raw(), "reader");
    assert!(
        found.evidence.iter().any(|(n, v)| n == "api" && v.raw() == "s3.amazonaws.com ListObjects")
    );
}

#[test]
fn runtime_findings_tell_the_chain_of_processes() {
    let image = "registry.example.org/shop/web:3";
    let value = finding(
        "PrivilegeEscalation:Runtime/DockerSocketAccessed",
        json!({"resourceType": "EKSCluster",
            "eksClusterDetails": {"name": "prod", "arn": "arn:aws:eks:eu-north-1:210987654321:cluster/prod"},
            "kubernetesDetails": {
                "kubernetesUserDetails": {"username": "system:serviceaccount:shop:web"},
                "kubernetesWorkloadDetails": {"name": "web-5", "type": "pods", "namespace": "shop",
                    "containers": [{"id": "c0ffee", "name": "web", "image": image}]}},
            "instanceDetails": {"instanceId": "i-0aaaaaaaaaaaaaaa1"}}),
        json!({"runtimeDetails": {
            "process": {"name": "curl", "executablePath": "/usr/bin/curl", "pid": 30, "user": "root",
                "uuid": "u3", "parentUuid": "u2", "lineage": [
                    {"executablePath": "/bin/init", "pid": 1, "uuid": "u1"},
                    {"executablePath": "/bin/sh", "pid": 20, "uuid": "u2", "parentUuid": "u1"}]},
            "context": {"commandLineExample": "curl --unix-socket /var/run/docker.sock x"}}}),
    );
    let found = only_finding(&value.to_string());
    assert_eq!(found.asset.id.key(), "aws:eks.cluster:210987654321:eu-north-1:prod");
    let told = detection(&found);
    let names: Vec<_> = told.processes.iter().map(|p| p.name.raw()).collect();
    assert_eq!(names, ["/usr/bin/curl", "/bin/sh", "/bin/init"]);
    assert!(told.processes[0].command_line.raw().starts_with("curl --unix-socket"));
    assert_eq!(told.processes[0].user.raw(), "root");
    assert_eq!(told.techniques, ["T1611"]);
    assert_eq!(kinds(&found), ["pods", "Container", "ContainerImage", "Instance"]);
    assert_eq!(told.also_involved[0].id.key(), "kubernetes:prod:shop:pod:web-5");
    assert_eq!(told.principal.raw(), "system:serviceaccount:shop:web");
}

#[test]
fn tasks_and_databases_and_functions_are_told() {
    for (kind, resource, key) in [
        (
            "Execution:ECS/MaliciousFile",
            json!({"resourceType": "ECSCluster", "ecsClusterDetails": {
                "name": "jobs", "arn": "arn:aws:ecs:eu-north-1:210987654321:cluster/jobs",
                "taskDetails": {"arn": "arn:aws:ecs:eu-north-1:210987654321:task/jobs/77aa"}}}),
            "aws:ecs.cluster:210987654321:eu-north-1:jobs",
        ),
        (
            "CredentialAccess:RDS/AnomalousBehavior.FailedLogin",
            json!({"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": {
                "dbInstanceIdentifier": "orders", "dbClusterIdentifier": "orders-cluster"},
                "rdsDbUserDetails": {"user": "app"}}),
            "aws:rds.db:210987654321:eu-north-1:orders",
        ),
        (
            "Backdoor:Lambda/C&CActivity.B",
            json!({"resourceType": "Lambda", "lambdaDetails": {
                "functionArn": "arn:aws:lambda:eu-north-1:210987654321:function:pay",
                "role": "arn:aws:iam::210987654321:role/pay"}}),
            "aws:lambda.function:210987654321:eu-north-1:pay",
        ),
    ] {
        let found = only_finding(&finding(kind, resource, json!({})).to_string());
        assert_eq!(found.asset.id.key(), key);
        assert_eq!(detection(&found).also_involved.len(), 1, "{kind}");
    }
}

#[test]
fn malware_is_named_with_its_files() {
    let service = json!({"featureName": "EbsVolumeScan", "ebsVolumeScanDetails": {
        "scanDetections": {"threatDetectedByName": {"threatNames": [{"name": "EICAR-Test-File",
            "filePaths": [{"filePath": "tmp/eicar.com", "hash": "ab12"}]}]}}}});
    let resource = json!({"resourceType": "Instance",
        "instanceDetails": {"instanceId": "i-0aaaaaaaaaaaaaaa1"},
        "ebsVolumeDetails": {"scannedVolumeDetails": [
            {"volumeArn": "arn:aws:ec2:eu-north-1:210987654321:volume/vol-0bbbbbbbbbbbbbbb2"}]}});
    let found =
        only_finding(&finding("Execution:EC2/MaliciousFile", resource, service).to_string());
    let fact = |name: &str| {
        found.evidence.iter().find(|(n, _)| n == name).map(|(_, v)| v.raw().to_owned())
    };
    assert_eq!(fact("malware").as_deref(), Some("EICAR-Test-File"));
    assert_eq!(fact("file").as_deref(), Some("tmp/eicar.com"));
    assert_eq!(kinds(&found), ["EBSVolume"]);

    let service = json!({"malwareScanDetails": {"threats": [{"name": "Trojan.X",
        "itemPaths": [{"nestedItemPath": "a.zip/b.exe", "hash": "cd"}]}]}});
    let resource = json!({"resourceType": "S3Object", "s3BucketDetails": [{"name": "uploads",
        "arn": "arn:aws:s3:::uploads", "s3ObjectDetails": [
            {"objectArn": "arn:aws:s3:::uploads/in/a.zip", "key": "in/a.zip"}]}]});
    let found = only_finding(&finding("Object:S3/MaliciousFile", resource, service).to_string());
    assert_eq!(found.asset.id.key(), "aws:s3.object:uploads/in/a.zip");
    assert_eq!(kinds(&found), ["S3Bucket"]);
}

#[test]
fn an_attack_sequence_names_all_that_took_part() {
    let sequence = json!({
        "uid": "s1", "description": "…",
        "actors": [{"id": "a1", "user": {"name": "ida", "type": "IAMUser", "uid": "AIDA",
            "account": {"uid": "210987654321"}}}],
        "resources": [
            {"uid": "arn:aws:s3:::takings", "resourceType": "S3_BUCKET", "accountId": "210987654321"},
            {"uid": "KEYEXAMPLE", "resourceType": "ACCESS_KEY",
             "data": {"accessKey": {"userName": "ida", "userType": "IAMUser"}}},
            {"uid": "i-0ccccccccccccccc3", "resourceType": "EC2_INSTANCE"},
            {"uid": "w1", "name": "web", "resourceType": "KUBERNETES_WORKLOAD",
             "data": {"kubernetesWorkload": {"type": "deployments", "namespace": "shop"}}},
            {"uid": "arn:aws:eks:eu-north-1:210987654321:cluster/prod", "resourceType": "EKS_CLUSTER"}],
        "endpoints": [{"id": "e1", "ip": "192.0.2.77"}],
        "signals": [{"uid": "x", "type": "CLOUD_TRAIL", "name": "DeleteTrail", "signalIndicators": [
            {"key": "ATTACK_TECHNIQUE", "values": ["T1562.008 - Disable Cloud Logs"]}]}],
        "sequenceIndicators": [
            {"key": "ATTACK_TACTIC", "values": ["Impact", "Discovery"]},
            {"key": "ATTACK_TECHNIQUE", "values": ["Data Destruction", "T1485"]}]});
    let value = finding(
        "AttackSequence:S3/CompromisedData",
        json!({"resourceType": "AttackSequence"}),
        json!({"detection": {"sequence": sequence}}),
    );
    for value in [with_capitals(&value), value] {
        let found = only_finding(&value.to_string());
        assert_eq!(found.asset.id.key(), "aws:s3.bucket:takings");
        let told = detection(&found);
        assert_eq!(told.techniques, ["T1485", "T1562.008"]);
        assert_eq!(told.tactics, ["Impact", "Discovery"]);
        assert_eq!(told.principal.raw(), "ida");
        assert_eq!(told.remote_addresses, ["192.0.2.77"]);
        let keys: Vec<_> = told.also_involved.iter().map(|a| a.id.key().to_owned()).collect();
        assert_eq!(
            keys,
            [
                "aws:iam.user:210987654321::ida",
                "aws:ec2.instance:i-0ccccccccccccccc3",
                "kubernetes:prod:shop:deployment:web",
                "aws:eks.cluster:210987654321:eu-north-1:prod",
            ]
        );
    }
}

#[test]
fn what_names_no_resource_is_about_the_account() {
    let value = finding(
        "Policy:IAMUser/RootCredentialUsage",
        json!({"resourceType": "AccessKey",
        "accessKeyDetails": {"userType": "Root", "userName": "Root"}}),
        json!({}),
    );
    assert_eq!(only_finding(&value.to_string()).asset.id.key(), "aws:account:210987654321");
    let value = finding("Stealth:IAMUser/PasswordPolicyChange", json!(null), json!({"count": 1}));
    assert_eq!(only_finding(&value.to_string()).asset.id.key(), "aws:account:210987654321");
}

#[test]
fn a_caller_of_an_unknown_kind_is_still_what_the_finding_is_about() {
    let resource = json!({"resourceType": "AccessKey",
        "accessKeyDetails": {"userType": "SAMLUser", "userName": "ida@idp"},
        "instanceDetails": {"instanceId": "i-0123456789abcdef0"}});
    let found =
        only_finding(&finding("Recon:IAMUser/TorIPCaller", resource, json!({})).to_string());
    assert_eq!(found.asset.native_id, "ida@idp");
    assert_eq!(kinds(&found), ["Instance"]);
}

#[test]
fn made_up_findings_say_so() {
    for info in [json!({"sample": true}), json!({"value": "{\"sample\":true}", "type": "default"})]
    {
        let mut value = on_instance();
        value["service"]["additionalInfo"] = info;
        let found = only_finding(&value.to_string());
        assert!(found.evidence.iter().any(|(name, _)| name == "sample"));
    }
}

#[test]
fn odd_fields_do_not_cost_the_finding() {
    let mut value = on_instance();
    value["service"]["action"] = json!("none");
    value["service"]["runtimeDetails"] = json!([1, 2]);
    value["service"]["evidence"] = json!(7.5);
    value["resource"]["s3BucketDetails"] = json!({"name": "alone"});
    value["resource"]["kubernetesDetails"] = json!(false);
    let found = only_finding(&value.to_string());
    assert_eq!(kinds(&found), ["S3Bucket", "IAMInstanceProfile"]);
}

#[test]
fn other_records_in_the_stream_are_rejects_with_their_reason() {
    let lines = format!(
        "{}\n{}\n{}\n",
        on_instance(),
        json!({"findings": []}),
        json!({"detail-type": "EC2 Instance State-change", "detail": {"state": "stopped"}})
    );
    let results = normalize_text(&lines);
    assert!(results[0].is_ok());
    assert!(results[1].as_ref().unwrap_err().contains("`$.type` is missing"));
    assert!(results[2].as_ref().unwrap_err().contains("`$.detail.type` is missing"));
    let twice = on_instance().to_string().replacen("\"type\"", "\"type\":\"x\",\"type\"", 1);
    let results = normalize_text(&format!("{}\n{twice}\n", on_instance()));
    assert!(matches!(&results[1], Err(reason) if reason.contains("duplicate field")));
}

#[test]
fn lists_are_kept_within_bounds() {
    let mut value = on_instance();
    let buckets: Vec<Value> = (0..500).map(|n| json!({"name": format!("bucket-{n}")})).collect();
    value["resource"]["s3BucketDetails"] = json!(buckets);
    let lineage: Vec<Value> =
        (0..500).map(|n| json!({"name": format!("p{n}"), "uuid": n.to_string()})).collect();
    value["service"]["runtimeDetails"] = json!({"process": {"name": "p", "lineage": lineage}});
    let ports: Vec<Value> = (0..500)
        .map(|n| json!({"remoteIpDetails": {"ipAddressV4": format!("10.0.{}.{}", n / 256, n % 256)}}))
        .collect();
    value["service"]["action"] = json!({"portProbeAction": {"portProbeDetails": ports}});
    let found = only_finding(&value.to_string());
    let told = detection(&found);
    assert_eq!(told.also_involved.len(), 63);
    assert_eq!((told.processes.len(), told.remote_addresses.len()), (16, 32));
}

#[test]
fn security_hubs_form_and_macies_stay_with_their_own_formats() {
    let asff = json!({"SchemaVersion": "2018-10-08", "Id": "x", "ProductName": "GuardDuty",
        "ProductArn": "arn:aws:securityhub:eu-north-1::product/aws/guardduty", "GeneratorId": "g",
        "AwsAccountId": "210987654321", "Types": ["TTPs/Discovery/Recon:EC2-Portscan"],
        "Title": "t", "Severity": {"Label": "LOW"},
        "Resources": [{"Type": "AwsEc2Instance", "Id": "i-0123456789abcdef0"}]});
    for text in [
        json!({"Findings": [asff]}).to_string(),
        json!({"detail-type": "Security Hub Findings - Imported", "detail": {"findings": [asff]}})
            .to_string(),
    ] {
        let found = only_finding(&text);
        assert_eq!(
            (found.tool.format.as_str(), found.tool.product.as_str()),
            ("asff", "guardduty")
        );
    }
    let ocsf = json!({"class_uid": 2004, "category_uid": 2, "activity_id": 1, "severity_id": 4,
        "metadata": {"version": "1.1.0", "product": {"name": "GuardDuty", "vendor_name": "AWS"}},
        "finding_info": {"title": "t", "uid": "u", "types": ["Recon:EC2/Portscan"]},
        "resources": [{"uid": "i-0123456789abcdef0", "type": "AwsEc2Instance"}]});
    assert_eq!(only_finding(&ocsf.to_string()).tool.format, "ocsf");
}

#[test]
fn every_finding_type_has_its_tactic_and_the_longest_family_wins() {
    for (kind, tactic, techniques) in [
        ("Backdoor:Runtime/C&CActivity.B", "Command and Control", &["T1071"][..]),
        ("Backdoor:Runtime/C&CActivity.B!DNS", "Command and Control", &["T1071.004"]),
        (
            "DefenseEvasion:Runtime/ProcessInjection.VirtualMemoryWrite",
            "Defense Evasion",
            &["T1055"],
        ),
        ("Execution:Container/SuspiciousFile", "Execution", &["T1204.002"]),
        ("Stealth:IAMUser/CloudTrailLoggingDisabled", "Defense Evasion", &["T1562.008"]),
        ("UnauthorizedAccess:Lambda/TorRelay", "Command and Control", &["T1090.003"]),
        ("UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", "Initial Access", &["T1078.004"]),
        ("Impact:Kubernetes/MaliciousIPCaller", "Impact", &[]),
        ("Trojan:EC2/SomethingNew", "Command and Control", &[]),
    ] {
        assert_eq!(of_type(kind), (&[tactic][..], techniques), "{kind}");
    }
    assert_eq!(of_type("nonsense"), (&[][..], &[][..]));
    assert_eq!(technique_id("T1078.004: Cloud Accounts"), Some("T1078.004"));
    for text in ["", "T", "T1", "T10789", "T1078.4", "Txxxx", "Technique", "TA0001"] {
        assert_eq!(technique_id(text), None, "{text}");
    }
}

#[test]
fn every_record_of_a_list_is_a_finding_or_a_reject() {
    let results = normalize_text(
        &json!({"Findings": [
        with_capitals(&on_instance()), {"Type": "Recon:EC2/Portscan"}, {}, 7, null]})
        .to_string(),
    );
    let made: Vec<usize> = results.iter().map(|r| r.as_ref().map_or(0, Vec::len)).collect();
    assert_eq!(made, [1, 0, 0, 0, 0]);
    assert!(matches!(results[0].as_ref().unwrap()[0], Record::Finding(_)));
}

#[test]
fn an_anomaly_keeps_what_is_usual_beside_what_was_seen() {
    let info = json!({
        "anomalies": {"anomalousAPIs": "iam.amazonaws.com:[CreateAccessKey:success]"},
        "profiledBehavior": {
            "frequentProfiledAPIsAccountProfiling": "DescribeInstances , ListBuckets",
            "frequentProfiledAPIsUserIdentityProfiling": "GetObject , PutObject",
            "rareProfiledAPIsUserIdentityProfiling": "",
            "numberOfHistoricalDailyAvgAPIsUserIdentityProfiling": "12.5",
            "numberOfHistoricalDailyMaxAPIsUserIdentityProfiling": "40",
            "numberOfHistoricalDailyMaxAPIsBucketProfiling": "many"
        },
        "unusualBehavior": {
            "unusualASNsUserIdentityProfiling": "asnNumber: 64500 asnOrg: EXAMPLE-NET",
            "numberOfPast24HoursAPIsUserIdentityProfiling": "900",
            "isUnusualUserIdentity": "false"
        }
    });
    for info in [info.clone(), json!({"Value": info.to_string(), "Type": "default"})] {
        let mut value = on_instance();
        value["service"]["additionalInfo"] = info;
        let found = only_finding(&value.to_string());
        let fact = |name: &str| {
            let known = found.evidence.iter().find(|(known, _)| known == name);
            known.map(|(_, value)| value.raw().to_owned()).unwrap_or_default()
        };
        assert_eq!(fact("anomalous_calls"), "iam.amazonaws.com:[CreateAccessKey:success]");
        assert_eq!(
            fact("usual"),
            "this identity, calls often seen: GetObject, PutObject; \
             the account, calls often seen: DescribeInstances, ListBuckets"
        );
        assert_eq!(
            fact("unusual"),
            "this identity, networks never seen: asnNumber: 64500 asnOrg: EXAMPLE-NET"
        );
        assert_eq!(
            fact("usual_rate"),
            "12.5 calls a day on average of this identity; \
             40 calls on the busiest day of this identity"
        );
        assert_eq!(fact("seen_rate"), "900 calls in 24 hours of this identity");
    }
}
