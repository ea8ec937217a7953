//! What a source declares about itself, and what it is given to normalize.

use std::collections::HashMap;
use std::sync::OnceLock;

use quell_model::{Record, Scope, Teller, Timestamp};
use serde_json::Value;

use crate::live::Live;

/// A source: a tool's or a standard's format.
#[derive(Debug)]
pub struct Source {
    /// Short id (`asff`, `wiz`), the `format` of accounting and of [`quell_model::Tool`].
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// The shapes its documents come in. Detection tries them all and takes the best fit.
    pub shapes: &'static [Shape],
    /// Makes records of one raw record.
    pub normalize: fn(&RawRecord<'_>, &mut Output) -> Result<(), Rejection>,
    /// Names what the whole document covered, from its envelope (for tools that list nothing
    /// when all is well). Called once, after the last record.
    pub coverage: Option<fn(&Envelope<'_>) -> Vec<Scope>>,
    /// How it is asked over the network, where it can be.
    pub live: Option<&'static Live>,
}

/// One shape of document: where its records are and how it is known.
#[derive(Debug)]
pub struct Shape {
    /// Name for people and for the normalizer (`EventBridge event`).
    pub name: &'static str,
    /// Paths of the records: `$` (the document itself; also each line of NDJSON and each of
    /// several concatenated documents), `$[]` (each element of a root array),
    /// `$.Findings[]`, `$.Results[].Vulnerabilities[]`.
    pub records: &'static [&'static str],
    /// What must be there. Paths as above; `[]` looks at the first elements of the array, and
    /// one that has it is enough. A document fits when every need is met.
    pub needs: &'static [Need],
    /// Whether the normalizer reads the document around the records. It is then read in a pass
    /// of its own, since it may stand behind them.
    pub envelope: bool,
}

impl Shape {
    /// A shape whose records are read without the document around them.
    #[must_use]
    pub const fn plain(
        name: &'static str,
        records: &'static [&'static str],
        needs: &'static [Need],
    ) -> Self {
        Self { name, records, needs, envelope: false }
    }

    /// A table with these columns; see [`Need::Column`].
    #[must_use]
    pub const fn table(name: &'static str, needs: &'static [Need]) -> Self {
        Self { name, records: &["$"], needs, envelope: false }
    }

    /// Whether its documents are tables.
    pub(crate) fn is_table(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::Column(_)))
    }
}

/// One thing that must be there for a shape to fit.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// The path is there, null or not.
    Has(&'static str),
    /// At least one of the paths is there.
    AnyOf(&'static [&'static str]),
    /// The path is an array (empty or not).
    Array(&'static str),
    /// The path is text, and equals one of these.
    Is(&'static str, &'static [&'static str]),
    /// The path is text or a number whose text starts with one of these.
    StartsWith(&'static str, &'static [&'static str]),
    /// The path is not there.
    Lacks(&'static str),
    /// The table has a column of this name, in any case and with or without blanks, `_` and `-`. A shape that asks for a column is one of
    /// tables (CSV and its like); each row is a record, an object of its columns by name.
    Column(&'static str),
    /// Always met: these records stay in the envelope too, since other records refer to them.
    Around(&'static str),
    /// Always met: elements of this list (`$.Results[]`) may hold no list of records. Elsewhere
    /// one that holds none is a reject.
    Bare(&'static str),
}

/// One record as it stands in the input.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// The record's JSON text: exactly one value, already checked to be UTF-8.
    pub text: &'a str,
    /// The shape that fitted.
    pub shape: &'static Shape,
    /// Which of [`Shape::records`] it matched.
    pub pattern: usize,
    /// The array indices on the way to it, outermost first (`Results[2].Vulnerabilities[7]` → 2, 7).
    pub indices: &'a [usize],
    /// The document around it.
    pub envelope: Envelope<'a>,
}

/// The document around the records.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The whole document with every record array emptied; `Value::Null` unless the shape asks
    /// for it. Other arrays keep their elements and indices.
    pub document: &'a Value,
    /// When this content was first imported: the observation time for formats that carry none.
    pub imported_at: Timestamp,
    /// The file's name for people, hostile; not to be used for detection or identity.
    pub file_name: &'a str,
    /// The shape that fitted.
    pub shape: &'static Shape,
    /// What the normalizer looks up in the document by id; see [`Envelope::look_up`].
    pub index: &'a OnceLock<Index>,
}

/// Ids that stand in a document, each with the JSON pointer to what it names.
pub type Index = HashMap<String, String>;

impl<'a> Envelope<'a> {
    /// What an id names in the document, with the pointer to it. `build` makes the index, once
    /// for all records: searching for each of them would take the square of the file's length.
    pub fn look_up(&self, id: &str, build: fn(&Value) -> Index) -> Option<(&'a str, &'a Value)> {
        let pointer = self.index.get_or_init(|| build(self.document)).get(id)?;
        Some((pointer.as_str(), self.document.pointer(pointer)?))
    }
}

/// Where a normalizer puts what it made. A record that yields nothing and no rejection is
/// counted as rejected, so nothing vanishes.
#[derive(Debug, Default)]
pub struct Output {
    /// The records made, in order.
    pub records: Vec<Record>,
    /// What the record tells all of.
    pub tellers: Vec<Teller>,
}

impl Output {
    /// Adds one record.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }
}

/// Why a record cannot be taken: one sentence, lower case, naming the JSON path where it can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(pub String);

impl Rejection {
    /// A rejection with its reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<serde_json::Error> for Rejection {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("not as this format has it: {error}"))
    }
}
