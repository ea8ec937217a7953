//! What exceptions do over time.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn anna() -> Person {
    Person::new("anna", "Anna")
}

fn ben() -> Person {
    Person::new("ben", "Ben")
}

fn cleo() -> Person {
    Person::new("cleo", "Cleo")
}

fn request(until: Timestamp) -> Request {
    Request {
        renews: None,
        scope: "account = 1".into(),
        reason: "closed network".into(),
        compensating_controls: vec!["VPN only".into()],
        owner: "shop".into(),
        until,
    }
}

fn asked(until: Timestamp, reviewers: u8, now: Timestamp) -> Exception {
    Exception::requested("x".into(), request(until), ("request", reviewers), (&anna(), now))
}

#[test]
fn a_request_is_within_its_bounds() {
    let (limits, now) = (Limits::default(), at("2026-11-21T00:00:00Z"));
    let until = |days: i64| now + SignedDuration::from_hours(24 * days);
    let check = |request: &Request, worst| request.check(&limits, Some(worst), now).map(|_| ());
    assert_eq!(check(&request(until(30)), Severity::Critical), Ok(()));
    let too_long = check(&request(until(31)), Severity::Critical).unwrap_err();
    assert_eq!(
        too_long.to_string(),
        "an exception that hides critical issues ends within 30 days, by 2026-12-21T00:00:00Z"
    );
    assert_eq!(check(&request(until(31)), Severity::High), Ok(()));
    assert_eq!(check(&request(now), Severity::Low), Err(Refusal::Over));
    let silent = Request { reason: " ".into(), ..request(until(1)) };
    assert_eq!(check(&silent, Severity::Low), Err(Refusal::Text { field: "reason" }));
    let wrong = Request { scope: "colour = red".into(), ..request(until(1)) };
    assert!(matches!(check(&wrong, Severity::Low), Err(Refusal::Scope(_))));
}

#[test]
fn who_asks_does_not_decide_and_each_reviewer_counts_once() {
    let (limits, now) = (Limits::default(), at("2026-11-21T00:00:00Z"));
    let mut one = asked(at("2026-12-01T00:00:00Z"), 2, now);
    assert_eq!(one.approve(&limits, &anna(), ("", now)), Err(Refusal::Own));
    assert_eq!(one.refuse(&anna(), ("no", now)), Err(Refusal::Own));
    // Another name of the same person is the same person.
    assert_eq!(one.approve(&limits, &Person::new("anna", "A."), ("", now)), Err(Refusal::Own));
    assert_eq!(one.approve(&limits, &ben(), ("", now)), Ok(State::Reviewed));
    assert!(!one.hides_at(Severity::Low, now));
    assert_eq!(one.approve(&limits, &ben(), ("", now)), Err(Refusal::Again));
    assert_eq!(one.approve(&limits, &cleo(), ("", now)), Ok(State::Granted));
    assert!(one.hides_at(Severity::Low, now));
    assert_eq!(one.refuse(&ben(), ("no", now)), Err(Refusal::Stands { state: "granted" }));
    one.withdraw(&anna(), ("", now)).unwrap();
    assert!(!one.hides_at(Severity::Low, now));
    assert_eq!(one.withdraw(&anna(), ("", now)), Err(Refusal::Stands { state: "withdrawn" }));
}

#[test]
fn a_long_exception_hides_grave_issues_for_a_shorter_time() {
    let (limits, now) = (Limits::default(), at("2026-01-01T00:00:00Z"));
    let mut one = asked(at("2026-12-01T00:00:00Z"), 1, now);
    one.approve(&limits, &ben(), ("", now)).unwrap();
    let later = at("2026-02-15T00:00:00Z");
    assert!(one.hides_at(Severity::Low, later));
    assert!(one.hides_at(Severity::High, later));
    assert!(!one.hides_at(Severity::Critical, later));
    assert_eq!(one.next_change(now), Some(at("2026-01-31T00:00:00Z")));
}

#[test]
fn what_has_ended_stays_ended_whatever_the_clock_says() {
    let (limits, now) = (Limits::default(), at("2026-11-21T00:00:00Z"));
    let end = at("2026-12-01T00:00:00Z");
    let mut one = asked(end, 1, now);
    one.approve(&limits, &ben(), ("", now)).unwrap();
    let second = SignedDuration::from_secs(1);
    assert!(one.hides_at(Severity::Low, end - second));
    assert!(!one.hides_at(Severity::Low, end));
    assert!(!one.end(end - second));
    assert!(one.end(end));
    assert!(!one.end(end));
    assert!(!one.hides_at(Severity::Low, end - second));
    // A clock that stands before the beginning hides nothing either.
    let mut early = asked(end, 1, now);
    early.approve(&limits, &ben(), ("", now)).unwrap();
    assert!(!early.hides_at(Severity::Low, now - second));
}

#[test]
fn a_day_ends_where_its_zone_says() {
    let zone = |name: &str| TimeZone::get(name).unwrap();
    for (day, name, end) in [
        ("2026-11-21", "UTC", "2026-11-22T00:00:00Z"),
        ("2028-02-28", "UTC", "2028-02-29T00:00:00Z"),
        ("2028-02-29", "UTC", "2028-03-01T00:00:00Z"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T23:00:00Z"),
        // Midnight is left out there: the day begins at one o'clock.
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        // A whole day is left out there.
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z"),
    ] {
        let found = end_of_day(day.parse().unwrap(), &zone(name)).unwrap();
        assert_eq!(found, at(end), "{day} {name}");
    }
}

/// What a clock does, as the machine it stands on is treated.
#[derive(Debug, Clone)]
enum Tick {
    On(i64),
    Back(i64),
    Jump(i64),
}

fn ticks() -> impl Strategy<Value = Vec<Tick>> {
    let tick = prop_oneof![
        8 => (1_i64..50_000).prop_map(Tick::On),
        1 => (1_i64..90_000).prop_map(Tick::Back),
        1 => (50_000_i64..900_000).prop_map(Tick::Jump),
    ];
    prop::collection::vec(tick, 20..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The server looks every half minute, and whoever reads asks the clock. Once a clock has
    /// shown the end, the exception is over within a minute of it, and never comes back.
    #[test]
    fn each_ends_within_a_minute_of_its_time_over_a_year(
        days in prop::collection::vec((1_i16..365, 0_usize..5), 1..12),
        ticks in ticks(),
        leap in any::<bool>(),
    ) {
        let zones = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kolkata"];
        let begin = at(if leap { "2028-01-01T00:00:00Z" } else { "2026-01-01T00:00:00Z" });
        let limits = Limits::default();
        let mut all: Vec<(Exception, bool)> = Vec::new();
        for (day, zone) in days {
            let zone = TimeZone::get(zones[zone]).unwrap();
            let day = begin.to_zoned(zone.clone()).date().checked_add(i32::from(day).days()).unwrap();
            let mut one = asked(end_of_day(day, &zone).unwrap(), 1, begin);
            one.approve(&limits, &ben(), ("", begin)).unwrap();
            all.push((one, false));
        }
        let mut now = begin;
        for tick in ticks {
            now = match tick {
                Tick::On(seconds) | Tick::Jump(seconds) => now + SignedDuration::from_secs(seconds),
                Tick::Back(seconds) => (now - SignedDuration::from_secs(seconds)).max(begin),
            };
            for (one, was_over) in &mut all {
                let end = one.end_for(Severity::Low).unwrap();
                prop_assert_eq!(one.hides_at(Severity::Low, now), now < end && !*was_over);
                // Between two looks of the server nobody has written the end down.
                let minute = SignedDuration::from_secs(60);
                prop_assert!(now < end + minute || !one.hides_at(Severity::Low, now));
                one.end(now);
                *was_over |= one.state == State::Ended;
                prop_assert_eq!(*was_over, one.state == State::Ended);
                prop_assert!(now < one.request.until || *was_over);
            }
        }
    }

    #[test]
    fn no_order_of_steps_grants_without_enough_others(
        steps in prop::collection::vec((0_u8..4, 0_usize..3), 0..12),
        reviewers in 1_u8..3,
    ) {
        let now = at("2026-11-21T00:00:00Z");
        let (limits, people) = (Limits::default(), [anna(), ben(), cleo()]);
        let mut one = asked(at("2026-12-01T00:00:00Z"), reviewers, now);
        for (step, who) in steps {
            let by = &people[who];
            match step {
                0 => drop(one.approve(&limits, by, ("", now))),
                1 => drop(one.refuse(by, ("no", now))),
                2 => drop(one.withdraw(by, ("", now))),
                _ => drop(one.end(now)),
            }
            if one.state == State::Granted {
                let agreed: std::collections::BTreeSet<&str> = one.events.iter()
                    .filter(|event| event.step == Step::Approved)
                    .filter_map(|event| event.by.as_ref())
                    .map(|by| by.id.as_str()).collect();
                prop_assert!(agreed.len() >= usize::from(reviewers) && !agreed.contains("anna"));
            }
        }
        let text = serde_json::to_string(&one).unwrap();
        prop_assert_eq!(serde_json::from_str::<Exception>(&text).unwrap(), one);
    }
}

#[test]
fn a_renewal_takes_the_place_of_what_it_names_once_it_is_granted() {
    let (limits, now) = (Limits::default(), at("2026-11-21T00:00:00Z"));
    let until = now + SignedDuration::from_hours(240);
    let mut old = asked(until, 1, now);
    old.approve(&limits, &ben(), ("", now)).unwrap();
    let renewing = |renews: &str| {
        let request = Request { renews: Some(renews.to_owned()), ..request(until) };
        Exception::requested("y".into(), request, ("request", 1), (&anna(), now))
    };
    let mut new = renewing("x");
    assert!(!old.renewed_by(&new, now), "it waits");
    assert!(old.hides_at(Severity::Low, now));
    new.approve(&limits, &ben(), ("", now)).unwrap();
    let mut other = renewing("z");
    other.approve(&limits, &ben(), ("", now)).unwrap();
    assert!(!old.renewed_by(&other, now), "it names another");
    let later = now + SignedDuration::from_hours(1);
    assert!(old.renewed_by(&new, later) && old.state == State::Ended);
    assert!(!old.hides_at(Severity::Low, later) && new.hides_at(Severity::Low, later));
    assert_eq!(old.hid(Severity::Low), Some((now, later)));
    assert!(!old.renewed_by(&new, later), "once");
}
