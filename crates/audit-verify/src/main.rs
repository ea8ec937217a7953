//! Checks the folder of an audit log, with nothing else of Quell: `quell-audit-verify FOLDER`.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use quell_audit_verify::{Compared, Directory, Key, Options, verify};

const HELP: &str = "usage: quell-audit-verify FOLDER [--key KEY] [--against FILE]...\n\n\
    KEY is the log's first public key, from a copy that was kept elsewhere.\n\
    Ends with 0 where all is as it was signed, with 1 where it is not, with 3 on errors.";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::from(3)
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let (mut folder, mut options) = (None, Options { beside: true, ..Options::default() });
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--key" => {
                let key = words.next().as_deref().and_then(Key::parse);
                options.key = Some(key.ok_or("`--key` is no public key of a log")?);
            }
            "--against" => {
                options.against.push(std::fs::read_to_string(words.next().ok_or(HELP)?)?);
            }
            _ if folder.is_none() && !word.starts_with('-') => folder = Some(PathBuf::from(word)),
            _ => return Err(HELP.into()),
        }
    }
    let folder = folder.ok_or(HELP)?;
    let begun = now();
    let report = verify(&Directory(folder), &options);
    let taken = begun.elapsed().as_secs_f64();
    let mut out = io::stdout().lock();
    let sound = if report.is_sound() { "sound" } else { "NOT SOUND" };
    writeln!(out, "{sound}: {} records of `{}` in {taken:.1} s", report.size, report.origin)?;
    for fault in &report.faults {
        writeln!(out, "  {}", fault.what)?;
    }
    for one in &report.against {
        match one {
            Compared::Grown { size } => writeln!(out, "it grew from the {size} of a checkpoint")?,
            Compared::Shorter { size } => writeln!(out, "a checkpoint has {size} records")?,
            Compared::Foreign { why } => writeln!(out, "a checkpoint says nothing here: {why}")?,
            Compared::Fork { kept, found } => {
                writeln!(out, "two heads contradict each other:\n\n{kept}\n{found}")?;
            }
        }
    }
    Ok(report.is_sound())
}

#[expect(clippy::disallowed_methods, reason = "it says how long it took")]
fn now() -> Instant {
    Instant::now()
}
