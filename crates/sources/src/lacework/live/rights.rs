//! What the login may do: each kind of search is tried over the last hour.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Lacework;
use super::account::Call;
use super::cursor::moment;
use crate::live::{LiveError, Right, RightState};

/// A right, what it is for, and a search that needs it.
struct Probe {
    right: &'static str,
    purpose: &'static str,
    path: &'static str,
    kind: &'static str,
    part: Option<(&'static str, &'static str)>,
}

const PROBES: &[Probe] = &[
    Probe {
        right: "Alerts: read",
        purpose: "alerts and their scopes",
        path: "/api/v2/Alerts/search",
        kind: "POST Alerts/search",
        part: None,
    },
    Probe {
        right: "Vulnerabilities: read",
        purpose: "vulnerabilities of hosts and container images",
        path: "/api/v2/Vulnerabilities/Hosts/search",
        kind: "POST Vulnerabilities/Hosts/search",
        part: None,
    },
    Probe {
        right: "Compliance: read",
        purpose: "evaluations of policies",
        path: "/api/v2/Configs/ComplianceEvaluations/search",
        kind: "POST Configs/ComplianceEvaluations/search",
        part: Some(("dataset", "AwsCompliance")),
    },
    Probe {
        right: "Inventory: read",
        purpose: "resources of three clouds",
        path: "/api/v2/Inventory/search",
        kind: "POST Inventory/search",
        part: Some(("csp", "AWS")),
    },
    Probe {
        right: "Cloud activities: read",
        purpose: "what was done in clouds",
        path: "/api/v2/CloudActivities/search",
        kind: "POST CloudActivities/search",
        part: None,
    },
    Probe {
        right: "Entities: read",
        purpose: "machines and what is on them",
        path: "/api/v2/Entities/MachineDetails/search",
        kind: "POST Entities/MachineDetails/search",
        part: None,
    },
    Probe {
        right: "Activities: read",
        purpose: "connections, logins and changed files",
        path: "/api/v2/Activities/UserLogins/search",
        kind: "POST Activities/UserLogins/search",
        part: None,
    },
];

impl Lacework {
    pub(super) async fn rights(&self) -> Result<Vec<Right>, LiveError> {
        let session = self.account.session().await?;
        let mut rights = Vec::new();
        for probe in PROBES {
            let state = self.try_search(probe).await?;
            rights.push(right(probe.right, probe.purpose, state));
        }
        let write = if session.admin { RightState::Held } else { RightState::Unknown };
        rights.push(right("Alerts: write", "comments, and closing alerts", write));
        if session.admin {
            let purpose = "an administrator may change the account; a service user with read rights is enough";
            rights.push(right("Administrator", purpose, RightState::NotNeeded));
        }
        Ok(rights)
    }

    async fn try_search(&self, probe: &Probe) -> Result<RightState, LiveError> {
        let end = self.account.now();
        let start = end.checked_sub(SignedDuration::from_hours(1)).unwrap_or(end);
        let mut body =
            json!({ "timeFilter": { "startTime": moment(start), "endTime": moment(end) } });
        if let (Some((name, value)), Some(map)) = (probe.part, body.as_object_mut()) {
            map.insert(name.to_owned(), Value::from(value));
        }
        let call = Call {
            path: probe.path.to_owned(),
            body: Some(body),
            kind: probe.kind,
            right: probe.right,
            idempotent: true,
        };
        match self.account.ask(&call).await {
            Ok(_) => Ok(RightState::Held),
            Err(LiveError::Forbidden { .. }) => Ok(RightState::Missing),
            // The vendor knows the login and did not like the question.
            Err(LiveError::Refused(_)) => Ok(RightState::Unknown),
            Err(error) => Err(error),
        }
    }
}

fn right(name: &str, purpose: &str, state: RightState) -> Right {
    Right { name: name.to_owned(), purpose: purpose.to_owned(), state }
}
