//! Weaknesses in the code of functions and repositories.

use quell_model::{Location, Rule, Untrusted};

use super::wire::Code;
use crate::wire::{Facts, Text};

const TEXT_BYTES: usize = 512;
const PATH_BYTES: usize = 4096;
const MOST_LISTED: usize = 16;

/// The rule of the detector, by its id; the detector and its weakness classes are aliases.
pub(super) fn rule(code: &Code<'_>) -> Option<Rule> {
    let id =
        [&code.rule_id, &code.detector_id, &code.detector_name].into_iter().find_map(Text::get)?;
    let others = [&code.detector_id].into_iter().filter_map(Text::get).filter(|o| *o != id);
    Some(Rule {
        id: capped(id, TEXT_BYTES),
        title: code.detector_name.untrusted(TEXT_BYTES),
        aliases: others.map(|other| capped(other, TEXT_BYTES)).collect(),
    })
}

/// The place in the code.
pub(super) fn location(code: &Code<'_>) -> Option<Box<Location>> {
    let place = &code.place;
    let file = [&place.path, &place.name].into_iter().find_map(Text::get)?;
    let line = |text: &Text<'_>| text.get()?.parse::<u32>().ok().filter(|line| *line > 0);
    Some(Box::new(Location {
        file: capped(file, PATH_BYTES),
        start_line: line(&place.start_line),
        end_line: line(&place.end_line),
        address: None,
    }))
}

/// Weakness classes and the detector.
pub(super) fn add_facts(facts: &mut Facts, code: &Code<'_>) {
    let classes: Vec<&str> = code.cwes.iter().filter_map(Text::get).take(MOST_LISTED).collect();
    facts.add("cwes", &classes.join(", "));
    facts.add("detector", code.detector_name.or_empty());
}

fn capped(text: &str, limit_bytes: usize) -> String {
    Untrusted::from(text).capped(limit_bytes).raw().to_owned()
}
