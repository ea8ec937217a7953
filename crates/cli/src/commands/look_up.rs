//! Which hosts `quell fix` may ask for what only they know, and who asks them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use quell_audit::{Action, Leaf};
use quell_pipeline::{FixConfig, FixPlan, FixRequest, Looked, Setup, wanted_of};
use quell_refs::{Hosts, Wanted};
use quell_server::offline::Lookups as Asking;
use tokio::runtime::{Builder, Runtime};

use super::config::load_or_tell;
use crate::audited::noted;
use crate::console::say;
use crate::environment::{SystemClock, environment_of};
use crate::remote::Misused;

/// Hosts that are shown.
const MOST_SHOWN: usize = 6;

/// The hosts that are named: on the command line, in the environment, and in the file that
/// `--config` names or that stands in the working directory. A file that only came with a
/// repository opens no connection.
pub(super) fn hosts_of(
    mut named: Vec<String>,
    (repository, config): (&Path, Option<&Path>),
    (setup, request): (&Setup, &FixRequest),
) -> Result<Hosts> {
    let said = request.said.look_up.clone();
    let said = match said {
        Some(said) => said,
        None => {
            let file = FixConfig::load(repository, config, setup.catalog())?.look_up;
            let is_own = config.is_some() || is_working_directory(repository);
            if !is_own && !file.is_empty() {
                say("`fix.look_up` of the repository's quell.toml is left out, since that file \
                     came with the repository; `--config` takes it");
            }
            if is_own { file } else { Vec::new() }
        }
    };
    named.extend(said);
    Hosts::parse(named.iter().map(String::as_str))
        .map_err(|error| Misused(format!("`--look-up`: {error}")).into())
}

fn is_working_directory(folder: &Path) -> bool {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    matches!((here, folder.canonicalize()), (Ok(here), Ok(folder)) if here == folder)
}

/// Who asks, where hosts were named.
#[derive(Debug)]
pub(super) struct Lookups(Option<(Runtime, Asking)>);

impl Lookups {
    /// None where the configuration is wrong, which was told.
    pub(super) fn open(hosts: Hosts) -> Result<Option<Self>> {
        if hosts.is_empty() {
            return Ok(Some(Self(None)));
        }
        let Some(loaded) = load_or_tell(None, &[])? else { return Ok(None) };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.context("no runtime starts")?;
        let asking = {
            let _within = runtime.enter();
            Asking::open(&loaded.config, &environment_of(), hosts, Arc::new(SystemClock))?
        };
        Ok(Some(Self(Some((runtime, asking)))))
    }

    pub(super) const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// What the hosts say. Nothing is asked where none was named. What is asked for findings of a
    /// data directory is in its audit log first.
    pub(super) fn find(&self, data: Option<&Path>, wanted: &BTreeSet<Wanted>) -> Looked {
        let Some((runtime, asking)) = &self.0 else { return Looked::new() };
        let find = || Ok(runtime.block_on(asking.find(wanted)));
        let hosts: BTreeSet<String> = wanted.iter().filter_map(Wanted::host).collect();
        let found = match data {
            Some(data) if !hosts.is_empty() => {
                let about = |leaf: Leaf| leaf.objects("host", &hosts).word("act", "look-up");
                noted(data, Action::CallOut, about, find)
            }
            Some(_) | None => find(),
        };
        let unwritten = |error: anyhow::Error| {
            let why = format!("nothing was asked: {error:#}");
            wanted.iter().map(|one| (one.clone(), Err(why.clone()))).collect()
        };
        found.unwrap_or_else(unwritten)
    }
}

/// Which hosts would know what withheld fixes wait for, as one line.
pub(super) fn hosts_to_ask(plan: &FixPlan) -> Option<String> {
    let mut hosts: BTreeMap<String, usize> = BTreeMap::new();
    let known =
        plan.asks.iter().filter_map(|ask| Some((wanted_of(&ask.name)?.host()?, ask.issues)));
    for (host, issues) in known {
        *hosts.entry(host).or_default() += issues;
    }
    let mut hosts: Vec<(String, usize)> = hosts.into_iter().collect();
    hosts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let shown: Vec<&str> = hosts.iter().take(MOST_SHOWN).map(|(host, _)| host.as_str()).collect();
    (!shown.is_empty()).then(|| {
        format!(
            "values that only registries and git hosts know can be looked up: `--look-up {}`",
            shown.join(",")
        )
    })
}
