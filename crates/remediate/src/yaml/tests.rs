//! Edits as text before and after, and properties that hold of every edit.

use serde_json::{Value, json};

use super::*;

fn path(text: &str) -> Vec<Step> {
    let steps = text.split('.').filter(|step| !step.is_empty());
    steps.map(|step| step.parse().map_or_else(|_| Step::Key(step.to_owned()), Step::Item)).collect()
}

#[track_caller]
fn set(before: &str, at: &str, value: Value, after: &str) {
    assert_eq!(apply(before, &Edit::Set(path(at), value)).as_deref(), Ok(after));
}

#[track_caller]
fn refused(text: &str, edit: &Edit, why: &str) {
    let error = apply(text, edit).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[track_caller]
fn unread(text: &str, why: &str) {
    let error = Yaml::parse(text.to_owned()).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn a_value_is_replaced_in_its_own_quotes() {
    set("a: 1 # one\nb: 2\n", "a", json!(3), "a: 3 # one\nb: 2\n");
    set("a: 'x'  # c\n", "a", json!("it's"), "a: 'it''s'  # c\n");
    set("a: \"x\" # c\n", "a", json!("y"), "a: \"y\" # c\n");
    set("a: x\n", "a", json!("yes"), "a: \"yes\"\n");
    set("a: x\n", "a", json!("2"), "a: \"2\"\n");
    set("a: \"x\"\n", "a", json!(true), "a: true\n");
    set("a:\n- b: x # c\n  d: 1", "a.0.b", json!("z"), "a:\n- b: z # c\n  d: 1");
    set("é: ü\na: x\n", "a", json!("z"), "é: ü\na: z\n");
    set("a: |\n  long\n  text\n\nb: 1\n", "a", json!("s"), "a: s\n\nb: 1\n");
    set("a:\n  b: 1\nc: 2\n", "a", json!("s"), "a: s\nc: 2\n");
}

#[test]
fn what_is_so_already_stays_byte_for_byte() {
    set("a:   'x'\n", "a", json!("x"), "a:   'x'\n");
    let text = "a: {b: 0x10}\n";
    set(text, "a.b", json!(16), text);
}

#[test]
fn a_key_is_added_behind_the_last_one_in_the_files_own_layout() {
    set("a:\n  b: 1\nc: 2\n", "a.d", json!(true), "a:\n  b: 1\n  d: true\nc: 2\n");
    set(
        "a:\n    b: 1 # x\nc: 2",
        "a.d.e",
        json!("f"),
        "a:\n    b: 1 # x\n    d:\n        e: f\nc: 2",
    );
    set("a: 1", "b", json!(2), "a: 1\nb: 2");
    set("a: 1\r\n", "b.c", json!(2), "a: 1\r\nb:\r\n  c: 2\r\n");
    set("- a: 1\n- b: 2\n", "0.c", json!([1]), "- a: 1\n  c:\n    - 1\n- b: 2\n");
    set("x:\n- a: 1\n", "x.0.c", json!(["A"]), "x:\n- a: 1\n  c:\n  - A\n");
    set("x:\n  - a: 1\n", "x.0.c", json!(["A"]), "x:\n  - a: 1\n    c:\n      - A\n");
    set("a:\n  - x\n  # end\nb: 1\n", "a.0", json!("z"), "a:\n  - z\n  # end\nb: 1\n");
    set("a:\n  s: |+\n    t\n\nb: 1\n", "a.c", json!(1), "a:\n  s: |+\n    t\n\n  c: 1\nb: 1\n");
    set(
        "a:\n  s: |\n    t\n\n# n\nb: 1\n",
        "a.c",
        json!(1),
        "a:\n  s: |\n    t\n  c: 1\n\n# n\nb: 1\n",
    );
    set("a:\n  s: # why\n", "a.c", json!(1), "a:\n  s: # why\n  c: 1\n");
    set("a:\n  \"s\": \"x\" # y\n", "a.c", json!(1), "a:\n  \"s\": \"x\" # y\n  c: 1\n");
}

#[test]
fn what_is_left_out_or_empty_is_filled() {
    set("a:\nb: 1\n", "a.c", json!(1), "a:\n  c: 1\nb: 1\n");
    set("a:\nb: 1\n", "a", json!(1), "a: 1\nb: 1\n");
    set("a: {} # x\nb: 1\n", "a.c.d", json!(1), "a: # x\n  c:\n    d: 1\nb: 1\n");
    set("a: ~\nb: 1\n", "a.c", json!(1), "a:\n  c: 1\nb: 1\n");
    set("a: [] \nb: 1\n", "a", json!(["x"]), "a: \n  - x\nb: 1\n");
}

#[test]
fn braces_stay_braces() {
    set("a: {b: 1}\n", "a.c", json!({"d": 2}), "a: {b: 1, c: {d: 2}}\n");
    set("a: {b: 1, c: {}}\n", "a.c.d", json!(2), "a: {b: 1, c: {d: 2}}\n");
    set(
        "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n",
        "a.c",
        json!("d"),
        "{\n  \"a\": {\n    \"b\": 1,\n    \"c\": \"d\"\n  }\n}\n",
    );
    set("{\"a\": {}}", "a.c", json!("d"), "{\"a\": {\"c\": \"d\"}}");
    let append = |text: &str, after: &str| {
        let edit = Edit::Append(path("a"), json!("x"));
        assert_eq!(apply(text, &edit).as_deref(), Ok(after));
    };
    append("a: [b, \"c\"]\n", "a: [b, \"c\", \"x\"]\n");
    append("a: []\n", "a:\n  - x\n");
    append("a:\n- b # c\n# d\ne: 1\n", "a:\n- b # c\n- x\n# d\ne: 1\n");
    append("b: 1\n", "b: 1\na:\n  - x\n");
}

#[test]
fn keys_and_elements_are_taken_away_with_what_would_be_empty() {
    let remove = |text: &str, at: &str, after: &str| {
        assert_eq!(apply(text, &Edit::Remove(path(at))).as_deref(), Ok(after), "{text}");
    };
    remove("a: 1\nb: 2 # c\nd: 3\n", "b", "a: 1\nd: 3\n");
    remove("a:\n  b:\n    c: 1\n  d: 2\n", "a.b.c", "a:\n  d: 2\n");
    remove("- a: 1\n  b: 2\n", "0.a", "- b: 2\n");
    remove("x:\n- a\n- b\n- c\n", "x.1", "x:\n- a\n- c\n");
    remove("x: [a, b, c]\n", "x.1", "x: [a, c]\n");
    remove("x: [a, b, c]\n", "x.0", "x: [b, c]\n");
    remove("x: {a: 1, b: 2}\n", "x.b", "x: {a: 1}\n");
    remove("a: 1\nb: 2", "b", "a: 1");
    remove("a: 1\r\nb: 2\r\n", "a", "b: 2\r\n");
    remove("a: 1\n", "b", "a: 1\n");
    refused("- a: 1\n  # c\n  b: 2\n", &Edit::Remove(path("0.a")), "comment");
}

#[test]
fn what_other_places_share_is_refused() {
    let anchored = "x: &x\n  a: 1\ny: *x\nz:\n  <<: *x\n  b: 1\n";
    refused(anchored, &Edit::Set(path("x.a"), json!(2)), "anchor");
    refused(anchored, &Edit::Set(path("y.a"), json!(2)), "alias");
    refused(anchored, &Edit::Set(path("z.a"), json!(2)), "merge key");
    refused("a: 1\n", &Edit::Set(path("a.b"), json!(2)), "no mapping");
    refused("? a\n: 1\n", &Edit::Set(path("b"), json!(2)), "`?`");
    set("x: &x\n  a: 1\n", "x.b", json!(2), "x: &x\n  a: 1\n  b: 2\n");
    assert_eq!(
        Yaml::parse(anchored.into()).unwrap().documents()[0].data()["z"],
        json!({"a": 1, "b": 1})
    );
}

#[test]
fn a_bracket_may_close_below_its_key() {
    let text = "a:\n  - n: 1\n    b: [\n      \"x\",  # one\n      \"y\",\n    ]\n    é: {\n      k: [\n        1,\n      ]\n    }\nd: |\n  [\n  ]\n";
    let yaml = Yaml::parse(text.into()).unwrap();
    let said = json!({"a": [{"n": 1, "b": ["x", "y"], "é": {"k": [1]}}], "d": "[\n]\n"});
    assert_eq!(**yaml.documents()[0].data(), said);
    set(text, "d", json!(1), &text.replace("d: |\n  [\n  ]\n", "d: 1\n"));
    let dos = text.replace('\n', "\r\n");
    assert_eq!(**Yaml::parse(dos).unwrap().documents()[0].data(), said);
    unread("a: 1\n]\n", "no valid YAML");
}

#[test]
fn a_free_text_may_hold_braces() {
    let read = |text: &str| Yaml::parse(text.to_owned()).unwrap();
    let text = "spec:\n  args:\n  - --x={{ own }}\n  n: 1\n";
    set(text, "spec.n", json!(2), &text.replace("n: 1", "n: 2"));
    read("description: now() - x(\"{{args.y}}\")\n");
    read("apiVersion: argoproj.io/v1alpha1\nspec: {}\nwhen: a == {{b}}\n");
    unread("spec:\n  image: app:{{ tag }}\n  args: []\n", "template");
    unread("apiVersion: v1\nwhen: a == {{b}}\n", "template");
}

#[test]
fn a_comment_behind_the_colon_stays_where_lines_become_a_word() {
    let text = "on:\n  w: # why\n    i:\n      a: 1\n  x: 1\n";
    set(text, "on.w", json!({}), "on:\n  w: {} # why\n  x: 1\n");
    set(text, "on.w", json!(2), "on:\n  w: 2 # why\n  x: 1\n");
    let text = "w: # why\n  # of a\n  a: 1\n";
    refused(text, &Edit::Set(path("w"), json!({})), "a comment stands");
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    unread("a: 1\nb: 2\na: 3\n", "line 3: the key `a` stands there twice");
    unread("a: 1\n---\nb: 1\nb: 1\n", "line 4: the key `b`");
    unread("a: {{ .Values.x }}\n", "template");
    unread("a: x\n{{- if .Values.y }}\nb: 1\n{{- end }}\n", "template");
    unread("a: x-{{ .Values.x }}\n", "template");
    unread("a: ${{ x('{{') }} {{ y }}\n", "template");
    unread("a: ${{ x( {{ y }} ) }}\n", "template");
    unread("a: ${{ it's {{ y }}\n", "template");
    Yaml::parse("a: ${{ fromJSON(format('{{\"b\":{0}}}', inputs.it)) }}\n".into()).unwrap();
    unread("a:\n\t- b\n", "line 2");
    unread("a: [\n", "no valid YAML");
    unread(&"[".repeat(300), "");
    unread(&"- ".repeat(300), "nested too deeply");
    unread("a: 1\n...\nb: 1\n", "");
    unread(&format!("a: {}", "x".repeat(11 << 20)), "10 MB");
    let bomb: String =
        (1..40).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1)).collect();
    unread(&format!("a0: &a0 [x, x]\n{bomb}"), "unfold");
    Yaml::parse("a: '{{ x }}'\nb: |\n  {{ y }}\n".into()).unwrap();
}

#[test]
fn documents_are_told_apart_and_added() {
    let text = "\u{feff}# c\n---\na: 1\n---\n# none\n--- # x\nb: 1\n...\n";
    let yaml = Yaml::parse(text.into()).unwrap();
    assert_eq!(yaml.documents().len(), 3);
    assert!(yaml.documents()[1].root().is_none());
    let b = yaml.documents()[2].root().unwrap().get("b").unwrap();
    assert_eq!(text.get(yaml.documents()[2].span_of(b)), Some("1"));
    let new = yaml.edited(0, &[Edit::Set(path("c"), json!(2))]).unwrap();
    assert_eq!(new, text.replace("a: 1\n", "a: 1\nc: 2\n"));
    let again = yaml.changed(Arc::new(new)).unwrap();
    assert!(Arc::ptr_eq(&again.documents[2].parsed, &yaml.documents[2].parsed));
    let one = Yaml::parse("a: 1".into()).unwrap();
    assert_eq!(one.with_document_after(0, "b: 1\n").unwrap().0, "a: 1\n---\nb: 1\n");
}

#[test]
fn words_mean_what_kubernetes_takes_them_for() {
    let text =
        "[yes, On, n, 017, 0o17, 1_000, 1e3, 1.5, -3, 0x1F, 1:30, 2020-01-01, ~, '1', 1.2.3, .]";
    let data = Value::clone(Yaml::parse(text.into()).unwrap().documents()[0].data());
    let expected = json!([
        true,
        true,
        "n",
        15,
        15,
        1000,
        1000.0,
        1.5,
        -3,
        31,
        "1:30",
        "2020-01-01",
        null,
        "1",
        "1.2.3",
        "."
    ]);
    assert_eq!(data, expected);
}

proptest::proptest! {
    /// A change reads only what it must again, and that makes no difference.
    #[test]
    fn a_changed_text_is_read_as_if_it_were_new(
        lines in proptest::collection::vec("---|--- #c|a: 1|b: [x]|\u{feff}---|#c||--|  - y|%d", 0..14),
        at in 0_usize..60,
        gone in 0_usize..6,
        new in "(---\n|\n|-|a: 2\n|c|\u{feff}){0,3}",
    ) {
        let old = lines.join("\n");
        let mut bounds: Vec<usize> = old.char_indices().map(|(at, _)| at).collect();
        bounds.push(old.len());
        let from = bounds[at.min(bounds.len() - 1)];
        let to = bounds[(at + gone).min(bounds.len() - 1)];
        let text = [old.get(..from).unwrap(), &new, old.get(to..).unwrap()].concat();
        if let Ok(before) = Yaml::parse(old) {
            let all = |yaml: Yaml| -> Vec<_> {
                yaml.documents().iter().map(|one| (one.span.clone(), one.data().clone(), one.parsed.lines)).collect()
            };
            proptest::prop_assert_eq!(before.changed(Arc::new(text.clone())).map(all), Yaml::parse(text).map(all));
        }
    }
}
