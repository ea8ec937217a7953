//! The sinks that are configured, each with what speaks to it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use quell_config::{Config, SecretRef, Sink as Configured};
use quell_model::Clock;
use quell_sinks::{Credential, Credentials, Kind, Plan, SINKS, Sink, SinkError};
use secrecy::SecretString;

use super::{beside, places};
use crate::outside::Outside;
use crate::sync::Platforms;

/// Keys of `[sinks.NAME]` that every kind may use.
const OWN: [&str; 5] = ["url", "project", "user", "secret", "signed_with"];

/// The ids of the kinds of sink.
#[must_use]
pub fn sink_kinds() -> Vec<&'static str> {
    SINKS.iter().map(|kind| kind.id).collect()
}

/// A sink that is configured.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) config: Configured,
    pub(crate) kind: &'static Kind,
    pub(crate) sink: Box<dyn Sink>,
}

/// All that are configured and switched on.
#[derive(Debug, Default)]
pub(crate) struct Sinks(BTreeMap<String, Arc<Place>>);

impl Sinks {
    /// Makes them. Nothing is asked yet.
    ///
    /// # Errors
    /// With the name of the sink, when a setting is missing or wrong.
    pub(crate) fn new(
        (config, platforms): (&Config, &Platforms),
        outside: &Arc<Outside>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, (String, SinkError)> {
        let mut all = BTreeMap::new();
        for (name, configured) in config.sinks.iter().filter(|(_, sink)| sink.enabled) {
            let made = connect((name, configured), (config, platforms), outside, clock);
            let (kind, sink) = made.map_err(|error| (name.clone(), error))?;
            let place = Place { name: name.clone(), config: configured.clone(), kind, sink };
            all.insert(name.clone(), Arc::new(place));
        }
        Ok(Self(all))
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Place>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Place>> {
        self.0.values()
    }
}

fn connect(
    (name, configured): (&str, &Configured),
    (config, platforms): (&Config, &Platforms),
    outside: &Arc<Outside>,
    clock: &Arc<dyn Clock>,
) -> Result<(&'static Kind, Box<dyn Sink>), SinkError> {
    let kind = check(configured)?;
    let plan = Plan {
        name: name.to_owned(),
        url: configured.url.as_ref().map(|url| url.trim_end_matches('/').to_owned()),
        project: configured.project.clone(),
        options: configured.options.clone(),
        credentials: Arc::new(SinkLogin {
            outside: Arc::clone(outside),
            user: configured.user.clone(),
            secret: configured.secret.clone(),
        }),
        client: outside.client_at(kind.rate, clock)?,
        clock: Arc::clone(clock),
        hosts: places(config).hosts,
        records: beside::records(configured, platforms),
    };
    Ok((kind, (kind.connect)(plan)?))
}

/// The kind that a sink names, where all is said that it needs.
pub(super) fn check(configured: &Configured) -> Result<&'static Kind, SinkError> {
    let fault = |name, why| Err(SinkError::Setting { name, why });
    let Some(kind) = SINKS.iter().find(|kind| kind.id == configured.kind) else {
        let known = sink_kinds().join(", ");
        return fault("kind", format!("names nothing that is known; that is: {known}"));
    };
    let options: Vec<&str> =
        kind.settings.iter().map(|one| one.name).filter(|name| !OWN.contains(name)).collect();
    // `field.NAME` stands for any name of the user's.
    let fits = |key: &str, option: &str| match option.strip_suffix("NAME") {
        Some(begin) => key.len() > begin.len() && key.starts_with(begin),
        None => key == option,
    };
    let odd = configured.options.keys().find(|key| !options.iter().any(|one| fits(key, one)));
    if let Some(odd) = odd {
        let known = if options.is_empty() { "none".to_owned() } else { options.join(", ") };
        let why = format!("has `{odd}`, which {} does not know; it knows {known}", kind.id);
        return fault("options", why);
    }
    let missing = kind.settings.iter().filter(|setting| setting.required).find(|setting| {
        match setting.name {
            "url" => configured.url.is_none(),
            "project" => configured.project.is_none(),
            "user" => configured.user.is_none(),
            "secret" => configured.secret.is_none(),
            "signed_with" => configured.signed_with.is_none(),
            other => !configured.options.contains_key(other),
        }
    });
    match missing {
        Some(one) => {
            let doc = one.doc.trim_end_matches('.');
            fault(one.name, format!("is missing; {} needs it: {doc}", kind.id))
        }
        None => Ok(kind),
    }
}

/// A login that is read when it is needed.
struct SinkLogin {
    outside: Arc<Outside>,
    user: Option<SecretRef>,
    secret: Option<SecretRef>,
}

impl fmt::Debug for SinkLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SinkLogin")
    }
}

impl Credentials for SinkLogin {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, SinkError>> + Send + '_>> {
        Box::pin(async {
            let read = async |reference: &Option<SecretRef>| match reference {
                Some(reference) => self.outside.text(reference).await.map_err(SinkError::Secret),
                None => Ok(SecretString::from(String::new())),
            };
            Ok(Credential { id: read(&self.user).await?, secret: read(&self.secret).await? })
        })
    }
}
