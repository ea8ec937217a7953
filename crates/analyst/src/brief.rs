//! What there is to tell of a subject, whatever task reads it.

use std::borrow::Cow;

use quell_catalog::{CloudSteps, Control};
use quell_mask::{Kind, Known};
use quell_model::Claim;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whom an answer is written for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Who has to mend it.
    #[default]
    Owner,
    /// Who looks into what happened.
    Analyst,
    /// Who answers for the risk.
    Executive,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Analyst, Self::Executive];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Analyst => "analyst",
            Self::Executive => "executive",
        }
    }
}

/// What an authorised person allowed to leave. Nothing, unless somebody did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// What leaves as it stands.
    pub mask: quell_mask::Grants,
    /// Whether raw logs may be told at all.
    pub logs: bool,
}

/// How a field is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// A text or a figure: what is secret or personal in it is masked.
    Text,
    /// The whole value is a name, and stands in other texts too: it is masked wherever it does.
    Name(Kind, Cow<'static, str>),
    /// A raw log: it is told only where somebody granted that.
    Log,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as a task's list of fields has it.
    pub name: Cow<'static, str>,
    /// What the record says.
    pub value: String,
    /// How it is treated.
    pub class: Class,
}

/// A record that may be cited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is known as: `finding:<id>`, `issue:<id>`, `control:<id>`.
    pub id: String,
    /// What it is, as a task's list of fields has it.
    pub kind: Cow<'static, str>,
    /// Its fields.
    pub fields: Vec<Field>,
}

impl Record {
    /// A record of this id and kind.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: impl Into<Cow<'static, str>>) -> Self {
        Self { id: id.into(), kind: kind.into(), fields: Vec::new() }
    }

    /// With a text or a figure, where there is one.
    #[must_use]
    pub fn text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(name, value.into(), Class::Text)
    }

    /// With a name, where there is one. `about` is in our own words: `rds instance`.
    #[must_use]
    pub fn name(
        self,
        name: &'static str,
        value: impl Into<String>,
        is: (Kind, impl Into<Cow<'static, str>>),
    ) -> Self {
        self.with(name, value.into(), Class::Name(is.0, is.1.into()))
    }

    /// With a raw log, where there is one.
    #[must_use]
    pub fn log(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(name, value.into(), Class::Log)
    }

    fn with(mut self, name: &'static str, value: String, class: Class) -> Self {
        if !value.trim().is_empty() {
            self.fields.push(Field { name: name.into(), value, class });
        }
        self
    }
}

/// All there is to tell of a subject.
#[derive(Debug, Clone, Default)]
pub struct Brief<'a> {
    /// The records, what matters most first: where a task takes fewer, the last are left out.
    pub records: Vec<Record>,
    /// Counts, scores and dates that belong to no record. They leave unmasked: ours alone.
    pub figures: Vec<(&'a str, String)>,
    /// What the catalogue knows of the faults.
    pub controls: Vec<&'a Control>,
    /// Commands that the catalogue has for them.
    pub steps: Vec<&'a CloudSteps>,
    /// Names that stand in no field of their own, and are masked wherever they stand.
    pub names: Vec<Known>,
    /// What the rules say, by the part of an answer that it stands in for.
    pub known: Vec<(&'a str, Vec<Claim>)>,
}

impl Brief<'_> {
    /// What the rules say in a part of an answer.
    #[must_use]
    pub fn known(&self, part: &str) -> Vec<Claim> {
        let found = self.known.iter().find(|(name, _)| *name == part);
        found.map(|(_, claims)| claims.clone()).unwrap_or_default()
    }
}
