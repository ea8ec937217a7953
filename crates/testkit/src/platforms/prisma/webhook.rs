//! What the platform sends by itself.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::alert::{kind_words, policy_id, policy_name, policy_type};
use super::compute::{app_id, audit, fqdn};
use super::seat::Kin;
use super::state::both;
use super::{PrismaDouble, Seat, alerts};
use crate::platforms::{Flaw, Seer, Thing};

/// Headers and body of a request.
pub type Sent = (Vec<(String, String)>, Vec<u8>);

impl PrismaDouble {
    /// The request that tells of a flaw: an alert as the default template has it, or the alert
    /// profile of the console. `None` for what is not sent.
    #[must_use]
    pub fn webhook(&self, flaw: usize) -> Option<Sent> {
        let inner = self.world.read();
        let known = inner.flaws.get(flaw).filter(|flaw| flaw.is_seen_by(Seer::Prisma))?;
        let thing = inner.things.get(known.thing)?;
        let seat = Seat::of(known, thing);
        let body = match seat.kin() {
            Kin::Alerts => {
                let state = self.state();
                let alert = self.alert_json(&inner, &state, flaw, true)?;
                json!([posted(&alert, known, thing)])
            }
            Kin::Scans => return None,
            Kin::Incidents
            | Kin::Processes
            | Kin::Firewall
            | Kin::Files
            | Kin::Logs
            | Kin::Clusters => {
                let shown = if seat == Seat::Incident { Seat::HostAudit } else { seat };
                profile(&audit(known, thing, shown)?, thing, seat, known.opened)
            }
        };
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Some((headers, body.to_string().into_bytes()))
    }

    /// The same by a template of the customer's, which names the alert and little else.
    #[must_use]
    pub fn custom_webhook(&self, flaw: usize) -> Option<Sent> {
        let inner = self.world.read();
        let known = inner.flaws.get(flaw).filter(|flaw| flaw.is_seen_by(Seer::Prisma))?;
        let thing = inner.things.get(known.thing)?;
        let body =
            json!([{"alertId": Self::id_of(known, thing), "severity": "high", "team": "cloud"}]);
        Some((
            vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body.to_string().into_bytes(),
        ))
    }
}

fn posted(alert: &Value, flaw: &Flaw, thing: &Thing) -> Value {
    let field = |path: &str| alert.pointer(path).cloned().unwrap_or_default();
    let kind = field("/resource/resourceType");
    let readable = kind.as_str().unwrap_or_default().replace('_', " ");
    let [_, _, service] = kind_words(thing);
    let id = field("/id");
    let link = format!(
        "https://app2.prismacloud.io/alerts/overview?filters#alert.id={}",
        id.as_str().unwrap_or_default()
    );
    let first = json!({
        "alertId": id, "alertRuleName": "Default Alert Rule", "alertRuleId": "rule-1",
        "alertStatus": field("/status"), "alertTs": field("/alertTime"), "alertDismissalNote": field("/dismissalNote"),
        "alertRemediationCli": Value::Null, "alertRemediationCliDescription": Value::Null,
        "alertRemediationImpact": Value::Null, "alertAttribution": Value::Null, "callbackUrl": link,
        "firstSeen": field("/firstSeen"), "lastSeen": field("/lastSeen"), "reason": field("/reason"),
        "policyName": policy_name(flaw), "policyId": policy_id(flaw), "policyType": policy_type(flaw),
        "policyLabels": field("/policy/labels"), "policyDescription": field("/policy/description"),
        "policyRecommendation": field("/policy/recommendation"), "severity": alerts::severity(flaw.severity),
    });
    let second = json!({
        "accountName": field("/resource/account"), "accountId": field("/resource/accountId"), "hasFinding": false,
        "source": "Prisma Cloud", "cloudType": field("/resource/cloudType"), "riskRating": "F",
        "complianceMetadata": field("/policy/complianceMetadata"), "findingSummary": Value::Null,
        "resource": field("/resource"), "resourceId": field("/resource/id"), "resourceName": field("/resource/name"),
        "resourceType": readable, "resourceConfig": field("/resource/data"), "resourceCloudService": service,
        "resourceRegionId": field("/resource/regionId"), "resourceRegion": field("/resource/region"),
        "additionalInfo": Value::Null, "tags": field("/resource/resourceTags"), "accountOwners": [],
        "accountAncestors": "", "anomaly": {},
    });
    both(first, second)
}

/// The alert profile, as the template in the handbook has it: all but lists is text.
fn profile(audit: &Value, thing: &Thing, seat: Seat, time: Timestamp) -> Value {
    let field = |name: &str| audit.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = ["msg", "message", "description", "line"].map(field);
    let message = message.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let kind = match seat {
        Seat::Incident => "Incident",
        Seat::ContainerAudit => "Container Runtime",
        Seat::AppAudit => "App-Embedded Runtime",
        Seat::ServerlessAudit => "Serverless Runtime",
        Seat::Alert | Seat::Image | Seat::Host | Seat::Function | Seat::HostAudit => "Host Runtime",
        Seat::ContainerFirewall => "Container WAAS",
        Seat::HostFirewall => "Host WAAS",
        Seat::ServerlessFirewall => "Serverless WAAS",
        Seat::AppFirewall => "App-Embedded WAAS",
        Seat::FileIntegrity => "File Integrity",
        Seat::LogInspection => "Log Inspection",
        Seat::Kubernetes => "Kubernetes Audits",
    };
    let embedded = matches!(seat, Seat::AppAudit | Seat::AppFirewall);
    let app = if embedded { app_id(thing) } else { String::new() };
    json!({
        "type": kind, "time": time.strftime("%b %d, %Y %H:%M:%S UTC").to_string(),
        "container": field("containerName"), "containerID": field("containerId"), "image": field("imageName"),
        "imageID": field("imageId"), "tags": "", "host": field("hostname"), "fqdn": fqdn(thing),
        "function": field("function"), "region": field("region"), "provider": field("provider"), "osRelease": "",
        "osDistro": "", "runtime": field("runtime"), "appID": app, "rule": field("ruleName"),
        "message": message, "aggregatedAlerts": [], "dropped": 0, "forensics": "",
        "accountID": field("accountID"), "category": field("attackType"), "command": field("command"),
        "startupProcess": "", "labels": {}, "collections": ["All"], "complianceIssues": [], "vulnerabilities": [],
        "clusters": [], "namespaces": [], "accountIDs": [field("accountID")], "user": field("user"),
    })
}
