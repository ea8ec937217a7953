//! The audit log of a server: listed, shown and proved by it.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_client::AuditText;

use super::{Arguments, Beside, Command, write_list, write_proof, write_record};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::remote::{Misused, Remote};

/// Records of a page.
const PAGE: usize = 500;

/// Asks a server where one is named; `None` where the data directory is to be read.
pub(super) fn run(
    arguments: &Arguments,
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Option<Exit>> {
    match &arguments.command {
        Command::List { .. } | Command::Show { .. } | Command::Prove { .. } => {}
        Command::Verify(_) | Command::Key(_) | Command::Erase { .. } => {
            if arguments.server.is_named() {
                let said = "that is done where the log is: on the server\u{2019}s data directory";
                return Err(Misused(said.to_owned()).into());
            }
            return Ok(None);
        }
    }
    let Some(remote) = arguments.server.connect(named, environment)? else { return Ok(None) };
    let mut out = BufWriter::new(io::stdout().lock());
    let exit = answer(&remote, &arguments.command, (arguments.json, &mut out))?;
    out.flush()?;
    Ok(Some(exit))
}

fn answer(remote: &Remote, command: &Command, (json, out): (bool, &mut dyn Write)) -> Result<Exit> {
    let server = &remote.connection;
    match command {
        Command::List { action, actor, limit } => {
            list(remote, (action.as_deref(), actor.as_deref()), *limit, (json, out))
        }
        Command::Show { index } => {
            let found = remote.ask(server.audit_record(*index))?;
            let text = |one: AuditText| Beside {
                field: one.field,
                subject: one.subject,
                value: one.value,
            };
            let beside: Vec<Beside> = found.beside.into_iter().map(text).collect();
            write_record((*index, &found.leaf_hash), &found.record, &beside, (json, out))
        }
        Command::Prove { index, out: proof, record } => {
            let found = remote.ask(server.audit_proof(*index))?;
            let leaf = STANDARD.decode(&found.leaf).context("the record is no Base64")?;
            let files = (proof.as_deref(), record.as_deref());
            write_proof((*index, &found), &leaf, files, (json, out))
        }
        Command::Verify(_) | Command::Key(_) | Command::Erase { .. } => Ok(Exit::Usage),
    }
}

fn list(
    remote: &Remote,
    wanted: (Option<&str>, Option<&str>),
    limit: usize,
    (json, out): (bool, &mut dyn Write),
) -> Result<Exit> {
    let (mut found, mut cursor) = (Vec::new(), None);
    while found.len() < limit {
        let page = (limit - found.len()).min(PAGE);
        let asked = remote.connection.audit_list(wanted, page, cursor.as_deref());
        let page = remote.ask(asked)?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    write_list(&found, (json, out))
}
