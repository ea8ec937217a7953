//! Assets with the policy they were checked against, and exported vulnerabilities: what the
//! inventory and the vulnerability export of the console write.

use quell_model::{
    Asset, AssetId, Evidence, Finding, FindingClass, Hints, Provider, Record, Rule, Severity,
    Untrusted, Vulnerability,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::asset::{account, provider};
use super::kinds::kind_of_type;
use super::{TITLE_BYTES, tool};
use crate::wire::{Text, object};
use crate::{Output, RawRecord, Rejection};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Checked<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    rrn: Text<'a>,
    account_id: Text<'a>,
    region_id: Text<'a>,
    cloud_type: Text<'a>,
    asset_type: Text<'a>,
    #[serde(deserialize_with = "object")]
    scanned_policy: Policy<'a>,
    #[serde(deserialize_with = "policies")]
    scanned_policies: Vec<Policy<'a>>,
}

/// The policies of an asset; `null` is none. Anything else costs the record, since an asset that
/// fails nothing would close what it failed before.
fn policies<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Policy<'a>>, D::Error> {
    let list = Option::<Vec<Policy<'a>>>::deserialize(deserializer);
    let list = list.map_err(|error| {
        D::Error::custom(format!("no list of objects at $.scannedPolicies ({error})"))
    });
    Ok(list?.unwrap_or_default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Policy<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    severity: Text<'a>,
    passed: Text<'a>,
}

/// An asset with the policies that it passed or failed: one beside it, or a list within.
pub(super) fn checked(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Checked<'_> = serde_json::from_str(raw.text)?;
    let native = wire.id.get().or_else(|| wire.rrn.get());
    let native = native.ok_or_else(|| Rejection::new("an asset without $.id and $.rrn"))?;
    let kind = wire.asset_type.or_empty();
    let cloud = wire.cloud_type.or_empty();
    let hints = Hints {
        provider: provider(cloud),
        account: account(&wire.account_id),
        region: wire.region_id.get(),
        kind: kind_of_type(&cloud.to_ascii_lowercase(), kind)
            .or(Some(kind))
            .filter(|kind| !kind.is_empty()),
        name: wire.name.get(),
        ..Hints::default()
    };
    // Azure machines carry their own id before the resource id.
    let own = native.find("/subscriptions/").and_then(|at| native.get(at..)).unwrap_or(native);
    let asset = named(own, kind, &hints);
    let rrn = wire.rrn.get().unwrap_or(native);
    if wire.scanned_policy.is_known() {
        judged(&wire.scanned_policy, &asset, rrn, output)?;
    } else if wire.scanned_policies.is_empty() {
        output.push(Record::Asset(Box::new(asset.clone())));
    }
    for policy in &wire.scanned_policies {
        judged(policy, &asset, rrn, output)?;
    }
    Ok(())
}

impl Policy<'_> {
    fn is_known(&self) -> bool {
        self.id.get().is_some() || self.name.get().is_some()
    }
}

fn judged(
    policy: &Policy<'_>,
    asset: &Asset,
    rrn: &str,
    output: &mut Output,
) -> Result<(), Rejection> {
    let id = policy.id.get().or_else(|| policy.name.get());
    let id = id.ok_or_else(|| Rejection::new("no policy at $.scannedPolicies[].id"))?;
    let rule =
        Rule { id: id.to_owned(), title: policy.name.untrusted(TITLE_BYTES), aliases: Vec::new() };
    let native_id = format!("{id}|{rrn}");
    if policy.passed.is_true() {
        output.push(Record::Evidence(Box::new(Evidence {
            tool: tool(),
            native_id,
            rule,
            asset: asset.clone(),
            passed: true,
            result_native: "passed".to_owned(),
            observed: None,
            scope: None,
        })));
        return Ok(());
    }
    let severity = policy.severity.or_empty();
    let finding = Finding {
        native_id,
        severity: Severity::from_word(severity),
        severity_native: severity.to_owned(),
        ..Finding::new(tool(), FindingClass::Misconfiguration, rule, asset.clone())
    };
    output.push(Record::Finding(Box::new(finding)));
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "SCREAMING_SNAKE_CASE")]
struct Exported<'a> {
    #[serde(borrow)]
    asset_id: Text<'a>,
    asset_name: Text<'a>,
    asset_type: Text<'a>,
    cloud_account_id: Text<'a>,
    service_provider: Text<'a>,
    cve_id: Text<'a>,
    cve_link: Text<'a>,
    cvss_base_score: Text<'a>,
    epss_score: Text<'a>,
    severity: Text<'a>,
    package_name: Text<'a>,
    installed_versions: Text<'a>,
    fix_version: Text<'a>,
    cisa_kev: Text<'a>,
    exploitable: Text<'a>,
    internet_exposed: Text<'a>,
}

/// One row of the vulnerability export.
pub(super) fn vulnerability(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Exported<'_> = serde_json::from_str(raw.text)?;
    let given = |text: &Text<'_>| {
        let value = text.get()?.trim_matches(['[', ']']).trim();
        (!value.is_empty() && value != "N/A").then(|| value.to_owned())
    };
    let id = given(&wire.cve_id).ok_or_else(|| Rejection::new("no vulnerability at $.CVE_ID"))?;
    let native = given(&wire.asset_id).or_else(|| given(&wire.asset_name));
    let native = native.ok_or_else(|| Rejection::new("no asset at $.ASSET_ID"))?;
    let (account, name) = (given(&wire.cloud_account_id), given(&wire.asset_name));
    let hints = Hints {
        provider: provider(wire.service_provider.or_empty()).or(Some(Provider::Other)),
        account: account.as_deref(),
        kind: wire.asset_type.get(),
        name: name.as_deref(),
        ..Hints::default()
    };
    let mut asset = named(&native, wire.asset_type.or_empty(), &hints);
    asset.signals.internet_exposed = flag(&wire.internet_exposed);
    let rule = Rule { id: id.clone(), title: Untrusted::from(id.as_str()), aliases: Vec::new() };
    let package = given(&wire.package_name).unwrap_or_default();
    let finding = Finding {
        native_id: format!("{id}|{native}|{package}"),
        severity: Severity::from_word(wire.severity.or_empty()),
        severity_native: wire.severity.or_empty().to_owned(),
        references: wire.cve_link.link().into_iter().collect(),
        vulnerability: Some(Box::new(Vulnerability {
            id,
            package,
            version: given(&wire.installed_versions).unwrap_or_default(),
            fixed_version: given(&wire.fix_version),
            cvss: wire.cvss_base_score.number().filter(|s| (0.0..=10.0).contains(s)),
            epss: wire.epss_score.number().filter(|p| (0.0..=1.0).contains(p)),
            exploited: flag(&wire.cisa_kev),
            exploit_public: flag(&wire.exploitable),
            ..Vulnerability::default()
        })),
        ..Finding::new(tool(), FindingClass::Vulnerability, rule, asset)
    };
    output.push(Record::Finding(Box::new(finding)));
    Ok(())
}

fn flag(text: &Text<'_>) -> Option<bool> {
    match text.get()? {
        "Y" | "true" => Some(true),
        "N" | "false" => Some(false),
        _ => None,
    }
}

fn named(native: &str, kind: &str, hints: &Hints<'_>) -> Asset {
    Asset {
        id: AssetId::parse(native, hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(hints.name.unwrap_or(native)).capped(TITLE_BYTES),
        ..Asset::default()
    }
}
