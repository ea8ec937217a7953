//! Turns a public canned ACL into `private`.
//!
//! # What it changes
//! `acl` on the bucket or object, or on the `aws_s3_bucket_acl` that belongs to the bucket.
//!
//! # When it is withheld
//! No public canned ACL is written there: the access comes from elsewhere.

use quell_catalog::Truth;
use toml::Value;

use super::{Change, Recipe, Request, set_attributes};
use crate::Config;
use crate::terraform::locate::links_to;
use crate::terraform::{Resource, resolve};

pub(super) const RECIPE: Recipe = Recipe { id: "remove_public_acl", plan };

const PUBLIC: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { repository, resource, .. } = request;
    let beside = repository
        .module_resources(resource.file.folder())
        .filter(|other| other.is("aws_s3_bucket_acl"))
        .filter(|other| links_to(repository, other, "bucket", resource) == Truth::Holds);
    for block in [*resource].into_iter().chain(beside) {
        if is_public(request, &block) {
            let set = [("acl".to_owned(), Value::String("private".into()))].into();
            return set_attributes::set(repository, &block, &set, false);
        }
    }
    if is_private(request, resource) {
        return Ok(Change {
            file: resource.file.path.clone(),
            text: resource.file.text.clone(),
            address: resource.address(),
            added: None,
            ..Change::default()
        });
    }
    Err(format!(
        "no public canned acl is written at {}: a policy or a grant makes it public",
        resource.place()
    ))
}

fn is_public(request: &Request<'_>, block: &Resource<'_>) -> bool {
    let config = resolve::resource(request.repository, block);
    config.get("acl").and_then(Config::as_text).is_some_and(|acl| PUBLIC.contains(&acl))
}

fn is_private(request: &Request<'_>, block: &Resource<'_>) -> bool {
    let Request { repository, .. } = request;
    let private = |one: &Resource<'_>| {
        let config = resolve::resource(repository, one);
        config.get("acl").and_then(Config::as_text) == Some("private")
    };
    private(block)
        || repository
            .module_resources(block.file.folder())
            .filter(|other| other.is("aws_s3_bucket_acl"))
            .any(|other| {
                private(&other) && links_to(repository, &other, "bucket", block) == Truth::Holds
            })
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    const FIX: &str = "recipe = 'remove_public_acl'\nresource = ['aws_s3_bucket']";

    #[test]
    fn public_acl_becomes_private() {
        for acl in ["public-read", "public-read-write"] {
            let text = |acl: &str| {
                format!("resource \"aws_s3_bucket\" \"b\" {{\n  acl    = \"{acl}\" # open\n}}\n")
            };
            check(FIX, &text(acl), &text("private"));
        }
    }

    #[test]
    fn acl_beside_the_bucket_counts() {
        let text = |acl: &str| {
            format!(
                "resource \"aws_s3_bucket\" \"b\" {{}}\nresource \"aws_s3_bucket_acl\" \"a\" {{\n  \
                 bucket = aws_s3_bucket.b.id\n  acl = \"{acl}\"\n}}\n"
            )
        };
        check(FIX, &text("public-read"), &text("private"));
    }

    #[test]
    fn a_default_is_changed_where_it_decides() {
        let text = |acl: &str| {
            format!(
                "variable \"acl\" {{\n  default = \"{acl}\"\n}}\n\
                 resource \"aws_s3_bucket\" \"b\" {{\n  acl = var.acl\n}}\n"
            )
        };
        check(FIX, &text("public-read"), &text("private"));
    }
}
