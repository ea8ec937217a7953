//! Amazon Web Services: ARNs of every partition, ids and names with what is said beside them.

use super::{Hints, Parts, Provider};

/// Prefixes of ids that are unique by themselves, and the kind each names.
const UNIQUE: &[(&str, &str)] = &[
    ("i-", "ec2.instance"),
    ("sg-", "ec2.security-group"),
    ("vpc-", "ec2.vpc"),
    ("subnet-", "ec2.subnet"),
    ("vol-", "ec2.volume"),
    ("snap-", "ec2.snapshot"),
    ("ami-", "ec2.image"),
    ("eni-", "ec2.network-interface"),
    ("rtb-", "ec2.route-table"),
    ("acl-", "ec2.network-acl"),
    ("igw-", "ec2.internet-gateway"),
    ("nat-", "ec2.natgateway"),
    ("eipalloc-", "ec2.elastic-ip"),
    ("lt-", "ec2.launch-template"),
    ("vpce-", "ec2.vpc-endpoint"),
    ("tgw-", "ec2.transit-gateway"),
    ("pcx-", "ec2.vpc-peering-connection"),
    ("fs-", "elasticfilesystem.file-system"),
];

/// Words for kinds, letters and digits only in lower case, and the kind they mean.
const KINDS: &[(&str, &str)] = &[
    ("awss3bucket", "s3.bucket"),
    ("s3bucket", "s3.bucket"),
    ("bucket", "s3.bucket"),
    ("storagebucket", "s3.bucket"),
    ("managedobjectstorage", "s3.bucket"),
    ("awsec2instance", "ec2.instance"),
    ("ec2instance", "ec2.instance"),
    ("awsinstance", "ec2.instance"),
    ("virtualmachine", "ec2.instance"),
    ("instance", "ec2.instance"),
    ("awsec2securitygroup", "ec2.security-group"),
    ("ec2securitygroup", "ec2.security-group"),
    ("awssecuritygroup", "ec2.security-group"),
    ("securitygroup", "ec2.security-group"),
    ("awsec2volume", "ec2.volume"),
    ("ec2volume", "ec2.volume"),
    ("awsebsvolume", "ec2.volume"),
    ("ebsvolume", "ec2.volume"),
    ("awsec2vpc", "ec2.vpc"),
    ("ec2vpc", "ec2.vpc"),
    ("awsvpc", "ec2.vpc"),
    ("awsiamrole", "iam.role"),
    ("iamrole", "iam.role"),
    ("awsiamuser", "iam.user"),
    ("iamuser", "iam.user"),
    ("useraccount", "iam.user"),
    ("awsiamgroup", "iam.group"),
    ("iamgroup", "iam.group"),
    ("awsiampolicy", "iam.policy"),
    ("iampolicy", "iam.policy"),
    ("iammanagedpolicy", "iam.policy"),
    ("awsrdsdbinstance", "rds.db"),
    ("rdsdbinstance", "rds.db"),
    ("awsdbinstance", "rds.db"),
    ("awsrdsinstance", "rds.db"),
    ("rdsinstance", "rds.db"),
    ("dbserver", "rds.db"),
    ("managedsqldatabase", "rds.db"),
    ("awsrdsdbcluster", "rds.cluster"),
    ("rdsdbcluster", "rds.cluster"),
    ("awsrdscluster", "rds.cluster"),
    ("awslambdafunction", "lambda.function"),
    ("lambdafunction", "lambda.function"),
    ("serverlessfunction", "lambda.function"),
    ("awskmskey", "kms.key"),
    ("kmskey", "kms.key"),
    ("awssnstopic", "sns.topic"),
    ("snstopic", "sns.topic"),
    ("awssqsqueue", "sqs.queue"),
    ("sqsqueue", "sqs.queue"),
    ("awsdynamodbtable", "dynamodb.table"),
    ("dynamodbtable", "dynamodb.table"),
    ("awsekscluster", "eks.cluster"),
    ("ekscluster", "eks.cluster"),
    ("awsecrrepository", "ecr.repository"),
    ("ecrrepository", "ecr.repository"),
    ("awscloudtrailtrail", "cloudtrail.trail"),
    ("cloudtrailtrail", "cloudtrail.trail"),
    ("awscloudtrail", "cloudtrail.trail"),
    ("awssecretsmanagersecret", "secretsmanager.secret"),
    ("secretsmanagersecret", "secretsmanager.secret"),
    ("awsaccount", "account"),
    ("account", "account"),
    ("cloudaccount", "account"),
    ("subscription", "account"),
];

/// Kinds whose names are unique in an account whatever the region.
const REGIONLESS: &[&str] = &["iam.", "cloudfront.", "route53.", "organizations.", "account"];

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if let Some(rest) = native.strip_prefix("arn:") {
        return arn(rest, hints);
    }
    if let Some(bucket) = native.strip_prefix("s3://") {
        return Some(s3(bucket.trim_end_matches('/'), hints));
    }
    if let Some(account) = native.strip_prefix("AWS::::Account:") {
        return Some(account_of(account, hints));
    }
    if hints.provider != Some(Provider::Aws) || native.is_empty() {
        return None;
    }
    named(native, hints)
}

/// `partition:service:region:account:resource`.
fn arn(rest: &str, hints: &Hints<'_>) -> Option<Parts> {
    let mut fields = rest.splitn(5, ':');
    let partition = fields.next()?;
    let service = fields.next()?.to_ascii_lowercase();
    let (region, account, resource) = (fields.next()?, fields.next()?, fields.next()?);
    if !partition.starts_with("aws") || service.is_empty() || resource.is_empty() {
        return None;
    }
    let account = if account == "aws" || account.is_empty() { "" } else { account };
    if service == "s3" {
        return Some(s3(resource, hints));
    }
    let hints = Hints {
        account: Some(account).filter(|a| !a.is_empty()).or(hints.account),
        region: Some(region).filter(|r| !r.is_empty()).or(hints.region),
        ..*hints
    };
    if resource == "root" || service == "account" {
        return Some(account_of(hints.account.unwrap_or_default(), &hints));
    }
    let (kind, name) = kind_and_name(&service, resource);
    Some(parts(&kind, &name, &hints))
}

/// The canonical kind and the name of an ARN's resource.
fn kind_and_name(service: &str, resource: &str) -> (String, String) {
    let border = resource.find(['/', ':']);
    let (kind, name) = match border.and_then(|at| resource.split_at_checked(at)) {
        Some((kind, name)) => (kind, name.get(1..).unwrap_or_default()),
        None => (implied_kind(service), resource),
    };
    let kind = kind.to_ascii_lowercase();
    let name = match (service, kind.as_str()) {
        // Paths are no part of what makes a role, user or group unique in its account.
        ("iam", "role" | "user" | "group" | "policy" | "instance-profile") => {
            name.rsplit('/').next().unwrap_or(name)
        }
        ("lambda", "function") => name.split(':').next().unwrap_or(name),
        ("dynamodb", "table") => name.split('/').next().unwrap_or(name),
        ("logs", "log-group") => name.trim_end_matches(":*"),
        ("sts", "assumed-role") => name.split('/').next().unwrap_or(name),
        _ => name,
    };
    let kind = match (service, kind.as_str()) {
        ("sts", "assumed-role") => "iam.role".to_owned(),
        (_, kind) => format!("{service}.{kind}"),
    };
    (kind, name.to_owned())
}

/// What an ARN without a type names.
fn implied_kind(service: &str) -> &'static str {
    match service {
        "sns" => "topic",
        "sqs" => "queue",
        _ => "resource",
    }
}

/// A bucket, or an object in one. Names of buckets are unique by themselves.
fn s3(resource: &str, hints: &Hints<'_>) -> Parts {
    let resource = resource.trim_matches('/');
    let (kind, name) = match resource.split_once('/') {
        Some((_, key)) if !key.is_empty() && key != "*" => ("s3.object", resource),
        Some((bucket, _)) => ("s3.bucket", bucket),
        None => ("s3.bucket", resource),
    };
    whole(kind, name, format!("aws:{kind}:{name}"), hints)
}

fn account_of(account: &str, hints: &Hints<'_>) -> Parts {
    let account = if account.is_empty() { hints.account.unwrap_or_default() } else { account };
    let hints = Hints { account: Some(account), region: None, ..*hints };
    whole("account", account, format!("aws:account:{account}"), &hints)
}

/// An id or a name without an ARN around it.
fn named(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if let Some(url) = native.strip_prefix("https://sqs.") {
        let mut path = url.split('/').skip(1);
        let (account, name) = (path.next()?, path.next()?);
        let region = url.split('.').next();
        return Some(parts("sqs.queue", name, &Hints { account: Some(account), region, ..*hints }));
    }
    if let Some(kind) = unique_kind(native) {
        return Some(parts(kind, native, hints));
    }
    let word = plain(hints.kind.unwrap_or_default());
    let kind = KINDS.iter().find(|(spelling, _)| *spelling == word)?.1;
    match kind {
        "s3.bucket" => Some(s3(native, hints)),
        "account" => Some(account_of(native, hints)),
        // A name says nothing without the account that it is unique in.
        _ if hints.account.is_none_or(str::is_empty) => None,
        _ => Some(parts(kind, native, hints)),
    }
}

/// The kind of an id that is unique by itself: a known prefix and at least eight hex digits.
fn unique_kind(id: &str) -> Option<&'static str> {
    let (_, kind) = UNIQUE.iter().find(|(prefix, _)| {
        id.strip_prefix(prefix)
            .is_some_and(|hex| hex.len() >= 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    })?;
    Some(kind)
}

fn parts(kind: &str, name: &str, hints: &Hints<'_>) -> Parts {
    if let Some(kind) = unique_kind(name) {
        return whole(kind, name, format!("aws:{kind}:{name}"), hints);
    }
    let account = hints.account.unwrap_or_default();
    let regionless = REGIONLESS.iter().any(|start| kind.starts_with(start));
    let region = if regionless { "" } else { hints.region.unwrap_or_default() };
    let key = format!("aws:{kind}:{account}:{region}:{name}");
    whole(kind, name, key, &Hints { region: Some(region), ..*hints })
}

fn whole(kind: &str, name: &str, key: String, hints: &Hints<'_>) -> Parts {
    Parts {
        key,
        provider: Provider::Aws,
        account: hints.account.unwrap_or_default().to_owned(),
        region: hints.region.unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

/// Letters and digits in lower case.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
