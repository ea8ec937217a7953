//! The seeds hold, and some inputs made of them; a session of minutes is `cargo xtask fuzz`.

use std::collections::BTreeSet;

use quell_fuzz::check::{Bench, Pages, run_all};
use quell_fuzz::{Session, corpus, skeletons};
use quell_sources::SOURCES;

/// Inputs made for each target.
const STEPS: usize = 8;

#[test]
fn every_target_holds_on_its_seeds_and_on_inputs_made_of_them() {
    let bench = Bench::new().unwrap();
    let pages = Pages::new().unwrap();
    let seeds = corpus::load(&corpus::folder()).unwrap();
    let (mut faults, mut together) = (Vec::new(), Vec::new());
    for target in corpus::targets() {
        assert!(seeds.contains_key(target), "no seed for {target}");
        let mut session = Session::new((&bench, &pages), target, &seeds, 1);
        faults.extend(session.replay());
        faults.extend((0..STEPS).filter_map(|_| session.step()));
        together.extend(session.take_waiting());
    }
    let told: Vec<String> = faults
        .iter()
        .map(|f| format!("{:?}\n{}", f.fault, String::from_utf8_lossy(&f.inputs.concat())))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    // Many of them together, since a store takes longer to make than to fill.
    for inputs in together.chunks(250) {
        run_all(&bench, &pages, inputs).unwrap();
    }
}

#[test]
fn every_shape_has_a_seed() {
    let bench = Bench::new().unwrap();
    let mut seen = BTreeSet::new();
    let written = corpus::load(&corpus::folder()).unwrap().into_values().flatten();
    let made = corpus::targets().into_iter().flat_map(skeletons);
    for seed in written.chain(made) {
        seen.extend(bench.check("", &seed).unwrap().traits);
    }
    let mut without = BTreeSet::new();
    for source in SOURCES {
        let names = source.shapes.iter().map(|shape| format!("{} {}: ", source.id, shape.name));
        without.extend(names.filter(|name| !seen.iter().any(|one| one.starts_with(name))));
    }
    // Documents of these two shapes hold no record.
    let empty = ["checkov sums of a scan that found nothing: ", "sarif log without runs: "];
    assert_eq!(without.iter().map(String::as_str).collect::<Vec<_>>(), empty);
}
