//! Lists read element by element, held against the same lists read as a whole.

use std::ops::Range;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::properties::{Scribe, paths, values};
use super::*;

fn split(text: &str) -> Result<Yaml, String> {
    Yaml::read(Arc::new(text.to_owned()), 1)
}

/// What a document says and where its elements stand: one row a document, whether it was read as a
/// whole or in parts.
type Row = (Range<usize>, Value, Vec<Range<usize>>, usize);

fn spans(document: &Document, node: &Node, out: &mut Vec<Range<usize>>) {
    out.push(document.span_of(node));
    node.children().into_iter().for_each(|child| spans(document, child, out));
}

fn rows(yaml: &Yaml) -> Vec<Row> {
    let mut rows = all_rows(yaml);
    // Where nothing stands behind an anchor, its place is told by what follows.
    if yaml.text.contains('&') {
        rows.iter_mut().for_each(|row| row.2.clear());
    }
    rows
}

fn all_rows(yaml: &Yaml) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for document in yaml.documents() {
        let mut inside = Vec::new();
        let data = Value::clone(document.data());
        let root = document.root();
        let lines = document.parsed.lines;
        match document.part() {
            Part::Whole => {
                let items = root.and_then(|root| root.get("items")).map(Node::items);
                let elements = items.unwrap_or_default().iter();
                elements.for_each(|item| spans(document, &item.value, &mut inside));
                rows.push((document.span.clone(), data, inside, lines));
            }
            Part::Head => rows.push((document.span.clone(), data, inside, lines)),
            Part::Element(_) | Part::Tail => {
                let (span, all, known, above) = rows.last_mut().unwrap();
                assert_eq!(span.end, document.span.start);
                span.end = document.span.end;
                *above += lines;
                if let Value::Array(mut items) = data {
                    let item = &root.unwrap().items()[0];
                    spans(document, &item.value, known);
                    let mut list = all["items"].as_array().cloned().unwrap_or_default();
                    list.append(&mut items);
                    all["items"] = Value::Array(list);
                } else if let Value::Object(fields) = data {
                    all.as_object_mut().unwrap().extend(fields);
                }
            }
        }
    }
    rows
}

/// Which part an element of a list is, and which document it stands in when it is not cut.
fn part_of(yaml: &Yaml, element: usize) -> Option<usize> {
    let parts = yaml.documents().iter().enumerate();
    let mut elements = parts.filter(|(_, one)| matches!(one.part(), Part::Element(_)));
    elements.nth(element).map(|(at, _)| at)
}

const LINES: &str = "---|--- #c|items:|kind: List|kind: Pod|metadata: \\{\\}|apiVersion: v1|- a: 1|- b: \\[x\\]|  c: 2|  d: |\
                     - \\||  - y|    t|- - z|#c|  #c||-|- \"q|  r\"|- &x 1|- \\*x|- x|\\.\\.\\.|   - w|\t- v|items: ";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Cut or not, a text says the same, and a change is read as if the text were new.
    #[test]
    fn a_list_in_parts_says_what_it_says_as_a_whole(
        head in "(apiVersion: v1\n|#c\n|---\n){0,2}(kind: List\n)?items:\n",
        lines in proptest::collection::vec(LINES, 0..12),
        tail in "(kind: List\n|metadata: \\{\\}\n|---\na: 1\n){0,2}",
        crlf in proptest::bool::weighted(0.1),
        at in any::<prop::sample::Index>(),
        gone in 0_usize..8,
        new in "(\n|-|- |a: 2|c|  |    e: 3|kind: List|items:|---\n|#| \"){0,4}",
    ) {
        let mut old = format!("{head}{}\n{tail}", lines.join("\n"));
        if crlf {
            old = old.replace('\n', "\r\n");
        }
        let whole = Yaml::parse(old.clone()).map(|yaml| rows(&yaml));
        let before = split(&old);
        prop_assert_eq!(before.as_ref().map(rows).map_err(Clone::clone), whole, "{}", old);
        let mut bounds: Vec<usize> = old.char_indices().map(|(at, _)| at).collect();
        bounds.push(old.len());
        let first = at.index(bounds.len());
        let (from, to) = (bounds[first], bounds[(first + gone).min(bounds.len() - 1)]);
        let text = [old.get(..from).unwrap(), &new, old.get(to..).unwrap()].concat();
        if let Ok(before) = before {
            let changed = before.changed(Arc::new(text.clone())).map(|yaml| rows(&yaml));
            let anew = Yaml::parse(text.clone()).map(|yaml| rows(&yaml));
            prop_assert_eq!(changed, anew, "{}\n=>\n{}", old, text);
        }
    }

    /// An edit of an element makes the same text, cut or not, and is then known as read anew.
    #[test]
    fn an_element_is_changed_as_in_the_whole(
        items in proptest::collection::vec(proptest::collection::vec(("[a-d]", values()), 1..4), 2..6),
        new in values(),
        (which, pick) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        how in 0..3,
        (crlf, indented, tail) in (proptest::bool::weighted(0.2), any::<bool>(), any::<bool>()),
        mut rng in any::<u64>().prop_perturb(|_, rng| rng),
    ) {
        // What has nothing left goes as a whole, which no object does.
        let kind = [("kind".to_owned(), json!("Z"))];
        let items = items.into_iter().map(|fields| fields.into_iter().chain(kind.clone()));
        let items: Vec<Value> = items.map(|fields| Value::Object(Map::from_iter(fields))).collect();
        let eol = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("apiVersion: v1{eol}");
        let kind = format!("kind: List{eol}");
        text.push_str(if tail { "" } else { &kind });
        text.push_str(&format!("items:{eol}"));
        let dash = usize::from(indented) * 2;
        for item in &items {
            let mut one = String::new();
            Scribe { rng: &mut rng, eol, step: 2, dash }.items(std::slice::from_ref(item), dash, &mut one);
            text.push_str(one.trim_start_matches(['\r', '\n']));
            if !text.ends_with('\n') {
                text.push_str(eol);
            }
        }
        text.push_str(if tail { &kind } else { "" });
        let (Ok(whole), Ok(cut)) = (Yaml::parse(text.clone()), split(&text)) else { return Ok(()) };
        prop_assert_eq!(rows(&whole), rows(&cut), "{}", text);
        let which = which.index(items.len());
        let Some(part) = part_of(&cut, which) else { return Ok(()) };
        let mut all = Vec::new();
        paths(&items[which], &[], &mut all);
        let path = pick.get(&all).clone();
        let edit = match how {
            0 => Edit::Set(path, new),
            1 => Edit::Append(path, new),
            _ => Edit::Remove(path),
        };
        let by_whole = whole.edited(0, &[edit.below(&["items".into(), which.into()])]);
        let by_part = cut.edited(part, &[edit.below(&[0.into()])]);
        // The indentation of new lines is that of the element, or else of the list.
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        match (&by_whole, &by_part) {
            (Ok(one), Ok(other)) => prop_assert_eq!(plain(one), plain(other), "{}\n{:?}", text, edit),
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{text}\n{edit:?}\n{by_whole:?}\n{by_part:?}"),
        }
        if let Ok(made) = by_part {
            let data = |yaml: &Yaml| rows(yaml).into_iter().map(|row| row.1).collect::<Vec<_>>();
            let anew = Yaml::parse(made.clone()).unwrap();
            let again = cut.changed(Arc::new(made.clone())).unwrap();
            prop_assert_eq!(rows(&again), rows(&anew), "{}", made);
            prop_assert_eq!(data(&Yaml::parse(by_whole.unwrap()).unwrap()), data(&anew));
        }
        let object = "kind: Z\n";
        let behind = whole.with_document_after(0, object).unwrap();
        prop_assert_eq!(cut.with_document_after(part, object).unwrap(), behind);
    }
}

#[test]
fn a_change_of_an_element_leaves_the_others_known() {
    let item = |n: usize| format!("  - kind: Pod\n    metadata:\n      name: p{n}\n");
    let items: String = (0..5).map(item).collect();
    let text = format!("---\nitems:\n{items}kind: List\n---\na: 1\n");
    let yaml = split(&text).unwrap();
    assert_eq!(yaml.documents().len(), 8);
    let path = vec![0.into(), "metadata".into(), "labels".into()];
    let new = yaml.edited(3, &[Edit::Set(path, json!({"a": "b"}))]).unwrap();
    let labels = "      name: p2\n      labels:\n        a: b\n";
    assert_eq!(new, text.replace("      name: p2\n", labels));
    let again = yaml.changed(Arc::new(new)).unwrap();
    let same = yaml.documents().iter().zip(again.documents()).map(|(a, b)| a.is_same(b));
    // The next one is read too: what was put above it begins as it does.
    assert_eq!(same.collect::<Vec<_>>(), [true, true, true, false, false, true, true, true]);
    assert!(matches!(yaml.with_document_at(3, 60, "a: 1"), Err(why) if why.contains("behind")));
}
