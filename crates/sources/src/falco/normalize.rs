//! A Falco alert becomes one detection on the pod, the container or the host it happened on.

use quell_model::{
    Asset, AssetId, Detection, Finding, FindingClass, FindingKey, Hints, KeyHasher, Process,
    Provider, Rule, Severity, Status, Tool, Untrusted, parse_timestamp,
};

use super::wire::Alert;
use crate::wire::text_of;
use crate::{Output, RawRecord, Rejection};

const MOST_TEXT_BYTES: usize = 4096;
const MOST_ANCESTORS: usize = 16;
const CITED: &[&str] = &[
    "container.image.digest",
    "container.image.repository",
    "container.image.tag",
    "container.id",
    "fd.name",
    "evt.type",
    "proc.exepath",
    "user.loginname",
    "ka.target.name",
];

/// Makes one detection of one alert.
pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let alert: Alert = serde_json::from_str(raw.text)?;
    let rule = alert.rule.clone().filter(|r| !r.trim().is_empty());
    let rule = rule.ok_or_else(|| Rejection::new("`$.rule` is missing or empty"))?;
    let asset = asset(&alert);
    let native = alert.priority.clone().unwrap_or_default();
    let time = alert.time.as_deref().and_then(parse_timestamp);
    output.push(quell_model::Record::Finding(Box::new(Finding {
        tool: Tool { product: "falco".to_owned(), format: "falco".to_owned() },
        native_id: native_id(&alert, &rule, &asset),
        class: FindingClass::Detection,
        title: Untrusted::from(rule.clone()).capped(MOST_TEXT_BYTES),
        rule: Rule { id: rule, ..Rule::default() },
        description: capped(alert.output.clone().unwrap_or_default()),
        severity: severity(&native),
        severity_native: native,
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: time,
        last_seen: time,
        vulnerability: None,
        location: None,
        detection: Some(Box::new(detection(&alert))),
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: CITED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), capped(field(&alert, name)?))))
            .collect(),
        scope: None,
    })));
    Ok(())
}

fn capped(text: String) -> Untrusted {
    Untrusted::from(text).capped(MOST_TEXT_BYTES)
}

/// A field as text; Falco writes `<NA>` for what it could not resolve.
fn field(alert: &Alert, name: &str) -> Option<String> {
    let text = text_of(alert.output_fields.as_ref()?.get(name)?)?;
    (!text.is_empty() && text != "<NA>").then(|| text.into_owned())
}

fn severity(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "emergency" | "alert" | "critical" => Severity::Critical,
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "notice" => Severity::Low,
        "informational" | "info" | "debug" => Severity::Informational,
        _ => Severity::Unknown,
    }
}

fn asset(alert: &Alert) -> Asset {
    let get = |name| field(alert, name);
    let namespace = get("k8s.ns.name");
    let container = get("container.id").filter(|id| id != "host");
    if let Some(asset) = audited(alert) {
        return asset;
    }
    let (provider, kind, native, name) = if let Some(pod) = get("k8s.pod.name") {
        let native = namespace.as_ref().map_or_else(|| pod.clone(), |ns| format!("{ns}/{pod}"));
        (Provider::Kubernetes, "Pod", native, pod)
    } else if let Some(id) = container {
        let name = get("container.name").unwrap_or_else(|| id.clone());
        (Provider::Other, "container", id, name)
    } else {
        let host = alert.hostname.clone().or_else(|| get("evt.hostname")).unwrap_or_default();
        (Provider::Host, "host", host.clone(), host)
    };
    let hints = Hints {
        provider: Some(provider),
        kind: Some(kind),
        name: Some(&name),
        namespace: namespace.as_deref(),
        ..Hints::default()
    };
    Asset {
        id: AssetId::parse(&native, &hints),
        native_kind: kind.to_owned(),
        name: capped(name.clone()),
        native_id: native,
        ..Asset::default()
    }
}

/// What a Kubernetes or CloudTrail audit event is about: no process ran on a host of ours.
fn audited(alert: &Alert) -> Option<Asset> {
    let get = |name| field(alert, name);
    let (hints, native, kind) = match alert.source.as_deref()? {
        "k8s_audit" => {
            let name = get("ka.target.name").or_else(|| get("ka.target.namespace"))?;
            let kind = get("ka.target.resource").unwrap_or_else(|| "object".to_owned());
            let namespace = get("ka.target.namespace");
            let singular = kind.strip_suffix('s').unwrap_or(&kind).to_owned();
            let parts = [namespace.as_deref(), Some(singular.as_str()), Some(name.as_str())];
            let native = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
            ((Provider::Kubernetes, None, namespace), native, singular)
        }
        "aws_cloudtrail" => {
            let account = get("ct.user.accountid").or_else(|| get("ct.recipientaccountid"))?;
            ((Provider::Aws, Some(account.clone()), None), account, "account".to_owned())
        }
        _ => return None,
    };
    let (provider, account, namespace) = hints;
    let name = native.rsplit('/').next().unwrap_or(&native).to_owned();
    let hints = Hints {
        provider: Some(provider),
        account: account.as_deref(),
        kind: Some(&kind),
        name: Some(&name),
        namespace: namespace.as_deref(),
        ..Hints::default()
    };
    Some(Asset {
        id: AssetId::parse(&native, &hints),
        native_kind: kind.clone(),
        name: capped(name.clone()),
        native_id: native,
        ..Asset::default()
    })
}

fn native_id(alert: &Alert, rule: &str, asset: &Asset) -> String {
    if let Some(uuid) = alert.uuid.clone().filter(|u| !u.is_empty()) {
        return uuid;
    }
    let key: FindingKey = KeyHasher::new("falco")
        .part(rule)
        .part(asset.id.key())
        .part(&field(alert, "proc.cmdline").unwrap_or_default())
        .part(&field(alert, "proc.pid").unwrap_or_default())
        .part(alert.time.as_deref().unwrap_or_default())
        .finish();
    key.to_string()
}

fn detection(alert: &Alert) -> Detection {
    let tags: Vec<_> = alert.tags.iter().flatten().take(64).filter_map(text_of).collect();
    Detection {
        techniques: tags.iter().filter(|t| is_technique(t)).map(|t| t.to_string()).collect(),
        tactics: tags.iter().filter_map(|t| t.strip_prefix("mitre_")).map(str::to_owned).collect(),
        principal: capped(
            field(alert, "ka.user.name").or_else(|| field(alert, "user.name")).unwrap_or_default(),
        ),
        processes: processes(alert),
        remote_addresses: ["fd.rip", "fd.sip", "fd.cip"]
            .iter()
            .find_map(|name| field(alert, name))
            .into_iter()
            .collect(),
        also_involved: Vec::new(),
    }
}

fn is_technique(tag: &str) -> bool {
    tag.strip_prefix('T').is_some_and(|rest| {
        rest.len() >= 4 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

fn processes(alert: &Alert) -> Vec<Process> {
    let own = field(alert, "proc.name").map(|name| Process {
        name: capped(name),
        command_line: capped(field(alert, "proc.cmdline").unwrap_or_default()),
        pid: field(alert, "proc.pid").and_then(|pid| pid.parse().ok()),
        user: capped(field(alert, "user.name").unwrap_or_default()),
    });
    let parent = field(alert, "proc.pname").map(|name| Process {
        name: capped(name),
        command_line: capped(field(alert, "proc.pcmdline").unwrap_or_default()),
        pid: field(alert, "proc.ppid").and_then(|pid| pid.parse().ok()),
        ..Process::default()
    });
    let older = (2..MOST_ANCESTORS).map_while(|depth| {
        let name = field(alert, &format!("proc.aname[{depth}]"))?;
        Some(Process { name: capped(name), ..Process::default() })
    });
    own.into_iter().chain(parent).chain(older).collect()
}
