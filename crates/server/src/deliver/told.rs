//! The outbox as people see it.

use quell_deliver::mirror::{Merged, Phase};
use quell_deliver::outbox::{
    Act, ActKind, OnDoubt, Remote, Row, State, Try, cancelled, may_replay, released, retried,
};
use quell_deliver::text::{plain, plain_line};
use quell_model::{TenantId, Timestamp};
use quell_sinks::{Draft, RightState, Wanted};
use quell_store::{Delivery, NewRow, OutboxFilter, OutboxStore, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sinks::{Place, Sinks};

/// A row of the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowReport {
    /// Its number.
    pub(crate) id: i64,
    /// The sink.
    sink: String,
    /// What it is about: `fix:ID`, `incident:ID` or `digest:ROUTE:HOUR`.
    subject: String,
    /// What makes the remote object the same; it stands in it as `quell-KEY`.
    key: String,
    /// What is done.
    act: ActKind,
    /// Where it stands.
    #[serde(flatten)]
    state: State,
    /// How often it was tried.
    attempts: u32,
    /// When it came.
    created: Timestamp,
    /// What the sink said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
    /// What stands at the sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<Remote>,
    /// The key of the row that it sends again: the sink is shown that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replays: Option<String>,
    /// What came of each try, the latest ten.
    tries: Vec<Try>,
}

impl RowReport {
    pub(crate) fn of(row: Row) -> Self {
        Self {
            id: row.id,
            sink: row.sink,
            subject: row.subject,
            key: row.key.to_string(),
            act: row.act,
            state: row.state,
            attempts: row.attempts,
            created: row.created,
            said: row.said,
            remote: row.remote,
            replays: row.replays.map(|key| key.to_string()),
            tries: row.tries,
        }
    }
}

/// A row with what it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LetterReport {
    /// The row.
    #[serde(flatten)]
    row: RowReport,
    /// The letter's title, as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// What it says, as plain text.
    text: String,
    /// Exactly what would be sent, without logins.
    requests: Vec<RequestReport>,
    /// Why the sink would not take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// A request as it would be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestReport {
    /// `POST`, or the verb of another protocol.
    method: String,
    /// Where to, without what is secret in it.
    target: String,
    /// The body.
    body: String,
}

impl From<Draft> for RequestReport {
    fn from(draft: Draft) -> Self {
        Self { method: draft.method, target: draft.target, body: draft.body }
    }
}

impl LetterReport {
    /// A row with what it says, and how its sink would write that.
    pub(crate) fn of(row: Row, act: &Act, remote: Option<&Remote>, sinks: &Sinks) -> Self {
        let wanted = Wanted { key: row.sent_as(), act, remote: remote.or(row.remote.as_ref()) };
        let drafts = sinks.get(&row.sink).map(|place| place.sink.drafts(&wanted));
        let (requests, refused) = match drafts {
            Some(Ok(drafts)) => (drafts.into_iter().map(Into::into).collect(), None),
            Some(Err(error)) => (Vec::new(), Some(error.to_string())),
            None => (Vec::new(), Some(format!("there is no `[sinks.{}]`", row.sink))),
        };
        let (title, text) = match act {
            Act::Open { letter } | Act::Edit { letter } => {
                (Some(plain_line(&letter.title)), plain(&letter.body))
            }
            Act::Note { body } | Act::Close { body } | Act::Reopen { body } => (None, plain(body)),
            Act::Review { review } => (Some(review.title.clone()), plain(&review.summary)),
        };
        Self { row: RowReport::of(row), title, text, requests, refused }
    }
}

/// What stands at a sink for a subject.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryReport {
    /// The sink.
    sink: String,
    /// What it is about.
    subject: String,
    /// The route that led there.
    route: String,
    /// How many issues it is about.
    issues: u64,
    /// What stands there, once it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<Remote>,
    /// How far it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    /// When it was first wanted.
    since: Timestamp,
    /// When somebody began.
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<Timestamp>,
    /// When Quell closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Timestamp>,
    /// What is not in step.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<&'static str>,
    /// Fields that somebody changed there, which Quell writes no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    theirs: Vec<quell_deliver::mirror::Field>,
    /// How it stands since it was merged, where it is a change of code.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged: Option<Merged>,
}

impl DeliveryReport {
    pub(crate) fn of(delivery: Delivery) -> Self {
        Self {
            issues: u64::try_from(delivery.issues.len()).unwrap_or(u64::MAX),
            sink: delivery.sink,
            subject: delivery.subject,
            route: delivery.route,
            remote: delivery.remote,
            phase: delivery.mirror.phase,
            since: delivery.since,
            begun: delivery.mirror.begun,
            closed: delivery.mirror.closed,
            conflict: delivery.mirror.conflict.map(quell_deliver::mirror::Conflict::sentence),
            theirs: delivery.mirror.theirs.into_iter().collect(),
            merged: delivery.mirror.merged,
        }
    }
}

/// What a person does about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutboxAct {
    /// It is let go.
    Release,
    /// It is tried again now.
    Retry,
    /// Nobody wants it any more.
    Cancel,
    /// What was sent is sent again, as the same message.
    Replay,
}

impl OutboxAct {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Replay => "replay",
        }
    }

    fn moved(self, row: Row, now: Timestamp) -> Option<Row> {
        match self {
            Self::Release => released(row, now),
            Self::Retry => retried(row, now),
            Self::Cancel => cancelled(row),
            Self::Replay => None,
        }
    }

    /// Does it. `None` where there is no such row; the row as it stays where it does not fit.
    pub(crate) fn apply(
        self,
        store: &mut OutboxStore,
        (sinks, tenant): (&Sinks, &TenantId),
        id: i64,
        now: Timestamp,
    ) -> Result<Option<Result<Row, Row>>, StoreError> {
        let Some(row) = store.outbox_get(id)? else { return Ok(None) };
        if self == Self::Replay {
            return replayed(store, (sinks, tenant), row, now).map(Some);
        }
        let Some(after) = self.moved(row.clone(), now) else { return Ok(Some(Err(row))) };
        let moved = store.outbox_move(&row, &after)?;
        store.sync()?;
        Ok(Some(if moved { Ok(after) } else { Err(row) }))
    }

    /// Why it does not fit.
    pub(crate) fn refusal(self, row: &Row) -> String {
        let state = row.state.as_str();
        match self {
            Self::Release => format!("only what is held can be let go; it is {state}"),
            Self::Retry => format!("it cannot be tried again; it is {state}"),
            Self::Cancel => format!("what may have arrived cannot be cancelled; it is {state}"),
            Self::Replay => format!(
                "only what was sent is sent again, to a sink that takes the same message twice as \
                 one (webhook, splunk, syslog, source); it is {state}"
            ),
        }
    }
}

/// Puts what was sent into the outbox once more: a row of its own, and for the sink the same message.
fn replayed(
    store: &mut OutboxStore,
    (sinks, tenant): (&Sinks, &TenantId),
    row: Row,
    now: Timestamp,
) -> Result<Result<Row, Row>, StoreError> {
    // A sink that takes a message for the same where it makes something takes any for the same.
    let on_doubt = sinks.get(&row.sink).map(|place| place.sink.on_doubt(ActKind::Open));
    let known = store.delivery_get(&row.sink, &row.subject)?;
    let (Some(on_doubt), Some(before)) = (on_doubt, known) else { return Ok(Err(row)) };
    if !may_replay(&row, on_doubt) || on_doubt != OnDoubt::Again {
        return Ok(Err(row));
    }
    let act = store.outbox_act(row.id)?;
    let mut after = before.clone();
    let new = NewRow {
        replays: Some(row.sent_as().clone()),
        ..super::follow::row(tenant, &mut after, act, now)
    };
    if store.outbox_add((Some(&before), &after), std::slice::from_ref(&new), now)?.is_none() {
        return Ok(Err(row));
    }
    store.sync()?;
    let filter = OutboxFilter {
        sink: Some(row.sink.clone()),
        subject: Some(row.subject.clone()),
        most: 1,
        ..OutboxFilter::default()
    };
    let made = store.outbox_list(&filter)?.into_iter().find(|made| made.key == new.key);
    Ok(made.ok_or(row))
}

/// A sink.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SinkReport {
    /// Its name.
    name: String,
    /// Its kind.
    kind: &'static str,
    /// What can be done there.
    acts: Vec<ActKind>,
}

impl SinkReport {
    pub(crate) fn of(place: &Place) -> Self {
        Self { name: place.name.clone(), kind: place.kind.id, acts: place.sink.acts().to_vec() }
    }
}

/// What the login of a sink may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SinkTest {
    /// Whether it answers and nothing is missing.
    pub(crate) well: bool,
    /// The rights.
    rights: Vec<RightReport>,
    /// Why it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A right of a sink's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SinkRight)]
pub(crate) struct RightReport {
    /// In the sink's words.
    name: String,
    /// What it is for.
    purpose: String,
    /// `held`, `missing` or `unknown`.
    state: &'static str,
}

impl SinkTest {
    pub(crate) async fn of(place: &Place) -> Self {
        let rights = match place.sink.test().await {
            Ok(rights) => rights,
            Err(error) => {
                return Self { well: false, rights: Vec::new(), why: Some(error.to_string()) };
            }
        };
        let well = rights.iter().all(|right| right.state != RightState::Missing);
        let rights = rights.into_iter().map(|right| RightReport {
            name: right.name,
            purpose: right.purpose,
            state: match right.state {
                RightState::Held => "held",
                RightState::Missing => "missing",
                RightState::Unknown => "unknown",
            },
        });
        Self { well, rights: rights.collect(), why: None }
    }
}
