//! Workflows as the engine and the prover see them. A workflow is one place: its token and its
//! events belong to all of its jobs.

use std::ops::Range;

use quell_catalog::{Check, Language, Truth};
use serde_json::Value;

use super::permissions::Rights;
use super::workflow::jobs;
use super::{recipes, tree};
use crate::code::{Change, Code, Dialect, Files, Place, Told, Wish, named_file};
use crate::files::Shelf;
use crate::yaml::Yaml;
use crate::{Config, Evaluator, Target};

/// Workflows of GitHub Actions, and the actions that stand beside them.
pub(crate) const DIALECT: Dialect = Dialect {
    language: Language::GithubActions,
    sample: ".github/workflows/case.yaml",
    reads,
    parse,
};

/// What the catalogue calls a workflow.
const KIND: &str = "workflow";

/// The workflows and actions of a repository.
#[derive(Debug, Clone)]
pub(super) struct Workflows {
    files: Shelf<(Yaml, Config)>,
}

fn read(path: &str, text: &str) -> Result<(Yaml, Config), String> {
    let yaml = Yaml::parse(text.to_owned())?;
    if is_workflow(path) && !data(&yaml).get("jobs").is_some_and(Value::is_object) {
        return Err("it has no jobs".into());
    }
    let tree = tree::config(data(&yaml));
    Ok((yaml, tree))
}

/// What the first document says.
fn data(yaml: &Yaml) -> &Value {
    yaml.documents().first().map_or(&Value::Null, |document| document.data())
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

fn is_workflow(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    is_yaml(path) && (folder == ".github/workflows" || folder.ends_with("/.github/workflows"))
}

fn reads(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    is_workflow(path) || name == "action.yml" || name == "action.yaml"
}

fn parse(files: Files) -> Box<dyn Code> {
    Box::new(Workflows { files: Shelf::new(files, read) })
}

impl Workflows {
    fn at(&self, place: &Place) -> Option<(&str, &Yaml, &Config)> {
        let own = place.address == KIND && is_workflow(&place.file);
        let (text, (yaml, tree)) = self.files.get(&place.file).filter(|_| own)?;
        Some((text, yaml, tree))
    }

    /// What a file says, where it was read.
    pub(super) fn data(&self, path: &str) -> Option<&Value> {
        let (_, (yaml, _)) = self.files.get(path)?;
        Some(data(yaml))
    }

    /// The text of every file.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.texts()
    }

    /// Every workflow with its path.
    pub(super) fn workflows(&self) -> impl Iterator<Item = (&str, &Value)> {
        let own = self.files.each().filter(|(path, _)| is_workflow(path));
        own.map(|(path, (yaml, _))| (path, data(yaml)))
    }
}

fn place_in(file: &str) -> Place {
    Place { file: file.to_owned(), address: KIND.to_owned() }
}

impl Code for Workflows {
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
        let place = place_in(file);
        self.at(&place).is_some().then_some(place).into_iter().collect()
    }

    fn kind(&self, place: &Place) -> Option<String> {
        self.at(place).map(|_| KIND.to_owned())
    }

    fn span(&self, place: &Place) -> Option<Range<usize>> {
        self.at(place).map(|(text, _, _)| 0..text.len())
    }

    fn config(&self, place: &Place) -> Config {
        self.at(place).map_or(Config::Unknown, |(_, _, tree)| tree.clone())
    }

    fn raw(&self, place: &Place) -> Config {
        self.at(place).map_or(Config::Unknown, |(_, yaml, _)| Config::from_json(data(yaml)))
    }

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        match self.at(place) {
            Some((_, _, tree)) => evaluator.evaluate(&check.holds, tree),
            None => Truth::Unknown,
        }
    }

    fn switches(&self) -> &'static [&'static str] {
        &[]
    }

    fn locate(&self, target: &Target, _kinds: &[String]) -> Result<Place, String> {
        let file = named_file(self, target, ("workflow", is_workflow))?;
        Ok(place_in(&file))
    }

    fn tells(&self) -> Vec<Told> {
        let own = self.files.each().filter(|(path, _)| !is_workflow(path));
        own.filter_map(|(path, (yaml, _))| {
            let runs = data(yaml).get("runs")?;
            let image = runs.get("image")?.as_str().filter(|image| !image.contains("://"))?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let image = image.trim_start_matches("./");
            let whole =
                if folder.is_empty() { image.to_owned() } else { format!("{folder}/{image}") };
            Some(Told::Action { dockerfile: whole })
        })
        .collect()
    }

    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String> {
        let (old, yaml, _) = self.at(place).ok_or("the workflow cannot be read")?;
        let name = &wish.fix.recipe;
        let recipe =
            recipes::by_name(name).ok_or_else(|| format!("there is no recipe `{name}`"))?;
        let document = yaml.documents().first().ok_or("the workflow is empty")?;
        let root = document.root().ok_or("the workflow is empty")?;
        let path = place.file.as_str();
        let request = recipes::Request { all: self, path, text: old, yaml, document, root, wish };
        let text = (recipe.plan)(&request)?.unwrap_or_else(|| old.to_owned());
        let after = Yaml::parse(text.clone())?;
        narrows(data(yaml), data(&after))?;
        let Place { file, address } = place.clone();
        Ok(Change { file, text, address, ..Change::default() })
    }
}

/// No job may do more than before, where nothing named its rights it may have had all.
fn narrows(before: &Value, after: &Value) -> Result<(), String> {
    let rights = |workflow: &Value, job: &Value| {
        let named = job.get("permissions").or_else(|| workflow.get("permissions"));
        Rights::read(named.unwrap_or(&Value::Null))
    };
    for (id, job) in jobs(after) {
        let old = before.get("jobs").and_then(|jobs| jobs.get(id)).ok_or("a job was added")?;
        let known = rights(before, old).zip(rights(after, job));
        let (old, new) = known.ok_or("the rights of a job are not plain")?;
        if !new.is_within(&old) {
            return Err(format!("the job `{id}` would get rights that it did not have"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_tells_which_dockerfile_it_runs() {
        let text = "runs:\n  using: docker\n  image: ./Dockerfile\n";
        let code = parse(vec![("act/action.yml".into(), text.into())]);
        assert_eq!(code.tells(), [Told::Action { dockerfile: "act/Dockerfile".into() }]);
        assert!(code.places("act/action.yml").is_empty());
    }

    #[test]
    fn only_what_github_reads_is_a_workflow() {
        assert!(reads(".github/workflows/a.yml") && reads("x/action.yaml"));
        assert!(!reads(".github/dependabot.yml") && !reads(".github/workflows/x/a.yml"));
    }
}
