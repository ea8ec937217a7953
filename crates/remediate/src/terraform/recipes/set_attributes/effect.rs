//! What a change of a variable, a local or a call does besides what it is made for.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use crate::Config;
use crate::terraform::{Repository, Resource, SourceFile, resolve};

/// How long a chain of locals may be that is followed.
const MAX_CHAIN: usize = 24;
/// How many folders a change may reach.
const MAX_FOLDERS: usize = 200;

/// Refuses a change of a file that changes other arguments than the wanted ones, blocks of
/// another type, or whether a block is made.
pub(super) fn only_wanted(
    before: &Repository,
    after: &Repository,
    (file, owner, kind): (&str, &str, &str),
    values: &BTreeMap<String, Value>,
) -> Result<(), String> {
    let meant = |path: &str| values.keys().any(|wanted| is_within(path, wanted));
    let folder = before.file(file).map_or("", |file| file.folder());
    let words = words(before, folder, owner);
    for near in reached(before, folder)? {
        let own = near == folder;
        for old in before.module_files(&near).flat_map(Resource::judged_in) {
            let text = old.file.text.get(old.span()).unwrap_or_default();
            let told = |words: &BTreeSet<String>| !words.iter().any(|word| text.contains(word));
            if own && words.as_ref().is_some_and(told) {
                continue;
            }
            let Some(new) = after.resource(&old.file.path, &old.address()) else { continue };
            let (was, is) = (resolve::instances(before, &old), resolve::instances(after, &new));
            let mut names = BTreeSet::new();
            if was.len() == is.len() {
                was.iter().zip(is.iter()).for_each(|(was, is)| differing("", was, is, &mut names));
            } else {
                names.insert("count".to_owned());
            }
            let calls = old.block.ident.as_str() == "module";
            let other = names.iter().find(|name| !old.is(kind) || !meant(name));
            if let Some(other) = other.filter(|_| !calls) {
                return Err(format!(
                    "what decides it also decides `{other}` of `{}` at {}: a person must decide",
                    old.address(),
                    old.place()
                ));
            }
        }
    }
    Ok(())
}

/// How blocks of a module write a name, and what else of the module is made of it; none where
/// that goes too far to tell.
fn words(repository: &Repository, folder: &str, owner: &str) -> Option<BTreeSet<String>> {
    let files = repository.module_files(folder).filter(|file| file.is_configuration());
    let mut rest: Vec<(String, &str)> = files.flat_map(named).collect();
    let mut words: BTreeSet<String> = [owner.to_owned()].into();
    let mut last = words.clone();
    for _ in 0..MAX_CHAIN {
        let made = |text: &str| last.iter().any(|word| text.contains(word));
        let (more, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, text)| made(text));
        if more.is_empty() {
            return Some(words);
        }
        last = more.into_iter().map(|(name, _)| name).collect();
        words.extend(last.iter().cloned());
        rest = others;
    }
    None
}

/// Locals, calls and `data` blocks of a file: how others write them, and their text.
fn named(file: &SourceFile) -> Vec<(String, &str)> {
    let mut all = Vec::new();
    for block in file.blocks().filter(|block| block.ident.as_str() == "locals") {
        for one in block.body.attributes() {
            let text = file.span(&one.value).and_then(|span| file.text.get(span));
            all.extend(text.map(|text| (format!("local.{}", one.key.as_str()), text)));
        }
    }
    let others = Resource::judged_in(file).filter(|one| !one.is_made());
    all.extend(others.filter_map(|one| Some((one.address(), file.text.get(one.span())?))));
    all
}

/// The modules that a value of a module may get to: those that it calls, and those that call it.
fn reached(repository: &Repository, folder: &str) -> Result<BTreeSet<String>, String> {
    let mut all: BTreeSet<String> = [folder.to_owned()].into();
    let mut open = vec![folder.to_owned()];
    open.extend(repository.calls(folder).iter().map(|(file, _)| file.folder().to_owned()));
    while let Some(folder) = open.pop() {
        all.insert(folder.clone());
        open.extend(repository.called_from(&folder).filter(|called| !all.contains(called)));
        if all.len() > MAX_FOLDERS {
            return Err("what decides it reaches too many modules to look at each".into());
        }
    }
    Ok(all)
}

/// Whether one of two dotted paths leads on from the other.
fn is_within(one: &str, other: &str) -> bool {
    let leads = |to: &str, from: &str| {
        to.strip_prefix(from).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    leads(one, other) || leads(other, one)
}

/// The dotted paths of arguments in which two configurations differ.
fn differing(name: &str, was: &Config, is: &Config, names: &mut BTreeSet<String>) {
    match (was, is) {
        (Config::Object(was), Config::Object(is)) => {
            for key in was.keys().chain(is.keys()) {
                let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                match (was.get(key), is.get(key)) {
                    (Some(was), Some(is)) => differing(&path, was, is, names),
                    (_, _) => _ = names.insert(path),
                }
            }
        }
        (Config::List(was), Config::List(is)) if was.len() == is.len() => {
            was.iter().zip(is).for_each(|(was, is)| differing(name, was, is, names));
        }
        (was, is) if was == is => {}
        (_, _) => _ = names.insert(name.to_owned()),
    }
}
