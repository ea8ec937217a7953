//! Dockerfiles as the engine and the prover see them. A file is one place: what holds in the
//! image follows from all of its stages.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use quell_catalog::{Check, Language, Truth};

use super::file::{Base, Dockerfile};
use super::{recipes, tree};
use crate::code::{Change, Code, Dialect, Files, Place, Told, Wish, named_file};
use crate::files::Shelf;
use crate::images::Image;
use crate::{Config, Evaluator, Target};

/// Dockerfiles and Containerfiles.
pub(crate) const DIALECT: Dialect =
    Dialect { language: Language::Dockerfile, sample: "Dockerfile", reads, parse };

/// What the catalogue calls a Dockerfile.
const KIND: &str = "Dockerfile";

/// What decides which program the image runs.
const SWITCHES: [&str; 2] = ["final.entrypoint", "final.command"];

/// The Dockerfiles of a repository.
#[derive(Debug, Clone)]
pub(super) struct Dockerfiles {
    files: Shelf<(Dockerfile, Config)>,
    /// Ports that other files name, by the path of the Dockerfile.
    ports: BTreeMap<String, BTreeSet<u16>>,
    /// Dockerfiles of actions of GitHub Actions.
    actions: BTreeSet<String>,
    /// What other files ask an image whether it works, by the path of its Dockerfile.
    checks: BTreeMap<String, BTreeSet<String>>,
    /// The images that other files use.
    images: BTreeSet<String>,
    /// Configurations that an image may copy in, by their path.
    beside: Arc<BTreeMap<String, String>>,
}

/// Ends of names of Dockerfiles that another program fills in.
const TEMPLATES: [&str; 3] = [".template", ".tmpl", ".tpl"];

/// Marks of what such a program puts in or leaves out. `${ }` stands in Dockerfiles too.
const MARKS: [&str; 6] = ["{{", "{%", "<%", "%%", "%{", "@@"];

fn is_template(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    TEMPLATES.iter().any(|ending| lower.ends_with(ending))
}

fn read(path: &str, text: &str) -> Result<(Dockerfile, Config), String> {
    if let Some(mark) = MARKS.iter().find(|mark| is_template(path) && text.contains(**mark)) {
        return Err(format!(
            "it is a template (`{mark}`) that another program fills in, so what it will say cannot \
             be proved"
        ));
    }
    let file = Dockerfile::parse(text)?;
    let tree = tree::config(&file);
    Ok((file, tree))
}

/// Dockerfiles, and the configurations of nginx that they may copy in.
fn reads(path: &str) -> bool {
    is_dockerfile(path) || path.ends_with(".conf")
}

/// `Dockerfile`, `Dockerfile.dev`, `web.Dockerfile`, and the same with Containerfile.
fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|word| {
        let around = lower.split_once(word);
        around.is_some_and(|(before, after)| {
            (before.is_empty() || before.ends_with('.'))
                && (after.is_empty() || after.starts_with('.'))
                && ![".dockerignore", ".md", ".j2", ".erb"]
                    .iter()
                    .any(|ending| after.ends_with(ending))
        })
    })
}

fn parse(files: Files) -> Box<dyn Code> {
    let (files, beside): (Files, Files) =
        files.into_iter().partition(|(path, _)| is_dockerfile(path));
    let files = Shelf::new(files, read);
    Box::new(Dockerfiles {
        files,
        ports: BTreeMap::new(),
        actions: BTreeSet::new(),
        checks: BTreeMap::new(),
        images: BTreeSet::new(),
        beside: Arc::new(beside.into_iter().collect()),
    })
}

impl Dockerfiles {
    fn at(&self, place: &Place) -> Option<(&str, &Dockerfile, &Config)> {
        let (text, (parsed, tree)) = self.files.get(&place.file)?;
        (place.address == KIND).then_some((text, parsed, tree))
    }

    /// The ports that other files name for a Dockerfile.
    pub(super) fn ports(&self, path: &str) -> Vec<u16> {
        self.ports.get(path).into_iter().flatten().copied().collect()
    }

    /// Whether a Dockerfile makes an action of GitHub Actions.
    pub(super) fn is_action(&self, path: &str) -> bool {
        self.actions.contains(path)
    }

    /// What other files ask the image of a Dockerfile whether it works, where that is one thing.
    pub(super) fn check(&self, path: &str) -> Option<&str> {
        let all = self.checks.get(path).filter(|all| all.len() == 1)?;
        all.first().map(String::as_str)
    }

    /// The images that other files use.
    pub(super) fn images(&self) -> impl Iterator<Item = Image> {
        self.images.iter().map(|name| Image::parse(name))
    }

    /// Configurations that an image may copy in: path and text, in the order of paths.
    pub(super) fn beside(&self) -> impl Iterator<Item = (&str, &str)> {
        self.beside.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Every Dockerfile that parses.
    pub(super) fn parsed(&self) -> impl Iterator<Item = &Dockerfile> {
        self.files.each().map(|(_, (file, _))| file)
    }
}

fn place_in(file: &str) -> Place {
    Place { file: file.to_owned(), address: KIND.to_owned() }
}

impl Code for Dockerfiles {
    fn text(&self, file: &str) -> Option<&str> {
        self.files.text(file)
    }

    fn files(&self) -> Vec<&str> {
        self.files.paths()
    }

    fn with_file(&self, file: &str, text: String) -> Box<dyn Code> {
        Box::new(Self { files: self.files.with(file, text), ..self.clone() })
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

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        match self.at(place) {
            Some((_, _, tree)) => evaluator.evaluate(&check.holds, tree),
            None => Truth::Unknown,
        }
    }

    fn switches(&self) -> &'static [&'static str] {
        &SWITCHES
    }

    fn locate(&self, target: &Target, _kinds: &[String]) -> Result<Place, String> {
        let file = named_file(self, target, ("Dockerfile", is_dockerfile))?;
        Ok(place_in(&file))
    }

    fn tells(&self) -> Vec<Told> {
        let stages = self.parsed().flat_map(|file| &file.stages);
        let images = stages.filter_map(|stage| match &stage.base {
            Base::Image(image) => Some(Told::Image { name: image.name() }),
            Base::Scratch | Base::Stage(_) | Base::Unknown => None,
        });
        images.collect()
    }

    fn hears(&mut self, told: &[Told]) {
        for one in told {
            match one {
                Told::Port { dockerfile, port } => {
                    self.ports.entry(dockerfile.clone()).or_default().insert(*port);
                }
                Told::Action { dockerfile } => {
                    self.actions.insert(dockerfile.clone());
                }
                Told::Check { dockerfile, command } => {
                    self.checks.entry(dockerfile.clone()).or_default().insert(command.clone());
                }
                Told::Image { name } => {
                    self.images.insert(name.clone());
                }
            }
        }
    }

    fn plan(&self, place: &Place, wish: &Wish<'_>) -> Result<Change, String> {
        let (text, file, tree) = self.at(place).ok_or("the Dockerfile cannot be read")?;
        let name = &wish.fix.recipe;
        let recipe =
            recipes::by_name(name).ok_or_else(|| format!("there is no recipe `{name}`"))?;
        let path = place.file.as_str();
        let request = recipes::Request { all: self, path, text, file, tree, wish };
        let made = (recipe.plan)(&request)?.unwrap_or_else(|| text.to_owned());
        if is_template(path) && made.matches('$').count() > text.matches('$').count() {
            return Err(
                "the program that fills the file in would take the variable for one of its \
                        own: a person must write it as that program reads it"
                    .into(),
            );
        }
        let text = made;
        let Place { file, address } = place.clone();
        Ok(Change { file, text, address, ..Change::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_of_github_stays_root() {
        let mut code = parse(vec![("a/Dockerfile".into(), "FROM alpine:3\n".into())]);
        let fix: quell_catalog::FixRecipe = toml::from_str(
            "language = 'dockerfile'\nresource = []\nrecipe = 'user'\ntitle = 'x'\nsafety = 'safe'",
        )
        .unwrap();
        let settings = crate::Settings::default();
        let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
        let place = place_in("a/Dockerfile");
        assert!(code.plan(&place, &wish).is_ok());
        code.hears(&[Told::Action { dockerfile: "a/Dockerfile".into() }]);
        assert!(code.plan(&place, &wish).unwrap_err().contains("an action of GitHub"));
    }

    #[test]
    fn a_template_is_read_where_nothing_stands_in_it_but_variables() {
        let plan = |text: &str, recipe: &str| {
            let code = parse(vec![("a/Dockerfile.template".into(), text.into())]);
            let fix: quell_catalog::FixRecipe = toml::from_str(&format!(
                "language = 'dockerfile'\nresource = []\nrecipe = '{recipe}'\ntitle = 'x'\nsafety = 'safe'"
            ))
            .unwrap();
            let settings = crate::Settings::default();
            let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
            code.plan(&place_in("a/Dockerfile.template"), &wish)
        };
        let text = "FROM eu.gcr.io/${project}/${image}:${tag}\nADD a.yml /a.yml\n";
        assert_eq!(plan(text, "copy_for_add").unwrap().text, text.replace("ADD", "COPY"));
        let port = "FROM python:3\nEXPOSE ${PORT}\n";
        assert!(plan(port, "healthcheck").is_ok(), "the name of the variable stands without `$`");
        let port = "FROM debian\nEXPOSE ${PORT}\n";
        assert!(plan(port, "healthcheck").unwrap_err().contains("one of its own"));
        let code = parse(vec![("Dockerfile.tmpl".into(), "FROM {{ .Base }}\n".into())]);
        assert!(code.fault("Dockerfile.tmpl").unwrap().contains("a template"));
    }

    #[test]
    fn names_of_dockerfiles_are_known() {
        for path in ["Dockerfile", "a/b/Dockerfile.dev", "x/web.dockerfile", "Containerfile"] {
            assert!(is_dockerfile(path), "{path}");
        }
        for path in ["Dockerfile.dockerignore", "Dockerfiles/a", "mydockerfile", "Dockerfile.j2"] {
            assert!(!is_dockerfile(path), "{path}");
        }
    }
}
