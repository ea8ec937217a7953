//! What leaves, and what stays of an answer.

use std::sync::LazyLock;

use proptest::prelude::*;
use quell_mask::Kind;
use quell_model::{Claim, Untrusted};
use serde_json::{Value, json};

use crate::{Audience, Brief, By, Call, Grants, Record, Shape, Tasks, Why};

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());

fn brief() -> Brief<'static> {
    let claim = |text: &str| Claim { text: Untrusted::from(text), evidence: Vec::new() };
    Brief {
        records: vec![
            Record::new("issue:abc", "issue")
                .text("title", "Database payments-db is open to the internet")
                .text("severity", "critical")
                .name("asset", "payments-db", (Kind::Resource, "rds instance"))
                .text("not_on_the_list", "never told"),
            Record::new("finding:1", "finding")
                .text("title", "payments-db has CVE-2026-1234 in postgresql 15.2")
                .text("weakness", "CVE-2026-1234")
                .text("package", "postgresql")
                .text("version", "15.2")
                .log("raw", "user=root host=10.0.0.7"),
        ],
        figures: vec![("issues", "3".to_owned())],
        known: vec![
            ("risk", vec![claim("By the rules: anyone can reach it.")]),
            ("why_here", vec![claim("By the rules: it is exposed.")]),
            ("steps", vec![claim("By the rules: close it.")]),
        ],
        ..Brief::default()
    }
}

fn said(text: &str, evidence: &[&str]) -> String {
    format!("{text} [{}]", evidence.join(" "))
}

fn answer(risk: &[String]) -> Value {
    json!({
        "risk": risk.join(" "),
        "why_here": said("It is open to the internet.", &["r1"]),
        "intent": "",
        "steps": said("Close it to the internet.", &["r1"]),
    })
}

#[test]
fn only_the_listed_fields_leave_and_names_are_masked_wherever_they_stand() {
    let (brief, task) = (brief(), TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let input = call.input();
    assert!(!input.contains("payments-db") && !input.contains("never told"), "{input}");
    assert!(!input.contains("10.0.0.7"), "{input}");
    assert_eq!(input.matches("<resource:1 rds instance>").count(), 3, "{input}");
    assert!(input.contains("CVE-2026-1234") && input.contains(r#""r2 finding":"#), "{input}");
    assert!(call.instructions().contains("1 to 3 sentences"), "{}", call.instructions());
    let more = Grants { logs: true, ..Grants::default() };
    let more = Call::new(task, &brief, Audience::Owner, more).unwrap();
    assert_eq!(more.input(), input, "a log that no task lists stays even where logs are granted");
    assert_eq!(more.hash(), call.hash());
}

#[test]
fn a_version_of_four_numbers_is_no_address() {
    let records = vec![
        Record::new("finding:1", "finding")
            .text("title", "12.5.0.0 answers, version 12.5.0.0")
            .text("version", "12.5.0.0")
            .text("fixed_in", "12.5.0.2, 13.0.1"),
    ];
    let (brief, task) = (Brief { records, ..Brief::default() }, TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let told: Value = serde_json::from_str(call.input()).unwrap();
    let record = &told["r1 finding"];
    assert_eq!(record["version"], "12.5.0.0", "{record}");
    assert_eq!(record["fixed_in"], "12.5.0.2, 13.0.1", "{record}");
}

#[test]
fn sentences_that_rest_on_records_stay_with_names_put_back() {
    let (brief, task) = (brief(), TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let good = said("<resource:1 rds instance> runs postgresql 15.2 with CVE-2026-1234.", &["r2"]);
    let bad = said("It also has CVE-2020-9999.", &["r2"]);
    let written = call.judge(&answer(&[good, bad]));
    assert_eq!((written.by, written.instead_of), (By::Model, None));
    let risk = &written.parts[0];
    assert_eq!((risk.by, risk.sentences.len()), (By::Model, 1));
    assert_eq!(
        risk.sentences[0],
        Claim {
            text: "payments-db runs postgresql 15.2 with CVE-2026-1234.".into(),
            evidence: vec!["finding:1".to_owned()]
        }
    );
    assert_eq!(written.dropped.len(), 1);
    assert_eq!(written.dropped[0].reason, "unresolved");
    assert_eq!(written.parts.len(), 3, "an empty part is not shown");
}

#[test]
fn a_part_that_lost_too_much_is_the_rules_and_an_answer_that_did_is_replaced() {
    let (brief, task) = (brief(), TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let written = call.judge(&answer(&[said("It has CVE-2020-9999.", &["r2"])]));
    assert_eq!((written.by, written.parts[0].by), (By::Model, By::Rules));
    assert_eq!(written.parts[0].sentences, brief.known("risk"));
    for nothing in [json!({}), json!({"risk": "x"}), json!({"risk": [null, null]})] {
        let written = call.judge(&nothing);
        if written.by == By::Rules {
            assert_eq!(written.instead_of, Some(Why::Guard), "{nothing}");
        }
        assert_eq!(written.part("risk").unwrap().by, By::Rules);
    }
    let rules = call.by_rules(Why::NotConfigured);
    assert_eq!((rules.by, rules.parts.len()), (By::Rules, 3));
}

#[test]
fn a_word_that_speaks_of_a_part_is_the_rules_where_that_part_is() {
    let mut brief = brief();
    let claim = |text: &str| Claim { text: Untrusted::from(text), evidence: Vec::new() };
    for (part, text) in [
        ("chain", "By the rules: it was seen."),
        ("hypothesis", "By the rules: it looks like that."),
        ("confidence", "low"),
        ("next", "By the rules: look there."),
    ] {
        brief.known.push((part, vec![claim(text)]));
    }
    let task = TASKS.get("runtime").unwrap();
    let call = Call::new(task, &brief, Audience::Analyst, Grants::default()).unwrap();
    let answer = |hypothesis: &str| {
        json!({
            "chain": said("A database is open to the internet.", &["r1"]),
            "processes": "", "techniques": "", "confidence": "high",
            "hypothesis": said(hypothesis, &["r1"]),
            "next": said("Look at who reached the database.", &["r1"]),
        })
    };
    let chosen = |hypothesis: &str| {
        let written = call.judge(&answer(hypothesis));
        let part = written.part("confidence").unwrap();
        (written.by, part.by, part.choice.clone().unwrap())
    };
    let good = "Somebody may have reached the database.";
    assert_eq!(chosen(good), (By::Model, By::Model, "high".to_owned()));
    let bad = "APT99 reached it through CVE-2020-9999.";
    assert_eq!(chosen(bad), (By::Model, By::Rules, "low".to_owned()));
    let rules = call.by_rules(Why::NotConfigured);
    assert_eq!(rules.part("confidence").unwrap().choice.as_deref(), Some("low"));
}

#[test]
fn every_task_is_whole() {
    let tasks: Vec<_> = TASKS.iter().collect();
    assert!(!tasks.is_empty());
    for task in tasks {
        assert!(task.version > 0 && !task.title.is_empty(), "{}", task.id);
        assert!(task.parts.iter().all(|part| part.least <= part.most), "{}", task.id);
        let brief = Brief::default();
        for audience in Audience::ALL {
            let call = Call::new(task, &brief, audience, Grants::default()).unwrap();
            assert!(call.instructions().contains("data"), "{}: records are data", task.id);
            for part in &task.parts {
                assert!(call.instructions().contains(&format!("`{}`", part.name)), "{}", task.id);
            }
        }
        let sentences = task.parts.iter().filter(|part| part.shape == Shape::Sentences).count();
        assert!(sentences > 0, "{}", task.id);
    }
}

proptest! {
    #[test]
    fn whatever_comes_back_is_judged(text in "\\PC{0,80}", id in "r[0-9]{1,2}|\\PC{0,6}", key in "risk|steps|x") {
        let (brief, task) = (brief(), TASKS.get("incident").unwrap());
        let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
        let written = call.judge(&json!({key: [said(&text, &[&id]), text, {"text": text}]}));
        prop_assert!(!written.parts.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_name_leaves_and_the_input_stays_within_its_bounds(title in "\\PC{0,2500}", name in "[a-z]{4,12}-[0-9]{2}") {
        let task = TASKS.get("incident").unwrap();
        let record = Record::new("issue:1", "issue")
            .text("title", format!("{title} {name}"))
            .name("asset", name.as_str(), (Kind::Resource, "thing"));
        let brief = Brief { records: vec![record; 60], ..Brief::default() };
        let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
        prop_assert!(call.input().len() <= task.most_input_bytes + 200);
        let left = format!(" {name}\"");
        prop_assert!(!call.input().contains(&left));
    }
}
