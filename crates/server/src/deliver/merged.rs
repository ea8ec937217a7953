//! What follows a merge: whether the code has the fix, and who else is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use quell_deliver::letter::CodeChange;
use quell_deliver::mirror::{Checked, CodeNow, Merged, Stands, Word};
use quell_deliver::outbox::{Act, Outcome};
use quell_model::{IssueKey, Timestamp};
use quell_pipeline::deliver::{MergedAs, code_now, merged_body};
use quell_sinks::{Sink, SinkError, TextAt};
use quell_store::{Delivery, NewRow, OutboxFilter, OutboxStore, StoreError};

use super::follow::row;
use super::sinks::Place;
use crate::data::Findings;
use crate::state::App;

/// What is looked at later than that has not noticed that a fault came back.
const FAR: SignedDuration = SignedDuration::from_mins(30);

/// Notices a merge, and looks whether the code has the fix where that is not known.
pub(super) async fn look(
    app: &App,
    findings: &Arc<Findings>,
    place: &Place,
    (delivery, stand): (&mut Delivery, Stands),
) -> Result<(), SinkError> {
    let Some(remote) = delivery.remote.clone() else { return Ok(()) };
    if delivery.mirror.merged.is_none() {
        let Some(code) = place.sink.code(&remote).await? else { return Ok(()) };
        let Some(at) = code.merged_at else { return Ok(()) };
        delivery.mirror.merged = Some(Merged {
            at,
            by: code.merged_by,
            commit: code.merge_commit,
            checked: None,
            gone: None,
            told: None,
        });
    }
    let Some(merged) = delivery.mirror.merged.as_ref().filter(|one| one.needs_check(stand)) else {
        return Ok(());
    };
    let change = findings.outbox::<_, StoreError>(|store| sent_change(store, delivery));
    let Ok(change) = change else { return Ok(()) };
    let code = match change {
        Some(change) => {
            // What came back may be another commit's doing.
            let commit = merged.commit.clone().filter(|_| merged.told != Some(Word::Gone));
            let commit = commit.unwrap_or_else(|| change.base.clone());
            judged(app, &*place.sink, &change, &commit).await?
        }
        None => CodeNow::Unknown,
    };
    if let Some(merged) = &mut delivery.mirror.merged {
        merged.checked = Some(Checked { at: app.clock.now(), code });
    }
    Ok(())
}

/// The change that a delivery brought, where it brought one.
fn sent_change(store: &OutboxStore, delivery: &Delivery) -> Result<Option<CodeChange>, StoreError> {
    let filter = OutboxFilter {
        sink: Some(delivery.sink.clone()),
        subject: Some(delivery.subject.clone()),
        most: 1000,
        ..OutboxFilter::default()
    };
    // The newest that brought one counts: a letter may have been brought up to date.
    for row in store.outbox_list(&filter)? {
        match store.outbox_act(row.id)? {
            Act::Open { letter } | Act::Edit { letter } if letter.change.is_some() => {
                return Ok(letter.change);
            }
            Act::Open { .. }
            | Act::Edit { .. }
            | Act::Note { .. }
            | Act::Close { .. }
            | Act::Reopen { .. }
            | Act::Review { .. } => {}
        }
    }
    Ok(None)
}

/// How the code of a change stands at a commit. Where it cannot be read for good, nobody knows.
async fn judged(
    app: &App,
    sink: &dyn Sink,
    change: &CodeChange,
    commit: &str,
) -> Result<CodeNow, SinkError> {
    let mut files = BTreeMap::new();
    for file in &change.files {
        let at = TextAt {
            repository: change.repository.clone(),
            commit: commit.to_owned(),
            path: file.path.clone(),
        };
        let text = match sink.text_at(&at).await {
            Ok(text) => text,
            Err(error) if matches!(error.outcome(), Outcome::Refused(_)) => {
                tracing::warn!(%error, "merged code cannot be read");
                return Ok(CodeNow::Unknown);
            }
            Err(error) => return Err(error),
        };
        files.insert(file.path.clone(), text);
    }
    let (setup, change) = (Arc::clone(&app.setup), change.clone());
    let judged = tokio::task::spawn_blocking(move || code_now(setup.catalog(), &change, &files));
    Ok(judged.await.unwrap_or(CodeNow::Unknown))
}

/// A merged change that is about some of those issues, with what it was made for.
pub(super) fn of(store: &OutboxStore, issues: &[IssueKey]) -> Result<Option<Delivery>, StoreError> {
    let all = store.delivery_list()?;
    let is_about = |one: &Delivery| one.issues.iter().any(|issue| issues.contains(issue));
    Ok(all.into_iter().find(|one| one.mirror.merged.is_some() && is_about(one)))
}

/// What is said of a delivery's merge.
pub(super) fn told(delivery: &Delivery) -> Option<MergedAs<'_>> {
    let merged = delivery.mirror.merged.as_ref()?;
    Some(MergedAs { name: &delivery.remote.as_ref()?.name, merged })
}

/// Whether a merged change has yet to notice that what it mended came back. Then it is looked at
/// now, and who asks waits for that.
pub(super) fn has_yet_to_notice(merged: &Delivery, now: Timestamp) -> Option<Delivery> {
    let is_gone = merged.mirror.merged.as_ref().is_some_and(|one| one.told == Some(Word::Gone));
    let looked = merged.look.is_some_and(|look| look > now && look.duration_since(now) < FAR);
    (is_gone && !looked).then(|| Delivery { look: Some(now), ..merged.clone() })
}

/// Notes for others who were told of the same issues, as far as they are not told otherwise.
pub(super) fn notes(
    store: &OutboxStore,
    findings: &Findings,
    (delivery, word): (&Delivery, Word),
    now: Timestamp,
) -> Result<Vec<(Delivery, Delivery, NewRow)>, StoreError> {
    let Some(merged) = told(delivery) else { return Ok(Vec::new()) };
    match word {
        Word::Waits | Word::Fails | Word::StillThere => {}
        // What is closed or opened again says so itself.
        Word::Gone | Word::Drift | Word::Undone | Word::Back => return Ok(Vec::new()),
    }
    let is_other = |one: &Delivery| {
        one.remote.is_some()
            && one.mirror.closed.is_none()
            && one.mirror.merged.is_none()
            && (&one.sink, &one.subject) != (&delivery.sink, &delivery.subject)
            && one.issues.iter().any(|issue| delivery.issues.contains(issue))
    };
    let others = store.delivery_list()?.into_iter().filter(is_other).map(|before| {
        let mut after = before.clone();
        let note = Act::Note { body: merged_body(word, merged) };
        let row = row(&findings.tenant, &mut after, note, now);
        (before, after, row)
    });
    Ok(others.collect())
}
