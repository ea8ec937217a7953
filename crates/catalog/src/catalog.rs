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
    aliases: HashMap<String, HashMap<String, Named>>,
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
    ///
    /// Platforms name the rules of others that theirs are the same as. Such ids count where the
    /// tool's own names say nothing, and only when all that are known mean one control.
    pub fn control_for<'i>(
        &self,
        product: &str,
        rule_ids: impl Iterator<Item = &'i str>,
        title: &str,
    ) -> Option<(&Control, &str)> {
        let ids: Vec<&str> = rule_ids.filter(|id| !id.is_empty()).collect();
        let own = self.aliases.get(product);
        let found = own.and_then(|known| named(known, &ids, title)).or_else(|| self.foreign(&ids));
        let (id, alias) = found?;
        Some((self.controls.get(id)?, alias.as_str()))
    }

    /// The control that all ids of other tools among these mean.
    fn foreign(&self, ids: &[&str]) -> Option<&Named> {
        let mut found = ids.iter().filter_map(|id| {
            let (_, tool) = FOREIGN.iter().find(|(start, _)| id.starts_with(start))?;
            self.aliases.get(*tool)?.get(&id.to_lowercase())
        });
        let first = found.next()?;
        found.all(|other| other.0 == first.0).then_some(first)
    }
}

/// How ids start that only one tool gives, so that they mean its rule whoever names them.
const FOREIGN: &[(&str, &str)] = &[("CKV2_", "checkov"), ("CKV_", "checkov"), ("PC-", "prisma")];

/// A control's id, and the alias as written.
type Named = (String, String);

/// What a tool's own names say.
fn named<'k>(known: &'k HashMap<String, Named>, ids: &[&str], title: &str) -> Option<&'k Named> {
    ids.iter().find_map(|id| known.get(&id.to_lowercase())).or_else(|| {
        let title = plain(title);
        (!title.is_empty()).then(|| known.get(&title)).flatten()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn control(product: &str, ids: &[&str], title: &str) -> Option<String> {
        let catalog = Catalog::embedded().unwrap();
        let found = catalog.control_for(product, ids.iter().copied(), title);
        found.map(|(control, _)| control.id.clone())
    }

    #[test]
    fn a_rule_is_known_by_its_id_or_its_exact_title() {
        let key = Some("gcp.compute.private_google_access".to_owned());
        let title = "GCP VPC Network subnets have Private Google access disabled";
        assert_eq!(control("prisma", &["of-a-tenant"], title), key);
        assert_eq!(control("lacework", &["GCP_CIS_3_8"], ""), key);
        assert_eq!(control("prisma", &["of-a-tenant"], "Private Google access disabled"), None);
        assert_eq!(control("lacework", &["of-a-tenant"], title), None);
    }

    #[test]
    fn ids_of_another_tool_count_when_they_agree() {
        let roles = Some("gcp.iam.basic_roles".to_owned());
        assert_eq!(control("wiz", &["IAM-9", "CKV_GCP_117"], "Basic roles"), roles);
        assert_eq!(control("of_nobody", &["CKV_GCP_117", "CKV_GCP_99999"], ""), roles);
        assert_eq!(control("wiz", &["CKV_GCP_117", "CKV_GCP_121"], ""), None);
        let versions = Some("aws.s3.bucket_versioning".to_owned());
        assert_eq!(control("wiz", &["S3-9", "PC-AWS-S3-259"], ""), versions);
    }
}
