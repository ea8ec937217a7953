//! What the formula and the decision rules look at, read off an issue once.

use quell_catalog::Exposure;
use quell_model::{FindingClass, Issue, Severity};

use crate::{Elsewhere, Factors};

/// Whether the internet reaches the asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// A tool says so.
    Said,
    /// The fault itself opens it.
    Implied,
    /// Nobody says.
    Unknown,
    /// A tool says that it does not.
    Denied,
}

impl Reach {
    /// Whether it is to be taken as reached.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Said | Self::Implied)
    }
}

/// What is known of the asset's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    /// Restricted or confidential by its class.
    Classed(String),
    /// A tool found sensitive data.
    Found,
    /// Of no known class, and the fault opens it.
    Opened,
    /// Public by its class.
    Public,
    /// Nothing.
    Unknown,
}

/// What the asset is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Production,
    Staging,
    /// Development, test, sandbox, or said to be no production.
    Lower,
    Unknown,
}

/// What the asset may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privilege {
    Administrator,
    /// The fault gives more rights than needed.
    More,
    Unknown,
}

/// The facts of one issue.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) class: FindingClass,
    pub(crate) severity: Severity,
    pub(crate) cvss: Option<f64>,
    pub(crate) epss: Option<f64>,
    pub(crate) exploited: bool,
    pub(crate) reach: Reach,
    pub(crate) data: Data,
    pub(crate) place: Place,
    pub(crate) privilege: Privilege,
    pub(crate) days: Option<i64>,
    pub(crate) elsewhere: Elsewhere,
}

impl Facts {
    /// Reads them; `days` is how long the issue is open.
    pub(crate) fn of(issue: &Issue, factors: &Factors<'_>, days: Option<i64>) -> Self {
        Self {
            class: issue.class,
            severity: issue.severity,
            cvss: factors.cvss.filter(|s| (0.0..=10.0).contains(s)),
            epss: factors.epss.filter(|p| (0.0..=1.0).contains(p)),
            exploited: factors.exploited,
            reach: reach(issue, factors.implies),
            data: data(issue, factors.implies),
            place: place(issue),
            privilege: privilege(issue, factors.implies),
            days,
            elsewhere: factors.elsewhere,
        }
    }

    pub(crate) const fn is_sensitive(&self) -> bool {
        matches!(self.data, Data::Classed(_) | Data::Found)
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.privilege == Privilege::Administrator
    }

    /// Whether there is something to lose: sensitive data, or the rights of an administrator.
    pub(crate) fn is_valuable(&self) -> bool {
        self.is_sensitive() || self.is_admin()
    }
}

fn reach(issue: &Issue, implies: Exposure) -> Reach {
    match (issue.asset.signals.internet_exposed, implies) {
        (Some(true), _) => Reach::Said,
        (_, Exposure::Internet) => Reach::Implied,
        (Some(false), Exposure::None | Exposure::Data | Exposure::Privilege) => Reach::Denied,
        (None, Exposure::None | Exposure::Data | Exposure::Privilege) => Reach::Unknown,
    }
}

fn data(issue: &Issue, implies: Exposure) -> Data {
    let class = issue.asset.context.data_class.as_ref().map(|c| c.value.raw());
    match class {
        Some(class @ ("restricted" | "confidential")) => Data::Classed(class.to_owned()),
        _ if issue.asset.signals.sensitive_data == Some(true) => Data::Found,
        Some("public") => Data::Public,
        _ if implies == Exposure::Data => Data::Opened,
        _ => Data::Unknown,
    }
}

fn place(issue: &Issue) -> Place {
    match issue.asset.context.environment.as_ref().map(|e| e.value.raw()) {
        Some("production") => Place::Production,
        Some("staging") => Place::Staging,
        Some("development" | "test" | "sandbox" | "non-production") => Place::Lower,
        _ => Place::Unknown,
    }
}

fn privilege(issue: &Issue, implies: Exposure) -> Privilege {
    match (issue.asset.signals.high_privilege, implies) {
        (Some(true), _) => Privilege::Administrator,
        (_, Exposure::Privilege) => Privilege::More,
        (_, Exposure::None | Exposure::Internet | Exposure::Data) => Privilege::Unknown,
    }
}
