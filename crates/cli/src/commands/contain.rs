//! `quell contain`: narrow changes that stop an attack, asked for at a server and undone there.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::{Clock as _, shown};
use quell_pipeline::contain::{CallTold, ContainmentAsked, ContainmentTold, TriedTold};
use serde::Deserialize;
use serde_json::{Value, json};

use super::policy::write_verdict;
use crate::console::write_json;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell contain isolate-pod prod/shop/web-0 --incident 3f2a9c --dry-run
  quell contain scale-to-zero prod/shop/deployment/web --incident 3f2a9c
  quell contain deactivate-access-key arn:aws:iam::111122223333:user/ci KEY_ID
  quell contain list
  quell contain show 0a1b2c3d
  quell contain rollback 0a1b2c3d --reason 'the pod was clean'

What is asked for is tried and waits for people: `quell approval approve` agrees,
and the server carries it out. docs/containment.md says more. Exit codes: 0 done,
1 rules refuse it, 2 no such thing or not in a state for that, 3 not reached.";

/// Narrow changes that stop an attack: try, ask, look, undo.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// The incident for which it is done
    #[arg(long, global = true, value_name = "ID")]
    incident: Option<String>,
    /// An issue for which it is done; may be said again
    #[arg(long = "issue", global = true, value_name = "ID")]
    issues: Vec<String>,
    /// Only look and try; nothing is asked for
    #[arg(long, global = true)]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kubernetes: cut a pod off from the network
    IsolatePod {
        /// The pod
        #[arg(value_name = "CLUSTER/NAMESPACE/POD")]
        pod: String,
    },
    /// Kubernetes: scale a workload to zero
    ScaleToZero {
        /// The workload; its kind is `deployment` or `stateful_set`
        #[arg(value_name = "CLUSTER/NAMESPACE/KIND/NAME")]
        workload: String,
    },
    /// AWS: deactivate an access key
    DeactivateAccessKey {
        /// The user's ARN
        user: String,
        /// The key's id
        key: String,
    },
    /// AWS: revoke the sessions of a role
    RevokeSessions {
        /// The role's ARN
        role: String,
        /// Those that began before this moment [default: now]
        #[arg(long, value_name = "TIME")]
        issued_before: Option<String>,
    },
    /// AWS: detach a managed policy
    DetachPolicy {
        /// The ARN of the user, role or group
        principal: String,
        /// The policy's ARN
        policy: String,
    },
    /// AWS: block public access of a bucket
    BlockBucket {
        /// The bucket
        #[arg(value_name = "ACCOUNT/REGION/BUCKET")]
        bucket: String,
    },
    /// Azure: block public access of a storage account
    BlockStorageAccount {
        /// The storage account
        #[arg(value_name = "SUBSCRIPTION/GROUP/NAME")]
        account: String,
    },
    /// Google Cloud: block public access of a bucket
    BlockGoogleBucket {
        /// The bucket
        #[arg(value_name = "PROJECT/BUCKET")]
        bucket: String,
    },
    /// List containments
    List,
    /// Show a containment: how far it is, and how it would be undone
    Show {
        /// The id of its plan, or the first characters of it
        id: String,
    },
    /// Undo a containment, which opens again what was closed
    Rollback {
        /// The id of its plan, or the first characters of it
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Let one go on that was held back, or have a failed one looked at again
    Retry {
        /// The id of its plan, or the first characters of it
        id: String,
    },
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<ContainmentTold>,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Exit> {
    let Some(remote) = arguments.server.connect(named, environment)? else {
        let said = "attacks are contained by a server, which has the logins: name one with \
                    `--server URL`";
        return Err(Misused(said.to_owned()).into());
    };
    let server = &remote.connection;
    match &arguments.command {
        Command::List => {
            let page: Page = remote.ask(server.containment_list())?;
            let mut out = io::stdout().lock();
            if arguments.json {
                write_json(&mut out, &page.items)?;
            } else {
                write_list(&page.items, &mut out)?;
            }
        }
        Command::Show { id } => told(&remote.ask(server.containment(id))?, arguments.json)?,
        Command::Rollback { id, reason } => {
            told(&remote.ask(server.containment_roll_back(id, reason))?, arguments.json)?;
        }
        Command::Retry { id } => told(&remote.ask(server.containment_retry(id))?, arguments.json)?,
        Command::IsolatePod { .. }
        | Command::ScaleToZero { .. }
        | Command::DeactivateAccessKey { .. }
        | Command::RevokeSessions { .. }
        | Command::DetachPolicy { .. }
        | Command::BlockBucket { .. }
        | Command::BlockStorageAccount { .. }
        | Command::BlockGoogleBucket { .. } => {
            return ask(arguments, &remote, &action(&arguments.command)?);
        }
    }
    Ok(Exit::Clean)
}

/// The action as the server takes it; the server checks each name.
fn action(command: &Command) -> Result<Value> {
    Ok(match command {
        Command::IsolatePod { pod } => {
            let [cluster, namespace, pod] = parts(pod, "CLUSTER/NAMESPACE/POD")?;
            json!({"do": "isolate_pod", "cluster": cluster, "namespace": namespace, "pod": pod})
        }
        Command::ScaleToZero { workload } => {
            let form = "CLUSTER/NAMESPACE/KIND/NAME";
            let [cluster, namespace, workload, name] = parts(workload, form)?;
            json!({"do": "scale_to_zero", "cluster": cluster, "namespace": namespace,
                "workload": workload, "name": name})
        }
        Command::DeactivateAccessKey { user, key } => {
            json!({"do": "deactivate_access_key", "user": user, "key": key})
        }
        Command::RevokeSessions { role, issued_before } => {
            let now = || SystemClock.now().to_string();
            let before = issued_before.clone().unwrap_or_else(now);
            json!({"do": "revoke_sessions", "role": role, "issued_before": before})
        }
        Command::DetachPolicy { principal, policy } => {
            json!({"do": "detach_policy", "principal": principal, "policy": policy})
        }
        Command::BlockBucket { bucket } => {
            let [account, region, bucket] = parts(bucket, "ACCOUNT/REGION/BUCKET")?;
            json!({"do": "block_bucket", "account": account, "region": region, "bucket": bucket})
        }
        Command::BlockStorageAccount { account } => {
            let [subscription, group, name] = parts(account, "SUBSCRIPTION/GROUP/NAME")?;
            json!({"do": "block_storage_account", "subscription": subscription, "group": group,
                "name": name})
        }
        Command::BlockGoogleBucket { bucket } => {
            let [project, bucket] = parts(bucket, "PROJECT/BUCKET")?;
            json!({"do": "block_google_bucket", "project": project, "bucket": bucket})
        }
        Command::List | Command::Show { .. } | Command::Rollback { .. } | Command::Retry { .. } => {
            Value::Null
        }
    })
}

/// The parts of a target.
fn parts<'t, const N: usize>(text: &'t str, form: &str) -> Result<[&'t str; N]> {
    let parts: Vec<&str> = text.split('/').collect();
    let wrong = |_| Misused(format!("`{}` is not of the form {form}", shown(text, false)));
    Ok(parts.try_into().map_err(wrong)?)
}

fn ask(arguments: &Arguments, remote: &Remote, action: &Value) -> Result<Exit> {
    let wish = json!({
        "action": action, "incident": arguments.incident, "issues": arguments.issues,
        "dry_run": arguments.dry_run,
    });
    let asked: ContainmentAsked = remote.ask(remote.connection.containment_request(&wish))?;
    let exit = if asked.tried.is_some() { Exit::Clean } else { Exit::Gate };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &asked)?;
        return Ok(exit);
    }
    write_verdict(&asked.verdict, &mut out)?;
    if let Some(tried) = &asked.tried {
        write_tried(tried, &mut out)?;
    }
    if let Some(one) = &asked.containment {
        let hash = one.plan.as_ref().map(|plan| plan.hash.to_string()).unwrap_or_default();
        writeln!(out, "plan {}", one.id)?;
        writeln!(out, "hash {hash}")?;
        let short: String = one.id.chars().take(10).collect();
        writeln!(out, "who may agrees with `quell approval approve {short} --hash HASH`")?;
    }
    Ok(exit)
}

fn write_tried(tried: &TriedTold, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "tried by the {}",
        if tried.judge == "platform" { "platform" } else { "server" }
    )?;
    for line in tried.diff.lines() {
        writeln!(out, "  {line}")?;
    }
    tried.requests.iter().try_for_each(|call| write_call(call, out))?;
    for caution in &tried.cautions {
        writeln!(out, "note: {caution}")?;
    }
    Ok(())
}

fn write_call(call: &CallTold, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  {}: {}", call.service, call.call)?;
    call.body.lines().try_for_each(|line| writeln!(out, "    {line}"))
}

fn write_list(all: &[ContainmentTold], out: &mut impl Write) -> io::Result<()> {
    for one in all {
        let id: String = one.id.chars().take(10).collect();
        writeln!(
            out,
            "{id}  {:<9} since {}",
            one.stage.as_str(),
            one.at.strftime("%Y-%m-%d %H:%M")
        )?;
        // The server has written out what could turn text round.
        writeln!(out, "            {}", one.title)?;
    }
    match all.len() {
        1 => writeln!(out, "1 containment"),
        count => writeln!(out, "{count} containments"),
    }
}

fn told(one: &ContainmentTold, json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return Ok(write_json(&mut out, one)?);
    }
    writeln!(out, "plan {}  {}", one.id, one.stage.as_str())?;
    writeln!(out, "what        {} ({})", one.title, one.kind)?;
    writeln!(out, "changes     {}", one.target)?;
    writeln!(out, "by          [containment.{}]", one.place)?;
    if let Some(incident) = &one.incident {
        writeln!(out, "for         incident {incident}")?;
    }
    writeln!(out, "asked by    {}", shown(&one.requested_by.name, false))?;
    if let Some(said) = &one.said {
        writeln!(out, "last said   {said}")?;
    }
    if let Some(blocked) = one.plan.as_ref().and_then(|plan| plan.blocked.as_ref()) {
        writeln!(out, "its plan    {}", shown(blocked, false))?;
    }
    if let Some(undo) = &one.undo {
        let (by, reason) = (shown(&undo.by.name, false), shown(&undo.reason, false));
        writeln!(out, "undone by   {by}: {reason}")?;
    }
    if !one.way_back.is_empty() {
        writeln!(out, "way back")?;
    }
    one.way_back.iter().try_for_each(|call| write_call(call, &mut out))?;
    Ok(())
}
