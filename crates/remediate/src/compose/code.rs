//! Compose files as the engine and the prover see them. A service is a place.

use std::ops::Range;

use quell_catalog::{Check, Language, Truth};
use serde_json::Value;

use super::service::{config, services};
use super::{recipes, told};
use crate::code::{Change, Code, Dialect, Files, Place, Told, Wish, named_file};
use crate::files::Shelf;
use crate::yaml::{Step, Yaml};
use crate::{Config, Evaluator, Target};

/// Docker Compose files.
pub(crate) const DIALECT: Dialect =
    Dialect { language: Language::Compose, sample: "compose.yaml", reads, parse };

/// What the catalogue calls a service.
const KIND: &str = "service";

/// The Compose files of a repository.
#[derive(Debug, Clone)]
struct Composes {
    files: Shelf<Yaml>,
}

/// What the first document says.
fn data(yaml: &Yaml) -> &Value {
    yaml.documents().first().map_or(&Value::Null, |document| document.data())
}

/// `compose.yaml`, `docker-compose.prod.yml` and their like.
fn reads(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let yaml = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    yaml.is_some_and(|stem| {
        ["docker-compose", "compose"].iter().any(|word| {
            let rest = stem.strip_prefix(word);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        })
    })
}

fn parse(files: Files) -> Box<dyn Code> {
    Box::new(Composes { files: Shelf::new(files, |_, text| Yaml::parse(text.to_owned())) })
}

impl Composes {
    fn at(&self, place: &Place) -> Option<(&str, &Yaml, &Value)> {
        let (text, yaml) = self.files.get(&place.file)?;
        let name = place.address.strip_prefix("services.")?;
        let service = data(yaml).get("services")?.get(name)?;
        service.is_object().then_some((text, yaml, service))
    }

    /// The service of a file that an address, a name or lines are about.
    fn service(&self, file: &str, target: &Target) -> Result<Place, String> {
        let places = self.places(file);
        let named = |place: &&Place| {
            let name = place.address.trim_start_matches("services.");
            let is = |word: &str| {
                word == name
                    || word == place.address
                    || word.starts_with(&format!("services.{name}."))
            };
            target.address.as_deref().is_some_and(is) || target.names.iter().any(|one| is(one))
        };
        let text = self.text(file).unwrap_or_default();
        let covers = |place: &&Place| {
            let line = target.lines.map(|(first, _)| first);
            self.span(place).zip(line).is_some_and(|(span, line)| {
                let last = line_of(text, span.end.saturating_sub(1));
                (line_of(text, span.start)..=last).contains(&line)
            })
        };
        let only = (places.len() == 1).then(|| places.first()).flatten();
        let found = places.iter().find(named).or_else(|| places.iter().find(covers)).or(only);
        found
            .cloned()
            .ok_or_else(|| format!("it cannot be told which service of `{file}` is meant"))
    }
}

/// The number of the line that a byte stands in.
fn line_of(text: &str, at: usize) -> u32 {
    let above = text.get(..at).unwrap_or_default().matches('\n').count();
    u32::try_from(above + 1).unwrap_or(u32::MAX)
}

impl Code for Composes {
    fn text(&self, file: &str) -> Option<&str> {
        self.files.text(file)
    }

    fn files(&self) -> Vec<&str> {
        self.files.paths()
    }

    fn with_file(&self, file: &str, text: String) -> Box<dyn Code> {
        Box::new(Self { files: self.files.with(file, text) })
    }

    fn fault(&self, file: &str) -> Option<&str> {
        self.files.fault(file)
    }

    fn places(&self, file: &str) -> Vec<Place> {
        let Some((_, yaml)) = self.files.get(file) else { return Vec::new() };
        let own = services(data(yaml)).filter(|(_, service)| service.is_object());
        own.map(|(name, _)| Place { file: file.to_owned(), address: format!("services.{name}") })
            .collect()
    }

    fn kind(&self, place: &Place) -> Option<String> {
        self.at(place).map(|_| KIND.to_owned())
    }

    fn span(&self, place: &Place) -> Option<Range<usize>> {
        let (text, yaml, _) = self.at(place)?;
        let document = yaml.documents().first()?;
        let name = place.address.strip_prefix("services.")?;
        let root = document.root()?;
        let entry = root.get("services")?.entry(name)?;
        let base = document.span_of(root).start - root.span.start;
        // A block that is put in at its end begins on the line below, or behind the last byte.
        let end = base + entry.end();
        let rest = text.get(end..)?;
        let end = end + rest.find('\n').map_or(rest.len(), |found| found + 1);
        Some(base + entry.key_span.start..end)
    }

    fn config(&self, place: &Place) -> Config {
        self.at(place).map_or(Config::Unknown, |(_, _, service)| config(service))
    }

    fn raw(&self, place: &Place) -> Config {
        self.at(place).map_or(Config::Unknown, |(_, _, service)| Config::from_json(service))
    }

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        match self.at(place) {
            Some((_, _, service)) => evaluator.evaluate(&check.holds, &config(service)),
            None => Truth::Unknown,
        }
    }

    fn switches(&self) -> &'static [&'static str] {
        &["profiles", "deploy.replicas", "scale", "command", "entrypoint", "image", "build"]
    }

    fn locate(&self, target: &Target, _kinds: &[String]) -> Result<Place, String> {
        let file = named_file(self, target, ("Compose file", reads))?;
        self.service(&file, target)
    }

    fn tells(&self) -> Vec<Told> {
        let told = |(path, yaml): (&str, &Yaml)| told::told(path, data(yaml));
        self.files.each().flat_map(told).collect()
    }

    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String> {
        let (old, yaml, service) = self.at(place).ok_or("the service cannot be read")?;
        let name = &wish.fix.recipe;
        let recipe =
            recipes::by_name(name).ok_or_else(|| format!("there is no recipe `{name}`"))?;
        if service.get("extends").is_some() {
            return Err(
                "the service takes parts from another: a person must change it there".into()
            );
        }
        let own = place.address.trim_start_matches("services.");
        let path = vec![Step::from("services"), Step::Key(own.to_owned())];
        let edits = (recipe.plan)(&recipes::Request { service, path: &path, wish })?;
        let text = if edits.is_empty() { old.to_owned() } else { yaml.edited(0, &edits)? };
        let Place { file, address } = place.clone();
        Ok(Change { file, text, address, ..Change::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_compose_files_are_known() {
        for path in
            ["compose.yaml", "a/docker-compose.yml", "docker-compose.prod.yml", "compose-dev.yaml"]
        {
            assert!(reads(path), "{path}");
        }
        for path in ["composer.yaml", "my-compose.yml", "compose.json", "docker-composer.yml"] {
            assert!(!reads(path), "{path}");
        }
    }

    #[test]
    fn a_service_is_found_by_its_address_or_its_lines() {
        let text = "services:\n  a:\n    image: x\n  b:\n    image: y\n";
        let code = parse(vec![("compose.yaml".into(), text.into())]);
        let target = |address: Option<&str>, line| Target {
            file: Some("compose.yaml".into()),
            address: address.map(Into::into),
            lines: Some((line, line)),
            ..Target::default()
        };
        let found = |target| code.locate(&target, &[]).unwrap().address;
        assert_eq!(found(target(Some("services.b"), 1)), "services.b");
        assert_eq!(found(target(None, 3)), "services.a");
        assert!(code.locate(&target(None, 1), &[]).is_err());
    }
}
