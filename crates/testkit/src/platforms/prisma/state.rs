//! What the tenant remembers: tokens, decisions of people, lists that are being paged through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quell_model::Timestamp;
use serde_json::Value;

use super::estate::Estate;
use crate::platforms::Flaw;

/// Most lists that can be paged through at once; the oldest is forgotten.
const MOST_LISTS: usize = 64;

/// How the tenant behaves; what is set at first is what tenants do today.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "switches that tests set one by one")]
pub struct PrismaQuirks {
    /// Seconds that a token is good.
    pub token_seconds: i64,
    /// Whether the documented limits are enforced.
    pub limits: bool,
    /// Whether errors of the posture side have an empty body and only the header `x-redlock-status`.
    pub errors_in_header: bool,
    /// Whether lists follow the world while they are paged through, instead of being frozen.
    pub shifting: bool,
    /// Whether the last page of alerts is empty and announced by a token.
    pub empty_last_page: bool,
    /// Whether alerts name their policy by its id only, though details were asked for.
    pub bare_policies: bool,
    /// Whether names of resources hold what no name should.
    pub hostile: bool,
    /// Whether `rrn` lacks its cloud, as in old tenants.
    pub old_rrn: bool,
    /// Most records on a page of the console.
    pub console_page: usize,
    /// The tenant that login answers name.
    pub tenant: String,
    /// Whether the key belongs to a system administrator.
    pub administrator: bool,
}

impl Default for PrismaQuirks {
    fn default() -> Self {
        Self {
            token_seconds: 600,
            limits: true,
            errors_in_header: false,
            shifting: false,
            empty_last_page: true,
            bare_policies: false,
            hostile: true,
            old_rrn: false,
            console_page: 50,
            tenant: super::TENANT.to_owned(),
            administrator: false,
        }
    }
}

/// A right that the key can lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrismaRight {
    /// Sees alerts.
    Alerts,
    /// Dismisses, snoozes and reopens alerts.
    DismissAlerts,
    /// Sees policies.
    Policies,
    /// Searches the inventory.
    Investigate,
    /// Searches permissions.
    Iam,
    /// Sees which asset passes which policy.
    Inventory,
    /// Sees incidents and audits of the console.
    Runtime,
    /// Acknowledges incidents.
    AcknowledgeIncidents,
    /// Sees scans of the console.
    Vulnerabilities,
}

/// Who may ask, and until when.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) posture: BTreeMap<String, Timestamp>,
    pub(super) console: BTreeMap<String, Timestamp>,
    pub(super) logins: usize,
    pub(super) renewals: usize,
    made: u64,
    left: Option<u32>,
}

impl Tokens {
    pub(super) fn end(&mut self) {
        self.posture.clear();
        self.console.clear();
    }

    pub(super) const fn end_after(&mut self, requests: u32) {
        self.left = Some(requests);
    }

    /// A text for a new token.
    pub(super) fn next(&mut self, side: &str) -> String {
        self.made += 1;
        format!("eyJhbGciOiJIUzI1NiJ9.{side}{:012}.c2lnbmF0dXJl", self.made)
    }

    /// Counts a request that uses a token.
    pub(super) fn used(&mut self) {
        match self.left {
            Some(0) => {
                self.left = None;
                self.end();
            }
            Some(left) => self.left = Some(left - 1),
            None => {}
        }
    }
}

/// What somebody decided of an alert.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) status: &'static str,
    pub(super) note: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    /// Until when, for a snooze.
    pub(super) until: Option<Timestamp>,
}

/// How an alert stands now.
pub(super) struct Standing {
    pub(super) status: &'static str,
    pub(super) reason: &'static str,
    pub(super) note: String,
    pub(super) by: String,
    pub(super) until: Option<Timestamp>,
    /// When its status last changed.
    pub(super) since: Timestamp,
    /// When anything of it last changed.
    pub(super) updated: Timestamp,
}

/// A list that is being paged through.
#[derive(Debug, Clone)]
pub(super) struct List {
    /// What was asked, which every page has to repeat.
    pub(super) question: String,
    /// Numbers of flaws or things.
    pub(super) numbers: Arc<Vec<usize>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) quirks: PrismaQuirks,
    pub(super) missing: BTreeSet<PrismaRight>,
    pub(super) tokens: Tokens,
    pub(super) decisions: BTreeMap<usize, Decision>,
    pub(super) acknowledged: BTreeMap<usize, bool>,
    pub(super) lists: BTreeMap<u64, List>,
    pub(super) estate: Estate,
    made_lists: u64,
}

impl State {
    /// Keeps a list for its later pages.
    pub(super) fn keep(&mut self, list: List) -> u64 {
        self.made_lists += 1;
        self.lists.insert(self.made_lists, list);
        while self.lists.len() > MOST_LISTS {
            self.lists.pop_first();
        }
        self.made_lists
    }

    pub(super) fn standing(&self, flaw: &Flaw, now: Timestamp) -> Standing {
        let decision = self.decisions.get(&flaw.number);
        let decision = decision.filter(|decision| flaw.fix.is_none_or(|fix| fix.at < decision.at));
        let ended = flaw.fix.filter(|_| decision.is_none_or(|decision| decision.status == "open"));
        let over = decision.and_then(|decision| decision.until).filter(|until| *until <= now);
        let (status, reason) = match (ended, over, decision.map(|decision| decision.status)) {
            (Some(_), _, _) => ("resolved", "RESOLVED"),
            (None, Some(_), _) => ("open", "SNOOZE_EXPIRED"),
            (None, None, Some("dismissed")) => ("dismissed", "USER_DISMISSED"),
            (None, None, Some("snoozed")) => ("snoozed", "USER_SNOOZED"),
            (None, None, Some(_)) => ("open", "USER_REOPENED"),
            (None, None, None) if flaw.changed > flaw.opened => ("open", "RESOURCE_UPDATED"),
            (None, None, None) => ("open", "NEW_ALERT"),
        };
        let decided = decision.map(|decision| over.unwrap_or(decision.at));
        let since = ended.map(|fix| fix.at).or(decided).unwrap_or(flaw.opened);
        Standing {
            status,
            reason,
            note: decision.map(|decision| decision.note.clone()).unwrap_or_default(),
            by: decision.map(|decision| decision.by.clone()).unwrap_or_default(),
            until: decision.and_then(|decision| decision.until),
            since,
            updated: since.max(flaw.changed),
        }
    }

    pub(super) fn is_acknowledged(&self, flaw: &Flaw) -> bool {
        self.acknowledged.get(&flaw.number).copied().unwrap_or(flaw.fix.is_some())
    }
}

/// The fields of two objects in one.
pub(super) fn both(mut first: Value, second: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (first.as_object_mut(), second) {
        fields.extend(more);
    }
    first
}
