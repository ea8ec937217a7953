//! Terraform as the engine and the prover see it.

use std::collections::BTreeSet;
use std::ops::Range;

use quell_catalog::{Check, Language, Truth};

use super::locate::{links_to, locate, satellites};
use super::{Repository, Resource, recipes, resolve};
use crate::code::{Change, Code, Dialect, Place, Wish};
use crate::evaluate::{Surroundings, any};
use crate::{Config, Evaluator, Target};

/// Terraform configuration with its variable and state files.
pub(crate) const DIALECT: Dialect = Dialect {
    language: Language::Terraform,
    sample: "case.tf",
    reads: |path| [".tf", ".tfvars", ".tfstate"].iter().any(|ending| path.ends_with(ending)),
    parse: |files| Box::new(Repository::parse(files)),
};

/// Arguments that decide whether and how a block takes part.
const SWITCHES: [&str; 4] = ["count", "for_each", "lifecycle", "provider"];

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

    fn fault_beside(&self, file: &str) -> Option<&str> {
        let folder = self.file(file)?.folder();
        self.module_files(folder).find_map(|file| file.body().err())
    }

    fn places(&self, file: &str) -> Vec<Place> {
        self.file(file).into_iter().flat_map(Resource::all_in).map(|one| place_of(&one)).collect()
    }

    fn kind(&self, place: &Place) -> Option<String> {
        self.at(place).map(|resource| resource.kind().to_owned())
    }

    fn span(&self, place: &Place) -> Option<Range<usize>> {
        self.at(place).map(|resource| resource.span())
    }

    fn config(&self, place: &Place) -> Config {
        self.at(place).map_or(Config::Unknown, |resource| resolve::resource(self, &resource))
    }

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        let Some(resource) = self.at(place) else { return Truth::Unknown };
        let config = resolve::resource(self, &resource);
        evaluator.judge(&check.holds, &config, Some(&Module { repository: self, resource }))
    }

    fn dangling(&self, place: &Place) -> BTreeSet<String> {
        let Some(resource) = self.at(place) else { return BTreeSet::new() };
        let mut addresses = references(&resolve::resource(self, &resource));
        let there = |address: &String| {
            self.module_resources(resource.file.folder()).any(|one| one.has_address(address))
        };
        addresses.retain(|address| !there(address));
        addresses
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

    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String> {
        let resource = self.at(place).ok_or("the block is gone")?;
        let name = &wish.fix.recipe;
        let recipe =
            recipes::by_name(name).ok_or_else(|| format!("there is no recipe `{name}`"))?;
        (recipe.plan)(&recipes::Request { repository: self, resource, wish })
    }
}

impl Repository {
    fn at(&self, place: &Place) -> Option<Resource<'_>> {
        self.resource(&place.file, &place.address)
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
        Config::Null | Config::Bool(_) | Config::Number(_) | Config::Text(_) | Config::Unknown => {
            BTreeSet::new()
        }
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
        let others = repository.module_resources(resource.file.folder());
        any(others.filter(|other| other.kind() == kind).map(|other| {
            let config = resolve::resource(repository, &other);
            match links_to(repository, &config, link, &resource) {
                Truth::Fails => Truth::Fails,
                Truth::Unknown => Truth::Unknown,
                Truth::Holds => judge(&config, &Module { repository, resource: other }),
            }
        }))
    }
}
