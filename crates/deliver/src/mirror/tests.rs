//! Tests of both ways in step.

use proptest::prelude::*;

use super::*;
use crate::outbox::Remote;
use jiff::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn there(phase: Phase, changed: i64, by_us: bool) -> Standing {
    Standing {
        remote: Remote { id: "1".to_owned(), name: "SEC-1".to_owned(), url: None },
        phase,
        phase_at: Some(at(changed)),
        phase_by_us: by_us,
        resolution: None,
        fields: [(Field::Title, "one".to_owned())].into(),
        gone: Gone::No,
    }
}

fn known() -> Mirror {
    Mirror { ours: [(Field::Title, "one".to_owned())].into(), ..Mirror::default() }
}

#[test]
fn what_people_closed_is_opened_again_once_and_only_when_it_is_seen_later() {
    let closed = there(Phase::Done, 100, false);
    let (mirror, act) = meet(known(), Stands::Open(Some(at(90))), &closed);
    assert_eq!((mirror.conflict, act), (Some(Conflict::ClosedByHand), Move::Rest));
    let (mirror, act) = meet(mirror, Stands::Open(Some(at(101))), &closed);
    assert_eq!((mirror.conflict, act), (None, Move::Reopen));
    let again = there(Phase::Done, 200, false);
    let (mirror, act) = meet(mirror, Stands::Open(Some(at(300))), &again);
    assert_eq!((mirror.conflict, act), (Some(Conflict::ClosedByHand), Move::Rest));
}

#[test]
fn what_was_turned_down_stays_so() {
    let (mirror, act) =
        meet(known(), Stands::Open(Some(at(900))), &there(Phase::Declined, 100, false));
    assert_eq!((mirror.conflict, act), (Some(Conflict::Declined), Move::Rest));
}

#[test]
fn what_is_gone_is_closed_and_what_returns_is_opened() {
    let (mirror, act) = meet(known(), Stands::Gone(at(50)), &there(Phase::Begun, 20, false));
    assert_eq!((act, mirror.begun), (Move::Close, Some(at(20))));
    let mirror = Mirror { closed: Some(at(60)), ..mirror };
    let ours = there(Phase::Done, 60, true);
    let (mirror, act) = meet(mirror, Stands::Gone(at(50)), &ours);
    assert_eq!(act, Move::Rest);
    let (mirror, act) = meet(mirror, Stands::Open(Some(at(70))), &ours);
    assert_eq!((act, mirror.reopened_theirs), (Move::Reopen, 0));
    // Somebody opens it after Quell closed it for good: that stands.
    let by_hand = there(Phase::New, 80, false);
    let (mirror, act) = meet(mirror, Stands::Gone(at(75)), &by_hand);
    assert_eq!((mirror.conflict, act), (Some(Conflict::ReopenedByHand), Move::Rest));
}

#[test]
fn a_field_that_somebody_changed_is_theirs() {
    let mut standing = there(Phase::New, 10, true);
    let (mirror, _) = meet(known(), Stands::Open(None), &standing);
    assert!(mirror.theirs.is_empty());
    standing.fields.insert(Field::Title, "two".to_owned());
    let (mirror, _) = meet(mirror, Stands::Open(None), &standing);
    standing.fields.insert(Field::Title, "one".to_owned());
    let (mirror, _) = meet(mirror, Stands::Open(None), &standing);
    assert_eq!(mirror.theirs, [Field::Title].into());
}

#[test]
fn what_was_deleted_is_not_made_anew() {
    let standing = Standing { gone: Gone::Deleted, ..there(Phase::New, 10, true) };
    let (mirror, act) = meet(known(), Stands::Open(Some(at(99))), &standing);
    assert_eq!((mirror.conflict, act), (Some(Conflict::Deleted), Move::Rest));
}

proptest! {
    /// Whatever people do, nobody is fought: what a person closed is opened again at most once.
    #[test]
    fn nobody_is_fought(
        acts in proptest::collection::vec((0..3_u8, 1..50_i64, 0..2_u8), 1..60),
    ) {
        let mut mirror = known();
        let (mut now, mut phase, mut changed, mut by_us) = (0, Phase::New, 0, true);
        let mut stands = Stands::Open(Some(at(0)));
        let mut reopened_theirs = 0;
        for (act, pause, seen) in acts {
            now += pause;
            match act {
                0 => (phase, changed, by_us) = (Phase::Done, now, false),
                1 => stands = Stands::Gone(at(now)),
                _ => stands = Stands::Open((seen == 1).then(|| at(now))),
            }
            let (after, act) = meet(mirror, stands, &there(phase, changed, by_us));
            mirror = after;
            now += 1;
            match act {
                Move::Rest | Move::Tell(_) => {}
                Move::Close => {
                    (phase, changed, by_us) = (Phase::Done, now, true);
                    mirror.closed = Some(at(now));
                }
                Move::Reopen => {
                    reopened_theirs += u32::from(!by_us);
                    (phase, changed, by_us) = (Phase::New, now, true);
                }
            }
        }
        prop_assert!(reopened_theirs <= 1);
    }
}

fn merged() -> Mirror {
    let merged = Merged {
        at: at(100),
        by: Some("mona".to_owned()),
        commit: Some("abc".to_owned()),
        checked: Some(Checked { at: at(101), code: CodeNow::Holds }),
        gone: None,
        told: None,
    };
    Mirror { merged: Some(merged), ..known() }
}

fn checked(mut mirror: Mirror, code: CodeNow) -> Mirror {
    mirror.merged.as_mut().unwrap().checked = Some(Checked { at: at(0), code });
    mirror
}

/// Meets once, and again: what was said is not said twice.
fn said(mirror: Mirror, stands: Stands) -> (Mirror, Option<Conflict>, Move) {
    let there = there(Phase::Done, 100, false);
    let (mirror, act) = meet(mirror, stands, &there);
    let (again, rest) = meet(mirror.clone(), stands, &there);
    assert_eq!((rest, &again), (Move::Rest, &mirror));
    let conflict = mirror.conflict;
    (mirror, conflict, act)
}

#[test]
fn a_merge_is_followed_until_a_tool_has_looked() {
    let (mirror, conflict, act) = said(merged(), Stands::Open(Some(at(90))));
    assert_eq!((conflict, act), (None, Move::Tell(Word::Waits)));
    let (seen, conflict, act) = said(mirror.clone(), Stands::Open(Some(at(101))));
    assert_eq!(
        (conflict, act),
        (Some(Conflict::MergedAndStillThere), Move::Tell(Word::StillThere))
    );
    let (gone, conflict, act) = said(seen, Stands::Gone(at(150)));
    assert_eq!((conflict, act), (None, Move::Tell(Word::Gone)));
    assert_eq!(gone.merged.unwrap().gone, Some(at(150)));
    let (_, conflict, act) = said(checked(mirror, CodeNow::Fails), Stands::Open(Some(at(90))));
    assert_eq!((conflict, act), (Some(Conflict::MergedAndFails), Move::Tell(Word::Fails)));
}

#[test]
fn what_comes_back_is_drift_where_the_code_still_has_the_fix() {
    let (gone, ..) = said(merged(), Stands::Gone(at(150)));
    let back = Stands::Open(Some(at(200)));
    assert!(gone.merged.as_ref().unwrap().needs_check(back));
    for (code, word, conflict) in [
        (CodeNow::Holds, Word::Drift, Conflict::Drift),
        (CodeNow::Fails, Word::Undone, Conflict::Undone),
        (CodeNow::Unknown, Word::Back, Conflict::Back),
    ] {
        let (back, shown, act) = said(checked(gone.clone(), code), back);
        assert_eq!((shown, act), (Some(conflict), Move::Tell(word)));
        // It goes again, and that is said once more.
        let (_, shown, act) = said(back, Stands::Gone(at(300)));
        assert_eq!((shown, act), (None, Move::Tell(Word::Gone)));
    }
}

#[test]
fn what_an_exception_hides_after_a_merge_is_not_called_gone() {
    let there = there(Phase::Done, 100, false);
    let (mirror, act) = meet(merged(), Stands::Accepted, &there);
    assert_eq!((act, mirror.merged.unwrap().gone), (Move::Rest, None));
}
