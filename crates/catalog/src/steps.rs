//! Steps for the command line, where no code makes what is at fault.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One file below `content/steps`: the steps of one program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepFile {
    /// The program (`aws`).
    cli: String,
    /// The version whose description the flags were read from.
    version: String,
    /// Where that description stands.
    source: String,
    #[serde(rename = "step")]
    steps: Vec<RawSteps>,
    /// Command → the flags of it that steps use, each of them real.
    flags: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSteps {
    control: String,
    #[serde(default)]
    kinds: Vec<String>,
    look: Vec<Vec<String>>,
    run: Vec<Vec<String>>,
    #[serde(default)]
    rollback: Vec<Vec<String>>,
    note: String,
}

/// What to run for one control. `{name}`, `{region}`, `{account}`, `{kind}` and `{native_id}`
/// stand for what is known of the asset; for Kubernetes the region is the namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudSteps {
    /// The program.
    pub cli: String,
    /// The version whose description the flags were read from.
    pub version: String,
    /// Where that description stands.
    pub source: String,
    /// Kinds of assets that they are for; empty where it does not matter.
    pub kinds: Vec<String>,
    /// Commands that show the present state, word by word.
    pub look: Vec<Vec<String>>,
    /// Commands that change it.
    pub run: Vec<Vec<String>>,
    /// Commands that take it back; empty where nothing can.
    pub rollback: Vec<Vec<String>>,
    /// What it may break.
    pub note: String,
}

impl RawSteps {
    fn commands(&self) -> impl Iterator<Item = &Vec<String>> {
        self.look.iter().chain(&self.run).chain(&self.rollback)
    }
}

impl StepFile {
    /// Its steps, each with its control. Those with a command or a flag that is not listed are
    /// left out: a test holds that there are none.
    pub(crate) fn into_steps(self) -> Vec<(String, CloudSteps)> {
        let real =
            self.steps.iter().filter(|raw| raw.commands().all(|c| self.unknown(c).is_none()));
        let steps = real.map(|raw| {
            let steps = CloudSteps {
                cli: self.cli.clone(),
                version: self.version.clone(),
                source: self.source.clone(),
                kinds: raw.kinds.clone(),
                look: raw.look.clone(),
                run: raw.run.clone(),
                rollback: raw.rollback.clone(),
                note: raw.note.clone(),
            };
            (raw.control.clone(), steps)
        });
        steps.collect()
    }

    /// What is wrong with it, as sentences.
    #[cfg(test)]
    fn faults(&self, catalog: &crate::Catalog) -> Vec<String> {
        let mut faults = Vec::new();
        for step in &self.steps {
            let id = &step.control;
            if catalog.control(id).is_none() {
                faults.push(format!("there is no control `{id}`"));
            }
            if step.run.is_empty() || step.look.is_empty() || step.note.is_empty() {
                faults.push(format!("the steps of `{id}` lack a part"));
            }
            for words in step.commands() {
                faults.extend(self.unknown(words).map(|what| format!("{id}: {what}")));
            }
        }
        faults
    }

    /// A command, flag or name in braces that is not known.
    fn unknown(&self, words: &[String]) -> Option<String> {
        let is_name = |word: &&String| !word.starts_with('-') && !word.contains(['{', ':']);
        let command: Vec<&str> = words.iter().take_while(is_name).map(String::as_str).collect();
        let command = command.join(" ");
        let Some(flags) = self.flags.get(&command) else {
            return Some(format!("no command `{command}`"));
        };
        let mut given = words.iter().filter(|word| word.starts_with("--"));
        let flag = |word: &String| word.split('=').next().unwrap_or_default().to_owned();
        given.find(|word| !flags.contains(&flag(word))).map(|word| format!("no flag `{word}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;
    use crate::catalog::embedded_files;

    #[test]
    fn every_command_and_flag_is_real() {
        let catalog = Catalog::embedded().unwrap();
        let mut count = 0;
        for (path, text) in
            embedded_files().into_iter().filter(|(path, _)| path.starts_with("steps/"))
        {
            let file: StepFile = toml::from_str(text).unwrap();
            let faults = file.faults(&catalog);
            assert!(faults.is_empty(), "{path}: {}", faults.join("\n"));
            count += file.steps.len();
        }
        assert!(count >= 90, "{count}");
    }

    #[test]
    fn an_invented_flag_is_found() {
        let text = "cli = 'x'\nversion = '1'\nsource = 's'\nstep = []\n[flags]\n'a b' = ['--c']\n";
        let file: StepFile = toml::from_str(text).unwrap();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(file.unknown(&words("a b --c {name}")), None);
        assert_eq!(file.unknown(&words("a b --c=1")), None);
        assert_eq!(file.unknown(&words("a b --d 1")), Some("no flag `--d`".into()));
        assert_eq!(file.unknown(&words("a c --c 1")), Some("no command `a c`".into()));
    }
}
