//! `quell doctor`: whether a server could start here, and what to do where it could not.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use quell_config::{Faults, Loaded, SecretKind, SecretRef, weak_secret};
use quell_model::{Clock, TenantId, Timestamp};
use quell_server::audit::local::look;
use quell_store::{DatabaseState, database_state};
use serde_json::json;

use super::config;
use crate::console::write_json;
use crate::environment::{Environment, SystemClock, variables};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell doctor
  quell doctor --data /var/lib/quell --config /etc/quell/quell.toml --json

Exit codes: 0 nothing fails, 1 something does, 3 could not look.";

/// Less free space is a warning.
const FEW_BYTES: u64 = 2 << 30;
/// Less free space is a failure.
const LEAST_BYTES: u64 = 100 << 20;
/// A clock that shows an earlier time, in seconds since 1970, is wrong: 2026-01-01.
const LEAST_TIME: i64 = 1_767_225_600;
/// Bytes of a secret's file that are read.
const MOST_SECRET_BYTES: u64 = 64 << 10;
/// Seconds by which a file may seem newer than now.
const SKEW_SECONDS: i64 = 120;

/// Look whether a server can run here: configuration, data, disk, clock and port.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The configuration [default: $QUELL_CONFIG, or quell.toml in the working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the answer.
#[derive(Debug)]
struct Line {
    check: &'static str,
    verdict: Verdict,
    what: String,
    next: String,
}

fn ok(check: &'static str, what: impl Into<String>) -> Line {
    Line { check, verdict: Verdict::Ok, what: what.into(), next: String::new() }
}

fn warn(check: &'static str, what: impl Into<String>, next: &str) -> Line {
    Line { check, verdict: Verdict::Warn, what: what.into(), next: next.to_owned() }
}

fn fail(check: &'static str, what: impl Into<String>, next: &str) -> Line {
    Line { verdict: Verdict::Fail, ..warn(check, what, next) }
}

/// What the checks look at.
struct Subject {
    config: Result<Loaded, Faults>,
    data: PathBuf,
    databases: Vec<DatabaseState>,
    environment: BTreeMap<String, String>,
    now: Timestamp,
}

/// Every check, in the order in which it is shown.
const CHECKS: &[fn(&Subject) -> Vec<Line>] =
    &[configuration, secrets, directory, databases, audit_log, disk, clock, port];

/// Runs it. The data directory is the one that the command line names.
pub(super) fn run(
    arguments: &Arguments,
    data: Option<&Path>,
    environment: &Environment,
) -> Result<Exit> {
    let flags = data.map(config::data_flag).into_iter().collect::<Vec<_>>();
    let config = config::load(arguments.config.as_deref(), &flags)?;
    let configured = config.as_ref().ok().and_then(|loaded| loaded.config.server.data.clone());
    let data = data.map(Path::to_owned).or(configured).unwrap_or_else(|| environment.data.clone());
    let databases = if data.is_dir() { database_state(&data)? } else { Vec::new() };
    let (environment, now) = (variables(), SystemClock.now());
    let subject = Subject { config, data, databases, environment, now };
    let lines: Vec<Line> = CHECKS.iter().flat_map(|check| check(&subject)).collect();
    print(&lines, arguments.json)?;
    let failed = lines.iter().any(|line| line.verdict == Verdict::Fail);
    Ok(if failed { Exit::Gate } else { Exit::Clean })
}

fn print(lines: &[Line], json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let line = |line: &Line| {
            json!({
                "check": line.check,
                "verdict": line.verdict.as_str(),
                "what": line.what,
                "next": line.next,
            })
        };
        let lines: Vec<_> = lines.iter().map(line).collect();
        write_json(&mut out, &json!({ "checks": lines }))?;
        return Ok(());
    }
    for line in lines {
        writeln!(out, "{:<5} {:<14} {}", line.verdict.as_str(), line.check, line.what)?;
        if !line.next.is_empty() {
            writeln!(out, "{:<20} next: {}", "", line.next)?;
        }
    }
    Ok(())
}

fn configuration(subject: &Subject) -> Vec<Line> {
    const CHECK: &str = "configuration";
    let (faults, warnings) = match &subject.config {
        Ok(loaded) => (&[][..], &loaded.warnings),
        Err(faults) => (&faults.errors[..], &faults.warnings),
    };
    let mut lines: Vec<Line> = faults
        .iter()
        .map(|fault| fail(CHECK, fault.to_string(), "correct it; `quell config check` shows all"))
        .collect();
    lines.extend(warnings.iter().map(|warning| warn(CHECK, warning.to_string(), "")));
    if faults.is_empty() {
        lines.push(ok(CHECK, "it holds"));
    }
    lines
}

fn secrets(subject: &Subject) -> Vec<Line> {
    let Ok(loaded) = &subject.config else { return Vec::new() };
    let all = loaded.config.secrets();
    all.iter().map(|(key, reference)| secret(key, reference, &subject.environment)).collect()
}

/// Whether a reference leads to a secret that can be used. Vaults are asked at the start only.
fn secret(key: &str, reference: &SecretRef, environment: &BTreeMap<String, String>) -> Line {
    const CHECK: &str = "secret";
    let value = match reference.kind() {
        SecretKind::Environment => {
            environment.get(reference.target()).map(|value| value.clone().into_bytes())
        }
        SecretKind::File => read_secret(Path::new(reference.target())).ok(),
        SecretKind::Vault | SecretKind::AwsSecretsManager => {
            return ok(CHECK, format!("{key}: {reference} is asked for at the start"));
        }
    };
    let Some(value) = value else {
        let next = "set the variable, or give this user the right to read the file";
        return fail(CHECK, format!("{key}: {reference} cannot be read"), next);
    };
    if let Some(why) = weak_secret(&value) {
        return fail(CHECK, format!("{key}: {reference} {why}"), "choose another secret");
    }
    let open = reference.kind() == SecretKind::File
        && fs::metadata(reference.target()).is_ok_and(|about| is_open_to_others(&about));
    if open {
        let next = format!("chmod 600 {}", reference.target());
        return warn(CHECK, format!("{key}: {reference} can be read by other users"), &next);
    }
    ok(CHECK, format!("{key}: {reference} can be read"))
}

fn read_secret(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_SECRET_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn directory(subject: &Subject) -> Vec<Line> {
    const CHECK: &str = "data";
    let (data, shown) = (&subject.data, subject.data.display());
    let about = match fs::metadata(data) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return vec![warn(
                CHECK,
                format!("{shown} is not there yet"),
                "the first start makes it",
            )];
        }
        Err(error) => {
            let what = format!("{shown} cannot be read: {error}");
            return vec![fail(CHECK, what, "give this user the rights, or use another `--data`")];
        }
    };
    if !about.is_dir() {
        return vec![fail(CHECK, format!("{shown} is no folder"), "use another `--data`")];
    }
    if data.join("restore.ready").exists() {
        let what = format!("a restore into {shown} was cut off");
        return vec![fail(CHECK, what, "run `quell restore` again: it is ended then")];
    }
    if let Err(error) = try_write(data) {
        let what = format!("{shown} cannot be written: {error}");
        return vec![fail(CHECK, what, "give this user the rights, or free some space")];
    }
    if is_open_to_others(&about) {
        let what = format!("{shown} can be entered by other users");
        return vec![warn(CHECK, what, &format!("chmod 700 {shown}"))];
    }
    vec![ok(CHECK, format!("{shown} can be written"))]
}

fn try_write(data: &Path) -> io::Result<()> {
    let path = data.join(".doctor.tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
    let written = file.write_all(b"quell").and_then(|()| file.sync_all());
    fs::remove_file(&path)?;
    written
}

#[cfg(unix)]
fn is_open_to_others(about: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn databases(subject: &Subject) -> Vec<Line> {
    subject.databases.iter().map(database).collect()
}

fn database(state: &DatabaseState) -> Line {
    const CHECK: &str = "database";
    let path = &state.path;
    let schema = match (&state.schema, state.known) {
        (Err(error), _) => {
            return fail(CHECK, format!("{path}: {error}"), "restore a backup, or move it away");
        }
        (Ok(found), Some(known)) if *found > known => {
            let what = format!("{path} has schema {found}, this quell knows {known}");
            return fail(CHECK, what, "use the newer quell, or restore a backup of before");
        }
        (Ok(found), _) => *found,
    };
    if let Err(error) = &state.sound {
        return fail(
            CHECK,
            format!("{path}: {error}"),
            "restore a backup; `quell restore --force`",
        );
    }
    if let Some(known) = state.known.filter(|known| schema < *known) {
        let what = format!("{path} has schema {schema} of {known}");
        return warn(CHECK, what, "the next start brings it up to date, with a copy before");
    }
    let used = if state.in_use { ", in use by a process" } else { "" };
    ok(CHECK, format!("{path} is sound, schema {schema}, {} bytes{used}", state.bytes))
}

/// Without its audit log a server only reads.
fn audit_log(subject: &Subject) -> Vec<Line> {
    const CHECK: &str = "audit log";
    match look(&subject.data, &TenantId::default()) {
        Ok(None) => Vec::new(),
        Ok(Some(size)) => vec![ok(CHECK, format!("{size} signed records; its key is there"))],
        Err(error) => vec![fail(CHECK, error.to_string(), "quell audit verify; docs/audit.md")],
    }
}

fn disk(subject: &Subject) -> Vec<Line> {
    const CHECK: &str = "disk";
    let place = subject.data.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let Some(free) = free_bytes(place) else { return Vec::new() };
    let what = format!("{} MiB are free for {}", free >> 20, subject.data.display());
    let largest = subject.databases.iter().map(|state| state.bytes).max().unwrap_or(0);
    let next = "free some space: an upgrade copies a database, and so does its log in use";
    vec![match free {
        free if free < LEAST_BYTES => fail(CHECK, what, next),
        free if free < FEW_BYTES.max(largest * 2) => warn(CHECK, what, next),
        _ => ok(CHECK, what),
    }]
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(path).ok()?;
    about.f_bavail.checked_mul(about.f_frsize)
}

#[cfg(not(unix))]
const fn free_bytes(_: &Path) -> Option<u64> {
    None
}

fn clock(subject: &Subject) -> Vec<Line> {
    const CHECK: &str = "clock";
    let (now, next) = (subject.now, "set the clock; findings are told apart by time");
    if now.as_second() < LEAST_TIME {
        return vec![fail(CHECK, format!("it shows {now}"), next)];
    }
    let newest = subject.databases.iter().filter_map(|state| {
        let modified = fs::metadata(subject.data.join(&state.path)).ok()?.modified().ok()?;
        Timestamp::try_from(modified).ok()
    });
    match newest.max() {
        Some(newest) if newest.as_second() > now.as_second() + SKEW_SECONDS => {
            vec![warn(CHECK, format!("it shows {now}, and the data was written at {newest}"), next)]
        }
        Some(_) | None => vec![ok(CHECK, format!("it shows {now}"))],
    }
}

fn port(subject: &Subject) -> Vec<Line> {
    const CHECK: &str = "port";
    let Ok(loaded) = &subject.config else { return Vec::new() };
    let listen: SocketAddr = loaded.config.server.listen;
    let Err(error) = TcpListener::bind(listen) else {
        return vec![ok(CHECK, format!("{listen} is free"))];
    };
    let used = subject.databases.iter().any(|state| state.in_use);
    if error.kind() == ErrorKind::AddrInUse && used {
        return vec![ok(CHECK, format!("{listen} is in use, and so is the data: a server runs"))];
    }
    let next = if error.kind() == ErrorKind::AddrInUse {
        "stop what listens there, or choose another port with `server.listen`"
    } else {
        "choose another address with `server.listen`"
    };
    vec![fail(CHECK, format!("{listen} cannot be used: {error}"), next)]
}
