//! Which values of a record are names, and what they are in our own words.

use quell_analyst::Record;
use quell_explain::guard::reads_as_link;
use quell_mask::{Kind, Known};
use quell_report::{AssetReport, OwnerReport};

/// What things are, by the last part of their kind or all of it. A tool's own word never leaves
/// as what a thing is.
const KINDS: &[(&str, &str)] = &[
    ("account", "cloud account"),
    ("s3.bucket", "s3 bucket"),
    ("s3.object", "s3 object"),
    ("ec2.instance", "ec2 instance"),
    ("ec2.security-group", "security group"),
    ("ec2.volume", "ebs volume"),
    ("ec2.snapshot", "ebs snapshot"),
    ("ec2.vpc", "vpc"),
    ("ec2.subnet", "subnet"),
    ("ec2.image", "machine image"),
    ("iam.role", "iam role"),
    ("iam.user", "iam user"),
    ("iam.group", "iam group"),
    ("iam.policy", "iam policy"),
    ("rds.db", "rds instance"),
    ("rds.cluster", "rds cluster"),
    ("rds.snapshot", "rds snapshot"),
    ("lambda.function", "lambda function"),
    ("kms.key", "kms key"),
    ("sns.topic", "sns topic"),
    ("sqs.queue", "sqs queue"),
    ("dynamodb.table", "dynamodb table"),
    ("eks.cluster", "eks cluster"),
    ("ecs.cluster", "ecs cluster"),
    ("ecr.repository", "ecr repository"),
    ("cloudtrail.trail", "trail"),
    ("secretsmanager.secret", "kept secret"),
    ("compute.virtualmachines", "virtual machine"),
    ("compute.disks", "disk"),
    ("compute.instances", "virtual machine"),
    ("storage.storageaccounts", "storage account"),
    ("storage.buckets", "storage bucket"),
    ("keyvault.vaults", "key vault"),
    ("sql.servers", "sql server"),
    ("network.networksecuritygroups", "network security group"),
    ("containerservice.managedclusters", "kubernetes cluster"),
    ("container.clusters", "kubernetes cluster"),
    ("sqladmin.instances", "sql instance"),
    ("iam.serviceaccounts", "service account"),
    ("pod", "pod"),
    ("deployment", "deployment"),
    ("daemonset", "daemon set"),
    ("statefulset", "stateful set"),
    ("cronjob", "cron job"),
    ("job", "job"),
    ("namespace", "namespace"),
    ("service", "service"),
    ("serviceaccount", "service account"),
    ("role", "role"),
    ("clusterrole", "cluster role"),
    ("rolebinding", "role binding"),
    ("clusterrolebinding", "cluster role binding"),
    ("ingress", "ingress"),
    ("node", "node"),
    ("secret", "kept secret"),
    ("configmap", "configuration map"),
];

/// Names that everybody has: they tell who acted and nothing of whom.
const PLAIN_USERS: &[&str] = &[
    "root",
    "system",
    "nt authority\\system",
    "administrator",
    "nobody",
    "www-data",
    "daemon",
    "bin",
    "sys",
    "mail",
    "postgres",
    "mysql",
    "redis",
    "nginx",
    "apache",
    "tomcat",
    "jenkins",
    "ubuntu",
    "ec2-user",
    "azureuser",
    "system:anonymous",
    "system:unauthenticated",
    "anonymous",
    "unknown",
    "0",
];

/// What an asset is, in our own words.
pub(super) fn kind_of(asset: &AssetReport) -> &'static str {
    let kind = asset.kind.raw().to_ascii_lowercase();
    let known = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, words)| *words);
    known.unwrap_or_else(|| match &*asset.provider {
        "aws" => "aws resource",
        "azure" => "azure resource",
        "gcp" => "google cloud resource",
        "kubernetes" => "kubernetes object",
        "image" => "container image",
        "iac" => "block of code",
        "code" => "file of code",
        "host" => "host",
        _ => "thing",
    })
}

/// How the name of an asset is masked.
pub(super) fn mask_of(asset: &AssetReport) -> (Kind, &'static str) {
    let about = kind_of(asset);
    match &*asset.provider {
        "host" => (Kind::Host, ""),
        _ if about == "cloud account" => (Kind::Account, ""),
        _ if about == "iam user" => (Kind::User, about),
        _ => (Kind::Resource, about),
    }
}

/// Whether an owner is somebody, and not the role that such faults fall to.
pub(super) fn is_somebody(owner: &OwnerReport) -> bool {
    !owner.because.raw().ends_with("by the kind of fault")
}

/// How an owner is masked.
pub(super) fn mask_of_owner(name: &str) -> (Kind, &'static str) {
    if name.contains('@') { (Kind::Email, "") } else { (Kind::Person, "owner") }
}

/// Whether a login says nothing of who uses it.
pub(super) fn is_plain_user(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    PLAIN_USERS.contains(&name.as_str())
}

/// How a login or an identity is masked.
pub(super) fn mask_of_user(name: &str) -> (Kind, &'static str) {
    match name {
        _ if name.starts_with("arn:") => (Kind::Arn, "identity"),
        _ if name.starts_with("system:serviceaccount:") => (Kind::Resource, "service account"),
        _ if name.contains('@') => (Kind::Email, ""),
        _ => (Kind::User, ""),
    }
}

/// A record with a word that may be told as it is, such as a program's name; where a sink would
/// make a link of it, as a name, so that an answer can speak of it.
pub(super) fn word(
    record: Record,
    field: &'static str,
    value: &str,
    about: &'static str,
) -> Record {
    if reads_as_link(value) {
        return record.name(field, value, (Kind::Resource, about));
    }
    record.text(field, value)
}

/// Names of an asset that stand in other texts: its name, its id, and the id as a source wrote it.
pub(super) fn known_of(asset: &AssetReport) -> impl Iterator<Item = Known> {
    let (kind, about) = mask_of(asset);
    let native = asset.native_id.raw();
    let kind_of_native = match native {
        _ if native.starts_with("arn:") => Kind::Arn,
        _ if native.starts_with("/subscriptions/") => Kind::Azure,
        _ if native.starts_with("//") => Kind::Google,
        _ => kind,
    };
    let account = asset.account.raw();
    [
        (asset.id.as_str(), kind, about),
        (asset.name.raw(), kind, about),
        (native, kind_of_native, about),
        (account, Kind::Account, ""),
    ]
    .into_iter()
    .filter(|(value, ..)| !value.trim().is_empty())
    .map(|(value, kind, about)| Known { value: value.to_owned(), kind, about: about.into() })
}
