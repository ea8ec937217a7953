//! What the key may do: each thing is tried in its smallest form, and nothing is changed.

use quell_http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::console::{HOSTS, INCIDENTS};
use super::refusal::Asked;
use super::{Prisma, STREAMS};
use crate::live::{LiveError, Right, RightState};
use crate::wire::{Text, object};

/// Sees alerts.
pub(super) const ALERTS: &str = "Alerts: Overview";
/// Dismisses and snoozes alerts.
pub(super) const DISMISS: &str = "Alerts: Snooze/Dismiss Alerts";
/// Sees policies.
pub(super) const POLICIES: &str = "Policies: Manage Policies (view)";
/// Searches the inventory.
pub(super) const INVESTIGATE: &str = "Investigate: Config";
/// Searches permissions.
pub(super) const PERMISSIONS: &str = "Investigate: IAM";
/// Sees which asset passes which policy.
pub(super) const INVENTORY: &str = "Inventory: Assets";
/// Sees incidents and audits.
pub(super) const RUNTIME: &str = "Compute: Monitor Runtime Results (view)";
/// Sees scans.
pub(super) const VULNERABILITIES: &str =
    "Compute: Monitor Images, Hosts and Functions Results (view)";
/// Acknowledges incidents.
pub(super) const ACKNOWLEDGE: &str = "Compute: Monitor Runtime Results (update)";
/// A role on the console.
pub(super) const COMPUTE: &str = "Compute: access by a role that is mapped to it";
/// What no connector needs.
const ADMINISTRATOR: &str = "System Admin";

/// Whose key it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Profile<'a> {
    #[serde(borrow, rename = "activeRole", deserialize_with = "object")]
    role: Role<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Role<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(rename = "onlyAllowReadAccess")]
    reads_only: Text<'a>,
}

impl Prisma {
    /// Every right that is needed, and one that is too much.
    pub(super) async fn rights(&self) -> Result<Vec<Right>, LiveError> {
        let now = self.clock.now().as_millisecond();
        let window = json!({"timeRange": {"type": "absolute", "value": {"startTime": now - 60_000, "endTime": now}}, "limit": 1});
        let assets = json!({"query": self.settings.assets_query, "limit": 1});
        let permissions = json!({"query": self.settings.permissions_query});
        let mut rights = Vec::new();
        for (right, purpose, call) in [
            (ALERTS, "alerts", ("/v2/alert?detailed=false", &window)),
            (INVESTIGATE, "assets with their configuration", ("/search/api/v2/config", &assets)),
            (
                PERMISSIONS,
                "who may do what",
                ("/iam/api/v4/search/permission?limit=1", &permissions),
            ),
            (
                INVENTORY,
                "which asset passes which policy",
                ("/v2/resource/scan_info", &json!({"limit": 1})),
            ),
        ] {
            let tried = self.tried(right, call).await;
            rights.push(told(right, purpose, tried)?);
        }
        let make = |base: &str| Request::get(&format!("{base}/policy?policy.type=network"));
        let tried = self.ask(Asked::plain(POLICIES), &make).await.map(drop);
        rights.push(told(POLICIES, "names and advice of alerts that lack them", tried)?);
        rights.extend(self.own_rights().await?);
        rights.extend(self.console_rights().await?);
        Ok(rights)
    }

    async fn tried(
        &self,
        right: &'static str,
        (path, body): (&str, &Value),
    ) -> Result<(), LiveError> {
        let call = if right == ALERTS { super::alerts::LIST_CALL } else { "" };
        let make = |base: &str| {
            Ok(Request::post(&format!("{base}{path}"))?.json(body)?.account(call).idempotent())
        };
        self.ask(Asked::plain(right), &make).await.map(drop)
    }

    /// What the role alone tells.
    async fn own_rights(&self) -> Result<Vec<Right>, LiveError> {
        let make = |base: &str| Request::get(&format!("{base}/user/me"));
        let (response, _) = self.ask(Asked::plain("user profile"), &make).await?;
        let profile: Profile<'_> = serde_json::from_slice(response.body()).unwrap_or_default();
        let is_administrator = profile.role.kind.get() == Some(ADMINISTRATOR);
        let state = if profile.role.reads_only.is_true() {
            RightState::MissingToWrite
        } else if is_administrator {
            RightState::Held
        } else {
            RightState::Unknown
        };
        let mut rights = vec![right(DISMISS, "dismissing, snoozing and reopening alerts", state)];
        if is_administrator {
            rights.push(right(ADMINISTRATOR, "nothing that is done here", RightState::NotNeeded));
        }
        Ok(rights)
    }

    async fn console_rights(&self) -> Result<Vec<Right>, LiveError> {
        if self.settings.compute_url.as_deref() == Some("none") {
            return Ok(Vec::new());
        }
        let mut rights = Vec::new();
        for (name, stream, purpose) in [
            (RUNTIME, INCIDENTS, "incidents and runtime audits"),
            (VULNERABILITIES, HOSTS, "weaknesses of images, hosts and functions"),
        ] {
            let Some(stream) = STREAMS.iter().find(|known| known.name == stream) else { continue };
            let tried = self.listed(stream, &[("limit", "1".to_owned())]).await.map(drop);
            rights.push(told(name, purpose, tried)?);
        }
        rights.push(right(ACKNOWLEDGE, "acknowledging incidents", RightState::Unknown));
        Ok(rights)
    }
}

/// A right by what trying it came to. What says nothing of rights is told as it is.
fn told(name: &str, purpose: &str, tried: Result<(), LiveError>) -> Result<Right, LiveError> {
    match tried {
        Ok(()) => Ok(right(name, purpose, RightState::Held)),
        Err(LiveError::Forbidden { .. }) => Ok(right(name, purpose, RightState::Missing)),
        Err(other) => Err(other),
    }
}

fn right(name: &str, purpose: &str, state: RightState) -> Right {
    Right { name: name.to_owned(), purpose: purpose.to_owned(), state }
}
