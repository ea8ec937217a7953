//! Sets a block of another type beside a resource (a bucket's versioning, its encryption).
//!
//! # What it changes
//! A companion that stands already gets the attributes. Else a new block of the resource's own
//! name is added right below the resource, in the same file.
//!
//! # When it is withheld
//! Two companions stand already, or it cannot be told whether one of that type belongs to the
//! resource. A resource repeated by `count` or `for_each` gets a companion repeated alike.

use quell_catalog::Truth;

use super::{Change, Recipe, Request, set_attributes};
use crate::terraform::locate::links_to;
use crate::terraform::{Resource, edit, render, resolve};

pub(super) const RECIPE: Recipe = Recipe { id: "companion_block", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { repository, resource, wish } = request;
    let fix = wish.fix;
    let (Some(kind), Some(link)) = (&fix.companion, &fix.link) else {
        return Err("the recipe names no companion".into());
    };
    let mut linked: Vec<Resource<'_>> = Vec::new();
    for other in repository.module_resources(resource.file.folder()) {
        if other.kind() != kind {
            continue;
        }
        match links_to(repository, &resolve::resource(repository, &other), link, resource) {
            Truth::Holds => linked.push(other),
            Truth::Fails => {}
            Truth::Unknown => {
                return Err(format!(
                    "`{}` at {} may belong to it already: a person must look",
                    other.address(),
                    other.place()
                ));
            }
        }
    }
    match linked.as_slice() {
        [] => add(request, kind, link),
        [one] => set_attributes::set(repository, one, &fix.set, wish.keep_elements),
        [first, second, ..] => Err(format!(
            "two blocks set it already, {} and {}: a person must say which one counts",
            first.place(),
            second.place()
        )),
    }
}

fn add(request: &Request<'_>, kind: &str, link: &str) -> Result<Change, String> {
    let Request { repository, resource, wish } = request;
    let fix = wish.fix;
    let taken = |name: &str| {
        repository
            .module_resources(resource.file.folder())
            .any(|other| other.kind() == kind && other.name() == name)
    };
    let name = (1..100)
        .map(|number| match number {
            1 => resource.name().to_owned(),
            number => format!("{}_{number}", resource.name()),
        })
        .find(|name| !taken(name))
        .ok_or("no free name for the companion")?;
    let target = fix.link_to.as_deref().unwrap_or("id");
    let mut set = fix.set.clone();
    set.remove(link);
    let wanted = render::wanted(&set)?;
    let first = references(resource, link, target);
    let head = format!("resource \"{kind}\" \"{name}\"");
    let splice = edit::append_after(resource.file, resource.block, |indent, layout| {
        render::block(&head, &first, &wanted, indent, layout)
    });
    let splice = splice.ok_or("the block has no place in the text")?;
    let text = splice.apply(&resource.file.text).ok_or("an edit fell outside the file")?;
    Ok(Change {
        file: resource.file.path.clone(),
        text,
        address: format!("{kind}.{name}"),
        added: Some(splice.range.start),
    })
}

/// The attributes that tie the companion to the resource, one for each that the block makes.
fn references(resource: &Resource<'_>, link: &str, target: &str) -> Vec<(String, String)> {
    let address = resource.address();
    let pair = |name: &str, value: String| (name.to_owned(), value);
    if resource.block.body.has_attribute("count") {
        return vec![
            pair("count", format!("length({address})")),
            pair(link, format!("{address}[count.index].{target}")),
        ];
    }
    if resource.block.body.has_attribute("for_each") {
        return vec![pair("for_each", address), pair(link, format!("each.value.{target}"))];
    }
    vec![pair(link, format!("{address}.{target}"))]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'companion_block'\nresource = ['aws_s3_bucket']\n\
        companion = 'aws_s3_bucket_versioning'\nlink = 'bucket'\n\
        set = { 'versioning_configuration.status' = 'Enabled' }";

    #[test]
    fn companion_is_added_below_the_resource() {
        check(
            FIX,
            "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n} # end\n\noutput \"o\" {\n  value = 1\n}\n",
            "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n} # end\n\n\
             resource \"aws_s3_bucket_versioning\" \"b\" {\n  bucket = aws_s3_bucket.b.id\n\n  \
             versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n\n\
             output \"o\" {\n  value = 1\n}\n",
        );
    }

    #[test]
    fn line_ends_and_tabs_are_the_files_own() {
        check(
            FIX,
            "resource \"aws_s3_bucket\" \"b\" {\r\n\tbucket = \"x\"\r\n}",
            "resource \"aws_s3_bucket\" \"b\" {\r\n\tbucket = \"x\"\r\n}\r\n\r\n\
             resource \"aws_s3_bucket_versioning\" \"b\" {\r\n\tbucket = aws_s3_bucket.b.id\r\n\r\n\t\
             versioning_configuration {\r\n\t\tstatus = \"Enabled\"\r\n\t}\r\n}",
        );
    }

    #[test]
    fn companion_that_stands_is_changed() {
        let text = |status: &str| {
            format!(
                "resource \"aws_s3_bucket\" \"b\" {{\n  bucket = \"x\"\n}}\n\
                 resource \"aws_s3_bucket_versioning\" \"v\" {{\n  bucket = \"x\"\n  \
                 versioning_configuration {{\n    status = \"{status}\"\n  }}\n}}\n"
            )
        };
        check(FIX, &text("Suspended"), &text("Enabled"));
        check(FIX, &text("Enabled"), &text("Enabled"));
    }

    #[test]
    fn companion_of_a_repeated_resource_is_repeated_alike() {
        for (how, first, link) in [
            (
                "count = var.n",
                "count  = length(aws_s3_bucket.b)",
                "bucket = aws_s3_bucket.b[count.index].id",
            ),
            ("for_each = var.n", "for_each = aws_s3_bucket.b", "bucket   = each.value.id"),
        ] {
            let bucket = format!("resource \"aws_s3_bucket\" \"b\" {{\n  {how}\n}}\n");
            let after = format!(
                "{bucket}\nresource \"aws_s3_bucket_versioning\" \"b\" {{\n  {first}\n  {link}\n\n  \
                 versioning_configuration {{\n    status = \"Enabled\"\n  }}\n}}\n"
            );
            check(FIX, &bucket, &after);
        }
    }

    #[test]
    fn doubtful_companions_are_left() {
        refuse(
            FIX,
            "resource \"aws_s3_bucket\" \"b\" {}\nresource \"aws_s3_bucket_versioning\" \"v\" {\n  bucket = each.key\n}\n",
            "may belong to it already",
        );
        refuse(
            FIX,
            "resource \"aws_s3_bucket\" \"b\" {}\nresource \"aws_s3_bucket_versioning\" \"v\" {\n  bucket = aws_s3_bucket.b.id\n}\n\
             resource \"aws_s3_bucket_versioning\" \"w\" {\n  bucket = aws_s3_bucket.b.id\n}\n",
            "two blocks set it already",
        );
    }
}
