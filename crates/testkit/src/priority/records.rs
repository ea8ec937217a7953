//! One record of each tool, in its real shape.

use serde_json::{Value, json};

use super::Place;

/// When the records were made; the same in every estate.
const TIME: &str = "2026-09-21T14:13:20Z";
const EPOCH: u64 = 1_790_000_000;

fn tag_map(place: &Place) -> Value {
    place
        .tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn tag_list(place: &Place) -> Vec<Value> {
    place.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// An id that follows from what the record is about.
fn id_of(parts: &[&str]) -> String {
    parts.join("-").replace([':', '/', ' '], "-")
}

/// The ARN of a resource of a service.
pub(super) fn arn(service: &str, kind: &str, place: &Place) -> String {
    match service {
        "s3" => format!("arn:aws:s3:::{}", place.name),
        "iam" => format!("arn:aws:iam::{}:{kind}/{}", place.account, place.name),
        "rds" => {
            format!("arn:aws:rds:{}:{}:{kind}:{}", place.region, place.account, place.name)
        }
        _ => {
            format!("arn:aws:{service}:{}:{}:{kind}/{}", place.region, place.account, place.name)
        }
    }
}

/// A check of Prowler, failed or passed.
pub(super) fn prowler(
    (check, severity): (&str, i64),
    (arn, kind): (&str, &str),
    place: &Place,
    status: &str,
) -> Value {
    let labels: Vec<String> = place.tags.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    let word = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"];
    let word = usize::try_from(severity).ok().and_then(|at| word.get(at)).copied();
    json!({
        "message": format!("{} does not meet {check}.", place.name),
        "metadata": {"event_code": check, "version": "1.4.0", "profiles": ["cloud", "datetime"],
            "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler", "version": "5.4.0"}},
        "severity_id": severity, "severity": word.unwrap_or("Unknown"),
        "status": "New", "status_id": 1, "status_code": status,
        "activity_name": "Create", "activity_id": 1, "category_uid": 2, "category_name": "Findings",
        "class_uid": 2004, "class_name": "Detection Finding", "type_uid": 200_401,
        "finding_info": {"created_time": EPOCH, "title": format!("Check {check}"), "types": ["made-up"],
            "uid": id_of(&["prowler-aws", check, place.account, place.region, &place.name])},
        "resources": [{"uid": arn, "name": place.name, "type": kind, "region": place.region,
            "cloud_partition": "aws", "group": {"name": kind}, "labels": labels}],
        "cloud": {"provider": "aws", "region": place.region,
            "account": {"uid": place.account, "name": place.account_name, "type": "AWS Account", "type_id": 10}},
        "time": EPOCH, "time_dt": "2026-09-21T14:13:20",
    })
}

/// A control of Security Hub, failed.
pub(super) fn security_hub(
    (control, severity): (&str, &str),
    (arn, kind): (&str, &str),
    place: &Place,
    workflow: &str,
) -> Value {
    let account = place.account;
    let generator = format!("aws-foundational-security-best-practices/v/1.0.0/{control}");
    json!({
        "SchemaVersion": "2018-10-08", "ProductName": "Security Hub", "Region": place.region,
        "Id": format!("arn:aws:securityhub:{}:{account}:subscription/{generator}/finding/{}",
            place.region, id_of(&[control, &place.name])),
        "ProductArn": format!("arn:aws:securityhub:{}::product/aws/securityhub", place.region),
        "GeneratorId": generator, "AwsAccountId": account,
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards/AWS-Foundational-Security-Best-Practices"],
        "FirstObservedAt": TIME, "LastObservedAt": TIME, "CreatedAt": TIME, "UpdatedAt": TIME,
        "Severity": {"Label": severity, "Original": severity},
        "Title": format!("{control} is not met"), "Description": "Made up.",
        "Compliance": {"Status": "FAILED", "SecurityControlId": control},
        "Workflow": {"Status": workflow}, "RecordState": "ACTIVE",
        "Resources": [{"Type": kind, "Id": arn, "Partition": "aws", "Region": place.region, "Tags": tag_map(place)}],
    })
}

/// A weakness as Inspector tells it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weakness<'a> {
    pub(super) id: &'a str,
    pub(super) package: &'a str,
    pub(super) severity: &'a str,
    pub(super) cvss: f64,
    pub(super) epss: Option<f64>,
}

/// A weakness on an instance.
pub(super) fn inspector(weakness: Weakness<'_>, instance: &str, place: &Place) -> Value {
    let mut record = json!({
        "findingArn": format!("arn:aws:inspector2:{}:{}:finding/{}", place.region, place.account,
            id_of(&[weakness.id, instance])),
        "awsAccountId": place.account, "type": "PACKAGE_VULNERABILITY",
        "severity": weakness.severity, "status": "ACTIVE",
        "title": format!("{} - {}", weakness.id, weakness.package), "description": "Made up.",
        "firstObservedAt": TIME, "lastObservedAt": TIME, "updatedAt": TIME,
        "inspectorScore": weakness.cvss,
        "resources": [{"id": instance, "type": "AWS_EC2_INSTANCE", "region": place.region,
            "tags": tag_map(place), "details": {"awsEc2Instance": {"platform": "LINUX"}}}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": weakness.id, "source": "NVD", "referenceUrls": [], "relatedVulnerabilities": [],
            "cvss": [{"baseScore": weakness.cvss, "version": "3.1", "source": "NVD"}],
            "vulnerablePackages": [{"name": weakness.package, "version": "1.2.3", "epoch": 0,
                "release": "1", "arch": "X86_64", "fixedInVersion": "0:1.2.9-1", "packageManager": "OS"}]},
    });
    if let (Some(epss), Some(fields)) = (weakness.epss, record.as_object_mut()) {
        fields.insert("epss".to_owned(), json!({"score": epss}));
    }
    record
}

/// A port that the internet reaches.
pub(super) fn reachable(instance: &str, port: u16, place: &Place) -> Value {
    json!({
        "findingArn": format!("arn:aws:inspector2:{}:{}:finding/reach-{instance}", place.region, place.account),
        "awsAccountId": place.account, "type": "NETWORK_REACHABILITY", "severity": "MEDIUM",
        "status": "ACTIVE", "title": format!("Port {port} is reachable from an Internet Gateway"),
        "firstObservedAt": TIME, "lastObservedAt": TIME, "updatedAt": TIME,
        "networkReachabilityDetails": {"protocol": "TCP", "openPortRange": {"begin": port, "end": port},
            "networkPath": {"steps": [
                {"componentId": "igw-0123456789abcdef0", "componentType": "AWS::EC2::InternetGateway"},
                {"componentId": instance, "componentType": "AWS::EC2::Instance"}]}},
        "resources": [{"id": instance, "type": "AWS_EC2_INSTANCE", "region": place.region, "tags": tag_map(place)}],
    })
}

/// A finding of GuardDuty about a resource.
pub(super) fn guardduty((kind, severity): (&str, f64), resource: &Value, place: &Place) -> Value {
    let id = id_of(&[kind, &place.name]);
    json!({
        "SchemaVersion": "2.0", "AccountId": place.account, "Region": place.region, "Partition": "aws",
        "Id": id, "Type": kind, "Severity": severity,
        "Arn": format!("arn:aws:guardduty:{}:{}:detector/d1/finding/{id}", place.region, place.account),
        "Title": format!("{kind} on {}", place.name), "Description": "Made up.",
        "CreatedAt": TIME, "UpdatedAt": TIME, "Resource": resource,
        "Service": {"Archived": false, "Count": 3, "EventFirstSeen": TIME, "EventLastSeen": TIME,
            "ServiceName": "guardduty", "DetectorId": "d1",
            "Action": {"ActionType": "AWS_API_CALL", "AwsApiCallAction": {"Api": "GetObject",
                "RemoteIpDetails": {"IpAddressV4": "203.0.113.9"}}}},
    })
}

/// GuardDuty's description of an instance.
pub(super) fn instance_resource(instance: &str, place: &Place) -> Value {
    let tags: Vec<Value> = place.tags.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect();
    json!({"ResourceType": "Instance", "InstanceDetails": {"InstanceId": instance, "Tags": tags}})
}

/// GuardDuty's description of a bucket.
pub(super) fn bucket_resource(place: &Place) -> Value {
    let tags: Vec<Value> = place.tags.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect();
    json!({"ResourceType": "S3Bucket", "S3BucketDetails": [{"Arn": format!("arn:aws:s3:::{}", place.name),
        "Name": place.name, "Tags": tags}]})
}

/// An issue of Wiz about an asset, with what its graph knows of it.
pub(super) fn wiz(
    (rule, title, severity): (&str, &str, &str),
    (arn, kind): (&str, &str),
    place: &Place,
    flags: &[(&str, bool)],
) -> Value {
    let mut entity = json!({
        "id": id_of(&["entity", &place.name]), "type": kind, "nativeType": kind, "name": place.name,
        "cloudPlatform": "AWS", "providerId": arn, "subscriptionExternalId": place.account,
        "subscriptionName": place.account_name, "region": place.region, "tags": tag_map(place),
    });
    if let Some(fields) = entity.as_object_mut() {
        fields.extend(flags.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    }
    json!({
        "id": id_of(&["wiz", rule, &place.name]), "type": "TOXIC_COMBINATION", "severity": severity,
        "status": "OPEN", "createdAt": TIME, "updatedAt": TIME,
        "sourceRule": {"__typename": "Control", "id": rule, "name": title},
        "entitySnapshot": entity,
    })
}

/// A report of Trivy about one image.
pub(super) fn trivy(place: &Place, digest: &str, results: &[Value]) -> Value {
    json!({
        "SchemaVersion": 2, "CreatedAt": TIME, "ArtifactName": format!("registry.example.com/{}:1", place.name),
        "ArtifactType": "container_image",
        "Metadata": {"RepoDigests": [format!("registry.example.com/{}@sha256:{digest}", place.name)],
            "ImageConfig": {"config": {"Labels": tag_list(place)}}},
        "Results": results,
    })
}
