//! What a change of a variable, a local or a call does besides what it is made for.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use crate::Config;
use crate::terraform::{Repository, Resource, resolve};

/// How many folders a change may reach.
const MAX_FOLDERS: usize = 200;

/// Refuses a change of a file that changes other arguments than the wanted ones, blocks of
/// another type, or whether a block is made.
pub(super) fn only_wanted(
    before: &Repository,
    after: &Repository,
    (file, kind): (&str, &str),
    values: &BTreeMap<String, Value>,
) -> Result<(), String> {
    let wanted: BTreeSet<&str> = values.keys().filter_map(|path| path.rsplit('.').next()).collect();
    let folder = before.file(file).map_or("", |file| file.folder());
    for folder in reached(before, folder)? {
        for old in before.module_files(&folder).flat_map(Resource::judged_in) {
            let Some(new) = after.resource(&old.file.path, &old.address()) else { continue };
            let (was, is) = (resolve::instances(before, &old), resolve::instances(after, &new));
            let mut names = BTreeSet::new();
            if was.len() == is.len() {
                was.iter().zip(is.iter()).for_each(|(was, is)| differing("", was, is, &mut names));
            } else {
                names.insert("count".to_owned());
            }
            let calls = old.block.ident.as_str() == "module";
            let meant = |name: &&String| old.is(kind) && wanted.contains(name.as_str());
            if let Some(other) = names.iter().find(|name| !meant(name)).filter(|_| !calls) {
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

/// The modules that a value of a module may get to: those that it calls, and those that call it.
fn reached(repository: &Repository, folder: &str) -> Result<BTreeSet<String>, String> {
    let mut all: BTreeSet<String> = [folder.to_owned()].into();
    let mut open = vec![folder.to_owned()];
    open.extend(repository.calls(folder).iter().map(|(file, _)| file.folder().to_owned()));
    while let Some(folder) = open.pop() {
        all.insert(folder.clone());
        for file in repository.module_files(&folder) {
            let called = file.blocks().filter_map(|block| repository.called_by(file, block));
            open.extend(called.filter(|called| !all.contains(called)));
        }
        if all.len() > MAX_FOLDERS {
            return Err("what decides it reaches too many modules to look at each".into());
        }
    }
    Ok(all)
}

/// The names of arguments in which two configurations differ.
fn differing(name: &str, was: &Config, is: &Config, names: &mut BTreeSet<String>) {
    match (was, is) {
        (Config::Object(was), Config::Object(is)) => {
            for key in was.keys().chain(is.keys()) {
                match (was.get(key), is.get(key)) {
                    (Some(was), Some(is)) => differing(key, was, is, names),
                    (_, _) => _ = names.insert(key.clone()),
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
