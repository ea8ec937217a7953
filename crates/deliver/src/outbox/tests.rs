//! Tests of how rows move.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use quell_model::TenantId;

use super::*;
use crate::Key;

const LOOK: OnDoubt = OnDoubt::Look { settle: Duration::from_secs(600) };

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn row() -> Row {
    Row {
        id: 7,
        sink: "jira".to_owned(),
        subject: "fix:abc".to_owned(),
        key: Key::new(&TenantId::default(), "jira", "fix:abc", 0),
        act: ActKind::Open,
        state: State::Waiting { until: now() },
        attempts: 0,
        created: now(),
        said: None,
        remote: None,
        replays: None,
        tries: Vec::new(),
    }
}

fn remote() -> Remote {
    Remote { id: "10012".to_owned(), name: "SEC-12".to_owned(), url: None }
}

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

#[test]
fn what_was_lost_is_looked_for_until_the_sink_has_settled() {
    let sending = begun(row(), now());
    let mut row = ended(sending, LOOK, Outcome::Lost("cut".to_owned()), now());
    let mut looks = 0;
    let mut at = now();
    while let State::Doubt { look, .. } = row.state {
        assert!(matches!(next(&row, at), Step::Rest(until) if until == look) || look == at);
        at = look;
        assert_eq!(next(&row, at), Step::Look);
        row = looked(row, LOOK, Found::Nothing, (at, at));
        looks += 1;
    }
    assert!(at >= after(600), "{at} after {looks} looks");
    assert!((5..20).contains(&looks), "{looks}");
    assert_eq!(next(&row, at), Step::Send);
}

#[test]
fn what_is_found_is_taken_and_never_sent_again() {
    let row = recovered(begun(row(), now()), LOOK, after(1));
    let row = looked(row, LOOK, Found::There(remote()), (after(6), after(6)));
    assert_eq!((row.remote.clone(), row.state.as_str()), (Some(remote()), "sent"));
    assert_eq!(next(&row, Timestamp::MAX), Step::Nothing);
    assert_eq!(retried(row.clone(), after(7)), None);
    assert_eq!(cancelled(row), None);
}

#[test]
fn a_clock_that_jumps_ahead_sends_nothing_again_before_the_sink_has_settled() {
    let year = 365 * 86_400;
    let mut row = recovered(begun(row(), now()), LOOK, after(1));
    for second in [6, 60, 599] {
        let (wall, certain) = (after(year + second), after(second));
        row = looked(row, LOOK, Found::Nothing, (wall, certain));
        let State::Doubt { look, .. } = row.state else { panic!("{row:?}") };
        assert!(look > wall && look <= wall + SignedDuration::from_secs(600), "{look}");
    }
    let row = looked(row, LOOK, Found::Nothing, (after(year + 602), after(602)));
    assert!(matches!(row.state, State::Waiting { .. }), "{row:?}");
}

#[test]
fn what_was_planned_before_the_clock_went_back_goes_on_now() {
    let year = after(365 * 86_400);
    let waiting = |until| Row { state: State::Waiting { until }, ..row() };
    assert_eq!(next(&hastened(waiting(year), now()).unwrap(), now()), Step::Send);
    assert_eq!(hastened(waiting(after(25 * 3600)), now()), None, "quiet hours may be as long");
    let doubt = recovered(begun(row(), year), LOOK, year);
    let doubt = hastened(doubt, now()).unwrap();
    assert_eq!(doubt.state, State::Doubt { since: now(), look: now(), looks: 0 });
    let doubt = looked(doubt, LOOK, Found::Nothing, (after(6), after(6)));
    assert_eq!(doubt.state.as_str(), "doubt", "the sink has its time again");
    for done in [State::Sent { at: year }, State::Cancelled, State::Held { why: String::new() }] {
        assert_eq!(hastened(Row { state: done, ..row() }, now()), None);
    }
}

#[test]
fn a_sink_that_cannot_be_asked_is_asked_by_a_person() {
    let row = ended(begun(row(), now()), OnDoubt::Leave, Outcome::Lost("cut".to_owned()), now());
    assert_eq!((row.state.as_str(), next(&row, Timestamp::MAX)), ("parked", Step::Nothing));
    assert_eq!(next(&retried(row, after(9)).unwrap(), after(9)), Step::Send);
}

#[test]
fn a_sink_that_is_down_for_a_day_gets_it_and_one_for_a_week_does_not() {
    let mut row = row();
    let mut attempts = 0;
    while let State::Waiting { until: at } = row.state {
        if at > after(86_400) && attempts > 0 {
            break;
        }
        row = ended(begun(row, at), LOOK, Outcome::Later(None, "503".to_owned()), at);
        attempts += 1;
    }
    assert!((40..80).contains(&attempts), "{attempts}");
    assert_eq!(row.state.as_str(), "waiting");
    let row = ended(row, LOOK, Outcome::Later(None, "503".to_owned()), after(86_400 * 8));
    assert_eq!(row.state.as_str(), "parked");
}

#[test]
fn a_retry_after_is_kept() {
    let later = Outcome::Later(Some(Duration::from_secs(1234)), "429".to_owned());
    let row = ended(begun(row(), now()), LOOK, later, now());
    assert_eq!(row.state, State::Waiting { until: after(1234) });
}

#[test]
fn what_may_have_arrived_is_not_cancelled() {
    let sending = begun(row(), now());
    assert_eq!(cancelled(sending.clone()), None);
    assert_eq!(cancelled(recovered(sending, LOOK, now())), None);
    assert_eq!(cancelled(row()).unwrap().state, State::Cancelled);
}

#[test]
fn a_row_remembers_the_latest_tries() {
    let mut row = row();
    for _ in 0..12 {
        row = begun(row, now());
        row = ended(row, OnDoubt::Again, Outcome::Later(None, "x".repeat(1_000)), now());
    }
    row = ended(begun(row, now()), OnDoubt::Again, Outcome::Done(None), now());
    assert_eq!(row.tries.len(), 10);
    let last = row.tries.last().unwrap();
    assert_eq!((last.came, &last.said), (Came::Done, &None));
    assert!(row.tries.iter().all(|one| one.said.as_ref().is_none_or(|said| said.len() == 300)));
}

#[test]
fn only_what_was_sent_to_whoever_takes_it_twice_as_one_is_sent_again() {
    let waiting = row();
    let sent = Row { state: State::Sent { at: now() }, ..row() };
    let look = OnDoubt::Look { settle: Duration::from_secs(1) };
    assert!(may_replay(&sent, OnDoubt::Again));
    assert!(!may_replay(&sent, look) && !may_replay(&sent, OnDoubt::Leave));
    assert!(!may_replay(&waiting, OnDoubt::Again));
    let again = Row { replays: Some(sent.key.clone()), ..row() };
    assert_eq!(again.sent_as(), &sent.key);
}

#[test]
fn after_a_stop_of_unknown_length_a_sink_settles_anew() {
    let lost = Outcome::Lost("cut".to_owned());
    let doubt = ended(begun(row(), now()), LOOK, lost, now());
    let anew = doubted(doubt.clone(), after(86_400));
    let of_now = (after(86_400), after(86_400));
    assert_eq!(next(&anew, after(86_400)), Step::Look);
    let waiting = looked(doubt, LOOK, Found::Nothing, of_now);
    assert!(matches!(waiting.state, State::Waiting { .. }));
    let looked = looked(anew, LOOK, Found::Nothing, of_now);
    assert!(matches!(looked.state, State::Doubt { since, .. } if since == after(86_400)));
    assert_eq!(doubted(row(), after(1)), row());
}
