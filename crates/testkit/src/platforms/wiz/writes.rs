//! What people and programs change in Wiz, by Wiz's rules.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::graphql::{Answered, Refusal};
use super::login::text;
use super::{Kind, Touch, WizDouble};

/// The mutations that are there.
pub(super) const WRITES: &[&str] = &[
    "updateIssue",
    "createIssueNote",
    "associateServiceTicket",
    "updateCloudConfigurationFinding",
    "updateVulnerabilityFinding",
    "createIgnoreRule",
];

/// Reasons for ordinary issues and for threats.
const REASONS: &[&str] = &["FALSE_POSITIVE", "EXCEPTION", "WONT_FIX"];
const THREAT_REASONS: &[&str] = &[
    "MALICIOUS_THREAT",
    "NOT_MALICIOUS_THREAT",
    "SECURITY_TEST_THREAT",
    "PLANNED_ACTION_THREAT",
    "INCONCLUSIVE_THREAT",
];

impl WizDouble {
    /// Does what a mutation asks for.
    pub(super) fn change(&self, name: &str, arguments: &Value) -> Answered {
        let input = arguments.get("input").cloned().unwrap_or_default();
        match name {
            "updateIssue" => self.update_issue(&input),
            "createIssueNote" => self.create_note(&input),
            "associateServiceTicket" => self.associate(&input),
            "updateCloudConfigurationFinding" => {
                self.update_finding(Kind::Configuration, "configurationFinding", &input)
            }
            "updateVulnerabilityFinding" => {
                self.update_finding(Kind::Vulnerability, "vulnerabilityFinding", &input)
            }
            _ => self.create_rule(&input),
        }
    }

    fn update_issue(&self, input: &Value) -> Answered {
        let (number, threat) = self.issue_number(text(input, "id"))?;
        let patch = input.get("patch").cloned().unwrap_or_default();
        let (status, reason) = (text(&patch, "status"), text(&patch, "resolutionReason"));
        let fits = if threat { THREAT_REASONS } else { REASONS };
        match status {
            "RESOLVED" if !threat => {
                let why = "only issues of type THREAT_DETECTION can be set to RESOLVED by a user";
                return Err(Refusal::input(why));
            }
            "RESOLVED" | "REJECTED" if reason.is_empty() => {
                return Err(Refusal::input("resolutionReason is required"));
            }
            "RESOLVED" | "REJECTED" if !fits.contains(&reason) => {
                let why = format!("resolutionReason {reason} does not fit the type of the issue");
                return Err(Refusal::input(why));
            }
            _ => {}
        }
        match (status, threat) {
            ("", _) => {}
            (_, true) => self.permit(&["write:threat_issue_status", "update:issues"])?,
            ("REJECTED", false) => self.permit(&["write:issue_ignore", "update:issues"])?,
            (_, false) => self.permit(&["write:issue_status", "update:issues"])?,
        }
        self.touch(Kind::Issue, number, |touch, now| set_status(touch, &patch, now));
        Ok(json!({"issue": self.one(Kind::Issue, text(input, "id"))}))
    }

    fn create_note(&self, input: &Value) -> Answered {
        let (number, threat) = self.issue_number(text(input, "issueId"))?;
        let right = if threat { "write:threat_issue_comments" } else { "write:issue_comments" };
        self.permit(&[right, "update:issues"])?;
        let words = text(input, "text").to_owned();
        self.touch(Kind::Issue, number, |touch, now| {
            touch.notes.push(words.clone());
            touch.at = Some(now);
        });
        let now = self.now().to_string();
        let note = json!({"id": format!("note-{number}"), "text": words, "createdAt": now, "updatedAt": now});
        Ok(json!({"issueNote": note}))
    }

    fn associate(&self, input: &Value) -> Answered {
        let (number, _) = self.issue_number(text(input, "issueId"))?;
        let ticket = (text(input, "ticketId").to_owned(), text(input, "ticketUrl").to_owned());
        let (name, url) = ticket.clone();
        self.touch(Kind::Issue, number, |touch, now| {
            touch.tickets.push(ticket);
            touch.at = Some(now);
        });
        let made =
            json!({"id": format!("ticket-{name}"), "externalId": name, "name": name, "url": url});
        Ok(json!({"serviceTicket": made}))
    }

    fn update_finding(&self, kind: Kind, member: &str, input: &Value) -> Answered {
        let id = text(input, "id");
        let number = kind.number(id).filter(|_| self.one(kind, id).is_some());
        let number = number.ok_or_else(|| Refusal::input("id must be a valid finding id"))?;
        let patch = input.get("patch").cloned().unwrap_or_default();
        if text(&patch, "status") == "REJECTED" && text(&patch, "resolutionReason").is_empty() {
            return Err(Refusal::input("resolutionReason is required"));
        }
        self.touch(kind, number, |touch, now| {
            set_status(touch, &patch, now);
            match text(&patch, "note") {
                "" => {}
                note => touch.notes.push(note.to_owned()),
            }
        });
        Ok(json!({member: self.one(kind, id)}))
    }

    /// An ignore rule hides the findings of its rules and weaknesses on its resources.
    fn create_rule(&self, input: &Value) -> Answered {
        let list = |value: Option<&Value>| -> Vec<String> {
            let texts = value.and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let rules = list(input.get("cloudConfigurationRuleIds"));
        let weaknesses = list(input.get("vulnerabilityIds"));
        let things = list(input.pointer("/resourceConditions/id"));
        if things.is_empty() || (rules.is_empty() && weaknesses.is_empty()) {
            return Err(Refusal::input("an ignore rule without conditions would hide everything"));
        }
        let kinds = [Kind::Configuration, Kind::Vulnerability];
        let all = self.flaws_of(&things).into_iter();
        for (number, kind) in all.flat_map(|number| kinds.map(|kind| (number, kind))) {
            let record = self.one(kind, &kind.id(number)).unwrap_or_default();
            let at = |path: &str| record.pointer(path).and_then(Value::as_str);
            let is_one_of = |path: &str, ids: &[String]| {
                at(path).is_some_and(|id| ids.iter().any(|one| one == id))
            };
            if is_one_of("/rule/id", &rules) || is_one_of("/vulnerabilityId", &weaknesses) {
                self.hide(kind, number, input);
            }
        }
        self.state().rules.push(input.clone());
        Ok(json!({"rule": {"id": "rule-1", "name": text(input, "name"), "enabled": true}}))
    }

    fn hide(&self, kind: Kind, number: usize, rule: &Value) {
        let patch = json!({"status": "REJECTED", "rejectionExpiredAt": rule.get("expiredAt"),
            "resolutionReason": rule.get("findingIgnoreReason")});
        self.touch(kind, number, |touch, now| {
            set_status(touch, &patch, now);
            touch.ignored_by = Some(text(rule, "name").to_owned());
        });
    }

    /// The flaws of things, by the vendor's ids of the things.
    fn flaws_of(&self, things: &[String]) -> Vec<usize> {
        let state = self.world.read();
        let numbers = things.iter().filter_map(|id| Kind::Resource.number(id));
        let flaws = numbers.flat_map(|number| {
            let first = state.flaws.partition_point(|flaw| flaw.thing < number);
            let rest = state.flaws.iter().skip(first);
            rest.take_while(move |flaw| flaw.thing == number).map(|flaw| flaw.number)
        });
        flaws.collect()
    }

    fn issue_number(&self, id: &str) -> Result<(usize, bool), Refusal> {
        let unknown = || Refusal::input("id must be a valid service issue id");
        let number = Kind::Issue.number(id).ok_or_else(unknown)?;
        let issue = self.one(Kind::Issue, id).ok_or_else(unknown)?;
        Ok((number, text(&issue, "type") == "THREAT_DETECTION"))
    }

    fn touch(&self, kind: Kind, number: usize, change: impl FnOnce(&mut Touch, Timestamp)) {
        let now = self.now();
        let mut state = self.state();
        change(state.touched.entry((kind, number)).or_default(), now);
        state.changes += 1;
    }
}

/// A patch passes over what is null.
fn set_status(touch: &mut Touch, patch: &Value, now: Timestamp) {
    let member = |name: &str| Some(text(patch, name).to_owned()).filter(|text| !text.is_empty());
    touch.at = Some(now);
    let Some(status) = member("status") else { return };
    touch.reason = member("resolutionReason");
    touch.until = member("rejectionExpiredAt");
    touch.status = Some(status);
    touch.status_at = Some(now);
}
