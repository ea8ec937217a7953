//! `quell token`: tokens of a server, whether it runs or not.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use quell_audit::{Action, Leaf};
use quell_model::{Clock, TenantId};
use quell_server::audit::local::Said;
use quell_server::{Role, Scope, TokenPlan, make_token};
use quell_store::{ServerStore, TokenRow};
use serde_json::json;

use crate::audited::{noted_of, noted_told};
use crate::console::{say, write_json};
use crate::environment::SystemClock;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell token create --role importer --name ci --days 90
  quell token create --role analyst --limit account=111122223333 --limit team=shop
  quell token list
  quell token revoke 4v8k2m9x0qtr";

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
        Command::Create { role, limits, name, tenant, days, json } => {
            let role = Role::from_word(role).context("there is no such role")?;
            let hours = days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
            let plan = TokenPlan {
                tenant: parse(tenant)?,
                role,
                scope: Scope::parse(limits.iter().map(String::as_str))?,
                name: name.clone(),
                expires_at: hours.map(|hours| SystemClock.now().checked_add(hours)).transpose()?,
            };
            create(data, &plan, *json)
        }
        Command::List { tenant, json } => list(data, &parse(tenant)?, *json),
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
    let rows = ServerStore::open(data)?.token_list(tenant)?;
    let mut out = io::stdout().lock();
    if json {
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({"id": row.id, "role": row.role, "limits": limits(row), "name": row.name, "made_at": row.made_at,
                    "expires_at": row.expires_at, "used_at": row.used_at, "revoked_at": row.revoked_at})
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
