//! What rules let run, wait and refuse.

use proptest::prelude::*;
use quell_model::Timestamp;

use super::*;

const RULES: &str = r#"
[[rule]]
id = "dev-runs"
phase = "conditional"
kinds = ["fix.*"]
environments = ["development", "test"]
[rule.when]
most_risk = 400
least_confidence = 80
most_assets = 5
reversible = true
windows = [{ days = ["mon", "fri"], from = "09:00", to = "16:00", zone = "Europe/Berlin" }]

[[rule]]
id = "all-assisted"
phase = "assist"
kinds = ["fix.patch"]
quorum = { people = 2, roles = ["approver"] }

[[rule]]
id = "never-in-the-bank"
phase = "observe"
accounts = ["999*"]

[[rule]]
id = "prod-labels"
phase = "conditional"
kinds = ["fix.label"]
accounts = ["111122223333"]
environments = ["production"]
"#;

/// A Monday, ten o'clock in Berlin.
fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn action() -> Action {
    Action {
        kind: "fix.patch".into(),
        tenant: "default".into(),
        account: "111122223333".into(),
        environment: Some("test".into()),
        risk: Some(300),
        confidence: Some(90),
        proved: true,
        safe: true,
        reversible: true,
        assets: Some(1),
    }
}

fn judge(action: &Action, backers: usize, now: Timestamp) -> Verdict {
    decide(&Rules::parse(RULES).unwrap().all, action, &|_| backers, now)
}

#[test]
fn an_action_runs_where_all_holds_and_says_what_does_not() {
    let runs = judge(&action(), 0, now());
    assert_eq!((runs.outcome, runs.rule.as_deref()), (Outcome::Runs, Some("dev-runs")));
    let evening = "2026-11-23T15:00:00Z".parse().unwrap();
    for (changed, at, why) in [
        (Action { risk: Some(401), ..action() }, now(), "its risk is 401, above 400"),
        (Action { risk: None, ..action() }, now(), "its risk is not known"),
        (Action { confidence: Some(79), ..action() }, now(), "its confidence is 79 %"),
        (Action { assets: None, ..action() }, now(), "assets that it changes is not known"),
        (Action { reversible: false, ..action() }, now(), "there is no way back"),
        (Action { safe: false, ..action() }, now(), "what runs may notice it"),
        (action(), evening, "outside of its change windows"),
        (action(), "2026-11-24T09:00:00Z".parse().unwrap(), "outside of its change windows"),
    ] {
        let waits = judge(&changed, 2, at);
        assert_eq!(waits.outcome, Outcome::Waits, "{why}");
        assert!(waits.because.iter().any(|said| said.contains(why)), "{why}: {:?}", waits.because);
        assert_eq!(waits.quorum.unwrap().people, 2);
    }
    let unproved = judge(&Action { proved: false, ..action() }, 2, now());
    assert_eq!(unproved.outcome, Outcome::Refused);
}

#[test]
fn without_a_rule_all_is_observed_and_observe_goes_over_all() {
    let none = decide(&[], &action(), &|_| 9, now());
    assert_eq!((none.outcome, none.phase, none.rule), (Outcome::Refused, Phase::Observe, None));
    let bank = judge(&Action { account: "999000".into(), ..action() }, 2, now());
    assert_eq!((bank.outcome, bank.phase), (Outcome::Refused, Phase::Observe));
}

#[test]
fn production_needs_a_person_unless_two_admins_stand_behind_the_exact_rule() {
    let label =
        Action { kind: "fix.label".into(), environment: Some("production".into()), ..action() };
    assert_eq!(judge(&label, 1, now()).outcome, Outcome::Waits);
    assert_eq!(judge(&label, 2, now()).outcome, Outcome::Runs);
    // A rule with a pattern is not exact, whoever stands behind it.
    let wide = RULES.replace("[\"111122223333\"]", "[\"1111*\"]");
    let rules = Rules::parse(&wide).unwrap().all;
    assert_eq!(decide(&rules, &label, &|_| 2, now()).outcome, Outcome::Waits);
    // What nobody names may be production.
    let unknown = Action { environment: None, ..action() };
    let waits = judge(&unknown, 2, now());
    assert_eq!((waits.outcome, waits.rule.as_deref()), (Outcome::Waits, Some("all-assisted")));
}

#[test]
fn the_rules_that_come_with_quell_say_what_their_cases_expect() {
    let rules = Rules::parse(include_str!("../../../../content/rules/phases.toml")).unwrap();
    assert!(rules.cases.len() >= 5);
    for case in &rules.cases {
        let at = case.at.unwrap_or_else(now);
        let verdict = decide(&rules.all, &case.action, &|_| case.backers, at);
        assert_eq!(verdict.outcome, case.expect, "{case:?}: {verdict:?}");
    }
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let rule = |more: &str| format!("[[rule]]\nid = \"a\"\nphase = \"assist\"\n{more}");
    for (text, said) in [
        ("[[rule]]\nphase = \"assist\"".to_owned(), "missing field `id`"),
        (rule("colour = 1"), "unknown field `colour`"),
        (rule("quorum = { people = 0, roles = [\"admin\"] }"), "`quorum.people` is 1 to 10"),
        (rule("quorum = { people = 1, roles = [\"viewer\"] }"), "`quorum.roles`"),
        (
            rule("[rule.when]\nwindows = [{days=[\"mon\"], from=\"16:00\", to=\"09:00\"}]"),
            "a window",
        ),
        (
            rule("[rule.when]\nwindows = [{days=[\"day\"], from=\"06:00\", to=\"09:00\"}]"),
            "a window",
        ),
        (rule("") + &rule(""), "two rules"),
    ] {
        let error = Rules::parse(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

proptest! {
    /// Whatever an action is like: what is not proved or not safe never runs, and production runs
    /// by the one exact rule with two admins behind it alone.
    #[test]
    fn nothing_runs_that_may_not(
        kind in prop::sample::select(vec!["fix.patch", "fix.label", "run.command"]),
        environment in prop::option::of(prop::sample::select(vec!["production", "test", "Production"])),
        flags in any::<[bool; 3]>(), risk in prop::option::of(0_u32..1000), backers in 0_usize..4,
        second in 0_i64..1_000_000,
    ) {
        let [proved, safe, reversible] = flags;
        let action = Action {
            kind: kind.into(), environment: environment.map(Into::into), proved, safe, reversible,
            risk, ..action()
        };
        let verdict = judge(&action, backers, now() + jiff::SignedDuration::from_secs(second));
        if verdict.outcome == Outcome::Runs {
            prop_assert!(proved && safe);
            if action.is_production() {
                prop_assert!(backers >= 2 && verdict.rule.as_deref() == Some("prod-labels"));
            }
        }
    }
}
