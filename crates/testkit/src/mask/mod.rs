//! Whether what must not leave stays, and what must leave does: kinds of values in ways to carry
//! them, filled from seeds.
//!
//! The forms of the values are written here once more, from what vendors document, so that the
//! rules that look for them are not measured against themselves.

mod carriers;
mod kinds;
mod numbers;

use std::collections::BTreeMap;

use quell_mask::{Grants, Masker};

pub use carriers::{CARRIERS, Carrier};
pub use kinds::{HIDDEN, KEPT, Kind};

use crate::random::Random;

/// What came of it.
#[derive(Debug, Default)]
pub struct Score {
    /// Texts with something that must not leave, and how many let it through.
    pub hidden: (u64, u64),
    /// Texts with something that must stay, and how many lost it.
    pub kept: (u64, u64),
    /// What went wrong, by kind and carrier.
    pub wrong: BTreeMap<(&'static str, &'static str), u64>,
}

/// Masks each kind in one carrier of so many, once a seed; all of the kinds whose name has `only`.
#[must_use]
pub fn measure(seeds: std::ops::Range<u64>, one_of: usize, only: &str) -> Score {
    let mut score = Score::default();
    for seed in seeds {
        for (number, kind) in (0..).zip(HIDDEN).filter(|(_, kind)| kind.name.contains(only)) {
            score.hide(kind, &mut Random::of(seed, number), one_of);
        }
        for (number, kind) in (1000..).zip(KEPT).filter(|(_, kind)| kind.name.contains(only)) {
            score.keep(kind, &mut Random::of(seed, number));
        }
    }
    score
}

impl Score {
    fn hide(&mut self, kind: &Kind, random: &mut Random, one_of: usize) {
        let (value, parts) = kinds::value(kind.form, random);
        let first = usize::try_from(random.below(one_of as u64)).unwrap_or(0);
        let carriers = CARRIERS.iter().skip(first).step_by(one_of);
        for carrier in carriers.filter(|carrier| kind.bare || carrier.named) {
            self.hidden.0 += 1;
            let text = (carrier.write)(kind.name, &value);
            if leaks(&masked(&text), (&value, &parts), carrier) {
                self.hidden.1 += 1;
                *self.wrong.entry((kind.name, carrier.name)).or_default() += 1;
            }
        }
    }

    fn keep(&mut self, kind: &Kind, random: &mut Random) {
        let (value, _) = kinds::value(kind.form, random);
        for (name, text) in told(&value) {
            self.kept.0 += 1;
            if !masked(&text).contains(&value) {
                self.kept.1 += 1;
                *self.wrong.entry((kind.name, name)).or_default() += 1;
            }
        }
    }
}

/// A text in which a kind of value stands, and what leaves of it.
#[must_use]
pub fn example(kind: &Kind, carrier: &Carrier, seed: u64) -> (String, String) {
    let number = HIDDEN.iter().position(|other| other.name == kind.name).unwrap_or(0);
    let (value, _) = kinds::value(kind.form, &mut Random::of(seed, number as u64));
    let text = (carrier.write)(kind.name, &value);
    let masked = masked(&text);
    (text, masked)
}

fn masked(text: &str) -> String {
    Masker::new(Vec::new(), Grants::default()).mask(text).as_str().to_owned()
}

/// Ways in which a tool tells of an identifier.
fn told(value: &str) -> [(&'static str, String); 6] {
    [
        ("in a sentence", format!("The check {value} failed on it.")),
        ("in a log", format!("2026-11-22T03:04:05Z INFO scan found {value} once")),
        ("in JSON", format!("{{\"id\": \"{value}\", \"n\": 1}}")),
        ("in YAML", format!("rule: {value}\nstate: FAIL\n")),
        ("in Markdown", format!("See `{value}` for more.")),
        ("in brackets", format!("failed ({value}), then passed")),
    ]
}

/// Whether half of a value, or of how it is written, is still to be read. Of a value with a long
/// part that its form leaves to chance, that part; its fixed words are no secret.
fn leaks(masked: &str, (value, parts): (&str, &[String]), carrier: &Carrier) -> bool {
    let long: Vec<&str> = parts.iter().map(String::as_str).filter(|part| part.len() > 4).collect();
    let judged = if long.is_empty() { vec![value] } else { long };
    let plain = (carrier.write)("", "").to_lowercase();
    let masked = masked.to_lowercase();
    judged.into_iter().any(|part| {
        let written = (carrier.write)("", part);
        let core = between(&(carrier.write)("", ""), &written);
        [part, core].into_iter().any(|text| half_is_in(&text.to_lowercase(), &masked, &plain))
    })
}

fn half_is_in(text: &str, masked: &str, plain: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let half = (letters.len() / 2).max(5);
    letters.windows(half).any(|window| {
        let window: String = window.iter().collect();
        masked.contains(&window) && !plain.contains(&window)
    })
}

/// What a carrier made of a value: what stands between what stands there without one.
fn between<'a>(plain: &str, written: &'a str) -> &'a str {
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| -> usize {
        a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let head = same(&mut plain.chars(), &mut written.chars());
    let rest = plain.get(head..).unwrap_or_default();
    let tail = same(&mut rest.chars().rev(), &mut written.chars().rev());
    written.get(head..written.len().saturating_sub(tail)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_leave_stays_and_what_must_leave_does() {
        assert!(HIDDEN.len() >= 100 && CARRIERS.len() >= 30 && KEPT.len() >= 60);
        let score = measure(0..2, 5, "");
        let (all, lost) = score.hidden;
        assert!(lost * 1000 <= all * 5, "{lost} of {all} leaked: {:?}", score.wrong);
        let (all, lost) = score.kept;
        assert!(lost * 100 <= all * 2, "{lost} of {all} lost: {:?}", score.wrong);
    }
}
