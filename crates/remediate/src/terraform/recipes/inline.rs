//! Settings of a bucket that are written in the bucket itself: up to version 3 of the AWS
//! provider, and wherever the bucket has such a block already. A block of its own beside the
//! inline one would undo it at every run.

use std::collections::BTreeMap;

use toml::Value;

use super::Request;
use crate::terraform::providers;

/// The first version of the AWS provider that has the separate blocks.
const SEPARATE_SINCE: providers::Version = (4, 0, 0);

/// How the settings of a separate block are written in the bucket.
struct Inline {
    companion: &'static str,
    /// The attribute or block of the bucket.
    name: &'static str,
    /// Path in the separate block → path in the bucket; a longer path follows its beginning, and
    /// an empty target means that there is no such setting.
    paths: &'static [(&'static str, &'static str)],
}

const INLINE: &[Inline] = &[
    Inline { companion: "aws_s3_bucket_acl", name: "acl", paths: &[("acl", "acl")] },
    Inline {
        companion: "aws_s3_bucket_lifecycle_configuration",
        name: "lifecycle_rule",
        paths: &[
            ("rule.id", "lifecycle_rule.id"),
            ("rule.status", "lifecycle_rule.enabled"),
            ("rule.filter", ""),
            (
                "rule.abort_incomplete_multipart_upload.days_after_initiation",
                "lifecycle_rule.abort_incomplete_multipart_upload_days",
            ),
            ("rule.expiration.days", "lifecycle_rule.expiration.days"),
            (
                "rule.noncurrent_version_expiration.noncurrent_days",
                "lifecycle_rule.noncurrent_version_expiration.days",
            ),
        ],
    },
    Inline {
        companion: "aws_s3_bucket_logging",
        name: "logging",
        paths: &[
            ("target_bucket", "logging.target_bucket"),
            ("target_prefix", "logging.target_prefix"),
        ],
    },
    Inline {
        companion: "aws_s3_bucket_server_side_encryption_configuration",
        name: "server_side_encryption_configuration",
        paths: &[("rule", "server_side_encryption_configuration.rule")],
    },
    Inline {
        companion: "aws_s3_bucket_versioning",
        name: "versioning",
        paths: &[
            ("versioning_configuration.status", "versioning.enabled"),
            ("versioning_configuration.mfa_delete", "versioning.mfa_delete"),
        ],
    },
];

/// The values to set in the bucket itself instead of adding a companion; none where the
/// companion is right.
///
/// # Errors
///
/// One sentence where the provider is too old for what is wanted.
pub(super) fn instead(
    request: &Request<'_>,
    companion: &str,
    values: &BTreeMap<String, Value>,
) -> Result<Option<BTreeMap<String, Value>>, String> {
    let Some(inline) = INLINE.iter().find(|inline| inline.companion == companion) else {
        return Ok(None);
    };
    let Request { repository, resource, .. } = request;
    let body = &resource.block.body;
    let stands = body.has_attribute(inline.name)
        || body.get_blocks(inline.name).next().is_some()
        || crate::terraform::body::is_dynamic(body, inline.name);
    let versions = providers::versions(repository, resource.file.folder(), "aws");
    if !resource.is("aws_s3_bucket") || (!stands && !versions.older_than(SEPARATE_SINCE)) {
        return Ok(None);
    }
    let mut moved = BTreeMap::new();
    for (path, value) in values {
        let target = inline.paths.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from)?;
            (rest.is_empty() || rest.starts_with('.')).then_some((*to, rest))
        });
        match target {
            Some(("", _)) => {}
            Some((to, rest)) => _ = moved.insert(format!("{to}{rest}"), switched(to, value)),
            None => {
                return Err(format!(
                    "{} sets it within the bucket, where `{path}` is not known: a person must look",
                    resource.place()
                ));
            }
        }
    }
    Ok(Some(moved))
}

/// `Enabled` is written as true in the bucket.
fn switched(path: &str, value: &Value) -> Value {
    let switch = path.ends_with(".enabled") || path.ends_with(".mfa_delete");
    match value.as_str() {
        Some(text) if switch => Value::Boolean(text == "Enabled"),
        Some(_) | None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    const FIX: &str = "recipe = 'companion_block'\nresource = ['aws_s3_bucket']\n\
        companion = 'aws_s3_bucket_versioning'\nlink = 'bucket'\n\
        set = { 'versioning_configuration.status' = 'Enabled' }";

    #[test]
    fn the_bucket_itself_is_changed_where_it_has_the_setting() {
        let text = |on: bool| {
            format!(
                "resource \"aws_s3_bucket\" \"b\" {{\n  versioning {{\n    enabled = {on}\n  }}\n}}\n"
            )
        };
        check(FIX, &text(false), &text(true));
    }

    #[test]
    fn version_3_of_the_provider_has_no_separate_block() {
        let text = |version: &str, rest: &str| {
            format!(
                "terraform {{\n  required_providers {{\n    aws = \"{version}\"\n  }}\n}}\n\
                 resource \"aws_s3_bucket\" \"b\" {{\n  bucket = \"x\"\n{rest}}}\n"
            )
        };
        let inline = "\n  versioning {\n    enabled = true\n  }\n";
        check(FIX, &text("~> 3.1", ""), &text("~> 3.1", inline));
        let beside = "\nresource \"aws_s3_bucket_versioning\" \"b\" {\n  bucket = aws_s3_bucket.b.id\n\n  \
                      versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n";
        check(FIX, &text(">= 3.1", ""), &(text(">= 3.1", "") + beside));
    }
}
