//! Running one command and saying so.

use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Says one line on stderr.
pub(crate) fn say(text: &str) {
    // A closed stderr must not stop a check.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Cargo, as the toolchain file picks it.
pub(crate) fn cargo() -> Command {
    Command::new("cargo")
}

/// Runs a command and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let words: Vec<_> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    let line = format!("{} {}", command.get_program().to_string_lossy(), words.join(" "));
    say(&format!("+ {line}"));
    let status = command.status().with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed");
    }
    Ok(())
}
