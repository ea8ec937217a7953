//! What Orca sees of the world, in an order that pages can be cut from.

use std::collections::BTreeSet;

use super::records;
use crate::platforms::world::{Cause, Flaw, Seer, State};

/// Lists that are kept, so that the next page is cut from the same.
const MOST_VIEWS: usize = 6;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Alert,
    Vulnerability,
    Asset,
}

/// Lists made before, each with what it was made from.
#[derive(Debug, Default)]
pub(super) struct Views(Vec<(String, u64, Vec<usize>)>);

impl Views {
    /// The list for a question, made anew where the world is another than when it was made.
    pub(super) fn get(
        &mut self,
        (question, print): (&str, u64),
        make: impl FnOnce() -> Vec<usize>,
    ) -> &[usize] {
        self.0.retain(|(asked, of, _)| asked != question || *of == print);
        if !self.0.iter().any(|(asked, _, _)| asked == question) {
            if self.0.len() >= MOST_VIEWS {
                self.0.remove(0);
            }
            self.0.push((question.to_owned(), print, make()));
        }
        let found = self.0.iter().find(|(asked, _, _)| asked == question);
        found.map_or(&[], |(_, _, list)| list.as_slice())
    }

    /// A list made before, as it was then.
    pub(super) fn held(&self, question: &str) -> Option<&[usize]> {
        let found = self.0.iter().find(|(asked, _, _)| asked == question);
        found.map(|(_, _, list)| list.as_slice())
    }
}

/// Whether a flaw has an alert: a weakness has one where it is exploited.
pub(super) const fn is_alert(flaw: &Flaw) -> bool {
    match &flaw.cause {
        Cause::Misconfiguration(_) | Cause::Detection(_) => true,
        Cause::Vulnerability(weakness) => weakness.exploited,
    }
}

/// Numbers of what is listed: of flaws, or of things.
pub(super) fn numbers(world: &State, model: Model) -> Vec<usize> {
    let seen = world.seen_by(Seer::Orca);
    match model {
        Model::Alert => seen.filter(|(f, _)| is_alert(f)).map(|(f, _)| f.number).collect(),
        Model::Vulnerability => {
            let weak = seen.filter(|(f, _)| f.is_open() && f.cause.is_vulnerability());
            weak.map(|(f, _)| f.number).collect()
        }
        Model::Asset => {
            let things: BTreeSet<usize> = seen.map(|(_, thing)| thing.number).collect();
            things.into_iter().collect()
        }
    }
}

impl Cause {
    const fn is_vulnerability(&self) -> bool {
        match self {
            Self::Vulnerability(_) => true,
            Self::Misconfiguration(_) | Self::Detection(_) => false,
        }
    }
}

/// A number that changes with the world.
pub(super) fn print(world: &State, changes: usize) -> u64 {
    let mut print = (world.flaws.len() as u64) << 32 | changes as u64;
    for flaw in &world.flaws {
        let at = flaw.changed.as_second().unsigned_abs();
        let ended = u64::from(flaw.fix.is_some()) + 2 * u64::from(flaw.is_seen_by(Seer::Orca));
        let mixed = (at ^ ended.rotate_left(40)).wrapping_add(flaw.number as u64);
        print = print.rotate_left(5) ^ mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    print
}

/// The ids that a stream has to bring.
pub(super) fn truth(world: &State, stream: &str) -> BTreeSet<String> {
    let model = match stream {
        "alerts" => Model::Alert,
        "vulnerabilities" => Model::Vulnerability,
        _ => Model::Asset,
    };
    let id = |number: usize| match model {
        Model::Alert => Some(records::alert_id(number)),
        Model::Asset => Some(records::unique_id(world.things.get(number)?)),
        Model::Vulnerability => {
            let flaw = world.flaws.get(number)?;
            let thing = world.things.get(flaw.thing)?;
            match &flaw.cause {
                Cause::Vulnerability(weakness) => Some(format!(
                    "{}|{}|{}|{}",
                    weakness.cve,
                    weakness.package,
                    weakness.installed,
                    records::unique_id(thing)
                )),
                Cause::Misconfiguration(_) | Cause::Detection(_) => None,
            }
        }
    };
    numbers(world, model).into_iter().filter_map(id).collect()
}
