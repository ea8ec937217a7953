//! Sinks that write beside the records of a source: the source's own connector does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_config::{Config, Route as Configured, Sink as ConfiguredSink};
use quell_deliver::letter::Record;
use quell_pipeline::deliver::Noted;
use quell_sinks::source::ID;
use quell_sinks::{Future, Records, Right, RightState, SinkError};
use quell_sources::live::{self, Change, LiveError, Target};

use crate::sync::{Platform, Platforms};

/// The records of a platform.
#[derive(Debug)]
struct Beside(Arc<Platform>);

impl Records for Beside {
    fn note<'a>(&'a self, record: &'a Record, text: &'a str) -> Future<'a, ()> {
        Box::pin(async move {
            let id = record.id.raw().to_owned();
            let target = Target { stream: record.stream.clone(), id };
            let change = Change::Comment { text: text.to_owned() };
            let written = self.0.connector.write(&target, &change).await;
            written.map(drop).map_err(meaning)
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async {
            let rights = self.0.connector.test().await.map_err(meaning)?;
            let right = |right: live::Right| Right {
                name: right.name,
                purpose: right.purpose,
                state: match right.state {
                    live::RightState::Held | live::RightState::NotNeeded => RightState::Held,
                    live::RightState::Missing | live::RightState::MissingToWrite => {
                        RightState::Missing
                    }
                    live::RightState::Unknown => RightState::Unknown,
                },
            };
            Ok(rights.into_iter().map(right).collect())
        })
    }
}

/// What a platform's refusal means for a sink.
fn meaning(error: LiveError) -> SinkError {
    match error {
        LiveError::Http(error) => SinkError::Http(error),
        LiveError::Login(said) => SinkError::Login(said),
        LiveError::Forbidden { right, said } => SinkError::Forbidden { right, said },
        LiveError::Busy { wait, said } => SinkError::Busy { wait, said },
        LiveError::Shape { path, why } => SinkError::Shape { path, why },
        LiveError::Secret(said) => SinkError::Secret(said),
        error @ (LiveError::Refused(_)
        | LiveError::Cursor(_)
        | LiveError::Unsupported(_)
        | LiveError::Setting { .. }) => SinkError::Refused(error.to_string()),
    }
}

/// The records that a sink writes beside, where it is such a sink.
pub(super) fn records(
    configured: &ConfiguredSink,
    platforms: &Platforms,
) -> Option<Arc<dyn Records>> {
    let name = configured.project.as_ref().filter(|_| configured.kind == ID)?;
    let platform = platforms.all().find(|platform| platform.name == *name)?;
    Some(Arc::new(Beside(Arc::clone(platform))))
}

/// Sinks that write beside the records of a source.
pub(super) fn noted(config: &Config) -> BTreeMap<String, Noted> {
    let all = config.sinks.iter().filter(|(_, sink)| sink.enabled && sink.kind == ID);
    let noted = |(name, sink): (&String, &ConfiguredSink)| {
        let source = sink.project.clone()?;
        let streams = streams(config, &source)?;
        Some((name.clone(), Noted { source, streams }))
    };
    all.filter_map(noted).collect()
}

/// The streams of a source whose records take notes; none where nothing of that name is asked.
fn streams(config: &Config, source: &str) -> Option<&'static [&'static str]> {
    let source = config.sources.get(source).filter(|source| source.enabled)?;
    let known = quell_sources::SOURCES.iter().find(|known| known.id == source.kind)?;
    Some(known.live?.notes)
}

/// What is wrong with a sink that writes beside records.
pub(super) fn fault(config: &Config, sink: &ConfiguredSink) -> Option<String> {
    let source = sink.project.as_ref().filter(|_| sink.enabled && sink.kind == ID)?;
    match streams(config, source) {
        None => {
            Some(format!("names `{source}`; there is no `[sources.{source}]` that is switched on"))
        }
        Some([]) => Some(format!("names `{source}`, whose records take no notes")),
        Some(_) => None,
    }
}

/// Why a route cannot lead to a sink that writes beside records, and by which of its keys.
pub(super) fn route_fault(config: &Config, route: &Configured) -> Option<(String, String)> {
    let of_source = |sinks: &[String]| {
        let beside = |sink: &&String| config.sinks.get(*sink).is_some_and(|sink| sink.kind == ID);
        sinks.iter().find(beside).cloned()
    };
    if let Some(sink) = of_source(&route.escalate_to) {
        let why = format!("names `{sink}`, which tells a source and nobody else");
        return Some(("escalate_to".to_owned(), why));
    }
    let sink = of_source(&route.sinks)?;
    let wrong = |key: &str, why: String| Some((key.to_owned(), why));
    if route.digest_at.is_some() {
        return wrong("digest_at", format!("is not for `{sink}`: a note is about one thing"));
    }
    if matches!(route.what.as_str(), "approvals" | "reminders") {
        return wrong("what", format!("is not for `{sink}`, which tells a source of its findings"));
    }
    let is_others = |sink: &&String| {
        let sink = config.sinks.get(*sink).filter(|sink| sink.kind == ID);
        let source = sink.and_then(|sink| config.sources.get(sink.project.as_ref()?));
        source.is_some_and(|source| source.tenant != route.tenant)
    };
    if let Some(sink) = route.sinks.iter().find(is_others) {
        return wrong("tenant", format!("is not that of the source of `{sink}`"));
    }
    None
}
