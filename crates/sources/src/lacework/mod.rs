//! Lacework, now FortiCNAPP: alerts, vulnerabilities, compliance and inventory of API version 2.
//!
//! An alert of a list does not say what it is about; its details do. An alert without entities
//! takes the AWS resource or account that its text names, and else stands for itself, so that
//! nothing merges with it by mistake. A report names the resources that violate a recommendation,
//! and for the others only how many there are: what passed is evidence about the account.
//! Over the API an alert comes with its scopes, and becomes a finding and what it was seen in.
//! Policies, exceptions and comments are no findings and are rejected by name.

use quell_model::{Severity, Tool};

use crate::{Output, RawRecord, Rejection, Source};

mod alert;
mod compliance;
mod entity_map;
mod inventory;
mod live;
mod on_machine;
mod place;
mod query_row;
mod shapes;
mod vulnerability;
mod wire;

#[cfg(test)]
mod tests;

/// Lacework (FortiCNAPP).
pub(crate) const SOURCE: Source = Source {
    id: "lacework",
    title: "Lacework (FortiCNAPP)",
    shapes: shapes::SHAPES,
    normalize,
    coverage: None,
    live: Some(&live::LIVE),
};

/// Most bytes that are kept of a title or a name.
const NAME_BYTES: usize = 512;
/// Most bytes that are kept of a description.
const TEXT_BYTES: usize = 4096;

type Reader = fn(&RawRecord<'_>, &mut Output) -> Result<(), Rejection>;

/// What reads each shape, by its name.
const READERS: &[(&str, Reader)] = &[
    (shapes::ALERT, alert::alert),
    (shapes::BUS, alert::bus),
    (shapes::CALL, inventory::call),
    (shapes::CLOUD, on_machine::cloud),
    (shapes::DETAILS, alert::details),
    (shapes::ENTITY, inventory::entity),
    (shapes::EVALUATION, compliance::evaluation),
    (shapes::INVENTORY, inventory::inventory),
    (shapes::OBSERVATION, inventory::observation),
    (shapes::ON_MACHINE, on_machine::on_machine),
    (shapes::POSTED, alert::posted),
    (shapes::QUERY, query_row::query_row),
    (shapes::RECOMMENDATION, compliance::recommendation),
    (shapes::VULNERABILITY, vulnerability::vulnerability),
];

/// Records that are never findings, and why.
const REFUSED: &[(&str, &str)] = &[
    (shapes::COMMENT, "a comment on an alert, not a finding"),
    (shapes::DEFINITION, "a definition of a report or a group, not a finding"),
    (shapes::DELIVERY, "the delivery of an alert to a channel, not a finding"),
    (shapes::EXCEPTION, "an exception, not a finding"),
    (shapes::POLICY, "a policy, not a finding"),
    (
        shapes::QUESTION,
        "a question of an investigation, which does not say of which alert; export the details",
    ),
];

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let name = raw.shape.name;
    if let Some((_, reader)) = READERS.iter().find(|(shape, _)| *shape == name) {
        return reader(raw, output);
    }
    let reason = REFUSED.iter().find(|(shape, _)| *shape == name).map(|(_, reason)| *reason);
    Err(Rejection::new(reason.unwrap_or("a shape that nothing reads")))
}

/// Severities are words in alerts and numbers from 1, the worst, in reports and the webhook.
fn severity(word: &str) -> Severity {
    match word {
        "1" => Severity::Critical,
        "2" => Severity::High,
        "3" => Severity::Medium,
        "4" => Severity::Low,
        "5" => Severity::Informational,
        other => Severity::from_word(other),
    }
}

fn tool() -> Tool {
    Tool { product: "lacework".to_owned(), format: "lacework".to_owned() }
}
