//! `quell source add`: a platform is written into the configuration.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use quell_audit::{Action, Leaf};
use quell_model::TenantId;
use quell_server::audit::local::folder;
use quell_server::known_kinds;
use quell_sources::SOURCES;
use quell_sources::live::Live;

use super::super::config::{load_text, tell};
use crate::audited::noted;
use crate::console::say;
use crate::exit::Exit;
use crate::remote::Misused;

/// Writes a platform into the configuration.
pub(super) fn add(
    (data, config): (&Path, Option<&Path>),
    (kind, name): (&str, &str),
    set: &[String],
) -> Result<Exit> {
    let found = SOURCES.iter().find(|source| source.id == kind);
    let Some(live) = found.and_then(|source| source.live) else {
        let said = format!("`{kind}` cannot be asked; what can: {}", known_kinds().join(", "));
        return Err(Misused(said).into());
    };
    let given = set
        .iter()
        .map(|text| {
            text.split_once('=').ok_or_else(|| Misused(format!("`{text}` is no KEY=VALUE")))
        })
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let path = config.map_or_else(|| PathBuf::from("quell.toml"), Path::to_owned);
    let before = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
        }
    };
    let block = block((kind, name), live, &given);
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let after = format!("{before}{gap}{block}");
    if let Err(faults) = load_text(&path.display().to_string(), &after) {
        tell(&faults);
        say("nothing was written; give what is missing with `--set KEY=VALUE`:");
        for setting in live.settings {
            let need = if setting.required { "needed" } else { "if wanted" };
            say(&format!("  {:<12} {need}: {} (as {})", setting.name, setting.doc, setting.sample));
        }
        return Ok(Exit::Usage);
    }
    let write =
        || fs::write(&path, after).with_context(|| format!("cannot write `{}`", path.display()));
    // Where there is no log yet, a configuration is no reason to begin one.
    match folder(data, &TenantId::default()).exists() {
        true => {
            let about = |leaf: Leaf| leaf.object("source", name).word("act", "add");
            noted(data, Action::SourceAct, about, write)?;
        }
        false => write()?,
    }
    say(&format!("wrote [sources.{name}] into {}; now: quell source test {name}", path.display()));
    Ok(Exit::Clean)
}

/// The block as it stands in the file: what was given, and what else there is as comments.
fn block((kind, name): (&str, &str), live: &Live, given: &[(&str, &str)]) -> String {
    const OWN: [&str; 9] = [
        "url",
        "login_at",
        "account",
        "key_id",
        "key_secret",
        "tenant",
        "every_seconds",
        "nightly_hour",
        "enabled",
    ];
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let plain = |key: &str, value: &str| match key {
        "every_seconds" | "nightly_hour" | "enabled" => format!("{key} = {value}\n"),
        _ => format!("{key} = {}\n", quoted(value)),
    };
    let mut text = format!("[sources.{}]\nkind = {}\n", quoted(name), quoted(kind));
    for (key, value) in given.iter().filter(|(key, _)| OWN.contains(key)) {
        text += &plain(key, value);
    }
    let missing = |name: &str| !given.iter().any(|(key, _)| *key == name);
    for setting in live.settings.iter().filter(|s| missing(s.name) && OWN.contains(&s.name)) {
        text += &format!("# {}\n# {} = {}\n", setting.doc, setting.name, quoted(setting.sample));
    }
    let options: Vec<String> = given
        .iter()
        .filter(|(key, _)| !OWN.contains(key))
        .map(|(key, value)| format!("{key} = {}", quoted(value)))
        .collect();
    if !options.is_empty() {
        text += &format!("options = {{ {} }}\n", options.join(", "));
    }
    text
}
