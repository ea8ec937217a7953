//! The catalogue: controls by id and by the names tools use for them.

use std::collections::{BTreeMap, HashMap};

use include_dir::{Dir, include_dir};

use crate::{Control, Framework, Intel};

static CONTENT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../content");

/// Everything in `content/`.
#[derive(Debug, Default)]
pub struct Catalog {
    controls: BTreeMap<String, Control>,
    /// Tool → alias in lower case → (control id, the alias as written).
    aliases: HashMap<String, HashMap<String, (String, String)>>,
    frameworks: BTreeMap<String, Framework>,
    intel: Intel,
}

/// A file of the catalogue that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct CatalogError {
    /// The file, below `content/`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Catalog {
    /// The catalogue that comes with Quell.
    ///
    /// # Errors
    /// When a file does not parse, which a test excludes.
    pub fn embedded() -> Result<Self, CatalogError> {
        Self::from_files(embedded_files())
    }

    /// A catalogue of these files, `(path below content/, text)`.
    ///
    /// # Errors
    /// When a file does not parse.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for (path, text) in files {
            let fault = |e: toml::de::Error| CatalogError {
                path: path.to_owned(),
                message: e.to_string().trim().replace('\n', " "),
            };
            match path.split('/').next() {
                Some("controls") => catalog.add(toml::from_str(text).map_err(fault)?),
                Some("frameworks") => {
                    let framework: Framework = toml::from_str(text).map_err(fault)?;
                    catalog.frameworks.insert(framework.id.clone(), framework);
                }
                Some("intel") => catalog.intel.add(toml::from_str(text).map_err(fault)?),
                _ => {}
            }
        }
        Ok(catalog)
    }

    fn add(&mut self, control: Control) {
        for (tool, names) in &control.aliases.0 {
            if tool.ends_with("_shared") {
                continue;
            }
            let known = self.aliases.entry(tool.clone()).or_default();
            for name in names {
                let entry = (control.id.clone(), name.clone());
                known.entry(name.to_lowercase()).or_insert_with(|| entry.clone());
                known.entry(plain(name)).or_insert(entry);
            }
        }
        self.controls.insert(control.id.clone(), control);
    }

    /// The control of that id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.get(id)
    }

    /// Every control, in the order of their ids.
    pub fn controls(&self) -> impl Iterator<Item = &Control> {
        self.controls.values()
    }

    /// Every framework, in the order of their ids.
    pub fn frameworks(&self) -> impl Iterator<Item = &Framework> {
        self.frameworks.values()
    }

    /// What is known of weaknesses.
    #[must_use]
    pub const fn intel(&self) -> &Intel {
        &self.intel
    }

    /// The control that a tool's rule names, by one of its ids or its title, and the alias that
    /// matched.
    pub fn control_for<'i>(
        &self,
        product: &str,
        rule_ids: impl Iterator<Item = &'i str>,
        title: &str,
    ) -> Option<(&Control, &str)> {
        let known = self.aliases.get(product)?;
        let mut ids = rule_ids.filter(|id| !id.is_empty());
        let found = ids.find_map(|id| known.get(&id.to_lowercase())).or_else(|| {
            let title = plain(title);
            (!title.is_empty()).then(|| known.get(&title)).flatten()
        });
        let (id, alias) = found?;
        Some((self.controls.get(id)?, alias.as_str()))
    }
}

/// The embedded files with their paths.
pub(crate) fn embedded_files() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut waiting = vec![&CONTENT];
    while let Some(folder) = waiting.pop() {
        waiting.extend(folder.dirs());
        let files = folder.files().filter(|f| f.path().extension().is_some_and(|e| e == "toml"));
        found.extend(files.filter_map(|f| Some((f.path().to_str()?, f.contents_utf8()?))));
    }
    found.sort_unstable();
    found
}

/// A title for comparison: letters and digits in lower case.
fn plain(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
