//! Which of several ratings counts.

use quell_model::Severity;

use super::wire::{Rating, Vulnerability};
use crate::wire::Text;

/// How bad it is.
pub(super) struct Rated {
    pub(super) severity: Severity,
    pub(super) severity_native: String,
    pub(super) cvss: Option<f64>,
    pub(super) cvss_vector: Option<String>,
}

/// The rating of the source that the vulnerability names, else the worst; the score of CVSS 3
/// before other methods.
pub(super) fn rated(wire: &Vulnerability<'_>) -> Rated {
    let own = wire.source.name.get();
    let is_own = |r: &&Rating<'_>| own.is_some() && r.source.name.get() == own;
    let worded = || wire.ratings.iter().filter(|r| r.severity.get().is_some());
    let worst = worded().max_by_key(|r| Severity::from_word(r.severity.or_empty()));
    let word = worded().find(is_own).or(worst).map(|r| r.severity.or_empty());
    let scored = best_score(&wire.ratings);
    let cvss = scored.and_then(|r| r.score.number()).filter(|s| (0.0..=10.0).contains(s));
    let (severity, severity_native) = match (word, cvss) {
        (Some(word), _) if Severity::from_word(word) != Severity::Unknown => {
            (Severity::from_word(word), word.to_owned())
        }
        (_, Some(score)) => (Severity::from_cvss(score), format!("{score}")),
        (word, None) => (Severity::Unknown, word.unwrap_or_default().to_owned()),
    };
    let vector = scored.and_then(|r| r.vector.get());
    Rated {
        severity,
        severity_native,
        cvss,
        cvss_vector: vector.map(|v| v.chars().take(256).collect()),
    }
}

fn best_score<'w, 'a>(ratings: &'w [Rating<'a>]) -> Option<&'w Rating<'a>> {
    let rank = |method: &Text<'_>| match method.or_empty() {
        "CVSSv31" => 4,
        "CVSSv3" => 3,
        "CVSSv4" => 2,
        "CVSSv2" => 1,
        _ => 0,
    };
    let is_nvd = |r: &Rating<'_>| r.source.name.or_empty().eq_ignore_ascii_case("nvd");
    ratings
        .iter()
        .filter(|r| r.score.number().is_some() && rank(&r.method) > 0)
        .max_by_key(|r| (rank(&r.method), is_nvd(r)))
}
