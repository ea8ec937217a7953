//! The formula against its published table, and the sum that must hold.

use proptest::prelude::*;
use quell_model::{Asset, Context, KeyHasher, MergeBasis, Origin, Signals, Sourced, Status};

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
}

proptest! {
    #[test]
    fn parts_always_add_up(
        severity in 0usize..6,
        cvss in proptest::option::of(-1.0f64..11.0),
        epss in proptest::option::of(-0.5f64..1.5),
        exploited: bool,
        exposed in proptest::option::of(any::<bool>()),
        sensitive in proptest::option::of(any::<bool>()),
        environment in "production|test|staging|blue",
    ) {
        let mut it = issue(Severity::ALL[severity], FindingClass::Detection);
        it.asset.signals = Signals { internet_exposed: exposed, sensitive_data: sensitive, high_privilege: exposed };
        it.asset.context = environment_of(&environment);
        let risk = score(&it, &Factors { cvss, epss, exploited, ..Factors::default() }, now());
        let sum: i32 = risk.parts.iter().map(|p| p.points).sum();
        prop_assert_eq!(i64::from(sum), i64::from(risk.score));
        prop_assert!(risk.score <= 1000);
    }
}
