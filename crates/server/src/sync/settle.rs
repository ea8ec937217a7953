//! The end of a whole reading: what the platform no longer lists.

use std::sync::Arc;
use std::time::Duration;

use quell_audit::{Action, Outcome, Stage};
use quell_model::Timestamp;
use quell_store::{Reading, ServerStore, Settled, StoreError, StreamRow, Touched};
use serde::{Deserialize, Serialize};

use super::Platform;
use super::reading::UnderWay;
use crate::audit::{Begun, by_server};
use crate::intake::taken;
use crate::jobs::most_closed;
use crate::state::App;

/// How often to look whether the pages were taken in.
const LOOK: Duration = Duration::from_millis(100);

/// What was not closed, and what a person said about that.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Held {
    closes: u64,
    open: u64,
    /// Whether the next whole reading may close what it wants.
    #[serde(default)]
    released: bool,
}

/// Tells what a whole reading no longer brings, once all of its pages were taken in. What a person
/// has to look at, as a sentence.
pub(super) async fn settle(
    app: &Arc<App>,
    platform: &Arc<Platform>,
    under_way: &UnderWay,
    row: &mut StreamRow,
) -> Result<Option<String>, String> {
    let findings = app.tenants.of(&platform.config.tenant).map_err(|error| error.to_string())?;
    let waits = || Ok::<_, StoreError>(taken(&findings)? <= under_way.position);
    // A reading that brought nothing has no page to wait for.
    while under_way.position > 0 && waits().map_err(|error| error.to_string())? {
        tokio::time::sleep(LOOK).await;
    }
    let held = row.held.as_deref().and_then(|text| serde_json::from_str::<Held>(text).ok());
    let most = most_closed(app).filter(|_| !held.is_some_and(|held| held.released));
    let (asking, asked) = (Arc::clone(app), Arc::clone(platform));
    let (stream, number, pages) = (row.name.clone(), under_way.number, under_way.pages);
    let settled = tokio::task::spawn_blocking(move || -> Result<Settled, String> {
        let reading = Reading { source: &asked.name, stream: &stream, number };
        let now = asking.clock.now();
        let leaf = by_server((Action::SyncClose, Stage::Begun), &asked.config.tenant, now)
            .object("source", &asked.name)
            .word("stream", &stream);
        let begun = asking.audit.begin(leaf).map_err(|error| error.to_string())?;
        let mut touched = Touched::default();
        let settled = findings
            .write(|store| store.reading_settle((reading, pages), (most, now), &mut touched));
        note(&asking, begun, &settled);
        let settled = settled.map_err(|error: StoreError| error.to_string())?;
        // What closed is written; what it means is judged by the next import at the latest.
        if (settled.closed > 0 || settled.relations_closed > 0)
            && let Err(error) = findings.judge_waiting(now)
        {
            tracing::warn!(%error, "what closed waits to be judged with the next import");
        }
        Ok(settled)
    });
    let settled: Settled = settled.await.map_err(|error| error.to_string())??;
    if settled.missed > 0 {
        return Ok(Some(format!(
            "records of {} pages could not be taken, and nothing closes until all can be",
            settled.missed
        )));
    }
    if settled.closed > 0 || settled.relations_closed > 0 {
        tracing::info!(
            source = platform.name,
            stream = row.name,
            closed = settled.closed,
            relations = settled.relations_closed,
            "no longer listed"
        );
    }
    let (what, quell_store::Held { closes, open }) = match (settled.held, settled.relations_held) {
        (Some(held), _) => ("open findings", held),
        (None, Some(held)) => ("relations of assets", held),
        (None, None) => {
            row.held = None;
            return Ok(None);
        }
    };
    let held = Held { closes, open, released: false };
    row.held = serde_json::to_string(&held).ok();
    Ok(Some(format!(
        "two whole readings do not list {closes} of the {open} {what} of this stream any more; they stay until somebody releases that"
    )))
}

/// Writes down what closed, and what is held for a person.
fn note(app: &App, begun: Begun, settled: &Result<Settled, StoreError>) {
    let outcome = if settled.is_ok() { Outcome::Done } else { Outcome::Failed };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    begun.end(app.clock.now(), outcome, |leaf| match settled {
        Ok(settled) => {
            let held = settled.held.as_ref().map_or(0, |held| held.closes);
            leaf.fact("closed", number(settled.closed)).fact("held", number(held))
        }
        Err(_) => leaf,
    });
}

/// Lets the next whole reading of the streams that are held close what it wants.
pub(super) fn release(
    office: &mut ServerStore,
    platform: &Platform,
    now: Timestamp,
) -> Result<(), StoreError> {
    for row in office.streams(platform.key())? {
        let held = row.held.as_deref().and_then(|text| serde_json::from_str::<Held>(text).ok());
        let Some(held) = held else { continue };
        let text = serde_json::to_string(&Held { released: true, ..held })?;
        office.stream_held(platform.key(), &row.name, &text)?;
        office.stream_want(platform.key(), Some(&row.name), now)?;
    }
    Ok(())
}
