//! `quell access`: who may do what, and which rules say so.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use quell_access::{
    Access, Place, Principal, PrincipalKind, Resource, Right, Role, Scope, Verdict,
};
use quell_model::TenantId;
use quell_server::{RulesError, read_rules, who_is};
use serde_json::json;

use super::config::{data_flag, load_or_tell};
use crate::console::say;
use crate::environment::Environment;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell access explain ana decide
  quell access explain ana decide account=111122223333 environment=production
  quell access explain token:4v8k2m9x0qtr read team=shop
  quell access explain role:viewer operate
  quell access check --policies policies/

USER is the name that a person signs in with, `token:ID` or `role:ROLE`. A
place is said by account=…, environment=…, team=…, tag=key=value, provider=…,
region=… and kind=…; without one the question is about the tenant.

Exit codes: 0 allowed, or the policies are right; 1 refused; 2 nobody is
called so, or a policy is wrong.";

/// Who may do what, and which rules say so.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// A folder of policies [default: `access.policies` of the configuration]
    #[arg(long, global = true, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The configuration [default: $QUELL_CONFIG, or quell.toml in the working directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether somebody may do something, and which policies decide
    Explain {
        /// Who
        user: String,
        /// What they want to do
        #[arg(value_parser = actions())]
        action: String,
        /// Where
        place: Vec<String>,
    },
    /// Look whether the policies can be used
    Check,
}

fn actions() -> Vec<&'static str> {
    Right::ALL.iter().map(|right| right.as_str()).collect()
}

/// Runs it. The data directory is the one that the command line names.
pub(super) fn run(
    arguments: &Arguments,
    data: Option<&Path>,
    environment: &Environment,
) -> Result<Exit> {
    let flags: Vec<_> = data.map(data_flag).into_iter().collect();
    let Some(loaded) = load_or_tell(arguments.config.as_deref(), &flags)? else {
        return Ok(Exit::Usage);
    };
    let config = loaded.config;
    let folder = arguments.policies.as_deref().or(config.access.policies.as_deref());
    let rules = match read_rules(folder) {
        Ok(rules) => rules,
        Err(error @ RulesError::Policies(_)) => {
            say(&format!("error: {error}"));
            return Ok(Exit::Usage);
        }
        Err(error) => return Err(error.into()),
    };
    match &arguments.command {
        Command::Check => {
            let mut out = io::stdout().lock();
            if arguments.json {
                writeln!(out, "{}", json!({"policies": rules.count()}))?;
            } else {
                writeln!(out, "{} policies can be used", rules.count())?;
            }
            Ok(Exit::Clean)
        }
        Command::Explain { user, action, place } => {
            let data = config.server.data.clone().unwrap_or_else(|| environment.data.clone());
            let Some(hats) = hats(user, &data, &config.sign_in.roles)? else {
                say(&format!(
                    "error: nobody is called `{user}`; `quell user list` and `quell token list` name all"
                ));
                return Ok(Exit::Usage);
            };
            let right = Right::from_word(action).context("there is no such action")?;
            let place = (!place.is_empty()).then(|| place_of(place)).transpose()?;
            explain(&rules, &hats, (right, place.as_ref()), arguments.json)
        }
    }
}

/// What somebody is.
fn hats(
    user: &str,
    data: &Path,
    by_claim: &std::collections::BTreeMap<String, String>,
) -> Result<Option<Vec<Principal>>> {
    let Some(role) = user.strip_prefix("role:") else { return Ok(who_is(data, user, by_claim)?) };
    let role = Role::from_word(role);
    Ok(role.map(|role| {
        vec![Principal {
            kind: PrincipalKind::User,
            id: "anybody".to_owned(),
            tenant: TenantId::default(),
            roles: [role].into(),
            groups: Default::default(),
            scope: Scope::default(),
        }]
    }))
}

fn place_of(words: &[String]) -> Result<Place> {
    let mut place = Place::default();
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let value = value.to_owned();
        match key {
            "account" => place.account = value,
            "team" => place.team = value,
            "provider" => place.provider = value,
            "region" => place.region = value,
            "kind" => place.kind = value,
            "environment" => {
                place.environments.insert(value);
            }
            "tag" => {
                place.tags.insert(value);
            }
            _ => bail!("`{word}` says no place; `quell access --help` names what does"),
        }
    }
    Ok(place)
}

fn explain(
    rules: &Access,
    hats: &[Principal],
    (right, place): (Right, Option<&Place>),
    as_json: bool,
) -> Result<Exit> {
    let judge = |hat: &Principal| {
        let about = match place {
            Some(place) => Resource::Place(&hat.tenant, place),
            None => Resource::Tenant(&hat.tenant),
        };
        rules.decide(hat, right, about)
    };
    let verdicts: Vec<(&Principal, Verdict)> = hats.iter().map(|hat| (hat, judge(hat))).collect();
    let allowed = verdicts.iter().any(|(_, verdict)| verdict.allowed);
    let mut out = io::stdout().lock();
    if as_json {
        let each = verdicts.iter().map(|(hat, verdict)| {
            json!({"roles": hat.roles, "limits": hat.scope, "allowed": verdict.allowed,
                "because": verdict.because, "failed": verdict.failed})
        });
        let told =
            json!({"allowed": allowed, "action": right.as_str(), "as": each.collect::<Vec<_>>()});
        serde_json::to_writer_pretty(&mut out, &told)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", if allowed { "allowed" } else { "refused" })?;
        for (hat, verdict) in &verdicts {
            tell_one(&mut out, hat, verdict)?;
        }
        if hats.is_empty() {
            writeln!(out, "  they have no role")?;
        }
    }
    Ok(if allowed { Exit::Clean } else { Exit::Gate })
}

fn tell_one(out: &mut impl Write, hat: &Principal, verdict: &Verdict) -> Result<()> {
    let roles: Vec<&str> = hat.roles.iter().map(|role| role.as_str()).collect();
    let limits = hat.scope.words().join(", ");
    let limits = if limits.is_empty() { limits } else { format!(", limited to {limits}") };
    writeln!(out, "  as {}{limits}:", roles.join(", "))?;
    for name in &verdict.because {
        let word = if verdict.allowed { "permits" } else { "forbids" };
        writeln!(out, "    {name} {word}")?;
    }
    for failed in &verdict.failed {
        writeln!(out, "    cannot be judged: {failed}")?;
    }
    if verdict.because.is_empty() && verdict.failed.is_empty() {
        writeln!(out, "    no policy permits it")?;
    }
    Ok(())
}
