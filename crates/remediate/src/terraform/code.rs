//! Terraform as the engine and the prover see it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::structure::Block;
use quell_catalog::{Check, FixRecipe, Language, Truth};

use super::locate::{candidates, links_to, locate, satellites};
use super::repository::reads;
use super::{
    Repository, Resource, SourceFile, beside, made, opaque, providers, recipes, resolve, schema,
};
use crate::code::{Change, Code, Dialect, Place, Wish};
use crate::evaluate::{Surroundings, all, any};
use crate::inventory::Inventory;
use crate::{Config, Evaluator, Target};

/// Terraform configuration with its variable files.
pub(crate) const DIALECT: Dialect = Dialect {
    language: Language::Terraform,
    sample: "case.tf",
    reads,
    parse: |files| Box::new(Repository::parse(files)),
};

/// Arguments that decide whether and how a block takes part.
const SWITCHES: [&str; 7] = [
    "count",
    "for_each",
    "lifecycle.enabled",
    "lifecycle.ignore_changes",
    "lifecycle.prevent_destroy",
    "lifecycle.replace_triggered_by",
    "provider",
];

impl Code for Repository {
    fn text(&self, file: &str) -> Option<&str> {
        self.file(file).map(|file| file.text.as_str())
    }

    fn files(&self) -> Vec<&str> {
        self.source_files().map(|file| file.path.as_str()).collect()
    }

    fn with_file(&self, file: &str, text: String) -> Box<dyn Code> {
        Box::new(self.changed(file, text))
    }

    fn fault(&self, file: &str) -> Option<&str> {
        self.file(file)?.body().err()
    }

    fn places(&self, file: &str) -> Vec<Place> {
        self.file(file)
            .into_iter()
            .flat_map(Resource::judged_in)
            .map(|one| place_of(&one))
            .collect()
    }

    fn outline(&self, file: &str) -> Option<usize> {
        self.file(file).map(|file| Arc::as_ptr(file.heads()).addr())
    }

    fn kind(&self, place: &Place) -> Option<String> {
        self.at(place).map(|resource| resource.kind())
    }

    fn span(&self, place: &Place) -> Option<Range<usize>> {
        if let Some(resource) = self.at(place) {
            return Some(resource.span());
        }
        self.line_at(self.file(&place.file)?, &place.address)
    }

    fn config(&self, place: &Place) -> Config {
        self.at(place).map_or(Config::Unknown, |one| Config::clone(&resolve::resource(self, &one)))
    }

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        let Some(resource) = self.at(place) else { return Truth::Unknown };
        if self.is_overridden(&resource) {
            return Truth::Unknown;
        }
        let around = Module { repository: self, resource };
        let judge = |config: &Config| evaluator.judge(&check.holds, config, Some(&around));
        all(resolve::instances(self, &resource).iter().map(judge))
    }

    fn dangling(&self, place: &Place) -> BTreeSet<String> {
        let Some(resource) = self.at(place) else { return BTreeSet::new() };
        let config = resolve::resource(self, &resource);
        let mut addresses = references(&config);
        // `provider = aws.west` names a provider, no block.
        if let Some(Config::Reference { address, .. }) = config.get("provider") {
            addresses.remove(address);
        }
        let folder = resource.file.folder();
        addresses.retain(|address| !self.has_block(folder, address));
        addresses
    }

    fn invented(&self, place: &Place) -> BTreeSet<String> {
        self.at(place).map(|resource| schema::invented(self, &resource)).unwrap_or_default()
    }

    fn replaces(&self, place: &Place, fix: &FixRecipe) -> Option<String> {
        let kind = self.at(place)?.kind();
        let own = fix.companion.is_none().then(|| schema::replacing(&kind, fix.set.keys()))??;
        Some(format!("changing `{own}` makes Terraform replace the resource"))
    }

    fn opaque(&self, place: &Place) -> Vec<String> {
        self.at(place).map(|resource| opaque::of(&resource.block.body)).unwrap_or_default()
    }

    fn arguments(&self, place: &Place, blocks: &BTreeSet<String>) -> Option<(String, String)> {
        schema::told(&self.at(place)?.kind(), blocks)
    }

    fn replaced_by(&self, place: &Place, paths: &[String]) -> Option<String> {
        let own = schema::replacing(&self.at(place)?.kind(), paths)?.to_owned();
        Some(format!("changing `{own}` makes Terraform replace the resource"))
    }

    fn switches(&self) -> &'static [&'static str] {
        &SWITCHES
    }

    fn locate(&self, target: &Target, kinds: &[String]) -> Result<Place, String> {
        locate(self, target, kinds).map(|resource| place_of(&resource))
    }

    fn beside(&self, place: &Place, kinds: &[String]) -> Vec<Place> {
        let Some(resource) = self.at(place) else { return Vec::new() };
        satellites(self, &resource, kinds).iter().map(place_of).collect()
    }

    fn inventory(&self) -> Inventory {
        made::inventory(self)
    }

    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String> {
        let resource = self.at(place).ok_or("the block is gone")?;
        let name = &wish.fix.recipe;
        let recipe =
            recipes::by_name(name).ok_or_else(|| format!("there is no recipe `{name}`"))?;
        providers::fits(self, resource.file.folder(), wish.fix)?;
        let request = recipes::Request { repository: self, resource, wish };
        if !beside::is_asked(wish.fix) {
            return (recipe.plan)(&request);
        }
        beside::plan(&request, recipe)
    }
}

impl Repository {
    fn at(&self, place: &Place) -> Option<Resource<'_>> {
        self.resource(&place.file, &place.address)
    }
}

impl Repository {
    /// The bytes of what defines a name in a file: a `variable` block, a line of a variable file,
    /// an attribute of `locals`.
    fn line_at(&self, file: &SourceFile, address: &str) -> Option<Range<usize>> {
        if file.is_json() {
            return file.json_span(address);
        }
        let (family, name) = address.split_once('.')?;
        if family == "var" && file.holds_variables() {
            return file.span(file.body().ok()?.get_attribute(name)?);
        }
        let own = |block: &&Block| match family {
            "var" => {
                let label = block.labels.first().map(|label| label.as_str());
                block.ident.as_str() == "variable" && label == Some(name)
            }
            "local" => block.ident.as_str() == "locals" && block.body.has_attribute(name),
            _ => false,
        };
        let block = file.blocks().find(own)?;
        if family == "local" {
            file.span(block.body.get_attribute(name)?)
        } else {
            file.span(block)
        }
    }
}

fn place_of(resource: &Resource<'_>) -> Place {
    Place { file: resource.file.path.clone(), address: resource.address() }
}

/// The blocks that a configuration refers to.
fn references(config: &Config) -> BTreeSet<String> {
    match config {
        Config::Reference { address, .. } => [address.clone()].into(),
        Config::List(items) => items.iter().flat_map(references).collect(),
        Config::Object(fields) => fields.values().flat_map(references).collect(),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Partly(_)
        | Config::Unknown => BTreeSet::new(),
    }
}

/// Where companions of a resource are looked for: the module it stands in.
struct Module<'r> {
    repository: &'r Repository,
    resource: Resource<'r>,
}

impl Surroundings for Module<'_> {
    fn companion(
        &self,
        kind: &str,
        link: &str,
        judge: &dyn Fn(&Config, &dyn Surroundings) -> Truth,
    ) -> Truth {
        let Self { repository, resource } = *self;
        if repository.obscured(resource.file.folder(), kind).is_some() {
            return Truth::Unknown;
        }
        any(candidates(repository, &resource, kind).into_iter().map(|other| {
            match links_to(repository, &other, link, &resource) {
                Truth::Fails => Truth::Fails,
                Truth::Unknown => Truth::Unknown,
                Truth::Holds => {
                    let around = Module { repository, resource: other };
                    all(resolve::instances(repository, &other)
                        .iter()
                        .map(|config| judge(config, &around)))
                }
            }
        }))
    }
    fn target(&self, value: &Config, judge: &dyn Fn(&Config, &dyn Surroundings) -> Truth) -> Truth {
        let Self { repository, resource } = *self;
        let Config::Reference { address, .. } = value else { return Truth::Unknown };
        let Some(other) = repository.referred(resource.file.folder(), address) else {
            return Truth::Unknown;
        };
        let around = Module { repository, resource: other };
        all(resolve::instances(repository, &other).iter().map(|config| judge(config, &around)))
    }
}
