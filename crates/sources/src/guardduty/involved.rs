//! What took part in an attack sequence: its resources and the identities that acted.

use super::asset::{Named, caller, of_workload, one, tagged};
use super::service_wire::{Actor, Involved, Sequence};
use crate::aws::{Place, identity};
use crate::wire::Text;

/// Words of a sequence's resources, GuardDuty's older words for them and what people call them.
const KINDS: &[(&str, &str)] = &[
    ("EC2_INSTANCE", "Instance"),
    ("EC2_IMAGE", "EC2Image"),
    ("EC2_NETWORK_INTERFACE", "NetworkInterface"),
    ("EC2_VPC", "VPC"),
    ("EC2_LAUNCH_TEMPLATE", "LaunchTemplate"),
    ("AUTOSCALING_AUTO_SCALING_GROUP", "AutoScalingGroup"),
    ("CLOUDFORMATION_STACK", "CloudFormationStack"),
    ("CONTAINER", "Container"),
    ("ECS_CLUSTER", "ECSCluster"),
    ("ECS_TASK", "ECSTask"),
    ("EKS_CLUSTER", "EKSCluster"),
    ("IAM_INSTANCE_PROFILE", "IAMInstanceProfile"),
    ("LAMBDA", "Lambda"),
    ("RDS_DB_INSTANCE", "RDSDBInstance"),
    ("S3_BUCKET", "S3Bucket"),
    ("S3_OBJECT", "S3Object"),
];

/// Resources and identities of a sequence.
pub(super) fn sequence(sequence: &Sequence<'_>, place: &Place<'_>) -> Vec<Named> {
    let cluster = cluster(sequence);
    let resources = sequence.resources.iter().flat_map(|r| resource(r, cluster, place));
    let actors = sequence.actors.iter().filter_map(|a| actor(a, place));
    resources.chain(actors).collect()
}

/// The cluster that workloads of the sequence run in, where there is only one.
fn cluster<'s>(sequence: &'s Sequence<'_>) -> &'s str {
    let mut clusters = sequence.resources.iter().filter(|r| r.kind.get() == Some("EKS_CLUSTER"));
    match (clusters.next(), clusters.next()) {
        (Some(only), None) => {
            let uid = only.uid.or_empty();
            only.name.get().unwrap_or_else(|| uid.rsplit('/').next().unwrap_or(uid))
        }
        _ => "",
    }
}

fn resource(resource: &Involved<'_>, cluster: &str, place: &Place<'_>) -> Vec<Named> {
    let place = Place {
        account: resource.account_id.get().unwrap_or(place.account),
        region: resource.region.get().unwrap_or(place.region),
        ..*place
    };
    match resource.kind.or_empty() {
        "ACCESS_KEY" => caller(&resource.data.access_key, &place).into_iter().collect(),
        "KUBERNETES_WORKLOAD" => {
            let workload = &resource.data.workload;
            let own = super::wire::Workload {
                name: [&workload.name, &resource.name]
                    .into_iter()
                    .find(|n| n.get().is_some())
                    .cloned()
                    .unwrap_or_default(),
                kind: workload.kind.clone(),
                namespace: workload.namespace.clone(),
                containers: Vec::new(),
            };
            of_workload(&own, cluster, &place)
        }
        kind => {
            let known = KINDS.iter().find(|(word, _)| *word == kind);
            let word = known.map_or("Resource", |(_, word)| *word);
            let found = one(word, [&resource.uid, &resource.name], &place);
            found.map(|named| tagged(named, &resource.tags)).into_iter().collect()
        }
    }
}

fn actor(actor: &Actor<'_>, place: &Place<'_>) -> Option<Named> {
    let user = &actor.user;
    let account = user.account.uid.get().unwrap_or(place.account);
    let place = Place { account, ..*place };
    let who = identity(user.kind.or_empty(), user.name.get().unwrap_or_default(), &place)?;
    Some(("AccessKey", who))
}

/// The name of the first identity that acted.
pub(super) fn principal<'s>(sequence: &'s Sequence<'_>) -> Option<&'s str> {
    sequence.actors.iter().find_map(|a| [&a.user.name, &a.user.uid].into_iter().find_map(Text::get))
}
