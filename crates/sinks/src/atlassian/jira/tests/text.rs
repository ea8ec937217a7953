//! Text from outside stays text, in documents and in markup.

use quell_deliver::{Block, Body, Line};
use serde_json::Value;

use super::super::super::testing::letter;
use super::super::super::wiki::Dialect;
use super::super::super::{adf, cut};
use super::super::fields;
use crate::testing::hostile::PAYLOADS;

/// The shape of a document: its nodes, marks and attributes without any text.
fn shape(node: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        // A text without characters is left out, so single texts are not counted.
        if node["type"] == "text"
            && node.get("marks").is_none_or(|marks| marks[0]["type"] == "code")
        {
            continue;
        }
        out.push(format!("{} {} {}", node["type"], node["attrs"], node["marks"]));
        waiting.extend(node["content"].as_array().into_iter().flatten());
    }
    out.sort();
    out
}

#[test]
fn a_document_has_the_same_shape_whatever_the_data_is() {
    let schema = schema();
    let benign = shape(&adf::document(&letter("benign").body, &[]));
    assert_eq!(benign.iter().filter(|part| part.contains("link")).count(), 1);
    for payload in PAYLOADS {
        let document = adf::document(&letter(payload).body, &[adf::line(&Line::data(*payload))]);
        let mut own = adf::document(&letter(payload).body, &[]);
        assert_eq!(shape(&own), benign, "{payload}");
        let text = own.pointer_mut("/content/1/content/0/text").map(Value::take);
        let expected = quell_model::shown(payload, false);
        assert_eq!(text.unwrap_or_default().as_str().unwrap_or_default(), expected);
        if let Some(schema) = &schema {
            let wrong: Vec<String> = schema.iter_errors(&document).map(|e| e.to_string()).collect();
            assert!(wrong.is_empty(), "{payload}: {wrong:?}");
        }
    }
}

/// The vendor's own schema of documents, where it stands beside the project.
fn schema() -> Option<jsonschema::Validator> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "shared/reference/specs/sinks/schemas/adf-full.schema.json";
    let text = here.ancestors().find_map(|above| std::fs::read(above.join(file)).ok())?;
    Some(jsonschema::validator_for(&serde_json::from_slice(&text).unwrap()).unwrap())
}

/// What a reader of wiki markup finds: a small one of our own, that looks for everything that
/// Data Center or Cloud could take for markup.
fn found(markup: &str, dialect: Dialect) -> Vec<String> {
    let mut out = Vec::new();
    let mut is_code = false;
    for line in markup.lines() {
        if line.starts_with("{noformat") {
            is_code = !is_code;
            out.push(line.to_owned());
            continue;
        }
        if is_code {
            // Only its own end ends it, wherever in a line that stands.
            let lower = line.to_lowercase().replace([' ', '\t'], "");
            assert!(!lower.contains("{noformat"), "{line}");
            continue;
        }
        out.extend(found_in(line, dialect));
    }
    assert!(!is_code, "{markup}");
    out
}

fn found_in(line: &str, dialect: Dialect) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = line;
    for start in ["h3. ", "* ", "# "] {
        if let Some(after) = rest.strip_prefix(start) {
            out.push(start.to_owned());
            rest = after;
        }
    }
    let lower = rest.to_lowercase();
    for word in ["h1.", "h2.", "h3.", "h4.", "h5.", "h6.", "bq."] {
        assert!(!lower.starts_with(word), "{line}");
    }
    let own = "https://quell.example/fixes/abc";
    let without = rest.replace(&format!("[the page|{own}]"), "");
    let lower = without.to_lowercase();
    out.extend(rest.contains(own).then(|| own.to_owned()));
    for word in [
        "http:", "https:", "ftp:", "mailto:", "://", "&lt", "<", ">", "||", "----", ":d", ":p",
        ";)",
    ] {
        assert!(!lower.contains(word), "`{word}` in {line}");
    }
    let mut before = ' ';
    let mut escaped = false;
    for c in without.chars() {
        let more = if dialect == Dialect::Cloud { "()#%" } else { "" };
        let is_mark = "{}[]|*_+^~!?@-".contains(c) || more.contains(c);
        if escaped && !is_mark {
            // A backslash before anything else is a backslash, and stands only in what is written out.
            assert_eq!((c, dialect), ('u', Dialect::Cloud), "{line}");
        }
        if is_mark && !escaped {
            out.push(c.to_string());
        }
        escaped = c == '\\' && !escaped;
        before = c;
    }
    assert!(before != '\\', "{line}");
    out
}

#[test]
fn markup_is_the_same_whatever_the_data_is() {
    for dialect in [Dialect::DataCenter, Dialect::Cloud] {
        let benign = found(&dialect.text(&letter("benign").body, &[]), dialect);
        assert_eq!(benign.iter().filter(|part| part.starts_with("https")).count(), 1);
        for payload in PAYLOADS.iter().filter(|payload| !payload.trim().is_empty()) {
            let markup = dialect.text(&letter(payload).body, &[]);
            assert_eq!(found(&markup, dialect), benign, "{payload}\n{markup}");
        }
    }
}

#[test]
fn data_center_shows_every_character() {
    let read = |markup: &str| {
        let mut out = String::new();
        let mut rest = markup;
        while let Some((before, after)) = rest.split_once("&#") {
            out.push_str(before);
            let (number, after) = after.split_once(';').unwrap();
            out.push(char::from_u32(number.parse().unwrap()).unwrap());
            rest = after;
        }
        out + rest
    };
    for payload in PAYLOADS {
        let markup = Dialect::DataCenter.text(&Body::paragraph(Line::data(*payload)), &[]);
        assert_eq!(read(&markup), quell_model::shown(payload, false));
    }
}

#[test]
fn what_is_too_long_is_cut_between_characters_and_says_so() {
    let huge = "😀<b>{noformat}".repeat(40_000);
    let letter = letter(&huge);
    let document = adf::document(&letter.body, &[]);
    let text = adf::plain(&document);
    assert!(cut::units(&text) < 32_767, "{}", cut::units(&text));
    assert!(text.contains("characters left out") && text.contains("more parts are left out"));
    for dialect in [Dialect::DataCenter, Dialect::Cloud] {
        let text = dialect.text(&letter.body, &[Line::own("the end")]);
        assert!(cut::units(&text) < 32_767, "{}", cut::units(&text));
        assert!(text.contains("left out") && text.ends_with("the end"));
        // A character that is written as a number is written whole.
        for part in text.split("&#").skip(1) {
            let (number, _) = part.split_once(';').unwrap();
            assert!(number.parse::<u32>().is_ok(), "{number}");
        }
    }
    let many = Body::default().and(Block::List(vec![Line::data("x"); 100_000]));
    let document = adf::document(&many, &[]);
    assert!(document.to_string().len() < 200_000);
    assert!(adf::plain(&document).contains("more are left out"));
}

#[test]
fn a_summary_is_one_line_of_255() {
    for payload in PAYLOADS {
        let summary = fields::summary(&Line::data(*payload));
        assert!(
            !summary.trim().is_empty() && !summary.contains(['\n', '\r', '\u{202e}', '\u{200b}'])
        );
    }
    let summary = fields::summary(&Line::own("x ").and_data("😀".repeat(900)));
    assert!(cut::units(&summary) <= 255 && summary.ends_with("characters left out"), "{summary}");
}
