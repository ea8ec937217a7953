//! The formula against its published table, and the sum that must hold.

use proptest::prelude::*;
use quell_model::{
    Asset, Context, FindingClass, KeyHasher, MergeBasis, Origin, Severity, Signals, Sourced, Status,
};

use super::*;

fn issue(severity: Severity, class: FindingClass) -> Issue {
    Issue {
        key: KeyHasher::new("issue").finish(),
        control: None,
        title: "t".into(),
        class,
        asset: Asset::default(),
        severity,
        status: Status::Open,
        first_seen: None,
        last_seen: None,
        risk: Risk::default(),
        basis: MergeBasis::Title { title: "t".to_owned() },
    }
}

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn environment_of(word: &str) -> Context {
    let value = Sourced { value: word.into(), origin: Origin::Tag("env".to_owned()) };
    Context { environment: Some(value), ..Context::default() }
}

#[test]
fn an_exploited_exposed_production_weakness_outranks_a_lone_critical_setting() {
    let mut exploited = issue(Severity::High, FindingClass::Vulnerability);
    exploited.asset.signals.internet_exposed = Some(true);
    exploited.asset.context = environment_of("production");
    let factors =
        Factors { cvss: Some(9.8), epss: Some(0.94), exploited: true, ..Factors::default() };
    let lone = issue(Severity::Critical, FindingClass::Misconfiguration);
    assert!(
        score(&exploited, &factors, now()).score > score(&lone, &Factors::default(), now()).score
    );
}

#[test]
fn the_two_best_changes_are_named_lowest_first() {
    let mut it = issue(Severity::High, FindingClass::Vulnerability);
    it.asset.signals =
        Signals { internet_exposed: Some(true), sensitive_data: Some(true), high_privilege: None };
    let factors = Factors { fixed_version: Some("2.17.1"), ..Factors::default() };
    let risk = score(&it, &factors, now());
    let changes: Vec<_> = risk.would_lower.iter().map(|c| c.change.as_str()).collect();
    assert_eq!(changes, ["upgrade to 2.17.1", "take it off the internet"]);
    assert_eq!(risk.would_lower.first().map(|c| c.score_after), Some(0));
}

#[test]
fn the_table_in_the_docs_has_every_number_of_the_formula() {
    let docs = include_str!("../../../docs/risk.md");
    for severity in Severity::ALL {
        let row = format!("| severity | {} | {} |", severity.as_str(), severity_points(severity));
        assert!(docs.contains(&row), "docs/risk.md lacks `{row}`");
    }
    // Each row that gives points of its own is met by an issue that has just that.
    type Only = fn(&mut Issue, &mut Factors<'static>);
    let rows: [(&str, &str, Only); 13] = [
        ("kev", "110", |_, f| f.exploited = true),
        ("cvss", "60 × s / 10", |_, f| f.cvss = Some(10.0)),
        ("epss", "60 × p", |_, f| f.epss = Some(1.0)),
        ("epss", "−60 more", |_, f| f.epss = Some(0.0)),
        ("exposure", "120", |i, _| i.asset.signals.internet_exposed = Some(true)),
        ("exposure", "110", |_, f| f.implies = Exposure::Internet),
        ("exposure", "−60", |i, _| i.asset.signals.internet_exposed = Some(false)),
        ("data", "120", |i, _| i.asset.signals.sensitive_data = Some(true)),
        ("data", "30", |_, f| f.implies = Exposure::Data),
        ("environment", "60", |i, _| i.asset.context = environment_of("production")),
        ("environment", "−120", |i, _| i.asset.context = environment_of("non-production")),
        ("criticality", "100", |i, _| i.asset.signals.high_privilege = Some(true)),
        ("detection", "200", |i, _| i.class = FindingClass::Detection),
    ];
    for (name, shown, only) in rows {
        let (mut it, mut factors) =
            (issue(Severity::High, FindingClass::Misconfiguration), Factors::default());
        only(&mut it, &mut factors);
        let risk = score(&it, &factors, now());
        let points = risk.parts.iter().find(|p| p.name == name).map(|p| p.points);
        let written: String = shown.replace('−', "-").chars().take_while(|c| *c != ' ').collect();
        assert_eq!(points.map(|p| p.to_string()), Some(written), "{name} {shown}");
        let row =
            |l: &str| l.starts_with(&format!("| {name} ")) && l.ends_with(&format!("| {shown} |"));
        assert!(docs.lines().any(row), "docs/risk.md lacks `{name}` with {shown}");
    }
}

/// Everything that the formula looks at, in some combination.
fn anything() -> impl Strategy<Value = (Issue, Factors<'static>)> {
    let class = prop_oneof![
        Just(FindingClass::Misconfiguration),
        Just(FindingClass::Vulnerability),
        Just(FindingClass::Detection),
        Just(FindingClass::Secret),
        Just(FindingClass::AttackPath),
    ];
    let implies = prop_oneof![
        Just(Exposure::None),
        Just(Exposure::Internet),
        Just(Exposure::Data),
        Just(Exposure::Privilege)
    ];
    let flag = || proptest::option::of(any::<bool>());
    let context = ("production|test|staging|blue", "restricted|public|internal");
    let numbers = (proptest::option::of(-1.0f64..11.0), proptest::option::of(-0.5f64..1.5));
    (0usize..6, class, implies, (flag(), flag(), flag()), context, numbers, any::<bool>()).prop_map(
        |(severity, class, implies, (a, b, c), (place, data), (cvss, epss), exploited)| {
            let mut it = issue(Severity::ALL[severity], class);
            it.asset.signals =
                Signals { internet_exposed: a, sensitive_data: b, high_privilege: c };
            it.asset.context = environment_of(&place);
            let origin = Origin::Tag("data".to_owned());
            it.asset.context.data_class = Some(Sourced { value: data.as_str().into(), origin });
            (it, Factors { cvss, epss, exploited, implies, ..Factors::default() })
        },
    )
}

fn points(issue: &Issue, factors: &Factors<'_>) -> u32 {
    score(issue, factors, now()).score
}

/// The decision on an issue, judged anew.
fn decided(issue: &Issue, factors: &Factors<'_>, excused: bool) -> quell_model::Decision {
    let issue = Issue { risk: score(issue, factors, now()), ..issue.clone() };
    let by = Circumstances { implies: factors.implies, excused, ..Circumstances::default() };
    decide(&issue, &by).decision
}

proptest! {
    #[test]
    fn parts_always_add_up((it, factors) in anything()) {
        let risk = score(&it, &factors, now());
        let sum: i32 = risk.parts.iter().map(|p| p.points).sum();
        prop_assert_eq!(i64::from(sum), i64::from(risk.score));
        prop_assert!(risk.score <= 1000);
    }

    #[test]
    fn what_makes_it_worse_never_lowers_score_or_decision((it, factors) in anything()) {
        let (before, word) = (points(&it, &factors), decided(&it, &factors, false));
        type Change = fn(&mut Issue, &mut Factors<'static>);
        let worse: [(&str, Change); 8] = [
            ("exposure", |i, _| i.asset.signals.internet_exposed = Some(true)),
            ("sensitive data", |i, _| i.asset.signals.sensitive_data = Some(true)),
            ("privilege", |i, _| i.asset.signals.high_privilege = Some(true)),
            ("production", |i, _| i.asset.context = Context {
                data_class: i.asset.context.data_class.clone(), ..environment_of("production")
            }),
            ("KEV", |_, f| f.exploited = true),
            ("EPSS", |_, f| f.epss = f.epss.map(|_| 1.0)),
            ("CVSS", |_, f| f.cvss = Some(10.0)),
            ("severity", |i, _| i.severity = Severity::Critical),
        ];
        for (name, change) in worse {
            let (mut it, mut factors) = (it.clone(), factors);
            change(&mut it, &mut factors);
            prop_assert!(points(&it, &factors) >= before, "{name} lowers the score");
            prop_assert!(decided(&it, &factors, false) >= word, "{name} softens {word:?}");
        }
        let seen = Issue { class: FindingClass::Detection, ..it.clone() };
        if it.class == FindingClass::Misconfiguration {
            prop_assert!(points(&seen, &factors) >= before, "a detection lowers the score");
        }
    }

    #[test]
    fn what_is_closed_hidden_or_excused_never_raises((it, factors) in anything()) {
        let (before, word) = (points(&it, &factors), decided(&it, &factors, false));
        for status in [Status::Resolved, Status::Suppressed] {
            let closed = Issue { status, ..it.clone() };
            prop_assert!(points(&closed, &factors) <= before);
            prop_assert_eq!(decided(&closed, &factors, false), quell_model::Decision::Noise);
        }
        prop_assert!(decided(&it, &factors, true) <= word.max(quell_model::Decision::Watch));
    }

    #[test]
    fn what_would_lower_it_does((it, factors) in anything()) {
        let risk = score(&it, &factors, now());
        for change in &risk.would_lower {
            prop_assert!(change.score_after <= risk.score, "{change:?}");
        }
    }
}
