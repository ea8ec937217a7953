//! Amazon Web Services: ARNs of every partition, ids and names with what is said beside them.

use super::aws_kinds::{canonical, has_prefix_of, is_known_by_id, of_unique_id};
use super::{Hints, Parts, Provider, image, joined};

/// Services whose names are unique in an account whatever the region.
const REGIONLESS: &[&str] = &[
    "account",
    "budgets",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "organizations",
    "route53",
    "shield",
    "waf",
];

/// Partitions, and how the regions of each begin.
const PARTITIONS: &[(&str, &str)] = &[
    ("aws-cn", "cn-"),
    ("aws-us-gov", "us-gov-"),
    ("aws-iso", "us-iso-"),
    ("aws-iso-b", "us-isob-"),
    ("aws-iso-e", "eu-isoe-"),
    ("aws-iso-f", "us-isof-"),
    ("aws-eusc", "eusc-"),
];

/// What an S3 ARN with an account can name that is no bucket.
const S3_OTHERS: &[&str] =
    &["accesspoint", "access-grants", "async-request", "job", "storage-lens", "storage-lens-group"];

/// Where a resource lives.
#[derive(Clone, Copy)]
struct Place<'a> {
    partition: &'a str,
    account: &'a str,
    region: &'a str,
}

impl<'a> Place<'a> {
    fn hinted(hints: &Hints<'a>) -> Self {
        let region = match hints.region.unwrap_or_default() {
            "global" | "aws-global" => "",
            region => region,
        };
        let partition = PARTITIONS.iter().find(|(_, start)| region.starts_with(start));
        let partition = partition.map_or("aws", |(partition, _)| *partition);
        Self { partition, account: hints.account.unwrap_or_default(), region }
    }
}

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let place = Place::hinted(hints);
    if let Some(rest) = native.strip_prefix("arn:") {
        return arn(rest, place);
    }
    if let Some(path) = native.strip_prefix("s3://") {
        return s3(path, place);
    }
    if let Some(id) = native.strip_prefix("AWS::::Account:") {
        return account(id, place);
    }
    if let Some(parts) = native.strip_prefix("https://").and_then(|url| queue_url(url, place)) {
        return Some(parts);
    }
    if hints.provider != Some(Provider::Aws) || native.is_empty() {
        return None;
    }
    bare(native, hints.kind.unwrap_or_default(), place)
}

/// `partition:service:region:account:resource`.
fn arn(rest: &str, hinted: Place<'_>) -> Option<Parts> {
    let mut fields = rest.splitn(5, ':');
    let partition = fields.next()?;
    let service = fields.next()?.to_ascii_lowercase();
    let (region, owner, resource) = (fields.next()?, fields.next()?, fields.next()?);
    let is_known = partition == "aws" || PARTITIONS.iter().any(|(known, _)| *known == partition);
    if !is_known || service.is_empty() || resource.is_empty() {
        return None;
    }
    let place = Place {
        partition,
        account: if owner.is_empty() { hinted.account } else { owner },
        region: if region.is_empty() { hinted.region } else { region },
    };
    match service.as_str() {
        "s3" => {
            let first = resource.split(['/', ':']).next().unwrap_or_default();
            let is_bucket = (owner.is_empty() && region.is_empty()) || !S3_OTHERS.contains(&first);
            if is_bucket {
                return s3(resource, place);
            }
        }
        "iam" | "sts" if resource == "root" => return account(place.account, place),
        "account" => return account(place.account, place),
        "organizations" if resource.starts_with("account/") => {
            return account(resource.rsplit('/').next()?, place);
        }
        "ecr" => {
            if let Some((_, hex)) = resource.rsplit_once("/sha256:")
                && let Some(parts) = image::by_digest(hex, place.account)
            {
                return Some(parts);
            }
        }
        "sns" if resource.contains(':') => return named("sns.subscription", resource, place),
        _ => {}
    }
    let (kind, name) = kind_and_name(&service, resource);
    named(&kind, name, place)
}

/// The kind and the name of an ARN's resource: `type/name`, `type:name` or the name alone.
fn kind_and_name<'a>(service: &str, resource: &'a str) -> (String, &'a str) {
    let border = resource.find(['/', ':']);
    let (kind, name) = match border.and_then(|at| resource.split_at_checked(at)) {
        Some((kind, name)) => (kind, name.get(1..).unwrap_or_default()),
        None => match service {
            "sns" => ("topic", resource),
            "sqs" => ("queue", resource),
            _ => ("resource", resource),
        },
    };
    let kind = kind.to_ascii_lowercase();
    match (service, kind.as_str()) {
        ("sts", "assumed-role") => ("iam.role".to_owned(), name.split('/').next().unwrap_or(name)),
        // The new load balancers carry their type before the name, the classic ones do not.
        ("elasticloadbalancing", "loadbalancer") => match balancer(name) {
            Some(name) => ("elasticloadbalancingv2.loadbalancer".to_owned(), name),
            None => (format!("{service}.{kind}"), name),
        },
        _ => (format!("{service}.{kind}"), name),
    }
}

/// `app/web/50dc6c495c0c9188` → `web`.
fn balancer(name: &str) -> Option<&str> {
    let mut parts = name.split('/');
    let kind = parts.next()?;
    let name = parts.next().filter(|n| !n.is_empty())?;
    ["app", "net", "gwy"].contains(&kind).then_some(name)
}

/// An id or a name without an ARN around it.
fn bare(native: &str, word: &str, place: Place<'_>) -> Option<Parts> {
    let Some(kind) = canonical(word) else {
        return of_unique_id(native).and_then(|kind| named(kind, native, place));
    };
    if kind == "account" {
        let id = if digits(native).is_some() { native } else { place.account };
        return account(id, place);
    }
    if kind.starts_with("s3.") {
        return if kind == "s3.object" && !native.contains('/') { None } else { s3(native, place) };
    }
    // A vendor's word can be wider than AWS's own: the id says what it is.
    if let Some(by_id) = of_unique_id(native)
        && (is_known_by_id(kind) || by_id == kind)
    {
        return named(by_id, native, place);
    }
    if is_known_by_id(kind) && !has_prefix_of(native, kind) {
        return None;
    }
    // A name says nothing without the account and the region that it is unique in.
    let needs_region = !is_regionless(kind);
    if place.account.is_empty() || (needs_region && place.region.is_empty()) {
        return None;
    }
    named(kind, without_type(kind, native), place)
}

/// `function:pay` → `pay`. Names of some kinds hold slashes themselves and stay whole.
fn without_type<'a>(kind: &str, native: &'a str) -> &'a str {
    let (service, of_service) = kind.split_once('.').unwrap_or(("", kind));
    if ["ecr", "logs", "secretsmanager"].contains(&service) {
        return native;
    }
    let rest = native.strip_prefix(of_service).and_then(|rest| rest.strip_prefix(['/', ':']));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(native)
}

/// `sqs.eu-west-1.amazonaws.com/111122223333/jobs`, and the older hosts of queues.
fn queue_url(url: &str, hinted: Place<'_>) -> Option<Parts> {
    let mut path = url.splitn(3, '/');
    let (host, account, name) = (path.next()?, path.next()?, path.next()?);
    let host = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com")?;
    let region = match (host.strip_prefix("sqs."), host.strip_suffix(".queue")) {
        (Some(region), _) | (None, Some(region)) => region,
        (None, None) if host == "queue" => "us-east-1",
        (None, None) => return None,
    };
    digits(account)?;
    named("sqs.queue", name, Place { account, region, ..hinted })
}

/// A bucket, or an object in one. Names of buckets are unique in their partition.
fn s3(path: &str, place: Place<'_>) -> Option<Parts> {
    let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return None;
    }
    let (kind, name) = if object.is_empty() || object == "*" {
        ("s3.bucket", bucket)
    } else {
        ("s3.object", path)
    };
    let key = joined(&[place.partition, kind, name]);
    Some(whole(kind, name, key, place))
}

/// An account, by its twelve digits.
fn account(id: &str, place: Place<'_>) -> Option<Parts> {
    let id = digits(id)?;
    let key = joined(&["aws", "account", &id]);
    Some(whole("account", &id, key, Place { account: &id, region: "", ..place }))
}

/// The twelve digits of an account, which some write in groups of four.
fn digits(account: &str) -> Option<String> {
    let digits: String = account.trim().chars().filter(|c| *c != '-').take(13).collect();
    (digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// A resource of a kind, by its name.
fn named(kind: &str, name: &str, place: Place<'_>) -> Option<Parts> {
    let name = canonical_name(kind, name);
    if name.is_empty() {
        return None;
    }
    if let Some(kind) = unique_in(kind, &name) {
        let name = name.to_ascii_lowercase();
        return Some(whole(kind, &name, joined(&["aws", kind, &name]), place));
    }
    let account = digits(place.account);
    let account = account.as_deref().unwrap_or(place.account);
    let region = if is_regionless(kind) { "" } else { place.region };
    let place = Place { account, region, ..place };
    // The zone has its id from Route 53, which gives none twice; its ARN names no account.
    let key = if kind == "route53.hostedzone" {
        joined(&["aws", kind, &name])
    } else {
        joined(&["aws", kind, account, region, &name])
    };
    Some(whole(kind, &name, key, place))
}

/// The kind of a unique id, where the resource is of a service that has such ids: anyone can
/// name a role like an instance.
fn unique_in<'a>(kind: &'a str, name: &str) -> Option<&'a str> {
    let by_id = of_unique_id(name)?;
    let (service, _) = kind.split_once('.')?;
    match service {
        // People choose these names.
        "ec2" if ["ec2.key-pair", "ec2.placement-group"].contains(&kind) => None,
        "ec2" | "elasticfilesystem" => Some(by_id),
        "fsx" => Some(kind),
        _ => None,
    }
}

/// The part of a name that identifies the resource.
fn canonical_name(kind: &str, name: &str) -> String {
    let name = match kind {
        // Paths are no part of what makes these unique in their account.
        "iam.role" | "iam.user" | "iam.group" | "iam.policy" | "iam.instance-profile" => {
            name.rsplit('/').next().unwrap_or(name)
        }
        "lambda.function" => name.split(':').next().unwrap_or(name),
        "dynamodb.table" => name.split('/').next().unwrap_or(name),
        "logs.log-group" => name.strip_suffix(":*").unwrap_or(name),
        "autoscaling.autoscalinggroup" => {
            name.rsplit_once("autoScalingGroupName/").map_or(name, |(_, name)| name)
        }
        "rds.db" | "rds.cluster" | "rds.snapshot" | "rds.cluster-snapshot" => {
            return name.to_ascii_lowercase();
        }
        _ => name,
    };
    name.to_owned()
}

fn is_regionless(kind: &str) -> bool {
    REGIONLESS.contains(&kind.split('.').next().unwrap_or(kind))
}

fn whole(kind: &str, name: &str, key: String, place: Place<'_>) -> Parts {
    Parts {
        key,
        provider: Provider::Aws,
        account: place.account.to_owned(),
        region: place.region.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}
