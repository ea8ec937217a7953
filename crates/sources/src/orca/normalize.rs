//! Which kind of record it is, and the words that all kinds share.

use quell_model::{Record, RelationKind, Severity, Status, Tool, Untrusted};
use serde_json::value::RawValue;

use super::wire::{Fields, FlatAsset, Inventory, Keys, Served, Text};
use super::{alert, asset, table, vulnerability};
use crate::intake::place::placed_below;
use crate::related::{Field, Related, Way, described};
use crate::{Output, RawRecord, Rejection};

const MOST_TEXT_BYTES: usize = 4096;

/// What an asset of the older API names beside itself. Security groups have only names there.
static AROUND: &[Field] = &[
    Field::aws("compute.vpcs[]", (Way::In, RelationKind::Contains), "AWS::EC2::VPC"),
    Field::aws("compute.subnets[]", (Way::In, RelationKind::Contains), "AWS::EC2::Subnet"),
    Field::aws(
        "compute.iam_role",
        (Way::In, RelationKind::AttachedTo),
        "AWS::IAM::InstanceProfile",
    ),
    Field::aws("vm.image_id", (Way::Out, RelationKind::UsesImage), "AWS::EC2::Image"),
    Field::aws("model.data.Vm.ImageId", (Way::Out, RelationKind::UsesImage), "AWS::EC2::Image"),
];

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    if raw.shape.is_table() {
        return table::normalize(raw, output);
    }
    by_keys(raw.text, output)
}

/// Reads a record as what its keys say it is.
pub(super) fn by_keys(text: &str, output: &mut Output) -> Result<(), Rejection> {
    let keys: Keys<'_> = serde_json::from_str(text)?;
    let around = keys.data.map(RawValue::get).filter(|data| data.starts_with('{'));
    if has_alert_state(&keys) || keys.alert_id.get().is_some() {
        alert::flat(text, output)
    } else if keys.orca_score.is_some() || keys.served_alert_id.is_some() {
        alert::served(text, &Served::default(), output)
    } else if keys.served_cve_id.is_some() {
        vulnerability::served(text, &Served::default(), output)
    } else if keys.cve_id.get().is_some() {
        vulnerability::flat(text, output)
    } else if let Some(data) = around.filter(|_| !keys.kind.or_empty().is_empty()) {
        let served: Served<'_> = serde_json::from_str(text)?;
        below_data(data, &served, output)
            .map_err(|rejection| Rejection(placed_below(&rejection.0, (data, "$.data"))))
    } else if keys.asset_unique_id.get().is_some() {
        let wire: FlatAsset<'_> = serde_json::from_str(text)?;
        let made =
            asset::flat(&wire).ok_or_else(|| Rejection::new("no id at $.asset_unique_id"))?;
        let mut related = Related::of(tool());
        described(&made, &serde_json::from_str(text)?, AROUND, &mut related);
        related.claims(&made);
        output.push(Record::Asset(Box::new(made)));
        related.write(output);
        Ok(())
    } else {
        let what = keys.name.get().or_else(|| keys.kind.get()).unwrap_or("record");
        Err(Rejection::new(format!("an Orca `{what}` that is no alert, vulnerability or asset")))
    }
}

/// A record of the serving layer, whose fields stand below `data`.
fn below_data(data: &str, served: &Served<'_>, output: &mut Output) -> Result<(), Rejection> {
    let fields: Fields<'_> = serde_json::from_str(data)?;
    if fields.alert_id.0.get().is_some() || served.kind.or_empty() == "Alert" {
        alert::served(data, served, output)
    } else if fields.cve_id.0.get().is_some() {
        vulnerability::served(data, served, output)
    } else {
        served_asset(data, served, output)
    }
}

fn has_alert_state(keys: &Keys<'_>) -> bool {
    keys.state.is_some_and(|state| state.get().contains("\"alert_id\""))
}

fn served_asset(data: &str, served: &Served<'_>, output: &mut Output) -> Result<(), Rejection> {
    let mut wire: Inventory<'_> = serde_json::from_str(data)?;
    if wire.name.0.get().is_none() {
        wire.name.0 = served.name.clone();
    }
    if wire.kind.0.get().is_none() {
        wire.kind.0 = served.kind.clone();
    }
    if wire.asset_unique_id.0.get().is_none() {
        wire.asset_unique_id.0 = served.asset_unique_id.clone();
    }
    let fields: Fields<'_> = serde_json::from_str(data)?;
    let made = asset::inventory(&wire, &fields.cloud_account.0)
        .ok_or_else(|| Rejection::new("no id at $.asset_unique_id"))?;
    // Of other assets a record names its cluster and group, and both by Orca's own id, under which
    // no other record knows them.
    let mut related = Related::of(tool());
    related.claims(&made);
    output.push(Record::Asset(Box::new(made)));
    related.write(output);
    Ok(())
}

/// The id of an alert of the serving layer. Where it is a number there, the name is the id that
/// everything else has.
pub(super) fn alert_id(id: &Text<'_>, name: &Text<'_>) -> Option<String> {
    let name = name.get();
    let Some(id) = id.get() else { return name.map(str::to_owned) };
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(id.to_owned());
    }
    let whole = name.filter(|name| name.starts_with("orca-"));
    Some(whole.map_or_else(|| format!("orca-{id}"), str::to_owned))
}

pub(super) fn tool() -> Tool {
    Tool { product: "orca".to_owned(), format: "orca".to_owned() }
}

pub(super) fn prose(text: &Text<'_>) -> Untrusted {
    text.untrusted(MOST_TEXT_BYTES)
}

/// The severity, from the newer word, the older word, the older number, or the score, whichever
/// is there first; and the text it was read from. In objects that carry both vocabularies the
/// newer one is the current judgement.
pub(super) fn severity(
    risk_level: &Text<'_>,
    word: &Text<'_>,
    score: &Text<'_>,
    orca_score: &Text<'_>,
) -> (Severity, String) {
    let newer = risk_level.get().filter(|level| !level.eq_ignore_ascii_case("unknown"));
    if let Some(text) = newer.or_else(|| word.get()) {
        return (of_word(text), text.to_owned());
    }
    if let Some(text) = score.get() {
        return (of_word(text), text.to_owned());
    }
    let native = orca_score.get().unwrap_or_default().to_owned();
    (orca_score.number().map_or(Severity::Unknown, Severity::from_cvss), native)
}

/// The four steps of the older API, as words and as numbers, and the newer words.
fn of_word(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "compromised" | "1" => Severity::Critical,
        "imminent compromise" | "2" => Severity::High,
        "hazardous" | "3" => Severity::Medium,
        "4" => Severity::Low,
        other => Severity::from_word(other),
    }
}

pub(super) fn status(word: &Text<'_>) -> Status {
    match word.or_empty().to_ascii_lowercase().as_str() {
        "in_progress" => Status::InProgress,
        "closed" | "close" => Status::Resolved,
        "dismissed" | "dismiss" | "snoozed" => Status::Suppressed,
        _ => Status::Open,
    }
}
