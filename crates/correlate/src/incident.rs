//! Issues that one person should look at together.
//!
//! Every open issue belongs to exactly one incident, by the first of these that applies:
//!
//! 1. an attack is seen on its asset: all that is open on the asset is one story;
//! 2. its weakness is exploited in the wild: one story for each weakness, wherever it is;
//! 3. one fix closes it and others: a change to one block of code, a rebuilt image, an
//!    upgraded package;
//! 4. the same fault stands many times in one account: one change, repeated;
//! 5. it stands alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use quell_model::{Incident, IncidentKind, Issue, IssueKey, KeyHasher, Severity};

/// What is known of an open issue when incidents are built.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Candidate {
    /// Its identity.
    pub key: IssueKey,
    /// Its asset's key.
    pub asset: String,
    /// Account, subscription, project, cluster or repository.
    pub account: String,
    /// Its severity.
    pub severity: Severity,
    /// Its risk score.
    pub score: u32,
    /// Whether it says that an attack was seen.
    pub is_detection: bool,
    /// The process tree of a detection, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_tree: Option<String>,
    /// The weakness, where it is exploited in the wild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploited: Option<String>,
    /// What one change would close it together with others: image, package, block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_fix: Option<String>,
    /// The fault: a control, or a tool's rule.
    pub fault: String,
}

impl Candidate {
    /// Reads a candidate off an issue. `exploited` says whether a weakness is known to be.
    #[must_use]
    pub fn of(issue: &Issue, exploited: bool) -> Self {
        use quell_model::{FindingClass, MergeBasis, Provider};
        let is_detection = matches!(issue.class, FindingClass::Detection);
        let weakness = match &issue.basis {
            MergeBasis::Vulnerability { id, package } => Some((id.clone(), package.clone())),
            MergeBasis::Control { .. }
            | MergeBasis::Rule { .. }
            | MergeBasis::Title { .. }
            | MergeBasis::Detection { .. }
            | MergeBasis::Split { .. } => None,
        };
        let asset = issue.asset.id.key().to_owned();
        let verb = if issue.asset.id.provider == Provider::Image { "rebuild" } else { "upgrade" };
        let shared_fix = weakness.as_ref().map(|_| format!("{verb}:{asset}"));
        Self {
            key: issue.key,
            account: issue.asset.id.account.clone(),
            severity: issue.severity,
            score: issue.risk.score,
            is_detection,
            process_tree: None,
            exploited: weakness.filter(|_| exploited).map(|(id, _)| id),
            shared_fix,
            fault: fault(issue),
            asset,
        }
    }
}

fn fault(issue: &Issue) -> String {
    use quell_model::MergeBasis;
    match &issue.basis {
        MergeBasis::Control { control } => format!("control:{control}"),
        MergeBasis::Vulnerability { id, .. } => format!("weakness:{id}"),
        MergeBasis::Rule { product, rule } => format!("rule:{product}:{rule}"),
        MergeBasis::Title { title } => format!("title:{title}"),
        MergeBasis::Detection { shared } => format!("detection:{shared}"),
        MergeBasis::Split { .. } => match &issue.control {
            Some(control) => format!("control:{control}"),
            None => format!("title:{}", crate::normalize_title(issue.title.raw())),
        },
    }
}

/// Most points that a story adds to its worst issue.
const STORY_POINTS: u32 = 100;

/// Builds the incidents of all open issues, riskiest first.
#[must_use]
pub fn build_incidents<'a>(
    candidates: impl Iterator<Item = &'a Candidate> + Clone,
) -> Vec<Incident> {
    let attacked: BTreeSet<&str> =
        candidates.clone().filter(|c| c.is_detection).map(|c| c.asset.as_str()).collect();
    let mut stories: BTreeMap<(IncidentKind, String), Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        stories.entry(story(candidate, &attacked)).or_default().push(candidate);
    }
    let mut incidents: Vec<Incident> = stories
        .into_iter()
        .map(|((kind, anchor), members)| incident(kind, &anchor, members))
        .collect();
    incidents.sort_by(|a, b| (b.score, b.severity, a.key).cmp(&(a.score, a.severity, b.key)));
    incidents
}

fn story(candidate: &Candidate, attacked: &BTreeSet<&str>) -> (IncidentKind, String) {
    if attacked.contains(candidate.asset.as_str()) {
        return (IncidentKind::DetectionOnAsset, candidate.asset.clone());
    }
    if let Some(weakness) = &candidate.exploited {
        return (IncidentKind::ExploitedVulnerability, weakness.clone());
    }
    if let Some(fix) = &candidate.shared_fix {
        return (IncidentKind::SharedFix, fix.clone());
    }
    (IncidentKind::SameFault, format!("{}@{}", candidate.fault, candidate.account))
}

fn incident(story: IncidentKind, anchor: &str, mut members: Vec<&Candidate>) -> Incident {
    members.sort_by(|a, b| (b.score, a.key).cmp(&(a.score, b.key)));
    let kind = settled_kind(story, &members);
    let worst = members.first().map_or(0, |m| m.score);
    let more = u32::try_from(members.len()).unwrap_or(u32::MAX).saturating_sub(1);
    let points = match kind {
        IncidentKind::Single => 0,
        IncidentKind::SameFault | IncidentKind::SharedFix => {
            (more.ilog2_or_zero() * 5).min(STORY_POINTS / 2)
        }
        IncidentKind::DetectionOnAsset
        | IncidentKind::ProcessTree
        | IncidentKind::ExploitedVulnerability => (more * 25).min(STORY_POINTS),
    };
    Incident {
        // The key follows from the story, not from how many issues it has today.
        key: KeyHasher::new("incident").part(story.as_str()).part(anchor).finish(),
        kind,
        severity: members.iter().map(|m| m.severity).max().unwrap_or(Severity::Unknown),
        score: (worst + points).min(1000),
        joined_because: joined_because(kind, anchor, &members),
        issues: members.iter().map(|m| m.key).collect(),
    }
}

/// What the story is, once its members are known.
fn settled_kind(story: IncidentKind, members: &[&Candidate]) -> IncidentKind {
    let only_detections = members.iter().all(|m| m.is_detection);
    match story {
        IncidentKind::ExploitedVulnerability => story,
        _ if members.len() == 1 => IncidentKind::Single,
        IncidentKind::DetectionOnAsset if only_detections => {
            let trees: BTreeSet<_> = members.iter().map(|m| m.process_tree.as_ref()).collect();
            if trees.len() == 1 && !trees.contains(&None) {
                IncidentKind::ProcessTree
            } else {
                story
            }
        }
        IncidentKind::DetectionOnAsset
        | IncidentKind::ProcessTree
        | IncidentKind::SharedFix
        | IncidentKind::SameFault
        | IncidentKind::Single => story,
    }
}

fn joined_because(kind: IncidentKind, anchor: &str, members: &[&Candidate]) -> Vec<String> {
    let count = members.len();
    let reason = match kind {
        IncidentKind::Single => return Vec::new(),
        IncidentKind::DetectionOnAsset => {
            format!("an attack was seen on `{anchor}`, which has {count} open issues")
        }
        IncidentKind::ProcessTree => {
            format!("{count} detections belong to one process tree on `{anchor}`")
        }
        IncidentKind::ExploitedVulnerability => {
            format!(
                "{anchor} is exploited in the wild; it stands on {count} assets or packages here"
            )
        }
        IncidentKind::SharedFix => match anchor.split_once(':') {
            Some(("rebuild", image)) => {
                format!("rebuilding the image `{image}` with updated packages closes all {count}")
            }
            Some((_, asset)) => format!("updating the packages of `{asset}` closes all {count}"),
            None => format!("one change closes all {count}"),
        },
        IncidentKind::SameFault => {
            format!("the same fault stands on {count} assets of one account")
        }
    };
    vec![reason]
}

/// `ilog2` that says 0 for 0.
trait Log {
    fn ilog2_or_zero(self) -> u32;
}

impl Log for u32 {
    fn ilog2_or_zero(self) -> u32 {
        self.checked_ilog2().map_or(0, |log| log + 1)
    }
}
