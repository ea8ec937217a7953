//! A file whose change was read in part is the file that is read whole.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{BlockLabel, Structure};
use hcl_edit::visit::{self, Visit};
use hcl_edit::{Decorated, Ident, Span};
use proptest::prelude::*;

use super::{Repository, Resource, SourceFile, resolve};
use crate::code::Code;

/// What may stand at the top of a file, or be put anywhere into it.
const PARTS: [&str; 34] = [
    "\n",
    "\n\n",
    "  ",
    "# comment } \" {\n",
    "// é ${x}\n",
    "/* several\nlines } */\n",
    "/* resource \"aws_x\" \"c\" {} */",
    "/*",
    "*/",
    "#",
    "\"",
    "{",
    "}",
    "}\n",
    "${",
    "<<EOT\n",
    "EOT\n",
    "\r\n",
    "count = var.b == \"x\" ? 1 : 0\n",
    "resource \"aws_x\" \"y\" {\n  on   = false # why\n  name = var.b\n}\n",
    "resource \"aws_x\" \"y\" {}\n",
    "resource \"aws_x\" \"z\" { on = local.on }\n",
    "resource \"aws_w\" \"y\" {\n  x = aws_x.y.id\n  inner {\n    on = false\n  }\n}\n",
    "resource \"aws_x\" \"e\" {\n  for_each = toset([\"a\", \"${var.b}\"])\n  name = each.key\n}\n",
    "resource \"aws_x\" \"h\" {\n  text = <<EOT\n  on = false }\n${var.b}\nEOT\n}\n",
    "resource \"aws_x\" \"é\" {\n  list = [\n    1, # one\n    \"é\",\n  ]\n}\n",
    "variable \"b\" {\n  default = \"x\"\n}\n",
    "variable \"b\" {\n  default = \"other\"\n}\n",
    "locals {\n  on = false\n}\n",
    "locals {\n  on = { for k in [1] : k => k ?\n  1 :\n  2 }\n}\n",
    "data \"aws_iam_policy_document\" \"p\" {\n  statement {\n    actions = [var.b]\n  }\n}\n",
    "resource \"aws_p\" \"p\" {\n  policy = data.aws_iam_policy_document.p.json\n}\n",
    "provider \"aws\" {\n  alias = \"west\"\n}\n",
    "b = \"top\"\n",
];

/// One change: where it is, in thousandths of the text, how many bytes go, and what comes.
#[derive(Debug, Clone)]
struct Edit {
    at: usize,
    gone: usize,
    put: Vec<&'static str>,
}

impl Edit {
    fn made(&self, text: &str) -> String {
        let near = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = near(text.len() * self.at / 1_000);
        let end = near(start + self.gone);
        let (head, tail) = (text.get(..start).unwrap(), text.get(end..).unwrap());
        [head, &self.put.concat(), tail].concat()
    }
}

fn parts(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..most)
}

/// Whole blocks, so that most texts parse.
fn blocks() -> impl Strategy<Value = Vec<&'static str>> {
    let whole = PARTS.iter().copied().filter(|part| part.ends_with("}\n") && part.len() > 2);
    prop::collection::vec(prop::sample::select(whole.collect::<Vec<_>>()), 0..12)
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let gone = prop_oneof![3 => Just(0_usize), 2 => 0..4_usize, 1 => 0..90_usize];
    let put = prop_oneof![
        parts(3),
        Just(vec!["x"]),
        blocks().prop_map(|all| all.into_iter().take(2).collect())
    ];
    let edit = (0..1_001_usize, gone, put).prop_map(|(at, gone, put)| Edit { at, gone, put });
    prop::collection::vec(edit, 1..6)
}

/// Every element with its place.
struct Places<'f> {
    file: &'f SourceFile,
    found: Vec<String>,
}

impl Places<'_> {
    fn put(&mut self, what: &str, element: &impl Span) {
        self.found.push(format!("{what} {:?}", self.file.span(element)));
    }
}

impl Visit for Places<'_> {
    fn visit_structure(&mut self, node: &Structure) {
        self.put("structure", node);
        visit::visit_structure(self, node);
    }

    fn visit_ident(&mut self, node: &Decorated<Ident>) {
        self.put(node.as_str(), node);
    }

    fn visit_block_label(&mut self, node: &BlockLabel) {
        self.put(node.as_str(), node);
        visit::visit_block_label(self, node);
    }

    fn visit_expr(&mut self, node: &Expression) {
        self.put(&node.to_string(), node);
        visit::visit_expr(self, node);
    }
}

fn elements(file: &SourceFile) -> Result<Vec<String>, String> {
    let mut places = Places { file, found: Vec::new() };
    file.body()?.iter().for_each(|structure| places.visit_structure(structure));
    Ok(places.found)
}

/// All that others are told of a repository.
fn told(repository: &Repository, path: &str) -> Vec<String> {
    let file = repository.file(path).unwrap();
    let mut all = vec![format!("{:?}", elements(file)), format!("{:?}", repository.places(path))];
    for one in Resource::judged_in(file) {
        let address = one.address();
        all.push(format!("{address} {:?} {:?}", one.span(), one.lines()));
        all.push(format!("{:?}", resolve::resource(repository, &one)));
        all.push(format!("{:?}", resolve::instances(repository, &one)));
        all.push(format!("{:?}", repository.resource(path, &address).map(|one| one.span())));
        let kind = one.kind();
        let alike: Vec<_> =
            repository.of_kind(file.folder(), &kind).map(|one| one.span()).collect();
        all.push(format!("{alike:?}"));
    }
    for (ident, name) in [("variable", "b"), ("locals", "on"), ("provider", "aws")] {
        let found = repository.defined(file.folder(), ident, name);
        all.push(format!("{:?}", found.map(|(file, block)| file.span(block))));
    }
    all
}

fn check(text: &str, edits: &[Edit], newline: &str, mark: &str) {
    let laid = |text: &str| format!("{mark}{}", text.replace("\r\n", "\n").replace('\n', newline));
    let other = ("m/other.tf".to_owned(), "variable \"b\" {\n  default = \"x\"\n}\n".to_owned());
    let read =
        |text: &str| Repository::parse([("m/main.tf".to_owned(), text.to_owned()), other.clone()]);
    let mut text = laid(text);
    let mut now = read(&text);
    told(&now, "m/main.tf");
    for edit in edits {
        text = edit.made(&text);
        now = now.changed("m/main.tf", text.clone());
        assert_eq!(told(&now, "m/main.tf"), told(&read(&text), "m/main.tf"), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_changed_file_is_the_file_that_is_read_anew(
        parts in prop_oneof![parts(10), blocks()],
        edits in edits(),
        newline in prop::sample::select(vec!["\n", "\r\n"]),
        mark in prop::sample::select(vec!["", "\u{feff}"]),
    ) {
        check(&parts.concat(), &edits, newline, mark);
    }
}

/// A file with so many blocks.
fn long(blocks: usize) -> String {
    let block = |number| format!("resource \"aws_x\" \"b{number}\" {{\n  on = false\n}}\n");
    (0..blocks).map(block).collect()
}

#[test]
fn only_the_block_that_changes_is_read_again() {
    let before = Repository::parse([("main.tf".to_owned(), long(50))]);
    let at = |code: &Repository, name: &str| {
        let address = format!("aws_x.{name}");
        resolve::resource(code, &code.resource("main.tf", &address).unwrap())
    };
    let (kept, old) = (at(&before, "b49"), at(&before, "b7"));
    let text = long(50).replace("b7\" {\n  on = false", "b7\" {\n  on = true");
    let after = before.changed("main.tf", text);
    assert!(std::sync::Arc::ptr_eq(&kept, &at(&after, "b49")));
    assert_ne!(old, at(&after, "b7"));
    assert!(std::sync::Arc::ptr_eq(&old, &at(&before, "b7")));
    assert_eq!(before.outline("main.tf"), after.outline("main.tf"));
}

#[test]
fn a_file_is_read_whole_once_its_numbers_are_used_up() {
    let mut text = long(20);
    let mut now = Repository::parse([("main.tf".to_owned(), text.clone())]);
    for number in 0..400 {
        let own = format!("b{}\" {{\n", number % 20);
        text = text.replace(&own, &format!("{own}  n{number} = \"{}\"\n", "x".repeat(40)));
        now = now.changed("main.tf", text.clone());
    }
    let anew = Repository::parse([("main.tf".to_owned(), text)]);
    assert_eq!(told(&now, "main.tf"), told(&anew, "main.tf"));
}
