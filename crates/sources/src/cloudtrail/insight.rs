//! Insights events: CloudTrail's own word that an API is called, or fails, unusually often.

use jiff::SignedDuration;
use quell_model::{
    Asset, Detection, Finding, FindingClass, Rule, Status, Timestamp, Tool, Untrusted,
};
use serde_json::Value;

use super::wire::{Attribution, Event, Insight, Share};
use crate::wire::Facts;

const NAME_BYTES: usize = 512;
/// Identities, agents and errors that one fact lists.
const MOST_LISTED: usize = 8;
/// Longest unusual time that is believed, in minutes: a year.
const MOST_MINUTES: f64 = 525_600.0;

/// What stands for no error and no agent.
const NONE: &str = "null";

/// What its attributes are about.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("userIdentityArn", "identities"),
    ("userAgent", "user agents"),
    ("errorCode", "error codes"),
];

/// The detection that an Insights event is. Its beginning and its end are the same one.
pub(super) fn finding(
    event: &Event<'_>,
    (native_id, kind, who): (String, &str, &str),
    (asset, time): (Asset, Option<Timestamp>),
) -> Finding {
    let insight = &event.insight;
    let api = insight.name.get().or(event.name.get()).unwrap_or_default();
    let id = if api.is_empty() { kind.to_owned() } else { format!("{kind}:{api}") };
    let id = Untrusted::from(id).capped(NAME_BYTES).raw().to_owned();
    let tool = Tool { product: "cloudtrail".to_owned(), format: "cloudtrail".to_owned() };
    let detection =
        Detection { principal: Untrusted::from(who).capped(NAME_BYTES), ..Detection::default() };
    Finding {
        native_id,
        title: Untrusted::from(title(kind, api, insight)).capped(NAME_BYTES),
        status: Status::Open,
        status_native: insight.state.untrusted(NAME_BYTES).raw().to_owned(),
        first_seen: first_seen(insight, time),
        last_seen: time,
        detection: Some(Box::new(detection)),
        evidence: facts(event, api),
        ..Finding::new(tool, FindingClass::Detection, Rule { id, ..Rule::default() }, asset)
    }
}

fn title(kind: &str, api: &str, insight: &Insight<'_>) -> String {
    let of = insight.source.get().map(|source| format!(" of {source}")).unwrap_or_default();
    match (kind, api) {
        (_, "") => format!("{kind}: what was called is not said"),
        ("ApiCallRateInsight", api) => format!("{api}{of} is called at an unusual rate"),
        ("ApiErrorRateInsight", api) => match insight.error_code.get() {
            Some(code) => format!("{api}{of} fails with {code} at an unusual rate"),
            None => format!("{api}{of} fails at an unusual rate"),
        },
        (kind, api) => format!("{kind}: {api}{of}"),
    }
}

/// The end tells how many minutes it took.
fn first_seen(insight: &Insight<'_>, time: Option<Timestamp>) -> Option<Timestamp> {
    let minutes = insight.context.statistics.get("insightDuration").and_then(Value::as_f64);
    match (insight.state.or_empty(), minutes) {
        ("End", Some(minutes)) if (0.0..=MOST_MINUTES).contains(&minutes) => {
            let took = SignedDuration::try_from_secs_f64(minutes * 60.0).ok()?;
            time?.checked_sub(took).ok()
        }
        ("End", _) => None,
        _ => time,
    }
}

fn facts(event: &Event<'_>, api: &str) -> Vec<(String, Untrusted)> {
    let insight = &event.insight;
    let mut facts = Facts::default();
    let source = insight.source.get().unwrap_or(event.source.or_empty());
    let call = [source, api].into_iter().filter(|part| !part.is_empty());
    facts.add("api", &call.collect::<Vec<_>>().join(" "));
    facts.add("errorCode", insight.error_code.or_empty());
    facts.add("state", insight.state.or_empty());
    if insight.context.statistics.is_object() {
        facts.add("statistics", &insight.context.statistics.to_string());
    }
    let all = &insight.context.attributions;
    let sides = |side: &dyn Fn(&Attribution<'_>) -> String| -> String {
        all.iter().map(side).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
    };
    facts.add("usual", &sides(&|one| listed(one, "usually", one.baseline.iter())));
    let new = |one: &Attribution<'_>| {
        let known = |share: &&Share<'_>| {
            one.baseline.iter().any(|usual| usual.value.get() == share.value.get())
        };
        let new = one.insight.iter().filter(|share| !known(share));
        listed(one, "not among those that usually call it", new)
    };
    facts.add("unusual", &sides(&new));
    let agents = all.iter().filter(|one| one.attribute.get() == Some("userAgent"));
    let agent = agents.flat_map(|one| &one.insight).find_map(|share| share.value.get());
    facts.add("userAgent", agent.unwrap_or_default());
    facts.into_vec()
}

/// `identities usually: A (0.2 a minute), B`; empty where nothing is listed.
fn listed<'s>(
    of: &Attribution<'_>,
    how: &str,
    shares: impl Iterator<Item = &'s Share<'s>>,
) -> String {
    let known = ATTRIBUTES.iter().find(|(name, _)| Some(*name) == of.attribute.get());
    let Some((_, what)) = known else { return String::new() };
    let one = |share: &Share<'_>| {
        let value = share.value.get().filter(|value| *value != NONE)?.to_owned();
        Some(match share.average.number().filter(|rate| rate.is_finite()) {
            Some(rate) => format!("{value} ({rate} a minute)"),
            None => value,
        })
    };
    let shares: Vec<String> = shares.filter_map(one).take(MOST_LISTED).collect();
    if shares.is_empty() { String::new() } else { format!("{what} {how}: {}", shares.join(", ")) }
}
