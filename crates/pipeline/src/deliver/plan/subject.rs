//! What of an incident may be told of: itself, and each fix that closes some of it.

use quell_deliver::route::{Facts, Subject};
use quell_deliver::{Key, Letter};
use quell_model::{IncidentKind, IssueKey, Severity, TenantId, Untrusted};
use quell_report::{FixReport, IncidentStory};

use super::super::{fix, incident};
use super::{Places, Told, hash};

/// The subjects of an incident. Which letters there are follows from the story alone.
pub(super) fn subjects(
    story: &IncidentStory,
    (tenant, places): (&TenantId, &Places),
    kind: IncidentKind,
) -> Vec<Told> {
    let fixes: Vec<&FixReport> = story.fixes.iter().filter(|fix| fix.state == "proved").collect();
    let facts = facts(story, kind, !fixes.is_empty());
    let mut all = Vec::with_capacity(fixes.len() + 1);
    for one in fixes {
        let id = Subject::Fix.named(&one.id);
        let key = Key::new(tenant, "", &id, 0);
        let letter = fix::letter(key, (story, one), places);
        let closed = story.issues.iter().filter(|issue| one.closes.contains(&issue.id));
        let score = closed.clone().map(|issue| issue.risk.score).max();
        let severity = closed.map(|issue| issue.severity).max();
        let facts = Facts {
            subject: Subject::Fix,
            severity: severity.unwrap_or(Severity::Unknown),
            score: score.unwrap_or_default(),
            controls: vec![one.control.clone()],
            ..facts.clone()
        };
        all.push(told(id, facts, keys(&one.closes), letter));
    }
    let id = Subject::Incident.named(&story.incident.id);
    let key = Key::new(tenant, "", &id, 0);
    let letter = incident::letter(key, story, places);
    all.push(told(id, facts, keys(&story.incident.issues), letter));
    all
}

fn told(id: String, facts: Facts, issues: Vec<IssueKey>, letter: Letter) -> Told {
    Told { id, facts, issues, hash: hash(&letter), letter }
}

fn keys(ids: &[String]) -> Vec<IssueKey> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

fn facts(story: &IncidentStory, kind: IncidentKind, has_fix: bool) -> Facts {
    let incident = &story.incident;
    let texts = |of: &dyn Fn(&quell_report::AssetReport) -> Option<Untrusted>| {
        let all = story.assets.iter().filter_map(of).map(|text| text.raw().to_owned());
        let mut all: Vec<String> = all.filter(|text| !text.is_empty()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let mut controls: Vec<String> =
        story.issues.iter().filter_map(|issue| issue.control.clone()).collect();
    controls.sort_unstable();
    controls.dedup();
    Facts {
        subject: Subject::Incident,
        severity: incident.severity,
        score: incident.score,
        owners: texts(&|asset| asset.owner.as_ref().map(|owner| owner.name.clone())),
        teams: vec![incident.owner.name.raw().to_owned()],
        environments: texts(&|asset| asset.environment.clone()),
        accounts: texts(&|asset| Some(asset.account.clone())),
        controls,
        kind: Some(kind),
        has_fix,
    }
}
