//! What a person can run where no change of code closes an issue.

use quell_model::Safety;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::escape::plain;

/// Commands for one asset, word by word, so that no shell has to be trusted with names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepsReport {
    /// The program.
    pub cli: String,
    /// The version whose description the flags were read from.
    pub version: String,
    /// Where that description stands.
    pub source: String,
    /// Commands that show the present state.
    pub look: Vec<Vec<String>>,
    /// Commands that change it.
    pub run: Vec<Vec<String>>,
    /// Commands that take it back; empty where nothing can.
    pub rollback: Vec<Vec<String>>,
    /// What it may break.
    pub note: String,
    /// Always `display_only`: nothing is proved of what runs.
    pub safety: Safety,
}

/// The commands for a shell, a line each: what to look at, what to run, and the way back.
pub(crate) fn step_lines(steps: &StepsReport) -> Vec<String> {
    let mut lines = Vec::new();
    let parts = [("look", &steps.look), ("run", &steps.run), ("back", &steps.rollback)];
    for (label, commands) in parts {
        for words in commands {
            let words: Vec<String> = words.iter().map(|word| shell(word)).collect();
            lines.push(format!("{label:<5}{} {}", steps.cli, words.join(" ")));
        }
    }
    if steps.rollback.is_empty() {
        lines.push("there is no way back".to_owned());
    }
    lines
}

/// A word as a POSIX shell reads it.
fn shell(word: &str) -> String {
    let word = plain(word);
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_word_of_a_shell() {
        let words = |words: &[&str]| vec![words.iter().map(|word| (*word).to_owned()).collect()];
        let steps = StepsReport {
            cli: "aws".into(),
            version: "2.0".into(),
            source: String::new(),
            look: words(&["s3api", "head-bucket", "--bucket", "a b;'c"]),
            run: words(&["s3api", "delete-bucket", "--bucket", "logs"]),
            rollback: Vec::new(),
            note: String::new(),
            safety: Safety::DisplayOnly,
        };
        let expected = [
            "look aws s3api head-bucket --bucket 'a b;'\\''c'",
            "run  aws s3api delete-bucket --bucket logs",
            "there is no way back",
        ];
        assert_eq!(step_lines(&steps), expected);
    }
}
