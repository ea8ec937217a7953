//! The word of every route that changes something.

use quell_audit::Action;

/// Method, address below `/api/v1`, and what it does. A route that is not here is refused, and a
/// test fails.
const ROUTES: &[(&str, &str, Action)] = &[
    ("POST", "/approvals", Action::ApprovalChange),
    ("POST", "/approvals/{id}", Action::ApprovalChange),
    ("POST", "/containment", Action::ContainmentAsk),
    ("POST", "/containment/{id}/retry", Action::ContainmentAct),
    ("POST", "/containment/{id}/rollback", Action::ContainmentAct),
    ("POST", "/delegations", Action::ApprovalChange),
    ("POST", "/exceptions", Action::ExceptionChange),
    ("POST", "/exceptions/decide", Action::ExceptionChange),
    ("POST", "/exceptions/import", Action::ExceptionChange),
    ("POST", "/exceptions/{id}", Action::ExceptionChange),
    ("POST", "/findings/{id}/tell", Action::FindingTell),
    ("POST", "/fixes/plan", Action::FixPlan),
    ("POST", "/imports", Action::ImportCreate),
    ("POST", "/incidents/{id}/explanation", Action::IncidentExplain),
    ("POST", "/incidents/{id}/join", Action::IncidentJoin),
    ("DELETE", "/incidents/{id}/mark", Action::IncidentUnmark),
    ("POST", "/incidents/{id}/mark", Action::IncidentMark),
    ("POST", "/incidents/{id}/reset", Action::IncidentReset),
    ("POST", "/incidents/{id}/split", Action::IncidentSplit),
    ("POST", "/issues/{id}/fix", Action::FixWrite),
    ("DELETE", "/issues/{id}/mark", Action::IssueUnmark),
    ("POST", "/issues/{id}/mark", Action::IssueMark),
    ("POST", "/issues/{id}/split", Action::IssueSplit),
    ("POST", "/jobs/{id}/cancel", Action::JobCancel),
    ("POST", "/jobs/{id}/release", Action::JobRelease),
    ("POST", "/jobs/{id}/retry", Action::JobRetry),
    ("POST", "/llm/batches", Action::IncidentExplain),
    ("POST", "/llm/grants", Action::GrantCreate),
    ("DELETE", "/llm/grants/{id}", Action::GrantRevoke),
    ("POST", "/outbox/{id}/{action}", Action::OutboxAct),
    ("POST", "/policy/rules/{id}/back", Action::PolicyChange),
    ("POST", "/replays", Action::ReplayCreate),
    ("POST", "/sinks/{name}/test", Action::SinkTest),
    ("POST", "/sources/{name}/test", Action::SourceTest),
    ("POST", "/sources/{name}/{action}", Action::SourceAct),
];

/// What a route does.
pub(crate) fn action_of(method: &str, route: &str) -> Option<Action> {
    let path = route.strip_prefix("/api/v1").unwrap_or(route);
    let found = ROUTES.iter().find(|(known, at, _)| *known == method && *at == path);
    found.map(|(_, _, action)| *action)
}

/// What the ids behind a part of an address are ids of.
pub(crate) fn kind_of(part: &str) -> &'static str {
    match part {
        "issues" | "issue" => "issue",
        "incidents" | "incident" => "incident",
        "findings" | "finding" => "finding",
        "jobs" => "job",
        "sources" => "source",
        "assets" => "asset",
        "fixes" => "fix",
        "exceptions" => "exception",
        "approvals" => "approval",
        "containment" => "approval",
        "outbox" => "outbox",
        "sinks" => "sink",
        "grants" => "grant",
        _ => "id",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_route_stands_once() {
        let all: BTreeSet<_> = ROUTES.iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(all.len(), ROUTES.len());
        assert_eq!(action_of("POST", "/api/v1/imports"), Some(Action::ImportCreate));
        assert_eq!(action_of("POST", "/api/v1/nothing"), None);
    }
}
