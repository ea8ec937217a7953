//! Webhooks as Wiz's automation rules send them: a body that customers may edit, behind a bearer token.

use serde_json::{Value, json};

use super::words::{actor_of, event_resource};
use super::{Kind, WizDouble};
use crate::platforms::Cause;

/// The token that the receiver is told to expect.
pub const HOOK_TOKEN: &str = "wiz-hook-t0ken";

/// A webhook: headers and body.
pub type Hook = (Vec<(String, String)>, String);

impl WizDouble {
    /// The webhook of an issue in the default template; `None` where the flaw has none.
    #[must_use]
    pub fn issue_webhook(&self, flaw: usize) -> Option<Hook> {
        let issue = self.one(Kind::Issue, &Kind::Issue.id(flaw))?;
        let at = |path: &str| issue.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let place = |name: &str| at(&format!("/entitySnapshot/{name}")).to_owned();
        let rule = |name: &str| at(&format!("/sourceRules/0/{name}")).to_owned();
        let built_in = Some(rule("builtInId")).filter(|id| !id.is_empty());
        let body = json!({
            "trigger": {"source": "ISSUES", "type": "Created", "ruleId": "710a481b-3066-439f-9612-3f103afce604", "ruleName": "to quell"},
            "issue": {"id": at("/id"), "status": at("/status"), "severity": at("/severity"),
                "created": at("/createdAt"), "projects": "prod, "},
            "resource": {"id": place("providerId"), "name": place("name"), "type": place("nativeType"),
                "cloudPlatform": place("cloudPlatform"), "subscriptionId": place("subscriptionExternalId"),
                "subscriptionName": place("subscriptionName"), "region": place("region"),
                "status": place("status"), "cloudProviderURL": place("cloudProviderURL")},
            "control": {"id": built_in.unwrap_or_else(|| rule("id")), "name": rule("name"),
                "description": rule("description"), "severity": at("/severity"),
                "sourceCloudConfigurationRuleId": rule("sourceCloudConfigurationRule/shortId"),
                "sourceCloudConfigurationRuleName": rule("sourceCloudConfigurationRule/name")},
        });
        Some(hook(&body))
    }

    /// The webhook of a detection as Wiz Defend sends it; `None` where the flaw is none.
    #[must_use]
    pub fn detection_webhook(&self, flaw: usize) -> Option<Hook> {
        let detection = self.one(Kind::Detection, &Kind::Detection.id(flaw))?;
        let at = |path: &str| detection.pointer(path).cloned().unwrap_or_default();
        let (cause, thing) = {
            let state = self.world.read();
            let flaw = state.flaws.get(flaw)?;
            let Cause::Detection(cause) = flaw.cause.clone() else { return None };
            (cause, state.things.get(flaw.thing)?.clone())
        };
        // The template has no cloud's own full id, only the one within the account.
        let mut resource = event_resource(&thing);
        if let Some(resource) = resource.as_object_mut() {
            resource.remove("providerUniqueId");
            resource.remove("hostname");
        }
        let body = json!({
            "trigger": {"source": "DETECTIONS", "type": "Created", "ruleId": "73ef6bc5-556b-4317-b0bf-6f5f0aa9605b", "ruleName": "to quell"},
            "id": at("/id"), "threatId": at("/issue/id"), "title": cause.title,
            "threatURL": "https://app.wiz.io/issues", "description": cause.title,
            "severity": at("/severity"), "createdAt": at("/createdAt"),
            "tdrId": at("/ruleMatch/rule/builtInId"), "tdrSource": "WIZ",
            "mitreTactics": [cause.tactic], "mitreTechniques": [format!("{}-{}", cause.tactic, cause.technique)],
            "cloudAccounts": at("/cloudAccounts"), "timeframe": {"start": at("/startedAt"), "end": at("/endedAt")},
            "actors": [actor_of(&cause)], "primaryActor": actor_of(&cause),
            "resources": [resource], "primaryResource": resource, "triggeringEventsCount": 1,
            "triggeringEvents": [{"id": "event", "name": cause.title, "actorIP": cause.address, "status": "Success"}],
        });
        Some(hook(&body))
    }

    /// A template that a customer edited: fields renamed and left out.
    #[must_use]
    pub fn edited_webhook(&self, flaw: usize) -> Option<Hook> {
        let issue = self.one(Kind::Issue, &Kind::Issue.id(flaw))?;
        let body = json!({"trigger": {"source": "ISSUES", "type": "Created"},
            "issue": {"id": issue.get("id"), "state": issue.get("status")}, "what": issue.get("description")});
        Some(hook(&body))
    }

    /// The webhook of a flaw: its detection's, else its issue's.
    #[must_use]
    pub fn webhook(&self, flaw: usize) -> Option<Hook> {
        self.detection_webhook(flaw).or_else(|| self.issue_webhook(flaw))
    }
}

fn hook(body: &Value) -> Hook {
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("authorization", format!("Bearer {HOOK_TOKEN}")),
    ];
    (headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), body.to_string())
}
