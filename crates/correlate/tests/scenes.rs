//! Small scenes, each with the incidents that a person would draw: `scenes/*.json`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use quell_catalog::Catalog;
use quell_correlate::{
    Attacked, Candidate, Decisions, Join, Member, Pin, assemble, build_incidents, identify,
};
use quell_model::{
    Asset, AssetId, Detection, Finding, FindingClass, HandAction, Hints, Incident, IssueKey,
    KeyHasher, Provider, Risk, Rule, Severity, Tool, Vulnerability,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    #[expect(dead_code, reason = "for the reader of the file")]
    about: String,
    issues: Vec<Given>,
    incidents: Vec<Wanted>,
    /// Words that the reasons of the first incident must hold.
    #[serde(default)]
    because: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: String,
    tool: String,
    class: FindingClass,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    title: String,
    /// `pod:NAMESPACE/NAME`, `deployment:NAMESPACE/NAME`, `image:REFERENCE`, `host:NAME`,
    /// `container:ID` or an ARN.
    asset: String,
    /// The asset's name where its id does not say it.
    #[serde(default)]
    asset_name: String,
    severity: Severity,
    #[serde(default)]
    at: String,
    #[serde(default)]
    control: Option<String>,
    #[serde(default)]
    weakness: Option<Vulnerability>,
    #[serde(default)]
    detection: Option<Detection>,
    #[serde(default)]
    involved: Vec<String>,
    #[serde(default)]
    evidence: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kind: String,
    of: BTreeSet<String>,
}

fn asset(text: &str, name: &str) -> Asset {
    let (kind, rest) = text.split_once(':').unwrap();
    let (namespace, object) = rest.rsplit_once('/').unwrap_or(("", rest));
    let (provider, kind, native) = match kind {
        "arn" => (Provider::Aws, "", text),
        "pod" => (Provider::Kubernetes, "Pod", object),
        "deployment" => (Provider::Kubernetes, "Deployment", object),
        "image" => (Provider::Image, "container_image", rest),
        "host" => (Provider::Host, "host", rest),
        "container" => (Provider::Other, "container", rest),
        kind => panic!("no such asset: {kind}"),
    };
    let hints = Hints {
        provider: Some(provider),
        kind: Some(kind).filter(|k| !k.is_empty()),
        name: (provider == Provider::Kubernetes).then_some(object),
        namespace: (provider == Provider::Kubernetes).then_some(namespace),
        ..Hints::default()
    };
    let id = AssetId::parse(native, &hints);
    let name = if name.is_empty() { id.name.clone() } else { name.to_owned() };
    Asset { id, native_id: native.to_owned(), name: name.into(), ..Asset::default() }
}

fn finding(given: &Given) -> Finding {
    let tool = Tool { product: given.tool.clone(), format: given.tool.clone() };
    let rule = Rule { id: given.rule.clone(), ..Rule::default() };
    let at = (!given.at.is_empty()).then(|| given.at.parse().unwrap());
    let mut detection = given.detection.clone();
    if let Some(detection) = &mut detection {
        detection.also_involved = given.involved.iter().map(|a| asset(a, "")).collect();
    }
    Finding {
        native_id: given.name.clone(),
        title: given.title.as_str().into(),
        severity: given.severity,
        first_seen: at,
        last_seen: at,
        vulnerability: given.weakness.clone().map(Box::new),
        detection: detection.map(Box::new),
        evidence: given
            .evidence
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect(),
        ..Finding::new(tool, given.class, rule, asset(&given.asset, &given.asset_name))
    }
}

fn candidate(given: &Given, catalog: &Catalog) -> (IssueKey, Candidate, Vec<Member>) {
    let control = given.control.as_deref().map(|id| catalog.control(id).unwrap());
    let finding = finding(given);
    let exploited = finding.vulnerability.as_deref().is_some_and(|v| v.exploited == Some(true));
    let key = identify(&finding, control, catalog.words()).key;
    let members = vec![Member { key: finding.key(), status: finding.status, finding }];
    let mut issue = assemble(key, &members, (control, catalog.words()), None).unwrap();
    issue.risk = Risk { score: 400, ..Risk::default() };
    (key, Candidate::of(&issue, exploited, control), members)
}

fn incidents(issues: &[&Given], catalog: &Catalog) -> (Vec<Incident>, BTreeMap<IssueKey, String>) {
    let mut names = BTreeMap::new();
    let mut candidates = Vec::new();
    for given in issues {
        let (key, mut candidate, members) = candidate(given, catalog);
        assert!(names.insert(key, given.name.clone()).is_none(), "{} is another", given.name);
        if candidate.is_detection() {
            candidate.learn(&members);
        }
        candidates.push((candidate, members));
    }
    let attacked = Attacked::by(candidates.iter().map(|(candidate, _)| candidate));
    for (candidate, members) in &mut candidates {
        if candidate.is_weakness() && attacked.holds(candidate) {
            candidate.learn(members);
        }
    }
    let all = candidates.iter().map(|(candidate, _)| candidate);
    (build_incidents(all, &Decisions::default(), None), names)
}

fn check(path: &Path, catalog: &Catalog) {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let scene: Scene = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut given: Vec<&Given> = scene.issues.iter().collect();
    let (found, names) = incidents(&given, catalog);
    let drawn = |incidents: &[Incident]| -> BTreeSet<Wanted> {
        let one = |incident: &Incident| Wanted {
            kind: incident.kind.as_str().to_owned(),
            of: incident.issues.iter().map(|key| names[key].clone()).collect(),
        };
        incidents.iter().map(one).collect()
    };
    let because: Vec<(&str, Vec<&str>)> = found
        .iter()
        .map(|i| (i.kind.as_str(), i.because.iter().map(|c| c.text.raw()).collect()))
        .collect();
    let wanted: BTreeSet<Wanted> = scene.incidents.into_iter().collect();
    assert_eq!(drawn(&found), wanted, "{name}: {because:#?}");
    let reasons = found.first().map(|i| &i.because).into_iter().flatten();
    let reasons: String = reasons.map(|c| c.text.raw()).collect::<Vec<_>>().join("; ");
    for words in &scene.because {
        assert!(reasons.contains(words), "{name}: `{words}` is not in `{reasons}`");
    }
    for incident in &found {
        assert!(incident.because.iter().all(|c| !c.evidence.is_empty()), "{name}: {incident:?}");
        assert!(incident.issues.len() == 1 || !incident.because.is_empty(), "{name}: {incident:?}");
    }
    given.reverse();
    let (again, _) = incidents(&given, catalog);
    assert_eq!(found, again, "{name}: the order matters");
}

#[test]
fn every_scene_has_the_incidents_that_a_person_would_draw() {
    let catalog = Catalog::embedded().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 15, "{}", paths.len());
    paths.iter().for_each(|path| check(path, &catalog));
}

/// Every issue of every scene, each once.
fn pool(catalog: &Catalog) -> Vec<Candidate> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes");
    let mut pool: BTreeMap<IssueKey, (Candidate, Vec<Member>)> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let scene: Scene = serde_json::from_str(&text).unwrap();
        for given in &scene.issues {
            let (key, candidate, members) = candidate(given, catalog);
            pool.entry(key).or_insert((candidate, members));
        }
    }
    let learned = pool.into_values().map(|(mut candidate, members)| {
        candidate.learn(&members);
        candidate
    });
    learned.collect()
}

fn pin(issue: IssueKey, incident: &str) -> Pin {
    Pin {
        issue,
        incident: KeyHasher::new("incident").part(incident).finish(),
        from: KeyHasher::new("incident").part("old").finish(),
        action: HandAction::Split,
        at: "2026-03-09T00:00:00Z".parse().unwrap(),
        by: "local user".to_owned(),
    }
}

static POOL: LazyLock<Vec<Candidate>> = LazyLock::new(|| pool(&Catalog::embedded().unwrap()));

proptest! {
    #[test]
    fn every_issue_is_in_one_incident_whatever_the_order(
        chosen in prop::collection::vec((any::<u32>(), prop::bool::weighted(0.7)), 120),
        pinned in prop::collection::vec((any::<prop::sample::Index>(), 0..2u8), 0..4),
        joined in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
    ) {
        let mut set: Vec<(u32, &Candidate)> = POOL.iter().zip(&chosen)
            .filter(|(_, (_, is_in))| *is_in)
            .map(|(candidate, (rank, _))| (*rank, candidate))
            .collect();
        let natural = build_incidents(set.iter().map(|(_, c)| *c), &Decisions::default(), None);
        prop_assume!(!natural.is_empty());
        let pins: Vec<Pin> = pinned.iter()
            .map(|(at, to)| pin(at.get(&set).1.key, if *to == 0 { "a" } else { "b" }))
            .collect();
        let at = "2026-03-09T00:00:00Z".parse().unwrap();
        let joins: Vec<Join> = joined.iter()
            .map(|(a, b)| Join {
                incident: a.get(&natural).key, into: b.get(&natural).key, at, by: "x".to_owned(),
            })
            .collect();
        let decisions = Decisions::new(pins.clone(), joins);
        let found = build_incidents(set.iter().map(|(_, c)| *c), &decisions, None);
        let mut told: Vec<IssueKey> = found.iter().flat_map(|i| i.issues.clone()).collect();
        told.sort();
        let mut all: Vec<IssueKey> = set.iter().map(|(_, c)| c.key).collect();
        all.sort();
        prop_assert_eq!(told, all);
        let keys: BTreeSet<_> = found.iter().map(|i| i.key).collect();
        prop_assert_eq!(keys.len(), found.len());
        prop_assert!(found.iter().all(|i| i.score <= 1000));
        prop_assert!(found.windows(2).all(|w| w[0].score >= w[1].score));
        for incident in &found {
            prop_assert!(incident.issues.len() == 1 || !incident.because.is_empty(), "{incident:?}");
        }
        for (one, other) in pins.iter().zip(pins.iter().skip(1)) {
            let of = |issue| found.iter().find(|i| i.issues.contains(&issue)).map(|i| i.key);
            let last = |issue| pins.iter().filter(|p| p.issue == issue).map(|p| p.incident).max();
            if last(one.issue) == last(other.issue) {
                prop_assert_eq!(of(one.issue), of(other.issue));
            }
        }
        set.sort_by_key(|(rank, candidate)| (*rank, candidate.key));
        let again = build_incidents(set.iter().map(|(_, c)| *c), &decisions, None);
        prop_assert_eq!(&found, &again);
        // Asked for one issue, its whole story is told where something happened.
        let asked = set[0].1.key;
        let only = build_incidents(
            set.iter().map(|(_, c)| *c), &decisions, Some(&HashSet::from([asked])),
        );
        let [story] = only.as_slice() else { panic!("{only:?}") };
        prop_assert!(story.issues.contains(&asked));
        if story.kind.is_attack() {
            prop_assert!(found.contains(story));
        }
    }
}

/// As many issues as a large estate has on its attacked machines, which must not be compared
/// pair by pair.
#[test]
fn many_detections_and_weaknesses_take_little_time() {
    let catalog = Catalog::embedded().unwrap();
    let given = |name: String, asset: String, class| Given {
        rule: name.clone(),
        title: name.clone(),
        name,
        tool: "sensor".to_owned(),
        class,
        asset,
        asset_name: String::new(),
        severity: Severity::High,
        at: "2026-03-04T05:00:00Z".to_owned(),
        control: None,
        weakness: None,
        detection: None,
        involved: Vec::new(),
        evidence: BTreeMap::new(),
    };
    let mut candidates = Vec::new();
    for n in 0..8_000 {
        let host = format!("host:press-{}", n % 50);
        let mut seen = given(format!("seen-{n}"), host.clone(), FindingClass::Detection);
        seen.detection = Some(Detection {
            remote_addresses: vec!["203.0.113.9".to_owned()],
            techniques: vec!["T1059".to_owned()],
            ..Detection::default()
        });
        let mut weak = given(format!("weak-{n}"), host, FindingClass::Vulnerability);
        weak.weakness = Some(Vulnerability {
            id: format!("CVE-2031-{n:05}"),
            package: format!("package-{n}"),
            ..Vulnerability::default()
        });
        for given in [seen, weak] {
            let (_, mut candidate, members) = candidate(&given, &catalog);
            candidate.learn(&members);
            candidates.push(candidate);
        }
    }
    let found = build_incidents(candidates.iter(), &Decisions::default(), None);
    assert_eq!(found.iter().map(|i| i.issues.len()).sum::<usize>(), 16000);
    assert_eq!(found[0].issues.len(), 8000, "one address with one technique on 50 machines");
}
