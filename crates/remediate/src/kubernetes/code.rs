//! Kubernetes as the engine and the prover see it.

use std::collections::BTreeSet;
use std::ops::Range;

use quell_catalog::{Check, FixRecipe, Language, Truth};

use super::manifests::{File, Manifests};
use super::object::{CONTAINERS, Object};
use super::outside::{self, Outside};
use super::patches::Patch;
use super::{judge, locate, made, recipes};
use crate::code::{Change, Code, Dialect, Place, Told, Unseen, Wish};
use crate::inventory::Inventory;
use crate::{Config, Evaluator, Target};

/// Manifests, and every other YAML that no other language claims: what holds no object is ignored.
pub(crate) const DIALECT: Dialect = Dialect {
    language: Language::Kubernetes,
    sample: "case.yaml",
    reads,
    parse: |files| Box::new(Manifests::parse(files)),
};

fn reads(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let json = name.ends_with(".json")
        && !path.contains("node_modules/")
        && !name.starts_with("package")
        && !name.starts_with("tsconfig");
    name.ends_with(".yaml") || name.ends_with(".yml") || name == "Kustomization" || json
}

impl Code for Manifests {
    fn text(&self, file: &str) -> Option<&str> {
        self.file(file).map(File::text)
    }

    fn files(&self) -> Vec<&str> {
        self.files().map(|file| file.path.as_str()).collect()
    }

    fn with_file(&self, file: &str, text: String) -> Box<dyn Code> {
        Box::new(self.changed(file, text))
    }

    fn fault(&self, file: &str) -> Option<&str> {
        self.file(file)?.yaml.as_ref().err().map(String::as_str)
    }

    fn places(&self, file: &str) -> Vec<Place> {
        let Some(known) = self.file(file) else { return Vec::new() };
        let all = known.objects.iter().chain(&known.operations);
        all.map(|object| place(file, object)).collect()
    }

    fn outline(&self, file: &str) -> Option<usize> {
        self.file(file).map(File::outline)
    }

    fn kind(&self, place: &Place) -> Option<String> {
        let outside = || self.outside(place).map(|one| one.kind().to_owned());
        self.at(place).map(|(_, object)| object.kind.clone()).or_else(outside)
    }

    fn span(&self, place: &Place) -> Option<Range<usize>> {
        let found = self.at(place).map(|(file, object)| file.span(object));
        found.or_else(|| self.outside(place)?.span())
    }

    fn config(&self, place: &Place) -> Config {
        let found = self.at(place).map(|(_, object)| object.config().clone());
        let outside = || self.outside(place).map(|one| one.config().clone());
        found.or_else(outside).unwrap_or(Config::Unknown)
    }

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        match self.at(place) {
            Some(found) => judge::judge(evaluator, check, self, found),
            None => {
                let outside = self.outside(place);
                outside.map_or(Truth::Unknown, |one| one.judge(evaluator, check))
            }
        }
    }

    fn unseen(&self, place: &Place) -> Option<Unseen> {
        let outside = self.outside(place)?;
        Some(Unseen { from: outside.unseen(), by_hand: outside.by_hand() })
    }

    fn switches(&self) -> &'static [&'static str] {
        &[
            "kind",
            "apiVersion",
            "metadata.annotations",
            "spec.replicas",
            "spec.suspend",
            "op",
            "path",
        ]
    }

    fn locate(&self, target: &Target, kinds: &[String]) -> Result<Place, String> {
        locate::locate(self, target, kinds)
    }

    fn leader(&self, place: &Place, fix: &FixRecipe) -> Option<Place> {
        if fix.recipe != recipes::TOGETHER {
            return None;
        }
        let is_asked = |place: &&Place| {
            self.at(place).is_some_and(|(_, object)| fix.resource.contains(&object.kind))
        };
        self.program_of(place).iter().find(is_asked).cloned()
    }

    fn inventory(&self) -> Inventory {
        made::inventory(self)
    }

    fn has_parts(&self, place: &Place) -> bool {
        let is_part = |one: &Patch| {
            one.place.is_some() || !one.operations().is_empty() || !one.renamings().is_empty()
        };
        self.patches_of(place).iter().any(is_part)
    }

    fn upon(&self, part: &Place) -> Vec<Place> {
        self.laid_upon(part)
    }

    /// The patches that overlays lay upon an object.
    fn beside(&self, place: &Place, kinds: &[String]) -> Vec<Place> {
        let places = self.patches_of(place).iter().filter_map(|patch| patch.place.clone());
        places.filter(|at| self.kind(at).is_some_and(|kind| kinds.contains(&kind))).collect()
    }

    fn tells(&self) -> Vec<Told> {
        let containers = self.objects().flat_map(|(_, object)| object.containers(&CONTAINERS));
        let images = containers.filter_map(|(_, container)| container.get("image")?.as_str());
        let images: BTreeSet<&str> = images.collect();
        images.into_iter().map(|name| Told::Image { name: name.to_owned() }).collect()
    }

    fn hears(&mut self, told: &[Told]) {
        let images = told.iter().filter_map(|one| match one {
            Told::Image { name } => Some(name.clone()),
            Told::Port { .. } | Told::Action { .. } | Told::Check { .. } => None,
        });
        self.take_images(images.collect());
    }

    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String> {
        let Some((file, object)) = self.at(place) else {
            return self.outside(place).ok_or("the object is gone")?.plan(self, wish);
        };
        if self.in_chart(&file.path) {
            return Err(
                "it is a template of a Helm chart, whose values decide what it becomes".into()
            );
        }
        let name = &wish.fix.recipe;
        let recipe =
            recipes::by_name(name).ok_or_else(|| format!("there is no recipe `{name}`"))?;
        let request = recipes::Request { manifests: self, file, object, wish };
        match (recipe.plan)(&request)? {
            recipes::Plan::Edits(edits) if wish.parts => {
                request.with_parts(edits, request.in_patches(recipe)?)
            }
            recipes::Plan::Edits(edits) => request.changed(&edits),
            recipes::Plan::Beside(companion) => request.companion(&companion),
            recipes::Plan::Together(edits) => request.together(&edits),
            recipes::Plan::Both(edits, companion) => request.changed_beside(&edits, &companion),
        }
    }
}

impl Manifests {
    fn outside(&self, place: &Place) -> Option<Outside<'_>> {
        outside::at(self, place)
    }
}

/// The place of an object.
pub(super) fn place(file: &str, object: &Object) -> Place {
    Place { file: file.to_owned(), address: object.address.clone() }
}
