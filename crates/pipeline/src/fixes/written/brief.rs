//! What there is to tell of a fault and the block that it stands in.

use quell_analyst::{Brief, Record};
use quell_catalog::Control;
use quell_mask::Kind;
use quell_model::{Claim, IssueKey, Untrusted};
use quell_remediate::Seen;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Opening;

/// Shortest name that is masked: shorter ones stand in too much.
const LEAST_NAME: usize = 4;
/// The fields of its names.
const NAMES: [&str; 3] = ["name", "name_2", "name_3"];

/// A fault in the code that no recipe closes, with the code that is told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixFault {
    /// The control, as the catalogue names it.
    pub control: String,
    /// The language, as people call it.
    pub language: String,
    /// The file, below the repository.
    pub file: String,
    /// What the block is called there.
    pub address: String,
    /// What it is (`aws_s3_bucket`).
    pub kind: String,
    /// The block's text, with plain line feeds.
    pub code: String,
    /// What the block calls what it makes.
    pub names: Vec<String>,
    /// The other blocks of the file, by name.
    pub others: Vec<String>,
    /// The arguments that its kind has; empty where that is not known.
    pub arguments: String,
    /// The arguments of its nested blocks that the fault is about.
    pub blocks: String,
    /// Blocks and values that it refers to.
    pub neighbours: Vec<FixNeighbour>,
    /// Why no recipe made a fix.
    pub recipe: String,
    /// What tools say that should be done.
    pub advice: Vec<FixAdvice>,
}

/// A block or a value that the block refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixNeighbour {
    /// What it is called.
    pub address: String,
    /// Its text.
    pub code: String,
}

/// What a tool says that should be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FixAdvice {
    /// What it is cited as: `finding:<id>`.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// What its finding says.
    pub title: String,
    /// What it advises.
    pub text: String,
}

/// A fault that a model is asked about.
#[derive(Debug)]
pub struct FixQuestion<'a> {
    /// The fault.
    pub fault: FixFault,
    /// What the catalogue knows of it.
    pub control: &'a Control,
    /// The issues that it is.
    pub issues: &'a [IssueKey],
}

impl FixQuestion<'_> {
    /// The records of the fault, what matters most first.
    #[must_use]
    pub fn brief(&self) -> Brief<'_> {
        self.fault.brief(self.control)
    }
}

impl FixFault {
    pub(super) fn new(seen: Seen, opening: &Opening) -> Self {
        let neighbour = |(address, code)| FixNeighbour { address, code };
        Self {
            control: opening.control.clone(),
            language: seen.language.to_owned(),
            file: seen.file,
            address: seen.address,
            kind: seen.kind,
            code: seen.code,
            names: seen.names,
            others: seen.others,
            arguments: seen.arguments,
            blocks: seen.blocks,
            neighbours: seen.neighbours.into_iter().map(neighbour).collect(),
            recipe: opening.said.clone(),
            advice: opening.advice.clone(),
        }
    }

    /// The records of the fault, what matters most first.
    #[must_use]
    pub fn brief<'c>(&self, control: &'c Control) -> Brief<'c> {
        let mut records = vec![self.fault(control), self.block()];
        if !self.arguments.is_empty() {
            records.push(
                Record::new(format!("schema:{}", self.kind), "schema")
                    .text("kind", self.kind.as_str())
                    .text("arguments", self.arguments.as_str())
                    .text("blocks", self.blocks.as_str()),
            );
        }
        records.extend(self.neighbours.iter().map(|FixNeighbour { address, code }| {
            Record::new(format!("block:{address}"), "neighbour")
                .text("address", address.as_str())
                .text("code", code.as_str())
        }));
        records.extend(self.advice.iter().map(advice));
        let known = control.explain.steps.iter().map(|step| Claim {
            text: Untrusted::from(step.as_str()),
            evidence: vec![format!("control:{}", control.id)],
        });
        Brief {
            records,
            controls: vec![control],
            known: vec![("why", known.collect())],
            ..Brief::default()
        }
    }

    fn fault(&self, control: &Control) -> Record {
        let of = |text: &str| text.replace("{asset}", &self.address);
        let explain = &control.explain;
        Record::new(format!("control:{}", control.id), "fault")
            .text("title", control.title.as_str())
            .text("what", of(&explain.what))
            .text("why", of(&explain.why))
            .text("do", explain.steps.iter().map(|step| of(step)).collect::<Vec<_>>().join(" "))
            .text("decide", control.decide.as_deref().map(of).unwrap_or_default())
            .text("breaks", of(&explain.breaks))
    }

    fn block(&self) -> Record {
        let block = Record::new(format!("block:{}", self.address), "block")
            .text("language", self.language.as_str())
            .text("file", self.file.as_str())
            .text("address", self.address.as_str())
            .text("kind", self.kind.as_str());
        let own = self.names.iter().filter(|name| name.len() >= LEAST_NAME);
        let own = own.filter(|name| !self.address.contains(name.as_str()));
        NAMES
            .into_iter()
            .zip(own)
            .fold(block, |block, (field, name)| {
                block.name(field, name.as_str(), (Kind::Resource, "name"))
            })
            .text("code", self.code.as_str())
            .text("others", self.others.join(" "))
            .text("recipe", self.recipe.as_str())
    }
}

fn advice(advice: &FixAdvice) -> Record {
    Record::new(advice.id.as_str(), "advice")
        .text("tool", advice.tool.as_str())
        .text("title", advice.title.as_str())
        .text("text", advice.text.as_str())
}
