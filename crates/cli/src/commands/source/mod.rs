//! `quell source`: the platforms that are asked.

mod add;
mod show;
mod tell;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_client::{Platform, PlatformReadings, PlatformTest, ToldReport};
use quell_config::Config;
use quell_model::TenantId;
use quell_pipeline::Setup;
use quell_report::SourceReport;
use quell_server::offline::{self, Asked, Wanted};
use quell_server::{Act, Plan, Reach, Tell};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::config::load_or_tell;
use super::jobs::tenant;
use crate::audited::noted_of;
use crate::console::{count_bar, say, write_json};
use crate::environment::{Environment, SystemClock, environment_of};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell source add wiz wiz-prod --set url=https://api.eu1.app.wiz.io \\
      --set key_id=env:WIZ_CLIENT_ID --set key_secret=env:WIZ_CLIENT_SECRET
  quell source test wiz-prod                 which right is missing, or too many
  quell source sync wiz-prod                 read every stream now
  quell source sync wiz-prod --stream issues        only this one
  quell source status wiz-prod               each stream: how far, and what fails
  quell source tell 3f2a close 'fixed by PR 81'   the platform that lists it
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
    /// Read every stream of a platform now
    ///
    /// Of a stream that can be asked for what is new, that is read; of the others all that there
    /// is, as each night.
    Sync {
        /// Its name
        name: String,
        /// Read all that there is of every stream
        #[arg(long)]
        whole: bool,
        /// Only the streams whose time it is, as a server asks by itself
        #[arg(long, conflicts_with_all = ["whole", "stream"])]
        due: bool,
        /// Only this stream
        #[arg(long, value_name = "STREAM")]
        stream: Option<String>,
    },
    /// How far each stream was read, and what fails
    Status {
        /// Its name
        name: String,
    },
    /// Tell the platform that lists a finding what became of it
    Tell {
        /// The finding's id, or the first characters of it
        finding: String,
        #[command(subcommand)]
        what: tell::What,
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

/// A stream that was read just now.
#[derive(Debug, Deserialize)]
struct StreamRead {
    stream: String,
    /// All that there is of it.
    whole: bool,
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
        return add::add((data, arguments.config.as_deref()), (kind, name), set);
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
                show::list(&sources, out)?
            }
            Ok(Exit::Clean)
        }
        Command::Test { name } => {
            let test = desk.test(name)?;
            if json {
                write_json(out, &test)?
            } else {
                show::test(name, &test, out)?
            }
            Ok(if test.works { Exit::Clean } else { Exit::Unfinished })
        }
        Command::Status { name } => {
            let platform = desk.show(name)?;
            if json {
                write_json(out, &platform)?
            } else {
                show::platform(&platform, out)?
            }
            let well = platform.streams.iter().all(|stream| stream.state != "failing");
            Ok(if well { Exit::Clean } else { Exit::Unfinished })
        }
        Command::Sync { name, whole, due, stream } => {
            let readings = PlatformReadings { whole: *whole, due: *due, stream: stream.as_deref() };
            desk.sync((name, readings), (json, environment), out)
        }
        Command::Tell { finding, what } => {
            let told = desk.tell(finding, what.tell())?;
            if json {
                write_json(out, &told)?;
            } else {
                say(&tell::said(&told));
            }
            Ok(Exit::Clean)
        }
        Command::Pause { name } => desk.act(name, Act::Pause, json, out),
        Command::Resume { name } => desk.act(name, Act::Resume, json, out),
        Command::Release { name } => desk.act(name, Act::Release, json, out),
        Command::Adopt { name } => desk.act(name, Act::Adopt, json, out),
    }
}

fn here(arguments: &Arguments, data: &Path) -> Result<Option<Here>> {
    let Some(loaded) = load_or_tell(arguments.config.as_deref(), &[])? else { return Ok(None) };
    let config = loaded.config;
    let runtime = Builder::new_multi_thread().enable_all().build().context("no runtime starts")?;
    let asked = {
        let _inside = runtime.enter();
        Asked::new(&config, environment_of(), Arc::new(SystemClock))?
    };
    let tenant = tenant(&arguments.tenant)?;
    Ok(Some(Here { runtime, asked, config, data: data.to_owned(), tenant }))
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
            Self::Here(here) => {
                let about = |leaf: Leaf| leaf.object("source", name);
                read(noted_of(&here.data, &here.tenant, Action::SourceTest, about, || {
                    Ok(here.runtime.block_on(here.asked.test((&here.tenant, name)))?)
                })?)
            }
        }
    }

    fn tell(&self, finding: &str, tell: Tell) -> Result<ToldReport> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.finding_tell(finding, &tell)),
            Self::Here(here) => {
                let of = (&here.tenant, finding);
                let about = |leaf: Leaf| leaf.object("finding", finding);
                let told = noted_of(&here.data, &here.tenant, Action::FindingTell, about, || {
                    Ok(here.runtime.block_on(here.asked.tell(&here.data, of, tell))?)
                });
                read(told?)
            }
        }
    }

    fn act(&self, name: &str, act: Act, json: bool, out: &mut dyn Write) -> Result<Exit> {
        let platform = match self {
            Self::Server(remote) => remote
                .ask(remote.connection.platform_act((name, act.as_str()), Default::default()))?,
            Self::Here(here) => {
                let of = (&here.tenant, name);
                let about = |leaf: Leaf| leaf.object("source", name).word("act", act.as_str());
                let acted = noted_of(&here.data, &here.tenant, action(act), about, || {
                    Ok(here.asked.act(&here.data, of, act)?)
                });
                read(acted?)?
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
        (name, readings): (&str, PlatformReadings<'_>),
        (json, environment): (bool, &Environment),
        out: &mut dyn Write,
    ) -> Result<Exit> {
        match self {
            Self::Server(remote) => {
                let asked = remote.connection.platform_act((name, "sync"), readings);
                let platform = remote.ask(asked)?;
                if json {
                    write_json(out, &platform)?;
                } else {
                    show::asked(&platform, out)?;
                    say(&format!("`quell source status {name}` says how far it is"));
                }
                Ok(Exit::Clean)
            }
            Self::Here(here) => here.sync((name, readings), (json, environment), out),
        }
    }
}

impl Here {
    fn sync(
        &self,
        (name, readings): (&str, PlatformReadings<'_>),
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
        let reach = match (readings.whole, readings.due) {
            (true, _) => Reach::Whole,
            (false, true) => Reach::Due,
            (false, false) => Reach::New,
        };
        let wanted = Wanted {
            tenant: self.tenant.clone(),
            name: name.to_owned(),
            reach,
            stream: readings.stream.map(str::to_owned),
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
            let read: Vec<StreamRead> = read(came.get("read").cloned().unwrap_or_default())?;
            show::read(&read, out)?;
            show::platform(&platform, out)?;
        }
        let well = platform.streams.iter().all(|stream| stream.state != "failing");
        Ok(if well && rejected == 0 { Exit::Clean } else { Exit::Unfinished })
    }
}

/// What the audit log calls it.
const fn action(act: Act) -> Action {
    match act {
        Act::Adopt => Action::SourceAdopt,
        Act::Sync | Act::Pause | Act::Resume | Act::Release => Action::SourceAct,
    }
}

fn read<T: DeserializeOwned>(told: Value) -> Result<T> {
    serde_json::from_value(told).context("what is known of the source cannot be read")
}
