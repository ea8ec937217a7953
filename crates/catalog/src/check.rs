//! What a control must have before it may be in the catalogue.

use std::collections::HashMap;

use regex::Regex;

use crate::{Catalog, Control, FixRecipe, Predicate};

const WEAKNESSES: &[&str] = &[
    "public_exposure",
    "missing_encryption",
    "excessive_privilege",
    "weak_authentication",
    "missing_logging",
    "missing_backup",
    "weak_isolation",
    "outdated_software",
    "insecure_default",
    "secret_exposure",
    "supply_chain",
    "availability",
];

/// Every fault of a catalogue, as sentences that name the control.
#[must_use]
pub fn check(catalog: &Catalog) -> Vec<String> {
    let mut faults = Vec::new();
    let mut owners: HashMap<(String, String), &str> = HashMap::new();
    for control in catalog.controls() {
        let id = control.id.as_str();
        faults.extend(of_control(control, catalog).into_iter().map(|f| format!("{id}: {f}")));
        for (tool, names) in control.aliases.0.iter().filter(|(tool, _)| !tool.ends_with("_shared"))
        {
            let taken = names.iter().filter_map(|name| {
                let other = owners.insert((tool.clone(), name.to_lowercase()), id)?;
                Some(format!("{id}: {tool} alias `{name}` belongs to {other} already"))
            });
            faults.extend(taken);
        }
    }
    faults
}

fn of_control(control: &Control, catalog: &Catalog) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    let explain = &control.explain;
    let words = [
        &explain.what,
        &explain.why,
        &explain.cause,
        &explain.intent,
        &explain.breaks,
        &explain.who,
    ];
    must(words.iter().all(|text| !text.trim().is_empty()), "a part of `explain` is empty");
    must((1..=3).contains(&explain.steps.len()), "`explain.do` must have one to three steps");
    must(
        !control.title.is_empty() && !control.title.ends_with('.'),
        "the title is empty or ends with a full stop",
    );
    must(!control.asset_kinds.is_empty(), "`asset_kinds` is empty");
    must(control.aliases.0.values().any(|names| !names.is_empty()), "it has no alias");
    must(WEAKNESSES.contains(&control.weakness.as_str()), "the weakness class is not known");
    must(control.id.split('.').count() == 3, "the id is not `provider.service.fault`");
    must(
        control.attack.iter().all(|t| is_technique(t)),
        "an ATT&CK id is not `T1234` or `T1234.001`",
    );
    must(!control.frameworks.is_empty(), "it gives evidence for no framework");
    for check in &control.checks {
        must(
            !check.pass.is_empty() && !check.fail.is_empty(),
            "a check lacks a passing or a failing case",
        );
        must(!check.resource.is_empty(), "a check names no resource");
        must(patterns_are_valid(&check.holds), "a pattern of a predicate is no regular expression");
    }
    for fix in &control.fixes {
        must(is_complete(fix), "a fix lacks what its recipe needs");
        must(
            fix.breaks.is_empty() == fix.effects.is_none(),
            "a fix has `breaks` without `effects`, or these without those",
        );
        must(
            control.checks.iter().any(|c| c.language == fix.language),
            "a fix has no check of its language",
        );
    }
    faults.extend(framework_faults(control, catalog));
    faults
}

fn is_technique(id: &str) -> bool {
    Regex::new(r"^T\d{4}(\.\d{3})?$").is_ok_and(|pattern| pattern.is_match(id))
}

fn is_complete(fix: &FixRecipe) -> bool {
    match fix.recipe.as_str() {
        "set_attributes" => !fix.set.is_empty(),
        "keyed_block" => !fix.set.is_empty() && fix.key.is_some(),
        "companion_block" => fix.companion.is_some() && fix.link.is_some(),
        recipe => !recipe.is_empty(),
    }
}

fn patterns_are_valid(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All { all } => all.iter().all(patterns_are_valid),
        Predicate::Any { any } => any.iter().all(patterns_are_valid),
        Predicate::Not { not } => patterns_are_valid(not),
        Predicate::Each { holds, .. }
        | Predicate::Some { holds, .. }
        | Predicate::Companion { holds, .. }
        | Predicate::Target { holds, .. } => patterns_are_valid(holds),
        Predicate::Test(test) => {
            [&test.matches, &test.not_matches].into_iter().flatten().all(|p| Regex::new(p).is_ok())
        }
    }
}

fn framework_faults(control: &Control, catalog: &Catalog) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, requirements) in &control.frameworks {
        let Some(framework) = catalog.frameworks().find(|f| f.id == *id) else {
            faults.push(format!("there is no framework `{id}`"));
            continue;
        };
        let pattern = Regex::new(&format!("^(?:{})$", framework.requirement));
        for requirement in requirements {
            if !pattern.as_ref().is_ok_and(|p| p.is_match(requirement)) {
                faults.push(format!("`{requirement}` is no requirement of {id}"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::embedded_files;

    #[test]
    fn the_embedded_catalogue_has_no_fault() {
        let faults = check(&Catalog::embedded().unwrap());
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn a_control_stands_in_the_file_of_its_id() {
        for (path, text) in embedded_files().into_iter().filter(|(p, _)| p.starts_with("controls/"))
        {
            let control: Control = toml::from_str(text).unwrap();
            assert_eq!(path, format!("controls/{}.toml", control.id.replace('.', "/")));
        }
    }

    #[test]
    fn an_incomplete_control_is_named_with_all_its_faults() {
        let text = r#"
            id = "aws.s3.x"
            title = "X."
            asset_kinds = []
            weakness = "other"
            severity = "high"
            frameworks = { nowhere = ["1"] }
            [aliases]
            [explain]
            what = ""
            why = "w"
            cause = "c"
            intent = "i"
            do = []
            breaks = "b"
            who = "w"
        "#;
        let catalog = Catalog::from_files([("controls/aws/s3/x.toml", text)]).unwrap();
        let faults = check(&catalog);
        assert_eq!(faults.len(), 7, "{faults:#?}");
        assert!(faults.iter().all(|f| f.starts_with("aws.s3.x: ")));
    }
}
