//! The platforms that are configured, each with its connector.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use quell_config::{Config, Source as Configured};
use quell_model::{Clock, TenantId, Timestamp};
use quell_sources::Source;
use quell_sources::live::{Connector, Live, LiveError, Plan, Stream, Target};
use quell_store::PlatformKey;
use serde::Serialize;
use tokio::sync::{Mutex as Turn, Notify};
use utoipa::ToSchema;

use crate::data::locked;
use crate::outside::{Login, Outside};

/// Records that a webhook announced and that wait to be asked for.
const MOST_ANNOUNCED: usize = 10_000;

/// The ids of the sources that can be asked.
#[must_use]
pub fn known_kinds() -> Vec<&'static str> {
    let live = quell_sources::SOURCES.iter().filter(|source| source.live.is_some());
    live.map(|source| source.id).collect()
}

/// Keys of `[sources.NAME]` that every platform may use.
const OWN: [&str; 5] = ["url", "login_at", "account", "key_id", "key_secret"];

/// What is wrong with the platforms of a configuration: the key, and a sentence for each.
#[must_use]
pub fn source_faults(config: &Config) -> Vec<(String, String)> {
    let wrong = |(name, configured): (&String, &Configured)| match check(configured) {
        Ok(_) => None,
        Err(LiveError::Setting { name: key, why }) => Some((format!("sources.{name}.{key}"), why)),
        Err(other) => Some((format!("sources.{name}"), other.to_string())),
    };
    config.sources.iter().filter_map(wrong).collect()
}

/// The kind that a source names, where all is said that it needs.
fn check(configured: &Configured) -> Result<(&'static Source, &'static Live), LiveError> {
    let (source, live) = kind(&configured.kind)?;
    let fault = |name, why| Err(LiveError::Setting { name, why });
    let options: Vec<&str> = live
        .settings
        .iter()
        .map(|setting| setting.name)
        .filter(|name| !OWN.contains(name))
        .collect();
    // `query_NAME` stands for any name of the user's.
    let fits = |key: &str, option: &str| match option.strip_suffix("NAME") {
        Some(begin) => key.len() > begin.len() && key.starts_with(begin),
        None => key == option,
    };
    let odd = configured.options.keys().find(|key| !options.iter().any(|one| fits(key, one)));
    if let Some(odd) = odd {
        let known = if options.is_empty() { "none".to_owned() } else { options.join(", ") };
        return fault(
            "options",
            format!("has `{odd}`, which {} does not know; it knows {known}", source.id),
        );
    }
    for setting in live.settings.iter().filter(|setting| setting.required) {
        let there = match setting.name {
            "url" => configured.url.is_some(),
            "login_at" => configured.login_at.is_some(),
            "account" => configured.account.is_some(),
            "key_id" => configured.key_id.is_some(),
            "key_secret" => true,
            other => configured.options.contains_key(other),
        };
        if !there {
            return fault(
                setting.name,
                format!("is missing; {} needs it: {}", source.id, setting.doc),
            );
        }
    }
    Ok((source, live))
}

/// A connector as the configuration wants it. Nothing is asked yet.
///
/// # Errors
/// The kind is none that can be asked, or a setting is missing or wrong.
pub(crate) fn connector(
    (name, configured): (&str, &Configured),
    outside: &Arc<Outside>,
    clock: &Arc<dyn Clock>,
) -> Result<(&'static Source, Box<dyn Connector>), LiveError> {
    let (source, live) = check(configured)?;
    let plan = Plan {
        name: name.to_owned(),
        url: configured.url.clone(),
        login_at: configured.login_at.clone(),
        account: configured.account.clone(),
        options: configured.options.clone(),
        credentials: Arc::new(Login {
            outside: Arc::clone(outside),
            id: configured.key_id.clone(),
            secret: configured.key_secret.clone(),
        }),
        client: outside.client_for(live, clock)?,
        clock: Arc::clone(clock),
    };
    Ok((source, (live.connect)(plan)?))
}

fn kind(id: &str) -> Result<(&'static Source, &'static Live), LiveError> {
    let found = quell_sources::SOURCES.iter().find(|source| source.id == id);
    let live = found.and_then(|source| Some((*source, source.live?)));
    live.ok_or_else(|| LiveError::Setting {
        name: "kind",
        why: format!("names nothing that can be asked; that can: {}", known_kinds().join(", ")),
    })
}

/// A platform that is asked.
pub(crate) struct Platform {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// What the configuration says.
    pub(crate) config: Configured,
    /// What it is.
    pub(crate) kind: &'static Source,
    /// What speaks to it.
    pub(crate) connector: Box<dyn Connector>,
    /// Somebody wants it to be asked now.
    pub(crate) wake: Notify,
    /// One turn at a time.
    pub(super) turn: Turn<()>,
    announced: Mutex<VecDeque<Target>>,
    /// Streams that somebody has to repair, and until when they are left alone.
    resting: Mutex<BTreeMap<&'static str, Timestamp>>,
    running: Mutex<Running>,
}

/// What a platform does now, and what is not worth writing down each time.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct Running {
    /// The stream that is being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<String>,
    /// Records brought so far.
    pub(crate) items: u64,
    /// What the vendor counts in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// When all streams were last read to their ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) good_at: Option<Timestamp>,
    /// Calls that the vendor says are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls_left: Option<u64>,
    /// Whether the last turn came to its end without a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) well: Option<bool>,
}

impl Platform {
    /// One that was never asked.
    pub(super) fn new(
        name: &str,
        config: Configured,
        kind: &'static Source,
        connector: Box<dyn Connector>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            config,
            kind,
            connector,
            wake: Notify::new(),
            turn: Turn::new(()),
            announced: Mutex::default(),
            resting: Mutex::default(),
            running: Mutex::default(),
        }
    }

    /// Its place in the store.
    pub(crate) fn key(&self) -> PlatformKey<'_> {
        PlatformKey { tenant: &self.config.tenant, name: &self.name }
    }

    /// The streams that are to be read.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &'static Stream> {
        let wanted = &self.config.streams;
        let all = self.connector.streams().iter();
        all.filter(|stream| wanted.is_empty() || wanted.iter().any(|name| name == stream.name))
    }

    /// Says which streams there are, where one is wanted that is none of them.
    pub(crate) fn check_stream(&self, wanted: Option<&str>) -> Result<(), String> {
        let known: Vec<&str> = self.streams().map(|stream| stream.name).collect();
        match wanted.filter(|wanted| !known.contains(wanted)) {
            Some(_) => Err(format!("the stream is one of {}", known.join(", "))),
            None => Ok(()),
        }
    }

    /// What a webhook's body announces without proving it; those are asked for soon. `false` where
    /// the body itself is believed.
    pub(crate) fn announce(&self, body: &[u8]) -> bool {
        let Some(targets) = self.connector.announced(body) else { return false };
        let mut waiting = locked(&self.announced);
        for target in targets {
            // Too many to ask for singly; the next turn finds what is new anyway.
            if waiting.len() < MOST_ANNOUNCED && !waiting.contains(&target) {
                waiting.push_back(target);
            }
        }
        drop(waiting);
        self.wake.notify_one();
        true
    }

    pub(super) fn next_announced(&self) -> Option<Target> {
        locked(&self.announced).pop_front()
    }

    /// Asks for a record soon.
    pub(super) fn ask_for(&self, target: Target) {
        self.put_back(target);
        self.wake.notify_one();
    }

    pub(super) fn put_back(&self, target: Target) {
        locked(&self.announced).push_front(target);
    }

    /// Leaves a stream alone until then.
    pub(super) fn rest(&self, stream: &'static Stream, until: Timestamp) {
        locked(&self.resting).insert(stream.name, until);
    }

    /// Whether a stream is left alone.
    pub(super) fn rests(&self, stream: &Stream, now: Timestamp) -> bool {
        locked(&self.resting).get(stream.name).is_some_and(|until| now < *until)
    }

    /// Leaves no stream alone any more, and asks now.
    pub(super) fn retry(&self) {
        locked(&self.resting).clear();
        self.wake.notify_one();
    }

    /// What it does now.
    pub(crate) fn running(&self) -> Running {
        locked(&self.running).clone()
    }

    pub(super) fn note_running(&self, change: impl FnOnce(&mut Running)) {
        change(&mut locked(&self.running));
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Platform({}/{})", self.config.tenant, self.name)
    }
}

/// All platforms that are configured.
#[derive(Debug, Default)]
pub(crate) struct Platforms(BTreeMap<String, Arc<Platform>>);

impl Platforms {
    /// Those that are switched on.
    ///
    /// # Errors
    /// One cannot be set up; its name and why.
    pub(crate) fn new(
        config: &Config,
        outside: &Arc<Outside>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, (String, LiveError)> {
        let mut all = BTreeMap::new();
        for (name, configured) in config.sources.iter().filter(|(_, source)| source.enabled) {
            let made = connector((name, configured), outside, clock);
            let (kind, connector) = made.map_err(|error| (name.clone(), error))?;
            let platform = Platform::new(name, configured.clone(), kind, connector);
            all.insert(name.clone(), Arc::new(platform));
        }
        Ok(Self(all))
    }

    /// All, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Platform>> {
        self.0.values()
    }

    /// A tenant's platform of a name.
    pub(crate) fn of(&self, tenant: &TenantId, name: &str) -> Option<&Arc<Platform>> {
        self.0.get(name).filter(|platform| platform.config.tenant == *tenant)
    }
}
