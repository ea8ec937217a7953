//! What reads an input: a built-in source in one of its shapes, or a map of the user's.

use std::sync::Arc;

use super::Detection;
use crate::mapped::FormatMap;
use crate::path::{self, Step};
use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

/// What can be read. The user's maps are tried first, since they are meant for what they fit.
#[derive(Debug, Clone, Copy)]
pub struct Formats<'a> {
    /// The built-in sources.
    pub sources: &'a [&'static Source],
    /// The user's maps.
    pub maps: &'a [Arc<FormatMap>],
}

impl Formats<'static> {
    /// The built-in sources alone.
    pub const BUILT_IN: Self = Self { sources: crate::SOURCES, maps: &[] };
}

/// What reads an input.
#[derive(Debug, Clone)]
pub enum Format {
    /// A built-in source, in one of its shapes.
    BuiltIn(&'static Source, &'static Shape),
    /// A map of the user's.
    Mapped(Arc<FormatMap>),
}

impl Format {
    /// Short id, for accounting.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::BuiltIn(source, _) => source.id,
            Self::Mapped(map) => map.tool(),
        }
    }

    /// Name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::BuiltIn(source, _) => source.title,
            Self::Mapped(map) => map.title(),
        }
    }

    /// Where the records are, and the names at the top without which a document is another one.
    pub(super) fn wanted(&self) -> (Vec<&str>, Vec<&str>) {
        match self {
            Self::BuiltIn(_, shape) => (shape.records.to_vec(), needed_keys(shape)),
            Self::Mapped(map) => (vec![map.records()], map.records_key().into_iter().collect()),
        }
    }

    /// The lists whose elements may hold no record.
    pub(super) fn bare(&self) -> Vec<&'static str> {
        let bare = |need: &Need| match need {
            Need::Bare(path) => Some(*path),
            Need::Has(_)
            | Need::AnyOf(_)
            | Need::Array(_)
            | Need::Is(..)
            | Need::StartsWith(..)
            | Need::Lacks(_)
            | Need::Column(_)
            | Need::Around(_) => None,
        };
        match self {
            Self::BuiltIn(_, shape) => shape.needs.iter().filter_map(bare).collect(),
            Self::Mapped(_) => Vec::new(),
        }
    }

    /// Makes records of one.
    pub(super) fn normalize(
        &self,
        (text, pattern, indices): (&str, usize, &[usize]),
        detection: &Detection,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        match self {
            Self::BuiltIn(source, shape) => {
                let envelope = detection.envelope(shape);
                let record = RawRecord { text, shape, pattern, indices, envelope };
                (source.normalize)(&record, output)
            }
            Self::Mapped(map) => {
                output.push(map.normalize(text)?);
                Ok(())
            }
        }
    }
}

/// The names at the top that a shape asks for.
fn needed_keys(shape: &Shape) -> Vec<&'static str> {
    let path = |need: &Need| match need {
        Need::Has(path) | Need::Array(path) | Need::Is(path, _) | Need::StartsWith(path, _) => {
            Some(*path)
        }
        Need::AnyOf(_) | Need::Lacks(_) | Need::Column(_) | Need::Around(_) | Need::Bare(_) => None,
    };
    let first = |path: &'static str| match path::first(path)? {
        (Step::Key(name), _) => Some(name),
        (Step::Each | Step::At(_), _) => None,
    };
    shape.needs.iter().filter_map(|need| first(path(need)?)).collect()
}
