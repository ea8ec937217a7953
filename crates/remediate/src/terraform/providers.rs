//! Which version of a provider a module runs with: the lock file, else what its constraints and
//! those of its callers allow.

use std::collections::BTreeSet;

use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::Body;
use quell_catalog::FixRecipe;

use super::{Repository, SourceFile};

/// How many modules above are asked.
const MAX_CALLERS: usize = 64;

/// Major, minor and patch.
pub(super) type Version = (u32, u32, u32);

/// The lowest version that a module can no longer run with; none where the newest is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Below(pub(super) Version);

/// What is known of a provider's version in a module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Versions {
    /// The version that the lock file names.
    pub(super) locked: Option<Version>,
    /// The bound that constraints set.
    pub(super) below: Option<Below>,
}

impl Versions {
    /// Whether the module runs with a version older than this one.
    pub(super) fn older_than(&self, version: Version) -> bool {
        match (self.locked, self.below) {
            (Some(locked), _) => locked < version,
            (None, Some(Below(below))) => below <= version,
            (None, None) => false,
        }
    }
}

/// Whether a recipe is written for the version that a module runs with.
///
/// # Errors
///
/// One sentence that names the version it is written for.
pub(super) fn fits(repository: &Repository, folder: &str, fix: &FixRecipe) -> Result<(), String> {
    let older = |bound: &str| {
        let (provider, version) = bound.split_once(' ')?;
        let mut numbers = version.split('.').map(|number| number.parse().ok());
        let mut next = || numbers.next().unwrap_or(Some(0));
        let version = (next()?, next()?, next()?);
        Some(versions(repository, folder, provider).older_than(version))
    };
    for (bound, wanted, word) in [(&fix.since, false, "since"), (&fix.before, true, "before")] {
        let Some(bound) = bound else { continue };
        if older(bound) != Some(wanted) {
            return Err(format!("the arguments of the recipe exist {word} {bound} only"));
        }
    }
    Ok(())
}

/// The versions of a provider (`aws`) that the module of a folder runs with.
pub(super) fn versions(repository: &Repository, folder: &str, provider: &str) -> Versions {
    let mut folders: BTreeSet<String> = [folder.to_owned()].into();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for (file, _) in repository.calls(&folder) {
            if folders.len() < MAX_CALLERS && folders.insert(file.folder().to_owned()) {
                open.push(file.folder().to_owned());
            }
        }
    }
    let mut found = Versions::default();
    for file in folders.iter().flat_map(|folder| repository.module_files(folder)) {
        if file.is_lock() {
            found.locked = found.locked.max(locked(file, provider));
        } else if file.is_configuration() {
            for text in constraints(file, provider) {
                found.below = tighter(found.below, below(&text));
            }
        }
    }
    found
}

fn tighter(left: Option<Below>, right: Option<Below>) -> Option<Below> {
    match (left, right) {
        (Some(Below(left)), Some(Below(right))) => Some(Below(left.min(right))),
        (one, other) => one.or(other),
    }
}

/// The version that a lock file names.
fn locked(file: &SourceFile, provider: &str) -> Option<Version> {
    let own = |label: &str| label.rsplit('/').next() == Some(provider);
    let block = file.blocks().find(|block| {
        block.ident.as_str() == "provider" && block.labels.first().is_some_and(|l| own(l.as_str()))
    })?;
    parsed(block.body.get_attribute("version")?.value.as_str()?).map(|(version, _)| version)
}

/// The constraints that a file sets on a provider.
fn constraints(file: &SourceFile, provider: &str) -> Vec<String> {
    let mut all = Vec::new();
    for block in file.blocks() {
        let label = block.labels.first().map(|label| label.as_str());
        match block.ident.as_str() {
            "terraform" => {
                let required = block.body.get_blocks("required_providers");
                all.extend(required.filter_map(|block| required_version(&block.body, provider)));
            }
            "provider" if label == Some(provider) => {
                let version = block.body.get_attribute("version");
                all.extend(version.and_then(|one| one.value.as_str()).map(ToOwned::to_owned));
            }
            _ => {}
        }
    }
    all
}

/// `aws = "~> 3.0"` and `aws = { source = "…", version = "~> 3.0" }`.
fn required_version(body: &Body, provider: &str) -> Option<String> {
    let value = &body.get_attribute(provider)?.value;
    let Expression::Object(object) = value else { return value.as_str().map(ToOwned::to_owned) };
    let version = |key: &ObjectKey| match key {
        ObjectKey::Ident(ident) => ident.as_str() == "version",
        ObjectKey::Expression(text) => text.as_str() == Some("version"),
    };
    let found = object.iter().find(|(key, _)| version(key))?;
    found.1.expr().as_str().map(ToOwned::to_owned)
}

/// The bound that a constraint sets above.
fn below(text: &str) -> Option<Below> {
    text.split(',').filter_map(|part| bound(part.trim())).min_by_key(|Below(bound)| *bound)
}

fn bound(part: &str) -> Option<Below> {
    let sign = part.len() - part.trim_start_matches(['<', '>', '=', '~', '!']).len();
    let (sign, rest) = part.split_at_checked(sign)?;
    let ((major, minor, patch), parts) = parsed(rest.trim())?;
    let next = (major, minor, patch.saturating_add(1));
    match (sign, parts) {
        ("<", _) => Some(Below((major, minor, patch))),
        ("<=" | "=" | "", _) => Some(Below(next)),
        ("~>", 1 | 2) => Some(Below((major.saturating_add(1), 0, 0))),
        ("~>", _) => Some(Below((major, minor.saturating_add(1), 0))),
        (_, _) => None,
    }
}

/// A version and how many parts it is written with.
fn parsed(text: &str) -> Option<(Version, usize)> {
    let plain = text.split(['-', '+']).next()?;
    let parts: Vec<u32> =
        plain.split('.').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let part = |place: usize| parts.get(place).copied().unwrap_or(0);
    (!parts.is_empty()).then(|| ((part(0), part(1), part(2)), parts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_bound_the_version() {
        for (text, expected) in [
            ("~> 3.0", Some((4, 0, 0))),
            ("~> 3.27.1", Some((3, 28, 0))),
            ("~> 3", Some((4, 0, 0))),
            (">= 2.34.0", None),
            (">= 3.0, < 5.0", Some((5, 0, 0))),
            ("3.76.1", Some((3, 76, 2))),
            ("= 4.0", Some((4, 0, 1))),
            ("<= 3.5, != 3.4", Some((3, 5, 1))),
            ("latest", None),
            ("", None),
        ] {
            assert_eq!(below(text), expected.map(Below), "{text}");
        }
    }

    #[test]
    fn the_lock_file_and_callers_count() {
        let old = (4, 0, 0);
        let is_old = |files: &[(&str, &str)]| {
            let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
            let repository = Repository::parse(files.iter().map(own));
            versions(&repository, "m", "aws").older_than(old)
        };
        let main =
            ("m/main.tf", "terraform {\n  required_providers {\n    aws = \">= 3.0\"\n  }\n}\n");
        let call = ("main.tf", "module \"m\" {\n  source = \"./m\"\n}\n");
        let three = (
            "p.tf",
            "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n      version = \"~> 3.5\"\n    }\n  }\n}\n",
        );
        let lock = |version: &str| {
            format!(
                "provider \"registry.terraform.io/hashicorp/aws\" {{\n  version = \"{version}\"\n}}\n"
            )
        };
        assert!(!is_old(&[main]));
        assert!(is_old(&[main, call, three]));
        assert!(is_old(&[main, (".terraform.lock.hcl", &lock("3.76.1")), call]));
        assert!(is_old(&[main, ("m/.terraform.lock.hcl", &lock("3.76.1"))]));
        assert!(!is_old(&[main, ("m/.terraform.lock.hcl", &lock("5.1.0"))]));
    }
}
