//! What kustomizations lay upon an object and what changes with it: containers that patches in
//! files bring, and values that operations of JSON Patch put there.
//!
//! An edit of the object as the operations leave it belongs to the operation that put the place
//! there. It is made in the operation's value, and held against the object that comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::code::{Change, Place};
use crate::kubernetes::code::place;
use crate::kubernetes::object::{CONTAINERS, Object, text_at};
use crate::kubernetes::operations::moves;
use crate::kubernetes::patches::{Operation, Patch, Stand, Steps};
use crate::kubernetes::renamed::last_about;
use crate::yaml::{Edit, Step, Yaml, shown};

/// Edits by the place that they are made at.
type Parts = BTreeMap<Place, Vec<Edit>>;

/// Where a text of operations stands in a kustomization: the list and the entry in it.
type Slot = (&'static str, usize);

impl Request<'_> {
    /// What the recipe changes of what patches bring to the object, by the place where it stands.
    pub(in crate::kubernetes) fn in_patches(&self, recipe: &Recipe) -> Result<Parts, String> {
        let mut found = Parts::new();
        let own = place(&self.file.path, self.object);
        let patches = self.manifests.patches_of(&own);
        for patch in patches {
            self.in_operations(recipe, patch, &mut found)?;
            self.in_images(recipe, patch, &mut found)?;
        }
        let places = patches.iter().filter_map(|one| one.place.as_ref());
        for at in places {
            let Some((file, object)) = self.manifests.at(at) else { continue };
            let all = object.containers(&CONTAINERS).into_iter();
            let new: Vec<Vec<Step>> = all
                .filter(|(_, container)| brings(self.object, container))
                // One without an image only adds to what another patch brings.
                .filter(|(_, container)| container.get("image").is_some())
                .map(|(path, _)| path)
                .collect();
            if new.is_empty() || object.pod_path() != self.object.pod_path() {
                continue;
            }
            let request = Request { file, object, ..*self };
            if let Plan::Edits(mut edits) = (recipe.plan)(&request)? {
                edits.retain(|edit| new.iter().any(|path| edit.path().starts_with(path)));
                found.entry(at.clone()).or_default().append(&mut edits);
            }
        }
        Ok(found)
    }

    /// The same for the values of a patch's operations. Operations that cannot be followed are
    /// left out, since nothing is judged by them.
    fn in_operations(
        &self,
        recipe: &Recipe,
        patch: &Patch,
        found: &mut Parts,
    ) -> Result<(), String> {
        if patch.operations().is_empty() {
            return Ok(());
        }
        let Some(steps) = patch.steps(&self.object.data) else { return Ok(()) };
        let object = self.object.with(steps.merged.clone());
        let request = Request { object: &object, ..*self };
        let Plan::Edits(edits) = (recipe.plan)(&request)? else { return Ok(()) };
        let mut own: Vec<Vec<Edit>> = vec![Vec::new(); steps.steps.len()];
        let mut expected = steps.merged.clone();
        for edit in &edits {
            if edit.upon(&expected)? == expected {
                continue;
            }
            let Some((at, inner)) = within(patch, &steps, edit)? else { continue };
            expected = edit.upon(&expected)?;
            if let Some(of_it) = own.get_mut(at) {
                of_it.push(inner);
            }
        }
        let changed = changed(patch, &own)?;
        if changed.steps(&self.object.data).map(|after| after.merged) != Some(expected) {
            return Err(format!(
                "operations that `{}` lays upon it stand in each other's way, so that their values \
                 must change there",
                patch.by
            ));
        }
        self.taken_in(patch, &own, found)
    }

    /// The same for what kustomizations name images.
    fn in_images(&self, recipe: &Recipe, patch: &Patch, found: &mut Parts) -> Result<(), String> {
        let Some(merged) =
            patch.merged(&self.object.data).filter(|_| !patch.renamings().is_empty())
        else {
            return Ok(());
        };
        let object = self.object.with(merged.clone());
        let request = Request { object: &object, ..*self };
        let Plan::Edits(edits) = (recipe.plan)(&request)? else { return Ok(()) };
        let mut new = patch.renamings().to_vec();
        let mut expected = merged;
        for edit in edits {
            let Edit::Set(path, Value::String(image)) = &edit else { continue };
            let own = path.iter().try_fold(&*self.object.data, |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Item(at) => value.get(at),
            });
            let is_image = path.last() == Some(&Step::from("image"));
            let own = own.and_then(Value::as_str).filter(|_| is_image);
            let last = own.and_then(|own| last_about(patch.renamings(), own));
            let Some(one) = last.and_then(|at| new.get_mut(at)) else { continue };
            *one = one.with(image);
            expected = edit.upon(&expected)?;
        }
        if patch.with_renamings(new.clone()).merged(&self.object.data) != Some(expected) {
            return Err(format!(
                "`images` of `{}` means several containers that need different versions",
                patch.by
            ));
        }
        for (old, new) in patch.renamings().iter().zip(&new) {
            let file = self.manifests.file(&new.by);
            let Some(own) = file.and_then(|file| file.objects.first()) else { continue };
            let edits = new.fields_beyond(old).into_iter().map(|(key, value)| {
                Edit::Set(vec!["images".into(), new.at.into(), key.into()], json!(value))
            });
            found.entry(place(&new.by, own)).or_default().extend(edits);
        }
        Ok(())
    }

    /// Takes in the edits of each operation where it stands.
    fn taken_in(&self, patch: &Patch, own: &[Vec<Edit>], found: &mut Parts) -> Result<(), String> {
        let mut texts: BTreeMap<Slot, BTreeMap<usize, Vec<Edit>>> = BTreeMap::new();
        let both = patch.operations().iter().zip(own).filter(|(_, edits)| !edits.is_empty());
        for (operation, edits) in both {
            match &operation.stand {
                Stand::File(at) => {
                    found.entry(at.clone()).or_default().extend(edits.iter().cloned());
                }
                Stand::Text { list, entry, document, path } => {
                    let slot = texts.entry((*list, *entry)).or_default();
                    let below = edits.iter().map(|edit| edit.below(path));
                    slot.entry(*document).or_default().extend(below);
                }
            }
        }
        for (slot, edits) in texts {
            let (at, edit) = self.in_text(&patch.by, slot, &edits)?;
            found.entry(at).or_default().push(edit);
        }
        Ok(())
    }

    /// The edit of a kustomization that makes edits in a text of it.
    fn in_text(
        &self,
        by: &str,
        (list, entry): Slot,
        edits: &BTreeMap<usize, Vec<Edit>>,
    ) -> Result<(Place, Edit), String> {
        let gone = || format!("`{by}` has no such patch");
        let file = self.manifests.file(by).ok_or_else(gone)?;
        let own = file.objects.first().ok_or_else(gone)?;
        let text = own.data.get(list).and_then(|all| text_at(all.get(entry)?, "patch"));
        let text = Arc::new(text.ok_or_else(gone)?.to_owned());
        let text = Yaml::split(text)?.edited_each(edits)?;
        let path = vec![Step::from(list), entry.into(), "patch".into()];
        Ok((place(by, own), Edit::Set(path, json!(text))))
    }

    /// The file with edits of the object, and those of patches that are laid upon it.
    pub(in crate::kubernetes) fn with_parts(
        &self,
        mut edits: Vec<Edit>,
        mut parts: Parts,
    ) -> Result<Change, String> {
        let own = place(&self.file.path, self.object);
        edits.extend(parts.remove(&own).unwrap_or_default());
        parts.insert(own, edits);
        let change = self.together(&parts)?;
        Ok(Change { parts: change.with, with: Vec::new(), ..change })
    }
}

/// The operation into whose value an edit of the object falls, with the edit as one of the
/// operation; none where the object itself says it.
fn within(patch: &Patch, steps: &Steps<'_>, edit: &Edit) -> Result<Option<(usize, Edit)>, String> {
    let path = edit.path();
    let op_of = |one: &Operation| text_at(&one.data, "op").unwrap_or_default().to_owned();
    let mut last = steps.steps.iter().enumerate().rev();
    let found = last.find(|(_, (one, stand))| path.starts_with(stand) && op_of(one) != "test");
    let Some((at, (operation, stand))) = found else { return Ok(None) };
    let op = op_of(operation);
    let rest = path.get(stand.len()..).unwrap_or_default();
    if op == "remove" || rest.is_empty() {
        let what = if op == "remove" { "takes away" } else { "sets" };
        return Err(format!(
            "an operation (`{op}`) that `{}` lays upon it {what} `{}` and nothing else, so it must \
             change there",
            patch.by,
            shown(path)
        ));
    }
    let inner = match edit {
        Edit::Set(_, value) => Edit::Set(rest.to_vec(), value.clone()),
        Edit::Append(_, value) => Edit::Append(rest.to_vec(), value.clone()),
        Edit::Remove(_) => Edit::Remove(rest.to_vec()),
    };
    Ok(Some((at, inner.below(&["value".into()]))))
}

/// The patch with edits made in its operations.
fn changed(patch: &Patch, own: &[Vec<Edit>]) -> Result<Patch, String> {
    let both = patch.operations().iter().zip(own);
    let operations: Result<Vec<Operation>, String> = both
        .map(|(operation, edits)| {
            let data = edits.iter().try_fold(operation.data.clone(), |data, edit| edit.upon(&data));
            Ok(Operation { data: data?, stand: operation.stand.clone() })
        })
        .collect();
    Ok(patch.with_operations(operations?))
}

/// Refuses edits after which operations that are laid upon the object could not be carried out any
/// more, or would meet other elements of a list.
pub(super) fn still_operated(
    patches: &[Patch],
    object: &Object,
    edits: &[Edit],
) -> Result<(), String> {
    let after = |data: &Value| edits.iter().try_fold(data.clone(), |data, edit| edit.upon(&data));
    for patch in patches.iter().filter(|patch| !patch.operations().is_empty()) {
        if patch.steps(&object.data).is_none() {
            continue;
        }
        let moved = |edit: &Edit| match edit {
            Edit::Remove(path) => patch.operations().iter().any(|one| moves(&one.data, path)),
            Edit::Set(..) | Edit::Append(..) => false,
        };
        if edits.iter().any(moved) || patch.steps(&after(&object.data)?).is_none() {
            return Err(format!(
                "operations that `{}` lays upon it count on what stands there now, so they must \
                 change first",
                patch.by
            ));
        }
    }
    Ok(())
}

/// Whether a patch brings a container that an object does not have.
pub(super) fn brings(object: &Object, container: &Value) -> bool {
    let all = object.containers(&CONTAINERS);
    all.iter().all(|(_, own)| own.get("name") != container.get("name"))
}
