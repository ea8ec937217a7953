//! What manifests make.

use super::code::place;
use super::kustomize::is_kustomization;
use super::manifests::Manifests;
use crate::inventory::{Inventory, Making};

/// Every object that stands for itself: no patch, no kustomization and no list.
pub(super) fn inventory(manifests: &Manifests) -> Inventory {
    let own = manifests.objects().filter(|(file, object)| {
        !is_kustomization(&file.path)
            && !object.name.is_empty()
            && manifests.patched_by(&file.path).is_none()
    });
    let made = own.map(|(file, object)| Making {
        place: place(&file.path, object),
        line: file.line(file.span(object).start),
        kind: object.kind.clone(),
        names: vec![object.name.clone()],
        prefixes: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        namespace: object.namespace.clone(),
    });
    Inventory { made: made.collect(), ..Inventory::default() }
}
