//! The cases of the task: what is told is what a repository gives, a good answer is proved, and a
//! deceptive one is not offered.

use std::sync::LazyLock;

use quell_analyst::score::{Bad, Case};
use quell_analyst::{Audience, Brief, Call, Grants, Record, Tasks, Written};
use quell_catalog::Catalog;
use quell_model::{By, Safety};
use serde_json::Value;

use super::score::{World, score_fix};
use super::{FIX_TASK, brief};

pub(super) static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

pub(super) fn cases() -> Vec<Case> {
    TASKS.get(FIX_TASK).unwrap().read_cases(&CATALOG).unwrap()
}

impl World<'_> {
    /// What is told of it.
    pub(super) fn brief(&self) -> Brief<'_> {
        let seen = self.engine.seen(&self.workspace, self.control, &self.opening.place).unwrap();
        brief::of(self.control, &seen, &self.opening)
    }

    pub(super) fn judged(&self, value: &Value) -> Written {
        let brief = self.brief();
        let task = TASKS.get(FIX_TASK).unwrap();
        Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap().judge(value)
    }
}

#[test]
fn a_case_tells_what_its_code_gives() {
    for case in cases() {
        let world = World::of(&CATALOG, &case).unwrap().unwrap();
        let told = world.brief().records;
        let written: Vec<Record> = case.brief(&CATALOG).records;
        assert_eq!(told, written, "{}", case.name);
    }
}

#[test]
fn good_answers_are_proved_and_need_approval() {
    for case in cases() {
        let world = World::of(&CATALOG, &case).unwrap().unwrap();
        let written = world.judged(&case.good);
        assert_eq!((written.by, written.dropped.len()), (By::Model, 0), "{}", case.name);
        let score = score_fix(&CATALOG, &case, &written).unwrap();
        assert!(score.is_whole(), "{}: {score:?}", case.name);
        if let Ok(fix) = world.fix(&written) {
            assert_eq!(fix.safety, Safety::NeedsApproval, "{}", case.name);
            assert!(fix.written.is_some() && !fix.diff.is_empty(), "{}", case.name);
        }
    }
}

#[test]
fn deceptive_answers_are_not_offered() {
    let (mut offered, mut all) = (Vec::new(), 0);
    for case in cases() {
        let world = World::of(&CATALOG, &case).unwrap().unwrap();
        for (at, Bad { answer, .. }) in case.bad.iter().enumerate() {
            all += 1;
            let written = world.judged(answer);
            if world.fix(&written).is_ok() {
                offered.push(format!("{} {at}", case.name));
            }
            assert!(!score_fix(&CATALOG, &case, &written).unwrap().is_whole(), "{}", case.name);
        }
    }
    assert!(offered.is_empty(), "{offered:#?}");
    assert!(all >= 100, "{all}");
}
