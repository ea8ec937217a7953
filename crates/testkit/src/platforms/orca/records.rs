//! Records as Orca writes them, of the serving layer and of the older API.

use quell_model::{Severity, Timestamp};
use serde_json::{Map, Value, json};

use super::{OrcaAlert, OrcaSettings};
use crate::platforms::world::{Cause, Cloud, Flaw, Kind, Thing, Vulnerability};

/// A flaw, what it is a flaw of, and what was done to its alert.
pub(super) struct About<'a> {
    pub(super) flaw: &'a Flaw,
    pub(super) thing: &'a Thing,
    pub(super) touched: Option<&'a OrcaAlert>,
    pub(super) settings: &'a OrcaSettings,
}

pub(super) fn alert_id(flaw: usize) -> String {
    format!("orca-{}", flaw + 1000)
}

pub(super) fn flaw_of(alert: &str) -> Option<usize> {
    alert.strip_prefix("orca-")?.parse::<usize>().ok()?.checked_sub(1000)
}

pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn uuid(number: usize) -> String {
    format!("{number:08x}-0ae6-624a-6479-d00bc1fe37c1")
}

/// Orca's word for a kind of thing.
pub(super) const fn model(thing: &Thing) -> &'static str {
    match (thing.account.cloud, thing.kind) {
        (_, Kind::Image) => "ContainerImage",
        (Cloud::Azure, _) => "AzureComputeVm",
        (Cloud::Gcp, _) => "GcpVmInstance",
        (Cloud::Aws, Kind::Bucket) => "AwsS3Bucket",
        (Cloud::Aws, Kind::Database) => "AwsRdsDbInstance",
        (Cloud::Aws, Kind::Machine) => "AwsEc2Instance",
        (Cloud::Aws, Kind::Firewall) => "AwsEc2SecurityGroup",
        (Cloud::Aws, Kind::Function) => "AwsLambdaFunction",
        (Cloud::Aws, Kind::Key) => "AwsKmsKey",
        (Cloud::Aws, Kind::Queue) => "AwsSqsQueue",
    }
}

const fn cloud(thing: &Thing) -> &'static str {
    match thing.account.cloud {
        Cloud::Aws => "aws",
        Cloud::Azure => "azure",
        Cloud::Gcp => "gcp",
    }
}

/// Orca's own id of an asset: machines of AWS have an older form.
pub(super) fn unique_id(thing: &Thing) -> String {
    match (thing.account.cloud, thing.kind) {
        (Cloud::Aws, Kind::Machine) => format!("vm_{}_{}", thing.account.id, thing.id),
        _ => format!("{}_{}_{}", model(thing), thing.account.id, uuid(thing.number)),
    }
}

/// Some names are hostile.
fn name(thing: &Thing) -> String {
    if thing.number % 97 == 13 {
        return format!("{} <img src=x onerror=alert(1)> \u{202e}\"'`", thing.name);
    }
    thing.name.clone()
}

impl About<'_> {
    /// When the row was written last.
    pub(super) fn changed(&self) -> Timestamp {
        let touched = self.touched.and_then(|touched| touched.changed);
        touched.map_or(self.flaw.changed, |at| at.max(self.flaw.changed))
    }

    pub(super) fn status(&self) -> &str {
        let said = self.touched.and_then(|touched| touched.status.as_deref());
        let since = self.touched.and_then(|touched| touched.changed);
        // What the scan says after somebody's word counts.
        match said.filter(|_| since.is_some_and(|at| at >= self.flaw.changed)) {
            Some(word) => word,
            None if self.flaw.is_open() => "open",
            None => "closed",
        }
    }

    pub(super) const fn risk(&self) -> &'static str {
        match self.flaw.severity {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Informational | Severity::Unknown => "informational",
        }
    }

    /// The older word, and its number.
    pub(super) const fn older(&self) -> (&'static str, u8) {
        match self.flaw.severity {
            Severity::Critical => ("compromised", 1),
            Severity::High => ("imminent compromise", 2),
            Severity::Medium | Severity::Low => ("hazardous", 3),
            Severity::Informational | Severity::Unknown => ("informational", 4),
        }
    }

    pub(super) const fn score(&self) -> f64 {
        match self.flaw.severity {
            Severity::Critical => 9.3,
            Severity::High => 7.6,
            Severity::Medium => 5.1,
            Severity::Low => 3.2,
            Severity::Informational | Severity::Unknown => 1.0,
        }
    }

    /// Whether it is told as a way in: what is exploited, on what the internet reaches.
    fn is_path(&self) -> bool {
        self.thing.exposed && self.weakness().is_some()
    }

    pub(super) const fn weakness(&self) -> Option<&Vulnerability> {
        match &self.flaw.cause {
            Cause::Vulnerability(weakness) => Some(weakness),
            Cause::Misconfiguration(_) | Cause::Detection(_) => None,
        }
    }

    pub(super) fn category(&self) -> &'static str {
        match &self.flaw.cause {
            Cause::Vulnerability(_) if self.is_path() => "Attack Impact",
            Cause::Vulnerability(_) => "Vulnerabilities",
            Cause::Detection(found) if found.process == "xmrig" => "Malware",
            Cause::Detection(_) => "Suspicious activity",
            Cause::Misconfiguration(_) => match self.thing.kind {
                Kind::Bucket => "Data at risk",
                Kind::Firewall | Kind::Machine => "Network misconfigurations",
                Kind::Key => "Data protection",
                Kind::Database | Kind::Function | Kind::Queue | Kind::Image => "Best practices",
            },
        }
    }

    /// The rule's key, and its title.
    pub(super) fn rule(&self) -> (String, String) {
        match &self.flaw.cause {
            Cause::Vulnerability(weakness) if self.is_path() => (
                "attack_path_internet_to_vulnerable_workload".to_owned(),
                format!("Internet facing workload with {} can be taken over", weakness.cve),
            ),
            Cause::Vulnerability(_) => {
                ("vulnerability".to_owned(), "Vulnerable Software".to_owned())
            }
            Cause::Detection(found) => {
                let key = found.title.to_ascii_lowercase().replace(' ', "_");
                (key, found.title.to_owned())
            }
            Cause::Misconfiguration(setting) => {
                let [_, _, title, _] = &setting.titles;
                (title.to_ascii_lowercase().replace([' ', ':', '-'], "_"), title.clone())
            }
        }
    }

    fn source(&self) -> String {
        match &self.flaw.cause {
            Cause::Vulnerability(weakness) => {
                format!("{}-{}", weakness.package, weakness.installed)
            }
            Cause::Detection(found) => found.process.to_owned(),
            Cause::Misconfiguration(_) => name(self.thing),
        }
    }

    fn description(&self) -> String {
        match self.weakness() {
            Some(weakness) => {
                format!("Found on software: {} {}", self.source(), weakness.installed)
            }
            None => self.rule().1,
        }
    }

    /// What the older API says of the asset, which the serving layer carries as `AssetData`.
    fn asset(&self) -> Map<String, Value> {
        let thing = self.thing;
        let tags: Vec<String> = thing.tags.iter().map(|(k, v)| format!("{k}|{v}")).collect();
        let unique = unique_id(thing);
        let machine = thing.kind == Kind::Machine;
        let kind = if machine { "vm" } else { model(thing) };
        let mut asset = json!({
            "asset_name": name(thing), "asset_type": kind, "asset_type_string": if machine { "VM" } else { kind },
            "asset_category": "Compute", "asset_state": "enabled", "asset_unique_id": unique,
            "group_unique_id": unique, "cluster_unique_id": unique, "subject_type": model(thing),
            "account_name": thing.account.name, "cloud_account_id": "fd01de1b-e355-4d9c-8a0f-142dee95ae6f",
            "cloud_provider": cloud(thing), "cloud_provider_id": thing.account.id, "cloud_vendor_id": thing.account.id,
            "organization_id": self.settings.organization, "organization_name": "Example",
            "asset_regions": [thing.region], "asset_tags_info_list": tags,
            "asset_labels": if thing.exposed { vec!["internet_facing"] } else { vec![] },
        });
        let fields = asset.as_object_mut().map(std::mem::take).unwrap_or_default();
        let mut fields: Map<String, Value> = fields.into_iter().collect();
        if thing.account.cloud == Cloud::Aws && thing.kind != Kind::Image {
            fields.insert("asset_vendor_id".to_owned(), json!(thing.id));
        }
        if let Some(host) = &thing.host {
            fields.insert("asset_hostname".to_owned(), json!(host));
        }
        fields
    }
}

/// An alert of the older API, and of the webhook.
pub(super) fn flat(about: &About<'_>) -> Value {
    let (rule, title) = about.rule();
    let (older, score) = about.older();
    let cves: Vec<&str> = about.weakness().map(|weakness| weakness.cve).into_iter().collect();
    let mut alert = about.asset();
    let closed = about.flaw.fix.map(|fix| time(fix.at));
    let own = json!({
        "type": rule, "type_string": title, "type_key": uuid(about.flaw.number),
        "rule_id": format!("r{:x}", rule.len() * 7919 + 0xc72e), "is_rule": true, "is_compliance": false,
        "category": about.category(), "description": about.description(), "details": about.description(),
        "recommendation": "Change it as the page of this alert says.", "source": about.source(),
        "alert_labels": labels(about), "cve_list": cves, "configuration": {}, "data": mitre(about),
        "max_cvss_score": about.weakness().map(|weakness| weakness.cvss),
        "state": {"alert_id": alert_id(about.flaw.number), "status": about.status(), "score": score,
            "severity": older, "risk_level": about.risk(), "orca_score": about.score(), "rule_source": "Orca",
            "created_at": time(about.flaw.opened), "last_seen": time(about.flaw.changed),
            "last_updated": time(about.changed()), "status_time": time(about.changed()),
            "closed_time": closed, "closed_reason": closed.is_some().then_some("Fixed"), "in_verification": false},
    });
    if let Value::Object(own) = own {
        alert.extend(own);
    }
    Value::Object(alert)
}

fn labels(about: &About<'_>) -> Vec<String> {
    match &about.flaw.cause {
        Cause::Detection(found) => vec![format!("mitre: {}", found.technique)],
        Cause::Vulnerability(_) => vec!["remote_code_execution".to_owned()],
        Cause::Misconfiguration(_) => Vec::new(),
    }
}

fn mitre(about: &About<'_>) -> Value {
    match &about.flaw.cause {
        Cause::Detection(found) => {
            json!({"mitre_technique": [found.technique], "mitre_category": [found.tactic]})
        }
        Cause::Vulnerability(_) | Cause::Misconfiguration(_) => json!({}),
    }
}

/// An alert of the serving layer, with the models asked for beside it.
pub(super) fn served(about: &About<'_>, beside: &[String]) -> Value {
    let (rule, title) = about.rule();
    let (older, score) = about.older();
    let (id, unique) = (alert_id(about.flaw.number), unique_id(about.thing));
    let closed = about.flaw.fix.map(|fix| time(fix.at));
    let cves: Vec<&str> = about.weakness().map(|weakness| weakness.cve).into_iter().collect();
    let fields = json!({
        "AlertId": id, "Name": id, "Status": about.status(), "RiskLevel": about.risk(), "Severity": older,
        "Score": score, "OrcaScore": about.score(), "Category": about.category(), "AlertType": title,
        "RuleType": rule, "RuleId": format!("r{:x}", rule.len() * 7919 + 0xc72e), "RuleSource": "Orca", "Title": title,
        "Description": about.description(), "Details": about.description(), "Source": about.source(),
        "Recommendation": "Change it as the page of this alert says.", "Labels": labels(about), "CveIds": cves,
        "MaxCvssScore": about.weakness().map(|weakness| weakness.cvss), "MitreTechniques": mitre(about),
        "CreatedAt": time(about.flaw.opened), "LastSeen": time(about.flaw.changed),
        "LastUpdated": time(about.changed()), "last_sync": time(about.changed()), "StatusTime": time(about.changed()),
        "ClosedTime": closed, "ClosedReason": closed.is_some().then_some("Fixed"), "IsLive": about.flaw.is_open(),
        "CommentsCount": about.touched.map_or(0, |touched| touched.comments.len()), "AssetData": about.asset(),
    });
    let mut data = wrapped(fields);
    if beside.iter().any(|model| model == "Inventory") {
        data.insert("Inventory".to_owned(), inventory(about.thing));
    }
    if beside.iter().any(|model| model == "CloudAccount") {
        data.insert("CloudAccount".to_owned(), account(about.thing));
    }
    json!({"id": uuid(about.flaw.number), "type": "Alert", "name": id, "asset_unique_id": unique,
        "group_unique_id": unique, "cluster_unique_id": unique, "last_seen": time(about.flaw.changed), "data": data})
}

fn wrapped(fields: Value) -> Map<String, Value> {
    let Value::Object(fields) = fields else { return Map::new() };
    fields.into_iter().map(|(key, value)| (key, json!({"value": value}))).collect()
}

fn account(thing: &Thing) -> Value {
    let data = json!({"Name": thing.account.name, "CloudProvider": cloud(thing), "CloudVendorId": thing.account.id});
    json!({"id": uuid(7), "type": "CloudAccount", "name": thing.account.name, "data": wrapped(data)})
}

/// The cloud's own name, where Orca has it.
fn arn(thing: &Thing) -> Option<&str> {
    (thing.kind != Kind::Image).then_some(thing.native.as_str())
}

fn inventory_fields(thing: &Thing) -> Value {
    let tags: Map<String, Value> =
        thing.tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let own = if thing.kind == Kind::Image { &thing.native } else { &thing.id };
    json!({"Name": name(thing), "Type": model(thing), "AssetUniqueId": unique_id(thing), "Arn": arn(thing),
        "UiUniqueField": own, "Region": thing.region, "Regions": [thing.region], "State": "enabled",
        "RiskLevel": "medium", "OrcaScore": 5.5, "IsInternetFacing": thing.exposed,
        "Exposure": if thing.exposed { "Exposed to the internet" } else { "Internal" },
        "NewCategory": "Compute Services", "NewSubCategory": model(thing), "Tags": tags,
        "PublicIps": thing.address.iter().collect::<Vec<_>>(), "DetectedCrownJewelScore": 0})
}

/// An asset of the serving layer.
pub(super) fn inventory(thing: &Thing) -> Value {
    let unique = unique_id(thing);
    json!({"id": uuid(thing.number), "type": model(thing), "name": name(thing), "asset_unique_id": unique,
        "group_unique_id": unique, "cluster_unique_id": unique, "last_seen": "2026-11-20T02:00:00+00:00",
        "data": wrapped(inventory_fields(thing))})
}

/// An asset of the serving layer, with its account.
pub(super) fn asset(thing: &Thing, beside: &[String]) -> Value {
    let mut asset = inventory(thing);
    let data = asset.get_mut("data").and_then(Value::as_object_mut);
    if let Some(data) = data.filter(|_| beside.iter().any(|model| model == "CloudAccount")) {
        data.insert("CloudAccount".to_owned(), account(thing));
    }
    asset
}

/// A weakness of the serving layer.
pub(super) fn vulnerability(about: &About<'_>, flat: bool, beside: &[String]) -> Option<Value> {
    let weakness = about.weakness()?;
    let severity = about.risk().to_ascii_uppercase();
    let fields = json!({"CveId": weakness.cve, "Name": format!("{} - {}", weakness.cve, about.source()),
        "CvssScore": weakness.cvss, "CvssSeverity": severity, "CvssSource": "NVD v3",
        "CvssVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "EpssPercentile": 4, "EpssProbability": 0.018,
        "HasExploit": weakness.exploited, "CisaKev": weakness.exploited, "Trending": "No",
        "PatchAvailable": if weakness.fixed.is_empty() { "No" } else { "Yes" },
        "PatchedVersions": [weakness.fixed], "FirstSeen": time(about.flaw.opened),
        "SourceLink": format!("https://nvd.nist.gov/vuln/detail/{}", weakness.cve)});
    let package = json!({"Name": weakness.package, "Version": weakness.installed, "IsOsPackage": true,
        "PURL": format!("pkg:generic/{}@{}", weakness.package, weakness.installed)});
    let with = |model: &str| beside.iter().any(|named| named == model);
    if !flat {
        let mut data = wrapped(fields);
        if with("InstalledPackage") {
            let nested = json!({"type": "InstalledPackage", "data": wrapped(package)});
            data.insert("InstalledPackage".to_owned(), nested);
        }
        if with("Inventory") {
            data.insert("Inventory".to_owned(), inventory(about.thing));
        }
        return Some(json!({"id": uuid(about.flaw.number), "type": "VulnerabilityV2",
            "name": format!("{} - {}", weakness.cve, about.source()), "data": data}));
    }
    let mut record = fields.as_object().cloned().unwrap_or_default();
    if with("InstalledPackage") {
        record.insert("InstalledPackage".to_owned(), package);
    }
    if with("Inventory") {
        record.insert("Inventory".to_owned(), inventory_fields(about.thing));
    }
    Some(Value::Object(record))
}

/// A weakness of the older API.
pub(super) fn cve(about: &About<'_>) -> Option<Value> {
    let weakness = about.weakness()?;
    let mut record = about.asset();
    let own = json!({"type": "cve", "cve_id": weakness.cve, "summary": "A weakness.", "severity": about.older().0,
        "score": about.older().1, "cvss3_score": weakness.cvss, "last_seen": time(about.flaw.changed),
        "cvss3_vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "source_link": format!("https://nvd.nist.gov/vuln/detail/{}", weakness.cve),
        "packages": [{"package_name": weakness.package, "installed_version": weakness.installed,
            "patched_version": weakness.fixed}]});
    if let Value::Object(own) = own {
        record.extend(own);
    }
    Some(Value::Object(record))
}

/// An asset of the older API.
pub(super) fn older_asset(about: &About<'_>) -> Value {
    let mut asset = about.asset();
    asset.insert("type".to_owned(), json!("asset"));
    asset.insert("internet_facing".to_owned(), json!(about.thing.exposed));
    asset.insert(
        "state".to_owned(),
        json!({"score": 4, "severity": "informational", "status": "exists"}),
    );
    Value::Object(asset)
}
