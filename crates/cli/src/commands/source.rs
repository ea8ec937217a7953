//! `quell source`: the platforms that are asked.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_client::{Platform, PlatformTest, Stream};
use quell_config::Config;
use quell_model::{Clock, TenantId, Timestamp, Untrusted};
use quell_pipeline::Setup;
use quell_report::{SourceReport, cell, wrapped};
use quell_server::offline::{self, Asked, Wanted};
use quell_server::{Act, Plan, known_kinds};
use quell_sources::SOURCES;
use quell_sources::live::Live;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::config::{load, load_text, tell};
use super::jobs::tenant;
use super::status::{heard, span};
use crate::console::{count_bar, say, write_json};
use crate::environment::{Environment, SystemClock, variables};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell source add wiz wiz-prod --set url=https://api.eu1.app.wiz.io \\
      --set key_id=env:WIZ_CLIENT_ID --set key_secret=env:WIZ_CLIENT_SECRET
  quell source test wiz-prod                 which right is missing, or too many
  quell source sync wiz-prod                 ask it now
  quell source status wiz-prod               each stream: how far, and what fails
  quell source list --server https://quell.example --token-file token

Without --server the configuration here and the data directory are used.
Exit codes: 0 well, 2 no such source or a wrong setting, 3 it does not work.";

/// Platforms that are asked: add one, test it, ask it, see how it stands.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// The configuration [default: $QUELL_CONFIG, or quell.toml in the working directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List sources: when each was last heard of, and what fails
    List,
    /// Write a platform into the configuration
    Add {
        /// Which platform it is
        #[arg(value_name = "KIND")]
        kind: String,
        /// What to call it
        #[arg(value_name = "NAME")]
        name: String,
        /// A setting, as in `url=https://…`; secrets are references (`env:NAME`)
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Log in and say which rights are missing, and which are more than needed
    Test {
        /// Its name
        name: String,
    },
    /// Ask a platform for what is new, now
    Sync {
        /// Its name
        name: String,
        /// Read all that there is
        #[arg(long)]
        whole: bool,
        /// With --whole: only this stream
        #[arg(long, value_name = "STREAM", requires = "whole")]
        stream: Option<String>,
    },
    /// How far each stream was read, and what fails
    Status {
        /// Its name
        name: String,
    },
    /// Ask a platform no more
    Pause {
        /// Its name
        name: String,
    },
    /// Ask a platform again
    Resume {
        /// Its name
        name: String,
    },
    /// Let findings close that a platform no longer lists, where that was held
    Release {
        /// Its name
        name: String,
    },
    /// Take the data of another owner, after the login was changed on purpose
    Adopt {
        /// Its name
        name: String,
    },
}

/// Where sources are asked for.
#[derive(Debug)]
enum Desk {
    Server(Box<Remote>),
    Here(Box<Here>),
}

/// The configuration and the data directory.
#[derive(Debug)]
struct Here {
    runtime: Runtime,
    asked: Asked,
    config: Config,
    data: PathBuf,
    tenant: TenantId,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    if let Command::Add { kind, name, set } = &arguments.command {
        return add(arguments.config.as_deref(), (kind, name), set);
    }
    let desk = match arguments.server.connect(named, environment)? {
        Some(remote) => Desk::Server(Box::new(remote)),
        None => match here(arguments, data)? {
            Some(here) => Desk::Here(Box::new(here)),
            None => return Ok(Exit::Usage),
        },
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let exit = answer(&desk, arguments, environment, &mut out)?;
    out.flush()?;
    Ok(exit)
}

fn answer(
    desk: &Desk,
    arguments: &Arguments,
    environment: &Environment,
    out: &mut dyn Write,
) -> Result<Exit> {
    let json = arguments.json;
    match &arguments.command {
        Command::Add { .. } => Ok(Exit::Clean),
        Command::List => {
            let sources = desk.list()?;
            if json {
                write_json(out, &sources)?
            } else {
                list(&sources, out)?
            }
            Ok(Exit::Clean)
        }
        Command::Test { name } => {
            let test = desk.test(name)?;
            if json {
                write_json(out, &test)?
            } else {
                write_test(name, &test, out)?
            }
            Ok(if test.works { Exit::Clean } else { Exit::Unfinished })
        }
        Command::Status { name } => {
            let platform = desk.show(name)?;
            if json {
                write_json(out, &platform)?
            } else {
                write(&platform, out)?
            }
            let well = platform.streams.iter().all(|stream| stream.state != "failing");
            Ok(if well { Exit::Clean } else { Exit::Unfinished })
        }
        Command::Sync { name, whole, stream } => {
            desk.sync((name, *whole, stream.as_deref()), (json, environment), out)
        }
        Command::Pause { name } => desk.act(name, Act::Pause, json, out),
        Command::Resume { name } => desk.act(name, Act::Resume, json, out),
        Command::Release { name } => desk.act(name, Act::Release, json, out),
        Command::Adopt { name } => desk.act(name, Act::Adopt, json, out),
    }
}

fn here(arguments: &Arguments, data: &Path) -> Result<Option<Here>> {
    let config = match load(arguments.config.as_deref(), &[])? {
        Ok(loaded) => loaded.config,
        Err(faults) => {
            tell(&faults);
            return Ok(None);
        }
    };
    let runtime = Builder::new_multi_thread().enable_all().build().context("no runtime starts")?;
    let asked = {
        let _inside = runtime.enter();
        Asked::new(&config, environment_of(), Arc::new(SystemClock))?
    };
    let tenant = tenant(&arguments.tenant)?;
    Ok(Some(Here { runtime, asked, config, data: data.to_owned(), tenant }))
}

fn environment_of() -> quell_server::Environment {
    let variables = variables();
    Arc::new(move |name: &str| variables.get(name).cloned())
}

impl Desk {
    fn list(&self) -> Result<Vec<SourceReport>> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.sources()),
            Self::Here(here) => {
                let found = here.asked.list(&here.data, &here.tenant)?;
                found.into_iter().map(read).collect()
            }
        }
    }

    fn show(&self, name: &str) -> Result<Platform> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.platform(name)),
            Self::Here(here) => read(here.asked.show(&here.data, (&here.tenant, name))?),
        }
    }

    fn test(&self, name: &str) -> Result<PlatformTest> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.platform_test(name)),
            Self::Here(here) => read(here.runtime.block_on(here.asked.test((&here.tenant, name)))?),
        }
    }

    fn act(&self, name: &str, act: Act, json: bool, out: &mut dyn Write) -> Result<Exit> {
        let platform = match self {
            Self::Server(remote) => {
                remote.ask(remote.connection.platform_act((name, act.as_str()), false, None))?
            }
            Self::Here(here) => {
                let of = (&here.tenant, name);
                read(here.asked.act(&here.data, of, (act, false), None)?)?
            }
        };
        if json {
            write_json(out, &platform)?;
        } else {
            say(&match act {
                Act::Sync => format!("{name} is asked now"),
                Act::Pause => format!("{name} is asked no more; `quell source resume` goes on"),
                Act::Resume => format!("{name} is asked again"),
                Act::Release => format!("{name} is read whole, and what it no longer lists closes"),
                Act::Adopt => format!("{name} may bring the data of another owner"),
            });
        }
        Ok(Exit::Clean)
    }

    fn sync(
        &self,
        (name, whole, stream): (&str, bool, Option<&str>),
        (json, environment): (bool, &Environment),
        out: &mut dyn Write,
    ) -> Result<Exit> {
        match self {
            Self::Server(remote) => {
                let asked = remote.connection.platform_act((name, "sync"), whole, stream);
                let platform = remote.ask(asked)?;
                if json {
                    write_json(out, &platform)?;
                } else {
                    say(&format!(
                        "{name} is asked now; `quell source status {name}` says how far it is"
                    ));
                }
                Ok(Exit::Clean)
            }
            Self::Here(here) => here.sync((name, whole, stream), (json, environment), out),
        }
    }
}

impl Here {
    fn sync(
        &self,
        (name, whole, stream): (&str, bool, Option<&str>),
        (json, environment): (bool, &Environment),
        out: &mut dyn Write,
    ) -> Result<Exit> {
        if self.data.join("server.db").exists() && offline::is_served(&self.data)? {
            let said = format!(
                "a server runs on `{}`; ask it with `--server http://127.0.0.1:8420`, or stop it",
                self.data.display()
            );
            return Err(Misused(said).into());
        }
        let plan = Plan {
            config: self.config.clone(),
            data: self.data.clone(),
            setup: Setup::embedded(None)?,
            environment: environment_of(),
        };
        let wanted = Wanted {
            tenant: self.tenant.clone(),
            name: name.to_owned(),
            whole,
            stream: stream.map(str::to_owned),
        };
        let bar = count_bar(environment.terminal_err);
        let tell = |stream: &str, items: u64, total: Option<u64>| {
            bar.set_message(stream.to_owned());
            bar.set_position(items);
            if let Some(total) = total {
                bar.set_length(total);
            }
        };
        let came = self.runtime.block_on(offline::sync(plan, &wanted, Arc::new(SystemClock), tell));
        bar.finish_and_clear();
        let came = came?;
        let count = |key: &str| came.get(key).and_then(Value::as_u64).unwrap_or_default();
        let (records, rejected) = (count("records"), count("rejected"));
        let platform: Platform = read(came.get("platform").cloned().unwrap_or_default())?;
        if json {
            write_json(out, &came)?;
        } else {
            writeln!(out, "{records} records came, {rejected} of them could not be taken")?;
            write(&platform, out)?;
        }
        let well = platform.streams.iter().all(|stream| stream.state != "failing");
        Ok(if well && rejected == 0 { Exit::Clean } else { Exit::Unfinished })
    }
}

fn read<T: DeserializeOwned>(told: Value) -> Result<T> {
    serde_json::from_value(told).context("what is known of the source cannot be read")
}

fn plain(text: &str, width: usize) -> String {
    cell(&Untrusted::from(text), width)
}

fn list(sources: &[SourceReport], out: &mut dyn Write) -> Result<()> {
    if sources.is_empty() {
        writeln!(
            out,
            "no sources; `quell source add KIND NAME` writes one into the configuration"
        )?;
        return Ok(writeln!(out, "kinds: {}", known_kinds().join(", "))?);
    }
    let now = SystemClock.now();
    for source in sources {
        writeln!(
            out,
            "{:<8} {:<8} {:<32} {}",
            source.health.as_str(),
            plain(&source.kind, 8),
            plain(&source.name, 32),
            plain(&heard(source, now), 26),
        )?;
        if let Some(reason) = source.reason.as_ref().filter(|_| source.health.as_str() == "failing")
        {
            wrapped(&format!("         {}", cell(reason, 400)), "         ", out)?;
        }
    }
    Ok(())
}

fn write_test(name: &str, test: &PlatformTest, out: &mut dyn Write) -> Result<()> {
    if let Some(reason) = &test.reason {
        wrapped(&format!("{name} does not answer: {}", cell(reason, 600)), "  ", out)?;
        return Ok(());
    }
    let said = if test.works { "works" } else { "lacks rights" };
    writeln!(out, "{} {said}", plain(name, 40))?;
    for right in &test.rights {
        let state = match right.state.as_str() {
            "held" => "there",
            "missing" => "MISSING",
            "not_needed" => "too much",
            "missing_to_write" => "no write",
            _ => "unknown",
        };
        wrapped(
            &format!("  {state:<9}{:<30} {}", cell(&right.name, 30), cell(&right.purpose, 200)),
            &" ".repeat(42),
            out,
        )?;
    }
    Ok(())
}

fn write(platform: &Platform, out: &mut dyn Write) -> Result<()> {
    let now = SystemClock.now();
    let paused = if platform.paused { ", paused" } else { "" };
    let owner = platform.owner.as_ref().map(|owner| format!(", of {}", cell(owner, 30)));
    writeln!(
        out,
        "{} ({}{}{paused})",
        plain(&platform.name, 30),
        plain(&platform.title, 20),
        owner.unwrap_or_default()
    )?;
    if let Some(stream) = &platform.now.stream {
        let total = platform.now.total.map(|total| format!(" of {total}")).unwrap_or_default();
        writeln!(
            out,
            "  reads {}: {}{total} records so far",
            plain(stream, 30),
            platform.now.items
        )?;
    }
    if let Some(left) = platform.now.calls_left {
        writeln!(out, "  {left} calls left, as the vendor says")?;
    }
    for stream in &platform.streams {
        write_stream(stream, now, out)?;
    }
    if let Some(first) = platform.quarantine.first() {
        let count = platform.quarantine.len();
        writeln!(out, "  {count} of the last records could not be taken; the newest:")?;
        wrapped(&format!("    {}", cell(&first.reason, 400)), "    ", out)?;
    }
    Ok(())
}

fn write_stream(stream: &Stream, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let ago = |at: Timestamp| span(u64::try_from(now.duration_since(at).as_secs()).unwrap_or(0));
    let good = stream
        .good_at
        .map_or_else(|| "never read to its end".to_owned(), |at| format!("read {} ago", ago(at)));
    writeln!(
        out,
        "  {:<8} {:<26} {:<8} {}",
        plain(&stream.state, 8),
        plain(&stream.name, 26),
        plain(&stream.pace, 8),
        good
    )?;
    if let Some(reason) = &stream.reason {
        wrapped(&format!("           {}", cell(reason, 400)), "           ", out)?;
    }
    if stream.held {
        writeln!(out, "           `quell source release` lets them close")?;
    }
    Ok(())
}

/// Writes a platform into the configuration.
fn add(config: Option<&Path>, (kind, name): (&str, &str), set: &[String]) -> Result<Exit> {
    let found = SOURCES.iter().find(|source| source.id == kind);
    let Some(live) = found.and_then(|source| source.live) else {
        let said = format!("`{kind}` cannot be asked; what can: {}", known_kinds().join(", "));
        return Err(Misused(said).into());
    };
    let given = set
        .iter()
        .map(|text| {
            text.split_once('=').ok_or_else(|| Misused(format!("`{text}` is no KEY=VALUE")))
        })
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let path = config.map_or_else(|| PathBuf::from("quell.toml"), Path::to_owned);
    let before = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
        }
    };
    let block = block((kind, name), live, &given);
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let after = format!("{before}{gap}{block}");
    if let Err(faults) = load_text(&path.display().to_string(), &after) {
        tell(&faults);
        say("nothing was written; give what is missing with `--set KEY=VALUE`:");
        for setting in live.settings {
            let need = if setting.required { "needed" } else { "if wanted" };
            say(&format!("  {:<12} {need}: {} (as {})", setting.name, setting.doc, setting.sample));
        }
        return Ok(Exit::Usage);
    }
    fs::write(&path, after).with_context(|| format!("cannot write `{}`", path.display()))?;
    say(&format!("wrote [sources.{name}] into {}; now: quell source test {name}", path.display()));
    Ok(Exit::Clean)
}

/// The block as it stands in the file: what was given, and what else there is as comments.
fn block((kind, name): (&str, &str), live: &Live, given: &[(&str, &str)]) -> String {
    const OWN: [&str; 9] = [
        "url",
        "login_at",
        "account",
        "key_id",
        "key_secret",
        "tenant",
        "every_seconds",
        "nightly_hour",
        "enabled",
    ];
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let plain = |key: &str, value: &str| match key {
        "every_seconds" | "nightly_hour" | "enabled" => format!("{key} = {value}\n"),
        _ => format!("{key} = {}\n", quoted(value)),
    };
    let mut text = format!("[sources.{}]\nkind = {}\n", quoted(name), quoted(kind));
    for (key, value) in given.iter().filter(|(key, _)| OWN.contains(key)) {
        text += &plain(key, value);
    }
    let missing = |name: &str| !given.iter().any(|(key, _)| *key == name);
    for setting in live.settings.iter().filter(|s| missing(s.name) && OWN.contains(&s.name)) {
        text += &format!("# {}\n# {} = {}\n", setting.doc, setting.name, quoted(setting.sample));
    }
    let options: Vec<String> = given
        .iter()
        .filter(|(key, _)| !OWN.contains(key))
        .map(|(key, value)| format!("{key} = {}", quoted(value)))
        .collect();
    if !options.is_empty() {
        text += &format!("options = {{ {} }}\n", options.join(", "));
    }
    text
}
