//! What the proof refuses, whoever makes the change; and what it lets through.

use std::collections::BTreeSet;
use std::ops::Range;

use quell_catalog::{Check, Control, Truth};

use super::Repository;
use crate::code::{Change, Code, Place, Wish};
use crate::prove::{How, Outcome, Trial, prove};
use crate::{Config, Evaluator, Settings, Target};

/// Terraform code with a recipe that writes what it is told.
#[derive(Debug)]
struct Told {
    code: Repository,
    change: Change,
}

impl Code for Told {
    fn text(&self, file: &str) -> Option<&str> {
        Code::text(&self.code, file)
    }

    fn files(&self) -> Vec<&str> {
        self.code.files()
    }

    fn with_file(&self, file: &str, text: String) -> Box<dyn Code> {
        Box::new(Self { code: self.code.changed(file, text), change: self.change.clone() })
    }

    fn fault(&self, file: &str) -> Option<&str> {
        self.code.fault(file)
    }

    fn places(&self, file: &str) -> Vec<Place> {
        self.code.places(file)
    }

    fn kind(&self, place: &Place) -> Option<String> {
        self.code.kind(place)
    }

    fn span(&self, place: &Place) -> Option<Range<usize>> {
        self.code.span(place)
    }

    fn config(&self, place: &Place) -> Config {
        self.code.config(place)
    }

    fn judge(&self, evaluator: &Evaluator, check: &Check, place: &Place) -> Truth {
        self.code.judge(evaluator, check, place)
    }

    fn dangling(&self, place: &Place) -> BTreeSet<String> {
        self.code.dangling(place)
    }

    fn switches(&self) -> &'static [&'static str] {
        self.code.switches()
    }

    fn locate(&self, target: &Target, kinds: &[String]) -> Result<Place, String> {
        Code::locate(&self.code, target, kinds)
    }

    fn plan(&self, _: &Place, _: &Wish<'_>) -> Result<Change, String> {
        Ok(self.change.clone())
    }
}

fn control(check: &str, fix: &str) -> Control {
    toml::from_str(&format!(
        "id = 'a.b.c'\ntitle = 'x'\nasset_kinds = []\nweakness = 'x'\nseverity = 'high'\n\
         [aliases]\n[frameworks]\n\
         [explain]\nwhat = ''\nwhy = ''\ncause = ''\nintent = ''\ndo = []\nbreaks = ''\nwho = ''\n\
         [[check]]\nlanguage = 'terraform'\npass = []\nfail = []\n{check}\n\
         [[fix]]\nlanguage = 'terraform'\ntitle = 'x'\nsafety = 'safe'\n{fix}"
    ))
    .unwrap()
}

/// Proves that the block of `main.tf` with an address goes from one text to another.
fn tried(check: &str, address: &str, before: &str, after: &str) -> Outcome {
    let control = control(check, "resource = []\nrecipe = 'told'\n");
    let change = Change {
        file: "main.tf".into(),
        text: after.into(),
        address: address.into(),
        added: None,
        ..Change::default()
    };
    let code = Repository::parse([("main.tf".to_owned(), before.to_owned())]);
    let told = Told { code, change };
    let checks: Vec<&Check> = control.checks.iter().collect();
    let settings = Settings::default();
    prove(&Trial {
        evaluator: &Evaluator::new(),
        code: &told,
        place: &Place { file: "main.tf".into(), address: address.into() },
        checks: &checks,
        catalogue: &checks,
        how: How::Recipe(Wish {
            fix: &control.fixes[0],
            settings: &settings,
            keep_elements: true,
            parts: false,
        }),
    })
}

const ENCRYPTED: &str = "resource = ['aws_x']\nholds = { path = 'on', equals = true }";
const CLOSED: &str =
    "resource = ['aws_x']\nholds = { path = 'cidrs', excludes = '0.0.0.0/0', absent = 'holds' }";

#[test]
fn what_only_looks_like_a_fix_is_refused() {
    let block = |rest: &str| format!("resource \"aws_x\" \"y\" {{\n{rest}}}\n");
    let before = block("  on = false\n");
    assert_eq!(tried(ENCRYPTED, "aws_x.y", &before, &block("  on = true\n")).withheld, None);
    for (after, reason) in [
        (String::new(), "gone"),
        ("# gone\n".to_owned(), "gone"),
        (block("  count = 0\n  on    = true\n"), "`count` of the block changed"),
        (block("  for_each = []\n  on = true\n"), "`for_each` of the block changed"),
        (block("  # checkov:skip=CKV_1: later\n  on = true\n"), "skip comment"),
        (format!("#tfsec:ignore:all\n{}", block("  on = true\n")), "skip comment"),
        (block("  on = var.on\n"), "depends on values"),
        (block("  on = \"yes\"\n"), "still fails"),
        (block("  on = true\n  p = aws_z.z.id\n"), "refers to `aws_z.z`"),
        (format!("{}\n# more\n", block("  on = true\n")), "outside the block"),
        (format!("{}resource \"a\" \"b\" {{}}\n", block("  on = true\n")), "no longer the same"),
        (block("  on = \n"), "does not parse"),
    ] {
        let withheld = tried(ENCRYPTED, "aws_x.y", &before, &after).withheld.unwrap_or_default();
        assert!(withheld.contains(reason), "{after}: {withheld}");
    }
}

#[test]
fn a_block_that_an_override_file_changes_is_left() {
    let block = "resource \"aws_x\" \"y\" {\n  on = false\n}\n".to_owned();
    for (file, expected) in [("prod_override.tf", Truth::Unknown), ("prod.tf", Truth::Fails)] {
        let other =
            block.replace("\"y\"", if expected == Truth::Fails { "\"z\"" } else { "\"y\"" });
        let files = [("main.tf".to_owned(), block.clone()), (file.to_owned(), other)];
        let control = control(ENCRYPTED, "resource = []\nrecipe = 'told'\n");
        let place = Place { file: "main.tf".into(), address: "aws_x.y".into() };
        let truth = Repository::parse(files).judge(&Evaluator::new(), &control.checks[0], &place);
        assert_eq!(truth, expected, "{file}");
    }
}

#[test]
fn a_block_renamed_or_retyped_is_gone() {
    let block = |head: &str, on: bool| format!("resource {head} {{\n  on = {on}\n}}\n");
    let before = block("\"aws_x\" \"y\"", false);
    for head in ["\"aws_x\" \"z\"", "\"aws_z\" \"y\""] {
        let outcome = tried(ENCRYPTED, "aws_x.y", &before, &block(head, true));
        assert!(outcome.withheld.unwrap().contains("gone"));
    }
}

#[test]
fn the_internet_under_another_spelling_stays_open() {
    let block = |cidrs: &str| format!("resource \"aws_x\" \"y\" {{\n  cidrs = {cidrs}\n}}\n");
    let before = block("[\"0.0.0.0/0\"]");
    assert_eq!(tried(CLOSED, "aws_x.y", &before, &block("[\"10.0.0.0/8\"]")).withheld, None);
    for after in [
        "[\"0.0.0.0/1\", \"128.0.0.0/1\"]",
        "[\"0.0.0.0/00\"]",
        "[\"1.2.3.4/0\"]",
        "[\"000.0.0.0/0\"]",
        "[\" 0.0.0.0/0\"]",
        "[\"0::/0\"]",
        "[\"::0/0\"]",
    ] {
        let outcome = tried(CLOSED, "aws_x.y", &before, &block(after));
        assert!(outcome.withheld.is_some(), "{after}");
    }
}
