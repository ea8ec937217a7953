//! The result of one check on one resource, and what becomes of it in whichever form it came.

use std::collections::BTreeMap;

use quell_model::{
    Asset, AssetId, Evidence, Finding, FindingClass, Hints, Record, Rule, Scope, Severity, Status,
    Timestamp, Tool, Untrusted,
};

use crate::wire::{Facts, cloud_word, provider_of};
use crate::{Output, Rejection};

const DESCRIPTION_BYTES: usize = 4096;
const TITLE_BYTES: usize = 512;
const NAME_BYTES: usize = 512;
/// Links that are kept of one result.
const MOST_LINKS: usize = 8;

/// The result of one check on one resource.
#[derive(Debug, Default)]
pub(super) struct Check<'a> {
    pub(super) uid: Option<&'a str>,
    pub(super) id: &'a str,
    pub(super) aliases: Vec<String>,
    pub(super) title: &'a str,
    pub(super) status: &'a str,
    pub(super) detail: &'a str,
    pub(super) muted: bool,
    pub(super) severity: &'a str,
    pub(super) provider: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) namespace: Option<&'a str>,
    pub(super) resource_id: Option<&'a str>,
    pub(super) resource_name: Option<&'a str>,
    pub(super) resource_kind: Option<&'a str>,
    pub(super) tags: BTreeMap<String, Untrusted>,
    pub(super) observed: Option<Timestamp>,
    pub(super) description: &'a str,
    pub(super) risk: &'a str,
    pub(super) advice: &'a str,
    pub(super) links: Vec<Option<&'a str>>,
}

/// The tool's own id of a result; where it gives none or hides it, rule and asset make one.
pub(crate) fn native_id(uid: Option<&str>, rule: &Rule, asset: &Asset) -> String {
    match uid.filter(|uid| !uid.starts_with('<')) {
        Some(uid) => uid.to_owned(),
        None => format!("{}|{}", rule.id, asset.id.key()),
    }
}

/// A Prowler file is the whole result of a scan of one account.
pub(crate) fn scope(provider: &str, account: &str, rule: &Rule, region: &str) -> Scope {
    Scope {
        target: format!("prowler:{provider}:{account}"),
        check: rule.id.clone(),
        place: region.to_owned(),
    }
}

/// What a result says, apart from how loud it is.
enum Outcome {
    Fails,
    Passed,
    Undecided,
}

impl<'a> Check<'a> {
    /// Says where a result belongs: a cluster's own names a namespace where a cloud's names a
    /// region. OCSF names no cluster, so none is taken here either: the ids would differ.
    pub(super) fn place(&mut self, account: Option<&'a str>, region: Option<&'a str>) {
        if cloud_word(self.provider) == "kubernetes" {
            self.namespace = region.map(|r| r.strip_prefix("namespace:").unwrap_or(r).trim());
        } else {
            self.account = account;
            self.region = region;
        }
    }

    /// Makes a finding of a failing check, evidence of any other.
    pub(super) fn emit(self, output: &mut Output) -> Result<(), Rejection> {
        let outcome = self.outcome()?;
        let word = cloud_word(self.provider);
        let asset = self.asset(&word);
        let rule = Rule {
            id: self.id.to_owned(),
            title: Untrusted::from(self.title).capped(TITLE_BYTES),
            aliases: self.aliases.clone(),
        };
        let native_id = native_id(self.uid, &rule, &asset);
        let account = self.account.unwrap_or(asset.id.account.as_str());
        let scope = Some(scope(&word, account, &rule, self.region.unwrap_or_default()));
        let tool = Tool { product: "prowler".to_owned(), format: "prowler".to_owned() };
        let passed = match outcome {
            Outcome::Fails => {
                let mut finding = Finding::new(tool, FindingClass::Misconfiguration, rule, asset);
                finding.native_id = native_id;
                finding.scope = scope;
                self.fill(&mut finding);
                output.push(Record::Finding(Box::new(finding)));
                return Ok(());
            }
            Outcome::Passed => true,
            Outcome::Undecided => false,
        };
        output.push(Record::Evidence(Box::new(Evidence {
            tool,
            native_id,
            rule,
            asset,
            passed,
            result_native: self.status.to_owned(),
            observed: self.observed,
            scope,
        })));
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome, Rejection> {
        match self.status.to_ascii_lowercase().as_str() {
            "fail" | "failed" | "warning" | "muted" => Ok(Outcome::Fails),
            "pass" | "passed" => Ok(Outcome::Passed),
            "manual" | "info" | "not_available" | "not available" | "skipped" => {
                Ok(Outcome::Undecided)
            }
            _ => Err(Rejection::new(
                "`STATUS` (`CHECK_RESULT` in version 2) is none of `PASS`, `FAIL`, `MANUAL`, `INFO`, `MUTED`",
            )),
        }
    }

    fn asset(&self, word: &str) -> Asset {
        let native = self.resource_id.or(self.resource_name);
        let whole_account = native.is_none();
        let native = native.or(self.account).unwrap_or_default();
        let hints = Hints {
            provider: provider_of(word),
            account: self.account,
            region: self.region,
            kind: if whole_account { Some("account") } else { self.resource_kind },
            name: self.resource_name,
            namespace: self.namespace,
        };
        Asset {
            id: AssetId::parse(native, &hints),
            native_id: native.to_owned(),
            native_kind: hints.kind.unwrap_or_default().to_owned(),
            name: Untrusted::from(self.resource_name.unwrap_or_default()).capped(NAME_BYTES),
            tags: self.tags.clone(),
            ..Asset::default()
        }
    }

    fn fill(&self, finding: &mut Finding) {
        finding.title = Untrusted::from(self.title).capped(TITLE_BYTES);
        let text = match (self.detail, self.description) {
            (detail, "") => detail.to_owned(),
            ("", description) => description.to_owned(),
            (detail, description) if detail == description => description.to_owned(),
            (detail, description) => format!("{detail}\n{description}"),
        };
        finding.description = Untrusted::from(text).capped(DESCRIPTION_BYTES);
        finding.severity = Severity::from_word(self.severity);
        self.severity.clone_into(&mut finding.severity_native);
        // Version 3 writes it over the result itself.
        let muted = self.muted || self.status.eq_ignore_ascii_case("muted");
        finding.status = if muted { Status::Suppressed } else { Status::Open };
        let said = if muted { "muted" } else { self.status };
        said.clone_into(&mut finding.status_native);
        finding.last_seen = self.observed;
        finding.remediation = Untrusted::from(self.advice).capped(DESCRIPTION_BYTES);
        let is_link = |link: &&str| {
            (link.starts_with("https://") || link.starts_with("http://")) && link.len() <= 2048
        };
        let links = self.links.iter().flatten().filter(|link| is_link(link));
        finding.references = links.take(MOST_LINKS).map(|link| (*link).to_owned()).collect();
        let mut facts = Facts::default();
        facts.add("status_detail", self.detail);
        facts.add("risk_details", self.risk);
        finding.evidence = facts.into_vec();
    }
}
