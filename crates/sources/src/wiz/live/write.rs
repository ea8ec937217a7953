//! What Wiz is told: notes, the status of issues and findings, ignore rules, links to tickets.
//!
//! The record is looked at first, so that what is so already is not done again.

use serde_json::{Value, json};

use super::Wiz;
use super::call::Question;
use super::documents::{self, Document};
use crate::live::{Change, Dismissal, LiveError, Target, Written};

/// A status with what Wiz wants beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    status: &'static str,
    reason: Option<&'static str>,
    until: Option<String>,
}

impl State {
    const fn of(status: &'static str, reason: Option<&'static str>) -> Self {
        Self { status, reason, until: None }
    }

    /// Whether a record is in it.
    fn is_met_by(&self, record: &Value) -> bool {
        let same = |name: &str, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| text(record, name) == wanted)
        };
        let until = |name: &str| text(record, name).parse::<jiff::Timestamp>().ok();
        let wanted = self.until.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        same("status", Some(self.status))
            && same("resolutionReason", self.reason)
            && (self.until.is_none() || until("rejectionExpiredAt") == wanted)
    }

    fn patch(&self) -> Value {
        let mut patch = json!({"status": self.status});
        if let (Some(patch), Some(reason)) = (patch.as_object_mut(), self.reason) {
            patch.insert("resolutionReason".to_owned(), json!(reason));
        }
        if let (Some(patch), Some(until)) = (patch.as_object_mut(), &self.until) {
            patch.insert("rejectionExpiredAt".to_owned(), json!(until));
        }
        patch
    }
}

impl Wiz {
    /// Tells Wiz what became of a record.
    pub(super) async fn write_change(
        &self,
        target: &Target,
        change: &Change,
    ) -> Result<Written, LiveError> {
        match target.stream.as_str() {
            "issues" => self.write_issue(&target.id, change).await,
            "configuration" => self.write_finding(&CONFIGURATION, &target.id, change).await,
            "vulnerabilities" => self.write_finding(&VULNERABILITY, &target.id, change).await,
            // A detection has no state of its own; the issue that it made has.
            _ => Err(LiveError::Unsupported("this stream of Wiz")),
        }
    }

    async fn write_issue(&self, id: &str, change: &Change) -> Result<Written, LiveError> {
        let issue = self.look(documents::ISSUE_STATE, ("issue", id), "read:issues").await?;
        if let Change::Link { name, url } = change {
            return self.link(id, &issue, (name, url)).await;
        }
        let wanted = issue_state(text(&issue, "type"), text(&issue, "status"), change)?;
        // The note comes first: a status that people see has its reason beside it.
        let noted = match note_of(change) {
            Some(note) if !has_note(&issue, note) => {
                let variables = json!({"id": id, "text": note});
                let question = (documents::CREATE_ISSUE_NOTE, "write:issue_comments");
                self.tell(question, &variables).await?;
                Written::Done
            }
            _ => Written::Already,
        };
        match wanted {
            Some(wanted) if !wanted.is_met_by(&issue) => {
                let variables = json!({"id": id, "patch": wanted.patch()});
                let right = if wanted.status == "REJECTED" {
                    "write:issue_ignore"
                } else {
                    "write:issue_status"
                };
                self.tell((documents::UPDATE_ISSUE, right), &variables).await?;
                Ok(Written::Done)
            }
            _ => Ok(noted),
        }
    }

    async fn link(
        &self,
        id: &str,
        issue: &Value,
        (name, url): (&str, &str),
    ) -> Result<Written, LiveError> {
        let tickets = issue.get("serviceTickets").and_then(Value::as_array);
        if tickets.into_iter().flatten().any(|ticket| text(ticket, "url") == url) {
            return Ok(Written::Already);
        }
        let variables = json!({"id": id, "ticketId": name, "ticketUrl": url});
        let question = (documents::ASSOCIATE_SERVICE_TICKET, "write:service_ticket");
        self.tell(question, &variables).await?;
        Ok(Written::Done)
    }

    async fn write_finding(
        &self,
        kind: &FindingKind,
        id: &str,
        change: &Change,
    ) -> Result<Written, LiveError> {
        let Some(wanted) = finding_state(change)? else {
            return self.note_finding(kind, id, change).await;
        };
        let finding = self.look(kind.state, (kind.root, id), kind.read).await?;
        if wanted.is_met_by(&finding) {
            return Ok(Written::Already);
        }
        if self.options.by_ignore_rule && wanted.status == "REJECTED" {
            return self.ignore(kind, &finding, (&wanted, note_of(change))).await;
        }
        let mut patch = wanted.patch();
        if let (Some(patch), Some(note)) = (patch.as_object_mut(), note_of(change)) {
            patch.insert("note".to_owned(), json!(note));
        }
        let variables = json!({"id": id, "patch": patch});
        self.tell((kind.update, kind.right), &variables).await?;
        Ok(Written::Done)
    }

    /// A finding has one note; it is set where it says something else.
    async fn note_finding(
        &self,
        kind: &FindingKind,
        id: &str,
        change: &Change,
    ) -> Result<Written, LiveError> {
        let Some(note) = note_of(change) else {
            return Err(LiveError::Unsupported("a finding of Wiz"));
        };
        let finding = self.look(kind.state, (kind.root, id), kind.read).await?;
        if finding.pointer("/note/text").and_then(Value::as_str) == Some(note) {
            return Ok(Written::Already);
        }
        let variables = json!({"id": id, "patch": {"note": note}});
        self.tell((kind.update, kind.right), &variables).await?;
        Ok(Written::Done)
    }

    /// A rule that hides this finding's rule or weakness on this finding's resource.
    async fn ignore(
        &self,
        kind: &FindingKind,
        finding: &Value,
        (wanted, note): (&State, Option<&str>),
    ) -> Result<Written, LiveError> {
        let at =
            |path: &str| finding.pointer(path).and_then(Value::as_str).filter(|id| !id.is_empty());
        let (Some(what), Some(place)) = (at(kind.what), at(kind.place)) else {
            let why = "the finding names no rule or no resource, so a rule would hide more than it";
            return Err(LiveError::Refused(why.to_owned()));
        };
        let name = format!("Quell: {}", text(finding, "id"));
        let rules = finding.get("ignoreRules").and_then(Value::as_array);
        if rules.into_iter().flatten().any(|rule| text(rule, "name") == name) {
            return Ok(Written::Already);
        }
        let input = json!({
            "name": name, "description": note.unwrap_or("decided in Quell"),
            "findingIgnoreReason": wanted.reason, "findingTypes": [kind.finding_type],
            "resourceConditions": {"id": [place]}, kind.by: [what], "expiredAt": wanted.until,
        });
        let question = (documents::CREATE_IGNORE_RULE, "create:ignore_rules");
        self.tell(question, &json!({"input": input})).await?;
        Ok(Written::Done)
    }

    async fn look(
        &self,
        document: Document,
        (root, id): (&str, &str),
        right: &'static str,
    ) -> Result<Value, LiveError> {
        let (document, variables) = (document.text(), json!({"id": id}));
        let reply = self.ask(&Question::reading(&document, &variables, right)).await?;
        let record = reply
            .root(root)
            .map_err(|_| LiveError::Refused(format!("Wiz knows no record `{id}`")))?;
        serde_json::from_str(record.get())
            .map_err(|_| LiveError::shape(format!("$.data.{root}"), "is no JSON"))
    }

    async fn tell(
        &self,
        (document, right): (Document, &'static str),
        variables: &Value,
    ) -> Result<(), LiveError> {
        let document = document.text();
        let question = Question { changes: true, ..Question::reading(&document, variables, right) };
        self.ask(&question).await.map(|_| ())
    }
}

/// What the kinds of findings have of their own.
struct FindingKind {
    root: &'static str,
    state: Document,
    update: Document,
    read: &'static str,
    right: &'static str,
    finding_type: &'static str,
    /// What an ignore rule names, and where the finding says it.
    by: &'static str,
    what: &'static str,
    place: &'static str,
}

const CONFIGURATION: FindingKind = FindingKind {
    root: "configurationFinding",
    state: documents::CONFIGURATION_STATE,
    update: documents::UPDATE_CONFIGURATION_FINDING,
    read: "read:cloud_configuration",
    right: "update:cloud_configuration",
    finding_type: "CLOUD_CONFIGURATION",
    by: "cloudConfigurationRuleIds",
    what: "/rule/id",
    place: "/resource/id",
};

const VULNERABILITY: FindingKind = FindingKind {
    root: "vulnerabilityFinding",
    state: documents::VULNERABILITY_STATE,
    update: documents::UPDATE_VULNERABILITY_FINDING,
    read: "read:vulnerabilities",
    right: "update:vulnerabilities",
    finding_type: "VULNERABILITY",
    by: "vulnerabilityIds",
    what: "/vulnerabilityId",
    place: "/vulnerableAsset/id",
};

/// The status that a change asks of an issue, by the rules for its type.
fn issue_state(kind: &str, status: &str, change: &Change) -> Result<Option<State>, LiveError> {
    let threat = kind == "THREAT_DETECTION";
    let rejected = |ordinary: &'static str, of_threat: &'static str| {
        State::of("REJECTED", Some(if threat { of_threat } else { ordinary }))
    };
    Ok(match change {
        Change::Comment { .. } | Change::Link { .. } => None,
        Change::Begin { .. } => Some(State::of("IN_PROGRESS", None)),
        Change::Reopen { .. } => Some(State::of("OPEN", None)),
        // What is over stays so, whoever ended it.
        Change::Close { .. } if status == "RESOLVED" => None,
        Change::Close { .. } if threat => Some(State::of("RESOLVED", Some("MALICIOUS_THREAT"))),
        Change::Close { .. } => {
            let why = format!(
                "Wiz itself resolves issues of type {kind}, once it no longer finds the fault"
            );
            return Err(LiveError::Refused(why));
        }
        Change::Dismiss { why: Dismissal::FalsePositive, .. } => {
            Some(rejected("FALSE_POSITIVE", "NOT_MALICIOUS_THREAT"))
        }
        Change::Dismiss { why: Dismissal::Accepted, .. } => {
            Some(rejected("EXCEPTION", "PLANNED_ACTION_THREAT"))
        }
        Change::Dismiss { why: Dismissal::Mitigated, .. } => {
            Some(rejected("WONT_FIX", "INCONCLUSIVE_THREAT"))
        }
        Change::Snooze { until, .. } => Some(State {
            until: Some(until.to_string()),
            ..rejected("EXCEPTION", "INCONCLUSIVE_THREAT")
        }),
    })
}

/// The status that a change asks of a finding; `None` for a note alone.
fn finding_state(change: &Change) -> Result<Option<State>, LiveError> {
    let rejected = |reason: &'static str| Some(State::of("REJECTED", Some(reason)));
    Ok(match change {
        Change::Comment { .. } => None,
        Change::Begin { .. } => Some(State::of("IN_PROGRESS", None)),
        Change::Reopen { .. } => Some(State::of("OPEN", None)),
        Change::Dismiss { why: Dismissal::FalsePositive, .. } => rejected("FALSE_POSITIVE"),
        Change::Dismiss { why: Dismissal::Accepted, .. } => rejected("RISK_ACCEPTED"),
        Change::Dismiss { why: Dismissal::Mitigated, .. } => rejected("EXCEPTION"),
        Change::Snooze { until, .. } => Some(State {
            until: Some(until.to_string()),
            ..State::of("REJECTED", Some("UNDER_REVIEW"))
        }),
        Change::Close { .. } => {
            let why = "Wiz itself resolves findings, once it no longer finds the fault";
            return Err(LiveError::Refused(why.to_owned()));
        }
        Change::Link { .. } => return Err(LiveError::Unsupported("a finding of Wiz")),
    })
}

fn note_of(change: &Change) -> Option<&str> {
    let note = match change {
        Change::Comment { text } => text,
        Change::Begin { note }
        | Change::Close { note }
        | Change::Dismiss { note, .. }
        | Change::Snooze { note, .. }
        | Change::Reopen { note } => note,
        Change::Link { .. } => return None,
    };
    Some(note.as_str()).filter(|note| !note.trim().is_empty())
}

fn has_note(issue: &Value, note: &str) -> bool {
    let notes = issue.get("notes").and_then(Value::as_array);
    notes.into_iter().flatten().any(|one| text(one, "text") == note)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
