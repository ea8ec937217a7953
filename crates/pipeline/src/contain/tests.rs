//! What becomes of a containment at each step.

use quell_contain::{ContainError, Done, Failed, How, NotBack, Reached, Rollback, Stands, Undone};
use quell_govern::Person;
use quell_govern::approval::Approvals;
use quell_model::Timestamp;
use serde_json::json;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn rollback() -> Rollback {
    serde_json::from_value(json!({
        "plan": "p", "hash": "5e8f",
        "action": {"do": "scale_to_zero", "cluster": "prod", "namespace": "shop",
            "workload": "deployment", "name": "web"},
        "before": {"replicas": 3}, "after": {"replicas": 0},
    }))
    .unwrap()
}

fn running() -> Containment {
    Containment {
        plan: "p".to_owned(),
        place: "cluster".to_owned(),
        platform: "kubernetes".to_owned(),
        incident: None,
        tried_there: true,
        reversible: true,
        stage: Stage::Running,
        at: at(0),
        begun: Some(at(0)),
        rollback: Some(rollback()),
        said: None,
        undo: None,
        tries: 0,
    }
}

fn failed(error: ContainError, reached: Reached) -> Failed {
    let rollback = (reached != Reached::Untouched).then(|| Box::new(rollback()));
    Failed { error, reached, rollback }
}

fn busy() -> ContainError {
    ContainError::Busy { wait: None, said: "later".to_owned() }
}

fn refused() -> ContainError {
    ContainError::Refused("no".to_owned())
}

#[test]
fn what_may_have_been_done_is_looked_at_and_what_was_not_is_asked_again() {
    let done = Done { how: How::Changed, rollback: Some(rollback()) };
    let cases = [
        (Ok(&done), Stage::Contained, true),
        (Err(&failed(busy(), Reached::Untouched)), Stage::Asked, false),
        (Err(&failed(refused(), Reached::Untouched)), Stage::Failed, false),
        (Err(&failed(ContainError::Lost("x".into()), Reached::Untouched)), Stage::Asked, false),
        (Err(&failed(refused(), Reached::Partly)), Stage::Failed, true),
        (Err(&failed(busy(), Reached::Partly)), Stage::Doubt, true),
        (Err(&failed(ContainError::Lost("x".into()), Reached::Unknown)), Stage::Doubt, true),
    ];
    for (result, stage, can_go_back) in cases {
        let words = format!("{result:?}");
        let moved = settled(running(), result, at(1));
        assert_eq!(moved.after().stage, stage, "{words}");
        assert_eq!(moved.after().rollback.is_some(), can_go_back, "{words}");
    }
    let tired = Containment { tries: 4, ..running() };
    let moved = settled(tired, Err(&failed(busy(), Reached::Untouched)), at(1));
    assert_eq!(moved.after().stage, Stage::Failed);
}

#[test]
fn after_a_crash_nothing_is_believed_before_it_could_show() {
    let doubt = recover(running(), at(5)).after().clone();
    assert_eq!((doubt.stage, doubt.at), (Stage::Doubt, at(30)));
    assert_eq!(recover(running(), at(500)).after().at, at(500));
    let other = Stands::Other { part: "replicas".into(), was: "3".into(), is: "5".into() };
    let cases = [
        (Ok(Stands::After), Stage::Contained),
        (Ok(Stands::Before), Stage::Asked),
        (Ok(Stands::Between), Stage::Failed),
        (Ok(other), Stage::Failed),
        (Err(busy()), Stage::Doubt),
        (Err(refused()), Stage::Failed),
    ];
    for (found, stage) in cases {
        let moved = looked(doubt.clone(), found, at(31));
        assert_eq!(moved.after().stage, stage);
        // What may be there can be undone, and what is asked again begins anew.
        assert_eq!(moved.after().rollback.is_none(), stage == Stage::Asked);
    }
}

#[test]
fn only_what_may_stand_there_is_undone_and_only_what_stands_as_before_is_called_undone() {
    let undo = || Undo { by: Person::new("a", "Ana"), reason: "clean".to_owned(), at: at(9) };
    for stage in [
        Stage::Asked,
        Stage::HeldBack,
        Stage::Running,
        Stage::Doubt,
        Stage::Undoing,
        Stage::Undone,
        Stage::Dropped,
    ] {
        assert!(undo_asked(Containment { stage, ..running() }, undo(), at(9)).is_none());
    }
    let contained = Containment { stage: Stage::Contained, ..running() };
    let undoing = undo_asked(contained, undo(), at(9)).unwrap().after().clone();
    assert_eq!(undoing.stage, Stage::Undoing);
    let not_back = |error| NotBack { error, stands: None };
    let cases = [
        (Ok(Undone::RolledBack), Stage::Undone),
        (Ok(Undone::AlreadyBack), Stage::Undone),
        (Err(not_back(busy())), Stage::Undoing),
        (Err(not_back(refused())), Stage::NotBack),
    ];
    for (result, stage) in cases {
        let after = rolled_back(undoing.clone(), result, at(10)).after().clone();
        assert_eq!(after.stage, stage);
        assert_eq!(after.can_be_undone(), stage == Stage::NotBack);
    }
}

#[test]
fn a_row_reads_back_as_it_was_written_and_waits_only_where_something_is_due() {
    for stage in [Stage::Asked, Stage::Doubt, Stage::Undoing, Stage::Running, Stage::HeldBack] {
        let kept = Containment { stage, ..running() };
        let row = kept.row().unwrap();
        assert_eq!(Containment::read(&row).unwrap(), kept);
        let is_due = matches!(stage, Stage::Asked | Stage::Doubt | Stage::Undoing);
        assert_eq!(row.due.is_some(), is_due, "{stage:?}");
    }
}

#[test]
fn a_permit_that_came_to_nothing_is_given_back_once() {
    let mut said = Approvals::default();
    said.give_back();
    assert_eq!(said, Approvals::default());
    said.stand = quell_govern::approval::Stand::Executed;
    said.executed_at = Some(at(1));
    said.give_back();
    assert_eq!(said, Approvals::default());
    said.void("gone");
    said.give_back();
    assert_eq!(said.stand, quell_govern::approval::Stand::Void);
}
