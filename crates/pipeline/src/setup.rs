//! The knowledge a run works with: the catalogue and the tag mapping.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use quell_catalog::{Catalog, Intel};
use quell_govern::level::Targets;
use quell_model::{ContextMapping, Timestamp};
use quell_owners::Owners;
use quell_sources::intake::Formats;
use quell_sources::mapped::FormatMap;

use crate::fixes::{Code, FixSaid};
use crate::owners::KeptLabels;
use crate::prepare::Knowledge;

/// The knowledge a run works with.
#[derive(Debug)]
pub struct Setup {
    catalog: Catalog,
    mapping: ContextMapping,
    maps: Vec<Arc<FormatMap>>,
    /// The text of the mapping, which is part of how files are read.
    mapping_text: String,
    /// The file of the program.
    program: Option<PathBuf>,
    reader: OnceLock<Option<blake3::Hash>>,
    /// What was last known of owners.
    owners: Mutex<KeptOwners>,
    /// By when issues are to be dealt with.
    targets: Targets,
    /// What is said of fixes beside the file of the repository.
    said: FixSaid,
}

/// What was last known of owners, and the labels of each database by its file.
#[derive(Debug, Default)]
pub(crate) struct KeptOwners {
    pub(crate) owners: Option<(OwnersVersion, Arc<Owners>)>,
    pub(crate) labels: HashMap<String, KeptLabels>,
}

/// The version of the book and of the names, and the database with when its labels changed.
pub(crate) type OwnersVersion = (Option<String>, Option<String>, (String, i64));

/// Why the knowledge cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The catalogue is at fault.
    #[error("the catalogue cannot be read: {0}")]
    Catalog(String),
    /// The mapping is at fault.
    #[error("the mapping cannot be read: {0}")]
    Mapping(String),
}

/// The mapping that comes with Quell.
const MAPPING: &str = include_str!("../../../content/mapping/tags.toml");

impl Setup {
    /// The embedded catalogue, and a mapping: the user's as TOML, or the one that comes with Quell.
    ///
    /// # Errors
    /// When either cannot be read.
    pub fn embedded(mapping: Option<&str>) -> Result<Self, SetupError> {
        let catalog = Catalog::embedded().map_err(|e| SetupError::Catalog(e.to_string()))?;
        let mapping_text = mapping.unwrap_or(MAPPING).to_owned();
        let raw = toml::from_str(&mapping_text).map_err(|e| SetupError::Mapping(e.to_string()))?;
        let mapping = ContextMapping::new(raw).map_err(|e| SetupError::Mapping(e.to_string()))?;
        Ok(Self {
            catalog,
            mapping,
            maps: Vec::new(),
            mapping_text,
            program: None,
            reader: OnceLock::new(),
            owners: Mutex::default(),
            targets: Targets::default(),
            said: FixSaid::default(),
        })
    }

    /// Takes what the configuration says of service levels.
    #[must_use]
    pub fn with_targets(mut self, targets: Targets) -> Self {
        self.targets = targets;
        self
    }

    /// By when issues are to be dealt with.
    pub(crate) const fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Takes what is said of fixes beside the file of a repository; it goes over what that says.
    #[must_use]
    pub fn with_said(mut self, said: FixSaid) -> Self {
        self.said = said;
        self
    }

    /// A repository to make fixes in, with what is said of them.
    pub(crate) fn code<'a>(&'a self, folder: Option<&'a Path>) -> Option<Code<'a>> {
        folder.map(|folder| Code { folder, said: &self.said, states: &[] })
    }

    /// Takes another catalogue in place of the embedded one.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Adds the user's maps of formats.
    #[must_use]
    pub fn with_maps(mut self, maps: Vec<Arc<FormatMap>>) -> Self {
        self.maps = maps;
        self
    }

    /// Names the file of the program. A file of findings that this very program has read before
    /// is then not read again.
    #[must_use]
    pub fn with_program(mut self, program: Option<PathBuf>) -> Self {
        self.program = program;
        self
    }

    /// A hash of all that decides what becomes of a file's bytes: the program with its catalogue,
    /// the mapping, the maps of formats and the file's name. `None` where the program is not known.
    pub(crate) fn reader(&self, file: &str) -> Option<[u8; 32]> {
        let settings = self.reader.get_or_init(|| {
            let program = File::open(self.program.as_ref()?).ok()?;
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(program).ok()?;
            for text in [&self.mapping_text, &format!("{:?}", self.maps)] {
                hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
            Some(hasher.finalize())
        });
        let mut hasher = blake3::Hasher::new();
        hasher.update(settings.as_ref()?.as_bytes()).update(file.as_bytes());
        Some(*hasher.finalize().as_bytes())
    }

    /// What can be read.
    pub(crate) fn formats(&self) -> Formats<'_> {
        Formats { maps: &self.maps, ..Formats::BUILT_IN }
    }

    /// The names of the formats that can be read.
    #[must_use]
    pub fn format_names(&self) -> Vec<&str> {
        let built_in = Formats::BUILT_IN.sources.iter().map(|source| source.id);
        built_in.chain(self.maps.iter().map(|map| map.tool())).collect()
    }

    /// The catalogue.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What reads owners and environments off tags.
    #[must_use]
    pub const fn mapping(&self) -> &ContextMapping {
        &self.mapping
    }

    pub(crate) fn kept_owners(&self) -> MutexGuard<'_, KeptOwners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn knowledge<'a>(
        &'a self,
        intel: &'a Intel,
        owners: &'a Owners,
        now: Timestamp,
    ) -> Knowledge<'a> {
        Knowledge { catalog: &self.catalog, intel, owners, mapping: &self.mapping, now }
    }
}
