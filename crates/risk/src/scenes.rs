//! Small scenes with the decision that a careful person would take; they are data.

use quell_catalog::Exposure;
use quell_model::{
    Asset, Context, Decided, Decision, FindingClass, Issue, KeyHasher, MergeBasis, Origin, Risk,
    Severity, Signals, Sourced, Status, Timestamp,
};
use serde::Deserialize;

use crate::{Circumstances, Factors, decide, score};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenes {
    scene: Vec<Scene>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    name: String,
    class: FindingClass,
    severity: Severity,
    expect: Decision,
    exposed: Option<bool>,
    sensitive: Option<bool>,
    admin: Option<bool>,
    environment: Option<String>,
    data_class: Option<String>,
    implies: Option<String>,
    cvss: Option<f64>,
    epss: Option<f64>,
    #[serde(default)]
    exploited: bool,
    #[serde(default)]
    excused: bool,
    #[serde(default)]
    hidden: bool,
    unseen_days: Option<i64>,
    due_days: Option<u16>,
}

const AS_OF: &str = "2026-11-01T00:00:00Z";

impl Scene {
    fn decided(&self) -> (Decided, u32) {
        let as_of: Timestamp = AS_OF.parse().unwrap();
        let sourced = |value: &Option<String>| {
            let origin = Origin::Tag("tag".to_owned());
            value.as_deref().map(|v| Sourced { value: v.into(), origin })
        };
        let asset = Asset {
            signals: Signals {
                internet_exposed: self.exposed,
                sensitive_data: self.sensitive,
                high_privilege: self.admin,
            },
            context: Context {
                environment: sourced(&self.environment),
                data_class: sourced(&self.data_class),
                ..Context::default()
            },
            ..Asset::default()
        };
        let ago = jiff::SignedDuration::from_hours(24 * self.unseen_days.unwrap_or(0));
        let mut issue = Issue {
            key: KeyHasher::new("issue").part(&self.name).finish(),
            control: None,
            title: self.name.as_str().into(),
            class: self.class,
            asset,
            severity: self.severity,
            status: Status::Open,
            first_seen: None,
            last_seen: Some(as_of - ago),
            risk: Risk::default(),
            basis: MergeBasis::Title { title: self.name.clone() },
        };
        let implies = match self.implies.as_deref() {
            Some("internet") => Exposure::Internet,
            Some("data") => Exposure::Data,
            Some("privilege") => Exposure::Privilege,
            None => Exposure::None,
            Some(other) => panic!("{other}"),
        };
        let (cvss, epss, exploited) = (self.cvss, self.epss, self.exploited);
        let factors = Factors { cvss, epss, exploited, implies, ..Factors::default() };
        issue.risk = score(&issue, &factors, as_of);
        let (excused, hidden) = (self.excused, self.hidden);
        let by = Circumstances { implies, excused, hidden, as_of: Some(as_of) };
        (decide(&issue, &by), issue.risk.score)
    }
}

fn scenes() -> Vec<Scene> {
    toml::from_str::<Scenes>(include_str!("scenes.toml")).unwrap().scene
}

#[test]
fn each_scene_is_decided_as_a_careful_person_would() {
    let scenes = scenes();
    assert!(scenes.len() >= 25, "{}", scenes.len());
    let mut wrong = Vec::new();
    for scene in &scenes {
        let (decided, score) = scene.decided();
        let due_fits = scene.due_days.is_none() || scene.due_days == decided.due_days;
        if decided.decision != scene.expect || !due_fits {
            wrong.push(format!("{}: {score} {decided:?}", scene.name));
        }
        assert!(!decided.because.is_empty() && !decided.because.ends_with('.'), "{decided:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The score orders and the word decides: over all scenes they may not contradict each other.
#[test]
fn what_is_to_be_done_now_outscores_likely_noise() {
    let scores = |word: Decision| -> Vec<u32> {
        scenes()
            .iter()
            .filter(|s| s.expect == word && !s.excused && !s.name.starts_with('['))
            .map(|s| s.decided().1)
            .collect()
    };
    let (act, noise) = (scores(Decision::Act), scores(Decision::Noise));
    assert!(act.iter().min() > noise.iter().max(), "{act:?} {noise:?}");
}
