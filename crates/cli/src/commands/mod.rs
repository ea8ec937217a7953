//! One file a command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use quell_client::ClientError;
use quell_pipeline::query::QueryError;
use quell_server::TellError;
use quell_server::offline::OfflineError;

use crate::console::say;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::remote::Misused;

mod access;
mod approval;
mod asset;
mod audit;
mod backup;
mod config;
mod contain;
mod controls;
mod deliver;
mod demo;
mod desk;
mod doctor;
mod exception;
mod explain;
mod fix;
mod incident;
mod issue;
mod jobs;
mod letter;
mod llm;
mod look_up;
mod map;
mod outbox;
mod policy;
mod prompts;
mod replay;
mod restore;
mod risk;
mod serve;
mod sink;
mod source;
mod stats;
mod status;
mod token;
mod trace;
mod triage;
mod upload;
mod user;

/// Findings of any security tool in, a few explained incidents with proved fixes out.
#[derive(Debug, Parser)]
#[command(name = "quell", version, max_term_width = 80, propagate_version = true)]
struct Arguments {
    /// Where Quell keeps what it knows [default: the user's data folder, or $QUELL_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read findings and show what matters
    Triage(triage::Arguments),
    /// Change code so that issues close, each change with its proof
    Fix(fix::Arguments),
    /// Find the block of code that made a thing in a cloud
    Trace(trace::Arguments),
    /// Show a labelled sample world, offline
    Demo(demo::Arguments),
    /// Show one issue, or take a wrong merge apart
    Issue(issue::Arguments),
    /// Show one asset, its issues, and what it has to do with others
    Asset(asset::Arguments),
    /// Show one incident, take it apart, or put two together
    Incident(incident::Arguments),
    /// Say an incident in other words: by a model where one may be asked, else by the rules
    Explain(explain::Arguments),
    /// Leave issues as they are until a day: ask, look what it hides, review
    Exception(exception::Arguments),
    /// Plans that wait for people: look, agree, refuse
    Approval(approval::Arguments),
    /// Narrow changes that stop an attack: try, ask, look, undo
    Contain(contain::Arguments),
    /// What rules say of an action, and who stands behind them
    Policy(policy::Arguments),
    /// How many open issues are late, due soon, or stand still
    Stats(stats::Arguments),
    /// Why a score is what it is, and what would change it
    Risk(risk::Arguments),
    /// The catalogue of faults that Quell knows
    Controls(controls::Arguments),
    /// Describe a format that Quell does not know
    Map(map::Arguments),
    /// Run the server: intake, API and jobs
    Serve(serve::Arguments),
    /// Whether a server is well: what it holds, what waits, what fails
    Status(status::Arguments),
    /// Platforms that are asked: add one, test it, ask it, see how it stands
    Source(source::Arguments),
    /// Send what routes want, or show it
    Deliver(deliver::Arguments),
    /// Letters that are delivered: list them, look at one, let it go, try it again
    Outbox(outbox::Arguments),
    /// Where things are delivered to: list them, test one
    Sink(sink::Arguments),
    /// Language models that are configured: list them, try them
    Llm(llm::Arguments),
    /// What models are asked: list the tasks, compare their words, try them on cases
    Prompts(prompts::Arguments),
    /// Jobs of a server: list them, look at one, retry, release or cancel it
    Jobs(jobs::Arguments),
    /// Read what was received again, by what this program knows now
    Replay(replay::Arguments),
    /// Make, list and take back tokens of a server
    Token(token::Arguments),
    /// People who sign in to a server, and the groups that give them roles
    User(user::Arguments),
    /// Who may do what, and which rules say so
    Access(access::Arguments),
    /// The audit log: look at it, prove a record, check all of it
    Audit(audit::Arguments),
    /// What is configured, where it was said, and what is wrong with it
    Config(config::Arguments),
    /// Copy the data directory while others go on, and check the copy
    Backup(backup::Arguments),
    /// Put a backup back, all of it or nothing
    Restore(restore::Arguments),
    /// Look whether a server can run here, and what to do where it cannot
    Doctor(doctor::Arguments),
}

/// Runs the command line.
pub(crate) fn run(
    arguments: impl Iterator<Item = OsString>,
    environment: &Environment,
) -> ExitCode {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Clean };
            drop(error.print());
            return exit.into();
        }
    };
    let data = parsed.data.clone().unwrap_or_else(|| environment.data.clone());
    let named = parsed.data.as_deref();
    let result = match parsed.command {
        Command::Triage(arguments) => triage::run(&arguments, (&data, named), environment),
        Command::Fix(arguments) => fix::run(&arguments, (&data, named), environment),
        Command::Trace(arguments) => trace::run(&arguments, (&data, named), environment),
        Command::Demo(arguments) => demo::run(&arguments, environment),
        Command::Issue(arguments) => issue::run(&arguments, (&data, named), environment),
        Command::Asset(arguments) => asset::run(&arguments, (&data, named), environment),
        Command::Incident(arguments) => incident::run(&arguments, (&data, named), environment),
        Command::Explain(arguments) => explain::run(&arguments, (&data, named), environment),
        Command::Exception(arguments) => exception::run(&arguments, (&data, named), environment),
        Command::Approval(arguments) => approval::run(&arguments, named, environment),
        Command::Contain(arguments) => contain::run(&arguments, named, environment),
        Command::Policy(arguments) => policy::run(&arguments, (&data, named), environment),
        Command::Stats(arguments) => stats::run(&arguments, (&data, named), environment),
        Command::Risk(arguments) => risk::run(&arguments, &data),
        Command::Controls(arguments) => controls::run(&arguments, environment),
        Command::Map(arguments) => map::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments, parsed.data.as_deref(), environment),
        Command::Status(arguments) => status::run(&arguments, (&data, named), environment),
        Command::Source(arguments) => source::run(&arguments, (&data, named), environment),
        Command::Deliver(arguments) => deliver::run(&arguments, (&data, named), environment),
        Command::Outbox(arguments) => outbox::run(&arguments, (&data, named), environment),
        Command::Sink(arguments) => sink::run(&arguments, (&data, named), environment),
        Command::Llm(arguments) => llm::run(&arguments, (&data, named), environment),
        Command::Prompts(arguments) => prompts::run(&arguments, environment),
        Command::Jobs(arguments) => jobs::run(&arguments, (&data, named), environment),
        Command::Replay(arguments) => replay::run(&arguments, (&data, named), environment),
        Command::Token(arguments) => token::run(&arguments, &data),
        Command::User(arguments) => user::run(&arguments, &data),
        Command::Access(arguments) => access::run(&arguments, parsed.data.as_deref(), environment),
        Command::Audit(arguments) => audit::run(&arguments, (&data, named), environment),
        Command::Config(arguments) => config::run(&arguments, parsed.data.as_deref()),
        Command::Backup(arguments) => backup::run(&arguments, &data),
        Command::Restore(arguments) => restore::run(&arguments, &data),
        Command::Doctor(arguments) => doctor::run(&arguments, parsed.data.as_deref(), environment),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => failed(&error).into(),
    }
}

/// Says what went wrong, and how the program ends for it.
fn failed(error: &anyhow::Error) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Clean;
    }
    say(&format!("error: {}", in_words(error)));
    if let Some(exit) = at_a_server(error) {
        return exit;
    }
    if let Some(error) = error.downcast_ref::<quell_store::BackupError>() {
        return backup::exit(error);
    }
    match error.downcast_ref::<quell_pipeline::PipelineError>() {
        Some(quell_pipeline::PipelineError::Interrupted) => Exit::Interrupted,
        Some(
            quell_pipeline::PipelineError::NotFound { .. }
            | quell_pipeline::PipelineError::Refused(_),
        ) => Exit::Usage,
        _ => Exit::Unfinished,
    }
}

/// An error with its causes, each said once: many say their cause themselves.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.contains(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
    }
    words
}

/// How the program ends for what went wrong between it and a server, or a server's data.
fn at_a_server(error: &anyhow::Error) -> Option<Exit> {
    if error.is::<Misused>() {
        return Some(Exit::Usage);
    }
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return Some(match (matches!(error, ClientError::Stopped), error.is_usage()) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Usage,
            (false, false) => Exit::Unfinished,
        });
    }
    Some(match error.downcast_ref::<OfflineError>()? {
        OfflineError::NotFound(_)
        | OfflineError::Query(QueryError::NotFound { .. })
        | OfflineError::Tell(TellError::Wrong(_) | TellError::Unlisted)
        | OfflineError::NoPlatform(_)
        | OfflineError::NoSink(_)
        | OfflineError::NoLlm(_)
        | OfflineError::Conflict(_)
        | OfflineError::NoData(_) => Exit::Usage,
        OfflineError::Stopped => Exit::Interrupted,
        OfflineError::Store(_)
        | OfflineError::Query(_)
        | OfflineError::Tell(TellError::Live(_))
        | OfflineError::Start(_)
        | OfflineError::Failed(_) => Exit::Unfinished,
    })
}

/// The reader of our output went away (`quell … | head`): nothing is wrong.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind)
            .or_else(|| cause.downcast_ref::<serde_json::Error>()?.io_error_kind())
            .is_some_and(|kind| kind == std::io::ErrorKind::BrokenPipe)
    })
}
