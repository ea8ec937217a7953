//! Tests of what was written for people, in every format.

use quell_model::{Dropped, Made, Why, Written};
use serde_json::json;

use super::*;
use crate::{FORMATS, Options, Report};

const HOSTILE: &str = "<b>x</b> [a](http://e.example) @all \u{202e}\u{1b}[31m | `b`";

fn words(by: By) -> Answered {
    let claim = |text: &str| Claim {
        text: Untrusted::from(text),
        evidence: vec!["issue:iii".to_owned(), "finding:fff#title".to_owned()],
    };
    let part = |name: &str, title: &str, by, sentences| WrittenPart {
        name: name.to_owned(),
        title: title.to_owned(),
        by,
        sentences,
        choice: None,
    };
    let dropped = |reason: &str| Dropped {
        part: "risk".to_owned(),
        text: "Gone.".into(),
        reason: reason.to_owned(),
        detail: None,
    };
    let is_model = by == By::Model;
    Answered {
        written: Written {
            task: "incident".to_owned(),
            version: 1,
            by,
            instead_of: (!is_model).then(|| Why::Down("no route to host".to_owned())),
            parts: vec![
                part("risk", "What could happen", by, vec![claim("Anyone can log in.")]),
                part("steps", "What to do", By::Rules, vec![claim(HOSTILE)]),
            ],
            texts: Vec::new(),
            dropped: if is_model { vec![dropped("link"), dropped("no_evidence")] } else { vec![] },
        },
        made: is_model.then(|| Made {
            provider: "claude".to_owned(),
            model: "claude-haiku-5-5".to_owned(),
            kept: false,
            input_tokens: 900,
            output_tokens: 120,
            money: Some(1500),
        }),
    }
}

/// A report of one incident with one issue.
fn report(words: &Answered) -> Report {
    let claim = json!({"text": "It is open.", "evidence": ["issue:iii"]});
    let decision = json!({"decision": "act", "decision_because": "it is open", "ticket": "now"});
    let mut incident = json!({
        "id": "ccc", "kind": "single", "title": "A database is open", "score": 900,
        "severity": "critical", "issues": ["iii"], "sources": ["prowler"],
        "joined_because": [], "owner": {"name": "payments", "because": "a tag"},
        "why": "open to the internet", "fixes": [],
        "explanation": {"what": claim, "why": [], "cause": claim, "intent": claim,
            "steps": ["Close it."], "breaks": "nothing", "confidence": "high",
            "confidence_because": "two tools"},
        "words": words,
    });
    let mut issue = json!({
        "id": "iii", "control": null, "title": "Database <open> to the internet",
        "class": "misconfiguration", "asset": "aws:1", "severity": "critical", "status": "open",
        "risk": {"score": 900, "parts": [], "would_lower": [], "formula": "1"},
        "merged_because": [],
        "findings": [{"id": "fff", "source": "prowler", "format": "ocsf", "native_id": "1",
            "rule": "r", "title": "RDS is public", "severity": "critical",
            "severity_native": "Critical", "status": "open", "file": "f", "offset_bytes": 0}],
    });
    for (key, value) in decision.as_object().unwrap() {
        incident[key] = value.clone();
        issue[key] = value.clone();
    }
    let sums = json!({"records": 1, "created": 1, "updated": 0, "merged": 0, "unchanged": 0,
        "rejected": 0, "rejects": 0});
    let value = json!({
        "schema_version": "1", "generated_at": "2026-11-20T10:00:00Z", "quell_version": "1",
        "sample_data": false, "accounting": {"total": sums, "files": []},
        "funnel": serde_json::to_value(quell_model::Funnel::default()).unwrap(),
        "decisions": {"act": 1, "plan": 0, "watch": 0, "noise": 0},
        "changes": {"closed": 0, "reopened": 0, "open_elsewhere": 0},
        "incidents": [incident], "issues": [issue], "assets": [], "fixes": [], "exceptions": [],
        "statements": {"known": 0, "matched": 0, "unmatched": 0}, "intelligence": [],
    });
    serde_json::from_value(value).unwrap()
}

fn printed(format: &str, words: &Answered) -> String {
    let format = FORMATS.iter().find(|one| one.name == format).unwrap();
    let mut out = Vec::new();
    (format.write)(&report(words), &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn explained(words: Answered) -> Explained {
    let report = report(&words);
    let story = IncidentStory {
        incident: report.incidents.into_iter().next().unwrap(),
        issues: report.issues,
        assets: Vec::new(),
        fixes: Vec::new(),
        times: None,
    };
    Explained::new(&story, "owner", words)
}

fn terminal_of(words: Answered) -> String {
    let mut out = Vec::new();
    write_explained(&explained(words), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_explanation_says_who_wrote_it_and_what_each_sentence_rests_on() {
    let text = terminal_of(words(By::Model));
    let expected = "\
A database is open
incident ccc · risk 900 of 1000 · critical · one issue · for the owner

Written by claude-haiku-5-5 of claude; checked against the records that it
names.
What could happen
  - Anyone can log in. [issue:iii finding:fff#title]
What to do (by the rules)
  - <b>x</b> [a](http://e.example) @all [31m | `b` [issue:iii
    finding:fff#title]
2 sentences of the model were dropped: 1 link, 1 no evidence.

Records
  issue:iii Database <open> to the internet
  finding:fff prowler: RDS is public
";
    assert_eq!(text, expected);
}

#[test]
fn the_rules_say_why_they_speak() {
    let text = terminal_of(words(By::Rules));
    let line = "Written by the rules: the model did not answer: no route to host.";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("What to do\n") && !text.contains("dropped"), "{text}");
}

#[test]
fn every_format_for_people_marks_a_model_s_words_and_escapes_them() {
    let html = printed("html", &words(By::Model));
    let section = html.split("<section class=\"words model\"").nth(1).unwrap();
    let section = section.split("</section>").next().unwrap();
    for part in [
        "<span class=\"badge\">Language model</span>",
        "<p class=\"quiet\">Written by claude-haiku-5-5 of claude; checked against the records",
        "<h4>What to do (by the rules)</h4>",
        "<span title=\"issue:iii\">Database &lt;open&gt; to the internet</span> · \
         <span title=\"finding:fff#title\">prowler: RDS is public</span>",
        "2 sentences of the model were dropped: 1 link, 1 no evidence.",
    ] {
        assert!(section.contains(part), "{part}\n{section}");
    }
    assert!(!section.contains("<b>x") && !section.contains('\u{202e}'), "{section}");
    let rules = printed("html", &words(By::Rules));
    assert!(rules.contains("<span class=\"badge\">Rules</span>") && !rules.contains("words model"));

    let markdown = printed("markdown", &words(By::Model));
    for part in [
        "**In other words** (written by claude\\-haiku\\-5\\-5 of claude; checked",
        "  - rests on: Database &lt;open&gt; to the internet; prowler&#58; RDS is public\n",
        "*What to do \\(by the rules\\)*",
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }
    assert!(!markdown.contains("](http") && !markdown.contains("@all"), "{markdown}");

    let text = printed("terminal", &words(By::Model));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("     Written by claude-haiku-5-5 of claude; checked"), "{text}");
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn what_is_printed_as_json_is_read_again() {
    let words = words(By::Model);
    let read: Report = serde_json::from_str(&printed("json", &words)).unwrap();
    assert_eq!(read.incidents.first().unwrap().words, Some(words.clone()));
    let told = explained(words);
    let again: Explained = serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap();
    assert_eq!(again, told);
    let schema = include_str!("../../../../docs/report.schema.json");
    assert!(schema.contains("\"words\""));
}
