//! Properties: what is written in any style reads as it was meant, every edit changes its own
//! lines only, and no text makes the reader panic.

use proptest::prelude::*;
use proptest::test_runner::TestRng;
use serde_json::{Map, Value, json};

use super::node::Entry;
use super::*;

/// Writes data in styles that a random source picks.
pub(super) struct Scribe<'r> {
    pub(super) rng: &'r mut TestRng,
    pub(super) eol: &'static str,
    pub(super) step: usize,
    pub(super) dash: usize,
}

impl Scribe<'_> {
    fn one_in(&mut self, n: u32) -> bool {
        self.rng.next_u32().is_multiple_of(n)
    }

    fn comment(&mut self) -> &'static str {
        if self.one_in(5) { "  # a: 'b" } else { "" }
    }

    fn word(&mut self, word: &str) -> String {
        match self.rng.next_u32() % 3 {
            0 => write::text(word),
            1 => write::double(word),
            _ => write::single(word).unwrap_or_else(|| write::double(word)),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::String(word) => self.word(word),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(if self.one_in(2) { ", " } else { "," }))
            }
            Value::Object(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", self.flow(value)))
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }

    /// A value behind a colon or a dash, with its line end.
    fn value(&mut self, value: &Value, column: usize, out: &mut String) {
        let flat = value.as_object().is_none_or(Map::is_empty)
            && value.as_array().is_none_or(Vec::is_empty);
        if flat || self.one_in(4) {
            let block =
                value.as_str().filter(|text| text.starts_with("line") && text.ends_with('\n'));
            if let Some(text) = block.filter(|_| self.one_in(2)) {
                let pad = " ".repeat(column + 2);
                out.extend([" |", self.eol]);
                text.lines().for_each(|line| out.extend([pad.as_str(), line, self.eol]));
            } else if value.is_null() && self.one_in(2) {
                out.extend([self.comment(), self.eol]);
            } else {
                out.extend([" ", &self.flow(value), self.comment(), self.eol]);
            }
        } else if let Some(fields) = value.as_object() {
            out.extend([self.comment(), self.eol]);
            self.fields(fields, column + self.step, true, out);
        } else if let Some(items) = value.as_array() {
            out.extend([self.comment(), self.eol]);
            self.items(items, column + self.dash, out);
        }
    }

    fn fields(
        &mut self,
        fields: &Map<String, Value>,
        column: usize,
        indented: bool,
        out: &mut String,
    ) {
        let pad = " ".repeat(column);
        for (at, (key, value)) in fields.iter().enumerate() {
            if (at > 0 || indented) && self.one_in(8) {
                out.extend([&pad, "# above", self.eol]);
            }
            if at > 0 || indented {
                out.push_str(&pad);
            }
            out.extend([key, ":"]);
            self.value(value, column, out);
        }
    }

    pub(super) fn items(&mut self, items: &[Value], column: usize, out: &mut String) {
        for item in items {
            out.extend([&" ".repeat(column), "-"]);
            match item.as_object().filter(|fields| !fields.is_empty()) {
                Some(fields) if self.one_in(2) => {
                    out.push(' ');
                    self.fields(fields, column + 2, false, out);
                }
                Some(_) | None => self.nested(item, column, out),
            }
        }
    }

    fn nested(&mut self, item: &Value, column: usize, out: &mut String) {
        let (step, dash) = (self.step, self.dash);
        // A list within a list must stand further in than its dash.
        (self.step, self.dash) = (2, 2);
        self.value(item, column, out);
        (self.step, self.dash) = (step, dash);
    }
}

pub(super) fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-100i64..100).prop_map(|n| json!(n)),
        "[a-z]{1,6}|yes|1:2|x: y|# c|- d|line\n|line\nb\n|\\PC{0,6}|é'\"".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![Just("a"), Just("b"), Just("name"), Just("x-y"), Just("e.f/g")];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((key.prop_map(str::to_owned), inner), 0..4)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// Every path of the data, with paths of keys that are not there.
pub(super) fn paths(value: &Value, here: &[Step], out: &mut Vec<Vec<Step>>) {
    let child = |step: Step| here.iter().cloned().chain([step]).collect::<Vec<_>>();
    for (key, value) in value.as_object().into_iter().flatten() {
        paths(value, &child(key.as_str().into()), out);
    }
    for (at, value) in value.as_array().into_iter().flatten().enumerate() {
        paths(value, &child(at.into()), out);
    }
    if value.is_object() {
        out.push(child("new".into()));
        out.push([child("new".into()), vec!["below".into()]].concat());
    }
    if !here.is_empty() {
        out.push(here.to_vec());
    }
}

/// How many lines of the old text lie between what is the same before and behind.
fn changed_lines(old: &str, new: &str) -> usize {
    let same =
        |pairs: &mut dyn Iterator<Item = (&str, &str)>| pairs.take_while(|(a, b)| a == b).count();
    let lines = old.lines().count();
    let head = same(&mut old.lines().zip(new.lines()));
    let tail = same(&mut old.lines().rev().zip(new.lines().rev()));
    lines.saturating_sub(head + tail)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn edits_of_any_style_change_what_they_should_and_nothing_else(
        fields in proptest::collection::vec(("[a-d]", values()), 1..5),
        new in values(),
        pick in any::<prop::sample::Index>(),
        how in 0..3,
        style in (any::<bool>(), 0usize..2, 2usize..5),
        mut rng in any::<u64>().prop_perturb(|_, rng| rng),
    ) {
        let data = Value::Object(Map::from_iter(fields));
        let (crlf, indented, step) = style;
        let eol = if crlf { "\r\n" } else { "\n" };
        let mut scribe = Scribe { rng: &mut rng, eol, step, dash: indented * 2 };
        let mut text = String::new();
        scribe.fields(data.as_object().unwrap(), 0, true, &mut text);
        let yaml = Yaml::parse(text.clone()).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(&**yaml.documents()[0].data(), &data, "{}", text);
        let mut all = Vec::new();
        paths(&data, &[], &mut all);
        let path = pick.get(&all).clone();
        let edit = match how {
            0 => Edit::Set(path.clone(), new),
            1 => Edit::Append(path.clone(), new),
            _ => Edit::Remove(path.clone()),
        };
        if let Ok(edited) = yaml.edited(0, std::slice::from_ref(&edit)) {
            prop_assert!(!crlf || edited.matches('\n').count() == edited.matches("\r\n").count());
            let root = yaml.documents()[0].root().unwrap();
            let touched = match (&edit, &path[0]) {
                (Edit::Remove(_), Step::Key(key)) => root.entry(key).map(Entry::span),
                _ => root.at(&path).map(|node| node.span.clone()),
            };
            let touched = touched.and_then(|span| text.get(span)).map_or(0, |old| old.lines().count());
            // The lines of a value that is replaced go, and no other.
            prop_assert!(changed_lines(&text, &edited) <= touched + 1, "{text}\n{edit:?}\n{edited}");
            let again = Yaml::parse(edited.clone()).unwrap();
            if matches!(edit, Edit::Set(..)) {
                prop_assert_eq!(again.edited(0, &[edit]).unwrap_or_else(|_| edited.clone()), edited);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_or_an_edit_panic(
        text in "([ \t\r\n]|a|b: |- |\\{|\\}|\\[|\\]|&x |\\*x|!t |\\||>|---|\\.\\.\\.|#|'|\"|,|\\?|: |é|\u{feff}|<<: ){0,40}",
        at in "[abx]", item in 0usize..2,
    ) {
        if let Ok(yaml) = Yaml::parse(text) {
            for document in 0..yaml.documents().len() {
                for path in [vec![at.as_str().into()], vec![item.into(), at.as_str().into()]] {
                    for edit in [
                        Edit::Set(path.clone(), json!("v")),
                        Edit::Set(path.clone(), json!({"k": ["v"]})),
                        Edit::Append(path.clone(), json!({"k": 1})),
                        Edit::Remove(path.clone()),
                    ] {
                        if let Ok(edited) = yaml.edited(document, &[edit]) {
                            prop_assert!(Yaml::parse(edited).is_ok());
                        }
                    }
                }
            }
        }
    }
}
