//! Every case of every control is judged as its file says.

use quell_catalog::{Catalog, Truth};
use quell_remediate::judge_case;

#[test]
fn every_predicate_judges_its_own_cases_right() {
    let catalog = Catalog::embedded().unwrap();
    let mut wrong = Vec::new();
    for control in catalog.controls() {
        for check in &control.checks {
            let pass = check.pass.iter().map(|case| (case, Truth::Holds));
            let fail = check.fail.iter().map(|case| (case, Truth::Fails));
            for (case, expected) in pass.chain(fail) {
                let judged = judge_case(check, &case.config);
                if judged.as_ref() != Ok(&expected) {
                    wrong.push(format!(
                        "{}: {judged:?}, not {expected:?}, on\n{}",
                        control.id, case.config
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_catalogue_has_what_it_promises() {
    let catalog = Catalog::embedded().unwrap();
    assert!(catalog.controls().count() >= 80);
    assert!(catalog.controls().filter(|c| !c.fixes.is_empty()).count() >= 25);
}
