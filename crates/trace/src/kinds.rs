//! Whether a block of some type makes a thing of some kind, as far as their names tell.

use quell_model::{AssetId, Hints, Provider};

use crate::signs::{object_kind, provider_of};

/// Whether a block makes a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The names agree.
    Makes,
    /// It sets up a part of such a thing that another block makes.
    Part,
    /// The names do not tell.
    Unknown,
    /// It makes something else.
    Other,
}

/// Kinds whose Terraform type has another name, and parts of those types' names.
const NAMED_APART: &[(&str, &[&str])] = &[
    ("web.sites", &["web_app", "function_app", "app_service"]),
    ("cache.redis", &["redis_cache"]),
    ("containerservice.managedclusters", &["kubernetes_cluster"]),
    ("documentdb.databaseaccounts", &["cosmosdb_account"]),
    ("ec2.elastic-ip", &["aws_eip"]),
    ("ec2.image", &["aws_ami"]),
    ("ec2.vpc-flow-log", &["aws_flow_log"]),
    ("insights.components", &["application_insights"]),
    ("network.networksecuritygroups", &["network_security_group"]),
    ("servicebus.namespaces", &["servicebus_namespace"]),
];

/// Endings of types that tie two things together and make none.
const TIES: [&str; 2] = ["_association", "_attachment"];

/// Endings of types that make the thing of another source.
const FROM: [&str; 3] = ["_from_template", "_from_machine_image", "_iam_custom_role"];

/// Whether a block of a type makes a thing of a provider and kind. `kind` is the asset's own.
pub(crate) fn fit(provider: Provider, kind: &str, block: &str) -> Fit {
    if let Some((_, rest)) = block.split_once("::") {
        return template(provider, kind, (block, rest));
    }
    let own = provider_of(block);
    if own != provider {
        return Fit::Other;
    }
    if provider == Provider::Kubernetes {
        return object(kind, block);
    }
    if TIES.iter().any(|end| block.ends_with(end)) {
        return Fit::Part;
    }
    match canonical(own, block) {
        Some(canonical) if canonical == kind => return Fit::Makes,
        Some(_) if kind.contains('.') => return Fit::Other,
        Some(_) | None => {}
    }
    let apart = NAMED_APART.iter().find(|(known, _)| *known == kind);
    if let Some((_, names)) = apart {
        let makes = names.iter().any(|name| block.ends_with(name));
        return if makes { Fit::Makes } else { Fit::Other };
    }
    by_noun(kind, block)
}

/// By the last word of the kind: a block whose type ends with it makes such a thing, and one that
/// goes on behind it sets up a part.
fn by_noun(kind: &str, block: &str) -> Fit {
    let noun: String = kind.rsplit('.').next().unwrap_or_default().replace(['-', '_'], "");
    if noun.len() < 2 {
        return Fit::Unknown;
    }
    let block = FROM.iter().find_map(|end| block.strip_suffix(end)).unwrap_or(block);
    let words: Vec<&str> = block.split('_').collect();
    let forms = singulars(&noun.to_ascii_lowercase());
    let ends = |count: usize| {
        let text = words.get(1..count).unwrap_or_default().concat();
        forms.iter().any(|noun| text.ends_with(noun.as_str()))
    };
    if ends(words.len()) {
        return Fit::Makes;
    }
    if (2..words.len()).any(ends) { Fit::Part } else { Fit::Unknown }
}

/// A word as it is, and without the ending of the plural.
fn singulars(noun: &str) -> Vec<String> {
    let mut forms = vec![noun.to_owned()];
    forms.extend(noun.strip_suffix("ies").map(|stem| format!("{stem}y")));
    forms.extend(noun.strip_suffix("es").map(ToOwned::to_owned));
    forms.extend(noun.strip_suffix('s').map(ToOwned::to_owned));
    forms.retain(|form| form.len() >= 2);
    forms
}

fn object(kind: &str, block: &str) -> Fit {
    match object_kind(block) {
        Some(own) if own.eq_ignore_ascii_case(kind) => Fit::Makes,
        Some(_) => Fit::Other,
        None => Fit::Unknown,
    }
}

/// `AWS::S3::Bucket`.
fn template(provider: Provider, kind: &str, (block, rest): (&str, &str)) -> Fit {
    if provider != Provider::Aws {
        return Fit::Other;
    }
    match canonical(Provider::Aws, block) {
        Some(canonical) if canonical == kind => Fit::Makes,
        Some(_) if kind.contains('.') => Fit::Other,
        Some(_) | None => by_noun(kind, &format!("aws_{}", snake(rest))),
    }
}

/// `EC2::SecurityGroupIngress` → `ec2_security_group_ingress`.
fn snake(name: &str) -> String {
    let mut words = String::new();
    let mut small = false;
    for letter in name.chars() {
        if letter == ':' {
            small = true;
            continue;
        }
        if letter.is_ascii_uppercase() && small {
            words.push('_');
        }
        small = !letter.is_ascii_uppercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The kind that the model knows a type by.
fn canonical(provider: Provider, block: &str) -> Option<String> {
    let hints = Hints {
        provider: Some(provider),
        account: Some("000000000000"),
        region: Some("r"),
        kind: Some(block),
        ..Hints::default()
    };
    let kind = AssetId::parse("x", &hints).kind;
    (kind.contains('.') && provider == Provider::Aws).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_make_a_thing_are_told_from_those_that_set_it_up() {
        for (provider, kind, block, expected) in [
            (Provider::Aws, "s3.bucket", "aws_s3_bucket", Fit::Makes),
            (Provider::Aws, "s3.bucket", "aws_s3_bucket_versioning", Fit::Part),
            (Provider::Aws, "s3.bucket", "AWS::S3::Bucket", Fit::Makes),
            (Provider::Aws, "s3.bucket", "AWS::S3::BucketPolicy", Fit::Part),
            (Provider::Aws, "sqs.queue", "aws_sqs_queue_policy", Fit::Part),
            (Provider::Aws, "rds.db", "aws_db_instance", Fit::Makes),
            (Provider::Aws, "ec2.instance", "aws_instance", Fit::Makes),
            (Provider::Aws, "ec2.instance", "aws_db_instance", Fit::Other),
            (Provider::Aws, "ec2.security-group", "aws_default_security_group", Fit::Makes),
            (Provider::Aws, "ec2.security-group", "AWS::EC2::SecurityGroup", Fit::Makes),
            (Provider::Aws, "ec2.security-group", "AWS::EC2::SecurityGroupIngress", Fit::Part),
            (Provider::Aws, "ec2.elastic-ip", "aws_eip", Fit::Makes),
            (Provider::Aws, "ec2.elastic-ip", "aws_eip_association", Fit::Part),
            (Provider::Aws, "cloudtrail.trail", "aws_cloudtrail", Fit::Makes),
            (Provider::Aws, "s3.bucket", "google_storage_bucket", Fit::Other),
            (Provider::Gcp, "storage.buckets", "google_storage_bucket", Fit::Makes),
            (Provider::Gcp, "storage.buckets", "google_storage_bucket_iam_member", Fit::Part),
            (
                Provider::Gcp,
                "compute.instances",
                "google_compute_instance_from_template",
                Fit::Makes,
            ),
            (
                Provider::Azure,
                "storage.storageaccounts",
                "azurerm_storage_account_network_rules",
                Fit::Part,
            ),
            (
                Provider::Azure,
                "compute.virtualmachines",
                "azurerm_linux_virtual_machine",
                Fit::Makes,
            ),
            (Provider::Azure, "web.sites", "azurerm_linux_web_app", Fit::Makes),
            (Provider::Azure, "web.sites", "azurerm_service_plan", Fit::Other),
            (Provider::Azure, "compute.disks", "azurerm_key_vault", Fit::Unknown),
            (Provider::Kubernetes, "deployment", "kubernetes_deployment_v1", Fit::Makes),
            (Provider::Kubernetes, "deployment", "kubernetes_manifest", Fit::Unknown),
            (Provider::Kubernetes, "deployment", "kubernetes_secret", Fit::Other),
        ] {
            assert_eq!(fit(provider, kind, block), expected, "{kind} {block}");
        }
    }
}
