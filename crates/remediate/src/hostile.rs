//! Properties: no text makes the engine panic, and no fix touches a byte that it should not.

use proptest::prelude::*;
use quell_catalog::Control;
use quell_model::{Asset, AssetId, FixState, Location};

use crate::Place;
use crate::terraform::edit;
use crate::{Engine, Target, Workspace};

fn controls() -> Vec<Control> {
    let one = |id: &str, kind: &str, rest: &str| -> Control {
        toml::from_str(&format!(
            "id = '{id}'\ntitle = 'x'\nasset_kinds = []\nweakness = 'x'\nseverity = 'high'\n\
             [aliases]\n[frameworks]\n[explain]\nwhat = ''\nwhy = ''\ncause = ''\nintent = ''\n\
             do = []\nbreaks = ''\nwho = ''\n[[check]]\nlanguage = 'terraform'\n\
             resource = ['{kind}']\npass = []\nfail = []\n{rest}"
        ))
        .unwrap()
    };
    let fix = |kind: &str, rest: &str| {
        format!(
            "[[fix]]\nlanguage = 'terraform'\nresource = ['{kind}']\ntitle = 'x'\nsafety = 'safe'\n{rest}\n"
        )
    };
    vec![
        one(
            "a.attribute",
            "aws_x",
            &format!(
                "holds = {{ path = 'on', equals = true }}\n{}",
                fix("aws_x", "recipe = 'set_attributes'\nset = { on = true }")
            ),
        ),
        one(
            "a.nested",
            "aws_x",
            &format!(
                "holds = {{ path = 'opts.tokens', equals = 'required' }}\n{}",
                fix(
                    "aws_x",
                    "recipe = 'set_attributes'\nset = { 'opts.tokens' = 'required', 'opts.hops' = 1 }"
                )
            ),
        ),
        one(
            "a.companion",
            "aws_x",
            &format!(
                "holds = {{ companion = 'aws_y', link = 'x', holds = {{ path = 'on', equals = true }} }}\n{}",
                fix(
                    "aws_x",
                    "recipe = 'companion_block'\ncompanion = 'aws_y'\nlink = 'x'\nset = { on = true }"
                )
            ),
        ),
    ]
}

/// Proposes every fix for every resource, and checks what must be true of each proved one.
fn exercise(text: &str) -> usize {
    let controls = controls();
    let all: Vec<&Control> = controls.iter().collect();
    let engine = Engine::new(&all);
    let repository = Workspace::parse([("main.tf".to_owned(), text.to_owned())]);
    let mut fixes = Vec::new();
    for (place, _) in repository.places("main.tf") {
        let location = Location {
            file: "main.tf".into(),
            address: Some(place.address.clone()),
            ..Location::default()
        };
        let asset = Asset { id: AssetId::iac("r", "main.tf", &place.address), ..Asset::default() };
        let target = Target::new(&asset, Some(&location));
        for control in &controls {
            fixes.push(engine.propose(&repository, &target, control, Vec::new()));
        }
    }
    let proved = fixes.iter().filter(|fix| fix.state == FixState::Proved).count();
    for fix in fixes.iter().filter(|fix| fix.state == FixState::Proved) {
        let one = engine.apply_all(&repository, std::slice::from_ref(fix));
        let [(_, after)] = one.files.as_slice() else { panic!("{fix:?}") };
        let place = Place { file: fix.file.clone(), address: fix.address.clone() };
        let span = repository.span(&place).unwrap();
        // A companion stands below the line on which the block ends.
        let added = fix.recipe == "companion_block";
        let from = if added { edit::line_end(text, span.end) } else { span.end };
        let (above, below) = (text.get(..span.start).unwrap(), text.get(from..).unwrap());
        assert!(after.starts_with(above), "changed above: {fix:#?}");
        assert!(after.ends_with(below), "changed below: {fix:#?}");
        let (had, has) = (line_feeds(text), line_feeds(after));
        assert!(had == (false, false) || had == has, "line ends changed: {fix:#?}");
        assert!(!fix.diff.is_empty());
    }
    assert!(engine.apply_all(&repository, &fixes).files.len() <= 1);
    proved
}

/// Whether the text has line feeds with a carriage return, and without.
fn line_feeds(text: &str) -> (bool, bool) {
    let crlf = text.matches("\r\n").count();
    (crlf > 0, text.matches('\n').count() > crlf)
}

fn space() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", " ", "  ", "\t", "   \t "]).prop_map(ToOwned::to_owned)
}

fn comment() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        " # {",
        " // }",
        " /* { } */",
        "  # \"é\" ${x}",
        " # tfsec:ignore:a",
    ])
    .prop_map(ToOwned::to_owned)
}

fn line() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "on = false",
        "on   =   null",
        "name = \"a\"",
        "tags = {\n a = 1\n }",
        "list = [\n 1, # }\n 2,\n]",
        "text = <<EOT\n  } ${var.x}\n  on = true\nEOT",
        "opts {\n tokens = \"optional\"\n}",
        "opts {}",
        "opts { tokens = \"optional\" }",
        "other {\n\ta = 1\n\n\tinner { b = 2 }\n}",
        "# on = true",
        "",
    ])
    .prop_map(ToOwned::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        exercise(&text);
    }

    #[test]
    fn any_mixture_of_fragments_is_survived(
        parts in prop::collection::vec(prop::sample::select(vec![
            "resource", " ", "\"aws_x\"", "\"y\"", "{", "}", "\n", "\r\n", "on", "=", "true", "<<EOT",
            "EOT", "${", "\"", "var.x", "[", "]", "(", ")", "?", ":", "!", "-", "#", "/*", "*/", "%{if",
            "%{", "dynamic", "locals", "variable", "default", "\u{feff}", "é", ",", "for", "in", ".", "*",
        ]), 0..80),
    ) {
        exercise(&parts.concat());
        let inside = format!("resource \"aws_x\" \"y\" {{\n{}\n}}\n", parts.concat());
        exercise(&inside);
    }

    #[test]
    fn fixes_hold_in_any_layout(
        lines in prop::collection::vec((space(), line(), comment()), 0..6),
        head in prop::sample::select(vec!["", "# top\n", "/* a\n b */\n", "\u{feff}", "locals { a = 1 }\n"]),
        open in prop::sample::select(vec!["{\n", "{ # why\n", "{ // }\n", "{   \n\n"]),
        tail in prop::sample::select(vec!["", "\n", " # end\n", "\n\nresource \"aws_x\" \"z\" { on = false }\n", "\nresource \"aws_y\" \"q\" {\n  x = \"k\"\n}\n"]),
        crlf in any::<bool>(),
    ) {
        let body: String =
            lines.iter().map(|(space, line, comment)| {
                // A comment may not follow the end of a here-document.
                let comment = if line.contains("EOT") { "" } else { comment.as_str() };
                format!("{space}{line}{comment}\n")
            }).collect();
        let text = format!("{head}resource \"aws_x\" \"y\" {open}{body}}}{tail}");
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        exercise(&text);
    }
}

#[test]
fn a_plain_block_takes_every_fix() {
    assert_eq!(exercise("resource \"aws_x\" \"y\" {\n}\n"), 3);
    assert_eq!(exercise("resource \"aws_x\" \"y\" {}"), 3);
}

#[test]
fn locals_that_double_each_other_run_out_of_fuel() {
    let mut text = String::from("resource \"aws_x\" \"y\" {\n  on = local.l0\n}\nlocals {\n");
    for level in 0..40 {
        let next = level + 1;
        text.push_str(&format!("  l{level} = [local.l{next}, local.l{next}, \"${{local.l{next}}}x${{local.l{next}}}\"]\n"));
    }
    text.push_str("  l40 = local.l0\n}\n");
    exercise(&text);
}

#[test]
fn deep_nesting_is_refused_by_the_parser() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{a=", "}"),
        ("!", ""),
        ("-", ""),
        ("a ? b : ", ""),
        ("\"${", "}\""),
    ] {
        let value = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        exercise(&format!("resource \"aws_x\" \"y\" {{\n  on = {value}\n}}\n"));
    }
    exercise(&"a {\n".repeat(20_000));
    exercise(&format!("resource \"aws_x\" \"y\" {{\n  p = \"{}\"\n}}\n", "[".repeat(100_000)));
}
