//! Tests of routes.

use super::*;

fn facts() -> Facts {
    Facts {
        subject: Subject::Incident,
        severity: Severity::High,
        score: 700,
        owners: vec!["Payments-Team".to_owned()],
        teams: vec!["cloud".to_owned()],
        environments: vec!["production".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        controls: vec!["aws.s3.bucket_public_access".to_owned()],
        kind: Some(IncidentKind::SameFault),
        has_fix: false,
    }
}

fn route() -> Route {
    Route {
        name: "all".to_owned(),
        to: vec!["jira".to_owned()],
        what: What::Work,
        when: When::default(),
        quiet: None,
        digest: None,
        escalate: None,
        release: Release::Rule,
        letters_an_hour: 100,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn what_has_a_fix_is_told_once() {
    let (incident, fixed) = (facts(), Facts { has_fix: true, ..facts() });
    let of = |subject| Facts { subject, ..facts() };
    let all = [incident, fixed, of(Subject::Fix), of(Subject::Approval), of(Subject::ExceptionEnd)];
    for (what, expected) in [
        (What::Work, [true, false, true, false, false]),
        (What::Fixes, [false, false, true, false, false]),
        (What::Incidents, [true, true, false, false, false]),
        (What::Reminders, [false, false, false, true, true]),
    ] {
        let route = Route { what, ..route() };
        assert_eq!(all.each_ref().map(|facts| route.takes(facts)), expected, "{what:?}");
    }
}

#[test]
fn every_condition_that_is_named_has_to_hold() {
    let holds = When {
        least_severity: Some(Severity::High),
        least_score: Some(700),
        owners: vec!["payments-*".to_owned()],
        teams: vec!["cloud".to_owned()],
        environments: vec!["prod*".to_owned()],
        accounts: vec!["1111*".to_owned()],
        controls: vec!["aws.s3.*".to_owned()],
        kinds: vec![IncidentKind::SameFault],
    };
    assert!(holds.holds(&facts()));
    let other = || vec!["other".to_owned()];
    for broken in [
        When { least_severity: Some(Severity::Critical), ..holds.clone() },
        When { least_score: Some(701), ..holds.clone() },
        When { owners: other(), ..holds.clone() },
        When { teams: other(), ..holds.clone() },
        When { environments: other(), ..holds.clone() },
        When { accounts: other(), ..holds.clone() },
        When { controls: other(), ..holds.clone() },
        When { kinds: vec![IncidentKind::Campaign], ..holds },
    ] {
        assert!(!broken.holds(&facts()), "{broken:?}");
    }
}

#[test]
fn quiet_hours_go_over_midnight_and_over_the_change_of_clocks() {
    let hours = Hours::new("22:00", "06:30", "Europe/Berlin").unwrap();
    for (now, expected) in [
        ("2026-01-10T20:59:59Z", None),
        ("2026-01-10T21:00:00Z", Some("2026-01-11T05:30:00Z")),
        ("2026-01-11T05:29:59Z", Some("2026-01-11T05:30:00Z")),
        ("2026-01-11T05:30:00Z", None),
        // The night in which the clock goes forward ends an hour sooner.
        ("2026-03-28T22:00:00Z", Some("2026-03-29T04:30:00Z")),
    ] {
        assert_eq!(hours.end_of(at(now)), expected.map(at), "{now}");
    }
    let route = Route { quiet: Some(Quiet { hours, despite: Severity::Critical }), ..route() };
    let night = at("2026-01-10T23:00:00Z");
    assert_eq!(route.from_when(Severity::High, night), at("2026-01-11T05:30:00Z"));
    assert_eq!(route.from_when(Severity::Critical, night), night);
}

#[test]
fn the_hour_of_a_digest_comes_once_a_day() {
    let hours = Hours::daily("08:00", "Asia/Tokyo").unwrap();
    assert_eq!(hours.last_before(at("2026-05-01T22:59:00Z")), Some(at("2026-04-30T23:00:00Z")));
    assert_eq!(hours.last_before(at("2026-05-01T23:00:00Z")), Some(at("2026-05-01T23:00:00Z")));
    assert!(Hours::new("8", "9", "UTC").is_err());
    assert!(Hours::new("08:00", "08:00", "UTC").is_err());
    assert!(Hours::new("08:00", "09:00", "Nowhere/There").is_err());
}
