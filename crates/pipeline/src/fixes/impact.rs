//! What a fix does to what runs, told by rule from the sentences of its control and its language.

use quell_catalog::Language;
use quell_model::{Effect, Fix, FixState, Impact, Reversible};

/// Words of a sentence, and the kind of harm that they name.
const WORDS: &[(&str, Effect)] = &[
    ("replace", Effect::Replaces),
    ("recreate", Effect::Replaces),
    ("created anew", Effect::Replaces),
    ("restored from", Effect::Replaces),
    ("restart", Effect::Interrupts),
    ("reboot", Effect::Interrupts),
    ("downtime", Effect::Interrupts),
    ("interrupt", Effect::Interrupts),
    ("not reachable", Effect::Interrupts),
    ("lose access", Effect::WithdrawsAccess),
    ("lose their", Effect::WithdrawsAccess),
    ("stop being", Effect::WithdrawsAccess),
    ("no longer reach", Effect::WithdrawsAccess),
    ("no longer be reach", Effect::WithdrawsAccess),
    ("cannot reach", Effect::WithdrawsAccess),
    ("are refused", Effect::WithdrawsAccess),
    ("need a right", Effect::WithdrawsAccess),
    ("cost", Effect::Costs),
    ("is billed", Effect::Costs),
    ("more storage", Effect::Costs),
];

/// Words of a sentence that say that there is no way back.
const FOR_GOOD: &[&str] =
    &["cannot be undone", "cannot be turned off", "irreversible", "cannot be taken back"];

/// What a fix does, its own knowledge kept.
pub(crate) fn graded(mut fix: Fix, language: Option<Language>) -> Fix {
    if fix.state == FixState::Proved {
        let mut effects = fix.impact.effects.clone();
        effects.extend(fix.may_break.iter().flat_map(|sentence| named(sentence)));
        effects.sort_unstable();
        effects.dedup();
        let reversible = reversible(&fix.may_break, &effects);
        let rollback = rollback(language, reversible);
        fix.impact = Impact { effects, reversible, rollback, ..fix.impact };
    }
    fix.safety = fix.grade();
    fix
}

fn named(sentence: &str) -> Vec<Effect> {
    let sentence = sentence.to_lowercase();
    let found = WORDS.iter().filter(|(word, _)| sentence.contains(word));
    found.map(|(_, effect)| *effect).collect()
}

fn reversible(may_break: &[String], effects: &[Effect]) -> Reversible {
    let for_good =
        |sentence: &String| FOR_GOOD.iter().any(|words| sentence.to_lowercase().contains(words));
    if may_break.iter().any(for_good) {
        Reversible::No
    } else if effects.contains(&Effect::Replaces) {
        Reversible::WithLoss
    } else {
        Reversible::Yes
    }
}

fn rollback(language: Option<Language>, reversible: Reversible) -> String {
    let again = match language {
        Some(Language::Terraform) => "revert the change, then `terraform plan` and `apply`",
        Some(Language::Kubernetes) => {
            "revert the change and apply the manifests; `kubectl rollout undo` bridges the time"
        }
        Some(Language::Dockerfile) => "revert the change and build the image again",
        Some(Language::GithubActions) => "revert the change; the next run takes the old workflow",
        Some(Language::Compose) => "revert the change, then `docker compose up -d`",
        None => "revert the change and apply it again",
    };
    match reversible {
        Reversible::Yes | Reversible::Unknown => again.to_owned(),
        Reversible::WithLoss => format!(
            "{again}; what is replaced does not come back with its data, so take a backup before"
        ),
        Reversible::No => {
            "none: once it is applied it stays, so decide before you apply it".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use quell_model::Safety;

    use super::*;

    fn fix(may_break: &[&str], state: FixState) -> Fix {
        let fix = serde_json::json!({
            "id": "a", "control": "c", "recipe": "r", "title": "t", "closes": [],
            "state": {"state": "proved"}, "safety": "safe", "file": "a.tf", "address": "a.b",
            "diff": "", "proof": [], "may_break": may_break,
        });
        Fix { state, ..serde_json::from_value(fix).unwrap() }
    }

    #[test]
    fn the_grade_follows_from_the_proof_and_the_harm() {
        let of = |may_break: &[&str], state| graded(fix(may_break, state), None);
        let safe = of(&[], FixState::Proved);
        assert_eq!((safe.safety, safe.impact.reversible), (Safety::Safe, Reversible::Yes));
        let replaced = of(&["The volume is replaced."], FixState::Proved);
        assert_eq!(replaced.safety, Safety::NeedsApproval);
        assert_eq!(replaced.impact.effects, [Effect::Replaces]);
        assert_eq!(replaced.impact.reversible, Reversible::WithLoss);
        let withheld = of(&[], FixState::Withheld("why".into()));
        assert_eq!((withheld.safety, withheld.impact.rollback.as_str()), (Safety::DisplayOnly, ""));
    }

    #[test]
    fn what_cannot_be_undone_is_said_so() {
        let fix = graded(fix(&["The lock cannot be undone."], FixState::Proved), None);
        assert_eq!(fix.impact.reversible, Reversible::No);
        assert!(fix.impact.rollback.starts_with("none"));
    }
}
