//! What GuardDuty knows to be usual, and what of it was not, as facts.
//!
//! Findings of its anomaly detection list what an identity, a bucket and an account do often, and
//! what of this activity was never seen of them. Keys are made of three parts, such as
//! `frequentProfiledASNsUserIdentityProfiling`: how often, what, and of whom.

use serde_json::Value;

use crate::wire::{Facts, text_of};

/// Words that one list gives.
const MOST_WORDS: usize = 10;

const HOW: &[(&str, &str)] =
    &[("frequentProfiled", "often"), ("infrequentProfiled", "seldom"), ("rareProfiled", "rarely")];
const WHOM: &[(&str, &str)] = &[
    ("BucketUserIdentityProfiling", "this identity on this bucket"),
    ("UserIdentityProfiling", "this identity"),
    ("BucketProfiling", "this bucket"),
    ("AccountProfiling", "the account"),
];
const WHAT: &[(&str, &str)] = &[
    ("APIs", "calls"),
    ("ASNs", "networks"),
    ("Buckets", "buckets"),
    ("UserAgents", "user agents"),
    ("UserNames", "user names"),
    ("UserTypes", "user types"),
];

/// Adds what is usual and what was not. Names of the facts are the same for all tools.
pub(super) fn add(facts: &mut Facts, info: &Value) {
    let inner = ["value", "Value"].iter().find_map(|name| info.get(name)).and_then(Value::as_str);
    let inner: Option<Value> = inner.and_then(|text| serde_json::from_str(text).ok());
    let info = inner.as_ref().unwrap_or(info);
    let (usual, unusual) = (at(info, "profiledBehavior"), at(info, "unusualBehavior"));
    let calls = info.pointer("/anomalies/anomalousAPIs").and_then(text_of);
    facts.add("anomalous_calls", &calls.unwrap_or_default());
    facts.add("unusual", &said(unusual, &[("unusual", "never")]));
    facts.add("usual", &said(usual, HOW));
    let average = rates(usual, "numberOfHistoricalDailyAvgAPIs", "calls a day on average");
    let most = rates(usual, "numberOfHistoricalDailyMaxAPIs", "calls on the busiest day");
    let both = [average, most].into_iter().filter(|rate| !rate.is_empty());
    facts.add("usual_rate", &both.collect::<Vec<_>>().join("; "));
    facts.add("seen_rate", &rates(unusual, "numberOfPast24HoursAPIs", "calls in 24 hours"));
}

fn at<'v>(info: &'v Value, name: &str) -> &'v Value {
    info.get(name).unwrap_or(&Value::Null)
}

/// `this identity, calls often seen: A, B; the account, networks never seen: C`, the identity's
/// first.
fn said(lists: &Value, hows: &[(&str, &str)]) -> String {
    let mut said = Vec::new();
    let lists = || lists.as_object().into_iter().flatten();
    for (end, whom) in WHOM {
        for (begin, how) in hows {
            let of_both = lists().filter_map(|(key, value)| {
                let key = key.strip_prefix(begin)?.strip_suffix(end)?;
                let (_, what) = WHAT.iter().find(|(word, _)| *word == key)?;
                let words = listed(&text_of(value)?);
                (!words.is_empty()).then(|| format!("{whom}, {what} {how} seen: {words}"))
            });
            said.extend(of_both);
        }
    }
    said.join("; ")
}

fn rates(numbers: &Value, begin: &str, what: &str) -> String {
    let found = WHOM.iter().filter_map(|(end, whom)| {
        let number = text_of(numbers.get(format!("{begin}{end}"))?)?;
        number.parse::<f64>().ok()?;
        Some(format!("{number} {what} of {whom}"))
    });
    found.collect::<Vec<_>>().join("; ")
}

fn listed(text: &str) -> String {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.take(MOST_WORDS).collect::<Vec<_>>().join(", ")
}
