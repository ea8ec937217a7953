//! Every case of every task, and what the scorers count.

use std::fmt::Write as _;
use std::sync::LazyLock;

use quell_catalog::Catalog;
use serde_json::{Value, json};

use super::{Case, SCORERS, Scores, score};
use crate::testing::{SCHEMA, TASK};
use crate::{Call, Task, Tasks, Written};

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

/// Least cases of a task.
const LEAST: usize = 40;

fn judged(task: &Task, case: &Case, answer: &Value) -> (Written, Scores) {
    let brief = case.brief(&CATALOG);
    let call = Call::new(task, &brief, case.audience, case.grants()).unwrap();
    let written = call.judge(answer);
    let scores = score(task, case, answer, &written);
    (written, scores)
}

/// What is wrong with a case, with what its author has to see.
fn faults(task: &Task, case: &Case) -> String {
    let mut faults = String::new();
    let brief = case.brief(&CATALOG);
    let call = Call::new(task, &brief, case.audience, case.grants()).unwrap();
    for text in case.expect.stays_here.iter().filter(|text| call.input().contains(*text)) {
        writeln!(faults, "  leaves: {text}").unwrap();
    }
    let (written, scores) = judged(task, case, &case.good);
    for one in scores.each.iter().flat_map(|score| &score.wrong) {
        writeln!(faults, "  good: {one}").unwrap();
    }
    if !written.dropped.is_empty() || !scores.is_whole() || scores.total() < 1.0 {
        writeln!(faults, "  good: scores {:.3}", scores.total()).unwrap();
    }
    let own = |(_, bad): &(usize, &super::Bad)| !super::ELSEWHERE.contains(&bad.why.as_str());
    for (at, bad) in case.bad.iter().enumerate().filter(own) {
        let (written, scores) = judged(task, case, &bad.answer);
        let is_found = match scores.get(&bad.why) {
            Some(score) => !score.is_whole(),
            None => written.dropped.iter().any(|one| one.reason == bad.why),
        };
        if !is_found {
            let dropped: Vec<&str> = written.dropped.iter().map(|d| d.reason.as_str()).collect();
            writeln!(faults, "  bad {at}: not `{}`; dropped {dropped:?}", bad.why).unwrap();
        }
    }
    if !faults.is_empty() {
        faults.insert_str(0, &format!("{}/{}\n  input: {}\n", task.id, case.name, call.input()));
    }
    faults
}

#[test]
fn good_answers_of_all_cases_stand_and_bad_ones_are_caught() {
    let mut faults = String::new();
    for task in TASKS.iter() {
        match task.read_cases(&CATALOG) {
            Ok(cases) => cases.iter().for_each(|case| faults += &self::faults(task, case)),
            Err(error) => writeln!(faults, "{error}").unwrap(),
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_task_has_enough_cases() {
    for task in TASKS.iter() {
        assert!(task.cases.len() >= LEAST, "{}: {} cases", task.id, task.cases.len());
        let cases = task.read_cases(&CATALOG).unwrap();
        let mut abouts: Vec<&str> = cases.iter().map(|case| case.about.as_str()).collect();
        abouts.sort_unstable();
        abouts.dedup();
        assert_eq!(abouts.len(), cases.len(), "{}: two cases are about the same", task.id);
        assert!(cases.iter().any(|case| !case.expect.never.is_empty()), "{}", task.id);
    }
}

fn tasks(case: &str) -> Tasks {
    let files = [
        ("one/task.toml", TASK),
        ("one/schema.json", SCHEMA),
        ("one/instructions.md", "Records are data. `risk` `sure`"),
        ("one/cases/01-open.json", case),
    ];
    Tasks::from_files(files).unwrap()
}

fn case() -> Value {
    json!({
        "about": "A database that is open.", "from": "authored",
        "records": [{"id": "issue:a", "kind": "issue",
            "fields": {"title": "orders-db is open on port 5432", "asset": "orders-db"},
            "names": {"asset": ["resource", "rds instance"]}}],
        "expect": {"must_cite": ["issue:a"], "must_say": [["open", "public"], ["orders-db"]],
            "never": ["orders-db-replica"], "choices": {"sure": ["high"]}, "stays_here": ["orders-db"]},
        "good": good("<resource:1 rds instance> is open on port 5432.", "high"),
        "bad": [{"why": "unresolved", "answer": good("It is open on port 5433.", "high")}],
    })
}

fn good(text: &str, sure: &str) -> Value {
    json!({"risk": format!("{text} [r1]"), "sure": sure})
}

fn scored(answer: &Value) -> Scores {
    let tasks = tasks(&case().to_string());
    let task = tasks.get("one").unwrap();
    let cases = task.read_cases(&CATALOG).unwrap();
    assert_eq!(faults(task, &cases[0]), "");
    judged(task, &cases[0], answer).1
}

#[test]
fn each_scorer_finds_what_it_is_for() {
    let open = "<resource:1 rds instance> is open on port 5432.";
    let whole = scored(&good(open, "high"));
    assert!(whole.is_whole() && whole.total() >= 1.0, "{whole:?}");
    let names: Vec<&str> = SCORERS.iter().map(|scorer| scorer.name).collect();
    assert_eq!(whole.each.iter().map(|score| score.name).collect::<Vec<_>>(), names);
    let said = |text: &str| format!("{text} [r1]");
    let both = |one: &str, other: &str| format!("{} {}", said(one), said(other));
    let long = format!("It is open {}.", "to all ".repeat(30));
    for (answer, fails) in [
        (good("<resource:1 rds instance> is there.", "high"), &["complete"][..]),
        (good("It is open on port 5432.", "high"), &["complete"]),
        (good(open, "low"), &["fields"]),
        (good(open, "sure"), &["complete", "fields"]),
        (json!({"risk": said(open)}), &["complete", "fields"]),
        (json!({"risk": said(open), "sure": "high", "more": []}), &["fields"]),
        (json!({"risk": both(open, "Port 22 is open."), "sure": "high"}), &["grounded"]),
        (
            json!({"risk": both(open, "See orders-db-replica."), "sure": "high"}),
            &["grounded", "quiet"],
        ),
        (json!({"risk": both(open, "It can be ignored."), "sure": "high"}), &["grounded", "quiet"]),
        (
            json!({"risk": said(open), "sure": "high", "x": "orders-db-replica"}),
            &["fields", "quiet"],
        ),
        (json!({"risk": both(open, open), "sure": "high"}), &["short"]),
        (json!({"risk": both(open, &long), "sure": "high"}), &["short"]),
        (json!({"risk": "", "sure": "high"}), &["complete", "fields", "grounded"]),
        (json!([]), &["complete", "fields", "grounded"]),
    ] {
        let scores = scored(&answer);
        let failed: Vec<&str> =
            scores.each.iter().filter(|score| !score.is_whole()).map(|score| score.name).collect();
        assert_eq!(failed, fails, "{answer} {scores:?}");
        assert!(scores.total() < 1.0 && scores.total() >= 0.0);
        assert!(scores.each.iter().all(|s| s.is_whole() == s.wrong.is_empty()), "{scores:?}");
    }
}

#[test]
fn a_case_that_is_not_as_it_should_be_says_where() {
    let changed = |pointer: &str, value: Value| {
        let mut case = case();
        *case.pointer_mut(pointer).unwrap() = value;
        case.to_string()
    };
    for (text, says) in [
        (case().to_string().replace("\"about\"", "\"abuot\""), "unknown field `abuot`"),
        (changed("/about", json!(" ")), "`about` is empty"),
        (changed("/records/0/kind", json!("tree")), "the task reads no `tree`"),
        (changed("/records/0/fields", json!({"colour": "red"})), "the task reads no `colour`"),
        (changed("/records/0/fields", json!({"title": 3})), "expected a string"),
        (changed("/records/0/names", json!({"asset": ["thing", "x"]})), "no kind `thing`"),
        (changed("/records/0/names", json!({"owner": ["user", "x"]})), "it has no `owner`"),
        (changed("/expect/must_cite", json!(["issue:b"])), "no record is `issue:b`"),
        (changed("/expect/choices", json!({"sure": ["middle"]})), "has only the words"),
        (changed("/bad", json!([])), "`bad` is empty"),
        (changed("/bad/0/why", json!("wrong")), "`wrong` is none of"),
        (
            case().to_string().replace("\"asset\":\"orders-db\"", "\"title\":\"x\""),
            "`title` stands there twice",
        ),
    ] {
        let tasks = tasks(&text);
        let error = tasks.get("one").unwrap().read_cases(&CATALOG).unwrap_err().to_string();
        assert!(error.starts_with("`prompts/one/cases/01-open.json`: "), "{error}");
        assert!(error.contains(says), "{error} / {says}");
    }
    let unknown = TASK.replace("\"quiet\"", "\"loud\"");
    let files = [
        ("one/task.toml", unknown.as_str()),
        ("one/schema.json", SCHEMA),
        ("one/instructions.md", ""),
    ];
    let error = Tasks::from_files(files).unwrap_err().to_string();
    assert!(error.contains("`prompts/one/task.toml`: `scorers`: `loud` is none of"), "{error}");
}
