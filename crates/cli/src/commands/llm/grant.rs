//! `quell llm grant`: what may leave for models as it stands.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_model::{Clock, TenantId, shown};
use quell_server::audit::local::Said;
use quell_server::{
    LlmGrant, LlmGrantError, LlmGrantKind, LlmGrantPlan, llm_grant_add, llm_grant_list,
    llm_grant_remove,
};
use quell_store::ServerStore;
use serde::{Deserialize, Serialize};

use super::cell;
use crate::audited::noted_told;
use crate::commands::jobs::tenant;
use crate::console::write_json;
use crate::environment::{Environment, SystemClock, local_user};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

/// Where grants stand, and what is done about them.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    #[command(subcommand)]
    command: Command,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let something leave as it stands, for at most 90 days
    Add {
        /// What; may be said again
        #[arg(long, value_name = "WHAT", required = true, value_parser = LlmGrantKind::WORDS)]
        what: Vec<String>,
        /// For which task [default: for every one]
        #[arg(long, value_name = "TASK")]
        task: Option<String>,
        /// When it ends: the last day in UTC, or a moment
        #[arg(long, value_name = "WHEN")]
        until: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List grants, the newest first
    List {
        /// Also those that hold no longer
        #[arg(long)]
        all: bool,
    },
    /// Take a grant back
    Remove {
        /// Its number
        id: i64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Page {
    items: Vec<LlmGrant>,
}

/// Does it.
pub(super) fn run(
    wanted: &Wanted,
    (data, named): (&Path, Option<&Path>),
    (environment, json): (&Environment, bool),
) -> Result<Exit> {
    let remote = wanted.server.connect(named, environment)?;
    let place = match &remote {
        Some(remote) => Place::Server(remote),
        None => Place::Directory(data, tenant(&wanted.tenant)?),
    };
    let mut out = io::stdout().lock();
    match &wanted.command {
        Command::Add { what, task, until, reason } => {
            let what = what.iter().filter_map(|word| LlmGrantKind::from_word(word)).collect();
            let (task, reason, until) = (task.clone(), reason.clone(), until.clone());
            let made = place.add(&LlmGrantPlan { what, task, reason, until })?;
            if json {
                write_json(&mut out, &made)?;
            } else {
                write_one(&made, &mut out)?;
            }
        }
        Command::List { all } => {
            let mut items = place.list()?;
            items.retain(|one| *all || one.holds);
            if json {
                write_json(&mut out, &Page { items })?;
            } else {
                for one in &items {
                    write_one(one, &mut out)?;
                }
                match items.len() {
                    0 => writeln!(out, "no grants: all is masked")?,
                    1 => writeln!(out, "1 grant")?,
                    count => writeln!(out, "{count} grants")?,
                }
            }
        }
        Command::Remove { id } => {
            let taken = place.remove(*id)?;
            if json {
                write_json(&mut out, &taken)?;
            } else {
                writeln!(out, "grant {id} is taken back")?;
            }
        }
    }
    Ok(Exit::Clean)
}

/// Where grants stand.
enum Place<'a> {
    Server(&'a Remote),
    Directory(&'a Path, TenantId),
}

impl Place<'_> {
    fn add(&self, plan: &LlmGrantPlan) -> Result<LlmGrant> {
        let (data, tenant) = match self {
            Self::Server(remote) => return remote.ask(remote.connection.llm_grant_add(plan)),
            Self::Directory(data, tenant) => (*data, tenant),
        };
        let words: Vec<&str> = plan.what.iter().map(|kind| kind.as_str()).collect();
        let about = |leaf: Leaf| {
            let leaf = leaf.word("what", &words.join("+")).word("until", &plan.until);
            let leaf = plan.task.iter().fold(leaf, |leaf, task| leaf.word("task", task));
            leaf.rationale(&plan.reason)
        };
        noted_told(data, tenant, Action::GrantCreate, about, || {
            let mut store = ServerStore::open(data)?;
            let made = llm_grant_add(&mut store, tenant, (plan, &by()), SystemClock.now());
            let made = made.map_err(misused)?;
            let id = made.id.to_string();
            Ok((made, Box::new(move |leaf: Leaf| leaf.object("grant", &id)) as Said))
        })
    }

    fn list(&self) -> Result<Vec<LlmGrant>> {
        match self {
            Self::Server(remote) => {
                let page: Page = remote.ask(remote.connection.llm_grants())?;
                Ok(page.items)
            }
            Self::Directory(data, tenant) => {
                Ok(llm_grant_list(&ServerStore::open(data)?, tenant, SystemClock.now())?)
            }
        }
    }

    fn remove(&self, id: i64) -> Result<LlmGrant> {
        let (data, tenant) = match self {
            Self::Server(remote) => return remote.ask(remote.connection.llm_grant_remove(id)),
            Self::Directory(data, tenant) => (*data, tenant),
        };
        let about = |leaf: Leaf| leaf.object("grant", &id.to_string());
        noted_told(data, tenant, Action::GrantRevoke, about, || {
            let mut store = ServerStore::open(data)?;
            let taken = llm_grant_remove(&mut store, tenant, (id, &by()), SystemClock.now());
            Ok((taken.map_err(misused)?, Box::new(|leaf: Leaf| leaf) as Said))
        })
    }
}

/// Who does it on the data directory.
fn by() -> String {
    local_user().name.unwrap_or_else(|| "local user".to_owned())
}

/// What was asked for is wrong, unless the database is.
fn misused(error: LlmGrantError) -> anyhow::Error {
    match error {
        LlmGrantError::Said(_)
        | LlmGrantError::Refused(_)
        | LlmGrantError::NoTask(..)
        | LlmGrantError::NotFound(_) => Misused(error.to_string()).into(),
        LlmGrantError::Store(error) => error.into(),
    }
}

fn write_one(one: &LlmGrant, out: &mut impl Write) -> io::Result<()> {
    let words: Vec<&str> = one.what.iter().map(|kind| kind.as_str()).collect();
    let task = one.task.as_deref().unwrap_or("every task");
    let id = one.id;
    writeln!(out, "grant {id}: {} for {}", words.join(", "), cell(task, 30))?;
    let minute = |at: quell_model::Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
    let by = cell(&one.made_by, 30);
    writeln!(out, "    until {} UTC, by {by}", minute(one.until))?;
    if let Some(at) = one.removed_at {
        let by = cell(one.removed_by.as_deref().unwrap_or("a restore"), 24);
        writeln!(out, "    taken back {} UTC, by {by}", minute(at))?;
    } else if !one.holds {
        writeln!(out, "    it has ended")?;
    }
    quell_report::wrapped(&shown(&one.reason, false), "    ", out)
}
