//! From the outbox to the sinks. Each step is on the disk before the next.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use quell_deliver::Letter;
use quell_deliver::mirror::Mirror;
use quell_deliver::outbox::{
    Act, ActKind, Found, OnDoubt, Outcome, Row, State, Step, begun, doubted, ended, looked,
    needs_remote, next, recovered,
};
use quell_model::Timestamp;
use quell_pipeline::PipelineError;
use quell_sinks::{SinkError, Wanted};
use quell_store::{Delivery, OutboxStore, StoreError};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::plan::wanted;
use super::sinks::Place;
use super::{follow, leaves};
use crate::data::{Findings, locked};
use crate::explain::write_beside;
use crate::state::App;

/// How often the outbox is looked at although nobody woke this.
const EVERY: Duration = Duration::from_millis(500);
/// Calls at once.
pub(crate) const AT_ONCE: usize = 32;
/// Calls at once of one sink: one that does not answer keeps no other from being served.
const OF_A_SINK: usize = 6;
/// Rows of a sink that are read at once, and things that are looked at.
const MOST: u32 = 64;
/// How soon a sink is asked again how something stands that was just changed.
const SOON: SignedDuration = SignedDuration::from_secs(2);

/// Steps of one round at the command line.
const MOST_STEPS: usize = 10_000;

/// A tenant, a sink and a subject.
type SubjectId = (String, String, String);

/// What is under way, so that nothing is begun twice by one process.
type UnderWay = Arc<Mutex<HashSet<SubjectId>>>;

/// Sends until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    let starting = Arc::clone(&app);
    let recovering = move || {
        recover(&starting);
        doubt_anew(&starting);
    };
    drop(tokio::task::spawn_blocking(recovering).await);
    let under_way = UnderWay::default();
    loop {
        drop(tokio::time::timeout(EVERY, app.outbox_waiting.notified()).await);
        let asking = Arc::clone(&app);
        let found = tokio::task::spawn_blocking(move || due(&asking)).await;
        for (findings, work) in found.unwrap_or_default() {
            let id = work.id(&findings);
            if !has_room(&locked(&under_way), &id) {
                continue;
            }
            let Ok(permit) = Arc::clone(&app.deliveries).try_acquire_owned() else { break };
            locked(&under_way).insert(id.clone());
            begin(&app, &under_way, (findings, work, id), permit);
        }
    }
}

/// Does one piece of work. The store is waited for between calls, so each has a thread.
fn begin(
    app: &Arc<App>,
    under_way: &UnderWay,
    (findings, work, id): (Arc<Findings>, Work, SubjectId),
    permit: OwnedSemaphorePermit,
) {
    let (app, under_way) = (Arc::clone(app), Arc::clone(under_way));
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let moved = handle.block_on(work.done(&app, &findings));
        locked(&under_way).remove(&id);
        drop(permit);
        if moved {
            app.outbox_waiting.notify_one();
        }
    });
}

/// Whether something may begin: not while the same subject is served, nor too much of one sink.
fn has_room(under_way: &HashSet<SubjectId>, id: &SubjectId) -> bool {
    let of_sink = under_way.iter().filter(|(_, sink, _)| *sink == id.1);
    !under_way.contains(id) && of_sink.count() < OF_A_SINK
}

/// What one round came to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Round {
    /// Letters that routes wanted anew.
    wanted: usize,
    /// Steps that were made: calls and looks.
    steps: usize,
    /// How many rows are in each state now.
    states: BTreeMap<String, u64>,
}

/// Asks the routes once, and sends all that is due, one after another.
pub(crate) async fn once(app: &Arc<App>) -> Result<Round, PipelineError> {
    let asking = Arc::clone(app);
    let handle = Handle::current();
    let round = tokio::task::spawn_blocking(move || {
        recover(&asking);
        let mut round = Round::default();
        let now = asking.clock.now();
        for findings in asking.tenants.all() {
            let mut posts = wanted(&asking.config, &findings, now)?;
            write_beside(&asking, &findings, &mut posts);
            for post in posts {
                let told = (post.before.as_ref(), &post.delivery);
                let new = findings
                    .outbox(|outbox| outbox.outbox_add_with(told, (&post.rows, &post.with), now))?;
                round.wanted += new.unwrap_or_default();
            }
        }
        for _ in 0..MOST_STEPS {
            let Some((findings, work)) = due(&asking).into_iter().next() else { break };
            handle.block_on(work.done(&asking, &findings));
            round.steps += 1;
        }
        for findings in asking.tenants.all() {
            for (state, count) in findings.outbox(|outbox| outbox.outbox_counts())? {
                *round.states.entry(state).or_default() += count;
            }
        }
        Ok(round)
    });
    round.await.unwrap_or_else(|error| Err(PipelineError::Refused(error.to_string())))
}

/// What is to be done.
enum Work {
    Row(Box<Row>),
    Delivery(Box<Delivery>),
}

impl Work {
    /// Does it. Whether something moved, so that what waits behind it may be due.
    async fn done(self, app: &Arc<App>, findings: &Arc<Findings>) -> bool {
        let result = match self {
            Self::Row(row) => one(app, findings, *row).await,
            Self::Delivery(delivery) => follow::one(app, findings, *delivery).await.map(|()| true),
        };
        result.unwrap_or_else(|error| {
            tracing::warn!(%error, "a step of the outbox is not kept; it is done again");
            false
        })
    }

    /// Rows and looks about one subject at one sink go one after another.
    fn id(&self, findings: &Findings) -> SubjectId {
        let (sink, subject) = match self {
            Self::Row(row) => (&row.sink, &row.subject),
            Self::Delivery(delivery) => (&delivery.sink, &delivery.subject),
        };
        (findings.tenant.to_string(), sink.clone(), subject.clone())
    }
}

/// Rows that were being sent when the last process ended: nobody knows whether they arrived.
fn recover(app: &App) {
    move_all(app, OutboxStore::outbox_sending, |row, now| {
        let on_doubt = on_doubt(app.sinks.get(&row.sink), row.act);
        recovered(row, on_doubt, now)
    });
}

/// Has sinks settle anew where the time since the last process is not certain: what is in doubt is
/// sent again only after the sink's own time, counted from now.
fn doubt_anew(app: &App) {
    if app.stood_still {
        move_all(app, OutboxStore::outbox_doubt, doubted);
    }
}

/// Moves rows of every tenant at the start.
fn move_all(
    app: &App,
    rows: impl Fn(&OutboxStore) -> Result<Vec<Row>, StoreError>,
    moved: impl Fn(Row, Timestamp) -> Row,
) {
    let now = app.clock.now();
    for findings in app.tenants.all() {
        let done = findings.outbox::<_, StoreError>(|store| {
            for row in rows(store)? {
                store.outbox_move(&row, &moved(row.clone(), now))?;
            }
            store.sync()
        });
        if let Err(error) = done {
            tracing::error!(%error, tenant = %findings.tenant, "the outbox cannot be read");
        }
    }
}

fn due(app: &App) -> Vec<(Arc<Findings>, Work)> {
    let now = app.clock.now();
    let mut all = Vec::new();
    for findings in app.tenants.all() {
        let read = findings.outbox::<_, StoreError>(|store| {
            Ok((store.outbox_due(now, MOST)?, store.delivery_due(now, MOST)?))
        });
        let (rows, looks) = match read {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, tenant = %findings.tenant, "the outbox cannot be read");
                continue;
            }
        };
        let rows = rows.into_iter().map(|row| Work::Row(Box::new(row)));
        let looks = looks.into_iter().map(|one| Work::Delivery(Box::new(one)));
        all.extend(rows.chain(looks).map(|work| (Arc::clone(&findings), work)));
    }
    all
}

/// What a sink needs where it is not known whether something arrived; one that is not there any
/// more cannot be asked.
fn on_doubt(place: Option<&Arc<Place>>, act: ActKind) -> OnDoubt {
    place.map_or(OnDoubt::Leave, |place| place.sink.on_doubt(act))
}

/// Moves one row on; whether it moved.
async fn one(app: &Arc<App>, findings: &Arc<Findings>, row: Row) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let step = next(&row, now);
    let (act, delivery, is_restored) = findings.outbox::<_, StoreError>(|store| {
        let delivery = store.delivery_get(&row.sink, &row.subject)?;
        Ok((store.outbox_act(row.id)?, delivery, store.is_restored()?))
    })?;
    let remote = row.remote.clone().or_else(|| delivery.and_then(|known| known.remote));
    let Some(place) = app.sinks.get(&row.sink) else {
        let why = format!("there is no `[sinks.{}]` that is switched on", row.sink);
        let after = ended(row.clone(), OnDoubt::Leave, Outcome::Refused(why), now);
        let moved = findings
            .outbox(|store| app.unless_closed(|| store.outbox_move(&row, &after).map(drop)));
        return moved.map(|()| true);
    };
    let wanted = Wanted { key: row.sent_as(), act: &act, remote: remote.as_ref() };
    match step {
        Step::Send => {
            if is_first(place, &row) && is_restored {
                let found = found(place, &wanted).await;
                if !matches!(found, Found::Nothing) {
                    return seen(app, findings, (place, &row), (act, found));
                }
            }
            send(app, findings, (place, &wanted), &row).await
        }
        Step::Look => {
            let found = found(place, &wanted).await;
            seen(app, findings, (place, &row), (act, found))
        }
        Step::Rest(_) | Step::Nothing => Ok(false),
    }
}

/// Whether something would be made for the first time, at a sink that can be asked whether it
/// stands there already.
fn is_first(place: &Place, row: &Row) -> bool {
    let can_be_asked = matches!(place.sink.on_doubt(row.act), OnDoubt::Look { .. });
    row.attempts == 0 && row.act == ActKind::Open && can_be_asked
}

async fn found(place: &Place, wanted: &Wanted<'_>) -> Found {
    match place.sink.find(wanted).await {
        Ok(Some(remote)) => Found::There(remote),
        Ok(None) => Found::Nothing,
        Err(error) => Found::Unknown(error.to_string()),
    }
}

/// Keeps what was found at a sink.
fn seen(
    app: &App,
    findings: &Findings,
    (place, row): (&Place, &Row),
    (act, found): (Act, Found),
) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let is_found = matches!(found, Found::There(_));
    let after = match (&row.state, found) {
        // It waits to be sent and may stand there already: that has to be known first.
        (State::Waiting { .. }, Found::Unknown(said)) => {
            ended(row.clone(), OnDoubt::Leave, Outcome::Later(None, said), now)
        }
        (State::Waiting { .. }, Found::There(remote)) => {
            ended(row.clone(), OnDoubt::Leave, Outcome::Done(Some(remote)), now)
        }
        (_, found) => {
            let on_doubt = place.sink.on_doubt(row.act);
            looked(row.clone(), on_doubt, found, (now, app.steady.certain_here(now)))
        }
    };
    keep(app, findings, (row, &after), now)?;
    match act {
        // What belongs beside it may not have come with it.
        Act::Open { letter } if is_found => complete(app, findings, (row, letter), now)?,
        Act::Open { .. }
        | Act::Edit { .. }
        | Act::Note { .. }
        | Act::Close { .. }
        | Act::Reopen { .. }
        | Act::Review { .. } => {}
    }
    Ok(true)
}

/// Brings what was found after an answer was lost up to date.
fn complete(
    app: &App,
    findings: &Findings,
    (row, letter): (&Row, Box<Letter>),
    now: Timestamp,
) -> Result<(), StoreError> {
    findings.outbox(|store| {
        app.unless_closed(|| {
            let Some(before) = store.delivery_get(&row.sink, &row.subject)? else {
                return Ok(());
            };
            let mut delivery = before.clone();
            let row = follow::row(&findings.tenant, &mut delivery, Act::Edit { letter }, now);
            store.outbox_add((Some(&before), &delivery), &[row], now)?;
            Ok(())
        })
    })
}

async fn send(
    app: &Arc<App>,
    findings: &Arc<Findings>,
    (place, wanted): (&Place, &Wanted<'_>),
    row: &Row,
) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let sending = begun(row.clone(), now);
    let bytes = serde_json::to_vec(wanted.act).unwrap_or_default();
    let leaf = match leaves::begin(app, &findings.tenant, (&sending, &bytes), now) {
        Ok(leaf) => leaf,
        Err(error) => {
            tracing::error!(%error, "nothing is sent until the audit log can be written");
            return Ok(false);
        }
    };
    let mut is_claimed = false;
    let claimed = findings.outbox(|store| {
        app.unless_closed(|| {
            is_claimed = store.outbox_move(row, &sending)?;
            store.sync()
        })
    });
    if !is_claimed || claimed.is_err() {
        let why = Outcome::Refused("somebody else moved it, or the server stops".to_owned());
        leaves::end(leaf, &why, app.clock.now());
        return claimed.map(|()| false);
    }
    let outcome = call(place, wanted).await;
    let now = app.clock.now();
    leaves::end(leaf, &outcome, now);
    let after = ended(sending.clone(), place.sink.on_doubt(row.act), outcome, now);
    if let Some(said) = &after.said {
        tracing::warn!(
            sink = place.name,
            row = row.id,
            state = after.state.as_str(),
            said,
            "not delivered"
        );
    }
    keep(app, findings, (&sending, &after), now).map(|()| true)
}

async fn call(place: &Place, wanted: &Wanted<'_>) -> Outcome {
    let kind = wanted.act.kind();
    if !place.sink.acts().contains(&kind) {
        // A sink that cannot say more has said all that it can.
        return match kind {
            ActKind::Open => Outcome::Refused("the sink makes nothing".to_owned()),
            ActKind::Edit | ActKind::Note | ActKind::Close | ActKind::Reopen | ActKind::Review => {
                Outcome::Done(None)
            }
        };
    }
    if needs_remote(kind) && wanted.remote.is_none() {
        return Outcome::Refused("nothing stands there yet".to_owned());
    }
    match place.sink.act(wanted).await {
        Ok(remote) => Outcome::Done(remote),
        Err(SinkError::Gone(said)) => Outcome::Refused(format!("it is not there any more: {said}")),
        Err(error) => error.outcome(),
    }
}

/// Keeps what came of a step, with how things stand at the sink.
fn keep(
    app: &App,
    findings: &Findings,
    (before, after): (&Row, &Row),
    now: Timestamp,
) -> Result<(), StoreError> {
    findings.outbox(|store| {
        app.unless_closed(|| {
            store.outbox_settle(before, after, |delivery| note(delivery, after, now))?;
            store.sync()
        })
    })
}

fn note(delivery: &mut Delivery, row: &Row, now: Timestamp) {
    // What is said of code, or said again, changes nothing of what stands there.
    if row.state.as_str() != "sent" || row.act == ActKind::Review || row.replays.is_some() {
        return;
    }
    (delivery.look, delivery.over) = (now.checked_add(SOON).ok(), None);
    match row.act {
        ActKind::Open => {
            delivery.remote.clone_from(&row.remote);
            delivery.mirror = Mirror::default();
        }
        // What it says now is read back, so that others' changes are told from ours.
        ActKind::Edit => {
            delivery.remote = row.remote.clone().or_else(|| delivery.remote.take());
            delivery.mirror.ours.clear();
        }
        ActKind::Close => delivery.mirror.closed = Some(now),
        ActKind::Reopen => delivery.mirror.closed = None,
        ActKind::Note | ActKind::Review => {}
    }
}
