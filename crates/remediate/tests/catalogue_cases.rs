//! Every case of every control is judged as its file says.

use quell_catalog::{Catalog, Check, Truth};
use quell_remediate::judge_case;

#[test]
fn every_predicate_judges_its_own_cases_right() {
    let catalog = Catalog::embedded().unwrap();
    let mut wrong = Vec::new();
    for control in catalog.controls() {
        for check in &control.checks {
            wrong.extend(wrong_cases(&control.id, check));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn wrong_cases(id: &str, check: &Check) -> Vec<String> {
    let pass = check.pass.iter().map(|case| (case, Truth::Holds));
    let fail = check.fail.iter().map(|case| (case, Truth::Fails));
    pass.chain(fail)
        .filter_map(|(case, expected)| {
            let judged = judge_case(check, &case.config);
            let wrong = judged.as_ref() != Ok(&expected);
            wrong.then(|| format!("{id}: {judged:?}, not {expected:?}, on\n{}", case.config))
        })
        .collect()
}

#[test]
fn the_catalogue_has_what_it_promises() {
    let catalog = Catalog::embedded().unwrap();
    assert!(catalog.controls().count() >= 80);
    assert!(catalog.controls().filter(|c| !c.fixes.is_empty()).count() >= 25);
}
