//! How a fix can be gone back from, by the kinds of harm that it may do. A recipe says these itself;
//! of a change that a model wrote they are read from the sentences of its control.

use quell_catalog::Language;
use quell_model::{Effect, Fix, FixState, Impact, Reversible};

/// Words of a sentence, and the kind of harm that they name.
const WORDS: &[(&str, Effect)] = &[
    ("replace", Effect::Replaces),
    ("recreate", Effect::Replaces),
    ("created anew", Effect::Replaces),
    ("made anew", Effect::Replaces),
    ("restored from", Effect::Replaces),
    ("restart", Effect::Interrupts),
    ("reboot", Effect::Interrupts),
    ("downtime", Effect::Interrupts),
    ("interrupt", Effect::Interrupts),
    ("not reachable", Effect::Interrupts),
    ("stopped once", Effect::Interrupts),
    ("lose access", Effect::WithdrawsAccess),
    ("loses access", Effect::WithdrawsAccess),
    ("lose their", Effect::WithdrawsAccess),
    ("lose the connection", Effect::WithdrawsAccess),
    ("stop being", Effect::WithdrawsAccess),
    ("stop working", Effect::WithdrawsAccess),
    ("cut off", Effect::WithdrawsAccess),
    ("no longer reach", Effect::WithdrawsAccess),
    ("no longer be reach", Effect::WithdrawsAccess),
    ("cannot reach", Effect::WithdrawsAccess),
    ("is refused", Effect::WithdrawsAccess),
    ("are refused", Effect::WithdrawsAccess),
    ("need a right", Effect::WithdrawsAccess),
    ("needs a right", Effect::WithdrawsAccess),
    ("need rights", Effect::WithdrawsAccess),
    ("needs rights", Effect::WithdrawsAccess),
    ("need the right", Effect::WithdrawsAccess),
    ("cost", Effect::Costs),
    ("charges", Effect::Costs),
    ("is billed", Effect::Costs),
    ("more storage", Effect::Costs),
];

/// Words of a sentence that say that there is no way back.
const FOR_GOOD: &[&str] =
    &["cannot be undone", "cannot be turned off", "irreversible", "cannot be taken back"];

/// What a fix does, its own knowledge kept.
pub(crate) fn graded(mut fix: Fix, language: Option<Language>) -> Fix {
    if fix.state == FixState::Proved {
        let mut impact = std::mem::take(&mut fix.impact);
        if fix.written.is_some() {
            read(&fix.may_break, &mut impact);
        }
        impact.reversible = match impact.reversible {
            Reversible::No => Reversible::No,
            Reversible::Yes | Reversible::WithLoss | Reversible::Unknown
                if impact.effects.contains(&Effect::Replaces) =>
            {
                Reversible::WithLoss
            }
            Reversible::Yes | Reversible::WithLoss | Reversible::Unknown => Reversible::Yes,
        };
        impact.rollback = rollback(language, impact.reversible);
        fix.impact = impact;
    }
    fix.safety = fix.grade();
    fix
}

/// Reads the kinds of harm from sentences.
fn read(may_break: &[String], impact: &mut Impact) {
    for sentence in may_break.iter().map(|sentence| sentence.to_lowercase()) {
        let found = WORDS.iter().filter(|(word, _)| sentence.contains(word));
        impact.effects.extend(found.map(|(_, effect)| *effect));
        if FOR_GOOD.iter().any(|words| sentence.contains(words)) {
            impact.reversible = Reversible::No;
        }
    }
    impact.effects.sort_unstable();
    impact.effects.dedup();
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
        let mut harmful = fix(&["The volume goes."], FixState::Proved);
        harmful.impact.effects = vec![Effect::Replaces];
        let replaced = graded(harmful, None);
        assert_eq!(replaced.safety, Safety::NeedsApproval);
        assert_eq!(replaced.impact.effects, [Effect::Replaces]);
        assert_eq!(replaced.impact.reversible, Reversible::WithLoss);
        let withheld = of(&[], FixState::Withheld("why".into()));
        assert_eq!((withheld.safety, withheld.impact.rollback.as_str()), (Safety::DisplayOnly, ""));
    }

    #[test]
    fn what_cannot_be_undone_is_said_so() {
        let mut lock = fix(&["It stays."], FixState::Proved);
        lock.impact.reversible = Reversible::No;
        let lock = graded(lock, None);
        assert_eq!(lock.impact.reversible, Reversible::No);
        assert!(lock.impact.rollback.starts_with("none"));
    }

    #[test]
    fn of_what_a_model_wrote_the_harm_is_read_from_the_sentences() {
        let mut written =
            fix(&["Readers need rights on the key.", "It cannot be undone."], FixState::Proved);
        let plain = graded(written.clone(), None);
        assert_eq!((plain.impact.effects, plain.impact.reversible), (Vec::new(), Reversible::Yes));
        written.written = serde_json::from_value(serde_json::json!({
            "task": "fix", "version": 1, "why": [], "before": "a", "after": "b",
        }))
        .unwrap();
        let written = graded(written, None);
        assert_eq!(written.impact.effects, [Effect::WithdrawsAccess]);
        assert_eq!(written.impact.reversible, Reversible::No);
    }
}
