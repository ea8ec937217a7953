//! The knowledge a run works with: the catalogue and the tag mapping.

use std::sync::Arc;

use quell_catalog::{Catalog, Intel};
use quell_model::{ContextMapping, Timestamp};
use quell_sources::intake::Formats;
use quell_sources::mapped::FormatMap;

use crate::prepare::Knowledge;

/// The knowledge a run works with.
#[derive(Debug)]
pub struct Setup {
    catalog: Catalog,
    mapping: ContextMapping,
    maps: Vec<Arc<FormatMap>>,
}

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
        let raw = toml::from_str(mapping.unwrap_or(MAPPING))
            .map_err(|e| SetupError::Mapping(e.to_string()))?;
        let mapping = ContextMapping::new(raw).map_err(|e| SetupError::Mapping(e.to_string()))?;
        Ok(Self { catalog, mapping, maps: Vec::new() })
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

    /// What can be read.
    pub(crate) fn formats(&self) -> Formats<'_> {
        Formats { maps: &self.maps, ..Formats::BUILT_IN }
    }

    /// The catalogue.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) const fn knowledge<'a>(&'a self, intel: &'a Intel, now: Timestamp) -> Knowledge<'a> {
        Knowledge { catalog: &self.catalog, intel, mapping: &self.mapping, now }
    }
}
