//! Compliance: the recommendations of reports and the evaluations of policies.

use quell_model::{
    Asset, Evidence, Finding, FindingClass, Hints, Provider, Record, Rule, Status, Timestamp,
    Untrusted,
};
use serde_json::Value;

use super::place::{account, provider_of_id, resource};
use super::wire::{PolicyEvaluation, Recommendation};
use super::{NAME_BYTES, TEXT_BYTES, severity, tool};
use crate::wire::text_of;
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

/// Most bytes of a word that every finding of one record repeats.
const MOST_WORD_BYTES: usize = 512;

/// What a status means.
enum Meaning {
    /// It violates the policy.
    Fails,
    /// It is set aside.
    SetAside,
    /// It was checked, and passed or could not be decided.
    Checked { passed: bool },
}

fn meaning(status: &str) -> Meaning {
    match status.to_ascii_lowercase().as_str() {
        "compliant" => Meaning::Checked { passed: true },
        "suppressed" => Meaning::SetAside,
        "couldnotassess" | "requiresmanualassessment" | "manual" | "notapplicable" => {
            Meaning::Checked { passed: false }
        }
        _ => Meaning::Fails,
    }
}

/// What every finding of one record has in common.
struct Common<'a> {
    rule: Rule,
    severity: &'a str,
    status: &'a str,
    time: Option<Timestamp>,
    reference: Option<String>,
    facts: Vec<(&'a str, &'a str)>,
}

/// A recommendation of a report: a finding for each resource that violates it or is set aside,
/// and evidence about the account where there is none.
pub(super) fn recommendation(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Recommendation<'_> = serde_json::from_str(raw.text)?;
    let id = row
        .rec_id
        .get()
        .ok_or_else(|| Rejection::new("a recommendation without its id at $.REC_ID"))?;
    let (cloud, holder) = holder(&row).ok_or_else(|| {
        Rejection::new("a recommendation without $.ACCOUNT_ID, $.SUBSCRIPTION_ID and $.PROJECT_ID")
    })?;
    let repeated = [&row.rec_id, &row.status, &row.severity, &row.service];
    let words = repeated.into_iter().filter_map(Text::get).chain([holder]);
    if words.max_by_key(|word| word.len()).is_some_and(|word| word.len() > MOST_WORD_BYTES) {
        return Err(Rejection::new(
            "a recommendation with more than 512 bytes in $.REC_ID, $.STATUS, $.SERVICE or its account",
        ));
    }
    let common = Common {
        rule: Rule {
            id: id.to_owned(),
            title: row.title.untrusted(NAME_BYTES),
            aliases: Vec::new(),
        },
        severity: row.severity.or_empty(),
        status: row.status.or_empty(),
        time: row.start_time.time(),
        reference: row.info_link.link(),
        facts: vec![
            ("category", row.category.or_empty()),
            ("service", row.service.or_empty()),
            ("assessed_resources", row.assessed_resource_count.or_empty()),
        ],
    };
    let before = output.records.len();
    let place = |native: &str, region: Option<&str>| {
        located(native, (Some(cloud), Some(holder), region), row.service.or_empty())
    };
    for violation in &row.violations {
        let reasons: Vec<&str> = violation.reasons.iter().filter_map(Text::get).take(16).collect();
        let native = violation.resource.get().unwrap_or(holder);
        let asset = place(native, violation.region.get());
        output.push(finding(&common, asset, Status::Open, &reasons.join(", ")));
    }
    for suppressed in &row.suppressions {
        let nested = suppressed.get("resource").and_then(text_of);
        if let Some(native) = nested.or_else(|| text_of(suppressed)) {
            output.push(finding(&common, place(&native, None), Status::Suppressed, ""));
        }
    }
    if output.records.len() == before {
        let asset = account(Some(cloud), holder);
        output.push(match meaning(common.status) {
            Meaning::Fails => finding(&common, asset, Status::Open, ""),
            Meaning::SetAside => evidence(&common, asset, false),
            Meaning::Checked { passed } => evidence(&common, asset, passed),
        });
    }
    Ok(())
}

fn holder<'a>(row: &'a Recommendation<'_>) -> Option<(Provider, &'a str)> {
    let first = |ids: [&'a Text<'_>; 2]| ids.into_iter().find_map(Text::get);
    let aws = row.account_id.get().map(|id| (Provider::Aws, id));
    let azure = || first([&row.subscription_id, &row.tenant_id]).map(|id| (Provider::Azure, id));
    let google = || first([&row.project_id, &row.organization_id]).map(|id| (Provider::Gcp, id));
    aws.or_else(azure).or_else(google)
}

/// The evaluation of one policy on one resource.
pub(super) fn evaluation(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: PolicyEvaluation<'_> = serde_json::from_str(raw.text)?;
    let id =
        row.id.get().ok_or_else(|| Rejection::new("an evaluation without its policy at $.id"))?;
    let (cloud, holder) = account_of(&row.account);
    let native = row.resource.get().or(holder).ok_or_else(|| {
        Rejection::new("an evaluation without $.resource and without its account in $.account")
    })?;
    let common = Common {
        rule: Rule {
            id: id.to_owned(),
            title: row.recommendation.untrusted(NAME_BYTES),
            aliases: Vec::new(),
        },
        severity: row.severity.or_empty(),
        status: row.status.or_empty(),
        time: row.report_time.time(),
        reference: None,
        facts: vec![("section", row.section.or_empty())],
    };
    let asset = located(native, (cloud, holder, row.region.get()), "");
    output.push(match meaning(common.status) {
        Meaning::Fails => finding(&common, asset, Status::Open, row.reason.or_empty()),
        Meaning::SetAside => finding(&common, asset, Status::Suppressed, row.reason.or_empty()),
        Meaning::Checked { passed } => evidence(&common, asset, passed),
    });
    Ok(())
}

/// The account's id; each cloud names it otherwise.
fn account_of(value: &Value) -> (Option<Provider>, Option<&str>) {
    let names = [
        (Provider::Aws, ["AccountId", "accountId"]),
        (Provider::Azure, ["SubscriptionId", "subscriptionId"]),
        (Provider::Gcp, ["ProjectId", "projectId"]),
    ];
    let named = names.into_iter().find_map(|(provider, keys)| {
        let id = keys.into_iter().find_map(|key| value.get(key)).and_then(Value::as_str)?;
        Some((provider, id)).filter(|(_, id)| !id.is_empty())
    });
    (named.map(|(provider, _)| provider), named.map(|(_, id)| id))
}

type Where<'a> = (Option<Provider>, Option<&'a str>, Option<&'a str>);

fn located(native: &str, (cloud, holder, region): Where<'_>, kind: &str) -> Asset {
    if Some(native) == holder {
        return account(cloud, native);
    }
    resource(
        native,
        kind,
        &Hints {
            provider: provider_of_id(native).or(cloud),
            account: holder,
            region,
            ..Hints::default()
        },
    )
}

fn native_id(common: &Common<'_>, asset: &Asset) -> String {
    format!("{}|{}|{}", common.rule.id, asset.id.account, asset.native_id)
}

fn finding(common: &Common<'_>, asset: Asset, status: Status, reason: &str) -> Record {
    let mut facts = Facts::default();
    facts.add("reason", reason);
    for (name, value) in &common.facts {
        facts.add(name, value);
    }
    let title = if common.rule.title.is_empty() {
        Untrusted::from(common.rule.id.as_str())
    } else {
        common.rule.title.clone()
    };
    Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id: native_id(common, &asset),
        class: FindingClass::Misconfiguration,
        rule: common.rule.clone(),
        title,
        description: Untrusted::from(reason).capped(TEXT_BYTES),
        severity: severity(common.severity),
        severity_native: common.severity.to_owned(),
        status,
        status_native: common.status.to_owned(),
        asset,
        first_seen: None,
        last_seen: common.time,
        vulnerability: None,
        location: None,
        detection: None,
        remediation: Untrusted::default(),
        references: common.reference.iter().cloned().collect(),
        evidence: facts.into_vec(),
        scope: None,
    }))
}

fn evidence(common: &Common<'_>, asset: Asset, passed: bool) -> Record {
    Record::Evidence(Box::new(Evidence {
        tool: tool(),
        native_id: native_id(common, &asset),
        rule: common.rule.clone(),
        asset,
        passed,
        result_native: common.status.to_owned(),
        observed: common.time,
        scope: None,
    }))
}
