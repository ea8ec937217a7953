//! `quell.toml`: what the user has said once for all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quell_catalog::Catalog;
use quell_remediate::{PARAMETERS, Settings};
use toml::{Table, Value};

use crate::PipelineError;

/// The file's name, in the repository.
const NAME: &str = "quell.toml";
/// Longest file that is read.
const MOST_BYTES: u64 = 1 << 20;
/// Deepest table.
const MOST_DEPTH: usize = 8;

/// What the user has said once for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixConfig {
    /// Values that fixes would otherwise have to ask for.
    pub settings: Settings,
    /// Folders or files of the user's policies.
    pub policies: Vec<PathBuf>,
    /// Hosts that may be asked for what only they know.
    pub look_up: Vec<String>,
}

/// What is said beside the file: it goes over what the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixSaid {
    /// Folders or files of policies.
    pub policies: Option<Vec<PathBuf>>,
    /// Values that fixes would otherwise have to ask for, by dotted name.
    pub parameters: Option<BTreeMap<String, String>>,
    /// Hosts that may be asked for what only they know.
    pub look_up: Option<Vec<String>>,
}

impl FixConfig {
    /// The same with what is said beside the file.
    ///
    /// # Errors
    /// When it names a parameter that nothing knows.
    pub(crate) fn over(mut self, said: &FixSaid, catalog: &Catalog) -> Result<Self, PipelineError> {
        if let Some(policies) = &said.policies {
            self.policies.clone_from(policies);
        }
        if let Some(hosts) = &said.look_up {
            self.look_up.clone_from(hosts);
        }
        if let Some(parameters) = &said.parameters {
            let names = parameter_names(catalog);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let known = parameters.keys().try_for_each(|name| is_parameter(name, &names));
            known.map_err(PipelineError::Refused)?;
            let answered = parameters.clone().into_iter().filter(|(_, value)| !value.is_empty());
            self.settings = answered.collect();
        }
        Ok(self)
    }

    /// Reads a file, or `quell.toml` in the repository where none is named; without either,
    /// nothing is said.
    ///
    /// # Errors
    /// When it cannot be read, or holds a key that nothing knows.
    pub fn load(
        repository: &Path,
        file: Option<&Path>,
        catalog: &Catalog,
    ) -> Result<Self, PipelineError> {
        let path = file.map_or_else(|| repository.join(NAME), Path::to_owned);
        let refused =
            |text: String| Err(PipelineError::Refused(format!("`{}`: {text}", path.display())));
        let about = match fs::symlink_metadata(&path) {
            Ok(about) => about,
            Err(_) if file.is_none() => return Ok(Self::default()),
            Err(error) => return refused(error.to_string()),
        };
        if file.is_none() && !about.is_file() {
            return refused("it is no plain file".into());
        }
        if about.len() > MOST_BYTES {
            return refused("it is longer than 1 MiB".into());
        }
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return refused(error.to_string()),
        };
        let folder = path.parent().unwrap_or(repository);
        match parse(&text, folder, catalog) {
            Ok(config) => Ok(config),
            Err(error) => refused(error),
        }
    }
}

/// Reads the text; every error is one sentence.
fn parse(text: &str, folder: &Path, catalog: &Catalog) -> Result<FixConfig, String> {
    let table: Table = toml::from_str(text).map_err(|e| e.message().to_owned())?;
    // What the other tables hold is judged by those who read them.
    let tables: Vec<&str> = quell_config::TABLES.iter().map(|table| table.name).collect();
    known(table.keys(), &tables, "")?;
    let Some(fix) = table.get("fix") else { return Ok(FixConfig::default()) };
    let fix = fix.as_table().ok_or("`fix` must be a table")?;
    known(fix.keys(), &["look_up", "parameters", "policies"], "fix.")?;
    let mut config = FixConfig::default();
    match fix.get("policies") {
        None => {}
        Some(Value::String(one)) => config.policies.push(folder.join(one)),
        Some(Value::Array(all)) => {
            for one in all {
                let one = one.as_str().ok_or("`fix.policies` must hold paths")?;
                config.policies.push(folder.join(one));
            }
        }
        Some(_) => return Err("`fix.policies` must be a path or a list of paths".into()),
    }
    if let Some(hosts) = fix.get("look_up") {
        let odd = "`fix.look_up` must be a list of hosts";
        let hosts = hosts.as_array().ok_or(odd)?;
        let host = |one: &Value| one.as_str().map(str::to_owned).ok_or(odd);
        config.look_up = hosts.iter().map(host).collect::<Result<_, _>>()?;
    }
    if let Some(parameters) = fix.get("parameters") {
        let parameters = parameters.as_table().ok_or("`fix.parameters` must be a table")?;
        let mut values = BTreeMap::new();
        flatten(parameters, "", (0, &mut values))?;
        let names = parameter_names(catalog);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        values.keys().try_for_each(|name| is_parameter(name, &names))?;
        // An empty text is a question of `quell fix --ask` that has no answer yet.
        values.retain(|_, value| !value.is_empty());
        config.settings = values.into_iter().collect();
    }
    Ok(config)
}

/// Tables become dotted names.
fn flatten(
    table: &Table,
    above: &str,
    (depth, values): (usize, &mut BTreeMap<String, String>),
) -> Result<(), String> {
    for (key, value) in table {
        let name = format!("{above}{key}");
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(_) | Value::Boolean(_) | Value::Float(_) => value.to_string(),
            Value::Table(inner) if depth < MOST_DEPTH => {
                flatten(inner, &format!("{name}."), (depth + 1, values))?;
                continue;
            }
            Value::Table(_) | Value::Array(_) | Value::Datetime(_) => {
                return Err(format!("`fix.parameters.{name}` must be text, a number or a truth"));
            }
        };
        values.insert(name, text);
    }
    Ok(())
}

fn known<'k>(
    keys: impl IntoIterator<Item = &'k String>,
    names: &[&str],
    above: &str,
) -> Result<(), String> {
    match keys.into_iter().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(unknown(&format!("{above}{key}"), key, names)),
        None => Ok(()),
    }
}

/// A name may stand for many: `kubernetes.image_tag.` for one of each image.
fn is_parameter(name: &str, names: &[&str]) -> Result<(), String> {
    let fits = |known: &&str| match known.strip_suffix('*') {
        Some(begin) => name.len() > begin.len() && name.starts_with(begin),
        None => *known == name,
    };
    if names.iter().any(fits) {
        Ok(())
    } else {
        Err(unknown(&format!("fix.parameters.{name}"), name, names))
    }
}

fn unknown(shown: &str, key: &str, names: &[&str]) -> String {
    let near = names.iter().map(|name| (strsim::normalized_damerau_levenshtein(key, name), name));
    let nearest = near.filter(|(likeness, _)| *likeness > 0.5).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("there is no `{shown}`; do you mean `{name}`?"),
        None => format!("there is no `{shown}`; docs/fixes.md lists what can be set"),
    }
}

/// The parameters that recipes and controls ask for; one that ends with `*` stands for many.
pub(crate) fn parameter_names(catalog: &Catalog) -> Vec<String> {
    let mut names: Vec<String> = PARAMETERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    // Each of a control can be said for a file, a folder or a block too.
    let own = of_controls(catalog).into_keys();
    names.extend(own.flat_map(|name| [format!("{name}.*"), name]));
    names.sort();
    names.dedup();
    names
}

/// The parameters that controls ask for, with what a person must say.
pub(super) fn of_controls(catalog: &Catalog) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for value in catalog.controls().flat_map(|c| &c.fixes).flat_map(|fix| fix.set.values()) {
        collect(value, 0, &mut found);
    }
    found
}

fn collect(value: &Value, depth: usize, found: &mut BTreeMap<String, String>) {
    if depth > MOST_DEPTH {
        return;
    }
    let inner: Vec<&Value> = match value {
        Value::Table(table) => {
            if let Some(name) = table.get("parameter").and_then(Value::as_str) {
                let what = table.get("ask").and_then(Value::as_str).unwrap_or_default();
                found.insert(name.to_owned(), what.to_owned());
            }
            table.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => Vec::new(),
    };
    inner.into_iter().for_each(|value| collect(value, depth + 1, found));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FixConfig, String> {
        parse(text, Path::new("infra"), &Catalog::embedded().unwrap())
    }

    #[test]
    fn parameters_and_policies_are_read() {
        let config = read(
            "[fix]\npolicies = ['rules']\nlook_up = ['ghcr.io']\n\
             [fix.parameters]\n'kubernetes.namespace' = 'shop'\n\
             [fix.parameters.kubernetes.image_tag]\n'nginx' = '1.27'\n",
        )
        .unwrap();
        assert_eq!(config.policies, [Path::new("infra/rules")]);
        assert_eq!(config.look_up, ["ghcr.io"]);
        assert_eq!(config.settings.get("kubernetes.namespace"), Some("shop"));
        assert_eq!(config.settings.get("kubernetes.image_tag.nginx"), Some("1.27"));
        let unanswered = "[fix.parameters]\n'kubernetes.namespace' = ''\n";
        for without in ["", unanswered, "[server]\nlisten = '127.0.0.1:8420'\n[hooks.wiz]\n"] {
            assert_eq!(read(without).unwrap(), FixConfig::default());
        }
    }

    #[test]
    fn what_a_control_asks_for_may_be_said_for_a_file_or_a_block() {
        let name = "aws.replication_bucket.infra/main.tf#aws_s3_bucket.data";
        let text = format!("[fix.parameters]\n'{name}' = 'x'\n'aws.log_bucket' = 'logs'\n");
        let config = read(&text).unwrap();
        assert_eq!(config.settings.get(name), Some("x"));
        assert_eq!(config.settings.get("aws.log_bucket"), Some("logs"));
        read("[fix.parameters]\n'aws.log_bucket.' = 'x'\n").unwrap_err();
    }

    #[test]
    fn what_is_said_beside_the_file_goes_over_it() {
        let catalog = Catalog::embedded().unwrap();
        let file =
            "[fix]\npolicies = ['rules']\n[fix.parameters]\n'kubernetes.namespace' = 'shop'\n";
        let said = |policies: Option<&str>, parameter: Option<&str>| FixSaid {
            policies: policies.map(|path| vec![PathBuf::from(path)]),
            parameters: parameter.map(|name| BTreeMap::from([(name.to_owned(), "x".to_owned())])),
            look_up: None,
        };
        let config = read(file).unwrap();
        assert_eq!(config.clone().over(&FixSaid::default(), &catalog).unwrap(), config);
        let name = "kubernetes.namespace";
        let over = config.clone().over(&said(Some("mine"), Some(name)), &catalog).unwrap();
        assert_eq!(over.policies, [Path::new("mine")]);
        assert_eq!(over.settings.get(name), Some("x"));
        let error = config.over(&said(None, Some("kubernetes.namspace")), &catalog).unwrap_err();
        assert!(error.to_string().contains("do you mean `kubernetes.namespace`?"), "{error}");
    }

    #[test]
    fn every_parameter_stands_in_the_documentation() {
        let page = include_str!("../../../../docs/fixes.md");
        for (name, _) in PARAMETERS {
            let name = name.trim_end_matches('*');
            assert!(page.contains(&format!("`{name}")), "{name}");
        }
        for name in of_controls(&Catalog::embedded().unwrap()).into_keys() {
            let forms = [format!("`{name}`"), format!("`{name}.PATH")];
            assert!(forms.iter().any(|form| page.contains(form)), "{name}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        for (text, hint) in [
            ("[fixes]\n", "do you mean `fix`?"),
            ("[fix]\npolicy = 'x'\n", "do you mean `policies`?"),
            (
                "[fix.parameters]\n'kubernetes.namspace' = 'x'\n",
                "do you mean `kubernetes.namespace`?",
            ),
            ("[fix.parameters]\nzzz = 'x'\n", "docs/fixes.md"),
            ("[fix.parameters]\n'kubernetes.namespace' = ['x']\n", "must be text"),
            ("[fix]\nlook_up = 'ghcr.io'\n", "must be a list of hosts"),
            ("[fix\n", ""),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
