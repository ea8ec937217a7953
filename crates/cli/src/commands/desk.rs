//! Where the outbox is asked for: a server, or the data directory here; and how it is shown.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use quell_audit::{Action, Leaf};
use quell_config::Config;
use quell_model::{TenantId, Untrusted};
use quell_server::{OutboxAct, offline};
use quell_store::OutboxFilter;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::config::load_or_tell;
use super::jobs::tenant;
use crate::audited::noted_of;
use crate::environment::{Environment, SystemClock, environment_of};
use crate::remote::{Remote, ServerArguments};

/// Where it is asked for.
#[derive(Debug, Args)]
pub(super) struct Place {
    #[command(flatten)]
    pub(super) server: ServerArguments,
    /// The configuration [default: quell.toml where it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    #[serde(default)]
    pub(super) states: BTreeMap<String, u64>,
}

/// Where the outbox is asked for.
pub(super) enum Desk {
    Server(Box<Remote>),
    Data { outbox: Box<offline::Outbox>, runtime: Runtime, data: PathBuf, tenant: TenantId },
}

impl Place {
    /// The desk; `None` where the configuration is wrong, which was told.
    pub(super) fn desk(
        &self,
        (data, named): (&Path, Option<&Path>),
        environment: &Environment,
    ) -> Result<Option<Desk>> {
        if let Some(remote) = self.server.connect(named, environment)? {
            return Ok(Some(Desk::Server(Box::new(remote))));
        }
        let Some(config) = self.config()? else { return Ok(None) };
        let (tenant, runtime) = (tenant(&self.tenant)?, runtime()?);
        let outbox = {
            let _inside = runtime.enter();
            let place = (data, &tenant);
            offline::Outbox::new(config, place, environment_of(), Arc::new(SystemClock))?
        };
        let data = data.to_owned();
        Ok(Some(Desk::Data { outbox: Box::new(outbox), runtime, data, tenant }))
    }

    pub(super) fn config(&self) -> Result<Option<Config>> {
        Ok(load_or_tell(self.config.as_deref(), &[])?.map(|loaded| loaded.config))
    }
}

pub(super) fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().context("no runtime starts")
}

impl Desk {
    pub(super) fn list(&self, filter: &OutboxFilter) -> Result<Value> {
        match self {
            Self::Server(remote) => {
                let limit = filter.most.to_string();
                let question = [
                    ("state", filter.state.as_deref()),
                    ("sink", filter.sink.as_deref()),
                    ("subject", filter.subject.as_deref()),
                    ("limit", Some(limit.as_str())),
                ];
                remote.ask(remote.connection.outbox_list(&question))
            }
            Self::Data { outbox, .. } => Ok(outbox.list(filter)?),
        }
    }

    pub(super) fn show(&self, row: i64) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.outbox(row)),
            Self::Data { outbox, .. } => Ok(outbox.show(row)?),
        }
    }

    pub(super) fn act(&self, row: i64, act: OutboxAct) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.outbox_act(row, act.as_str())),
            Self::Data { outbox, data, tenant, .. } => {
                outbox.show(row)?;
                let about =
                    |leaf: Leaf| leaf.object("outbox", &row.to_string()).word("act", act.as_str());
                noted_of(data, tenant, Action::OutboxAct, about, || Ok(outbox.act(row, act)?))
            }
        }
    }

    pub(super) fn stands(&self) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.deliveries()),
            Self::Data { outbox, .. } => Ok(outbox.deliveries()?),
        }
    }

    pub(super) fn sinks(&self) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.sinks()),
            Self::Data { outbox, .. } => Ok(outbox.sinks()),
        }
    }

    pub(super) fn test(&self, name: &str) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.sink_test(name)),
            Self::Data { outbox, runtime, data, tenant } => {
                let about = |leaf: Leaf| leaf.object("sink", name);
                noted_of(data, tenant, Action::SinkTest, about, || {
                    Ok(runtime.block_on(outbox.test(name))?)
                })
            }
        }
    }
}

pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).context("the answer cannot be read")
}

/// Text from outside for one cell.
pub(super) fn cell(text: &str, most: usize) -> String {
    quell_report::cell(&Untrusted::from(text), most)
}

pub(super) fn write_states(states: &BTreeMap<String, u64>, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<String> = states.iter().map(|(state, n)| format!("{n} {state}")).collect();
    if all.is_empty() { Ok(()) } else { writeln!(out, "{}", all.join(", ")) }
}
