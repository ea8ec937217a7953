//! What Terraform blocks make, as far as their text says.

use std::collections::BTreeMap;

use super::locate::names_in;
use super::{Repository, Resource, SourceFile, resolve};
use crate::Config;
use crate::code::Place;
use crate::inventory::{Calling, Giving, Inventory, Lines, Making};

/// Attributes that hold the beginning of a name.
const PREFIXES: [&str; 4] =
    ["bucket_prefix", "name_prefix", "identifier_prefix", "cluster_identifier_prefix"];
/// Attributes that hold tags.
const TAGS: [&str; 2] = ["tags", "labels"];
/// What of a block identifies what it makes.
const IDS: [&str; 7] = ["", "arn", "id", "self_link", "bucket", "name", "url"];
/// The tag that Yor writes into blocks.
const YOR: &str = "yor_trace";

/// All of a repository.
pub(super) fn inventory(repository: &Repository) -> Inventory {
    let mut all = Inventory::default();
    for file in repository.source_files() {
        let mut lines = Lines::new(&file.text);
        for one in Resource::judged_in(file) {
            let line = lines.of(one.span().start);
            let place = Place { file: file.path.clone(), address: one.address() };
            if one.is_made() {
                all.made.push(making(repository, &one, (place, line)));
            } else if one.kind() == "module" {
                all.calls.push(calling(repository, &one, (place, line)));
            }
        }
        all.given.extend(giving(repository, file));
    }
    all
}

fn making(repository: &Repository, one: &Resource<'_>, (place, line): (Place, u32)) -> Making {
    let whole = resolve::resource(repository, one);
    let each = resolve::instances(repository, one);
    let mut names = names_in(&whole);
    names.extend(each.iter().flat_map(names_in));
    names.sort();
    names.dedup();
    let prefixes = PREFIXES.iter().filter_map(|name| whole.get(name)?.as_text());
    let mut tags = tags(&whole);
    if let (false, Some(yor)) = (tags.contains_key(YOR), written_yor(one)) {
        tags.insert(YOR.to_owned(), yor.to_owned());
    }
    Making {
        place,
        line,
        kind: one.kind(),
        names,
        prefixes: prefixes.map(ToOwned::to_owned).collect(),
        tags,
        namespace: None,
    }
}

fn tags(config: &Config) -> BTreeMap<String, String> {
    let all = TAGS.iter().filter_map(|name| config.get(name)?.as_object()).flatten();
    all.filter_map(|(key, value)| Some((key.clone(), value.as_text()?.to_owned()))).collect()
}

/// The tag of Yor as it stands in the text, where other tags come from what is not known
/// (`merge(var.tags, { yor_trace = "…" })`).
fn written_yor<'r>(one: &Resource<'r>) -> Option<&'r str> {
    let text = one.file.text.get(one.span())?;
    let lines = text.lines().map(str::trim_start);
    let mut lines = lines.filter(|line| !line.starts_with('#') && !line.starts_with("//"));
    lines.find_map(|line| {
        let (_, rest) = line.split_once(YOR)?;
        let rest = rest.trim_start_matches('"').trim_start();
        let rest = rest.strip_prefix(['=', ':'])?.trim_start().strip_prefix('"')?;
        let (value, _) = rest.split_once('"')?;
        (!value.is_empty() && !value.contains("${")).then_some(value)
    })
}

fn calling(repository: &Repository, one: &Resource<'_>, (place, line): (Place, u32)) -> Calling {
    let source = one.block.body.get_attribute("source");
    let source = source.and_then(|source| source.value.as_str()).unwrap_or_default();
    Calling {
        place,
        line,
        name: one.name().to_owned(),
        source: source.to_owned(),
        folder: repository.called_by(one.file, one.block),
    }
}

/// The outputs of a file that give what identifies a block.
fn giving<'r>(
    repository: &'r Repository,
    file: &'r SourceFile,
) -> impl Iterator<Item = Giving> + 'r {
    let outputs = file.blocks().filter(|block| block.ident.as_str() == "output");
    outputs.filter(|_| file.is_configuration()).filter_map(|block| {
        let value = &block.body.get_attribute("value")?.value;
        let config = resolve::expression(repository, file.folder(), value);
        let Config::Reference { address, attribute } = config else { return None };
        let own = file.folder();
        let (of_folder, of) = address.split_once("//").unwrap_or((own, &address));
        let is_block = !of.starts_with("data.") && !of.starts_with("module.");
        (is_block && IDS.contains(&attribute.as_str())).then(|| Giving {
            folder: own.to_owned(),
            name: block.labels.first().map(|label| label.as_str().to_owned()).unwrap_or_default(),
            of_folder: of_folder.to_owned(),
            of: of.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Inventory {
        let files = files.iter().map(|(path, text)| ((*path).into(), (*text).into()));
        inventory(&Repository::parse(files))
    }

    #[test]
    fn names_are_those_of_every_instance() {
        let text = "variable \"env\" {\n  default = \"prod\"\n}\n\nresource \"aws_s3_bucket\" \"b\" {\n  \
                    for_each = toset([\"a\", \"b\"])\n  bucket   = \"acme-${var.env}-${each.key}\"\n}\n\
                    resource \"aws_iam_role\" \"r\" {\n  name_prefix = \"shop-\"\n}\n";
        let all = read(&[("m/main.tf", text)]);
        let [bucket, role] = all.made.as_slice() else { panic!("{all:?}") };
        assert_eq!(bucket.names, ["acme-prod-a", "acme-prod-b"]);
        assert_eq!((bucket.line, bucket.place.file.as_str()), (5, "m/main.tf"));
        assert_eq!((role.line, role.prefixes.as_slice()), (9, ["shop-".to_owned()].as_slice()));
    }

    #[test]
    fn tags_of_yor_are_read_beside_what_is_not_known() {
        let text = "variable \"tags\" {}\nresource \"aws_s3_bucket\" \"b\" {\n  tags = merge(var.tags, {\n    \
                    # yor_trace = \"old\"\n    yor_trace = \"u-1\"\n  })\n}\n\
                    resource \"aws_s3_bucket\" \"c\" {\n  tags = { yor_trace = \"u-2\", Name = \"x\" }\n}\n\
                    resource \"aws_s3_bucket\" \"d\" {\n  tags = { yor_trace = \"${var.tags}\" }\n}\n";
        let made = read(&[("main.tf", text)]).made;
        let yor: Vec<Option<&str>> =
            made.iter().map(|one| one.tags.get(YOR).map(String::as_str)).collect();
        assert_eq!(yor, [Some("u-1"), Some("u-2"), None]);
        assert_eq!(made[1].tags.get("Name").map(String::as_str), Some("x"));
    }

    #[test]
    fn calls_and_outputs_lead_into_modules() {
        let main = "module \"s3\" {\n  source = \"./modules/s3\"\n}\nmodule \"vpc\" {\n  \
                    source = \"terraform-aws-modules/vpc/aws\"\n}\n\
                    output \"logs\" {\n  value = module.s3.arn\n}\noutput \"size\" {\n  value = 3\n}\n";
        let inner = "resource \"aws_s3_bucket\" \"this\" {}\noutput \"arn\" {\n  \
                     value = aws_s3_bucket.this.arn\n}\n";
        let all = read(&[("main.tf", main), ("modules/s3/main.tf", inner)]);
        let folders: Vec<Option<&str>> =
            all.calls.iter().map(|call| call.folder.as_deref()).collect();
        assert_eq!(folders, [Some("modules/s3"), None]);
        assert_eq!(all.calls[1].source, "terraform-aws-modules/vpc/aws");
        let given: Vec<(&str, &str, &str)> = all
            .given
            .iter()
            .map(|one| (one.name.as_str(), one.of_folder.as_str(), one.of.as_str()))
            .collect();
        let expected = [
            ("logs", "modules/s3", "aws_s3_bucket.this"),
            ("arn", "modules/s3", "aws_s3_bucket.this"),
        ];
        assert_eq!(given, expected);
    }
}
