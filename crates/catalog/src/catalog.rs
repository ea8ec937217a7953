//! The catalogue: controls by id and by the names tools use for them.

use std::collections::{BTreeMap, HashMap};

use include_dir::{Dir, include_dir};

use quell_model::{AssetId, Provider};

use crate::steps::StepFile;
use crate::words::RawWords;
use crate::{CloudSteps, Control, Framework, Intel, Words};

static CONTENT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../content");

/// Everything in `content/`.
#[derive(Debug, Default)]
pub struct Catalog {
    controls: BTreeMap<String, Control>,
    /// Tool → alias in lower case → the controls of that name, the one that owns it first.
    aliases: HashMap<String, HashMap<String, Vec<Named>>>,
    frameworks: BTreeMap<String, Framework>,
    intel: Intel,
    /// Control → what to run where no code makes the asset.
    steps: BTreeMap<String, Vec<CloudSteps>>,
    words: Words,
    /// Kind of asset and what a title says of it → the control, unless several say the same.
    by_words: HashMap<(String, String), Option<String>>,
    fingerprint: u64,
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
                Some("words") => {
                    catalog.words = Words::new(toml::from_str::<RawWords>(text).map_err(fault)?);
                    catalog.mark(std::iter::once(text));
                }
                Some("steps") => {
                    catalog.add_steps(toml::from_str(text).map_err(fault)?);
                }
                Some("intel") => catalog.intel.add(toml::from_str(text).map_err(fault)?),
                _ => {}
            }
        }
        catalog.learn_words();
        Ok(catalog)
    }

    fn add_steps(&mut self, file: StepFile) {
        for (control, steps) in file.into_steps() {
            self.steps.entry(control).or_default().push(steps);
        }
    }

    /// Notes what the titles of each control say of each kind of its assets.
    fn learn_words(&mut self) {
        let mut by_words: HashMap<(String, String), Option<String>> = HashMap::new();
        for control in self.controls.values() {
            let names = control.aliases.0.iter().filter(|(tool, _)| !tool.ends_with("_shared"));
            let names = names.flat_map(|(_, names)| names).filter(|name| name.contains(' '));
            let titles: Vec<&String> = std::iter::once(&control.title).chain(names).collect();
            for kind in &control.asset_kinds {
                let said = titles.iter().filter_map(|title| self.words.of_title(title, kind));
                said.for_each(|said| learn(&mut by_words, (kind.clone(), said), &control.id));
            }
        }
        self.by_words = by_words;
    }

    /// Takes texts into the fingerprint, whatever the order of the files.
    fn mark<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        // FNV-1a, with a byte between the texts that UTF-8 never has.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325, step);
        self.fingerprint = self.fingerprint.wrapping_add(hash);
    }

    fn add(&mut self, control: Control) {
        let names = control.aliases.0.iter().flat_map(|(tool, names)| {
            std::iter::once(tool.as_str()).chain(names.iter().map(String::as_str))
        });
        self.mark(std::iter::once(control.id.as_str()).chain(names));
        for (tool, names) in &control.aliases.0 {
            let owner = tool.strip_suffix("_shared");
            let known = self.aliases.entry(owner.unwrap_or(tool).to_owned()).or_default();
            let named = names.iter().map(|alias| Named {
                control: control.id.clone(),
                alias: alias.clone(),
                shared: owner.is_some(),
            });
            named.for_each(|one| one.add_to(known));
        }
        self.controls.insert(control.id.clone(), control);
    }

    /// What titles say.
    #[must_use]
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// Changes whenever another issue may be the right one for a finding: with the names of the
    /// controls and the words of titles.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The control of that id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.get(id)
    }

    /// What to run for a control on an asset of a kind, where no code makes it.
    #[must_use]
    pub fn cloud_steps(&self, control: &str, kind: &str) -> Option<&CloudSteps> {
        let fits =
            |steps: &&CloudSteps| steps.kinds.is_empty() || steps.kinds.iter().any(|k| k == kind);
        self.steps.get(control)?.iter().find(fits)
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
    ///
    /// Tools use one name in several clouds. A control of another cloud than the asset's is not
    /// meant; one that shares the name and is of that cloud is.
    pub fn control_for<'i>(
        &self,
        product: &str,
        rule_ids: impl Iterator<Item = &'i str>,
        title: &str,
        asset: &AssetId,
    ) -> Option<(&Control, &str)> {
        let ids: Vec<&str> = rule_ids.filter(|id| !id.is_empty()).collect();
        let cloud = cloud_of(asset);
        let own = self.aliases.get(product);
        let found = own
            .and_then(|known| named(known, &ids, title, cloud))
            .or_else(|| self.foreign(&ids, cloud))?;
        Some((self.controls.get(&found.control)?, found.alias.as_str()))
    }

    /// The control whose titles say of such an asset what this title says. Of a tool whose rules are
    /// all known, another rule that the control names is another fault.
    #[must_use]
    pub fn control_by_words(&self, product: &str, title: &str, kind: &str) -> Option<&Control> {
        let said = self.words.of_title(title, kind)?;
        let id = self.by_words.get(&(kind.to_owned(), said))?.as_ref()?;
        let control = self.controls.get(id)?;
        let other = WHOLLY_KNOWN.contains(&product) && control.aliases.0.contains_key(product);
        (!other).then_some(control)
    }

    /// The control that all ids of other tools among these mean.
    fn foreign(&self, ids: &[&str], cloud: Option<&str>) -> Option<&Named> {
        let mut found = ids.iter().filter_map(|id| {
            let (_, tool) = FOREIGN.iter().find(|(start, _)| id.starts_with(start))?;
            fitting(self.aliases.get(*tool)?.get(&id.to_lowercase())?, cloud)
        });
        let first = found.next()?;
        found.all(|other| other.control == first.control).then_some(first)
    }
}

/// Notes that a control says this; what two say is nobody's.
fn learn(
    by_words: &mut HashMap<(String, String), Option<String>>,
    said: (String, String),
    id: &str,
) {
    let known = by_words.entry(said).or_insert_with(|| Some(id.to_owned()));
    if known.as_deref() != Some(id) {
        *known = None;
    }
}

/// Tools of which the catalogue names nearly every rule, by its id.
const WHOLLY_KNOWN: &[&str] = &["checkov", "prowler", "security_hub", "trivy"];

/// How ids start that only one tool gives, so that they mean its rule whoever names them.
const FOREIGN: &[(&str, &str)] = &[("CKV2_", "checkov"), ("CKV_", "checkov"), ("PC-", "prisma")];

/// A control by one of its names.
#[derive(Debug, Clone)]
struct Named {
    control: String,
    /// As the control writes it.
    alias: String,
    /// Whether another control owns it.
    shared: bool,
}

impl Named {
    /// Adds it under its spellings; owners stand before those that share their name.
    fn add_to(self, known: &mut HashMap<String, Vec<Self>>) {
        let mut spellings = vec![self.alias.to_lowercase(), plain(&self.alias)];
        spellings.dedup();
        for spelling in spellings {
            let all = known.entry(spelling).or_default();
            let place = all.iter().position(|other| other.shared && !self.shared);
            all.insert(place.unwrap_or(all.len()), self.clone());
        }
    }

    /// The cloud of its control.
    fn cloud(&self) -> Option<&str> {
        cloud_named(self.control.split('.').next()?)
    }
}

/// What a tool's own names say.
fn named<'k>(
    known: &'k HashMap<String, Vec<Named>>,
    ids: &[&str],
    title: &str,
    cloud: Option<&str>,
) -> Option<&'k Named> {
    let find = |name: &str| fitting(known.get(name)?, cloud);
    ids.iter().find_map(|id| find(&id.to_lowercase())).or_else(|| {
        let title = plain(title);
        (!title.is_empty()).then(|| find(&title)).flatten()
    })
}

/// Of the controls of one name the one that owns it, or, where that is of another cloud than the
/// asset, one of the asset's cloud.
fn fitting<'k>(all: &'k [Named], cloud: Option<&str>) -> Option<&'k Named> {
    let owner = all.first().filter(|named| !named.shared)?;
    match (cloud, owner.cloud()) {
        (Some(cloud), Some(other)) if cloud != other => {
            all.iter().find(|named| named.cloud() == Some(cloud))
        }
        (Some(_) | None, Some(_) | None) => Some(owner),
    }
}

/// A cloud by the word that control ids begin with.
fn cloud_named(word: &str) -> Option<&str> {
    matches!(word, "aws" | "azure" | "gcp").then_some(word)
}

/// The cloud of an asset, where it is of one or a block of code that makes something in one.
fn cloud_of(asset: &AssetId) -> Option<&'static str> {
    match asset.provider {
        Provider::Aws => Some("aws"),
        Provider::Azure => Some("azure"),
        Provider::Gcp => Some("gcp"),
        Provider::Iac => {
            let starts = [("aws_", "aws"), ("azurerm_", "azure"), ("google_", "gcp")];
            let found = starts.iter().find(|(start, _)| asset.kind.starts_with(start));
            found.map(|(_, cloud)| *cloud)
        }
        Provider::Kubernetes
        | Provider::Image
        | Provider::Code
        | Provider::Host
        | Provider::Other => None,
    }
}

/// The embedded files with their paths.
pub(crate) fn embedded_files() -> Vec<(&'static str, &'static str)> {
    let mut found = all_below(&CONTENT);
    found.retain(|(path, _)| path.ends_with(".toml"));
    found
}

/// The texts below a folder of `content/`: the path below that folder, and the text.
#[must_use]
pub fn files_below(folder: &str) -> Vec<(&'static str, &'static str)> {
    let found = CONTENT.get_dir(folder).map(all_below).unwrap_or_default();
    let below = |path: &'static str| path.strip_prefix(folder)?.strip_prefix('/');
    found.into_iter().filter_map(|(path, text)| Some((below(path)?, text))).collect()
}

fn all_below(folder: &'static Dir<'static>) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder];
    while let Some(folder) = waiting.pop() {
        waiting.extend(folder.dirs());
        found.extend(folder.files().filter_map(|f| Some((f.path().to_str()?, f.contents_utf8()?))));
    }
    found.sort_unstable();
    found
}

/// A title for comparison: letters and digits in lower case.
fn plain(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    for letter in title.chars().filter(|c| c.is_alphanumeric()) {
        match letter.is_ascii() {
            true => plain.push(letter.to_ascii_lowercase()),
            false => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(product: &str, ids: &[&str], title: &str) -> Option<String> {
        let catalog = Catalog::embedded().unwrap();
        let found = catalog.control_for(product, ids.iter().copied(), title, &AssetId::default());
        found.map(|(control, _)| control.id.clone())
    }

    #[test]
    fn a_name_of_several_clouds_means_the_control_of_the_assets_own() {
        let catalog = Catalog::embedded().unwrap();
        let meant = |asset: &str| {
            let asset = AssetId::parse(asset, &quell_model::Hints::default());
            let ids = ["kms_key_not_publicly_accessible"].into_iter();
            let found = catalog.control_for("prowler", ids, "", &asset);
            found.map(|(control, _)| control.id.clone())
        };
        let gcp = "//cloudkms.googleapis.com/projects/p/locations/eu/keyRings/r/cryptoKeys/k";
        assert_eq!(meant(gcp).as_deref(), Some("gcp.kms.key_public"));
        let aws = "arn:aws:kms:eu-west-1:111122223333:key/k";
        assert_eq!(meant(aws).as_deref(), Some("aws.kms.key_public"));
        let azure = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
        assert_eq!(meant(azure), None);
    }

    #[test]
    fn no_name_gives_an_asset_a_control_of_another_cloud() {
        let catalog = Catalog::embedded().unwrap();
        let clouds = [("aws", Provider::Aws), ("azure", Provider::Azure), ("gcp", Provider::Gcp)];
        let named: Vec<(&String, &Named)> = catalog
            .aliases
            .iter()
            .flat_map(|(tool, known)| known.values().flatten().map(move |one| (tool, one)))
            .collect();
        assert!(named.len() > 1000, "{}", named.len());
        for (cloud, provider) in clouds {
            let mut asset = AssetId::default();
            asset.provider = provider;
            for (tool, name) in &named {
                let ids = std::iter::once(name.alias.as_str());
                let found = catalog.control_for(tool, ids, &name.alias, &asset);
                let of = found.and_then(|(c, _)| cloud_named(c.id.split('.').next()?));
                assert!(of.is_none_or(|of| of == cloud), "{cloud}: {tool} {name:?}");
            }
        }
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
