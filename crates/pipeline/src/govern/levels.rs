//! Service levels of what is stored.

use std::collections::BTreeMap;

use quell_govern::exception::{Exception, State};
use quell_govern::expression::Expression;
use quell_govern::level::{ClockState, Known, Level};
use quell_model::{Issue, Severity, Timestamp};
use quell_report::LevelReport;
use quell_store::{MatchedIssue, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::times::{IncidentTimesReport, incident_times};
use crate::{PipelineError, Setup};

/// Hours within which something is due soon.
const SOON_HOURS: i64 = 72;

/// How the clocks of open issues stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceLevelsReport {
    /// All open issues, hidden ones too.
    pub issues: u64,
    /// Of those, with nothing due.
    pub without: u64,
    /// Of those, late.
    pub late: u64,
    /// Of those, due within 72 hours.
    pub soon: u64,
    /// Of those, whose clock stands while an exception hides them.
    pub paused: u64,
    /// Of those, whose clock runs again behind an exception.
    pub restarted: u64,
    /// The same by severity, the worst first.
    pub severities: Vec<SeverityLevels>,
    /// How long incidents took to be understood, agreed to be fixed, and gone.
    #[serde(default)]
    pub incidents: IncidentTimesReport,
}

/// How the clocks of issues of a severity stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeverityLevels {
    /// The severity.
    pub severity: Severity,
    /// Open issues.
    pub issues: u64,
    /// Of those, late.
    pub late: u64,
    /// Of those, due within 72 hours.
    pub soon: u64,
    /// Of those, whose clock stands.
    pub paused: u64,
    /// How many hours the one that is latest is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_late_hours: Option<i64>,
}

fn told(level: &Level) -> LevelReport {
    let state = match level.state {
        ClockState::Running => "running",
        ClockState::Paused => "paused",
        ClockState::Restarted => "restarted",
    };
    LevelReport {
        state: state.into(),
        due: level.due,
        late: level.late,
        paused_hours: level.paused_hours,
        because: level.because.clone(),
    }
}

/// Exceptions that hide or hid something, with their expressions.
fn past(store: &Store) -> Result<Vec<(Exception, Expression)>, PipelineError> {
    let all = store.exception_list(&[State::Granted, State::Withdrawn, State::Ended])?;
    let granted = all.into_iter().filter(|one| one.granted_at().is_some());
    Ok(granted
        .filter_map(|one| {
            let scope = one.request.scope.parse().ok()?;
            Some((one, scope))
        })
        .collect())
}

/// By when an open issue is to be dealt with; `None` where nothing is due.
pub(crate) fn level_of(
    store: &Store,
    setup: &Setup,
    (row, issue): (i64, &Issue),
    now: Timestamp,
) -> Result<Option<LevelReport>, PipelineError> {
    let past = past(store)?;
    let scopes: Vec<Expression> = past.iter().map(|(_, scope)| scope.clone()).collect();
    let held = store.issue_held(row, &scopes)?;
    let held = past.iter().zip(held).filter(|(_, held)| *held);
    let pauses: Vec<(Timestamp, Timestamp)> =
        held.filter_map(|((exception, _), _)| exception.hid(issue.severity)).collect();
    let known = Known {
        severity: issue.severity,
        environment: issue.asset.context.environment.as_ref().map(|known| known.value.raw()),
        exposed: issue.asset.signals.internet_exposed == Some(true),
        since: issue.first_seen,
    };
    Ok(setup.targets().level(&known, &pauses, now).map(|level| told(&level)))
}

/// How the clocks of all open issues stand.
///
/// # Errors
/// When the store refuses.
pub fn service_levels(
    store: &Store,
    setup: &Setup,
    now: Timestamp,
) -> Result<ServiceLevelsReport, PipelineError> {
    let mut pauses: BTreeMap<i64, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for (exception, scope) in past(store)? {
        for issue in store.issue_match(&scope)?.issues {
            let hid = exception.hid(issue.severity);
            pauses.entry(issue.row).or_default().extend(hid);
        }
    }
    let mut report = ServiceLevelsReport::default();
    let mut by: BTreeMap<Severity, SeverityLevels> = BTreeMap::new();
    for issue in store.issue_match(&Expression::And(Vec::new()))?.issues {
        let level = level(setup, &issue, pauses.get(&issue.row).map_or(&[], Vec::as_slice), now);
        count(&mut report, &mut by, (&issue, level.as_ref()), now);
    }
    report.severities = by.into_values().rev().collect();
    report.incidents = incident_times(store)?;
    Ok(report)
}

fn level(
    setup: &Setup,
    issue: &MatchedIssue,
    pauses: &[(Timestamp, Timestamp)],
    now: Timestamp,
) -> Option<Level> {
    let known = Known {
        severity: issue.severity,
        // Only whether it is known to be no production counts.
        environment: issue.elsewhere.then_some("another environment"),
        exposed: issue.exposed,
        since: issue.since,
    };
    setup.targets().level(&known, pauses, now)
}

fn count(
    report: &mut ServiceLevelsReport,
    by: &mut BTreeMap<Severity, SeverityLevels>,
    (issue, level): (&MatchedIssue, Option<&Level>),
    now: Timestamp,
) {
    let own = by.entry(issue.severity).or_insert_with(|| SeverityLevels {
        severity: issue.severity,
        issues: 0,
        late: 0,
        soon: 0,
        paused: 0,
        most_late_hours: None,
    });
    report.issues += 1;
    own.issues += 1;
    let Some(level) = level else {
        report.without += 1;
        return;
    };
    let hours = level.due.duration_since(now).as_hours();
    let is_paused = level.state == ClockState::Paused;
    let (late, soon) = (level.late && !is_paused, !level.late && hours < SOON_HOURS && !is_paused);
    report.late += u64::from(late);
    report.soon += u64::from(soon);
    report.paused += u64::from(is_paused);
    report.restarted += u64::from(level.state == ClockState::Restarted);
    own.late += u64::from(late);
    own.soon += u64::from(soon);
    own.paused += u64::from(is_paused);
    if late {
        own.most_late_hours = own.most_late_hours.max(Some(-hours));
    }
}
