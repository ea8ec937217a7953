//! Finds the one block that makes an asset, or says why there is none.

use crate::Target;
use crate::terraform::{Repository, Resource};

/// Finds the block that makes an asset, among resources of the listed types: by the scanner's
/// file and address, or by the literal name.
///
/// # Errors
///
/// One sentence that says why: no block, or more than one.
pub(crate) fn locate<'r>(
    repository: &'r Repository,
    target: &Target,
    kinds: &[String],
) -> Result<Resource<'r>, String> {
    if let Some(address) = &target.address {
        return by_address(repository, target, &own_address(address));
    }
    if let Some(found) = by_lines(repository, target) {
        return Ok(found);
    }
    by_name(repository, target, kinds)
}

/// `module.a.module.b["x"].aws_s3_bucket.logs[0]` → `aws_s3_bucket.logs`.
fn own_address(address: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for letter in address.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            letter if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    let parts: Vec<&str> = plain.split('.').collect();
    let own = parts.len().saturating_sub(2);
    parts.get(own..).unwrap_or_default().join(".")
}

fn by_address<'r>(
    repository: &'r Repository,
    target: &Target,
    address: &str,
) -> Result<Resource<'r>, String> {
    let mut all = at_address(repository, address);
    // A call in a module is named by the calls that lead there: `module.a.b`.
    if all.is_empty() && target.address.as_ref().is_some_and(|whole| whole.starts_with("module.")) {
        let name = address.rsplit('.').next();
        all = repository
            .judged()
            .filter(|one| one.is("module") && Some(one.name()) == name)
            .collect();
    }
    if all.is_empty() {
        let broken = target
            .file
            .as_ref()
            .and_then(|file| repository.unparsed().find(|(path, _)| common_suffix(path, file) > 0));
        return Err(match broken {
            Some((_, error)) => error.to_owned(),
            None => format!("no block `{address}` in the repository"),
        });
    }
    let mut found = all;
    if let Some(file) = &target.file {
        let best = found.iter().map(|one| common_suffix(&one.file.path, file)).max().unwrap_or(0);
        if best > 0 {
            found.retain(|one| common_suffix(&one.file.path, file) == best);
        }
    }
    if found.len() > 1 {
        let inside: Vec<Resource<'r>> =
            found.iter().filter(|one| covers(one, target)).copied().collect();
        if inside.len() == 1 {
            found = inside;
        }
    }
    only(found, "the address fits")
}

/// Blocks of an address; scanners write that of a `data` block, a call and a provider in ways of
/// their own.
fn at_address<'r>(repository: &'r Repository, address: &str) -> Vec<Resource<'r>> {
    let all: Vec<Resource<'r>> =
        repository.resources().filter(|one| one.has_address(address)).collect();
    if !all.is_empty() {
        return all;
    }
    let provider = address.strip_suffix(".default").unwrap_or(address);
    let same = |one: &Resource<'_>| {
        let own = one.address();
        let bare = own.strip_prefix("data.").or_else(|| own.strip_prefix("provider."));
        own == address || bare == Some(address) || bare == Some(provider)
    };
    repository.judged().filter(|one| !one.is_made() && same(one)).collect()
}

fn by_lines<'r>(repository: &'r Repository, target: &Target) -> Option<Resource<'r>> {
    let file = target.file.as_ref()?;
    target.lines?;
    let mut found: Vec<Resource<'r>> = repository
        .source_files()
        .filter(|one| common_suffix(&one.path, file) > 0)
        .flat_map(Resource::judged_in)
        .filter(|resource| covers(resource, target))
        .collect();
    let best = found.iter().map(|one| common_suffix(&one.file.path, file)).max()?;
    found.retain(|one| common_suffix(&one.file.path, file) == best);
    if found.len() == 1 { found.pop() } else { None }
}

fn covers(resource: &Resource<'_>, target: &Target) -> bool {
    let (first, last) = resource.lines();
    target.lines.is_some_and(|(start, _)| {
        usize::try_from(start).is_ok_and(|start| first <= start && start <= last)
    })
}

/// How near two paths are: the more parts agree from the end the nearer, where one path is the
/// tail of the other, and the whole path is nearest; else nothing.
fn common_suffix(left: &str, right: &str) -> usize {
    let parts = |path: &str| -> Vec<String> {
        path.replace('\\', "/")
            .split('/')
            .filter(|part| !matches!(*part, "" | "." | ".."))
            .map(ToOwned::to_owned)
            .collect()
    };
    let (left, right) = (parts(left), parts(right));
    let same = left.iter().rev().zip(right.iter().rev()).take_while(|(a, b)| a == b).count();
    if same == left.len().min(right.len()) {
        2 * same + usize::from(left.len() == right.len())
    } else {
        0
    }
}

fn by_name<'r>(
    repository: &'r Repository,
    target: &Target,
    kinds: &[String],
) -> Result<Resource<'r>, String> {
    let found: Vec<Resource<'r>> = target
        .names
        .iter()
        .flat_map(|name| repository.named(name))
        .filter(|resource| kinds.iter().any(|kind| resource.is(kind)))
        .collect();
    if found.is_empty() {
        return Err("no block in the repository makes it, as far as names tell".into());
    }
    only(found, "the name fits")
}

fn distinct(mut found: Vec<Resource<'_>>) -> Vec<Resource<'_>> {
    let key = |one: &Resource<'_>| (one.file.path.clone(), one.span().start);
    found.sort_by_key(key);
    found.dedup_by_key(|one| key(one));
    found
}

fn only<'r>(found: Vec<Resource<'r>>, why: &str) -> Result<Resource<'r>, String> {
    let found = distinct(found);
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err("no block in the repository makes it".into()),
        [first, second, rest @ ..] => Err(format!(
            "{why} {} blocks, among them {} and {}: a person must say which",
            rest.len() + 2,
            first.place(),
            second.place()
        )),
    }
}
