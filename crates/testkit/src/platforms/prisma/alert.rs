//! What an alert looks like, its policy and its resource.

use serde_json::{Value, json};

use super::PrismaDouble;
use super::alerts::severity;
use super::state::State;
use crate::platforms::{Cause, Cloud, Flaw, Kind, Seer, State as WorldState, Thing};

impl PrismaDouble {
    /// An alert as the API has it; `None` where the platform knows of none.
    pub(super) fn alert_json(
        &self,
        world: &WorldState,
        state: &State,
        number: usize,
        detailed: bool,
    ) -> Option<Value> {
        let flaw = world.flaws.get(number).filter(|flaw| flaw.is_seen_by(Seer::Prisma))?;
        let thing = world.things.get(flaw.thing)?;
        let standing = state.standing(flaw, self.clock.now());
        let detailed = detailed && !state.quirks.bare_policies;
        let mut history = Vec::new();
        if standing.status != "open" || standing.reason != "NEW_ALERT" {
            history.push(json!({
                "modifiedBy": standing.by, "modifiedOn": standing.since.as_millisecond(),
                "reason": standing.reason, "status": standing.status.to_uppercase(),
            }));
        }
        history.push(json!({
            "modifiedBy": "Prisma Cloud System Admin", "modifiedOn": flaw.opened.as_millisecond().to_string(),
            "reason": "NEW_ALERT", "status": "OPEN",
        }));
        let mut alert = json!({
            "id": format!("P-{}", flaw.number + 1000),
            "status": standing.status,
            "reason": standing.reason,
            "firstSeen": flaw.opened.as_millisecond(),
            "lastSeen": standing.since.as_millisecond(),
            "alertTime": flaw.opened.as_millisecond(),
            "lastUpdated": standing.updated.as_millisecond(),
            "saveSearchId": format!("{:08x}-0000-4000-8000-000000000002", number),
            "metadata": {"saveSearchId": format!("{:08x}-0000-4000-8000-000000000002", number)},
            "history": history,
            "policyId": policy_id(flaw),
            "policy": policy(flaw, detailed),
            "resource": resource(state, thing, flaw),
            "triggeredBy": Value::Null,
            "investigateOptions": {"alertId": format!("P-{}", flaw.number + 1000), "searchId": Value::Null},
        });
        if let (Some(fields), false) = (alert.as_object_mut(), standing.note.is_empty()) {
            let until = standing.until.map_or(-1, |until| until.as_millisecond());
            fields.insert("dismissalNote".to_owned(), standing.note.into());
            fields.insert("dismissedBy".to_owned(), standing.by.into());
            fields.insert("dismissalUntilTs".to_owned(), until.into());
        }
        Some(alert)
    }
}

/// The id of the policy behind an alert: the same for all alerts of one fault.
pub(super) fn policy_id(flaw: &Flaw) -> String {
    let (low, high) = policy_name(flaw).bytes().fold((0_u32, 7_u32), |(low, high), byte| {
        let low = low.wrapping_mul(31).wrapping_add(u32::from(byte));
        (low, high.rotate_left(5) ^ low)
    });
    format!("{low:08x}-9a4f-4c1e-8b5d-{high:08x}aa01")
}

pub(super) fn policy_name(flaw: &Flaw) -> &str {
    match &flaw.cause {
        Cause::Misconfiguration(setting) => setting.titles.get(1).map_or("", String::as_str),
        Cause::Vulnerability(weakness) => weakness.cve,
        Cause::Detection(detection) => detection.title,
    }
}

/// The type of the policy.
pub(super) const fn policy_type(flaw: &Flaw) -> &'static str {
    match &flaw.cause {
        Cause::Misconfiguration(_) => "config",
        Cause::Vulnerability(_) => "workload_vulnerability",
        Cause::Detection(_) => "anomaly",
    }
}

/// A policy, as an alert and the list of policies have it.
pub(super) fn policy(flaw: &Flaw, detailed: bool) -> Value {
    let id = policy_id(flaw);
    let mut policy = json!({
        "policyId": id, "policyType": policy_type(flaw), "systemDefault": true, "remediable": false,
    });
    let details = json!({
        "name": policy_name(flaw),
        "description": format!("This policy identifies resources for which this holds: {}.", policy_name(flaw)),
        "severity": severity(flaw.severity),
        "recommendation": "1. Log in to the console of the cloud.\n2. Change the setting.",
        "labels": ["Prisma_Cloud"],
        "lastModifiedOn": 1_700_000_000_000_i64, "lastModifiedBy": "template@redlock.io", "deleted": false,
        "complianceMetadata": [{
            "standardName": "CIS v1.4.0 (AWS)", "standardDescription": "CIS", "requirementId": "2",
            "requirementName": "Storage", "sectionId": "2.1", "sectionDescription": "Section 2.1",
            "policyId": id, "complianceId": "c0ffee00-0000-4000-8000-000000000001", "customAssigned": false,
        }],
        "findingTypes": [],
    });
    if let (Some(fields), Value::Object(more), true) = (policy.as_object_mut(), details, detailed) {
        fields.extend(more);
    }
    policy
}

/// The resource's type, the API call that told of it, and its service.
pub(super) const fn kind_words(thing: &Thing) -> [&'static str; 3] {
    match (thing.account.cloud, thing.kind) {
        (Cloud::Azure, _) => ["INSTANCE", "azure-vm-list", "Azure Virtual Machines"],
        (Cloud::Gcp, _) => ["INSTANCE", "gcloud-compute-instances-list", "Google Compute Engine"],
        (Cloud::Aws, Kind::Bucket) => ["STORAGE_BUCKET", "aws-s3api-get-bucket-acl", "Amazon S3"],
        (Cloud::Aws, Kind::Database) => {
            ["MANAGED_DB", "aws-rds-describe-db-instances", "Amazon RDS"]
        }
        (Cloud::Aws, Kind::Machine) => ["INSTANCE", "aws-ec2-describe-instances", "Amazon EC2"],
        (Cloud::Aws, Kind::Firewall) => {
            ["SECURITY_GROUP", "aws-ec2-describe-security-groups", "Amazon VPC"]
        }
        (Cloud::Aws, Kind::Function) => {
            ["SERVERLESS_FUNCTION", "aws-lambda-list-functions", "AWS Lambda"]
        }
        (Cloud::Aws, Kind::Key) => ["OTHER", "aws-kms-get-key-rotation-status", "AWS KMS"],
        (Cloud::Aws, Kind::Queue) => ["OTHER", "aws-sqs-get-queue-attributes", "Amazon SQS"],
        (Cloud::Aws, Kind::Image) => ["CONTAINER_IMAGE", "aws-ecr-image", "Amazon ECR"],
    }
}

/// The cloud's word.
pub(super) const fn cloud(thing: &Thing) -> &'static str {
    match thing.account.cloud {
        Cloud::Aws => "aws",
        Cloud::Azure => "azure",
        Cloud::Gcp => "gcp",
    }
}

/// The native id, as the platform writes it.
pub(super) fn native(thing: &Thing) -> String {
    match (thing.account.cloud, thing.kind) {
        // Some Azure ids stand behind the tenant's.
        (Cloud::Azure, _) if thing.number.is_multiple_of(3) => {
            format!("a1b2c3d4-0000-4000-8000-00000000beef-{}", thing.native)
        }
        (Cloud::Azure, _) | (Cloud::Aws, Kind::Image) => thing.native.clone(),
        (Cloud::Gcp, _) => format!("{:019}", 4_000_000_000_000_000_000_u64 + thing.number as u64),
        (
            Cloud::Aws,
            Kind::Bucket
            | Kind::Database
            | Kind::Machine
            | Kind::Firewall
            | Kind::Function
            | Kind::Key
            | Kind::Queue,
        ) => thing.id.clone(),
    }
}

/// The platform's own name of a resource.
pub(super) fn rrn(state: &State, thing: &Thing) -> String {
    let [kind, _, _] = kind_words(thing);
    let kind = kind.to_ascii_lowercase().replace('_', "");
    let cloud = if state.quirks.old_rrn { "" } else { cloud(thing) };
    let hash = format!("{:040x}", thing.number + 0x00ab_cdef);
    let native = native(thing).replace('%', "%25").replace('/', "%2F").replace(':', "%3A");
    format!("rrn:{cloud}:{kind}:{}:{}:{hash}:{native}", thing.region, thing.account.id)
}

/// The id under which both sides know an asset.
pub(super) fn unified(thing: &Thing) -> String {
    format!("{:032x}", 0x0a55_e700_0000_0000_u64 + thing.number as u64)
}

/// A name, sometimes one that nobody should have given.
pub(super) fn name(state: &State, thing: &Thing) -> String {
    match thing.number % 97 {
        13 if state.quirks.hostile => format!("{}<script>alert(1)</script>", thing.name),
        29 if state.quirks.hostile => format!("{}\u{202e}\u{0}=cmd|'/c calc'!A1", thing.name),
        _ => thing.name.clone(),
    }
}

fn resource(state: &State, thing: &Thing, flaw: &Flaw) -> Value {
    let [kind, api, service] = kind_words(thing);
    let tags: serde_json::Map<String, Value> =
        thing.tags.iter().map(|(key, value)| ((*key).to_owned(), value.clone().into())).collect();
    let data =
        if matches!(flaw.cause, Cause::Detection(_)) { behavior(thing, flaw) } else { data(thing) };
    json!({
        "rrn": rrn(state, thing), "id": native(thing), "name": name(state, thing),
        "account": thing.account.name, "accountId": thing.account.id,
        "cloudAccountGroups": ["Default Account Group"], "region": thing.region, "regionId": thing.region,
        "resourceType": kind, "resourceApiName": api, "cloudServiceName": service,
        "url": "https://console.example.com/resource", "data": data, "resourceTags": tags,
        "cloudType": cloud(thing), "additionalInfo": Value::Null, "unifiedAssetId": unified(thing),
        "resourceTs": flaw.opened.as_millisecond(),
        "resourceConfigJsonAvailable": true, "resourceDetailsAvailable": true,
    })
}

/// What an anomaly says instead of a configuration.
fn behavior(thing: &Thing, flaw: &Flaw) -> Value {
    let link = (thing.account.cloud == Cloud::Gcp).then(|| self_link(thing));
    match &flaw.cause {
        Cause::Detection(detection) => json!({
            "selfLink": link, "userIdentity": {"arn": detection.actor}, "sourceIPAddress": detection.address,
            "isPublic": thing.exposed,
        }),
        Cause::Misconfiguration(_) | Cause::Vulnerability(_) => Value::Null,
    }
}

fn self_link(thing: &Thing) -> String {
    thing.native.replacen("//compute.googleapis.com/", "https://www.googleapis.com/compute/v1/", 1)
}

/// The cloud's own description of a thing.
pub(super) fn data(thing: &Thing) -> Value {
    let tags: Vec<Value> =
        thing.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let of = thing.account.id;
    match (thing.account.cloud, thing.kind) {
        (Cloud::Azure, _) => {
            json!({"id": thing.native, "name": thing.name, "properties": {"vmId": thing.vm_id()}})
        }
        (Cloud::Gcp, _) => {
            json!({"id": native(thing), "name": thing.name, "selfLink": self_link(thing)})
        }
        (Cloud::Aws, Kind::Bucket) => {
            json!({"bucketName": thing.id, "location": thing.region, "tags": tags})
        }
        (Cloud::Aws, Kind::Database) => json!({
            "dbinstanceArn": thing.native, "dbinstanceIdentifier": thing.id, "publiclyAccessible": thing.exposed,
        }),
        (Cloud::Aws, Kind::Machine) => json!({
            "instanceId": thing.id, "publicIpAddress": thing.address, "privateDnsName": thing.host,
            "vpcId": format!("vpc-0{:016x}", thing.number % 5), "subnetId": format!("subnet-0{:016x}", thing.number % 9),
            "securityGroups": [{"groupId": format!("sg-0{:016x}", thing.number % 7), "groupName": "default"}],
            "iamInstanceProfile": {"arn": format!("arn:aws:iam::{of}:instance-profile/{}", thing.name)},
            "tags": tags,
        }),
        (Cloud::Aws, Kind::Firewall) => {
            json!({"groupId": thing.id, "groupName": thing.name, "tags": tags})
        }
        (Cloud::Aws, Kind::Function) => json!({
            "functionName": thing.id, "functionArn": thing.native, "role": format!("arn:aws:iam::{of}:role/{}", thing.name),
        }),
        (Cloud::Aws, Kind::Key) => {
            json!({"key": {"keyArn": thing.native, "keyId": thing.id}, "rotation_status": {}})
        }
        (Cloud::Aws, Kind::Queue) => json!({
            "queueName": thing.id, "queueUrl": format!("https://sqs.{}.amazonaws.com/{of}/{}", thing.region, thing.id),
        }),
        (Cloud::Aws, Kind::Image) => json!({"imageDigest": thing.id, "repositoryName": thing.name}),
    }
}
