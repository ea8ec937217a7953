//! `quell audit`: the log of what was changed, and whether anybody changed the log.

mod remote;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use quell_audit::{Action, Kept, Reader};
use quell_audit_verify::{Compared, Directory, Fault, Key, Options, Report, check_proof, verify};
use quell_client::AuditProof;
use quell_model::{TenantId, Untrusted};
use quell_report::cell;
use quell_server::audit::local::folder;
use serde::Serialize;
use serde_json::{Value, json};

use super::jobs::tenant;
use crate::audited::at_log;
use crate::console::{say, write_json};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::remote::{Misused, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell audit list --action issue.mark
  quell audit show 41
  quell audit prove 41 --out 41.tlog-proof --record 41.json
  quell audit verify --against /mnt/other/quell.checkpoint
  quell audit verify --proof 41.tlog-proof --record 41.json --key key.pub
  quell audit key rotate
  quell audit list --server https://quell.example --token-file token

All of it reads the data directory, whether a server runs there or not. A server
lists, shows and proves; what it proves is checked with `verify --proof`.
Exit codes: 0 done and sound, 1 the log or the proof is not sound, 2 usage,
3 it could not be read.";

/// The audit log: look at it, prove a record, check all of it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Whose log
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List records, newest first
    List {
        /// Only of this action
        #[arg(long, value_name = "ACTION", value_parser = actions())]
        action: Option<String>,
        /// Only by the actor of this id
        #[arg(long, value_name = "ID")]
        actor: Option<String>,
        /// List at most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Show a record, and the texts beside it
    Show {
        /// Its number
        index: u64,
    },
    /// Prove that a record is in the log
    Prove {
        /// Its number
        index: u64,
        /// Write the proof there instead of printing it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write the record's exact bytes there
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    /// Check every record, or one proof
    Verify(VerifyArguments),
    /// The key that signs
    #[command(subcommand)]
    Key(KeyCommand),
    /// Erase the texts beside the records of somebody; every proof stays as it is
    Erase {
        /// Whose, as `quell audit show` names them: token:4v8k2m9x0qtr
        subject: String,
    },
}

/// What is checked, and against what.
#[derive(Debug, Args)]
struct VerifyArguments {
    /// The folder of a log [default: the one of the data directory]
    folder: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere; may be given several times
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// The log's first public key, or a file with it [default: the one beside the log]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Check this proof, and nothing else
    #[arg(long, value_name = "FILE", requires = "record", conflicts_with_all = ["folder", "against"])]
    proof: Option<PathBuf>,
    /// The record of the proof
    #[arg(long, value_name = "FILE", requires = "proof")]
    record: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Show the public keys, the one that signs now last
    Show,
    /// Have another key sign from now on, and say so in the log
    Rotate,
    /// Put a log aside that cannot go on, and begin a new one that names it
    Renew {
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

fn actions() -> Vec<&'static str> {
    Action::ALL.iter().map(|action| action.as_str()).collect()
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    if let Some(exit) = remote::run(arguments, named, environment)? {
        return Ok(exit);
    }
    let tenant = tenant(&arguments.tenant)?;
    let log = folder(data, &tenant);
    let mut out = BufWriter::new(io::stdout().lock());
    let json = arguments.json;
    let exit = match &arguments.command {
        Command::List { action, actor, limit } => {
            let wanted = (action.as_deref(), actor.as_deref());
            list(&mut Reader::open(&log)?, wanted, *limit, (json, &mut out))?
        }
        Command::Show { index } => show(&mut Reader::open(&log)?, *index, (json, &mut out))?,
        Command::Prove { index, out: proof, record } => {
            let files = (proof.as_deref(), record.as_deref());
            prove(&mut Reader::open(&log)?, *index, files, (json, &mut out))?
        }
        Command::Verify(asked) => match (&asked.proof, &asked.record) {
            (Some(proof), Some(record)) => {
                verify_proof((proof, record), asked.key.as_deref(), &log)?
            }
            (Some(_), None) | (None, Some(_) | None) => check(asked, &log, (json, &mut out))?,
        },
        Command::Key(command) => key(command, (data, &tenant), (json, &mut out))?,
        Command::Erase { subject } => {
            let count = at_log(data, &tenant, |desk| desk.erase(subject))?;
            say(&format!("{count} texts are erased; backups and copies may still hold them"));
            Exit::Clean
        }
    };
    out.flush()?;
    Ok(exit)
}

fn list(
    reader: &mut Reader,
    (action, actor): (Option<&str>, Option<&str>),
    limit: usize,
    (json, out): (bool, &mut dyn Write),
) -> Result<Exit> {
    let (mut found, mut end) = (Vec::new(), reader.size());
    while end > 0 && found.len() < limit {
        let from = (end - 1) / 256 * 256;
        let leaves = reader.leaves(from, usize::try_from(end - from)?)?;
        for (_, leaf) in leaves.into_iter().rev() {
            let value: Value = serde_json::from_slice(&leaf).context("a record is no JSON")?;
            let same = |wanted: Option<&str>, path: &str| {
                wanted.is_none_or(|word| text(&value, path) == word)
            };
            if same(action, "/action") && same(actor, "/actor/id") && found.len() < limit {
                found.push(value);
            }
        }
        end = from;
    }
    write_list(&found, (json, out))
}

fn write_list(found: &[Value], (json, out): (bool, &mut dyn Write)) -> Result<Exit> {
    if json {
        write_json(out, &found)?;
        return Ok(Exit::Clean);
    }
    for value in found {
        line(value, out)?;
    }
    Ok(Exit::Clean)
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A record as one line.
fn line(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let plain = |text: &str, most| cell(&Untrusted::from(text), most);
    let number = value.get("index").and_then(Value::as_u64).unwrap_or_default();
    let state = match text(value, "/outcome") {
        "" => text(value, "/stage"),
        outcome => outcome,
    };
    let objects = value.get("objects").and_then(Value::as_object);
    let object = objects.into_iter().flatten().next().map(|(kind, ids)| {
        let first = ids.get(0).or_else(|| ids.get("first")?.get(0)).and_then(Value::as_str);
        format!("{kind} {}", first.unwrap_or_default())
    });
    let time = text(value, "/time").get(..19).unwrap_or_default();
    let who = format!("{} {}", text(value, "/actor/kind"), text(value, "/actor/id"));
    writeln!(
        out,
        "{number:>7}  {}  {:<16} {:<8} {:<19} {}",
        plain(time, 19),
        plain(text(value, "/action"), 16),
        plain(state, 8),
        plain(&who, 19),
        plain(&object.unwrap_or_default(), 34),
    )
}

fn show(reader: &mut Reader, index: u64, (json, out): (bool, &mut dyn Write)) -> Result<Exit> {
    let leaf = reader.leaf(index)?;
    let record: Value = serde_json::from_slice(&leaf).context("the record is no JSON")?;
    let beside = reader.personal(&record)?.into_iter();
    let text = |one: Kept| Beside { field: one.field, subject: one.subject, value: one.value };
    let hash = quell_audit::hex(&quell_audit::leaf_hash(&leaf));
    write_record((index, &hash), &record, &beside.map(text).collect::<Vec<_>>(), (json, out))
}

/// A text beside the log.
#[derive(Debug, Serialize)]
struct Beside {
    field: String,
    subject: String,
    value: String,
}

fn write_record(
    (index, hash): (u64, &str),
    record: &Value,
    beside: &[Beside],
    (json, out): (bool, &mut dyn Write),
) -> Result<Exit> {
    if json {
        let shown = json!({"index": index, "leaf_hash": hash, "record": record, "beside": beside});
        write_json(out, &shown)?;
        return Ok(Exit::Clean);
    }
    write_json(out, record)?;
    writeln!(out, "leaf hash  {hash}")?;
    for one in beside {
        let value = cell(&Untrusted::from(one.value.as_str()), 60);
        writeln!(out, "{:<10} {value}  (beside the log, of {})", one.field, one.subject)?;
    }
    let erased = record.get("personal").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    if erased > beside.len() {
        writeln!(out, "{} texts beside the log are erased", erased - beside.len())?;
    }
    Ok(Exit::Clean)
}

fn prove(
    reader: &mut Reader,
    index: u64,
    (file, record): (Option<&Path>, Option<&Path>),
    (json, out): (bool, &mut dyn Write),
) -> Result<Exit> {
    let found = reader.inclusion(index)?;
    let proof = AuditProof {
        size: found.checkpoint.size,
        leaf: STANDARD.encode(&found.leaf),
        path: found.path.iter().map(|hash| STANDARD.encode(hash)).collect(),
        proof: found.text(),
    };
    write_proof((index, &proof), &found.leaf, (file, record), (json, out))
}

fn write_proof(
    (index, found): (u64, &AuditProof),
    leaf: &[u8],
    (file, record): (Option<&Path>, Option<&Path>),
    (json, out): (bool, &mut dyn Write),
) -> Result<Exit> {
    let write = |path: &Path, bytes: &[u8]| {
        fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
    };
    if let Some(path) = record {
        write(path, leaf)?;
    }
    let AuditProof { size, leaf, path, proof } = found;
    match file {
        Some(file) => write(file, proof.as_bytes())?,
        None if json => {
            let shown = json!({"index": index, "size": size, "path": path, "leaf": leaf,
                "proof": proof});
            write_json(out, &shown)?;
        }
        None => out.write_all(proof.as_bytes())?,
    }
    Ok(Exit::Clean)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Keys as the user names them, or those beside the log.
fn keys(given: Option<&str>, log: &Path) -> Result<Vec<Key>> {
    let text = match given {
        Some(text) if Key::parse(text).is_some() => text.to_owned(),
        Some(path) => read(Path::new(path))?,
        None => read(&log.join("key.pub"))?,
    };
    let keys: Option<Vec<Key>> = text.lines().map(Key::parse).collect();
    match keys.filter(|keys| !keys.is_empty()) {
        Some(keys) => Ok(keys),
        None => {
            bail!(Misused("`--key` is no public key of a log, and no file with one".to_owned()))
        }
    }
}

fn verify_proof((proof, record): (&Path, &Path), key: Option<&str>, log: &Path) -> Result<Exit> {
    let keys = keys(key, log)?;
    let bytes = fs::read(record).with_context(|| format!("cannot read `{}`", record.display()))?;
    match check_proof(&read(proof)?, &bytes, &keys) {
        Ok(proved) => {
            let (index, head) = (proved.index, proved.head);
            say(&format!(
                "record {index} is in `{}`, which had {} records",
                head.origin, head.size
            ));
            Ok(Exit::Clean)
        }
        Err(why) => {
            say(&format!("not proved: {why}"));
            Ok(Exit::Gate)
        }
    }
}

fn check(asked: &VerifyArguments, log: &Path, (json, out): (bool, &mut dyn Write)) -> Result<Exit> {
    let log = asked.folder.as_deref().unwrap_or(log);
    let against = asked.against.iter().map(|path| read(path)).collect::<Result<_>>()?;
    let key = match &asked.key {
        Some(given) => keys(Some(given), log)?.into_iter().next(),
        None => None,
    };
    let options = Options { key, against, beside: true };
    let head = || fs::read(log.join("checkpoint")).ok();
    if head().is_none() {
        bail!("there is no audit log at `{}`", log.display());
    }
    // A log that is written to meanwhile is looked at again.
    let mut report = Report::default();
    for _ in 0..3 {
        let before = head();
        report = verify(&Directory(log.to_owned()), &options);
        if report.is_sound() || before == head() {
            break;
        }
    }
    if json {
        write_json(out, &told(&report))?;
    } else {
        write(&report, asked, out)?;
    }
    Ok(if report.is_sound() { Exit::Clean } else { Exit::Gate })
}

fn told(report: &Report) -> Value {
    let fault = |fault: &Fault| json!({"index": fault.index, "what": fault.what});
    let against = |one: &Compared| match one {
        Compared::Grown { size } => json!({"size": size, "state": "grown"}),
        Compared::Shorter { size } => json!({"size": size, "state": "shorter"}),
        Compared::Fork { kept, found } => json!({"state": "fork", "kept": kept, "found": found}),
        Compared::Foreign { why } => json!({"state": "foreign", "why": why}),
    };
    json!({
        "sound": report.is_sound(),
        "origin": report.origin,
        "size": report.size,
        "unsigned": report.unsigned,
        "first_bad": report.first_bad(),
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "against": report.against.iter().map(against).collect::<Vec<_>>(),
        "keys": report.keys.iter().map(|(from, key)| json!({"from": from, "key": key})).collect::<Vec<_>>(),
    })
}

fn write(report: &Report, asked: &VerifyArguments, out: &mut dyn Write) -> io::Result<()> {
    let sound = if report.is_sound() { "sound" } else { "NOT SOUND" };
    writeln!(out, "{sound}: {} signed records of `{}`", report.size, report.origin)?;
    if report.unsigned > 0 {
        writeln!(out, "{} more are not signed yet", report.unsigned)?;
    }
    if let Some(index) = report.first_bad() {
        writeln!(out, "the first bad record is {index}")?;
    }
    for fault in &report.faults {
        writeln!(out, "  {}", fault.what)?;
    }
    for (path, one) in asked.against.iter().zip(&report.against) {
        let name = path.display();
        match one {
            Compared::Grown { size } => writeln!(out, "`{name}`: the log grew from its {size}")?,
            Compared::Shorter { size } => {
                writeln!(out, "`{name}`: it has {size} records, and the log has fewer")?;
            }
            Compared::Fork { kept, found } => {
                writeln!(
                    out,
                    "`{name}`: both are signed by the log's key and contradict each other;"
                )?;
                writeln!(out, "keep both, they prove it:\n\n{kept}\n{found}")?;
            }
            Compared::Foreign { why } => {
                writeln!(out, "`{name}`: it says nothing of this log: {why}")?
            }
        }
    }
    if asked.key.is_none() {
        writeln!(
            out,
            "the key was the one beside the log; give `--key` from a copy kept elsewhere"
        )?;
    }
    Ok(())
}

fn key(
    command: &KeyCommand,
    (data, tenant): (&Path, &TenantId),
    (json, out): (bool, &mut dyn Write),
) -> Result<Exit> {
    match command {
        KeyCommand::Show => {
            let keys = quell_audit::public_keys(&folder(data, tenant))?;
            let texts: Vec<String> = keys.iter().map(quell_audit::PublicKey::text).collect();
            if json {
                write_json(out, &texts)?;
            } else {
                texts.iter().try_for_each(|text| writeln!(out, "{text}"))?;
            }
        }
        KeyCommand::Rotate => {
            let new = at_log(data, tenant, |desk| desk.rotate())?;
            say("another key signs from now on; keep a copy of the public one elsewhere:");
            if let Some(new) = new {
                writeln!(out, "{}", new.text())?;
            }
        }
        KeyCommand::Renew { reason } => {
            let aside = at_log(data, tenant, |desk| desk.renew(reason))?;
            say(&format!("a new log begins; the old one is `{}`", aside.display()));
        }
    }
    Ok(Exit::Clean)
}
