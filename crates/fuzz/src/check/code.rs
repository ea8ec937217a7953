//! Infrastructure code: no text stops the engine, and a proved fix leaves the rest alone.

use quell_catalog::{Catalog, Control, Language};
use quell_model::{Asset, AssetId, Fix, FixState, Location};
use quell_remediate::{Engine, Place, Target, Workspace};

use super::{Fault, Seen, bare};

/// A language that fixes are made in: the target's name, and a path that is read as one.
#[derive(Debug)]
pub struct Sample {
    /// The target.
    pub target: &'static str,
    path: &'static str,
    language: Language,
}

/// Every language, by the name of its target.
pub const SAMPLES: &[Sample] = &[
    Sample {
        target: "actions",
        path: ".github/workflows/main.yml",
        language: Language::GithubActions,
    },
    Sample { target: "compose", path: "compose.yaml", language: Language::Compose },
    Sample { target: "dockerfile", path: "Dockerfile", language: Language::Dockerfile },
    Sample { target: "kubernetes", path: "main.yaml", language: Language::Kubernetes },
    Sample { target: "terraform", path: "main.tf", language: Language::Terraform },
];

/// The language of a target.
#[must_use]
pub fn sample(target: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.target == target)
}

/// Resources of one text that fixes are made for.
const MOST_RESOURCES: usize = 4;
/// Controls tried for each of them.
const MOST_CONTROLS: usize = 4;

/// Checks a text as a file of a language.
pub(super) fn check(catalog: &Catalog, sample: &Sample, input: &[u8]) -> Result<Seen, Fault> {
    let text = String::from_utf8_lossy(input).into_owned();
    let controls: Vec<&Control> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let repository = Workspace::parse([(sample.path.to_owned(), text.clone())]);
    let mut seen = Seen::default();
    // Different texts try different controls, and one text always the same.
    let turn = input.iter().fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(*byte)));
    for (place, kind) in repository.places(sample.path).into_iter().take(MOST_RESOURCES) {
        let target = target(sample.path, &place.address);
        let fits: Vec<&&Control> =
            controls.iter().filter(|control| is_for(control, (sample.language, &kind))).collect();
        let from = turn % fits.len().max(1);
        for control in fits.iter().cycle().skip(from).take(MOST_CONTROLS.min(fits.len())) {
            let propose = || engine.propose(&repository, &target, control, Vec::new());
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

fn is_for(control: &Control, (language, kind): (Language, &str)) -> bool {
    let own = control.fixes.iter().filter(|fix| fix.language == language);
    own.flat_map(|fix| &fix.resource).any(|resource| resource == kind)
}

fn target(path: &str, address: &str) -> Target {
    let location =
        Location { file: path.into(), address: Some(address.to_owned()), ..Location::default() };
    let asset = Asset { id: AssetId::iac("r", path, address), ..Asset::default() };
    Target::new(&asset, Some(&location))
}

/// The recipe that changes several objects of a file: a program leaves its namespace together.
const MOVES_TOGETHER: &str = "namespace";

/// Whether every line stays, in its order, that says nothing of a namespace.
fn stays(before: &str, after: &str) -> bool {
    let tells =
        |line: &&str| ["metadata", "namespace", ".default"].iter().any(|word| line.contains(word));
    let mut left = after.lines();
    before.lines().filter(|line| !tells(line)).all(|line| left.any(|new| new == line))
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
    if fix.recipe == MOVES_TOGETHER {
        return if stays(before, after) { Ok(()) } else { fault("it changes other lines") };
    }
    if is_put_in(before, after, span.start) {
        return Ok(());
    }
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

/// Whether the new text is the old with something put in, not before a byte of it.
fn is_put_in(before: &str, after: &str, start: usize) -> bool {
    let same = |(a, b): &(u8, u8)| a == b;
    let head = before.bytes().zip(after.bytes()).take_while(same).count();
    let tail = before.bytes().rev().zip(after.bytes().rev()).take_while(same).count();
    head >= start && head + tail >= before.len()
}
