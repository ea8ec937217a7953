//! `quell user`: people who sign in to a server, and groups, whether it runs or not.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_model::{Clock, TenantId, Timestamp};
use quell_server::{
    PersonChange, PersonPlan, Role, Scope, add_person, change_password, change_person,
};
use quell_store::{GroupRow, ServerStore, UserRow};
use secrecy::SecretString;
use serde_json::json;

use super::jobs::tenant;
use crate::audited::noted_of;
use crate::console::{say, write_json};
use crate::environment::SystemClock;
use crate::exit::Exit;

/// Longest password that is read.
const MOST_BYTES: u64 = 4096;

const EXAMPLES: &str = "\
Examples:
  quell user add ana --role admin < password.txt
  quell user add bo --role analyst --limit account=111122223333 --limit team=shop < p.txt
  quell user list
  quell user set bo --role viewer
  quell user passwd ana < password.txt
  quell user disable bo
  quell user enable --restored              after `quell restore`
  quell user group set sec-team --role analyst --limit environment=production

A password is read from standard input, and is 12 bytes or more. Who signs in
at an identity provider is listed after the first time; groups are named as
the provider names them. docs/access.md says what roles and limits mean.";

/// People who sign in to a server, and the groups that give them roles.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Whose data they see
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
}

/// What somebody is.
#[derive(Debug, Args)]
struct Granted {
    /// What they may do; may be said more than once
    #[arg(long = "role", value_name = "ROLE", value_parser = roles())]
    roles: Vec<String>,
    /// What they are limited to: account=…, environment=…, team=… or tag=key=value; may be said
    /// more than once
    #[arg(long = "limit", value_name = "LIMIT")]
    limits: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a person; their password is read from standard input
    Add {
        /// What they type to sign in
        name: String,
        #[command(flatten)]
        granted: Granted,
        /// A group that they are in; may be said more than once
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// List people
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a person other roles, limits or groups: what is said takes the place of what was
    Set {
        /// What they type to sign in
        name: String,
        #[command(flatten)]
        granted: Granted,
        /// A group that they are in; may be said more than once
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// Limit them to nothing
        #[arg(long, conflicts_with = "limits")]
        no_limits: bool,
    },
    /// Give a person another password, read from standard input; their sessions end
    Passwd {
        /// What they type to sign in
        name: String,
    },
    /// Switch a person off: they cannot sign in, and their sessions end
    Disable {
        /// What they type to sign in
        name: String,
    },
    /// Switch a person on again
    Enable {
        /// What they type to sign in
        #[arg(required_unless_present = "restored")]
        name: Option<String>,
        /// All whom a restore switched off
        #[arg(long, conflicts_with = "name")]
        restored: bool,
    },
    /// Groups, and the roles that they give
    Group {
        #[command(subcommand)]
        command: Group,
    },
}

#[derive(Debug, Subcommand)]
enum Group {
    /// Set what a group gives
    Set {
        /// Its name, as the identity provider has it
        name: String,
        #[command(flatten)]
        granted: Granted,
    },
    /// List groups
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a group; who is in it loses what it gave
    Remove {
        /// Its name
        name: String,
    },
}

fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.as_str()).collect()
}

impl Granted {
    fn roles(&self) -> BTreeSet<Role> {
        self.roles.iter().filter_map(|word| Role::from_word(word)).collect()
    }

    fn scope(&self) -> Result<Scope> {
        Ok(Scope::parse(self.limits.iter().map(String::as_str))?)
    }
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path) -> Result<Exit> {
    let tenant = tenant(&arguments.tenant)?;
    let work = || apply(&arguments.command, data, &tenant);
    let Some((change, name)) = arguments.command.change() else { return work() };
    let about = |leaf: Leaf| leaf.word("change", change).beside("name", name);
    noted_of(data, &tenant, Action::UserChange, about, work)
}

impl Command {
    /// What is changed, as the audit log has it, and whose name it bears.
    fn change(&self) -> Option<(&'static str, &str)> {
        Some(match self {
            Self::List { .. } | Self::Group { command: Group::List { .. } } => return None,
            Self::Add { name, .. } => ("add", name),
            Self::Set { name, .. } => ("set", name),
            Self::Passwd { name } => ("passwd", name),
            Self::Disable { name } => ("disable", name),
            Self::Enable { name, .. } => ("enable", name.as_deref().unwrap_or("restored")),
            Self::Group { command: Group::Set { name, .. } } => ("group-set", name),
            Self::Group { command: Group::Remove { name } } => ("group-remove", name),
        })
    }
}

fn apply(command: &Command, data: &Path, tenant: &TenantId) -> Result<Exit> {
    let change = |name: &str, change: PersonChange| {
        change_person(data, (tenant, name), &change, &SystemClock)
    };
    match command {
        Command::Add { name, granted, groups } => {
            let plan = PersonPlan {
                tenant: tenant.clone(),
                name: name.clone(),
                roles: granted.roles(),
                groups: groups.iter().cloned().collect(),
                scope: granted.scope()?,
            };
            if plan.roles.is_empty() && plan.groups.is_empty() {
                bail!("name a role with `--role`, or a group with `--group`");
            }
            add_person(data, &plan, &password()?, &SystemClock)?;
            say(&format!("`{name}` may sign in"));
        }
        Command::List { json } => list(data, tenant, *json)?,
        Command::Set { name, granted, groups, no_limits } => {
            let scope = (*no_limits || !granted.limits.is_empty()).then(|| granted.scope());
            let change_to = PersonChange {
                roles: (!granted.roles.is_empty()).then(|| granted.roles()),
                groups: (!groups.is_empty()).then(|| groups.iter().cloned().collect()),
                scope: scope.transpose()?,
                enabled: None,
            };
            change(name, change_to)?;
        }
        Command::Passwd { name } => {
            change_password(data, (tenant, name), &password()?, &SystemClock)?;
            say(&format!("`{name}` has another password, and no session"));
        }
        Command::Disable { name } => {
            change(name, PersonChange { enabled: Some(false), ..PersonChange::default() })?;
            say(&format!("`{name}` may not sign in any more"));
        }
        Command::Enable { name, restored: _ } => {
            let names = match name {
                Some(name) => vec![name.clone()],
                None => ServerStore::open(data)?.user_unconfirmed(tenant)?,
            };
            for name in &names {
                change(name, PersonChange { enabled: Some(true), ..PersonChange::default() })?;
                say(&format!("`{}` may sign in", plain(name)));
            }
            if names.is_empty() {
                say("nobody waits to be switched on");
            }
        }
        Command::Group { command } => group(data, tenant, command)?,
    }
    Ok(Exit::Clean)
}

/// The password on standard input: all of it, without the line's end.
fn password() -> Result<SecretString> {
    let input = io::stdin();
    if input.is_terminal() {
        bail!(
            "give the password on standard input, such as `< password.txt`, so that nobody sees it"
        );
    }
    let mut text = String::new();
    input
        .lock()
        .take(MOST_BYTES)
        .read_to_string(&mut text)
        .context("the password cannot be read")?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(SecretString::from(text.to_owned()))
}

fn words(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

fn limits(json: &str) -> Vec<String> {
    serde_json::from_str::<Scope>(json).map(|scope| scope.words()).unwrap_or_default()
}

fn list(data: &Path, tenant: &TenantId, as_json: bool) -> Result<()> {
    let store = ServerStore::open(data)?;
    let (rows, waiting) = (store.user_list(tenant)?, store.user_unconfirmed(tenant)?);
    let mut out = io::stdout().lock();
    if as_json {
        let shown = |row: &UserRow| {
            json!({"id": row.id, "name": row.name, "shown": row.shown, "subject": row.subject,
                "has_password": row.password.is_some(), "roles": words(&row.roles),
                "groups": words(&row.groups), "limits": limits(&row.scope), "made_at": row.made_at,
                "signed_in_at": row.signed_in_at, "disabled_at": row.disabled_at,
                "unconfirmed": waiting.contains(&row.name)})
        };
        return Ok(write_json(&mut out, &rows.iter().map(shown).collect::<Vec<_>>())?);
    }
    let day = |at: Option<Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    for row in &rows {
        let how = if row.password.is_some() { "password" } else { "identity provider" };
        let off = match (row.disabled_at, waiting.contains(&row.name)) {
            (Some(_), true) => ", switched off by a restore",
            (Some(_), false) => ", switched off",
            (None, _) => "",
        };
        writeln!(out, "{}  {}", plain(&row.name), words(&row.roles).join(", "))?;
        writeln!(out, "  by {how}, last signed in {}{off}", day(row.signed_in_at))?;
        tell(&mut out, "  in", &words(&row.groups))?;
        tell(&mut out, "  limited to", &limits(&row.scope))?;
    }
    if rows.is_empty() {
        writeln!(out, "nobody; `quell user add NAME --role admin` adds somebody")?;
    }
    Ok(())
}

/// Text of an identity provider as a terminal may show it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn tell(out: &mut impl Write, what: &str, all: &[String]) -> Result<()> {
    if !all.is_empty() {
        writeln!(out, "{what} {}", plain(&all.join(", ")))?;
    }
    Ok(())
}

fn group(data: &Path, tenant: &TenantId, command: &Group) -> Result<()> {
    let mut store = ServerStore::open(data)?;
    match command {
        Group::Set { name, granted } => {
            if granted.roles.is_empty() {
                bail!("name what the group gives with `--role`");
            }
            let row = GroupRow {
                name: name.clone(),
                roles: serde_json::to_string(&granted.roles())?,
                scope: serde_json::to_string(&granted.scope()?)?,
                made_at: SystemClock.now(),
            };
            store.tenant_add(tenant, row.made_at)?;
            store.group_set(tenant, &row)?;
        }
        Group::Remove { name } => {
            if !store.group_remove(tenant, name)? {
                bail!("there is no group `{name}`; `quell user group list` names all");
            }
        }
        Group::List { json } => groups(&store.group_list(tenant)?, *json)?,
    }
    Ok(())
}

fn groups(rows: &[GroupRow], as_json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        let shown = |row: &GroupRow| {
            json!({"name": row.name, "roles": words(&row.roles), "limits": limits(&row.scope),
                "made_at": row.made_at})
        };
        return Ok(write_json(&mut out, &rows.iter().map(shown).collect::<Vec<_>>())?);
    }
    for row in rows {
        writeln!(out, "{}  {}", plain(&row.name), words(&row.roles).join(", "))?;
        tell(&mut out, "  limited to", &limits(&row.scope))?;
    }
    if rows.is_empty() {
        writeln!(out, "no groups; `quell user group set NAME --role analyst` makes one")?;
    }
    Ok(())
}
