//! Objects that a kustomization takes in from elsewhere: a base at an address, or one that stands
//! outside of the repository. A finding names such an object, and of what it says only the patches
//! that are laid upon it are known. Its fix is one more patch, in the kustomization that takes it in.

use std::sync::Arc;

use quell_catalog::{Check, Predicate, Truth};
use serde_json::{Map, Value, json};

use super::kustomize::{self, entries, is_kustomization, join};
use super::manifests::{File, Manifests};
use super::object::{Object, text_at};
use super::patches::{self, Found};
use super::recipes;
use crate::code::{Change, Place, Wish};
use crate::evaluate::{all, any};
use crate::yaml::{self, Edit, Step, Yaml};
use crate::{Config, Evaluator};

/// What the address of such an object begins with.
const BEGIN: &str = "Kustomization/";
/// Folders that take each other in more deeply than this are not followed.
const MAX_DEPTH: usize = 12;
/// Longest name of Kubernetes.
const MOST_NAME: usize = 253;

/// An object from elsewhere.
pub(super) struct Outside<'m> {
    /// The kustomization that takes it in.
    by: &'m File,
    /// What patches say of it.
    object: Object,
    /// Where it may come from, as the kustomization says it.
    entries: Vec<&'m str>,
}

/// What a kustomization, and those that it takes in, take in from elsewhere.
pub(super) fn entries_of(manifests: &Manifests, by: &File) -> Vec<String> {
    let (_, part) = kustomize::walk(manifests, by);
    part.into_iter().flat_map(|by| elsewhere(manifests, by)).map(shown).collect()
}

/// The object that a finding about a build means, where what is built of it is not in the
/// repository; none where the whole build is.
pub(super) fn locate(
    manifests: &Manifests,
    file: &File,
    (address, kinds): (&str, &[String]),
) -> Option<Result<Place, String>> {
    let (_, part) = kustomize::walk(manifests, file);
    let owners: Vec<&File> =
        part.into_iter().filter(|by| !elsewhere(manifests, by).is_empty()).collect();
    let by = match owners.as_slice() {
        [] => return None,
        [by] => *by,
        [first, second, ..] => {
            return Some(Err(format!(
                "`{}` and `{}` both take in what is not in the repository, so that it is not known \
                 which of them makes `{}`: change it where it stands",
                first.path,
                second.path,
                shown(address)
            )));
        }
    };
    if let Some(own) = by.objects.first().filter(|own| kinds.contains(&own.kind)) {
        return Some(Ok(super::code::place(&by.path, own)));
    }
    let place = named(manifests, (file, by), address).filter(|(kind, _)| kinds.contains(kind));
    let place = place.map(|(kind, name)| Place {
        file: by.path.clone(),
        address: format!("{BEGIN}{kind}.{name}"),
    });
    let known = place.filter(|place| at(manifests, place).is_some());
    Some(known.ok_or_else(|| by_hand(by, &elsewhere(manifests, by), address)))
}

/// The object of a place; none where it is no such object.
pub(super) fn at<'m>(manifests: &'m Manifests, place: &Place) -> Option<Outside<'m>> {
    let (kind, name) = place.address.strip_prefix(BEGIN)?.split_once('.')?;
    let by = manifests.file(&place.file).filter(|file| is_kustomization(&file.path))?;
    by.objects.first().filter(|own| own.kind == "Kustomization")?;
    let entries = elsewhere(manifests, by);
    let (built, _) = kustomize::walk(manifests, by);
    let is_there = built
        .iter()
        .any(|one| one.object.kind == kind && (one.object.name == name || one.name == name));
    if !is_kind(kind) || !is_name(name) || entries.is_empty() || is_there {
        return None;
    }
    let mut data = json!({"kind": kind, "metadata": {"name": name}});
    for found in patches::found_in(manifests, by) {
        if found.is_only(kind, name) {
            found.patch.lay(&mut data)?;
        }
    }
    let object = Object::of(kind, name, Arc::new(data));
    Some(Outside { by, object, entries })
}

impl Outside<'_> {
    /// The kind of the object.
    pub(super) fn kind(&self) -> &str {
        &self.object.kind
    }

    /// What patches say of it.
    pub(super) fn config(&self) -> &Config {
        self.object.config()
    }

    /// The bytes of the kustomization.
    pub(super) fn span(&self) -> Option<std::ops::Range<usize>> {
        self.by.objects.first().map(|own| self.by.span(own))
    }

    /// Judges a check by what patches say; what they do not say is unknown.
    pub(super) fn judge(&self, evaluator: &Evaluator, check: &Check) -> Truth {
        if !check.resource.contains(&self.object.kind) {
            return Truth::Unknown;
        }
        let empty = Config::Object(std::collections::BTreeMap::new());
        let config = match check.at.as_deref() {
            None | Some("object") => self.object.config(),
            Some("pod_spec") => self.object.pod_config().unwrap_or(&empty),
            Some(_) => return Truth::Unknown,
        };
        judge(evaluator, &check.holds, config)
    }

    /// Where it comes from, and that the rest of it is not known.
    pub(super) fn unseen(&self) -> String {
        format!(
            "`{}` takes `{}` in from {}, which is not in the repository",
            self.by.path,
            self.object.address,
            quoted(&self.entries)
        )
    }

    /// What is left to a person.
    pub(super) fn by_hand(&self) -> String {
        by_hand(self.by, &self.entries, &self.object.address)
    }

    /// One more patch, with the fields that a recipe sets.
    pub(super) fn plan(&self, manifests: &Manifests, wish: &Wish<'_>) -> Result<Change, String> {
        let name = &wish.fix.recipe;
        let recipe = recipes::by_name(name).filter(|_| name == recipes::FIELDS);
        let recipe = recipe.ok_or_else(|| self.by_hand())?;
        let request = recipes::Request { manifests, file: self.by, object: &self.object, wish };
        let recipes::Plan::Edits(edits) = (recipe.plan)(&request)? else {
            return Err(self.by_hand());
        };
        if edits.is_empty() {
            return Err(self.by_hand());
        }
        let mut new = Vec::new();
        for edit in edits {
            let (path, value) = self.field(&edit)?;
            self.unopposed(manifests, &path, value)?;
            if there(&self.object.data, &path) != Some(value) {
                new.push(edit);
            }
        }
        let text = if new.is_empty() { self.by.text().to_owned() } else { self.with(&new)? };
        let address = format!("{BEGIN}{}", self.object.address);
        Ok(Change { file: self.by.path.clone(), text, address, ..Change::default() })
    }

    /// What an edit sets, where that is a field outside of all lists.
    fn field<'e>(&self, edit: &'e Edit) -> Result<(Vec<&'e str>, &'e Value), String> {
        let Edit::Set(path, value) = edit else { return Err(self.by_hand()) };
        let keys: Option<Vec<&str>> = path
            .iter()
            .map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Item(_) => None,
            })
            .collect();
        keys.map(|keys| (keys, value)).ok_or_else(|| self.by_hand())
    }

    /// Refuses what another patch says otherwise, in this kustomization or in one that builds on it.
    fn unopposed(&self, manifests: &Manifests, path: &[&str], value: &Value) -> Result<(), String> {
        let all = manifests.files().filter(|file| is_kustomization(&file.path));
        let takes_part = |file: &&File| {
            let (_, part) = kustomize::walk(manifests, file);
            part.iter().any(|one| one.path == self.by.path)
        };
        let mut upon = all.filter(takes_part).flat_map(|file| patches::found_in(manifests, file));
        let opposes = |found: &Found| {
            found.may_be(&self.object.kind, &self.object.name) && found.patch.opposes(path, value)
        };
        match upon.find(opposes) {
            Some(found) => {
                let at = found.patch.place.as_ref().map_or(&found.patch.by, |place| &place.file);
                Err(format!("a patch in `{at}` sets the same, so it must change there"))
            }
            None => Ok(()),
        }
    }

    /// The kustomization with fields in the patch of the object, or in one more.
    fn with(&self, new: &[Edit]) -> Result<String, String> {
        let own = self.by.objects.first().ok_or("the kustomization is gone")?;
        let there = own.data.get("patches").and_then(Value::as_array);
        if there.into_iter().flatten().any(|entry| !entry.is_object()) {
            return Err(format!(
                "`patches` of `{}` is written as older releases of Kustomize had it",
                self.by.path
            ));
        }
        let target = json!({"kind": self.object.kind, "name": self.object.name});
        let yaml = self.by.yaml.as_ref().map_err(Clone::clone)?;
        let edited = |edit: &Edit| yaml.edited(own.document, &[edit.below(&own.path)]);
        let ours = there.into_iter().flatten().enumerate().filter_map(|(at, entry)| {
            let patch = entry.get("patch")?.as_str().filter(|patch| patch.contains('\n'))?;
            let is_ours = entry.as_object()?.len() == 2 && entry.get("target") == Some(&target);
            let patch = is_ours.then(|| Yaml::parse(patch.to_owned()).ok())??;
            let patch = patch.edited(0, new).ok().filter(|_| patch.documents().len() == 1)?;
            let path = vec![Step::from("patches"), at.into(), "patch".into()];
            edited(&Edit::Set(path, json!(patch))).ok()
        });
        if let Some(text) = ours.last() {
            return Ok(text);
        }
        let mut patch = Map::new();
        patch.insert("kind".to_owned(), json!(self.object.kind));
        patch.insert("metadata".to_owned(), json!({"name": self.object.name}));
        for edit in new {
            let (path, value) = self.field(edit)?;
            set(&mut patch, &path, value).ok_or_else(|| self.by_hand())?;
        }
        let entry = json!({"target": target, "patch": yaml::block(&patch)});
        edited(&Edit::Append(vec!["patches".into()], entry))
    }
}

/// The entries of a kustomization that lead out of the repository.
fn elsewhere<'m>(manifests: &Manifests, by: &'m File) -> Vec<&'m str> {
    let Some(data) = kustomize::data(by) else { return Vec::new() };
    let all = entries(data, &["resources", "bases"]);
    let leads_out = |entry: &&str| match join(by.folder(), entry) {
        None => true,
        Some(path) => {
            is_remote(entry)
                && kustomize::kustomization_in(manifests, &path).is_none()
                && manifests.file(&path).is_none()
        }
    };
    all.filter(leads_out).collect()
}

/// Whether an entry is an address, as Kustomize tells it.
fn is_remote(entry: &str) -> bool {
    let begins = ["git@", "gh:", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/"];
    begins.iter().any(|begin| entry.starts_with(begin))
        || ["://", "::", "?ref=", "?version="].iter().any(|part| entry.contains(part))
}

/// Kind and name of an object before the kustomizations on the way gave it other names.
fn named(
    manifests: &Manifests,
    (file, by): (&File, &File),
    address: &str,
) -> Option<(String, String)> {
    let (kind, name) = match address.split_once('/') {
        Some(pair) => pair,
        // `Kind.namespace.name`.
        None => {
            let (kind, rest) = address.split_once('.')?;
            (kind, rest.split_once('.')?.1)
        }
    };
    // What is said of the pod of a workload names it by its labels.
    if kind == "Pod" && name.contains('.') {
        return None;
    }
    let mut way = Vec::new();
    if !leads(manifests, (file, by), &mut way) {
        return None;
    }
    let mut name = name;
    for file in way {
        let data = kustomize::data(file)?;
        let affix = |key: &str| text_at(data, key).unwrap_or_default();
        name = name.strip_prefix(affix("namePrefix"))?.strip_suffix(affix("nameSuffix"))?;
    }
    Some((kind.to_owned(), name.to_owned()))
}

/// The kustomizations from one to another that it takes in, both included.
fn leads<'m>(
    manifests: &'m Manifests,
    (file, to): (&'m File, &File),
    way: &mut Vec<&'m File>,
) -> bool {
    if way.len() >= MAX_DEPTH || way.iter().any(|one| one.path == file.path) {
        return false;
    }
    way.push(file);
    if file.path == to.path {
        return true;
    }
    let data = kustomize::data(file);
    let all = data.map(|data| entries(data, &["resources", "bases", "components"]));
    for entry in all.into_iter().flatten() {
        let next = join(file.folder(), entry);
        let next = next.and_then(|path| kustomize::kustomization_in(manifests, &path));
        if next.is_some_and(|next| leads(manifests, (next, to), way)) {
            return true;
        }
    }
    way.pop();
    false
}

fn is_kind(kind: &str) -> bool {
    kind.len() <= MOST_NAME && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a text is a name as Kubernetes has it, which is no pattern either.
fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !name.is_empty()
        && name.len() <= MOST_NAME
        && name.bytes().all(|byte| letter(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(letter)
        && name.bytes().next_back().is_some_and(letter)
}

/// Judges a predicate where only what a configuration says is known: what it does not say, and
/// what its lists hold beside, is unknown.
fn judge(evaluator: &Evaluator, predicate: &Predicate, config: &Config) -> Truth {
    match predicate {
        Predicate::All { all: parts } => {
            all(parts.iter().map(|part| judge(evaluator, part, config)))
        }
        Predicate::Any { any: parts } => {
            any(parts.iter().map(|part| judge(evaluator, part, config)))
        }
        Predicate::Test(test) if says(config, &test.path) => evaluator.evaluate(predicate, config),
        Predicate::Not { .. }
        | Predicate::Each { .. }
        | Predicate::Some { .. }
        | Predicate::Companion { .. }
        | Predicate::Target { .. }
        | Predicate::Test(_) => Truth::Unknown,
    }
}

/// Whether a configuration has a value at a dotted path, outside of all lists.
fn says(config: &Config, path: &str) -> bool {
    let found = path.split('.').try_fold(config, |config, key| config.get(key));
    found.is_some_and(|value| !matches!(value, Config::List(_) | Config::Null))
}

fn there<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

fn set(into: &mut Map<String, Value>, path: &[&str], value: &Value) -> Option<()> {
    let (first, rest) = path.split_first()?;
    let mut place = into.entry(*first).or_insert(Value::Null);
    for key in rest {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = place.as_object_mut()?.entry(*key).or_insert(Value::Null);
    }
    *place = value.clone();
    Some(())
}

/// What a person does where only the object itself could be changed.
fn by_hand(by: &File, entries: &[&str], address: &str) -> String {
    let wider = match entries.iter().any(|entry| !is_remote(entry)) {
        true => "name a folder that holds both with `--repo`",
        false => "change it there",
    };
    format!(
        "`{}` takes `{}` in from {}, which is not in the repository, and what stands there is not \
         known: {wider}, or write a patch beside the kustomization",
        by.path,
        shown(address),
        quoted(entries)
    )
}

fn quoted(entries: &[&str]) -> String {
    let all: Vec<String> = entries.iter().map(|entry| format!("`{}`", shown(entry))).collect();
    match all.as_slice() {
        [first, second] => format!("{first} or {second}"),
        [first, _, _, ..] => format!("{first} or {} others", all.len() - 1),
        [] | [_] => all.concat(),
    }
}

/// A text of a file or a finding as far as it is shown.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').take(100).collect()
}
