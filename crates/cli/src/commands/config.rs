//! `quell config`: what is configured, where it was said, and what is wrong with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use quell_config::{
    Config, Entry, Fault, Faults, FileText, Loaded, Origin, Override, Place, Sources,
};
use quell_pipeline::{FixSaid, Setup};
use quell_sources::SOURCES;
use serde_json::{Value, json};

use crate::console::{say, write_json};
use crate::environment::variables;
use crate::exit::Exit;
use crate::remote::Misused;

const EXAMPLES: &str = "\
Examples:
  quell config example > quell.toml       every key, with what it does
  quell config check                      what is wrong, or what holds
  quell config check --config /etc/quell/quell.toml --json
  quell config schema > quell.schema.json

Exit codes: 0 it holds, 2 it is wrong, 3 the file cannot be read.
docs/configuration.md lists every key.";

/// The file in the working directory.
const NAME: &str = "quell.toml";
/// Bytes that are read: one more than is accepted.
const MOST_BYTES: u64 = (1 << 20) + 1;
/// Width of a key.
const KEY: usize = 34;

/// What is configured, and what is wrong with it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name all that is wrong, or show what holds and where it was said
    Check {
        /// The file [default: $QUELL_CONFIG, or quell.toml in the working directory]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a whole file, with every key and its default
    Example,
    /// Print the JSON Schema of the file
    Schema,
    /// Print the page of the documentation
    #[command(hide = true)]
    Page,
}

/// Runs it. The data directory is the one that the command line names.
pub(super) fn run(arguments: &Arguments, data: Option<&Path>) -> Result<Exit> {
    let mut out = io::stdout().lock();
    match &arguments.command {
        Command::Check { config, json } => {
            let flags = data.map(data_flag).into_iter().collect::<Vec<_>>();
            let loaded = load(config.as_deref(), &flags)?;
            return check(&loaded, *json, &mut out);
        }
        Command::Example => out.write_all(quell_config::example().as_bytes())?,
        Command::Schema => {
            write_json(&mut out, &quell_config::schema())?;
        }
        Command::Page => out.write_all(quell_config::page().as_bytes())?,
    }
    Ok(Exit::Clean)
}

/// `--data` as a value of the configuration.
pub(super) fn data_flag(data: &Path) -> Override {
    let value = data.to_string_lossy().into_owned();
    Override { flag: "--data", key: "server.data".to_owned(), value }
}

/// Reads the configuration as every command does that needs it: the file, the environment and
/// what the command line says.
///
/// # Errors
/// When the file cannot be read. What is wrong with the configuration is in the answer.
pub(super) fn load(
    config: Option<&Path>,
    flags: &[Override],
) -> Result<std::result::Result<Loaded, Faults>> {
    let environment = variables();
    let named = config
        .map(Path::to_owned)
        .or_else(|| environment.get("QUELL_CONFIG").filter(|f| !f.is_empty()).map(PathBuf::from));
    let path = named.or_else(|| Path::new(NAME).exists().then(|| PathBuf::from(NAME)));
    let text = path.as_deref().map(read).transpose()?;
    let shown = path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let file = text.as_deref().map(|text| FileText { path: &shown, text });
    Ok(loaded(file, Some(&environment), flags))
}

/// The configuration that holds; where it is wrong, what is wrong is told, and there is none.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn load_or_tell(config: Option<&Path>, flags: &[Override]) -> Result<Option<Loaded>> {
    Ok(match load(config, flags)? {
        Ok(loaded) => Some(loaded),
        Err(faults) => {
            tell(&faults);
            None
        }
    })
}

/// What a file's text would come to, without the environment.
pub(super) fn load_text(path: &str, text: &str) -> std::result::Result<Loaded, Faults> {
    loaded(Some(FileText { path, text }), None, &[])
}

/// What the environment says of fixes, as the configuration reads it.
pub(super) fn fixes_said(variables: &BTreeMap<String, String>) -> Result<FixSaid> {
    let ours = |(name, text): (&String, &String)| {
        (name.starts_with("QUELL_FIX_") && !text.is_empty()).then(|| (name.clone(), text.clone()))
    };
    let ours: BTreeMap<String, String> = variables.iter().filter_map(ours).collect();
    let sources = Sources { environment: Some(&ours), ..Sources::default() };
    let loaded = Config::load(&sources).map_err(|faults| Misused(faults.to_string()))?;
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
    let is_said = |name: &str| ours.contains_key(name);
    let fix = loaded.config.fix;
    Ok(FixSaid {
        policies: is_said("QUELL_FIX_POLICIES").then_some(fix.policies),
        parameters: is_said("QUELL_FIX_PARAMETERS").then_some(fix.parameters),
        look_up: is_said("QUELL_FIX_LOOK_UP").then_some(fix.look_up),
    })
}

/// Knowledge with what the environment says of fixes, where some are made in a repository.
pub(super) fn with_fixes(setup: Setup, repository: Option<&Path>) -> Result<Setup> {
    Ok(match repository {
        Some(_) => setup.with_said(fixes_said(&variables())?),
        None => setup,
    })
}

fn loaded(
    file: Option<FileText<'_>>,
    environment: Option<&BTreeMap<String, String>>,
    overrides: &[Override],
) -> std::result::Result<Loaded, Faults> {
    let formats: Vec<&str> = SOURCES.iter().map(|source| source.id).collect();
    let loaded = Config::load(&Sources { file, environment, overrides, formats: &formats })?;
    let fault = |(key, problem): (String, String), help: &str| Fault {
        place: place(&loaded, &key),
        key,
        problem,
        help: help.to_owned(),
    };
    let sources = quell_server::source_faults(&loaded.config).into_iter();
    let sources = sources.map(|one| fault(one, "docs/platforms says what each platform needs"));
    let sinks = quell_server::delivery_faults(&loaded.config).into_iter();
    let sinks = sinks.map(|one| fault(one, "docs/delivery.md says what sinks and routes need"));
    let places = quell_server::containment_faults(&loaded.config).into_iter();
    let places = places.map(|one| fault(one, "docs/containment.md says what each platform needs"));
    let models = quell_server::llm_faults(&loaded.config).into_iter();
    let models = models.map(|one| fault(one, "docs/llm.md says what each kind needs"));
    let errors: Vec<Fault> = sources.chain(sinks).chain(models).chain(places).collect();
    if errors.is_empty() {
        return Ok(loaded);
    }
    Err(Faults { errors, warnings: loaded.warnings.clone(), more: 0 })
}

/// Where a key was said; of one that was not, where its table begins to be told.
fn place(loaded: &Loaded, key: &str) -> Place {
    let table = key.rsplit_once('.').map_or(key, |(table, _)| table);
    let said = |entry: &&Entry| entry.key == key || entry.key == format!("{table}.kind");
    let mut said: Vec<&Entry> = loaded.entries.iter().filter(said).collect();
    said.sort_by_key(|entry| entry.key != key);
    match said.first().map(|entry| &entry.origin) {
        Some(Origin::File(place)) => place.clone(),
        Some(Origin::Environment(name)) => Place::Environment(name.clone()),
        Some(Origin::Flag(flag)) => Place::Flag(flag),
        Some(Origin::Default) | None => Place::Nowhere,
    }
}

fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read `{shown}`"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) => bail!("`{shown}` is not UTF-8; save it as UTF-8"),
    }
}

fn check(
    loaded: &std::result::Result<Loaded, Faults>,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit> {
    let (errors, warnings, entries) = match loaded {
        Ok(loaded) => (&[][..], &loaded.warnings, &loaded.entries[..]),
        Err(faults) => (&faults.errors[..], &faults.warnings, &[][..]),
    };
    if json {
        let report = json!({
            "ok": loaded.is_ok(),
            "errors": errors.iter().map(fault_json).collect::<Vec<_>>(),
            "warnings": warnings.iter().map(fault_json).collect::<Vec<_>>(),
            "values": entries.iter().map(entry_json).collect::<Vec<_>>(),
        });
        write_json(out, &report)?;
    } else {
        for warning in warnings {
            say(&format!("warning: {warning}"));
        }
        for entry in entries {
            writeln!(out, "{:<KEY$} {}  ({})", entry.key, entry.toml(), entry.origin)?;
        }
    }
    match loaded {
        Ok(_) => Ok(Exit::Clean),
        Err(_) if json => Ok(Exit::Usage),
        Err(faults) => {
            tell(faults);
            Ok(Exit::Usage)
        }
    }
}

/// Says all that is wrong.
pub(super) fn tell(faults: &Faults) {
    for fault in &faults.errors {
        say(&format!("error: {fault}"));
    }
    if faults.more > 0 {
        say(&format!("error: and {} more", faults.more));
    }
}

fn fault_json(fault: &Fault) -> Value {
    json!({
        "place": fault.place.to_string(),
        "key": fault.key,
        "problem": fault.problem,
        "help": fault.help,
    })
}

fn entry_json(entry: &Entry) -> Value {
    json!({ "key": entry.key, "value": entry.value, "origin": entry.origin.to_string() })
}
