//! `quell backup`: the data directory in a folder, made while others go on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use quell_model::Clock;
use quell_store::{BackupError, Manifest, backup};
use serde_json::json;

use crate::console::write_json;
use crate::environment::SystemClock;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell backup --to /backups/quell-2026-11-21
  quell backup --data /var/lib/quell --to /backups/today --json

The folder must not be there yet. A server or an import may run meanwhile.
Exit codes: 0 done and checked, 2 the folder is taken, 3 could not finish.
docs/backup.md says what is in it and how it is put back.";

/// Copy the data directory while others go on, and check the copy.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder to make
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path) -> Result<Exit> {
    let now = SystemClock.now().to_string();
    let manifest = backup(data, &arguments.to, (env!("CARGO_PKG_VERSION"), &now))?;
    let mut out = io::stdout().lock();
    if arguments.json {
        let report = json!({
            "folder": arguments.to,
            "bytes": manifest.bytes(),
            "backup": manifest,
        });
        write_json(&mut out, &report)?;
    } else {
        writeln!(out, "backed up {} to {}", told(&manifest), arguments.to.display())?;
    }
    Ok(Exit::Clean)
}

/// What a backup holds, in words.
pub(super) fn told(manifest: &Manifest) -> String {
    let databases = manifest.files.iter().filter(|file| file.schema.is_some()).count();
    let files = manifest.files.len() - databases;
    let names =
        |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}, {} and {} bytes",
        names(databases, "database"),
        names(files, "file"),
        manifest.bytes()
    )
}

/// How the program ends when a backup or a restore fails.
pub(super) const fn exit(error: &BackupError) -> Exit {
    match error {
        BackupError::Nothing(_)
        | BackupError::Taken(_)
        | BackupError::Making(_)
        | BackupError::NoBackup { .. }
        | BackupError::Newer { .. }
        | BackupError::InUse(_)
        | BackupError::NotEmpty(_)
        | BackupError::Other(_) => Exit::Usage,
        BackupError::Io { .. } | BackupError::Damaged { .. } | BackupError::Store(_) => {
            Exit::Unfinished
        }
    }
}
