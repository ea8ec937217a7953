//! The resources that a finding names, as assets.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};
use serde_json::Value;

use super::involved::sequence;
use super::wire::{AccessKey, Bucket, Container, Finding, Resource, Workload};
use crate::aws::{Place, account, asset, identity, image};
use crate::wire::{Text, tags_of};

const NAME_BYTES: usize = 512;
/// Assets that are kept of one finding.
const MOST_ASSETS: usize = 64;

/// GuardDuty's word for a kind of resource, and an asset of it.
pub(super) type Named = (&'static str, Asset);

/// Where the finding's resources live.
pub(super) fn place<'f>(finding: &'f Finding<'_>) -> Place<'f> {
    let of_arn = |at: usize| finding.arn.get().and_then(|arn| arn.split(':').nth(at));
    let own = [&finding.account_id, &finding.account].into_iter().find_map(Text::get);
    Place {
        partition: finding.partition.get().or_else(|| of_arn(1)).unwrap_or_default(),
        account: own.or_else(|| of_arn(4)).unwrap_or_default(),
        region: finding.region.get().or_else(|| of_arn(3)).unwrap_or_default(),
    }
}

/// Every asset of a finding, the one that it is about first. Empty where not even the account is
/// known.
pub(super) fn assets(finding: &Finding<'_>, kind: &str) -> Vec<Asset> {
    let place = place(finding);
    let resource = &finding.resource;
    let mut named = of_resource(resource, &place);
    let found = sequence(&finding.service.detection.sequence, &place);
    let wanted = wanted(kind, resource.kind.or_empty());
    named.extend(found);
    if let Some(at) = wanted.and_then(|word| named.iter().position(|(kind, _)| *kind == word)) {
        let first = named.remove(at);
        named.insert(0, first);
    }
    let mut assets: Vec<Asset> = Vec::new();
    for (_, asset) in named {
        let known = assets.iter().any(|seen| seen.id.key() == asset.id.key());
        if !known && assets.len() < MOST_ASSETS {
            assets.push(asset);
        }
    }
    if assets.is_empty() {
        assets.extend(account(&place));
    }
    assets
}

/// Words of `resourceType` and what they name here. A sequence is about what its type says.
fn wanted(kind: &str, resource: &str) -> Option<&'static str> {
    const SEQUENCES: &[(&str, &str)] = &[
        ("AttackSequence:EC2/", "Instance"),
        ("AttackSequence:ECS/", "ECSCluster"),
        ("AttackSequence:EKS/", "EKSCluster"),
        ("AttackSequence:IAM/", "AccessKey"),
        ("AttackSequence:S3/", "S3Bucket"),
    ];
    const WORDS: &[(&str, &str)] = &[
        ("accesskey", "AccessKey"),
        ("container", "Container"),
        ("ebssnapshot", "EBSSnapshot"),
        ("ec2image", "EC2Image"),
        ("ecscluster", "ECSCluster"),
        ("ekscluster", "EKSCluster"),
        ("instance", "Instance"),
        ("kubernetescluster", "EKSCluster"),
        ("lambda", "Lambda"),
        ("rdsdbinstance", "RDSDBInstance"),
        ("rdslimitlessdb", "RDSLimitlessDB"),
        ("recoverypoint", "RecoveryPoint"),
        ("s3bucket", "S3Bucket"),
        ("s3object", "S3Object"),
    ];
    let of_sequence = SEQUENCES.iter().find(|(start, _)| kind.starts_with(start));
    let lower = resource.to_ascii_lowercase();
    let word = lower.strip_suffix("details").unwrap_or(&lower);
    of_sequence.or_else(|| WORDS.iter().find(|(known, _)| *known == word)).map(|(_, word)| *word)
}

/// What stands below `resource`, workloads before the machines that carry them.
fn of_resource(resource: &Resource<'_>, place: &Place<'_>) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    for bucket in resource.buckets.iter().take(MOST_ASSETS) {
        named.extend(of_bucket(bucket, place));
    }
    named.extend(
        one("Lambda", [&resource.lambda.arn, &resource.lambda.name], place)
            .map(|asset| tagged(asset, &resource.lambda.tags)),
    );
    let database = &resource.database;
    named.extend(
        one("RDSDBInstance", [&database.arn, &database.id], place)
            .map(|asset| tagged(asset, &database.tags)),
    );
    named.extend(one("RDSDBCluster", [&database.cluster, &Text::EMPTY], place));
    let limitless = &resource.limitless;
    named.extend(
        one("RDSLimitlessDB", [&limitless.arn, &limitless.id], place)
            .map(|asset| tagged(asset, &limitless.tags)),
    );
    named.extend(one("RDSDBCluster", [&limitless.cluster, &Text::EMPTY], place));
    let eks = &resource.eks_cluster;
    named.extend(
        one("EKSCluster", [&eks.arn, &eks.name], place).map(|asset| tagged(asset, &eks.tags)),
    );
    named.extend(of_workload(&resource.kubernetes.workload, eks.name.or_empty(), place));
    let ecs = &resource.ecs_cluster;
    named.extend(
        one("ECSCluster", [&ecs.arn, &ecs.name], place).map(|asset| tagged(asset, &ecs.tags)),
    );
    named.extend(one("ECSTask", [&ecs.task.arn, &Text::EMPTY], place));
    named.extend(ecs.task.containers.iter().take(MOST_ASSETS).flat_map(|c| of_container(c, place)));
    named.extend(of_container(&resource.container, place));
    let instance = &resource.instance;
    named.extend(
        one("Instance", [&instance.instance_id, &Text::EMPTY], place)
            .map(|asset| tagged(asset, &instance.tags)),
    );
    let copies = [
        ("EBSSnapshot", &resource.snapshot.arn),
        ("EC2Image", &resource.image.arn),
        ("RecoveryPoint", &resource.recovery_point.arn),
    ];
    named
        .extend(copies.into_iter().filter_map(|(kind, arn)| one(kind, [arn, &Text::EMPTY], place)));
    let volumes = resource.volumes.scanned.iter().take(MOST_ASSETS);
    named.extend(volumes.filter_map(|v| one("EBSVolume", [&v.arn, &Text::EMPTY], place)));
    named.extend(caller(&resource.access_key, place));
    named.extend(one("IAMRole", [&resource.lambda.role, &Text::EMPTY], place));
    named.extend(one("IAMInstanceProfile", [&instance.profile.arn, &Text::EMPTY], place));
    named
}

/// Whose access key it is; where the kind of identity is none of the account's, by its name alone.
pub(super) fn caller(key: &AccessKey<'_>, place: &Place<'_>) -> Option<Named> {
    let known = identity(key.user_type.or_empty(), key.user_name.or_empty(), place);
    known
        .map(|asset| ("AccessKey", asset))
        .or_else(|| one("AccessKey", [&key.user_name, &key.principal_id], place))
}

/// A resource by its ARN, or where there is none by its name.
pub(super) fn one(kind: &'static str, ids: [&Text<'_>; 2], place: &Place<'_>) -> Option<Named> {
    let native = ids.into_iter().find_map(Text::get)?;
    Some((kind, asset(native, kind, place)))
}

/// With its tags, and the name that they give.
pub(super) fn tagged((kind, mut asset): Named, tags: &Value) -> Named {
    asset.tags = tags_of(tags);
    if let Some(name) = asset.tags.get("Name").filter(|name| !name.is_empty()) {
        asset.name = name.clone().capped(NAME_BYTES);
    }
    (kind, asset)
}

/// A bucket, with the objects in it that malware was found in.
fn of_bucket(bucket: &Bucket<'_>, place: &Place<'_>) -> Vec<Named> {
    let objects = bucket.objects.iter().take(MOST_ASSETS);
    let objects = objects.filter_map(|object| {
        let native = match (object.arn.get(), bucket.name.get(), object.key.get()) {
            (Some(arn), _, _) => arn.to_owned(),
            (None, Some(bucket), Some(key)) => format!("s3://{bucket}/{key}"),
            (None, _, _) => return None,
        };
        Some(("S3Object", asset(&native, "S3Object", place)))
    });
    let mut named: Vec<Named> = objects.collect();
    if let Some(found) = one("S3Bucket", [&bucket.arn, &bucket.name], place) {
        let (kind, mut asset) = tagged(found, &bucket.tags);
        asset.signals.internet_exposed = match bucket.public_access.effective_permission.or_empty()
        {
            "PUBLIC" => Some(true),
            "NOT_PUBLIC" => Some(false),
            _ => None,
        };
        named.push((kind, asset));
    }
    named
}

/// A workload of a cluster and its containers.
pub(super) fn of_workload(workload: &Workload<'_>, cluster: &str, place: &Place<'_>) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    if let Some(name) = workload.name.get() {
        let kind = workload.kind.get().unwrap_or("pods");
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            account: Some(cluster),
            kind: Some(kind),
            name: Some(name),
            namespace: workload.namespace.get(),
            ..Hints::default()
        };
        let native: Vec<&str> = [workload.namespace.or_empty(), kind, name]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let native = native.join("/");
        let asset = Asset {
            id: AssetId::parse(&native, &hints),
            name: Untrusted::from(name).capped(NAME_BYTES),
            native_id: native,
            native_kind: kind.to_owned(),
            ..Asset::default()
        };
        named.push(("KubernetesWorkload", asset));
    }
    named.extend(workload.containers.iter().take(MOST_ASSETS).flat_map(|c| of_container(c, place)));
    named
}

/// A container, and the image that it was made of.
fn of_container(container: &Container<'_>, place: &Place<'_>) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    // The name of a container says nothing outside of its workload.
    if let Some(id) = container.id.get() {
        let name = container.name.get().unwrap_or(id);
        // A whole id is told by nobody twice; a cut one may be.
        let account = (id.len() < 64).then_some(place.account);
        let hints =
            Hints { account, kind: Some("container"), name: Some(name), ..Hints::default() };
        let asset = Asset {
            id: AssetId::parse(id, &hints),
            name: Untrusted::from(name).capped(NAME_BYTES),
            native_id: id.to_owned(),
            native_kind: "Container".to_owned(),
            ..Asset::default()
        };
        named.push(("Container", asset));
    }
    named.extend(image(&container.image).map(|asset| ("ContainerImage", asset)));
    named
}
