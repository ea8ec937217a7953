//! The single values of a configuration, and which of them a change moved.

use std::collections::BTreeMap;

use crate::Config;

/// Most values of a block that are compared.
const MOST: usize = 5_000;

/// A value with the dotted path to it; elements of a list share one path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) path: String,
    pub(super) value: Config,
}

impl Leaf {
    /// The first name of its path.
    pub(super) fn root(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// The last name of its path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// What went, and what came.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) gone: Vec<Leaf>,
    pub(super) come: Vec<Leaf>,
}

/// Every value of a configuration.
pub(super) fn leaves(config: &Config, path: &str) -> Vec<Leaf> {
    let mut all = Vec::new();
    collect(config, path, &mut all);
    all
}

fn collect(config: &Config, path: &str, all: &mut Vec<Leaf>) {
    match config {
        Config::List(items) if !items.is_empty() => {
            items.iter().for_each(|item| collect(item, path, all))
        }
        Config::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(value, &path, all);
            }
        }
        Config::Null
        | Config::List(_)
        | Config::Object(_)
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => all.push(Leaf { path: path.to_owned(), value: config.clone() }),
    }
}

/// The values of which there are fewer after, and those of which there are more.
pub(super) fn moved(old: &Config, new: &Config) -> Result<Moved, String> {
    let (old, new) = (leaves(old, ""), leaves(new, ""));
    if old.len() + new.len() > MOST {
        return Err(format!("the block has more than {MOST} values"));
    }
    Ok(differing(&old, &new))
}

/// The same of two lists of values.
pub(super) fn differing(old: &[Leaf], new: &[Leaf]) -> Moved {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for leaf in old {
        *left.entry(key(leaf)).or_default() += 1;
    }
    let mut moved = Moved::default();
    for leaf in new {
        match left.get_mut(&key(leaf)) {
            Some(count) if *count > 0 => *count -= 1,
            Some(_) | None => moved.come.push(leaf.clone()),
        }
    }
    for leaf in old {
        if let Some(count) = left.get_mut(&key(leaf)).filter(|count| **count > 0) {
            *count -= 1;
            moved.gone.push(leaf.clone());
        }
    }
    moved
}

fn key(leaf: &Leaf) -> String {
    format!("{} {:?}", leaf.path, leaf.value)
}

/// A configuration with what another has at a path of names; none where a list lies between.
pub(super) fn with_old(new: &Config, old: &Config, path: &[&str]) -> Option<Config> {
    let Some((first, rest)) = path.split_first() else { return Some(old.clone()) };
    let (Config::Object(fields), Config::Object(former)) = (new, old) else { return None };
    let mut fields = fields.clone();
    match (fields.get(*first), former.get(*first)) {
        (Some(value), Some(was)) => {
            let value = with_old(value, was, rest)?;
            fields.insert((*first).to_owned(), value);
        }
        (None, Some(was)) => {
            fields.insert((*first).to_owned(), was.clone());
        }
        (_, None) => return None,
    }
    Some(Config::Object(fields))
}
