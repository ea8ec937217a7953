//! The arguments of resource types, as the providers' own schemas name them.
//!
//! `content/schemas/terraform/<provider>.txt` has one resource type a line: names, blocks in
//! braces, and `!` where a change replaces the resource. The first line says the version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use hcl_edit::structure::{Body, Structure};

use super::body::dynamic_name;
use super::providers::{self, Version};
use super::{Repository, Resource};

/// Arguments that every block may have.
const META: [&str; 9] = [
    "count",
    "connection",
    "depends_on",
    "for_each",
    "id",
    "lifecycle",
    "provider",
    "provisioner",
    "timeouts",
];

/// Arguments that name what is made; the source of the schemas leaves them out.
const NAMES: [&str; 12] = [
    "bucket",
    "bucket_prefix",
    "cluster_identifier",
    "cluster_identifier_prefix",
    "cluster_id",
    "domain_name",
    "family",
    "function_name",
    "identifier",
    "identifier_prefix",
    "name",
    "name_prefix",
];

/// One provider's schema.
struct Provider {
    name: &'static str,
    /// The major version that the schema is of; older ones have other arguments.
    major: u32,
    text: &'static str,
}

const PROVIDERS: [Provider; 5] = [
    Provider {
        name: "alicloud",
        major: 1,
        text: include_str!("../../../../content/schemas/terraform/alicloud.txt"),
    },
    Provider {
        name: "aws",
        major: 6,
        text: include_str!("../../../../content/schemas/terraform/aws.txt"),
    },
    Provider {
        name: "azurerm",
        major: 4,
        text: include_str!("../../../../content/schemas/terraform/azurerm.txt"),
    },
    Provider {
        name: "google",
        major: 7,
        text: include_str!("../../../../content/schemas/terraform/google.txt"),
    },
    Provider {
        name: "oci",
        major: 5,
        text: include_str!("../../../../content/schemas/terraform/oci.txt"),
    },
];

/// The arguments of a type or of a block in it.
#[derive(Debug, Clone, Default)]
struct Arguments<'t>(BTreeMap<&'t str, Argument<'t>>);

#[derive(Debug, Clone, Default)]
struct Argument<'t> {
    replaces: bool,
    inner: Option<Arguments<'t>>,
}

/// Arguments of a block that its type does not have. Empty where the type's schema is not known,
/// or the module runs with an older version of the provider.
pub(super) fn invented(repository: &Repository, resource: &Resource<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let kind = resource.kind();
    let Some((provider, arguments)) = of_type(&kind).filter(|_| resource.is_made()) else {
        return found;
    };
    let version: Version = (provider.major, 0, 0);
    let folder = resource.file.folder();
    if !providers::versions(repository, folder, provider.name).older_than(version) {
        collect(&resource.block.body, &arguments, "", &mut found);
    }
    found
}

/// The first of some dotted paths whose change replaces what a type makes.
pub(super) fn replacing<'p>(
    kind: &str,
    paths: impl IntoIterator<Item = &'p String>,
) -> Option<&'p str> {
    let (_, arguments) = of_type(kind)?;
    let replaces = |path: &&String| {
        let mut level = Some(&arguments);
        path.split('.').any(|name| {
            let argument = level.and_then(|level| level.0.get(name));
            level = argument.and_then(|argument| argument.inner.as_ref());
            argument.is_some_and(|argument| argument.replaces)
        })
    };
    paths.into_iter().find(replaces).map(String::as_str)
}

/// The arguments of a type, blocks with braces behind them, and those of its blocks of these names.
pub(super) fn told(kind: &str, blocks: &BTreeSet<String>) -> Option<(String, String)> {
    let (_, arguments) = of_type(kind)?;
    let own = arguments.0.iter().map(|(name, argument)| match &argument.inner {
        Some(_) => format!("{name}{{}}"),
        None => (*name).to_owned(),
    });
    let own = own.collect::<Vec<_>>().join(" ");
    let inner = arguments.0.iter().filter(|(name, _)| blocks.contains(**name));
    let inner = inner.filter_map(|(name, argument)| {
        Some(format!("{name}{{{}}}", written(argument.inner.as_ref()?)))
    });
    Some((own, inner.collect::<Vec<_>>().join(" ")))
}

fn written(arguments: &Arguments<'_>) -> String {
    let all = arguments.0.iter().map(|(name, argument)| match &argument.inner {
        Some(inner) => format!("{name}{{{}}}", written(inner)),
        None => (*name).to_owned(),
    });
    all.collect::<Vec<_>>().join(" ")
}

/// Whether an argument of a type is known, and is no block: a map, which takes any key.
pub(super) fn is_plain(kind: &str, name: &str) -> bool {
    let of = of_type(kind);
    of.is_some_and(|(_, arguments)| arguments.0.get(name).is_some_and(|one| one.inner.is_none()))
}

fn collect(body: &Body, arguments: &Arguments<'_>, path: &str, found: &mut BTreeSet<String>) {
    for structure in body {
        let (name, inner) = match structure {
            Structure::Attribute(attribute) => (attribute.key.as_str(), None),
            Structure::Block(block) => match dynamic_name(block) {
                Some(name) => {
                    let content = block.body.blocks().find(|one| one.ident.as_str() == "content");
                    (name, content.map(|content| &content.body))
                }
                None => (block.ident.as_str(), Some(&block.body)),
            },
        };
        let top = path.is_empty() && (META.contains(&name) || NAMES.contains(&name));
        if top {
            continue;
        }
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (arguments.0.get(name), inner) {
            (None, _) => _ = found.insert(full),
            (Some(Argument { inner: Some(inner), .. }), Some(body)) => {
                collect(body, inner, &full, found);
            }
            (Some(_), _) => {}
        }
    }
}

/// The provider and the arguments of a type.
fn of_type(kind: &str) -> Option<(&'static Provider, Arguments<'static>)> {
    static LINES: OnceLock<BTreeMap<&str, (&Provider, &str)>> = OnceLock::new();
    let lines = LINES.get_or_init(|| {
        let all = PROVIDERS.iter().flat_map(|provider| {
            let lines = provider.text.lines().filter(|line| !line.starts_with('#'));
            lines.filter_map(move |line| {
                let (kind, rest) = line.split_once(' ')?;
                Some((kind, (provider, rest)))
            })
        });
        all.collect()
    });
    let (provider, line) = lines.get(kind)?;
    Some((provider, parsed(line)))
}

/// Reads a line of names and braces.
fn parsed(line: &str) -> Arguments<'_> {
    let mut stack = vec![Arguments::default()];
    let mut names: Vec<(&str, bool)> = Vec::new();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let bare = word.trim_end_matches('}');
        let closes = word.len() - bare.len();
        let mut rest = bare;
        while let Some((name, inner)) = rest.split_once('{') {
            names.push((name.trim_end_matches('!'), name.ends_with('!')));
            stack.push(Arguments::default());
            rest = inner;
        }
        put(&mut stack, (rest.trim_end_matches('!'), rest.ends_with('!')), None);
        for _ in 0..closes {
            if let (Some(inner), Some(name)) = (stack.pop(), names.pop()) {
                put(&mut stack, name, Some(inner));
            }
        }
    }
    stack.into_iter().next().unwrap_or_default()
}

fn put<'t>(
    stack: &mut [Arguments<'t>],
    (name, replaces): (&'t str, bool),
    inner: Option<Arguments<'t>>,
) {
    if let Some(top) = stack.last_mut().filter(|_| !name.is_empty()) {
        top.0.insert(name, Argument { replaces, inner });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(text: &str) -> Vec<String> {
        let repository = Repository::parse([("main.tf".to_owned(), text.to_owned())]);
        let resource = repository.resources().next().unwrap();
        invented(&repository, &resource).into_iter().collect()
    }

    #[test]
    fn every_line_of_the_schemas_is_read_whole() {
        for provider in &PROVIDERS {
            for line in provider.text.lines().filter(|line| !line.starts_with('#')) {
                let (kind, rest) = line.split_once(' ').unwrap();
                assert!(kind.starts_with(provider.name), "{kind}");
                assert_eq!(rest.matches('{').count(), rest.matches('}').count(), "{kind}");
                assert!(parsed(rest).0.len() > 1, "{kind}");
            }
            let major = format!("provider {} {}.", provider.name, provider.major);
            assert!(provider.text.lines().next().unwrap().contains(&major));
        }
    }

    #[test]
    fn invented_arguments_are_seen() {
        let block = |rest: &str| {
            format!(
                "resource \"azurerm_app_service\" \"a\" {{\n  name = \"a\"\n  lifecycle {{\n    x = 1\n  }}\n{rest}\n}}\n"
            )
        };
        let site = |name: &str| block(&format!("  site_config {{\n    {name} = \"1.2\"\n  }}"));
        assert_eq!(unknown(&site("min_tls_version")), Vec::<String>::new());
        assert_eq!(unknown(&site("minimum_tls_version")), ["site_config.minimum_tls_version"]);
        assert_eq!(unknown(&block("  https = true")), ["https"]);
        let dynamic = "  dynamic \"site_config\" {\n    for_each = [1]\n    content {\n      z = 1\n    }\n  }";
        assert_eq!(unknown(&block(dynamic)), ["site_config.z"]);
        let old = "terraform {\n  required_providers {\n    azurerm = \"~> 3.0\"\n  }\n}\n";
        assert_eq!(unknown(&(old.to_owned() + &block("  https = true"))), Vec::<String>::new());
        assert_eq!(unknown("resource \"x_y\" \"z\" {\n  a = 1\n}\n"), Vec::<String>::new());
    }

    #[test]
    fn what_replaces_a_resource_is_known() {
        let paths = ["storage_encrypted".to_owned(), "multi_az".to_owned()];
        assert_eq!(replacing("aws_db_instance", &paths), Some("storage_encrypted"));
        assert_eq!(replacing("aws_db_instance", &paths[1..]), None);
        let nested = ["encryption_configuration.kms_key".to_owned()];
        assert_eq!(
            replacing("aws_ecr_repository", &nested),
            Some("encryption_configuration.kms_key")
        );
    }
}
