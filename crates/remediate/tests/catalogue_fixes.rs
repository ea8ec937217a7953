//! Every fix of the catalogue is proved on a failing case of its own control.

use quell_catalog::{Catalog, Check, Control, Language};
use quell_model::FixState;
use quell_remediate::{Engine, Target, Workspace};

/// Who may come in, for the recipe that needs to know.
const WHO: &str = "variable \"allowed_cidrs\" {\n  default = [\"198.51.100.0/24\"]\n}\n";

#[test]
fn every_fix_is_proved_on_a_failing_case() {
    let catalog = Catalog::embedded().unwrap();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let mut unproved = Vec::new();
    for control in controls.iter().filter(|control| !control.fixes.is_empty()) {
        let mut languages: Vec<Language> = control.fixes.iter().map(|fix| fix.language).collect();
        languages.dedup();
        unproved.extend(languages.into_iter().filter_map(|one| fault(&engine, control, one)));
    }
    assert!(unproved.is_empty(), "{}", unproved.join("\n"));
}

/// Why no failing case of the control is fixed in a language.
fn fault(engine: &Engine<'_>, control: &Control, language: Language) -> Option<String> {
    let checks = control.checks.iter().filter(|check| check.language == language);
    let mut reasons = Vec::new();
    for case in checks.flat_map(|check: &Check| &check.fail) {
        let (path, text) = match language {
            Language::Terraform => ("case.tf", format!("{}\n{WHO}", case.config)),
            Language::Kubernetes => ("case.yaml", case.config.clone()),
            Language::Dockerfile => ("Dockerfile", case.config.clone()),
            Language::GithubActions => (".github/workflows/case.yaml", case.config.clone()),
            Language::Compose => ("compose.yaml", case.config.clone()),
        };
        let workspace = Workspace::parse([(path.to_owned(), text)]);
        let fits = |kind: &String| control.fixes.iter().any(|fix| fix.resource.contains(kind));
        let place = workspace.places(path).into_iter().find(|(_, kind)| fits(kind));
        let Some((place, _)) = place else { continue };
        let address = Some(place.address);
        let target = Target { file: Some(path.into()), address, ..Target::default() };
        match engine.propose(&workspace, &target, control, Vec::new()).state {
            FixState::Proved => return None,
            FixState::Withheld(reason) => reasons.push(reason),
        }
    }
    Some(format!("{} in {}: {}", control.id, language.name(), reasons.join("; ")))
}
