//! What stands at a sink is looked at until both sides agree that it is over.

use std::sync::Arc;

use jiff::SignedDuration;
use quell_deliver::Key;
use quell_deliver::mirror::{Gone, Mirror, Move, Phase, Standing, Stands, Word, meet};
use quell_deliver::outbox::{Act, Remote, State};
use quell_deliver::route::Subject;
use quell_model::{TenantId, Timestamp};
use quell_pipeline::PipelineError;
use quell_pipeline::deliver::{
    accepted_body, gone_body, merged_body, over_body, reminder_stands, returned_body, stands,
};
use quell_store::{Delivery, NewRow, StoreError};

use super::merged;
use crate::data::Findings;
use crate::state::App;

/// How often something is looked at that is over on both sides.
const SLOWLY: SignedDuration = SignedDuration::from_hours(24);
/// How long a sink is asked for what is over on both sides. From then on only what is known here is
/// looked at, until the fault is back or the sink says that something changed.
const ASKED_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How soon something is looked at that waits for another.
const SOON: SignedDuration = SignedDuration::from_secs(2);
/// How long a sink that cannot be asked is left alone.
const AFTER_TROUBLE: SignedDuration = SignedDuration::from_mins(5);

/// How long until it is looked at again.
fn look_after(seconds: u64, is_slow: bool) -> SignedDuration {
    let every = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(300));
    if is_slow { every.max(SLOWLY) } else { every }
}

/// Looks at one.
pub(super) async fn one(
    app: &Arc<App>,
    findings: &Arc<Findings>,
    mut delivery: Delivery,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let before = delivery.clone();
    // How a plan stands is known here; nothing that somebody does at the sink says anything of it.
    let asked = delivery.remote.clone().filter(|_| !is_plan(&delivery));
    let (Some(place), Some(remote)) = (app.sinks.get(&delivery.sink), asked) else {
        return looked(app, findings, (&before, None), now);
    };
    if rests(&delivery, now) && !is_open_here(findings, &delivery, now) {
        return looked(app, findings, (&before, now.checked_add(SLOWLY).ok()), now);
    }
    let later = now.checked_add(AFTER_TROUBLE).ok();
    let there = match place.sink.read(&remote).await {
        Ok(Some(there)) => there,
        Ok(None) => by_itself(&delivery.mirror, remote),
        Err(error) => {
            tracing::warn!(sink = place.name, %error, "a sink does not tell how something stands");
            return looked(app, findings, (&before, later), now);
        }
    };
    let (stand, is_reminder) = match stands_here(findings, &delivery, now) {
        Ok(Some(stand)) => stand,
        // It is about nothing that could be gone.
        Ok(None) => return looked(app, findings, (&before, None), now),
        Err(error) => {
            tracing::warn!(%error, "what something is about cannot be read");
            return Ok(());
        }
    };
    if delivery.mirror.ours.is_empty() {
        delivery.mirror.ours.clone_from(&there.fields);
    }
    if there.phase == Phase::Done
        && let Err(error) = merged::look(app, findings, place, (&mut delivery, stand)).await
    {
        tracing::warn!(sink = place.name, %error, "a sink does not tell how merged code stands");
        return looked(app, findings, (&before, later), now);
    }
    let (mirror, step) = meet(delivery.mirror.clone(), stand, &there);
    delivery.mirror = mirror;
    let change = match step {
        Move::Close | Move::Reopen => {
            findings.outbox::<_, StoreError>(|store| merged::of(store, &delivery.issues))?
        }
        Move::Rest | Move::Tell(_) => None,
    };
    if let (Move::Reopen, Some(change)) = (step, &change)
        && let Some(due) = merged::has_yet_to_notice(change, now)
    {
        findings.outbox(|store| {
            app.unless_closed(|| store.outbox_add((Some(change), &due), &[], now).map(drop))
        })?;
        return looked(app, findings, (&before, now.checked_add(SOON).ok()), now);
    }
    delivery.remote = Some(there.remote.clone());
    let is_left = is_done(there.phase) || there.gone != Gone::No;
    let is_over = !matches!(stand, Stands::Open(_)) && is_left;
    delivery.over = is_over.then(|| before.over.unwrap_or(now));
    let is_slow = is_over || there.gone != Gone::No;
    delivery.look = now.checked_add(look_after(place.config.look_seconds, is_slow)).ok();
    let act = match step {
        Move::Close if is_reminder => Some(Act::Close { body: over_body() }),
        Move::Close | Move::Reopen | Move::Rest | Move::Tell(_) => {
            act(&delivery, (step, stand), change.as_ref(), now)
        }
    };
    let rows: Vec<NewRow> =
        act.map(|act| row(&findings.tenant, &mut delivery, act, now)).into_iter().collect();
    let escalated = escalate(app, findings, &mut delivery, (there.phase, now));
    let notes = match step {
        Move::Tell(word) => findings.outbox::<_, StoreError>(|store| {
            merged::notes(store, findings, (&delivery, word), now)
        })?,
        Move::Rest | Move::Close | Move::Reopen => Vec::new(),
    };
    let others = escalated.into_iter().map(|(after, row)| (None, after, row));
    let others =
        others.chain(notes.into_iter().map(|(known, after, row)| (Some(known), after, row)));
    let others: Vec<_> = others.collect();
    keep(app, findings, ((&before, &delivery), &rows, &others), now)
}

/// Whether its sink is asked no more: it has been over on both sides for long.
fn rests(delivery: &Delivery, now: Timestamp) -> bool {
    delivery.over.is_some_and(|since| now.duration_since(since) >= ASKED_FOR)
}

/// How what something is about stands here, and whether it is a reminder; none where it is about
/// nothing that could be gone.
fn stands_here(
    findings: &Findings,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Option<(Stands, bool)>, PipelineError> {
    findings.read(|store| {
        if let Some(stand) = reminder_stands(store, &delivery.subject, now)? {
            return Ok(Some((stand, true)));
        }
        Ok(stands(store, &delivery.issues, now)?.map(|stand| (stand, false)))
    })
}

/// Whether what something is about is open, as far as that is known.
fn is_open_here(findings: &Findings, delivery: &Delivery, now: Timestamp) -> bool {
    let stand = stands_here(findings, delivery, now);
    !matches!(stand, Ok(Some((Stands::Gone(_) | Stands::Accepted, _)) | None))
}

/// Keeps when something is looked at next, and nothing else.
fn looked(
    app: &App,
    findings: &Findings,
    (before, look): (&Delivery, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let after = Delivery { look, ..before.clone() };
    findings.outbox(|store| {
        app.unless_closed(|| store.outbox_add((Some(before), &after), &[], now).map(drop))
    })
}

fn is_plan(delivery: &Delivery) -> bool {
    matches!(Subject::of(&delivery.subject), Some((Subject::Plan, _)))
}

/// What is done at the sink.
fn act(
    delivery: &Delivery,
    (step, stand): (Move, Stands),
    change: Option<&Delivery>,
    now: Timestamp,
) -> Option<Act> {
    let merge = change.and_then(merged::told);
    match (step, stand) {
        (Move::Close, Stands::Accepted) => Some(Act::Close { body: accepted_body() }),
        (Move::Close, _) => Some(Act::Close { body: gone_body(delivery.issues.len(), now, merge) }),
        (Move::Reopen, Stands::Open(seen)) => {
            let word = merge.and_then(|merge| Some((merge.merged.told?, merge)));
            Some(Act::Reopen { body: returned_body(seen, word) })
        }
        // Its own request says already that it was merged.
        (Move::Tell(Word::Waits), _) => None,
        (Move::Tell(word), _) => {
            merged::told(delivery).map(|merge| Act::Note { body: merged_body(word, merge) })
        }
        (Move::Reopen, Stands::Gone(_) | Stands::Accepted) | (Move::Rest, _) => None,
    }
}

/// What was last said of how it stands since the merge.
fn told(delivery: &Delivery) -> Option<Word> {
    delivery.mirror.merged.as_ref()?.told
}

/// Something that others are told: what was known of them, what is kept, and the row.
type Other = (Option<Delivery>, Delivery, NewRow);

/// Keeps what came of a look, with the rows that follow.
fn keep(
    app: &App,
    findings: &Findings,
    ((before, delivery), rows, others): ((&Delivery, &Delivery), &[NewRow], &[Other]),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut has_work = false;
    findings.outbox(|store| {
        app.unless_closed(|| {
            // What is still to be done there comes first.
            let is_pending = store.outbox_pending(&delivery.sink, &delivery.subject)?;
            // What could not be said now is said at the next look.
            let is_held = is_pending && !rows.is_empty() && told(delivery) != told(before);
            let mut delivery = delivery.clone();
            if let (true, Some(merged)) = (is_held, &mut delivery.mirror.merged) {
                merged.told = told(before);
            }
            let rows = if is_pending { &[] } else { rows };
            let others = if is_held { &[] } else { others };
            // Where somebody else changed it meanwhile, it is still due, and looked at again.
            if store.outbox_add((Some(before), &delivery), rows, now)?.is_none() {
                return Ok(());
            }
            // Whom it was told to already is not told again.
            for (known, after, row) in others {
                store.outbox_add((known.as_ref(), after), std::slice::from_ref(row), now)?;
            }
            has_work = !rows.is_empty() || !others.is_empty();
            // That it was looked at need not outlast a crash.
            if has_work { store.sync() } else { Ok(()) }
        })
    })?;
    if has_work {
        app.outbox_waiting.notify_one();
    }
    Ok(())
}

const fn is_done(phase: Phase) -> bool {
    match phase {
        Phase::Done | Phase::Declined => true,
        Phase::New | Phase::Begun => false,
    }
}

/// The next row about something that stands at a sink.
pub(super) fn row(tenant: &TenantId, delivery: &mut Delivery, act: Act, now: Timestamp) -> NewRow {
    let key = Key::new(tenant, &delivery.sink, &delivery.subject, delivery.acts);
    delivery.acts = delivery.acts.saturating_add(1);
    NewRow {
        sink: delivery.sink.clone(),
        subject: delivery.subject.clone(),
        key,
        act,
        state: State::Waiting { until: now },
        replays: None,
    }
}

/// How something stands at a sink that cannot be asked: as Quell left it.
fn by_itself(mirror: &Mirror, remote: Remote) -> Standing {
    Standing {
        remote,
        phase: if mirror.closed.is_some() { Phase::Done } else { Phase::New },
        phase_at: mirror.closed,
        phase_by_us: true,
        resolution: None,
        fields: std::collections::BTreeMap::new(),
        gone: Gone::No,
    }
}

/// The same letter for others, where nobody began in time.
fn escalate(
    app: &App,
    findings: &Findings,
    delivery: &mut Delivery,
    (phase, now): (Phase, Timestamp),
) -> Vec<(Delivery, NewRow)> {
    let route = app.config.routes.get(&delivery.route);
    let Some((route, hours)) = route.and_then(|route| Some((route, route.escalate_hours?))) else {
        return Vec::new();
    };
    let waited = now.duration_since(delivery.since);
    if delivery.escalated
        || phase != Phase::New
        || waited < SignedDuration::from_hours(i64::from(hours))
    {
        return Vec::new();
    }
    let first = findings.outbox::<_, StoreError>(|store| {
        let filter = quell_store::OutboxFilter {
            sink: Some(delivery.sink.clone()),
            subject: Some(delivery.subject.clone()),
            most: 1000,
            ..quell_store::OutboxFilter::default()
        };
        let rows = store.outbox_list(&filter)?;
        rows.last().map(|row| store.outbox_act(row.id)).transpose()
    });
    let Ok(Some(Act::Open { letter })) = first else { return Vec::new() };
    delivery.escalated = true;
    let to = route.escalate_to.iter().map(|sink| {
        let key = Key::new(&findings.tenant, sink, &delivery.subject, 0);
        let mut other = Delivery {
            sink: sink.clone(),
            acts: 0,
            since: now,
            written: now,
            remote: None,
            mirror: Mirror::default(),
            look: None,
            over: None,
            ..delivery.clone()
        };
        let letter = Box::new(quell_deliver::Letter { key, ..(*letter).clone() });
        let row = row(&findings.tenant, &mut other, Act::Open { letter }, now);
        (other, row)
    });
    to.collect()
}
