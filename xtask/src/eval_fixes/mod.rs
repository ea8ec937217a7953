//! How many findings the fixes close, judged by a scan that Quell has no part in.

mod checkov;
mod tally;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::{cargo, run as run_step, say};
use checkov::Scan;
use tally::{Answers, Tally};

const USAGE: &str = "usage: cargo xtask eval-fixes DIR [--result FILE] [--checkov PROGRAM] \
                     [--quell PROGRAM] [--config FILE] [--keep DIR] [--json FILE] [--release] \
                     [--lines N]";

/// What is asked for.
#[derive(Debug, Default)]
struct Asked {
    folder: PathBuf,
    /// A result of Checkov over the folder; made where none is given.
    result: Option<PathBuf>,
    /// The program; `checkov` on the PATH where none is given.
    checkov: Option<String>,
    /// The program; built where none is given.
    quell: Option<PathBuf>,
    /// Settings for `quell fix`, as a user would have them in `quell.toml`.
    config: Option<PathBuf>,
    /// Where the changed copy and the results stay.
    keep: Option<PathBuf>,
    /// A file for all figures.
    json: Option<PathBuf>,
    release: bool,
    /// Lines of each list.
    lines: usize,
}

impl Asked {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut asked = Self { lines: 15, ..Self::default() };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().context(USAGE);
            match word.as_str() {
                "--result" => asked.result = Some(value()?.into()),
                "--checkov" => asked.checkov = Some(value()?),
                "--quell" => asked.quell = Some(value()?.into()),
                "--config" => asked.config = Some(value()?.into()),
                "--keep" => asked.keep = Some(value()?.into()),
                "--json" => asked.json = Some(value()?.into()),
                "--lines" => asked.lines = value()?.parse().context("`--lines` takes a count")?,
                "--release" => asked.release = true,
                folder if !folder.starts_with('-') && asked.folder.as_os_str().is_empty() => {
                    asked.folder = folder.into();
                }
                _ => bail!(USAGE),
            }
        }
        if asked.folder.as_os_str().is_empty() {
            bail!(USAGE);
        }
        Ok(asked)
    }
}

/// Triages a folder, writes the fixes into a copy, scans again, and compares.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let asked = Asked::read(arguments)?;
    let quell = quell(&asked)?;
    let temporary = tempfile::tempdir()?;
    let work = asked.keep.clone().unwrap_or_else(|| temporary.path().to_owned());
    let copy = work.join("copy");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_tree(&asked.folder, &copy)?;
    let program = asked.checkov.clone().unwrap_or_else(|| "checkov".to_owned());
    let can_scan = checkov::is_there(&program);
    let before = work.join("before.json");
    match &asked.result {
        Some(given) => unpacked(given, &before)?,
        None if can_scan => checkov::run(&program, &copy, &before)?,
        None => bail!("there is no `{program}`; give a result with --result FILE"),
    }
    let answers = fixed(&quell, &before, (&copy, asked.config.as_deref()), &work.join("data"))?;
    let after = match can_scan {
        true => {
            let after = work.join("after.json");
            checkov::run(&program, &copy, &after)?;
            Some(Scan::read(&after)?)
        }
        false => None,
    };
    let tally = Tally::new(&Scan::read(&before)?, &answers, after.as_ref());
    say(&tally.text(asked.lines));
    if let Some(path) = &asked.json {
        fs::write(path, serde_json::to_vec_pretty(&tally.json())?)?;
    }
    Ok(())
}

/// The program under test.
fn quell(asked: &Asked) -> Result<PathBuf> {
    if let Some(program) = &asked.quell {
        return Ok(program.clone());
    }
    let mut build = cargo();
    build.args(["build", "--quiet", "--bin", "quell"]);
    if asked.release {
        build.arg("--release");
    }
    run_step(&mut build)?;
    let profile = if asked.release { "release" } else { "debug" };
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(profile);
    Ok(target.join("quell"))
}

/// Triages the result and writes all fixes; what became of each finding.
fn fixed(
    quell: &Path,
    result: &Path,
    (copy, config): (&Path, Option<&Path>),
    data: &Path,
) -> Result<Answers> {
    if data.exists() {
        fs::remove_dir_all(data)?;
    }
    let run = |arguments: &[&Path], more: &[&str]| -> Result<Value> {
        let output = Command::new(quell)
            .args(arguments)
            .args(more)
            .env("QUELL_DATA", data)
            .output()
            .with_context(|| format!("`{}` could not be started", quell.display()))?;
        if output.stdout.is_empty() {
            bail!("quell failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    let report = run(&[Path::new("triage"), result], &["--json", "--quiet", "--all"])?;
    let mut repo = vec![Path::new("fix"), Path::new("--repo"), copy];
    if let Some(config) = config {
        repo.extend([Path::new("--config"), config]);
    }
    let fixes = run(&repo, &["--json", "--write", "--allow-dirty"])?;
    Ok(Answers::read(&report, &fixes))
}

/// A result as plain JSON.
fn unpacked(given: &Path, to: &Path) -> Result<()> {
    let is_packed = given.extension().is_some_and(|e| e == "gz");
    if !is_packed {
        fs::copy(given, to).with_context(|| format!("cannot read `{}`", given.display()))?;
        return Ok(());
    }
    let output = Command::new("gzip").arg("-dc").arg(given).output()?;
    if !output.status.success() {
        bail!("`{}` cannot be unpacked", given.display());
    }
    fs::write(to, output.stdout)?;
    Ok(())
}

/// Copies a folder, without what git keeps and without links.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let entries =
        fs::read_dir(from).with_context(|| format!("cannot read `{}`", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if kind.is_dir() && entry.file_name() != ".git" {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
