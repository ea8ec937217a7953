//! `quell restore`: a backup becomes the data directory, all of it or nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use quell_audit::{Action, Leaf};
use quell_model::TenantId;
use quell_store::{Existing, restore};
use serde_json::json;

use super::backup::told;
use crate::audited::at_log;
use crate::console::{say, write_json};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell restore --from /backups/quell-2026-11-21
  quell restore --from /backups/today --data /var/lib/quell --force

Every hash is checked before anything is changed. With --force, what is there is
put aside in the data directory, not deleted. Sessions end, tokens and people wait
to be confirmed: some may have been taken back since the backup.
Exit codes: 0 done, 2 refused, 3 the backup is damaged or could not be written.";

/// Put a backup back, all of it or nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Put aside what is in the data directory
    #[arg(long)]
    force: bool,
    /// Put it aside even where it is another server's than the backup
    #[arg(long, requires = "force")]
    other_server: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Says in the audit log that it was done. What is restored is restored: a log that cannot be
/// written, for example since its key is elsewhere, is told and changes nothing of that.
fn note(data: &Path, about: impl FnOnce(Leaf) -> Leaf) {
    let noted = at_log(data, &TenantId::default(), |desk| desk.note(Action::Restore, about));
    if let Err(error) = noted {
        say(&format!("warning: the restore is not in the audit log: {error}"));
    }
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path) -> Result<Exit> {
    let existing = match (arguments.force, arguments.other_server) {
        (false, _) => Existing::Refuse,
        (true, false) => Existing::PutAside,
        (true, true) => Existing::PutAsideAny,
    };
    let restored = restore(&arguments.from, data, existing)?;
    note(data, |leaf| leaf.word("backup_made_at", &restored.manifest.made_at.to_string()));
    let mut out = io::stdout().lock();
    if arguments.json {
        let report = json!({
            "data": data,
            "put_aside": restored.before,
            "ended_earlier": restored.ended_earlier,
            "keeps_log": restored.keeps_log,
            "unconfirmed": {"tokens": restored.unconfirmed.tokens, "people": restored.unconfirmed.people},
            "backup": restored.manifest,
        });
        write_json(&mut out, &report)?;
        return Ok(Exit::Clean);
    }
    if restored.ended_earlier {
        writeln!(out, "ended an earlier restore that was cut off; --from was not used")?;
    }
    let made_at = &restored.manifest.made_at;
    writeln!(out, "restored {}, as of {made_at}", told(&restored.manifest))?;
    if restored.keeps_log {
        writeln!(out, "the intake log stayed: what came after the backup is taken in again")?;
    }
    let waiting = restored.unconfirmed;
    if waiting.tokens > 0 {
        let tokens = waiting.tokens;
        writeln!(out, "{tokens} tokens open nothing until `quell token confirm --all` or `… ID`")?;
    }
    if waiting.people > 0 {
        let people = waiting.people;
        writeln!(out, "{people} people are switched off until `quell user enable --restored`")?;
    }
    if let Some(before) = &restored.before {
        let before = before.display();
        writeln!(out, "what was there is in {before}; remove it when all is well")?;
    }
    Ok(Exit::Clean)
}
