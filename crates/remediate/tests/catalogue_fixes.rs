//! Every Terraform fix of the catalogue is proved on a failing case of its own control.

use quell_catalog::{Catalog, Control, Language};
use quell_model::FixState;
use quell_remediate::{Engine, Repository, Target};

/// Who may come in, for the recipe that needs to know.
const WHO: &str = "variable \"allowed_cidrs\" {\n  default = [\"198.51.100.0/24\"]\n}\n";

#[test]
fn every_fix_is_proved_on_a_failing_case() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let fixed = controls
        .iter()
        .filter(|control| control.fixes.iter().any(|fix| fix.language == Language::Terraform));
    let unproved: Vec<String> = fixed.filter_map(|control| fault(&engine, control)).collect();
    assert!(unproved.is_empty(), "{}", unproved.join("\n"));
}

/// Why no failing case of the control is fixed.
fn fault(engine: &Engine<'_>, control: &Control) -> Option<String> {
    let cases = control.checks.iter().flat_map(|check| &check.fail);
    let mut reasons = Vec::new();
    for case in cases {
        let text = format!("{}\n{WHO}", case.config);
        let repository = Repository::parse([("case.tf".to_owned(), text)]);
        let resource = repository
            .resources()
            .find(|one| control.fixes.iter().any(|f| f.resource.iter().any(|k| k == one.kind())));
        let Some(address) = resource.map(|one| one.address()) else { continue };
        let target =
            Target { file: Some("case.tf".into()), address: Some(address), ..Target::default() };
        match engine.propose(&repository, &target, control, Vec::new()).state {
            FixState::Proved => return None,
            FixState::Withheld(reason) => reasons.push(reason),
        }
    }
    Some(format!("{}: {}", control.id, reasons.join("; ")))
}
