//! Files of any layout: a fix changes what it should, keeps every other byte and is made once.

use proptest::prelude::*;
use quell_catalog::FixRecipe;

use super::Repository;
use crate::Settings;
use crate::code::{Code, Place, Wish};

/// Lines that may stand in a body before, between or after arguments.
fn filler() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "\n",
        "  # a comment with \" and {\n",
        "  // é ${x}\n",
        "  /* several\n  lines } */\n",
        "\t\n",
        "  name   =  \"x\" # trailing\n",
        "  text = <<EOT\n  on = false }\nEOT\n",
        "  tags = {\n    a = \"${var.b}\", c = 1\n  }\n",
        "  list = [\n    1, # one\n    2,\n  ]\n",
        "  inner {\n    on = false\n  }\n",
        "  other   { x = 1 }\n",
    ])
}

/// What stands around the block.
fn around() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "\n\n",
        "# top\n",
        "variable \"b\" {\n  default = \"on = false\"\n}\n",
        "resource \"aws_z\" \"y\" { on = false }\n",
        "locals {\n\ton = false\n}\n",
        "/* resource \"aws_x\" \"y\" {} */\n",
    ])
}

#[derive(Debug, Clone)]
struct Layout {
    before: Vec<&'static str>,
    lines: Vec<&'static str>,
    on: Option<&'static str>,
    after: Vec<&'static str>,
    newline: &'static str,
    mark: &'static str,
    indent: &'static str,
    end: &'static str,
}

fn layout() -> impl Strategy<Value = Layout> {
    let on = prop::option::of(prop::sample::select(vec![
        "  on = false\n",
        "  on=false # why\n",
        "  on      = \"false\"\n",
        "  on = null\n",
    ]));
    let many = |one| prop::collection::vec(one, 0..4);
    let lines = prop::collection::btree_set(filler(), 0..5);
    let one = |of: [&'static str; 2]| prop::sample::select(of.to_vec());
    let style = (one(["\n", "\r\n"]), one(["", "\u{feff}"]), one(["  ", "\t"]));
    let end = one(["}\n", "} # end\n"]);
    (many(around().boxed()), lines, on, many(around().boxed()), style, end).prop_map(
        |(before, lines, on, after, (newline, mark, indent), end)| {
            let lines = lines.into_iter().collect();
            Layout { before, lines, on, after, newline, mark, indent, end }
        },
    )
}

impl Layout {
    fn text(&self) -> String {
        let mut text = self.before.concat();
        text.push_str("resource \"aws_x\" \"y\" {\n");
        text.push_str(&self.lines.concat());
        text.push_str(self.on.unwrap_or_default());
        text.push_str(self.end);
        text.push_str(&self.after.concat());
        let text = text.replace("\n  ", &format!("\n{}", self.indent));
        format!("{}{}", self.mark, text.replace('\n', self.newline))
    }
}

fn place() -> Place {
    Place { file: "main.tf".into(), address: "aws_x.y".into() }
}

fn planned(fix: &str, repository: &Repository) -> Result<(String, Option<usize>), String> {
    let fix: FixRecipe =
        toml::from_str(&format!("language = 'terraform'\ntitle = 'x'\nsafety = 'safe'\n{fix}"))
            .unwrap();
    let settings = Settings::default();
    let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
    repository.plan(&place(), &wish).map(|change| (change.text, change.added))
}

/// The text outside of a place, and the text after the fix outside of where it then stands.
fn check(fix: &str, layout: &Layout) {
    let text = layout.text();
    let before = Repository::parse([("main.tf".to_owned(), text.clone())]);
    if before.fault("main.tf").is_some() {
        return;
    }
    let Ok((made, added)) = planned(fix, &before) else { return };
    let after = before.changed("main.tf", made.clone());
    assert_eq!(after.fault("main.tf"), None, "{made}");
    let old = before.span(&place()).unwrap();
    let new = after.span(&place()).unwrap();
    if let Some(at) = added {
        let (head, tail) = text.split_at(at);
        assert!(made.starts_with(head) && made.ends_with(tail), "{made}");
    } else {
        assert_eq!(text.get(..old.start), made.get(..new.start));
        assert_eq!(text.get(old.end..), made.get(new.end..));
        assert_eq!(after.config(&place()).get("on"), Some(&crate::Config::Bool(true)), "{made}");
    }
    let inside = |line: &str| made.contains(line);
    let kept = ["# a comment with", "// é ${x}", "# trailing", "# one", "/* several"];
    for comment in kept.iter().filter(|comment| text.contains(*comment)) {
        assert!(inside(comment), "{made}");
    }
    let bare = made.replace("\r\n", "");
    assert!(layout.newline == "\n" || !bare.contains('\n'), "{made:?}");
    let (again, _) = planned(fix, &after).unwrap();
    assert_eq!(again, made);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_argument_is_set_in_any_layout(layout in layout()) {
        check("resource = ['aws_x']\nrecipe = 'set_attributes'\nset = { on = true }", &layout);
    }

    #[test]
    fn a_nested_argument_is_set_in_any_layout(layout in layout()) {
        check(
            "resource = ['aws_x']\nrecipe = 'set_attributes'\nset = { on = true, 'inner.on' = true, 'new.block.on' = true }",
            &layout,
        );
    }

    #[test]
    fn a_companion_is_added_in_any_layout(layout in layout()) {
        check(
            "resource = ['aws_x']\nrecipe = 'companion_block'\ncompanion = 'aws_w'\nlink = 'x'\nset = { 'a.on' = true }",
            &layout,
        );
    }
}
