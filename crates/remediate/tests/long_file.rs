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

fn read(text: &str) -> Workspace {
    Workspace::parse([("main.tf".to_owned(), text.to_owned())])
}

/// Every fix that a control of the catalogue has for a block.
fn proposed(engine: &Engine<'_>, controls: &[&Control], code: impl Fn() -> Workspace) -> Vec<Fix> {
    let mut fixes = Vec::new();
    for (place, kind) in code().places("main.tf") {
        let of_kind = |control: &&&Control| {
            let mut fixes = control.fixes.iter().filter(|fix| fix.language == Language::Terraform);
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

#[test]
fn what_is_kept_of_a_file_changes_no_fix() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let shared = read(&text());
    let fixes = proposed(&engine, &controls, || shared.clone());
    let anew = proposed(&engine, &controls, || read(&text()));
    assert_eq!(fixes, anew);
    let proved = fixes.iter().filter(|fix| fix.state == FixState::Proved).count();
    assert!(proved > 60, "{proved} of {}", fixes.len());

    let all = engine.apply_all(&shared, &fixes);
    let mut now = text();
    for step in &all.steps {
        let fix = fixes.iter().find(|fix| fix.id == step.fix).unwrap();
        let one = engine.apply_all(&read(&now), std::slice::from_ref(fix));
        assert_eq!(one.steps, std::slice::from_ref(step));
        now.clone_from(&one.files.first().unwrap().1);
    }
    assert_eq!(all.files, [("main.tf".to_owned(), now)]);
    for (id, reason) in &all.skipped {
        assert!(!reason.is_empty(), "{id}");
    }
}
