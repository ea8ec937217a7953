//! What the user's settings say of a parameter, for the file and the block that it is about.

use regex::Regex;
use toml::{Table, Value};

use super::super::locate::literal_names;
use super::super::recipes::Request;

/// Under which name a setting is looked for, and asked for.
pub(super) enum Asked {
    /// For all, for a folder or file, or for the block.
    Anywhere(String),
    /// For a folder or file, or for the block; asked for by the file.
    File { name: String, path: String },
    /// For the block alone.
    Block { name: String, block: String },
}

impl Asked {
    /// The name to ask for.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Anywhere(name) => name.clone(),
            Self::File { name, path } => format!("{name}.{path}"),
            Self::Block { name, block } => format!("{name}.{block}"),
        }
    }
}

/// How a parameter is said.
///
/// # Errors
///
/// One sentence where it is said by block, and the block makes more than one resource.
pub(super) fn asked(request: &Request<'_>, name: &str, table: &Table) -> Result<Asked, String> {
    let (file, name) = (request.resource.file, name.to_owned());
    match table.get("each").and_then(Value::as_str) {
        Some("file") => Ok(Asked::File { name, path: file.path.clone() }),
        Some("block") if is_many(request) => Err(format!(
            "{} makes more than one, and each needs a value of its own: a person must \
             write them",
            request.resource.place()
        )),
        Some("block") => Ok(Asked::Block { name, block: block(request) }),
        Some(_) | None => Ok(Asked::Anywhere(name)),
    }
}

/// How settings name the block (`infra/main.tf#aws_s3_bucket.data`).
fn block(request: &Request<'_>) -> String {
    format!("{}#{}", request.resource.file.path, request.resource.address())
}

/// Whether a block makes more than one resource, or may.
fn is_many(request: &Request<'_>) -> bool {
    let Request { repository, resource, .. } = request;
    let repeats = |body: &hcl_edit::structure::Body| {
        body.has_attribute("count") || body.has_attribute("for_each")
    };
    let mut folder = resource.file.folder().to_owned();
    if repeats(&resource.block.body) {
        return true;
    }
    for _ in 0..MAX_CALLS {
        match repository.calls(&folder).as_slice() {
            [] => return false,
            [(file, call)] if !repeats(&call.body) && file.folder() != folder => {
                folder = file.folder().to_owned();
            }
            [..] => return true,
        }
    }
    true
}

/// How deep calls of modules are followed.
const MAX_CALLS: usize = 24;

/// The value that the settings give.
///
/// # Errors
///
/// One sentence where it cannot be that.
pub(super) fn value(
    request: &Request<'_>,
    asked: &Asked,
    table: &Table,
) -> Result<Option<Value>, String> {
    let settings = request.wish.settings;
    let path = &request.resource.file.path;
    let own = |name: &str| settings.get(&format!("{name}.{}", block(request)));
    let said = match asked {
        Asked::Anywhere(name) => own(name).or_else(|| settings.at(name, path)),
        Asked::File { name, .. } => own(name).or_else(|| settings.only_at(name, path)),
        Asked::Block { name, .. } => own(name),
    };
    let Some(said) = said else { return Ok(None) };
    let default = table.get("default");
    let many = table.get("list").and_then(Value::as_bool) == Some(true);
    let parts: Vec<&str> = if many { said.split(',').map(str::trim).collect() } else { vec![said] };
    for part in &parts {
        fits(&asked.name(), part, table)?;
        is_another(request, &asked.name(), part, table)?;
    }
    Ok(Some(if many {
        Value::Array(parts.into_iter().map(|part| Value::String(part.to_owned())).collect())
    } else {
        typed(said, default)
    }))
}

/// Refuses what cannot be meant.
fn fits(name: &str, said: &str, table: &Table) -> Result<(), String> {
    let Some(pattern) = table.get("pattern").and_then(Value::as_str) else { return Ok(()) };
    let pattern = Regex::new(pattern).map_err(|_| "the recipe's pattern is none".to_owned())?;
    let looks = table.get("looks").and_then(Value::as_str).unwrap_or("what is needed there");
    if pattern.is_match(said) {
        Ok(())
    } else {
        Err(format!("`{said}` in `{name}` of the settings is not {looks}"))
    }
}

/// Refuses the resource itself where another of its kind is meant (a bucket that logs into itself).
fn is_another(request: &Request<'_>, name: &str, said: &str, table: &Table) -> Result<(), String> {
    let kinds = table.get("existing").and_then(Value::as_array).into_iter().flatten();
    let named = table.get("other_than_self").and_then(Value::as_bool) == Some(true);
    let kind = request.resource.kind();
    if !named && !kinds.filter_map(Value::as_str).any(|one| one == kind) {
        return Ok(());
    }
    let said = said.rsplit(':').next().unwrap_or(said);
    if literal_names(request.repository, &request.resource).iter().any(|own| own == said) {
        return Err(format!(
            "`{name}` of the settings names the resource itself: a person must name another"
        ));
    }
    Ok(())
}

/// A setting's text as the type that the default has.
fn typed(said: &str, default: Option<&Value>) -> Value {
    let text = || Value::String(said.to_owned());
    match default {
        Some(Value::Integer(_)) => said.parse().map_or_else(|_| text(), Value::Integer),
        Some(Value::Boolean(_)) => said.parse().map_or_else(|_| text(), Value::Boolean),
        Some(Value::Float(_)) => said.parse().map_or_else(|_| text(), Value::Float),
        None => said.parse().map_or_else(|_| text(), Value::Boolean),
        Some(Value::String(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_)) => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::recipes::testing::with_settings;
    use crate::Settings;

    const BUCKET: &str = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"acme-data\"\n}\n";

    /// What stands in the file after `tag` was asked for with these settings.
    fn set(parameter: &str, text: &str, said: &[(&str, &str)]) -> Result<String, String> {
        let fix = format!(
            "recipe = 'set_attributes'\nresource = ['aws_s3_bucket']\n\
             set = {{ tag = {{ parameter = 'aws.tag', {parameter} ask = 'which' }} }}"
        );
        let pairs = said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let text = with_settings(&fix, text, &pairs.collect::<Settings>())?;
        let line = text.lines().find(|line| line.trim_start().starts_with("tag"));
        Ok(line.and_then(|line| line.split_once("= ")).unwrap().1.to_owned())
    }

    #[test]
    fn the_nearest_setting_counts() {
        let all = [
            ("aws.tag", "all"),
            ("aws.tag.main.tf", "file"),
            ("aws.tag.main.tf#aws_s3_bucket.b", "block"),
        ];
        for (said, expected) in [(&all[..1], "all"), (&all[..2], "file"), (&all[..], "block")] {
            assert_eq!(set("", BUCKET, said), Ok(format!("\"{expected}\"")));
        }
        assert!(set("", BUCKET, &[]).unwrap_err().contains("set `aws.tag` below"));
    }

    #[test]
    fn what_is_said_by_file_or_block_is_not_taken_from_all() {
        let why = |each: &str, said: &[(&str, &str)]| set(each, BUCKET, said).unwrap_err();
        let (file, block) = ("each = 'file',", "each = 'block',");
        let all = [("aws.tag", "x")];
        assert!(why(file, &all).contains("set `aws.tag.main.tf` below"));
        assert!(why(block, &all).contains("set `aws.tag.main.tf#aws_s3_bucket.b` below"));
        assert!(why(block, &[("aws.tag.main.tf", "x")]).contains("#aws_s3_bucket.b"));
        assert_eq!(set(file, BUCKET, &[("aws.tag.main.tf", "x")]), Ok("\"x\"".into()));
        let own = [("aws.tag.main.tf#aws_s3_bucket.b", "x")];
        assert_eq!(set(block, BUCKET, &own), Ok("\"x\"".into()));
        let many = BUCKET.replace("  bucket", "  count  = 2\n  bucket");
        assert!(set(block, &many, &own).unwrap_err().contains("makes more than one"));
        let call = "module \"a\" {\n  source = \"./\"\n}\n";
        assert!(
            set(block, &format!("{BUCKET}{call}"), &own).unwrap_err().contains("more than one")
        );
    }

    #[test]
    fn a_setting_must_look_like_what_is_needed() {
        let shape = "pattern = '^[A-Z]{2}$', looks = 'a country', list = true,";
        let with = |said: &str| set(shape, BUCKET, &[("aws.tag", said)]);
        assert_eq!(with("GB, IE"), Ok("[\"GB\", \"IE\"]".into()));
        for said in ["GB,", "gb", "GB\"]", "${var.x}"] {
            assert!(with(said).unwrap_err().contains("is not a country"), "{said}");
        }
    }

    #[test]
    fn a_setting_that_names_the_resource_itself_is_refused() {
        let bucket = "existing = ['aws_s3_bucket'],";
        for parameter in [bucket, "other_than_self = true,"] {
            let with = |said: &str| set(parameter, BUCKET, &[("aws.tag", said)]);
            for said in ["acme-data", "arn:aws:s3:::acme-data"] {
                assert!(with(said).unwrap_err().contains("names the resource itself"), "{said}");
            }
            assert_eq!(with("acme-logs"), Ok("\"acme-logs\"".into()));
        }
        assert_eq!(set("", BUCKET, &[("aws.tag", "acme-data")]), Ok("\"acme-data\"".into()));
    }
}
