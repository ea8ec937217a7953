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

use super::{Change, Recipe, Request, inline, set_attributes};
use crate::terraform::locate::{candidates, links_to};
use crate::terraform::{Resource, edit, parameters, render};

pub(super) const RECIPE: Recipe = Recipe { id: "companion_block", plan };

fn plan(request: &Request<'_>) -> Result<Change, String> {
    let Request { repository, resource, wish } = request;
    let fix = wish.fix;
    let (Some(kind), Some(link)) = (&fix.companion, &fix.link) else {
        return Err("the recipe names no companion".into());
    };
    if let Some(error) = repository.obscured(resource.file.folder(), kind) {
        return Err(format!("{error}, and a `{kind}` may stand there"));
    }
    let mut linked: Vec<Resource<'_>> = Vec::new();
    for other in candidates(repository, resource, kind) {
        match links_to(repository, &other, link, resource) {
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
        [] => {
            let values = parameters::resolved(request, &fix.set)?;
            match inline::instead(request, kind, &values)? {
                Some(inner) => {
                    set_attributes::set(repository, resource, &inner, wish.keep_elements)
                }
                None => add(request, kind, link),
            }
        }
        [one] => {
            let values = parameters::resolved(request, &fix.set)?;
            set_attributes::set(repository, one, &values, wish.keep_elements)
        }
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
    if resource.file.is_json() {
        return Err(format!("a `{kind}` must stand beside it, which a person adds in JSON"));
    }
    let taken = |name: &str| {
        repository
            .module_resources(resource.file.folder())
            .any(|other| other.is(kind) && other.name() == name)
    };
    let name = (1..100)
        .map(|number| match number {
            1 => resource.name().to_owned(),
            number => format!("{}_{number}", resource.name()),
        })
        .find(|name| !taken(name))
        .ok_or("no free name for the companion")?;
    let target = fix.link_to.as_deref().unwrap_or("id");
    let wanted = render::wanted(&parameters::resolved(request, &fix.set)?)?;
    let mut first = references(resource, link, target);
    // A recipe that sets the link itself says how it is written (in a list).
    first.retain(|(name, _)| !wanted.contains_key(name.split('.').next().unwrap_or(name)));
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
        ..Change::default()
    })
}

/// The attributes that tie the companion to the resource, one for each that the block makes.
fn references(resource: &Resource<'_>, link: &str, target: &str) -> Vec<(String, String)> {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let (repeated, own) = parameters::alike(resource);
    let mut pairs: Vec<(String, String)> =
        repeated.into_iter().map(|(name, value)| pair(name, value)).collect();
    let provider = parameters::text_of(resource, "provider");
    pairs.extend(provider.map(|text| pair("provider", text.to_owned())));
    pairs.push(pair(link, format!("{own}.{target}")));
    pairs
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
                "count = var.n ? 1 : 0",
                "count  = var.n ? 1 : 0",
                "bucket = aws_s3_bucket.b[count.index].id",
            ),
            (
                "count = length(var.n)",
                "count  = length(aws_s3_bucket.b)",
                "bucket = aws_s3_bucket.b[count.index].id",
            ),
            (
                "for_each = toset(var.n)",
                "for_each = toset(var.n)",
                "bucket   = aws_s3_bucket.b[each.key].id",
            ),
            (
                "for_each = { for one in var.n : one => one }",
                "for_each = aws_s3_bucket.b",
                "bucket   = each.value.id",
            ),
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
    fn companion_is_made_by_the_resources_own_provider() {
        let bucket =
            "resource \"aws_s3_bucket\" \"b\" {\n  provider = aws.west\n  bucket   = \"x\"\n}\n";
        let after = format!(
            "{bucket}\nresource \"aws_s3_bucket_versioning\" \"b\" {{\n  provider = aws.west\n  \
             bucket   = aws_s3_bucket.b.id\n\n  versioning_configuration {{\n    status = \
             \"Enabled\"\n  }}\n}}\n"
        );
        check(FIX, bucket, &after);
    }

    #[test]
    fn companions_linked_through_loops_and_locals_are_found() {
        let bucket = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n}\n\
                      locals {\n  all = { one = aws_s3_bucket.b.id }\n  b = aws_s3_bucket.b\n}\n";
        for (each, link) in [
            ("for_each = local.all", "each.value"),
            ("for_each = toset([aws_s3_bucket.b.id])", "each.key"),
            ("count = 1", "element([aws_s3_bucket.b.id], count.index)"),
            ("depends_on = []", "local.b.id"),
            ("depends_on = []", "local.all[\"one\"]"),
        ] {
            let text = |status: &str| {
                format!(
                    "{bucket}resource \"aws_s3_bucket_versioning\" \"v\" {{\n  {each}\n  bucket = \
                     {link}\n  versioning_configuration {{\n    status = \"{status}\"\n  }}\n}}\n"
                )
            };
            check(FIX, &text("Suspended"), &text("Enabled"));
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
