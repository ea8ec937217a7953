//! `quell token`: tokens of a server, whether it runs or not.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use quell_audit::{Action, Leaf, Reader};
use quell_model::{Clock, TenantId};
use quell_server::audit::local::{Said, folder};
use quell_server::{Role, Scope, TokenPlan, make_token};
use quell_store::{ServerStore, TokenRow};
use serde_json::{Value, json};

use crate::audited::{noted_of, noted_told};
use crate::console::{say, write_json};
use crate::environment::SystemClock;
use crate::exit::Exit;
use crate::remote::Misused;

/// Records that are read at once.
const AT_ONCE: usize = 4096;

const EXAMPLES: &str = "\
Examples:
  quell token create --role importer --name ci --days 90
  quell token create --role analyst --limit account=111122223333 --limit team=shop
  quell token create --role engineer --name scripts --person ana
  quell token list
  quell token revoke 4v8k2m9x0qtr
  quell token confirm --all                 after `quell restore`";

/// Make, list and take back tokens of a server; it may run or not.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token; it is printed once
    Create {
        /// What it may do
        #[arg(long, value_name = "ROLE", value_parser = roles())]
        role: String,
        /// What it is limited to: account=…, environment=…, team=… or tag=key=value; may be said more than once
        #[arg(long = "limit", value_name = "LIMIT")]
        limits: Vec<String>,
        /// What people call it
        #[arg(long, value_name = "TEXT", default_value = "token")]
        name: String,
        /// Whose it is, by the name that they sign in with: what it asks for, they ask for, so that they cannot agree to it in a browser. It opens nothing once they may not come in
        #[arg(long, value_name = "NAME")]
        person: Option<String>,
        /// Whose data it opens
        #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
        tenant: String,
        /// How many days it counts [default: for ever]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List tokens, without their secrets
    List {
        /// Whose
        #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
        tenant: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have tokens count again that a restore took back
    ///
    /// Which tokens were taken back behind a backup is not in it, so `quell restore` takes all
    /// of them back. One that the audit log says was taken back stays so.
    Confirm {
        /// The tokens' ids; `quell token list` names those that wait
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
        /// All that wait, but those that the audit log says were taken back
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// Whose
        #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
        tenant: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a token back, for good
    Revoke {
        /// The token's id: its second part
        id: String,
        /// Whose
        #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
        tenant: String,
    },
}

fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.as_str()).collect()
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path) -> Result<Exit> {
    match &arguments.command {
        Command::Create { role, limits, name, person, tenant, days, json } => {
            let role = Role::from_word(role).context("there is no such role")?;
            let hours = days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
            let plan = TokenPlan {
                tenant: parse(tenant)?,
                role,
                scope: Scope::parse(limits.iter().map(String::as_str))?,
                name: name.clone(),
                person: person.clone(),
                expires_at: hours.map(|hours| SystemClock.now().checked_add(hours)).transpose()?,
            };
            create(data, &plan, *json)
        }
        Command::List { tenant, json } => list(data, &parse(tenant)?, *json),
        Command::Confirm { ids, all: _, tenant, json } => {
            confirm(data, &parse(tenant)?, ids, *json)
        }
        Command::Revoke { id, tenant } => {
            let tenant = parse(tenant)?;
            let about = |leaf: Leaf| leaf.object("token", id);
            noted_of(data, &tenant, Action::TokenRevoke, about, || {
                if !ServerStore::open(data)?.token_revoke(&tenant, id, SystemClock.now())? {
                    bail!("there is no token `{id}`; `quell token list` names them");
                }
                Ok(())
            })?;
            say("the token opens nothing any more");
            Ok(Exit::Clean)
        }
    }
}

/// Has tokens count again; all that wait where none is named.
fn confirm(data: &Path, tenant: &TenantId, ids: &[String], json: bool) -> Result<Exit> {
    let waiting = ServerStore::open(data)?.token_unconfirmed(tenant)?;
    let chosen = if ids.is_empty() { &waiting } else { ids };
    if let Some(id) = chosen.iter().find(|id| !waiting.contains(id)) {
        let said = format!("no restore took `{id}` back; `quell token list` names those that wait");
        return Err(Misused(said).into());
    }
    let revoked = revoked(data, tenant)?;
    let (refused, confirmed): (Vec<&String>, Vec<&String>) =
        chosen.iter().partition(|id| revoked.contains_key(*id));
    if !confirmed.is_empty() {
        let about = |leaf: Leaf| leaf.objects("token", &confirmed);
        noted_of(data, tenant, Action::TokenConfirm, about, || {
            let mut store = ServerStore::open(data)?;
            for id in &confirmed {
                store.token_confirm(tenant, id)?;
            }
            Ok(())
        })?;
    }
    let exit = if ids.is_empty() || refused.is_empty() { Exit::Clean } else { Exit::Usage };
    let mut out = io::stdout().lock();
    if json {
        write_json(&mut out, &json!({"confirmed": confirmed, "taken_back": refused}))?;
        return Ok(exit);
    }
    for id in confirmed {
        writeln!(out, "{id}  counts again")?;
    }
    for id in refused {
        let record = revoked.get(id).copied().unwrap_or_default();
        writeln!(out, "{id}  stays taken back: record {record} of the audit log")?;
    }
    if chosen.is_empty() {
        writeln!(out, "no token waits to be confirmed")?;
    }
    Ok(exit)
}

/// The tokens that the audit log says were taken back, each with the record that says so. One
/// that was begun and of which nothing more is known counts; one that failed does not.
fn revoked(data: &Path, tenant: &TenantId) -> Result<BTreeMap<String, u64>> {
    let log = folder(data, tenant);
    if !log.join("checkpoint").exists() {
        return Ok(BTreeMap::new());
    }
    let mut reader = Reader::open(&log)?;
    let (mut begun, mut from) = (BTreeMap::new(), 0);
    while from < reader.size() {
        let leaves = reader.leaves(from, AT_ONCE)?;
        from += u64::try_from(leaves.len())?;
        for (index, leaf) in leaves {
            let record: Value = serde_json::from_slice(&leaf).context("a record is no JSON")?;
            let text = |path: &str| record.pointer(path).and_then(Value::as_str);
            if text("/action") != Some(Action::TokenRevoke.as_str()) {
                continue;
            }
            let failed = text("/outcome").is_some_and(|outcome| outcome != "done");
            match record.get("of").and_then(Value::as_u64) {
                Some(of) if failed => drop(begun.remove(&of)),
                Some(_) => {}
                None => drop(begun.insert(index, text("/objects/token/0").map(str::to_owned))),
            }
        }
    }
    Ok(begun.into_iter().filter_map(|(index, id)| Some((id?, index))).collect())
}

fn parse(tenant: &str) -> Result<TenantId> {
    tenant.parse().with_context(|| format!("`{tenant}` is no tenant"))
}

/// What a token is limited to.
fn limits(row: &TokenRow) -> Scope {
    let scope = row.scope.as_deref().and_then(|scope| serde_json::from_str(scope).ok());
    scope.unwrap_or_default()
}

fn create(data: &Path, plan: &TokenPlan, json: bool) -> Result<Exit> {
    let about = |leaf: Leaf| leaf.word("role", plan.role.as_str()).beside("name", &plan.name);
    let make = || {
        let made = make_token(data, plan, &SystemClock)?;
        let id = made.id.clone();
        Ok((made, Box::new(move |leaf: Leaf| leaf.object("token", &id)) as Said))
    };
    let made = noted_told(data, &plan.tenant, Action::TokenCreate, about, make)?;
    let mut out = io::stdout().lock();
    if json {
        let shown = json!({"id": made.id, "token": made.text, "role": plan.role.as_str(),
            "tenant": plan.tenant, "limits": plan.scope, "expires_at": plan.expires_at});
        write_json(&mut out, &shown)?;
    } else {
        say("the token, told this once:");
        writeln!(out, "{}", made.text)?;
    }
    Ok(Exit::Clean)
}

fn list(data: &Path, tenant: &TenantId, json: bool) -> Result<Exit> {
    let store = ServerStore::open(data)?;
    let (rows, waiting) = (store.token_list(tenant)?, store.token_unconfirmed(tenant)?);
    let mut out = io::stdout().lock();
    if json {
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({"id": row.id, "role": row.role, "limits": limits(row), "name": row.name, "person": row.person, "made_at": row.made_at,
                    "expires_at": row.expires_at, "used_at": row.used_at, "revoked_at": row.revoked_at,
                    "unconfirmed": waiting.contains(&row.id)})
            })
            .collect();
        write_json(&mut out, &shown)?;
        return Ok(Exit::Clean);
    }
    let day = |at: Option<Timestamp>, none: &str| {
        at.map_or_else(|| none.to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    for row in &rows {
        let state = match (row.revoked_at, row.expires_at) {
            (Some(_), _) if waiting.contains(&row.id) => "to be confirmed".to_owned(),
            (Some(at), _) => format!("taken back {}", day(Some(at), "")),
            (None, end) => format!("until {}", day(end, "for ever")),
        };
        writeln!(out, "{}  {:<9} {:<22} {}", row.id, row.role, state, row.name)?;
        writeln!(out, "{:12}  last used {}", "", day(row.used_at, "never"))?;
        if row.scope.is_some() {
            writeln!(out, "{:12}  limited to {}", "", limits(row).words().join(", "))?;
        }
    }
    if rows.is_empty() {
        writeln!(out, "no tokens; `quell token create --role viewer` makes one")?;
    }
    Ok(Exit::Clean)
}
