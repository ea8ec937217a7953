//! Fixes of one file that holds many blocks: what is kept of it from one fix to the next changes
//! nothing of what comes out.

use quell_catalog::{Catalog, Control, Language};
use quell_model::{Fix, FixState};
use quell_remediate::{Engine, Target, Workspace};

/// Blocks of several kinds, with what they share.
fn text() -> String {
    let mut text = String::from(
        "variable \"plain\" {\n  default = false\n}\n\nlocals {\n  open = true\n}\n\n\
         data \"aws_iam_policy_document\" \"p\" {\n  statement {\n    actions   = [\"s3:GetObject\"]\n    \
         resources = [\"*\"]\n  }\n}\n\n",
    );
    for number in 0..4 {
        text.push_str(&format!(
            "# Bucket {number}\nresource \"aws_s3_bucket\" \"b{number}\" {{\n  bucket = \"acme-b{number}\"\n}}\n\n\
             resource \"aws_db_instance\" \"d{number}\" {{\n  identifier          = \"d{number}\"\n  \
             engine              = \"postgres\"\n  storage_encrypted   = var.plain\n  \
             publicly_accessible = local.open # why\n}}\n\n\
             resource \"aws_sqs_queue\" \"q{number}\" {{ name = \"q{number}\" }}\n\n\
             resource \"aws_security_group\" \"g{number}\" {{\n  description = \"Group ${{var.name}}\"\n  \
             ingress {{\n    from_port   = 22\n    to_port     = 22\n    protocol    = \"tcp\"\n    \
             cidr_blocks = [\"10.{number}.0.0/16\"]\n  }}\n}}\n\n"
        ));
    }
    text.push_str("variable \"name\" {}\n");
    text
}

/// Objects of a long list, which is read element by element.
fn list() -> String {
    let mut text = String::from("apiVersion: v1\nkind: List\nitems:\n");
    for number in 0..4 {
        let note = format!("# {}\n", "n".repeat(90)).repeat(110);
        text.push_str(&format!(
            "- apiVersion: apps/v1\n  kind: Deployment\n  metadata:\n    name: web{number}\n    namespace: \
             shop\n  spec:\n    selector:\n      matchLabels: {{app: web{number}}}\n    template:\n      \
             metadata:\n        labels:\n          app: web{number}\n      spec:\n        containers:\n          \
             - name: web # why\n            image: registry.example.com/shop/web:1.4\n            \
             securityContext: {{privileged: true}}\n{note}"
        ));
    }
    text
}

/// A language with a long file of it.
struct Long {
    path: &'static str,
    language: Language,
    text: String,
}

impl Long {
    fn read(&self, text: &str) -> Workspace {
        Workspace::parse([(self.path.to_owned(), text.to_owned())])
    }
}

/// Every fix that a control of the catalogue has for a block.
fn proposed(
    engine: &Engine<'_>,
    controls: &[&Control],
    long: &Long,
    code: impl Fn() -> Workspace,
) -> Vec<Fix> {
    let mut fixes = Vec::new();
    for (place, kind) in code().places(long.path) {
        let of_kind = |control: &&&Control| {
            let mut fixes = control.fixes.iter().filter(|fix| fix.language == long.language);
            fixes.any(|fix| fix.resource.contains(&kind))
        };
        for control in controls.iter().filter(of_kind) {
            let (file, address) = (Some(place.file.clone()), Some(place.address.clone()));
            let target = Target { file, address, ..Target::default() };
            fixes.push(engine.propose(&code(), &target, control, Vec::new()));
        }
    }
    fixes
}

#[track_caller]
fn check(long: &Long, least: usize) -> Option<()> {
    let catalog = Catalog::embedded().ok()?;
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let shared = long.read(&long.text);
    let fixes = proposed(&engine, &controls, long, || shared.clone());
    let anew = proposed(&engine, &controls, long, || long.read(&long.text));
    assert_eq!(fixes, anew);
    let proved = fixes.iter().filter(|fix| fix.state == FixState::Proved).count();
    assert!(proved > least, "{proved} of {}", fixes.len());

    let all = engine.apply_all(&shared, &fixes);
    let mut now = long.text.clone();
    for step in &all.steps {
        let fix = fixes.iter().find(|fix| fix.id == step.fix)?;
        let one = engine.apply_all(&long.read(&now), std::slice::from_ref(fix));
        assert_eq!(one.steps, std::slice::from_ref(step));
        now.clone_from(&one.files.first()?.1);
    }
    assert_eq!(all.files, [(long.path.to_owned(), now)]);
    for (id, reason) in &all.skipped {
        assert!(!reason.is_empty(), "{id}");
    }
    Some(())
}

#[test]
fn what_is_kept_of_a_file_changes_no_fix() {
    check(&Long { path: "main.tf", language: Language::Terraform, text: text() }, 60).unwrap();
}

#[test]
fn what_is_kept_of_a_list_changes_no_fix() {
    check(&Long { path: "all.yaml", language: Language::Kubernetes, text: list() }, 40).unwrap();
}

/// A long list and one that is read as a whole get the same lines.
#[test]
fn a_list_is_fixed_alike_whether_it_is_long_or_not() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let fixed = |text: String| {
        let long = Long { path: "all.yaml", language: Language::Kubernetes, text };
        let code = long.read(&long.text);
        let fixes = proposed(&engine, &controls, &long, || code.clone());
        engine.apply_all(&code, &fixes).files.first().unwrap().1.clone()
    };
    let bare = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("# n"));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    assert!(list().len() > 40_000 && bare(&list()).len() < 4_000);
    assert_eq!(bare(&fixed(list())), fixed(bare(&list())));
}
