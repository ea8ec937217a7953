//! Rows of what there is: resources, machines, and what is on machines.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::moment;
use super::search::Kind;
use crate::platforms::{Cloud, Kind as ThingKind, Thing};

pub(super) fn row(kind: Kind, thing: &Thing, at: Timestamp) -> Option<Value> {
    let mid = thing.number + 1;
    let times = |mut row: Value| {
        if let Some(map) = row.as_object_mut() {
            map.insert("startTime".to_owned(), json!(moment(at)));
            map.insert("endTime".to_owned(), json!(moment(at)));
        }
        Some(row)
    };
    match kind {
        Kind::Inventory => times(inventory(thing)),
        Kind::Machines => Some(json!({
            "awsInstanceId": if thing.account.cloud == Cloud::Aws { thing.id.as_str() } else { "" },
            "awsZone": "", "createdTime": moment(at), "domain": "(none)", "hostname": thing.host,
            "kernel": "Linux", "kernelRelease": "5.15.0-1035", "mid": mid, "os": "Ubuntu",
            "osVersion": "22.04", "tags": machine_tags(thing),
        })),
        Kind::Users => Some(json!({
            "createdTime": moment(at), "mid": mid, "otherGroupNames": ["sudo"],
            "primaryGroupName": "admin", "uid": 1_000, "username": "admin",
        })),
        Kind::Images => Some(json!({
            "containerType": "DOCKER", "createdTime": moment(at), "mid": 1, "size": 35_018_063,
            "imageId": format!("sha256:{:064x}", thing.number),
            "repo": thing.native.split('@').next(), "tag": thing.id,
        })),
        Kind::Processes => times(json!({
            "mid": mid, "pid": 4_711, "pidHash": 9_000_000 + thing.number, "ppid": 1, "uid": 0,
            "username": "root", "exePath": "/usr/sbin/sshd", "cmdline": "/usr/sbin/sshd -D",
            "cwd": "/", "processStartTime": moment(at),
        })),
        Kind::Files => times(json!({
            "mid": mid, "filePath": "/usr/bin/curl", "filedataHash": format!("{:064x}", thing.number),
            "fileType": "REG", "ownerUid": 0, "ownerUsername": "root", "size": 4_711,
            "createdTime": moment(at),
        })),
        Kind::Interfaces => times(json!({
            "mid": mid, "name": "eth0", "hwAddr": "02:00:5e:00:00:01", "ipAddr": "10.0.0.7/24",
            "createdTime": moment(at),
        })),
        Kind::Logins => Some(json!({
            "mid": mid, "username": "admin", "uid": 1_000, "activityType": "Login",
            "activityTime": moment(at), "hostname": thing.host, "sourceIpAddr": "198.51.100.7",
        })),
        Kind::ChangedFiles => times(json!({
            "mid": mid, "filePath": "/etc/passwd", "filedataHash": format!("{:064x}", thing.number),
            "activity": "FileChanged", "lastModifiedTime": moment(at),
        })),
        Kind::Alerts
        | Kind::Hosts
        | Kind::Containers
        | Kind::Compliance
        | Kind::CloudActivities
        | Kind::Connections => None,
    }
}

fn inventory(thing: &Thing) -> Value {
    let (csp, details) = match thing.account.cloud {
        Cloud::Aws => {
            ("AWS", json!({ "accountAlias": thing.account.name, "accountID": thing.account.id }))
        }
        Cloud::Azure => (
            "Azure",
            json!({ "subscriptionName": thing.account.name, "subscriptionID": thing.account.id }),
        ),
        Cloud::Gcp => {
            ("GCP", json!({ "projectName": thing.account.name, "projectID": thing.account.id }))
        }
    };
    let config = match thing.account.cloud {
        Cloud::Azure => json!({ "name": thing.name, "properties": { "vmId": thing.vm_id() } }),
        Cloud::Aws | Cloud::Gcp => {
            json!({ "Name": thing.name, "PublicIpAddress": thing.address })
        }
    };
    let kind = resource_type(thing);
    let tags: serde_json::Map<String, Value> =
        thing.tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({
        "apiKey": "describe", "cloudDetails": details, "csp": csp,
        "resourceConfig": config,
        "resourceId": if csp == "AWS" { &thing.id } else { &thing.native },
        "resourceRegion": thing.region, "resourceTags": tags, "resourceType": kind,
        "service": kind.split(':').next(), "status": { "formatVersion": 2, "props": {}, "status": "success" },
        "urn": thing.native,
    })
}

const fn resource_type(thing: &Thing) -> &'static str {
    match (thing.account.cloud, thing.kind) {
        (Cloud::Azure, _) => "microsoft.compute/virtualmachines",
        (Cloud::Gcp, _) => "compute.googleapis.com/Instance",
        (Cloud::Aws, ThingKind::Bucket) => "s3:bucket",
        (Cloud::Aws, ThingKind::Database) => "rds:db",
        (Cloud::Aws, ThingKind::Machine) => "ec2:instance",
        (Cloud::Aws, ThingKind::Firewall) => "ec2:security-group",
        (Cloud::Aws, ThingKind::Function) => "lambda:function",
        (Cloud::Aws, ThingKind::Key) => "kms:key",
        (Cloud::Aws, ThingKind::Queue) => "sqs:queue",
        (Cloud::Aws, ThingKind::Image) => "ecr:image",
    }
}

/// A machine's tags: the agent's own and the customer's in one flat map.
pub(super) fn machine_tags(thing: &Thing) -> Value {
    let exposed = if thing.exposed { "Yes" } else { "No" };
    let mut tags = json!({
        "Hostname": thing.host, "InternalIp": "10.0.0.7", "arch": "amd64", "os": "linux",
        "lw_InternetExposure": exposed,
    });
    let own = match thing.account.cloud {
        Cloud::Aws => json!({
            "Account": thing.account.id, "AmiId": "ami-1234abcd1234abcd1", "InstanceId": thing.id,
            "VmProvider": "AWS", "Zone": format!("{}a", thing.region), "VpcId": "vpc-1",
            "SubnetId": "subnet-1",
        }),
        Cloud::Azure => json!({
            "InstanceId": thing.vm_id(), "InstanceName": thing.name,
            "ResourceGroupName": "office", "SubscriptionId": thing.account.id, "VmProvider": "Azure",
            "Zone": thing.region,
        }),
        Cloud::Gcp => json!({
            "InstanceId": (1_234_567_890_000 + thing.number).to_string(), "InstanceName": thing.name,
            "NumericProjectId": "123456789012", "ProjectId": thing.account.id, "VmProvider": "GCE",
            "Zone": format!("{}-b", thing.region),
        }),
    };
    let customer = thing.tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value)));
    let more = own.as_object().cloned().unwrap_or_default();
    if let Some(map) = tags.as_object_mut() {
        map.extend(more);
        map.extend(customer);
        if let Some(address) = &thing.address {
            map.insert("ExternalIp".to_owned(), json!(address));
        }
    }
    tags
}
