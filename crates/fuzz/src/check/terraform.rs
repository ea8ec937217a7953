//! Infrastructure code: no text stops the engine, and a proved fix leaves the rest alone.

use quell_catalog::{Catalog, Control, Language};
use quell_model::{Asset, AssetId, Fix, FixState, Location};
use quell_remediate::{Engine, Place, Target, Workspace};

use super::{Fault, Seen, bare};

/// Resources of one text that fixes are made for.
const MOST_RESOURCES: usize = 4;
/// Controls tried for each of them.
const MOST_CONTROLS: usize = 4;

/// Checks a text as a Terraform file.
pub(super) fn check(catalog: &Catalog, input: &[u8]) -> Result<Seen, Fault> {
    let text = String::from_utf8_lossy(input).into_owned();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let repository = Workspace::parse([("main.tf".to_owned(), text.clone())]);
    let mut seen = Seen::default();
    for (place, kind) in repository.places("main.tf").into_iter().take(MOST_RESOURCES) {
        let address = place.address;
        let fits = controls.iter().filter(|control| is_for(control, &kind));
        for control in fits.take(MOST_CONTROLS) {
            let propose = || engine.propose(&repository, &target(&address), control, Vec::new());
            let fix = propose();
            if fix != propose() {
                return Err(Fault::new("read twice, the same", control.id.clone()));
            }
            seen.items += 1;
            seen.rejects += usize::from(fix.state != FixState::Proved);
            let state = bare(&format!("{:?}", fix.state));
            seen.traits.insert(format!("{} {state}", fix.recipe));
            if fix.state == FixState::Proved {
                only_its_own(&engine, &repository, &text, &fix)?;
            }
        }
    }
    Ok(seen)
}

fn is_for(control: &Control, kind: &str) -> bool {
    let terraform = control.fixes.iter().filter(|fix| fix.language == Language::Terraform);
    terraform.flat_map(|fix| &fix.resource).any(|resource| resource == kind)
}

fn target(address: &str) -> Target {
    let location = Location {
        file: "main.tf".into(),
        address: Some(address.to_owned()),
        ..Location::default()
    };
    let asset = Asset { id: AssetId::iac("r", "main.tf", address), ..Asset::default() };
    Target::new(&asset, Some(&location))
}

/// A fix keeps every byte above its block, and those below the line on which it ends.
fn only_its_own(
    engine: &Engine<'_>,
    repository: &Workspace,
    before: &str,
    fix: &Fix,
) -> Result<(), Fault> {
    let rule = "a proved fix changes its block only";
    let fault = |detail: &str| Err(Fault::new(rule, format!("{detail}: {}", fix.control)));
    let applied = engine.apply_all(repository, std::slice::from_ref(fix));
    let [(_, after)] = applied.files.as_slice() else { return fault("it cannot be applied") };
    if fix.diff.is_empty() || after == before {
        return fault("nothing is changed");
    }
    let place = Place { file: fix.file.clone(), address: fix.address.clone() };
    let Some(span) = repository.span(&place) else { return fault("its block is not there") };
    let rest = before.get(span.end..).unwrap_or_default();
    let below = rest.split_once('\n').map_or("", |(_, below)| below);
    if !after.starts_with(before.get(..span.start).unwrap_or_default()) {
        return fault("it changes what stands above");
    }
    if !after.ends_with(below) {
        return fault("it changes what stands below");
    }
    Ok(())
}
