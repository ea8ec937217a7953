//! How faults of manifests are taken away. A recipe is a file here and a line in [`RECIPES`].

pub(super) mod image;
mod list_rights;
mod namespace;
mod network_policy;
mod parts;
mod pod_security_context;
mod privilege_escalation;
mod probe;
mod remove_verbs;
mod resources;
mod secret_files;
mod service_account_token;
mod set_fields;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::code::place;
use super::manifests::{File, Manifests};
use super::object::{CONTAINERS, Object};
use super::patches::Patch;
use crate::code::{Change, Place, Wish};
use crate::yaml::{Edit, Step, shown};

/// A recipe by its name in the catalogue.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) plan: fn(&Request<'_>) -> Result<Plan, String>,
}

/// What a recipe is asked for.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) manifests: &'r Manifests,
    pub(super) file: &'r File,
    pub(super) object: &'r Object,
    pub(super) wish: &'r Wish<'r>,
}

/// What a recipe makes.
#[derive(Debug)]
pub(super) enum Plan {
    /// Changes of the object; paths begin at the object.
    Edits(Vec<Edit>),
    /// A new object in a document behind it.
    Beside(Companion),
    /// Changes of the object, and a new one in a document right behind it.
    Both(Vec<Edit>, Companion),
    /// Changes of several objects, which only together are right.
    Together(BTreeMap<Place, Vec<Edit>>),
}

/// A new object.
#[derive(Debug)]
pub(super) struct Companion {
    pub(super) address: String,
    /// Its text, without `---`.
    pub(super) text: String,
}

/// The recipe that changes all objects of a program at once.
pub(super) const TOGETHER: &str = namespace::RECIPE.name;

/// The recipe that only sets fields.
pub(super) const FIELDS: &str = set_fields::RECIPE.name;

const RECIPES: &[Recipe] = &[
    image::DIGEST,
    image::TAG,
    list_rights::RECIPE,
    namespace::RECIPE,
    network_policy::RECIPE,
    pod_security_context::RECIPE,
    privilege_escalation::RECIPE,
    probe::LIVENESS,
    probe::READINESS,
    remove_verbs::RECIPE,
    resources::RECIPE,
    secret_files::RECIPE,
    service_account_token::RECIPE,
    set_fields::RECIPE,
    volumes::RECIPE,
];

/// The recipe of a name.
pub(super) fn by_name(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.name == name)
}

impl Request<'_> {
    /// The file with edits of the object made in it.
    pub(super) fn changed(&self, edits: &[Edit]) -> Result<Change, String> {
        self.unpatched(self.file, self.object, edits)?;
        let edits: Vec<Edit> = edits.iter().map(|edit| edit.below(&self.object.path)).collect();
        let yaml = self.file.yaml.as_ref().map_err(Clone::clone)?;
        let text = yaml.edited(self.object.document, &edits)?;
        if self.file.path.ends_with(".json") && serde_json::from_str::<Value>(&text).is_err() {
            return Err("it is written in a way that cannot be changed safely".to_owned());
        }
        Ok(Change {
            file: self.file.path.clone(),
            text,
            address: self.object.address.clone(),
            added: None,
            ..Change::default()
        })
    }

    /// Refuses what a patch of a kustomization would undo.
    fn unpatched(&self, file: &File, object: &Object, edits: &[Edit]) -> Result<(), String> {
        if let Some(path) = edits.iter().find_map(|edit| ordered(&object.data, edit)) {
            return Err(format!("an order of Kustomize (`$patch`) stands at `{path}`"));
        }
        let patches = self.manifests.patches_of(&place(&file.path, object));
        // What operations put there changes with it, where all of them can be followed.
        let followed = |patch: &Patch| self.wish.parts && patch.steps(&object.data).is_some();
        let against = |edit: &Edit| {
            patches.iter().find(|patch| {
                patch.contradicts(object, edit)
                    || patch.operates_on(edit.path()) && !followed(patch)
            })
        };
        if let Some(patch) = edits.iter().find_map(against) {
            let at = patch.place.as_ref().map_or(&patch.by, |place| &place.file);
            return Err(format!("a patch in `{at}` sets the same, so it must change there"));
        }
        parts::still_operated(patches, object, edits)
    }

    /// All files with edits of several objects made in them.
    pub(super) fn together(&self, edits: &BTreeMap<Place, Vec<Edit>>) -> Result<Change, String> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let own = place(&self.file.path, self.object);
        let files: BTreeSet<&str> = edits.keys().map(|place| place.file.as_str()).collect();
        for path in files {
            let file = self.manifests.file(path).ok_or_else(|| format!("`{path}` is gone"))?;
            let mut documents: BTreeMap<usize, Vec<Edit>> = BTreeMap::new();
            for (place, edits) in edits.iter().filter(|(place, _)| place.file == path) {
                let object = file.at(&place.address);
                let object = object.ok_or_else(|| format!("`{}` is gone", place.address))?;
                self.unpatched(file, object, edits)?;
                let below = edits.iter().map(|edit| edit.below(&object.path));
                documents.entry(object.document).or_default().extend(below);
            }
            let yaml = file.yaml.as_ref().map_err(Clone::clone)?;
            texts.insert(path.to_owned(), yaml.edited_each(&documents)?);
        }
        let odd = "a JSON file of them is written in a way that cannot be changed safely";
        let is_odd = |(path, text): (&String, &String)| {
            path.ends_with(".json") && serde_json::from_str::<Value>(text).is_err()
        };
        if texts.iter().any(is_odd) {
            return Err(odd.to_owned());
        }
        let text = texts.remove(&own.file).ok_or("the object is not among them")?;
        let with = edits.keys().filter(|place| **place != own).cloned().collect();
        let others = texts.into_iter().collect();
        Ok(Change { file: own.file, text, address: own.address, with, others, ..Change::default() })
    }

    /// The file with a new object behind this one.
    pub(super) fn companion(&self, companion: &Companion) -> Result<Change, String> {
        let yaml = self.file.yaml.as_ref().map_err(Clone::clone)?;
        if self.file.path.ends_with(".json") {
            return Err("a JSON file has no room for a second object".to_owned());
        }
        let (text, at) = yaml.with_document_after(self.object.document, &companion.text)?;
        Ok(Change {
            file: self.file.path.clone(),
            text,
            address: companion.address.clone(),
            added: Some(at),
            ..Change::default()
        })
    }

    /// The file with edits of the object, and a new object right behind it.
    pub(super) fn changed_beside(
        &self,
        edits: &[Edit],
        companion: &Companion,
    ) -> Result<Change, String> {
        if self.file.path.ends_with(".json") {
            return Err("a JSON file has no room for a second object".to_owned());
        }
        let change = self.changed(edits)?;
        let file = self.file.changed(change.text);
        let place = Place { file: file.path.clone(), address: change.address };
        let end = file.at(&place.address).map(|object| file.span(object).end);
        let end = end.ok_or("the object is gone")?;
        let yaml = file.yaml.as_ref().map_err(Clone::clone)?;
        let text = yaml.with_document_at(self.object.document, end, &companion.text)?;
        let beside = vec![companion.address.clone()];
        Ok(Change { text, beside, file: place.file, address: place.address, ..Change::default() })
    }

    /// The value of a parameter, from the user's settings or as the documentation says.
    fn parameter<'s>(&'s self, name: &str, default: &'s str) -> &'s str {
        self.wish.settings.get(name).unwrap_or(default)
    }

    /// Every container with its path from the object.
    fn containers(&self) -> Vec<(Vec<Step>, &Value)> {
        self.object.containers(&CONTAINERS)
    }

    /// The path of a key of the pod's spec.
    fn in_pod_spec(&self, below: &str) -> Result<Vec<Step>, String> {
        let pod = self.object.pod_path().ok_or("it has no pod")?;
        let keys = pod.iter().copied().chain(["spec"]);
        Ok(keys.chain(below.split('.').filter(|key| !key.is_empty())).map(Step::from).collect())
    }

    /// Refuses a patch of containers that stand elsewhere: what a recipe chooses for them would go
    /// over what is chosen there.
    fn whole_containers(&self) -> Result<(), String> {
        let own = place(&self.file.path, self.object);
        let under: Vec<&Object> = self.manifests.under(&own).collect();
        let is_new = |(_, container): &(Vec<Step>, &Value)| {
            let has = |object: &&Object| parts::brings(object, container);
            !under.is_empty() && under.iter().all(has)
        };
        if self.containers().iter().all(is_new) { Ok(()) } else { self.whole_object() }
    }

    /// Refuses what is only laid upon an object that stands elsewhere.
    fn whole_object(&self) -> Result<(), String> {
        match self.manifests.patched_by(&self.file.path) {
            Some(by) => Err(format!(
                "it is a patch that `{by}` lays upon an object; the change belongs where that stands"
            )),
            None => Ok(()),
        }
    }
}

/// Where an order of Kustomize stands on the way of an edit; what is set below it has no effect.
fn ordered(data: &Value, edit: &Edit) -> Option<String> {
    let mut here = data;
    for (depth, step) in edit.path().iter().enumerate() {
        if here.as_object().is_some_and(|fields| fields.contains_key("$patch")) {
            return Some(shown(edit.path().get(..depth).unwrap_or_default()));
        }
        here = match step {
            Step::Key(key) => here.get(key)?,
            Step::Item(at) => here.get(at)?,
        };
    }
    None
}

/// A path with dotted keys behind it.
fn below(path: &[Step], keys: &str) -> Vec<Step> {
    path.iter().cloned().chain(keys.split('.').map(Step::from)).collect()
}

/// What a container is called, for people.
fn name_of(container: &Value) -> &str {
    container.get("name").and_then(Value::as_str).unwrap_or("a container")
}
