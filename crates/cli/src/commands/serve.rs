//! `quell serve`: the same pipeline, running.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use quell_config::{Config, LogFormat, LogLevel, Override};
use quell_model::Clock;
use quell_pipeline::Setup;
use quell_pipeline::govern::targets;
use quell_server::{Plan, Server, Traces};
use tokio::signal::unix::{SignalKind, signal};
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::config::{data_flag, load_or_tell};
use crate::console::say;
use crate::environment::{Environment, SystemClock, variables};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell serve                                  on http://127.0.0.1:8420
  quell serve --config /etc/quell/quell.toml --data /var/lib/quell
  quell config example > quell.toml            every key, with what it does

The first start prints an administrator's token, once. `quell token create`
makes others. SIGTERM and Ctrl-C end what is under way, and lose nothing.

Exit codes: 0 stopped, 2 the configuration is wrong, 3 it could not start.";

/// Run the server: intake, API and jobs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The configuration [default: $QUELL_CONFIG, or quell.toml in the working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address and port to listen on [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// Runs it. The data directory is the one that the command line names.
pub(super) fn run(
    arguments: &Arguments,
    data: Option<&Path>,
    environment: &Environment,
) -> Result<Exit> {
    let listen = arguments.listen.map(|address| Override {
        flag: "--listen",
        key: "server.listen".to_owned(),
        value: address.to_string(),
    });
    let flags: Vec<Override> = data.map(data_flag).into_iter().chain(listen).collect();
    let Some(loaded) = load_or_tell(arguments.config.as_deref(), &flags)? else {
        return Ok(Exit::Usage);
    };
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
    let config = loaded.config;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads can be started")?;
    let variables = variables();
    let variable = move |name: &str| variables.get(name).cloned();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let traces = Traces::start(&config, &variable, &clock, runtime.handle())?;
    log(&config, environment, traces.as_ref());
    let data = config.server.data.clone().unwrap_or_else(|| environment.data.clone());
    let setup = Setup::embedded(None)?.with_targets(targets(&config.service_levels));
    let plan = Plan { config, data, setup, environment: Arc::new(variable) };
    let served = runtime.block_on(serve(plan, clock));
    // They go out on the runtime, which has to live until then.
    if let Some(traces) = traces {
        traces.stop();
    }
    served.map(|()| Exit::Clean)
}

async fn serve(plan: Plan, clock: Arc<dyn Clock>) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let data = plan.data.display().to_string();
    let mut server = quell_server::start(plan, clock).await?;
    tell_start(&mut server, &data);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    say("quell is stopping; what is under way ends first");
    tokio::select! {
        () = server.stop() => {}
        _ = interrupt.recv() => say("stopped at once; what was under way is done after the next start"),
    }
    Ok(())
}

fn tell_start(server: &mut Server, data: &str) {
    say(&format!("quell listens on http://{}  (data: {data})", server.address()));
    if let Some(token) = server.take_first_token() {
        say("administrator's token, told this once:");
        say(&format!("  {token}"));
        say("`quell token create` makes others");
    }
}

/// Logs go to stderr, spans to the collector alone.
fn log(config: &Config, environment: &Environment, traces: Option<&Traces>) {
    let telemetry = &config.telemetry;
    let level = match telemetry.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(environment.terminal_err && !environment.no_color);
    let lines = match telemetry.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let is_told = move |about: &Metadata<'_>| about.is_event() && *about.level() <= level;
    let lines = lines.with_filter(filter_fn(is_told));
    tracing_subscriber::registry().with(traces.map(Traces::layer)).with(lines).init();
}
