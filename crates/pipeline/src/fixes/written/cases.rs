//! The cases of the task: what is told is what a repository gives, a good answer is proved, and a
//! deceptive one is not offered.

use std::sync::LazyLock;

use quell_analyst::score::{Bad, Case};
use quell_analyst::{Audience, Brief, Call, Grants, Record, Tasks, Written};
use quell_catalog::Catalog;
use quell_model::{By, Safety};
use serde_json::Value;

use super::score::{World, score_fix};
use super::{FIX_TASK, FixFault};

pub(super) static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

pub(super) fn cases() -> Vec<Case> {
    TASKS.get(FIX_TASK).unwrap().read_cases(&CATALOG).unwrap()
}

impl World<'_> {
    /// What is told of it.
    pub(super) fn brief(&self) -> Brief<'_> {
        let seen = self.engine.seen(&self.workspace, self.control, &self.opening.place).unwrap();
        FixFault::new(seen, &self.opening).brief(self.control)
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

/// A line with something else in it: gone, another text, another number, the other truth.
fn mutated(line: &str) -> Vec<Option<String>> {
    let mut all = vec![None, Some(format!("{line} # fine"))];
    if let Some((head, rest)) = line.split_once('"')
        && let Some((text, tail)) = rest.split_once('"').filter(|(text, _)| !text.is_empty())
    {
        all.push(Some(format!("{head}\"{text}x\"{tail}")));
        all.push(Some(format!("{head}\"*\"{tail}")));
    }
    all.extend(
        [("true", "false"), ("false", "true")].map(|(one, other)| Some(line.replace(one, other))),
    );
    let number = line.find(|one: char| one.is_ascii_digit());
    all.extend(number.map(|at| {
        let (head, tail) = line.split_at(at);
        Some(format!("{head}9{tail}"))
    }));
    all
}

/// The block with the good change in it and one other line changed, in all ways.
fn ridden(code: &str, fixed: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = fixed.split('\n').collect();
    let old = |(_, line): &(usize, &&str)| code.contains(**line) && !line.trim().is_empty();
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(old) {
        for other in mutated(line) {
            let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            match &other {
                Some(other) => lines[at].clone_from(other),
                None => drop(lines.remove(at)),
            }
            all.push((format!("`{line}` → {other:?}"), lines.join("\n")));
        }
    }
    all.retain(|(_, after)| after != fixed);
    all
}

#[test]
fn nothing_rides_along_with_a_good_change() {
    let (mut offered, mut all) = (Vec::new(), 0);
    for case in cases() {
        let world = World::of(&CATALOG, &case).unwrap().unwrap();
        let good = world.judged(&case.good);
        if world.fix(&good).is_err() {
            continue;
        }
        let text = |name: &str| {
            let found = good.texts.iter().find(|(own, _)| own == name);
            found.unwrap().1.raw().to_owned()
        };
        let place = &world.opening.place;
        let code = world.engine.seen(&world.workspace, world.control, place).unwrap().code;
        let fixed = code.replace(&text("before"), &text("after"));
        let ridden = ridden(&code, &fixed);
        all += ridden.len();
        let slips = |after: &String| {
            let texts = [("path", &place.file), ("before", &code), ("after", after)];
            let texts = texts.map(|(name, text)| (name.to_owned(), text.as_str().into()));
            world.fix(&Written { texts: texts.to_vec(), ..good.clone() }).is_ok()
        };
        let slipped = ridden.into_iter().filter(|(_, after)| slips(after));
        offered.extend(slipped.map(|(what, _)| format!("{} {what}", case.name)));
    }
    assert!(offered.is_empty(), "{} of {all}: {offered:#?}", offered.len());
    assert!(all > 800, "{all}");
}
