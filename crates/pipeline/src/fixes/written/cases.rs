//! The cases of the task: what is told is what a repository gives, a good answer is proved, and a
//! deceptive one is not offered.

use std::sync::LazyLock;

use quell_analyst::score::{Bad, Case};
use quell_analyst::{Audience, Brief, Call, Grants, Record, Tasks, Written};
use quell_catalog::{Catalog, Control};
use quell_model::{Answered, By, Fix, Safety};
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

// TEMPORARY
#[test]
fn zz_write() {
    let Ok(source) = std::env::var("QUELL_CASES") else { return };
    let out = std::env::var("QUELL_OUT").unwrap();
    let items: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(source).unwrap()).unwrap();
    for item in items {
        let s = |k: &str| item[k].as_str().unwrap_or_default().to_owned();
        let name = s("name");
        let Some(control) = CATALOG.control(&s("control")) else {
            println!("{name}: NO CONTROL {}", s("control"));
            continue;
        };
        let place = quell_remediate::Place { file: s("file"), address: s("address") };
        let workspace = quell_remediate::Workspace::parse([(place.file.clone(), s("text"))]);
        let controls: Vec<&Control> = CATALOG.controls().collect();
        let advice = item["advice"].as_array().cloned().unwrap_or_default();
        let advice = advice
            .iter()
            .enumerate()
            .map(|(at, one)| super::Advice {
                id: format!("finding:{}", at + 1),
                tool: one[0].as_str().unwrap().into(),
                title: one[1].as_str().unwrap().into(),
                text: one[2].as_str().unwrap().into(),
            })
            .collect();
        let said = if item["said"].is_string() {
            s("said")
        } else {
            control.decide.clone().unwrap_or_default()
        };
        let opening = super::Opening {
            control: control.id.clone(),
            place: place.clone(),
            issues: Vec::new(),
            advice,
            said,
            instead_of: None,
        };
        let policies = quell_policy::Policies::new(Vec::new()).unwrap();
        let world = World {
            engine: quell_remediate::Engine::new(&controls),
            policies,
            workspace,
            control,
            opening,
        };
        let truth = world.engine.judge(&world.workspace, control, &place);
        if truth != quell_catalog::Truth::Fails {
            println!(
                "{name}: NOT AT FAULT {truth:?} places {:?} unparsed {:?}",
                world.workspace.places(&place.file),
                world.workspace.unparsed()
            );
            continue;
        }
        let seen = world.engine.seen(&world.workspace, control, &place).unwrap();
        let brief = brief::of(control, &seen, &world.opening);
        let task = TASKS.get(FIX_TASK).unwrap();
        let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
        if std::env::var("QUELL_SHOW").is_ok_and(|n| name.starts_with(&n)) {
            println!("{}", call.input());
        }
        if call.input().contains("[cut]") {
            println!("{name}: CUT");
        }
        // placeholder -> raw
        let pattern = regex_lite(call.input());
        let mut known: Vec<(String, String)> = Vec::new();
        for ph in pattern {
            let probe = serde_json::json!({"path": ph, "before": "x", "after": "y", "why": []});
            let written = call.judge(&probe);
            if let Some((_, raw)) = written.texts.iter().find(|(n, _)| n == "path") {
                known.push((raw.raw().to_owned(), ph.clone()));
            } else {
                println!("{name}: never back: {ph}");
            }
        }
        known.sort_by_key(|(raw, _)| std::cmp::Reverse(raw.len()));
        let masked = |text: &str| {
            known.iter().fold(text.to_owned(), |t, (raw, ph)| {
                if raw.len() < 4 || ph == raw { t } else { t.replace(raw.as_str(), ph) }
            })
        };
        let answer = |one: &Value| {
            let t = |k: &str| masked(one[k].as_str().unwrap_or_default());
            let path = if one["path"].is_string() { t("path") } else { masked(&place.file) };
            let why = if one["why"].is_array() {
                one["why"].clone()
            } else {
                item["good"]["why"].clone()
            };
            let why: Vec<Value> = why.as_array().unwrap().iter().map(|w| serde_json::json!({"text": masked(w[0].as_str().unwrap()), "evidence": w[1]})).collect();
            serde_json::json!({"path": path, "before": t("before"), "after": t("after"), "why": why})
        };
        let good = answer(&item["good"]);
        let a = Answered { written: world.judged(&good), made: None };
        let fix: Result<Fix, String> = world.fix(&a.written);
        let same = good["before"] == good["after"];
        if !a.written.dropped.is_empty() || a.written.by != By::Model {
            println!("{name}: DROPPED {:#?}", a.written.dropped);
        }
        match &fix {
            Ok(_) if !same => {}
            Err(w) if same && w.contains("nothing that helps") => {}
            other => println!("{name}: GOOD {:?}", other.as_ref().err()),
        }
        let mut bads = Vec::new();
        for one in item["bad"].as_array().unwrap() {
            let label = one["label"].as_str().unwrap();
            let value = answer(one);
            match world.fix(&world.judged(&value)) {
                Ok(fix) => println!("{name}: BAD OFFERED {label}\n{}", fix.diff),
                Err(why) => println!("    {name} / {label}: {why}"),
            }
            bads.push(serde_json::json!({"why": "proved", "answer": value}));
        }
        let records: Vec<Value> = brief.records.iter().map(|r| {
            let fields: serde_json::Map<String, Value> = r.fields.iter().map(|f| (f.name.to_string(), Value::from(f.value.as_str()))).collect();
            let names: serde_json::Map<String, Value> = r.fields.iter().filter_map(|f| match &f.class { quell_analyst::Class::Name(k, about) => Some((f.name.to_string(), serde_json::json!([k.word(), about]))), _ => None }).collect();
            if names.is_empty() { serde_json::json!({"id": r.id, "kind": r.kind, "fields": fields}) } else { serde_json::json!({"id": r.id, "kind": r.kind, "fields": fields, "names": names}) }
        }).collect();
        let mut exp = item["expect"].clone();
        if exp.is_null() {
            exp = serde_json::json!({});
        }
        exp["must_cite"] = serde_json::json!([format!("block:{}", place.address)]);
        let case = serde_json::json!({
            "about": s("about"), "from": item["from"].as_str().unwrap_or("authored"), "audience": "owner", 
            "records": records, "controls": [control.id], "known": {"why": brief.known[0].1.iter().map(|c| serde_json::json!({"text": c.text.raw(), "evidence": c.evidence})).collect::<Vec<_>>()},
            "expect": exp, "good": good, "bad": bads });
        std::fs::write(
            format!("{out}/{name}.json"),
            serde_json::to_string_pretty(&case).unwrap() + "\n",
        )
        .unwrap();
    }
}
fn regex_lite(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(end) = rest.find('>') {
            let one = &rest[..=end];
            if one.len() < 60 && one.contains(':') && !out.contains(&one.to_owned()) {
                out.push(one.to_owned());
            }
        }
        rest = &rest[1..];
    }
    out
}
